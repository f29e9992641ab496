/* The exact run loop: one instruction in which every cycle looks at DMA, deadlines and interrupts.
 * A body that is compiled twice: cpu_exact.c, and cpu_observed.c which tells what happens.
 *
 * The file that includes it has defined
 *
 *   CPU_LOOP             the function's name
 *   SEE_READ(n, a)       before a read, SAW_READ(n, a, v) after it
 *   SEE_WRITE(n, a, v)   before a write
 *   SAW_VECTOR(n, a)     BRK or an interrupt takes its vector from there */
#include "kinds/nes/nes.h"

static inline void end_cycle(struct nes *n)
{
    n->cpu.clk++;
    if (n->cpu.clk >= n->deadline)
        nes_events(n, n->cpu.clk);
}

static inline void poll(struct nes *n, u8 p)
{
    n->cpu.interrupt = n->cpu.nmi_pending || (n->cpu.irq && !(p & FLAG_I));
}

static inline u8 access_read(struct nes *n, u16 addr)
{
    const u8 *page = n->pages.read[addr >> CPU_PAGE_SHIFT];
    u8 v;

    SEE_READ(n, addr);
    if (page) {
        v = page[addr & ((1 << CPU_PAGE_SHIFT) - 1)];
        n->cpu.bus = v;
    } else {
        v = nes_read(n, addr, n->cpu.clk);
        if (addr != 0x4015) /* it is read inside the CPU's package: the outer bus keeps its byte */
            n->cpu.bus = v;
    }
    n->cpu.latch = v;
    SAW_READ(n, addr, v);
    end_cycle(n);
    return v;
}

static u8 cycle_read(struct nes *n, u16 addr)
{
    n->stretched = false;
    if (unlikely(nes_dma_wanted(n)))
        nes_dma(n, addr);
    return access_read(n, addr);
}

static u8 cycle_read_last(struct nes *n, u16 addr, u8 p)
{
    if (unlikely(nes_dma_wanted(n)))
        nes_dma(n, addr);
    poll(n, p);
    return access_read(n, addr);
}

static void cycle_write(struct nes *n, u16 addr, u8 value)
{
    u8 *page = n->pages.write[addr >> CPU_PAGE_SHIFT];

    SEE_WRITE(n, addr, value);
    if (page)
        page[addr & ((1 << CPU_PAGE_SHIFT) - 1)] = value;
    else
        nes_write(n, addr, value, n->cpu.clk);
    n->cpu.bus = n->cpu.latch = value;
    end_cycle(n);
}

/* An NMI that arrived by the push of P takes over a BRK or an IRQ. */
static u16 vector(struct nes *n)
{
    u16 v = n->cpu.nmi_pending ? 0xfffa : 0xfffe;

    n->cpu.nmi_pending = false;
    SAW_VECTOR(n, v);
    return v;
}

#define FETCH()    cycle_read(n, pc++)
#define RD(a)      cycle_read(n, (u16)(a))
#define RD_LAST(a) cycle_read_last(n, (u16)(a), p)
#define WR(a, v)   cycle_write(n, (u16)(a), (v))
#define WR_LAST(a, v)                  \
    do {                               \
        poll(n, p);                    \
        cycle_write(n, (u16)(a), (v)); \
    } while (0)
#define RMW_CHECK(a)
#define POLL()                      \
    do {                            \
        bool was_ = cpu->interrupt; \
        poll(n, p);                 \
        cpu->interrupt |= was_;     \
    } while (0)
#define UNMASK()
#define HALTED() n->stretched
#define VECTOR() vector(n)
#define JAM()           \
    cpu->jammed = true; \
    pc--;

#include "kinds/nes/cpu_body.h"

void CPU_LOOP(struct nes *n) /* NOLINT(readability-function-size): opcode bodies */
{
    DECLARE_REGISTERS();

#include "kinds/nes/cpu_body_tail.h"

    if (cpu->interrupt) {
        cpu->interrupt = false;
        RD(pc);
        RD(pc);
        SEQUENCE(0)
        goto out;
    }
    goto *labels[FETCH()];
#define X(code, name, mode, access, cycles, page, official) \
    op_##code:                                              \
    {                                                       \
        RUN_##access##_##mode(name)                         \
    }                                                       \
    goto out;
#include "isa/mos6502/ops.h"

out:
    STORE_REGISTERS();
}
