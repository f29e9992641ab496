/* virtio console (virtio 1.2, 5.3) over a char port: one port, whose screen may change its size.
 * Nothing is lost: input is asked for when the driver has room, output waits in the ring. */
#ifndef DEV_VIRTIO_CONSOLE_H
#define DEV_VIRTIO_CONSOLE_H

#include "dev/virtio/virtio.h"

enum { VIRTIO_CONSOLE_TELLS = 8 };

#define VIRTIO_CONSOLE(F, A, E, G, H)                                                        \
    F(STATE, u16, columns, "of the screen, as the driver was told")                          \
    F(STATE, u16, rows, "of the screen")                                                     \
    F(STATE, u8, told, "how often the driver was told of it again", 0, VIRTIO_CONSOLE_TELLS) \
    F(STATE, u64, again_ns, "when it will be told again; 0: it has not begun")               \
    F(STATE, u32, sent, "bytes of the next chain that the host has taken already")

struct virtio_console {
    FIELD_MEMBERS(VIRTIO_CONSOLE)
    struct virtio virtio;
    struct component component;
    struct char_port *port; /* borrowed; NULL: silence */
    bool hungry;            /* derived: the driver has room, and the port had nothing for it */
};

const struct fields *virtio_console_fields(void);

void virtio_console_init(struct virtio_console *c, const char *name, struct char_port *port,
                         const struct virtio_host *host);
/* It would take a byte from its port. Else it asks by itself as soon as the driver has room. */
bool virtio_console_wants(const struct virtio_console *c);

#endif
