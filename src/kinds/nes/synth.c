#include "kinds/nes/synth.h"

#include "mach/port.h"

#include <assert.h>
#include <string.h>

FIELD_TABLE(synth, 1, SYNTH)

#define PHASES 32

/* The impulse of a unit step per phase: a Blackman-windowed sinc, cut-off 0.45 of the sample rate;
 * each row sums to 4096,
 * so that no rounding can add up to a drift. Made by tools/make_kernel.py. */
static const s32 kernel[PHASES][SYNTH_TAPS] = {
#include "kinds/nes/synth_kernel.h"
};

void synth_init(struct synth *s, u64 hz_num, u64 hz_den, u32 gain)
{
    *s = (struct synth) { .gain = gain };
    s->nominal = s->ratio = (u64)(((unsigned __int128)AUDIO_HZ * hz_den << 40) / hz_num);
}

/* Position of clk in the buffer, in samples with 32 fractional bits. */
static u64 position(const struct synth *s, u64 clk)
{
    return s->base_phase + ((clk - s->base_clk) * s->ratio >> 8);
}

/* Sums wrap where there is more than any source makes. */
static s32 sum(s32 a, s32 b)
{
    return (s32)((u32)a + (u32)b);
}

void synth_step(struct synth *s, u64 clk, s32 delta)
{
    u64 at = position(s, clk);
    u64 sample = at >> 32;
    const s32 *k = kernel[at >> 27 & (PHASES - 1)];
    s32 *d;

    if (sample >= SYNTH_ROOM) /* nobody reads: the sound is lost, the machine is not */
        sample = SYNTH_ROOM - 1;
    d = s->delta + sample;
    for (unsigned i = 0; i < SYNTH_TAPS; i++)
        d[i] = sum(d[i], k[i] * delta);
}

void synth_end(struct synth *s, u64 clk)
{
    u64 at = position(s, clk);

    s->base_clk = clk;
    s->base_phase = at;
    s->ready = at >> 32 > SYNTH_ROOM ? SYNTH_ROOM : (u32)(at >> 32);
    if (at >> 32 > SYNTH_ROOM)
        s->base_phase = ((u64)SYNTH_ROOM << 32) | (u32)at;
}

/* The console's output stage: high-passes at 90 and 440 Hz, a low-pass at 14 kHz, each first order
 * (NESdev, "APU Mixer"); coefficients at 48 kHz in 1/65536. */
static s16 filter(struct synth *s, s32 in)
{
    s32 out;

    s->high_pass = (s32)(((s64)s->high_pass + in - s->high_pass_in) * 64768 >> 16);
    s->high_pass_in = in;
    s->high_pass2 = (s32)(((s64)s->high_pass2 + s->high_pass - s->high_pass2_in) * 61875 >> 16);
    s->high_pass2_in = s->high_pass;
    s->low_pass = (s32)(s->low_pass + (((s64)s->high_pass2 - s->low_pass) * 53477 >> 16));
    out = (s32)((s64)s->low_pass * 3 * s->gain >> 18); /* 1.5 of 32768 for 65536 units */
    return (s16)(out > 32767 ? 32767 : out < -32768 ? -32768 : out);
}

size_t synth_read(struct synth *s, s16 *out, size_t room)
{
    size_t n = s->ready < room ? s->ready : room;

    for (size_t i = 0; i < n; i++) {
        s->level = sum(s->level, s->delta[i]);
        out[i] = filter(s, s->level >> 4); /* 12 fractional bits; the filters keep 8 */
    }
    memmove(s->delta, s->delta + n, (SYNTH_ROOM + SYNTH_TAPS - n) * sizeof *s->delta);
    memset(s->delta + SYNTH_ROOM + SYNTH_TAPS - n, 0, n * sizeof *s->delta);
    s->ready -= (u32)n;
    s->base_phase -= (u64)n << 32;
    return n;
}

void synth_pace(struct synth *s, u32 per_65536)
{
    if (per_65536 < 65536 / 2)
        per_65536 = 65536 / 2;
    else if (per_65536 > 65536 * 2)
        per_65536 = 65536 * 2;
    s->ratio = (u64)((unsigned __int128)s->nominal * per_65536 >> 16);
}

int synth_loaded(void *synth, struct err *e)
{
    const struct synth *s = synth;

    if (s->base_phase >> 32 != s->ready)
        return err_set(e, ERR_FORMAT, "base_phase: not as many samples as are ready");
    if (s->ratio < s->nominal / 2 || s->ratio > s->nominal * 2)
        return err_set(e, ERR_FORMAT, "ratio: no such rate");
    return 0;
}
