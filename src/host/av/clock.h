/* The pace of a machine without a sound card: its samples still say how much time passed in it, so
 * sleeping as long as they would play keeps it at its speed. */
#ifndef HOST_AV_CLOCK_H
#define HOST_AV_CLOCK_H

#include "base/types.h"

struct frame_clock {
    u64 due_ns;  /* when the next frame should begin; 0: not started */
    u64 samples; /* made since the last wait */
};

u64 clock_now_ns(void);

/* Sleeps until the samples made since the last call would have been played; without any, for a
 * sixtieth of a second. A machine that is more than 100 ms late starts afresh. */
void frame_clock_wait(struct frame_clock *c);

#endif
