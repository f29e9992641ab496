/* The Namco 163's sound: up to eight channels of 4-bit waves in 128 bytes of RAM, which also hold
 * the channels' registers.
 *
 * There is one adder and one DAC: every 15 cycles the next channel is stepped and heard until the
 * one after it, from channel 8 downwards. With many channels the switching itself is heard. */
#ifndef NES_N163_SOUND_H
#define NES_N163_SOUND_H

#include "kinds/nes/synth.h"

#define N163_RAM_BYTES 128

/* clang-format off */
#define N163_SOUND(F, A, E, G, H)                                              \
    F(STATE, u64, clk, "steps done: all of cycles before this one")            \
    A(STATE, u8, ram, N163_RAM_BYTES, "waves and, at the end, channels")       \
    F(STATE, u8, channel, "which is next, 7 down to 0", 0, 7)                  \
    F(STATE, u32, wait, "cycles until its turn, 1..15", 1, 15)                 \
    F(STATE, bool, off, "$E000 bit 6")                                         \
    F(STATE, s16, level, "what is heard: (sample - 8) * volume", -120, 105)
/* clang-format on */

struct n163_sound {
    FIELD_MEMBERS(N163_SOUND)
};

const struct fields *n163_sound_fields(void);

/* How loud it is differs from cartridge to cartridge: units of the synthesiser for one of `level`.
 * The loudest square wave of one channel is 225 of them from peak to peak. */
enum { N163_UNIT_NONE, N163_UNIT_12_DB = 173, N163_UNIT_16_DB = 291, N163_UNIT_19_DB = 377 };

void n163_sound_power(struct n163_sound *n);
void n163_sound_run(struct n163_sound *n, struct synth *out, s32 unit, u64 clk);
/* After n163_sound_run(): */
void n163_sound_switch(struct n163_sound *n, struct synth *out, s32 unit, bool off, u64 clk);

#endif
