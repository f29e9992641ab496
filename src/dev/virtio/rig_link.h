/* A link for tests and fuzz targets: what is sent is kept, what is received was put there. */
#ifndef DEV_VIRTIO_RIG_LINK_H
#define DEV_VIRTIO_RIG_LINK_H

#include "mach/port.h"

#include <string.h>

struct rig_frame {
    struct link_head head;
    u32 len;
    u8 bytes[LINK_FRAME_MAX];
};

struct rig_link {
    struct link_port port;
    struct link_info info;
    struct rig_frame out, in; /* the last one sent; the next to be received, if in.len */
    unsigned sent;
    bool busy, cut; /* it takes nothing now; recv() finds its end */
};

static inline void rig_link_describe(struct link_port *p, struct link_info *out)
{
    *out = container_of(p, struct rig_link, port)->info;
}

static inline bool rig_link_send(struct link_port *p, const struct link_head *h,
                                 const struct iovec *pieces, unsigned count)
{
    struct rig_link *l = container_of(p, struct rig_link, port);

    if (l->busy)
        return false;
    l->out.head = *h;
    l->out.len = 0;
    for (unsigned i = 0; i < count; i++) {
        memcpy(l->out.bytes + l->out.len, pieces[i].iov_base, pieces[i].iov_len);
        l->out.len += (u32)pieces[i].iov_len;
    }
    l->sent++;
    return true;
}

static inline long rig_link_recv(struct link_port *p, struct link_head *h,
                                 const struct iovec *pieces, unsigned count)
{
    struct rig_link *l = container_of(p, struct rig_link, port);
    u32 len = l->in.len;

    if (l->cut) {
        l->info.up = false;
        return -1;
    }
    if (!len || count != 1 || pieces[0].iov_len < len)
        return 0;
    *h = l->in.head;
    memcpy(pieces[0].iov_base, l->in.bytes, len);
    l->in.len = 0;
    return len;
}

static const struct link_ops rig_link_ops = {
    .describe = rig_link_describe,
    .send = rig_link_send,
    .recv = rig_link_recv,
};

static inline void rig_link_init(struct rig_link *l, bool offloads)
{
    memset(l, 0, sizeof *l);
    l->port.ops = &rig_link_ops;
    l->info = (struct link_info) { .mtu = 1500, .offloads = offloads, .up = true };
}

#endif
