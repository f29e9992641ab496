/* gdb's packets for running, forwards and backwards, and for what stops it. */
#include "svc/debug/gdb_parts.h"

#include <stdio.h>
#include <string.h>

enum { SIGNAL_INT = 2, SIGNAL_TRAP = 5, SIGNAL_ABRT = 6, SIGNAL_SEGV = 11 }; /* gdb's numbers */

/* ---- points ---- */

static struct gdb_point *find_point(struct gdb *g, unsigned type, u64 addr, u64 kind)
{
    for (unsigned i = 0; i < DEBUG_POINTS; i++) {
        struct gdb_point *p = &g->points[i];

        if (p->id && p->type == type && p->addr == addr && p->kind == kind)
            return p;
    }
    return NULL;
}

static struct gdb_point *free_point(struct gdb *g)
{
    for (unsigned i = 0; i < DEBUG_POINTS; i++)
        if (!g->points[i].id)
            return &g->points[i];
    return NULL;
}

/* TYPE,ADDRESS,KIND; what may follow (conditions) was not offered. */
static bool read_point(struct gdb *g, char *args, unsigned *type, u64 *addr, u64 *kind)
{
    u64 t;

    if (!gdb_number(&args, &t) || !gdb_mark(&args, ',') || !gdb_number(&args, addr) ||
        !gdb_mark(&args, ',') || !gdb_number(&args, kind) || *args) {
        gdb_answer(g, "E.want TYPE,ADDRESS,KIND");
        return false;
    }
    *type = (unsigned)t;
    return t <= 4; /* else the empty answer: there is no such type */
}

void gdb_set_point(struct gdb *g, char *args)
{
    static const unsigned what[] = { WATCH_EXECUTE, WATCH_EXECUTE, WATCH_WRITE, WATCH_READ,
                                     WATCH_READ | WATCH_WRITE };
    struct gdb_point *p;
    struct debug_point to = { .enabled = true };
    unsigned type;
    u64 addr, kind;
    struct err e;

    if (!read_point(g, args, &type, &addr, &kind))
        return;
    p = find_point(g, type, addr, kind);
    if (p && debug_point(g->debug, p->id)) { /* once more is no harm */
        gdb_answer(g, "OK");
        return;
    }
    p = p ? p : free_point(g);
    to.kind = type < 2 ? DEBUG_BREAK : DEBUG_WATCH;
    to.watch = (struct watch) { .cpu = debug_cpu(g->debug)->index,
                                .what = what[type],
                                .first = addr,
                                .last = type < 2 || !kind ? addr : addr + kind - 1 };
    snprintf(to.text, sizeof to.text, "gdb's");
    if (!p || to.watch.last < addr)
        gdb_answer(g, "E.there cannot be another one there");
    else if (debug_point_add(g->debug, &to, &e))
        gdb_answer_error(g, &e);
    else
        *p = (struct gdb_point) { type, addr, kind, to.id };
    if (!g->answered)
        gdb_answer(g, "OK");
}

void gdb_clear_point(struct gdb *g, char *args)
{
    struct gdb_point *p;
    unsigned type;
    u64 addr, kind;

    if (!read_point(g, args, &type, &addr, &kind))
        return;
    p = find_point(g, type, addr, kind);
    if (p) {
        debug_point_remove(g->debug, p->id);
        p->id = 0;
    }
    gdb_answer(g, "OK");
}

/* ---- stops ---- */

/* What a stop at a point says of it, behind the thread. */
static void add_point(struct gdb *g, const struct debug_stop *s, char *out, size_t room)
{
    static const char *const access[] = { [2] = "watch", [3] = "rwatch", [4] = "awatch" };
    const struct gdb_point *p = g->points;

    *out = 0;
    while (p < g->points + DEBUG_POINTS && (!p->id || p->id != s->point))
        p++;
    if (p == g->points + DEBUG_POINTS)
        return; /* the console's */
    if (p->type >= 2)
        snprintf(out, room, "%s:%llx;", access[p->type], (unsigned long long)s->hit.address);
    else if (p->type ? g->knows_hwbreak : g->knows_swbreak)
        snprintf(out, room, p->type ? "hwbreak:;" : "swbreak:;");
}

static unsigned signal_of(const struct debug_stop *s)
{
    if (s->why == DEBUG_INTERRUPTED)
        return SIGNAL_INT;
    if (s->why == DEBUG_MACHINE && s->info.why == STOP_FAULT)
        return SIGNAL_SEGV;
    return s->why == DEBUG_MACHINE && s->info.why == STOP_HOST ? SIGNAL_ABRT : SIGNAL_TRAP;
}

static void say_line(struct gdb *g, const char *text)
{
    char line[240];

    snprintf(line, sizeof line, "%.230s\n", text);
    gdb_say(g, line);
}

static void stopped(struct gdb *g, const struct debug_stop *s)
{
    char more[64] = "";

    if (s->why == DEBUG_MACHINE && s->info.text[0])
        say_line(g, s->info.text);
    if (s->trouble.code)
        say_line(g, s->trouble.text);
    if (s->why == DEBUG_MACHINE && s->info.why == STOP_HALT) {
        snprintf(g->stop, sizeof g->stop, "W%02x", (unsigned)s->info.status & 0xff);
    } else {
        if (s->why == DEBUG_POINT)
            add_point(g, s, more, sizeof more);
        else if (s->why == DEBUG_FIRST || s->why == DEBUG_END)
            snprintf(more, sizeof more, "replaylog:%s;", s->why == DEBUG_FIRST ? "begin" : "end");
        snprintf(g->stop, sizeof g->stop, "T%02xthread:%x;%s", signal_of(s),
                 debug_cpu(g->debug)->index + 1, more);
    }
    gdb_answer(g, "%s", g->stop);
}

/* ---- running ---- */

enum action { ACTION_NONE, ACTION_CONTINUE, ACTION_STEP };

struct order {
    enum action action;
    u64 thread; /* of a step; 0: the one that is looked at */
    bool range; /* steps as long as the program counter is from `first` to before `end` */
    u64 first, end;
};

static void obey(struct gdb *g, const struct order *o)
{
    struct debug_stop s = { .why = DEBUG_STEPPED };
    struct debug *d = g->debug;
    struct err e;
    int r;

    if (o->thread)
        debug_select_cpu(d, (unsigned)o->thread - 1);
    if (o->action == ACTION_CONTINUE)
        r = debug_continue(d, UINT64_MAX, &s, &e);
    else
        do
            r = debug_step(d, 1, &s, &e);
        while (!r && o->range && s.why == DEBUG_STEPPED && debug_pc(d) >= o->first &&
               debug_pc(d) < o->end);
    if (r)
        gdb_answer_error(g, &e);
    else
        stopped(g, &s);
}

/* "[ADDRESS]" behind a c or an s: from there on. */
static bool from_address(struct gdb *g, char *args)
{
    const char *registers = debug_cpu(g->debug)->registers;
    char name[32];
    struct err e;
    u64 addr;

    if (!*args)
        return true;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(registers, " "), registers);
    if (!gdb_number(&args, &addr) || *args)
        gdb_answer(g, "E.want an address");
    else if (debug_set_register(g->debug, name, addr, &e))
        gdb_answer_error(g, &e);
    return !g->answered;
}

/* "SIGNAL[;ADDRESS]": the machine has no signals. */
static char *behind_signal(char *args)
{
    char *at = strchr(args, ';');

    return at ? at + 1 : args + strlen(args);
}

void gdb_run_continue(struct gdb *g, char *args)
{
    if (from_address(g, args))
        obey(g, &(struct order) { .action = ACTION_CONTINUE });
}

void gdb_run_continue_signal(struct gdb *g, char *args)
{
    gdb_run_continue(g, behind_signal(args));
}

void gdb_run_step(struct gdb *g, char *args)
{
    if (from_address(g, args))
        obey(g, &(struct order) { .action = ACTION_STEP });
}

void gdb_run_step_signal(struct gdb *g, char *args)
{
    gdb_run_step(g, behind_signal(args));
}

void gdb_run_cont_words(struct gdb *g, char *args)
{
    (void)args;
    gdb_answer(g, "vCont;c;C;s;S;r");
}

/* One action of vCont: "c", "C05", "s", "S05", "rFIRST,END", each with ":THREAD" or for all. */
static bool read_action(struct gdb *g, char **at, struct order *o)
{
    char word = **at;
    u64 ignored;

    *o = (struct order) { .action = word == 'c' || word == 'C' ? ACTION_CONTINUE : ACTION_STEP,
                          .range = word == 'r' };
    if (!word || !strchr("cCsSr", word))
        return false;
    ++*at;
    if ((word == 'C' || word == 'S') && !gdb_number(at, &ignored))
        return false;
    if (word == 'r' &&
        (!gdb_number(at, &o->first) || !gdb_mark(at, ',') || !gdb_number(at, &o->end)))
        return false;
    return !gdb_mark(at, ':') || gdb_thread(g, at, &o->thread);
}

/* A step counts before what the others are to do meanwhile, which is nothing. */
void gdb_run_cont(struct gdb *g, char *args)
{
    struct order all = { .action = ACTION_NONE }, one;

    while (gdb_mark(&args, ';')) {
        if (!read_action(g, &args, &one)) {
            gdb_answer(g, "E.there is no such action, or thread");
            return;
        }
        if (all.action < one.action)
            all = one;
    }
    if (*args || all.action == ACTION_NONE)
        gdb_answer(g, "E.vCont wants actions");
    else
        obey(g, &all);
}

/* ---- backwards ---- */

static void went_back(struct gdb *g, int r, const struct debug_stop *s, const struct err *e)
{
    if (r)
        gdb_answer_error(g, e);
    else
        stopped(g, s);
}

void gdb_run_back_step(struct gdb *g, char *args)
{
    struct debug_stop s;
    struct err e;
    int r = debug_reverse_step(g->debug, 1, &s, &e);

    (void)args;
    went_back(g, r, &s, &e);
}

void gdb_run_back(struct gdb *g, char *args)
{
    struct debug_stop s;
    struct err e;
    int r = debug_reverse_continue(g->debug, &s, &e);

    (void)args;
    went_back(g, r, &s, &e);
}
