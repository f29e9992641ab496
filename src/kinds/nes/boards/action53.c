/* Action 53 (28): a multicart board that imitates NROM, CNROM, UxROM, AxROM and BNROM.
 *
 * $5000 selects one of four registers, any write above $8000 sets it. The program ROM's 16 KiB bank
 * is made of the outer bank's high bits and the inner bank's low bits; how many, the mode says. */
#include "kinds/nes/boards/boards.h"

#define ACTION53(F, A, E, G, H)                        \
    F(STATE, u8, index, "register selected")           \
    F(STATE, u8, chr, "$00: CHR bank")                 \
    F(STATE, u8, inner, "$01: inner bank")             \
    F(STATE, u8, mode, "$80: mirroring, layout, size") \
    F(STATE, u8, outer, "$81: outer bank")

struct action53 {
    FIELD_MEMBERS(ACTION53)
};
static FIELD_TABLE(action53, 1, ACTION53)

enum { LAYOUT_FIRST_FIXED = 2, LAYOUT_LAST_FIXED = 3 }; /* others: 32 KiB */

static int bank_16k(const struct action53 *a, int half)
{
    unsigned layout = a->mode >> 2 & 3, size = a->mode >> 4 & 3;
    int outer = a->outer << 1 | half, mask = (2 << size) - 1;

    if (layout == LAYOUT_FIRST_FIXED)
        return half == 0 ? outer : (outer & ~mask) | (a->inner & mask);
    if (layout == LAYOUT_LAST_FIXED)
        return half == 1 ? outer : (outer & ~mask) | (a->inner & mask);
    return (outer & ~mask) | ((a->inner << 1 | half) & mask);
}

static void action53_sync(struct cart *c)
{
    static const u8 mirroring[] = { CART_ONE_LOW, CART_ONE_HIGH, CART_VERTICAL, CART_HORIZONTAL };
    const struct action53 *a = c->board;

    cart_prg_16k(c, 0x8000, bank_16k(a, 0));
    cart_prg_16k(c, 0xc000, bank_16k(a, 1));
    cart_wram_8k(c, 0x6000, 0, true);
    cart_chr_8k(c, a->chr & 3);
    cart_mirror(c, mirroring[a->mode & 3]);
}

/* In the one-screen modes, bit 4 of either bank register is the screen (as on AxROM). */
static void take_screen(struct action53 *a, u8 value)
{
    if (!(a->mode & 2))
        a->mode = (u8)((a->mode & ~1) | (value >> 4 & 1));
}

static void action53_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct action53 *a = c->board;

    (void)clk;
    if (addr >= 0x5000 && addr < 0x6000) {
        a->index = value & 0x81;
        return;
    }
    if (addr < 0x8000)
        return;
    switch (a->index & 0x81) {
    case 0x00:
        a->chr = value;
        take_screen(a, value);
        break;
    case 0x01:
        a->inner = value;
        take_screen(a, value);
        break;
    case 0x80: a->mode = value; break;
    case 0x81: a->outer = value; break;
    }
    c->ops->sync(c);
}

static void action53_power(struct cart *c)
{
    *(struct action53 *)c->board = (struct action53) { .outer = 0xff };
}

const struct board board_action53 = {
    .state_bytes = sizeof(struct action53),
    .fields = action53_fields,
    .power = action53_power,
    .sync = action53_sync,
    .write = action53_write,
};
