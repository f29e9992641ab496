/* The interrupt controllers and the timer that the kernel has for a PC (two 8259s, an IOAPIC, an
 * 8254, and a local APIC in every vCPU), and the clock that it tells its guests: what of them a
 * snapshot keeps. The kernel's own structures are the interface: Documentation/virt/kvm/api.rst of
 * Linux, KVM_GET_IRQCHIP and KVM_GET_PIT2. */
#ifndef KVM_CHIPS_H
#define KVM_CHIPS_H

#include "kinds/kvm/vm.h"
#include "mach/component.h"

/* clang-format off */
#define CHIPS_PIC(F, A, E, G, H)                                        \
    F(STATE, u8, last_irr, "wires as they were, to find edges")         \
    F(STATE, u8, irr, "requested")                                      \
    F(STATE, u8, imr, "masked")                                         \
    F(STATE, u8, isr, "in service")                                     \
    F(STATE, u8, priority_add, "the highest priority")                  \
    F(STATE, u8, irq_base, "the vector of its first wire")              \
    F(STATE, u8, read_isr, "OCW3: ISR is read, not IRR")                \
    F(STATE, u8, poll, "poll mode")                                     \
    F(STATE, u8, special_mask, "special mask mode")                     \
    F(STATE, u8, init_state, "which ICW comes next")                    \
    F(STATE, u8, auto_eoi, "automatic end of interrupt")                \
    F(STATE, u8, rotate_on_auto_eoi, "and the priorities rotate then")  \
    F(STATE, u8, special_fully_nested, "special fully nested mode")     \
    F(STATE, u8, init4, "ICW4 comes too")                               \
    F(STATE, u8, elcr, "which wires are level-triggered")               \
    F(STATE, u8, elcr_mask, "which may be")

#define CHIPS_IOAPIC(F, A, E, G, H)                                     \
    F(STATE, u32, select, "the register that is chosen")                \
    F(STATE, u32, id, "its number")                                     \
    F(STATE, u32, irr, "wires that are high")                           \
    A(STATE, u64, redirection, 24, "where each wire leads")

#define CHIPS_CHANNEL(F, A, E, G, H)                                    \
    F(STATE, u32, count, "initial count, 65536 for 0")                  \
    F(STATE, u16, latched_count, "what is read of a latched one")       \
    F(STATE, u8, count_latched, "bytes of it that were not read")       \
    F(STATE, u8, status_latched, "the status is read next")             \
    F(STATE, u8, status, "the latched status")                          \
    F(STATE, u8, read_state, "which byte is read next")                 \
    F(STATE, u8, write_state, "which byte is written next")             \
    F(STATE, u8, write_latch, "the low byte, written before the high")  \
    F(STATE, u8, rw_mode, "bytes that are read and written")            \
    F(STATE, u8, mode, "what it does at the end of its count")          \
    F(STATE, u8, bcd, "it counts in decimal")                           \
    F(STATE, u8, gate, "its gate is high")

#define CHIPS(F, A, E, G, H)                                            \
    H(chips_pic, pic, 2, "the 8259s: master, slave")                    \
    G(chips_ioapic, ioapic, "the IOAPIC")                               \
    H(chips_channel, pit, 3, "the 8254's channels")                     \
    F(STATE, u32, pit_flags, "1: HPET legacy, 2: speaker data")         \
    F(STATE, u64, clock_ns, "the guest's clock")
/* clang-format on */
struct chips_pic {
    FIELD_MEMBERS(CHIPS_PIC)
};
struct chips_ioapic {
    FIELD_MEMBERS(CHIPS_IOAPIC)
};
struct chips_channel {
    FIELD_MEMBERS(CHIPS_CHANNEL)
};
struct chips {
    FIELD_MEMBERS(CHIPS)
    struct vm *vm; /* borrowed */
    /* Told of each wire that is moved, and (msi) of each message; NULL: nobody is. */
    void (*heard)(struct chips *c, bool msi, u64 a, u64 b);
};

const struct fields *chips_pic_fields(void);
const struct fields *chips_ioapic_fields(void);
const struct fields *chips_channel_fields(void);
const struct fields *chips_fields(void);

/* Makes them, before the machine has vCPUs. */
int chips_create(struct chips *c, struct vm *vm, struct err *e);
/* Fetches them from the kernel, and puts them back; `clock` too, which then goes on from there. */
int chips_pull(struct chips *c, struct err *e);
int chips_push(const struct chips *c, struct err *e);
/* The guest's clock alone: what it shows now, and what it shall show. */
int chips_clock(const struct chips *c, u64 *ns, struct err *e);
int chips_set_clock(const struct chips *c, u64 ns, struct err *e);

/* A wire of the IOAPIC (and, below 16, of the 8259s). A struct line's set(); owner: the chips. */
void chips_line(void *owner, unsigned wire, int level);
/* A struct msi's send(). */
void chips_msi(void *owner, u32 source, u64 address, u32 data);

#endif
