/* Facts: NESdev ("VRC6 audio"). */
#include "kinds/nes/chips/vrc6_sound.h"

#include "kinds/nes/span.h"

FIELD_TABLE(vrc6_pulse, 1, VRC6_PULSE)
FIELD_TABLE(vrc6_saw, 1, VRC6_SAW)
FIELD_TABLE(vrc6_sound, 1, VRC6_SOUND)

enum { HALT = 1, TIMES_16 = 2, TIMES_256 = 4, ALWAYS_ON = 0x80 };
enum { PULSE_STEPS = 16, SAW_STEPS = 14 };

/* The divider's length in cycles; $9003 shortens all three. */
static u32 divider(const struct vrc6_sound *v, u16 period)
{
    unsigned shift = v->frequency & TIMES_256 ? 8 : v->frequency & TIMES_16 ? 4 : 0;

    return ((u32)period >> shift) + 1;
}

/* ---- levels ---- */

static unsigned pulse_duty(const struct vrc6_pulse *p)
{
    return p->control >> 4 & 7;
}

static unsigned pulse_level(const struct vrc6_pulse *p)
{
    bool high = (p->control & ALWAYS_ON) || p->step <= pulse_duty(p);

    return p->enabled && high ? p->control & 15u : 0;
}

static u8 dac(const struct vrc6_sound *v)
{
    unsigned saw = v->saw.enabled ? v->saw.accumulator >> 3 : 0;

    return (u8)(pulse_level(&v->pulse[0]) + pulse_level(&v->pulse[1]) + saw);
}

static void mix(struct vrc6_sound *v, struct synth *out, u64 clk)
{
    u8 now = dac(v);

    if (now != v->dac && out)
        synth_step(out, clk, VRC6_SOUND_UNIT * (now - v->dac));
    v->dac = now;
}

/* ---- time ---- */

/* Cycles until the pulse's next edge; a pulse that has none can be left alone. */
static u64 pulse_next(const struct vrc6_sound *v, const struct vrc6_pulse *p)
{
    unsigned duty = pulse_duty(p), steps;

    if (!p->enabled || (p->control & ALWAYS_ON) || !(p->control & 15))
        return SPAN_NEVER;
    steps = p->step > duty ? p->step - duty : p->step + 1u;
    return p->timer + (u64)(steps - 1) * divider(v, p->period);
}

static bool saw_moves(const struct vrc6_saw *s)
{
    return s->enabled && (s->rate || s->accumulator);
}

static u64 saw_next(const struct vrc6_sound *v)
{
    const struct vrc6_saw *s = &v->saw;

    if (!saw_moves(s))
        return SPAN_NEVER;
    return s->timer + (s->step & 1 ? 0 : (u64)divider(v, s->period));
}

static void saw_steps(struct vrc6_saw *s, u64 steps)
{
    if (!s->enabled)
        return;
    if (!saw_moves(s)) {
        s->step = (u8)((s->step + steps) % SAW_STEPS);
        return;
    }
    while (steps--) {
        s->step = s->step + 1 == SAW_STEPS ? 0 : s->step + 1;
        if (!s->step)
            s->accumulator = 0;
        else if (!(s->step & 1))
            s->accumulator = (u8)(s->accumulator + s->rate);
    }
}

static void pass(struct vrc6_sound *v, u64 span)
{
    for (unsigned i = 0; i < 2; i++) {
        struct vrc6_pulse *p = &v->pulse[i];
        u64 steps = span_pass(&p->timer, span, divider(v, p->period));

        if (p->enabled)
            p->step = (u8)((p->step - steps) & (PULSE_STEPS - 1));
    }
    saw_steps(&v->saw, span_pass(&v->saw.timer, span, divider(v, v->saw.period)));
}

void vrc6_sound_run(struct vrc6_sound *v, struct synth *out, u64 clk)
{
    u64 left = span_left(&v->clk, clk);

    if (v->frequency & HALT) {
        v->clk = clk;
        return;
    }
    while (left) {
        u64 n = span_min(pulse_next(v, &v->pulse[0]), pulse_next(v, &v->pulse[1]));

        n = span_min(span_min(n, saw_next(v)), left);
        pass(v, n);
        v->clk += n;
        left -= n;
        mix(v, out, v->clk - 1);
    }
}

/* ---- registers ---- */

static u16 with_low(u16 period, u8 value)
{
    return (u16)((period & 0xf00) | value);
}

static u16 with_high(u16 period, u8 value)
{
    return (u16)((period & 0xff) | (value & 15) << 8);
}

static void write_pulse(struct vrc6_pulse *p, unsigned reg, u8 value)
{
    switch (reg) {
    case 0: p->control = value; break;
    case 1: p->period = with_low(p->period, value); break;
    case 2:
        p->period = with_high(p->period, value);
        p->enabled = value >> 7;
        if (!p->enabled)
            p->step = PULSE_STEPS - 1;
        break;
    }
}

static void write_saw(struct vrc6_saw *s, unsigned reg, u8 value)
{
    switch (reg) {
    case 0: s->rate = value & 63; break;
    case 1: s->period = with_low(s->period, value); break;
    case 2:
        s->period = with_high(s->period, value);
        s->enabled = value >> 7;
        if (!s->enabled)
            s->step = s->accumulator = 0;
        break;
    }
}

void vrc6_sound_write(struct vrc6_sound *v, struct synth *out, unsigned channel, unsigned reg,
                      u8 value, u64 clk)
{
    vrc6_sound_run(v, out, clk);
    if (channel == 2)
        write_saw(&v->saw, reg, value);
    else if (reg < 3)
        write_pulse(&v->pulse[channel & 1], reg, value);
    else if (channel == 0)
        v->frequency = value & 7;
    mix(v, out, clk);
}

/* ---- life ---- */

void vrc6_sound_power(struct vrc6_sound *v)
{
    *v = (struct vrc6_sound) { .saw.timer = 1 };
    for (unsigned i = 0; i < 2; i++) {
        v->pulse[i].timer = 1;
        v->pulse[i].step = PULSE_STEPS - 1;
    }
}

int vrc6_sound_loaded(struct vrc6_sound *v, struct err *e)
{
    (void)e;
    v->dac = dac(v);
    return 0;
}
