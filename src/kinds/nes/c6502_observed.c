/* The 6502v's run loop, which tells the tracer and the debugger what happens. */
#include "kinds/nes/c6502.h"

#include "kinds/nes/c6502_load.h"

static void saw_read(struct c6502 *n, u16 addr, u8 v)
{
    if (observer_own(&n->observer, addr))
        return;
    if (trace_on(n->machine.trace, TRACE_READ))
        trace_put(n->machine.trace, n->cpu.clk, TRACE_READ, 0, addr, v);
    if (unlikely(observer_watches(&n->observer, 0, WATCH_READ, addr)))
        observer_match(&n->observer, 0, WATCH_READ, addr, v, v);
}

void c6502_see_write(struct c6502 *n, u16 addr, u8 v)
{
    if (trace_on(n->machine.trace, TRACE_WRITE))
        trace_put(n->machine.trace, n->cpu.clk, TRACE_WRITE, 0, addr, v);
    if (unlikely(observer_watches(&n->observer, 0, WATCH_WRITE, addr)))
        observer_match(&n->observer, 0, WATCH_WRITE, addr, load(n, addr), v);
}

static void saw_vector(struct c6502 *n, u16 addr)
{
    if (trace_on(n->machine.trace, TRACE_INTERRUPT))
        trace_put(n->machine.trace, n->cpu.clk, TRACE_INTERRUPT, 0, addr, n->observer.pc);
}

#define CPU_LOOP           c6502_observed_instruction
#define SAW_READ(n, a, v)  saw_read(n, a, v)
#define SEE_WRITE(n, a, v) c6502_see_write(n, a, v)
#define SAW_VECTOR(n, a)   saw_vector(n, a)
static void c6502_observed_instruction(struct c6502 *n);
#include "kinds/nes/c6502_cycles.h"

static void tell(struct c6502 *n)
{
    u8 op = load(n, n->cpu.pc);

    if (trace_on(n->machine.trace, TRACE_STEP))
        trace_put(n->machine.trace, n->cpu.clk, TRACE_STEP, 0, n->cpu.pc, op);
    if (op == C6502_VMCALL && trace_on(n->machine.trace, TRACE_VMCALL))
        trace_put(n->machine.trace, n->cpu.clk, TRACE_VMCALL, 0, load(n, (u16)(n->cpu.pc + 1)),
                  (u64)(n->cpu.x << 8 | n->cpu.a));
}

/* Raised by a debugger, and taken as any 6502 does: an NMI once, an IRQ as soon as it may. */
static bool take_interrupt(struct c6502 *n)
{
    struct mos6502 *c = &n->cpu;

    if (!c->nmi_pending && (!c->irq || (c->p & FLAG_I)))
        return false;
    n->nmi = c->nmi_pending;
    if (n->nmi)
        c->nmi_pending = false;
    else
        c->irq = 0;
    return n->interrupt = true;
}

bool c6502_observed(struct c6502 *n)
{
    struct observer *o = &n->observer;

    o->hit = false;
    if (take_interrupt(n)) {
        o->began = n->cpu.clk;
        o->pc = n->cpu.pc;
    } else if (observer_begin(o, n->cpu.clk, n->cpu.pc)) {
        return true;
    } else {
        tell(n);
    }
    n->until = n->cpu.clk + 1;
    o->on = true;
    c6502_observed_instruction(n);
    o->on = false;
    return o->hit;
}
