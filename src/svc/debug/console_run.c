/* The console's words for running, forwards and backwards. */
#include "svc/debug/console_parts.h"

#include <stdio.h>
#include <string.h>

/* ---- what is said of a stop ---- */

static const char *access_name(unsigned access)
{
    return access == WATCH_READ       ? "read"
           : access == WATCH_WRITE    ? "write"
           : access == WATCH_POSITION ? "position"
                                      : "execute";
}

/* "$0010 written by $C123 main+3: 1 -> 2". */
static void say_access(struct debug_console *c, const struct watch *w)
{
    const struct domain *d = w->domain ? &c->machine->domains[w->domain - 1] : NULL;
    char by[24], symbol[200];

    if (w->access == WATCH_POSITION || w->access == WATCH_EXECUTE)
        return;
    console_say(c, "%s%s$%04llX %s by %s%s: ", d ? d->name : "", d ? ":" : "",
                (unsigned long long)w->address, w->access == WATCH_READ ? "read" : "written",
                console_address(c, w->by, by), console_symbol(c, w->by, symbol));
    if (w->access == WATCH_READ)
        console_say(c, "$%02llX\n", (unsigned long long)w->value);
    else
        console_say(c, "$%02llX -> $%02llX\n", (unsigned long long)w->old,
                    (unsigned long long)w->value);
}

static json_t *access_json(struct debug_console *c, const struct watch *w)
{
    json_t *j = json_pack("{s:s, s:I, s:o, s:I}", "access", access_name(w->access), "address",
                          (json_int_t)w->address, "by", console_place(c, w->by), "began",
                          (json_int_t)w->began);

    if (w->domain)
        json_object_set_new(j, "domain", json_string(c->machine->domains[w->domain - 1].name));
    if (w->access == WATCH_READ || w->access == WATCH_WRITE) {
        json_object_set_new(j, "old", json_integer((json_int_t)w->old));
        json_object_set_new(j, "value", json_integer((json_int_t)w->value));
    }
    return j;
}

static const char *point_name(const struct debug_point *p)
{
    return !p ? "temporary breakpoint" : p->kind == DEBUG_WATCH ? "watchpoint" : "breakpoint";
}

static const char *why_name(enum debug_why why)
{
    static const char *const names[] = { "stepped",     "point", "machine",
                                         "interrupted", "first", "end" };

    return names[why];
}

static void say_why(struct debug_console *c, const struct debug_stop *s)
{
    const struct debug_point *p = debug_point(c->debug, s->point);

    switch (s->why) {
    case DEBUG_STEPPED: break;
    case DEBUG_POINT:
        console_say(c, "%s %u%s%s\n", point_name(p), s->point, p ? ": " : "", p ? p->text : "");
        say_access(c, &s->hit);
        if (s->trouble.code)
            console_say(c, "its condition: %s\n", s->trouble.text);
        break;
    case DEBUG_MACHINE:
        if (s->info.why == STOP_HALT)
            console_say(c, "the program has ended, status %d\n", s->info.status);
        else
            console_say(c, "%s\n", s->info.text[0] ? s->info.text : stop_name(s->info.why));
        break;
    case DEBUG_INTERRUPTED: console_say(c, "interrupted\n"); break;
    case DEBUG_FIRST: console_say(c, "the history begins here\n"); break;
    case DEBUG_END: console_say(c, "the recording ends here\n"); break;
    }
}

static json_t *stop_json(struct debug_console *c, const struct debug_stop *s)
{
    u64 pc = debug_pc(c->debug);
    json_t *j = json_pack("{s:s, s:I, s:o}", "stop", why_name(s->why), "time",
                          (json_int_t)c->machine->now, "at", console_place(c, pc)),
           *list;

    if (c->machine->cpu_count > 1)
        json_object_set_new(j, "cpu", json_integer(debug_cpu(c->debug)->index));
    if (s->why == DEBUG_POINT) {
        json_object_set_new(j, "point", json_integer(s->point));
        json_object_set_new(j, "hit", access_json(c, &s->hit));
    }
    if (s->why == DEBUG_MACHINE) {
        json_object_set_new(j, "why", json_string(stop_name(s->info.why)));
        json_object_set_new(j, "text", json_string(s->info.text));
        json_object_set_new(j, "status", json_integer(s->info.status));
    }
    if (debug_history(c->debug))
        json_object_set_new(j, "past", json_boolean(history_past(debug_history(c->debug))));
    list = json_array();
    console_instruction(c, pc, list);
    if (json_array_size(list))
        json_object_set(j, "next", json_array_get(list, 0));
    json_decref(list);
    return j;
}

void console_stopped(struct debug_console *c, const struct debug_stop *s, bool backwards)
{
    (void)backwards;
    if (c->result) {
        json_t *j = stop_json(c, s);

        json_object_update(c->result, j);
        json_decref(j);
        return;
    }
    say_why(c, s);
    if (c->machine->cpu_count > 1)
        console_say(c, "cpu %u: ", debug_cpu(c->debug)->index);
    console_instruction(c, debug_pc(c->debug), NULL);
    c->has_dis = false;
}

void debug_console_greet(struct debug_console *c)
{
    struct debug_stop s = { .why = DEBUG_STEPPED };

    if (c->o.json)
        c->result = json_object();
    console_stopped(c, &s, false);
    if (c->result)
        console_emit(c, c->result);
    c->result = NULL;
}

void console_on_trace(void *ctx, const struct debug_point *p, const struct watch *hit)
{
    struct debug_console *c = ctx;
    u64 pc = debug_pc(c->debug);

    if (c->o.json) {
        console_emit(c, json_pack("{s:I, s:I, s:o, s:o}", "tracepoint", (json_int_t)p->id, "time",
                                  (json_int_t)c->machine->now, "at", console_place(c, pc), "hit",
                                  access_json(c, hit)));
        return;
    }
    console_say(c, "%u @%llu: ", p->id, (unsigned long long)c->machine->now);
    if (hit->access == WATCH_EXECUTE || hit->access == WATCH_POSITION)
        console_instruction(c, pc, NULL);
    else
        say_access(c, hit);
}

/* ---- commands ---- */

typedef int count_fn(struct debug *d, u64 count, struct debug_stop *out, struct err *e);
typedef int plain_fn(struct debug *d, struct debug_stop *out, struct err *e);

static int counted(struct debug_console *c, const char *args, count_fn *f, bool back, struct err *e)
{
    struct debug_stop s;
    u64 n;

    if (console_count(c, args, 1, &n, e) || f(c->debug, n, &s, e))
        return -(int)e->code;
    console_stopped(c, &s, back);
    return 0;
}

static int no_more(const char *args, struct err *e)
{
    return *args ? err_set(e, ERR_USAGE, "'%.60s': it takes no argument", args) : 0;
}

static int plain(struct debug_console *c, const char *args, plain_fn *f, bool back, struct err *e)
{
    struct debug_stop s;

    if (no_more(args, e) || f(c->debug, &s, e))
        return -(int)e->code;
    console_stopped(c, &s, back);
    return 0;
}

static int run_cpu(struct debug_console *c, char *args, struct err *e)
{
    unsigned was = debug_cpu(c->debug)->index;
    u64 n;

    if (!*args) {
        for (unsigned i = 0; i < c->machine->cpu_count; i++) {
            debug_select_cpu(c->debug, i);
            console_say(c, "%c%u ", i == was ? '*' : ' ', i);
            console_instruction(c, debug_pc(c->debug), NULL);
        }
        debug_select_cpu(c->debug, was);
    } else if (console_number(c, args, false, &n, e)) {
        return -(int)e->code;
    } else if (n >= c->machine->cpu_count || !debug_select_cpu(c->debug, (unsigned)n)) {
        return err_set(e, ERR_USAGE, "there is no CPU %llu", (unsigned long long)n);
    } else {
        console_instruction(c, debug_pc(c->debug), NULL);
    }
    console_put(c, "cpu", json_integer(debug_cpu(c->debug)->index));
    return 0;
}

static int run_step(struct debug_console *c, char *args, struct err *e)
{
    return counted(c, args, debug_step, false, e);
}

static int run_next(struct debug_console *c, char *args, struct err *e)
{
    return counted(c, args, debug_next, false, e);
}

static int run_finish(struct debug_console *c, char *args, struct err *e)
{
    return plain(c, args, debug_finish, false, e);
}

static int line(struct debug_console *c, const char *args, bool into, struct err *e)
{
    struct debug_stop s = { .why = DEBUG_STEPPED };
    u64 n;

    if (console_count(c, args, 1, &n, e))
        return -(int)e->code;
    for (u64 i = 0; i < n && s.why == DEBUG_STEPPED; i++)
        if (debug_line(c->debug, into, &s, e))
            return -(int)e->code;
    console_stopped(c, &s, false);
    return 0;
}

static int run_step_line(struct debug_console *c, char *args, struct err *e)
{
    return line(c, args, true, e);
}

static int run_next_line(struct debug_console *c, char *args, struct err *e)
{
    return line(c, args, false, e);
}

static int run_continue(struct debug_console *c, char *args, struct err *e)
{
    struct debug_stop s;
    u64 n;

    if (console_count(c, args, 1, &n, e) || debug_continue(c->debug, UINT64_MAX, &s, e))
        return -(int)e->code;
    while (--n && s.why == DEBUG_POINT)
        if (debug_continue(c->debug, UINT64_MAX, &s, e))
            return -(int)e->code;
    console_stopped(c, &s, false);
    return 0;
}

static int run_until(struct debug_console *c, char *args, struct err *e)
{
    u64 from = debug_pc(c->debug);
    struct debug_stop s = { .why = DEBUG_STEPPED };
    struct location l;

    if (*args) {
        if (console_location(c, &args, &l, e) || no_more(args, e))
            return -(int)e->code;
        if (l.domain || l.position)
            return err_set(e, ERR_USAGE, "until wants an address");
        if (debug_until(c->debug, l.first, &s, e))
            return -(int)e->code;
    } else { /* out of a loop: until it is behind where it is */
        do
            if (debug_next(c->debug, 1, &s, e))
                return -(int)e->code;
        while (s.why == DEBUG_STEPPED && debug_pc(c->debug) <= from);
    }
    console_stopped(c, &s, false);
    return 0;
}

static int run_frames(struct debug_console *c, char *args, struct err *e)
{
    struct debug_stop s = { .why = DEBUG_STEPPED };
    const struct display *d = &c->machine->display;
    u64 n, goal;

    if (!d->width)
        return err_set(e, ERR_NOTSUP, "this machine makes no pictures");
    if (console_count(c, args, 1, &n, e))
        return -(int)e->code;
    goal = c->machine->frames + n;
    while (s.why == DEBUG_STEPPED && c->machine->frames < goal) {
        u64 left = goal - c->machine->frames - 1, whole = left * d->ticks_num / d->ticks_den;

        if (debug_continue(c->debug, c->machine->now + (whole > 1000 ? whole - 500 : 100), &s, e))
            return -(int)e->code;
    }
    console_stopped(c, &s, false);
    return 0;
}

static int run_reverse_step(struct debug_console *c, char *args, struct err *e)
{
    return counted(c, args, debug_reverse_step, true, e);
}

static int run_reverse_next(struct debug_console *c, char *args, struct err *e)
{
    return counted(c, args, debug_reverse_next, true, e);
}

static int run_reverse_finish(struct debug_console *c, char *args, struct err *e)
{
    return plain(c, args, debug_reverse_finish, true, e);
}

static int run_reverse_continue(struct debug_console *c, char *args, struct err *e)
{
    return plain(c, args, debug_reverse_continue, true, e);
}

static int run_goto(struct debug_console *c, char *args, struct err *e)
{
    struct debug_stop s;
    u64 time;

    if (!strcmp(args, "end") && debug_history(c->debug))
        time = history_last(debug_history(c->debug));
    else if (!strcmp(args, "start") && debug_history(c->debug))
        time = history_first(debug_history(c->debug));
    else if (console_number(c, args, false, &time, e))
        return err_wrap(e, "want a time in ticks, start or end");
    if (debug_goto(c->debug, time, &s, e))
        return -(int)e->code;
    console_stopped(c, &s, true);
    return 0;
}

static int run_branch(struct debug_console *c, char *args, struct err *e)
{
    if (no_more(args, e) || debug_branch(c->debug, e))
        return -(int)e->code;
    console_say(c, "what came after is forgotten\n");
    console_put(c, "past", json_false());
    return 0;
}

static int run_history(struct debug_console *c, char *args, struct err *e)
{
    struct history *h = debug_history(c->debug);
    struct history_stats stats;

    if (no_more(args, e))
        return -(int)e->code;
    if (!h)
        return err_set(e, ERR_NOTSUP, "nothing of the past is kept");
    history_stats(h, &stats);
    console_say(c, "from %llu to %llu, now %llu%s; %u checkpoints, %zu KiB, the inputs %zu KiB\n",
                (unsigned long long)history_first(h), (unsigned long long)history_last(h),
                (unsigned long long)c->machine->now, history_past(h) ? " (in the past)" : "",
                stats.checkpoints, stats.checkpoint_bytes / 1024, stats.tape_bytes / 1024);
    console_put(c, "first", json_integer((json_int_t)history_first(h)));
    console_put(c, "end", json_integer((json_int_t)history_last(h)));
    console_put(c, "now", json_integer((json_int_t)c->machine->now));
    console_put(c, "past", json_boolean(history_past(h)));
    console_put(c, "checkpoints", json_integer(stats.checkpoints));
    return 0;
}

static int run_last_write(struct debug_console *c, char *args, struct err *e)
{
    struct watch w = { .what = WATCH_WRITE };
    struct debug_stop s;
    struct location l;

    if (console_location(c, &args, &l, e) || no_more(args, e))
        return -(int)e->code;
    if (l.position)
        return err_set(e, ERR_USAGE, "last-write wants an address");
    w.domain = l.domain;
    w.first = l.first;
    w.last = l.last;
    if (debug_last_write(c->debug, &w, &s, e))
        return -(int)e->code;
    if (s.why == DEBUG_POINT) {
        console_say(c, "at %llu: ", (unsigned long long)s.hit.began);
        say_access(c, &s.hit);
        console_put(c, "write", access_json(c, &s.hit));
    } else {
        console_say(c, "%s\n",
                    s.why == DEBUG_FIRST ? "not written since the history began" : "interrupted");
        console_put(c, "write", json_null());
    }
    return 0;
}

const struct console_command console_run_commands[] = {
    { "step s stepi si", "[N]", "execute N instructions", run_step, REPEAT_SAME },
    { "next n nexti ni", "[N]", "the same, but a call is one", run_next, REPEAT_SAME },
    { "step-line sl", "[N]", "until another source line", run_step_line, REPEAT_SAME },
    { "next-line nl", "[N]", "the same, but not into calls", run_next_line, REPEAT_SAME },
    { "finish", "", "until the function returns", run_finish, REPEAT_SAME },
    { "until u", "[PLACE]", "until a place; without one, out of a loop", run_until, REPEAT_SAME },
    { "continue c cont", "[N]", "run; N: to the Nth stop", run_continue, REPEAT_SAME },
    { "frames", "[N]", "run until N more pictures are complete", run_frames, REPEAT_SAME },
    { "reverse-step rs reverse-stepi rsi", "[N]", "back by N instructions", run_reverse_step,
      REPEAT_SAME },
    { "reverse-next rn reverse-nexti rni", "[N]", "the same, but a call is one", run_reverse_next,
      REPEAT_SAME },
    { "reverse-finish rf", "", "back to the call of this function", run_reverse_finish,
      REPEAT_SAME },
    { "reverse-continue rc", "", "back to the last stop", run_reverse_continue, REPEAT_SAME },
    { "goto", "TIME|start|end", "to a moment, in ticks since power-on", run_goto, REPEAT_NO },
    { "last-write lw", "PLACE", "when a place was written last, and by whom", run_last_write,
      REPEAT_NO },
    { "cpu", "[N]", "where each CPU is; N: that one is meant from now on", run_cpu, REPEAT_NO },
    { "history", "", "how far back it goes", run_history, REPEAT_NO },
    { "branch", "", "live on from here: what came after is forgotten", run_branch, REPEAT_NO },
    { NULL, NULL, NULL, NULL, REPEAT_NO },
};
