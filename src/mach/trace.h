/* Trace events: fixed records; what they are called, the machine says (machine->trace_events). The
 * debugger, the golden tests and the replay check read the same records. Whoever sets
 * machine->trace, or listens, does it between two calls of run. */
#ifndef MACH_TRACE_H
#define MACH_TRACE_H

#include "base/types.h"

/* One kind of event. A record's id is the index of its event in the machine's list. */
struct trace_event {
    const char *name, *doc; /* "cpu.write" */
    const char *a, *b;      /* what the two numbers are; NULL: nothing */
};

/* The first events of every machine that has a CPU of which it can tell them. */
enum trace_id { TRACE_STEP, TRACE_READ, TRACE_WRITE, TRACE_INTERRUPT, TRACE_OWN };
/* clang-format off */
#define TRACE_CPU_EVENTS                                                            \
    { "cpu.step", "an instruction begins", "pc", "op" },                            \
    { "cpu.read", "a CPU reads, also in vain; not instructions", "addr", "value" }, \
    { "cpu.write", "a CPU writes", "addr", "value" },                               \
    { "cpu.interrupt", "a CPU takes an interrupt", "vector", "pc" }
/* clang-format on */

struct trace_record {
    u64 time, a, b;
    u16 id, source;
    u32 reserved;
};

struct trace {
    u64 mask;       /* a bit per id */
    u32 next, room; /* room is a power of two */
    struct trace_record *ring;
    /* Called for each record when set: a writer of text, a digest. */
    void (*sink)(void *ctx, const struct trace_record *r);
    void *ctx;
};

void trace_put(struct trace *t, u64 time, unsigned id, u16 source, u64 a, u64 b);

/* One of several who hear of events: machine_listen(). Whoever has heard enough in the middle of a
 * run sets its mask to 0. */
struct listener {
    u64 mask;
    void (*told)(void *ctx, const struct trace_record *r);
    void *ctx;
    struct listener *next;
};

static inline bool trace_on(const struct trace *t, unsigned id)
{
    return unlikely(t != NULL) && (t->mask >> id & 1);
}

#endif
