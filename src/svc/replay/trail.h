/* The trail: while a history plays towards a moment that lies before the one it comes from, it
 * leaves images on the way, not packed, since the next moment that is asked for will be a little
 * before this one. */
#ifndef SVC_REPLAY_TRAIL_H
#define SVC_REPLAY_TRAIL_H

#include "mach/machine.h"
#include "svc/replay/tape.h"

enum { TRAIL_MAX = 96 };

struct step {
    u64 time;
    struct tape_cursor at;
    u8 *image;
    size_t bytes;
};

struct trail { /* all zero: empty */
    struct step list[TRAIL_MAX];
    unsigned count;
};

/* Keeps the machine as it is now, in at most so much memory for all; the step farthest from
 * `target` gives way. Without memory there is none, and going there takes longer. */
void trail_add(struct trail *t, struct machine *m, const struct tape_cursor *at, u64 target,
               size_t memory_bytes);
/* The last one that is not later; NULL: none. */
const struct step *trail_before(const struct trail *t, u64 time);
/* Keeps what lies between two moments; first behind last: nothing. */
void trail_trim(struct trail *t, u64 first, u64 last);
size_t trail_bytes(const struct trail *t);

#endif
