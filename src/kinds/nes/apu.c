/* Channels, frame counter and mix. Facts: NESdev ("APU", "APU Frame Counter", "APU Mixer"), and for
 * the steps within a cycle the comments of AccuracyCoin. */
#include "kinds/nes/apu.h"

#include "kinds/nes/span.h"

#include <string.h>

FIELD_TABLE(apu_envelope, 1, APU_ENVELOPE)
FIELD_TABLE(apu_length, 1, APU_LENGTH)
FIELD_TABLE(apu_pulse, 1, APU_PULSE)
FIELD_TABLE(apu_triangle, 1, APU_TRIANGLE)
FIELD_TABLE(apu_noise, 1, APU_NOISE)
FIELD_TABLE(apu_dmc, 1, APU_DMC)
FIELD_TABLE(apu, 1, APU)

const u8 apu_length_ticks[32] = {
    10, 254, 20, 2,  40, 4,  80, 6,  160, 8,  60, 10, 14, 12, 26, 14,
    12, 16,  24, 18, 48, 20, 96, 22, 192, 24, 72, 26, 16, 28, 32, 30,
};
const u8 apu_duty[4] = { 0x40, 0x60, 0x78, 0x9f };
static const u16 noise_table[2][16] = {
    { 4, 8, 16, 32, 64, 96, 128, 160, 202, 254, 380, 508, 762, 1016, 2034, 4068 },
    { 4, 8, 14, 30, 60, 88, 118, 148, 188, 236, 354, 472, 708, 944, 1890, 3778 },
};

enum frame_event { QUARTER = 1, HALF = 2, FLAG = 4, FLAG_LAST = 8, WRAP = 16, LINE = 32 };
struct frame_step {
    u32 at;
    u8 what;
};
/* The counter's events by its value, per region and mode. */
static const struct frame_step frame_steps[2][2][7] = {
    { { { 7457, QUARTER },
        { 14913, QUARTER | HALF },
        { 22371, QUARTER },
        { 29828, FLAG },
        { 29829, FLAG | QUARTER | HALF | LINE },
        { 29830, FLAG_LAST | LINE | WRAP } },
      { { 7457, QUARTER },
        { 14913, QUARTER | HALF },
        { 22371, QUARTER },
        { 37281, QUARTER | HALF },
        { 37282, WRAP } } },
    { { { 8313, QUARTER },
        { 16627, QUARTER | HALF },
        { 24939, QUARTER },
        { 33252, FLAG },
        { 33253, FLAG | QUARTER | HALF | LINE },
        { 33254, FLAG_LAST | LINE | WRAP } },
      { { 8313, QUARTER },
        { 16627, QUARTER | HALF },
        { 24939, QUARTER },
        { 41565, QUARTER | HALF },
        { 41566, WRAP } } },
};

void apu_init(struct apu *a, struct synth *synth, enum nes_region region)
{
    *a = (struct apu) { .synth = synth, .pal = region == NES_PAL };
    /* 95.88 / (8128 / n + 100) and 163.67 / (24329 / n + 100), in 1/65536 of full scale */
    for (int n = 1; n < 31; n++)
        a->pulse_mix[n] = (s32)(9588ll * n * 65536 / (812800 + 10000ll * n));
    for (int n = 1; n < 203; n++)
        a->tnd_mix[n] = (s32)(16367ll * n * 65536 / (2432900 + 10000ll * n));
}

/* ---- levels ---- */

unsigned apu_envelope_volume(const struct apu_envelope *e)
{
    return e->constant ? e->volume : e->decay;
}

static unsigned sweep_target(const struct apu_pulse *p, bool second)
{
    unsigned change = p->period >> p->sweep_shift;

    if (!p->sweep_negate)
        return p->period + change;
    change += !second; /* pulse 1 adds the ones' complement */
    return p->period > change ? p->period - change : 0;
}

/* Whether the channel's steps can be heard; if not, time passes without visiting them. */
static bool pulse_live(const struct apu_pulse *p, bool second)
{
    return p->len.count && p->period >= 8 && sweep_target(p, second) < 0x800 &&
           apu_envelope_volume(&p->env);
}

static unsigned pulse_level(const struct apu_pulse *p, bool second)
{
    if (!pulse_live(p, second) || !(apu_duty[p->duty] >> (7 - p->phase) & 1))
        return 0;
    return apu_envelope_volume(&p->env);
}

static unsigned triangle_level(const struct apu_triangle *t)
{
    return t->phase < 16 ? 15u - t->phase : t->phase - 16u;
}

static unsigned noise_level(const struct apu_noise *n)
{
    return n->len.count && !(n->lfsr & 1) ? apu_envelope_volume(&n->env) : 0;
}

/* Tells the synthesiser what the output has become in cycle clk. */
static void mix(struct apu *a, u64 clk)
{
    unsigned p = pulse_level(&a->pulse[0], false) + pulse_level(&a->pulse[1], true);
    unsigned t = 3 * triangle_level(&a->triangle) + 2 * noise_level(&a->noise) + a->dmc.level;
    s32 level = a->pulse_mix[p] + a->tnd_mix[t];

    if (level != a->level && a->synth)
        synth_step(a->synth, clk, level - a->level);
    a->level = level;
}

/* ---- frame counter ---- */

void apu_envelope_clock(struct apu_envelope *e)
{
    if (e->start) {
        e->start = false;
        e->decay = 15;
        e->divider = e->volume;
    } else if (e->divider) {
        e->divider--;
    } else {
        e->divider = e->volume;
        if (e->decay)
            e->decay--;
        else if (e->loop)
            e->decay = 15;
    }
}

static void clock_linear(struct apu_triangle *t)
{
    if (t->linear_reload)
        t->linear = t->linear_load;
    else if (t->linear)
        t->linear--;
    if (!t->control)
        t->linear_reload = false;
}

/* A reload in the very step of a half frame loses unless the counter was 0. */
static void clock_length(struct apu_length *l)
{
    if (l->count && l->reload)
        l->reload = 0;
    if (l->count && !l->halt)
        l->count--;
}

static void clock_sweep(struct apu_pulse *p, bool second)
{
    if (!p->sweep_divider && p->sweep_on && p->sweep_shift && p->period >= 8) {
        unsigned to = sweep_target(p, second);

        if (to < 0x800)
            p->period = (u16)to;
    }
    if (!p->sweep_divider || p->sweep_reload) {
        p->sweep_divider = p->sweep_period;
        p->sweep_reload = false;
    } else {
        p->sweep_divider--;
    }
}

static void clock_units(struct apu *a, unsigned what)
{
    if (what & QUARTER) {
        apu_envelope_clock(&a->pulse[0].env);
        apu_envelope_clock(&a->pulse[1].env);
        apu_envelope_clock(&a->noise.env);
        clock_linear(&a->triangle);
    }
    if (what & HALF) {
        clock_length(&a->pulse[0].len);
        clock_length(&a->pulse[1].len);
        clock_length(&a->triangle.len);
        clock_length(&a->noise.len);
        clock_sweep(&a->pulse[0], false);
        clock_sweep(&a->pulse[1], true);
    }
}

static const struct frame_step *frame_next(const struct apu *a)
{
    return &frame_steps[a->pal][a->five_step][a->frame_step];
}

static void frame_event(struct apu *a)
{
    const struct frame_step *s = frame_next(a);

    clock_units(a, s->what);
    if (s->what & FLAG)
        a->frame_flag = true;
    if (s->what & FLAG_LAST)
        a->frame_flag = !a->irq_inhibit;
    if ((s->what & LINE) && !a->irq_inhibit)
        a->irq_frame = true;
    a->frame_step++;
    if (s->what & WRAP) {
        a->frame_zero += s->at;
        a->frame_step = 0;
    }
}

static void frame_reset(struct apu *a, u64 clk)
{
    a->frame_reset_at = EVENT_NEVER;
    a->frame_zero = clk;
    a->frame_step = 0;
}

/* ---- time ---- */

static u32 pulse_period(const struct apu_pulse *p)
{
    return 2u * (p->period + 1u);
}

static void noise_steps(struct apu_noise *n, u64 steps)
{
    while (steps--) {
        unsigned bit = (n->lfsr ^ n->lfsr >> (n->mode ? 6 : 1)) & 1;

        n->lfsr = (u16)(n->lfsr >> 1 | bit << 14);
    }
}

static bool triangle_live(const struct apu_triangle *t)
{
    return t->len.count && t->linear;
}

static void pass_channels(struct apu *a, u64 span)
{
    struct apu_triangle *t = &a->triangle;
    struct apu_noise *n = &a->noise;
    u64 steps;

    for (unsigned i = 0; i < 2; i++) {
        struct apu_pulse *p = &a->pulse[i];

        p->phase = (u8)((p->phase + span_pass(&p->timer, span, pulse_period(p))) & 7);
    }
    steps = span_pass(&t->timer, span, t->period + 1u);
    if (triangle_live(t))
        t->phase = (u8)((t->phase + steps) & 31);
    noise_steps(n, span_pass(&n->timer, span, noise_table[a->pal][n->rate]));
}

/* The first step, counted from a->clk, in which something other than a silent timer is due. */
static u64 next_step(const struct apu *a)
{
    u64 at = span_min(a->frame_zero + frame_next(a)->at, a->frame_reset_at);

    at = span_min(at, span_min(a->flag_clear_at, dmc_next(a)));
    return at;
}

static u64 next_sound(const struct apu *a)
{
    u64 n = UINT64_MAX;

    if (pulse_live(&a->pulse[0], false))
        n = a->pulse[0].timer;
    if (pulse_live(&a->pulse[1], true))
        n = span_min(n, a->pulse[1].timer);
    if (triangle_live(&a->triangle))
        n = span_min(n, a->triangle.timer);
    if (a->noise.len.count && apu_envelope_volume(&a->noise.env))
        n = span_min(n, a->noise.timer);
    return n == UINT64_MAX ? n : a->clk + n - 1;
}

static void settle_length(struct apu_length *l)
{
    if (l->reload) {
        l->count = l->reload;
        l->reload = 0;
    }
    l->halt = l->halt_next;
}

/* What register writes left for the end of their cycle's step. */
static void settle(struct apu *a)
{
    settle_length(&a->pulse[0].len);
    settle_length(&a->pulse[1].len);
    settle_length(&a->triangle.len);
    settle_length(&a->noise.len);
}

/* The events of the step of cycle clk, in the chip's order. */
static void step_events(struct apu *a, u64 clk)
{
    if (a->flag_clear_at == clk) {
        a->flag_clear_at = EVENT_NEVER;
        a->frame_flag = false;
        a->irq_frame = false;
    }
    dmc_step(a, clk);
    if (a->frame_reset_at == clk)
        frame_reset(a, clk);
    if (a->frame_zero + frame_next(a)->at == clk)
        frame_event(a);
}

static void set_deadline(struct apu *a)
{
    u64 at = dmc_next_request(a);

    at = span_min(at, span_min(a->frame_reset_at, a->flag_clear_at));
    if (!a->irq_inhibit && !a->five_step) {
        const struct frame_step *s = frame_next(a);

        /* only its last events touch the line; a reset is due before it counts */
        at = span_min(at, a->frame_zero + (s->at < 29828 ? 29828 : s->at));
    }
    a->deadline = at == EVENT_NEVER ? at : at + 1;
}

void apu_run(struct apu *a, u64 clk)
{
    bool written = true;

    while (a->clk < clk) {
        u64 step = next_step(a), sound = next_sound(a), to;

        to = span_min(span_min(step, sound), clk - 1);
        if (written) /* the first step after register writes settles them */
            to = a->clk;
        pass_channels(a, to + 1 - a->clk);
        if (step == to)
            step_events(a, to);
        else
            dmc_pass(a, to + 1 - a->clk);
        if (written)
            settle(a);
        written = false;
        mix(a, to);
        a->clk = to + 1;
    }
    set_deadline(a);
}

/* ---- registers ---- */

void apu_envelope_write(struct apu_envelope *e, u8 v)
{
    e->loop = v >> 5 & 1;
    e->constant = v >> 4 & 1;
    e->volume = v & 15;
}

static void load_length(struct apu_length *l, u8 v)
{
    if (l->enabled)
        l->reload = apu_length_ticks[v >> 3];
}

static void write_pulse(struct apu_pulse *p, unsigned reg, u8 v)
{
    switch (reg) {
    case 0:
        p->duty = v >> 6;
        p->len.halt_next = v >> 5 & 1;
        apu_envelope_write(&p->env, v);
        break;
    case 1:
        p->sweep_on = v >> 7;
        p->sweep_period = v >> 4 & 7;
        p->sweep_negate = v >> 3 & 1;
        p->sweep_shift = v & 7;
        p->sweep_reload = true;
        break;
    case 2: p->period = (u16)((p->period & 0x700) | v); break;
    case 3:
        p->period = (u16)((p->period & 0xff) | (v & 7) << 8);
        load_length(&p->len, v);
        p->phase = 0;
        p->env.start = true;
        break;
    }
}

static void write_triangle(struct apu_triangle *t, unsigned reg, u8 v)
{
    switch (reg) {
    case 0:
        t->control = t->len.halt_next = v >> 7;
        t->linear_load = v & 127;
        break;
    case 2: t->period = (u16)((t->period & 0x700) | v); break;
    case 3:
        t->period = (u16)((t->period & 0xff) | (v & 7) << 8);
        load_length(&t->len, v);
        t->linear_reload = true;
        break;
    }
}

static void write_noise(struct apu_noise *n, unsigned reg, u8 v)
{
    switch (reg) {
    case 0:
        n->len.halt_next = v >> 5 & 1;
        apu_envelope_write(&n->env, v);
        break;
    case 2:
        n->mode = v >> 7;
        n->rate = v & 15;
        break;
    case 3:
        load_length(&n->len, v);
        n->env.start = true;
        break;
    }
}

static void enable_length(struct apu_length *l, bool on)
{
    l->enabled = on;
    if (!on)
        l->count = l->reload = 0;
}

/* After a change of mode: the next event in the new one, until the reset comes. */
static void frame_seek(struct apu *a, u64 clk)
{
    const struct frame_step *s = frame_steps[a->pal][a->five_step];

    for (a->frame_step = 0; s[a->frame_step].at + a->frame_zero < clk; a->frame_step++) {
        if (s[a->frame_step].what & WRAP) {
            a->frame_zero = clk;
            a->frame_step = 0;
            return;
        }
    }
}

static void write_frame(struct apu *a, u8 v, u64 clk)
{
    a->last_4017 = v;
    a->five_step = v >> 7;
    a->irq_inhibit = v >> 6 & 1;
    if (a->irq_inhibit)
        a->frame_flag = a->irq_frame = false;
    frame_seek(a, clk);
    a->frame_reset_at = clk + (apu_is_put(clk) ? 2 : 3);
    if (a->five_step)
        clock_units(a, QUARTER | HALF);
}

void apu_write(struct apu *a, unsigned reg, u8 value, u64 clk)
{
    apu_run(a, clk);
    switch (reg) {
    case 0x00 ... 0x03: write_pulse(&a->pulse[0], reg, value); break;
    case 0x04 ... 0x07: write_pulse(&a->pulse[1], reg - 4, value); break;
    case 0x08 ... 0x0b: write_triangle(&a->triangle, reg - 8, value); break;
    case 0x0c ... 0x0f: write_noise(&a->noise, reg - 12, value); break;
    case 0x10 ... 0x13: dmc_write(a, reg - 16, value); break;
    case 0x15:
        enable_length(&a->pulse[0].len, value & 1);
        enable_length(&a->pulse[1].len, value & 2);
        enable_length(&a->triangle.len, value & 4);
        enable_length(&a->noise.len, value & 8);
        dmc_enable(a, value & 16, clk);
        break;
    case 0x17: write_frame(a, value, clk); break;
    default: return;
    }
    apu_run(a, clk + 1);
}

u8 apu_status_peek(const struct apu *a)
{
    return (u8)((a->pulse[0].len.count ? 1 : 0) | (a->pulse[1].len.count ? 2 : 0) |
                (a->triangle.len.count ? 4 : 0) | (a->noise.len.count ? 8 : 0) |
                (a->dmc.remaining ? 16 : 0) | (a->frame_flag ? 64 : 0) | (a->irq_dmc ? 128 : 0));
}

u8 apu_status_read(struct apu *a, u64 clk)
{
    u8 v;

    apu_run(a, clk);
    v = apu_status_peek(a);
    a->flag_clear_at = clk + (apu_is_put(clk) ? 0 : 1);
    apu_run(a, clk + 1);
    return v;
}

/* What a write to a register left for a later step: a few cycles ahead, or nothing. */
static bool is_ahead(const struct apu *a, u64 at)
{
    return at == EVENT_NEVER || (at >= a->clk && at - a->clk < 8);
}

static int times_loaded(const struct apu *a, struct err *e)
{
    const struct {
        const char *name;
        u64 at;
    } times[] = { { "frame_reset_at", a->frame_reset_at },
                  { "flag_clear_at", a->flag_clear_at },
                  { "dmc.enable_at", a->dmc.enable_at },
                  { "dmc.load_at", a->dmc.load_at } };

    for (unsigned i = 0; i < ARRAY_SIZE(times); i++)
        if (!is_ahead(a, times[i].at))
            return err_set(e, ERR_FORMAT, "%s: %llu is not soon after clk, %llu", times[i].name,
                           (unsigned long long)times[i].at, (unsigned long long)a->clk);
    if (a->dmc.got > a->clk)
        return err_set(e, ERR_FORMAT, "dmc.got: later than clk");
    return 0;
}

int apu_loaded(void *apu, struct err *e)
{
    struct apu *a = apu;

    if (a->frame_step && frame_steps[a->pal][a->five_step][a->frame_step - 1].what & WRAP)
        return err_set(e, ERR_FORMAT, "frame_step: %u is behind the last", a->frame_step);
    if (a->frame_zero > a->clk || a->clk - a->frame_zero > frame_next(a)->at)
        return err_set(e, ERR_FORMAT, "frame_zero: %llu is not where frame_step and clk say",
                       (unsigned long long)a->frame_zero);
    if (times_loaded(a, e))
        return -(int)e->code;
    set_deadline(a);
    return 0;
}

void apu_power(struct apu *a)
{
    for (unsigned i = 0; i < 2; i++)
        a->pulse[i].timer = 2;
    a->triangle.timer = 1;
    a->noise.timer = 2;
    a->noise.lfsr = 1;
    a->frame_reset_at = a->flag_clear_at = EVENT_NEVER;
    dmc_power(a);
    set_deadline(a);
}

void apu_reset(struct apu *a, u64 clk)
{
    apu_write(a, 0x15, 0, clk);
    a->irq_frame = a->frame_flag = a->irq_dmc = false;
    apu_write(a, 0x17, a->last_4017, clk + 1);
    a->triangle.phase = 0;
    a->dmc.level &= 1;
}
