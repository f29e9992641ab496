/* Sound-led pacing: how much sound a machine should make so that the queue to the host's sound card
 * stays at its proper length.
 *
 * The screen and the sound card have clocks of their own, and neither is the machine's. Samples are
 * neither dropped nor repeated to make up for it; instead the machine's sound is made a little
 * denser or thinner, by at most half a percent, a tenth of what an ear notices as pitch. */
#ifndef HOST_AV_PACE_H
#define HOST_AV_PACE_H

#include "base/types.h"

enum { PACE_UNITY = 65536, PACE_REACH = PACE_UNITY / 200 };

struct pace {
    u32 target;  /* samples that should be queued */
    u32 average; /* of those found queued, times 16 */
    s32 drift;   /* what the clocks were found to differ by, in pace / 65536 */
};

void pace_init(struct pace *p, u32 target);

/* Once a frame: what struct audio_ops.pace() returns. The cards take whole buffers at a time, so
 * the queue is judged by its average over about sixteen frames. */
u32 pace_next(struct pace *p, u32 queued);

#endif
