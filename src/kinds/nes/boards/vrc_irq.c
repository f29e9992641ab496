#include "kinds/nes/boards/vrc_irq.h"

#include "kinds/nes/boards/boards.h"

FIELD_TABLE(vrc_irq, 1, VRC_IRQ)

#define LINE_THIRDS 341

void vrc_irq_power(struct vrc_irq *v)
{
    *v = (struct vrc_irq) { .prescaler = LINE_THIRDS };
}

/* Clocks of the counter in the next `cycles`. */
static u64 take_clocks(struct vrc_irq *v, u64 cycles)
{
    u64 thirds = 3 * cycles, past, clocks;

    if (v->cycle_mode)
        return cycles;
    if (thirds < v->prescaler) {
        v->prescaler = (u16)(v->prescaler - thirds);
        return 0;
    }
    past = thirds - v->prescaler;
    clocks = past / LINE_THIRDS + 1;
    v->prescaler = (u16)(LINE_THIRDS - past % LINE_THIRDS);
    return clocks;
}

static void set_deadline(const struct vrc_irq *v, struct cart *c)
{
    u64 clocks = 0x100u - v->counter;

    if (!v->enabled || c->irq)
        c->deadline = EVENT_NEVER;
    else if (v->cycle_mode)
        c->deadline = v->clk + clocks;
    else
        c->deadline = v->clk + (v->prescaler + LINE_THIRDS * (clocks - 1) + 2) / 3;
}

void vrc_irq_run(struct vrc_irq *v, struct cart *c, u64 clk)
{
    u64 cycles = board_cycles(&v->clk, clk), clocks, first = 0x100u - v->counter;

    if (!v->enabled) {
        set_deadline(v, c);
        return;
    }
    clocks = take_clocks(v, cycles);
    if (clocks < first) {
        v->counter = (u8)(v->counter + clocks);
    } else {
        v->counter = (u8)(v->latch + (clocks - first) % (0x100u - v->latch));
        c->irq = true;
    }
    set_deadline(v, c);
}

void vrc_irq_control(struct vrc_irq *v, struct cart *c, u8 value)
{
    c->irq = false;
    v->enable_after = value & 1;
    v->enabled = value & 2;
    v->cycle_mode = value & 4;
    if (v->enabled) {
        v->counter = v->latch;
        v->prescaler = LINE_THIRDS;
    }
    set_deadline(v, c);
}

void vrc_irq_acknowledge(struct vrc_irq *v, struct cart *c)
{
    c->irq = false;
    v->enabled = v->enable_after;
    set_deadline(v, c);
}
