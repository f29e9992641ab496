/* The console: how its parts hang together.
 *
 * Time is the CPU's cycle counter, cpu.clk; it is also the machine's. Everything else catches up
 * when it is touched or at `deadline`, the first clk at which an interrupt line, a DMA request or
 * the end of a frame may come by itself. While none can come within an instruction's length, the
 * plain loop (cpu_fast.c) runs; around a deadline the exact one (cpu_exact.c). */
#ifndef NES_NES_H
#define NES_NES_H

#include "kinds/nes/apu.h"
#include "kinds/nes/cart.h"
#include "kinds/nes/mos6502.h"
#include "kinds/nes/observe.h"
#include "kinds/nes/ppu.h"
#include "mach/machine.h"

enum nes_irq { IRQ_FRAME = 1, IRQ_DMC = 2, IRQ_CART = 4 };

/* clang-format off */
#define NES_DMA(F, A, E, G, H)                                                  \
    F(STATE, bool, oam, "an OAM DMA is wanted or under way")                    \
    F(STATE, u8, page, "its source")                                            \
    F(STATE, u16, index, "its next byte, 256: done", 0, 256)                    \
    F(STATE, bool, oam_halted, "the CPU stands still for it")                   \
    F(STATE, bool, aligned, "a byte was read and waits to be written")          \
    F(STATE, u8, byte, "that byte")                                             \
    F(STATE, bool, dmc_halt, "the DMC's request waits for its halt cycle")

#define NES_PAD(F, A, E, G, H)                                                  \
    F(STATE, u8, shift, "buttons not yet read; ones follow")                    \
    F(STATE, u64, last_read, "cycle of the last read")                          \
    F(STATE, bool, clocked, "the register moves on when the run of reads ends")

#define NES(F, A, E, G, H)                                                      \
    E(CONFIG, region, NES_REGION_NAMES, "the console's region")                 \
    E(CONFIG, ram_fill, "zeros ones random", "what RAM holds at power-on")      \
    F(CONFIG, u64, ram_seed, "seed of a random fill")                           \
    F(CONFIG, bool, exact, "always the exact loops: slower, the same results")  \
    F(STATE, u8, strobe, "$4016 as written", 0, 7)                              \
    F(STATE, u64, strobe_since, "cycle in which the strobe went on")            \
    G(nes_dma, dma, "direct memory access")                                     \
    H(nes_pad, pad, 2, "controllers")
/* clang-format on */

struct nes_dma {
    FIELD_MEMBERS(NES_DMA)
};
struct nes_pad {
    FIELD_MEMBERS(NES_PAD)
};

struct nes {
    FIELD_MEMBERS(NES)
    struct machine machine;
    struct mos6502 cpu;
    struct ppu ppu;
    struct apu apu;
    struct synth synth;
    struct cart cart;
    struct cpu_pages pages;
    struct space ram;
    struct space picture; /* ppu.pixels: what of the frame is drawn so far is state too */
    struct component cpu_node, ppu_node, apu_node, synth_node;
    struct cpu cpu_handle;
    struct observer observer;

    u64 deadline;   /* clk at which nes_events() must run */
    u64 fast_limit; /* the plain loop may start an instruction before this clk; 0: ask nes_limit */
    u64 ppu_due;    /* dot by which the PPU must have run, for `deadline` */
    u64 write_clk;  /* cycle of the board's write under way */
    u64 until;      /* where run() stops */
    bool resumes;   /* it was loaded and has not run yet: what is above must be made anew */
    bool bailed;    /* the plain loop met an access that only the exact one can make */
    bool stretched; /* the last cycle was preceded by DMA cycles */
    int kicked;     /* atomic */
};

const struct fields *nes_fields(void);
const struct fields *nes_dma_fields(void);
const struct fields *nes_pad_fields(void);

/* The first dot of CPU cycle clk. */
static inline u64 nes_dot(const struct nes *n, u64 clk)
{
    return n->region == NES_PAL ? clk * 16 / 5 : clk * 3;
}

/* One CPU bus access in cycle clk, everything but DMA: where no plain memory is. `bus` is updated
 * by the caller from the result. */
u8 nes_read(struct nes *n, u16 addr, u64 clk);
void nes_write(struct nes *n, u16 addr, u8 value, u64 clk);
bool nes_peek(struct nes *n, u16 addr, u8 *value);

/* All that is due at clk; sets the next deadline. */
void nes_events(struct nes *n, u64 clk);
void nes_schedule(struct nes *n); /* recomputes deadline, and asks for a new fast_limit */
void nes_limit(struct nes *n);    /* recomputes fast_limit */
/* Brings the PPU to where the CPU is, for one who looks at it: but not so far that something
 * happens which the console would hear of only at its deadline. Else looking changed when that is.
 */
void nes_look(struct nes *n);
#define NES_LOOK_DOTS 8 /* so far it may stay behind */

/* The DMA unit's cycles before the CPU's read of addr; dma.c. */
static inline bool nes_dma_wanted(const struct nes *n)
{
    return n->dma.oam || n->apu.dmc.dma_request;
}
void nes_dma(struct nes *n, u16 addr);

void cpu_fast(struct nes *n);
void cpu_exact(struct nes *n); /* one instruction, or an interrupt's sequence */
/* The same, observed. True: a watch was hit; by an execute watch before anything was done. */
bool cpu_observed(struct nes *n);
/* For the DMA unit, when n->observer.on: what it reads, and is about to write into OAM. */
void nes_observe_read(struct nes *n, u16 addr, u8 v);
void nes_observe_oam(struct nes *n, u8 value);

/* inspect.c: what a person may look at. */
enum nes_domain { DOMAIN_PPU = 1, DOMAIN_OAM };
enum nes_trace {
    TRACE_CPU_IRQ = TRACE_OWN,
    TRACE_PPU_READ,
    TRACE_PPU_WRITE,
    TRACE_PPU_FRAME,
    TRACE_OAM_WRITE,
    TRACE_OAM_DMA
};
void nes_inspect_init(struct nes *n); /* the machine's lists of views, domains and events */
bool nes_ppu_peek(struct machine *m, u64 addr, void *out, size_t len);
void nes_ppu_where(struct machine *m, u64 out[2]);

#endif
