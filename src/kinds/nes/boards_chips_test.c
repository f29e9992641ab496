/* What Konami's, Namco's and Sunsoft's chips do, by the facts that the public documentation gives.
 * Their counters count CPU cycles. */
#include "kinds/nes/boards_rig.h"

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

/* ---- FME-7 ---- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vrc24_wirings), cmocka_unit_test(vrc24_ram),
        cmocka_unit_test(vrc_irqs),      cmocka_unit_test(vrc6),
        cmocka_unit_test(vrc7),          cmocka_unit_test(namco163),
        cmocka_unit_test(namco163_irq),  cmocka_unit_test(namco163_battery),
        cmocka_unit_test(namco340),      cmocka_unit_test(fme7),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
