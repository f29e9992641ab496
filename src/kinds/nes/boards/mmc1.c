/* MMC1 (1: SxROM; 155: with the first revision of the chip): a serial port of five bits, four
 * registers.
 *
 * Boards with 8 KiB of pattern RAM need few of the CHR register's bits for it and use the others:
 * PRG A18 (SUROM, SXROM), the RAM's bank (SOROM, SXROM), or the RAM's second enable (SNROM). SZROM
 * has pattern ROM, 16 KiB of RAM, and the RAM's bank in the one bit that the ROM leaves. */
#include "kinds/nes/boards/boards.h"

#define MMC1(F, A, E, G, H)                                            \
    F(STATE, u8, shift, "bits received; the last 1 below them counts") \
    F(STATE, u64, last, "cycle of the last write")                     \
    A(STATE, u8, reg, 4, "control, CHR 0, CHR 1, PRG")

struct mmc1 {
    FIELD_MEMBERS(MMC1)
};
static FIELD_TABLE(mmc1, 1, MMC1)

#define SHIFT_EMPTY 0x20

static void sync_wram(struct cart *c)
{
    const struct mmc1 *m = c->board;
    bool few_tiles = !c->chr_rom.size_bytes && c->chr_ram.size_bytes <= 0x2000;
    bool off = (m->reg[3] & 16) && !(c->line->wiring & MMC1_A);
    u32 size = c->wram_bytes;

    if (few_tiles && size <= 0x2000 && c->prg_rom.size_bytes <= 0x40000 && (m->reg[1] & 16))
        off = true;
    if (off)
        cart_cpu_none(c, 0x6000, 0x2000);
    else if (size <= 0x2000)
        cart_wram_8k(c, 0x6000, 0, true);
    else if (size > 0x4000)
        cart_wram_8k(c, 0x6000, m->reg[1] >> 2 & 3, true);
    else /* beside pattern ROM, only the topmost bit is free */
        cart_wram_8k(c, 0x6000, m->reg[1] >> (few_tiles ? 3 : 4) & 1, true);
}

static void sync_prg(struct cart *c)
{
    const struct mmc1 *m = c->board;
    int bank = m->reg[3] & 15, outer = 0;

    if (c->prg_rom.size_bytes > 0x40000)
        outer = m->reg[1] & 16;
    if (c->line->wiring & MMC1_FIXED_PRG) {
        cart_prg_32k(c, 0);
    } else if (!(m->reg[0] & 8)) {
        cart_prg_32k(c, (outer | bank) >> 1);
    } else {
        cart_prg_16k(c, 0x8000, outer | (m->reg[0] & 4 ? bank : 0));
        cart_prg_16k(c, 0xc000, outer | (m->reg[0] & 4 ? 15 : bank));
    }
}

static void mmc1_sync(struct cart *c)
{
    static const u8 mirroring[] = { CART_ONE_LOW, CART_ONE_HIGH, CART_VERTICAL, CART_HORIZONTAL };
    const struct mmc1 *m = c->board;

    sync_wram(c);
    sync_prg(c);
    if (m->reg[0] & 16) {
        cart_chr_4k(c, 0, m->reg[1] & 31);
        cart_chr_4k(c, 4, m->reg[2] & 31);
    } else {
        cart_chr_8k(c, m->reg[1] >> 1 & 15);
    }
    cart_mirror(c, mirroring[m->reg[0] & 3]);
}

/* The second write of a read-modify-write instruction comes too soon for the data bit; a reset is
 * heard even then. */
static void mmc1_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct mmc1 *m = c->board;
    bool too_soon = clk == m->last + 1;

    if (addr < 0x8000)
        return;
    m->last = clk;
    if (value & 0x80) {
        m->shift = SHIFT_EMPTY;
        m->reg[0] |= 0x0c;
    } else {
        bool full = m->shift & 2;

        if (too_soon)
            return;
        m->shift = (u8)(m->shift >> 1 | (value & 1) << 5);
        if (!full)
            return;
        m->reg[addr >> 13 & 3] = m->shift >> 1 & 31;
        m->shift = SHIFT_EMPTY;
    }
    c->ops->sync(c);
}

static void mmc1_power(struct cart *c)
{
    *(struct mmc1 *)c->board =
        (struct mmc1) { .shift = SHIFT_EMPTY, .last = EVENT_NEVER - 1, .reg = { 0x0c } };
}

const struct board board_mmc1 = {
    .state_bytes = sizeof(struct mmc1),
    .fields = mmc1_fields,
    .power = mmc1_power,
    .sync = mmc1_sync,
    .write = mmc1_write,
};
