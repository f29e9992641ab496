#include "kinds/nes/chips/vrc6_sound.h"

#include "kinds/nes/chips/chip_test.h"

static void power(void *chip)
{
    vrc6_sound_power(chip);
}

static int loaded(void *chip, struct err *e)
{
    return vrc6_sound_loaded(chip, e);
}

static void run(void *chip, struct synth *out, u64 clk)
{
    vrc6_sound_run(chip, out, clk);
}

static void poke(void *chip, struct synth *out, u32 random, u64 clk)
{
    unsigned reg = random >> 8 & 3;

    if (reg == 3 && random >> 12 & 15) /* seldom */
        reg = 2;
    vrc6_sound_write(chip, out, (random >> 10) % 3, reg, (u8)random, clk);
}

static const struct chip vrc6 = {
    sizeof(struct vrc6_sound), vrc6_sound_fields, power, loaded, run, poke
};

/* Cycles in which the DAC is at `level`, of the next `count`. */
static unsigned cycles_at(struct vrc6_sound *v, u64 *clk, unsigned count, unsigned level)
{
    unsigned n = 0;

    while (count--) {
        vrc6_sound_run(v, NULL, ++*clk);
        n += v->dac == level;
    }
    return n;
}

static void set(struct vrc6_sound *v, unsigned channel, u8 control, unsigned period, u64 clk)
{
    vrc6_sound_write(v, NULL, channel, 0, control, clk);
    vrc6_sound_write(v, NULL, channel, 1, (u8)period, clk);
    vrc6_sound_write(v, NULL, channel, 2, (u8)(0x80 | period >> 8), clk);
}

static void pulses(void **state)
{
    (void)state;
    for (unsigned duty = 0; duty < 8; duty++)
        for (unsigned period = 0; period < 300; period += 37) {
            unsigned length = 16 * (period + 1);
            struct vrc6_sound v;
            u64 clk = 0;

            vrc6_sound_power(&v);
            set(&v, 1, (u8)(duty << 4 | 9), period, 0);
            for (unsigned i = 0; i < 3; i++)
                assert_int_equal(cycles_at(&v, &clk, length, 9), (duty + 1) * (period + 1));
            vrc6_sound_write(&v, NULL, 1, 0, 0x80 | 5, clk); /* always on */
            assert_int_equal(cycles_at(&v, &clk, length, 5), length);
            vrc6_sound_write(&v, NULL, 1, 2, 0, clk);
            assert_int_equal(cycles_at(&v, &clk, length, 0), length);
        }
}

static void both_add(void **state)
{
    struct vrc6_sound v;

    (void)state;
    vrc6_sound_power(&v);
    set(&v, 0, 0x8f, 1, 0);
    set(&v, 1, 0x8c, 1, 0);
    assert_int_equal(v.dac, 27);
}

/* Six additions and a reset, each for two clocks of the divider. */
static void sawtooth(void **state)
{
    static const u8 rates[] = { 8, 42, 63 };

    (void)state;
    for (unsigned r = 0; r < sizeof rates; r++) {
        unsigned period = 9;
        struct vrc6_sound v;
        u64 clk = 0;

        vrc6_sound_power(&v);
        set(&v, 2, rates[r], period, 0);
        vrc6_sound_run(&v, NULL, clk = 1); /* the divider began with 1 */
        for (unsigned step = 1; step < 5 * 14; step++) {
            u8 sum = (u8)(step % 14 / 2 * rates[r]);

            assert_int_equal(cycles_at(&v, &clk, period, sum >> 3), period);
            vrc6_sound_run(&v, NULL, ++clk);
        }
        vrc6_sound_write(&v, NULL, 2, 2, 0, clk);
        assert_int_equal(v.saw.accumulator, 0);
        assert_int_equal(v.dac, 0);
    }
}

static void speeds(void **state)
{
    static const struct {
        u8 value;
        unsigned length;
    } cases[] = { { 0, 16 * 0xa90 }, { 2, 16 * 0xa9 }, { 4, 16 * 0xb }, { 6, 16 * 0xb } };

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct vrc6_sound v;
        u64 clk = 0;

        vrc6_sound_power(&v);
        vrc6_sound_write(&v, NULL, 0, 3, cases[i].value, 0);
        set(&v, 0, 0x7f, 0xa8f, 0);
        for (unsigned n = 0; n < 2; n++)
            assert_int_equal(cycles_at(&v, &clk, cases[i].length, 15), cases[i].length / 2);
        vrc6_sound_write(&v, NULL, 0, 3, 1, clk); /* halt: it stays as it is */
        assert_int_equal(cycles_at(&v, &clk, 100000, v.dac), 100000);
    }
}

/* Clearing and setting the enable bit starts the duty cycle again. */
static void phase_reset(void **state)
{
    struct vrc6_sound v;
    u64 clk = 0;

    (void)state;
    vrc6_sound_power(&v);
    set(&v, 0, 0x7f, 99, 0);
    cycles_at(&v, &clk, 1250, 0);
    assert_int_not_equal(v.pulse[0].step, 15);
    vrc6_sound_write(&v, NULL, 0, 2, 0, clk);
    vrc6_sound_write(&v, NULL, 0, 2, 0x80, clk);
    assert_int_equal(v.pulse[0].step, 15);
}

static void spans(void **state)
{
    (void)state;
    chip_check_spans(&vrc6);
}

static void save(void **state)
{
    (void)state;
    chip_check_save(&vrc6);
}

static void damage(void **state)
{
    (void)state;
    chip_check_damage(&vrc6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pulses), cmocka_unit_test(both_add),    cmocka_unit_test(sawtooth),
        cmocka_unit_test(speeds), cmocka_unit_test(phase_reset), cmocka_unit_test(spans),
        cmocka_unit_test(save),   cmocka_unit_test(damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
