/* The sound of cartridges as the CPU reaches it: addresses, the lines they share with other
 * registers, interrupts, batteries. */
#include "kinds/nes/boards/boards.h"
#include "kinds/nes/chips/n163_sound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HEADER = 16, PRG = 0x8000, CHR = 0x2000, IMAGE = HEADER + PRG + CHR };

struct rig {
    struct cpu_pages pages;
    struct cart cart;
    struct synth *synth;
};

/* An NES 2.0 cartridge whose program ROM holds its own addresses' low bytes. */
static void rig_init(struct rig *r, unsigned mapper, unsigned submapper, bool battery)
{
    u8 *image = calloc(1, IMAGE);
    struct err e;

    assert_non_null(image);
    *r = (struct rig) { .synth = calloc(1, sizeof *r->synth) };
    assert_non_null(r->synth);
    memcpy(image, "NES\x1a\x02\x01", 6);
    image[6] = (u8)(mapper << 4 | (battery ? 2 : 0));
    image[7] = (u8)((mapper & 0xf0) | 8);
    image[8] = (u8)(submapper << 4);
    for (unsigned i = 0; i < PRG; i++)
        image[HEADER + i] = (u8)i;
    assert_int_equal(cart_init(&r->cart, image, IMAGE, &r->pages, &e), 0);
    free(image);
    cart_power(&r->cart);
    synth_init(r->synth, 1789773, 1, r->cart.gain);
    r->cart.synth = r->synth;
}

static void rig_fini(struct rig *r)
{
    cart_fini(&r->cart);
    free(r->synth);
}

static void put(struct rig *r, u16 addr, u8 value, u64 clk)
{
    r->cart.ops->write(&r->cart, addr, value, clk);
}

static bool get(struct rig *r, u16 addr, u8 *value, u64 clk)
{
    const u8 *page = r->pages.read[addr >> CPU_PAGE_SHIFT];

    if (page) {
        *value = page[addr & ((1 << CPU_PAGE_SHIFT) - 1)];
        return true;
    }
    return r->cart.ops->read(&r->cart, addr, clk, value);
}

/* Whether anything is heard until clk. */
static bool sounds(struct rig *r, u64 clk)
{
    memset(r->synth->delta, 0, sizeof r->synth->delta);
    r->cart.ops->run(&r->cart, clk);
    for (unsigned i = 0; i < ARRAY_SIZE(r->synth->delta); i++)
        if (r->synth->delta[i])
            return true;
    return false;
}

/* $9001 and $9002 change places on the board of mapper 26; mirroring stays at $B003. */
static void vrc6_addresses(void **state)
{
    (void)state;
    for (unsigned swapped = 0; swapped < 2; swapped++) {
        u16 low = swapped ? 0x9002 : 0x9001, high = swapped ? 0x9001 : 0x9002;
        struct rig r;

        rig_init(&r, swapped ? 26 : 24, 0, false);
        put(&r, 0xb003, 0x20, 10);
        put(&r, 0x9000, 0x7f, 10);
        put(&r, low, 0x80, 10); /* not the enable bit */
        assert_false(sounds(&r, 10000));
        put(&r, high, 0x80, 10000);
        assert_true(sounds(&r, 20000));
        put(&r, 0x9003, 1, 20000);
        assert_false(sounds(&r, 30000));
        rig_fini(&r);
    }
}

static void vrc7_write(struct rig *r, u8 reg, u8 value, u64 clk)
{
    put(r, 0x9010, reg, clk);
    put(r, 0x9030, value, clk);
}

/* The chip of the board that has no way out for it takes nothing. */
static void vrc7_addresses(void **state)
{
    (void)state;
    for (unsigned submapper = 0; submapper < 3; submapper++) {
        struct rig r;

        rig_init(&r, 85, submapper, false);
        vrc7_write(&r, 0x30, 0x10, 10);
        vrc7_write(&r, 0x10, 0x80, 10);
        vrc7_write(&r, 0x20, 0x19, 10);
        assert_int_equal(sounds(&r, 20000), submapper != 1);
        put(&r, 0xe000, 0x40, 20000);
        assert_false(sounds(&r, 30000));
        put(&r, 0xe000, 0, 30000);
        assert_false(sounds(&r, 40000)); /* the registers are gone */
        rig_fini(&r);
    }
}

static void s5b_addresses(void **state)
{
    static const u8 writes[][2] = { { 0, 0x80 }, { 7, 0x3e }, { 8, 12 } };
    struct rig r;

    (void)state;
    rig_init(&r, 69, 0, false);
    for (unsigned i = 0; i < ARRAY_SIZE(writes); i++) {
        put(&r, 0xc123, writes[i][0], 10);
        put(&r, 0xf456, writes[i][1], 10);
    }
    assert_true(sounds(&r, 20000));
    put(&r, 0x8000, 8, 20000); /* the mapper's registers are others */
    put(&r, 0xa000, 0, 20000);
    assert_true(sounds(&r, 30000));
    rig_fini(&r);
}

/* One RAM for the port, the channels and the battery. */
static void n163_ram(void **state)
{
    struct rig r;
    size_t bytes;
    u8 *saved, v;

    (void)state;
    rig_init(&r, 19, 0, true);
    saved = cart_battery(&r.cart, &bytes);
    assert_non_null(saved);
    assert_true(bytes >= N163_RAM_BYTES);
    saved += bytes - N163_RAM_BYTES;
    put(&r, 0xf800, 0x80 | 0x7e, 10);
    for (u8 i = 1; i < 5; i++) /* 7E 7F 00 01 */
        put(&r, 0x4800, i, 10);
    put(&r, 0xf800, 0x80 | 0x7f, 20);
    assert_true(get(&r, 0x4fff, &v, 20) && v == 2);
    assert_true(get(&r, 0x4800, &v, 20) && v == 3);
    put(&r, 0xf800, 0x01, 20); /* without counting up */
    assert_true(get(&r, 0x4800, &v, 20) && v == 4);
    assert_true(get(&r, 0x4800, &v, 20) && v == 4);
    assert_int_equal(saved[0x7e], 1);
    assert_int_equal(saved[0x01], 4);

    put(&r, 0xf800, 0x78, 30); /* a frequency: the phase moves, also in the battery's copy */
    put(&r, 0x4800, 0xff, 30);
    r.cart.ops->run(&r.cart, 3000);
    assert_int_not_equal(saved[0x79], 0);
    put(&r, 0xf800, 0x79, 3000);
    assert_true(get(&r, 0x4800, &v, 3000) && v == saved[0x79]);
    put(&r, 0xe000, 0x40, 3000); /* off: it stands still */
    v = saved[0x79];
    r.cart.ops->run(&r.cart, 4000);
    assert_int_equal(saved[0x79], v);
    rig_fini(&r);
}

static void n163_loudness(void **state)
{
    static const u8 heard[6] = { 1, 0, 0, 1, 1, 1 };

    (void)state;
    for (unsigned submapper = 0; submapper < 6; submapper++) {
        struct rig r;

        rig_init(&r, 19, submapper, false);
        put(&r, 0xf800, 0xf8, 10);
        for (unsigned i = 0; i < 8; i++) /* $FC: four samples; $3F: four channels, volume 15 */
            put(&r, 0x4800, i == 4 ? 0xfc : i == 7 ? 0x3f : 0x10, 10);
        assert_int_equal(sounds(&r, 20000), heard[submapper]);
        rig_fini(&r);
    }
}

/* Listening, the DAC sees reads of $8000-$BFFF only; a 0 asks for IRQ. */
static void mmc5_listens(void **state)
{
    struct component *c;
    struct field_ref f;
    struct rig r;
    u8 v;

    (void)state;
    rig_init(&r, 5, 0, false);
    c = &r.cart.board_component;
    assert_true(field_find(c->fields, c->self, "sound.pcm", &f));
    put(&r, 0x5011, 0x33, 10);
    assert_int_equal(field_get(&f), 0x33);
    put(&r, 0x5010, 0x81, 20);
    assert_true(get(&r, 0x8055, &v, 30) && v == 0x55);
    assert_int_equal(field_get(&f), 0x55);
    assert_true(r.cart.ops->peek(&r.cart, 0xbf77, &v) && v == 0x77);
    assert_int_equal(field_get(&f), 0x55);
    assert_true(get(&r, 0xc066, &v, 40) && v == 0x66);
    assert_int_equal(field_get(&f), 0x55);
    put(&r, 0x5117, 0x80, 45); /* a bank's register does not end it */
    assert_true(get(&r, 0xbf77, &v, 50) && v == 0x77);
    assert_int_equal(field_get(&f), 0x77);
    assert_false(r.cart.irq);
    assert_true(get(&r, 0x9000, &v, 60) && v == 0);
    assert_true(r.cart.irq);
    assert_true(get(&r, 0x5010, &v, 70) && v == 0x81);
    assert_false(r.cart.irq);
    put(&r, 0x5010, 0, 80);
    assert_non_null(r.pages.read[0x8000 >> CPU_PAGE_SHIFT]);
    assert_true(get(&r, 0x8099, &v, 90) && v == 0x99);
    assert_int_equal(field_get(&f), 0x77);
    rig_fini(&r);
}

static void mmc5_pulses(void **state)
{
    struct rig r;
    u8 v;

    (void)state;
    rig_init(&r, 5, 0, false);
    put(&r, 0x5015, 3, 10);
    put(&r, 0x5000, 0x9f, 10);
    put(&r, 0x5002, 0x40, 10);
    put(&r, 0x5003, 0, 10);
    assert_true(get(&r, 0x5015, &v, 20) && v == 1);
    assert_true(sounds(&r, 20000));
    assert_true(get(&r, 0x5015, &v, 11 * 7457) && v == 0);
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vrc6_addresses), cmocka_unit_test(vrc7_addresses),
        cmocka_unit_test(s5b_addresses),  cmocka_unit_test(n163_ram),
        cmocka_unit_test(n163_loudness),  cmocka_unit_test(mmc5_listens),
        cmocka_unit_test(mmc5_pulses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
