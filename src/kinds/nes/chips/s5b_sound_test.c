#include "kinds/nes/chips/s5b_sound.h"

#include "kinds/nes/chips/chip_test.h"

static void power(void *chip)
{
    s5b_sound_power(chip);
}

static int loaded(void *chip, struct err *e)
{
    return s5b_sound_loaded(chip, e);
}

static void run(void *chip, struct synth *out, u64 clk)
{
    s5b_sound_run(chip, out, clk);
}

static void poke(void *chip, struct synth *out, u32 random, u64 clk)
{
    u8 reg = random >> 8 & 15;

    s5b_sound_select(chip, random >> 12 & 15 ? reg : 0x80 | reg);
    if (reg < 6 && reg & 1)
        random &= 0xf0f0f001; /* tones that can be heard */
    if (reg == 12)
        random &= 0xff000000; /* and envelopes that move */
    s5b_sound_write(chip, out, (u8)random, clk);
}

static const struct chip s5b = {
    sizeof(struct s5b_sound), s5b_sound_fields, power, loaded, run, poke
};

static void set(struct s5b_sound *s, u8 reg, u8 value, u64 clk)
{
    s5b_sound_select(s, reg);
    s5b_sound_write(s, NULL, value, clk);
}

/* 1.5 dB a step: 20 steps are a factor of 31.62, and no step differs by more than rounding. */
static void dac(void **state)
{
    (void)state;
    assert_int_equal(s5b_dac[0] | s5b_dac[1], 0);
    for (unsigned i = 3; i < 32; i++) {
        u32 scaled = s5b_dac[i] * 10000u / s5b_dac[i - 1];

        assert_in_range(scaled, 11885 - 60, 11885 + 60);
    }
    for (unsigned i = 2; i < 12; i++)
        assert_in_range(s5b_dac[i + 20] * 1000u / s5b_dac[i], 31623 - 120, 31623 + 120);
}

/* A tone's half lasts 16 times its period; period 0 is as good as 1. */
static void tones(void **state)
{
    (void)state;
    for (unsigned channel = 0; channel < 3; channel++)
        for (unsigned period = 0; period < 0x1000; period = period * 5 + 1) {
            u64 clk = 0, half = 16 * (period ? period : 1), high = 0, low = 0;
            struct s5b_sound s;

            s5b_sound_power(&s);
            set(&s, (u8)(2 * channel), (u8)period, 0);
            set(&s, (u8)(2 * channel + 1), (u8)(period >> 8), 0);
            set(&s, 7, 0x38, 0);
            set(&s, (u8)(8 + channel), 12, 0);
            s5b_sound_run(&s, NULL, clk = half); /* it begins low */
            while (clk < half * 5) {
                high += s.level == s5b_dac[25];
                low += s.level == 0;
                s5b_sound_run(&s, NULL, ++clk);
            }
            assert_int_equal(high, 2 * half);
            assert_int_equal(low, 2 * half);
        }
}

/* With both generators off a channel is a plain DAC; volume 0 is silence. */
static void mixer(void **state)
{
    struct s5b_sound s;

    (void)state;
    s5b_sound_power(&s);
    set(&s, 7, 0x3f, 0);
    for (u8 v = 0; v < 16; v++) {
        set(&s, 8, v, 10 + v);
        set(&s, 9, v, 10 + v);
        assert_int_equal(s.level, v ? 2u * s5b_dac[2 * v + 1] : 0);
    }
    s5b_sound_select(&s, 0x18); /* no such register */
    s5b_sound_write(&s, NULL, 0, 50);
    assert_int_equal(s.reg[8], 15);
}

/* A bit each 32 cycles for period 1 and 0; the sequence of 17 bits repeats after 131071. */
static void noise(void **state)
{
    struct s5b_sound s;

    (void)state;
    s5b_sound_power(&s);
    set(&s, 6, 0, 0);
    for (u32 bit = 1, first = s.lfsr; bit < 131072; bit++) {
        s5b_sound_run(&s, NULL, bit * 32ull - 1);
        if (bit > 1)
            assert_int_not_equal(s.lfsr, first);
        s5b_sound_run(&s, NULL, bit * 32ull + 1);
    }
    assert_int_equal(s.lfsr, 1);
    set(&s, 6, 31, 131071 * 32ull + 1);
    s5b_sound_run(&s, NULL, 131071 * 32ull + 31 * 32 - 1);
    assert_int_equal(s.lfsr, 1);
    s5b_sound_run(&s, NULL, 131071 * 32ull + 31 * 32 + 1);
    assert_int_not_equal(s.lfsr, 1);
}

/* What each shape is after n steps; 'u' up, 'd' down, '0' and '1' hold. */
static void envelopes(void **state)
{
    static const char *const shapes[16] = {
        "d00", "d00", "d00", "d00", "u00", "u00", "u00", "u00",
        "ddd", "d00", "dud", "d11", "uuu", "u11", "udu", "u00"
    };

    (void)state;
    for (unsigned shape = 0; shape < 16; shape++) {
        struct s5b_sound s;

        s5b_sound_power(&s);
        set(&s, 7, 0x3f, 0);
        set(&s, 8, 0x10, 0);
        set(&s, 11, 3, 0);
        set(&s, 13, (u8)shape, 0);
        for (unsigned step = 0; step < 96; step++) {
            unsigned at = step % 32;
            char what = shapes[shape][step / 32];
            unsigned level = what == 'u' ? at : what == 'd' ? 31 - at : what == '1' ? 31 : 0;

            s5b_sound_run(&s, NULL, (step + 1) * 16 * 3 - 1); /* just before the next step */
            assert_int_equal(s.level, s5b_dac[level]);
        }
    }
}

static void spans(void **state)
{
    (void)state;
    chip_check_spans(&s5b);
}

static void save(void **state)
{
    (void)state;
    chip_check_save(&s5b);
}

static void damage(void **state)
{
    (void)state;
    chip_check_damage(&s5b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dac),   cmocka_unit_test(tones),     cmocka_unit_test(mixer),
        cmocka_unit_test(noise), cmocka_unit_test(envelopes), cmocka_unit_test(spans),
        cmocka_unit_test(save),  cmocka_unit_test(damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
