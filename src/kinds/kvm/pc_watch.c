/* What the board `microvm` tells of itself: counters, trace events, and how it has failed. */
#include "kinds/kvm/look.h"
#include "kinds/kvm/pc.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- counters ---- */

void pc_stats_add_up(struct pc *p)
{
    memset(&p->stats.all, 0, sizeof p->stats.all);
    for (unsigned i = 0; i < p->cpus; i++) {
        const u64 *from = (const u64 *)&p->stats.cpu[i];
        u64 *to = (u64 *)&p->stats.all;

        for (unsigned k = 0; k < PC_COUNTER_ROWS; k++)
            to[k] += from[k];
    }
}

/* ---- trace events ---- */

#define DISK_BEGINS(to) "a disk begins to " to, "sector", "bytes"
/* clang-format off */
static const struct trace_event events[] = {
    { "cpu.step", "an instruction begins", "pc", "op" },
    [PC_PORT_IN] = { "port.in", "the guest reads a port", "port", "value" },
    [PC_PORT_OUT] = { "port.out", "the guest writes a port", "port", "value" },
    [PC_LINE] = { "irq.line", "a device moves its interrupt wire", "wire", "level" },
    [PC_EXIT_EVENT] = { "exit", "a vCPU has left the guest", "reason", "kernel" },
    [PC_MMIO_READ] = { "mmio.read", "the guest reads where no memory is", "addr", "value" },
    [PC_MMIO_WRITE] = { "mmio.write", "the guest writes where no memory is", "addr", "value" },
    [PC_MSI] = { "irq.msi", "a device sends a message interrupt", "address", "data" },
    [PC_VIRTIO + VIRTIO_NOTIFIED] = { "virtio.notify", "a driver has something in a queue; which slot", "queue", NULL },
    [PC_VIRTIO + VIRTIO_READ] = { "disk.read", DISK_BEGINS("read") },
    [PC_VIRTIO + VIRTIO_WRITE] = { "disk.write", DISK_BEGINS("write") },
    [PC_VIRTIO + VIRTIO_FLUSH] = { "disk.flush", DISK_BEGINS("make all of it durable") },
    [PC_VIRTIO + VIRTIO_DISCARD] = { "disk.discard", DISK_BEGINS("give space back") },
    [PC_VIRTIO + VIRTIO_ZERO] = { "disk.zero", DISK_BEGINS("write zeroes") },
    [PC_VIRTIO + VIRTIO_DONE] = { "disk.done", "a disk's request is done", "sector", "ns" },
    [PC_VIRTIO + VIRTIO_REFUSED] = { "disk.failed", "a disk's request is done, in vain", "sector", "status" },
    [PC_VIRTIO + VIRTIO_SENT] = { "net.send", "a frame leaves the guest", "bytes", "segments" },
    [PC_VIRTIO + VIRTIO_RECEIVED] = { "net.receive", "a frame goes to the guest", "bytes", "segments" },
};
/* clang-format on */

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

/* A group of the table, for each of `count` that are `size` apart; the first is at `offset`. */
static struct field group(const char *name, const struct fields *rows, size_t offset, size_t size,
                          unsigned count)
{
    return (struct field) { .name = name,
                            .doc = "of each",
                            .offset = (u32)offset,
                            .size = (u32)size,
                            .count = count,
                            .type = FIELD_GROUP,
                            .fixed = rows };
}

static void add_row(struct pc_group_rows *g, const struct fields *of, unsigned i, size_t offset)
{
    assert(g->table.count < PC_GROUP_ROWS);
    g->rows[g->table.count] = of->list[i];
    g->rows[g->table.count++].offset += (u32)offset;
}

/* Rows of a device: how often it was notified, and what it counts at `offset`. */
static void begin_device(struct pc_group_rows *g, size_t virtio, const struct fields *of,
                         size_t offset)
{
    g->table = (struct fields) {
        .name = "device", .version = 1, .list = g->rows, .oldest = 1, .added = "", .gone = ""
    };
    g->rows[g->table.count++] =
        (struct field) { .name = "notified",
                         .doc = "by the driver",
                         .offset = (u32)(virtio + offsetof(struct virtio, notified)),
                         .size = sizeof(u64),
                         .count = 1,
                         .type = FIELD_u64 };
    for (unsigned i = 0; of && i < of->count; i++)
        add_row(g, of, i, offset);
}

static void count_devices(struct pc *p)
{
    struct pc_stats *s = &p->stats;
    const struct fields *net = net_fields();

    begin_device(&s->disk, offsetof(struct blk, virtio), blk_counters_fields(),
                 offsetof(struct blk, counters));
    begin_device(&s->link, offsetof(struct net, virtio), net_counters_fields(),
                 offsetof(struct net, counters));
    for (unsigned i = 0; i < net->count; i++)
        if (net->list[i].type == FIELD_u64)
            add_row(&s->link, net, i, 0);
    begin_device(&s->console, offsetof(struct virtio_console, virtio), NULL, 0);
}

void pc_stats_init(struct pc *p)
{
    const struct fields *one = pc_counters_fields();
    struct pc_stats *s = &p->stats;
    struct field *end = s->rows + one->count;
    struct machine *m = &p->machine;
    struct pc_virtio *v = &p->virtio;

    count_devices(p);
    for (unsigned i = 0; i < one->count; i++) {
        s->rows[i] = one->list[i];
        s->rows[i].offset += offsetof(struct pc, stats.all);
    }
    *end++ = (struct field) { .name = "doorbell",
                              .doc = "notifications of virtio's that were no exits",
                              .offset = offsetof(struct pc, bells.rung),
                              .size = sizeof(u64),
                              .count = 1,
                              .type = FIELD_u64 };
    *end++ = group("cpu", one, offsetof(struct pc, stats.cpu), sizeof s->cpu[0], p->cpus);
    *end++ = group("disk", &s->disk.table, offsetof(struct pc, virtio.disks), sizeof v->disks[0],
                   p->disks);
    *end++ = group("net", &s->link.table, offsetof(struct pc, virtio.links), sizeof v->links[0],
                   p->links);
    *end++ = group("console", &s->console.table, offsetof(struct pc, virtio.console),
                   sizeof v->console, p->console == PC_CONSOLE_VIRTIO);
    assert((size_t)(end - s->rows) == ARRAY_SIZE(s->rows));
    s->table = (struct fields) { .name = "pc_stats",
                                 .version = 1,
                                 .count = ARRAY_SIZE(s->rows),
                                 .list = s->rows,
                                 .oldest = 1,
                                 .added = "",
                                 .gone = "" };
    m->counters = &s->table;
    m->counted = p;
    p->chips.heard = p->chips_at_reset.heard = heard;
    m->trace_events = events;
    m->trace_event_count = ARRAY_SIZE(events);
    m->trace_devices = UINT64_MAX << PC_VIRTIO;
}

void pc_trace_exit(const struct pc_cpu *c, enum exit x)
{
    struct pc *p = c->pc;

    if (trace_on(p->machine.trace, PC_EXIT_EVENT))
        trace_put(p->machine.trace, pc_time(p), PC_EXIT_EVENT, (u16)c->vcpu.index, x,
                  c->vcpu.run->exit_reason);
}

void pc_trace_now(struct pc *p, unsigned id, u16 source, u64 a, u64 b)
{
    trace_put(p->machine.trace, pc_time(p), id, source, a, b);
}

void pc_trace_device(struct pc *p, enum virtio_event what, unsigned source, u64 a, u64 b)
{
    if (trace_on(p->machine.trace, PC_VIRTIO + what))
        pc_trace_now(p, PC_VIRTIO + what, (u16)source, a, b);
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
