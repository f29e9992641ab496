/* Facts: NESdev ("Sunsoft 5B audio"). A tick is 16 CPU cycles. */
#include "kinds/nes/chips/s5b_sound.h"

#include "kinds/nes/span.h"

FIELD_TABLE(s5b_tone, 1, S5B_TONE)
FIELD_TABLE(s5b_sound, 1, S5B_SOUND)

enum { TICK_CYCLES = 16, REG_NOISE = 6, REG_MIXER = 7, REG_VOLUME = 8, REG_SHAPE = 13 };
enum { VOLUME_ENVELOPE = 0x10 };
enum { SHAPE_HOLD = 1, SHAPE_ALTERNATE = 2, SHAPE_ATTACK = 4, SHAPE_CONTINUE = 8 };

/* clang-format off */
const u16 s5b_dac[32] = {
    0, 0, 159, 189, 224, 267, 317, 376,
    447, 532, 632, 751, 893, 1061, 1261, 1499,
    1781, 2117, 2516, 2991, 3554, 4224, 5021, 5967,
    7092, 8429, 10018, 11906, 14150, 16818, 19988, 23755,
};
/* clang-format on */

/* ---- periods, in ticks; 0 is as good as 1 ---- */

static u32 at_least_one(u32 period)
{
    return period ? period : 1;
}

static u32 tone_period(const struct s5b_sound *s, unsigned i)
{
    return at_least_one((s->reg[2 * i + 1] & 15u) << 8 | s->reg[2 * i]);
}

static u32 noise_period(const struct s5b_sound *s)
{
    return 2 * at_least_one(s->reg[REG_NOISE] & 31u);
}

static u32 envelope_period(const struct s5b_sound *s)
{
    return at_least_one((u32)s->reg[12] << 8 | s->reg[11]);
}

/* Ticks until a counter that counts up reaches its period, which may have become shorter. */
static u32 ticks_left(u32 count, u32 period)
{
    return count < period ? period - count : 1;
}

/* Lets ticks pass; returns how often the counter came to its period. */
static u64 count_up(u16 *count, u64 ticks, u32 period)
{
    u32 left = ticks_left(*count, period);
    u64 times = span_pass(&left, ticks, period);

    *count = (u16)(period - left);
    return times;
}

/* ---- levels ---- */

static bool uses_envelope(const struct s5b_sound *s, unsigned i)
{
    return s->reg[REG_VOLUME + i] & VOLUME_ENVELOPE;
}

static u32 amplitude(const struct s5b_sound *s, unsigned i)
{
    u8 v = s->reg[REG_VOLUME + i];

    if (uses_envelope(s, i))
        return s5b_dac[s->envelope_up ? s->envelope_step : 31 - s->envelope_step];
    return s5b_dac[v & 15 ? (v & 15) * 2 + 1 : 0];
}

/* A generator that is switched off counts as high. */
static bool tone_off(const struct s5b_sound *s, unsigned i)
{
    return s->reg[REG_MIXER] >> i & 1;
}

static bool noise_off(const struct s5b_sound *s, unsigned i)
{
    return s->reg[REG_MIXER] >> (i + 3) & 1;
}

static u32 level(const struct s5b_sound *s)
{
    u32 sum = 0;

    for (unsigned i = 0; i < 3; i++)
        if ((s->tone[i].high || tone_off(s, i)) && ((s->lfsr & 1) || noise_off(s, i)))
            sum += amplitude(s, i);
    return sum;
}

static void mix(struct s5b_sound *s, struct synth *out, u64 clk)
{
    u32 now = level(s);

    if (now != s->level && out)
        synth_step(out, clk, (s32)now - (s32)s->level);
    s->level = now;
}

/* ---- time ---- */

/* Ticks until something that can be heard may change. */
static u64 next_change(const struct s5b_sound *s)
{
    u64 n = SPAN_NEVER;

    for (unsigned i = 0; i < 3; i++) {
        bool envelope = uses_envelope(s, i) && !s->envelope_holds;

        if (envelope)
            n = span_min(n, ticks_left(s->envelope_count, envelope_period(s)));
        if (!envelope && !amplitude(s, i))
            continue;
        if (!tone_off(s, i))
            n = span_min(n, ticks_left(s->tone[i].count, tone_period(s, i)));
        if (!noise_off(s, i))
            n = span_min(n, ticks_left(s->noise_count, noise_period(s)));
    }
    return n;
}

static void noise_bits(struct s5b_sound *s, u64 count)
{
    while (count--)
        s->lfsr = s->lfsr >> 1 | ((s->lfsr ^ s->lfsr >> 3) & 1) << 16;
}

/*   ramp --end--> not continuing:  holds 0
 *                 hold:            holds the ramp's end, or with alternate the other end
 *                 else:            next ramp, with alternate in the other direction */
static void end_ramp(struct s5b_sound *s)
{
    u8 shape = s->reg[REG_SHAPE];

    if (!(shape & SHAPE_CONTINUE)) {
        s->envelope_up = false;
        s->envelope_holds = true;
        return;
    }
    if (shape & SHAPE_ALTERNATE)
        s->envelope_up = !s->envelope_up;
    if (shape & SHAPE_HOLD)
        s->envelope_holds = true;
    else
        s->envelope_step = 0;
}

static void envelope_steps(struct s5b_sound *s, u64 count)
{
    while (count-- && !s->envelope_holds) {
        if (s->envelope_step < 31)
            s->envelope_step++;
        else
            end_ramp(s);
    }
}

static void pass_ticks(struct s5b_sound *s, u64 ticks)
{
    for (unsigned i = 0; i < 3; i++)
        if (count_up(&s->tone[i].count, ticks, tone_period(s, i)) & 1)
            s->tone[i].high = !s->tone[i].high;
    noise_bits(s, count_up(&s->noise_count, ticks, noise_period(s)));
    envelope_steps(s, count_up(&s->envelope_count, ticks, envelope_period(s)));
}

void s5b_sound_run(struct s5b_sound *s, struct synth *out, u64 clk)
{
    u64 left = span_left(&s->clk, clk);

    while (left) {
        u64 ticks = next_change(s), n = left;

        if (ticks != SPAN_NEVER)
            n = span_min(n, s->wait + (ticks - 1) * TICK_CYCLES);
        ticks = span_pass(&s->wait, n, TICK_CYCLES);
        if (ticks)
            pass_ticks(s, ticks);
        s->clk += n;
        left -= n;
        mix(s, out, s->clk - 1);
    }
}

/* ---- registers ---- */

void s5b_sound_select(struct s5b_sound *s, u8 value)
{
    s->address = value;
}

void s5b_sound_write(struct s5b_sound *s, struct synth *out, u8 value, u64 clk)
{
    s5b_sound_run(s, out, clk);
    if (s->address > 15)
        return;
    s->reg[s->address] = value;
    if (s->address == REG_SHAPE) {
        s->envelope_count = 0;
        s->envelope_step = 0;
        s->envelope_up = value & SHAPE_ATTACK;
        s->envelope_holds = false;
    }
    mix(s, out, clk);
}

/* ---- life ---- */

void s5b_sound_power(struct s5b_sound *s)
{
    *s = (struct s5b_sound) {
        .wait = TICK_CYCLES, .lfsr = 1, .envelope_step = 31, .envelope_holds = true
    };
}

int s5b_sound_loaded(struct s5b_sound *s, struct err *e)
{
    (void)e;
    s->level = level(s);
    return 0;
}
