/* What the observed loops tell: trace events, and watches that were hit (mach/watch.h). The plain
 * loops know nothing of it. */
#ifndef NES_OBSERVE_H
#define NES_OBSERVE_H

#include "mach/machine.h"

struct observer {
    struct machine *machine;
    struct watch *list; /* borrowed: the debugger's */
    unsigned count;
    u8 pages[256];    /* of the CPU's 256-byte pages: what is watched there */
    unsigned domains; /* a bit for each domain in which an access is watched */
    bool positions;   /* some watch waits for a position */
    bool execute;     /* ... for an instruction */
    bool hit;
    u64 began; /* when the present instruction did */
    u16 pc;    /* where it is */
    bool on;   /* an observed loop runs: accesses by calls and DMA are told too */
};

/* The kind's watch(), for a CPU that has 16 address lines. */
int observer_arm(struct observer *o, struct machine *m, struct watch *list, unsigned count,
                 struct err *e);
/* Whether run() has to take the observed loop. */
static inline bool observer_wanted(const struct observer *o, const struct machine *m)
{
    return m->trace || o->count;
}

/* An instruction begins. True: run() stops before it. */
bool observer_begin(struct observer *o, u64 now, u16 pc);

/* An access of one byte; domain 0: the CPU's. */
void observer_match(struct observer *o, unsigned domain, unsigned what, u16 addr, u8 old, u8 value);
/* The beam went from one position to another within the instruction. `lines`: of this picture. */
void observer_moved(struct observer *o, const u64 from[2], const u64 to[2], u64 dots);

static inline bool observer_watches(const struct observer *o, unsigned domain, unsigned what,
                                    u16 addr)
{
    return domain ? o->domains >> domain & 1 : o->pages[addr >> 8] & what;
}

/* Bytes of the instruction itself are no data: nobody who watches a read means them. */
static inline bool observer_own(const struct observer *o, u16 addr)
{
    return (u16)(addr - o->pc) < 3;
}

#endif
