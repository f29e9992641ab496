/* What boards of a few logic chips do, Action 53 and Taito's, by the facts that the public
 * documentation gives. */
#include "kinds/nes/boards_rig.h"

/* ---- latches ---- */

/* One write, and what it leads to. */
struct latch_row {
    u16 mapper;
    u8 submapper, flags;
    u16 prg, chr, addr; /* sizes in KiB; no pattern ROM: 8 KiB of RAM */
    u8 value;
    u16 low, high, tile; /* KiB at $8000, $C000, PPU $0000 */
    const char *nt;
};

static const struct latch_row latch_rows[] = {
    { 0, 0, 0, 16, 8, 0x8000, 255, 0, 0, 0, HORIZONTAL },
    { 0, 0, RIG_V, 32, 8, 0x8000, 255, 0, 16, 0, VERTICAL },
    { 2, 0, RIG_V, 256, 0, 0x8000, 5, 80, 240, 0, VERTICAL },
    { 2, 2, 0, 256, 0, 0xffff, 15, 240, 240, 0, HORIZONTAL },
    { 3, 0, RIG_V, 32, 32, 0x9000, 3, 0, 16, 24, VERTICAL },
    { 3, 1, 0, 32, 32, 0xffff, 2, 0, 16, 16, HORIZONTAL },
    { 7, 0, 0, 256, 0, 0x8000, 0x13, 96, 112, 0, HIGH },
    { 7, 2, 0, 256, 0, 0x8000, 0x07, 224, 240, 0, LOW },
    { 11, 0, RIG_V, 128, 128, 0x8000, 0xa3, 96, 112, 80, VERTICAL },
    { 34, 2, 0, 256, 0, 0x8000, 7, 224, 240, 0, HORIZONTAL },
    { 66, 0, 0, 128, 32, 0x8000, 0x21, 64, 80, 8, HORIZONTAL },
    { 66, 0, 0, 128, 32, 0x8000, 0xce, 0, 16, 16, HORIZONTAL }, /* other bits: nothing */
    { 71, 0, RIG_V, 256, 0, 0xc000, 5, 80, 240, 0, VERTICAL },
    { 71, 0, RIG_V, 256, 0, 0x8000, 0x10, 0, 240, 0, VERTICAL }, /* not Fire Hawk's register */
    { 71, 0, RIG_V, 256, 0, 0x9000, 0x10, 0, 240, 0, HIGH },     /* Fire Hawk's */
    { 71, 1, 0, 256, 0, 0x9fff, 0x00, 0, 240, 0, LOW },
    { 71, 1, 0, 256, 0, 0x9fff, 0x10, 0, 240, 0, HIGH },
    { 71, 1, 0, 256, 0, 0xa000, 0x1f, 0, 240, 0, LOW }, /* nothing there */
    { 78, 1, 0, 128, 128, 0x8000, 0xb8 | 3, 48, 112, 88, HIGH },
    { 78, 1, 0, 128, 128, 0x8000, 0xb0 | 3, 48, 112, 88, LOW },
    { 78, 3, 0, 128, 128, 0x8000, 0x18 | 2, 32, 112, 8, VERTICAL },
    { 78, 3, 0, 128, 128, 0x8000, 0x10 | 2, 32, 112, 8, HORIZONTAL },
    { 78, 0, RIG_FOUR, 128, 128, 0x8000, 0x18 | 2, 32, 112, 8, VERTICAL }, /* the header's bit */
    { 79, 0, RIG_V, 64, 64, 0x4100, 0x0d, 32, 48, 40, VERTICAL },
    { 79, 0, RIG_V, 64, 64, 0x5f00, 0x0d, 32, 48, 40, VERTICAL },
    { 79, 0, RIG_V, 64, 64, 0x4200, 0x0d, 0, 16, 0, VERTICAL }, /* A8 is low */
    { 79, 0, RIG_V, 64, 64, 0x8100, 0x0d, 0, 16, 0, VERTICAL },
    { 87, 0, RIG_V, 32, 32, 0x6000, 1, 0, 16, 16, VERTICAL },
    { 87, 0, 0, 32, 32, 0x7fff, 2, 0, 16, 8, HORIZONTAL },
    { 87, 0, 0, 32, 32, 0x8000, 3, 0, 16, 0, HORIZONTAL },
    { 93, 0, RIG_V, 128, 0, 0x8000, 0x51, 80, 112, 0, VERTICAL },
    { 94, 0, 0, 128, 0, 0x8000, 0x14, 80, 112, 0, HORIZONTAL },
    { 180, 0, RIG_V, 128, 0, 0x8000, 5, 0, 80, 0, VERTICAL },
    { 30, 0, RIG_V, 512, 0, 0x8000, 0x15, 336, 496, 0, VERTICAL },
    { 30, 0, RIG_BATTERY, 512, 0, 0xc000, 0x15, 336, 496, 0, HORIZONTAL },
    { 30, 0, RIG_BATTERY, 512, 0, 0x8000, 0x15, 0, 496, 0, HORIZONTAL }, /* flash, not latch */
    { 30, 0, RIG_FOUR, 512, 0, 0x8000, 0x95, 336, 496, 0, HIGH },
    { 30, 0, RIG_FOUR, 512, 0, 0x8000, 0x15, 336, 496, 0, LOW },
};

static void latches(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(latch_rows); i++) {
        const struct latch_row *w = &latch_rows[i];
        u32 tiles = w->chr ? RIG_CHR : RIG_CHR_RAM;
        struct rig r;

        MAKE(&r, .mapper = w->mapper, .submapper = w->submapper, .flags = w->flags, .prg = w->prg K,
             .chr = w->chr K, .chr_ram = w->chr ? 0 : 8 K, .ram = 8 K);
        rig_write(&r, w->addr, w->value);
        print_message("mapper %u.%u $%04X = $%02X\n", w->mapper, w->submapper, w->addr, w->value);
        assert_prg(&r, 0x8000, w->low);
        assert_prg(&r, 0xc000, w->high);
        assert_int_equal(rig_place(&r.c, r.c.ppu.chr[0], 1024), tiles | w->tile);
        assert_nt(&r, w->nt);
        rig_fini(&r);
    }
}

/* CHR RAM is banked by two bits; four screens are its last 8 KiB. */
static void unrom512(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 30, .prg = 256 K, .chr_ram = 32 K, .flags = RIG_FOUR | RIG_V);
    rig_write(&r, 0x8000, 0x40);
    assert_int_equal(rig_place(&r.c, r.c.ppu.chr[0], 1024), RIG_CHR_RAM | 16);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(rig_place(&r.c, r.c.ppu.nt[i], 1024), RIG_CHR_RAM | (24 + i));
    assert_true(r.c.conflicts);
    rig_fini(&r);
    MAKE(&r, .mapper = 30, .prg = 256 K, .chr_ram = 32 K, .flags = RIG_BATTERY);
    assert_false(r.c.conflicts);
    rig_fini(&r);
}

/* A write to the flash: the latch's bank above the window's 14 bits. */
static void flash_put(struct rig *r, u32 place, u8 value)
{
    rig_write(r, 0xc000, (u8)(place >> 14));
    rig_write(r, (u16)(0x8000 | (place & 0x3fff)), value);
}

static void flash_unlock(struct rig *r, u8 command)
{
    flash_put(r, 0x5555, 0xaa);
    flash_put(r, 0x2aaa, 0x55);
    flash_put(r, 0x5555, command);
}

/* Until two reads are equal; returns how many it took. */
static unsigned flash_wait(struct rig *r, u16 addr)
{
    unsigned reads = 0;

    for (u8 last = rig_read(r, addr); rig_read(r, addr) != last; last = rig_read(r, addr)) {
        rig_run(r, r->clk + 10);
        assert_in_range(++reads, 0, 20000);
    }
    return reads;
}

static void unrom512_flash(void **state)
{
    struct rig r;
    size_t kept;
    u8 *flash;

    (void)state;
    MAKE(&r, .mapper = 30, .prg = 256 K, .chr_ram = 32 K, .flags = RIG_BATTERY);
    flash = cart_battery(&r.c, &kept);
    assert_ptr_equal(flash, r.c.prg_rom.bytes);
    assert_int_equal(kept, 256 K);

    flash_unlock(&r, 0x80); /* a sector of bank 3 becomes $FF */
    flash_put(&r, 0x5555, 0xaa);
    flash_put(&r, 0x2aaa, 0x55);
    flash_put(&r, 3 * 16 K + 0x1234, 0x30);
    assert_int_equal(rig_read(&r, 0x8000) & 0x80, 0); /* not yet */
    assert_in_range(flash_wait(&r, 0x8000), 3000, 3300);
    for (u32 i = 0; i < 4096; i++)
        assert_int_equal(flash[3 * 16 K + 0x1000 + i], 0xff);
    assert_int_not_equal(flash[3 * 16 K + 0x2001] & flash[3 * 16 K + 0xfff], 0xff);

    flash_unlock(&r, 0xa0); /* a byte; then another into it, which can clear bits alone */
    flash_put(&r, 3 * 16 K + 0x1234, 0x5a);
    assert_int_equal(rig_read(&r, 0x9234) & 0x80, 0x80);
    assert_in_range(flash_wait(&r, 0x9234), 1, 3);
    assert_int_equal(rig_read(&r, 0x9234), 0x5a);
    flash_unlock(&r, 0xa0);
    flash_put(&r, 3 * 16 K + 0x1234, 0xc3);
    flash_wait(&r, 0x9234);
    assert_int_equal(rig_read(&r, 0x9234), 0x42);

    flash_put(&r, 0x5555, 0xaa); /* a broken row does nothing */
    flash_put(&r, 0x2aab, 0x55);
    flash_put(&r, 0x5555, 0xa0);
    flash_put(&r, 3 * 16 K + 0x1234, 0);
    assert_int_equal(rig_read(&r, 0x9234), 0x42);

    flash_unlock(&r, 0x90);
    assert_int_equal(rig_read(&r, 0x8000), 0xbf);
    assert_int_equal(rig_read(&r, 0x8001), 0xb6);
    flash_put(&r, 0, 0xf0);
    rig_write(&r, 0xc000, 3);
    assert_int_equal(rig_read(&r, 0x9234), 0x42);
    assert_int_equal(rig_place(&r.c, r.c.ppu.chr[0], 1024), RIG_CHR_RAM);
    rig_fini(&r);
}

/* 93 and 185: pattern memory that answers only when told to; the bus then holds the low byte of
 * its own address. */
static void silent_tiles(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 93, .prg = 128 K, .chr = 8 K);
    assert_int_equal(rig_place(&r.c, r.c.ppu.chr[0], 1024), RIG_OPEN); /* latch 0 at power-on */
    rig_write(&r, 0x8000, 1);
    assert_chr_at(&r, 0);
    rig_fini(&r);
    for (u8 key = 0; key < 4; key++) {
        MAKE(&r, .mapper = 185, .submapper = 4 + key, .prg = 32 K, .chr = 8 K);
        for (u8 v = 0; v < 4; v++) {
            rig_write(&r, 0x8000, 0x20 | v);
            for (u16 a = 0; a < 0x2000; a += 0x155) {
                u8 tag = a & 1 ? 0 : (u8)(a >> 10);

                assert_int_equal(rig_ppu_read(&r, a, PPU_FETCH_CPU), v == key ? tag : (u8)a);
            }
            assert_null(r.c.ppu.chr_write[0]);
        }
        rig_fini(&r);
    }
    MAKE(&r, .mapper = 185, .prg = 32 K, .chr = 8 K); /* no key named: those of known programs */
    for (const u8 *v = (const u8 *)"\x11\x33\x0f\x22\x21\x01"; *v; v++) {
        rig_write(&r, 0x8000, *v);
        assert_chr(&r, 0, 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        rig_write(&r, 0x8000, (const u8[]) { 0x00, 0x20, 0x13, 0xf0 }[i]);
        assert_int_equal(rig_place(&r.c, r.c.ppu.chr[0], 1024), RIG_OPEN);
    }
    rig_fini(&r);
}

/* 184: two halves, the right one among the upper four; 34.1: registers that RAM sees too. */
static void halves(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 184, .prg = 32 K, .chr = 32 K, .flags = RIG_V);
    rig_write(&r, 0x6000, 0x23);
    CHR8(&r, 12, 13, 14, 15, 24, 25, 26, 27);
    rig_write(&r, 0x7fff, 0x05);
    CHR8(&r, 20, 21, 22, 23, 16, 17, 18, 19);
    assert_nt(&r, VERTICAL);
    rig_fini(&r);

    MAKE(&r, .mapper = 34, .prg = 64 K, .chr = 64 K, .ram = 8 K); /* found by its pattern ROM */
    assert_int_equal(r.c.submapper, 1);
    rig_write(&r, 0x7ffd, 1);
    rig_write(&r, 0x7ffe, 5);
    rig_write(&r, 0x7fff, 9);
    assert_prg4(&r, 32, 40, 48, 56);
    CHR8(&r, 20, 21, 22, 23, 36, 37, 38, 39);
    assert_int_equal(rig_read(&r, 0x7ffd), 1);
    assert_int_equal(rig_read(&r, 0x7fff), 9);
    rig_write(&r, 0x7ffc, 0x44);
    assert_int_equal(rig_read(&r, 0x7ffc), 0x44);
    rig_write(&r, 0x8000, 0);
    assert_prg(&r, 0x8000, 32);
    rig_fini(&r);
    MAKE(&r, .mapper = 34, .prg = 64 K, .chr = 8 K, .ram = 8 K);
    assert_int_equal(r.c.submapper, 2);
    rig_write(&r, 0x7ffd, 1);
    assert_prg(&r, 0x8000, 0);
    rig_fini(&r);
}

/* The column `conflicts` is used by the console: what may be said of it here is its value. */
static void conflicts(void **state)
{
    static const u16 with[] = { 0x0202, 0x0300, 0x0702, 0x0b00, 0x4200,
                                0x4e01, 0x5d00, 0x5e00, 0xb400, 0xb904 };
    static const u16 without[] = { 0x0000, 0x0100, 0x0200, 0x0201, 0x0301, 0x0400, 0x0700,
                                   0x0701, 0x2201, 0x4700, 0x4f00, 0x5700, 0xb800, 0xce00 };
    struct rig r;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(with); i++) {
        MAKE(&r, .mapper = with[i] >> 8, .submapper = with[i] & 255, .prg = 32 K, .chr = 8 K);
        assert_true(r.c.conflicts);
        rig_fini(&r);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(without); i++) {
        MAKE(&r, .mapper = without[i] >> 8, .submapper = without[i] & 255, .prg = 32 K,
             .chr = 16 K);
        assert_false(r.c.conflicts);
        rig_fini(&r);
    }
}

/* ---- 28 ---- */

static void action53_set(struct rig *r, u8 reg, u8 value)
{
    rig_write(r, 0x5000, reg);
    rig_write(r, 0xffff, value);
}

static void action53(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 28, .prg = 512 K, .chr_ram = 32 K);
    assert_prg(&r, 0xc000, 496); /* power-on: the last bank above */
    action53_set(&r, 0x81, 5);
    action53_set(&r, 0x80, 0x02); /* 32 KiB banks, inner size 32 KiB, vertical */
    assert_prg4(&r, 160, 168, 176, 184);
    assert_nt(&r, VERTICAL);
    action53_set(&r, 0x80, 0x13); /* inner size 64 KiB, horizontal */
    action53_set(&r, 0x01, 0);
    assert_prg4(&r, 128, 136, 144, 152);
    action53_set(&r, 0x01, 1);
    assert_prg4(&r, 160, 168, 176, 184);
    assert_nt(&r, HORIZONTAL);
    action53_set(&r, 0x80, 0x2f); /* 16 KiB switched below, the outer bank's last fixed */
    action53_set(&r, 0x01, 2);
    assert_prg4(&r, (8 | 2) * 16, (8 | 2) * 16 + 8, 11 * 16, 11 * 16 + 8);
    action53_set(&r, 0x80, 0x2b); /* first fixed, switched above */
    assert_prg4(&r, 10 * 16, 10 * 16 + 8, (8 | 2) * 16, (8 | 2) * 16 + 8);
    action53_set(&r, 0x00, 3);
    assert_int_equal(rig_place(&r.c, r.c.ppu.chr[0], 1024), RIG_CHR_RAM | 24);
    action53_set(&r, 0x80, 0x00); /* one screen: bit 4 of a bank register chooses it */
    assert_nt(&r, LOW);
    action53_set(&r, 0x00, 0x10);
    assert_nt(&r, HIGH);
    action53_set(&r, 0x01, 0x00);
    assert_nt(&r, LOW);
    action53_set(&r, 0x80, 0x02); /* two screens: it does not */
    action53_set(&r, 0x00, 0x10);
    assert_nt(&r, VERTICAL);
    rig_fini(&r);
}

/* ---- Taito ---- */

static void tc0190(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 33, .prg = 256 K, .chr = 256 K);
    rig_write(&r, 0x8000, 5);
    rig_write(&r, 0x8001, 9);
    rig_write(&r, 0x8002, 10);
    rig_write(&r, 0x9fff, 20);
    for (u16 i = 0; i < 4; i++)
        rig_write(&r, 0xa000 + i, (u8)(100 + i * 3));
    assert_prg4(&r, 40, 72, 240, 248);
    CHR8(&r, 20, 21, 40, 41, 100, 103, 106, 109);
    assert_nt(&r, VERTICAL);
    rig_write(&r, 0x8000, 0x45);
    assert_nt(&r, HORIZONTAL);
    assert_prg(&r, 0x8000, 40);
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latches),        cmocka_unit_test(unrom512),
        cmocka_unit_test(unrom512_flash), cmocka_unit_test(silent_tiles),
        cmocka_unit_test(halves),         cmocka_unit_test(conflicts),
        cmocka_unit_test(action53),       cmocka_unit_test(tc0190),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
