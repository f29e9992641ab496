/* MMC5 (5: ExROM).
 *
 * It watches the PPU's bus. Three reads in a row of one name table address are the end of a line
 * and the start of the next (the PPU fetches the third tile of a line twice in vain before it does
 * so for use), so it counts lines, knows which tile is being fetched, and answers for it:
 *
 *   blank --3rd equal read--> in frame, line 0 --3rd equal read--> line + 1, IRQ if it is the one
 *     ^                           |
 *     +------ no read for three CPU cycles: rendering is over or was switched off
 *
 * ExRAM (1 KiB) is a name table, or a palette and bank for each tile, or memory for the CPU; the
 * split screen takes its tiles from ExRAM too.
 *
 * While the sound listens to what the CPU reads from $8000-$BFFF, that has no windows. */
#include "kinds/nes/boards/boards.h"
#include "kinds/nes/chips/mmc5_sound.h"

#include <limits.h>
#include <string.h>

/* clang-format off */
#define MMC5(F, A, E, G, H)                                                                     \
    F(STATE, u8, prg_mode, "$5100: sizes of the PRG windows", 0, 3)                             \
    F(STATE, u8, chr_mode, "$5101: sizes of the CHR windows", 0, 3)                             \
    A(STATE, u8, protect, 2, "$5102, $5103: RAM can be written when they hold 2 and 1", 0, 3)   \
    F(STATE, u8, exram_mode, "$5104: what ExRAM is", 0, 3)                                      \
    F(STATE, u8, nt_map, "$5105: what each name table is, two bits each")                       \
    F(STATE, u8, fill_tile, "$5106: the tile of the name table that is all the same")           \
    F(STATE, u8, fill_attribute, "$5107: and its palette", 0, 3)                                \
    A(STATE, u8, prg, 5, "$5113-$5117: PRG banks")                                              \
    A(STATE, u16, chr, 12, "$5120-$512B: CHR banks, eight of set A, four of set B", 0, 0x3ff)   \
    F(STATE, u8, chr_high, "$5130: the high bits of the next CHR bank", 0, 3)                   \
    F(STATE, bool, chr_last_b, "set B was written last")                                        \
    A(STATE, u8, split, 3, "$5200-$5202: split screen: where, scroll, bank")                    \
    F(STATE, u8, irq_line, "$5203: the line that asks for IRQ")                                 \
    F(STATE, bool, irq_enabled, "$5204: may it assert IRQ")                                     \
    F(STATE, bool, irq_pending, "the line was reached")                                         \
    A(STATE, u8, factor, 2, "$5205, $5206: what is multiplied")                                 \
    F(STATE, bool, tall, "the PPU's sprites have 16 lines")                                     \
    F(STATE, bool, in_frame, "lines are being counted")                                         \
    F(STATE, u8, line, "the line being fetched")                                                \
    F(STATE, u8, column, "name table fetches in this line")                                     \
    F(STATE, u16, nt_last, "address of the last PPU read, if it was of a name table")           \
    F(STATE, u8, nt_equal, "how often it was read again")                                       \
    F(STATE, bool, line_starts, "the next read starts the line")                                \
    F(STATE, u64, fetch_dot, "the PPU's dot at the last fetch")                                 \
    F(STATE, u8, tile_ex, "ExRAM's byte for the tile being fetched")                            \
    F(STATE, bool, tile_split, "the tile being fetched is in the split screen")                 \
    F(STATE, u16, tile_nt, "and its place there, as offset in ExRAM", 0, 0x3ff)                 \
    F(STATE, u8, tile_row, "and its row of pixels there", 0, 7)                                 \
    A(STATE, u8, exram, 1024, "ExRAM")                                                          \
    G(mmc5_sound, sound, "two pulses and a DAC")
/* clang-format on */

enum { LISTEN_FIRST = 0x8000 >> CPU_PAGE_SHIFT, LISTEN_PAGES = 0x4000 >> CPU_PAGE_SHIFT };

struct mmc5 {
    FIELD_MEMBERS(MMC5)

    /* Made by sync(): both CHR sets as pages, the name tables that are neither CIRAM nor ExRAM. */
    const u8 *page_a[8], *page_b[8];
    u8 fill[1024], zero[1024];
    const u8 *heard[LISTEN_PAGES]; /* the pages that $8000-$BFFF would show */
};
static FIELD_TABLE(mmc5, 1, MMC5)

enum { EXRAM_NT, EXRAM_ATTRIBUTES, EXRAM_RAM, EXRAM_ROM };
enum { SPLIT_ON = 0x80, SPLIT_RIGHT = 0x40 };
enum { IDLE_DOTS = 10, NT_NONE = 0xffff };

/* ---- windows of the CPU ---- */

/* RAM is one or two chips; bit 2 of the bank selects the second. With RAM of both kinds, the first
 * chip is the one with the battery, which is the last in wram. */
static void ram_window(struct cart *c, u16 addr, u8 bank)
{
    const struct mmc5 *m = c->board;
    bool writable = (m->protect[0] & 3) == 2 && (m->protect[1] & 3) == 1;
    u32 units = c->wram_bytes / 0x2000, second = bank >> 2 & 1, at = bank & 3;

    if (c->prg_ram_bytes && c->prg_nvram_bytes) {
        u32 first = c->prg_ram_bytes / 0x2000;

        at = second ? at % (first ? first : 1) : first + at;
    } else if (units <= 2) {
        at = second;
    } else {
        at |= second << 2;
    }
    if (at < units || (!units && !at))
        cart_wram_8k(c, addr, (int)at, writable);
    else
        cart_cpu_none(c, addr, 0x2000);
}

/* A window of 8 or 16 KiB whose bank register chooses ROM by its bit 7. */
static void bank_window(struct cart *c, u16 addr, u8 bank, unsigned units)
{
    for (unsigned i = 0; i < units; i++) {
        u8 b = (u8)((bank & ~(units - 1)) | i);
        u16 at = (u16)(addr + i * 0x2000);

        if (bank & 0x80)
            cart_prg_8k(c, at, b & 0x7f);
        else
            ram_window(c, at, b);
    }
}

/* Reads come to mmc5_read() then. */
static void take_listened(struct cart *c)
{
    struct mmc5 *m = c->board;

    if (!m->sound.listens)
        return;
    for (unsigned i = 0; i < LISTEN_PAGES; i++) {
        m->heard[i] = c->cpu->read[LISTEN_FIRST + i];
        c->cpu->read[LISTEN_FIRST + i] = NULL;
    }
}

static void sync_prg(struct cart *c)
{
    const struct mmc5 *m = c->board;
    const u8 *bank = m->prg; /* $5113, $5114 ... */

    ram_window(c, 0x6000, bank[0]);
    switch (m->prg_mode & 3) {
    case 0: bank_window(c, 0x8000, bank[4] | 0x80, 4); break;
    case 1:
        bank_window(c, 0x8000, bank[2], 2);
        bank_window(c, 0xc000, bank[4] | 0x80, 2);
        break;
    case 2:
        bank_window(c, 0x8000, bank[2], 2);
        bank_window(c, 0xc000, bank[3], 1);
        bank_window(c, 0xe000, bank[4] | 0x80, 1);
        break;
    case 3:
        for (unsigned i = 0; i < 3; i++)
            bank_window(c, (u16)(0x8000 + i * 0x2000), bank[1 + i], 1);
        bank_window(c, 0xe000, bank[4] | 0x80, 1);
        break;
    }
    take_listened(c);
}

/* ---- windows of the PPU ---- */

/* The bank of 1 KiB that a set shows in a slot: a register serves 8, 4, 2 or 1 KiB, and the last
 * one of its span is the one used. */
static int chr_bank(const struct mmc5 *m, unsigned slot, bool set_b)
{
    unsigned span = 8u >> (m->chr_mode & 3), last = slot | (span - 1);
    u16 bank = set_b ? m->chr[8 + (last & 3)] : m->chr[last];

    return (int)(bank * span + (slot & (span - 1)));
}

/* What $2007 sees: with 8x8 sprites there is one set; with 8x16, the one that was written last. */
static void sync_chr(struct cart *c)
{
    struct mmc5 *m = c->board;

    for (unsigned i = 0; i < 8; i++) {
        cart_chr_1k(c, i, chr_bank(m, i, true));
        m->page_b[i] = c->ppu.chr[i];
        if (m->tall && m->chr_last_b)
            continue;
        cart_chr_1k(c, i, chr_bank(m, i, false));
    }
    for (unsigned i = 0; i < 8; i++) {
        const u8 *page = c->ppu.chr[i];
        u8 *write = c->ppu.chr_write[i];

        cart_chr_1k(c, i, chr_bank(m, i, false));
        m->page_a[i] = c->ppu.chr[i];
        c->ppu.chr[i] = page;
        c->ppu.chr_write[i] = write;
    }
}

static void sync_nt(struct cart *c)
{
    struct mmc5 *m = c->board;

    memset(m->fill, m->fill_tile, 0x3c0);
    memset(m->fill + 0x3c0, (m->fill_attribute & 3) * 0x55, 0x40);
    for (unsigned i = 0; i < 4; i++) {
        unsigned use = m->nt_map >> 2 * i & 3;
        bool ram = (m->exram_mode & 3) <= EXRAM_ATTRIBUTES;

        if (use < 2) {
            cart_nt_ciram(c, i, use);
        } else {
            c->ppu.nt[i] = use == 3 ? m->fill : ram ? m->exram : m->zero;
            c->ppu.nt_write[i] = use == 2 && ram ? m->exram : NULL;
        }
    }
}

static void mmc5_sync(struct cart *c)
{
    sync_prg(c);
    sync_chr(c);
    sync_nt(c);
}

/* ---- lines ---- */

static void update_irq(struct cart *c)
{
    const struct mmc5 *m = c->board;

    c->irq = (m->irq_pending && m->irq_enabled) || mmc5_sound_irq(&m->sound);
}

static void leave_frame(struct mmc5 *m)
{
    m->in_frame = m->line_starts = false;
    m->nt_last = NT_NONE;
    m->nt_equal = 0;
}

/* True if the PPU has not read for so long that it does not render. */
static void watch_idle(struct cart *c)
{
    struct mmc5 *m = c->board;

    if (c->dots && *c->dots - m->fetch_dot > IDLE_DOTS)
        leave_frame(m);
}

static void start_line(struct cart *c)
{
    struct mmc5 *m = c->board;

    m->line_starts = false;
    if (!m->in_frame) {
        m->in_frame = true;
        m->line = 0;
        m->irq_pending = false;
    } else if (++m->line == m->irq_line && m->irq_line) {
        m->irq_pending = true;
    }
    update_irq(c);
}

/* Sees every read while rendering, before it is answered. */
static void watch_read(struct cart *c, u16 addr, bool nt)
{
    struct mmc5 *m = c->board;

    watch_idle(c);
    if (c->dots)
        m->fetch_dot = *c->dots;
    if (m->line_starts)
        start_line(c);
    if (nt && addr == m->nt_last) {
        m->nt_equal++;
        if (m->nt_equal == 2) {
            m->line_starts = true;
            m->column = 0;
        }
    } else {
        m->nt_last = nt ? addr : NT_NONE;
        m->nt_equal = 0;
    }
}

/* ---- what the PPU reads ---- */

static u8 nt_byte(const struct cart *c, u16 addr)
{
    return c->ppu.nt[addr >> 10 & 3][addr & 0x3ff];
}

/* Of a line's name table fetches, the first 32 are for columns 2 and up, 16 go with the sprites,
 * and two are for the first columns of the next line. */
static void place_tile(struct mmc5 *m)
{
    unsigned column = m->column < 32 ? m->column + 2u : m->column - 48u, line = m->line, y;
    unsigned edge = m->split[0] & 31;
    bool right = m->split[0] & SPLIT_RIGHT;

    if (m->line_starts) /* not counted yet */
        line = m->in_frame ? line + 1 : 0;
    if (m->column >= 32)
        line++;
    m->tile_split = (m->split[0] & SPLIT_ON) && (m->exram_mode & 3) <= EXRAM_ATTRIBUTES &&
                    column < 34 && (column >= edge) == right;
    y = m->split[1] + line;
    if (m->split[1] < 240)
        y %= 240;
    m->tile_row = y & 7;
    m->tile_nt = (u16)((y >> 3 & 31) * 32 + (column & 31));
}

static u8 fetch_nt(struct cart *c, u16 addr)
{
    struct mmc5 *m = c->board;
    u8 v;

    watch_read(c, addr, true);
    place_tile(m);
    m->column++;
    m->tile_ex = m->exram[addr & 0x3ff];
    v = m->tile_split ? m->exram[m->tile_nt & 0x3ff] : nt_byte(c, addr);
    return v;
}

/* One palette for the tile, whichever quarter of the byte the PPU will use. */
static u8 fetch_attribute(struct cart *c, u16 addr)
{
    struct mmc5 *m = c->board;

    watch_read(c, addr, false);
    if (m->tile_split) {
        unsigned x = m->tile_nt & 31, y = m->tile_nt >> 5 & 31;
        u8 four = m->exram[0x3c0 + (y >> 2) * 8 + (x >> 2)];

        return (u8)((four >> ((y & 2) * 2 + (x & 2)) & 3) * 0x55);
    }
    if ((m->exram_mode & 3) == EXRAM_ATTRIBUTES)
        return (u8)((m->tile_ex >> 6) * 0x55);
    return nt_byte(c, addr);
}

/* A bank of 4 KiB, past the windows. */
static u8 chr_4k_byte(const struct cart *c, unsigned bank, u16 addr)
{
    const struct space *s = c->chr_rom.size_bytes ? &c->chr_rom : &c->chr_ram;

    return s->bytes[(bank * 0x1000u + (addr & 0xfffu)) % s->size_bytes];
}

static u8 fetch_background(struct cart *c, u16 addr)
{
    struct mmc5 *m = c->board;

    watch_read(c, addr, false);
    if (m->tile_split)
        return chr_4k_byte(c, m->split[2], (u16)((addr & ~7) | (m->tile_row & 7)));
    if ((m->exram_mode & 3) == EXRAM_ATTRIBUTES)
        return chr_4k_byte(c, (m->tile_ex & 63u) | (unsigned)m->chr_high << 6, addr);
    return (m->tall ? m->page_b : m->page_a)[addr >> 10 & 7][addr & 0x3ff];
}

static u8 mmc5_fetch(struct cart *c, u16 addr, enum ppu_fetch what, bool peek)
{
    struct mmc5 *m = c->board;

    if (!peek) {
        switch (what) {
        case PPU_FETCH_NT: return fetch_nt(c, addr);
        case PPU_FETCH_AT: return fetch_attribute(c, addr);
        case PPU_FETCH_BG: return fetch_background(c, addr);
        case PPU_FETCH_SPRITE:
            watch_read(c, addr, false);
            return m->page_a[addr >> 10 & 7][addr & 0x3ff];
        case PPU_FETCH_CPU: break;
        }
    }
    return addr & 0x2000 ? nt_byte(c, addr) : c->ppu.chr[addr >> 10 & 7][addr & 0x3ff];
}

static void mmc5_snoop(struct cart *c, u16 addr, u8 value)
{
    struct mmc5 *m = c->board;
    bool tall = value & 0x20;

    if (addr == 0x2001 && !(value & 0x18)) /* rendering is switched off */
        leave_frame(m);
    if (addr != 0x2000 || tall == m->tall)
        return;
    m->tall = tall;
    sync_chr(c);
}

static unsigned mmc5_line_horizon(const struct cart *c)
{
    const struct mmc5 *m = c->board;

    if (!m->irq_enabled || c->irq || !m->irq_line)
        return UINT_MAX;
    if (m->in_frame && m->irq_line > m->line)
        return m->irq_line - m->line;
    return 1; /* when the next frame's lines start is not known here */
}

/* ---- registers ---- */

static void write_exram(struct cart *c, u16 addr, u8 value)
{
    struct mmc5 *m = c->board;
    u8 *at = &m->exram[addr & 0x3ff];

    watch_idle(c);
    switch (m->exram_mode & 3) {
    case EXRAM_NT:
    case EXRAM_ATTRIBUTES: *at = m->in_frame ? value : 0; break;
    case EXRAM_RAM: *at = value; break;
    case EXRAM_ROM: break;
    }
}

static void write_chr(struct cart *c, unsigned i, u8 value)
{
    struct mmc5 *m = c->board;

    m->chr[i] = (u16)((m->chr_high & 3) << 8 | value);
    m->chr_last_b = i >= 8;
    sync_chr(c);
}

static void write_line_register(struct cart *c, u16 addr, u8 value)
{
    struct mmc5 *m = c->board;

    switch (addr) {
    case 0x5200:
    case 0x5201:
    case 0x5202: m->split[addr - 0x5200] = value; break;
    case 0x5203: m->irq_line = value; break;
    case 0x5204:
        m->irq_enabled = value & 0x80;
        update_irq(c);
        break;
    case 0x5205:
    case 0x5206: m->factor[addr - 0x5205] = value; break;
    default: break;
    }
}

static void write_sound(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct mmc5 *m = c->board;
    bool listened = m->sound.listens;

    mmc5_sound_write(&m->sound, c->synth, addr, value, clk);
    update_irq(c);
    if (listened != m->sound.listens)
        sync_prg(c);
}

static void mmc5_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct mmc5 *m = c->board;

    if (addr < 0x5100)
        write_sound(c, addr, value, clk);
    else if (addr >= 0x5c00 && addr < 0x6000)
        write_exram(c, addr, value);
    else if (addr >= 0x5200 && addr < 0x5300)
        write_line_register(c, addr, value);
    else if (addr >= 0x5120 && addr <= 0x512b)
        write_chr(c, addr - 0x5120, value);
    else if (addr >= 0x5113 && addr <= 0x5117)
        m->prg[addr - 0x5113] = value;
    switch (addr) {
    case 0x5100: m->prg_mode = value & 3; break;
    case 0x5101: m->chr_mode = value & 3; break;
    case 0x5102:
    case 0x5103: m->protect[addr - 0x5102] = value & 3; break;
    case 0x5104: m->exram_mode = value & 3; break;
    case 0x5105: m->nt_map = value; break;
    case 0x5106: m->fill_tile = value; break;
    case 0x5107: m->fill_attribute = value & 3; break;
    case 0x5130: m->chr_high = value & 3; return;
    default: break;
    }
    if (addr >= 0x5100 && addr <= 0x5117)
        c->ops->sync(c);
}

static bool peek_listened(const struct mmc5 *m, u16 addr, u8 *value)
{
    const u8 *page = m->heard[((addr >> CPU_PAGE_SHIFT) - LISTEN_FIRST) % LISTEN_PAGES];

    if (!m->sound.listens || addr >= 0xc000 || !page)
        return false;
    *value = page[addr & ((1 << CPU_PAGE_SHIFT) - 1)];
    return true;
}

/* The lengths must be caught up: a peek sees them as they were. */
static bool mmc5_peek(const struct cart *c, u16 addr, u8 *value)
{
    const struct mmc5 *m = c->board;
    unsigned product = m->factor[0] * m->factor[1];

    if (addr == 0x5204)
        *value = (u8)(m->irq_pending << 7 | m->in_frame << 6);
    else if (addr == 0x5205)
        *value = (u8)product;
    else if (addr == 0x5206)
        *value = (u8)(product >> 8);
    else if (addr >= 0x5c00 && addr < 0x6000 && (m->exram_mode & 3) >= EXRAM_RAM)
        *value = m->exram[addr & 0x3ff];
    else if (addr >= 0x8000)
        return peek_listened(m, addr, value);
    else
        return mmc5_sound_peek(&m->sound, addr, value);
    return true;
}

static bool mmc5_read(struct cart *c, u16 addr, u64 clk, u8 *value)
{
    struct mmc5 *m = c->board;
    bool mine;

    watch_idle(c);
    mmc5_sound_run(&m->sound, c->synth, clk);
    mine = mmc5_peek(c, addr, value);
    if (addr == 0x5204)
        m->irq_pending = false;
    else if (addr == 0x5010)
        m->sound.zero = false;
    else if (addr >= 0x8000 && mine)
        mmc5_sound_listen(&m->sound, c->synth, *value, clk);
    update_irq(c);
    return mine;
}

static void mmc5_run(struct cart *c, u64 clk)
{
    mmc5_sound_run(&((struct mmc5 *)c->board)->sound, c->synth, clk);
}

static void mmc5_power(struct cart *c)
{
    struct mmc5 *m = c->board;

    *m = (struct mmc5) {
        .prg_mode = 3,
        .chr_mode = 3,
        .prg = { 0, 0xff, 0xff, 0xff, 0xff },
        .factor = { 0xff, 0xff },
        .nt_last = NT_NONE,
    };
    mmc5_sound_power(&m->sound);
}

static int mmc5_loaded(void *board, struct err *e)
{
    return mmc5_sound_loaded(&((struct mmc5 *)board)->sound, e);
}

const struct board board_mmc5 = {
    .state_bytes = sizeof(struct mmc5),
    .fields = mmc5_fields,
    .power = mmc5_power,
    .loaded = mmc5_loaded,
    .sync = mmc5_sync,
    .read = mmc5_read,
    .peek = mmc5_peek,
    .write = mmc5_write,
    .run = mmc5_run,
    .fetch = mmc5_fetch,
    .snoop = mmc5_snoop,
    .line_horizon = mmc5_line_horizon,
};
