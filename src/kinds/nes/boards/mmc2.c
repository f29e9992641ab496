/* MMC2 (PxROM) and MMC4 (FxROM): the pattern banks switch when the PPU fetches tiles $FD and $FE.
 */
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

    static void mmc2_sync(struct cart *c)
{
    struct mmc2 *m = c->board;

    cart_wram_8k(c, 0x6000, 0, true);
    if (c->mapper == 9) {
        cart_prg_8k(c, 0x8000, m->prg & 15);
        for (int i = 0; i < 3; i++)
            cart_prg_8k(c, (u16)(0xa000 + i * 0x2000), -3 + i);
    } else {
        cart_prg_16k(c, 0x8000, m->prg & 15);
        cart_prg_16k(c, 0xc000, -1);
    }
    cart_chr_4k(c, 0, m->chr[m->latch[0]] & 31);
    cart_chr_4k(c, 4, m->chr[2 + m->latch[1]] & 31);
    cart_mirror(c, m->mirror & 1 ? CART_HORIZONTAL : CART_VERTICAL);
}

static void mmc2_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct mmc2 *m = c->board;

    (void)clk;
    switch (addr >> 12) {
    case 0xa: m->prg = value; break;
    case 0xb:
    case 0xc:
    case 0xd:
    case 0xe: m->chr[(addr >> 12) - 0xb] = value; break;
    case 0xf: m->mirror = value; break;
    default: return;
    }
    c->ops->sync(c);
}

static void mmc2_watch(struct cart *c, u16 addr)
{
    struct mmc2 *m = c->board;
    unsigned right = addr >> 12 & 1, line = addr & 7, tile = addr >> 4 & 0xff;

    if (addr >= 0x2000 || !(addr & 8) || (tile != 0xfd && tile != 0xfe))
        return;
    if (c->mapper == 9 && !right && line) /* MMC2's left latch looks at the tile's first row only */
        return;
    m->latch[right] = tile == 0xfe;
    c->ops->sync(c);
}

static void mmc2_power(struct cart *c)
{
    *(struct mmc2 *)c->board = (struct mmc2) { .latch = { 1, 1 },
                                               .mirror = c->mirroring == CART_HORIZONTAL };
}

#define MMC2_COMMON                                                             \
    .submapper = -1, .state_bytes = sizeof(struct mmc2), .fields = mmc2_fields, \
    .power = mmc2_power, .sync = mmc2_sync, .write = mmc2_write, .watch = mmc2_watch

const struct mapper board_mmc2 = { .number = 9, .name = "MMC2 (PxROM)", MMC2_COMMON };
const struct mapper board_mmc4 = { .number = 10, .name = "MMC4 (FxROM)", MMC2_COMMON };
