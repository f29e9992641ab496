/* Taito TC0190 (33). */
#include "kinds/nes/boards/boards.h"

#define TC0190(F, A, E, G, H)                                        \
    A(STATE, u8, prg, 2, "PRG banks; bit 6 of the first: mirroring") \
    A(STATE, u8, chr, 6, "CHR banks: two of 2 KiB, four of 1 KiB")

struct tc0190 {
    FIELD_MEMBERS(TC0190)
};
static FIELD_TABLE(tc0190, 1, TC0190)

static void tc0190_sync(struct cart *c)
{
    const struct tc0190 *t = c->board;

    cart_wram_8k(c, 0x6000, 0, true);
    cart_prg_8k(c, 0x8000, t->prg[0] & 63);
    cart_prg_8k(c, 0xa000, t->prg[1] & 63);
    cart_prg_16k(c, 0xc000, -1);
    cart_chr_2k(c, 0, t->chr[0]);
    cart_chr_2k(c, 2, t->chr[1]);
    for (unsigned i = 0; i < 4; i++)
        cart_chr_1k(c, 4 + i, t->chr[2 + i]);
    cart_mirror(c, t->prg[0] & 64 ? CART_HORIZONTAL : CART_VERTICAL);
}

static void tc0190_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct tc0190 *t = c->board;
    unsigned i = addr & 3;

    (void)clk;
    if ((addr & 0xe000) == 0x8000)
        *(i < 2 ? &t->prg[i] : &t->chr[i - 2]) = value;
    else if ((addr & 0xe000) == 0xa000)
        t->chr[2 + i] = value;
    else
        return;
    c->ops->sync(c);
}

static void tc0190_power(struct cart *c)
{
    *(struct tc0190 *)c->board = (struct tc0190) { 0 };
}

const struct board board_tc0190 = {
    .state_bytes = sizeof(struct tc0190),
    .fields = tc0190_fields,
    .power = tc0190_power,
    .sync = tc0190_sync,
    .write = tc0190_write,
};
