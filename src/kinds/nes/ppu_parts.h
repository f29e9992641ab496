/* What the PPU's two ways of drawing share: ppu_dot.c, a dot at a time, and ppu_line.c, a line at
 * once. */
#ifndef NES_PPU_PARTS_H
#define NES_PPU_PARTS_H

#include "kinds/nes/ppu.h"

/* ---- address bus ---- */

static inline void a12_changed(struct ppu *p)
{
    p->a12 = !p->a12;
    if (!p->a12)
        p->a12_fell = p->dots;
    else if (p->dots - p->a12_fell >= 9 && p->cart->ops->a12) /* three falling edges of M2 */
        p->cart->ops->a12(p->cart, p->dots / 3);
}

static inline void put_address(struct ppu *p, u16 a)
{
    p->address = a & 0x3fff;
    if (unlikely(p->a12 != (a >> 12 & 1)))
        a12_changed(p);
}

static inline void latch_address(struct ppu *p, u16 a)
{
    put_address(p, a);
    p->octal = (u8)a;
}

static inline u8 memory(struct ppu *p, u16 a, enum ppu_fetch what)
{
    struct cart *c = p->cart;
    u8 v;

    if (unlikely(c->ops->fetch != NULL))
        return c->ops->fetch(c, a, what, false);
    v = a & 0x2000 ? c->ppu.nt[a >> 10 & 3][a & 0x3ff] : c->ppu.chr[a >> 10 & 7][a & 0x3ff];
    if (unlikely(c->ops->watch != NULL))
        c->ops->watch(c, a);
    return v;
}

/* A fetch's second dot: the high address lines as computed now, the low ones from the latch; the
 * byte then stands on the shared lines. */
static inline u8 fetch(struct ppu *p, u16 high, enum ppu_fetch what)
{
    u8 v;

    put_address(p, (u16)((high & 0x3f00) | p->octal));
    v = memory(p, p->address, what);
    p->address = (u16)((p->address & 0x3f00) | v);
    return v;
}

/* ---- scrolling ---- */

static inline void increment_x(struct ppu *p)
{
    if ((p->v & 31) == 31)
        p->v = (u16)((p->v & ~31) ^ 0x400);
    else
        p->v++;
}

static inline void increment_y(struct ppu *p)
{
    unsigned row = p->v >> 5 & 31;

    if ((p->v & 0x7000) != 0x7000) {
        p->v = (u16)(p->v + 0x1000);
        return;
    }
    p->v &= 0x0fff;
    if (row == 29)
        p->v = (u16)((p->v & ~0x3e0) ^ 0x800);
    else if (row == 31)
        p->v &= (u16)~0x3e0;
    else
        p->v = (u16)(p->v + 32);
}

/* ---- addresses ---- */

static inline u16 nt_address(const struct ppu *p)
{
    return 0x2000 | (p->v & 0xfff);
}

static inline u16 at_address(const struct ppu *p)
{
    return (u16)(0x23c0 | (p->v & 0xc00) | (p->v >> 4 & 0x38) | (p->v >> 2 & 7));
}

static inline u16 bg_address(const struct ppu *p, unsigned plane)
{
    return (u16)((p->ctrl & CTRL_BG_TABLE) << 8 | (p->par & 0xff0) | plane | (p->v >> 12 & 7));
}

static inline unsigned sprite_height(const struct ppu *p)
{
    return p->ctrl & CTRL_TALL ? 16 : 8;
}

static inline u16 sprite_address(const struct ppu *p, u8 attr)
{
    unsigned row = p->spr_row;

    if (p->ctrl & CTRL_TALL) {
        row = attr & 0x80 ? ~row : row;
        return (u16)((p->spr_tile & 1) << 12 | (p->spr_tile & 0xfe) << 4 | (row & 8) << 1 |
                     (row & 7));
    }
    row = attr & 0x80 ? ~row : row;
    return (u16)((p->ctrl & CTRL_SPR_TABLE) << 9 | p->spr_tile << 4 | (row & 7));
}

static inline u8 reverse(u8 b)
{
    b = (u8)((b & 0xf0) >> 4 | (b & 0x0f) << 4);
    b = (u8)((b & 0xcc) >> 2 | (b & 0x33) << 2);
    return (u8)((b & 0xaa) >> 1 | (b & 0x55) << 1);
}

#endif
