#include "kinds/kvm/vcpu_state.h"

#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

FIELD_TABLE(x86_segment, 1, X86_SEGMENT)
FIELD_TABLE(x86_table, 1, X86_TABLE)
FIELD_TABLE(x86_msrs, 1, X86_MSRS)
FIELD_TABLE(x86_pending, 1, X86_PENDING)
FIELD_TABLE(vcpu_state, 1, VCPU_STATE)

static const u32 msr_numbers[] = {
    0x10, /* tsc */
    0x174, 0x175, 0x176, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000102, 0x277,
};
enum { MSRS = ARRAY_SIZE(msr_numbers) };
_Static_assert(sizeof(struct x86_msrs) == MSRS * sizeof(u64), "a number for each");

union msr_block {
    struct kvm_msrs head;
    u8 room[sizeof(struct kvm_msrs) + MSRS * sizeof(struct kvm_msr_entry)];
};

static int failed(struct err *e, const char *call)
{
    return err_set(e, ERR_SYS, "%s", call);
}

/* ---- pull ---- */

static void take_segment(struct x86_segment *to, const struct kvm_segment *from)
{
    *to = (struct x86_segment) {
        .selector = from->selector,
        .base = from->base,
        .limit = from->limit,
        .type = from->type & 15,
        .present = from->present,
        .dpl = from->dpl & 3,
        .db = from->db,
        .s = from->s,
        .l = from->l,
        .g = from->g,
        .avl = from->avl,
        .unusable = from->unusable,
    };
}

static int pull_system(struct vcpu_state *s, int fd, struct err *e)
{
    struct kvm_sregs k;
    struct kvm_debugregs d;
    struct kvm_xcrs x;

    if (ioctl(fd, KVM_GET_SREGS, &k))
        return failed(e, "KVM_GET_SREGS");
    take_segment(&s->cs, &k.cs);
    take_segment(&s->ds, &k.ds);
    take_segment(&s->es, &k.es);
    take_segment(&s->fs, &k.fs);
    take_segment(&s->gs, &k.gs);
    take_segment(&s->ss, &k.ss);
    take_segment(&s->tr, &k.tr);
    take_segment(&s->ldt, &k.ldt);
    s->gdt = (struct x86_table) { k.gdt.base, k.gdt.limit };
    s->idt = (struct x86_table) { k.idt.base, k.idt.limit };
    s->cr0 = k.cr0;
    s->cr2 = k.cr2;
    s->cr3 = k.cr3;
    s->cr4 = k.cr4;
    s->cr8 = k.cr8;
    s->efer = k.efer;
    s->apic_base = k.apic_base;
    if (ioctl(fd, KVM_GET_DEBUGREGS, &d))
        return failed(e, "KVM_GET_DEBUGREGS");
    memcpy(s->dr, d.db, sizeof s->dr);
    s->dr6 = d.dr6;
    s->dr7 = d.dr7;
    if (ioctl(fd, KVM_GET_XCRS, &x))
        return failed(e, "KVM_GET_XCRS");
    s->xcr0 = x.nr_xcrs ? x.xcrs[0].value : 1;
    if (ioctl(fd, KVM_GET_XSAVE, s->xsave))
        return failed(e, "KVM_GET_XSAVE");
    return 0;
}

static int pull_pending(struct vcpu_state *s, int fd, struct err *e)
{
    struct kvm_vcpu_events v;

    if (ioctl(fd, KVM_GET_VCPU_EVENTS, &v))
        return failed(e, "KVM_GET_VCPU_EVENTS");
    s->pending = (struct x86_pending) {
        .exception = v.exception.injected,
        .exception_vector = v.exception.nr,
        .has_error_code = v.exception.has_error_code,
        .error_code = v.exception.error_code,
        .interrupt = v.interrupt.injected,
        .interrupt_vector = v.interrupt.nr,
        .shadow = v.interrupt.shadow & 3,
        .nmi_injected = v.nmi.injected,
        .nmi_pending = v.nmi.pending,
        .nmi_masked = v.nmi.masked,
    };
    return 0;
}

static int pull_msrs(struct vcpu_state *s, int fd, struct err *e)
{
    union msr_block m = { .head.nmsrs = MSRS };
    u64 values[MSRS];
    int got;

    for (unsigned i = 0; i < MSRS; i++)
        m.head.entries[i] = (struct kvm_msr_entry) { .index = msr_numbers[i] };
    got = ioctl(fd, KVM_GET_MSRS, &m);
    if (got != MSRS)
        return err_set(e, ERR_STATE, "KVM_GET_MSRS: not MSR %#x", msr_numbers[got > 0 ? got : 0]);
    for (unsigned i = 0; i < MSRS; i++)
        values[i] = m.head.entries[i].data;
    memcpy(&s->msr, values, sizeof values);
    return 0;
}

/* Segments have a base in all modes but the 64-bit one, where cs has none. */
static u64 code_base(const struct vcpu_state *s)
{
    return s->cs.l && s->efer & 0x400 ? 0 : s->cs.base;
}

static u64 linear(const struct vcpu_state *s)
{
    u64 at = code_base(s) + s->rip;

    return s->efer & 0x400 ? at : at & 0xffffffff;
}

int vcpu_state_pull(struct vcpu_state *s, int fd, struct err *e)
{
    struct kvm_regs r;

    if (ioctl(fd, KVM_GET_REGS, &r))
        return failed(e, "KVM_GET_REGS");
    s->rip = r.rip;
    s->rflags = r.rflags;
    s->rax = r.rax;
    s->rbx = r.rbx;
    s->rcx = r.rcx;
    s->rdx = r.rdx;
    s->rsi = r.rsi;
    s->rdi = r.rdi;
    s->rsp = r.rsp;
    s->rbp = r.rbp;
    s->r8 = r.r8;
    s->r9 = r.r9;
    s->r10 = r.r10;
    s->r11 = r.r11;
    s->r12 = r.r12;
    s->r13 = r.r13;
    s->r14 = r.r14;
    s->r15 = r.r15;
    if (pull_system(s, fd, e) || pull_pending(s, fd, e) || pull_msrs(s, fd, e))
        return -(int)e->code;
    s->pc = linear(s);
    return 0;
}

/* ---- push ---- */

static struct kvm_segment give_segment(const struct x86_segment *from)
{
    return (struct kvm_segment) {
        .selector = from->selector,
        .base = from->base,
        .limit = from->limit,
        .type = from->type,
        .present = from->present,
        .dpl = from->dpl,
        .db = from->db,
        .s = from->s,
        .l = from->l,
        .g = from->g,
        .avl = from->avl,
        .unusable = from->unusable,
    };
}

static int push_system(const struct vcpu_state *s, int fd, struct err *e)
{
    struct kvm_sregs k = {
        .cs = give_segment(&s->cs),
        .ds = give_segment(&s->ds),
        .es = give_segment(&s->es),
        .fs = give_segment(&s->fs),
        .gs = give_segment(&s->gs),
        .ss = give_segment(&s->ss),
        .tr = give_segment(&s->tr),
        .ldt = give_segment(&s->ldt),
        .gdt = { .base = s->gdt.base, .limit = s->gdt.limit },
        .idt = { .base = s->idt.base, .limit = s->idt.limit },
        .cr0 = s->cr0,
        .cr2 = s->cr2,
        .cr3 = s->cr3,
        .cr4 = s->cr4,
        .cr8 = s->cr8,
        .efer = s->efer,
        .apic_base = s->apic_base,
    };

    if (ioctl(fd, KVM_SET_SREGS, &k))
        return err_set(e, ERR_FORMAT,
                       "the processor cannot have these control registers and "
                       "segments together");
    return 0;
}

static int push_msrs(const struct vcpu_state *s, int fd, struct err *e)
{
    union msr_block m = { .head.nmsrs = MSRS };
    u64 values[MSRS];
    int done;

    memcpy(values, &s->msr, sizeof values);
    for (unsigned i = 0; i < MSRS; i++)
        m.head.entries[i] = (struct kvm_msr_entry) { .index = msr_numbers[i], .data = values[i] };
    done = ioctl(fd, KVM_SET_MSRS, &m);
    if (done != MSRS)
        return err_set(e, ERR_FORMAT, "msr.%s: a value that the processor does not take",
                       x86_msrs_fields()->list[done > 0 ? done : 0].name);
    return 0;
}

static int push_extended(const struct vcpu_state *s, int fd, struct err *e)
{
    struct kvm_xcrs x = { .nr_xcrs = 1, .xcrs = { { .xcr = 0, .value = s->xcr0 } } };

    if (ioctl(fd, KVM_SET_XCRS, &x))
        return err_set(e, ERR_FORMAT, "xcr0: a value that the processor does not take");
    if (ioctl(fd, KVM_SET_XSAVE, s->xsave))
        return err_set(e, ERR_FORMAT, "xsave: no such state");
    return 0;
}

static int push_pending(const struct vcpu_state *s, int fd, struct err *e)
{
    const struct x86_pending *p = &s->pending;
    struct kvm_vcpu_events v = {
        .exception = { p->exception, p->exception_vector, p->has_error_code, 0, p->error_code },
        .interrupt = { p->interrupt, p->interrupt_vector, 0, p->shadow },
        .nmi = { p->nmi_injected, p->nmi_pending, p->nmi_masked, 0 },
        .flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW,
    };

    if (ioctl(fd, KVM_SET_VCPU_EVENTS, &v))
        return err_set(e, ERR_FORMAT, "pending: no such event can be delivered");
    return 0;
}

static int push_debug(const struct vcpu_state *s, int fd, struct err *e)
{
    struct kvm_debugregs d = { .dr6 = s->dr6, .dr7 = s->dr7 };

    memcpy(d.db, s->dr, sizeof d.db);
    if (ioctl(fd, KVM_SET_DEBUGREGS, &d))
        return err_set(e, ERR_FORMAT, "dr: values that the processor does not take");
    return 0;
}

static int push_general(const struct vcpu_state *s, int fd, struct err *e)
{
    struct kvm_regs r = {
        s->rax, s->rbx, s->rcx, s->rdx, s->rsi, s->rdi, s->rsp, s->rbp, s->r8,
        s->r9,  s->r10, s->r11, s->r12, s->r13, s->r14, s->r15, s->rip, s->rflags
    };

    return ioctl(fd, KVM_SET_REGS, &r) ? failed(e, "KVM_SET_REGS") : 0;
}

int vcpu_state_push(struct vcpu_state *s, int fd, struct err *e)
{
    if (s->pc != linear(s))
        return err_set(e, ERR_FORMAT, "pc: not rip and the base of cs");
    /* The order matters: registers decide which MSRs and states there may be; events come after
     * what they are delivered by, and the general registers when nothing touches them any more. */
    return push_system(s, fd, e) || push_msrs(s, fd, e) || push_extended(s, fd, e) ||
                   push_pending(s, fd, e) || push_debug(s, fd, e) || push_general(s, fd, e)
               ? -(int)e->code
               : 0;
}
