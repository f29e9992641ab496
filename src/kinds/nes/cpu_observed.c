/* The observed run loop: the exact one, which tells the tracer and the debugger what happens. */
#include "kinds/nes/nes.h"

static inline void see_read(struct nes *n, u16 addr);
static inline void saw_read(struct nes *n, u16 addr, u8 v);
static inline void see_write(struct nes *n, u16 addr, u8 v);
static inline void saw_vector(struct nes *n, u16 addr);

#define CPU_LOOP           cpu_observed_instruction
#define SEE_READ(n, a)     see_read(n, a)
#define SAW_READ(n, a, v)  saw_read(n, a, v)
#define SEE_WRITE(n, a, v) see_write(n, a, v)
#define SAW_VECTOR(n, a)   saw_vector(n, a)
static void cpu_observed_instruction(struct nes *n);
#include "kinds/nes/cpu_cycles.h"

/* ---- the PPU's side ---- */

static bool is_data_port(u16 addr)
{
    return addr >= 0x2000 && addr < 0x4000 && (addr & 7) == 7;
}

static bool is_oam_port(u16 addr)
{
    return addr >= 0x2000 && addr < 0x4000 && (addr & 7) == 4;
}

static bool told_ppu(const struct nes *n, unsigned id)
{
    return trace_on(n->machine.trace, id) || observer_watches(&n->observer, DOMAIN_PPU, 0, 0);
}

static void ppu_access(struct nes *n, unsigned what, u16 addr, u8 old, u8 v)
{
    unsigned id = what == WATCH_READ ? TRACE_PPU_READ : TRACE_PPU_WRITE;

    if (trace_on(n->machine.trace, id))
        trace_put(n->machine.trace, n->cpu.clk, id, 0, addr, v);
    if (observer_watches(&n->observer, DOMAIN_PPU, what, addr))
        observer_match(&n->observer, DOMAIN_PPU, what, addr, old, v);
}

void nes_observe_oam(struct nes *n, u8 value)
{
    u8 at = n->ppu.oam_addr;

    if (trace_on(n->machine.trace, TRACE_OAM_WRITE))
        trace_put(n->machine.trace, n->cpu.clk, TRACE_OAM_WRITE, 0, at, value);
    if (observer_watches(&n->observer, DOMAIN_OAM, WATCH_WRITE, at))
        observer_match(&n->observer, DOMAIN_OAM, WATCH_WRITE, at, n->ppu.oam[at], value);
}

/* ---- accesses ---- */

void nes_observe_read(struct nes *n, u16 addr, u8 v)
{
    if (trace_on(n->machine.trace, TRACE_READ))
        trace_put(n->machine.trace, n->cpu.clk, TRACE_READ, 0, addr, v);
    if (unlikely(observer_watches(&n->observer, 0, WATCH_READ, addr)))
        observer_match(&n->observer, 0, WATCH_READ, addr, v, v);
}

static inline void see_read(struct nes *n, u16 addr)
{
    u8 v = 0;
    u16 at;

    if (likely(!is_data_port(addr)) || !told_ppu(n, TRACE_PPU_READ))
        return;
    nes_look(n);
    at = n->ppu.v & 0x3fff;
    nes_ppu_peek(&n->machine, at, &v, 1);
    ppu_access(n, WATCH_READ, at, v, v);
}

static inline void saw_read(struct nes *n, u16 addr, u8 v)
{
    if (!observer_own(&n->observer, addr))
        nes_observe_read(n, addr, v);
}

static inline void see_write(struct nes *n, u16 addr, u8 v)
{
    u8 old = 0;

    if (trace_on(n->machine.trace, TRACE_WRITE))
        trace_put(n->machine.trace, n->cpu.clk, TRACE_WRITE, 0, addr, v);
    if (unlikely(observer_watches(&n->observer, 0, WATCH_WRITE, addr))) {
        nes_peek(n, addr, &old);
        observer_match(&n->observer, 0, WATCH_WRITE, addr, old, v);
    }
    if (is_data_port(addr) && told_ppu(n, TRACE_PPU_WRITE)) {
        nes_look(n);
        nes_ppu_peek(&n->machine, n->ppu.v & 0x3fff, &old, 1);
        ppu_access(n, WATCH_WRITE, n->ppu.v & 0x3fff, old, v);
    }
    if (is_oam_port(addr))
        nes_observe_oam(n, v);
    if (addr == 0x4014 && trace_on(n->machine.trace, TRACE_OAM_DMA))
        trace_put(n->machine.trace, n->cpu.clk, TRACE_OAM_DMA, 0, (u64)v << 8, 0);
}

static inline void saw_vector(struct nes *n, u16 addr)
{
    if (trace_on(n->machine.trace, TRACE_INTERRUPT))
        trace_put(n->machine.trace, n->cpu.clk, TRACE_INTERRUPT, 0, addr, n->observer.pc);
}

/* ---- an instruction ---- */

static void told_step(struct nes *n)
{
    u8 op = 0;

    nes_peek(n, n->cpu.pc, &op);
    trace_put(n->machine.trace, n->cpu.clk, TRACE_STEP, 0, n->cpu.pc, op);
}

static void tell_lines(struct nes *n, u8 before)
{
    if (n->cpu.irq != before && trace_on(n->machine.trace, TRACE_CPU_IRQ))
        trace_put(n->machine.trace, n->cpu.clk, TRACE_CPU_IRQ, 0, n->cpu.irq, before);
}

static void tell_frame(struct nes *n, u64 before)
{
    if (n->machine.frames != before && trace_on(n->machine.trace, TRACE_PPU_FRAME))
        trace_put(n->machine.trace, n->cpu.clk, TRACE_PPU_FRAME, 0, n->machine.frames, 0);
}

bool cpu_observed(struct nes *n)
{
    struct observer *o = &n->observer;
    u64 from[2], to[2], frame = n->machine.frames;
    u8 irq = n->cpu.irq;

    o->hit = false;
    if (n->cpu.interrupt) {
        o->began = n->cpu.clk;
        o->pc = n->cpu.pc;
    } else if (observer_begin(o, n->cpu.clk, n->cpu.pc)) {
        return true;
    } else if (trace_on(n->machine.trace, TRACE_STEP)) {
        told_step(n);
    }
    if (o->positions) {
        nes_look(n);
        nes_ppu_where(&n->machine, from);
    }
    o->on = true;
    cpu_observed_instruction(n);
    o->on = false;
    if (o->positions) {
        nes_look(n);
        nes_ppu_where(&n->machine, to);
        observer_moved(o, from, to, PPU_DOTS);
    }
    tell_lines(n, irq);
    tell_frame(n, frame);
    return o->hit;
}
