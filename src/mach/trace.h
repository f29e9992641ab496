/* Trace events: fixed records from one list, one branch when off. The debugger, the golden tests
 * and the replay check read the same ring. */
#ifndef MACH_TRACE_H
#define MACH_TRACE_H

#include "base/types.h"

#define TRACE_LIST(X)                \
    X(STEP, "pc=%llx op=%llx")       \
    X(MEM_R, "addr=%llx value=%llx") \
    X(MEM_W, "addr=%llx value=%llx") \
    X(LINE, "index=%llx level=%llx") \
    X(INPUT, "port=%llx value=%llx")

enum trace_id {
#define X(id, fmt) TRACE_##id,
    TRACE_LIST(X)
#undef X
        TRACE_COUNT
};

struct trace_record {
    u64 time, a, b;
    u16 id, source;
    u32 reserved;
};

struct trace {
    u64 mask;       /* a bit per trace_id */
    u32 next, room; /* room is a power of two */
    struct trace_record *ring;
    /* Called for each record when set: a writer of text, a digest. */
    void (*sink)(void *ctx, const struct trace_record *r);
    void *ctx;
};

void trace_put(struct trace *t, u64 time, enum trace_id id, u16 source, u64 a, u64 b);

static inline bool trace_on(const struct trace *t, enum trace_id id)
{
    return unlikely(t != NULL) && (t->mask >> id & 1);
}

#endif
