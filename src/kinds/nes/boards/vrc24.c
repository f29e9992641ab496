/* Konami VRC2 and VRC4 (21, 22, 23, 25).
 *
 * The chip has registers at $x000-$x003; boards connect its two lowest address lines to different
 * lines of the CPU, and each mapper number stands for two wirings that do not overlap. Without a
 * submapper both are listened to, and the chip is taken for a VRC4. */
#include "kinds/nes/boards/boards.h"
#include "kinds/nes/boards/vrc_irq.h"

/* clang-format off */
#define VRC24(F, A, E, G, H)                                                   \
    A(STATE, u8, prg, 2, "PRG banks")                                          \
    A(STATE, u16, chr, 8, "CHR banks")                                         \
    F(STATE, u8, mirror, "mirroring")                                          \
    F(STATE, u8, control, "VRC4: RAM enable, which PRG bank is fixed")         \
    F(STATE, u8, bit, "VRC2: the one bit at $6000")                            \
    G(vrc_irq, irq, "VRC4: the IRQ counter")
/* clang-format on */

struct vrc24 {
    FIELD_MEMBERS(VRC24)
};
static FIELD_TABLE(vrc24, 1, VRC24)

enum { CONTROL_RAM = 1, CONTROL_SWAP = 2 };

static void sync_wram(struct cart *c)
{
    const struct vrc24 *v = c->board;
    bool always = c->line->wiring & (VRC2 | VRC_ANY);

    if (!always && !(v->control & CONTROL_RAM)) {
        cart_cpu_none(c, 0x6000, 0x2000);
        return;
    }
    cart_wram_8k(c, 0x6000, 0, true);
    if (c->wram_bytes == 0x800 && !(c->line->wiring & VRC2)) /* decoded for 4 KiB only */
        cart_cpu_none(c, 0x7000, 0x1000);
}

static void vrc24_sync(struct cart *c)
{
    const struct vrc24 *v = c->board;
    u32 wiring = c->line->wiring;
    bool swap = (v->control & CONTROL_SWAP) && !(wiring & VRC2);

    sync_wram(c);
    cart_prg_8k(c, swap ? 0xc000 : 0x8000, v->prg[0] & 31);
    cart_prg_8k(c, 0xa000, v->prg[1] & 31);
    cart_prg_8k(c, swap ? 0x8000 : 0xc000, -2);
    cart_prg_8k(c, 0xe000, -1);
    for (unsigned i = 0; i < 8; i++) {
        int bank = v->chr[i] & (wiring & VRC2 ? 0xff : 0x1ff);

        cart_chr_1k(c, i, wiring & VRC_CHR_HALVED ? bank >> 1 : bank);
    }
    cart_mirror_bits(c, wiring & VRC2 ? v->mirror & 1 : v->mirror & 3);
}

static void write_irq(struct cart *c, unsigned reg, u8 value)
{
    struct vrc_irq *irq = &((struct vrc24 *)c->board)->irq;

    switch (reg) {
    case 0: irq->latch = (u8)((irq->latch & 0xf0) | (value & 15)); break;
    case 1: irq->latch = (u8)((irq->latch & 0x0f) | value << 4); break;
    case 2: vrc_irq_control(irq, c, value); break;
    case 3: vrc_irq_acknowledge(irq, c); break;
    }
}

static void write_chr(struct vrc24 *v, unsigned row, unsigned reg, u8 value)
{
    u16 *bank = &v->chr[row * 2 + reg / 2];

    if (reg & 1)
        *bank = (u16)((*bank & 0x00f) | (value & 31) << 4);
    else
        *bank = (u16)((*bank & 0x1f0) | (value & 15));
}

static void write_register(struct cart *c, unsigned row, unsigned reg, u8 value)
{
    struct vrc24 *v = c->board;
    bool vrc4 = !(c->line->wiring & VRC2);

    switch (row) {
    case 0x8: v->prg[0] = value; break;
    case 0x9:
        if (!vrc4 || reg < 2)
            v->mirror = value;
        else
            v->control = value;
        break;
    case 0xa: v->prg[1] = value; break;
    case 0xf:
        if (vrc4)
            write_irq(c, reg, value);
        return;
    default: write_chr(v, row - 0xb, reg, value);
    }
    c->ops->sync(c);
}

static void vrc24_run(struct cart *c, u64 clk)
{
    vrc_irq_run(&((struct vrc24 *)c->board)->irq, c, clk);
}

static void vrc24_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    u32 wiring = c->line->wiring;
    unsigned reg = ((addr & wiring & 0xff) != 0) | ((addr & wiring >> 8 & 0xff) != 0) << 1;

    if (addr >= 0x8000) {
        vrc24_run(c, clk + 1);
        write_register(c, addr >> 12, reg, value);
    } else if (addr >= 0x6000 && addr < 0x7000) {
        ((struct vrc24 *)c->board)->bit = value & 1;
    }
}

/* VRC2 boards without RAM: what is left of a serial interface is one bit that reads back; the
 * others keep what was last on the bus, the address's high byte. */
static bool vrc24_peek(const struct cart *c, u16 addr, u8 *value)
{
    const struct vrc24 *v = c->board;

    if (!(c->line->wiring & VRC2) || addr < 0x6000 || addr >= 0x7000)
        return false;
    *value = (u8)((addr >> 8 & 0xfe) | (v->bit & 1));
    return true;
}

static bool vrc24_read(struct cart *c, u16 addr, u64 clk, u8 *value)
{
    (void)clk;
    return vrc24_peek(c, addr, value);
}

static void vrc24_power(struct cart *c)
{
    struct vrc24 *v = c->board;

    *v = (struct vrc24) { .mirror = c->mirroring == CART_HORIZONTAL };
    vrc_irq_power(&v->irq);
}

const struct board board_vrc24 = {
    .state_bytes = sizeof(struct vrc24),
    .fields = vrc24_fields,
    .power = vrc24_power,
    .sync = vrc24_sync,
    .read = vrc24_read,
    .peek = vrc24_peek,
    .write = vrc24_write,
    .run = vrc24_run,
};
