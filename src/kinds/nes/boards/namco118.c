/* Namco 118 and its kin (206: DxROM, Tengen MIMIC-1): MMC3's banks without its modes, mirroring,
 * RAM and IRQ. */
#include "kinds/nes/boards/boards.h"

#define NAMCO118(F, A, E, G, H)               \
    F(STATE, u8, select, "register selected") \
    A(STATE, u8, bank, 8, "bank registers")

struct namco118 {
    FIELD_MEMBERS(NAMCO118)
};
static FIELD_TABLE(namco118, 1, NAMCO118)

static void namco118_sync(struct cart *c)
{
    const struct namco118 *n = c->board;

    cart_wram_8k(c, 0x6000, 0, true);
    cart_mirror(c, c->mirroring);
    cart_prg_32k(c, 0);
    if (!(c->line->wiring & NAMCO118_FIXED_PRG)) {
        cart_prg_8k(c, 0x8000, n->bank[6] & 15);
        cart_prg_8k(c, 0xa000, n->bank[7] & 15);
        cart_prg_16k(c, 0xc000, -1);
    }
    cart_chr_2k(c, 0, n->bank[0] >> 1 & 31);
    cart_chr_2k(c, 2, n->bank[1] >> 1 & 31);
    for (unsigned i = 0; i < 4; i++)
        cart_chr_1k(c, 4 + i, n->bank[2 + i] & 63);
}

static void namco118_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct namco118 *n = c->board;

    (void)clk;
    if (addr < 0x8000 || addr >= 0xa000)
        return;
    if (addr & 1)
        n->bank[n->select & 7] = value;
    else
        n->select = value;
    c->ops->sync(c);
}

static void namco118_power(struct cart *c)
{
    *(struct namco118 *)c->board = (struct namco118) { .bank = { 0, 2, 4, 5, 6, 7, 0, 1 } };
}

const struct board board_namco118 = {
    .state_bytes = sizeof(struct namco118),
    .fields = namco118_fields,
    .power = namco118_power,
    .sync = namco118_sync,
    .write = namco118_write,
};
