/* A vCPU's state as fields: what the kernel keeps of it, pulled after it has run and pushed before
 * it runs again. The names are AMD's and Intel's; `cpu.rip`, `cpu.cs.base`, `cpu.msr.lstar`. */
#ifndef KVM_VCPU_STATE_H
#define KVM_VCPU_STATE_H

#include "mach/field.h"

/* clang-format off */
#define X86_SEGMENT(F, A, E, G, H)                                      \
    F(STATE, u16, selector, "as the guest loaded it")                   \
    F(STATE, u64, base, "the linear address of its first byte")         \
    F(STATE, u32, limit, "the last offset inside, in bytes")            \
    F(STATE, u8, type, "the descriptor's type", 0, 15)                  \
    F(STATE, bool, present, "the descriptor is present")                \
    F(STATE, u8, dpl, "privilege level", 0, 3)                          \
    F(STATE, bool, db, "32-bit code, or a 32-bit stack")                \
    F(STATE, bool, s, "code or data, not a system segment")             \
    F(STATE, bool, l, "64-bit code")                                    \
    F(STATE, bool, g, "the limit counts pages")                         \
    F(STATE, bool, avl, "for the guest's own use")                      \
    F(STATE, bool, unusable, "a null selector was loaded")
/* clang-format on */
struct x86_segment {
    FIELD_MEMBERS(X86_SEGMENT)
};

/* clang-format off */
#define X86_TABLE(F, A, E, G, H)                                        \
    F(STATE, u64, base, "the linear address of the first descriptor")   \
    F(STATE, u16, limit, "the last offset inside")

/* In the order of msr_numbers[] in vcpu_state.c. */
#define X86_MSRS(F, A, E, G, H)                                         \
    F(STATE, u64, tsc, "time-stamp counter, when it was last saved")    \
    F(STATE, u64, sysenter_cs, "SYSENTER's code segment")               \
    F(STATE, u64, sysenter_esp, "SYSENTER's stack pointer")             \
    F(STATE, u64, sysenter_eip, "SYSENTER's target")                    \
    F(STATE, u64, star, "SYSCALL's segments")                           \
    F(STATE, u64, lstar, "SYSCALL's target in 64-bit mode")             \
    F(STATE, u64, cstar, "SYSCALL's target in compatibility mode")      \
    F(STATE, u64, sfmask, "flags that SYSCALL clears")                  \
    F(STATE, u64, kernel_gs_base, "what SWAPGS brings")                 \
    F(STATE, u64, pat, "memory types of pages")

#define X86_PENDING(F, A, E, G, H)                                      \
    F(STATE, bool, exception, "an exception is to be delivered")        \
    F(STATE, u8, exception_vector, "its vector")                        \
    F(STATE, bool, has_error_code, "it has one")                        \
    F(STATE, u32, error_code, "the exception's error code")             \
    F(STATE, bool, interrupt, "an interrupt is to be delivered")        \
    F(STATE, u8, interrupt_vector, "its vector")                        \
    F(STATE, u8, shadow, "the instruction before was STI or MOV SS", 0, 3) \
    F(STATE, bool, nmi_injected, "an NMI is to be delivered")           \
    F(STATE, bool, nmi_pending, "an NMI waits")                         \
    F(STATE, bool, nmi_masked, "an NMI handler runs")

#define VCPU_STATE(F, A, E, G, H)                                       \
    F(STATE, u64, pc, "linear address of the next instruction")         \
    F(STATE, u64, rip, "instruction pointer: pc, less the base of cs")  \
    F(STATE, u64, rflags, "flags")                                      \
    F(STATE, u64, rax, "general register")                              \
    F(STATE, u64, rbx, "general register")                              \
    F(STATE, u64, rcx, "general register")                              \
    F(STATE, u64, rdx, "general register")                              \
    F(STATE, u64, rsi, "general register")                              \
    F(STATE, u64, rdi, "general register")                              \
    F(STATE, u64, rsp, "stack pointer")                                 \
    F(STATE, u64, rbp, "frame pointer")                                 \
    F(STATE, u64, r8, "general register")                               \
    F(STATE, u64, r9, "general register")                               \
    F(STATE, u64, r10, "general register")                              \
    F(STATE, u64, r11, "general register")                              \
    F(STATE, u64, r12, "general register")                              \
    F(STATE, u64, r13, "general register")                              \
    F(STATE, u64, r14, "general register")                              \
    F(STATE, u64, r15, "general register")                              \
    G(x86_segment, cs, "code segment")                                  \
    G(x86_segment, ds, "data segment")                                  \
    G(x86_segment, es, "extra segment")                                 \
    G(x86_segment, fs, "extra segment")                                 \
    G(x86_segment, gs, "extra segment")                                 \
    G(x86_segment, ss, "stack segment")                                 \
    G(x86_segment, tr, "task register")                                 \
    G(x86_segment, ldt, "local descriptor table")                       \
    G(x86_table, gdt, "global descriptor table")                        \
    G(x86_table, idt, "interrupt descriptor table")                     \
    F(STATE, u64, cr0, "modes: protection, paging ...")                 \
    F(STATE, u64, cr2, "the address of the last page fault")            \
    F(STATE, u64, cr3, "the root of the page tables")                   \
    F(STATE, u64, cr4, "extensions that are on")                        \
    F(STATE, u64, cr8, "task priority")                                 \
    F(STATE, u64, efer, "long mode, NX, SYSCALL")                       \
    F(STATE, u64, apic_base, "where the local APIC is, and whether")    \
    A(STATE, u64, dr, 4, "breakpoint addresses")                        \
    F(STATE, u64, dr6, "which debug condition it was")                  \
    F(STATE, u64, dr7, "which breakpoints are on")                      \
    G(x86_msrs, msr, "model-specific registers")                        \
    G(x86_pending, pending, "what is about to be delivered")            \
    F(STATE, u64, xcr0, "which extended states are on")                 \
    A(STATE, u8, xsave, 4096, "x87, SSE and AVX registers, as XSAVE has them")
/* clang-format on */
struct x86_table {
    FIELD_MEMBERS(X86_TABLE)
};
struct x86_msrs {
    FIELD_MEMBERS(X86_MSRS)
};
struct x86_pending {
    FIELD_MEMBERS(X86_PENDING)
};
struct vcpu_state {
    FIELD_MEMBERS(VCPU_STATE)
};

const struct fields *x86_segment_fields(void);
const struct fields *x86_table_fields(void);
const struct fields *x86_msrs_fields(void);
const struct fields *x86_pending_fields(void);
const struct fields *vcpu_state_fields(void);

/* From the kernel's vCPU, and to it, each in one go; `fd` is the vCPU's. Push refuses what the
 * kernel refuses, and says which part it was; then the kernel may have some of it. */
int vcpu_state_pull(struct vcpu_state *s, int fd, struct err *e);
int vcpu_state_push(struct vcpu_state *s, int fd, struct err *e);

#endif
