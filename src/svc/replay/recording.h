/* A recording: a file from which a machine's life can be played again, anywhere.
 *
 * docs/formats/recording.md is its specification. It is written at the end only, in chunks that
 * each carry their length and digest; wherever the file is cut off, all whole chunks before count.
 */
#ifndef SVC_REPLAY_RECORDING_H
#define SVC_REPLAY_RECORDING_H

#include "mach/recipe.h"
#include "svc/replay/sums.h"
#include "svc/replay/tape.h"

/* ---- writing ---- */

struct recording_writer;

/* The descriptor becomes the writer's, also when this fails; the file is empty. Writes what the
 * machine is made from. `patience`: so many ticks of the tape may be lost in a crash. */
int recording_begin(int fd, const struct recipe *recipe, u32 has, u64 patience,
                    struct recording_writer **out, struct err *e);
/* What is new on the tape, when it is much or old, or `now` is true. `time` is the machine's. After
 * a failure nothing more is written, and each call tells it. */
int recording_write_tape(struct recording_writer *w, const struct tape *t, u64 time, bool now,
                         struct err *e);
/* All of the tape up to `at` has been written; the first state is where the tape begins. */
int recording_write_state(struct recording_writer *w, u64 time, u64 at, const u8 *image,
                          size_t bytes, struct err *e);
int recording_write_sums(struct recording_writer *w, u64 time, const struct sums *s, struct err *e);
/* The machine went back to here: what was written of later times did not happen. */
int recording_write_cut(struct recording_writer *w, u64 time, u64 at, struct err *e);
/* Ends the file, and the writer; accepts NULL. */
int recording_end(struct recording_writer *w, u64 time, struct err *e);

/* ---- reading ---- */

struct recording_state {
    u64 time, at;
    size_t image_bytes, packed_bytes;
    const u8 *packed; /* in the file */
};
struct recording_sums {
    u64 time, at;
    struct sums sums;
};

struct recording {
    struct recipe recipe;
    u32 has; /* recorder_has() */
    struct tape tape;
    struct recording_state *states; /* in order; the first is where it begins */
    size_t state_count, state_room;
    struct recording_sums *sums;
    size_t sums_count, sums_room;
    u64 end;       /* the machine's time at the end */
    bool complete; /* it was ended, not cut off */
    u8 *file;
    size_t file_bytes, whole_bytes; /* whole: up to the last chunk that counts */
};

/* Whether these are the first bytes of a recording. */
bool recording_accepts(const u8 *bytes, size_t len);
/* `file` becomes the recording's when it succeeds (free()). ERR_FORMAT: no recording, or damaged
 * before its first state. */
int recording_read(struct recording *r, u8 *file, size_t len, struct err *e);
void recording_fini(struct recording *r); /* accepts one that is all zero */
/* out has room for its image_bytes; false when it is damaged. */
bool recording_unpack(const struct recording_state *s, u8 *out);

#endif
