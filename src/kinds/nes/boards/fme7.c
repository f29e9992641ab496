/* Sunsoft FME-7: bank registers behind an index, a 16-bit counter of CPU cycles. */
#include "kinds/nes/boards/boards.h"

#define FME7(F, A, E, G, H)                                         \
    F(STATE, u8, index, "register selected")                        \
    A(STATE, u8, reg, 16, "CHR 0-7, PRG 8-B, mirroring C, IRQ D-F") \
    F(STATE, u16, counter, "IRQ counter")                           \
    F(STATE, u64, clk, "the cycle it stands at")

struct fme7 {
    FIELD_MEMBERS(FME7)
};
static FIELD_TABLE(fme7, 1, FME7)

    static void fme7_sync(struct cart *c)
{
    static const u8 mirroring[4] = { CART_VERTICAL, CART_HORIZONTAL, CART_ONE_LOW, CART_ONE_HIGH };
    struct fme7 *m = c->board;
    u8 low = m->reg[8];

    for (unsigned i = 0; i < 8; i++)
        cart_chr_1k(c, i, m->reg[i]);
    if (!(low & 0x40))
        cart_prg_8k(c, 0x6000, low & 63);
    else if (low & 0x80)
        cart_wram_8k(c, 0x6000, low & 63, true);
    else
        cart_cpu_none(c, 0x6000, 0x2000);
    for (unsigned i = 0; i < 3; i++)
        cart_prg_8k(c, (u16)(0x8000 + i * 0x2000), m->reg[9 + i] & 63);
    cart_prg_8k(c, 0xe000, -1);
    cart_mirror(c, mirroring[m->reg[12] & 3]);
}

static void fme7_deadline(struct cart *c)
{
    struct fme7 *m = c->board;

    c->deadline = (m->reg[13] & 0x81) == 0x81 && !c->irq ? m->clk + m->counter + 1 : EVENT_NEVER;
}

static void fme7_run(struct cart *c, u64 clk)
{
    struct fme7 *m = c->board;
    u64 span = clk - m->clk;

    m->clk = clk;
    if (m->reg[13] & 0x80) {
        if (span > m->counter && (m->reg[13] & 1)) /* it wraps from 0 to $FFFF */
            c->irq = true;
        m->counter = (u16)(m->counter - span);
    }
    fme7_deadline(c);
}

static void fme7_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct fme7 *m = c->board;

    fme7_run(c, clk);
    if (addr < 0x8000 || addr >= 0xc000)
        return;
    if (addr < 0xa000) {
        m->index = value & 15;
        return;
    }
    m->reg[m->index] = value;
    if (m->index == 13)
        c->irq = false;
    else if (m->index == 14)
        m->counter = (u16)((m->counter & 0xff00) | value);
    else if (m->index == 15)
        m->counter = (u16)((m->counter & 0xff) | value << 8);
    fme7_deadline(c);
    if (m->index < 13)
        fme7_sync(c);
}

const struct mapper board_fme7 = { .number = 69,
                                   .submapper = -1,
                                   .name = "Sunsoft FME-7",
                                   .state_bytes = sizeof(struct fme7),
                                   .fields = fme7_fields,
                                   .sync = fme7_sync,
                                   .write = fme7_write,
                                   .run = fme7_run };
