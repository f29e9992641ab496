/* Namco 129 and 163 (19), and the cheaper 175 and 340 (210): a register each $800 bytes, eight CHR
 * banks of 1 KiB, three PRG banks of 8 KiB.
 *
 * The 163 also banks the name tables, takes pages of CIRAM as CHR RAM, counts cycles, and has 128
 * bytes of RAM for its sound (or, with a battery, for a score). */
#include "kinds/nes/boards/boards.h"
#include "kinds/nes/chips/n163_sound.h"

#include <string.h>

/* clang-format off */
#define NAMCO163(F, A, E, G, H)                                                          \
    A(STATE, u8, prg, 3, "PRG banks; their high bits switch other things")               \
    A(STATE, u8, chr, 12, "CHR banks, then name tables")                                 \
    F(STATE, u8, port, "$F800: address of the chip's RAM; RAM protection")               \
    F(STATE, u8, ram_at, "the RAM's address, which can count up", 0, N163_RAM_BYTES - 1) \
    G(n163_sound, sound, "the chip's RAM and what plays from it")                        \
    F(STATE, u16, counter, "IRQ: counts up to $7FFF; bit 15 enables")                    \
    F(STATE, u64, clk, "the cycle up to which it has counted")
/* clang-format on */

struct namco163 {
    FIELD_MEMBERS(NAMCO163)
};
static FIELD_TABLE(namco163, 1, NAMCO163)

enum { IRQ_ENABLE = 0x8000, IRQ_END = 0x7fff, CIRAM_FIRST = 0xe0, SOUND_OFF = 0x40 };

/* ---- windows ---- */

/* Banks $E0-$FF are pages of CIRAM, or of pattern RAM on a cartridge that has ROM and RAM. */
static void chr_page(struct cart *c, unsigned slot, u8 bank, bool ram)
{
    if (bank < CIRAM_FIRST || !ram) {
        cart_chr_1k(c, slot, bank);
    } else if (c->chr_rom.size_bytes && c->chr_ram.size_bytes) {
        cart_chr_ram_1k(c, slot, bank - CIRAM_FIRST);
    } else {
        cart_catch_up(c);
        c->ppu.chr[slot] = c->ppu.chr_write[slot] = c->ciram.bytes + (bank & 1) * 0x400;
    }
}

static void sync_wram(struct cart *c)
{
    const struct namco163 *n = c->board;

    cart_wram_8k(c, 0x6000, 0, (n->port & 0xf0) == 0x40);
    for (unsigned i = 0; i < 4; i++) /* a bit protects 2 KiB */
        if (n->port >> i & 1)
            c->cpu->write[(0x6000 >> CPU_PAGE_SHIFT) + i] = NULL;
}

static void namco163_sync(struct cart *c)
{
    const struct namco163 *n = c->board;

    sync_wram(c);
    for (unsigned i = 0; i < 3; i++)
        cart_prg_8k(c, (u16)(0x8000 + i * 0x2000), n->prg[i] & 63);
    cart_prg_8k(c, 0xe000, -1);
    for (unsigned i = 0; i < 8; i++)
        chr_page(c, i, n->chr[i], !(n->prg[1] & (i < 4 ? 0x40 : 0x80)));
    for (unsigned i = 0; i < 4; i++) {
        if (n->chr[8 + i] >= CIRAM_FIRST)
            cart_nt_ciram(c, i, n->chr[8 + i] & 1);
        else
            cart_nt_chr(c, i, n->chr[8 + i]);
    }
}

/* ---- sound and its RAM ---- */

/* Where the cartridge keeps a copy of the chip's RAM for its battery, or NULL. */
static u8 *saved_ram(struct cart *c)
{
    u64 at = (u64)c->prg_ram_bytes + c->prg_nvram_bytes;

    if (!c->chip_nvram_bytes || at + N163_RAM_BYTES > c->wram.size_bytes)
        return NULL;
    return c->wram.bytes + at;
}

static s32 loudness(const struct cart *c)
{
    return (s32)c->line->wiring;
}

/* Channels step in the RAM: the copy follows. */
static void run_sound(struct cart *c, u64 clk)
{
    struct namco163 *n = c->board;
    u8 *saved = saved_ram(c);

    n163_sound_run(&n->sound, c->synth, loudness(c), clk);
    if (saved)
        memcpy(saved, n->sound.ram, N163_RAM_BYTES);
}

static void write_ram(struct cart *c, u8 value)
{
    struct namco163 *n = c->board;
    unsigned at = n->ram_at & (N163_RAM_BYTES - 1);
    u8 *saved = saved_ram(c);

    n->sound.ram[at] = value;
    if (saved)
        saved[at] = value;
}

static void step_ram(struct namco163 *n)
{
    if (n->port & 0x80)
        n->ram_at = (n->ram_at + 1) & (N163_RAM_BYTES - 1);
}

/* ---- the counter ---- */

static void set_deadline(struct cart *c)
{
    const struct namco163 *n = c->board;
    u16 at = n->counter & IRQ_END;
    bool armed = (n->counter & IRQ_ENABLE) && at != IRQ_END;

    c->deadline = armed && !c->irq ? n->clk + (u64)(IRQ_END - at) : EVENT_NEVER;
}

static void namco163_run(struct cart *c, u64 clk)
{
    struct namco163 *n = c->board;
    u64 cycles = board_cycles(&n->clk, clk), left = (u64)(IRQ_END - (n->counter & IRQ_END));

    run_sound(c, clk);
    if ((n->counter & IRQ_ENABLE) && left && cycles >= left) {
        n->counter = IRQ_ENABLE | IRQ_END;
        c->irq = true;
    } else if ((n->counter & IRQ_ENABLE) && left) {
        n->counter = (u16)(n->counter + cycles);
    }
    set_deadline(c);
}

/* ---- registers ---- */

static void namco163_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct namco163 *n = c->board;
    unsigned reg = addr >> 11;

    namco163_run(c, clk + 1);
    switch (reg) {
    case 0x4800 >> 11:
        write_ram(c, value);
        step_ram(n);
        return;
    case 0x5000 >> 11:
    case 0x5800 >> 11:
        n->counter = reg & 1 ? (u16)((n->counter & 0x00ff) | value << 8)
                             : (u16)((n->counter & 0xff00) | value);
        c->irq = false;
        set_deadline(c);
        return;
    case 0xe000 >> 11:
        n->prg[0] = value;
        n163_sound_switch(&n->sound, c->synth, loudness(c), value & SOUND_OFF, clk);
        break;
    case 0xe800 >> 11: n->prg[1] = value; break;
    case 0xf000 >> 11: n->prg[2] = value; break;
    case 0xf800 >> 11:
        n->port = value;
        n->ram_at = value & (N163_RAM_BYTES - 1);
        break;
    default:
        if (addr < 0x8000)
            return;
        n->chr[reg & 15] = value;
    }
    c->ops->sync(c);
}

/* The counter itself must be caught up: a peek sees it as it was. */
static bool namco163_peek(const struct cart *c, u16 addr, u8 *value)
{
    const struct namco163 *n = c->board;

    switch (addr >> 11) {
    case 0x4800 >> 11: *value = n->sound.ram[n->ram_at & (N163_RAM_BYTES - 1)]; return true;
    case 0x5000 >> 11: *value = (u8)n->counter; return true;
    case 0x5800 >> 11: *value = (u8)(n->counter >> 8); return true;
    default: return false;
    }
}

static bool namco163_read(struct cart *c, u16 addr, u64 clk, u8 *value)
{
    namco163_run(c, clk);
    if (!namco163_peek(c, addr, value))
        return false;
    if (addr >> 11 == 0x4800 >> 11)
        step_ram(c->board);
    return true;
}

/* ---- life ---- */

/* Makes room for a copy of the chip's RAM, which a battery keeps, behind the program RAM. */
static int namco163_init(struct cart *c, struct err *e)
{
    if (!c->battery)
        return 0;
    c->chip_nvram_bytes = N163_RAM_BYTES;
    return cart_wram_grow(c, N163_RAM_BYTES, e);
}

/* iNES programs that never write $F800 find their RAM open. */
static void namco163_power(struct cart *c)
{
    struct namco163 *n = c->board;
    const u8 *saved = saved_ram(c);

    *n = (struct namco163) {
        .chr = { 0, 1, 2, 3, 4, 5, 6, 7, 0xe0, 0xe1, 0xe0, 0xe1 },
        .port = c->nes2 ? 0 : 0x40,
    };
    if (c->mirroring == CART_HORIZONTAL)
        memcpy(n->chr + 8, (u8[]) { 0xe0, 0xe0, 0xe1, 0xe1 }, 4);
    n163_sound_power(&n->sound);
    if (saved)
        memcpy(n->sound.ram, saved, N163_RAM_BYTES);
    c->gain = loudness(c) > N163_UNIT_12_DB ? 160 : c->gain; /* or the loudest would not fit */
}

const struct board board_namco163 = {
    .state_bytes = sizeof(struct namco163),
    .fields = namco163_fields,
    .init = namco163_init,
    .power = namco163_power,
    .sync = namco163_sync,
    .read = namco163_read,
    .peek = namco163_peek,
    .write = namco163_write,
    .run = namco163_run,
};

/* ---- 175 and 340 ----
 *
 * The 175 has soldered mirroring and RAM with an enable bit; the 340 has mirroring in the first PRG
 * register and no RAM. A header that names neither: RAM is always there, and the first mirroring
 * bit that is set shows a 340. */

/* clang-format off */
#define NAMCO340(F, A, E, G, H)                                                \
    A(STATE, u8, prg, 3, "PRG banks; mirroring above the first")               \
    A(STATE, u8, chr, 8, "CHR banks")                                          \
    F(STATE, u8, ram, "175: RAM enable")                                       \
    F(STATE, bool, seen_340, "a mirroring bit was set")
/* clang-format on */

struct namco340 {
    FIELD_MEMBERS(NAMCO340)
};
static FIELD_TABLE(namco340, 1, NAMCO340)

static void namco340_sync(struct cart *c)
{
    static const u8 mirroring[] = { CART_ONE_LOW, CART_VERTICAL, CART_ONE_HIGH, CART_HORIZONTAL };
    const struct namco340 *n = c->board;
    u32 wiring = c->line->wiring;

    if (wiring == NAMCO_340 || (wiring == NAMCO_175 && !(n->ram & 1)))
        cart_cpu_none(c, 0x6000, 0x2000);
    else
        cart_wram_8k(c, 0x6000, 0, true);
    for (unsigned i = 0; i < 3; i++)
        cart_prg_8k(c, (u16)(0x8000 + i * 0x2000), n->prg[i] & 63);
    cart_prg_8k(c, 0xe000, -1);
    for (unsigned i = 0; i < 8; i++)
        cart_chr_1k(c, i, n->chr[i]);
    if (wiring == NAMCO_340 || (!wiring && n->seen_340))
        cart_mirror(c, mirroring[n->prg[0] >> 6 & 3]);
    else
        cart_mirror(c, c->mirroring);
}

static void namco340_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct namco340 *n = c->board;
    unsigned reg = addr >> 11 & 15;

    (void)clk;
    if (addr < 0x8000)
        return;
    if (reg < 8)
        n->chr[reg] = value;
    else if (reg == 8)
        n->ram = value;
    else if (reg >= 12 && reg < 15)
        n->prg[reg - 12] = value;
    n->seen_340 |= reg == 12 && (value & 0xc0);
    c->ops->sync(c);
}

static void namco340_power(struct cart *c)
{
    *(struct namco340 *)c->board = (struct namco340) { 0 };
}

const struct board board_namco340 = {
    .state_bytes = sizeof(struct namco340),
    .fields = namco340_fields,
    .power = namco340_power,
    .sync = namco340_sync,
    .write = namco340_write,
};
