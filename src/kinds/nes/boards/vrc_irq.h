/* The IRQ counter of Konami's VRC4, VRC6 and VRC7.
 *
 * It counts up to $FF; the next clock reloads it and asserts IRQ. A clock comes in every CPU cycle,
 * or in the mode that imitates scanlines, every 341/3 of them by a prescaler. */
#ifndef NES_VRC_IRQ_H
#define NES_VRC_IRQ_H

#include "kinds/nes/cart.h"

/* clang-format off */
#define VRC_IRQ(F, A, E, G, H)                                                      \
    F(STATE, u8, latch, "reload value")                                             \
    F(STATE, u8, counter, "counter")                                                \
    F(STATE, u16, prescaler, "thirds of a cycle to the next clock, 1..341", 1, 341) \
    F(STATE, bool, enabled, "counting")                                             \
    F(STATE, bool, enable_after, "what acknowledging makes of enabled")             \
    F(STATE, bool, cycle_mode, "clocked by every CPU cycle")                        \
    F(STATE, u64, clk, "the cycle up to which it has counted")
/* clang-format on */

struct vrc_irq {
    FIELD_MEMBERS(VRC_IRQ)
};
const struct fields *vrc_irq_fields(void);

void vrc_irq_power(struct vrc_irq *v);
/* Counts all cycles before clk, and tells c when the next change comes. */
void vrc_irq_run(struct vrc_irq *v, struct cart *c, u64 clk);
/* Register writes, after vrc_irq_run() to the end of the write's cycle, clk + 1. */
void vrc_irq_control(struct vrc_irq *v, struct cart *c, u8 value);
void vrc_irq_acknowledge(struct vrc_irq *v, struct cart *c);

#endif
