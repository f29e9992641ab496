#include "kinds/nes/chips/mmc5_sound.h"

#include "kinds/nes/chips/chip_test.h"

static void power(void *chip)
{
    mmc5_sound_power(chip);
}

static int loaded(void *chip, struct err *e)
{
    return mmc5_sound_loaded(chip, e);
}

static void run(void *chip, struct synth *out, u64 clk)
{
    mmc5_sound_run(chip, out, clk);
}

static void poke(void *chip, struct synth *out, u32 random, u64 clk)
{
    unsigned reg = random >> 8 & 31;

    if (reg > 24)
        mmc5_sound_listen(chip, out, (u8)random, clk);
    else
        mmc5_sound_write(chip, out, (u16)(0x5000 + reg), (u8)(reg == 0x15 ? 3 : random), clk);
}

static const struct chip mmc5 = {
    sizeof(struct mmc5_sound), mmc5_sound_fields, power, loaded, run, poke
};

static void write(struct mmc5_sound *m, u16 addr, u8 value, u64 clk)
{
    mmc5_sound_write(m, NULL, addr, value, clk);
}

static u8 read(const struct mmc5_sound *m, u16 addr)
{
    u8 v = 0;

    assert_true(mmc5_sound_peek(m, addr, &v));
    return v;
}

/* Cycles in which the pulses put out `volume`, of the next `count`. */
static unsigned cycles_at(struct mmc5_sound *m, u64 *clk, unsigned count, unsigned volume)
{
    s32 wanted = MMC5_PULSE_UNIT * (s32)volume + MMC5_PCM_UNIT * m->pcm;
    unsigned n = 0;

    while (count--) {
        mmc5_sound_run(m, NULL, ++*clk);
        n += m->level == wanted;
    }
    return n;
}

/* Also the shortest periods, at which the 2A03 is silent. */
static void pulses(void **state)
{
    static const unsigned eighths[4] = { 1, 2, 4, 6 };

    (void)state;
    for (unsigned duty = 0; duty < 4; duty++)
        for (unsigned period = 0; period < 500; period += 83) {
            unsigned length = 16 * (period + 1);
            struct mmc5_sound m;
            u64 clk = 0;

            mmc5_sound_power(&m);
            write(&m, 0x5015, 2, 0);
            write(&m, 0x5004, (u8)(duty << 6 | 0x3b), 0);
            write(&m, 0x5006, (u8)period, 0);
            write(&m, 0x5007, (u8)(period >> 8), 0);
            for (unsigned i = 0; i < 3; i++)
                assert_int_equal(cycles_at(&m, &clk, length, 11), eighths[duty] * length / 8);
            write(&m, 0x5005, 0xff, clk); /* no sweep */
            assert_int_equal(cycles_at(&m, &clk, length, 11), eighths[duty] * length / 8);
            write(&m, 0x5015, 0, clk);
            assert_int_equal(cycles_at(&m, &clk, length, 0), length);
        }
}

/* Length 10 (the table's first) lasts ten ticks of 240 Hz; the loop bit halts it. */
static void lengths(void **state)
{
    struct mmc5_sound m;

    (void)state;
    mmc5_sound_power(&m);
    write(&m, 0x5003, 0, 0);
    assert_int_equal(read(&m, 0x5015), 0); /* not enabled */
    write(&m, 0x5015, 1, 0);
    write(&m, 0x5003, 0, 0);
    assert_int_equal(read(&m, 0x5015), 1);
    mmc5_sound_run(&m, NULL, 10 * 7457 - 1);
    assert_int_equal(read(&m, 0x5015), 1);
    mmc5_sound_run(&m, NULL, 10 * 7457 + 1);
    assert_int_equal(read(&m, 0x5015), 0);
    write(&m, 0x5000, 0x20, 10 * 7457 + 1);
    write(&m, 0x5003, 0, 10 * 7457 + 1);
    mmc5_sound_run(&m, NULL, 30 * 7457);
    assert_int_equal(read(&m, 0x5015), 1);
}

/* The envelope falls from 15 by 1 in every tick. */
static void envelope(void **state)
{
    struct mmc5_sound m;

    (void)state;
    mmc5_sound_power(&m);
    write(&m, 0x5015, 1, 0);
    write(&m, 0x5000, 0x00, 0);
    write(&m, 0x5003, 8, 0); /* long */
    for (unsigned tick = 1; tick < 30; tick++) {
        mmc5_sound_run(&m, NULL, tick * 7457 + 1);
        assert_int_equal(m.pulse[0].env.decay, tick > 16 ? 0 : 16 - tick);
    }
}

static void pcm(void **state)
{
    struct mmc5_sound m;
    s32 before;

    (void)state;
    mmc5_sound_power(&m);
    write(&m, 0x5011, 0x40, 10);
    assert_int_equal(m.level, MMC5_PCM_UNIT * 0x40);
    write(&m, 0x5011, 0, 20); /* not a level */
    assert_int_equal(m.pcm, 0x40);
    assert_false(mmc5_sound_irq(&m));
    write(&m, 0x5010, 0x80, 30);
    assert_true(mmc5_sound_irq(&m));
    assert_int_equal(read(&m, 0x5010) & 0x80, 0x80);
    write(&m, 0x5011, 1, 40);
    assert_false(mmc5_sound_irq(&m));
    mmc5_sound_listen(&m, NULL, 0x55, 50); /* it writes, it does not listen */
    assert_int_equal(m.pcm, 1);
    write(&m, 0x5010, 1, 60);
    write(&m, 0x5011, 0x99, 70);
    assert_int_equal(m.pcm, 1);
    mmc5_sound_listen(&m, NULL, 0x55, 80);
    assert_int_equal(m.pcm, 0x55);
    before = m.level;
    mmc5_sound_listen(&m, NULL, 0, 90);
    assert_int_equal(m.level, before);
    assert_false(mmc5_sound_irq(&m));
    write(&m, 0x5010, 0x81, 100);
    assert_true(mmc5_sound_irq(&m));
}

static void spans(void **state)
{
    (void)state;
    chip_check_spans(&mmc5);
}

static void save(void **state)
{
    (void)state;
    chip_check_save(&mmc5);
}

static void damage(void **state)
{
    (void)state;
    chip_check_damage(&mmc5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pulses), cmocka_unit_test(lengths), cmocka_unit_test(envelope),
        cmocka_unit_test(pcm),    cmocka_unit_test(spans),   cmocka_unit_test(save),
        cmocka_unit_test(damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
