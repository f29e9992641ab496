/* What a machine of this kind asks of the kernel while it runs, for a monitor's sandbox. What only
 * makes machines (KVM_CREATE_VM and its like) is not among it. */
#include "kinds/kvm/calls.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

/* clang-format off */
#define ASK(request) { "ioctl", 1, UINT32_MAX, (u32)(request) }
/* clang-format on */

const struct host_call kvm_host_calls[KVM_HOST_CALLS] = {
    /* a vCPU */
    ASK(KVM_RUN),
    ASK(KVM_GET_REGS),
    ASK(KVM_SET_REGS),
    ASK(KVM_GET_SREGS),
    ASK(KVM_SET_SREGS),
    ASK(KVM_GET_MSRS),
    ASK(KVM_SET_MSRS),
    ASK(KVM_GET_XCRS),
    ASK(KVM_SET_XCRS),
    ASK(KVM_GET_XSAVE),
    ASK(KVM_SET_XSAVE),
    ASK(KVM_GET_DEBUGREGS),
    ASK(KVM_SET_DEBUGREGS),
    ASK(KVM_GET_VCPU_EVENTS),
    ASK(KVM_SET_VCPU_EVENTS),
    ASK(KVM_GET_MP_STATE),
    ASK(KVM_SET_MP_STATE),
    ASK(KVM_GET_LAPIC),
    ASK(KVM_SET_LAPIC),
    ASK(KVM_INTERRUPT),
    ASK(KVM_SET_GUEST_DEBUG),
    ASK(KVM_TRANSLATE),
    ASK(KVM_SET_CPUID2),
    ASK(KVM_GET_TSC_KHZ),
    ASK(KVM_SET_TSC_KHZ),
    ASK(KVM_KVMCLOCK_CTRL),
    ASK(KVM_CHECK_EXTENSION),
    /* the machine */
    ASK(KVM_SET_USER_MEMORY_REGION),
    ASK(KVM_GET_DIRTY_LOG),
    ASK(KVM_GET_IRQCHIP),
    ASK(KVM_SET_IRQCHIP),
    ASK(KVM_GET_PIT2),
    ASK(KVM_SET_PIT2),
    ASK(KVM_GET_CLOCK),
    ASK(KVM_SET_CLOCK),
    ASK(KVM_IRQ_LINE),
    ASK(KVM_SIGNAL_MSI),
    ASK(KVM_IOEVENTFD),
    /* bringing a thread out of it, and having it back in time */
    { .name = "tgkill" },
    { .name = "gettid" },
    { .name = "getpid" },
    { .name = "timer_create" },
    { .name = "timer_settime" },
    { .name = "timer_delete" },
};
