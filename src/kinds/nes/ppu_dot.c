/* The PPU by the dot: a full phase, then a half phase.
 *
 * The buses: 14 address lines, of which the low eight carry the data too. On odd dots of a fetch
 * the address goes out (ALE: the octal latch follows the low byte), on even dots the byte comes in;
 * a $2007 access takes the same steps on its own clock, so one that happens while rendering meets
 * the fetches half-way. Facts: the public die-shot studies of the 2C02 and the comments of
 * AccuracyCoin. */
#include "kinds/nes/ppu_parts.h"

#include <string.h>

/* ---- scrolling ---- */

/* What the counters do at the end of the dot before this one. */
static void scroll(struct ppu *p)
{
    if (!(p->mask & MASK_ON) || !p->rendered || (p->line >= PPU_HEIGHT && p->line != p->pre_line))
        return;
    if (p->dot == 256)
        increment_y(p);
    else if (p->dot == 257)
        p->v = (u16)((p->v & ~0x41f) | (p->t & 0x41f));
    else if (p->line == p->pre_line && p->dot >= 280 && p->dot <= 304)
        p->v = (u16)((p->v & 0x041f) | (p->t & ~0x041f));
}

/* ---- sprites ---- */

static void mark_corruption(struct ppu *p, u8 row)
{
    p->corrupt_now = p->corrupt_late = false;
    p->corrupt_pending = true;
    p->corrupt_row = row & 31;
}

static void clear_step(struct ppu *p, bool on)
{
    if (p->dot == 1) {
        p->oam2_addr = 0;
        p->eval_step = 0;
        p->oam_done = false;
    }
    if (p->dot & 1) {
        if (on)
            p->oam_in = p->line == p->pre_line ? p->oam2[p->oam2_addr] : 0xff;
        if (on && (p->corrupt_now || p->corrupt_late))
            mark_corruption(p, p->oam2_addr);
        return;
    }
    if (on ? p->corrupt_late : p->corrupt_now || p->corrupt_late)
        mark_corruption(p, p->oam2_addr);
    if (!on)
        return;
    if (p->line != p->pre_line)
        p->oam2[p->oam2_addr] = p->oam_buffer;
    p->oam2_addr = (p->oam2_addr + 1) & 31;
}

/* The byte of a sprite that was found in range goes to OAM2 with what follows it. */
static void eval_copy(struct ppu *p, unsigned by)
{
    p->oam_addr = (u8)(p->oam_addr + by);
    if (!p->oam2_full) {
        p->oam2_addr = (p->oam2_addr + 1) & 31;
        if (!p->oam2_addr)
            p->oam2_full = true;
    }
}

static bool in_range(const struct ppu *p)
{
    return (u16)((p->line & 0xff) - p->oam_buffer) < sprite_height(p) && p->line != p->pre_line;
}

static void eval_y(struct ppu *p)
{
    if (!p->nine && in_range(p)) {
        if (p->dot == 66)
            p->zero_next = true;
        if (p->oam2_full) {
            p->nine = true;
            p->overflow = true;
        }
        eval_copy(p, 1);
        p->eval_step = 1;
        return;
    }
    if (p->dot == 66)
        p->zero_next = false;
    if (p->oam2_full && !p->nine) /* the bug: the byte index moves as well, without a carry */
        p->oam_addr = (u8)(p->oam_addr + ((p->oam_addr & 3) == 3 ? 1 : 5));
    else
        p->oam_addr = (u8)((p->oam_addr + 4) & 0xfc);
}

static void eval_x(struct ppu *p)
{
    bool full = p->oam2_full;

    p->eval_step = 0;
    if (in_range(p)) {
        eval_copy(p, full ? 4 : 1);
    } else {
        eval_copy(p, 1);
        p->oam_addr &= 0xfc;
    }
}

static void eval_even(struct ppu *p)
{
    u8 before = p->oam_addr;

    if (p->oam_done) {
        p->oam_addr = (u8)((p->oam_addr + 4) & 0xfc);
        p->oam_in = p->oam2[p->oam2_addr];
        return;
    }
    if (p->line == p->pre_line) {
        p->oam_in = p->oam2[p->oam2_addr];
        return;
    }
    if (!p->oam2_full)
        p->oam2[p->oam2_addr] = p->oam_buffer;
    p->oam_in = p->oam2[p->oam2_addr];
    switch (p->eval_step) {
    case 0: eval_y(p); break;
    case 3: eval_x(p); break;
    default:
        eval_copy(p, 1);
        p->eval_step++;
        break;
    }
    if (p->oam_addr < before && p->oam_addr < 4)
        p->oam_done = true;
}

static void eval_step(struct ppu *p, bool on)
{
    if (p->dot == 65) {
        p->even_start = on && !p->oam_addr;
        p->nine = false;
        p->oam_done = false;
    }
    if (!on) {
        p->oam_in = p->oam[p->oam_addr];
        return;
    }
    if (p->dot & 1) {
        p->oam_in = p->oam[p->oam_addr];
        return;
    }
    eval_even(p);
    if (p->corrupt_now || p->corrupt_late) {
        if ((p->oam2_addr & 3) && !p->oam_done)
            p->oam2_addr = (p->oam2_addr & 0xfc) + 4;
        mark_corruption(p, p->oam2_addr);
        p->oam2_addr &= 31;
    }
}

void ppu_evaluate(struct ppu *p)
{
    u16 dot = p->dot;

    memset(p->oam2, 0xff, sizeof p->oam2);
    p->oam2_addr = 0;
    p->eval_step = 0;
    for (p->dot = 65; p->dot <= 256; p->dot++) {
        eval_step(p, true);
        p->oam_buffer = p->oam_in;
    }
    p->dot = dot;
}

static u8 sprite_pattern(struct ppu *p, const struct ppu_sprite *s, unsigned plane)
{
    u8 v = fetch(p, (u16)(sprite_address(p, s->attr) | plane), PPU_FETCH_SPRITE);

    if (p->spr_row >= sprite_height(p))
        return 0;
    return s->attr & 0x40 ? reverse(v) : v;
}

/* Dots 257..320: eight dots a sprite; OAM2 is read in the first four and the last. */
static void sprite_fetch(struct ppu *p, bool on)
{
    struct ppu_sprite *s = &p->sprite[(p->dot - 257) >> 3];
    unsigned k = (p->dot - 257) & 7;

    if (p->corrupt_late)
        mark_corruption(p, p->oam2_addr);
    if (!on) {
        p->oam_in = p->oam[p->oam_addr];
        return;
    }
    p->oam_addr = 0;
    p->zero_here = p->zero_next;
    p->oam_in = p->oam2[p->oam2_addr];
    if (k < 3 || k == 7)
        p->oam2_addr = (p->oam2_addr + 1) & 31;
    switch (k) {
    case 1: p->spr_row = (u16)((p->line & 0xff) - p->oam_buffer); break;
    case 2: p->spr_tile = p->oam_buffer; break;
    case 3: s->attr = p->oam_buffer; break;
    case 4:
        s->counter = p->oam_buffer;
        latch_address(p, sprite_address(p, s->attr));
        break;
    case 5: s->low = sprite_pattern(p, s, 0); break;
    case 6: latch_address(p, sprite_address(p, s->attr) | 8); break;
    case 7: s->high = sprite_pattern(p, s, 8); break;
    default: break;
    }
}

static void sprite_unit(struct ppu *p)
{
    bool on = p->mask_fetch & MASK_ON;

    if (unlikely(p->corrupt_pending) && on) {
        p->corrupt_pending = false;
        memcpy(p->oam + 8 * p->corrupt_row, p->oam, p->corrupt_row ? 8 : 0);
        p->oam2[p->corrupt_row] = p->oam2[0];
        p->sorted_height = 0;
    }
    if (p->dot == 0) {
        if (on)
            p->oam2_addr = (p->oam2_addr + 1) & 31;
        p->oam_in = on ? p->oam2[p->oam2_addr] : p->oam[p->oam_addr];
    } else if (p->dot <= 64) {
        clear_step(p, on);
    } else if (p->dot <= 256) {
        eval_step(p, on);
    } else if (p->dot <= 320) {
        sprite_fetch(p, on);
    } else {
        p->oam_in = on ? p->oam2[p->oam2_addr] : p->oam[p->oam_addr];
        if (p->corrupt_now || p->corrupt_late)
            mark_corruption(p, p->oam2_addr);
        if (p->dot == 339 && !(p->mask & MASK_ON))
            for (unsigned i = 0; i < 8; i++)
                p->sprite[i].counter = 0;
    }
}

static void step_sprites(struct ppu *p)
{
    for (unsigned i = 0; i < 8; i++) {
        struct ppu_sprite *s = &p->sprite[i];

        if (s->counter) {
            s->counter--;
        } else if (p->mask & MASK_ON) {
            s->low = (u8)(s->low << 1);
            s->high = (u8)(s->high << 1);
        }
    }
}

/* ---- pixels ---- */

static u8 background_pixel(const struct ppu *p)
{
    unsigned bit = 15 - p->x, at = 7 - p->x, v;

    if (!(p->mask & MASK_BG) || (p->dot <= 8 && !(p->mask & MASK_BG_LEFT)))
        return 0;
    v = (p->bg_low >> bit & 1) | (p->bg_high >> bit & 1) << 1;
    if (!v)
        return 0;
    return (u8)(v | (p->at_low >> at & 1) << 2 | (p->at_high >> at & 1) << 3);
}

static u8 pixel(struct ppu *p)
{
    u8 bg = background_pixel(p);

    if (!(p->mask & MASK_SPR) || (p->dot <= 8 && !(p->mask & MASK_SPR_LEFT)))
        return bg;
    for (unsigned i = 0; i < 8; i++) {
        const struct ppu_sprite *s = &p->sprite[i];
        unsigned v;

        if (s->counter)
            continue;
        v = s->low >> 7 | (s->high >> 7) << 1;
        if (!v)
            continue;
        if (i == 0 && p->zero_here && bg && p->dot < 256)
            p->hit_delay |= 4;
        if (bg && (s->attr & 0x20))
            return bg;
        return (u8)(0x10 | (s->attr & 3) << 2 | v);
    }
    return bg;
}

static void output(struct ppu *p)
{
    if (p->dot >= 4 && p->dot <= 259) {
        u8 c = p->mask & MASK_GREY ? p->pipe[2] & 0x30 : p->pipe[2];

        p->pixels[p->line][p->dot - 4] = (u16)((p->mask & MASK_EMPHASIS) << 1 | c);
    }
    p->pipe[2] = p->pipe[1];
    p->pipe[1] = p->pipe[0];
}

static void make_pixel(struct ppu *p)
{
    unsigned i = 0;

    if (p->mask & MASK_ON)
        i = pixel(p);
    else if ((p->v & 0x3f00) == 0x3f00)
        i = p->v & 31;
    p->pipe[0] = p->palette[i & 3 ? i : i & 0x0f];
}

/* ---- background ---- */

static void bg_fetch(struct ppu *p)
{
    switch ((p->dot - 1) & 7) {
    case 0: put_address(p, nt_address(p)); break;
    case 1: p->fetched = fetch(p, nt_address(p), PPU_FETCH_NT); break;
    case 2: put_address(p, at_address(p)); break;
    case 3: p->fetched = fetch(p, at_address(p), PPU_FETCH_AT); break;
    case 4:
        p->par = bg_address(p, 0);
        put_address(p, p->par);
        break;
    case 5: p->fetched = fetch(p, p->par, PPU_FETCH_BG); break;
    case 6:
        p->par = bg_address(p, 8);
        put_address(p, p->par);
        break;
    case 7: p->fetched = fetch(p, p->par, PPU_FETCH_BG); break;
    }
}

static void bg_commit(struct ppu *p)
{
    switch ((p->dot - 1) & 7) {
    case 1: p->par = (u16)(p->fetched << 4); break;
    case 3: p->at_byte = (p->fetched >> ((p->v >> 4 & 4) | (p->v & 2))) & 3; break;
    case 5: p->tile_low = p->fetched; break;
    case 7:
        p->bg_low = (u16)((p->bg_low & 0xff00) | p->tile_low);
        p->bg_high = (u16)((p->bg_high & 0xff00) | p->fetched);
        p->at_latch = p->at_byte;
        increment_x(p);
        break;
    default: break;
    }
}

static void bg_shift(struct ppu *p)
{
    p->bg_low = (u16)(p->bg_low << 1);
    p->bg_high = (u16)(p->bg_high << 1 | 1);
    p->at_low = (u8)(p->at_low << 1 | (p->at_latch & 1));
    p->at_high = (u8)(p->at_high << 1 | p->at_latch >> 1);
}

static inline bool bg_dot(const struct ppu *p)
{
    return (p->dot >= 1 && p->dot <= 256) || (p->dot >= 321 && p->dot <= 336);
}

/* The fetches of a rendering line that are not the sprites'. ALE ends each of their odd dots. */
static void fetch_unit(struct ppu *p, bool reading)
{
    bool ale = p->dot & 1;

    if (ale && reading)
        p->octal = (u8)p->address;
    if (bg_dot(p)) {
        bg_fetch(p);
    } else if (p->dot >= 257 && p->dot <= 320) {
        unsigned k = (p->dot - 257) & 7;

        if (k == 0 || k == 2)
            put_address(p, nt_address(p));
        else if (k == 1 || k == 3)
            p->fetched = fetch(p, nt_address(p), PPU_FETCH_NT);
        else
            return;
    } else if (p->dot == 337 || p->dot == 339) {
        put_address(p, nt_address(p));
    } else if (p->dot == 338 || p->dot == 340) {
        p->fetched = fetch(p, nt_address(p), PPU_FETCH_NT);
        if (p->dot == 338)
            p->par = (u16)(p->fetched << 4);
    } else if (p->dot == 0 && p->line != p->pre_line) {
        latch_address(p, bg_address(p, 0));
        return;
    }
    if (ale && !reading)
        p->octal = (u8)p->address;
}

/* ---- $2007 ---- */

static void cpu_load(struct ppu *p)
{
    u16 a = (u16)((p->address & 0x3f00) | p->octal);

    p->buffer = memory(p, a, PPU_FETCH_CPU);
}

static void cpu_store(struct ppu *p)
{
    u16 a = (u16)((p->address & 0x3f00) | p->octal);
    struct cart *c = p->cart;
    u8 *page;

    if (a >= 0x3f00) {
        u8 i = a & 31;

        p->palette[i & 3 ? i : i & 0x0f] = p->wr_value & 0x3f;
        p->coloured = false;
        return;
    }
    page = a & 0x2000 ? c->ppu.nt_write[a >> 10 & 3] : c->ppu.chr_write[a >> 10 & 7];
    if (page)
        page[a & 0x3ff] = p->wr_value;
    if (c->ops->watch)
        c->ops->watch(c, a);
}

static void increment_v(struct ppu *p, bool blank)
{
    if (blank) {
        p->v = (u16)((p->v + (p->ctrl & CTRL_INC32 ? 32 : 1)) & 0x7fff);
    } else {
        increment_x(p);
        increment_y(p);
    }
}

/* ---- the dot ---- */

static void frame_events(struct ppu *p)
{
    if (p->dot == 1 && p->line == p->vbl_line) {
        p->vblank = true;
        p->frame++;
        if (p->frame_done)
            p->frame_done(p->owner);
    } else if (p->dot == 1 && p->line == p->pre_line) {
        p->vblank = false;
        *p->nmi_line = false;
        p->hit = false;
        p->hit_delay = 0;
        p->overflow = false;
    }
}

static void advance(struct ppu *p)
{
    p->dots++;
    if (++p->dot == PPU_DOTS) {
        p->dot = 0;
        if (++p->line == p->lines)
            p->line = 0;
        if (p->line == p->pre_line)
            p->odd = !p->odd;
        if (p->line == 0 && p->odd && p->region == NES_NTSC && (p->mask & MASK_ON)) {
            p->dot = 1;
            p->skipped = true;
        }
    } else if (p->dot == 2) {
        p->skipped = false;
    }
}

static void mask_step(struct ppu *p)
{
    if (!(p->mask & MASK_ON))
        p->rendered = 0;
    else if (p->rendered < 255)
        p->rendered++;
    if (p->mask_delay && !--p->mask_delay)
        p->mask = p->mask_next;
    if (p->corrupt_delay && !--p->corrupt_delay && !p->corrupt_pending)
        p->corrupt_late = true;
}

static inline void half_phase(struct ppu *p, bool rendering, bool blank)
{
    unsigned on = (p->mask | p->mask_fetch) & MASK_ON;

    if (rendering) {
        if ((p->mask & MASK_ON) &&
            ((p->dot >= 1 && p->dot <= 257) || (p->dot >= 321 && p->dot <= 336)))
            bg_shift(p);
        if ((p->dot == 64 || p->dot == 256 || p->dot == 340) && (p->mask_fetch & MASK_ON)) {
            p->oam2_addr = 0;
            p->oam2_full = false;
        }
        if ((p->mask_fetch & MASK_ON) && bg_dot(p))
            bg_commit(p);
        if (on)
            p->oam_buffer = p->oam_in;
    }
    if (p->hit_delay) {
        if (p->hit_delay & 1)
            p->hit = true;
        p->hit_delay >>= 1;
    }
    if (p->wr_chain & 8)
        cpu_store(p);
    if (p->wr_chain & 16)
        increment_v(p, blank);
    if (p->rd_chain & 16) {
        increment_v(p, blank);
        if (!blank && (p->dot & 1)) /* the latch is still open: the byte just read is an address */
            cpu_load(p);
    }
}

static inline __attribute__((always_inline)) void dot(struct ppu *p, bool in_blank)
{
    bool rendering, blank, reading;

    if (!in_blank)
        scroll(p);
    advance(p);
    if (p->dot == 1)
        frame_events(p);
    if (p->vblank_read) {
        p->vblank_read = false;
        p->vblank = false;
    }
    p->overflow_seen = p->overflow;
    p->mask_fetch = p->mask;
    rendering = !in_blank && (p->line < PPU_HEIGHT || p->line == p->pre_line);
    blank = !rendering || !(p->mask & MASK_ON);
    p->rd_chain = (u8)(p->rd_chain << 1);
    p->wr_chain = (u8)(p->wr_chain << 1);
    reading = p->rd_chain & 16;
    if (((p->rd_chain | p->wr_chain) & 4) && !reading && blank)
        latch_address(p, p->v);
    p->oam_latch = p->oam_buffer;
    if (p->v_delay && !--p->v_delay) {
        p->v = p->t;
        put_address(p, p->v);
    }
    if (rendering)
        sprite_unit(p);
    if (blank)
        put_address(p, p->v);
    mask_step(p);
    if (rendering) {
        if (p->line < PPU_HEIGHT)
            output(p);
        if (p->mask_fetch & MASK_ON)
            fetch_unit(p, reading);
        if (p->dot >= 1 && p->dot <= 256) {
            if (p->line < PPU_HEIGHT)
                make_pixel(p);
            step_sprites(p);
        }
    }
    if (reading) {
        cpu_load(p);
        if (!blank) {
            p->address = (u16)((p->address & 0x3f00) | p->buffer);
            if (p->dot & 1)
                p->octal = p->buffer;
        }
    }
    half_phase(p, rendering, blank);
}

void ppu_dot(struct ppu *p)
{
    dot(p, false);
}

void ppu_blank_dot(struct ppu *p)
{
    dot(p, true);
}
