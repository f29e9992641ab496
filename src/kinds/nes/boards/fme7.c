/* Sunsoft FME-7, 5A and 5B (69): sixteen registers behind an index, a counter of CPU cycles. The 5B
 * has sound; headers do not tell the three apart, and programs for the others leave it silent. */
#include "kinds/nes/boards/boards.h"
#include "kinds/nes/chips/s5b_sound.h"

/* clang-format off */
#define FME7(F, A, E, G, H)                                                    \
    F(STATE, u8, index, "register selected", 0, 15)                            \
    A(STATE, u8, chr, 8, "0-7: CHR banks")                                     \
    A(STATE, u8, prg, 4, "8-B: PRG banks; the first with RAM's bits")          \
    F(STATE, u8, mirror, "C: mirroring")                                       \
    F(STATE, u8, control, "D: counting, IRQ enable")                           \
    F(STATE, u16, counter, "E, F: counts down; from 0 to $FFFF asserts IRQ")   \
    F(STATE, u64, clk, "the cycle up to which it has counted")                 \
    G(s5b_sound, sound, "three tones, a noise, an envelope")
/* clang-format on */

struct fme7 {
    FIELD_MEMBERS(FME7)
};
static FIELD_TABLE(fme7, 1, FME7)

enum { PRG_RAM_ENABLE = 0x80, PRG_RAM = 0x40, CONTROL_COUNT = 0x80, CONTROL_IRQ = 1 };

static void fme7_sync(struct cart *c)
{
    const struct fme7 *m = c->board;
    u8 low = m->prg[0];

    for (unsigned i = 0; i < 8; i++)
        cart_chr_1k(c, i, m->chr[i]);
    if (!(low & PRG_RAM))
        cart_prg_8k(c, 0x6000, low & 63);
    else if (low & PRG_RAM_ENABLE)
        cart_wram_8k(c, 0x6000, low & 63, true);
    else
        cart_cpu_none(c, 0x6000, 0x2000);
    for (unsigned i = 1; i < 4; i++)
        cart_prg_8k(c, (u16)(0x6000 + i * 0x2000), m->prg[i] & 63);
    cart_prg_8k(c, 0xe000, -1);
    cart_mirror_bits(c, m->mirror);
}

static void set_deadline(struct cart *c)
{
    const struct fme7 *m = c->board;
    bool armed = (m->control & CONTROL_COUNT) && (m->control & CONTROL_IRQ);

    c->deadline = armed && !c->irq ? m->clk + m->counter + 1 : EVENT_NEVER;
}

static void fme7_run(struct cart *c, u64 clk)
{
    struct fme7 *m = c->board;
    u64 cycles = board_cycles(&m->clk, clk);

    s5b_sound_run(&m->sound, c->synth, clk);
    if (m->control & CONTROL_COUNT) {
        if (cycles > m->counter && (m->control & CONTROL_IRQ))
            c->irq = true;
        m->counter = (u16)(m->counter - cycles);
    }
    set_deadline(c);
}

static void write_register(struct cart *c, u8 value)
{
    struct fme7 *m = c->board;
    unsigned i = m->index & 15;

    if (i < 8)
        m->chr[i] = value;
    else if (i < 12)
        m->prg[i - 8] = value;
    else if (i == 12)
        m->mirror = value;
    else if (i == 14)
        m->counter = (u16)((m->counter & 0xff00) | value);
    else if (i == 15)
        m->counter = (u16)((m->counter & 0x00ff) | value << 8);
    if (i == 13) {
        m->control = value;
        c->irq = false;
    }
    if (i < 13)
        c->ops->sync(c);
    else
        set_deadline(c);
}

static void fme7_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct fme7 *m = c->board;

    fme7_run(c, addr < 0xc000 ? clk + 1 : clk); /* the counter counts the write's cycle too */
    switch (addr >> 13) {
    case 0x8000 >> 13: m->index = value & 15; break;
    case 0xa000 >> 13: write_register(c, value); break;
    case 0xc000 >> 13: s5b_sound_select(&m->sound, value); break;
    case 0xe000 >> 13: s5b_sound_write(&m->sound, c->synth, value, clk); break;
    }
}

static void fme7_power(struct cart *c)
{
    struct fme7 *m = c->board;

    *m = (struct fme7) { 0 };
    s5b_sound_power(&m->sound);
}

static int fme7_loaded(void *board, struct err *e)
{
    return s5b_sound_loaded(&((struct fme7 *)board)->sound, e);
}

const struct board board_fme7 = {
    .state_bytes = sizeof(struct fme7),
    .fields = fme7_fields,
    .power = fme7_power,
    .loaded = fme7_loaded,
    .sync = fme7_sync,
    .write = fme7_write,
    .run = fme7_run,
};
