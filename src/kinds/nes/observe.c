#include "kinds/nes/observe.h"

#include <string.h>

static int check(const struct machine *m, const struct watch *w, struct err *e)
{
    unsigned can = WATCH_READ | WATCH_WRITE | WATCH_EXECUTE;
    u64 size = 0x10000;
    const struct domain *d;

    if (w->cpu || w->domain > m->domain_count)
        return err_set(e, ERR_NOTSUP, "the machine has no such place to watch");
    d = w->domain ? &m->domains[w->domain - 1] : NULL;
    if (d) {
        can = d->what;
        size = d->size;
    }
    if (!w->what || (w->what & ~can))
        return err_set(e, ERR_NOTSUP, "%s cannot be watched for that", d ? d->name : "memory");
    if (w->what == WATCH_POSITION && (w->first >= d->limits[0] || w->last >= d->limits[1]))
        return err_set(e, ERR_USAGE, "%s does not get to %llu/%llu", d->name,
                       (unsigned long long)w->first, (unsigned long long)w->last);
    if (w->what != WATCH_POSITION && (w->first > w->last || w->last >= size))
        return err_set(e, ERR_USAGE, "$%llx is outside of %s", (unsigned long long)w->last,
                       d ? d->name : "memory");
    return 0;
}

int observer_arm(struct observer *o, struct machine *m, struct watch *list, unsigned count,
                 struct err *e)
{
    int r = 0;

    *o = (struct observer) { .machine = m };
    for (unsigned i = 0; !r && i < count; i++)
        r = check(m, &list[i], e);
    if (r)
        return r;
    o->list = list;
    o->count = count;
    for (unsigned i = 0; i < count; i++) {
        const struct watch *w = &list[i];

        o->execute |= w->what & WATCH_EXECUTE;
        o->positions |= w->what == WATCH_POSITION;
        if (w->domain && w->what != WATCH_POSITION)
            o->domains |= 1u << w->domain;
        for (u64 page = w->first >> 8; !w->domain && page <= w->last >> 8; page++)
            o->pages[page] |= (u8)w->what;
    }
    return 0;
}

static void hit(struct observer *o, struct watch *w, unsigned access, u64 addr)
{
    o->hit = w->hit = true;
    w->access = access;
    w->address = addr;
    w->began = o->began;
    w->by = o->pc;
}

bool observer_begin(struct observer *o, u64 now, u16 pc)
{
    bool stop = false;

    o->began = now;
    o->pc = pc;
    if (!(o->pages[pc >> 8] & WATCH_EXECUTE) || now == o->machine->passed)
        return false;
    for (unsigned i = 0; i < o->count; i++) {
        struct watch *w = &o->list[i];

        if (w->domain || !(w->what & WATCH_EXECUTE) || pc < w->first || pc > w->last)
            continue;
        hit(o, w, WATCH_EXECUTE, pc);
        stop = true;
    }
    return stop;
}

void observer_match(struct observer *o, unsigned domain, unsigned what, u16 addr, u8 old, u8 value)
{
    for (unsigned i = 0; i < o->count; i++) {
        struct watch *w = &o->list[i];

        if (w->domain != domain || !(w->what & what) || w->what == WATCH_POSITION ||
            addr < w->first || addr > w->last)
            continue;
        if (!w->hit || w->began != o->began || w->address != addr)
            w->old = old; /* of a byte that is written twice, what it was at first */
        w->value = value;
        hit(o, w, what, addr);
    }
}

void observer_moved(struct observer *o, const u64 from[2], const u64 to[2], u64 dots)
{
    u64 a = from[0] * dots + from[1], b = to[0] * dots + to[1];

    for (unsigned i = 0; i < o->count; i++) {
        struct watch *w = &o->list[i];
        u64 at = w->first * dots + w->last;

        if (w->what == WATCH_POSITION && (a <= b ? at > a && at <= b : at > a || at <= b))
            hit(o, w, WATCH_POSITION, at);
    }
}
