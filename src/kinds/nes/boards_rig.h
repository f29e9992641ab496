/* What the tests of boards assert: which bank a window shows, which page a name table is. */
#ifndef NES_BOARDS_RIG_H
#define NES_BOARDS_RIG_H

#include "kinds/nes/cart_rig.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MAKE(r, ...) make(r, &(struct rig_file) { __VA_ARGS__ })
#define K            *1024

static inline void make(struct rig *r, const struct rig_file *f)
{
    struct err e;

    if (rig_make(r, f, &e))
        fail_msg("%s", e.text);
}

static inline void assert_prg(const struct rig *r, u16 addr, u32 kib)
{
    assert_int_equal(rig_cpu_place(r, addr), RIG_PRG | kib);
    assert_null(r->pages.write[addr >> CPU_PAGE_SHIFT]);
}

/* The four 8 KiB windows from $8000. */
static inline void assert_prg4(const struct rig *r, u32 a, u32 b, u32 c, u32 d)
{
    assert_prg(r, 0x8000, a);
    assert_prg(r, 0xa000, b);
    assert_prg(r, 0xc000, c);
    assert_prg(r, 0xe000, d);
    assert_prg(r, 0xf800, d + 6);
}

static inline void assert_chr(const struct rig *r, unsigned slot, u32 kib)
{
    assert_int_equal(rig_place(&r->c, r->c.ppu.chr[slot], 1024), RIG_CHR | kib);
}

static inline void assert_chr8(const struct rig *r, const u32 kib[8])
{
    for (unsigned i = 0; i < 8; i++)
        assert_chr(r, i, kib[i]);
}
#define CHR8(r, ...) assert_chr8(r, (const u32[8]) { __VA_ARGS__ })

static inline void assert_chr_at(const struct rig *r, u32 kib)
{
    for (unsigned i = 0; i < 8; i++)
        assert_chr(r, i, kib + i);
}

/* Pages of CIRAM, a digit for each name table. */
static inline void assert_nt(const struct rig *r, const char *pages)
{
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(rig_place(&r->c, r->c.ppu.nt[i], 1024), RIG_CIRAM | (u32)(pages[i] - '0'));
}
#define VERTICAL   "0101"
#define HORIZONTAL "0011"
#define LOW        "0000"
#define HIGH       "1111"

enum ram { NO_RAM, READ_ONLY, OPEN };

static inline void assert_ram(const struct rig *r, u16 addr, enum ram want)
{
    u32 place = rig_cpu_place(r, addr);

    assert_int_equal(place & RIG_MEMORY, want == NO_RAM ? RIG_NONE : RIG_WRAM);
    assert_int_equal(r->pages.write[addr >> CPU_PAGE_SHIFT] != NULL, want == OPEN);
}

/* The cycles that pass, after the cycle of the last write, until the line is asserted. */
static inline unsigned cycles_to_irq(struct rig *r, unsigned most)
{
    u64 from = r->clk - 4; /* the cycle of that write */

    for (u64 clk = from + 1; clk - from <= most; clk++) {
        rig_run(r, clk);
        if (r->c.irq)
            return (unsigned)(clk - from - 1); /* clk is the cycle after the last that counted */
    }
    return UINT_MAX;
}

#endif
