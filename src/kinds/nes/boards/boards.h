/* The boards that the table in mapper.c names, and the words of its column `wiring`. */
#ifndef NES_BOARDS_H
#define NES_BOARDS_H

#include "kinds/nes/cart.h"

extern const struct board board_nrom, board_uxrom, board_cnrom, board_cnrom_key, board_axrom,
    board_gxrom, board_colordreams, board_bnrom, board_nina001, board_bf909x, board_jf16,
    board_nina003, board_jf05, board_sunsoft1;                /* discrete.c */
extern const struct board board_action53, board_unrom512;     /* action53.c unrom512.c */
extern const struct board board_tc0190;                       /* taito.c */
extern const struct board board_mmc1, board_mmc2, board_mmc5; /* mmc1.c mmc2.c mmc5.c */
extern const struct board board_mmc3, board_mmc6;             /* mmc3.c */
extern const struct board board_namco118;                     /* namco118.c */
extern const struct board board_namco163, board_namco340;     /* namco163.c */
extern const struct board board_vrc24, board_vrc6, board_vrc7, board_fme7; /* a file each */

/* For chips that count CPU cycles: how many there were since *at, which moves to clk. What is
 * written to a register is there at the end of that cycle, so a write lets its own cycle be counted
 * first (clk + 1); a run() to that same cycle then finds *at ahead of it. Further ahead only a
 * damaged image has it. */
static inline u64 board_cycles(u64 *at, u64 clk)
{
    u64 cycles = clk > *at ? clk - *at : 0;

    if (*at != clk + 1)
        *at = clk;
    return cycles;
}

/* uxrom: the bank number's place in the latch. */
enum { UXROM_SHIFT = 7, UXROM_FIRST_FIXED = 8, UXROM_CHR_ENABLE = 16 };

/* mmc1 */
enum { MMC1_FIXED_PRG = 1, MMC1_A = 2 };

/* mmc2 */
enum { MMC2_MMC4 = 1 };

/* mmc3 */
enum { MMC3_TXSROM = 1, MMC3_TQROM = 2, MMC3_HARD_MIRROR = 4, MMC3_REVISION_A = 8 };

/* namco118 */
enum { NAMCO118_FIXED_PRG = 1 };

/* namco163: how loud its sound is, N163_UNIT_... of chips/n163_sound.h. */

/* namco340 */
enum { NAMCO_175 = 1, NAMCO_340 = 2 }; /* neither: find out */

/* vrc24: the CPU address lines (a mask each; several are ORed) on the chip's A0 and A1. */
#define VRC_LINES(a0, a1) ((u32)(a0) | (u32)(a1) << 8)
enum {
    VRC2 = 1 << 16,           /* no IRQ, no PRG modes, no one-screen mirroring */
    VRC_CHR_HALVED = 1 << 17, /* the lowest CHR bit is not connected */
    VRC_ANY = 1 << 18,        /* the header does not say which: VRC4 with RAM always on */
};

/* vrc6: A0 and A1 exchanged.  vrc7: the address lines that select the odd registers. */
enum { VRC6_SWAPPED = 1 };

#endif
