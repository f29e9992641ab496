/* The APU alone, by the cycle: when the frame counter acts, what its register's write delays, the
 * DMC's addresses; and that catching up in spans is the same as going cycle by cycle. */
#include "kinds/nes/apu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The CPU's cycles of a region; see the frame counter's page on nesdev.org. */
struct steps {
    enum nes_region region;
    u32 half, four, five; /* the half frame in the middle; the sequences' lengths */
};
static const struct steps regions[] = {
    { NES_NTSC, 14913, 29830, 37282 },
    { NES_PAL, 16627, 33254, 41566 },
    { NES_DENDY, 14913, 29830, 37282 },
};

static void power(struct apu *a, enum nes_region region)
{
    apu_init(a, NULL, region);
    apu_power(a);
}

/* The first cycle at which the CPU finds the flag (bit 6), or the line up. */
static u64 find_flag(struct apu *a, u64 from, u64 to)
{
    for (u64 clk = from; clk < to; clk++) {
        apu_run(a, clk);
        if (apu_status_peek(a) & 0x40)
            return clk;
    }
    return 0;
}

static u64 find_line(struct apu *a, u64 from, u64 to)
{
    for (u64 clk = from; clk < to; clk++) {
        apu_run(a, clk);
        if (a->irq_frame)
            return clk;
    }
    return 0;
}

/* A write takes effect in the second PUT cycle behind it, whichever half it falls into: 2 or 3
 * cycles later. */
static void flag_and_line(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(regions); i++)
        for (u64 clk = 1000; clk < 1002; clk++) {
            u64 reset = clk + (clk & 1 ? 3 : 2), flag = reset + regions[i].four - 1, line;
            struct apu a, b;

            power(&a, regions[i].region);
            apu_write(&a, 0x17, 0, clk);
            b = a;
            assert_int_equal(find_flag(&a, clk + 1, flag + 10), flag);
            apu_run(&b, reset + 1);
            assert_in_range(b.deadline, reset + 1, flag + 1); /* the console looks by then */
            line = find_line(&b, clk + 1, flag + 10);
            assert_int_equal(line, flag + 1);
            /* Two cycles long it is set again, whoever reads it. */
            assert_true(apu_status_read(&a, flag) & 0x40);
            assert_true(apu_status_read(&a, flag + 1) & 0x40);
            assert_true(apu_status_read(&a, flag + 4) & 0x40);
            assert_false(apu_status_read(&a, flag + 8) & 0x40);
            assert_false(a.irq_frame);
            assert_int_equal(find_flag(&a, flag + 9, flag + 2 * regions[i].four),
                             flag + regions[i].four); /* and so it goes on */
        }
}

/* Inhibited, the flag is still to be seen for two cycles; the longer sequence has none. */
static void no_interrupt(void **state)
{
    static const struct {
        u8 value;
        unsigned seen;
    } rows[] = { { 0x40, 2 }, { 0x80, 0 }, { 0xc0, 0 } };
    struct apu a;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        unsigned seen = 0;

        power(&a, NES_NTSC);
        apu_write(&a, 0x17, rows[i].value, 1000);
        for (u64 clk = 1001; clk < 50000; clk++) {
            apu_run(&a, clk);
            seen += apu_status_peek(&a) >> 6 & 1;
            assert_false(a.irq_frame);
        }
        assert_int_equal(seen, rows[i].seen);
    }
    power(&a, NES_NTSC);
    apu_write(&a, 0x17, 0, 1000);
    apu_run(&a, 40000);
    assert_true(a.irq_frame);
    apu_write(&a, 0x17, 0x40, 40000); /* inhibiting it takes it back */
    assert_false(a.irq_frame);
    assert_false(apu_status_peek(&a) & 0x40);
}

/* The cycle in which pulse 1's length counter counts next. */
static u64 next_half(struct apu *a, u64 from)
{
    u8 count = a->pulse[0].len.count;

    for (u64 clk = from; clk < from + 50000; clk++) {
        apu_run(a, clk);
        if (a->pulse[0].len.count != count)
            return clk;
    }
    return 0;
}

static void half_frames(void **state)
{
    struct apu a;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(regions); i++)
        for (unsigned five = 0; five < 2; five++) {
            u32 period = five ? regions[i].five : regions[i].four;
            u64 zero = 1002;

            power(&a, regions[i].region);
            apu_write(&a, 0x15, 1, 990);
            apu_write(&a, 0x03, 1 << 3, 994); /* 254 */
            assert_int_equal(a.pulse[0].len.count, 254);
            apu_write(&a, 0x17, (u8)(five << 7), 1000);
            assert_int_equal(a.pulse[0].len.count, 254 - five); /* the longer one counts at once */
            for (unsigned k = 0; k < 3; k++, zero += period) {
                assert_int_equal(next_half(&a, a.clk + 1), zero + regions[i].half + 1);
                assert_int_equal(next_half(&a, a.clk + 1), zero + period);
            }
        }
}

/* A halted counter keeps its value; a disabled one is empty and cannot be filled. */
static void length_counter(void **state)
{
    struct apu a;

    (void)state;
    power(&a, NES_NTSC);
    apu_write(&a, 0x03, 1 << 3, 10);
    assert_int_equal(apu_status_peek(&a) & 15, 0);
    apu_write(&a, 0x15, 0x0f, 20);
    apu_write(&a, 0x00, 0x20, 30);   /* halt */
    apu_write(&a, 0x03, 3 << 3, 40); /* 2 */
    apu_write(&a, 0x07, 3 << 3, 50);
    assert_int_equal(apu_status_peek(&a) & 15, 3);
    apu_run(&a, 100000);
    assert_int_equal(apu_status_peek(&a) & 15, 1);
    apu_write(&a, 0x15, 0x0e, 100000);
    assert_int_equal(apu_status_peek(&a) & 15, 0);
}

/* From $FFFF a sample goes on at $8000; at its end it interrupts, or begins anew. */
static void sample_addresses(void **state)
{
    struct apu a;

    (void)state;
    for (unsigned loop = 0; loop < 2; loop++) {
        power(&a, NES_NTSC);
        apu_write(&a, 0x10, loop ? 0x4f : 0x8f, 100);
        apu_write(&a, 0x12, 0xff, 104); /* $FFC0 */
        apu_write(&a, 0x13, 5, 108);    /* 81 bytes */
        apu_write(&a, 0x15, 0x10, 112);
        for (unsigned k = 0; k < 81; k++) {
            unsigned at = 0xffc0 + k;

            assert_true(apu_status_peek(&a) & 0x10);
            assert_false(a.irq_dmc);
            assert_int_equal(a.dmc.address, at > 0xffff ? at - 0x8000 : at);
            for (unsigned n = 0; !a.dmc.dma_request; n++) {
                assert_true(n < 10000);
                apu_run(&a, a.clk + 1);
            }
            apu_dmc_fill(&a, 0xaa, a.clk + 1);
        }
        assert_int_equal(a.irq_dmc, !loop);
        assert_int_equal(apu_status_peek(&a) & 0x90, loop ? 0x10 : 0x80);
        assert_true(!loop || a.dmc.address == 0xffc0);
    }
}

/* ---- spans ---- */

static u64 any(u64 *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du >> 16;
}

struct player {
    struct apu apu;
    struct synth synth;
    s16 out[SYNTH_ROOM];
};

static void play(struct player *p, u64 clk)
{
    apu_run(&p->apu, clk);
    if (p->apu.dmc.dma_request) /* the DMA unit's work, at the same cycle for both */
        apu_dmc_fill(&p->apu, (u8)(clk * 37), clk);
}

/* Both meet every few cycles: where something was asked of the DMA unit and where the CPU writes.
 * Between, one goes cycle by cycle, the other in one leap. */
static void spans_are_cycles(void **state)
{
    static struct player a, b;
    static u8 x[1 << 16], y[1 << 16];

    (void)state;
    for (u64 seed = 1; seed <= 12; seed++) {
        u64 r = seed * 0x9e3779b97f4a7c15u, clk = 8;
        enum nes_region region = (enum nes_region)(seed % 3);

        memset(&a, 0, sizeof a);
        synth_init(&a.synth, 1789773, 1, SYNTH_UNITY);
        apu_init(&a.apu, NULL, region);
        apu_power(&a.apu);
        b = a;
        a.apu.synth = &a.synth;
        b.apu.synth = &b.synth;
        for (unsigned k = 0; k < 400; k++) {
            u64 to = clk + 1 + any(&r) % (any(&r) % 8 ? 40 : 9000);
            unsigned reg = any(&r) % 0x18;
            size_t len;

            for (u64 t = clk; t <= to; t++)
                apu_run(&a.apu, t);
            play(&a, to);
            play(&b, to);
            if (any(&r) % 8 == 0)
                assert_int_equal(apu_status_read(&a.apu, to + 1), apu_status_read(&b.apu, to + 1));
            else if (any(&r) % 4) {
                u8 value = (u8)(reg == 0x15 ? any(&r) | 15 : any(&r));

                apu_write(&a.apu, reg, value, to + 1);
                apu_write(&b.apu, reg, value, to + 1);
            }
            clk = to + 2;
            apu_run(&a.apu, clk);
            apu_run(&b.apu, clk);
            len = field_save(apu_fields(), &a.apu, NULL);
            assert_true(len <= sizeof x);
            field_save(apu_fields(), &a.apu, x);
            field_save(apu_fields(), &b.apu, y);
            assert_memory_equal(x, y, len);
            synth_end(&a.synth, clk);
            synth_end(&b.synth, clk);
            len = synth_read(&a.synth, a.out, SYNTH_ROOM);
            assert_int_equal(synth_read(&b.synth, b.out, SYNTH_ROOM), len);
            assert_memory_equal(a.out, b.out, len * sizeof a.out[0]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flag_and_line),    cmocka_unit_test(no_interrupt),
        cmocka_unit_test(half_frames),      cmocka_unit_test(length_counter),
        cmocka_unit_test(sample_addresses), cmocka_unit_test(spans_are_cycles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
