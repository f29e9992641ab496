/* What the board `microvm` tells of itself: counters, trace events, and how it has failed. */
#include "kinds/kvm/look.h"
#include "kinds/kvm/pc.h"

#include <stdio.h>
#include <string.h>

/* ---- counters ---- */

void pc_stats_add_up(struct pc *p)
{
    memset(&p->stats.all, 0, sizeof p->stats.all);
    for (unsigned i = 0; i < p->cpus; i++) {
        const u64 *from = (const u64 *)&p->stats.cpu[i];
        u64 *to = (u64 *)&p->stats.all;

        for (unsigned k = 0; k < PC_COUNTER_ROWS - 1; k++)
            to[k] += from[k];
    }
}

/* ---- trace events ---- */

static const struct trace_event events[] = {
    { "cpu.step", "an instruction begins", "pc", "op" },
    [PC_PORT_IN] = { "port.in", "the guest reads a port", "port", "value" },
    [PC_PORT_OUT] = { "port.out", "the guest writes a port", "port", "value" },
    [PC_LINE] = { "irq.line", "a device moves its interrupt wire", "wire", "level" },
    [PC_EXIT_EVENT] = { "exit", "a vCPU has left the guest", "reason", "kernel" },
    [PC_MMIO_READ] = { "mmio.read", "the guest reads where no memory is", "addr", "value" },
    [PC_MMIO_WRITE] = { "mmio.write", "the guest writes where no memory is", "addr", "value" },
    [PC_MSI] = { "irq.msi", "a device sends a message interrupt", "address", "data" },
};

static void heard(struct chips *c, bool msi, u64 a, u64 b)
{
    struct pc *p = container_of(c, struct pc, chips);
    u32 wire = msi ? 0 : 1u << (a & 31);

    if (!msi && !!(p->wires & wire) == !!b)
        return; /* said again, not moved */
    if (!msi)
        p->wires ^= wire;
    pc_trace(p, msi ? PC_MSI : PC_LINE, a, b);
}

void pc_stats_init(struct pc *p)
{
    const struct fields *one = pc_counters_fields();
    struct pc_stats *s = &p->stats;
    struct machine *m = &p->machine;

    memcpy(s->rows, one->list, one->count * sizeof *one->list);
    s->rows[one->count] = (struct field) { .name = "cpu",
                                           .doc = "the same of each vCPU",
                                           .offset = offsetof(struct pc_stats, cpu),
                                           .size = sizeof s->cpu[0],
                                           .count = p->cpus,
                                           .type = FIELD_GROUP,
                                           .group = pc_counters_fields };
    s->table = (struct fields) { .name = "pc_stats",
                                 .version = 1,
                                 .count = one->count + 1,
                                 .list = s->rows,
                                 .oldest = 1,
                                 .added = "",
                                 .gone = "" };
    m->counters = &s->table;
    m->counted = s;
    p->chips.heard = p->chips_at_reset.heard = heard;
    m->trace_events = events;
    m->trace_event_count = ARRAY_SIZE(events);
}

void pc_trace_exit(const struct pc_cpu *c, enum exit x)
{
    struct pc *p = c->pc;

    if (trace_on(p->machine.trace, PC_EXIT_EVENT))
        trace_put(p->machine.trace, pc_time(p), PC_EXIT_EVENT, (u16)c->vcpu.index, x,
                  c->vcpu.run->exit_reason);
}

void pc_trace_now(struct pc *p, unsigned id, u64 a, u64 b)
{
    trace_put(p->machine.trace, pc_time(p), id, (u16)p->actor, a, b);
}

/* ---- the end ---- */

/* KVM takes an instruction that it cannot fetch for one that it cannot execute. */
static void say_why(struct pc *p, struct vcpu *v)
{
    u8 op;

    if (v->run->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
        !look_peek(v, CPU_VIRTUAL, v->state.pc, &op, 1))
        snprintf(p->text, sizeof p->text, "it executes at %#llx, where no memory is",
                 (unsigned long long)v->state.pc);
}

void pc_failed(struct pc *p)
{
    struct vcpu *v = &p->vcpus[p->fault_cpu].vcpu;

    p->end = PC_FAULT;
    p->status = VCPU_FAULT_STATUS;
    vcpu_saving(v);
    say_why(p, v);
    look_dump(v, &p->machine.ports);
}
