/* A cartridge on the bench, for tests and fuzz targets: made from a synthetic file in which every
 * page of ROM holds its own number, driven by CPU and PPU accesses, saved and loaded.
 *
 * A place is what a window shows: the memory it is in and the offset in KiB. */
#ifndef NES_CART_RIG_H
#define NES_CART_RIG_H

#include "kinds/nes/cart.h"
#include "kinds/nes/ines.h"

#include <stdlib.h>
#include <string.h>

struct rig_file {
    u16 mapper;
    u8 submapper;
    bool ines1;                                   /* iNES: mapper, flags and ROM sizes only */
    u8 flags;                                     /* header byte 6, low half */
    u32 prg, chr, ram, nvram, chr_ram, chr_nvram; /* bytes; RAMs: powers of two from 128, or 0 */
};
enum { RIG_V = 1, RIG_BATTERY = 2, RIG_TRAINER = 4, RIG_FOUR = 8 };

struct rig {
    struct cart c;
    struct cpu_pages pages;
    u64 dots, clk;
    u8 *file;
    size_t bytes;
};

/* ---- the file ---- */

/* The two bytes of a ROM size: units, or exponent and multiplier. */
static inline void rig_rom_size(u32 bytes, u32 unit, u8 *low, u8 *high)
{
    if (bytes % unit == 0 && bytes / unit < 0xf00) {
        *low = (u8)(bytes / unit);
        *high = (u8)(bytes / unit >> 8);
        return;
    }
    *high = 15;
    for (u32 e = 0; e < 32; e++)
        for (u32 m = 0; m < 4; m++)
            if ((u64)(m * 2 + 1) << e == bytes)
                *low = (u8)(e << 2 | m);
}

static inline u8 rig_ram_size(u32 bytes)
{
    u8 shift = 0;

    while (bytes > 64u << shift)
        shift++;
    return shift;
}

static inline u8 *rig_file_make(const struct rig_file *f, size_t *bytes)
{
    u32 trainer = f->flags & RIG_TRAINER ? INES_TRAINER_BYTES : 0, at = INES_HEADER_BYTES;
    u8 *h = calloc(1, at + trainer + (size_t)f->prg + f->chr), prg_high, chr_high;

    if (!h)
        abort();
    memcpy(h, "NES\x1a", 4);
    rig_rom_size(f->prg, 0x4000, &h[4], &prg_high);
    rig_rom_size(f->chr, 0x2000, &h[5], &chr_high);
    h[6] = (u8)(f->mapper << 4 | f->flags);
    h[7] = f->mapper & 0xf0;
    if (!f->ines1) {
        h[7] |= 8;
        h[8] = (u8)(f->submapper << 4 | f->mapper >> 8);
        h[9] = (u8)(chr_high << 4 | prg_high);
        h[10] = (u8)(rig_ram_size(f->nvram) << 4 | rig_ram_size(f->ram));
        h[11] = (u8)(rig_ram_size(f->chr_nvram) << 4 | rig_ram_size(f->chr_ram));
    }
    memset(h + at, 0x77, trainer);
    at += trainer;
    for (u32 i = 0; i < f->prg + f->chr; i++) { /* each KiB begins with its number */
        u32 page = (i < f->prg ? i : i - f->prg) >> 10;

        h[at + i] = i & 1 ? (u8)(page >> 8) : (u8)page;
    }
    *bytes = (size_t)at + f->prg + f->chr;
    return h;
}

/* ---- life ---- */

static inline int rig_init(struct rig *r, u8 *file, size_t bytes, struct err *e)
{
    memset(r, 0, sizeof *r);
    r->file = file;
    r->bytes = bytes;
    if (cart_init(&r->c, file, bytes, &r->pages, e))
        return -(int)e->code;
    r->c.dots = &r->dots;
    r->clk = 7;
    cart_power(&r->c);
    return 0;
}

static inline int rig_make(struct rig *r, const struct rig_file *f, struct err *e)
{
    size_t bytes;
    u8 *file = rig_file_make(f, &bytes);

    return rig_init(r, file, bytes, e);
}

static inline void rig_fini(struct rig *r)
{
    cart_fini(&r->c);
    free(r->file);
}

/* ---- the buses ---- */

static inline void rig_run(struct rig *r, u64 clk)
{
    r->clk = clk;
    r->dots = clk * 3;
    if (r->c.ops->run)
        r->c.ops->run(&r->c, clk);
}

static inline void rig_write(struct rig *r, u16 addr, u8 value)
{
    u8 *page = r->pages.write[addr >> CPU_PAGE_SHIFT];

    if (page)
        page[addr & ((1 << CPU_PAGE_SHIFT) - 1)] = value;
    else if (r->c.ops->write)
        r->c.ops->write(&r->c, addr, value, r->clk);
    r->clk += 4; /* as far apart as STA absolute makes them */
    r->dots = r->clk * 3;
}

/* The byte, or -1 for open bus. */
static inline int rig_read(struct rig *r, u16 addr)
{
    const u8 *page = r->pages.read[addr >> CPU_PAGE_SHIFT];
    u8 v;

    if (page)
        return page[addr & ((1 << CPU_PAGE_SHIFT) - 1)];
    return r->c.ops->read && r->c.ops->read(&r->c, addr, r->clk, &v) ? v : -1;
}

static inline u8 rig_ppu_read(struct rig *r, u16 a, enum ppu_fetch what)
{
    u8 v;

    if (r->c.ops->fetch)
        return r->c.ops->fetch(&r->c, a, what, false);
    v = a & 0x2000 ? r->c.ppu.nt[a >> 10 & 3][a & 0x3ff] : r->c.ppu.chr[a >> 10 & 7][a & 0x3ff];
    if (r->c.ops->watch)
        r->c.ops->watch(&r->c, a);
    return v;
}

/* ---- places ---- */

enum {
    RIG_NONE = 0,
    RIG_PRG = 1 << 20,
    RIG_WRAM = 2 << 20,
    RIG_CHR = 3 << 20,
    RIG_CHR_RAM = 4 << 20,
    RIG_CIRAM = 5 << 20,
    RIG_OPEN = 6 << 20,
    RIG_BOARD = 7 << 20,
    RIG_WILD = 8 << 20,
    RIG_MEMORY = 15 << 20
};

static inline bool rig_inside(const u8 *p, u32 len, const u8 *mem, u64 bytes, u32 *kib)
{
    uintptr_t at = (uintptr_t)p, from = (uintptr_t)mem;

    if (!mem || at < from || at - from > bytes || bytes - (at - from) < len)
        return false;
    *kib = (u32)((at - from) >> 10);
    return true;
}

/* What a page of `len` bytes shows. RIG_WILD: memory that is not the cartridge's. */
static inline u32 rig_place(const struct cart *c, const u8 *p, u32 len)
{
    const struct {
        const u8 *bytes;
        u64 size;
        u32 name;
    } memories[] = { { c->prg_rom.bytes, c->prg_rom.size_bytes, RIG_PRG },
                     { c->wram.bytes, c->wram.size_bytes, RIG_WRAM },
                     { c->chr_rom.bytes, c->chr_rom.size_bytes, RIG_CHR },
                     { c->chr_ram.bytes, c->chr_ram.size_bytes, RIG_CHR_RAM },
                     { c->ciram.bytes, c->ciram.size_bytes, RIG_CIRAM },
                     { c->open, sizeof c->open, RIG_OPEN },
                     { c->board, c->ops->state_bytes, RIG_BOARD } };
    u32 kib;

    if (!p)
        return RIG_NONE;
    for (unsigned i = 0; i < ARRAY_SIZE(memories); i++)
        if (rig_inside(p, len, memories[i].bytes, memories[i].size, &kib))
            return memories[i].name | kib;
    return RIG_WILD;
}

static inline u32 rig_cpu_place(const struct rig *r, u16 addr)
{
    return rig_place(&r->c, r->pages.read[addr >> CPU_PAGE_SHIFT], 1 << CPU_PAGE_SHIFT);
}

#define RIG_WINDOWS 64
struct rig_windows {
    u32 place[RIG_WINDOWS]; /* CPU read 0-19, write 20-39; CHR 40-55; name tables 56-63 */
};

static inline void rig_look(const struct rig *r, struct rig_windows *w)
{
    const struct ppu_pages *p = &r->c.ppu;
    unsigned n = 0;

    for (unsigned i = 12; i < CPU_PAGES; i++)
        w->place[n++] = rig_place(&r->c, r->pages.read[i], 2048);
    for (unsigned i = 12; i < CPU_PAGES; i++)
        w->place[n++] = rig_place(&r->c, r->pages.write[i], 2048);
    for (unsigned i = 0; i < 8; i++)
        w->place[n++] = rig_place(&r->c, p->chr[i], 1024);
    for (unsigned i = 0; i < 8; i++)
        w->place[n++] = rig_place(&r->c, p->chr_write[i], 1024);
    for (unsigned i = 0; i < 4; i++)
        w->place[n++] = rig_place(&r->c, p->nt[i], 1024);
    for (unsigned i = 0; i < 4; i++)
        w->place[n++] = rig_place(&r->c, p->nt_write[i], 1024);
}

/* Every window shows what it may: nothing is written into ROM, and the PPU always reads something.
 */
static inline bool rig_sound(const struct rig *r)
{
    struct rig_windows w;

    rig_look(r, &w);
    for (unsigned i = 0; i < RIG_WINDOWS; i++) {
        u32 memory = w.place[i] & RIG_MEMORY;
        bool write = (i >= 20 && i < 40) || (i >= 48 && i < 56) || i >= 60;

        if (memory == RIG_WILD || (i >= 40 && !write && memory == RIG_NONE))
            return false;
        if (i < 40 && memory != RIG_NONE && memory != RIG_WRAM && (write || memory != RIG_PRG))
            return false;
        if (write && (memory == RIG_PRG || memory == RIG_CHR || memory == RIG_OPEN))
            return false;
    }
    return true;
}

/* ---- chance ---- */

static inline u32 rig_random(u64 *s)
{
    *s ^= *s >> 12;
    *s ^= *s << 25;
    *s ^= *s >> 27;
    return (u32)(*s * 0x2545f4914f6cdd1du >> 32);
}

/* One access of either bus, chosen and filled by three random words; time goes on. */
static inline void rig_poke(struct rig *r, u32 a, u32 b, u32 d)
{
    static const u16 low[] = { 0x4100, 0x4800, 0x5000, 0x5100, 0x5200, 0x5800, 0x5c00, 0x5ff0 };
    const struct board *ops = r->c.ops;
    u16 addr = (u16)(a >> 8);
    u8 value = (u8)b;

    switch (a & 15) {
    case 0: rig_read(r, (u16)(0x4020 + addr % 0xbfe0)); break;
    case 1: rig_read(r, (u16)(low[addr & 7] | (value & 15))); break;
    case 2:
    case 3: rig_write(r, (u16)(low[addr & 7] + (addr >> 3 & 0x3f)), value); break;
    case 4: rig_write(r, (u16)(0x6000 | (addr & 0x1fff)), value); break;
    case 5: rig_run(r, r->clk + (b & 0xffff)); break;
    case 6:
        if (ops->a12)
            ops->a12(&r->c, r->clk);
        break;
    case 7: rig_ppu_read(r, (u16)(0xfd0 | (addr & 0x1039)), PPU_FETCH_BG); break;
    case 8:
        for (unsigned i = 0; i < 3; i++) /* as at the end of a line */
            rig_ppu_read(r, 0x2000 | (addr & 0xfff), PPU_FETCH_NT);
        break;
    case 9: rig_ppu_read(r, addr & 0x3fff, addr & 0x2000 ? PPU_FETCH_AT : PPU_FETCH_SPRITE); break;
    case 10:
        rig_ppu_read(r, addr & 0x3fff, PPU_FETCH_CPU);
        if (ops->snoop)
            ops->snoop(&r->c, (u16)(0x2000 | (d & 1)), value);
        break;
    case 11: /* a register whose address matters by its last bits */
        rig_write(r, (u16)(0x8000 | (addr & 0x7000) | (d & 15)), value);
        break;
    default: rig_write(r, 0x8000 | addr, value);
    }
}

/* ---- saving ---- */

static inline u8 *rig_save(struct rig *r, size_t *bytes)
{
    const struct fields *cart = r->c.component.fields, *board = r->c.board_component.fields;
    size_t first = field_save(cart, &r->c, NULL);
    size_t second = board ? field_save(board, r->c.board, NULL) : 0;
    u8 *out = malloc(first + second);

    if (!out)
        abort();
    field_save(cart, &r->c, out);
    if (second)
        field_save(board, r->c.board, out + first);
    *bytes = first + second;
    return out;
}

/* `split`: the length of the cart's own part. */
static inline int rig_load(struct rig *r, const u8 *in, size_t bytes, size_t split, struct err *e)
{
    const struct fields *board = r->c.board_component.fields;

    if (field_load(r->c.component.fields, &r->c, in, split, e))
        return -(int)e->code;
    if (board && field_load(board, r->c.board, in + split, bytes - split, e))
        return -(int)e->code;
    if (r->c.component.loaded(&r->c, e))
        return -(int)e->code;
    return r->c.board_component.loaded ? r->c.board_component.loaded(r->c.board, e) : 0;
}

#endif
