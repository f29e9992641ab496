/* MMC2 (9: PxROM) and MMC4 (10: FxROM): each half of the pattern table has two banks, and a fetch
 * of tile $FD or $FE shows the first or the second from then on. */
#include "kinds/nes/boards/boards.h"

#define MMC2(F, A, E, G, H)                                      \
    F(STATE, u8, prg, "PRG bank")                                \
    A(STATE, u8, chr, 4, "CHR banks: left FD, FE, right FD, FE") \
    A(STATE, u8, latch, 2, "which of each pair is shown")        \
    F(STATE, u8, mirror, "mirroring")

struct mmc2 {
    FIELD_MEMBERS(MMC2)
};
static FIELD_TABLE(mmc2, 1, MMC2)

static void sync_chr(struct cart *c)
{
    const struct mmc2 *m = c->board;

    cart_chr_4k(c, 0, m->chr[m->latch[0] & 1] & 31);
    cart_chr_4k(c, 4, m->chr[2 + (m->latch[1] & 1)] & 31);
}

static void mmc2_sync(struct cart *c)
{
    const struct mmc2 *m = c->board;

    cart_wram_8k(c, 0x6000, 0, true);
    if (c->line->wiring & MMC2_MMC4) {
        cart_prg_16k(c, 0x8000, m->prg & 15);
        cart_prg_16k(c, 0xc000, -1);
    } else {
        cart_prg_8k(c, 0x8000, m->prg & 15);
        for (int i = 0; i < 3; i++)
            cart_prg_8k(c, (u16)(0xa000 + i * 0x2000), -3 + i);
    }
    sync_chr(c);
    cart_mirror(c, m->mirror & 1 ? CART_HORIZONTAL : CART_VERTICAL);
}

static void mmc2_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct mmc2 *m = c->board;
    unsigned reg = addr >> 12;

    (void)clk;
    if (reg < 0xa)
        return;
    if (reg == 0xa)
        m->prg = value;
    else if (reg == 0xf)
        m->mirror = value;
    else
        m->chr[reg - 0xb] = value;
    c->ops->sync(c);
}

/* The fetch of the tile's upper plane flips the latch, after it was answered. */
static void mmc2_watch(struct cart *c, u16 addr)
{
    struct mmc2 *m = c->board;
    unsigned half = addr >> 12 & 1, row = addr & 7, tile = addr >> 4 & 0xff;

    if (addr >= 0x2000 || !(addr & 8) || (tile != 0xfd && tile != 0xfe))
        return;
    if (!(c->line->wiring & MMC2_MMC4) && !half && row) /* MMC2's left one hears row 0 alone */
        return;
    if (m->latch[half] == (tile == 0xfe))
        return;
    m->latch[half] = tile == 0xfe;
    sync_chr(c);
}

static void mmc2_power(struct cart *c)
{
    *(struct mmc2 *)c->board = (struct mmc2) { .latch = { 1, 1 },
                                               .mirror = c->mirroring == CART_HORIZONTAL };
}

const struct board board_mmc2 = {
    .state_bytes = sizeof(struct mmc2),
    .fields = mmc2_fields,
    .power = mmc2_power,
    .sync = mmc2_sync,
    .write = mmc2_write,
    .watch = mmc2_watch,
};
