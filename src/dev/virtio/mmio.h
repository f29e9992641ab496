/* The transport of registers in memory (virtio 1.2, 4.2): VIRTIO_MMIO_BYTES of them, at an address
 * that the board knows, and one interrupt wire. */
#ifndef DEV_VIRTIO_MMIO_H
#define DEV_VIRTIO_MMIO_H

#include "dev/virtio/virtio.h"
#include "mach/doorbell.h"
#include "mach/line.h"

enum { VIRTIO_MMIO_BYTES = 0x200 };

struct virtio_mmio {
    struct virtio *virtio; /* borrowed */
    struct line irq;
    struct doorbell doorbell;
};

/* The transport has no state of its own: what registers hold is the device's. */
void virtio_mmio_init(struct virtio_mmio *t, struct virtio *v, struct line irq,
                      struct doorbell doorbell);
void virtio_mmio_fini(struct virtio_mmio *t); /* lets go of the doorbells */

/* Any offset and width; what makes no sense reads as 0 and writes nothing. */
u64 virtio_mmio_read(struct virtio_mmio *t, u64 offset, unsigned bytes);
void virtio_mmio_write(struct virtio_mmio *t, u64 offset, unsigned bytes, u64 value);
/* After a restore: the wire is driven as the state says. */
void virtio_mmio_drive(struct virtio_mmio *t);

#endif
