/* The VRC7's sound: six channels of two operators each, a relative of Yamaha's YM2413 (OPLL).
 *
 *   modulator: phase + feedback -> log sine -> + attenuation -> power --+
 *   carrier:   phase + modulator ---------> log sine -> + attenuation -> power -> 9-bit DAC
 *
 * The attenuation is the envelope, the operator's or channel's own level, that of its key, and the
 * tremolo. An envelope's life, with what makes each transition (envelope_step, key):
 *
 *   RELEASE --key on--> DAMP --silent--> ATTACK --loudest--> DECAY --sustain level--> SUSTAIN
 *      ^-------------------- key off, carriers only: modulators stop where they are ------+
 *
 * The chip makes a sample every 72 clocks of its own 3.58 MHz, 36 of the CPU's. A channel whose
 * carrier has been released to silence costs nothing: the next key on resets its phases. */
#ifndef NES_VRC7_SOUND_H
#define NES_VRC7_SOUND_H

#include "kinds/nes/synth.h"

enum vrc7_stage { VRC7_DAMP, VRC7_ATTACK, VRC7_DECAY, VRC7_SUSTAIN, VRC7_RELEASE, VRC7_STAGES };
#define VRC7_STAGE_NAMES "damp attack decay sustain release"
enum { VRC7_CHANNELS = 6 };

/* clang-format off */
#define VRC7_SLOT(F, A, E, G, H)                                                      \
    E(STATE, stage, VRC7_STAGE_NAMES, "of the envelope")                              \
    F(STATE, u8, envelope, "attenuation, 0.375 dB; 124 and more are silence", 0, 127) \
    F(STATE, u32, phase, "19 bits; the upper ten are heard", 0, 0x7ffff)              \
    A(STATE, s16, out, 2, "what it put out, latest first", -4096, 4095)

#define VRC7_CHANNEL(F, A, E, G, H)                                            \
    G(vrc7_slot, modulator, "the operator that bends the other's phase")       \
    G(vrc7_slot, carrier, "the operator that is heard")

#define VRC7_SOUND(F, A, E, G, H)                                                       \
    F(STATE, u64, clk, "steps done: all of cycles before this one")                     \
    F(STATE, u32, wait, "cycles until the next sample, 1..36", 1, 36)                   \
    F(STATE, u8, address, "$9010: the register selected")                               \
    A(STATE, u8, reg, 64, "the registers as written")                                   \
    F(STATE, bool, reset, "$E000 bit 6: held in reset")                                 \
    F(STATE, u32, counter, "samples made: the envelopes' clock")                        \
    F(STATE, u16, tremolo, "phase of its oscillator, 210 steps of 64", 0, 210 * 64 - 1) \
    F(STATE, u16, vibrato, "phase of its oscillator, 8 steps of 1024", 0, 8 * 1024 - 1) \
    H(vrc7_channel, channel, 6, "channels")
/* clang-format on */

struct vrc7_slot {
    FIELD_MEMBERS(VRC7_SLOT)
};
struct vrc7_channel {
    FIELD_MEMBERS(VRC7_CHANNEL)
};

/* What the registers mean for an operator; worked out when they are written. */
struct vrc7_voice {
    u8 rate[VRC7_STAGES]; /* 0: stands still; else 4..63 */
    u8 attenuation;       /* own level and key level, 0.375 dB */
    u8 sustain;           /* the attenuation at which decay ends, 3 dB */
    u8 multiplier;        /* of the frequency, in halves */
    u8 feedback;
    bool half_sine, tremolo, vibrato;
};

struct vrc7_sound {
    FIELD_MEMBERS(VRC7_SOUND)
    struct vrc7_voice voice[VRC7_CHANNELS][2]; /* modulator, carrier: functions of the registers */
    s32 dac;                                   /* the sum last told to the synthesiser */
};

const struct fields *vrc7_slot_fields(void);
const struct fields *vrc7_channel_fields(void);
const struct fields *vrc7_sound_fields(void);

/* Units of the synthesiser for one step of a channel's DAC. */
#define VRC7_SOUND_UNIT 75

void vrc7_sound_power(struct vrc7_sound *v);
int vrc7_sound_loaded(struct vrc7_sound *v, struct err *e);
void vrc7_sound_run(struct vrc7_sound *v, struct synth *out, u64 clk);
void vrc7_sound_select(struct vrc7_sound *v, u8 value);
void vrc7_sound_write(struct vrc7_sound *v, struct synth *out, u8 value, u64 clk);
void vrc7_sound_reset(struct vrc7_sound *v, struct synth *out, bool held, u64 clk);

#endif
