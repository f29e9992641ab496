/* What Nintendo's chips MMC1 to MMC6 and their kin do, by the facts that the public documentation
 * gives. */
#include "kinds/nes/boards_rig.h"

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
    assert_int_equal(rig_read(&r, 0x5205) + rig_read(&r, 0x5206) * 256, 24600);
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
        cmocka_unit_test(mmc1_banks),
        cmocka_unit_test(mmc1_port),
        cmocka_unit_test(mmc1_lines),
        cmocka_unit_test(mmc2_banks),
        cmocka_unit_test(mmc2_latches),
        cmocka_unit_test(mmc3_banks),
        cmocka_unit_test(mmc3_irq),
        cmocka_unit_test(mmc3_kin),
        cmocka_unit_test(mmc6),
        cmocka_unit_test(mmc5_prg),
        cmocka_unit_test(mmc5_chr),
        cmocka_unit_test(mmc5_lines),
        cmocka_unit_test(mmc5_nametables),
        cmocka_unit_test(mmc5_attributes),
        cmocka_unit_test(mmc5_split),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
