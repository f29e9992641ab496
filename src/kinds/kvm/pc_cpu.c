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

/* All at once: each call moves the vCPU's state into the processor and out of it again, which costs
 * many times what a register does. */
struct all_msrs {
    struct kvm_msrs head;
    struct kvm_msr_entry entry[PC_MSRS];
};

/* Gets, or sets, those from `first` on, in order. How many: the next one is refused, or none is
 * left. */
static unsigned some_msrs(const struct pc_cpu *c, unsigned long request, struct all_msrs *all,
                          unsigned first)
{
    enum { MOST = 128 }; /* the kernel takes less than 256 */
    struct all_msrs some;
    unsigned count;
    int moved;

    do {
        count = all->head.nmsrs - first;
        some.head = (struct kvm_msrs) { .nmsrs = count < MOST ? count : MOST };
        memcpy(some.entry, all->entry + first, some.head.nmsrs * sizeof *some.entry);
        moved = ioctl(c->vcpu.fd, request, &some);
        if (moved <= 0)
            break;
        memcpy(all->entry + first, some.entry, (unsigned)moved * sizeof *some.entry);
        first += (unsigned)moved;
    } while ((unsigned)moved == some.head.nmsrs && first < all->head.nmsrs);
    return first;
}

/* The same with all; those that are refused fall out of them. */
static void move_msrs(const struct pc_cpu *c, unsigned long request, struct all_msrs *all)
{
    unsigned done = 0;

    while ((done = some_msrs(c, request, all, done)) < all->head.nmsrs) {
        all->head.nmsrs--;
        memmove(all->entry + done, all->entry + done + 1,
                (all->head.nmsrs - done) * sizeof *all->entry);
    }
}

/* Which there are that can be read and written, by the first vCPU. */
static int list_msrs(struct pc *p, struct err *e)
{
    union {
        struct kvm_msr_list head;
        u8 room[sizeof(struct kvm_msr_list) + MSRS_LISTED * sizeof(u32)];
    } l = { .head.nmsrs = MSRS_LISTED };
    struct all_msrs all = { 0 };

    if (ioctl(p->vm.kvm, KVM_GET_MSR_INDEX_LIST, &l))
        return err_set(e, ERR_SYS, "KVM_GET_MSR_INDEX_LIST");
    for (u32 i = 0; i < l.head.nmsrs && all.head.nmsrs < PC_MSRS; i++)
        all.entry[all.head.nmsrs++].index = l.head.indices[i];
    move_msrs(&p->vcpus[0], KVM_GET_MSRS, &all);
    move_msrs(&p->vcpus[0], KVM_SET_MSRS, &all);
    p->msr_count = all.head.nmsrs;
    for (unsigned i = 0; i < p->msr_count; i++)
        p->msr_numbers[i] = all.entry[i].index;
    return 0;
}

static void pull_msrs(struct pc_cpu *c)
{
    const struct pc *p = c->pc;
    struct all_msrs all = { .head.nmsrs = p->msr_count };

    for (unsigned i = 0; i < p->msr_count; i++)
        all.entry[i].index = p->msr_numbers[i];
    move_msrs(c, KVM_GET_MSRS, &all);
    c->extra.msr_count = (u16)all.head.nmsrs;
    for (unsigned i = 0; i < all.head.nmsrs; i++) {
        c->extra.msr[i] = (struct pc_msr) { all.entry[i].index, all.entry[i].data };
        if (all.entry[i].index == TSC) /* has run on since the machine stands still */
            c->extra.msr[i].value = c->tsc;
    }
}

/* The deadline of the APIC's timer last: it is compared with the others. */
static int push_msrs(const struct pc_cpu *c, struct err *e)
{
    struct all_msrs all = { 0 };
    unsigned done;

    for (unsigned last = 0; last < 2; last++)
        for (unsigned i = 0; i < c->extra.msr_count; i++) {
            const struct pc_msr *m = &c->extra.msr[i];

            if ((m->number == TSC_DEADLINE) == last)
                all.entry[all.head.nmsrs++] = (struct kvm_msr_entry) { .index = m->number,
                                                                       .data = m->value };
        }
    done = some_msrs(c, KVM_SET_MSRS, &all, 0);
    if (done < all.head.nmsrs)
        return err_set(e, ERR_FORMAT, "MSR %#x: %#llx is no value that it takes",
                       all.entry[done].index, (unsigned long long)all.entry[done].data);
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
