#include "kinds/nes/chips/n163_sound.h"

#include "kinds/nes/chips/chip_test.h"

enum { UNIT = N163_UNIT_12_DB };

static void power(void *chip)
{
    n163_sound_power(chip);
}

static void run(void *chip, struct synth *out, u64 clk)
{
    n163_sound_run(chip, out, UNIT, clk);
}

/* Volumes are often 0, so that silence is met too. */
static void poke(void *chip, struct synth *out, u32 random, u64 clk)
{
    struct n163_sound *n = chip;
    unsigned at = random >> 8 & 127;

    n163_sound_run(n, out, UNIT, clk);
    if (random >> 16 & 31)
        n->ram[at] = (u8)(at >= 64 && at % 8 == 7 && random >> 28 ? random & 0x70 : random);
    else
        n163_sound_switch(n, out, UNIT, random >> 24 & 1, clk);
}

static const struct chip n163 = {
    sizeof(struct n163_sound), n163_sound_fields, power, NULL, run, poke
};

static void set(struct n163_sound *n, unsigned channel, u32 frequency, unsigned length, u8 address,
                u8 volume)
{
    u8 *r = n->ram + 0x40 + channel * 8;

    r[0] = (u8)frequency;
    r[2] = (u8)(frequency >> 8);
    r[4] = (u8)((256 - length) | frequency >> 16);
    r[6] = address;
    r[7] = (r[7] & 0x70) | volume;
}

/* A wave of 32 samples, half 0 and half 15, moves by a quarter sample every 15 cycles. */
static void one_channel(void **state)
{
    struct n163_sound n;
    unsigned high = 0, low = 0;
    u64 clk = 0, period = 32 * 4 * 15;

    (void)state;
    n163_sound_power(&n);
    memset(n.ram + 8, 0xff, 8); /* samples 16..31 */
    set(&n, 7, 0x4000, 32, 0, 15);
    for (n163_sound_run(&n, NULL, UNIT, clk = 15); clk < 15 + 10 * period;) {
        high += n.level == 7 * 15;
        low += n.level == -8 * 15;
        n163_sound_run(&n, NULL, UNIT, ++clk);
    }
    assert_int_equal(high, 5 * period);
    assert_int_equal(low, 5 * period);
}

/* The phase is in the RAM, 24 bits, and wraps at the wave's end; the longest wave is 256. */
static void phase(void **state)
{
    struct n163_sound n;
    u8 *r = n.ram + 0x78;

    (void)state;
    n163_sound_power(&n);
    set(&n, 7, 0x12345, 4, 0, 1);
    n163_sound_run(&n, NULL, UNIT, 3 * 15);
    assert_int_equal(r[5] << 16 | r[3] << 8 | r[1], 3 * 0x12345 % 0x40000);
    n163_sound_run(&n, NULL, UNIT, 4 * 15);
    assert_int_equal(r[5] << 16 | r[3] << 8 | r[1], 4 * 0x12345 % 0x40000);
    n163_sound_power(&n);
    set(&n, 7, 0x3ffff, 256, 0, 1);
    n163_sound_run(&n, NULL, UNIT, 100 * 15);
    assert_int_equal(r[5] << 16 | r[3] << 8 | r[1], 100 * 0x3ffff % 0x1000000);
}

/* Low nibble first; the address counts samples, and may lead round the RAM's end. */
static void waves(void **state)
{
    struct n163_sound n;

    (void)state;
    n163_sound_power(&n);
    n.ram[1] = 0x9c;
    for (unsigned k = 0; k < 2; k++) {
        n.ram[0x7d] = 0; /* phase */
        set(&n, 7, 0, 4, (u8)(2 + k), 3);
        n163_sound_run(&n, NULL, UNIT, (k + 1) * 15);
        assert_int_equal(n.level, ((k ? 9 : 12) - 8) * 3);
    }
    set(&n, 7, 0, 256, 250, 3);
    n.ram[0x7d] = 8; /* 250 + 8 is sample 2 */
    n163_sound_run(&n, NULL, UNIT, 3 * 15);
    assert_int_equal(n.level, (12 - 8) * 3);
}

/* Three channels take turns, the last one first. */
static void turns(void **state)
{
    struct n163_sound n;

    (void)state;
    n163_sound_power(&n);
    n.ram[0] = 0xff;
    n.ram[0x7f] = 2 << 4;
    for (unsigned c = 4; c < 8; c++)
        set(&n, c, 0, 4, 0, (u8)c);
    for (unsigned turn = 0; turn < 9; turn++) {
        n163_sound_run(&n, NULL, UNIT, (turn + 1) * 15);
        assert_int_equal(n.level, 7 * (7 - (int)turn % 3));
    }
    n163_sound_switch(&n, NULL, UNIT, true, 9 * 15);
    n163_sound_run(&n, NULL, UNIT, 100 * 15);
    assert_int_equal(n.level, 0);
}

static void spans(void **state)
{
    (void)state;
    chip_check_spans(&n163);
}

static void save(void **state)
{
    (void)state;
    chip_check_save(&n163);
}

static void damage(void **state)
{
    (void)state;
    chip_check_damage(&n163);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_channel), cmocka_unit_test(phase), cmocka_unit_test(waves),
        cmocka_unit_test(turns),       cmocka_unit_test(spans), cmocka_unit_test(save),
        cmocka_unit_test(damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
