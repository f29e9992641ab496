/* An interrupt controller as PCs have had it from the first: one 8259A, edge-triggered, fully
 * nested. Until the guest has initialised it, it is silent.
 *
 *   silent --ICW1..ICW4--> ready; a line rises: request --acknowledged--> in service --EOI--> done
 *
 * Left out, as no guest of ours asks for them: slaves, level triggering, rotation of priorities,
 * special mask and polled mode. A model: it knows neither its bus nor its processor. */
#ifndef KVM_I8259_H
#define KVM_I8259_H

#include "mach/field.h"

/* clang-format off */
#define I8259(F, A, E, G, H)                                                        \
    E(STATE, step, "silent icw2 icw3 icw4 ready", "the initialisation word it waits for") \
    F(STATE, u8, icw1, "the first initialisation word")                             \
    F(STATE, u8, base, "the vector of line 0")                                      \
    F(STATE, bool, auto_eoi, "acknowledging ends the interrupt")                    \
    F(STATE, bool, read_isr, "the command port reads `service`, not `request`")     \
    F(STATE, u8, lines, "the wires, a bit each")                                    \
    F(STATE, u8, request, "have risen, and are not acknowledged")                   \
    F(STATE, u8, mask, "lines that the guest does not want")                        \
    F(STATE, u8, service, "are being handled")
/* clang-format on */
struct i8259 {
    FIELD_MEMBERS(I8259)
};

const struct fields *i8259_fields(void);

void i8259_write(struct i8259 *p, unsigned port, u8 value); /* port 0: command, 1: data */
u8 i8259_read(const struct i8259 *p, unsigned port);

void i8259_line(void *self, unsigned index, int level); /* a struct line's set() */

/* The line whose interrupt the processor is to take now, -1: none. */
int i8259_pending(const struct i8259 *p);
/* Takes it: returns its vector. Only when there is one. */
u8 i8259_acknowledge(struct i8259 *p);

/* Whether a rise of that line could reach the processor, as the guest has set things. */
bool i8259_hears(const struct i8259 *p, unsigned index);

#endif
