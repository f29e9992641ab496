/* 30: UNROM 512: 16 KiB switched, the last fixed, 32 KiB of pattern RAM in four banks.
 *
 * Four screens come from the last 8 KiB of pattern RAM. With a battery in the header the ROM is a
 * flash chip (SST39SF010A/020A/040) that the program, running from RAM, can rewrite: the latch is
 * then at $C000-$FFFF alone and nothing conflicts, and writes at $8000-$BFFF go to the chip, the
 * latch's bank above the low 14 address bits. What it holds is what the battery's file keeps.
 *
 * The chip's commands (its data sheet, table 4), each a row of writes; any other write starts over:
 *
 *   AA@5555 55@2AAA A0@5555 data@address              program a byte: bits go from 1 to 0 only
 *   AA@5555 55@2AAA 80@5555 AA@5555 55@2AAA 30@sector erase 4 KiB to $FF
 *   AA@5555 55@2AAA 80@5555 AA@5555 55@2AAA 10@5555   erase all
 *   AA@5555 55@2AAA 90@5555                           identify: two bytes in the place of the data
 *   F0 anywhere                                       back from that
 *
 * While it programs or erases, a read gives its state: bit 7 is not yet what was written, bit 6
 * changes at each read. Programs wait until two reads are equal. */
#include "kinds/nes/boards/boards.h"

#include <string.h>

enum flash_step {
    FLASH_IDLE,
    FLASH_UNLOCK,   /* AA was written */
    FLASH_UNLOCKED, /* and 55: a command is next */
    FLASH_PROGRAM,  /* A0: the byte is next */
    FLASH_ERASE,    /* 80, and then the same two again */
    FLASH_ERASE_UNLOCK,
    FLASH_ERASE_UNLOCKED,
};
#define FLASH_STEPS "idle unlock unlocked program erase erase-unlock erase-unlocked"

/* Typical times of the data sheet (table 12), in cycles of an NTSC console. */
enum { PROGRAM_CYCLES = 25, ERASE_SECTOR_CYCLES = 32216, ERASE_CHIP_CYCLES = 125284 };
enum { SECTOR_BYTES = 4096, MAKER_SST = 0xbf };

#define UNROM512(F, A, E, G, H)                                             \
    F(STATE, u8, latch, "the latch: mirroring, pattern bank, program bank") \
    E(STATE, step, FLASH_STEPS, "how far a command to the flash is")        \
    F(STATE, bool, identify, "reads give the flash's identity")             \
    F(STATE, bool, busy, "the flash programs or erases")                    \
    F(STATE, u64, ready, "cycle in which it will be done")                  \
    F(STATE, u8, pending, "what is being written")                          \
    F(STATE, bool, toggle, "bit 6 of its state")

struct unrom512 {
    FIELD_MEMBERS(UNROM512)
};
static FIELD_TABLE(unrom512, 1, UNROM512)

static void unrom512_sync(struct cart *c)
{
    const struct unrom512 *u = c->board;
    u8 v = u->latch;

    cart_wram_8k(c, 0x6000, 0, true);
    cart_prg_16k(c, 0x8000, v & 31);
    cart_prg_16k(c, 0xc000, -1);
    if (u->busy || u->identify)
        cart_cpu_none(c, 0x8000, 0x8000);
    cart_chr_8k(c, v >> 5 & 3);
    cart_mirror(c, c->mirroring);
    if (c->mirroring == CART_ONE_LOW && (v & 0x80))
        cart_mirror(c, CART_ONE_HIGH);
    for (int i = 0; c->mirroring == CART_FOUR_SCREEN && i < 4; i++)
        cart_nt_chr_ram(c, (unsigned)i, 24 + i);
}

/* ---- the flash ---- */

/* Where in the chip the CPU's address is. */
static u32 flash_place(const struct cart *c, u16 addr)
{
    const struct unrom512 *u = c->board;
    u32 bank = addr >= 0xc000 ? UINT32_MAX : u->latch & 31;

    return (bank << 14 | (addr & 0x3fff)) % (u32)c->prg_rom.size_bytes;
}

static u8 flash_identity(const struct cart *c, u32 place)
{
    u64 bytes = c->prg_rom.size_bytes;

    if (!(place & 1))
        return MAKER_SST;
    return bytes > 0x40000 ? 0xb7 : bytes > 0x20000 ? 0xb6 : 0xb5;
}

static u8 flash_look(const struct cart *c, u16 addr)
{
    const struct unrom512 *u = c->board;
    u32 place = flash_place(c, addr);

    if (u->busy)
        return (u8)((~u->pending & 0x80) | u->toggle << 6);
    return u->identify ? flash_identity(c, place) : c->prg_rom.bytes[place];
}

static void flash_settle(struct cart *c, u64 clk)
{
    struct unrom512 *u = c->board;

    if (u->busy && clk >= u->ready) {
        u->busy = false;
        unrom512_sync(c);
    }
}

static void flash_begin(struct cart *c, u64 clk, u64 cycles, u8 pending)
{
    struct unrom512 *u = c->board;

    u->busy = true;
    u->ready = clk + cycles;
    u->pending = pending;
    unrom512_sync(c);
}

static void flash_erase(struct cart *c, u32 place, u8 value, u64 clk)
{
    u32 size = (u32)c->prg_rom.size_bytes;

    if (value == 0x30) {
        u32 sector = place & ~(SECTOR_BYTES - 1u);

        memset(c->prg_rom.bytes + sector, 0xff,
               size - sector < SECTOR_BYTES ? size - sector : SECTOR_BYTES);
        flash_begin(c, clk, ERASE_SECTOR_CYCLES, 0xff);
    } else if (value == 0x10 && (place & 0x7fff) == 0x5555) {
        memset(c->prg_rom.bytes, 0xff, size);
        flash_begin(c, clk, ERASE_CHIP_CYCLES, 0xff);
    }
}

static enum flash_step flash_command(struct unrom512 *u, u8 value)
{
    switch (value) {
    case 0xa0: return FLASH_PROGRAM;
    case 0x80: return FLASH_ERASE;
    case 0x90: u->identify = true; return FLASH_IDLE;
    default: return FLASH_IDLE;
    }
}

static void flash_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct unrom512 *u = c->board;
    u32 place = flash_place(c, addr), low = place & 0x7fff;
    bool first = low == 0x5555 && value == 0xaa, second = low == 0x2aaa && value == 0x55;
    enum flash_step step = u->step;

    u->step = FLASH_IDLE;
    if (step == FLASH_PROGRAM) {
        c->prg_rom.bytes[place] &= value;
        flash_begin(c, clk, PROGRAM_CYCLES, value);
    } else if (step == FLASH_ERASE_UNLOCKED) {
        flash_erase(c, place, value, clk);
    } else if (value == 0xf0) {
        u->identify = false;
    } else if (step == FLASH_UNLOCKED && low == 0x5555) {
        u->step = flash_command(u, value);
    } else if (step == FLASH_UNLOCK || step == FLASH_ERASE_UNLOCK) {
        u->step = second ? step + 1 : FLASH_IDLE;
    } else if (first) {
        u->step = step == FLASH_ERASE ? FLASH_ERASE_UNLOCK : FLASH_UNLOCK;
    }
    unrom512_sync(c);
}

/* ---- the bus ---- */

static bool unrom512_read(struct cart *c, u16 addr, u64 clk, u8 *value)
{
    struct unrom512 *u = c->board;

    if (addr < 0x8000)
        return false;
    flash_settle(c, clk);
    *value = flash_look(c, addr);
    u->toggle ^= u->busy;
    return true;
}

static bool unrom512_peek(const struct cart *c, u16 addr, u8 *value)
{
    if (addr < 0x8000)
        return false;
    *value = flash_look(c, addr);
    return true;
}

static void unrom512_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct unrom512 *u = c->board;

    if (addr < 0x8000)
        return;
    flash_settle(c, clk);
    if (!cart_flash(c) || addr >= 0xc000) {
        u->latch = value;
        unrom512_sync(c);
    } else if (!u->busy) {
        flash_write(c, addr, value, clk);
    }
}

static void unrom512_power(struct cart *c)
{
    *(struct unrom512 *)c->board = (struct unrom512) { 0 };
}

static int unrom512_init(struct cart *c, struct err *e)
{
    if (!c->chr_ram.size_bytes)
        return err_set(e, ERR_FORMAT, "UNROM 512 has pattern RAM, the header names none");
    c->conflicts = !c->battery;
    if (c->battery)
        c->prg_rom.flags = SPACE_UNTRACKED;
    return 0;
}

const struct board board_unrom512 = {
    .state_bytes = sizeof(struct unrom512),
    .fields = unrom512_fields,
    .init = unrom512_init,
    .power = unrom512_power,
    .sync = unrom512_sync,
    .read = unrom512_read,
    .peek = unrom512_peek,
    .write = unrom512_write,
};
