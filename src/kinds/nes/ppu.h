/* The 2C02 (NTSC), 2C07 (PAL) and the Dendy's UA6538.
 *
 * The PPU catches up: ppu_run(p, dots) executes all dots before `dots`, counted since power-on. The
 * console calls it before each register access that could see or change something, and at the PPU's
 * deadline. Vertical blank in which nothing is on its way is skipped; a whole visible line in which
 * nothing can come between is drawn at once (ppu_line.c); all else goes dot by dot (ppu_dot.c),
 * each dot being a full phase and a half phase as the chip has them. With `by_dot` everything does:
 * the results are the same.
 *
 * The CPU's access of cycle n falls between two dots: with the phase chosen here (the CPU's and the
 * PPU's dividers start together) exactly before dot 3n. What a read samples at its end is sampled
 * after dot 3n + 1. */
#ifndef NES_PPU_H
#define NES_PPU_H

#include "kinds/nes/cart.h"
#include "kinds/nes/mos6502.h"

#define PPU_WIDTH   256
#define PPU_HEIGHT  240
#define PPU_DOTS    341 /* in a line */
#define PPU_COLOURS 512 /* 64, in eight emphases */

enum ppu_ctrl {
    CTRL_NT = 3,
    CTRL_INC32 = 4,
    CTRL_SPR_TABLE = 8,
    CTRL_BG_TABLE = 16,
    CTRL_TALL = 32,
    CTRL_NMI = 128
};
enum ppu_mask {
    MASK_GREY = 1,
    MASK_BG_LEFT = 2,
    MASK_SPR_LEFT = 4,
    MASK_BG = 8,
    MASK_SPR = 16,
    MASK_EMPHASIS = 0xe0
};
#define MASK_ON (MASK_BG | MASK_SPR)

/* clang-format off */
#define PPU_SPRITE(F, A, E, G, H)                                                             \
    F(STATE, u8, low, "pattern shift register, low plane")                                    \
    F(STATE, u8, high, "pattern shift register, high plane")                                  \
    F(STATE, u8, counter, "dots until it is drawn")                                           \
    F(STATE, u8, attr, "palette, priority, flips")

#define PPU(F, A, E, G, H)                                                                    \
    E(CONFIG, region, NES_REGION_NAMES, "timing and colours")                                 \
    F(STATE, u64, dots, "dots executed since power-on", 0, CLK_MAX * 16)                      \
    F(STATE, u64, frame, "frames completed since power-on", 0, CLK_MAX)                       \
    F(STATE, u16, line, "0..239 visible, 241.. vertical blank, the last: pre-render", 0, 311) \
    F(STATE, u16, dot, "0..340, the last executed", 0, PPU_DOTS - 1)                          \
    F(STATE, bool, odd, "an odd frame: its first dot is skipped when rendering")              \
    F(STATE, bool, skipped, "that dot was just skipped")                                      \
    F(STATE, u8, ctrl, "$2000")                                                               \
    F(STATE, u8, mask, "$2001, what is in effect")                                            \
    F(STATE, u8, mask_fetch, "$2001 as fetch and evaluation see it, a dot later")             \
    F(STATE, u8, mask_next, "$2001 as written")                                               \
    F(STATE, u8, mask_delay, "dots until mask follows mask_next", 0, 2)                       \
    F(STATE, u8, rendered, "dots since rendering came on, saturating")                        \
    F(STATE, u16, v, "VRAM address", 0, 0x7fff)                                               \
    F(STATE, u16, t, "temporary VRAM address", 0, 0x7fff)                                     \
    F(STATE, u8, x, "fine X", 0, 7)                                                           \
    F(STATE, bool, w, "the second write of a pair is next")                                   \
    F(STATE, u8, v_delay, "dots until t is copied to v", 0, 4)                                \
    F(STATE, u16, address, "address bus", 0, 0x3fff)                                          \
    F(STATE, u8, octal, "the latch for its low byte")                                         \
    F(STATE, u8, buffer, "what $2007 reads next")                                             \
    F(STATE, u8, rd_chain, "$2007 reads on their way, a bit per dot")                         \
    F(STATE, u8, wr_chain, "$2007 writes on their way, a bit per dot")                        \
    F(STATE, u8, wr_value, "what that write stores")                                          \
    F(STATE, bool, vblank, "$2002 bit 7")                                                     \
    F(STATE, bool, vblank_read, "$2002 was read: the flag goes at the next dot")              \
    F(STATE, bool, hit, "$2002 bit 6")                                                        \
    F(STATE, u8, hit_delay, "half dots of a hit on its way: bit 0 next", 0, 7)                \
    F(STATE, bool, overflow, "sprite overflow as evaluation found it")                        \
    F(STATE, bool, overflow_seen, "the same as $2002 shows it, a dot later")                  \
    F(STATE, u8, open_bus, "the I/O bus's capacitance")                                       \
    A(STATE, u64, decay, 8, "dot at which each of its bits was last refreshed")               \
    F(STATE, u16, bg_low, "background shift register, low plane")                             \
    F(STATE, u16, bg_high, "background shift register, high plane")                           \
    F(STATE, u8, at_low, "attribute shift register, low bit")                                 \
    F(STATE, u8, at_high, "attribute shift register, high bit")                               \
    F(STATE, u8, at_latch, "attribute of the tile being shifted in", 0, 3)                    \
    F(STATE, u8, at_byte, "attribute fetched for the next tile", 0, 3)                        \
    F(STATE, u8, fetched, "byte on the data bus, committed in the half phase")                \
    F(STATE, u16, par, "pattern address register")                                            \
    F(STATE, u8, tile_low, "low plane fetched for the next tile")                             \
    A(STATE, u8, pipe, 3, "palette indices on their way to the output", 0, 0x3f)              \
    A(STATE, u8, palette, 32, "palette RAM", 0, 0x3f)                                         \
    A(STATE, u8, oam, 256, "object attribute memory")                                         \
    A(STATE, u8, oam2, 32, "the sprites found for the next line")                             \
    F(STATE, u8, oam_addr, "$2003")                                                           \
    F(STATE, u8, oam2_addr, "where evaluation writes", 0, 31)                                 \
    F(STATE, bool, oam2_full, "eight were found")                                             \
    F(STATE, bool, oam_done, "evaluation ran past the end of OAM")                            \
    F(STATE, bool, nine, "the ninth was found")                                               \
    F(STATE, u8, eval_step, "which byte of a sprite is evaluated", 0, 3)                      \
    F(STATE, u8, oam_in, "read from OAM, full phase")                                         \
    F(STATE, u8, oam_buffer, "the same a half phase later")                                   \
    F(STATE, u8, oam_latch, "the same a dot later: what $2004 reads")                         \
    F(STATE, u16, spr_row, "row of the sprite being fetched")                                 \
    F(STATE, u8, spr_tile, "its tile")                                                        \
    F(STATE, bool, zero_next, "sprite zero is on the next line")                              \
    F(STATE, bool, zero_here, "sprite zero is on this line")                                  \
    F(STATE, u8, corrupt_now, "rendering was switched off: OAM row will be corrupted", 0, 1)  \
    F(STATE, u8, corrupt_delay, "dots until the delayed form of that", 0, 2)                  \
    F(STATE, bool, corrupt_late, "the delayed form")                                          \
    F(STATE, bool, corrupt_pending, "the copy happens when rendering comes back")             \
    F(STATE, u8, corrupt_row, "into this row", 0, 31)                                         \
    F(STATE, bool, a12, "address line 12")                                                    \
    F(STATE, u64, a12_fell, "dot at which it last fell")                                      \
    H(ppu_sprite, sprite, 8, "output units")
/* clang-format on */

struct ppu_sprite {
    FIELD_MEMBERS(PPU_SPRITE)
};

struct ppu {
    FIELD_MEMBERS(PPU)
    struct cart *cart;             /* borrowed */
    u16 lines, pre_line, vbl_line; /* of the region */
    bool *nmi_line; /* borrowed: the CPU's sampled NMI input, cleared with the flag */
    void (*frame_done)(void *owner);
    void *owner;
    bool by_dot;
    u64 quiet;               /* until this dot $2002 reads as it does now; 0: not known */
    u64 on_line[PPU_HEIGHT]; /* a bit per sprite that is in range there */
    u8 sorted_height;        /* the height with which they were sorted; 0: OAM has changed since */
    u16 colours[32];         /* the palette as pixels, with greyscale and emphasis */
    u16 four[4][256][4];     /* per background palette: four pixels by their four times two bits */
    bool coloured;           /* these two are made of the present palette ... */
    u8 coloured_mask;        /* ... and of this mask */
    bool even_start;         /* the evaluation under way began at sprite 0, in order */
    u16 pixels[PPU_HEIGHT][PPU_WIDTH]; /* emphasis << 6 | colour */
};

const struct fields *ppu_fields(void);
const struct fields *ppu_sprite_fields(void);

void ppu_init(struct ppu *p, enum nes_region region, struct cart *cart);
void ppu_power(struct ppu *p);
int ppu_loaded(void *ppu, struct err *e); /* the component's loaded() */
void ppu_reset(struct ppu *p);

/* Executes all dots before `until`. */
void ppu_run(struct ppu *p, u64 until);

/* CPU access in a cycle whose first dot is `dot`: see above. reg is 0..7. */
u8 ppu_read(struct ppu *p, unsigned reg, u64 dot);
void ppu_write(struct ppu *p, unsigned reg, u8 value, u64 dot, u8 stale);
u8 ppu_peek(const struct ppu *p, unsigned reg);

/* Whether a read of $2002 there needs no catching up. */
bool ppu_status_quiet(struct ppu *p, u64 dot);

static inline bool ppu_nmi_level(const struct ppu *p)
{
    return p->vblank && (p->ctrl & CTRL_NMI);
}

/* The first dot count after which the NMI level may have risen by itself, or the frame ended. */
u64 ppu_next_vblank(const struct ppu *p);

/* The first dot count after which address line 12 may rise for the n-th time from now (n >= 1). */
u64 ppu_next_a12(const struct ppu *p, unsigned n);
/* Where a rendered line's second name table fetch may be next, at the earliest. */
u64 ppu_next_line(const struct ppu *p);

/* For ppu_run(). */
void ppu_dot(struct ppu *p);       /* ppu_dot.c: the next dot */
void ppu_blank_dot(struct ppu *p); /* the same, where the next dot lies in vertical blank */
void ppu_evaluate(struct ppu *p);  /* dots 1..256 of the sprite evaluation alone */
bool ppu_line(struct ppu *p);      /* ppu_line.c: the next line at once; false: it cannot be done */
u64 ppu_sprites_on(struct ppu *p, unsigned line); /* a bit per sprite in range of a visible line */

/* Something is on its way through the chip. */
static inline bool ppu_busy(const struct ppu *p)
{
    return p->v_delay | p->mask_delay | p->rd_chain | p->wr_chain | p->vblank_read | p->hit_delay |
           p->corrupt_delay;
}

#endif
