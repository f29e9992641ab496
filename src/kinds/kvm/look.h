/* A vCPU and its memory as a person sees them: bytes, instructions, calls, and a dump of all that
 * when it has failed. The vCPU is not in the guest meanwhile. */
#ifndef KVM_LOOK_H
#define KVM_LOOK_H

#include "kinds/kvm/vcpu.h"
#include "mach/machine.h"

/* The RAM at a physical address, and how much of *len lies together there; NULL: none. */
u8 *look_ram(struct vm *vm, u64 physical, size_t *len, struct space **of);

/* By the processor's own page tables; false: nothing is mapped there. */
bool look_translate(const struct vcpu *v, u64 virtual, u64 *physical);
bool look_peek(const struct vcpu *v, enum cpu_space s, u64 addr, void *out, size_t len);
/* All of it or nothing. */
bool look_poke(const struct vcpu *v, enum cpu_space s, u64 addr, const void *in, size_t len);

/* Where the handler of an interrupt begins, as a linear address. */
bool look_handler(struct vcpu *v, u8 vector, u64 *addr);

/* In the processor's mode: 64, 32 or 16 bits. */
unsigned look_bits(struct vcpu *v);
size_t look_disassemble(struct vcpu *v, struct decode_port *p, u64 addr, char *text, size_t room);
enum flow look_flow(struct vcpu *v, u64 addr);
/* Along the frame pointers; where code keeps none, what on the stack follows a call: there may be
 * calls among them that have returned. */
unsigned look_calls(struct vcpu *v, u64 *out, unsigned room);

/* The instruction that made it come out. */
u64 look_culprit(struct vcpu *v);
/* That instruction and the registers, to the diagnostics. */
void look_dump(struct vcpu *v, const struct ports *ports);
/* A triple fault on one of AMD's processors has left it as after reset. */
bool look_was_reset(struct vcpu *v);

#endif
