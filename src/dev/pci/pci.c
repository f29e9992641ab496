#include "dev/pci/pci.h"

#include "base/le.h"

#include <assert.h>
#include <string.h>

FIELD_TABLE(pci_device, 1, PCI_DEVICE)
FIELD_TABLE(pci_bus, 1, PCI_BUS)

/* ---- devices ---- */

static void put(struct pci_device *d, unsigned at, u64 value, unsigned bytes)
{
    le_put(d->config + at, value, bytes);
    le_put(d->fixed + at, value, bytes);
}

/* What the guest cannot have written must be as it always was. */
static int device_loaded(void *self, struct err *e)
{
    struct pci_device *d = self;

    for (unsigned i = 0; i < PCI_CONFIG_BYTES; i++)
        if ((d->config[i] ^ d->fixed[i]) & (u8)~d->writable[i])
            return err_set(e, ERR_FORMAT, "config[%u]: $%02x", i, d->config[i]);
    if (d->bus && d->bus->moved)
        d->bus->moved(d->bus->owner, d);
    return 0;
}

void pci_device_init(struct pci_device *d, const struct pci_ops *ops, u16 vendor, u16 device,
                     u32 class, u8 revision, struct component *parent)
{
    *d = (struct pci_device) {
        .ops = ops,
        .next_capability = PCI_FIRST_CAPABILITY,
        .component = { .name = "pci",
                       .self = d,
                       .fields = pci_device_fields(),
                       .loaded = device_loaded },
    };
    put(d, PCI_VENDOR, vendor, 2);
    put(d, PCI_DEVICE_ID, device, 2);
    put(d, PCI_REVISION, revision, 1);
    put(d, PCI_CLASS, class, 3);
    put(d, PCI_SUBSYSTEM_VENDOR, vendor, 2);
    put(d, PCI_SUBSYSTEM, device, 2);
    le_put(d->writable + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX,
           2);
    d->writable[PCI_INTERRUPT_LINE] = 0xff;
    if (parent)
        component_add(parent, &d->component);
}

void pci_add_bar(struct pci_device *d, unsigned bar, u32 bytes)
{
    assert(bar < PCI_BARS && bytes >= 16 && !(bytes & (bytes - 1)));
    d->bar_bytes[bar] = bytes;
    le_put(d->writable + PCI_BAR0 + 4 * bar, (u32)-bytes, 4);
}

unsigned pci_add_capability(struct pci_device *d, u8 id, const void *body, unsigned len)
{
    unsigned at = d->next_capability, link = PCI_CAPABILITIES;

    assert(len >= 2 && at + len <= PCI_CONFIG_BYTES);
    while (d->config[link])
        link = d->config[link] + 1u;
    put(d, link, at, 1);
    put(d, at, id, 1);
    memcpy(d->config + at + 2, body, len - 2);
    memcpy(d->fixed + at + 2, body, len - 2);
    d->fixed[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
    d->config[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
    d->next_capability = (at + len + 3) & ~3u;
    return at;
}

static void moved(struct pci_device *d)
{
    if (d->bus && d->bus->moved)
        d->bus->moved(d->bus->owner, d);
}

void pci_reset(struct pci_device *d)
{
    memcpy(d->config, d->fixed, sizeof d->config);
    moved(d);
}

u64 pci_bar(const struct pci_device *d, unsigned bar)
{
    assert(bar < PCI_BARS);
    if (!d->bar_bytes[bar] || !(d->config[PCI_COMMAND] & PCI_COMMAND_MEMORY))
        return PCI_NOWHERE;
    return le_get(d->config + PCI_BAR0 + 4 * bar, 4) & ~15ull;
}

static void drive_intx(struct pci_device *d)
{
    bool off = le_get(d->config + PCI_COMMAND, 2) & PCI_COMMAND_NO_INTX;

    line_set(&d->intx, d->asserted && !off);
}

void pci_intx(struct pci_device *d, bool level)
{
    d->asserted = level;
    drive_intx(d);
}

static u32 config_read(struct pci_device *d, unsigned offset, unsigned bytes)
{
    u8 at[4];

    if (offset + bytes > PCI_CONFIG_BYTES) /* of the extended space nothing is there */
        return 0;
    if (d->ops->config_reads)
        d->ops->config_reads(d, offset, bytes);
    memcpy(at, d->config + offset, bytes);
    if (d->asserted && offset <= PCI_STATUS && offset + bytes > PCI_STATUS)
        at[PCI_STATUS - offset] |= PCI_STATUS_INTX;
    return (u32)le_get(at, bytes);
}

static void config_write(struct pci_device *d, unsigned offset, unsigned bytes, u32 value)
{
    if (offset + bytes > PCI_CONFIG_BYTES)
        return;
    for (unsigned i = offset; i < offset + bytes; i++, value >>= 8)
        d->config[i] = (u8)((d->config[i] & ~d->writable[i]) | (value & d->writable[i]));
    if (offset < PCI_BAR0 + 4 * PCI_BARS && offset + bytes > PCI_COMMAND) {
        moved(d);
        drive_intx(d);
    }
    if (d->ops->config_written)
        d->ops->config_written(d, offset, bytes);
}

/* ---- the bus ---- */

void pci_bus_init(struct pci_bus *b, const char *name, u16 bridge_vendor, u16 bridge_device)
{
    static const struct pci_ops nothing = { 0 };

    *b = (struct pci_bus) {
        .component = { .name = name, .self = b, .fields = pci_bus_fields() },
    };
    pci_device_init(&b->bridge, &nothing, bridge_vendor, bridge_device, 0x060000, 0, &b->component);
    pci_plug(b, 0, &b->bridge, (struct line) { 0 });
}

void pci_plug(struct pci_bus *b, unsigned slot, struct pci_device *d, struct line intx)
{
    assert(slot < PCI_SLOTS && !b->slots[slot] && !d->bus);
    b->slots[slot] = d;
    d->bus = b;
    d->slot = slot;
    d->intx = intx;
    if (intx.set)
        put(d, PCI_INTERRUPT_PIN, 1, 1); /* INTA# */
}

/* Bus, device, function and register as ECAM has them; only function 0 of bus 0 is there. */
static struct pci_device *decode(struct pci_bus *b, u64 offset, unsigned bytes)
{
    if (offset >= PCI_ECAM_BYTES || (offset >> 12 & 7) || bytes > 4 || offset % 4 + bytes > 4)
        return NULL;
    return b->slots[offset >> 15];
}

u32 pci_ecam_read(struct pci_bus *b, u64 offset, unsigned bytes)
{
    struct pci_device *d = decode(b, offset, bytes);

    return d ? config_read(d, offset & 0xfff, bytes) : UINT32_MAX;
}

void pci_ecam_write(struct pci_bus *b, u64 offset, unsigned bytes, u32 value)
{
    struct pci_device *d = decode(b, offset, bytes);

    if (d)
        config_write(d, offset & 0xfff, bytes, value);
}

/* $cf8: enable, bus, device, function, register (3.2.2.3.2), as an ECAM offset. */
static u64 chosen(const struct pci_bus *b, unsigned port)
{
    if (!(b->address >> 31))
        return PCI_NOWHERE;
    return (u64)(b->address >> 8 & 0xffff) << 12 | (b->address & 0xfc) | (port & 3);
}

u32 pci_port_read(struct pci_bus *b, unsigned port, unsigned bytes)
{
    if (port < 4)
        return port == 0 && bytes == 4 ? b->address : UINT32_MAX;
    return pci_ecam_read(b, chosen(b, port), bytes);
}

void pci_port_write(struct pci_bus *b, unsigned port, unsigned bytes, u32 value)
{
    if (port >= 4)
        pci_ecam_write(b, chosen(b, port), bytes, value);
    else if (port == 0 && bytes == 4)
        b->address = value & 0x80fffffc;
}

/* Whose BAR an access lies in, all of it. */
static struct pci_device *find(struct pci_bus *b, u64 address, unsigned bytes, unsigned *bar,
                               u64 *offset)
{
    for (unsigned s = 0; s < PCI_SLOTS; s++)
        for (unsigned i = 0; b->slots[s] && i < PCI_BARS; i++) {
            struct pci_device *d = b->slots[s];
            u64 base = pci_bar(d, i);

            if (base == PCI_NOWHERE || address < base || address - base >= d->bar_bytes[i] ||
                bytes > d->bar_bytes[i] - (address - base))
                continue;
            *bar = i;
            *offset = address - base;
            return d;
        }
    return NULL;
}

bool pci_memory_read(struct pci_bus *b, u64 address, unsigned bytes, u64 *value)
{
    unsigned bar;
    u64 offset;
    struct pci_device *d = find(b, address, bytes, &bar, &offset);

    if (!d || !d->ops->read)
        return false;
    *value = d->ops->read(d, bar, offset, bytes);
    return true;
}

bool pci_memory_write(struct pci_bus *b, u64 address, unsigned bytes, u64 value)
{
    unsigned bar;
    u64 offset;
    struct pci_device *d = find(b, address, bytes, &bar, &offset);

    if (!d || !d->ops->write)
        return false;
    d->ops->write(d, bar, offset, bytes, value);
    return true;
}
