/* Facts: NESdev ("VRC7 audio": registers, instruments, test bits); the YM2413's manual; what its
 * die and measurements have shown of envelope steps and tables, as is common knowledge by now. */
#include "kinds/nes/chips/vrc7_sound.h"

#include "kinds/nes/chips/vrc7_tables.h"
#include "kinds/nes/span.h"

#include <string.h>

FIELD_TABLE(vrc7_slot, 1, VRC7_SLOT)
FIELD_TABLE(vrc7_channel, 1, VRC7_CHANNEL)
FIELD_TABLE(vrc7_sound, 1, VRC7_SOUND)

enum { SAMPLE_CYCLES = 36, PHASE_BITS = 19, SILENT = 124, MUTE = 127, DAMP_RATE = 12 };
enum { TREMOLO_END = 210 * 64, VIBRATO_END = 8 * 1024 };
enum { MODULATOR, CARRIER };

/* $0F */
enum { TEST = 0x0f, TEST_LOUD = 1, TEST_LFO_ZERO = 2, TEST_PHASE_ZERO = 4, TEST_LFO_FAST = 8 };

/* The instruments in ROM, registers $00-$07 each; number 0 is the program's own. */
static const u8 instruments[16][8] = {
    { 0 },
    { 0x03, 0x21, 0x05, 0x06, 0xe8, 0x81, 0x42, 0x27 },
    { 0x13, 0x41, 0x14, 0x0d, 0xd8, 0xf6, 0x23, 0x12 },
    { 0x11, 0x11, 0x08, 0x08, 0xfa, 0xb2, 0x20, 0x12 },
    { 0x31, 0x61, 0x0c, 0x07, 0xa8, 0x64, 0x61, 0x27 },
    { 0x32, 0x21, 0x1e, 0x06, 0xe1, 0x76, 0x01, 0x28 },
    { 0x02, 0x01, 0x06, 0x00, 0xa3, 0xe2, 0xf4, 0xf4 },
    { 0x21, 0x61, 0x1d, 0x07, 0x82, 0x81, 0x11, 0x07 },
    { 0x23, 0x21, 0x22, 0x17, 0xa2, 0x72, 0x01, 0x17 },
    { 0x35, 0x11, 0x25, 0x00, 0x40, 0x73, 0x72, 0x01 },
    { 0xb5, 0x01, 0x0f, 0x0f, 0xa8, 0xa5, 0x51, 0x02 },
    { 0x17, 0xc1, 0x24, 0x07, 0xf8, 0xf8, 0x22, 0x12 },
    { 0x71, 0x23, 0x11, 0x06, 0x65, 0x74, 0x18, 0x16 },
    { 0x01, 0x02, 0xd3, 0x05, 0xc9, 0x95, 0x03, 0x02 },
    { 0x61, 0x63, 0x0c, 0x00, 0x94, 0xc0, 0x33, 0xf6 },
    { 0x21, 0x72, 0x0d, 0x00, 0xc1, 0xd5, 0x56, 0x06 },
};

/* ---- what the registers mean ---- */

static unsigned frequency(const struct vrc7_sound *v, unsigned c)
{
    return (v->reg[0x20 + c] & 1u) << 8 | v->reg[0x10 + c];
}

static unsigned octave(const struct vrc7_sound *v, unsigned c)
{
    return v->reg[0x20 + c] >> 1 & 7;
}

static bool key_is_on(const struct vrc7_sound *v, unsigned c)
{
    return v->reg[0x20 + c] & 0x10;
}

/* Attenuation by the key, in 0.375 dB: 1.5, 3 or 6 dB per octave for the register's two bits. */
static unsigned key_level(unsigned freq, unsigned oct, unsigned scale)
{
    static const u8 by_frequency[16] = { 0,  32, 40, 45, 48, 51, 53, 55,
                                         56, 58, 59, 60, 61, 62, 63, 64 };
    int level = by_frequency[freq >> 5] - 8 * (8 - (int)oct);

    return scale && level > 0 ? (unsigned)(2 * level) >> (3 - scale) : 0;
}

static u8 effective_rate(unsigned rate, unsigned by_key)
{
    unsigned r = 4 * rate + by_key;

    return (u8)(!rate ? 0 : r > 63 ? 63 : r);
}

static void set_rates(struct vrc7_voice *o, const u8 patch[8], unsigned which, unsigned by_key,
                      bool channel_sustain)
{
    bool sustained = patch[which] & 0x20;
    unsigned release = patch[6 + which] & 15;

    o->rate[VRC7_DAMP] = effective_rate(DAMP_RATE, by_key);
    o->rate[VRC7_ATTACK] = effective_rate(patch[4 + which] >> 4, by_key);
    o->rate[VRC7_DECAY] = effective_rate(patch[4 + which] & 15, by_key);
    o->rate[VRC7_SUSTAIN] = effective_rate(sustained ? 0 : release, by_key);
    o->rate[VRC7_RELEASE] = effective_rate(channel_sustain ? 5 : sustained ? release : 7, by_key);
}

static void set_voice(struct vrc7_sound *v, unsigned c, unsigned which, const u8 patch[8])
{
    static const u8 multipliers[16] = { 1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 20, 24, 24, 30, 30 };
    struct vrc7_voice *o = &v->voice[c][which];
    unsigned freq = frequency(v, c), oct = octave(v, c);
    unsigned by_key = patch[which] & 0x10 ? oct * 2 + (freq >> 8) : oct / 2;
    unsigned own = which == CARRIER ? (v->reg[0x30 + c] & 15u) * 8 : (patch[2] & 63u) * 2;

    *o = (struct vrc7_voice) {
        .attenuation = (u8)(own + key_level(freq, oct, patch[2 + which] >> 6)),
        .sustain = patch[6 + which] >> 4,
        .multiplier = multipliers[patch[which] & 15],
        .feedback = which == MODULATOR ? patch[3] & 7 : 0,
        .half_sine = patch[3] & (which == MODULATOR ? 8 : 16),
        .tremolo = patch[which] & 0x80,
        .vibrato = patch[which] & 0x40,
    };
    set_rates(o, patch, which, by_key, v->reg[0x20 + c] & 0x20);
    if (which == MODULATOR && !key_is_on(v, c))
        memset(o->rate, 0, sizeof o->rate);
}

static void set_channel(struct vrc7_sound *v, unsigned c)
{
    unsigned number = v->reg[0x30 + c] >> 4;
    const u8 *patch = number ? instruments[number] : v->reg;

    set_voice(v, c, MODULATOR, patch);
    set_voice(v, c, CARRIER, patch);
}

/* ---- envelopes ---- */

/* Of eight ticks of an envelope's clock, those in which it moves; by the rate's low two bits. */
static const u8 moves[4][8] = {
    { 0, 1, 0, 1, 0, 1, 0, 1 },
    { 0, 1, 0, 1, 1, 1, 0, 1 },
    { 0, 1, 1, 1, 0, 1, 1, 1 },
    { 0, 1, 1, 1, 1, 1, 1, 1 },
};

static u8 falls_by(unsigned rate, unsigned shift, u32 counter)
{
    const u8 *m = moves[rate & 3];

    switch (rate >> 2) {
    case 13: return m[(counter & 12) >> 1 | (counter & 1)];
    case 14: return m[(counter & 12) >> 1] + 1;
    case 15: return 2;
    default: return m[counter >> shift & 7];
    }
}

/* The share of the attenuation that an attack takes away, as a shift; 0: none now. */
static unsigned rises_by(unsigned rate, unsigned shift, u32 counter)
{
    const u8 *m = moves[rate & 3];

    switch (rate >> 2) {
    case 12:
    case 13:
    case 14: return 16 - (rate >> 2) - m[(counter & 12) >> 1];
    case 15: return 0;
    default: return m[counter >> shift & 7] ? 4 : 0;
    }
}

static void attack(struct vrc7_slot *s, unsigned rate, u32 counter)
{
    unsigned shift = rate >> 2 < 12 ? 13 - (rate >> 2) : 0, by;

    if (!s->envelope || !rate || (counter & ((1u << shift) - 1) & ~3u))
        return;
    by = rises_by(rate, shift, counter);
    if (by)
        s->envelope = (u8)(s->envelope - (s->envelope >> by) - 1);
}

/* Whether a falling envelope's clock ticks now. */
static unsigned fall_shift(unsigned rate)
{
    return rate && rate >> 2 < 13 ? 13 - (rate >> 2) : 0;
}

static void fall(struct vrc7_slot *s, unsigned rate, u32 counter)
{
    unsigned shift = fall_shift(rate), to;

    if (!rate || (counter & ((1u << shift) - 1)))
        return;
    to = s->envelope + falls_by(rate, shift, counter);
    s->envelope = (u8)(to > MUTE ? MUTE : to);
}

/* The fastest attack takes no time. */
static void start_attack(struct vrc7_slot *s, const struct vrc7_voice *o)
{
    if (o->rate[VRC7_ATTACK] >> 2 == 15) {
        s->stage = VRC7_DECAY;
        s->envelope = 0;
    } else {
        s->stage = VRC7_ATTACK;
    }
}

/* Returns true if an attack starts. */
static bool envelope_step(struct vrc7_slot *s, const struct vrc7_voice *o, u32 counter)
{
    unsigned rate = o->rate[s->stage];

    if (s->stage == VRC7_ATTACK)
        attack(s, rate, counter);
    else
        fall(s, rate, counter);
    switch (s->stage) {
    case VRC7_DAMP:
        if (s->envelope < SILENT - 1 || (counter & ((1u << fall_shift(rate)) - 1)))
            return false;
        start_attack(s, o);
        return true;
    case VRC7_ATTACK:
        if (!s->envelope)
            s->stage = VRC7_DECAY;
        return false;
    case VRC7_DECAY:
        if (s->envelope >> 3 == o->sustain)
            s->stage = VRC7_SUSTAIN;
        return false;
    default: return false;
    }
}

/* ---- oscillators ---- */

static unsigned tremolo_level(const struct vrc7_sound *v)
{
    unsigned at = v->tremolo / 64;

    return (at <= 105 ? at : 210 - at) >> 3;
}

/* A triangle as deep as the frequency's upper three bits say. */
static int vibrato_bend(const struct vrc7_sound *v, unsigned freq)
{
    int depth = (int)(freq >> 6), at = v->vibrato / 1024;
    int bend = at & 1 ? depth >> 1 : at & 2 ? depth : 0;

    return at & 4 ? -bend : bend;
}

static void advance_phase(struct vrc7_sound *v, unsigned c, struct vrc7_slot *s,
                          const struct vrc7_voice *o)
{
    unsigned freq = frequency(v, c);
    int bend = o->vibrato ? vibrato_bend(v, freq) : 0;
    u32 step = ((u32)((int)freq * 2 + bend) * o->multiplier) << octave(v, c) >> 2;

    s->phase = (s->phase + step) & ((1u << PHASE_BITS) - 1);
    if (v->reg[TEST] & TEST_PHASE_ZERO)
        s->phase = 0;
}

/* The operator's output, 13 bits with sign, its phase bent by `bend` of 1024. */
static s16 output(const struct vrc7_sound *v, const struct vrc7_slot *s, const struct vrc7_voice *o,
                  int bend)
{
    bool loud = v->reg[TEST] & TEST_LOUD;
    unsigned at = ((s->phase >> (PHASE_BITS - 10)) + (unsigned)bend) & 1023;
    unsigned quarter = at & 256 ? 255 - (at & 255) : at & 255, level;
    int value;

    if ((s->envelope >= SILENT && !loud) || (o->half_sine && at & 512))
        return 0;
    level = (loud ? 0u : s->envelope) + o->attenuation + (o->tremolo ? tremolo_level(v) : 0);
    level = log_sine[quarter] + ((level > MUTE ? MUTE : level) << 4);
    value = power[level & 255] >> (level >> 8);
    return (s16)((at & 512 ? ~value : value) * 2);
}

/* ---- samples ---- */

static bool is_silent(const struct vrc7_sound *v, unsigned c)
{
    const struct vrc7_slot *s = &v->channel[c].carrier;

    return s->stage == VRC7_RELEASE && s->envelope >= SILENT && !(v->reg[TEST] & TEST_LOUD);
}

static void channel_sample(struct vrc7_sound *v, unsigned c)
{
    struct vrc7_slot *m = &v->channel[c].modulator, *s = &v->channel[c].carrier;
    const struct vrc7_voice *mo = &v->voice[c][MODULATOR], *so = &v->voice[c][CARRIER];
    int feedback;

    envelope_step(m, mo, v->counter);
    advance_phase(v, c, m, mo);
    if (envelope_step(s, so, v->counter))
        s->phase = m->phase = 0;
    advance_phase(v, c, s, so);
    feedback = mo->feedback ? (m->out[0] + m->out[1]) >> (9 - mo->feedback) : 0;
    m->out[1] = m->out[0];
    m->out[0] = output(v, m, mo, feedback);
    s->out[0] = output(v, s, so, m->out[0]);
}

/* The DACs: 9 bits of each channel. */
static s32 dac(const struct vrc7_sound *v)
{
    s32 sum = 0;

    for (unsigned c = 0; c < VRC7_CHANNELS; c++)
        if (!is_silent(v, c))
            sum += v->channel[c].carrier.out[0] >> 4;
    return v->reset ? 0 : sum;
}

static void mix(struct vrc7_sound *v, struct synth *out, u64 clk)
{
    s32 now = dac(v);

    if (now != v->dac && out)
        synth_step(out, clk, VRC7_SOUND_UNIT * (now - v->dac));
    v->dac = now;
}

static void count_samples(struct vrc7_sound *v, u64 samples)
{
    bool fast = v->reg[TEST] & TEST_LFO_FAST, zero = v->reg[TEST] & TEST_LFO_ZERO;

    v->counter += (u32)samples;
    v->tremolo = (u16)(zero || v->reset ? 0
                                        : (v->tremolo + samples * (fast ? 64 : 1)) % TREMOLO_END);
    v->vibrato = (u16)(zero ? 0 : (v->vibrato + samples * (fast ? 1024 : 1)) % VIBRATO_END);
}

static bool all_silent(const struct vrc7_sound *v)
{
    for (unsigned c = 0; c < VRC7_CHANNELS; c++)
        if (!is_silent(v, c))
            return false;
    return true;
}

void vrc7_sound_run(struct vrc7_sound *v, struct synth *out, u64 clk)
{
    u64 left = span_left(&v->clk, clk);

    v->clk = clk;
    while (left >= v->wait) {
        if (v->reset || all_silent(v)) {
            count_samples(v, span_pass(&v->wait, left, SAMPLE_CYCLES));
            return;
        }
        left -= v->wait;
        v->wait = SAMPLE_CYCLES;
        count_samples(v, 1);
        for (unsigned c = 0; c < VRC7_CHANNELS; c++)
            if (!is_silent(v, c))
                channel_sample(v, c);
        mix(v, out, clk - left - 1);
    }
    v->wait -= (u32)left;
}

/* ---- registers ---- */

static void key(struct vrc7_sound *v, unsigned c, bool on)
{
    struct vrc7_channel *channel = &v->channel[c];

    if (!on) {
        channel->carrier.stage = VRC7_RELEASE;
        return;
    }
    if (is_silent(v, c))
        channel->carrier.out[0] = 0;
    channel->modulator.stage = channel->carrier.stage = VRC7_DAMP;
}

void vrc7_sound_select(struct vrc7_sound *v, u8 value)
{
    if (!v->reset)
        v->address = value;
}

void vrc7_sound_write(struct vrc7_sound *v, struct synth *out, u8 value, u64 clk)
{
    unsigned r = v->address, c = r & 15;
    bool was_on;

    vrc7_sound_run(v, out, clk);
    if (v->reset || r >= sizeof v->reg)
        return;
    if (r < 8 || r == TEST) {
        v->reg[r] = value;
        for (c = 0; c < VRC7_CHANNELS; c++)
            set_channel(v, c);
    } else if (r >= 0x10 && c < VRC7_CHANNELS) {
        was_on = key_is_on(v, c);
        v->reg[r] = value;
        set_channel(v, c);
        if (key_is_on(v, c) != was_on)
            key(v, c, !was_on);
    }
    mix(v, out, clk);
}

/* ---- life ---- */

/* All but the counters that go on. */
static void clear(struct vrc7_sound *v)
{
    memset(v->reg, 0, sizeof v->reg);
    v->address = 0;
    v->tremolo = 0;
    for (unsigned c = 0; c < VRC7_CHANNELS; c++) {
        struct vrc7_slot off = { .stage = VRC7_RELEASE, .envelope = MUTE };

        v->channel[c].modulator = v->channel[c].carrier = off;
        set_channel(v, c);
    }
}

void vrc7_sound_reset(struct vrc7_sound *v, struct synth *out, bool held, u64 clk)
{
    vrc7_sound_run(v, out, clk);
    if (held && !v->reset)
        clear(v);
    v->reset = held;
    mix(v, out, clk);
}

void vrc7_sound_power(struct vrc7_sound *v)
{
    *v = (struct vrc7_sound) { .wait = SAMPLE_CYCLES };
    clear(v);
}

int vrc7_sound_loaded(struct vrc7_sound *v, struct err *e)
{
    (void)e;
    for (unsigned c = 0; c < VRC7_CHANNELS; c++)
        set_channel(v, c);
    v->dac = dac(v);
    return 0;
}
