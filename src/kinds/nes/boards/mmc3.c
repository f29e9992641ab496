/* MMC3 (4: TxROM), MMC6 (4.1), and the boards that use its CHR lines for other things: TxSROM (118)
 * takes the name table's page from them, TQROM (119) the choice between pattern ROM and RAM.
 *
 * The IRQ counter is clocked by rises of PPU address line 12. It reloads when it is 0 or was told
 * to, and counts down otherwise. Sharp's chips (revision b) then assert IRQ whenever it is 0; NEC's
 * (revision a) only when it got there by counting or by a reload that was asked for. */
#include "kinds/nes/boards/boards.h"

#include <limits.h>

/* clang-format off */
#define MMC3(F, A, E, G, H)                                                          \
    E(CONFIG, revision, "b a", "the IRQ counter: b as Sharp's chips, a as NEC's")    \
    F(STATE, u8, select, "bank select and modes")                                    \
    A(STATE, u8, bank, 8, "bank registers")                                          \
    F(STATE, u8, mirror, "mirroring")                                                \
    F(STATE, u8, protect, "RAM enable and protection")                               \
    F(STATE, u8, latch, "IRQ reload value")                                          \
    F(STATE, u8, counter, "IRQ counter")                                             \
    F(STATE, bool, reload, "reload at the next clock")                               \
    F(STATE, bool, enabled, "IRQ enabled")
/* clang-format on */

struct mmc3 {
    FIELD_MEMBERS(MMC3)
};
static FIELD_TABLE(mmc3, 1, MMC3)

enum { SELECT_CHR_FLIP = 0x80, SELECT_PRG_SWAP = 0x40, SELECT_MMC6_RAM = 0x20 };

/* ---- windows ---- */

static void chr_page(struct cart *c, unsigned slot, int bank)
{
    if (c->line->wiring & MMC3_TXSROM) /* A17 goes elsewhere */
        cart_chr_1k(c, slot, bank & 127);
    else if (!(c->line->wiring & MMC3_TQROM))
        cart_chr_1k(c, slot, bank);
    else if (bank & 64)
        cart_chr_ram_1k(c, slot, bank & 7);
    else
        cart_chr_1k(c, slot, bank & 63);
}

static void sync_chr(struct cart *c)
{
    const struct mmc3 *m = c->board;
    unsigned flip = m->select & SELECT_CHR_FLIP ? 4 : 0;

    for (unsigned i = 0; i < 4; i++) {
        int two = m->bank[i / 2] & ~1;

        chr_page(c, i ^ flip, two | (int)(i & 1));
        chr_page(c, (4 + i) ^ flip, m->bank[2 + i]);
    }
}

static void sync_prg(struct cart *c)
{
    const struct mmc3 *m = c->board;
    bool swap = m->select & SELECT_PRG_SWAP;

    cart_prg_8k(c, swap ? 0xc000 : 0x8000, m->bank[6] & 63);
    cart_prg_8k(c, 0xa000, m->bank[7] & 63);
    cart_prg_8k(c, swap ? 0x8000 : 0xc000, -2);
    cart_prg_8k(c, 0xe000, -1);
}

static void sync_mirroring(struct cart *c)
{
    const struct mmc3 *m = c->board;
    bool flip = m->select & SELECT_CHR_FLIP;

    if (c->line->wiring & MMC3_TXSROM) { /* CHR A17 is CIRAM A10 */
        for (unsigned i = 0; i < 4; i++)
            cart_nt_ciram(c, i, m->bank[flip ? 2 + i : i / 2] >> 7);
    } else if (c->mirroring == CART_FOUR_SCREEN || (c->line->wiring & MMC3_HARD_MIRROR)) {
        cart_mirror(c, c->mirroring);
    } else {
        cart_mirror(c, m->mirror & 1 ? CART_HORIZONTAL : CART_VERTICAL);
    }
}

/* An iNES header does not tell MMC6 from MMC3, and they read this register differently: then any of
 * both chips' enable bits opens the RAM, and nothing protects it. */
static void sync_wram(struct cart *c)
{
    const struct mmc3 *m = c->board;

    if (!c->nes2 && c->line->number == 4 && (m->protect & 0xf0))
        cart_wram_8k(c, 0x6000, 0, true);
    else if (m->protect & 0x80)
        cart_wram_8k(c, 0x6000, 0, !(m->protect & 0x40));
    else
        cart_cpu_none(c, 0x6000, 0x2000);
}

static void sync_banks(struct cart *c)
{
    sync_prg(c);
    sync_mirroring(c);
    sync_chr(c);
}

static void mmc3_sync(struct cart *c)
{
    sync_wram(c);
    sync_banks(c);
}

/* ---- registers ---- */

static void write_register(struct cart *c, u16 addr, u8 value)
{
    struct mmc3 *m = c->board;

    if (addr >= 0xc000) /* the counter's */
        cart_catch_up(c);
    switch (addr & 0xe001) {
    case 0x8000: m->select = value; break;
    case 0x8001: m->bank[m->select & 7] = value; break;
    case 0xa000: m->mirror = value; break;
    case 0xa001: m->protect = value; break;
    case 0xc000: m->latch = value; return;
    case 0xc001:
        m->counter = 0;
        m->reload = true;
        return;
    case 0xe000:
        m->enabled = false;
        c->irq = false;
        return;
    case 0xe001: m->enabled = true; return;
    }
    c->ops->sync(c);
}

static void mmc3_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    (void)clk;
    if (addr >= 0x8000)
        write_register(c, addr, value);
}

/* ---- IRQ ---- */

static void mmc3_a12(struct cart *c, u64 clk)
{
    struct mmc3 *m = c->board;
    bool moved = m->counter != 0 || m->reload;

    (void)clk;
    if (!m->counter || m->reload)
        m->counter = m->latch;
    else
        m->counter--;
    m->reload = false;
    if (!m->counter && m->enabled && (moved || !m->revision))
        c->irq = true;
}

static unsigned mmc3_a12_horizon(const struct cart *c)
{
    const struct mmc3 *m = c->board;

    if (!m->enabled || c->irq)
        return UINT_MAX;
    return m->counter && !m->reload ? m->counter : m->latch + 1u;
}

/* ---- life ---- */

static int mmc3_init(struct cart *c, struct err *e)
{
    struct mmc3 *m = c->board;

    (void)e;
    m->revision = (c->line->wiring & MMC3_REVISION_A) != 0;
    return 0;
}

/* RAM comes up enabled: many programs, test ROMs among them, never write $A001. */
static void mmc3_power(struct cart *c)
{
    struct mmc3 *m = c->board;

    *m = (struct mmc3) {
        .revision = m->revision,
        .bank = { 0, 2, 4, 5, 6, 7, 0, 1 },
        .protect = 0x80,
        .mirror = c->mirroring == CART_HORIZONTAL,
    };
}

const struct board board_mmc3 = {
    .state_bytes = sizeof(struct mmc3),
    .fields = mmc3_fields,
    .init = mmc3_init,
    .power = mmc3_power,
    .sync = mmc3_sync,
    .write = mmc3_write,
    .a12 = mmc3_a12,
    .a12_horizon = mmc3_a12_horizon,
};

/* ---- MMC6: 1 KiB inside the chip at $7000-$7FFF, in halves with a read and a write bit each ----
 *
 * It is the cartridge's wram (with a battery), of which the first 1 KiB is used. */

static bool mmc6_peek(const struct cart *c, u16 addr, u8 *value)
{
    const struct mmc3 *m = c->board;
    u8 mine = addr & 0x200 ? 0x80 : 0x20;

    if (addr < 0x7000 || addr >= 0x8000 || !(m->protect & 0xa0))
        return false;
    *value = m->protect & mine ? c->wram.bytes[addr & 0x3ff] : 0;
    return true;
}

static bool mmc6_read(struct cart *c, u16 addr, u64 clk, u8 *value)
{
    (void)clk;
    return mmc6_peek(c, addr, value);
}

/* Bit 5 of $8000 enables the RAM; while it is clear, the protection bits are held at 0. */
static void mmc6_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct mmc3 *m = c->board;
    u8 mine = addr & 0x200 ? 0xc0 : 0x30;

    (void)clk;
    if (addr >= 0x8000) {
        write_register(c, addr, value);
        if (!(m->select & SELECT_MMC6_RAM))
            m->protect = 0;
    } else if (addr >= 0x7000 && (m->protect & mine) == mine) {
        c->wram.bytes[addr & 0x3ff] = value;
    }
}

static void mmc6_sync(struct cart *c)
{
    cart_cpu_none(c, 0x6000, 0x2000);
    sync_banks(c);
}

static int mmc6_init(struct cart *c, struct err *e)
{
    if (!c->wram_bytes) { /* a header that forgets what is inside the chip */
        int r = cart_wram_grow(c, 1024, e);

        if (r)
            return r;
    }
    return mmc3_init(c, e);
}

static void mmc6_power(struct cart *c)
{
    mmc3_power(c);
    ((struct mmc3 *)c->board)->protect = 0;
}

const struct board board_mmc6 = {
    .state_bytes = sizeof(struct mmc3),
    .fields = mmc3_fields,
    .init = mmc6_init,
    .power = mmc6_power,
    .sync = mmc6_sync,
    .read = mmc6_read,
    .peek = mmc6_peek,
    .write = mmc6_write,
    .a12 = mmc3_a12,
    .a12_horizon = mmc3_a12_horizon,
};
