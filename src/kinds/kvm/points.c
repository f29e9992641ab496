#include "kinds/kvm/points.h"

#include "kinds/kvm/look.h"

#include <string.h>

enum { DR7_EXACT = 0x300, DR7_ALWAYS = 0x400 };

/* ---- what can be had ---- */

/* The length as DR7 has it; -1: no register can watch this. */
static int hardware_length(const struct watch *w)
{
    u64 bytes = w->last - w->first + 1;

    if (w->what == WATCH_EXECUTE)
        return bytes == 1 ? 0 : -1;
    if (w->what & WATCH_EXECUTE || w->first % bytes)
        return -1;
    switch (bytes) {
    case 1: return 0;
    case 2: return 1;
    case 4: return 3;
    case 8: return 2;
    default: return -1;
    }
}

bool points_fits_register(const struct watch *w)
{
    return hardware_length(w) >= 0;
}

int points_check(const struct watch *w, struct err *e)
{
    if (w->domain || w->what & WATCH_POSITION || w->last < w->first)
        return err_set(e, ERR_NOTSUP, "this machine has nothing like that to wait for");
    if (w->what == WATCH_READ)
        return err_set(e, ERR_NOTSUP,
                       "an x86 processor cannot wait for reads alone, but for "
                       "reads and writes");
    return 0;
}

/* What the processor's registers cannot do is done by looking after each instruction, which sees
 * changes alone. */
int points_check_by_step(const struct watch *list, unsigned count, struct err *e)
{
    u64 bytes = 0;

    for (unsigned i = 0; i < count; i++) {
        if (list[i].what & WATCH_READ)
            return err_set(e, ERR_NOTSUP,
                           "reads can be waited for where the host's KVM has the processor's "
                           "breakpoints: %d places, of 1, 2, 4 or 8 bytes at a multiple of that",
                           POINTS_HARDWARE);
        if (list[i].what & WATCH_WRITE)
            bytes += list[i].last - list[i].first + 1;
        if (bytes > POINTS_BYTES)
            return err_set(e, ERR_LIMIT, "more than %d bytes cannot be watched", POINTS_BYTES);
    }
    return 0;
}

/* ---- arming ---- */

static size_t watched_bytes(const struct watch *w)
{
    return w->what & (WATCH_READ | WATCH_WRITE) ? (size_t)(w->last - w->first + 1) : 0;
}

/* Where in p->watched a watch's bytes are. */
static u8 *watched_at(struct points *p, unsigned index)
{
    size_t at = 0;

    for (unsigned i = 0; i < index; i++)
        at += watched_bytes(&p->list[i]);
    return p->watched + at;
}

void points_look(struct points *p, const struct vcpu *v)
{
    for (unsigned i = 0; i < p->count; i++)
        look_peek(v, CPU_VIRTUAL, p->list[i].first, watched_at(p, i), watched_bytes(&p->list[i]));
}

void points_set(const struct points *p, struct kvm_guest_debug *d, bool code)
{
    u64 control = 0;

    for (unsigned i = 0; i < p->used; i++) {
        const struct watch *w = &p->list[p->watch_of[i]];
        u64 kind = w->what == WATCH_EXECUTE ? 0 : w->what & WATCH_READ ? 3 : 1;

        if (w->what == WATCH_EXECUTE && !code)
            continue;
        d->arch.debugreg[i] = w->first;
        control |= 2ull << 2 * i | (kind | (u64)hardware_length(w) << 2) << (16 + 4 * i);
    }
    d->arch.debugreg[7] = control | DR7_EXACT | DR7_ALWAYS;
    d->control |= KVM_GUESTDBG_USE_HW_BP;
}

/* ---- hits ---- */

static void mark(struct watch *w, unsigned access, u64 now, u64 by)
{
    w->hit = true;
    w->access = access;
    w->address = w->first;
    w->began = now;
    w->by = by;
}

/* What has changed in a watched place since the last look. `told`: the processor has told of an
 * access, which may have changed nothing. */
static bool mark_data(struct points *p, const struct vcpu *v, unsigned i, bool told, u64 from,
                      u64 now)
{
    struct watch *w = &p->list[i];
    u8 is[POINTS_BYTES], *before = watched_at(p, i);
    size_t len = watched_bytes(w), at = 0;
    bool changed;

    if (!len || !look_peek(v, CPU_VIRTUAL, w->first, is, len))
        return false;
    while (at < len && is[at] == before[at])
        at++;
    changed = at < len;
    if (!changed && !told)
        return false;
    mark(w, changed || !(w->what & WATCH_READ) ? WATCH_WRITE : WATCH_READ, now, from);
    at = changed ? at : 0;
    w->address = w->first + at;
    w->old = before[at];
    w->value = is[at];
    memcpy(before, is, len);
    return true;
}

bool points_hit_data(struct points *p, const struct vcpu *v, u64 from, u64 now)
{
    bool any = false;

    for (unsigned i = 0; i < p->count; i++)
        any |= mark_data(p, v, i, false, from, now);
    return any;
}

bool points_hit_register(struct points *p, const struct vcpu *v, u64 dr6, u64 now)
{
    bool any = false;

    for (unsigned k = 0; k < p->used; k++) {
        unsigned i = p->watch_of[k];

        if (!(dr6 >> k & 1))
            continue;
        if (p->list[i].what == WATCH_EXECUTE) {
            mark(&p->list[i], WATCH_EXECUTE, now, v->state.pc);
            any = true;
        } else {
            any |= mark_data(p, v, i, true, v->state.pc, now);
        }
    }
    return any;
}

bool points_hit_code(struct points *p, u64 pc, u64 now, bool set)
{
    bool any = false;

    for (unsigned i = 0; i < p->count; i++) {
        struct watch *w = &p->list[i];

        if (!(w->what & WATCH_EXECUTE) || pc < w->first || pc > w->last)
            continue;
        any = true;
        if (set)
            mark(w, WATCH_EXECUTE, now, pc);
    }
    return any;
}
