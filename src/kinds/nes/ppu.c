/* The PPU's face to the CPU, and the choice between skipped blank and single dots. */
#include "kinds/nes/ppu_parts.h"

#include <assert.h>
#include <string.h>

FIELD_TABLE(ppu_sprite, 1, PPU_SPRITE)
FIELD_TABLE(ppu, 1, PPU)

#define DECAY_DOTS 3200000 /* about 0.6 s: the I/O bus's capacitance (measured on consoles) */

void ppu_init(struct ppu *p, enum nes_region region, struct cart *cart)
{
    p->region = (u8)region;
    p->cart = cart;
    p->lines = region == NES_NTSC ? 262 : 312;
    p->pre_line = p->lines - 1;
    p->vbl_line = region == NES_DENDY ? 291 : 241;
}

void ppu_power(struct ppu *p)
{
    /* As blargg's console powers up (power_up_palette): a convention, not the chip's promise. */
    static const u8 palette[32] = {
        0x09, 0x01, 0x00, 0x01, 0x00, 0x02, 0x02, 0x0d, 0x08, 0x10, 0x08,
        0x24, 0x00, 0x00, 0x04, 0x2c, 0x09, 0x01, 0x34, 0x03, 0x00, 0x04,
        0x00, 0x14, 0x08, 0x3a, 0x00, 0x02, 0x00, 0x20, 0x2c, 0x08,
    };

    memcpy(p->palette, palette, sizeof palette);
    memset(p->oam, 0xff, sizeof p->oam);
    memset(p->oam2, 0xff, sizeof p->oam2);
    p->odd = true;
}

/* All of them are colours: those who show them look them up in a table. */
static bool pixels_fit(const struct ppu *p)
{
    unsigned any = 0;

    for (unsigned y = 0; y < PPU_HEIGHT; y++)
        for (unsigned x = 0; x < PPU_WIDTH; x++)
            any |= p->pixels[y][x];
    return any < PPU_COLOURS;
}

int ppu_loaded(void *ppu, struct err *e)
{
    struct ppu *p = ppu;

    if (p->line >= p->lines)
        return err_set(e, ERR_FORMAT, "line: %u of %u", p->line, p->lines);
    if (p->a12_fell > p->dots)
        return err_set(e, ERR_FORMAT, "a12_fell: later than dots");
    for (unsigned i = 0; i < 8; i++)
        if (p->decay[i] > p->dots + DECAY_DOTS)
            return err_set(e, ERR_FORMAT, "decay[%u]: refreshed later than dots", i);
    if (!pixels_fit(p))
        return err_set(e, ERR_FORMAT, "picture: no such colour");
    p->quiet = 0;
    p->sorted_height = 0;
    p->coloured = false;
    p->even_start = false;
    return 0;
}

void ppu_reset(struct ppu *p)
{
    p->ctrl = p->mask = p->mask_next = p->mask_delay = 0;
    p->w = false;
    p->t = 0;
    p->x = 0;
    p->buffer = 0;
}

/* ---- catching up ---- */

/* In vertical blank with nothing on its way: the dots that can be skipped before the next event. */
static u64 blank_dots(const struct ppu *p)
{
    unsigned at = p->line * PPU_DOTS + p->dot, end;

    if (p->line < PPU_HEIGHT || p->line >= p->pre_line || ppu_busy(p))
        return 0;
    end = at <= p->vbl_line * PPU_DOTS ? p->vbl_line * PPU_DOTS : p->pre_line * PPU_DOTS - 1u;
    return end > at ? end - at : 0;
}

static void skip(struct ppu *p, u64 dots)
{
    unsigned at = p->line * PPU_DOTS + p->dot + (unsigned)dots;

    p->dots += dots;
    p->line = (u16)(at / PPU_DOTS);
    p->dot = (u16)(at % PPU_DOTS);
    p->overflow_seen = p->overflow;
    p->mask_fetch = p->mask;
    p->oam_latch = p->oam_buffer;
    p->address = p->v & 0x3fff;
    if (!(p->mask & MASK_ON))
        p->rendered = 0;
    else
        p->rendered = dots + p->rendered > 255 ? 255 : (u8)(dots + p->rendered);
}

/* The next dot lies in vertical blank, as this one does. */
static bool blank_next(const struct ppu *p)
{
    return p->line >= PPU_HEIGHT && p->line < p->pre_line - (p->dot == PPU_DOTS - 1);
}

static void run_by_dot(struct ppu *p, u64 until)
{
    while (p->dots < until)
        ppu_dot(p);
}

void ppu_run(struct ppu *p, u64 until)
{
    if (p->dots >= until)
        return;
    p->quiet = 0;
    if (unlikely(p->by_dot)) {
        run_by_dot(p, until);
        return;
    }
    while (p->dots < until) {
        u64 left = until - p->dots, idle = left > 1 ? blank_dots(p) : 0;

        if (idle > left)
            idle = left;
        if (idle)
            skip(p, idle);
        else if (blank_next(p))
            ppu_blank_dot(p);
        else if (left < PPU_DOTS || !ppu_line(p))
            ppu_dot(p);
    }
}

u64 ppu_next_vblank(const struct ppu *p)
{
    u64 at = p->line * PPU_DOTS + p->dot, to = p->vbl_line * PPU_DOTS + 1;
    u64 frame = (u64)p->lines * PPU_DOTS;

    /* The frame may be a dot shorter. Early is harmless: the console asks again. */
    return p->dots + (at < to ? to - at : frame - 1 - at + to);
}

/* Where in a rendered line address line 12 may rise after it was low for long enough, and how
 * often: at the first sprite when only their table is the upper one, at the next line's first tile
 * when only the background's is, and around any sprite that is another table's than its neighbours.
 */
struct rises {
    unsigned from, end, most;
};

static struct rises rises_in_line(const struct ppu *p)
{
    bool bg = p->ctrl & CTRL_BG_TABLE, sprites = p->ctrl & CTRL_SPR_TABLE;

    if (p->ctrl & CTRL_TALL)
        return (struct rises) { 257, 337, 5 };
    if (sprites == bg) /* four dots high, four low */
        return (struct rises) { PPU_DOTS, PPU_DOTS, 0 };
    return sprites ? (struct rises) { 257, 265, 1 } : (struct rises) { 321, 329, 1 };
}

/* It has been low for longer than between two fetches, and the fetches now under way may raise it.
 */
static bool rises_soon(const struct ppu *p)
{
    bool sprites = p->dot >= 257 && p->dot < 321;

    return !p->a12 && p->dots - p->a12_fell > 4 &&
           (p->ctrl & (sprites ? CTRL_TALL | CTRL_SPR_TABLE : CTRL_BG_TABLE));
}

u64 ppu_next_a12(const struct ppu *p, unsigned n)
{
    unsigned at = p->line * PPU_DOTS + p->dot, line = p->line + 1u;
    bool drawn = p->line < PPU_HEIGHT || p->line == p->pre_line, on = p->mask & MASK_ON;
    struct rises r = rises_in_line(p);

    if (ppu_busy(p) || ((!on || !drawn) && p->address != (p->v & 0x3fff)))
        return p->dots + 1;
    if (!on)
        return EVENT_NEVER;
    if (!drawn)
        return p->dots + (p->pre_line * PPU_DOTS - at);
    if (rises_soon(p))
        return p->dots + 1;
    if (p->dot < r.end && n <= r.most)
        return p->dots + (p->dot < r.from ? r.from - p->dot : 1);
    if (p->dot < r.end)
        n -= r.most;
    if (p->line == p->pre_line) /* 0 follows, perhaps a dot early */
        return p->dots + (p->dot < PPU_DOTS - 2 ? PPU_DOTS - 2u - p->dot : 1);
    line = r.most ? line + (n - 1) / r.most : PPU_HEIGHT;
    if (line >= PPU_HEIGHT) /* the address is v's after the last line */
        return p->dots + (PPU_HEIGHT * PPU_DOTS - at);
    return p->dots + (line * PPU_DOTS + r.from - at);
}

u64 ppu_next_line(const struct ppu *p)
{
    return p->dots + (p->dot < 4 ? 4u - p->dot : PPU_DOTS - 1u + 4u - p->dot);
}

/* ---- registers ---- */

/* The CPU's cycle, at dot `now`, drives these bits of the I/O bus. */
static void drive(struct ppu *p, u8 value, u8 bits, u64 now)
{
    p->open_bus = (u8)((p->open_bus & ~bits) | (value & bits));
    for (unsigned i = 0; i < 8; i++)
        if (bits >> i & 1)
            p->decay[i] = now + DECAY_DOTS;
}

static u8 open_bus(const struct ppu *p, u64 now)
{
    u8 v = p->open_bus;

    for (unsigned i = 0; i < 8; i++)
        if (now > p->decay[i])
            v &= (u8) ~(1 << i);
    return v;
}

static bool rendering(const struct ppu *p)
{
    return (p->mask & MASK_ON) && (p->line < PPU_HEIGHT || p->line == p->pre_line);
}

static u8 palette_at(const struct ppu *p, u16 a)
{
    unsigned i = a & 31;
    u8 v = p->palette[i & 3 ? i : i & 0x0f];

    return p->mask & MASK_GREY ? v & 0x30 : v;
}

/* The next evaluation to begin may begin elsewhere than at the start of OAM. */
static bool odd_start(const struct ppu *p)
{
    return p->oam_addr && (p->dot < 66 || p->dot >= 320);
}

/* The dot before which sprite zero cannot be hit, given that no register is touched. */
static u64 hit_horizon(struct ppu *p, u64 line_start)
{
    unsigned line = p->line == p->pre_line ? 0 : p->line, first = line, y = p->oam[0];
    bool here = p->line < PPU_HEIGHT && p->dot <= 256;

    if (p->hit || !(p->mask & MASK_BG) || !(p->mask & MASK_SPR))
        return EVENT_NEVER;
    if (here && p->zero_here)
        return p->dots + p->sprite[0].counter;
    if (p->dot > 256 ? p->zero_here : (p->dot >= 66 || p->line == p->pre_line) && p->zero_next)
        return p->dots - p->dot + PPU_DOTS - 2; /* the next line's start, at the earliest */
    if (p->line < PPU_HEIGHT && p->dot >= 66)
        first++;
    if (y + sprite_height(p) <= first || y >= PPU_HEIGHT - 1)
        return EVENT_NEVER;
    if (y < first)
        y = first;
    return line_start + (u64)(y + 1 - line) * PPU_DOTS + p->oam[3];
}

/* The same for sprite overflow. */
static u64 overflow_horizon(struct ppu *p, u64 line_start)
{
    unsigned line = p->line == p->pre_line ? 0 : p->line, first = line;

    if (p->overflow)
        return EVENT_NEVER;
    if (p->line < PPU_HEIGHT && p->dot > 256)
        first++;
    else if (p->line < PPU_HEIGHT && p->dot >= 66 && !p->even_start)
        return 0;
    for (unsigned y = first; y < PPU_HEIGHT; y++)
        if (__builtin_popcountll(ppu_sprites_on(p, y)) >= 8)
            return line_start + (u64)(y - line) * PPU_DOTS + 65;
    return EVENT_NEVER;
}

/* The dot up to which $2002 keeps its value, and a read of it changes nothing but the write toggle.
 */
static u64 quiet_until(struct ppu *p)
{
    unsigned at = p->line * PPU_DOTS + p->dot, to = p->vbl_line * PPU_DOTS + 1u;
    u64 quiet, line_start = p->dots - p->dot;

    if (at >= to)
        to = p->pre_line * PPU_DOTS + 1u;
    quiet = at < to ? p->dots + (to - at) : 0;
    if (p->by_dot || p->vblank || p->overflow_seen != p->overflow || ppu_busy(p) ||
        p->corrupt_pending || p->corrupt_now || p->corrupt_late)
        return 0;
    if (p->line == p->pre_line) { /* the flags went at its dot 1; the line may be a dot shorter */
        if (p->dot < 2)
            return 0;
        line_start += PPU_DOTS - 1;
        quiet = line_start + (u64)p->vbl_line * PPU_DOTS;
    }
    if ((p->mask & MASK_ON) && (p->line < PPU_HEIGHT || p->line == p->pre_line)) {
        u64 hit, overflow;

        if (odd_start(p))
            return 0;
        hit = hit_horizon(p, line_start);
        overflow = overflow_horizon(p, line_start);
        quiet = hit < quiet ? hit : quiet;
        quiet = overflow < quiet ? overflow : quiet;
    }
    return quiet;
}

bool ppu_status_quiet(struct ppu *p, u64 dot)
{
    if (!p->quiet)
        p->quiet = quiet_until(p);
    return dot + 3 < p->quiet;
}

static u8 read_status(struct ppu *p, u64 dot)
{
    u8 v = 0;

    if (!ppu_status_quiet(p, dot)) {
        ppu_run(p, dot);
        v = p->vblank ? 0x80 : 0;
        p->vblank_read = true;
        ppu_run(p, dot + 2);
    }
    v |= (u8)((p->hit ? 0x40 : 0) | (p->overflow_seen ? 0x20 : 0));
    drive(p, v, 0xe0, dot + 2);
    p->w = false;
    return (u8)(v | (open_bus(p, dot + 2) & 0x1f));
}

static u8 data_value(const struct ppu *p)
{
    u16 a = rendering(p) ? p->address : p->v & 0x3fff;

    if (a >= 0x3f00)
        return (u8)(palette_at(p, a) | (open_bus(p, p->dots) & 0xc0));
    return p->buffer;
}

u8 ppu_read(struct ppu *p, unsigned reg, u64 dot)
{
    u8 v;

    switch (reg) {
    case 2: return read_status(p, dot);
    case 4:
        ppu_run(p, dot + 2);
        v = rendering(p) ? p->oam_latch : p->oam[p->oam_addr];
        drive(p, v, 0xff, dot + 2);
        return v;
    case 7:
        ppu_run(p, dot);
        v = data_value(p);
        drive(p, v, 0xff, dot);
        ppu_run(p, dot + 2);
        p->rd_chain |= 1;
        return v;
    default: return open_bus(p, dot);
    }
}

u8 ppu_peek(const struct ppu *p, unsigned reg)
{
    switch (reg) {
    case 2:
        return (u8)((p->vblank ? 0x80 : 0) | (p->hit ? 0x40 : 0) | (p->overflow_seen ? 0x20 : 0) |
                    (open_bus(p, p->dots) & 0x1f));
    case 4: return rendering(p) ? p->oam_latch : p->oam[p->oam_addr];
    case 7: return data_value(p);
    default: return open_bus(p, p->dots);
    }
}

static void write_mask(struct ppu *p, u8 value)
{
    if (rendering(p) && !(value & MASK_ON)) {
        p->corrupt_now = true;
        p->corrupt_delay = 2;
    }
    p->mask_next = value;
    p->mask_delay = 2;
}

static void write_oam(struct ppu *p, u8 value)
{
    if (rendering(p)) {
        p->oam_addr = (u8)((p->oam_addr + 4) & 0xfc);
        return;
    }
    if ((p->oam_addr & 3) == 2)
        value &= 0xe3;
    p->oam[p->oam_addr++] = value;
    p->sorted_height = 0;
}

static void write_scroll(struct ppu *p, u8 value)
{
    if (!p->w) {
        p->x = value & 7;
        p->t = (u16)((p->t & ~0x1f) | value >> 3);
    } else {
        p->t = (u16)((p->t & 0x0c1f) | (value & 7) << 12 | (value & 0xf8) << 2);
    }
    p->w = !p->w;
}

static void write_address(struct ppu *p, u8 value)
{
    if (!p->w) {
        p->t = (u16)((p->t & 0xff) | (value & 0x3f) << 8);
    } else {
        p->t = (u16)((p->t & 0xff00) | value);
        p->v_delay = 4;
    }
    p->w = !p->w;
}

/* The bus's old byte stands on the name-table bits until the new one arrives, half a dot later. */
static void write_ctrl(struct ppu *p, u8 value, u64 dot, u8 stale)
{
    p->t = (u16)((p->t & ~0xc00) | (stale & 3) << 10);
    ppu_run(p, dot + 1);
    p->ctrl = value;
    p->t = (u16)((p->t & ~0xc00) | (value & 3) << 10);
}

void ppu_write(struct ppu *p, unsigned reg, u8 value, u64 dot, u8 stale)
{
    assert(reg < 8);
    ppu_run(p, dot);
    p->quiet = 0;
    p->even_start &= reg > 4; /* sizes, addresses and switches change what evaluation finds */
    drive(p, value, 0xff, dot);
    switch (reg) {
    case 0: write_ctrl(p, value, dot, stale); break;
    case 1: write_mask(p, value); break;
    case 3: p->oam_addr = value; break;
    case 4: write_oam(p, value); break;
    case 5: write_scroll(p, value); break;
    case 6: write_address(p, value); break;
    case 7:
        ppu_run(p, dot + 2);
        p->wr_chain |= 1;
        p->wr_value = value;
        break;
    default: break;
    }
    if (p->cart->ops->snoop && reg < 2)
        p->cart->ops->snoop(p->cart, (u16)(0x2000 + reg), value);
}
