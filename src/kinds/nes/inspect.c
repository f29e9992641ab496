/* What a person may look at in a console: views, the PPU's bus and beam, and the events that a
 * trace can tell. Looking changes nothing. */
#include "kinds/nes/nes.h"

#include <stdio.h>
#include <string.h>

static struct nes *of(struct machine *m)
{
    return container_of(m, struct nes, machine);
}

/* ---- the PPU's bus and beam ---- */

static u8 ppu_byte(struct nes *n, u16 a)
{
    struct cart *c = &n->cart;

    a &= 0x3fff;
    if (a >= 0x3f00)
        return n->ppu.palette[a & 3 ? a & 31 : a & 15];
    if (c->ops->fetch)
        return c->ops->fetch(c, a, PPU_FETCH_CPU, true);
    return a & 0x2000 ? c->ppu.nt[a >> 10 & 3][a & 0x3ff] : c->ppu.chr[a >> 10 & 7][a & 0x3ff];
}

bool nes_ppu_peek(struct machine *m, u64 addr, void *out, size_t len)
{
    u8 *to = out;

    if (addr > 0x4000 || len > 0x4000 - addr)
        return false;
    for (size_t i = 0; i < len; i++)
        to[i] = ppu_byte(of(m), (u16)(addr + i));
    return true;
}

static bool oam_peek(struct machine *m, u64 addr, void *out, size_t len)
{
    if (addr > 256 || len > 256 - addr)
        return false;
    memcpy(out, of(m)->ppu.oam + addr, len);
    return true;
}

void nes_ppu_where(struct machine *m, u64 out[2])
{
    out[0] = of(m)->ppu.line;
    out[1] = of(m)->ppu.dot;
}

static const struct domain domains[] = {
    { .name = "ppu",
      .doc = "the PPU's bus as $2007 sees it, and its beam",
      .size = 0x4000,
      .what = WATCH_READ | WATCH_WRITE | WATCH_POSITION,
      .peek = nes_ppu_peek,
      .position = "scanline dot",
      .limits = { 312, PPU_DOTS },
      .where = nes_ppu_where },
    { .name = "oam",
      .doc = "object attribute memory",
      .size = 256,
      .what = WATCH_WRITE,
      .peek = oam_peek },
};

static const struct trace_event events[] = {
    TRACE_CPU_EVENTS,
    [TRACE_CPU_IRQ] = { "cpu.irq", "the interrupt lines change", "lines", "before" },
    [TRACE_PPU_READ] = { "ppu.read", "$2007 is read", "addr", "value" },
    [TRACE_PPU_WRITE] = { "ppu.write", "$2007 is written", "addr", "value" },
    [TRACE_PPU_FRAME] = { "ppu.frame", "a picture is complete", "number", NULL },
    [TRACE_OAM_WRITE] = { "oam.write", "a byte of OAM is written", "addr", "value" },
    [TRACE_OAM_DMA] = { "oam.dma", "a DMA to OAM is asked for", "source", NULL },
};

/* ---- views ---- */

/* The name table that the scroll registers point at, tile numbers read as ASCII. */
static int text_view(struct machine *m, char *out, size_t room)
{
    const struct nes *n = of(m);
    const u8 *nt = n->cart.ppu.nt[n->ppu.ctrl & 3];
    size_t at = 0;

    for (unsigned y = 0; y < 30; y++) {
        for (unsigned x = 0; x < 32; x++, at++)
            if (at + 1 < room)
                out[at] = (char)(nt[y * 32 + x] >= 32 && nt[y * 32 + x] < 127 ? nt[y * 32 + x]
                                                                              : ' ');
        if (at + 1 < room)
            out[at] = '\n';
        at++;
    }
    if (room)
        out[at < room ? at : room - 1] = 0;
    return (int)at;
}

/* The colour of a pixel as the chip gives it, without emphasis. */
static u16 colour(const struct nes *n, unsigned palette, unsigned pixel)
{
    return n->ppu.palette[pixel ? (palette * 4 + pixel) & 31 : 0] & 0x3f;
}

/* Draws a tile of 8 x 8 at `to`, in rows of `stride`. */
static void draw_tile(struct nes *n, u16 at, unsigned palette, u16 *to, unsigned stride)
{
    for (unsigned y = 0; y < 8; y++) {
        u8 low = ppu_byte(n, (u16)(at + y)), high = ppu_byte(n, (u16)(at + y + 8));

        for (unsigned x = 0; x < 8; x++)
            to[y * stride + x] = colour(n, palette,
                                        (low >> (7 - x) & 1) | (high >> (7 - x) & 1) << 1);
    }
}

enum { TABLES_WIDTH = 512, TABLES_HEIGHT = 480, PATTERNS_WIDTH = 256, PATTERNS_HEIGHT = 128 };
enum { SWATCH = 16, PALETTE_WIDTH = 16 * SWATCH, PALETTE_HEIGHT = 2 * SWATCH };
enum { OAM_COLUMNS = 16, OAM_CELL = 10, OAM_CELL_HEIGHT = 18 };

static void nametables_picture(struct machine *m, void *pixels)
{
    struct nes *n = of(m);
    u16 patterns = n->ppu.ctrl & CTRL_BG_TABLE ? 0x1000 : 0, *out = pixels;

    for (unsigned table = 0; table < 4; table++) {
        u16 base = (u16)(0x2000 + table * 0x400);
        u16 *to = out + (table >> 1) * 240 * TABLES_WIDTH + (table & 1) * 256;

        for (unsigned i = 0; i < 960; i++) {
            unsigned x = i % 32, y = i / 32;
            u8 attribute = ppu_byte(n, (u16)(base + 0x3c0 + (y >> 2) * 8 + (x >> 2)));
            unsigned palette = attribute >> ((y & 2) * 2 + (x & 2)) & 3;

            draw_tile(n, (u16)(patterns + ppu_byte(n, (u16)(base + i)) * 16), palette,
                      to + y * 8 * TABLES_WIDTH + x * 8, TABLES_WIDTH);
        }
    }
}

static void nametables_table(struct machine *m, struct view_table *t)
{
    struct nes *n = of(m);
    char row[16], cell[8];

    for (unsigned line = 0; line < 120; line++) {
        snprintf(row, sizeof row, "%04X", 0x2000 + line / 30 * 0x400 + line % 30 * 32);
        t->ops->row(t, row);
        for (unsigned x = 0; x < 32; x++) {
            snprintf(cell, sizeof cell, "%02u", x);
            t->ops->number(t, cell,
                           ppu_byte(n, (u16)(0x2000 + line / 30 * 0x400 + line % 30 * 32 + x)), 2);
        }
    }
}

static void patterns_picture(struct machine *m, void *pixels)
{
    u16 *out = pixels;

    for (unsigned i = 0; i < 512; i++)
        draw_tile(of(m), (u16)(i * 16), 0,
                  out + (i / 16 & 15) * 8 * PATTERNS_WIDTH + (i / 256 * 16 + i % 16) * 8,
                  PATTERNS_WIDTH);
}

static void palette_picture(struct machine *m, void *pixels)
{
    u16 *out = pixels;

    for (unsigned y = 0; y < PALETTE_HEIGHT; y++)
        for (unsigned x = 0; x < PALETTE_WIDTH; x++)
            out[y * PALETTE_WIDTH + x] = colour(of(m), y / SWATCH * 4 + x / SWATCH / 4,
                                                x / SWATCH & 3);
}

static void palette_table(struct machine *m, struct view_table *t)
{
    static const char *const names[] = { "background 0", "background 1", "background 2",
                                         "background 3", "sprites 0",    "sprites 1",
                                         "sprites 2",    "sprites 3" };
    static const char *const cells[] = { "0", "1", "2", "3" };

    for (unsigned i = 0; i < 8; i++) {
        t->ops->row(t, names[i]);
        for (unsigned k = 0; k < 4; k++)
            t->ops->number(t, cells[k], ppu_byte(of(m), (u16)(0x3f00 + i * 4 + k)), 2);
    }
}

/* Each sprite in a cell of its own, sixteen in a row, on the backdrop. */
static void oam_picture(struct machine *m, void *pixels)
{
    struct nes *n = of(m);
    bool tall = n->ppu.ctrl & CTRL_TALL;
    unsigned width = OAM_COLUMNS * OAM_CELL;
    u16 *out = pixels, tile[8 * 16];

    for (unsigned i = 0; i < width * 4 * OAM_CELL_HEIGHT; i++)
        out[i] = colour(n, 0, 0);
    for (unsigned i = 0; i < 64; i++) {
        const u8 *s = n->ppu.oam + i * 4;
        unsigned height = tall ? 16 : 8, palette = 4 + (s[2] & 3);
        u16 at = tall ? (u16)((s[1] & 1) << 12 | (s[1] & 0xfe) << 4)
                      : (u16)((n->ppu.ctrl & CTRL_SPR_TABLE ? 0x1000 : 0) | s[1] << 4);
        u16 *to = out + (i / OAM_COLUMNS * OAM_CELL_HEIGHT + 1) * width +
                  i % OAM_COLUMNS * OAM_CELL + 1;

        draw_tile(n, at, palette, tile, 8);
        if (tall)
            draw_tile(n, (u16)(at + 16), palette, tile + 64, 8);
        for (unsigned y = 0; y < height; y++)
            for (unsigned x = 0; x < 8; x++)
                to[y * width + x] =
                    tile[(s[2] & 0x80 ? height - 1 - y : y) * 8 + (s[2] & 0x40 ? 7 - x : x)];
    }
}

static void oam_table(struct machine *m, struct view_table *t)
{
    char row[8];

    for (unsigned i = 0; i < 64; i++) {
        const u8 *s = of(m)->ppu.oam + i * 4;

        snprintf(row, sizeof row, "%02u", i);
        t->ops->row(t, row);
        t->ops->number(t, "x", s[3], 0);
        t->ops->number(t, "y", s[0], 0);
        t->ops->number(t, "tile", s[1], 2);
        t->ops->number(t, "palette", s[2] & 3, 0);
        t->ops->word(t, "behind", s[2] & 0x20 ? "yes" : "no");
        t->ops->word(t, "flip", (const char *const[]) { "-", "h", "v", "hv" }[s[2] >> 6]);
    }
}

static void apu_pulse_row(struct view_table *t, const char *name, const struct apu_pulse *p)
{
    t->ops->row(t, name);
    t->ops->number(t, "period", p->period, 3);
    t->ops->number(t, "length", p->len.count, 0);
    t->ops->number(t, "volume", p->env.constant ? p->env.volume : p->env.decay, 0);
    t->ops->number(t, "duty", p->duty, 0);
}

static void apu_table(struct machine *m, struct view_table *t)
{
    struct apu *a = &of(m)->apu;

    apu_run(a, of(m)->cpu.clk);
    apu_pulse_row(t, "pulse 1", &a->pulse[0]);
    apu_pulse_row(t, "pulse 2", &a->pulse[1]);
    t->ops->row(t, "triangle");
    t->ops->number(t, "period", a->triangle.period, 3);
    t->ops->number(t, "length", a->triangle.len.count, 0);
    t->ops->number(t, "linear", a->triangle.linear, 0);
    t->ops->row(t, "noise");
    t->ops->number(t, "rate", a->noise.rate, 0);
    t->ops->number(t, "length", a->noise.len.count, 0);
    t->ops->number(t, "volume", a->noise.env.constant ? a->noise.env.volume : a->noise.env.decay,
                   0);
    t->ops->row(t, "dmc");
    t->ops->number(t, "address", a->dmc.address, 4);
    t->ops->number(t, "left", a->dmc.remaining, 0);
    t->ops->number(t, "level", a->dmc.level, 0);
}

/* Which bank a window of memory shows: where in it, in units of the window. */
static void window(struct view_table *t, const char *name, const u8 *at,
                   const struct space *const *in, unsigned bytes)
{
    t->ops->row(t, name);
    for (; *in; in++) {
        const struct space *s = *in;

        if (!s->bytes || at < s->bytes || at >= s->bytes + s->size_bytes)
            continue;
        t->ops->word(t, "memory", s->name);
        t->ops->number(t, "bank", (u64)(at - s->bytes) / bytes, 2);
        t->ops->number(t, "offset", (u64)(at - s->bytes), 5);
        return;
    }
    t->ops->word(t, "memory", at ? "other" : "none");
}

static void mapper_table(struct machine *m, struct view_table *t)
{
    struct nes *n = of(m);
    const struct cart *c = &n->cart;
    const struct space *const spaces[] = { &c->prg_rom, &c->wram,  &c->chr_rom,
                                           &c->chr_ram, &c->ciram, NULL };
    char name[16];

    t->ops->row(t, c->line->name);
    t->ops->number(t, "number", c->mapper, 0);
    t->ops->number(t, "submapper", c->submapper, 0);
    t->ops->word(t, "irq", c->irq ? "asserted" : "no");
    for (unsigned page = 12; page < CPU_PAGES; page += 4) {
        snprintf(name, sizeof name, "cpu %04X", page << CPU_PAGE_SHIFT);
        window(t, name, n->pages.read[page], spaces, 0x2000);
    }
    for (unsigned i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "ppu %04X", i << 10);
        window(t, name, c->ppu.chr[i], spaces, 0x400);
    }
    for (unsigned i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "ppu %04X", 0x2000 + (i << 10));
        window(t, name, c->ppu.nt[i], spaces, 0x400);
    }
}

static const struct view views[] = {
    { .name = "text",
      .doc = "the visible name table as text, tile number = ASCII",
      .text = text_view },
    { .name = "nametables",
      .doc = "the four name tables, with their colours; as a table the tile numbers",
      .width = TABLES_WIDTH,
      .height = TABLES_HEIGHT,
      .format = VIDEO_NES,
      .picture = nametables_picture,
      .table = nametables_table },
    { .name = "patterns",
      .doc = "both pattern tables, in the colours of background 0",
      .width = PATTERNS_WIDTH,
      .height = PATTERNS_HEIGHT,
      .format = VIDEO_NES,
      .picture = patterns_picture },
    { .name = "palette",
      .doc = "the eight palettes",
      .width = PALETTE_WIDTH,
      .height = PALETTE_HEIGHT,
      .format = VIDEO_NES,
      .picture = palette_picture,
      .table = palette_table },
    { .name = "oam",
      .doc = "the sprites",
      .width = OAM_COLUMNS * OAM_CELL,
      .height = 4 * OAM_CELL_HEIGHT,
      .format = VIDEO_NES,
      .picture = oam_picture,
      .table = oam_table },
    { .name = "apu", .doc = "the sound channels", .table = apu_table },
    { .name = "mapper", .doc = "which bank each window shows", .table = mapper_table },
};

void nes_inspect_init(struct nes *n)
{
    struct machine *m = &n->machine;

    m->views = views;
    m->view_count = ARRAY_SIZE(views);
    m->domains = domains;
    m->domain_count = ARRAY_SIZE(domains);
    m->trace_events = events;
    m->trace_event_count = ARRAY_SIZE(events);
}
