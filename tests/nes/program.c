#include "tests/nes/program.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    BANK = 0x2000,  /* of code, repeated through the ROM */
    BASE = 0xe000,  /* where the program believes it is: every board shows the last bank there */
    TABLE = 0xfe00, /* 256 random bytes */
    VECTORS = 0xfffa,
    SPRITES = 0x200, /* page for the DMA */
    IN_RAM = 0x300,  /* a routine that was copied */
    POINTER = 0x10,
    SUBS = 4,
};

struct gen {
    u64 r;
    unsigned mapper, at; /* at: next byte in code */
    u8 code[BANK];
    u16 sub[SUBS];
    unsigned subs;   /* made so far */
    bool in_handler; /* may not switch NMI on */
};

struct opcode {
    u8 code;
    char mode[4], access, name[4];
};
static const struct opcode opcodes[] = {
#define X(code, name, mode, access, cycles, page, official) { code, #mode, #access[0], #name },
#include "isa/mos6502/ops.h"
};

/* ---- bytes ---- */

static void emit(struct gen *g, u8 b)
{
    assert(g->at < TABLE - BASE);
    g->code[g->at++] = b;
}

static void op_byte(struct gen *g, u8 op, unsigned operand)
{
    emit(g, op);
    emit(g, (u8)operand);
}

static void op_word(struct gen *g, u8 op, unsigned operand)
{
    op_byte(g, op, operand);
    emit(g, (u8)(operand >> 8));
}

static void branch_to(struct gen *g, u8 op, unsigned target)
{
    int by = (int)target - (int)(g->at + 2);

    assert(by >= -128);
    op_byte(g, op, (unsigned)by);
}

/* A branch over what follows until branch_here(). */
static unsigned branch_over(struct gen *g, u8 op)
{
    op_byte(g, op, 0);
    return g->at;
}

static void branch_here(struct gen *g, unsigned from)
{
    g->code[from - 1] = (u8)(g->at - from);
}

static u8 byte(struct gen *g)
{
    return (u8)chance(&g->r);
}

/* ---- single accesses ---- */

static void pointer(struct gen *g, unsigned addr)
{
    unsigned zp = POINTER + (g->in_handler ? 2 : 0);

    op_byte(g, 0xa9, addr);
    op_byte(g, 0x85, zp);
    op_byte(g, 0xa9, addr >> 8);
    op_byte(g, 0x85, zp + 1);
}

static void store(struct gen *g, unsigned addr, u8 value)
{
    u8 index = percent(&g->r, 50) ? byte(g) : 0;

    switch (below(&g->r, 12)) {
    case 0: op_byte(g, 0xa2, value), op_word(g, 0x8e, addr); break;
    case 1: op_byte(g, 0xa0, value), op_word(g, 0x8c, addr); break;
    case 2: /* indexed, with the idle read one page below or right there */
        op_byte(g, 0xa2, index), op_byte(g, 0xa9, value);
        op_word(g, 0x9d, addr - index);
        break;
    case 3:
        op_byte(g, 0xa0, index), op_byte(g, 0xa9, value);
        op_word(g, 0x99, addr - index);
        break;
    case 4:
        pointer(g, addr - index);
        op_byte(g, 0xa0, index), op_byte(g, 0xa9, value);
        op_byte(g, 0x91, POINTER + (g->in_handler ? 2 : 0));
        break;
    case 5: /* SAX */
        op_byte(g, 0xa9, value), op_byte(g, 0xa2, 0xff);
        op_word(g, 0x8f, addr);
        break;
    default: op_byte(g, 0xa9, value), op_word(g, 0x8d, addr); break;
    }
}

/* Folds what was read, and the flags, into zero page, so that a wrong value is not forgotten. */
static void keep(struct gen *g)
{
    unsigned sum = 0x20 + below(&g->r, 0x1f);

    emit(g, 0x08);
    op_byte(g, 0x65, sum), op_byte(g, 0x85, sum); /* ADC, STA */
    emit(g, 0x68);
    op_byte(g, 0x45, sum + 1), emit(g, 0x2a), op_byte(g, 0x85, sum + 1); /* EOR, ROL, STA */
}

static void load(struct gen *g, unsigned addr)
{
    static const u8 plain[] = { 0xad, 0xae, 0xac, 0x2c, 0xcd, 0xec, 0x0d, 0xaf, 0x0c, 0x6d };
    u8 index = percent(&g->r, 50) ? byte(g) : 0;

    switch (below(&g->r, 5)) {
    case 0: op_byte(g, 0xa2, index), op_word(g, 0xbd, addr - index); break;
    case 1: op_byte(g, 0xa0, index), op_word(g, 0xb9, addr - index); break;
    case 2:
        pointer(g, addr - index);
        op_byte(g, 0xa0, index);
        op_byte(g, 0xb1, POINTER + (g->in_handler ? 2 : 0));
        break;
    default: op_word(g, plain[below(&g->r, sizeof plain)], addr); break;
    }
    if (percent(&g->r, 60))
        keep(g);
}

static unsigned ppu_register(struct gen *g, unsigned reg)
{
    return percent(&g->r, 80) ? 0x2000 + reg : 0x2000 + reg + 8 * below(&g->r, 0x400);
}

static u8 ctrl_value(struct gen *g)
{
    u8 v = byte(g) & 0x3f;

    if (percent(&g->r, 60))
        v &= 0xdb; /* 8x8 sprites, steps of one */
    if (!g->in_handler && percent(&g->r, 50))
        v |= 0x80;
    return v;
}

static u8 mask_value(struct gen *g)
{
    if (percent(&g->r, 60))
        return 0x1e;
    if (percent(&g->r, 20))
        return byte(g) & 0xe7; /* off */
    return byte(g);
}

/* ---- actions ---- */

static void loop_begin(struct gen *g, u8 count, unsigned *top)
{
    op_byte(g, 0xa2, count); /* LDX; 0 is 256 */
    *top = g->at;
}

static void loop_end(struct gen *g, unsigned top)
{
    emit(g, 0xca); /* DEX */
    branch_to(g, 0xd0, top);
}

static void delay(struct gen *g)
{
    unsigned top, outer;

    switch (below(&g->r, 8)) {
    case 0: /* up to 10,000 cycles */
        op_byte(g, 0xa0, 1 + below(&g->r, 8));
        outer = g->at;
        loop_begin(g, byte(g), &top);
        loop_end(g, top);
        emit(g, 0x88);
        branch_to(g, 0xd0, outer);
        break;
    case 1: /* some lines */
        loop_begin(g, (u8)(1 + below(&g->r, 100)), &top);
        loop_end(g, top);
        break;
    case 2:
    case 3:
        loop_begin(g, (u8)(1 + below(&g->r, 25)), &top);
        loop_end(g, top);
        break;
    default:
        for (unsigned n = below(&g->r, 8); n--;)
            emit(g, percent(&g->r, 50) ? 0xea : 0x18);
        if (percent(&g->r, 50))
            op_byte(g, 0xa5, byte(g)); /* three cycles */
        break;
    }
}

static void wait_blank(struct gen *g)
{
    unsigned top, out;

    op_byte(g, 0xa0, 16);
    op_byte(g, 0xa2, 0);
    top = g->at;
    op_word(g, 0x2c, ppu_register(g, 2));
    out = branch_over(g, 0x30);
    emit(g, 0xca);
    branch_to(g, 0xd0, top);
    emit(g, 0x88);
    branch_to(g, 0xd0, top);
    branch_here(g, out);
}

static void wait_hit(struct gen *g)
{
    unsigned top, out;

    loop_begin(g, byte(g), &top);
    op_word(g, 0x2c, 0x2002);
    out = branch_over(g, percent(&g->r, 75) ? 0x70 : 0x50);
    loop_end(g, top);
    branch_here(g, out);
}

static void scroll(struct gen *g)
{
    if (percent(&g->r, 50))
        load(g, 0x2002);
    store(g, ppu_register(g, 5), byte(g));
    if (percent(&g->r, 20))
        delay(g);
    store(g, ppu_register(g, 5), byte(g));
}

/* An address where something is: pattern tables, name tables, palette. */
static unsigned vram_address(struct gen *g)
{
    switch (below(&g->r, 4)) {
    case 0: return below(&g->r, 0x2000);
    case 1: return 0x3f00 + below(&g->r, 0x20);
    default: return 0x2000 + below(&g->r, 0x1000);
    }
}

static void address(struct gen *g)
{
    unsigned a = vram_address(g);

    if (percent(&g->r, 70))
        load(g, 0x2002);
    store(g, ppu_register(g, 6), (u8)(a >> 8));
    if (percent(&g->r, 10))
        delay(g);
    store(g, ppu_register(g, 6), (u8)a);
}

static void data(struct gen *g)
{
    unsigned top;

    if (percent(&g->r, 80))
        address(g);
    if (percent(&g->r, 50)) {
        loop_begin(g, (u8)(1 + below(&g->r, 30)), &top);
        op_word(g, percent(&g->r, 50) ? 0xad : 0x8d, ppu_register(g, 7));
        if (percent(&g->r, 50))
            emit(g, 0xea);
        else if (percent(&g->r, 50))
            keep(g);
        loop_end(g, top);
    } else if (percent(&g->r, 50)) {
        load(g, ppu_register(g, 7));
    } else {
        store(g, ppu_register(g, 7), byte(g));
    }
    if (percent(&g->r, 70)) /* put the scroll back */
        scroll(g);
}

static void oam(struct gen *g)
{
    store(g, ppu_register(g, 3), percent(&g->r, 60) ? 0 : byte(g));
    switch (below(&g->r, 6)) {
    case 0: store(g, ppu_register(g, 4), byte(g)); break;
    case 1: load(g, ppu_register(g, 4)); break;
    case 2: store(g, 0x4014, byte(g)); break;
    default: store(g, 0x4014, SPRITES >> 8); break;
    }
}

static void move_sprite(struct gen *g)
{
    store(g, SPRITES + below(&g->r, percent(&g->r, 50) ? 4 : 256), byte(g));
}

static void sound(struct gen *g)
{
    unsigned reg = below(&g->r, 0x18);

    if (reg == 0x14)
        reg = 0x15;
    if (reg == 0x16)
        reg = 0x10;
    if (reg == 0x15 && percent(&g->r, 60))
        store(g, 0x4015, byte(g) | 0x10);
    else
        store(g, 0x4000 + reg, byte(g));
    if (percent(&g->r, 20))
        load(g, 0x4015);
}

static void pads(struct gen *g)
{
    store(g, 0x4016, 1);
    if (percent(&g->r, 30))
        delay(g);
    store(g, 0x4016, percent(&g->r, 90) ? 0 : byte(g));
    for (unsigned n = 1 + below(&g->r, 4); n--;)
        load(g, 0x4016 + below(&g->r, 2));
}

static unsigned board_register(struct gen *g)
{
    static const u16 mmc3[] = { 0x8000, 0x8001, 0xa000, 0xc000, 0xc001, 0xe000, 0xe001, 0xe001 };

    switch (g->mapper) {
    case 4:
    case 118:
    case 119: return mmc3[below(&g->r, ARRAY_SIZE(mmc3))];
    case 5:
        return percent(&g->r, 50)   ? 0x5100 + below(&g->r, 0x31)
               : percent(&g->r, 70) ? 0x5200 + below(&g->r, 7)
                                    : 0x5c00 + below(&g->r, 0x400);
    case 19: return 0x4800 + 0x800 * below(&g->r, 23);
    case 69: return 0x8000 + 0x2000 * below(&g->r, 4);
    case 21:
    case 24:
    case 85: return 0x8000 + 0x1000 * below(&g->r, 8) + below(&g->r, 4);
    default: return 0x8000 + below(&g->r, 0x8000);
    }
}

static void board(struct gen *g)
{
    unsigned reg = board_register(g);
    u8 value = byte(g);

    if (reg == 0xc000 && percent(&g->r, 80))
        value &= 31; /* soon enough */
    if (g->mapper == 5 && reg == 0x5203)
        value = (u8)below(&g->r, 240);
    store(g, reg, value);
    if (percent(&g->r, 15))
        load(g, board_register(g));
}

static void memory(struct gen *g)
{
    unsigned addr = percent(&g->r, 50) ? 0x6000 + below(&g->r, 0x2000)
                                       : 0x4018 + below(&g->r, 0x1fe8);

    if (percent(&g->r, 50))
        load(g, addr);
    else
        store(g, addr, byte(g));
}

/* Any instruction that neither leaves the path nor moves the stack. */
static void anything(struct gen *g)
{
    static const u16 places[] = { 0x2000, 0x2002, 0x2004, 0x2006, 0x2007,
                                  0x4016, 0x4015, 0x6000, 0x0400 };
    const struct opcode *o;
    unsigned addr = places[below(&g->r, ARRAY_SIZE(places))] + below(&g->r, 4);

    do
        o = &opcodes[below(&g->r, 256)];
    while (o->access == 'J' || !strcmp(o->name, "JAM") || !strcmp(o->name, "TXS") ||
           !strcmp(o->name, "TAS") || !strcmp(o->name, "LAS") || !strcmp(o->name, "CLI"));
    if (g->in_handler && (addr & ~0x1ff8u) == 0x2000)
        addr++; /* not $2000: it could ask for NMI without end */
    if (g->in_handler && o->mode[0] == 'a' && o->mode[2] != 's')
        o = &opcodes[0xad];
    emit(g, o->code);
    if (!strcmp(o->mode, "abs") || !strcmp(o->mode, "abx") || !strcmp(o->mode, "aby")) {
        emit(g, (u8)addr);
        emit(g, (u8)(addr >> 8));
    } else if (o->mode[0] == 'z' || !strcmp(o->mode, "imm")) {
        emit(g, 0x40 | byte(g)); /* clear of the pointers */
    } else if (o->mode[0] == 'i' && o->mode[1] != 'm') {
        emit(g, POINTER);
    }
}

static void call(struct gen *g)
{
    if (g->in_handler || !g->subs)
        anything(g);
    else if (percent(&g->r, 30))
        op_word(g, 0x20, IN_RAM);
    else
        op_word(g, 0x20, g->sub[below(&g->r, g->subs)]);
}

static void flags(struct gen *g)
{
    if (g->in_handler)
        emit(g, 0x78);
    else if (percent(&g->r, 80))
        emit(g, percent(&g->r, 60) ? 0x58 : 0x78);
    else
        emit(g, 0x08), emit(g, 0x28);
}

static void act(struct gen *g)
{
    static const struct {
        void (*emit)(struct gen *g);
        u8 weight;
    } list[] = { { delay, 24 }, { scroll, 8 }, { data, 8 },    { oam, 6 },    { move_sprite, 3 },
                 { sound, 6 },  { pads, 2 },   { board, 8 },   { memory, 2 }, { anything, 8 },
                 { call, 3 },   { flags, 2 },  { wait_hit, 4 } };
    unsigned pick = below(&g->r, 100);

    for (unsigned i = 0; i < ARRAY_SIZE(list); i++) {
        if (pick < list[i].weight) {
            list[i].emit(g);
            return;
        }
        pick -= list[i].weight;
    }
    if (pick < 8)
        store(g, ppu_register(g, 1), mask_value(g));
    else if (pick < 12)
        store(g, ppu_register(g, 0), ctrl_value(g));
    else
        load(g, ppu_register(g, below(&g->r, 8)));
}

/* ---- the program ---- */

/* So many actions, as long as there is room before `limit`. */
static void acts(struct gen *g, unsigned count, unsigned limit)
{
    while (count-- && g->at + 64 < limit)
        act(g);
}

static void subroutines(struct gen *g)
{
    for (unsigned i = 0; i < SUBS; i++) {
        u16 at = (u16)(BASE + g->at);

        acts(g, 1 + below(&g->r, 5), g->at + 220);
        emit(g, 0x60);
        g->sub[g->subs++] = at;
    }
}

static u16 handler(struct gen *g, bool irq)
{
    u16 at = (u16)(BASE + g->at);
    bool keep = percent(&g->r, 70);

    g->in_handler = true;
    if (keep)
        emit(g, 0x48), emit(g, 0x8a), emit(g, 0x48), emit(g, 0x98), emit(g, 0x48);
    if (irq) { /* quieten whatever it was */
        op_word(g, 0xad, 0x4015);
        op_byte(g, 0xa9, 0x0f), op_word(g, 0x8d, 0x4015);
        if (g->mapper == 5)
            op_word(g, 0xad, 0x5204);
        else if (g->mapper == 69)
            store(g, 0x8000, 13), store(g, 0xa000, 0);
        else if (g->mapper == 19)
            store(g, 0x5800, 0);
        else
            store(g, g->mapper == 4 || g->mapper == 118 || g->mapper == 119 ? 0xe000 : 0xf002, 0);
        if (percent(&g->r, 70) && (g->mapper == 4 || g->mapper == 118 || g->mapper == 119))
            op_word(g, 0x8d, 0xe001);
    }
    acts(g, below(&g->r, 7), g->at + 400);
    if (keep)
        emit(g, 0x68), emit(g, 0xa8), emit(g, 0x68), emit(g, 0xaa), emit(g, 0x68);
    emit(g, 0x40);
    g->in_handler = false;
    return at;
}

/* 256 bytes of the table to a page. */
static void copy_page(struct gen *g, unsigned from, unsigned to)
{
    unsigned top;

    loop_begin(g, 0, &top);
    op_word(g, 0xbd, from), op_word(g, 0x9d, to);
    loop_end(g, top);
}

static void fill_vram(struct gen *g, unsigned at, unsigned pages)
{
    unsigned top, outer;

    op_word(g, 0x2c, 0x2002);
    op_byte(g, 0xa9, at >> 8), op_word(g, 0x8d, 0x2006);
    op_byte(g, 0xa9, at), op_word(g, 0x8d, 0x2006);
    op_byte(g, 0xa0, pages);
    outer = g->at;
    loop_begin(g, pages == 1 ? 32 : 0, &top);
    op_word(g, 0xbd, TABLE), op_word(g, 0x8d, 0x2007);
    loop_end(g, top);
    emit(g, 0x88);
    branch_to(g, 0xd0, outer);
}

static u16 reset(struct gen *g, bool pattern_ram)
{
    u16 at = (u16)(BASE + g->at), loop;

    emit(g, 0x78), emit(g, 0xd8);
    op_byte(g, 0xa2, 0xff), emit(g, 0x9a);
    if (percent(&g->r, 60))
        op_byte(g, 0xa9, 0x40), op_word(g, 0x8d, 0x4017);
    fill_vram(g, 0x3f00, 1);
    fill_vram(g, 0x2000, 8);
    if (pattern_ram)
        fill_vram(g, 0, percent(&g->r, 30) ? 32 : 16);
    copy_page(g, TABLE, SPRITES);
    copy_page(g, g->sub[0], IN_RAM);
    for (unsigned n = below(&g->r, 5); n--;) /* some sprites close together */
        store(g, SPRITES + 4 * below(&g->r, 64), (u8)(below(&g->r, 4) * 40));
    store(g, 0x4014, SPRITES >> 8);
    acts(g, below(&g->r, 8), BANK);
    for (unsigned n = below(&g->r, 6); n--;)
        board(g);
    store(g, 0x2001, percent(&g->r, 85) ? 0x1e : mask_value(g));
    store(g, 0x2000, ctrl_value(g));
    loop = (u16)(BASE + g->at);
    op_byte(g, 0xa2, 0xff), emit(g, 0x9a);
    if (percent(&g->r, 60))
        wait_blank(g);
    if (percent(&g->r, 40))
        store(g, 0x4014, SPRITES >> 8), scroll(g);
    if (percent(&g->r, 80))
        store(g, 0x2001, 0x1e);
    acts(g, 4 + below(&g->r, 60), TABLE - BASE - 64);
    op_word(g, 0x4c, loop);
    return at;
}

static void vector(struct gen *g, unsigned at, u16 to)
{
    g->code[at - BASE] = (u8)to;
    g->code[at - BASE + 1] = (u8)(to >> 8);
}

static void write_program(struct gen *g, bool pattern_ram)
{
    u16 nmi, irq;

    for (unsigned i = 0; i < 256; i++)
        g->code[TABLE - BASE + i] = byte(g);
    subroutines(g);
    nmi = handler(g, false);
    irq = handler(g, true);
    vector(g, VECTORS, nmi);
    vector(g, VECTORS + 4, irq);
    vector(g, VECTORS + 2, reset(g, pattern_ram));
}

/* Tiles: empty, full, or anything, so that hits come early, late and never. */
static void write_tiles(struct gen *g, u8 *at, unsigned bytes)
{
    unsigned empty = below(&g->r, 60);

    for (unsigned t = 0; t < bytes; t += 16) {
        bool none = percent(&g->r, empty), solid = percent(&g->r, 20);

        for (unsigned i = 0; i < 16; i++)
            at[t + i] = none ? 0 : solid ? 0xff : byte(g);
    }
}

static unsigned choose_mapper(struct gen *g)
{
    static const u8 others[] = {
        1, 2, 3, 5, 5, 7, 9, 10, 19, 21, 24, 66, 69, 85, 118, 119, 206, 210
    };
    unsigned pick = below(&g->r, 100);

    return pick < 40 ? 0 : pick < 70 ? 4 : others[below(&g->r, ARRAY_SIZE(others))];
}

size_t program_make(u64 seed, int mapper, u8 out[PROGRAM_ROOM], char title[64])
{
    static const char *const regions[] = { "NTSC", "PAL", "Dendy" };
    struct gen g = { .r = chance_from(seed) };
    unsigned prg, chr, region = percent(&g.r, 70) ? 0 : 1 + below(&g.r, 2);

    g.mapper = mapper < 0 ? choose_mapper(&g) : (unsigned)mapper;
    prg = g.mapper == 0 ? 2 : 4;
    chr = percent(&g.r, g.mapper == 0 ? 60 : 80) ? g.mapper == 0 ? 1 : 4 : 0;
    if (g.mapper == 30 || g.mapper == 28) /* boards with pattern RAM only */
        chr = 0;
    memset(out, 0, 16);
    memcpy(out, "NES\x1a", 4);
    out[4] = (u8)prg;
    out[5] = (u8)chr;
    out[6] = (u8)(g.mapper << 4 | below(&g.r, 2) | (g.mapper == 4 && percent(&g.r, 10) ? 8 : 0));
    out[7] = (u8)((g.mapper & 0xf0) | 8);
    out[10] = 7; /* 8 KiB of program RAM */
    out[11] = chr && g.mapper != 119 ? 0 : 7;
    out[12] = (u8)(region == 2 ? 3 : region);
    write_program(&g, !chr || g.mapper == 119);
    for (unsigned at = 0; at < prg * 0x4000; at += BANK)
        memcpy(out + 16 + at, g.code, BANK);
    write_tiles(&g, out + 16 + prg * 0x4000, chr * 0x2000);
    snprintf(title, 64, "mapper %u, %s, pattern %s", g.mapper, regions[region],
             chr ? "ROM" : "RAM");
    return 16 + prg * 0x4000 + chr * 0x2000;
}
