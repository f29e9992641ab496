/* The console around its chips: controllers, DMA by the cycle, what is left on the bus, the length
 * of a picture. Programs are a few bytes of machine code in a cartridge without any board. */
#include "kinds/nes/nes.h"
#include "kinds/nes/nes_kind.h"

#include "isa/mos6502/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { IMAGE_BYTES = 16 + 0x4000 + 0x2000, CODE = 0xc000, LOADED = 0x500 };

struct rig {
    struct input_port input;
    u8 held[2];
    struct nes *n;
};

static u32 say_held(struct input_port *p, unsigned index)
{
    return container_of(p, struct rig, input)->held[index];
}

static const struct input_ops input_ops = { say_held };

/* A console about to run the code, at CODE. */
static void rig_init(struct rig *r, const char *region, const u8 *code, size_t len)
{
    static const u8 vectors[] = { 0x00, 0xc0, 0x00, 0xc0, 0x00, 0xc0 };
    static u8 image[IMAGE_BYTES];
    struct setting setting = { "region", region };
    struct config c = { .name = "test",
                        .image = image,
                        .image_bytes = sizeof image,
                        .settings = &setting,
                        .setting_count = 1 };
    struct ports ports = { .input = &r->input };
    struct machine *m;
    struct err e;

    *r = (struct rig) { .input.ops = &input_ops };
    memset(image, 0xea, sizeof image); /* NOP */
    memcpy(image, "NES\x1a\x01\x01\0\0\0\0\0\0\0\0\0\0", 16);
    memcpy(image + 16, code, len);
    memcpy(image + 16 + 0x4000 - sizeof vectors, vectors, sizeof vectors);
    assert_int_equal(nes_kind.create(&nes_kind, &c, &ports, &m, &e), 0);
    r->n = container_of(m, struct nes, machine);
}

static void rig_fini(struct rig *r)
{
    nes_kind.destroy(&r->n->machine);
}

/* One instruction; the cycles it took. */
static unsigned step(struct rig *r)
{
    u64 clk = r->n->cpu.clk;

    nes_kind.step(&r->n->machine, r->n->machine.cpus, NULL);
    return (unsigned)(r->n->cpu.clk - clk);
}

static void run_to(struct rig *r, u16 pc)
{
    for (unsigned i = 0; r->n->cpu.pc != pc; i++) {
        assert_true(i < 100000);
        step(r);
    }
}

/* ---- controllers ---- */

/* 8-bit shift registers: loaded while the strobe is on, then a bit a read, then ones. What the
 * socket does not drive is left of the address on the bus. */
static void shift_registers(void **state)
{
    static const u8 code[] = {
        0xa9, 0x01, 0x8d, 0x16, 0x40, /* LDA #1; STA $4016 */
        0xad, 0x16, 0x40,             /* LDA $4016 */
        0xa9, 0x00, 0x8d, 0x16, 0x40, /* LDA #0; STA $4016 */
        0xad, 0x16, 0x40,             /* LDA $4016 */
        0xad, 0x17, 0x40,             /* LDA $4017 */
        0x4c, 0x0d, 0xc0,             /* JMP to the first of both */
    };
    struct rig r;

    (void)state;
    rig_init(&r, "ntsc", code, sizeof code);
    r.held[0] = 0x35, r.held[1] = 0xca;
    run_to(&r, CODE + 5);
    step(&r);
    assert_int_equal(r.n->cpu.a, 0x41);
    r.held[0] = 0x34; /* while it is on, the register follows */
    r.n->cpu.pc = CODE + 5;
    step(&r);
    assert_int_equal(r.n->cpu.a, 0x40);
    r.held[0] = 0x35;
    run_to(&r, CODE + 13);
    r.held[0] = r.held[1] = 0; /* too late */
    for (unsigned i = 0; i < 12; i++) {
        step(&r);
        assert_int_equal(r.n->cpu.a, 0x40 | (i < 8 ? 0x35 >> i & 1 : 1));
        step(&r);
        assert_int_equal(r.n->cpu.a, 0x40 | (i < 8 ? 0xca >> i & 1 : 1));
        step(&r);
    }
    rig_fini(&r);
}

/* The registers load at the end of GET cycles: a strobe that is on for one cycle loads only if that
 * is one. */
static void strobe_needs_a_get(void **state)
{
    static const u8 align[2] = { 0xa2, 0xa6 }; /* LDX #0: two cycles; LDX 0: three */
    unsigned loaded[2] = { 0 };
    struct rig r;

    (void)state;
    for (unsigned odd = 0; odd < 2; odd++) {
        /* LSR $4016 reads $41, the button's bit, writes that back and then $20. */
        const u8 code[] = { 0xa9, 0x01, 0x8d,       0x16, 0x40, 0xa9, 0x00, 0x8d,
                            0x16, 0x40, align[odd], 0x00, 0x4e, 0x16, 0x40 };
        u64 on;

        rig_init(&r, "ntsc", code, sizeof code);
        r.held[0] = 0x01;
        run_to(&r, CODE + 12);
        r.held[0] = 0xfe;      /* to be loaded, or not */
        on = r.n->cpu.clk + 4; /* where it writes back */
        step(&r);
        assert_int_equal(r.n->strobe, 0);
        assert_int_equal(r.n->pad[0].shift, apu_is_put(on) ? 0x01 : 0xfe);
        loaded[apu_is_put(on)]++;
        rig_fini(&r);
    }
    assert_true(loaded[0] && loaded[1]);
}

/* ---- DMA ---- */

/* A halt cycle, one more if the next is no GET, and 256 times two. */
static void oam_dma(void **state)
{
    static const u8 align[2] = { 0xa2, 0xa6 }; /* LDX #0: two cycles; LDX 0: three */
    unsigned seen[2] = { 0 };
    struct rig r;

    (void)state;
    for (unsigned odd = 0; odd < 2; odd++) {
        const u8 code[] = { align[odd], 0x00, 0xa9, 0x02, 0x8d, 0x14, 0x40, 0xea, 0xea };
        bool put;

        rig_init(&r, "ntsc", code, sizeof code);
        for (unsigned i = 0; i < 256; i++)
            r.n->ram.bytes[0x200 + i] = (u8)(i * 7 + 3);
        run_to(&r, CODE + 7);
        put = apu_is_put(r.n->cpu.clk);
        assert_int_equal(step(&r), 2 + (put ? 513 : 514));
        seen[put]++;
        assert_false(r.n->dma.oam);
        assert_int_equal(step(&r), 2);
        for (unsigned i = 0; i < 256; i++)
            assert_int_equal(r.n->ppu.oam[i],
                             (u8)(i * 7 + 3) & (i % 4 == 2 ? 0xe3 : 0xff)); /* no such bits */
        rig_fini(&r);
    }
    assert_true(seen[0] && seen[1]);
}

/* $4010 = $0F, $4012 = 0, $4013 = 1 (17 bytes), $4015 = $10, then the loop. */
#define DMC_ON                                                                                \
    0xa9, 0x0f, 0x8d, 0x10, 0x40, 0xa9, 0x00, 0x8d, 0x12, 0x40, 0xa9, 0x01, 0x8d, 0x13, 0x40, \
        0xa9, 0x10, 0x8d, 0x15, 0x40
enum { DMC_LOOP = CODE + 20 };

struct stalls {
    unsigned first, count[8]; /* cycles of the first; how many took so many */
};

/* Runs the code until the sample is over. */
static struct stalls count_stalls(const u8 *code, size_t len)
{
    struct stalls s = { 0 };
    struct rig r;

    rig_init(&r, "ntsc", code, len);
    run_to(&r, DMC_LOOP);
    for (unsigned i = 0; r.n->apu.dmc.remaining; i++) {
        u8 op;
        unsigned more;

        nes_peek(r.n, r.n->cpu.pc, &op);
        more = step(&r) - mos6502_ops[op].cycles;
        assert_true(i < 100000);
        assert_in_range(more, 0, 7);
        if (more && !s.first)
            s.first = more;
        s.count[more]++;
    }
    rig_fini(&r);
    return s;
}

/* The first byte: halt on GET, a dummy, the read. Each further one: halt on PUT, so a cycle more.
 * The CPU halts only at a read: behind a write a further byte takes three cycles. */
static void dmc_dma(void **state)
{
    static const u8 reads[] = { DMC_ON, 0xa5, 0x00, 0x4c, 0x14, 0xc0 }; /* LDA 0; JMP */
    /* STA 0; LDA 0; JMP: an odd number of cycles */
    static const u8 writes[] = { DMC_ON, 0x85, 0x00, 0xa5, 0x00, 0x4c, 0x14, 0xc0 };
    struct stalls s = count_stalls(reads, sizeof reads);

    (void)state;
    assert_int_equal(s.first, 3);
    assert_int_equal(s.count[3], 1);
    assert_int_equal(s.count[4], 16);
    s = count_stalls(writes, sizeof writes);
    assert_int_equal(s.count[3] + s.count[4], 17);
    assert_true(s.count[3] > 1 && s.count[4] > 1);
}

/* The DMC's fetch parts one read of the CPU's into two runs: a controller then loses a bit. Reads
 * that no DMA meets never do. */
static void dmc_takes_a_bit(void **state)
{
    static const u8 code[] = {
        DMC_ON, 0xa9, 0x01, 0x8d, 0x16, 0x40, 0xa9, 0x00, 0x8d, 0x16, 0x40, /* strobe */
        0xad,   0x16, 0x40, 0xad, 0x16, 0x40,                               /* two reads */
        0xa9,   0x10, 0x8d, 0x15, 0x40,                                     /* play on */
        0x4c,   0x14, 0xc0,
    };
    enum { READ = DMC_LOOP + 10, AFTER = READ + 6 };
    unsigned lost = 0, kept = 0;
    struct rig r;

    (void)state;
    rig_init(&r, "ntsc", code, sizeof code);
    for (unsigned i = 0; i < 3000; i++) {
        unsigned cycles, ones;
        const struct nes_pad *pad = &r.n->pad[0];

        run_to(&r, READ);
        cycles = step(&r);
        cycles += step(&r);
        /* Ones follow the bits that went out, none of which is set; the last may be on its way. */
        ones = (unsigned)__builtin_popcount(pad->shift) + pad->clocked;
        if (cycles == 8)
            assert_int_equal(ones, 2);
        else
            assert_in_range(ones, 2, 3);
        lost += ones == 3;
        kept += ones == 2 && cycles > 8;
        step(&r);
    }
    assert_true(lost > 10);
    assert_true(kept > lost); /* most meet another cycle of the instruction */
    rig_fini(&r);
}

/* While the CPU stands on a register, the unit's read of a sample reaches the registers as well:
 * the low five bits of its address choose, and the controller's bit is mixed into the byte. */
static void dmc_reads_a_register(void **state)
{
    static const struct {
        u16 cpu, unit;
        u8 held, byte;
    } rows[] = {
        { 0xc000, 0xc016, 1, 0xea }, { 0x4016, 0xc016, 0, 0xe0 }, { 0x4016, 0xc016, 1, 0xe1 },
        { 0x4016, 0xc017, 1, 0xe0 }, { 0x4000, 0xc036, 1, 0xe1 }, { 0x4016, 0xc018, 1, 0xea },
    };
    static const u8 code[] = { 0xea };
    struct rig r;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct apu_dmc *d;

        rig_init(&r, "ntsc", code, sizeof code);
        d = &r.n->apu.dmc;
        r.n->pad[0].shift = rows[i].held;
        d->address = rows[i].unit;
        d->remaining = 1;
        d->enabled = d->wanted = d->dma_request = true;
        nes_dma(r.n, rows[i].cpu);
        assert_int_equal(d->buffer, rows[i].byte);
        assert_int_equal(d->remaining, 0);
        rig_fini(&r);
    }
}

/* ---- buses ---- */

static void what_is_left_on_the_bus(void **state)
{
    static const struct {
        u8 code[3];
        u8 a;
    } rows[] = {
        { { 0xad, 0x00, 0x50 }, 0x50 }, /* LDA $5000: the address's high byte came last */
        { { 0xad, 0x18, 0x40 }, 0x40 }, { { 0xbd, 0x00, 0x50 }, 0x50 },
        { { 0xbd, 0xff, 0x50 }, 0x50 }, /* LDA $50FF,X: the idle read finds nothing either */
        { { 0xbd, 0xff, 0x1f }, 0x1f }, /* $1FFF,X: it finds RAM, then $2000 its own latch */
    };
    struct rig r;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        rig_init(&r, "ntsc", rows[i].code, 3);
        r.n->cpu.x = 1;
        r.n->ram.bytes[0x700] = 0x99; /* what $1F00 shows */
        step(&r);
        if (i == 4)
            assert_int_equal(r.n->cpu.a, 0); /* nothing has driven that yet */
        else
            assert_int_equal(r.n->cpu.a, rows[i].a);
        rig_fini(&r);
    }
}

/* The PPU's latch holds what was on it last, and forgets, bit by bit, within a second. */
static void open_bus_decays(void **state)
{
    static const u8 code[] = { 0xea };
    enum { SECOND = 5369318 }; /* dots */
    struct rig r;
    struct ppu *p;
    u64 at = 1000;

    (void)state;
    rig_init(&r, "ntsc", code, sizeof code);
    p = &r.n->ppu;
    ppu_write(p, 3, 0xff, at, 0);
    assert_int_equal(ppu_read(p, 0, at + 3), 0xff);
    assert_int_equal(ppu_read(p, 3, at + SECOND / 3), 0xff); /* reading it refreshes nothing */
    ppu_read(p, 2, at + SECOND / 3); /* ... but this drives the upper three: no blank, no hit */
    assert_int_equal(ppu_read(p, 0, at + SECOND / 3 + 3) & 0x1f, 0x1f);
    assert_int_equal(ppu_read(p, 0, at + SECOND) & 0x1f, 0);
    ppu_write(p, 2, 0x5a, at + SECOND, 0); /* a register that takes nothing drives it as well */
    assert_int_equal(ppu_read(p, 6, at + SECOND + 3), 0x5a);
    assert_int_equal(ppu_read(p, 6, at + 2 * SECOND), 0);
    rig_fini(&r);
}

/* ---- pictures ---- */

/* Of 240, to the instruction's end; NTSC's every other picture lacks a dot when something is drawn.
 */
static void length_of_a_picture(void **state)
{
    static const struct {
        const char *region;
        u8 mask;
        u64 cycles_of_240;
    } rows[] = {
        { "ntsc", 0x00, 89342 * 240 / 3 },
        { "ntsc", 0x08, (89342 + 89341) * 120 / 3 },
        { "ntsc", 0x10, (89342 + 89341) * 120 / 3 },
        { "pal", 0x00, 106392 * 5 * 15 },
        { "pal", 0x18, 106392 * 5 * 15 },
        { "dendy", 0x18, 106392 * 80 },
    };
    struct rig r;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        const u8 code[] = { 0xa9, rows[i].mask, 0x8d, 0x01, 0x20, 0x4c, 0x05, 0xc0 };
        struct machine *m;
        u64 from, took;

        rig_init(&r, rows[i].region, code, sizeof code);
        m = &r.n->machine;
        m->frame_limit = 4; /* $2001 is deaf in the first */
        nes_kind.run(m, UINT64_MAX, NULL);
        from = m->now;
        m->frame_limit = 244;
        nes_kind.run(m, UINT64_MAX, NULL);
        took = m->now - from;
        if (took + 3 < rows[i].cycles_of_240 || took > rows[i].cycles_of_240 + 3)
            fail_msg("%s, $2001 = $%02x: %llu, not %llu", rows[i].region, rows[i].mask,
                     (unsigned long long)took, (unsigned long long)rows[i].cycles_of_240);
        /* A screen must know it too. */
        assert_in_range((u64)m->display.ticks_num * 240 / m->display.ticks_den,
                        rows[i].cycles_of_240 - 20 - 20 * (i == 0), rows[i].cycles_of_240 + 20);
        rig_fini(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shift_registers),
        cmocka_unit_test(strobe_needs_a_get),
        cmocka_unit_test(oam_dma),
        cmocka_unit_test(dmc_dma),
        cmocka_unit_test(dmc_takes_a_bit),
        cmocka_unit_test(dmc_reads_a_register),
        cmocka_unit_test(what_is_left_on_the_bus),
        cmocka_unit_test(open_bus_decays),
        cmocka_unit_test(length_of_a_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
