#include "kinds/kvm/calls.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

/* clang-format off */
#define ASK(roles, request) { "ioctl", 1, UINT32_MAX, (u32)(request), roles, NULL }
#define ASK_ELSEWHERE(roles, request, why) { "ioctl", 1, UINT32_MAX, (u32)(request), roles, why }
#define CALL(roles, n) { n, 0, 0, 0, roles, NULL }
/* clang-format on */

static const char early[] = "Linux before 5.16, where a debugger may change CPUID";

enum { MACHINE = THREAD_MACHINE, CPU = THREAD_CPU, BOTH = THREAD_MACHINE | THREAD_CPU };

/* One vCPU, run by the machine's own thread. */
const struct host_call micro_host_calls[MICRO_HOST_CALLS] = {
    ASK(MACHINE, KVM_RUN),
    ASK(MACHINE, KVM_GET_REGS),
    ASK(MACHINE, KVM_SET_REGS),
    ASK(MACHINE, KVM_GET_SREGS),
    ASK(MACHINE, KVM_SET_SREGS),
    ASK(MACHINE, KVM_GET_MSRS),
    ASK(MACHINE, KVM_SET_MSRS),
    ASK(MACHINE, KVM_GET_XCRS),
    ASK(MACHINE, KVM_SET_XCRS),
    ASK(MACHINE, KVM_GET_XSAVE),
    ASK(MACHINE, KVM_SET_XSAVE),
    ASK(MACHINE, KVM_GET_DEBUGREGS),
    ASK(MACHINE, KVM_SET_DEBUGREGS),
    ASK(MACHINE, KVM_GET_VCPU_EVENTS),
    ASK(MACHINE, KVM_SET_VCPU_EVENTS),
    ASK(MACHINE, KVM_SET_GUEST_DEBUG),
    ASK(MACHINE, KVM_TRANSLATE),
    ASK(MACHINE, KVM_SET_USER_MEMORY_REGION),
    ASK(MACHINE, KVM_GET_DIRTY_LOG),
    /* having the thread back in time, and from another one */
    CALL(MACHINE, "gettid"),
    CALL(MACHINE, "timer_create"),
    CALL(MACHINE, "timer_settime"),
    CALL(MACHINE, "timer_delete"),
    CALL(MACHINE | THREAD_CONTROL, "tgkill"),
    CALL(MACHINE | THREAD_CONTROL, "getpid"),
};

const struct host_call pc_host_calls[PC_HOST_CALLS] = {
    ASK(CPU, KVM_RUN),
    ASK(BOTH, KVM_GET_REGS),
    ASK(MACHINE, KVM_SET_REGS),
    ASK(BOTH, KVM_GET_SREGS),
    ASK(MACHINE, KVM_SET_SREGS),
    ASK(BOTH, KVM_GET_MSRS),
    ASK(MACHINE, KVM_SET_MSRS),
    ASK(BOTH, KVM_GET_XCRS),
    ASK(MACHINE, KVM_SET_XCRS),
    ASK(BOTH, KVM_GET_XSAVE),
    ASK(MACHINE, KVM_SET_XSAVE),
    ASK(BOTH, KVM_GET_DEBUGREGS),
    ASK(MACHINE, KVM_SET_DEBUGREGS),
    ASK(BOTH, KVM_GET_VCPU_EVENTS),
    ASK(MACHINE, KVM_SET_VCPU_EVENTS),
    ASK(BOTH, KVM_GET_MP_STATE),
    ASK(MACHINE, KVM_SET_MP_STATE),
    ASK(MACHINE, KVM_GET_LAPIC),
    ASK(MACHINE, KVM_SET_LAPIC),
    ASK(BOTH, KVM_SET_GUEST_DEBUG),
    ASK(BOTH, KVM_TRANSLATE),
    ASK(MACHINE, KVM_SET_CPUID2),
    ASK_ELSEWHERE(MACHINE, KVM_GET_TSC_KHZ, early),
    ASK_ELSEWHERE(MACHINE, KVM_SET_TSC_KHZ, early),
    ASK_ELSEWHERE(MACHINE, KVM_CHECK_EXTENSION, early),
    ASK(MACHINE, KVM_KVMCLOCK_CTRL),
    /* the machine */
    ASK(MACHINE, KVM_SET_USER_MEMORY_REGION),
    ASK(MACHINE, KVM_GET_DIRTY_LOG),
    ASK(MACHINE, KVM_GET_IRQCHIP),
    ASK(MACHINE, KVM_SET_IRQCHIP),
    ASK(MACHINE, KVM_GET_PIT2),
    ASK(MACHINE, KVM_SET_PIT2),
    ASK(MACHINE, KVM_GET_CLOCK),
    ASK(MACHINE, KVM_SET_CLOCK),
    ASK(BOTH, KVM_IRQ_LINE),
    ASK(BOTH, KVM_SIGNAL_MSI),
    ASK(BOTH, KVM_IOEVENTFD),
    /* bringing a thread out of the guest */
    CALL(CPU, "gettid"),
    CALL(CPU, "timer_create"),
    CALL(MACHINE, "timer_delete"),
    CALL(MACHINE, "tgkill"),
    CALL(MACHINE, "getpid"),
};
