/* The host's side of cpuid.h: what its KVM supports, and telling a vCPU. */
#include "kinds/kvm/cpuid.h"
#include "kinds/kvm/vm.h"

#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/ioctl.h>

enum { TSC_DEADLINE = 1 << 24, TOLERANCE_PPM = 250 }; /* the kernel's own, for scaling */

static struct kvm_cpuid2 *room_for_leaves(struct err *e)
{
    struct kvm_cpuid2 *k = calloc(1, sizeof *k + CPUID_LEAVES * sizeof k->entries[0]);

    if (!k)
        err_set(e, ERR_NOMEM, "no memory for a vCPU");
    return k;
}

int cpuid_supported(const struct vm *v, struct cpuid *out, struct err *e)
{
    struct kvm_cpuid2 *k = room_for_leaves(e);

    if (!k)
        return -(int)e->code;
    k->nent = CPUID_LEAVES;
    if (ioctl(v->kvm, KVM_GET_SUPPORTED_CPUID, k)) {
        free(k);
        return err_set(e, ERR_SYS, "KVM_GET_SUPPORTED_CPUID");
    }
    *out = (struct cpuid) { .count = (u16)k->nent };
    for (unsigned i = 0; i < k->nent; i++) {
        const struct kvm_cpuid_entry2 *l = &k->entries[i];

        out->leaf[i] = (struct cpuid_leaf) { .function = l->function,
                                             .index = l->index,
                                             .indexed = l->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
                                             .eax = l->eax,
                                             .ebx = l->ebx,
                                             .ecx = l->ecx,
                                             .edx = l->edx };
        if (l->function == 1 && ioctl(v->kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0)
            out->leaf[i].ecx |= TSC_DEADLINE;
    }
    free(k);
    return 0;
}

int cpuid_give(const struct cpuid *machine, int vcpu_fd, unsigned index, struct err *e)
{
    struct kvm_cpuid2 *k = room_for_leaves(e);
    struct cpuid *own = malloc(sizeof *own);
    int r = -1;

    if (k && own) {
        cpuid_of(machine, index, own);
        k->nent = own->count;
        for (unsigned i = 0; i < own->count; i++) {
            const struct cpuid_leaf *l = &own->leaf[i];

            k->entries[i] = (struct kvm_cpuid_entry2) {
                .function = l->function,
                .index = l->index,
                .flags = l->indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
                .eax = l->eax,
                .ebx = l->ebx,
                .ecx = l->ecx,
                .edx = l->edx,
            };
        }
        r = ioctl(vcpu_fd, KVM_SET_CPUID2, k) ? err_set(e, ERR_SYS, "KVM_SET_CPUID2") : 0;
    } else {
        r = err_set(e, ERR_NOMEM, "no memory for a vCPU");
    }
    free(own);
    free(k);
    return r;
}

u32 cpuid_tsc_khz(const struct vm *v, int vcpu_fd)
{
    int khz = ioctl(v->kvm, KVM_CHECK_EXTENSION, KVM_CAP_GET_TSC_KHZ) > 0
                  ? ioctl(vcpu_fd, KVM_GET_TSC_KHZ, 0)
                  : 0;

    return khz > 0 ? (u32)khz : 0;
}

int cpuid_set_tsc_khz(const struct cpuid *machine, const struct vm *v, int vcpu_fd, struct err *e)
{
    u64 want = machine->tsc_khz, have = cpuid_tsc_khz(v, vcpu_fd);
    u64 apart = want > have ? want - have : have - want;

    if (!want || !have || apart * 1000000 <= have * TOLERANCE_PPM)
        return 0;
    if (ioctl(v->kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_CONTROL) > 0 &&
        !ioctl(vcpu_fd, KVM_SET_TSC_KHZ, (unsigned long)want))
        return 0;
    return err_set(e, ERR_MISMATCH,
                   "the guest's time-stamp counter makes %llu ticks in a millisecond, this "
                   "host's %llu, and its processor cannot scale it",
                   (unsigned long long)want, (unsigned long long)have);
}
