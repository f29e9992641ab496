/* Facts: NESdev ("Namco 163 audio"). */
#include "kinds/nes/chips/n163_sound.h"

#include "kinds/nes/span.h"

FIELD_TABLE(n163_sound, 1, N163_SOUND)

enum { TURN_CYCLES = 15, CHANNELS = 8, CHANNELS_AT = 0x40, VOLUME = 7 };

static u8 *registers(struct n163_sound *n, unsigned channel)
{
    return n->ram + CHANNELS_AT + channel * 8;
}

static unsigned channels(const struct n163_sound *n)
{
    return (n->ram[N163_RAM_BYTES - 1] >> 4 & 7) + 1;
}

static unsigned volume(const struct n163_sound *n, unsigned channel)
{
    return n->ram[CHANNELS_AT + channel * 8 + VOLUME] & 15;
}

/* Whose turn it is: the register that says how many there are may have changed. */
static unsigned whose_turn(const struct n163_sound *n)
{
    return n->channel < CHANNELS - channels(n) ? CHANNELS - 1 : n->channel;
}

static void next_turn(struct n163_sound *n)
{
    unsigned now = whose_turn(n);

    n->channel = (u8)(now == CHANNELS - channels(n) ? CHANNELS - 1 : now - 1);
}

/* ---- one channel ---- */

/* Adds the frequency `times` times to the phase, which wraps at the wave's end. Returns it. */
static u32 advance(u8 *r, u64 times)
{
    u32 frequency = (u32)(r[4] & 3) << 16 | (u32)r[2] << 8 | r[0];
    u32 phase = (u32)r[5] << 16 | (u32)r[3] << 8 | r[1];
    u32 length = 256 - (r[4] & 0xfcu);

    phase = (u32)((phase + frequency * times) % (length << 16));
    r[1] = (u8)phase;
    r[3] = (u8)(phase >> 8);
    r[5] = (u8)(phase >> 16);
    return phase;
}

static void take_turn(struct n163_sound *n)
{
    unsigned c = whose_turn(n), at;
    u8 *r = registers(n, c);

    at = (advance(r, 1) >> 16) + r[6];
    n->level = (s16)(((n->ram[at >> 1 & 0x7f] >> (at & 1) * 4 & 15) - 8) * (int)volume(n, c));
    next_turn(n);
}

/* ---- time ---- */

static bool silent(const struct n163_sound *n)
{
    if (n->level)
        return false;
    for (unsigned c = CHANNELS - channels(n); c < CHANNELS; c++)
        if (volume(n, c))
            return false;
    return true;
}

/* While nothing is heard only the phases move, all of them the same number of times or one more. */
static void pass_silent(struct n163_sound *n, u64 span)
{
    u64 turns = span_pass(&n->wait, span, TURN_CYCLES), count = channels(n);

    for (unsigned i = 0; i < count; i++) {
        unsigned c = whose_turn(n);

        if (turns > i)
            advance(registers(n, c), (turns - i - 1) / count + 1);
        next_turn(n);
    }
    for (u64 i = 0; i < turns % count; i++)
        next_turn(n);
}

static void mix(struct synth *out, s32 unit, s32 change, u64 clk)
{
    if (out && unit && change)
        synth_step(out, clk, unit * change);
}

void n163_sound_run(struct n163_sound *n, struct synth *out, s32 unit, u64 clk)
{
    u64 left = span_left(&n->clk, clk);

    n->clk = clk;
    if (n->off)
        return;
    while (left >= n->wait) {
        s32 before = n->level;

        if (silent(n)) {
            pass_silent(n, left);
            return;
        }
        left -= n->wait;
        n->wait = TURN_CYCLES;
        take_turn(n);
        mix(out, unit, n->level - before, clk - left - 1);
    }
    n->wait -= (u32)left;
}

void n163_sound_switch(struct n163_sound *n, struct synth *out, s32 unit, bool off, u64 clk)
{
    n->off = off;
    if (off) {
        mix(out, unit, -n->level, clk);
        n->level = 0;
    }
}

/* ---- life ---- */

void n163_sound_power(struct n163_sound *n)
{
    *n = (struct n163_sound) { .channel = CHANNELS - 1, .wait = TURN_CYCLES };
}
