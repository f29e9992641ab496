/* A history: a tape with checkpoints. Any moment of it can be gone to.
 *
 *            now = end: live                 first <= now < end: in the past
 *   live --history_seek(t)--> past --history_run() reaches the end--> live
 *                              past --history_branch()--> live: what came after is forgotten
 *
 * In the past the machine's inputs come from the tape and its outputs go nowhere (but see
 * history_show). A machine is at a moment when machine->now is that moment, an instruction's end,
 * and all that was done to it then (acts) is done. Nobody but the history runs the machine. */
#ifndef SVC_REPLAY_HISTORY_H
#define SVC_REPLAY_HISTORY_H

#include "svc/replay/recorder.h"
#include "svc/replay/recording.h"

struct history;

struct history_options {
    size_t memory_bytes; /* for checkpoints and tape; the oldest give way */
    u64 every_ticks;     /* between two checkpoints; 0: a second of guest time */
    /* Writes down all that happens; becomes the history's. NULL: none. */
    struct recording_writer *recording;
};

/* Of a live machine, from its next run on. ERR_NOTSUP when its kind cannot replay. */
int history_create(struct machine *m, struct recorder *r, const struct history_options *o,
                   struct history **out, struct err *e);
/* Of a machine that was made from the recording's recipe, behind a recorder with the recording's
 * ports: it is put at the recording's first moment, and in the past. At the end it stays there,
 * until history_branch() makes it live. The recording is borrowed, and its tape becomes the
 * recorder's. */
int history_open(struct machine *m, struct recorder *r, struct recording *rec,
                 const struct history_options *o, struct history **out, struct err *e);
void history_destroy(struct history *h); /* accepts NULL; the machine stays as it is */

/* Brings the file that is being written to its end, and says what failed, unless history_run() has
 * done so. */
int history_finish(struct history *h, struct err *e);

u64 history_first(const struct history *h);   /* the earliest moment that can be gone to */
u64 history_last(const struct history *h);    /* the latest: where the machine was live */
bool history_past(const struct history *h);   /* whether the machine is in the past now */
bool history_writes(const struct history *h); /* whether a file is being written */
/* The latest moment before `time` that can be gone to at once, without playing: for who searches
 * backwards, a piece at a time. history_first() when there is none. */
u64 history_before(const struct history *h, u64 time);

/* To be called instead of kind->run: takes checkpoints when they are due, performs the acts that
 * are on the tape, goes on live behind the end, or returns STOP_TIME at the end of a tape that
 * cannot. STOP_HOST: the tape and the machine do not agree, or there is no memory. */
enum stop history_run(struct history *h, u64 until, struct stop_info *info);

/* Goes to the last moment that is not later than `time`; from the end on that is the end, and live.
 * Breakpoints do not stop it, nothing is shown or traced, a kick is kept for the next run.
 * ERR_LIMIT: before history_first(). ERR_MISMATCH: the tape and the machine do not agree. */
int history_seek(struct history *h, u64 time, struct err *e);

/* Whether outputs (pictures, sound, console) of the past reach the host when history_run() makes
 * them: rewinding in a window wants the pictures. */
void history_show(struct history *h, bool pictures, bool sound, bool console);

/* The past up to now is kept, what came after is forgotten, and the machine is live. ERR_STATE when
 * it has used files since then: what happened to them cannot be taken back. */
int history_branch(struct history *h, struct err *e);

/* Of one that was opened, before it runs: compares on the way what the recording says of the
 * machine's state. `spare` is another machine of the same making, borrowed. A difference ends
 * history_run() with STOP_HOST. Not for one who seeks. */
int history_verify(struct history *h, struct machine *spare, struct err *e);
/* What does not agree, in full; 0 when nothing has been found. `compared` gets how many moments
 * were looked at. */
int history_verdict(const struct history *h, u64 *compared, struct err *e);

struct history_stats {
    unsigned checkpoints;
    size_t checkpoint_bytes, tape_bytes, image_bytes; /* image: of one, not packed */
};
void history_stats(const struct history *h, struct history_stats *out);

#endif
