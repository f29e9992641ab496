/* Facts: NESdev ("MMC5 audio"). */
#include "kinds/nes/chips/mmc5_sound.h"

#include "kinds/nes/span.h"

FIELD_TABLE(mmc5_pulse, 1, MMC5_PULSE)
FIELD_TABLE(mmc5_sound, 1, MMC5_SOUND)

enum { TICK_CYCLES = 7457 };

/* ---- levels ---- */

static bool high_at(const struct mmc5_pulse *p, unsigned phase)
{
    return apu_duty[p->duty & 3] >> (7 - (phase & 7)) & 1;
}

static unsigned pulse_volume(const struct mmc5_pulse *p)
{
    return p->length ? apu_envelope_volume(&p->env) : 0;
}

static s32 level(const struct mmc5_sound *m)
{
    unsigned pulses = 0;

    for (unsigned i = 0; i < 2; i++)
        if (high_at(&m->pulse[i], m->pulse[i].phase))
            pulses += pulse_volume(&m->pulse[i]);
    return MMC5_PULSE_UNIT * (s32)pulses + MMC5_PCM_UNIT * m->pcm;
}

static void mix(struct mmc5_sound *m, struct synth *out, u64 clk)
{
    s32 now = level(m);

    if (now != m->level && out)
        synth_step(out, clk, now - m->level);
    m->level = now;
}

/* ---- time ---- */

static u32 pulse_period(const struct mmc5_pulse *p)
{
    return 2u * (p->period + 1u);
}

/* Cycles until the pulse's next edge. */
static u64 pulse_next(const struct mmc5_pulse *p)
{
    unsigned steps = 1;

    if (!pulse_volume(p))
        return SPAN_NEVER;
    while (high_at(p, p->phase + steps) == high_at(p, p->phase))
        steps++; /* every duty cycle has both levels */
    return p->timer + (u64)(steps - 1) * pulse_period(p);
}

static void clock_pulse(struct mmc5_pulse *p)
{
    apu_envelope_clock(&p->env);
    if (p->length && !p->env.loop)
        p->length--;
}

void mmc5_sound_run(struct mmc5_sound *m, struct synth *out, u64 clk)
{
    u64 left = span_left(&m->clk, clk);

    while (left) {
        u64 n = span_min(pulse_next(&m->pulse[0]), pulse_next(&m->pulse[1]));

        n = span_min(span_min(n, m->tick), left);
        for (unsigned i = 0; i < 2; i++) {
            struct mmc5_pulse *p = &m->pulse[i];

            p->phase = (u8)((p->phase + span_pass(&p->timer, n, pulse_period(p))) & 7);
        }
        if (span_pass(&m->tick, n, TICK_CYCLES)) {
            clock_pulse(&m->pulse[0]);
            clock_pulse(&m->pulse[1]);
        }
        m->clk += n;
        left -= n;
        mix(m, out, m->clk - 1);
    }
}

/* ---- registers ---- */

static void write_pulse(struct mmc5_pulse *p, unsigned reg, u8 value)
{
    switch (reg) {
    case 0:
        p->duty = value >> 6;
        apu_envelope_write(&p->env, value);
        break;
    case 2: p->period = (u16)((p->period & 0x700) | value); break;
    case 3:
        p->period = (u16)((p->period & 0xff) | (value & 7) << 8);
        p->phase = 0;
        p->env.start = true;
        if (p->enabled)
            p->length = apu_length_ticks[value >> 3];
        break;
    }
}

static void enable(struct mmc5_pulse *p, bool on)
{
    p->enabled = on;
    if (!on)
        p->length = 0;
}

/* A value for the DAC: 0 leaves it alone and asks for IRQ. */
static void convert(struct mmc5_sound *m, u8 value)
{
    m->zero = !value;
    if (value)
        m->pcm = value;
}

void mmc5_sound_write(struct mmc5_sound *m, struct synth *out, u16 addr, u8 value, u64 clk)
{
    mmc5_sound_run(m, out, clk);
    switch (addr) {
    case 0x5000 ... 0x5007: write_pulse(&m->pulse[addr >> 2 & 1], addr & 3, value); break;
    case 0x5010:
        m->listens = value & 1;
        m->irq_enabled = value >> 7;
        break;
    case 0x5011:
        if (!m->listens)
            convert(m, value);
        break;
    case 0x5015:
        enable(&m->pulse[0], value & 1);
        enable(&m->pulse[1], value & 2);
        break;
    default: return;
    }
    mix(m, out, clk);
}

/* $5010's lowest bit has only been seen set. */
bool mmc5_sound_peek(const struct mmc5_sound *m, u16 addr, u8 *value)
{
    if (addr == 0x5010)
        *value = (u8)(mmc5_sound_irq(m) << 7 | 1);
    else if (addr == 0x5015)
        *value = (u8)((m->pulse[0].length ? 1 : 0) | (m->pulse[1].length ? 2 : 0));
    else
        return false;
    return true;
}

void mmc5_sound_listen(struct mmc5_sound *m, struct synth *out, u8 value, u64 clk)
{
    if (!m->listens)
        return;
    mmc5_sound_run(m, out, clk);
    convert(m, value);
    mix(m, out, clk);
}

/* ---- life ---- */

/* The DAC wakes up high. Nothing is told of it: a constant level is not heard. */
void mmc5_sound_power(struct mmc5_sound *m)
{
    *m = (struct mmc5_sound) { .tick = TICK_CYCLES, .pcm = 0xff };
    m->pulse[0].timer = m->pulse[1].timer = 2;
    m->level = level(m);
}

int mmc5_sound_loaded(struct mmc5_sound *m, struct err *e)
{
    (void)e;
    m->level = level(m);
    return 0;
}
