/* Time in spans: a sound source does not visit every cycle but jumps to its next change. */
#ifndef NES_SPAN_H
#define NES_SPAN_H

#include "base/types.h"

#define SPAN_NEVER UINT64_MAX
#define SPAN_MOST  (1 << 18) /* cycles: everyone is caught up at least once a frame */

/* Lets `span` cycles pass. *timer is the distance to the next step, 1 or more, which is followed by
 * one every `period` cycles. Returns the steps made. */
static inline u64 span_pass(u32 *timer, u64 span, u32 period)
{
    u64 steps;

    if (span < *timer) {
        *timer -= (u32)span;
        return 0;
    }
    span -= *timer;
    steps = 1 + span / period;
    *timer = period - (u32)(span % period);
    return steps;
}

static inline u64 span_min(u64 x, u64 y)
{
    return x < y ? x : y;
}

/* The cycles from *done to clk. A gap larger than SPAN_MOST is a damaged image's, and is not worth
 * simulating. */
static inline u64 span_left(u64 *done, u64 clk)
{
    if (*done > clk)
        *done = clk;
    if (clk - *done > SPAN_MOST)
        *done = clk - SPAN_MOST;
    return clk - *done;
}

#endif
