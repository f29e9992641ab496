/* What the files of the debugger's core share. */
#ifndef SVC_DEBUG_PARTS_H
#define SVC_DEBUG_PARTS_H

#include "svc/debug/debug.h"

struct debug {
    struct machine *machine;
    struct cpu *cpu;
    struct recorder *recorder; /* borrowed, or NULL */
    struct history *history;   /* borrowed, or NULL */
    struct symbols symbols;
    struct expr_scope scope;
    struct debug_point points[DEBUG_POINTS];
    unsigned count, next_id;
    /* What is armed: the points that are enabled, then one watch of the debugger's own. */
    struct watch armed[DEBUG_POINTS + 1];
    unsigned owner[DEBUG_POINTS + 1]; /* index of the point; DEBUG_POINTS: the debugger's own */
    unsigned armed_count;
    const struct watch *own; /* NULL: none */
    void (*trace)(void *ctx, const struct debug_point *p, const struct watch *hit);
    void *trace_ctx;
    const struct debug_host *host; /* borrowed, or NULL */
    bool searching;                /* the machine is anywhere in its past */
    unsigned short_pieces;         /* since the host has heard of one */
};

/* How a run ended, judged by the points. */
enum verdict {
    VERDICT_ON,   /* nothing that counts was hit: go on */
    VERDICT_OWN,  /* the debugger's own watch was: d->armed[d->armed_count - 1] */
    VERDICT_STOP, /* `out` says why */
};

/* Arms the points, and `own`; `points` false: that alone. */
int debug_arm(struct debug *d, const struct watch *own, bool points, struct err *e);
void debug_disarm(struct debug *d);
/* Runs what is armed. `passed`: the moment at which breakpoints have been told of. */
enum stop debug_run(struct debug *d, u64 until, u64 passed, struct stop_info *info);
/* Judges hits. `forward`: counts them, tells of tracepoints, removes what is temporary. */
enum verdict debug_judge(struct debug *d, bool forward, struct debug_stop *out);
/* Whether an execute watch was hit, which happens before its instruction. */
bool debug_hit_before(const struct debug *d);

u64 debug_stack(const struct debug *d); /* the stack pointer; 0: there is none */
enum flow debug_flow(const struct debug *d);

#endif
