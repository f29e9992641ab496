/* What CPUID tells a guest of its processor: a table of leaves, made of what the host's KVM
 * supports (cpuid_host.c), and a judgement of whether another host can go on with it.
 *
 *     supported --cpuid_choose(model, cpus)--> the machine's --cpuid_of(index)--> a vCPU's
 *
 * `host` gives all that there is, `baseline` what hosts of a vendor have in common
 * (docs/rooms/kvm.md has it leaf by leaf). In both the topology is the machine's own: one package
 * with a core for each vCPU, whose APIC number is its index.
 *
 * The table is saved with the machine. AMD64 Architecture Programmer's Manual, volume 3, appendix
 * E; Intel's Software Developer's Manual, volume 2, CPUID; Documentation/virt/kvm/x86/cpuid.rst of
 * Linux. */
#ifndef KVM_CPUID_H
#define KVM_CPUID_H

#include "mach/field.h"

enum { CPUID_LEAVES = 256 }; /* as many as the kernel takes */
enum cpuid_model { CPUID_HOST, CPUID_BASELINE };

/* clang-format off */
#define CPUID_LEAF(F, A, E, G, H)                                       \
    F(STATE, u32, function, "EAX of the question")                      \
    F(STATE, u32, index, "ECX of the question")                         \
    F(STATE, bool, indexed, "ECX counts")                               \
    F(STATE, u32, eax, "the answer")                                    \
    F(STATE, u32, ebx, "the answer")                                    \
    F(STATE, u32, ecx, "the answer")                                    \
    F(STATE, u32, edx, "the answer")

#define CPUID(F, A, E, G, H)                                            \
    F(STATE, u16, count, "how many leaves", 0, CPUID_LEAVES)            \
    F(STATE, u32, tsc_khz, "ticks of the time-stamp counter in a millisecond; 0: not known") \
    H(cpuid_leaf, leaf, CPUID_LEAVES, "what each answers the first vCPU")
/* clang-format on */
struct cpuid_leaf {
    FIELD_MEMBERS(CPUID_LEAF)
};
struct cpuid {
    FIELD_MEMBERS(CPUID)
};

const struct fields *cpuid_leaf_fields(void);
const struct fields *cpuid_fields(void);

/* NULL: there is none. */
const struct cpuid_leaf *cpuid_find(const struct cpuid *c, u32 function, u32 index);

/* A machine's table from what is supported. ERR_NOTSUP for a baseline of which something is not
 * there; the error names it. */
int cpuid_choose(const struct cpuid *supported, enum cpuid_model model, unsigned cpus,
                 struct cpuid *out, struct err *e);
/* The table of one of its vCPUs. */
void cpuid_of(const struct cpuid *machine, unsigned index, struct cpuid *out);
/* Whether a guest that was given `machine` finds all of it on a host that supports this;
 * ERR_MISMATCH names what is missing. */
int cpuid_fits(const struct cpuid *machine, const struct cpuid *supported, struct err *e);

/* ---- cpuid_host.c: the kernel ---- */

struct vm;
/* With what the kernel does not list but has: the APIC's timer by deadline. */
int cpuid_supported(const struct vm *v, struct cpuid *out, struct err *e);
/* Tells a vCPU; before it runs, and once. */
int cpuid_give(const struct cpuid *machine, int vcpu_fd, unsigned index, struct err *e);
/* 0: it is not known. */
u32 cpuid_tsc_khz(const struct vm *v, int vcpu_fd);
/* Has a vCPU's time-stamp counter run as fast as the machine's does. ERR_MISMATCH: it cannot. */
int cpuid_set_tsc_khz(const struct cpuid *machine, const struct vm *v, int vcpu_fd, struct err *e);

#endif
