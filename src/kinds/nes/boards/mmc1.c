/* MMC1 (SxROM): a serial port of five bits, four registers. */
#include "kinds/nes/boards/boards.h"

#define MMC1(F, A, E, G, H)                                                   \
    F(STATE, u8, shift, "bits received; a 1 below them marks the end")        \
    F(STATE, u64, last, "cycle of the last write: the next one's is ignored") \
    A(STATE, u8, reg, 4, "control, CHR 0, CHR 1, PRG")

struct mmc1 {
    FIELD_MEMBERS(MMC1)
};
static FIELD_TABLE(mmc1, 1, MMC1)

    static void mmc1_sync(struct cart *c)
{
    static const u8 mirroring[4] = { CART_ONE_LOW, CART_ONE_HIGH, CART_VERTICAL, CART_HORIZONTAL };
    struct mmc1 *m = c->board;
    u8 control = m->reg[0], prg = m->reg[3] & 15;
    int outer = c->prg_rom_bytes > 0x40000 ? m->reg[1] & 16 : 0; /* SUROM: CHR bit 4 is PRG A18 */
    int wram = c->wram.size_bytes > 0x2000 ? m->reg[1] >> 2 & 3 : 0;

    if (c->wram.size_bytes == 0x4000)
        wram = m->reg[1] >> 3 & 1; /* SOROM */
    if (m->reg[3] & 16)
        cart_cpu_none(c, 0x6000, 0x2000);
    else
        cart_wram_8k(c, 0x6000, wram, true);
    if (c->submapper == 5) {
        cart_prg_32k(c, 0);
    } else if (!(control & 8)) {
        cart_prg_32k(c, (outer | prg) >> 1);
    } else {
        cart_prg_16k(c, 0x8000, outer | (control & 4 ? prg : 0));
        cart_prg_16k(c, 0xc000, outer | (control & 4 ? 15 : prg));
    }
    if (control & 16) {
        cart_chr_4k(c, 0, m->reg[1]);
        cart_chr_4k(c, 4, m->reg[2]);
    } else {
        cart_chr_8k(c, m->reg[1] >> 1);
    }
    cart_mirror(c, mirroring[control & 3]);
}

static void mmc1_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct mmc1 *m = c->board;
    bool again = clk == m->last + 1;

    if (addr < 0x8000)
        return;
    m->last = clk;
    if (again) /* the second write of a read-modify-write */
        return;
    if (value & 0x80) {
        m->shift = 0x20;
        m->reg[0] |= 0x0c;
    } else {
        bool full = m->shift & 2;

        m->shift = (u8)(m->shift >> 1 | (value & 1) << 5);
        if (!full)
            return;
        m->reg[addr >> 13 & 3] = m->shift >> 1 & 31;
        m->shift = 0x20;
    }
    c->ops->sync(c);
}

static void mmc1_power(struct cart *c)
{
    *(struct mmc1 *)c->board = (struct mmc1) { .shift = 0x20, .reg = { 0x0c } };
}

const struct mapper board_mmc1 = { .number = 1,
                                   .submapper = -1,
                                   .name = "MMC1 (SxROM)",
                                   .state_bytes = sizeof(struct mmc1),
                                   .fields = mmc1_fields,
                                   .power = mmc1_power,
                                   .sync = mmc1_sync,
                                   .write = mmc1_write };
const struct mapper board_mmc1_fixed = { .number = 1,
                                         .submapper = 5,
                                         .name = "MMC1 (SEROM)",
                                         .state_bytes = sizeof(struct mmc1),
                                         .fields = mmc1_fields,
                                         .power = mmc1_power,
                                         .sync = mmc1_sync,
                                         .write = mmc1_write };
