/* What each board does, by the facts that the public documentation of its chips gives: banks,
 * mirroring, RAM and its protection, interrupts in cycles or lines. */
#include "kinds/nes/cart_rig.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MAKE(r, ...) make(r, &(struct rig_file) { __VA_ARGS__ })
#define K            *1024

static void make(struct rig *r, const struct rig_file *f)
{
    struct err e;

    if (rig_make(r, f, &e))
        fail_msg("%s", e.text);
}

static void assert_prg(const struct rig *r, u16 addr, u32 kib)
{
    assert_int_equal(rig_cpu_place(r, addr), RIG_PRG | kib);
    assert_null(r->pages.write[addr >> CPU_PAGE_SHIFT]);
}

/* The four 8 KiB windows from $8000. */
static void assert_prg4(const struct rig *r, u32 a, u32 b, u32 c, u32 d)
{
    assert_prg(r, 0x8000, a);
    assert_prg(r, 0xa000, b);
    assert_prg(r, 0xc000, c);
    assert_prg(r, 0xe000, d);
    assert_prg(r, 0xf800, d + 6);
}

static void assert_chr(const struct rig *r, unsigned slot, u32 kib)
{
    assert_int_equal(rig_place(&r->c, r->c.ppu.chr[slot], 1024), RIG_CHR | kib);
}

static void assert_chr8(const struct rig *r, const u32 kib[8])
{
    for (unsigned i = 0; i < 8; i++)
        assert_chr(r, i, kib[i]);
}
#define CHR8(r, ...) assert_chr8(r, (const u32[8]) { __VA_ARGS__ })

static void assert_chr_at(const struct rig *r, u32 kib)
{
    for (unsigned i = 0; i < 8; i++)
        assert_chr(r, i, kib + i);
}

/* Pages of CIRAM, a digit for each name table. */
static void assert_nt(const struct rig *r, const char *pages)
{
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(rig_place(&r->c, r->c.ppu.nt[i], 1024), RIG_CIRAM | (u32)(pages[i] - '0'));
}
#define VERTICAL   "0101"
#define HORIZONTAL "0011"
#define LOW        "0000"
#define HIGH       "1111"

enum ram { NO_RAM, READ_ONLY, OPEN };

static void assert_ram(const struct rig *r, u16 addr, enum ram want)
{
    u32 place = rig_cpu_place(r, addr);

    assert_int_equal(place & RIG_MEMORY, want == NO_RAM ? RIG_NONE : RIG_WRAM);
    assert_int_equal(r->pages.write[addr >> CPU_PAGE_SHIFT] != NULL, want == OPEN);
}

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

/* ---- MMC1 ---- */

static void mmc1_set(struct rig *r, u16 addr, u8 value)
{
    for (unsigned i = 0; i < 5; i++)
        rig_write(r, addr, value >> i & 1);
}

static void mmc1_banks(void **state)
{
    static const char *const nt[] = { LOW, HIGH, VERTICAL, HORIZONTAL };
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 1, .prg = 256 K, .chr = 128 K, .ram = 8 K);
    assert_prg4(&r, 0, 8, 240, 248);
    for (u8 i = 0; i < 4; i++) {
        mmc1_set(&r, 0x8000, 0x1c | i);
        assert_nt(&r, nt[i]);
    }
    mmc1_set(&r, 0xe000, 5);
    assert_prg4(&r, 80, 88, 240, 248);
    mmc1_set(&r, 0x9fff, 0x18); /* first fixed */
    assert_prg4(&r, 0, 8, 80, 88);
    mmc1_set(&r, 0x8000, 0x10); /* 32 KiB */
    assert_prg4(&r, 64, 72, 80, 88);
    mmc1_set(&r, 0xa000, 7);
    mmc1_set(&r, 0xc000, 30);
    CHR8(&r, 28, 29, 30, 31, 120, 121, 122, 123);
    mmc1_set(&r, 0x8000, 0x0c); /* 8 KiB of pictures */
    CHR8(&r, 24, 25, 26, 27, 28, 29, 30, 31);
    rig_fini(&r);
    MAKE(&r, .mapper = 1, .submapper = 5, .prg = 32 K, .chr = 128 K);
    mmc1_set(&r, 0xe000, 1);
    assert_prg4(&r, 0, 8, 16, 24);
    rig_fini(&r);
}

/* The second of two writes in consecutive cycles is not heard, but a reset is. */
static void mmc1_port(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 1, .prg = 256 K, .chr = 8 K, .ram = 8 K);
    for (unsigned i = 0; i < 5; i++) { /* as INC does: the old value, then the new */
        r.c.ops->write(&r.c, 0xe000, 1, r.clk);
        r.c.ops->write(&r.c, 0xe000, 0, r.clk + 1);
        r.clk += 6;
    }
    assert_prg(&r, 0x8000, 240); /* 31: five ones; bit 4 closes the RAM */
    assert_ram(&r, 0x6000, NO_RAM);
    mmc1_set(&r, 0xe000, 2);
    assert_ram(&r, 0x6000, OPEN);
    rig_write(&r, 0xe000, 1); /* two bits, then a reset in the cycle after a write */
    r.c.ops->write(&r.c, 0xe000, 1, r.clk);
    r.c.ops->write(&r.c, 0xe000, 0x80, r.clk + 1);
    r.clk += 6;
    mmc1_set(&r, 0xe000, 3);
    assert_prg(&r, 0x8000, 48);
    mmc1_set(&r, 0x8000, 0); /* a reset also fixes the last bank */
    assert_prg4(&r, 32, 40, 48, 56);
    rig_write(&r, 0x8000, 0xff);
    assert_prg4(&r, 48, 56, 240, 248);
    rig_fini(&r);
    MAKE(&r, .mapper = 155, .prg = 32 K, .chr = 8 K, .ram = 8 K); /* no such bit */
    mmc1_set(&r, 0xe000, 16);
    assert_ram(&r, 0x6000, OPEN);
    rig_fini(&r);
}

/* Boards that use CHR lines for other things. */
static void mmc1_lines(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 1, .prg = 512 K, .chr_ram = 8 K, .nvram = 32 K); /* SXROM */
    mmc1_set(&r, 0xe000, 3);
    assert_prg4(&r, 48, 56, 240, 248);
    for (u8 bank = 0; bank < 4; bank++) {
        mmc1_set(&r, 0xa000, 0x10 | bank << 2);
        assert_prg4(&r, 304, 312, 496, 504);
        assert_int_equal(rig_cpu_place(&r, 0x6000), RIG_WRAM | bank * 8u);
    }
    rig_fini(&r);
    MAKE(&r, .mapper = 1, .prg = 256 K, .chr_ram = 8 K, .ram = 8 K, .nvram = 8 K); /* SOROM */
    mmc1_set(&r, 0xa000, 8);
    assert_int_equal(rig_cpu_place(&r, 0x6000), RIG_WRAM | 8);
    rig_fini(&r);
    MAKE(&r, .mapper = 1, .prg = 256 K, .chr = 64 K, .ram = 8 K, .nvram = 8 K); /* SZROM */
    mmc1_set(&r, 0xa000, 14);
    assert_int_equal(rig_cpu_place(&r, 0x6000), RIG_WRAM | 0);
    mmc1_set(&r, 0xa000, 16);
    assert_int_equal(rig_cpu_place(&r, 0x6000), RIG_WRAM | 8);
    rig_fini(&r);
    MAKE(&r, .mapper = 1, .prg = 256 K, .chr_ram = 8 K, .nvram = 8 K); /* SNROM */
    mmc1_set(&r, 0xa000, 16);
    assert_ram(&r, 0x6000, NO_RAM);
    mmc1_set(&r, 0xa000, 0);
    assert_ram(&r, 0x6000, OPEN);
    rig_fini(&r);
}

/* ---- MMC2, MMC4 ---- */

static void mmc2_banks(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 9, .prg = 128 K, .chr = 128 K);
    rig_write(&r, 0xafff, 9);
    assert_prg4(&r, 72, 104, 112, 120);
    assert_prg(&r, 0xa000, 104);
    for (u16 i = 0; i < 4; i++)
        rig_write(&r, (u16)(0xb000 + i * 0x1000), (u8)(3 + i * 5)); /* 3, 8, 13, 18 */
    CHR8(&r, 32, 33, 34, 35, 72, 73, 74, 75);                       /* both latches at FE */
    rig_write(&r, 0xf000, 1);
    assert_nt(&r, HORIZONTAL);
    rig_write(&r, 0xf000, 0);
    assert_nt(&r, VERTICAL);
    rig_fini(&r);
    MAKE(&r, .mapper = 10, .prg = 128 K, .chr = 64 K, .nvram = 8 K);
    rig_write(&r, 0xa000, 2);
    assert_prg4(&r, 32, 40, 112, 120);
    assert_ram(&r, 0x6000, OPEN);
    rig_fini(&r);
}

/* The fetch that flips a latch is itself answered from the bank before it. */
static void mmc2_latches(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 9, .prg = 128 K, .chr = 128 K);
    for (u16 i = 0; i < 4; i++)
        rig_write(&r, (u16)(0xb000 + i * 0x1000), (u8)(3 + i * 5));
    assert_int_equal(rig_ppu_read(&r, 0x0fd8, PPU_FETCH_BG), 35);
    assert_chr(&r, 0, 12);
    rig_ppu_read(&r, 0x0fe9, PPU_FETCH_BG); /* MMC2's left latch hears row 0 alone */
    rig_ppu_read(&r, 0x0fe0, PPU_FETCH_BG); /* and the upper plane */
    assert_chr(&r, 0, 12);
    rig_ppu_read(&r, 0x0fe8, PPU_FETCH_BG);
    assert_chr(&r, 0, 32);
    rig_ppu_read(&r, 0x1fdf, PPU_FETCH_SPRITE); /* the right one all rows */
    assert_chr(&r, 4, 52);
    rig_ppu_read(&r, 0x1fef, PPU_FETCH_SPRITE);
    assert_chr(&r, 4, 72);
    rig_ppu_read(&r, 0x3fd8, PPU_FETCH_NT);
    assert_chr(&r, 4, 72);
    rig_fini(&r);
    MAKE(&r, .mapper = 10, .prg = 128 K, .chr = 128 K);
    rig_write(&r, 0xb000, 3);
    rig_write(&r, 0xc000, 8);
    rig_ppu_read(&r, 0x0fdd, PPU_FETCH_BG); /* MMC4's hears all rows on both sides */
    assert_chr(&r, 0, 12);
    rig_fini(&r);
}

/* ---- MMC3 and its kin ---- */

static void mmc3_set(struct rig *r, u8 reg, u8 value)
{
    rig_write(r, 0x8000, reg);
    rig_write(r, 0x8001, value);
}

static void mmc3_banks(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 4, .prg = 512 K, .chr = 256 K, .ram = 8 K);
    for (u8 i = 0; i < 6; i++)
        mmc3_set(&r, i, (u8)(0x21 + i * 7)); /* 33, 40, 47, 54, 61, 68 */
    mmc3_set(&r, 6, 0xc5);
    mmc3_set(&r, 7, 9);
    assert_prg4(&r, 40, 72, 496, 504);
    CHR8(&r, 32, 33, 40, 41, 47, 54, 61, 68);
    rig_write(&r, 0x9ffe, 0x46);
    assert_prg4(&r, 496, 72, 40, 504);
    rig_write(&r, 0x8000, 0x86);
    CHR8(&r, 47, 54, 61, 68, 32, 33, 40, 41);
    rig_write(&r, 0xa000, 1);
    assert_nt(&r, HORIZONTAL);
    rig_write(&r, 0xbffe, 0);
    assert_nt(&r, VERTICAL);
    rig_write(&r, 0xa001, 0xc0);
    assert_ram(&r, 0x6000, READ_ONLY);
    rig_write(&r, 0xa001, 0x40);
    assert_ram(&r, 0x6000, NO_RAM);
    rig_write(&r, 0xa001, 0x80);
    assert_ram(&r, 0x6000, OPEN);
    rig_fini(&r);
    MAKE(&r, .mapper = 4, .prg = 32 K, .chr = 8 K, .flags = RIG_FOUR);
    rig_write(&r, 0xa000, 1);
    assert_nt(&r, "0123");
    rig_fini(&r);
}

/* Clocks the counter `n` times and returns at which of them the line rose; 0: it did not. */
static unsigned a12_until_irq(struct rig *r, unsigned n)
{
    for (unsigned i = 1; i <= n; i++) {
        unsigned horizon = r->c.ops->a12_horizon(&r->c);

        r->c.ops->a12(&r->c, r->clk += 114);
        if (r->c.irq) {
            assert_true(horizon <= 1);
            return i;
        }
        assert_true(horizon != 0);
    }
    return 0;
}

static void mmc3_irq_start(struct rig *r, u8 latch)
{
    rig_write(r, 0xe000, 0);
    rig_write(r, 0xc000, latch);
    rig_write(r, 0xc001, 0);
    rig_write(r, 0xe001, 0);
}

static void mmc3_irq(void **state)
{
    (void)state;
    for (u8 a = 0; a < 2; a++) { /* both revisions */
        struct rig r;

        MAKE(&r, .mapper = 4, .submapper = a ? 4 : 0, .prg = 32 K, .chr = 8 K);
        mmc3_irq_start(&r, 3);
        assert_int_equal(a12_until_irq(&r, 10), 4); /* reload, 2, 1, 0 */
        rig_write(&r, 0xe000, 0);
        assert_false(r.c.irq);
        assert_int_equal(r.c.ops->a12_horizon(&r.c), UINT_MAX);
        assert_int_equal(a12_until_irq(&r, 10), 0); /* disabled: it counts on */
        rig_write(&r, 0xe001, 0);
        assert_int_equal(a12_until_irq(&r, 10),
                         2); /* 1 after ten more clocks: 3 2 1 0 3 2 1 0 3 2 */
        rig_write(&r, 0xe000, 0);
        rig_write(&r, 0xe001, 0);
        assert_int_equal(a12_until_irq(&r, 10), 4);
        mmc3_irq_start(&r, 0); /* a reload that was asked for: both */
        assert_int_equal(a12_until_irq(&r, 1), 1);
        rig_write(&r, 0xe000, 0);
        rig_write(&r, 0xe001, 0);
        assert_int_equal(a12_until_irq(&r, 5), a ? 0 : 1); /* staying at 0: Sharp's alone */
        rig_fini(&r);
    }
}

static void mmc3_kin(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 118, .prg = 128 K, .chr = 256 K); /* TxSROM: CHR A17 is the name table */
    mmc3_set(&r, 0, 0x82);
    mmc3_set(&r, 1, 0x04);
    assert_nt(&r, "1100");
    CHR8(&r, 2, 3, 4, 5, 4, 5, 6, 7);
    for (u8 i = 2; i < 6; i++)
        mmc3_set(&r, 0x80 | i, (u8)(i & 1 ? 0x80 : 0x00));
    assert_nt(&r, "0101");
    rig_write(&r, 0xa000, 1); /* no such register */
    assert_nt(&r, "0101");
    rig_fini(&r);

    MAKE(&r, .mapper = 119, .prg = 128 K, .chr = 64 K, .chr_ram = 8 K); /* TQROM */
    mmc3_set(&r, 0, 0x42);
    mmc3_set(&r, 2, 0x3f);
    mmc3_set(&r, 3, 0x45);
    assert_int_equal(rig_place(&r.c, r.c.ppu.chr[0], 1024), RIG_CHR_RAM | 2);
    assert_int_equal(rig_place(&r.c, r.c.ppu.chr_write[1], 1024), RIG_CHR_RAM | 3);
    assert_chr(&r, 4, 63);
    assert_null(r.c.ppu.chr_write[4]);
    assert_int_equal(rig_place(&r.c, r.c.ppu.chr_write[5], 1024), RIG_CHR_RAM | 5);
    rig_fini(&r);

    MAKE(&r, .mapper = 206, .prg = 128 K, .chr = 64 K, .flags = RIG_V);
    for (u8 i = 0; i < 6; i++)
        mmc3_set(&r, 0xc0 | i, (u8)(0xc9 + i * 3)); /* no modes; six bits: 9 12 15 18 21 24 */
    mmc3_set(&r, 6, 0xf3);
    mmc3_set(&r, 7, 5);
    assert_prg4(&r, 24, 40, 112, 120);
    CHR8(&r, 8, 9, 12, 13, 15, 18, 21, 24);
    rig_write(&r, 0xa000, 1);
    assert_nt(&r, VERTICAL);
    rig_fini(&r);
    MAKE(&r, .mapper = 206, .submapper = 1, .prg = 32 K, .chr = 64 K);
    mmc3_set(&r, 6, 2);
    assert_prg4(&r, 0, 8, 16, 24);
    rig_fini(&r);
}

/* 1 KiB in two halves, repeated through $7000-$7FFF; a half that may not be read reads 0 while the
 * other may. */
static void mmc6(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 4, .submapper = 1, .prg = 128 K, .chr = 128 K, .nvram = 1 K,
         .flags = RIG_BATTERY);
    rig_write(&r, 0xa001, 0xf0); /* not before $8000 bit 5 */
    assert_int_equal(rig_read(&r, 0x7000), -1);
    rig_write(&r, 0x8000, 0x20);
    rig_write(&r, 0xa001, 0xf0);
    rig_write(&r, 0x7000, 0x12);
    rig_write(&r, 0x7e00, 0x34); /* the upper half */
    assert_int_equal(rig_read(&r, 0x7400), 0x12);
    assert_int_equal(rig_read(&r, 0x7200), 0x34);
    assert_int_equal(rig_read(&r, 0x6fff), -1);
    rig_write(&r, 0xa001, 0xa0); /* read only */
    rig_write(&r, 0x7000, 0xff);
    assert_int_equal(rig_read(&r, 0x7000), 0x12);
    rig_write(&r, 0xa001, 0x80);
    assert_int_equal(rig_read(&r, 0x7000), 0);
    assert_int_equal(rig_read(&r, 0x7200), 0x34);
    rig_write(&r, 0xa001, 0x50); /* to write without reading is not to write */
    rig_write(&r, 0x7000, 0xff);
    assert_int_equal(rig_read(&r, 0x7000), -1);
    rig_write(&r, 0xa001, 0xf0);
    assert_int_equal(rig_read(&r, 0x7000), 0x12);
    rig_write(&r, 0x8000, 0x00); /* which forgets the protection too */
    rig_write(&r, 0x8000, 0x20);
    assert_int_equal(rig_read(&r, 0x7000), -1);
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

/* ---- VRC2, VRC4 ---- */

/* Address lines on A0 and A1 of the chip, as each board has them. */
static const struct wiring {
    u16 mapper;
    u8 submapper;
    u16 a0, a1;
    bool vrc2;
} wirings[] = {
    { 21, 1, 0x02, 0x04, false }, { 21, 2, 0x40, 0x80, false }, { 21, 0, 0x02, 0x04, false },
    { 21, 0, 0x40, 0x80, false }, { 22, 0, 0x02, 0x01, true },  { 23, 1, 0x01, 0x02, false },
    { 23, 2, 0x04, 0x08, false }, { 23, 3, 0x01, 0x02, true },  { 23, 0, 0x01, 0x02, false },
    { 23, 0, 0x04, 0x08, false }, { 25, 1, 0x02, 0x01, false }, { 25, 2, 0x08, 0x04, false },
    { 25, 3, 0x02, 0x01, true },  { 25, 0, 0x02, 0x01, false }, { 25, 0, 0x08, 0x04, false },
};

static u16 vrc_address(const struct wiring *w, u16 row, unsigned reg)
{
    return row | (reg & 1 ? w->a0 : 0) | (reg & 2 ? w->a1 : 0);
}

static void vrc24_banks(struct rig *r, const struct wiring *w)
{
    unsigned halved = w->mapper == 22, big = w->vrc2 ? 0 : 256;

    rig_write(r, vrc_address(w, 0x8000, 0), 0xe5);
    rig_write(r, vrc_address(w, 0xa000, 0), 0xe9);
    assert_prg4(r, 40, 72, 240, 248);
    for (unsigned i = 0; i < 8; i++) {
        unsigned bank = 0x31 + i * 0x23;
        u16 row = (u16)(0xb000 + i / 2 * 0x1000);

        rig_write(r, vrc_address(w, row, i % 2 * 2 + 1), (u8)(bank >> 4 | 0x10));
        rig_write(r, vrc_address(w, row, i % 2 * 2), (u8)(bank | 0xf0));
        bank = (bank & 0xff) | big;
        assert_chr(r, i, halved ? bank >> 1 : bank);
    }
    rig_write(r, vrc_address(w, 0x9000, 0), 1);
    assert_nt(r, HORIZONTAL);
    rig_write(r, vrc_address(w, 0x9000, 0), 0);
    assert_nt(r, VERTICAL);
    rig_write(r, vrc_address(w, 0x9000, 1), 3); /* VRC2 has one bit, and one register here */
    assert_nt(r, w->vrc2 ? HORIZONTAL : HIGH);
    rig_write(r, vrc_address(w, 0x9000, 1), 2);
    assert_nt(r, w->vrc2 ? VERTICAL : LOW);
    rig_write(r, vrc_address(w, 0x9000, 2), 3);
    if (w->vrc2)
        assert_nt(r, HORIZONTAL);
    else
        assert_prg4(r, 240, 72, 40, 248);
}

static void vrc24_wirings(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(wirings); i++) {
        const struct wiring *w = &wirings[i];
        struct rig r;

        MAKE(&r, .mapper = w->mapper, .submapper = w->submapper, .prg = 256 K,
             .chr = w->mapper == 22 ? 128 K : 512 K, .ram = 8 K);
        vrc24_banks(&r, w);
        rig_fini(&r);
    }
}

static void vrc24_ram(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 23, .submapper = 1, .prg = 128 K, .chr = 128 K, .ram = 2 K);
    assert_ram(&r, 0x6000, NO_RAM); /* VRC4 enables it */
    rig_write(&r, 0x9002, 1);
    assert_ram(&r, 0x6000, OPEN);
    assert_int_equal(rig_cpu_place(&r, 0x6800), RIG_WRAM | 0); /* 2 KiB, in $6000-$6FFF only */
    assert_ram(&r, 0x7000, NO_RAM);
    rig_fini(&r);
    MAKE(&r, .mapper = 23, .prg = 128 K, .chr = 128 K, .ram = 8 K);
    assert_ram(&r, 0x7000, OPEN); /* which chip is not known: on from the start */
    rig_fini(&r);
    MAKE(&r, .mapper = 22, .prg = 128 K, .chr = 128 K); /* VRC2 without RAM keeps one bit */
    rig_write(&r, 0x6000, 0xff);
    assert_int_equal(rig_read(&r, 0x6abc) & 1, 1);
    rig_write(&r, 0x6fff, 0xfe);
    assert_int_equal(rig_read(&r, 0x6000) & 1, 0);
    assert_int_equal(rig_read(&r, 0x7000), -1);
    rig_fini(&r);
}

/* ---- the IRQ counters ---- */

/* The cycles that pass, after the cycle of the last write, until the line is asserted. */
static unsigned cycles_to_irq(struct rig *r, unsigned most)
{
    u64 from = r->clk - 4; /* the cycle of that write */

    for (u64 clk = from + 1; clk - from <= most; clk++) {
        rig_run(r, clk);
        if (r->c.irq)
            return (unsigned)(clk - from - 1); /* clk is the cycle after the last that counted */
    }
    return UINT_MAX;
}

struct vrc_irq_at {
    u16 latch, control, acknowledge;
};

static void vrc_irq_counts(struct rig *r, const struct vrc_irq_at *at)
{
    rig_write(r, at->latch, 0xfe);
    rig_write(r, at->control, 6); /* by cycles: FE, FF, then over */
    assert_int_equal(cycles_to_irq(r, 100), 2);
    rig_write(r, at->acknowledge, 0); /* not enabled after acknowledging */
    assert_false(r->c.irq);
    assert_int_equal(cycles_to_irq(r, 1000), UINT_MAX);
    rig_write(r, at->control, 2); /* by lines: 114, 114, 113 cycles */
    assert_int_equal(cycles_to_irq(r, 1000), 228);
    rig_write(r, at->control, 2);
    assert_false(r->c.irq); /* any write acknowledges */
    rig_write(r, at->latch, 0xff);
    rig_write(r, at->control, 3);
    assert_int_equal(cycles_to_irq(r, 1000), 114);
    rig_run(r, r->clk + 50); /* an acknowledgement leaves counter and prescaler alone */
    rig_write(r, at->acknowledge, 0);
    assert_int_equal(cycles_to_irq(r, 1000), 114 - 50 - 1);
    rig_write(r, at->control, 0);
    assert_int_equal(cycles_to_irq(r, 1000), UINT_MAX);
}

static void vrc_irqs(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 24, .prg = 128 K, .chr = 128 K);
    vrc_irq_counts(&r, &(struct vrc_irq_at) { 0xf000, 0xf001, 0xf002 });
    rig_fini(&r);
    MAKE(&r, .mapper = 26, .prg = 128 K, .chr = 128 K);
    vrc_irq_counts(&r, &(struct vrc_irq_at) { 0xf000, 0xf002, 0xf001 });
    rig_fini(&r);
    MAKE(&r, .mapper = 85, .submapper = 2, .prg = 128 K, .chr = 128 K);
    vrc_irq_counts(&r, &(struct vrc_irq_at) { 0xe010, 0xf000, 0xf010 });
    rig_fini(&r);
    MAKE(&r, .mapper = 85, .submapper = 1, .prg = 128 K, .chr = 128 K);
    vrc_irq_counts(&r, &(struct vrc_irq_at) { 0xe008, 0xf000, 0xf008 });
    rig_fini(&r);
    for (unsigned i = 0; i < ARRAY_SIZE(wirings); i++) {
        const struct wiring *w = &wirings[i];

        MAKE(&r, .mapper = w->mapper, .submapper = w->submapper, .prg = 128 K, .chr = 128 K);
        rig_write(&r, vrc_address(w, 0xf000, 1), 0xff); /* latch in two halves */
        rig_write(&r, vrc_address(w, 0xf000, 0), 0x0c);
        rig_write(&r, vrc_address(w, 0xf000, 2), 6);
        assert_int_equal(cycles_to_irq(&r, 100), w->vrc2 ? UINT_MAX : 4);
        rig_write(&r, vrc_address(w, 0xf000, 3), 0);
        assert_false(r.c.irq);
        rig_fini(&r);
    }
}

static void fme7_set(struct rig *r, u8 reg, u8 value)
{
    rig_write(r, 0x8000, reg);
    rig_write(r, 0xa000, value);
}

static void fme7(void **state)
{
    static const char *const nt[] = { VERTICAL, HORIZONTAL, LOW, HIGH };
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 69, .prg = 256 K, .chr = 256 K, .ram = 8 K);
    for (u8 i = 0; i < 8; i++)
        fme7_set(&r, i, (u8)(0xf0 - i * 3));
    CHR8(&r, 0xf0, 0xed, 0xea, 0xe7, 0xe4, 0xe1, 0xde, 0xdb);
    fme7_set(&r, 9, 3);
    fme7_set(&r, 10, 0xc5); /* six bits */
    fme7_set(&r, 11, 7);
    assert_prg4(&r, 24, 40, 56, 248);
    for (u8 i = 0; i < 4; i++) {
        fme7_set(&r, 12, i);
        assert_nt(&r, nt[i]);
    }
    fme7_set(&r, 8, 0x0b);
    assert_prg(&r, 0x6000, 88);
    fme7_set(&r, 8, 0x40);
    assert_ram(&r, 0x6000, NO_RAM);
    fme7_set(&r, 8, 0xc0);
    assert_ram(&r, 0x6000, OPEN);
    fme7_set(&r, 14, 5);
    fme7_set(&r, 15, 0);
    fme7_set(&r, 13, 0x81);
    assert_int_equal(cycles_to_irq(&r, 100), 6); /* 4 3 2 1 0 FFFF */
    fme7_set(&r, 13, 0x80);                      /* acknowledges; counts without asking */
    assert_false(r.c.irq);
    assert_int_equal(cycles_to_irq(&r, 70000), UINT_MAX);
    fme7_set(&r, 13, 0x01); /* asks, but does not count */
    assert_int_equal(cycles_to_irq(&r, 70000), UINT_MAX);
    rig_fini(&r);
}

/* ---- VRC6, VRC7 ---- */

static void vrc6_banks(struct rig *r, bool swapped)
{
    static const u8 order[2][4] = { { 0, 1, 2, 3 }, { 0, 2, 1, 3 } };
    const u8 *o = order[swapped];

    rig_write(r, 0x8000, 3);
    rig_write(r, 0xc003, 9);
    assert_prg4(r, 48, 56, 72, 248);
    for (u16 i = 0; i < 8; i++)
        rig_write(r, (u16)(0xd000 + i / 4 * 0x1000 + o[i & 3]), (u8)(0x11 + i * 0x10));
    rig_write(r, 0xb003, 0xa0);
    CHR8(r, 0x11, 0x21, 0x31, 0x41, 0x51, 0x61, 0x71, 0x81);
    assert_nt(r, VERTICAL);
    assert_ram(r, 0x6000, OPEN);
    rig_write(r, 0xb003, 0x21); /* pairs: PPU A10 is the lowest bit */
    CHR8(r, 0x10, 0x11, 0x20, 0x21, 0x30, 0x31, 0x40, 0x41);
    assert_ram(r, 0x6000, NO_RAM);
    rig_write(r, 0xb003, 0x01); /* or is not */
    CHR8(r, 0x11, 0x11, 0x21, 0x21, 0x31, 0x31, 0x41, 0x41);
    rig_write(r, 0xb003, 0x22);
    CHR8(r, 0x11, 0x21, 0x31, 0x41, 0x50, 0x51, 0x60, 0x61);
    rig_write(r, 0xb003, 0x24);
    assert_nt(r, HORIZONTAL);
    rig_write(r, 0xb003, 0x28);
    assert_nt(r, LOW);
    rig_write(r, 0xb003, 0x2c);
    assert_nt(r, HIGH);
    rig_write(r, 0xb003, 0x23);
    assert_nt(r, HORIZONTAL);
    rig_write(r, 0xb003, 0x27);
    assert_nt(r, VERTICAL);
    rig_write(r, 0xb003, 0x2b);
    assert_nt(r, HIGH);
    rig_write(r, 0xb003, 0x2f);
    assert_nt(r, LOW);
    rig_write(r, 0xb003, 0x30); /* name tables from ROM: R6 and R7 */
    for (unsigned i = 0; i < 4; i++) {
        static const u32 kib[] = { 0x70, 0x71, 0x80, 0x81 };

        assert_int_equal(rig_place(&r->c, r->c.ppu.nt[i], 1024), RIG_CHR | kib[i]);
        assert_null(r->c.ppu.nt_write[i]);
    }
}

static void vrc6(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 24, .prg = 256 K, .chr = 256 K, .ram = 8 K);
    vrc6_banks(&r, false);
    rig_fini(&r);
    MAKE(&r, .mapper = 26, .prg = 256 K, .chr = 256 K, .ram = 8 K);
    vrc6_banks(&r, true);
    rig_fini(&r);
}

static void vrc7(void **state)
{
    static const char *const nt[] = { VERTICAL, HORIZONTAL, LOW, HIGH };

    (void)state;
    for (u8 sub = 0; sub < 4; sub++) {
        u16 odd = sub & 1 ? 8 : 16; /* 0 and 3: either */
        struct rig r;

        MAKE(&r, .mapper = 85, .submapper = sub, .prg = 512 K, .chr = 256 K, .ram = 8 K);
        rig_write(&r, 0x8000, 5);
        rig_write(&r, 0x8000 | odd, 0xc9);
        rig_write(&r, 0x9000, 33);
        assert_prg4(&r, 40, 72, 264, 504);
        for (u16 i = 0; i < 8; i++)
            rig_write(&r, (u16)(0xa000 + i / 2 * 0x1000 + (i & 1 ? odd : 0)), (u8)(i * 31));
        CHR8(&r, 0, 31, 62, 93, 124, 155, 186, 217);
        for (u8 i = 0; i < 4; i++) {
            rig_write(&r, 0xe000, i);
            assert_nt(&r, nt[i]);
        }
        assert_ram(&r, 0x6000, NO_RAM);
        rig_write(&r, 0xe000, 0x80);
        assert_ram(&r, 0x6000, OPEN);
        rig_fini(&r);
    }
}

/* ---- Namco ---- */

static void namco163(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 19, .prg = 512 K, .chr = 128 K, .ram = 8 K);
    rig_write(&r, 0xe000, 0x05);
    rig_write(&r, 0xe800, 0xc9); /* pattern ROM alone */
    rig_write(&r, 0xf000, 33);
    assert_prg4(&r, 40, 72, 264, 504);
    for (u16 i = 0; i < 8; i++)
        rig_write(&r, (u16)(0x8000 + i * 0x800), (u8)(i * 9 + 1));
    CHR8(&r, 1, 10, 19, 28, 37, 46, 55, 64);
    rig_write(&r, 0x8000, 0xe5);
    assert_chr(&r, 0, 0xe5 & 127);
    rig_write(&r, 0xe800, 0x80); /* CIRAM on the left */
    assert_int_equal(rig_place(&r.c, r.c.ppu.chr_write[0], 1024), RIG_CIRAM | 1);
    rig_write(&r, 0x8000, 0xdf);
    assert_chr(&r, 0, 0xdf & 127);
    rig_write(&r, 0xb800, 0xe0);
    assert_chr(&r, 7, 0xe0 & 127);
    rig_write(&r, 0xe800, 0x40);
    assert_int_equal(rig_place(&r.c, r.c.ppu.chr[7], 1024), RIG_CIRAM | 0);
    for (u16 i = 0; i < 4; i++) /* name tables */
        rig_write(&r, (u16)(0xc000 + i * 0x800), (u8)(0xe0 | i >> 1));
    assert_nt(&r, HORIZONTAL);
    rig_write(&r, 0xd800, 0x12);
    assert_int_equal(rig_place(&r.c, r.c.ppu.nt[3], 1024), RIG_CHR | 0x12);
    assert_null(r.c.ppu.nt_write[3]);
    assert_ram(&r, 0x6000, READ_ONLY);
    rig_write(&r, 0xf800, 0x44); /* open, but for $7000-$77FF */
    assert_ram(&r, 0x6800, OPEN);
    assert_ram(&r, 0x7000, READ_ONLY);
    rig_write(&r, 0xf800, 0x80); /* RAM in the chip; the address counts up */
    rig_write(&r, 0x4800, 0x11);
    rig_write(&r, 0x4fff, 0x22);
    rig_write(&r, 0xf800, 0x00);
    assert_int_equal(rig_read(&r, 0x4800), 0x11);
    assert_int_equal(rig_read(&r, 0x4800), 0x11);
    rig_write(&r, 0xf800, 0x81);
    assert_int_equal(rig_read(&r, 0x4800), 0x22);
    rig_fini(&r);
}

static void namco163_irq(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 19, .prg = 128 K, .chr = 128 K);
    rig_write(&r, 0x5000, 0xf0);
    rig_write(&r, 0x5800, 0xff);
    assert_int_equal(cycles_to_irq(&r, 100), 0x7fff - 0x7ff0);
    assert_int_equal(rig_read(&r, 0x5000), 0xff); /* it stays there */
    assert_int_equal(rig_read(&r, 0x5800), 0xff);
    rig_write(&r, 0x5000, 0x00);
    assert_false(r.c.irq);
    rig_write(&r, 0x5800, 0x7f); /* not enabled */
    assert_int_equal(cycles_to_irq(&r, 1000), UINT_MAX);
    assert_int_equal(rig_read(&r, 0x5000), 0x04); /* it had counted up to that write */
    rig_fini(&r);
}

/* A battery keeps the chip's RAM: behind the program RAM in the .sav. */
static void namco163_battery(void **state)
{
    size_t bytes;
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 19, .prg = 128 K, .chr = 128 K, .nvram = 8 K, .flags = RIG_BATTERY);
    rig_write(&r, 0xf800, 0x05);
    rig_write(&r, 0x4800, 0x99);
    assert_int_equal(cart_battery(&r.c, &bytes)[8192 + 5], 0x99);
    assert_int_equal(bytes, 8192 + 128);
    cart_power(&r.c);
    rig_write(&r, 0xf800, 0x05);
    assert_int_equal(rig_read(&r, 0x4800), 0x99);
    rig_fini(&r);
}

static void namco340(void **state)
{
    static const char *const nt[] = { LOW, VERTICAL, HIGH, HORIZONTAL };
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 210, .submapper = 2, .prg = 512 K, .chr = 256 K);
    for (u8 i = 0; i < 4; i++) {
        rig_write(&r, 0xe000, (u8)(i << 6 | 5));
        assert_nt(&r, nt[i]);
    }
    rig_write(&r, 0xefff, 0xc9);
    rig_write(&r, 0xf000, 33);
    assert_prg4(&r, 40, 72, 264, 504);
    for (u16 i = 0; i < 8; i++)
        rig_write(&r, (u16)(0x8000 + i * 0x800), (u8)(i * 31));
    CHR8(&r, 0, 31, 62, 93, 124, 155, 186, 217);
    assert_ram(&r, 0x6000, NO_RAM);
    rig_fini(&r);
    MAKE(&r, .mapper = 210, .submapper = 1, .prg = 128 K, .chr = 128 K, .ram = 2 K, .flags = RIG_V);
    rig_write(&r, 0xe000, 0x85);
    assert_nt(&r, VERTICAL);
    assert_ram(&r, 0x6000, NO_RAM);
    rig_write(&r, 0xc000, 1);
    assert_ram(&r, 0x6000, OPEN);
    assert_int_equal(rig_cpu_place(&r, 0x7800), RIG_WRAM | 0); /* 2 KiB, four times */
    rig_fini(&r);
}

/* ---- MMC5 ---- */

static void mmc5_prg(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 5, .prg = 1024 K, .chr = 256 K, .ram = 64 K);
    assert_prg4(&r, 1016, 1016, 1016, 1016); /* power-on: mode 3, all at the last bank */
    for (u16 i = 0; i < 4; i++)
        rig_write(&r, 0x5114 + i, (u8)(0x80 | (0x15 + i * 9))); /* 21, 30, 39, 48 */
    assert_prg4(&r, 168, 240, 312, 384);
    rig_write(&r, 0x5100, 2);
    assert_prg4(&r, 240, 248, 312, 384); /* $5115 in 16 KiB */
    rig_write(&r, 0x5100, 1);
    assert_prg4(&r, 240, 248, 384, 392);
    rig_write(&r, 0x5100, 0);
    assert_prg4(&r, 384, 392, 400, 408);
    rig_write(&r, 0x5100, 3);
    rig_write(&r, 0x5114, 3); /* RAM */
    assert_ram(&r, 0x8000, READ_ONLY);
    assert_int_equal(rig_cpu_place(&r, 0x8000), RIG_WRAM | 24);
    rig_write(&r, 0x5102, 2);
    rig_write(&r, 0x5103, 1);
    assert_ram(&r, 0x8000, OPEN);
    rig_write(&r, 0x5113, 6);
    assert_int_equal(rig_cpu_place(&r, 0x6000), RIG_WRAM | 48);
    rig_write(&r, 0x5117, 0x05); /* always ROM */
    assert_prg(&r, 0xe000, 40);
    rig_fini(&r);
}

static void mmc5_chr(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 5, .prg = 128 K, .chr = 1024 K);
    rig_write(&r, 0x5130, 1);
    for (u16 i = 0; i < 12; i++)
        rig_write(&r, 0x5120 + i, (u8)(0x10 + i));
    CHR8(&r, 0x110, 0x111, 0x112, 0x113, 0x114, 0x115, 0x116, 0x117); /* 8x8: set A */
    r.c.ops->snoop(&r.c, 0x2000, 0x20);
    CHR8(&r, 0x118, 0x119, 0x11a, 0x11b, 0x118, 0x119, 0x11a, 0x11b);   /* 8x16: B, the last */
    assert_int_equal(rig_ppu_read(&r, 0x0000, PPU_FETCH_SPRITE), 0x10); /* sprites: A */
    assert_int_equal(rig_ppu_read(&r, 0x0400, PPU_FETCH_BG), 0x19);     /* background: B */
    rig_write(&r, 0x5101, 0);
    rig_write(&r, 0x5127, 5);
    assert_chr(&r, 1, (0x105 * 8 + 1) % 1024);
    rig_write(&r, 0x5101, 1);
    rig_write(&r, 0x5123, 7);
    assert_chr(&r, 2, (0x107 * 4 + 2) % 1024);
    rig_fini(&r);
}

static void mmc5_line(struct rig *r, u16 nt)
{
    for (unsigned i = 0; i < 3; i++) {
        rig_ppu_read(r, 0x2000 | nt, PPU_FETCH_NT);
        r->dots += 2;
    }
    for (unsigned i = 0; i < 32; i++) {
        rig_ppu_read(r, 0x23c0, PPU_FETCH_AT);
        rig_ppu_read(r, 0x0000, PPU_FETCH_BG);
        rig_ppu_read(r, 0x2000 | i, PPU_FETCH_NT);
        r->dots += 8;
    }
}

static void mmc5_lines(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 5, .prg = 128 K, .chr = 128 K);
    assert_int_equal(rig_read(&r, 0x5204), 0);
    rig_write(&r, 0x5203, 3);
    rig_write(&r, 0x5204, 0x80);
    for (unsigned line = 0; line < 3; line++) {
        mmc5_line(&r, 0x100);
        assert_false(r.c.irq);
    }
    assert_int_equal(r.c.ops->line_horizon(&r.c), 1);
    mmc5_line(&r, 0x100); /* line 3 begins */
    assert_true(r.c.irq);
    assert_int_equal(rig_read(&r, 0x5204), 0xc0);
    assert_false(r.c.irq);
    assert_int_equal(rig_read(&r, 0x5204), 0x40);
    r.dots += 20; /* the PPU reads nothing: the frame is over */
    assert_int_equal(rig_read(&r, 0x5204), 0);
    rig_write(&r, 0x5203, 0); /* line 0 never */
    for (unsigned line = 0; line < 300; line++) {
        mmc5_line(&r, 0x100);
        assert_false(r.c.irq);
    }
    r.c.ops->snoop(&r.c, 0x2001, 0); /* rendering is switched off */
    assert_int_equal(rig_read(&r, 0x5204), 0);
    rig_fini(&r);
}

static void mmc5_nametables(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 5, .prg = 128 K, .chr = 128 K);
    rig_write(&r, 0x5104, 2);
    rig_write(&r, 0x5c05, 0x5a);
    assert_int_equal(rig_read(&r, 0x5c05), 0x5a);
    rig_write(&r, 0x5106, 0x77);
    rig_write(&r, 0x5107, 2);
    rig_write(&r, 0x5104, 0);
    rig_write(&r, 0x5105, 0xe4); /* CIRAM 0, 1, ExRAM, fill */
    assert_int_equal(rig_place(&r.c, r.c.ppu.nt[1], 1024), RIG_CIRAM | 1);
    assert_int_equal(rig_ppu_read(&r, 0x2805, PPU_FETCH_CPU), 0x5a);
    assert_int_equal(rig_ppu_read(&r, 0x2c05, PPU_FETCH_CPU), 0x77);
    assert_int_equal(rig_ppu_read(&r, 0x2fc5, PPU_FETCH_CPU), 0xaa);
    assert_null(r.c.ppu.nt_write[3]);
    rig_write(&r, 0x5104, 3);
    assert_int_equal(rig_ppu_read(&r, 0x2805, PPU_FETCH_CPU), 0); /* not as a name table */
    rig_write(&r, 0x5c05, 1);                                     /* read-only */
    assert_int_equal(rig_read(&r, 0x5c05), 0x5a);
    rig_write(&r, 0x5104, 1);
    assert_int_equal(rig_read(&r, 0x5c05), -1);
    rig_write(&r, 0x5c05, 1); /* outside of the frame: zeros */
    rig_write(&r, 0x5104, 2);
    assert_int_equal(rig_read(&r, 0x5c05), 0);
    rig_fini(&r);
}

/* ExRAM's byte gives each tile its palette and its bank of 4 KiB. */
static void mmc5_attributes(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 5, .prg = 128 K, .chr = 1024 K);
    rig_write(&r, 0x5104, 2);
    rig_write(&r, 0x5c07, 0xc3); /* palette 3, bank 3 */
    rig_write(&r, 0x5130, 2);    /* and 2 x 256 KiB above */
    rig_write(&r, 0x5104, 1);
    rig_ppu_read(&r, 0x2007, PPU_FETCH_NT);
    assert_int_equal(rig_ppu_read(&r, 0x23c1, PPU_FETCH_AT), 0xff);
    assert_int_equal(rig_ppu_read(&r, 0x0400, PPU_FETCH_BG), (u8)(2 * 256 + 12 + 1));
    assert_int_equal(rig_ppu_read(&r, 0x0401, PPU_FETCH_BG), 2);
    rig_ppu_read(&r, 0x2008, PPU_FETCH_NT);
    assert_int_equal(rig_ppu_read(&r, 0x23c2, PPU_FETCH_AT), 0);
    rig_write(&r, 0x5205, 200);
    rig_write(&r, 0x5206, 123);
    assert_int_equal(rig_read(&r, 0x5205) | rig_read(&r, 0x5206) << 8, 24600);
    rig_fini(&r);
}

/* The left eight columns are another picture: tiles from ExRAM, by their own scroll and bank. */
static void mmc5_split(void **state)
{
    struct rig r;

    (void)state;
    MAKE(&r, .mapper = 5, .prg = 128 K, .chr = 128 K);
    rig_write(&r, 0x5104, 2);
    rig_write(&r, 0x5c00 + 3 * 32 + 2, 0x42);        /* row 3, column 2 */
    rig_write(&r, 0x5c00 + 0x3c0 + 0 * 8 + 0, 0xc0); /* its quarter: palette 3 */
    rig_write(&r, 0x5104, 0);
    rig_write(&r, 0x5200, 0x88); /* on, left of column 8 */
    rig_write(&r, 0x5201, 24 + 4);
    rig_write(&r, 0x5202, 3);
    rig_ppu_read(&r, 0x2002, PPU_FETCH_NT);
    rig_ppu_read(&r, 0x2002, PPU_FETCH_NT);
    assert_int_equal(rig_ppu_read(&r, 0x2002, PPU_FETCH_NT), 0x42); /* line 0's first tile */
    assert_int_equal(rig_ppu_read(&r, 0x23c0, PPU_FETCH_AT), 0xff);
    assert_int_equal(rig_ppu_read(&r, 0x0420, PPU_FETCH_BG), 13); /* row 4: an even byte */
    assert_int_equal(rig_ppu_read(&r, 0x0c29, PPU_FETCH_BG), 15);
    for (unsigned i = 3; i < 8; i++)
        rig_ppu_read(&r, (u16)(0x2000 + i), PPU_FETCH_NT);
    r.c.ciram.bytes[8] = 0x66;
    assert_int_equal(rig_ppu_read(&r, 0x2008, PPU_FETCH_NT), 0x66); /* column 8: the usual one */
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latches),
        cmocka_unit_test(unrom512),
        cmocka_unit_test(silent_tiles),
        cmocka_unit_test(halves),
        cmocka_unit_test(conflicts),
        cmocka_unit_test(action53),
        cmocka_unit_test(mmc1_banks),
        cmocka_unit_test(mmc1_port),
        cmocka_unit_test(mmc1_lines),
        cmocka_unit_test(mmc2_banks),
        cmocka_unit_test(mmc2_latches),
        cmocka_unit_test(mmc3_banks),
        cmocka_unit_test(mmc3_irq),
        cmocka_unit_test(mmc3_kin),
        cmocka_unit_test(mmc6),
        cmocka_unit_test(tc0190),
        cmocka_unit_test(vrc24_wirings),
        cmocka_unit_test(vrc24_ram),
        cmocka_unit_test(vrc_irqs),
        cmocka_unit_test(fme7),
        cmocka_unit_test(vrc6),
        cmocka_unit_test(vrc7),
        cmocka_unit_test(namco163),
        cmocka_unit_test(namco163_irq),
        cmocka_unit_test(namco163_battery),
        cmocka_unit_test(namco340),
        cmocka_unit_test(mmc5_prg),
        cmocka_unit_test(mmc5_chr),
        cmocka_unit_test(mmc5_lines),
        cmocka_unit_test(mmc5_nametables),
        cmocka_unit_test(mmc5_attributes),
        cmocka_unit_test(mmc5_split),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
