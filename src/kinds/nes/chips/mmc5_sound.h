/* The MMC5's sound: two pulses like the 2A03's, without sweep, and an 8-bit DAC that the program
 * writes to, or that listens to what it reads.
 *
 * Envelopes and lengths count at 240 Hz, which is the chip's own and not the frame counter's. */
#ifndef NES_MMC5_SOUND_H
#define NES_MMC5_SOUND_H

#include "kinds/nes/apu.h"

/* clang-format off */
#define MMC5_PULSE(F, A, E, G, H)                                              \
    F(STATE, u16, period, "timer period, 11 bits", 0, 0x7ff)                   \
    F(STATE, u32, timer, "cycles until the next step", 1, 0x1000)              \
    F(STATE, u8, duty, "duty cycle", 0, 3)                                     \
    F(STATE, u8, phase, "step of the sequence", 0, 7)                          \
    F(STATE, bool, enabled, "$5015's bit")                                     \
    F(STATE, u8, length, "ticks left", 0, 254)                                 \
    G(apu_envelope, env, "envelope; loop halts the length counter")

#define MMC5_SOUND(F, A, E, G, H)                                                \
    F(STATE, u64, clk, "steps done: all of cycles before this one")              \
    H(mmc5_pulse, pulse, 2, "pulse channels")                                    \
    F(STATE, u32, tick, "cycles until the next of 240 in a second", 1, 7457)     \
    F(STATE, u8, pcm, "the DAC")                                                 \
    F(STATE, bool, listens, "$5010 bit 0: the DAC takes reads of $8000-$BFFF")   \
    F(STATE, bool, irq_enabled, "$5010 bit 7")                                   \
    F(STATE, bool, zero, "the last value for the DAC was 0, which asks for IRQ")
/* clang-format on */

struct mmc5_pulse {
    FIELD_MEMBERS(MMC5_PULSE)
};
struct mmc5_sound {
    FIELD_MEMBERS(MMC5_SOUND)
    s32 level; /* what was last told to the synthesiser: a function of the state */
};

const struct fields *mmc5_pulse_fields(void);
const struct fields *mmc5_sound_fields(void);

/* Upside down. A pulse at volume 15 equals one of the 2A03's, the DAC at 127 its DMC at 127. */
#define MMC5_PULSE_UNIT (-653)
#define MMC5_PCM_UNIT   (-290)

void mmc5_sound_power(struct mmc5_sound *m);
int mmc5_sound_loaded(struct mmc5_sound *m, struct err *e);
void mmc5_sound_run(struct mmc5_sound *m, struct synth *out, u64 clk);
void mmc5_sound_write(struct mmc5_sound *m, struct synth *out, u16 addr, u8 value, u64 clk);
/* $5010, $5015; false: the chip does not answer. A read of $5010 also clears `zero`. */
bool mmc5_sound_peek(const struct mmc5_sound *m, u16 addr, u8 *value);
/* The CPU read `value` from $8000-$BFFF. */
void mmc5_sound_listen(struct mmc5_sound *m, struct synth *out, u8 value, u64 clk);

static inline bool mmc5_sound_irq(const struct mmc5_sound *m)
{
    return m->zero && m->irq_enabled;
}

#endif
