/* virtio network device (virtio 1.2, 5.1) over a link port: one pair of queues.
 *
 * Frames are asked for only when the driver has buffers, so what waits, waits in the link, and no
 * frame is in the device between two calls. A link that takes frames with work left (a checksum, a
 * packet to cut) lets the device offer these; a driver that cannot take a checksum undone has it
 * done here, and one that cannot take a packet uncut loses it, counted in `dropped`. */
#ifndef DEV_VIRTIO_NET_H
#define DEV_VIRTIO_NET_H

#include "dev/virtio/virtio.h"

enum { NET_MAC_BYTES = 6, NET_QUEUE = 256 };

#define NET(F, A, E, G, H)                                          \
    A(STATE, u8, mac, NET_MAC_BYTES, "the device's address")        \
    F(CONFIG, u16, mtu, "what the link says, or 0")                 \
    F(STATE, bool, up, "the link is there, as the driver was told") \
    F(STATE, u64, received, "frames given to the driver")           \
    F(STATE, u64, sent, "frames given to the link")                 \
    F(STATE, u64, dropped, "frames, either way, that could not be passed on")

/* What has passed it for this process's guest, beside the frames that its state counts. */
#define NET_COUNTERS(F, A, E, G, H)                          \
    F(STATE, u64, received_bytes, "of frames to the driver") \
    F(STATE, u64, sent_bytes, "of frames to the link")
struct net_counters {
    FIELD_MEMBERS(NET_COUNTERS)
};
const struct fields *net_counters_fields(void);

/* The driver's next buffers, as looked up ahead: the longest frame takes some dozens, most take
 * one. None of it is state, in which they are still the driver's. */
struct net_taken {
    u16 head[NET_QUEUE];
    u32 bytes[NET_QUEUE];
    unsigned count;
    u64 room;
};

struct net {
    FIELD_MEMBERS(NET)
    struct virtio virtio;
    struct component component;
    struct link_port *port; /* borrowed */
    struct net_counters counters;
    u8 *frame; /* LINK_FRAME_MAX bytes for the one being received */
    struct net_taken taken;
};

const struct fields *net_fields(void);

/* False: the host has no memory. */
bool net_init(struct net *n, const char *name, struct link_port *port, const u8 mac[NET_MAC_BYTES],
              const struct virtio_host *host);
void net_fini(struct net *n); /* accepts one that is all zero */

#endif
