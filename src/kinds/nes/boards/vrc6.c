/* Konami VRC6 (24, and 26 with A0 and A1 exchanged). */
#include "kinds/nes/boards/boards.h"
#include "kinds/nes/boards/vrc_irq.h"
#include "kinds/nes/chips/vrc6_sound.h"

/* clang-format off */
#define VRC6(F, A, E, G, H)                                                    \
    A(STATE, u8, prg, 2, "PRG banks: 16 KiB, 8 KiB")                           \
    A(STATE, u8, chr, 8, "CHR banks R0..R7")                                   \
    F(STATE, u8, style, "$B003: how CHR and name tables use the banks")        \
    G(vrc_irq, irq, "the IRQ counter")                                         \
    G(vrc6_sound, sound, "two pulses and a sawtooth")
/* clang-format on */

struct vrc6 {
    FIELD_MEMBERS(VRC6)
};
static FIELD_TABLE(vrc6, 1, VRC6)

enum { STYLE_RAM = 0x80, STYLE_A10 = 0x20, STYLE_NT_ROM = 0x10 };

/* Which bank register each 1 KiB uses. A register that serves two of them takes the lowest bit of
 * the bank from PPU A10 if STYLE_A10 is set. */
static void sync_chr(struct cart *c)
{
    static const u8 registers[4][8] = { { 0, 1, 2, 3, 4, 5, 6, 7 },
                                        { 0, 0, 1, 1, 2, 2, 3, 3 },
                                        { 0, 1, 2, 3, 4, 4, 5, 5 },
                                        { 0, 1, 2, 3, 4, 4, 5, 5 } };
    const struct vrc6 *v = c->board;
    const u8 *use = registers[v->style & 3];

    for (unsigned i = 0; i < 8; i++) {
        int bank = v->chr[use[i]];
        bool shared = use[i] == use[i ^ 1];

        if (shared && (v->style & STYLE_A10))
            bank = (bank & ~1) | (int)(i & 1);
        cart_chr_1k(c, i, bank);
    }
}

/* Name tables take a bank register too; its lowest bit is the page of CIRAM. In modes 0 and 3 with
 * STYLE_A10 that bit is replaced by the mirroring that two bits select. */
static void sync_nt(struct cart *c)
{
    static const u8 registers[8][4] = { { 6, 6, 7, 7 }, { 4, 5, 6, 7 }, { 6, 7, 6, 7 },
                                        { 6, 7, 6, 7 }, { 6, 7, 6, 7 }, { 4, 5, 6, 7 },
                                        { 6, 6, 7, 7 }, { 6, 6, 7, 7 } };
    static const u8 pages[4][4] = {
        { 0, 1, 0, 1 }, { 0, 0, 1, 1 }, { 0, 0, 0, 0 }, { 1, 1, 1, 1 }
    };
    const struct vrc6 *v = c->board;
    unsigned mode = v->style & 3, mirroring = v->style >> 2 & 3;

    if (mode == 3)
        mirroring ^= 1;
    for (unsigned i = 0; i < 4; i++) {
        int bank = v->chr[registers[v->style & 7][i]];

        if ((v->style & STYLE_A10) && (mode == 0 || mode == 3))
            bank = (bank & ~1) | pages[mirroring][i];
        if (v->style & STYLE_NT_ROM)
            cart_nt_chr(c, i, bank);
        else
            cart_nt_ciram(c, i, bank & 1);
    }
}

static void vrc6_sync(struct cart *c)
{
    const struct vrc6 *v = c->board;

    if (v->style & STYLE_RAM)
        cart_wram_8k(c, 0x6000, 0, true);
    else
        cart_cpu_none(c, 0x6000, 0x2000);
    cart_prg_16k(c, 0x8000, v->prg[0] & 15);
    cart_prg_8k(c, 0xc000, v->prg[1] & 31);
    cart_prg_8k(c, 0xe000, -1);
    sync_chr(c);
    sync_nt(c);
}

static void write_irq(struct cart *c, unsigned reg, u8 value)
{
    struct vrc_irq *irq = &((struct vrc6 *)c->board)->irq;

    if (reg == 0)
        irq->latch = value;
    else if (reg == 1)
        vrc_irq_control(irq, c, value);
    else if (reg == 2)
        vrc_irq_acknowledge(irq, c);
}

static void vrc6_run(struct cart *c, u64 clk)
{
    struct vrc6 *v = c->board;

    vrc_irq_run(&v->irq, c, clk);
    vrc6_sound_run(&v->sound, c->synth, clk);
}

static void vrc6_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct vrc6 *v = c->board;
    unsigned reg = addr & 3;

    if (addr < 0x8000)
        return;
    vrc6_run(c, clk + 1);
    if (c->line->wiring & VRC6_SWAPPED)
        reg = reg >> 1 | (reg & 1) << 1;
    switch (addr >> 12) {
    case 0x8: v->prg[0] = value; break;
    case 0x9:
    case 0xa: vrc6_sound_write(&v->sound, c->synth, (addr >> 12) - 9, reg, value, clk); return;
    case 0xb:
        if (reg == 3)
            v->style = value;
        else
            vrc6_sound_write(&v->sound, c->synth, 2, reg, value, clk);
        break;
    case 0xc: v->prg[1] = value; break;
    case 0xd:
    case 0xe: v->chr[(addr >> 12) - 0xd ? 4 + reg : reg] = value; break;
    case 0xf: write_irq(c, reg, value); return;
    default: return;
    }
    c->ops->sync(c);
}

static void vrc6_power(struct cart *c)
{
    struct vrc6 *v = c->board;

    *v = (struct vrc6) { .style = STYLE_A10 };
    vrc_irq_power(&v->irq);
    vrc6_sound_power(&v->sound);
}

static int vrc6_loaded(void *board, struct err *e)
{
    return vrc6_sound_loaded(&((struct vrc6 *)board)->sound, e);
}

const struct board board_vrc6 = {
    .state_bytes = sizeof(struct vrc6),
    .fields = vrc6_fields,
    .power = vrc6_power,
    .loaded = vrc6_loaded,
    .sync = vrc6_sync,
    .write = vrc6_write,
    .run = vrc6_run,
};
