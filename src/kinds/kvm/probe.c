#include "kinds/kvm/probe.h"

#include "kinds/kvm/entry.h"
#include "kinds/kvm/vcpu.h"

#include <sys/ioctl.h>

/* 1000: mov [2000], al   1003: nop   1004: nop   1005: hlt */
static const u8 code[] = { 0xa2, 0x00, 0x20, 0x90, 0x90, 0xf4 };
enum { CODE = 0x1000, DATA = 0x2000, POINT = 0x1004, RUNS = 8 };
/* Global breakpoints 0 (a written byte) and 1 (an instruction). */
enum { DR7 = 0x400 | 2 << 0 | 2 << 2 | 1 << 16 };

static bool arm(struct vcpu *v)
{
    struct kvm_guest_debug d = {
        .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP,
        .arch.debugreg = { [0] = DATA, [1] = POINT, [7] = DR7 },
    };

    return !ioctl(v->fd, KVM_SET_GUEST_DEBUG, &d);
}

static void run(struct vcpu *v, struct probe *p)
{
    for (unsigned i = 0; i < RUNS && !p->execute; i++) {
        enum exit x = vcpu_run(v);

        if (x == EXIT_SIGNAL) {
            v->run->immediate_exit = 0;
            continue;
        }
        if (x != EXIT_DEBUG)
            return;
        p->data |= v->run->debug.arch.dr6 & 1;
        p->execute |= v->run->debug.arch.dr6 >> 1 & 1;
    }
}

static void prepare_and_run(struct vm *m, struct vcpu *v, struct probe *p)
{
    struct program program;
    struct err e;

    if (program_read_raw(&program, code, sizeof code, CODE, m->ram.size_bytes, &e))
        return;
    program_load(&program, m->ram.bytes);
    if (entry_prepare(&program, &v->state, m->ram.bytes, &e) || vcpu_loaded(v, &e) || !arm(v) ||
        vcpu_enter(v, &e))
        return;
    run(v, p);
    vcpu_leave(v);
}

struct probe probe_breakpoints(void)
{
    struct probe p = { 0 };
    struct vcpu v = { .fd = -1 };
    struct vm m;
    struct err e;

    if (!vm_open(&m, &e) && !vm_make_ram(&m, 1 << 20, &e) && !vcpu_open_alone(&v, &m, &e))
        prepare_and_run(&m, &v, &p);
    vcpu_close(&v);
    vm_close(&m);
    return p;
}
