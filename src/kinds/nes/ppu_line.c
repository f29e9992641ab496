/* The PPU by the line: a visible line in which nothing can come between, drawn at once.
 *
 * ppu_line() leaves the PPU in exactly the state that its 341 dots would have left (ppu_dot.c),
 * having made the same pattern and name table reads in the same order where a board listens to
 * them. Whatever is on its way through the chip (a register write settling, a $2007 access, OAM
 * corruption) makes it decline. */
#include "kinds/nes/ppu_parts.h"

#include <endian.h>
#include <string.h>

enum { TILES = 34, FETCHED = 32 }; /* in a line: two fetched by the line before, then these */

/* Palette indices of a line's pixels. The first tile begins fine X pixels before the line does. */
struct line {
    u8 background[8 * TILES];
    u8 sprites[PPU_WIDTH + 8];
    u64 start; /* p->dots before its dot 0 */
};

/* ---- tiles ---- */

/* One byte per bit, 0 or 1, the highest bit first in memory. */
static inline u64 spread(u8 bits)
{
    u64 each = bits * 0x0101010101010101u & 0x0102040810204080u;

    return (each + 0x7f7f7f7f7f7f7f7fu) >> 7 & 0x0101010101010101u;
}

static inline void put_tile(u8 *to, u8 low, u8 high, u64 attribute)
{
    u64 opaque = spread(low | high);
    u64 pixels = htole64(spread(low) + 2 * spread(high) + (opaque * 0xff & attribute));

    memcpy(to, &pixels, 8);
}

static inline u64 flat_attribute(unsigned attribute)
{
    return attribute * 0x0404040404040404u;
}

/* The two tiles in the shift registers. */
static void shifted_tiles(const struct ppu *p, struct line *l)
{
    put_tile(l->background, (u8)(p->bg_low >> 8), (u8)(p->bg_high >> 8),
             4 * spread(p->at_low) + 8 * spread(p->at_high));
    put_tile(l->background + 8, (u8)p->bg_low, (u8)p->bg_high, flat_attribute(p->at_latch));
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

    for (u8 *to = l->background + 16; to < l->background + 8 * (TILES - 1); to += 8) {
        u8 tile = nt[row | x];
        const u8 *pattern = chr[tile >> 6] + ((tile & 63) << 4 | fine);

        put_tile(to, pattern[0], pattern[8],
                 flat_attribute(nt[at_row | x >> 2] >> (quarter | (x & 2)) & 3));
        if (++x == 32) {
            x = 0;
            nt = pages->nt[slot ^= 1];
        }
    }
    p->v ^= 0x400; /* 32 tiles on */
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
        put_tile(l->background + 16 + 8 * i, p->tile_low, p->fetched, flat_attribute(p->at_byte));
    }
}

static void hide_background(const struct ppu *p, struct line *l)
{
    if (!(p->mask & MASK_BG))
        memset(l->background, 0, sizeof l->background);
    else if (!(p->mask & MASK_BG_LEFT))
        memset(l->background + p->x, 0, 8);
}

/* ---- sprites ---- */

enum { SPRITE_BEHIND = 0x20, SPRITE_ZERO = 0x40 }; /* beside a palette index 0x10..0x1f */

/* Lays the sprites of this line over its background; the first of them wins, also when it is
 * behind. */
static void draw_sprites(struct ppu *p, struct line *l)
{
    unsigned clip = p->mask & MASK_SPR_LEFT ? 0 : 8;
    u8 *line = l->background + p->x;

    if (!(p->mask & MASK_SPR))
        return;
    memset(l->sprites, 0, sizeof l->sprites);
    for (unsigned i = 8; i--;) {
        const struct ppu_sprite *s = &p->sprite[i];
        u8 mark = (u8)(0x10 | (s->attr & 3) << 2 | (s->attr & 0x20) |
                       (i || !p->zero_here ? 0 : SPRITE_ZERO));

        for (unsigned low = s->low, high = s->high, x = s->counter; low | high;
             low = low << 1 & 0xff, high = high << 1 & 0xff, x++)
            if ((low | high) & 0x80)
                l->sprites[x] = (u8)(mark | low >> 7 | high >> 7 << 1);
    }
    for (unsigned i = 0; i < 8; i++) {
        const struct ppu_sprite *s = &p->sprite[i];
        unsigned end = s->low | s->high ? s->counter + 8u : 0;

        for (unsigned x = s->counter < clip ? clip : s->counter; x < end && x < PPU_WIDTH; x++) {
            u8 v = l->sprites[x];

            if ((v & SPRITE_ZERO) && line[x] && x < PPU_WIDTH - 1)
                p->hit = true;
            if (v && !(line[x] && (v & SPRITE_BEHIND)))
                line[x] = v & 0x1f;
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
static inline void fetch_sprites(struct ppu *p, struct line *l, bool heard)
{
    u16 first = nt_address(
        p); /* before the horizontal bits were copied: its low byte is still out */

    p->v = (u16)((p->v & ~0x41f) | (p->t & 0x41f));
    for (unsigned i = 0; i < 8; i++) {
        struct ppu_sprite *s = &p->sprite[i];
        u64 dots = l->start + 258 + 8 * i;
        bool seen;
        u16 a;

        p->spr_row = (u16)(p->line - p->oam2[4 * i]);
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
static void a12_before_sprites(struct ppu *p, const struct line *l)
{
    if (!(p->ctrl & CTRL_BG_TABLE))
        return;
    a12_at(p, l->start + 1, true);
    a12_at(p, l->start + 2, false);
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

static void put_pixels(struct ppu *p, const u8 *line)
{
    u16 *to = p->pixels[p->line], colours[32];
    unsigned grey = p->mask & MASK_GREY ? 0x30 : 0x3f, emphasis = (p->mask & MASK_EMPHASIS) << 1;

    for (unsigned i = 0; i < 32; i++)
        colours[i] = (u16)(emphasis | (p->palette[i & 3 ? i : i & 0x0f] & grey));
    for (unsigned x = 0; x < PPU_WIDTH; x++)
        to[x] = colours[line[x]];
    memset(p->pipe,
           p->palette[line[PPU_WIDTH - 1] & 3 ? line[PPU_WIDTH - 1] : line[PPU_WIDTH - 1] & 0x0f],
           sizeof p->pipe);
}

static inline void rendered_line(struct ppu *p, bool heard)
{
    struct line l = { .start = p->dots };

    shifted_tiles(p, &l);
    if (heard)
        heard_tiles(p, &l);
    else if (p->mask & MASK_BG)
        plain_tiles(p, &l);
    else
        p->v ^= 0x400;
    hide_background(p, &l);
    draw_sprites(p, &l);
    put_pixels(p, l.background + p->x);
    increment_y(p);
    evaluate(p);
    p->oam_addr = 0;
    p->zero_here = p->zero_next;
    a12_before_sprites(p, &l);
    fetch_sprites(p, &l, heard);
    a12_after_sprites(p, &l);
    fetch_ahead(p, &l, heard);
    p->oam2_addr = 0;
    p->oam2_full = false;
    p->oam_in = p->oam_buffer = p->oam_latch = p->oam2[0];
    p->rendered = 255;
}

/* A line with rendering off: the backdrop, or the palette entry that v points at. */
static void blank_line(struct ppu *p)
{
    unsigned i = (p->v & 0x3f00) == 0x3f00 ? p->v & 31 : 0;
    u8 line[PPU_WIDTH];

    memset(line, (int)i, sizeof line);
    put_pixels(p, line);
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

bool ppu_line(struct ppu *p)
{
    unsigned next = p->line == p->pre_line ? 0 : p->line + 1u;

    if (p->dot != PPU_DOTS - 1 || next >= PPU_HEIGHT || ppu_busy(p) || p->mask_fetch != p->mask ||
        p->skipped || p->corrupt_now || p->corrupt_late)
        return false;
    if (p->mask & MASK_ON) {
        if (p->a12 || !p->rendered || p->corrupt_pending ||
            (next == 0 && p->odd && p->region == NES_NTSC))
            return false;
    } else if (p->rendered || p->address != (p->v & 0x3fff)) {
        return false;
    }
    p->line = (u16)next;
    p->overflow_seen = p->overflow;
    if (!(p->mask & MASK_ON))
        blank_line(p);
    else if (p->cart->ops->fetch || p->cart->ops->watch)
        rendered_line(p, true);
    else
        rendered_line(p, false);
    p->overflow_seen = p->overflow;
    return true;
}
