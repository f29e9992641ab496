/* The transport of a PCI device (virtio 1.2, 4.1): one BAR with all structures and the MSI-X table,
 * found by capabilities; INTx while the driver has not enabled MSI-X.
 *
 * A message that is masked waits: entry `pending`, sent when the mask goes (PCI 3.0, 6.8.2). */
#ifndef DEV_VIRTIO_PCI_H
#define DEV_VIRTIO_PCI_H

#include "dev/pci/pci.h"
#include "dev/virtio/virtio.h"
#include "mach/doorbell.h"
#include "mach/msi.h"

enum { VIRTIO_PCI_VECTORS = VIRTIO_QUEUES + 1, VIRTIO_PCI_BAR = 0 };

#define MSIX_ENTRY(F, A, E, G, H)                          \
    F(STATE, u64, address, "where the message is written") \
    F(STATE, u32, data, "the message")                     \
    F(STATE, bool, masked, "it is held back")              \
    F(STATE, bool, pending, "it has been held back")

struct msix_entry {
    FIELD_MEMBERS(MSIX_ENTRY)
};

#define VIRTIO_PCI(F, A, E, G, H) H(msix_entry, table, VIRTIO_PCI_VECTORS, "MSI-X messages")

struct virtio_pci {
    FIELD_MEMBERS(VIRTIO_PCI)
    struct pci_device pci;
    struct virtio *virtio; /* borrowed */
    struct msi msi;
    struct doorbell doorbell;   /* offsets are of the BAR */
    unsigned msix, window;      /* where these capabilities are */
    struct component component; /* "msix" */
};

const struct fields *msix_entry_fields(void);
const struct fields *virtio_pci_fields(void);

/* `parent`: the device's own component. The board then plugs t->pci. */
void virtio_pci_init(struct virtio_pci *t, struct virtio *v, struct msi msi,
                     struct doorbell doorbell, struct component *parent);
void virtio_pci_fini(struct virtio_pci *t);  /* lets go of the doorbells */
void virtio_pci_reset(struct virtio_pci *t); /* the device, its configuration and messages */
/* After a restore: the wire is driven as the state says. */
void virtio_pci_drive(struct virtio_pci *t);

#endif
