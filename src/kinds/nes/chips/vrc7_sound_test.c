#include "kinds/nes/chips/vrc7_sound.h"

#include "kinds/nes/chips/chip_test.h"

static void power(void *chip)
{
    vrc7_sound_power(chip);
}

static int loaded(void *chip, struct err *e)
{
    return vrc7_sound_loaded(chip, e);
}

static void run(void *chip, struct synth *out, u64 clk)
{
    vrc7_sound_run(chip, out, clk);
}

static void poke(void *chip, struct synth *out, u32 random, u64 clk)
{
    u8 reg = random >> 8 & 63;

    if (!(random >> 16 & 63)) {
        vrc7_sound_reset(chip, out, random >> 24 & 1, clk);
        return;
    }
    if (reg == 15 && random >> 24 & 7) /* seldom */
        reg = 0x20;
    vrc7_sound_select(chip, reg);
    vrc7_sound_write(chip, out, (u8)random, clk);
}

static const struct chip vrc7 = {
    sizeof(struct vrc7_sound), vrc7_sound_fields, power, loaded, run, poke
};

static void set(struct vrc7_sound *v, u8 reg, u8 value, u64 clk)
{
    vrc7_sound_select(v, reg);
    vrc7_sound_write(v, NULL, value, clk);
}

/* A sine: no modulation, the fastest attack, held. */
static void set_sine(struct vrc7_sound *v)
{
    static const u8 patch[8] = { 0x21, 0x21, 0x3f, 0x00, 0xf0, 0xf0, 0x0f, 0x0f };

    for (u8 i = 0; i < 8; i++)
        set(v, i, patch[i], 0);
}

static void note(struct vrc7_sound *v, u8 channel, unsigned frequency, unsigned octave, u64 clk)
{
    set(v, 0x10 + channel, (u8)frequency, clk);
    set(v, 0x20 + channel, (u8)(0x10 | octave << 1 | frequency >> 8), clk);
}

struct heard {
    s32 low, high;
    unsigned rises; /* through zero */
};

static struct heard listen(struct vrc7_sound *v, u64 *clk, unsigned samples)
{
    struct heard h = { 0 };

    while (samples--) {
        s32 before = v->dac;

        vrc7_sound_run(v, NULL, *clk += 36);
        h.low = v->dac < h.low ? v->dac : h.low;
        h.high = v->dac > h.high ? v->dac : h.high;
        h.rises += before < 0 && v->dac >= 0;
    }
    return h;
}

/* 49716 samples are a second, and the frequency is 49716 * f / 2^(19 - octave). */
static void pitch(void **state)
{
    static const struct {
        unsigned frequency, octave;
    } notes[] = { { 290, 4 }, { 511, 3 }, { 200, 7 }, { 33, 5 } };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(notes); i++) {
        unsigned wanted = 49716 * notes[i].frequency >> (19 - notes[i].octave);
        struct vrc7_sound v;
        u64 clk = 0;

        vrc7_sound_power(&v);
        set_sine(&v);
        set(&v, 0x32, 0, 0);
        note(&v, 2, notes[i].frequency, notes[i].octave, 0);
        assert_in_range(listen(&v, &clk, 49716).rises, wanted - 1, wanted + 1);
    }
}

/* 3 dB a step; the DAC has 9 bits. */
static void volumes(void **state)
{
    static const s32 peaks[16] = { 255, 180, 127, 90, 63, 45, 31, 22, 15, 11, 7, 5, 3, 2, 1, 1 };
    struct vrc7_sound v;
    u64 clk = 0;

    (void)state;
    vrc7_sound_power(&v);
    set_sine(&v);
    note(&v, 0, 290, 4, 0);
    for (u8 volume = 0; volume < 16; volume++) {
        struct heard h;

        set(&v, 0x30, volume, clk);
        listen(&v, &clk, 400);
        h = listen(&v, &clk, 2000);
        assert_in_range(h.high, peaks[volume] - 1 < 0 ? 0 : peaks[volume] - 1, peaks[volume] + 1);
        assert_in_range(-h.low, h.high, h.high + 1);
    }
}

/* Key off releases to silence, which then costs nothing; key on plays again, each instrument. */
static void keys(void **state)
{
    (void)state;
    for (unsigned instrument = 1; instrument < 16; instrument++) {
        struct vrc7_sound v;
        struct heard h;
        u64 clk = 0;
        u32 phase;

        vrc7_sound_power(&v);
        set(&v, 0x31, (u8)(instrument << 4), 0);
        for (unsigned round = 0; round < 2; round++) {
            note(&v, 1, 300, 4, clk);
            h = listen(&v, &clk, 10000);
            assert_true(h.high > 30);
            assert_true(instrument == 8 ? h.low == 0
                                        : h.low < -30); /* its carrier is half a sine */
            set(&v, 0x21, 4 << 1 | 1, clk);
            listen(&v, &clk, 400000);
            h = listen(&v, &clk, 1000);
            assert_int_equal(h.high - h.low, 0);
        }
        phase = v.channel[1].carrier.phase;
        listen(&v, &clk, 1000);
        assert_int_equal(v.channel[1].carrier.phase, phase);
    }
}

/* Attack, decay to the sustain level, held; release. */
static void envelope(void **state)
{
    struct vrc7_sound v;
    u64 clk = 0;

    (void)state;
    vrc7_sound_power(&v);
    set_sine(&v);
    set(&v, 5, 0x85, 0);
    set(&v, 7, 0x4f, 0); /* sustain at -12 dB */
    note(&v, 0, 290, 4, 0);
    listen(&v, &clk, 20);
    assert_int_equal(v.channel[0].carrier.stage, VRC7_ATTACK);
    listen(&v, &clk, 3000);
    assert_int_equal(v.channel[0].carrier.stage, VRC7_DECAY);
    listen(&v, &clk, 30000);
    assert_int_equal(v.channel[0].carrier.stage, VRC7_SUSTAIN);
    assert_int_equal(v.channel[0].carrier.envelope, 32);
    listen(&v, &clk, 30000);
    assert_int_equal(v.channel[0].carrier.envelope, 32);
    set(&v, 0x20, 0, clk);
    assert_int_equal(v.channel[0].carrier.stage, VRC7_RELEASE);
}

static void reset(void **state)
{
    struct vrc7_sound v;
    u64 clk = 0;

    (void)state;
    vrc7_sound_power(&v);
    set_sine(&v);
    note(&v, 0, 290, 4, 0);
    listen(&v, &clk, 1000);
    vrc7_sound_reset(&v, NULL, true, clk);
    assert_int_equal(v.dac, 0);
    note(&v, 0, 290, 4, clk); /* not heard */
    assert_int_equal(v.reg[0x20] | v.reg[1], 0);
    vrc7_sound_reset(&v, NULL, false, clk);
    assert_int_equal(listen(&v, &clk, 1000).high, 0);
    set_sine(&v);
    note(&v, 0, 290, 4, clk);
    assert_in_range(listen(&v, &clk, 1000).high, 250, 255);
}

static void test_bits(void **state)
{
    struct vrc7_sound v;
    u64 clk = 0;

    (void)state;
    vrc7_sound_power(&v);
    set_sine(&v);
    set(&v, 5, 0x00, 0); /* no attack: silent */
    note(&v, 0, 290, 4, 0);
    assert_int_equal(listen(&v, &clk, 2000).high, 0);
    set(&v, 15, 1, clk);
    assert_in_range(listen(&v, &clk, 2000).high, 250, 255);
    set(&v, 15, 4, clk);
    listen(&v, &clk, 1);
    assert_int_equal(v.channel[0].carrier.phase, 0);
    set(&v, 15, 8, clk);
    v.vibrato = v.tremolo = 0;
    listen(&v, &clk, 3);
    assert_int_equal(v.vibrato, 3 * 1024);
    assert_int_equal(v.tremolo, 3 * 64);
    set(&v, 15, 2, clk);
    listen(&v, &clk, 1);
    assert_int_equal(v.vibrato | v.tremolo, 0);
}

static void spans(void **state)
{
    (void)state;
    chip_check_spans(&vrc7);
}

static void save(void **state)
{
    (void)state;
    chip_check_save(&vrc7);
}

static void damage(void **state)
{
    (void)state;
    chip_check_damage(&vrc7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pitch),    cmocka_unit_test(volumes), cmocka_unit_test(keys),
        cmocka_unit_test(envelope), cmocka_unit_test(reset),   cmocka_unit_test(test_bits),
        cmocka_unit_test(spans),    cmocka_unit_test(save),    cmocka_unit_test(damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
