/* Band-limited synthesis: from steps of level at CPU cycles to samples at AUDIO_HZ.
 *
 * Every sound source tells the synthesiser only when its output level changes, and by how much. A
 * step becomes a windowed-sinc step response, placed to 1/32 of a sample. All arithmetic is on
 * integers, so the samples are the same on every host and with every compiler. Mono. */
#ifndef NES_SYNTH_H
#define NES_SYNTH_H

#include "mach/component.h"

#define SYNTH_ROOM  2048 /* samples that can wait to be read: over two frames */
#define SYNTH_TAPS  16
#define SYNTH_UNITY 256

/* clang-format off */
#define SYNTH(F, A, E, G, H)                                                                  \
    F(STATE, u64, base_clk, "the cycle at which sample 0 of the buffer begins")               \
    F(STATE, u64, base_phase, "and the fraction of a sample by then, 32 bits")                \
    F(STATE, u64, ratio, "samples per cycle, 40 fractional bits")                             \
    F(STATE, u32, ready, "samples complete", 0, SYNTH_ROOM)                                   \
    F(STATE, s32, level, "the integrated level of the last complete sample")                  \
    F(STATE, s32, low_pass, "state of the 14 kHz low-pass")                                   \
    F(STATE, s32, high_pass_in, "input of the 90 Hz high-pass")                               \
    F(STATE, s32, high_pass, "state of the 90 Hz high-pass")                                  \
    F(STATE, s32, high_pass2_in, "input of the 440 Hz high-pass")                             \
    F(STATE, s32, high_pass2, "state of the 440 Hz high-pass")                                \
    A(STATE, s32, delta, SYNTH_ROOM + SYNTH_TAPS, "differences of level, 12 fractional bits")
/* clang-format on */

struct synth {
    FIELD_MEMBERS(SYNTH)
    u64 nominal;
    u32 gain; /* volume of all, in 1/SYNTH_UNITY */
};

const struct fields *synth_fields(void);

/* For a clock of hz_num / hz_den cycles a second. The gain is SYNTH_UNITY; less makes room for
 * sources that are louder together than full scale, which is otherwise cut off. */
void synth_init(struct synth *s, u64 hz_num, u64 hz_den, u32 gain);

/* A step of `delta` units in cycle `clk`. One unit is 1/65536 of full scale; clk may not lie before
 * the end of the last synth_end(). */
void synth_step(struct synth *s, u64 clk, s32 delta);

/* All samples that end by clk are complete: no step will come before it. */
void synth_end(struct synth *s, u64 clk);

/* Takes up to `room` complete samples. */
size_t synth_read(struct synth *s, s16 *out, size_t room);

/* The rate from now on, relative to AUDIO_HZ: 65536 is as it is; half to twice as much. Call it
 * right after synth_end(). */
void synth_pace(struct synth *s, u32 per_65536);

int synth_loaded(void *synth, struct err *e); /* the component's loaded() */

#endif
