/* The virtio devices of the board `microvm`, each in a slot:
 *
 *     slot 0         the PCI bus's host bridge
 *     slot 1         rng
 *     slot 2..9      a disk each
 *     slot 10        console, if the machine's is virtio's
 *     slot 16..23    a network card each
 *
 * By the setting `transport` all are on the PCI bus, or none: then the registers of slot N are at
 * PC_MMIO + N * 4096, of which an SSDT tells (acpi.h). INTx of slot N goes to wire 16 + N % 4 of
 * the IOAPIC (dsdt.asl), the wire of registers in memory to 16 + N % 8; slots share them. */
#ifndef KVM_PC_VIRTIO_H
#define KVM_PC_VIRTIO_H

#include "dev/virtio/blk.h"
#include "dev/virtio/console.h"
#include "dev/virtio/mmio.h"
#include "dev/virtio/net.h"
#include "dev/virtio/pci.h"
#include "dev/virtio/rng.h"
#include "kinds/kvm/bells.h"

enum { PC_DISKS = 8, PC_LINKS = 8, PC_AWAITED = PC_DISKS + PC_LINKS };
/* The bus's memory, as dsdt.asl says it: from the end of low RAM to the IOAPIC's page. */
#define PC_PCI_MEMORY     0xc0000000u
#define PC_PCI_MEMORY_END 0xfeb00000u
#define PC_MMIO           0xfeb00000u
#define PC_MMIO_STRIDE    0x1000u
#define PC_PCI_PORT       0xcf8
#define PC_PCI_PORTS      8

struct pc_slot {           /* of one device: its transport, and its name in the tree */
    struct virtio *virtio; /* borrowed; NULL: there is none */
    struct virtio_pci pci; /* the one or the other */
    struct virtio_mmio mmio;
    struct bell_place place;
    char name[12], map_name[16];
};

struct pc_virtio {
    struct pci_bus bus;
    struct rng rng;
    struct virtio_console console;
    struct blk disks[PC_DISKS];
    struct net links[PC_LINKS];
    unsigned disk_count, link_count;
    struct pc_slot slots[PCI_SLOTS];
    u32 asserted[8];   /* for each wire, a bit for each slot that holds it */
    char stopped[160]; /* why a device wants the machine to stop; empty: it does not */
};

struct pc_awaited { /* whose ports want to be waited for (mach/port.h) */
    u8 slot[PC_AWAITED];
    unsigned count;
};

struct pc;
int pc_virtio_init(struct pc *p, struct err *e);
void pc_virtio_fini(struct pc *p); /* accepts one that is all zero */
void pc_virtio_reset(struct pc *p);
/* The lock is held: first of all when run() begins, and when a port has woken the machine. */
void pc_virtio_begin(struct pc *p);
void pc_virtio_poll(struct pc *p);
/* What the machine's thread is to wait for, at most PC_AWAITED, and how many; and what came of it.
 */
unsigned pc_virtio_awaits(const struct pc *p, struct pollfd *out, struct pc_awaited *a);
void pc_virtio_came(struct pc *p, const struct pollfd *f, const struct pc_awaited *a);
/* Memory; false: none of them is there. */
bool pc_virtio_read(struct pc *p, u64 address, unsigned bytes, u64 *value);
bool pc_virtio_write(struct pc *p, u64 address, unsigned bytes, u64 value);
/* Those whose registers are in memory, for the guest's tables. */
struct acpi_board;
void pc_virtio_describe(const struct pc *p, struct acpi_board *out);

#endif
