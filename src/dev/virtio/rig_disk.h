/* A disk in memory for tests and fuzz targets, which does nothing before it is told: what was
 * submitted waits, and is carried out last first. */
#ifndef DEV_VIRTIO_RIG_DISK_H
#define DEV_VIRTIO_RIG_DISK_H

#include "mach/port.h"

#include <errno.h>
#include <string.h>

enum { RIG_DISK_BYTES = 1 << 20, RIG_DISK_WAITING = 64 };

struct rig_disk {
    struct block_port port;
    struct block_info info;
    struct block_request waiting[RIG_DISK_WAITING];
    struct block_done done[RIG_DISK_WAITING];
    unsigned waiting_count, done_count, room;
    unsigned submitted, flushed, durable, settled;
    int error; /* what every request fails with from now on; 0: none */
    u8 bytes[RIG_DISK_BYTES];
};

static inline struct rig_disk *rig_disk_of(struct block_port *p)
{
    return container_of(p, struct rig_disk, port);
}

static inline void rig_disk_describe(struct block_port *p, struct block_info *out)
{
    *out = rig_disk_of(p)->info;
}

static inline bool rig_disk_submit(struct block_port *p, const struct block_request *r)
{
    struct rig_disk *d = rig_disk_of(p);

    if (d->waiting_count + d->done_count >= d->room)
        return false;
    d->waiting[d->waiting_count++] = *r;
    /* The list itself is only the submitter's to keep: what is asked is what its pieces say. */
    d->submitted++;
    return true;
}

static inline int rig_disk_do(struct rig_disk *d, const struct block_request *r)
{
    u64 at = r->offset;

    if (d->error)
        return d->error;
    if (r->op != BLOCK_FLUSH && (at > d->info.size_bytes || r->len > d->info.size_bytes - at))
        return EINVAL;
    switch (r->op) {
    case BLOCK_READ:
    case BLOCK_WRITE:
        for (unsigned i = 0; i < r->piece_count; i++) {
            size_t n = r->pieces[i].iov_len;

            if (n > d->info.size_bytes - at)
                return EINVAL;
            if (r->op == BLOCK_READ)
                memcpy(r->pieces[i].iov_base, d->bytes + at, n);
            else
                memcpy(d->bytes + at, r->pieces[i].iov_base, n);
            at += n;
        }
        d->durable += r->durable;
        return at - r->offset == r->len ? 0 : EINVAL;
    case BLOCK_FLUSH: d->flushed++; return 0;
    case BLOCK_DISCARD: memset(d->bytes + at, 0xdd, r->len); return 0;
    case BLOCK_ZERO: memset(d->bytes + at, 0, r->len); return 0;
    }
    return EOPNOTSUPP;
}

/* Carries out so many. */
static inline void rig_disk_work(struct rig_disk *d, unsigned count)
{
    while (d->waiting_count && count--) {
        const struct block_request *r = &d->waiting[--d->waiting_count];

        d->done[d->done_count++] = (struct block_done) { r->tag, rig_disk_do(d, r) };
    }
}

static inline unsigned rig_disk_completed(struct block_port *p, struct block_done *out,
                                          unsigned room)
{
    struct rig_disk *d = rig_disk_of(p);
    unsigned n = d->done_count < room ? d->done_count : room;

    memcpy(out, d->done, n * sizeof *out);
    memmove(d->done, d->done + n, (d->done_count - n) * sizeof *out);
    d->done_count -= n;
    return n;
}

static inline void rig_disk_settle(struct block_port *p)
{
    rig_disk_of(p)->settled++;
    rig_disk_work(rig_disk_of(p), UINT32_MAX);
}

static const struct block_ops rig_disk_ops = {
    .describe = rig_disk_describe,
    .submit = rig_disk_submit,
    .completed = rig_disk_completed,
    .settle = rig_disk_settle,
};

static inline void rig_disk_init(struct rig_disk *d)
{
    memset(d, 0, sizeof *d);
    d->port.ops = &rig_disk_ops;
    d->room = RIG_DISK_WAITING;
    d->info = (struct block_info) { .size_bytes = RIG_DISK_BYTES,
                                    .block_bytes = 4096,
                                    .discard = true,
                                    .zero = true,
                                    .serial = "a-serial-of-20-bytes" };
    for (unsigned i = 0; i < RIG_DISK_BYTES; i++)
        d->bytes[i] = (u8)(i / 512 * 7 + i);
}

#endif
