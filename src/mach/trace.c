#include "mach/trace.h"

void trace_put(struct trace *t, u64 time, unsigned id, u16 source, u64 a, u64 b)
{
    struct trace_record r = { time, a, b, (u16)id, source, 0 };

    if (t->room)
        t->ring[t->next++ & (t->room - 1)] = r;
    if (t->sink)
        t->sink(t->ctx, &r);
}
