#include "kinds/nes/cart.h"

#include "kinds/nes/ines.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPU_PAGE_BYTES (1u << CPU_PAGE_SHIFT)
#define PPU_PAGE_BYTES 1024u

FIELD_TABLE(cart, 3, CART)

bool cart_accepts(const u8 *image, size_t bytes, const char **what)
{
    bool nes2 = bytes >= INES_HEADER_BYTES && (image[7] & 12) == 8;

    *what = nes2 ? "NES cartridge (NES 2.0)" : "NES cartridge (iNES)";
    return ines_is(image, bytes);
}

/* ---- life ---- */

static void copy_header(struct cart *c, const struct ines *i)
{
    c->nes2 = i->nes2;
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

/* Memories come in whole pages, so that a page never ends outside its space. */
static u64 whole_pages(u64 bytes, u32 page)
{
    return (bytes + page - 1) / page * page;
}

static bool make_spaces(struct cart *c)
{
    u64 prg = whole_pages(c->prg_rom_bytes, CPU_PAGE_BYTES);
    u64 chr = whole_pages(c->chr_rom_bytes, PPU_PAGE_BYTES);
    u64 wram = whole_pages((u64)c->prg_ram_bytes + c->prg_nvram_bytes, CPU_PAGE_BYTES);
    u64 chr_ram = whole_pages((u64)c->chr_ram_bytes + c->chr_nvram_bytes, PPU_PAGE_BYTES);
    u64 ciram = c->mirroring == CART_FOUR_SCREEN ? 4096 : 2048;

    c->wram_bytes = (u32)wram;
    return space_init(&c->prg_rom, "prg_rom", prg, 0x8000, SPACE_ROM) &&
           space_init(&c->chr_rom, "chr_rom", chr, 0, SPACE_ROM) &&
           space_init(&c->wram, "wram", wram, 0x6000, SPACE_UNTRACKED) &&
           space_init(&c->chr_ram, "chr_ram", chr_ram, 0, SPACE_UNTRACKED) &&
           space_init(&c->ciram, "ciram", ciram, 0x2000, SPACE_UNTRACKED);
}

/* A ROM smaller than its space repeats in it. */
static void fill_rom(struct space *s, const u8 *from, u32 bytes)
{
    for (u64 at = 0; bytes && at < s->size_bytes; at += bytes) {
        u64 left = s->size_bytes - at;

        memcpy(s->bytes + at, from, left < bytes ? left : bytes);
    }
}

static int fill_memories(struct cart *c, const u8 *image, const struct ines *i, struct err *e)
{
    if (!make_spaces(c))
        return err_set(e, ERR_NOMEM, "no memory for the cartridge");
    fill_rom(&c->prg_rom, image + i->prg_at, i->prg_rom);
    fill_rom(&c->chr_rom, image + i->chr_at, i->chr_rom);
    for (unsigned k = 0; k < sizeof c->open; k++)
        c->open[k] = (u8)k;
    if (!i->trainer_at)
        return 0;
    c->trainer = malloc(INES_TRAINER_BYTES);
    if (!c->trainer)
        return err_set(e, ERR_NOMEM, "no memory for the cartridge");
    memcpy(c->trainer, image + i->trainer_at, INES_TRAINER_BYTES);
    return 0;
}

static int cart_loaded(void *self, struct err *e)
{
    struct cart *c = self;

    (void)e;
    c->deadline = c->ops->run ? 0 : EVENT_NEVER;
    c->ops->sync(c);
    return 0;
}

static int attach_board(struct cart *c, struct err *e)
{
    c->line = mapper_find(c->mapper, c->submapper);
    if (!c->line) {
        const char *name = mapper_name(c->mapper);

        return err_set(e, ERR_NOTSUP,
                       name ? "mapper %u (%s) is not supported" : "mapper %u is not supported",
                       c->mapper, name);
    }
    c->ops = c->line->board;
    c->conflicts = c->line->conflicts;
    c->board = calloc(1, c->ops->state_bytes ? c->ops->state_bytes : 1);
    if (!c->board)
        return err_set(e, ERR_NOMEM, "no memory for the board");
    c->component = (struct component) {
        .name = "cart", .self = c, .fields = cart_fields(), .loaded = cart_loaded
    };
    c->board_component = (struct component) { .name = "mapper",
                                              .self = c->board,
                                              .loaded = c->ops->loaded,
                                              .fields = c->ops->fields ? c->ops->fields() : NULL };
    return c->ops->init ? c->ops->init(c, e) : 0;
}

int cart_init(struct cart *c, const u8 *image, size_t bytes, struct cpu_pages *cpu, struct err *e)
{
    struct ines i;

    *c = (struct cart) { .cpu = cpu, .deadline = EVENT_NEVER };
    if (ines_parse(image, bytes, &i, e))
        return -(int)e->code;
    copy_header(c, &i);
    if (fill_memories(c, image, &i, e))
        return -(int)e->code;
    return attach_board(c, e);
}

void cart_fini(struct cart *c)
{
    space_fini(&c->prg_rom);
    space_fini(&c->chr_rom);
    space_fini(&c->wram);
    space_fini(&c->chr_ram);
    space_fini(&c->ciram);
    free(c->board);
    free(c->trainer);
    c->board = NULL;
    c->trainer = NULL;
}

void cart_power(struct cart *c)
{
    c->irq = false;
    c->deadline = EVENT_NEVER;
    c->gain = SYNTH_UNITY;
    if (c->trainer)
        space_write(&c->wram, 0x1000, c->trainer, INES_TRAINER_BYTES);
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

int cart_wram_grow(struct cart *c, u32 extra, struct err *e)
{
    u64 bytes = (u64)c->prg_ram_bytes + c->prg_nvram_bytes + extra;

    space_fini(&c->wram);
    if (!space_init(&c->wram, "wram", whole_pages(bytes, CPU_PAGE_BYTES), 0x6000, SPACE_UNTRACKED))
        return err_set(e, ERR_NOMEM, "no memory for the board's RAM");
    return 0;
}

/* ---- what it is ---- */

/* "8 KiB + 8 KiB battery" of two sizes, "none" of none. */
static const char *ram_text(u32 plain, u32 saved, char out[64])
{
    if (!plain && !saved)
        return "none";
    if (!plain || !saved)
        snprintf(out, 64, "%g KiB%s", (plain + saved) / 1024.0, saved ? " battery-backed" : "");
    else
        snprintf(out, 64, "%g KiB and %g KiB battery-backed", plain / 1024.0, saved / 1024.0);
    return out;
}

int cart_describe(const struct cart *c, char *out, size_t room)
{
    static const char *const mirroring[] = { "horizontal", "vertical", "four-screen", "one-screen",
                                             "one-screen" };
    static const char *const regions[] = { "NTSC", "PAL", "Dendy" };
    char ram[64], chr_ram[64], battery[32] = "";
    size_t saved;

    if (cart_battery((struct cart *)c, &saved)) /* only asks where it would be */
        snprintf(battery, sizeof battery, "battery: %g KiB\n", (double)saved / 1024);
    return snprintf(out, room,
                    "format: %s\nmapper: %u.%u %s\nprg-rom: %g KiB\nchr-rom: %g KiB\nram: %s\n"
                    "chr-ram: %s\n%smirroring: %s\nregion: %s\n",
                    c->nes2 ? "NES 2.0" : "iNES", c->mapper, c->submapper, c->line->name,
                    c->prg_rom_bytes / 1024.0, c->chr_rom_bytes / 1024.0,
                    ram_text(c->prg_ram_bytes, c->prg_nvram_bytes, ram),
                    ram_text(c->chr_ram_bytes, c->chr_nvram_bytes, chr_ram), battery,
                    mirroring[c->mirroring], regions[c->region]);
}

u8 *cart_battery(struct cart *c, size_t *bytes)
{
    u64 program = (u64)c->prg_nvram_bytes + c->chip_nvram_bytes;
    struct space *s = program ? &c->wram : &c->chr_ram;
    u64 before = program ? c->prg_ram_bytes : c->chr_ram_bytes;
    u64 size = program ? program : c->chr_nvram_bytes;

    *bytes = 0;
    if (cart_flash(c)) {
        *bytes = c->prg_rom.size_bytes;
        return c->prg_rom.bytes;
    }
    if (!size || before + size > s->size_bytes) /* sizes can be set by hand */
        return NULL;
    *bytes = size;
    return s->bytes + before;
}

/* ---- windows ---- */

/* Offset of a bank that wraps at the memory's size; negative: from the end. */
static u32 bank_offset(u32 size, int bank, u32 window)
{
    u32 banks = (size + window - 1) / window;

    assert(size);
    if (bank >= 0)
        return (u32)bank % banks * window;
    return size < window ? 0 : (size - (u32)-bank * window % size) % size;
}

/* Page by page, so that a memory smaller than the window repeats in it. */
static void cpu_window(struct cart *c, u16 addr, const struct space *s, u32 size, int bank,
                       u32 bytes, bool writable)
{
    u32 offset = bank_offset(size, bank, bytes);

    assert(size <= s->size_bytes);
    assert(addr % CPU_PAGE_BYTES == 0 && addr >= 0x6000 && addr + bytes <= 0x10000);
    for (u32 at = 0; at < bytes; at += CPU_PAGE_BYTES) {
        u32 page = (addr + at) >> CPU_PAGE_SHIFT;
        u8 *from = s->bytes + (offset + at) % size;

        c->cpu->read[page] = from;
        c->cpu->write[page] = writable ? from : NULL;
    }
}

static void prg_window(struct cart *c, u16 addr, int bank, u32 bytes)
{
    cpu_window(c, addr, &c->prg_rom, (u32)c->prg_rom.size_bytes, bank, bytes, false);
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
    if (c->wram_bytes)
        cpu_window(c, addr, &c->wram, c->wram_bytes, bank, 0x2000, writable);
    else
        cart_cpu_none(c, addr, 0x2000);
}

void cart_cpu_none(struct cart *c, u16 addr, u32 bytes)
{
    assert(addr % CPU_PAGE_BYTES == 0 && addr >= 0x6000 && addr + bytes <= 0x10000);
    for (u32 at = 0; at < bytes; at += CPU_PAGE_BYTES) {
        c->cpu->read[(addr + at) >> CPU_PAGE_SHIFT] = NULL;
        c->cpu->write[(addr + at) >> CPU_PAGE_SHIFT] = NULL;
    }
}

static u8 *ppu_page(struct space *s, int bank_1k)
{
    return s->bytes + bank_offset((u32)s->size_bytes, bank_1k, PPU_PAGE_BYTES);
}

/* A pattern page or name table from here on. */
static void ppu_window(struct cart *c, const u8 **read, u8 **write, u8 *page, bool writable)
{
    u8 *to = writable ? page : NULL;

    if (*read == page && *write == to)
        return;
    cart_catch_up(c);
    *read = page;
    *write = to;
}

static void chr_page(struct cart *c, unsigned slot, u8 *page, bool writable)
{
    assert(slot < 8);
    ppu_window(c, &c->ppu.chr[slot], &c->ppu.chr_write[slot], page, writable);
}

static void nt_page(struct cart *c, unsigned slot, u8 *page, bool writable)
{
    assert(slot < 4);
    ppu_window(c, &c->ppu.nt[slot], &c->ppu.nt_write[slot], page, writable);
}

void cart_chr_ram_1k(struct cart *c, unsigned slot, int bank)
{
    chr_page(c, slot, ppu_page(&c->chr_ram, bank), true);
}

void cart_chr_1k(struct cart *c, unsigned slot, int bank)
{
    if (c->chr_rom.size_bytes)
        chr_page(c, slot, ppu_page(&c->chr_rom, bank), false);
    else
        cart_chr_ram_1k(c, slot, bank);
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

void cart_chr_none(struct cart *c)
{
    for (unsigned slot = 0; slot < 8; slot++)
        chr_page(c, slot, c->open, false);
}

void cart_nt_ciram(struct cart *c, unsigned slot, unsigned page)
{
    nt_page(c, slot, ppu_page(&c->ciram, (int)page), true);
}

void cart_nt_chr(struct cart *c, unsigned slot, int bank_1k)
{
    if (c->chr_rom.size_bytes)
        nt_page(c, slot, ppu_page(&c->chr_rom, bank_1k), false);
    else
        cart_nt_chr_ram(c, slot, bank_1k);
}

void cart_nt_chr_ram(struct cart *c, unsigned slot, int bank_1k)
{
    nt_page(c, slot, ppu_page(&c->chr_ram, bank_1k), true);
}

void cart_mirror(struct cart *c, enum cart_mirroring m)
{
    static const u8 pages[5][4] = {
        { 0, 0, 1, 1 }, { 0, 1, 0, 1 }, { 0, 1, 2, 3 }, { 0, 0, 0, 0 }, { 1, 1, 1, 1 }
    };

    for (unsigned slot = 0; slot < 4; slot++)
        cart_nt_ciram(c, slot, pages[m][slot]);
}

void cart_mirror_bits(struct cart *c, unsigned bits)
{
    static const u8 meanings[4] = { CART_VERTICAL, CART_HORIZONTAL, CART_ONE_LOW, CART_ONE_HIGH };

    cart_mirror(c, meanings[bits & 3]);
}
