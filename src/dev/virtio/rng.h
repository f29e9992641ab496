/* virtio entropy device (virtio 1.2, 5.4) over an entropy port. */
#ifndef DEV_VIRTIO_RNG_H
#define DEV_VIRTIO_RNG_H

#include "dev/virtio/virtio.h"

struct rng { /* no state but the queue */
    struct virtio virtio;
    struct component component;
    struct entropy_port *port; /* borrowed; NULL: chains wait for ever */
};

void rng_init(struct rng *r, const char *name, struct entropy_port *port,
              const struct virtio_host *host);

#endif
