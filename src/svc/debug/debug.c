#include "svc/debug/parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

int debug_create(struct machine *m, struct recorder *r, struct history *h, struct debug **out,
                 struct err *e)
{
    struct debug *d = calloc(1, sizeof *d);

    if (!d)
        return err_set(e, ERR_NOMEM, "no memory for a debugger");
    d->machine = m;
    d->cpu = m->cpu_count ? &m->cpus[0] : NULL;
    d->recorder = r;
    d->history = h;
    d->next_id = 1;
    symbols_init(&d->symbols);
    d->scope = (struct expr_scope) { .cpu = d->cpu, .symbols = &d->symbols };
    if (!d->cpu) {
        free(d);
        return err_set(e, ERR_NOTSUP, "the machine has no processor to debug");
    }
    component_saving(&m->root); /* registers are looked at from here on */
    *out = d;
    return 0;
}

void debug_destroy(struct debug *d)
{
    if (!d)
        return;
    debug_disarm(d);
    debug_point_remove_all(d);
    symbols_fini(&d->symbols);
    free(d);
}

struct machine *debug_machine(const struct debug *d)
{
    return d->machine;
}

struct cpu *debug_cpu(const struct debug *d)
{
    return d->cpu;
}

bool debug_select_cpu(struct debug *d, unsigned index)
{
    if (index >= d->machine->cpu_count)
        return false;
    d->cpu = d->scope.cpu = &d->machine->cpus[index];
    return true;
}

struct history *debug_history(const struct debug *d)
{
    return d->history;
}

struct symbols *debug_symbols(struct debug *d)
{
    return &d->symbols;
}

const struct expr_scope *debug_scope(struct debug *d)
{
    d->scope.hit = NULL;
    return &d->scope;
}

/* ---- registers ---- */

bool debug_register(const struct debug *d, const char *name, size_t len, struct field_ref *out)
{
    const struct component *c = d->cpu->state;
    char path[64];

    snprintf(path, sizeof path, "%.*s", (int)len, name);
    return len < sizeof path && field_find(c->fields, c->self, path, out);
}

u64 debug_pc(const struct debug *d)
{
    const char *registers = d->cpu->registers;
    struct field_ref ref;

    return debug_register(d, registers, strcspn(registers, " "), &ref) ? field_get(&ref) : 0;
}

u64 debug_stack(const struct debug *d)
{
    struct field_ref ref;

    return d->cpu->stack && debug_register(d, d->cpu->stack, strlen(d->cpu->stack), &ref)
               ? field_get(&ref)
               : 0;
}

enum flow debug_flow(const struct debug *d)
{
    const struct kind *k = d->machine->kind;

    return k->flow ? k->flow(d->cpu, debug_pc(d)) : FLOW_NEXT;
}

/* ---- points ---- */

struct debug_point *debug_point(struct debug *d, unsigned id)
{
    for (unsigned i = 0; i < d->count; i++)
        if (d->points[i].id == id)
            return &d->points[i];
    return NULL;
}

struct debug_point *debug_point_at(struct debug *d, unsigned index)
{
    return index < d->count ? &d->points[index] : NULL;
}

int debug_point_add(struct debug *d, struct debug_point *p, struct err *e)
{
    struct watch own = p->watch;

    if (d->count == DEBUG_POINTS)
        return err_set(e, ERR_LIMIT, "there are %d points already", DEBUG_POINTS);
    if (debug_arm(d, &own, false, e)) /* whether the machine can */
        return -(int)e->code;
    debug_disarm(d);
    p->id = d->next_id++;
    d->points[d->count++] = *p;
    return 0;
}

static void remove_at(struct debug *d, unsigned i)
{
    expr_destroy(d->points[i].condition);
    memmove(&d->points[i], &d->points[i + 1], (--d->count - i) * sizeof d->points[0]);
}

bool debug_point_remove(struct debug *d, unsigned id)
{
    struct debug_point *p = debug_point(d, id);

    if (p)
        remove_at(d, (unsigned)(p - d->points));
    return p;
}

void debug_point_remove_all(struct debug *d)
{
    while (d->count)
        remove_at(d, d->count - 1);
}

void debug_on_trace(struct debug *d,
                    void (*f)(void *ctx, const struct debug_point *p, const struct watch *hit),
                    void *ctx)
{
    d->trace = f;
    d->trace_ctx = ctx;
}

/* ---- arming ---- */

int debug_arm(struct debug *d, const struct watch *own, bool points, struct err *e)
{
    const struct kind *k = d->machine->kind;
    const char *why;
    unsigned n = 0;

    for (unsigned i = 0; points && i < d->count; i++)
        if (d->points[i].enabled) {
            d->armed[n] = d->points[i].watch;
            d->owner[n++] = i;
        }
    d->own = own;
    if (own) {
        d->armed[n] = *own;
        d->owner[n++] = DEBUG_POINTS;
    }
    d->armed_count = n;
    for (unsigned i = 0; i < n; i++)
        d->armed[i].hit = false;
    d->machine->debugged = true;
    if (!n)
        return k->watch ? k->watch(d->machine, NULL, 0, e) : 0;
    if (!machine_can(k, d->machine, VERB_WATCH, &why))
        return err_set(e, ERR_NOTSUP, "no breakpoints: %s", why);
    return k->watch(d->machine, d->armed, n, e);
}

void debug_disarm(struct debug *d)
{
    struct err e;

    d->armed_count = 0;
    d->own = NULL;
    d->machine->debugged = false;
    if (d->machine->kind->watch)
        d->machine->kind->watch(d->machine, NULL, 0, &e);
}

/* ---- running ---- */

enum { SHORT_PIECES = 4096 }; /* so many single instructions are one piece for the host */

void debug_on_host(struct debug *d, const struct debug_host *h)
{
    d->host = h;
}

static enum stop run_piece(struct debug *d, u64 until, u64 passed, struct stop_info *info)
{
    struct machine *m = d->machine;
    u64 frame_limit = m->frame_limit; /* of who runs it when nobody debugs it */
    enum stop why;

    for (unsigned i = 0; i < d->armed_count; i++)
        d->armed[i].hit = false;
    m->passed = passed;
    m->frame_limit = 0;
    *info = (struct stop_info) { .why = STOP_TIME };
    if (d->history)
        why = history_run(d->history, until, info);
    else if (m->cpu_count > 1 && until <= m->now + 1 && m->kind->step)
        why = m->kind->step(m, d->cpu, info); /* of one among several */
    else
        why = m->kind->run(m, until, info);
    if (why == STOP_BREAK || why == STOP_FAULT)
        debug_select_cpu(d, info->cpu);
    m->passed = UINT64_MAX;
    m->frame_limit = frame_limit;
    return why;
}

/* Whether the host wants to hear of this piece. */
static bool is_long(struct debug *d, u64 until)
{
    if (d->searching)
        return false;
    if (until - d->machine->now > 1 || ++d->short_pieces == SHORT_PIECES) {
        d->short_pieces = 0;
        return true;
    }
    return false;
}

enum stop debug_run(struct debug *d, u64 until, u64 passed, struct stop_info *info)
{
    const struct debug_host *h = d->host;
    const struct machine *m = d->machine;
    enum stop why;
    u64 to = until;
    bool told;

    if (!h)
        return run_piece(d, until, passed, info);
    do {
        told = is_long(d, until);
        if (told && !(to = h->piece(h->ctx, until))) {
            *info = (struct stop_info) { .why = STOP_KICK };
            return STOP_KICK;
        }
        why = run_piece(d, to, passed, info);
        if (told)
            h->ran(h->ctx, info);
        if (why == STOP_KICK && h->kicked(h->ctx, d->searching))
            return STOP_KICK;
    } while (m->now < until && (why == STOP_KICK || (why == STOP_TIME && m->now >= to)));
    return why == STOP_KICK ? STOP_TIME : why;
}

bool debug_hit_before(const struct debug *d)
{
    for (unsigned i = 0; i < d->armed_count; i++)
        if (d->armed[i].hit && d->armed[i].access == WATCH_EXECUTE)
            return true;
    return false;
}

/* Whether the hit counts. A condition that cannot be evaluated counts, and says so. */
static bool counts(struct debug *d, const struct debug_point *p, const struct watch *hit,
                   struct err *trouble)
{
    s64 v = 1;
    bool yes;

    if (p->changes && hit->old == hit->value)
        return false;
    if (!p->condition)
        return true;
    d->scope.hit = hit;
    yes = expr_eval(p->condition, &d->scope, &v, trouble) != 0 || v;
    d->scope.hit = NULL;
    return yes;
}

enum verdict debug_judge(struct debug *d, bool forward, struct debug_stop *out)
{
    enum verdict verdict = VERDICT_ON;
    unsigned done = DEBUG_POINTS;

    for (unsigned i = 0; i < d->armed_count; i++) {
        const struct watch *hit = &d->armed[i];
        struct debug_point *p = &d->points[d->owner[i]];
        struct err trouble = { 0 };

        if (!hit->hit)
            continue;
        if (d->owner[i] == DEBUG_POINTS) {
            if (verdict == VERDICT_ON) {
                out->hit = *hit;
                verdict = VERDICT_OWN;
            }
            continue;
        }
        if (!counts(d, p, hit, &trouble))
            continue;
        if (forward)
            p->hits++;
        if (p->kind == DEBUG_TRACE) {
            if (forward && d->trace)
                d->trace(d->trace_ctx, p, hit);
            continue;
        }
        if (forward && p->ignore) {
            p->ignore--;
            continue;
        }
        if (verdict == VERDICT_STOP)
            continue;
        verdict = VERDICT_STOP;
        out->why = DEBUG_POINT;
        out->point = p->id;
        out->hit = *hit;
        out->trouble = trouble;
        if (forward && p->temporary)
            done = d->owner[i];
    }
    if (done != DEBUG_POINTS)
        remove_at(d, done);
    return verdict;
}

/* ---- changing the machine ---- */

static int must_be_live(const struct debug *d, struct err *e)
{
    if (!d->history || !history_past(d->history))
        return 0;
    return err_set(
        e, ERR_STATE,
        "the machine is in the past, which cannot be changed (branch: live on from here)");
}

int debug_poke(struct debug *d, u64 addr, const void *in, size_t len, struct err *e)
{
    const struct kind *k = d->machine->kind;

    if (must_be_live(d, e))
        return -(int)e->code;
    if (d->recorder)
        return recorder_poke(d->recorder, d->cpu, CPU_VIRTUAL, addr, in, len, e);
    if (k->poke && k->poke(d->cpu, CPU_VIRTUAL, addr, in, len))
        return 0;
    return err_set(e, ERR_USAGE, "there is no memory to write at $%llx", (unsigned long long)addr);
}

int debug_set(struct debug *d, const char *path, const char *value, struct err *e)
{
    if (must_be_live(d, e))
        return -(int)e->code;
    if (!d->recorder)
        return err_set(e, ERR_NOTSUP, "the machine was not made for a debugger");
    return recorder_set(d->recorder, path, value, e);
}

/* The path of a field of the CPU's component. */
static void register_path(const struct debug *d, const char *name, char *path, size_t room)
{
    size_t at = 0;

    for (const struct component *c = d->cpu->state; c->parent; c = c->parent) {
        char below[DEBUG_TEXT];

        snprintf(below, sizeof below, "%.*s", (int)at, path);
        at = (size_t)snprintf(path, room, "%s%s%.100s", c->name, at ? "." : "", below);
        if (at >= room)
            at = room - 1;
    }
    snprintf(path + at, room - at, "%s%s", at ? "." : "", name);
}

int debug_set_register(struct debug *d, const char *name, u64 value, struct err *e)
{
    char path[DEBUG_TEXT], text[32];

    register_path(d, name, path, sizeof path);
    snprintf(text, sizeof text, "0x%llx", (unsigned long long)value);
    return debug_set(d, path, text, e);
}

int debug_interrupt(struct debug *d, const char *name, struct err *e)
{
    const char *list = d->cpu->interrupts;
    size_t n = strlen(name);

    for (; list && *list; list += strcspn(list, " "), list += *list == ' ') {
        char path[DEBUG_TEXT], field[64];
        const char *colon = strchr(list, ':');

        if (strncmp(list, name, n) != 0 || list[n] != '=' || !colon)
            continue;
        snprintf(field, sizeof field, "%.*s", (int)(colon - list - (long)n - 1), list + n + 1);
        register_path(d, field, path, sizeof path);
        snprintf(field, sizeof field, "%.*s", (int)strcspn(colon + 1, " "), colon + 1);
        return debug_set(d, path, field, e);
    }
    return err_set(e, ERR_NOTSUP, "this machine has no interrupt '%s' that can be raised", name);
}

int debug_reset(struct debug *d, struct err *e)
{
    const char *why;

    if (!machine_can(d->machine->kind, d->machine, VERB_RESET, &why))
        return err_set(e, ERR_NOTSUP, "reset: %s", why);
    if (must_be_live(d, e))
        return -(int)e->code;
    if (d->recorder)
        return recorder_reset(d->recorder, e);
    d->machine->kind->reset(d->machine);
    return 0;
}
