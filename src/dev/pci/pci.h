/* A PCI bus of 32 slots and the configuration space of what is in them (PCI Local Bus 3.0, chapter
 * 6; ECAM by PCI Express 2.0, 7.2.2). The board decides where the guest finds configuration (ports,
 * a window of memory, or both), which addresses are the bus's memory, and where a device's wire
 * goes; it asks this file. */
#ifndef DEV_PCI_PCI_H
#define DEV_PCI_PCI_H

#include "mach/component.h"
#include "mach/line.h"

enum { PCI_CONFIG_BYTES = 256, PCI_BARS = 6, PCI_SLOTS = 32, PCI_ECAM_BYTES = 1 << 20 };
#define PCI_NOWHERE UINT64_MAX

enum pci_register {
    PCI_VENDOR = 0x00,
    PCI_DEVICE_ID = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_REVISION = 0x08,
    PCI_CLASS = 0x09, /* three bytes */
    PCI_HEADER = 0x0e,
    PCI_BAR0 = 0x10,
    PCI_SUBSYSTEM_VENDOR = 0x2c,
    PCI_SUBSYSTEM = 0x2e,
    PCI_CAPABILITIES = 0x34,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,
    PCI_FIRST_CAPABILITY = 0x40,
};
enum pci_command { PCI_COMMAND_MEMORY = 2, PCI_COMMAND_MASTER = 4, PCI_COMMAND_NO_INTX = 1 << 10 };
enum pci_status { PCI_STATUS_INTX = 8, PCI_STATUS_CAPABILITIES = 16 };
enum pci_capability { PCI_CAP_VENDOR = 9, PCI_CAP_MSIX = 17 };

struct pci_device;
struct pci_bus;

struct pci_ops { /* each optional */
    u64 (*read)(struct pci_device *d, unsigned bar, u64 offset, unsigned bytes);
    void (*write)(struct pci_device *d, unsigned bar, u64 offset, unsigned bytes, u64 value);
    /* Before the guest reads configuration, and after it has written some. */
    void (*config_reads)(struct pci_device *d, unsigned offset, unsigned bytes);
    void (*config_written)(struct pci_device *d, unsigned offset, unsigned bytes);
};

#define PCI_DEVICE(F, A, E, G, H) A(STATE, u8, config, PCI_CONFIG_BYTES, "configuration space")

struct pci_device {
    FIELD_MEMBERS(PCI_DEVICE)
    const struct pci_ops *ops;
    u8 fixed[PCI_CONFIG_BYTES];    /* as at power-on */
    u8 writable[PCI_CONFIG_BYTES]; /* bits that the guest may change */
    u32 bar_bytes[PCI_BARS];       /* powers of two; 0: there is none */
    struct pci_bus *bus;           /* borrowed; NULL: not plugged */
    unsigned slot, next_capability;
    struct line intx;
    bool asserted;              /* derived: the device's wire */
    struct component component; /* "pci" */
};

const struct fields *pci_device_fields(void);

/* A device of that kind; `class` is base class, subclass, interface: 0x010000. */
void pci_device_init(struct pci_device *d, const struct pci_ops *ops, u16 vendor, u16 device,
                     u32 class, u8 revision, struct component *parent);
/* Before power-on: a 32-bit memory BAR of `bytes`, a power of two from 16 on. */
void pci_add_bar(struct pci_device *d, unsigned bar, u32 bytes);
/* Before power-on: `len` bytes of capability, head included, of which `body` is what follows the
 * head's two. Returns where it is. */
unsigned pci_add_capability(struct pci_device *d, u8 id, const void *body, unsigned len);
void pci_reset(struct pci_device *d);

/* Where a BAR is; PCI_NOWHERE while memory is not decoded. */
u64 pci_bar(const struct pci_device *d, unsigned bar);
/* The device's INTx wire, as far as the guest has not turned it off. */
void pci_intx(struct pci_device *d, bool level);
/* What msi_send() takes as its source: bus, device, function. */
static inline u32 pci_source(const struct pci_device *d)
{
    return d->slot << 3;
}

/* ---- the bus ---- */

#define PCI_BUS(F, A, E, G, H) F(STATE, u32, address, "the port at $cf8")

struct pci_bus {
    FIELD_MEMBERS(PCI_BUS)
    struct pci_device *slots[PCI_SLOTS]; /* borrowed */
    /* Optional: a device's BARs are elsewhere now, or nowhere. */
    void (*moved)(void *owner, struct pci_device *d);
    void *owner;
    struct component component;
    struct pci_device bridge; /* slot 0 */
};

const struct fields *pci_bus_fields(void);

/* With a host bridge in slot 0. */
void pci_bus_init(struct pci_bus *b, const char *name, u16 bridge_vendor, u16 bridge_device);
void pci_plug(struct pci_bus *b, unsigned slot, struct pci_device *d, struct line intx);

/* At `offset` of the ECAM window of bus 0: what is not there reads as ones. */
u32 pci_ecam_read(struct pci_bus *b, u64 offset, unsigned bytes);
void pci_ecam_write(struct pci_bus *b, u64 offset, unsigned bytes, u32 value);
/* The eight ports from $cf8 on. */
u32 pci_port_read(struct pci_bus *b, unsigned port, unsigned bytes);
void pci_port_write(struct pci_bus *b, unsigned port, unsigned bytes, u32 value);
/* Memory; false: no BAR is there. */
bool pci_memory_read(struct pci_bus *b, u64 address, unsigned bytes, u64 *value);
bool pci_memory_write(struct pci_bus *b, u64 address, unsigned bytes, u64 value);

#endif
