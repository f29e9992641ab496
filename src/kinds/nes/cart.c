#include "kinds/nes/cart.h"

#include "kinds/nes/ines.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FIELD_TABLE(cart, 1, CART)

bool cart_accepts(const u8 *image, size_t bytes, const char **what)
{
    *what = "NES cartridge";
    return ines_is(image, bytes);
}

static void copy_header(struct cart *c, const struct ines *i)
{
    c->mapper = i->mapper;
    c->submapper = i->submapper;
    c->mirroring = i->mirroring;
    c->region = i->region;
    c->battery = i->battery;
    c->prg_rom_bytes = i->prg_rom;
    c->chr_rom_bytes = i->chr_rom;
    c->prg_ram_bytes = i->prg_ram;
    c->prg_nvram_bytes = i->prg_nvram;
    c->chr_ram_bytes = i->chr_ram;
    c->chr_nvram_bytes = i->chr_nvram;
}

/* Memories come in at least the size of the smallest window, so that a window never ends outside.
 */
static u64 at_least(u64 bytes, u64 window)
{
    return bytes && bytes < window ? window : bytes;
}

static bool make_spaces(struct cart *c)
{
    u64 wram = at_least((u64)c->prg_ram_bytes + c->prg_nvram_bytes, 8192);
    u64 chr_ram = at_least((u64)c->chr_ram_bytes + c->chr_nvram_bytes, 8192);

    return space_init(&c->prg_rom, "prg_rom", at_least(c->prg_rom_bytes, 32768), 0x8000,
                      SPACE_ROM) &&
           space_init(&c->chr_rom, "chr_rom", at_least(c->chr_rom_bytes, 8192), 0, SPACE_ROM) &&
           space_init(&c->wram, "wram", wram, 0x6000, SPACE_UNTRACKED) &&
           space_init(&c->chr_ram, "chr_ram", chr_ram, 0, SPACE_UNTRACKED) &&
           space_init(&c->ciram, "ciram", 4096, 0x2000, SPACE_UNTRACKED);
}

/* A ROM smaller than its space repeats in it. */
static void fill_rom(struct space *s, const u8 *from, u32 bytes)
{
    for (u64 at = 0; bytes && at < s->size_bytes; at += bytes) {
        u64 left = s->size_bytes - at;

        memcpy(s->bytes + at, from, left < bytes ? left : bytes);
    }
}

static int attach_board(struct cart *c, struct err *e)
{
    c->ops = mapper_find(c->mapper, c->submapper);
    if (!c->ops)
        return err_set(e, ERR_NOTSUP, "mapper %u (%s) is not supported", c->mapper,
                       mapper_name(c->mapper));
    c->board = calloc(1, c->ops->state_bytes ? c->ops->state_bytes : 1);
    if (!c->board)
        return err_set(e, ERR_NOMEM, "no memory for the board");
    c->conflicts = c->ops->bus_conflicts;
    c->board_component = (struct component) { .name = "board",
                                              .self = c->board,
                                              .fields = c->ops->fields ? c->ops->fields() : NULL };
    return c->ops->init ? c->ops->init(c, e) : 0;
}

static int cart_loaded(void *self, struct err *e)
{
    struct cart *c = self;

    (void)e;
    c->ops->sync(c);
    return 0;
}

int cart_init(struct cart *c, const u8 *image, size_t bytes, struct cpu_pages *cpu, struct err *e)
{
    struct ines i;

    *c = (struct cart) { .cpu = cpu };
    if (ines_parse(image, bytes, &i, e))
        return -(int)e->code;
    copy_header(c, &i);
    if (!make_spaces(c))
        return err_set(e, ERR_NOMEM, "no memory for a cartridge of %zu bytes", bytes);
    fill_rom(&c->prg_rom, image + i.prg_at, i.prg_rom);
    fill_rom(&c->chr_rom, image + i.prg_at + i.prg_rom, i.chr_rom);
    if (i.trainer && c->wram.size_bytes >= 8192)
        memcpy(c->wram.bytes + 0x1000, image + 16, 512);
    c->deadline = EVENT_NEVER;
    c->component = (struct component) {
        .name = "cart", .self = c, .fields = cart_fields(), .loaded = cart_loaded
    };
    if (attach_board(c, e))
        return -(int)e->code;
    component_add(&c->component, &c->board_component);
    return 0;
}

void cart_fini(struct cart *c)
{
    space_fini(&c->prg_rom);
    space_fini(&c->chr_rom);
    space_fini(&c->wram);
    space_fini(&c->chr_ram);
    space_fini(&c->ciram);
    free(c->board);
    c->board = NULL;
}

void cart_power(struct cart *c)
{
    c->irq = false;
    c->deadline = EVENT_NEVER;
    if (c->ops->power)
        c->ops->power(c);
    c->ops->sync(c);
}

void cart_reset(struct cart *c)
{
    if (c->ops->reset)
        c->ops->reset(c);
    c->ops->sync(c);
}

int cart_describe(const struct cart *c, char *out, size_t room)
{
    static const char *const mirroring[] = { "horizontal", "vertical", "four-screen", "one screen",
                                             "one screen" };
    static const char *const regions[] = { "NTSC", "PAL", "Dendy" };

    return snprintf(out, room,
                    "mapper: %u.%u %s\nprg-rom: %u KiB\nchr-rom: %u KiB\nram: %u KiB\n"
                    "battery-ram: %u KiB\nchr-ram: %u KiB\nmirroring: %s\nregion: %s\n",
                    c->mapper, c->submapper, c->ops->name, c->prg_rom_bytes >> 10,
                    c->chr_rom_bytes >> 10, c->prg_ram_bytes >> 10, c->prg_nvram_bytes >> 10,
                    (c->chr_ram_bytes + c->chr_nvram_bytes) >> 10, mirroring[c->mirroring],
                    regions[c->region]);
}

u8 *cart_battery(struct cart *c, size_t *bytes)
{
    *bytes = c->battery ? c->prg_nvram_bytes : 0;
    return *bytes ? c->wram.bytes + c->prg_ram_bytes : NULL;
}

/* ---- windows ---- */

/* Offset of a bank that wraps at the memory's size; negative: from the end. */
static u64 bank_offset(const struct space *s, int bank, u32 window)
{
    u64 banks = s->size_bytes / window;

    assert(banks);
    return (bank < 0 ? (banks - (u64)-bank % banks) % banks : (u64)bank % banks) * window;
}

static void cpu_window(struct cart *c, u16 addr, const u8 *read, u8 *write, u32 bytes)
{
    for (u32 at = 0; at < bytes; at += 1 << CPU_PAGE_SHIFT) {
        unsigned page = (addr + at) >> CPU_PAGE_SHIFT;

        assert(page >= 12 && page < CPU_PAGES);
        c->cpu->read[page] = read ? read + at : NULL;
        c->cpu->write[page] = write ? write + at : NULL;
    }
}

static void prg_window(struct cart *c, u16 addr, int bank, u32 bytes)
{
    cpu_window(c, addr, c->prg_rom.bytes + bank_offset(&c->prg_rom, bank, bytes), NULL, bytes);
}

void cart_prg_8k(struct cart *c, u16 addr, int bank)
{
    prg_window(c, addr, bank, 0x2000);
}

void cart_prg_16k(struct cart *c, u16 addr, int bank)
{
    prg_window(c, addr, bank, 0x4000);
}

void cart_prg_32k(struct cart *c, int bank)
{
    prg_window(c, 0x8000, bank, 0x8000);
}

void cart_wram_8k(struct cart *c, u16 addr, int bank, bool writable)
{
    u8 *at;

    if (!c->wram.size_bytes) {
        cart_cpu_none(c, addr, 0x2000);
        return;
    }
    at = c->wram.bytes + bank_offset(&c->wram, bank, 0x2000);
    cpu_window(c, addr, at, writable ? at : NULL, 0x2000);
}

void cart_cpu_none(struct cart *c, u16 addr, u32 bytes)
{
    cpu_window(c, addr, NULL, NULL, bytes);
}

void cart_chr_ram_1k(struct cart *c, unsigned slot, int bank)
{
    u8 *at = c->chr_ram.bytes + bank_offset(&c->chr_ram, bank, 0x400);

    c->ppu.chr[slot] = c->ppu.chr_write[slot] = at;
}

void cart_chr_1k(struct cart *c, unsigned slot, int bank)
{
    assert(slot < 8);
    if (!c->chr_rom_bytes) {
        cart_chr_ram_1k(c, slot, bank);
        return;
    }
    c->ppu.chr[slot] = c->chr_rom.bytes + bank_offset(&c->chr_rom, bank, 0x400);
    c->ppu.chr_write[slot] = NULL;
}

static void chr_window(struct cart *c, unsigned slot, int bank, int pages)
{
    for (int i = 0; i < pages; i++)
        cart_chr_1k(c, slot + (unsigned)i, bank * pages + i);
}

void cart_chr_2k(struct cart *c, unsigned slot, int bank)
{
    chr_window(c, slot, bank, 2);
}

void cart_chr_4k(struct cart *c, unsigned slot, int bank)
{
    chr_window(c, slot, bank, 4);
}

void cart_chr_8k(struct cart *c, int bank)
{
    chr_window(c, 0, bank, 8);
}

void cart_nt_ciram(struct cart *c, unsigned slot, unsigned page)
{
    c->ppu.nt[slot] = c->ppu.nt_write[slot] = c->ciram.bytes + (page & 3) * 0x400;
}

void cart_nt_chr(struct cart *c, unsigned slot, int bank_1k)
{
    struct space *s = c->chr_rom_bytes ? &c->chr_rom : &c->chr_ram;

    c->ppu.nt[slot] = s->bytes + bank_offset(s, bank_1k, 0x400);
    c->ppu.nt_write[slot] = NULL;
}

void cart_mirror(struct cart *c, enum cart_mirroring m)
{
    static const u8 pages[5][4] = {
        { 0, 0, 1, 1 }, { 0, 1, 0, 1 }, { 0, 1, 2, 3 }, { 0, 0, 0, 0 }, { 1, 1, 1, 1 }
    };

    for (unsigned slot = 0; slot < 4; slot++)
        cart_nt_ciram(c, slot, pages[m][slot]);
}
