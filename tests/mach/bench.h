/* A machine on the bench: with ports that keep what it shows, and runs that can be repeated. Of
 * any kind, through the words of mach/ alone. */
#ifndef TESTS_MACH_BENCH_H
#define TESTS_MACH_BENCH_H

#include "mach/machine.h"

struct bench {
    struct machine *machine;
    struct video_port video;
    struct audio_port audio;
    struct input_port input;
    u32 held[2];
    unsigned asked;        /* bench_heed()'s count */
    u64 pictures, samples; /* received */
    u64 picture, sound;    /* digest of the last picture; of all samples */
    u8 *pixels;            /* a copy of the last picture */
    size_t pixel_bytes;
    unsigned width, pixel_size;
};

/* Makes the machine of whatever kind accepts the image. Settings as in struct config. */
int bench_open(struct bench *b, const u8 *image, size_t len, const struct setting *settings,
               unsigned count, struct err *e);
void bench_close(struct bench *b); /* accepts the half-built */

/* Runs until so many pictures more were shown, or something stops the machine. */
enum stop bench_frames(struct bench *b, unsigned frames);
/* Runs until a time. */
enum stop bench_until(struct bench *b, u64 ticks);

/* To be called before each frame: presses reset when a test program has asked for it long enough.
 */
void bench_heed(struct bench *b);

/* `b` counts from now on what it is shown as if it had been shown what `a` was. */
void bench_join(struct bench *b, const struct bench *a);

/* Whether two benches have shown, sounded or become different things; then `out` says what. */
bool bench_differs(struct bench *a, struct bench *b, char *out, size_t room);

/* "cycle 1234, pc $E012, line 30, dot 17": where it stands, as far as the kind has such things. */
void bench_where(struct bench *b, char *out, size_t room);

#endif
