/* The 2A03's DMA unit: OAM and DMC transfers, which stop the CPU at its next read.
 *
 * Cycles alternate PUT and GET. Reads of a transfer happen on GET, writes on PUT; what is neither
 * repeats the read on which the CPU stands, with all its side effects. The DMC goes first on GET;
 * the OAM transfer then has lost a read and tries again. */
#include "kinds/nes/nes.h"

static void end_cycle(struct nes *n)
{
    n->cpu.clk++;
    if (n->cpu.clk >= n->deadline)
        nes_events(n, n->cpu.clk);
}

static u8 plain_read(struct nes *n, u16 addr)
{
    const u8 *page = n->pages.read[addr >> CPU_PAGE_SHIFT];

    return page ? page[addr & ((1 << CPU_PAGE_SHIFT) - 1)] : nes_read(n, addr, n->cpu.clk);
}

/* The CPU's own read, repeated. */
static void idle(struct nes *n, u16 addr)
{
    u8 v = plain_read(n, addr);

    if (addr != 0x4015)
        n->cpu.bus = v;
}

/* A read by the unit. The registers at $4000-$401F answer by the CPU's address being there,
 * whatever page the unit reads: then the low five bits choose, and both drive the bus. */
static u8 unit_read(struct nes *n, u16 addr, u16 cpu_addr)
{
    bool registers = (cpu_addr & 0xffe0) == 0x4000;
    u16 reg = 0x4000 | (addr & 0x1f);
    u8 v;

    if ((addr & 0xffe0) == 0x4000 && !registers)
        return n->cpu.bus;
    v = (addr & 0xffe0) == 0x4000 ? n->cpu.bus : plain_read(n, addr);
    n->cpu.bus = v;
    if (!registers || reg < 0x4015 || reg > 0x4017)
        return v;
    if (reg == 0x4015)
        return (u8)((nes_read(n, reg, n->cpu.clk) & 0xdf) | (n->cpu.latch & 0x20));
    v = (u8)((v & 0xe0) | (nes_read(n, reg, n->cpu.clk) & 0x1f));
    n->cpu.bus = v;
    return v;
}

static void get_cycle(struct nes *n, u16 addr)
{
    struct nes_dma *d = &n->dma;

    if (n->apu.dmc.dma_request && !d->dmc_halt) {
        u8 v = unit_read(n, n->apu.dmc.address, addr);

        if (unlikely(n->observer.on))
            nes_observe_read(n, n->apu.dmc.address, v);
        d->aligned = false;
        apu_dmc_fill(&n->apu, v, n->cpu.clk);
        nes_schedule(n);
    } else if (d->oam && d->oam_halted) {
        d->byte = unit_read(n, (u16)(d->page << 8 | d->index), addr);
        if (unlikely(n->observer.on))
            nes_observe_read(n, (u16)(d->page << 8 | d->index), d->byte);
        d->aligned = true;
    } else {
        idle(n, addr);
    }
    d->dmc_halt = false;
}

static void put_cycle(struct nes *n, u16 addr)
{
    struct nes_dma *d = &n->dma;

    if (d->oam && d->aligned) {
        n->cpu.bus = d->byte;
        if (unlikely(n->observer.on))
            nes_observe_oam(n, d->byte);
        ppu_write(&n->ppu, 4, d->byte, nes_dot(n, n->cpu.clk), d->byte);
        d->aligned = false;
        if (++d->index == 256)
            d->oam = false;
    } else {
        idle(n, addr);
    }
}

void nes_dma(struct nes *n, u16 addr)
{
    struct nes_dma *d = &n->dma;
    bool asked = false;

    n->stretched = true;
    while (nes_dma_wanted(n)) {
        if (n->apu.dmc.dma_request && !asked) {
            asked = true;
            d->dmc_halt = true;
        }
        if (apu_is_put(n->cpu.clk))
            put_cycle(n, addr);
        else
            get_cycle(n, addr);
        d->oam_halted = d->oam;
        if (!n->apu.dmc.dma_request)
            asked = false;
        end_cycle(n);
    }
    d->oam_halted = false;
    d->dmc_halt = false;
}
