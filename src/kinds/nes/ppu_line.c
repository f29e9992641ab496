/* The PPU by the line: a line in which nothing can come between, done at once.
 *
 * ppu_line() leaves the PPU in exactly the state that its 341 dots would have left (ppu_dot.c),
 * having made the same pattern and name table reads in the same order where a board listens to
 * them. Whatever is on its way through the chip (a register write settling, a $2007 access, OAM
 * corruption) makes it decline. */
#include "kinds/nes/ppu_parts.h"

#include <string.h>

enum { TILES = 34, FETCHED = 32 }; /* in a line: two fetched by the line before, then these */

/* The background of a line: it begins fine X pixels before the line does. */
struct line {
    u64 start;       /* p->dots before its dot 0 */
    u16 rows[TILES]; /* two bits a pixel, the first pixel highest */
    u8 attributes[TILES];
    u16 colours[8 * TILES];
    u8 sprites[PPU_WIDTH + 8];
};

/* ---- colours ---- */

/* The palette's 32 indices as pixels, and for each background palette all rows of four pixels. */
static void make_colours(struct ppu *p)
{
    unsigned grey = p->mask & MASK_GREY ? 0x30 : 0x3f, emphasis = (p->mask & MASK_EMPHASIS) << 1;

    for (unsigned i = 0; i < 32; i++)
        p->colours[i] = (u16)(emphasis | (p->palette[i & 3 ? i : i & 0x0f] & grey));
    for (unsigned i = 0; i < 4; i++)
        for (unsigned row = 0; row < 256; row++)
            for (unsigned x = 0; x < 4; x++) {
                unsigned v = row >> (6 - 2 * x) & 3;

                p->four[i][row][x] = p->colours[v ? 4 * i + v : 0];
            }
    p->coloured = true;
    p->coloured_mask = p->mask;
}

/* ---- tiles ---- */

/* A bit of the byte in every second bit. */
#define TWO(b)   (((b)&1) | ((b)&2) << 1)
#define FOUR(b)  (TWO((b)&3) | TWO((b) >> 2 & 3) << 4)
#define EIGHT(b) (FOUR((b)&15) | FOUR((b) >> 4) << 8)
#define ROW4(b)  EIGHT(b), EIGHT((b) + 1), EIGHT((b) + 2), EIGHT((b) + 3)
#define ROW16(b) ROW4(b), ROW4((b) + 4), ROW4((b) + 8), ROW4((b) + 12)
#define ROW64(b) ROW16(b), ROW16((b) + 16), ROW16((b) + 32), ROW16((b) + 48)
static const u16 spread[256] = { ROW64(0), ROW64(64), ROW64(128), ROW64(192) };

static inline void put_tile(const struct ppu *p, struct line *l, unsigned at, u8 low, u8 high,
                            unsigned attribute)
{
    unsigned row = spread[low] | spread[high] << 1;

    l->rows[at] = (u16)row;
    l->attributes[at] = (u8)attribute;
    memcpy(l->colours + 8 * at, p->four[attribute][row >> 8], 8);
    memcpy(l->colours + 8 * at + 4, p->four[attribute][row & 0xff], 8);
}

/* The two tiles in the shift registers. */
static void shifted_tiles(const struct ppu *p, struct line *l)
{
    put_tile(p, l, 0, (u8)(p->bg_low >> 8), (u8)(p->bg_high >> 8),
             (p->at_low & 1) | (p->at_high & 2));
    put_tile(p, l, 1, (u8)p->bg_low, (u8)p->bg_high, p->at_latch & 3);
}

/* Where no board listens to the reads: straight from the pages. The last tile is fetched and never
 * seen. */
static void plain_tiles(struct ppu *p, struct line *l)
{
    const struct ppu_pages *pages = &p->cart->ppu;
    const u8 *const *chr = pages->chr + (p->ctrl & CTRL_BG_TABLE ? 4 : 0);
    unsigned fine = p->v >> 12 & 7, x = p->v & 31, slot = p->v >> 10 & 3;
    unsigned row = p->v & 0x3e0, at_row = 0x3c0 | (p->v >> 4 & 0x38), quarter = p->v >> 4 & 4;
    const u8 *nt = pages->nt[slot];

    for (unsigned at = 2; at < TILES - 1; at++) {
        u8 tile = nt[row | x];
        const u8 *pattern = chr[tile >> 6] + ((tile & 63) << 4 | fine);

        put_tile(p, l, at, pattern[0], pattern[8], nt[at_row | x >> 2] >> (quarter | (x & 2)) & 3);
        if (++x == 32) {
            x = 0;
            nt = pages->nt[slot ^= 1];
        }
    }
}

/* One tile's four reads, as the dots make them; the first of its eight dots is `dot`. */
static void read_tile(struct ppu *p, struct line *l, unsigned dot)
{
    p->dots = l->start + dot + 2;
    p->fetched = memory(p, nt_address(p), PPU_FETCH_NT);
    p->par = (u16)(p->fetched << 4);
    p->dots += 2;
    p->fetched = memory(p, at_address(p), PPU_FETCH_AT);
    p->at_byte = (p->fetched >> ((p->v >> 4 & 4) | (p->v & 2))) & 3;
    p->dots += 2;
    p->par = bg_address(p, 0);
    p->tile_low = memory(p, p->par, PPU_FETCH_BG);
    p->dots += 2;
    p->par = bg_address(p, 8);
    p->fetched = memory(p, p->par, PPU_FETCH_BG);
    increment_x(p);
}

static void heard_tiles(struct ppu *p, struct line *l)
{
    for (unsigned i = 0; i < FETCHED; i++) {
        read_tile(p, l, 1 + 8 * i);
        put_tile(p, l, 2 + i, p->tile_low, p->fetched, p->at_byte);
    }
}

/* Dots 1..256: the tiles of columns 2 and up. v ends 32 columns on. */
static inline void fetch_tiles(struct ppu *p, struct line *l, bool heard)
{
    if (heard) {
        heard_tiles(p, l);
        return;
    }
    if (p->mask & MASK_BG)
        plain_tiles(p, l);
    p->v ^= 0x400;
}

/* ---- sprites ---- */

enum { SPRITE_BEHIND = 0x20, SPRITE_ZERO = 0x40 }; /* beside a palette index 0x10..0x1f */

static inline bool opaque(const struct ppu *p, const struct line *l, unsigned x)
{
    unsigned at = x + p->x;

    return (p->mask & MASK_BG) && (x >= 8 || (p->mask & MASK_BG_LEFT)) &&
           (l->rows[at >> 3] >> (14 - 2 * (at & 7)) & 3);
}

/* Lays the sprites of this line over its background; the first of them wins, also when it is
 * behind. */
static void draw_sprites(struct ppu *p, struct line *l, u16 *pixels)
{
    unsigned left = p->mask & MASK_SPR_LEFT ? 0 : 8, any = 0;

    for (unsigned i = 0; i < 8; i++)
        any |= p->sprite[i].low | p->sprite[i].high;
    if (!(p->mask & MASK_SPR) || !any)
        return;
    memset(l->sprites, 0, sizeof l->sprites);
    for (unsigned i = 8; i--;) {
        const struct ppu_sprite *s = &p->sprite[i];
        u8 mark = (u8)(0x10 | (s->attr & 3) << 2 | (s->attr & SPRITE_BEHIND) |
                       (i || !p->zero_here ? 0 : SPRITE_ZERO));

        for (unsigned row = spread[s->low] | spread[s->high] << 1, x = s->counter; row;
             row = row << 2 & 0xffff, x++)
            if (row >> 14)
                l->sprites[x] = (u8)(mark | row >> 14);
    }
    for (unsigned i = 0; i < 8; i++) {
        const struct ppu_sprite *s = &p->sprite[i];
        unsigned end = s->low | s->high ? s->counter + 8u : 0;

        for (unsigned x = s->counter < left ? left : s->counter; x < end && x < PPU_WIDTH; x++) {
            u8 v = l->sprites[x];
            bool behind = (v & (SPRITE_BEHIND | SPRITE_ZERO)) && opaque(p, l, x);

            if (behind && (v & SPRITE_ZERO) && x < PPU_WIDTH - 1)
                p->hit = true;
            if (v && !(behind && (v & SPRITE_BEHIND)))
                pixels[x] = p->colours[v & 0x1f];
            l->sprites[x] = 0;
        }
    }
}

/* A bit per sprite of OAM that is in range of each line. */
static void sort_sprites(struct ppu *p)
{
    unsigned height = sprite_height(p);

    memset(p->on_line, 0, sizeof p->on_line);
    for (unsigned i = 0; i < 64; i++)
        for (unsigned y = p->oam[4 * i], end = y + height; y < end && y < PPU_HEIGHT; y++)
            p->on_line[y] |= 1ull << i;
    p->sorted_height = (u8)height;
}

u64 ppu_sprites_on(struct ppu *p, unsigned line)
{
    if (unlikely(p->sorted_height != sprite_height(p)))
        sort_sprites(p);
    return p->on_line[line];
}

/* Evaluation with fewer than eight sprites on the line and OAM's address at 0: every sprite is
 * looked at, 64 + 3 found of the 96 steps; the rest go round. */
static void evaluate(struct ppu *p)
{
    u64 found = ppu_sprites_on(p, p->line);
    unsigned count = (unsigned)__builtin_popcountll(found);

    if (unlikely(count >= 8 || p->oam_addr)) {
        ppu_evaluate(p);
        return;
    }
    memset(p->oam2, 0xff, sizeof p->oam2);
    p->zero_next = found & 1;
    if (!(found >> 63)) /* the next place keeps the Y of the last that was looked at */
        p->oam2[4 * count] = p->oam[252];
    for (u8 *to = p->oam2; found; found &= found - 1, to += 4)
        memcpy(to, p->oam + 4 * (unsigned)__builtin_ctzll(found), 4);
    p->oam_done = true;
    p->nine = false;
    p->eval_step = 0;
}

static void a12_at(struct ppu *p, u64 dots, bool level)
{
    if (p->a12 != level) {
        p->dots = dots;
        a12_changed(p);
    }
}

/* Dots 257..320. With `heard`, the two name table reads before each sprite's are made. */
static inline void fetch_sprites(struct ppu *p, struct line *l, bool heard, bool pre)
{
    u16 first = nt_address(
        p); /* before the horizontal bits were copied: its low byte is still out */

    p->v = (u16)((p->v & ~0x41f) | (p->t & 0x41f));
    for (unsigned i = 0; i < 8; i++) {
        struct ppu_sprite *s = &p->sprite[i];
        u64 dots = l->start + 258 + 8 * i;
        bool seen;
        u16 a;

        if (pre && i == 3) /* dots 280..304 */
            p->v = (u16)((p->v & 0x041f) | (p->t & ~0x041f));
        p->spr_row = (u16)((p->line & 0xff) - p->oam2[4 * i]);
        p->spr_tile = p->oam2[4 * i + 1];
        s->attr = p->oam2[4 * i + 2];
        s->counter = p->oam2[4 * i + 3];
        seen = p->spr_row < sprite_height(p);
        a = sprite_address(p, s->attr);
        if (heard) {
            p->dots = dots + 1;
            memory(p, i ? nt_address(p) : (u16)((nt_address(p) & 0x3f00) | (first & 0xff)),
                   PPU_FETCH_NT);
            p->dots = dots + 3;
            memory(p, nt_address(p), PPU_FETCH_NT);
        }
        a12_at(p, dots, false);
        a12_at(p, dots + 4, a >> 12 & 1);
        s->low = s->high = 0;
        if (!seen && !heard)
            continue;
        p->dots = dots + 5;
        s->low = memory(p, a, PPU_FETCH_SPRITE);
        p->dots = dots + 7;
        s->high = memory(p, a | 8, PPU_FETCH_SPRITE);
        if (!seen)
            s->low = s->high = 0;
        else if (s->attr & 0x40) {
            s->low = reverse(s->low);
            s->high = reverse(s->high);
        }
    }
}

/* ---- the line ---- */

/* Dots 321..340: the next line's first two tiles, then two idle name table reads. */
static inline void fetch_ahead(struct ppu *p, struct line *l, bool heard)
{
    u8 low, high;

    read_tile(p, l, 321);
    low = p->tile_low;
    high = p->fetched;
    p->at_low = p->at_byte & 1 ? 0xff : 0;
    p->at_high = p->at_byte >> 1 ? 0xff : 0;
    read_tile(p, l, 329);
    p->at_latch = p->at_byte;
    p->bg_low = (u16)(low << 8 | p->tile_low);
    p->bg_high = (u16)(high << 8 | p->fetched);
    p->octal = (u8)nt_address(p);
    p->dots = l->start + 339;
    p->fetched = memory(p, nt_address(p), PPU_FETCH_NT);
    p->par = (u16)(p->fetched << 4);
    p->dots = l->start + 341;
    if (heard)
        p->fetched = memory(p, nt_address(p), PPU_FETCH_NT);
    p->address = (u16)((nt_address(p) & 0x3f00) | p->fetched);
}

/* The pattern reads of background tiles move A12 too, when they are in the upper table; but after
 * four dots each, which is too short for a board to notice, except at the ends. */
static void a12_before_sprites(struct ppu *p, const struct line *l, bool no_first)
{
    bool table = p->ctrl & CTRL_BG_TABLE;

    if (!no_first) /* dot 0 repeats a pattern address */
        a12_at(p, l->start + 1, table);
    a12_at(p, l->start + 2, false);
    a12_at(p, l->start + 6, table);
    if (!table)
        return;
    p->a12 = false;
    p->a12_fell = l->start + 258;
}

static void a12_after_sprites(struct ppu *p, const struct line *l)
{
    bool table = p->ctrl & CTRL_BG_TABLE;

    for (unsigned dot = 321; dot <= 337; dot += 8) {
        a12_at(p, l->start + dot + 1, false);
        if (dot < 337)
            a12_at(p, l->start + dot + 5, table);
    }
}

/* What dots 321..340 leave behind, and the ends of the line's units. */
static inline void end_line(struct ppu *p, struct line *l, bool heard)
{
    a12_after_sprites(p, l);
    fetch_ahead(p, l, heard);
    p->oam_addr = 0;
    p->zero_here = p->zero_next;
    p->oam2_addr = 0;
    p->oam2_full = false;
    p->oam_in = p->oam_buffer = p->oam_latch = p->oam2[0];
    p->rendered = 255;
}

/* The background's part of the picture; what the last pixel leaves in the output stage. */
static void put_background(struct ppu *p, const struct line *l, u16 *pixels)
{
    if (p->mask & MASK_BG)
        memcpy(pixels, l->colours + p->x, PPU_WIDTH * sizeof *pixels);
    for (unsigned x = 0, end = !(p->mask & MASK_BG)     ? PPU_WIDTH
                               : p->mask & MASK_BG_LEFT ? 0
                                                        : 8;
         x < end; x++)
        pixels[x] = p->colours[0];
}

/* The last pixel stays in the output stage, before greyscale. */
static void fill_pipe(struct ppu *p, const struct line *l)
{
    unsigned x = PPU_WIDTH - 1, at = x + p->x, i = 0;
    u8 over = 0;

    if (opaque(p, l, x))
        i = (l->rows[at >> 3] >> (14 - 2 * (at & 7)) & 3) | l->attributes[at >> 3] << 2;
    for (unsigned k = 8; k-- && (p->mask & MASK_SPR);) {
        const struct ppu_sprite *s = &p->sprite[k];
        unsigned row = spread[s->low] | spread[s->high] << 1;

        if (s->counter + 8u > x && row << 2 * (x - s->counter) >> 14 & 3)
            over = (u8)(0x10 | (s->attr & 3) << 2 | (s->attr & SPRITE_BEHIND) |
                        (row << 2 * (x - s->counter) >> 14 & 3));
    }
    if (over && !(i && (over & SPRITE_BEHIND)))
        i = over & 0x1f;
    memset(p->pipe, p->palette[i & 3 ? i : i & 0x0f], sizeof p->pipe);
}

static inline void draw(struct ppu *p, struct line *l, bool heard)
{
    u16 *pixels = p->pixels[p->line];

    if (!p->coloured || p->coloured_mask != p->mask)
        make_colours(p);
    shifted_tiles(p, l);
    fetch_tiles(p, l, heard);
    put_background(p, l, pixels);
    draw_sprites(p, l, pixels);
    fill_pipe(p, l);
}

/* Line 0 of an odd frame has no dot 0. */
static inline void rendered_line(struct ppu *p, bool heard, bool skip)
{
    struct line l;

    l.start = p->dots - skip;
    draw(p, &l, heard);
    increment_y(p);
    evaluate(p);
    a12_before_sprites(p, &l, skip);
    fetch_sprites(p, &l, heard, false);
    end_line(p, &l, heard);
}

/* The pre-render line: the same fetches, and sprites as if those of the last line were on this one.
 */
static void pre_line(struct ppu *p, bool heard)
{
    struct line l;

    l.start = p->dots;
    p->odd = !p->odd;
    p->vblank = *p->nmi_line = p->hit = p->overflow = p->overflow_seen = false;
    p->oam_done = p->nine = false;
    p->eval_step = 0;
    a12_before_sprites(p, &l, true);
    fetch_tiles(p, &l, heard);
    increment_y(p);
    fetch_sprites(p, &l, heard, true);
    end_line(p, &l, heard);
}

/* A line with rendering off: the backdrop, or the palette entry that v points at. */
static void blank_line(struct ppu *p)
{
    unsigned i = (p->v & 0x3f00) == 0x3f00 ? p->v & 31 : 0;
    u16 *pixels = p->pixels[p->line];

    if (!p->coloured || p->coloured_mask != p->mask)
        make_colours(p);
    for (unsigned x = 0; x < PPU_WIDTH; x++)
        pixels[x] = p->colours[i];
    memset(p->pipe, p->palette[i & 3 ? i : i & 0x0f], sizeof p->pipe);
    for (unsigned s = 0; s < 8; s++)
        p->sprite[s].counter = 0;
    p->oam2_addr = 0;
    p->eval_step = 0;
    p->oam_done = p->nine = false;
    p->oam_in = p->oam[p->oam_addr];
    p->oam_latch = p->oam_buffer;
    p->rendered = 0;
    p->dots += PPU_DOTS;
}

/* The attribute shift registers hold one tile's, as they do unless rendering was switched within a
 * tile. */
static bool attributes_even(const struct ppu *p)
{
    return (u8)(p->at_low + 1) < 2 && (u8)(p->at_high + 1) < 2;
}

bool ppu_line(struct ppu *p)
{
    bool on = p->mask & MASK_ON, skip, heard = p->cart->ops->fetch || p->cart->ops->watch;
    unsigned next = p->line + 1u == p->lines ? 0 : p->line + 1u;

    if (p->dot != PPU_DOTS - 1 || ppu_busy(p) || p->mask_fetch != p->mask || p->skipped ||
        p->corrupt_now || p->corrupt_late)
        return false;
    if (on ? p->corrupt_pending : p->address != (p->v & 0x3fff) || p->line >= PPU_HEIGHT)
        return false;
    if (next == p->pre_line) {
        if (!on)
            return false;
        p->line = (u16)next;
        pre_line(p, heard);
        return true;
    }
    if (next >= PPU_HEIGHT || !on == !!p->rendered || (on && (p->a12 || !attributes_even(p))))
        return false;
    skip = on && next == 0 && p->odd && p->region == NES_NTSC;
    p->line = (u16)next;
    if (!on)
        blank_line(p);
    else if (heard)
        rendered_line(p, true, skip);
    else
        rendered_line(p, false, skip);
    p->overflow_seen = p->overflow;
    return true;
}
