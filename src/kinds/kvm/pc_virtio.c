#include "kinds/kvm/pc_virtio.h"

#include "kinds/kvm/acpi.h"
#include "kinds/kvm/pc.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { SLOT_RNG = 1, SLOT_DISK = 2, SLOT_CONSOLE = 10, SLOT_LINK = 16 };
enum { WIRE_FIRST = 16, PCI_WIRES = 4, MMIO_WIRES = 8 };
enum { BRIDGE_VENDOR = 0x1b36, BRIDGE_DEVICE = 0x0008 }; /* a generic host bridge */

_Static_assert(1 + PC_DISKS + 2 + 2 * PC_LINKS <= BELLS, "one for each queue");
_Static_assert(PC_DISKS + SLOT_DISK <= SLOT_CONSOLE && SLOT_LINK + PC_LINKS <= PCI_SLOTS, "slots");

static struct virtio *virtio_at(const struct pc_virtio *v, unsigned slot)
{
    return v->slots[slot].virtio;
}

static bool on_pci(const struct pc *p)
{
    return p->transport == PC_TRANSPORT_PCI;
}

/* ---- wires ---- */

static unsigned wire_of(const struct pc *p, unsigned slot)
{
    return slot % (on_pci(p) ? PCI_WIRES : MMIO_WIRES);
}

/* A wire is high as long as one of its slots holds it. */
static void set_wire(void *owner, unsigned slot, int level)
{
    struct pc *p = owner;
    unsigned wire = wire_of(p, slot);
    u32 *held = &p->virtio.asserted[wire];

    *held = level ? *held | 1u << slot : *held & ~(1u << slot);
    chips_line(&p->chips, WIRE_FIRST + wire, *held != 0);
}

/* ---- what devices ask of the machine ---- */

static void device_wakes(void *owner)
{
    struct pc *p = owner;

    __atomic_store_n(&p->woken, 1, __ATOMIC_SEQ_CST);
    pc_ring(p);
}

/* The lock is held. */
static void device_stops(void *owner, const char *why)
{
    struct pc *p = owner;

    snprintf(p->virtio.stopped, sizeof p->virtio.stopped, "%s", why);
    pc_ring(p);
}

/* Disks and cards are told by their numbers, and else the slot. */
static void device_says(void *owner, struct virtio *v, enum virtio_event what, u64 a, u64 b)
{
    struct pc *p = owner;
    const struct pc_slot *s = on_pci(p) ? container_of(v->transport, struct pc_slot, pci)
                                        : container_of(v->transport, struct pc_slot, mmio);
    unsigned slot = (unsigned)(s - p->virtio.slots);

    pc_trace_device(
        p, what, what == VIRTIO_NOTIFIED ? slot : slot - (slot < SLOT_LINK ? SLOT_DISK : SLOT_LINK),
        a, b);
}

static u64 device_asks_time(void *owner)
{
    return pc_time(owner);
}

/* The guest has written where the device's BAR is, or a snapshot has said so. */
static void bar_moved(void *owner, struct pci_device *d)
{
    struct pc *p = owner;
    struct pc_slot *s = &p->virtio.slots[d->slot];

    _Static_assert(PCI_NOWHERE == BELLS_NOWHERE, "one nowhere");
    if (s->virtio)
        bells_move(&s->place, pci_bar(d, VIRTIO_PCI_BAR));
}

/* ---- life ---- */

static char *name_slot(struct pc_virtio *v, unsigned slot, const char *what, unsigned number)
{
    snprintf(v->slots[slot].name, sizeof v->slots[slot].name, "%s%u", what, number);
    return v->slots[slot].name;
}

static void plug(struct pc *p, unsigned slot, struct virtio *device, struct component *component)
{
    const struct line wire = { set_wire, p, slot };
    struct pc_slot *s = &p->virtio.slots[slot];

    s->virtio = device;
    if (!on_pci(p)) {
        virtio_mmio_init(&s->mmio, device, wire,
                         bells_at(&p->bells, &s->place, PC_MMIO + slot * PC_MMIO_STRIDE));
        component_add(&p->machine.root, component);
        return;
    }
    virtio_pci_init(&s->pci, device, (struct msi) { chips_msi, &p->chips, 0 },
                    bells_at(&p->bells, &s->place, BELLS_NOWHERE), component);
    pci_plug(&p->virtio.bus, slot, &s->pci.pci, wire);
    component_add(&p->virtio.bus.component, component);
}

/* What a snapshot has of the disk itself, beside the device. */
static void keep_disk(struct pc *p, unsigned i, const struct block_port *port)
{
    struct pc_slot *s = &p->virtio.slots[SLOT_DISK + i];

    if (port->state)
        component_add(&p->virtio.disks[i].component, port->state);
    if (port->spaces[0]) {
        snprintf(s->map_name, sizeof s->map_name, "disk%u_map", i);
        port->spaces[0]->name = s->name;
        port->spaces[1]->name = s->map_name;
    }
    for (unsigned k = 0; k < BLOCK_SPACES; k++)
        if (port->spaces[k])
            machine_add_space(&p->machine, port->spaces[k]);
}

static int plug_all(struct pc *p, const struct virtio_host *host, struct err *e)
{
    const struct ports *ports = &p->machine.ports;
    struct pc_virtio *v = &p->virtio;

    rng_init(&v->rng, name_slot(v, SLOT_RNG, "rng", 0), ports->entropy, host);
    plug(p, SLOT_RNG, &v->rng.virtio, &v->rng.component);
    if (p->console == PC_CONSOLE_VIRTIO) {
        struct virtio_host of_console = *host;

        of_console.wake.call = pc_console_wakes;
        virtio_console_init(&v->console, name_slot(v, SLOT_CONSOLE, "console", 0), ports->console,
                            &of_console);
        plug(p, SLOT_CONSOLE, &v->console.virtio, &v->console.component);
    }
    for (; v->disk_count < p->disks; v->disk_count++) {
        unsigned i = v->disk_count, slot = SLOT_DISK + i;
        struct blk *b = &v->disks[i];

        if (!blk_init(b, name_slot(v, slot, "disk", i), ports->disks[i], host, true))
            return err_set(e, ERR_NOMEM, "no memory for a disk");
        plug(p, slot, &b->virtio, &b->component);
        keep_disk(p, i, ports->disks[i]);
    }
    for (; v->link_count < p->links; v->link_count++) {
        unsigned i = v->link_count, slot = SLOT_LINK + i;
        struct net *n = &v->links[i];
        struct link_info info = { 0 };

        ports->links[i]->ops->describe(ports->links[i], &info);
        if (!net_init(n, name_slot(v, slot, "net", i), ports->links[i], info.mac, host))
            return err_set(e, ERR_NOMEM, "no memory for a network card");
        plug(p, slot, &n->virtio, &n->component);
    }
    return 0;
}

static int check_count(const char *what, unsigned wanted, unsigned given, struct err *e)
{
    return wanted == given
               ? 0
               : err_set(e, ERR_USAGE, "the machine has %u %s%s, and %u %s given (see --%s)",
                         wanted, what, wanted == 1 ? "" : "s", given, given == 1 ? "is" : "are",
                         strcmp(what, "disk") == 0 ? "disk" : "net");
}

int pc_virtio_init(struct pc *p, struct err *e)
{
    const struct virtio_host host = { .dma = &p->dma,
                                      .wake = { device_wakes, p },
                                      .stop = device_stops,
                                      .owner = p,
                                      .heard = device_says,
                                      .now_ns = device_asks_time };

    if (check_count("disk", p->disks, p->machine.ports.disk_count, e) ||
        check_count("network link", p->links, p->machine.ports.link_count, e))
        return -(int)e->code;
    dma_add(&p->dma, p->vm.ram.base, p->vm.ram.size_bytes, &p->vm.ram, 0);
    if (p->vm.high.size_bytes)
        dma_add(&p->dma, p->vm.high.base, p->vm.high.size_bytes, &p->vm.high, 0);
    bells_init(&p->bells, p->vm.kvm, p->notify == PC_NOTIFY_EVENTFD ? p->vm.fd : -1);
    pci_bus_init(&p->virtio.bus, "pci", BRIDGE_VENDOR, BRIDGE_DEVICE);
    p->virtio.bus.moved = bar_moved;
    p->virtio.bus.owner = p;
    component_add(&p->machine.root, &p->virtio.bus.component);
    return plug_all(p, &host, e);
}

void pc_virtio_fini(struct pc *p)
{
    struct pc_virtio *v = &p->virtio;

    for (unsigned i = 0; i < PC_DISKS; i++)
        blk_fini(&v->disks[i]);
    for (unsigned i = 0; i < PC_LINKS; i++)
        net_fini(&v->links[i]);
    bells_fini(&p->bells);
}

void pc_virtio_reset(struct pc *p)
{
    struct pc_virtio *v = &p->virtio;

    v->bus.address = 0;
    v->stopped[0] = 0;
    for (unsigned i = 0; i < PCI_SLOTS; i++)
        if (virtio_at(v, i) && on_pci(p))
            virtio_pci_reset(&v->slots[i].pci);
        else if (virtio_at(v, i))
            virtio_reset(virtio_at(v, i));
}

/* ---- registers in memory ---- */

static struct virtio_mmio *at(struct pc *p, u64 address, u64 *offset)
{
    u64 from = address - PC_MMIO, slot = from / PC_MMIO_STRIDE;

    *offset = from % PC_MMIO_STRIDE;
    if (on_pci(p) || address < PC_MMIO || slot >= PCI_SLOTS || *offset >= VIRTIO_MMIO_BYTES ||
        !virtio_at(&p->virtio, (unsigned)slot))
        return NULL;
    return &p->virtio.slots[slot].mmio;
}

bool pc_virtio_read(struct pc *p, u64 address, unsigned bytes, u64 *value)
{
    u64 offset;
    struct virtio_mmio *t = at(p, address, &offset);

    if (!t)
        return pci_memory_read(&p->virtio.bus, address, bytes, value);
    *value = virtio_mmio_read(t, offset, bytes);
    return true;
}

bool pc_virtio_write(struct pc *p, u64 address, unsigned bytes, u64 value)
{
    u64 offset;
    struct virtio_mmio *t = at(p, address, &offset);

    if (!t)
        return pci_memory_write(&p->virtio.bus, address, bytes, value);
    virtio_mmio_write(t, offset, bytes, value);
    return true;
}

void pc_virtio_describe(const struct pc *p, struct acpi_board *out)
{
    _Static_assert((int)PCI_SLOTS <= (int)ACPI_VIRTIO_MAX, "room for all");
    out->virtio_count = 0;
    for (u32 i = 0; i < PCI_SLOTS && !on_pci(p); i++)
        if (virtio_at(&p->virtio, i))
            out->virtio[out->virtio_count++] = (struct acpi_virtio) {
                PC_MMIO + i * PC_MMIO_STRIDE, VIRTIO_MMIO_BYTES, (u8)(WIRE_FIRST + wire_of(p, i))
            };
}

/* ---- running ---- */

unsigned pc_virtio_awaits(const struct pc *p, struct pollfd *out, struct pc_awaited *a)
{
    const struct ports *ports = &p->machine.ports;

    a->count = 0;
    for (unsigned i = 0; i < p->virtio.disk_count; i++)
        if (ports->disks[i]->ops->awaits &&
            ports->disks[i]->ops->awaits(ports->disks[i], out + a->count))
            a->slot[a->count++] = (u8)(SLOT_DISK + i);
    for (unsigned i = 0; i < p->virtio.link_count; i++)
        if (ports->links[i]->ops->awaits &&
            ports->links[i]->ops->awaits(ports->links[i], out + a->count))
            a->slot[a->count++] = (u8)(SLOT_LINK + i);
    return a->count;
}

void pc_virtio_came(struct pc *p, const struct pollfd *f, const struct pc_awaited *a)
{
    for (unsigned i = 0; i < a->count; i++) {
        unsigned slot = a->slot[i];

        if (!f[i].revents)
            continue;
        if (slot >= SLOT_LINK) {
            struct link_port *link = p->machine.ports.links[slot - SLOT_LINK];

            link->ops->came(link, f[i].revents);
        }
        virtio_poll(virtio_at(&p->virtio, slot));
    }
}

void pc_virtio_begin(struct pc *p)
{
    struct pc_virtio *v = &p->virtio;

    v->stopped[0] = 0;
    for (unsigned i = 0; i < PCI_SLOTS; i++)
        if (virtio_at(v, i) && on_pci(p))
            virtio_pci_drive(&v->slots[i].pci);
        else if (virtio_at(v, i))
            virtio_mmio_drive(&v->slots[i].mmio);
    pc_virtio_poll(p);
}

void pc_virtio_poll(struct pc *p)
{
    struct pc_virtio *v = &p->virtio;

    for (unsigned i = 0; i < PCI_SLOTS; i++)
        if (virtio_at(v, i) && i != SLOT_CONSOLE) /* pc_console_poll() */
            virtio_poll(virtio_at(v, i));
}
