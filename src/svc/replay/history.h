/* A history: a tape with checkpoints. Any moment of it can be gone to.
 *
 *            now = end: live                 first <= now < end: in the past
 *   live --history_seek(t)--> past --history_run() reaches the end--> live
 *                              past --history_branch()--> live: what came after is forgotten
 *
 * In the past the machine's inputs come from the tape and its outputs go nowhere (but see
 * history_show). A machine is at a moment when machine->now is that moment: an instruction's end.
 */
#ifndef SVC_REPLAY_HISTORY_H
#define SVC_REPLAY_HISTORY_H

#include "svc/replay/recorder.h"

struct history;

struct history_options {
    size_t memory_bytes; /* for checkpoints and tape; the oldest give way */
    u64 every_ticks;     /* between two checkpoints; 0: a second of guest time */
};

/* Of a live machine, from now on. */
int history_create(struct machine *m, struct recorder *r, const struct history_options *o,
                   struct history **out, struct err *e);
void history_destroy(struct history *h); /* accepts NULL; the machine stays as it is */

u64 history_first(const struct history *h); /* the earliest moment that can be gone to */
u64 history_end(const struct history *h);   /* the latest: where the machine was live */
bool history_past(const struct history *h); /* whether the machine is in the past now */

/* To be called instead of kind->run: takes checkpoints when they are due, performs the acts that
 * are on the tape, and returns STOP_TIME at the end of a tape that cannot go on live. */
enum stop history_run(struct history *h, u64 until, struct stop_info *info);

/* Goes to the last moment that is not later than `time`. Breakpoints do not stop it. */
int history_seek(struct history *h, u64 time, struct err *e);

/* Whether outputs (pictures, sound, console) of the past reach the host: rewinding in a window
 * wants the pictures. */
void history_show(struct history *h, bool pictures, bool sound, bool console);

/* The past up to now is kept, what came after is forgotten, and the machine is live. */
int history_branch(struct history *h, struct err *e);

#endif
