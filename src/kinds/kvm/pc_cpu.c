/* A vCPU of the board `microvm`: beside what every vCPU has (vcpu.h), its local APIC, whether it
 * was started, and all the model-specific registers that the kernel keeps. */
#include "kinds/kvm/pc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

FIELD_TABLE(pc_msr, 1, PC_MSR)
FIELD_TABLE(pc_cpu_state, 1, PC_CPU)
FIELD_TABLE(pc_counters, 1, PC_COUNTERS)

enum { TSC = 0x10, TSC_DEADLINE = 0x6e0 };
enum { MSRS_LISTED = 1024 }; /* at most */

/* ---- model-specific registers ---- */

union one_msr {
    struct kvm_msrs head;
    u8 room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
};

static bool get_msr(const struct pc_cpu *c, u32 number, u64 *value)
{
    union one_msr m = { .head.nmsrs = 1 };
    bool got;

    m.head.entries[0] = (struct kvm_msr_entry) { .index = number };
    got = ioctl(c->vcpu.fd, KVM_GET_MSRS, &m) == 1;
    *value = m.head.entries[0].data;
    return got;
}

static bool set_msr(const struct pc_cpu *c, u32 number, u64 value)
{
    union one_msr m = { .head.nmsrs = 1 };

    m.head.entries[0] = (struct kvm_msr_entry) { .index = number, .data = value };
    return ioctl(c->vcpu.fd, KVM_SET_MSRS, &m) == 1;
}

/* Which there are that can be read, by the first vCPU. */
static int list_msrs(struct pc *p, struct err *e)
{
    union {
        struct kvm_msr_list head;
        u8 room[sizeof(struct kvm_msr_list) + MSRS_LISTED * sizeof(u32)];
    } l = { .head.nmsrs = MSRS_LISTED };
    u64 value;

    if (ioctl(p->vm.kvm, KVM_GET_MSR_INDEX_LIST, &l))
        return err_set(e, ERR_SYS, "KVM_GET_MSR_INDEX_LIST");
    p->msr_count = 0;
    for (u32 i = 0; i < l.head.nmsrs && p->msr_count < PC_MSRS; i++)
        if (get_msr(&p->vcpus[0], l.head.indices[i], &value) &&
            set_msr(&p->vcpus[0], l.head.indices[i], value))
            p->msr_numbers[p->msr_count++] = l.head.indices[i];
    return 0;
}

static void pull_msrs(struct pc_cpu *c)
{
    const struct pc *p = c->pc;

    c->extra.msr_count = 0;
    for (unsigned i = 0; i < p->msr_count; i++) {
        struct pc_msr *m = &c->extra.msr[c->extra.msr_count];

        m->number = p->msr_numbers[i];
        c->extra.msr_count += get_msr(c, m->number, &m->value);
        if (m->number == TSC) /* has run on since the machine stands still */
            m->value = c->tsc;
    }
}

/* The deadline of the APIC's timer last: it is compared with the others. */
static int push_msrs(const struct pc_cpu *c, struct err *e)
{
    for (unsigned last = 0; last < 2; last++)
        for (unsigned i = 0; i < c->extra.msr_count; i++) {
            const struct pc_msr *m = &c->extra.msr[i];

            if ((m->number == TSC_DEADLINE) == last && !set_msr(c, m->number, m->value))
                return err_set(e, ERR_FORMAT, "MSR %#x: %#llx is no value that it takes", m->number,
                               (unsigned long long)m->value);
        }
    return 0;
}

void pc_cpu_get_tsc(struct pc_cpu *c)
{
    get_msr(c, TSC, &c->tsc);
}

int pc_cpu_set_tsc(struct pc_cpu *c, struct err *e)
{
    return set_msr(c, TSC, c->tsc) ? 0 : err_set(e, ERR_SYS, "the time-stamp counter");
}

void pc_cpu_stood(struct pc_cpu *c)
{
    ioctl(c->vcpu.fd, KVM_KVMCLOCK_CTRL); /* refused when the guest does not use kvmclock */
}

/* ---- the whole ---- */

int pc_cpu_pull(struct pc_cpu *c, struct err *e)
{
    struct kvm_mp_state mp;
    struct kvm_lapic_state l;

    if (vcpu_state_pull(&c->vcpu.state, c->vcpu.fd, e))
        return -(int)e->code;
    if (ioctl(c->vcpu.fd, KVM_GET_MP_STATE, &mp))
        return err_set(e, ERR_SYS, "KVM_GET_MP_STATE");
    if (ioctl(c->vcpu.fd, KVM_GET_LAPIC, &l))
        return err_set(e, ERR_SYS, "KVM_GET_LAPIC");
    c->extra.mp_state = mp.mp_state;
    memcpy(c->extra.lapic, l.regs, sizeof c->extra.lapic);
    pull_msrs(c);
    c->vcpu.state.msr.tsc = c->tsc;
    return 0;
}

int pc_cpu_push(struct pc_cpu *c, struct err *e)
{
    struct kvm_mp_state mp = { .mp_state = c->extra.mp_state };
    struct kvm_lapic_state l;

    memcpy(l.regs, c->extra.lapic, sizeof c->extra.lapic);
    if (vcpu_loaded(&c->vcpu, e))
        return -(int)e->code;
    if (ioctl(c->vcpu.fd, KVM_SET_LAPIC, &l))
        return err_set(e, ERR_FORMAT, "lapic: no state that it can have");
    if (push_msrs(c, e))
        return -(int)e->code;
    if (ioctl(c->vcpu.fd, KVM_SET_MP_STATE, &mp))
        return err_set(e, ERR_FORMAT, "mp_state: %u is none", mp.mp_state);
    c->tsc = c->vcpu.state.msr.tsc;
    return 0;
}

int pc_cpu_open(struct pc *p, unsigned index, struct err *e)
{
    struct pc_cpu *c = &p->vcpus[index];

    c->pc = p;
    if (vcpu_open(&c->vcpu, &p->vm, index, e) || pc_cpuid_tell(c, e))
        return -(int)e->code;
    if (!index && list_msrs(p, e))
        return -(int)e->code;
    pc_cpu_get_tsc(c);
    return pc_cpu_pull(c, e);
}

void pc_cpu_close(struct pc_cpu *c)
{
    if (c->pc)
        vcpu_close(&c->vcpu);
}
