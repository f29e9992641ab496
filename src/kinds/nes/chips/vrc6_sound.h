/* The VRC6's sound: two pulses and a sawtooth, added by a 6-bit linear DAC.
 *
 * Every chip of this folder is a model that knows neither its board nor its addresses: run(clk)
 * makes the steps of all cycles before clk, a write happens in cycle clk. `out` is where the
 * changes of level go; NULL: nowhere. */
#ifndef NES_VRC6_SOUND_H
#define NES_VRC6_SOUND_H

#include "kinds/nes/synth.h"

/* clang-format off */
#define VRC6_PULSE(F, A, E, G, H)                                              \
    F(STATE, u8, control, "$9000: duty, volume; bit 7: always on")             \
    F(STATE, u16, period, "12 bits", 0, 0xfff)                                 \
    F(STATE, bool, enabled, "$9002 bit 7")                                     \
    F(STATE, u8, step, "of the duty cycle, 15 down to 0", 0, 15)               \
    F(STATE, u32, timer, "cycles until the next step", 1, 0x1000)

#define VRC6_SAW(F, A, E, G, H)                                                \
    F(STATE, u8, rate, "$B000: what is added, six times of seven", 0, 63)      \
    F(STATE, u16, period, "12 bits", 0, 0xfff)                                 \
    F(STATE, bool, enabled, "$B002 bit 7")                                     \
    F(STATE, u8, step, "0..13; even ones add", 0, 13)                          \
    F(STATE, u8, accumulator, "its upper five bits are heard")                 \
    F(STATE, u32, timer, "cycles until the next step", 1, 0x1000)

#define VRC6_SOUND(F, A, E, G, H)                                              \
    F(STATE, u64, clk, "steps done: all of cycles before this one")            \
    F(STATE, u8, frequency, "$9003: halt, 16 times, 256 times", 0, 7)          \
    H(vrc6_pulse, pulse, 2, "pulse channels")                                  \
    G(vrc6_saw, saw, "sawtooth")
/* clang-format on */

struct vrc6_pulse {
    FIELD_MEMBERS(VRC6_PULSE)
};
struct vrc6_saw {
    FIELD_MEMBERS(VRC6_SAW)
};
struct vrc6_sound {
    FIELD_MEMBERS(VRC6_SOUND)
    u8 dac; /* what was last told to the synthesiser: a function of the state */
};

const struct fields *vrc6_pulse_fields(void);
const struct fields *vrc6_saw_fields(void);
const struct fields *vrc6_sound_fields(void);

/* At its loudest a pulse equals one of the 2A03's, upside down. */
#define VRC6_SOUND_UNIT (-653)

void vrc6_sound_power(struct vrc6_sound *v);
int vrc6_sound_loaded(struct vrc6_sound *v, struct err *e);
void vrc6_sound_run(struct vrc6_sound *v, struct synth *out, u64 clk);
/* channel 0, 1: pulses, 2: sawtooth; reg 0..3 are $x000..$x003. */
void vrc6_sound_write(struct vrc6_sound *v, struct synth *out, unsigned channel, unsigned reg,
                      u8 value, u64 clk);

#endif
