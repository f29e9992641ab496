/* The debugger's ways backwards. What lies behind is looked at a piece at a time: go to a moment
 * that costs nothing (history_before()), run forwards from there to where the piece ends, and keep
 * the last thing found; when there is none, the piece before. */
#include "svc/debug/parts.h"

#include <stdlib.h>

enum { SEEK_STEPS = 8 }; /* so many steps back are gone one by one */

static int need_history(const struct debug *d, struct err *e)
{
    const char *why;

    if (d->history)
        return 0;
    if (!machine_can(d->machine->kind, d->machine, VERB_REVERSE, &why))
        return err_set(e, ERR_NOTSUP, "no way back: %s", why);
    return err_set(e, ERR_NOTSUP, "no way back: nothing of the past was kept (--rewind-memory)");
}

/* Nothing that is armed counts while a history plays by itself. */
static int seek(struct debug *d, u64 time, struct err *e)
{
    debug_disarm(d);
    return history_seek(d->history, time, e);
}

/* ---- pieces ---- */

struct search {
    u64 origin;   /* where it began */
    u64 from, to; /* the piece */
    bool found, interrupted;
    u64 time; /* of what was found */
};

/* What the search is for: looks from the present moment to s->to, and fills in `found`, `time`. */
typedef int look_fn(struct debug *d, struct search *s, void *ctx, struct err *e);

static int search(struct debug *d, struct search *s, look_fn *look, void *ctx, struct err *e)
{
    u64 first = history_first(d->history);
    struct trace *trace = d->machine->trace; /* what has been told once is not told again */
    int r = 0;

    d->machine->trace = NULL;
    d->searching = true;
    *s = (struct search) { .origin = d->machine->now, .to = d->machine->now };
    while (!r && !s->found && !s->interrupted && s->to > first) {
        s->from = history_before(d->history, s->to);
        if (s->from >= s->to)
            s->from = first;
        r = seek(d, s->from, e);
        s->from = d->machine->now;
        if (!r)
            r = look(d, s, ctx, e);
        s->to = s->from;
    }
    debug_disarm(d);
    d->searching = false;
    d->machine->trace = trace;
    return r;
}

/* Goes to what was found, or to where it leaves the person. */
static int settle(struct debug *d, const struct search *s, struct debug_stop *out, struct err *e)
{
    u64 to = s->found ? s->time : s->interrupted ? s->origin : history_first(d->history);

    if (!s->found)
        out->why = s->interrupted ? DEBUG_INTERRUPTED : DEBUG_FIRST;
    return seek(d, to, e);
}

/* ---- points ---- */

struct point_search {
    const struct watch *own;
    struct debug_stop *out;
};

static int look_for_points(struct debug *d, struct search *s, void *ctx, struct err *e)
{
    struct point_search *ps = ctx;
    u64 passed = UINT64_MAX;
    struct stop_info info;

    if (debug_arm(d, ps->own, !ps->own, e))
        return -(int)e->code;
    while (d->machine->now < s->to) {
        enum stop why = debug_run(d, s->to, passed, &info);
        u64 now = d->machine->now;
        struct debug_stop found = { .why = DEBUG_POINT };
        bool before = why == STOP_BREAK && debug_hit_before(d);

        if (why == STOP_KICK) {
            s->interrupted = true;
            break;
        }
        if (why == STOP_HOST)
            return err_set(e, ERR_STATE, "%s", info.text);
        if (why == STOP_BREAK && debug_judge(d, false, &found) != VERDICT_ON &&
            found.hit.began < s->origin) {
            s->found = true;
            s->time = found.hit.began;
            *ps->out = found;
        }
        if (why == STOP_HALT || why == STOP_FAULT || (why == STOP_TIME && now < s->to))
            break;
        passed = before ? now : UINT64_MAX;
    }
    return 0;
}

int debug_reverse_continue(struct debug *d, struct debug_stop *out, struct err *e)
{
    struct point_search ps = { NULL, out };
    struct search s;

    *out = (struct debug_stop) { .why = DEBUG_STEPPED };
    if (need_history(d, e) || search(d, &s, look_for_points, &ps, e))
        return -(int)e->code;
    return settle(d, &s, out, e);
}

int debug_last_write(struct debug *d, const struct watch *w, struct debug_stop *out, struct err *e)
{
    struct point_search ps = { w, out };
    struct search s;

    *out = (struct debug_stop) { .why = DEBUG_STEPPED };
    if (need_history(d, e) || search(d, &s, look_for_points, &ps, e))
        return -(int)e->code;
    if (!s.found)
        out->why = s.interrupted ? DEBUG_INTERRUPTED : DEBUG_FIRST;
    return seek(d, s.origin, e);
}

/* ---- instructions ---- */

struct step_search {
    /* Whether the moment is one that is looked for; NULL: each is. */
    bool (*is)(const struct debug *d, u64 stack);
    u64 stack, count; /* count: of these, the last but so many */
    u64 *times;
    size_t room;
};

static bool keep(struct step_search *ss, size_t n, u64 time)
{
    if (n == ss->room) {
        size_t room = ss->room ? ss->room * 2 : 4096;
        u64 *more = reallocarray(ss->times, room, sizeof *more);

        if (!more)
            return false;
        ss->times = more;
        ss->room = room;
    }
    ss->times[n] = time;
    return true;
}

static int look_for_steps(struct debug *d, struct search *s, void *ctx, struct err *e)
{
    struct step_search *ss = ctx;
    struct stop_info info;
    size_t n = 0;

    while (d->machine->now < s->to) {
        u64 now = d->machine->now;
        enum stop why;

        if ((!ss->is || ss->is(d, ss->stack)) && !keep(ss, n++, now))
            return err_set(e, ERR_NOMEM, "no memory to look for that");
        why = debug_run(d, now + 1, UINT64_MAX, &info);
        if (why == STOP_KICK) {
            s->interrupted = true;
            return 0;
        }
        if (why == STOP_HOST)
            return err_set(e, ERR_STATE, "%s", info.text);
        if (d->machine->now == now)
            break;
    }
    if (n >= ss->count) {
        s->found = true;
        s->time = ss->times[n - ss->count];
    } else {
        ss->count -= n;
    }
    return 0;
}

static int search_steps(struct debug *d, struct step_search *ss, struct debug_stop *out,
                        struct err *e)
{
    struct search s;
    int r = search(d, &s, look_for_steps, ss, e);

    free(ss->times);
    return r ? r : settle(d, &s, out, e);
}

int debug_reverse_step(struct debug *d, u64 count, struct debug_stop *out, struct err *e)
{
    struct step_search ss = { .count = count };

    *out = (struct debug_stop) { .why = DEBUG_STEPPED };
    if (need_history(d, e))
        return -(int)e->code;
    if (count > SEEK_STEPS)
        return search_steps(d, &ss, out, e);
    for (; count; count--) {
        if (d->machine->now <= history_first(d->history)) {
            out->why = DEBUG_FIRST;
            return 0;
        }
        if (seek(d, d->machine->now - 1, e))
            return -(int)e->code;
    }
    return 0;
}

static bool not_deeper(const struct debug *d, u64 stack)
{
    return debug_stack(d) >= stack;
}

static bool calls_from_above(const struct debug *d, u64 stack)
{
    return debug_stack(d) > stack && debug_flow(d) == FLOW_CALL;
}

int debug_reverse_next(struct debug *d, u64 count, struct debug_stop *out, struct err *e)
{
    for (; count; count--) {
        u64 stack = debug_stack(d);
        struct step_search ss = { .is = not_deeper, .stack = stack, .count = 1 };

        if (debug_reverse_step(d, 1, out, e))
            return -(int)e->code;
        /* A function has just returned: to before it was called. */
        if (out->why == DEBUG_STEPPED && debug_stack(d) < stack && debug_flow(d) == FLOW_RETURN &&
            search_steps(d, &ss, out, e))
            return -(int)e->code;
        if (out->why != DEBUG_STEPPED)
            break;
    }
    return 0;
}

int debug_reverse_finish(struct debug *d, struct debug_stop *out, struct err *e)
{
    struct step_search ss = { .is = calls_from_above, .stack = debug_stack(d), .count = 1 };

    *out = (struct debug_stop) { .why = DEBUG_STEPPED };
    if (!d->cpu->stack || !d->machine->kind->flow)
        return err_set(e, ERR_NOTSUP, "this machine does not tell its calls from its returns");
    return need_history(d, e) ? -(int)e->code : search_steps(d, &ss, out, e);
}

/* ---- moments ---- */

int debug_goto(struct debug *d, u64 time, struct debug_stop *out, struct err *e)
{
    *out = (struct debug_stop) { .why = DEBUG_STEPPED };
    if (need_history(d, e))
        return -(int)e->code;
    if (time > history_last(d->history)) {
        if (history_past(d->history) && seek(d, history_last(d->history), e))
            return -(int)e->code;
        return debug_continue(d, time, out, e);
    }
    return seek(d, time, e);
}

int debug_branch(struct debug *d, struct err *e)
{
    return need_history(d, e) ? -(int)e->code : history_branch(d->history, e);
}
