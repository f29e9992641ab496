/* virtio console (virtio 1.2, 5.3) over a char port: one port, whose screen may change its size.
 * Nothing is lost: input is asked for when the driver has room, output waits in the ring. */
#ifndef DEV_VIRTIO_CONSOLE_H
#define DEV_VIRTIO_CONSOLE_H

#include "dev/virtio/virtio.h"

#define VIRTIO_CONSOLE(F, A, E, G, H)                               \
    F(STATE, u16, columns, "of the screen, as the driver was told") \
    F(STATE, u16, rows, "of the screen")                            \
    F(STATE, u32, sent, "bytes of the next chain that the host has taken already")

struct virtio_console {
    FIELD_MEMBERS(VIRTIO_CONSOLE)
    struct virtio virtio;
    struct component component;
    struct char_port *port; /* borrowed; NULL: silence */
};

const struct fields *virtio_console_fields(void);

void virtio_console_init(struct virtio_console *c, const char *name, struct char_port *port,
                         const struct virtio_host *host);

#endif
