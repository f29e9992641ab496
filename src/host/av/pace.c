#include "host/av/pace.h"

#include <assert.h>

/* A controller of two terms. With a queue of 50 ms, the first alone would settle in five seconds,
 * but at a length that is off by what the clocks differ; the second finds that difference out in
 * about twenty, and is slow enough not to swing. */
enum {
    NEAR = 2,        /* the first reaches its limit at 1 / NEAR of the target off */
    DRIFT_GAIN = 15, /* per frame and sample off, in pace / 65536 */
    DRIFT_MAX = PACE_REACH * 65536,
};

void pace_init(struct pace *p, u32 target)
{
    assert(target);
    *p = (struct pace) { .target = target, .average = target * 16 };
}

static s64 clamp(s64 v, s64 reach)
{
    return v > reach ? reach : v < -reach ? -reach : v;
}

u32 pace_next(struct pace *p, u32 queued)
{
    s64 off, near;

    if (queued > 4 * p->target) /* a long fast-forward, or a stopped card: no memory of that */
        queued = 4 * p->target;
    p->average += queued - p->average / 16;
    off = (s64)p->target * 16 - p->average; /* samples too few, times 16 */
    p->drift = (s32)clamp(p->drift + off * DRIFT_GAIN / 16, DRIFT_MAX);
    near = clamp(off * PACE_REACH * NEAR / ((s64)p->target * 16), PACE_REACH);
    return (u32)(PACE_UNITY + clamp(near + p->drift / 65536, PACE_REACH));
}
