/* The debugger's core: a machine that is stopped, and what can be done to it from there. It prints
 * nothing and knows no command: the console (console.h) is one face of it, a remote stub another.
 *
 *   stopped --debug_continue() and its like--> runs --a point, a step's end, a kick ...--> stopped
 *
 * With a history (svc/replay/history.h) it also goes backwards, by going to an earlier moment and
 * looking at what happens from there on. A moment is the machine's time at an instruction's end. */
#ifndef SVC_DEBUG_DEBUG_H
#define SVC_DEBUG_DEBUG_H

#include "svc/debug/expr.h"
#include "svc/replay/history.h"

enum { DEBUG_POINTS = 64, DEBUG_TEXT = 128 };

enum debug_kind {
    DEBUG_BREAK, /* stop before an instruction, or at a position */
    DEBUG_WATCH, /* stop after an access */
    DEBUG_TRACE, /* tell of either, and run on */
};

/* A breakpoint, watchpoint or tracepoint. */
struct debug_point {
    unsigned id;
    enum debug_kind kind;
    struct watch watch;
    bool changes; /* only a write that changes the byte */
    bool enabled, temporary;
    u64 hits, ignore; /* ignore: so many more hits do not stop */
    struct expr *condition;
    char text[DEBUG_TEXT];    /* what was asked for, as it was typed */
    char if_text[DEBUG_TEXT]; /* the condition */
};

enum debug_why {
    DEBUG_STEPPED,     /* what was asked for is done */
    DEBUG_POINT,       /* `point` was hit; `hit` says how */
    DEBUG_MACHINE,     /* the machine stopped by itself: `info` */
    DEBUG_INTERRUPTED, /* a kick */
    DEBUG_FIRST,       /* backwards: the history begins here */
    DEBUG_END,         /* forwards: the recording ends here */
};

struct debug_stop {
    enum debug_why why;
    struct stop_info info;
    unsigned point; /* its id */
    struct watch hit;
    struct err trouble; /* code set: a condition could not be evaluated */
};

struct debug;

/* All borrowed; without a recorder machine state is changed directly; without a history there is no
 * way back. */
int debug_create(struct machine *m, struct recorder *r, struct history *h, struct debug **out,
                 struct err *e);
void debug_destroy(struct debug *d); /* accepts NULL */

struct machine *debug_machine(const struct debug *d);
/* Whose registers, steps and memory are meant: the first, or the one that has stopped last. */
struct cpu *debug_cpu(const struct debug *d);
bool debug_select_cpu(struct debug *d, unsigned index); /* false: there is no such CPU */
struct history *debug_history(const struct debug *d);
struct symbols *debug_symbols(struct debug *d);
/* For expressions; borrowed until the next call. */
const struct expr_scope *debug_scope(struct debug *d);

u64 debug_pc(const struct debug *d);
/* False: the CPU has no such register. */
bool debug_register(const struct debug *d, const char *name, size_t len, struct field_ref *out);

/* ---- points ---- */

/* Fills in id; what it holds becomes the debugger's when this succeeds. ERR_NOTSUP and ERR_USAGE:
 * the machine cannot wait for that. */
int debug_point_add(struct debug *d, struct debug_point *p, struct err *e);
bool debug_point_remove(struct debug *d, unsigned id);
void debug_point_remove_all(struct debug *d);
struct debug_point *debug_point(struct debug *d, unsigned id);       /* NULL: none */
struct debug_point *debug_point_at(struct debug *d, unsigned index); /* in order; NULL: the end */
/* Called for each hit of a tracepoint, on the way forwards. */
void debug_on_trace(struct debug *d,
                    void (*f)(void *ctx, const struct debug_point *p, const struct watch *hit),
                    void *ctx);

/* Who has the machine run, when others share it: a monitor. */
struct debug_host {
    /* Before a piece of a run forwards, to `until` at the latest: how far it may go now, at the
     * pace that the machine has. May take its time; 0: what is under way is to end. */
    u64 (*piece)(void *ctx, u64 until);
    /* After it. */
    void (*ran)(void *ctx, const struct stop_info *info);
    /* A kick has ended a piece: whether it was meant for what is under way, which then ends as
     * interrupted. `searching`: the machine is anywhere in its past, and nothing for others. */
    bool (*kicked)(void *ctx, bool searching);
    void *ctx;
};
/* Borrowed; without one every kick interrupts. */
void debug_on_host(struct debug *d, const struct debug_host *h);

/* ---- forwards. An error: it could not even begin, or the host failed. ---- */

int debug_step(struct debug *d, u64 count, struct debug_stop *out, struct err *e);
/* The same, but a call is one step. */
int debug_next(struct debug *d, u64 count, struct debug_stop *out, struct err *e);
int debug_finish(struct debug *d, struct debug_stop *out, struct err *e);
/* `time`: at the latest there; UINT64_MAX: no matter how long. */
int debug_continue(struct debug *d, u64 time, struct debug_stop *out, struct err *e);
int debug_until(struct debug *d, u64 addr, struct debug_stop *out, struct err *e);
/* Until another source line; without lines one instruction. `into`: also into calls. */
int debug_line(struct debug *d, bool into, struct debug_stop *out, struct err *e);

/* ---- backwards: ERR_NOTSUP without a history ---- */

int debug_reverse_step(struct debug *d, u64 count, struct debug_stop *out, struct err *e);
int debug_reverse_next(struct debug *d, u64 count, struct debug_stop *out, struct err *e);
/* To the call of the function that is running. */
int debug_reverse_finish(struct debug *d, struct debug_stop *out, struct err *e);
/* To the last moment at which a point would be hit: for a watch, before that instruction. */
int debug_reverse_continue(struct debug *d, struct debug_stop *out, struct err *e);
int debug_goto(struct debug *d, u64 time, struct debug_stop *out, struct err *e);
/* What follows here is forgotten, and the machine is live. */
int debug_branch(struct debug *d, struct err *e);

/* When an address was written last before now: `hit` says by whom, with what. `why` is DEBUG_POINT,
 * DEBUG_FIRST for not since the history began, or DEBUG_INTERRUPTED. The machine stays where it is.
 */
int debug_last_write(struct debug *d, const struct watch *w, struct debug_stop *out, struct err *e);

/* ---- changing the machine; ERR_STATE in the past ---- */

int debug_poke(struct debug *d, u64 addr, const void *in, size_t len, struct err *e);
int debug_set(struct debug *d, const char *path, const char *value, struct err *e);
int debug_set_register(struct debug *d, const char *name, u64 value, struct err *e);
int debug_interrupt(struct debug *d, const char *name, struct err *e);
int debug_reset(struct debug *d, struct err *e);

#endif
