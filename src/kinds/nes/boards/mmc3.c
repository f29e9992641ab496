/* MMC3 (TxROM), its relatives without IRQ (DxROM, 206), MMC6, and the boards that use its CHR lines
 * for other things (TxSROM 118, TQROM 119).
 *
 * The IRQ counter is clocked by rises of PPU address line 12. Revision b (MMC3B/C) asserts whenever
 * it is 0 after a clock; revision a only when it got there by counting or by a forced reload. */
#include "kinds/nes/boards/boards.h"

#include <limits.h>

#define MMC3(F, A, E, G, H)                            \
    F(STATE, u8, select, "bank select and modes")      \
    A(STATE, u8, bank, 8, "bank registers")            \
    F(STATE, u8, mirror, "mirroring")                  \
    F(STATE, u8, protect, "RAM enable and protection") \
    F(STATE, u8, latch, "IRQ reload value")            \
    F(STATE, u8, counter, "IRQ counter")               \
    F(STATE, bool, reload, "reload at the next clock") \
    F(STATE, bool, enabled, "IRQ enabled")             \
    A(STATE, u8, ram, 1024, "MMC6: RAM inside the chip")

struct mmc3 {
    FIELD_MEMBERS(MMC3)
};
static FIELD_TABLE(mmc3, 1, MMC3)

    static void chr_page(struct cart *c, unsigned slot, int bank)
{
    if (c->mapper == 119 && (bank & 64))
        cart_chr_ram_1k(c, slot, bank & 7);
    else
        cart_chr_1k(c, slot, c->mapper == 119 ? bank & 63 : bank);
}

static void sync_chr(struct cart *c)
{
    struct mmc3 *m = c->board;
    unsigned flip = m->select & 0x80 ? 4 : 0;

    for (unsigned i = 0; i < 2; i++) {
        chr_page(c, (2 * i) ^ flip, m->bank[i] & ~1);
        chr_page(c, (2 * i + 1) ^ flip, m->bank[i] | 1);
    }
    for (unsigned i = 0; i < 4; i++)
        chr_page(c, (4 + i) ^ flip, m->bank[2 + i]);
    if (c->mapper != 118)
        return;
    for (unsigned i = 0; i < 4; i++) /* CHR A17 is CIRAM A10 */
        cart_nt_ciram(c, i, m->bank[flip ? 2 + i : i / 2] >> 7);
}

static void sync_prg(struct cart *c)
{
    struct mmc3 *m = c->board;
    bool swap = m->select & 0x40;

    cart_prg_8k(c, swap ? 0xc000 : 0x8000, m->bank[6] & 63);
    cart_prg_8k(c, 0xa000, m->bank[7] & 63);
    cart_prg_8k(c, swap ? 0x8000 : 0xc000, -2);
    cart_prg_8k(c, 0xe000, -1);
}

static void sync_mirroring(struct cart *c)
{
    struct mmc3 *m = c->board;

    if (c->mirroring == CART_FOUR_SCREEN || c->mapper == 206)
        cart_mirror(c, c->mirroring);
    else
        cart_mirror(c, m->mirror & 1 ? CART_HORIZONTAL : CART_VERTICAL);
}

static bool is_mmc6(const struct cart *c)
{
    return c->ops == &board_mmc6;
}

static void mmc3_sync(struct cart *c)
{
    struct mmc3 *m = c->board;

    if (is_mmc6(c) || (c->mapper != 206 && !(m->protect & 0x80)))
        cart_cpu_none(c, 0x6000, 0x2000);
    else
        cart_wram_8k(c, 0x6000, 0, !(m->protect & 0x40));
    sync_prg(c);
    sync_mirroring(c);
    sync_chr(c);
}

static void mmc3_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct mmc3 *m = c->board;

    (void)clk;
    switch (addr & 0xe001) {
    case 0x8000:
        m->select = value;
        if (is_mmc6(c) && !(value & 0x20))
            m->protect = 0;
        break;
    case 0x8001: m->bank[m->select & 7] = value; break;
    case 0xa000: m->mirror = value; break;
    case 0xa001:
        if (!is_mmc6(c) || (m->select & 0x20))
            m->protect = value;
        break;
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
    default: return;
    }
    c->ops->sync(c);
}

static void dxrom_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct mmc3 *m = c->board;

    (void)clk;
    if ((addr & 0xe001) == 0x8000)
        m->select = value & 7;
    else if ((addr & 0xe001) == 0x8001)
        m->bank[m->select] = value & (m->select < 6 ? 63 : 15);
    else
        return;
    c->ops->sync(c);
}

static void mmc3_a12(struct cart *c, u64 clk)
{
    struct mmc3 *m = c->board;
    bool counted = m->counter != 0, forced = m->reload;

    (void)clk;
    if (!m->counter || m->reload)
        m->counter = m->latch;
    else
        m->counter--;
    m->reload = false;
    if (m->counter == 0 && m->enabled && (!c->revision || counted || forced))
        c->irq = true;
}

static unsigned mmc3_horizon(const struct cart *c)
{
    const struct mmc3 *m = c->board;

    if (!m->enabled || c->irq)
        return UINT_MAX;
    return m->counter && !m->reload ? m->counter : m->latch + 1u;
}

/* MMC6: 1 KiB at $7000-$7FFF in two halves, each with a read and a write bit. */
static bool mmc6_read(struct cart *c, u16 addr, u64 clk, u8 *value)
{
    struct mmc3 *m = c->board;
    bool low = m->protect & 0x20, high = m->protect & 0x80, mine = addr & 0x200 ? high : low;

    (void)clk;
    if (addr < 0x7000 || addr > 0x7fff || (!low && !high))
        return false;
    *value = mine ? m->ram[addr & 0x3ff] : 0;
    return true;
}

static void mmc6_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct mmc3 *m = c->board;
    u8 both = addr & 0x200 ? 0xc0 : 0x30;

    if (addr >= 0x7000 && addr < 0x8000) {
        if ((m->protect & both) == both)
            m->ram[addr & 0x3ff] = value;
        return;
    }
    mmc3_write(c, addr, value, clk);
}

static void mmc3_power(struct cart *c)
{
    /* RAM enabled: many programs, test ROMs among them, never write $A001. */
    *(struct mmc3 *)c->board = (struct mmc3) { .bank = { 0, 2, 4, 5, 6, 7, 0, 1 },
                                               .protect = is_mmc6(c) ? 0 : 0x80,
                                               .mirror = c->mirroring == CART_HORIZONTAL };
}

#define MMC3_COMMON                                                                 \
    .state_bytes = sizeof(struct mmc3), .fields = mmc3_fields, .power = mmc3_power, \
    .sync = mmc3_sync
#define MMC3_IRQ .a12 = mmc3_a12, .a12_horizon = mmc3_horizon

const struct mapper board_mmc3 = {
    .number = 4, .submapper = -1, .name = "MMC3 (TxROM)", MMC3_COMMON, MMC3_IRQ, .write = mmc3_write
};
const struct mapper board_mmc6 = { .number = 4,
                                   .submapper = 1,
                                   .name = "MMC6 (HxROM)",
                                   MMC3_COMMON,
                                   MMC3_IRQ,
                                   .write = mmc6_write,
                                   .read = mmc6_read };
const struct mapper board_txsrom = {
    .number = 118, .submapper = -1, .name = "TxSROM", MMC3_COMMON, MMC3_IRQ, .write = mmc3_write
};

static int tqrom_init(struct cart *c, struct err *e)
{
    if (!c->chr_ram.size_bytes) {
        space_fini(&c->chr_ram);
        if (!space_init(&c->chr_ram, "chr_ram", 8192, 0, SPACE_UNTRACKED))
            return err_set(e, ERR_NOMEM, "no memory for the board's pattern RAM");
    }
    return 0;
}
const struct mapper board_tqrom = { .number = 119,
                                    .submapper = -1,
                                    .name = "TQROM",
                                    MMC3_COMMON,
                                    MMC3_IRQ,
                                    .write = mmc3_write,
                                    .init = tqrom_init };
const struct mapper board_dxrom = {
    .number = 206, .submapper = -1, .name = "DxROM", MMC3_COMMON, .write = dxrom_write
};
