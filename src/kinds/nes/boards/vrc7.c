/* Konami VRC7 (85): the odd register of each pair is at $x008 (submapper 1) or $x010 (2). The sound
 * hears $9010 and $9030; on boards with the first wiring it leads nowhere. */
#include "kinds/nes/boards/boards.h"
#include "kinds/nes/boards/vrc_irq.h"
#include "kinds/nes/chips/vrc7_sound.h"

/* clang-format off */
#define VRC7(F, A, E, G, H)                                                    \
    A(STATE, u8, prg, 3, "PRG banks")                                          \
    A(STATE, u8, chr, 8, "CHR banks")                                          \
    F(STATE, u8, control, "RAM enable, silence, mirroring")                    \
    G(vrc_irq, irq, "the IRQ counter")                                         \
    G(vrc7_sound, sound, "six channels of FM")
/* clang-format on */

struct vrc7 {
    FIELD_MEMBERS(VRC7)
};
static FIELD_TABLE(vrc7, 1, VRC7)

enum { CONTROL_RAM = 0x80, CONTROL_SILENCE = 0x40 };
enum { SOUND = 0x10, SOUND_DATA = 0x20 }; /* address lines */
enum { HALF = 128 }; /* six channels, each louder than the 2A03, do not fit otherwise */

static void vrc7_sync(struct cart *c)
{
    const struct vrc7 *v = c->board;

    if (v->control & CONTROL_RAM)
        cart_wram_8k(c, 0x6000, 0, true);
    else
        cart_cpu_none(c, 0x6000, 0x2000);
    for (unsigned i = 0; i < 3; i++)
        cart_prg_8k(c, (u16)(0x8000 + i * 0x2000), v->prg[i] & 63);
    cart_prg_8k(c, 0xe000, -1);
    for (unsigned i = 0; i < 8; i++)
        cart_chr_1k(c, i, v->chr[i]);
    cart_mirror_bits(c, v->control);
}

static void vrc7_run(struct cart *c, u64 clk)
{
    struct vrc7 *v = c->board;

    vrc_irq_run(&v->irq, c, clk);
    vrc7_sound_run(&v->sound, c->synth, clk);
}

static void write_sound(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct vrc7 *v = c->board;

    if (!(addr & SOUND))
        return;
    if (addr & SOUND_DATA)
        vrc7_sound_write(&v->sound, c->synth, value, clk);
    else
        vrc7_sound_select(&v->sound, value);
}

static void vrc7_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct vrc7 *v = c->board;
    unsigned row = addr >> 12, odd = (addr & c->line->wiring) != 0;

    if (addr < 0x8000)
        return;
    vrc7_run(c, clk + 1);
    switch (row << 1 | odd) {
    case 0x10:
    case 0x11: v->prg[odd] = value; break;
    case 0x12: v->prg[2] = value; break;
    case 0x13: write_sound(c, addr, value, clk); return;
    case 0x1c:
        v->control = value;
        vrc7_sound_reset(&v->sound, c->synth, value & CONTROL_SILENCE, clk);
        break;
    case 0x1d: v->irq.latch = value; return;
    case 0x1e: vrc_irq_control(&v->irq, c, value); return;
    case 0x1f: vrc_irq_acknowledge(&v->irq, c); return;
    default: v->chr[(row - 0xa) * 2 + odd] = value;
    }
    c->ops->sync(c);
}

static void vrc7_power(struct cart *c)
{
    struct vrc7 *v = c->board;

    *v = (struct vrc7) { .control = c->nes2 ? 0 : CONTROL_RAM };
    vrc_irq_power(&v->irq);
    vrc7_sound_power(&v->sound);
    c->gain = c->line->wiring & SOUND ? HALF : c->gain;
}

static int vrc7_loaded(void *board, struct err *e)
{
    return vrc7_sound_loaded(&((struct vrc7 *)board)->sound, e);
}

const struct board board_vrc7 = {
    .state_bytes = sizeof(struct vrc7),
    .fields = vrc7_fields,
    .power = vrc7_power,
    .loaded = vrc7_loaded,
    .sync = vrc7_sync,
    .write = vrc7_write,
    .run = vrc7_run,
};
