/* The Sunsoft 5B's sound, a YM2149 at half speed: three square tones, one noise, one envelope, and
 * a logarithmic DAC of 32 levels per channel.
 *
 * The generators never stop; what is not heard only advances by arithmetic. Not modelled: the
 * amplifier, which compresses the sum of the loudest volumes. */
#ifndef NES_S5B_SOUND_H
#define NES_S5B_SOUND_H

#include "kinds/nes/synth.h"

/* clang-format off */
#define S5B_TONE(F, A, E, G, H)                                                \
    F(STATE, u16, count, "ticks since it flipped")                             \
    F(STATE, bool, high, "its output")

#define S5B_SOUND(F, A, E, G, H)                                               \
    F(STATE, u64, clk, "steps done: all of cycles before this one")            \
    F(STATE, u8, address, "the register selected; above 15: none")             \
    A(STATE, u8, reg, 16, "the registers as written")                          \
    F(STATE, u32, wait, "cycles until the next tick, 1..16", 1, 16)            \
    H(s5b_tone, tone, 3, "tone generators")                                    \
    F(STATE, u16, noise_count, "ticks since its last bit")                     \
    F(STATE, u32, lfsr, "noise: 17 bits; the lowest is heard", 1, 0x1ffff)     \
    F(STATE, u16, envelope_count, "ticks since its last step")                 \
    F(STATE, u8, envelope_step, "0..31 of the ramp", 0, 31)                    \
    F(STATE, bool, envelope_up, "the ramp rises")                              \
    F(STATE, bool, envelope_holds, "it stays at its end")
/* clang-format on */

struct s5b_tone {
    FIELD_MEMBERS(S5B_TONE)
};
struct s5b_sound {
    FIELD_MEMBERS(S5B_SOUND)
    u32 level; /* what was last told to the synthesiser: a function of the state */
};

const struct fields *s5b_tone_fields(void);
const struct fields *s5b_sound_fields(void);

/* The DAC in units of the synthesiser, 1.5 dB a step; a volume v is its level 2v + 1. At volume 12
 * a tone is 1.3 dB below a pulse of the 2A03. */
extern const u16 s5b_dac[32];

void s5b_sound_power(struct s5b_sound *s);
int s5b_sound_loaded(struct s5b_sound *s, struct err *e);
void s5b_sound_run(struct s5b_sound *s, struct synth *out, u64 clk);
void s5b_sound_select(struct s5b_sound *s, u8 value);
void s5b_sound_write(struct s5b_sound *s, struct synth *out, u8 value, u64 clk);

#endif
