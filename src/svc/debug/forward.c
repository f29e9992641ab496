/* The debugger's ways forwards. */
#include "svc/debug/parts.h"

#include <string.h>

/* Whether the run is over for a reason that is not the debugger's; then fills in `out`. */
static bool over(const struct debug *d, enum stop why, u64 until, const struct stop_info *info,
                 struct debug_stop *out)
{
    out->info = *info;
    switch (why) {
    case STOP_TIME:
        if (d->machine->now >= until)
            return false;
        out->why = DEBUG_END;
        return true;
    case STOP_KICK: out->why = DEBUG_INTERRUPTED; return true;
    case STOP_FRAME:
    case STOP_IDLE: return false;
    default: out->why = DEBUG_MACHINE; return true;
    }
}

/* Runs until a moment, the debugger's own watch (OWN), or what stops. `from_here`: breakpoints at
 * this very moment have been told of. */
static enum verdict run_to(struct debug *d, u64 until, bool from_here, struct debug_stop *out)
{
    u64 passed = from_here ? d->machine->now : UINT64_MAX;
    struct stop_info info;

    while (d->machine->now < until) {
        enum stop why = debug_run(d, until, passed, &info);
        enum verdict v;

        if (why == STOP_BREAK && (v = debug_judge(d, true, out)) != VERDICT_ON)
            return v;
        passed = debug_hit_before(d) ? d->machine->now : UINT64_MAX;
        if (why == STOP_BREAK) {
            bool any = false;

            for (unsigned i = 0; i < d->armed_count; i++)
                any |= d->armed[i].hit;
            if (any)
                continue;
        }
        if (over(d, why, until, &info, out))
            return VERDICT_STOP;
    }
    return VERDICT_ON;
}

static int begin(struct debug *d, const struct watch *own, struct debug_stop *out, struct err *e)
{
    *out = (struct debug_stop) { .why = DEBUG_STEPPED };
    return debug_arm(d, own, true, e);
}

static int end(struct debug *d, const struct debug_stop *out, struct err *e)
{
    debug_disarm(d);
    if (out->why == DEBUG_MACHINE && out->info.why == STOP_HOST)
        return err_set(e, ERR_STATE, "%s", out->info.text);
    return 0;
}

int debug_step(struct debug *d, u64 count, struct debug_stop *out, struct err *e)
{
    if (begin(d, NULL, out, e))
        return -(int)e->code;
    for (u64 i = 0; i < count; i++)
        if (run_to(d, d->machine->now + 1, i == 0, out) == VERDICT_STOP)
            break;
    return end(d, out, e);
}

int debug_continue(struct debug *d, u64 time, struct debug_stop *out, struct err *e)
{
    if (begin(d, NULL, out, e))
        return -(int)e->code;
    run_to(d, time, true, out);
    return end(d, out, e);
}

int debug_until(struct debug *d, u64 addr, struct debug_stop *out, struct err *e)
{
    struct watch own = { .what = WATCH_EXECUTE, .first = addr, .last = addr };

    if (begin(d, &own, out, e))
        return -(int)e->code;
    run_to(d, UINT64_MAX, true, out);
    return end(d, out, e);
}

/* The address behind the instruction that is next. */
static u64 behind(const struct debug *d)
{
    u64 pc = debug_pc(d);
    char text[64];
    size_t len = d->machine->kind->disassemble
                     ? d->machine->kind->disassemble(d->cpu, pc, text, sizeof text)
                     : 0;

    return pc + len;
}

/* One step that a call is; armed. */
static enum verdict step_over(struct debug *d, bool from_here, struct debug_stop *out,
                              struct err *e)
{
    u64 stack = debug_stack(d);
    struct watch own = { .what = WATCH_EXECUTE };
    enum verdict v;

    if (debug_flow(d) != FLOW_CALL)
        return run_to(d, d->machine->now + 1, from_here, out);
    own.first = own.last = behind(d);
    if (debug_arm(d, &own, true, e)) {
        out->why = DEBUG_MACHINE;
        return VERDICT_STOP;
    }
    do {
        v = run_to(d, UINT64_MAX, from_here, out);
        from_here = true;
    } while (v == VERDICT_OWN && debug_stack(d) < stack); /* deeper: it calls itself */
    if (debug_arm(d, NULL, true, e))
        return VERDICT_STOP;
    return v;
}

int debug_next(struct debug *d, u64 count, struct debug_stop *out, struct err *e)
{
    e->code = ERR_OK;
    if (begin(d, NULL, out, e))
        return -(int)e->code;
    for (u64 i = 0; i < count; i++)
        if (step_over(d, i == 0, out, e) == VERDICT_STOP)
            break;
    return end(d, out, e) || e->code ? -(int)e->code : 0;
}

int debug_finish(struct debug *d, struct debug_stop *out, struct err *e)
{
    u64 stack = debug_stack(d);
    bool first = true;

    if (!d->cpu->stack || !d->machine->kind->flow)
        return err_set(e, ERR_NOTSUP, "this machine does not tell its calls from its returns");
    if (begin(d, NULL, out, e))
        return -(int)e->code;
    for (;; first = false) {
        enum flow flow = debug_flow(d);

        if (run_to(d, d->machine->now + 1, first, out) == VERDICT_STOP)
            break;
        if (flow == FLOW_RETURN && debug_stack(d) > stack)
            break;
    }
    return end(d, out, e);
}

int debug_line(struct debug *d, bool into, struct debug_stop *out, struct err *e)
{
    const struct symbol_line *from = symbols_line(&d->symbols, debug_pc(d)), *at;
    bool first = true;

    e->code = ERR_OK;
    if (begin(d, NULL, out, e))
        return -(int)e->code;
    for (;; first = false) {
        enum verdict v = into ? run_to(d, d->machine->now + 1, first, out)
                              : step_over(d, first, out, e);

        if (v == VERDICT_STOP || !from)
            break;
        at = symbols_line(&d->symbols, debug_pc(d));
        if (at && (at->line != from->line ||
                   strcmp(d->symbols.files[at->file], d->symbols.files[from->file]) != 0))
            break;
    }
    return end(d, out, e) || e->code ? -(int)e->code : 0;
}
