/* Boards of a few logic chips: a latch or two, and nothing that counts.
 *
 * A write anywhere in $8000-$FFFF sets the latch, unless the board says otherwise; what the bits do
 * is the board's sync(). Where the ROM is not silenced during the write, both drive the bus: the
 * table's column `conflicts`. */
#include "kinds/nes/boards/boards.h"

#define LATCH(F, A, E, G, H)         \
    F(STATE, u8, value, "the latch") \
    A(STATE, u8, more, 2, "further latches, where there are")

struct latch {
    FIELD_MEMBERS(LATCH)
};
static FIELD_TABLE(latch, 1, LATCH)

static void latch_power(struct cart *c)
{
    *(struct latch *)c->board = (struct latch) { 0 };
}

static void latch_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct latch *l = c->board;

    (void)clk;
    if (addr < 0x8000)
        return;
    l->value = value;
    c->ops->sync(c);
}

static u8 latched(const struct cart *c)
{
    return ((const struct latch *)c->board)->value;
}

/* What most boards have in common: RAM at $6000 and the mirroring soldered. */
static void sync_plain(struct cart *c)
{
    cart_wram_8k(c, 0x6000, 0, true);
    cart_mirror(c, c->mirroring);
}

static void sync_16k_last(struct cart *c, int bank)
{
    sync_plain(c);
    cart_prg_16k(c, 0x8000, bank);
    cart_prg_16k(c, 0xc000, -1);
}

#define LATCH_BOARD(id, sync_, write_)       \
    const struct board board_##id = {        \
        .state_bytes = sizeof(struct latch), \
        .fields = latch_fields,              \
        .power = latch_power,                \
        .sync = sync_,                       \
        .write = write_,                     \
    }

/* ---- 0 ---- */

static void nrom_sync(struct cart *c)
{
    sync_plain(c);
    cart_prg_32k(c, 0);
    cart_chr_8k(c, 0);
}
const struct board board_nrom = { .sync = nrom_sync };

/* ---- 2, 93, 94, 180: 16 KiB switched, 16 KiB fixed ---- */

static void uxrom_sync(struct cart *c)
{
    u32 wiring = c->line->wiring;
    int bank = latched(c) >> (wiring & UXROM_SHIFT);

    if (wiring & UXROM_FIRST_FIXED) {
        sync_plain(c);
        cart_prg_16k(c, 0x8000, 0);
        cart_prg_16k(c, 0xc000, bank);
    } else {
        sync_16k_last(c, bank);
    }
    if ((wiring & UXROM_CHR_ENABLE) && !(latched(c) & 1))
        cart_chr_none(c);
    else
        cart_chr_8k(c, 0);
}
LATCH_BOARD(uxrom, uxrom_sync, latch_write);

/* ---- 3, 185 ---- */

static void cnrom_sync(struct cart *c)
{
    sync_plain(c);
    cart_prg_32k(c, 0);
    cart_chr_8k(c, latched(c));
}
LATCH_BOARD(cnrom, cnrom_sync, latch_write);

/* 185: the latch's low bits must be a key for the pattern ROM to answer. Submappers 4-7 name the
 * key; without one, what the known programs have in common is that their keys pass this test and
 * their wrong keys do not. */
static void cnrom_key_sync(struct cart *c)
{
    u8 v = latched(c);
    bool on = c->submapper >= 4 && c->submapper < 8 ? (v & 3) == (c->submapper & 3)
                                                    : (v & 15) && v != 0x13;

    sync_plain(c);
    cart_prg_32k(c, 0);
    if (on)
        cart_chr_8k(c, 0);
    else
        cart_chr_none(c);
}
LATCH_BOARD(cnrom_key, cnrom_key_sync, latch_write);

/* ---- 7, 11, 34, 66: 32 KiB switched ---- */

static void axrom_sync(struct cart *c)
{
    cart_wram_8k(c, 0x6000, 0, true);
    cart_prg_32k(c, latched(c) & 15);
    cart_chr_8k(c, 0);
    cart_mirror(c, latched(c) & 16 ? CART_ONE_HIGH : CART_ONE_LOW);
}
LATCH_BOARD(axrom, axrom_sync, latch_write);

static void colordreams_sync(struct cart *c)
{
    sync_plain(c);
    cart_prg_32k(c, latched(c) & 3);
    cart_chr_8k(c, latched(c) >> 4);
}
LATCH_BOARD(colordreams, colordreams_sync, latch_write);

static void gxrom_sync(struct cart *c)
{
    sync_plain(c);
    cart_prg_32k(c, latched(c) >> 4 & 3);
    cart_chr_8k(c, latched(c) & 3);
}
LATCH_BOARD(gxrom, gxrom_sync, latch_write);

static void bnrom_sync(struct cart *c)
{
    sync_plain(c);
    cart_prg_32k(c, latched(c));
    cart_chr_8k(c, 0);
}
LATCH_BOARD(bnrom, bnrom_sync, latch_write);

/* NINA-001: three registers in the RAM's last bytes, which the RAM sees too. */
static void nina001_sync(struct cart *c)
{
    struct latch *l = c->board;

    sync_plain(c);
    c->cpu->write[0x7800 >> CPU_PAGE_SHIFT] = NULL;
    cart_prg_32k(c, l->value & 1);
    cart_chr_4k(c, 0, l->more[0] & 15);
    cart_chr_4k(c, 4, l->more[1] & 15);
}

static void nina001_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct latch *l = c->board;

    (void)clk;
    if (addr < 0x7800 || addr >= 0x8000)
        return;
    if (c->wram_bytes)
        c->wram.bytes[(addr - 0x6000) % c->wram_bytes] = value;
    if (addr < 0x7ffd)
        return;
    *(addr == 0x7ffd ? &l->value : &l->more[addr - 0x7ffe]) = value;
    c->ops->sync(c);
}
LATCH_BOARD(nina001, nina001_sync, nina001_write);

/* ---- 71: Codemasters ----
 *
 * Fire Hawk's board takes one-screen mirroring from $9000-$9FFF; the others' is soldered. A header
 * without submapper does not say which: then the first write to $9000 exactly tells. */
static void bf909x_sync(struct cart *c)
{
    struct latch *l = c->board;

    sync_16k_last(c, l->value & 15);
    cart_chr_8k(c, 0);
    if (c->submapper == 1 || l->more[1])
        cart_mirror(c, l->more[0] & 16 ? CART_ONE_HIGH : CART_ONE_LOW);
}

static void bf909x_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct latch *l = c->board;

    (void)clk;
    if (addr >= 0xc000) {
        l->value = value;
    } else if (addr >= 0x9000 && addr < 0xa000) {
        l->more[0] = value;
        l->more[1] |= addr == 0x9000;
    }
    c->ops->sync(c);
}
LATCH_BOARD(bf909x, bf909x_sync, bf909x_write);

/* ---- 78: the same chips with two kinds of mirroring ---- */

static void jf16_sync(struct cart *c)
{
    u8 v = latched(c);

    sync_16k_last(c, v & 7);
    cart_chr_8k(c, v >> 4);
    if (c->submapper == 3)
        cart_mirror(c, v & 8 ? CART_VERTICAL : CART_HORIZONTAL);
    else
        cart_mirror(c, v & 8 ? CART_ONE_HIGH : CART_ONE_LOW);
}
LATCH_BOARD(jf16, jf16_sync, latch_write);

/* ---- 79, 87, 184: latches below $8000 ---- */

static void nina003_sync(struct cart *c)
{
    sync_plain(c);
    cart_prg_32k(c, latched(c) >> 3 & 1);
    cart_chr_8k(c, latched(c) & 7);
}

static void nina003_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    (void)clk;
    if ((addr & 0xe100) != 0x4100)
        return;
    ((struct latch *)c->board)->value = value;
    c->ops->sync(c);
}
LATCH_BOARD(nina003, nina003_sync, nina003_write);

/* The latch is where RAM would be. */
static void sync_no_ram(struct cart *c)
{
    cart_cpu_none(c, 0x6000, 0x2000);
    cart_mirror(c, c->mirroring);
    cart_prg_32k(c, 0);
}

static void low_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    (void)clk;
    if (addr < 0x6000 || addr >= 0x8000)
        return;
    ((struct latch *)c->board)->value = value;
    c->ops->sync(c);
}

static void jf05_sync(struct cart *c)
{
    sync_no_ram(c);
    cart_chr_8k(c, (latched(c) >> 1 & 1) | (latched(c) << 1 & 2));
}
LATCH_BOARD(jf05, jf05_sync, low_write);

static void sunsoft1_sync(struct cart *c)
{
    sync_no_ram(c);
    cart_chr_4k(c, 0, latched(c) & 7);
    cart_chr_4k(c, 4, (latched(c) >> 4 & 7) | 4);
}
LATCH_BOARD(sunsoft1, sunsoft1_sync, low_write);
