/* virtio block device (virtio 1.2, 5.2) over a block port.
 *
 * A request is taken from the queue, and its data copied out of guest memory, before the host gets
 * it; what the host has read is copied into guest memory when the machine asks for completions
 * (virtio_poll()). So host threads touch no guest memory, and a deterministic kind can record the
 * moment. A kind whose guest runs on the host's processor may choose `direct` instead: then the
 * host reads and writes guest memory itself, as a bus master does.
 *
 *   free --take()--> busy, not submitted --submit()--> submitted --completion--> free
 *                      ^                                   |
 *                      +-- more to do; the host is full ---+
 *
 * State is only which chains are the device's. A machine that was restored submits them again: each
 * request, done twice, is as done once. */
#ifndef DEV_VIRTIO_BLK_H
#define DEV_VIRTIO_BLK_H

#include "dev/virtio/virtio.h"

enum { BLK_FLIGHT = 64, BLK_CHUNK_BYTES = 256 << 10, BLK_SEGMENTS = 254 };

#define BLK(F, A, E, G, H)                                    \
    F(CONFIG, u64, sectors, "size, in sectors of 512 bytes")  \
    F(CONFIG, u32, block_bytes, "what the host handles best") \
    F(CONFIG, bool, read_only, "the driver may not write")    \
    F(STATE, u64, busy, "slots in use, a bit each")           \
    A(STATE, u16, head, BLK_FLIGHT, "the chain that is in a slot")

/* What the disk has done for this process's guest; a request counts when the driver has it back. */
#define BLK_COUNTERS(F, A, E, G, H)                              \
    F(STATE, u64, reads, "requests that read")                   \
    F(STATE, u64, writes, "requests that wrote")                 \
    F(STATE, u64, flushes, "requests to make all of it durable") \
    F(STATE, u64, discards, "requests to give space back")       \
    F(STATE, u64, zeroes, "requests to write zeroes")            \
    F(STATE, u64, errors, "requests that failed, of any kind")   \
    F(STATE, u64, read_bytes, "of those that read")              \
    F(STATE, u64, written_bytes, "of those that wrote")          \
    F(STATE, u64, waited_ns, "all requests together, from beginning to end")
struct blk_counters {
    FIELD_MEMBERS(BLK_COUNTERS)
};
const struct fields *blk_counters_fields(void);

struct blk_request; /* a slot's: what of it belongs to this process */

struct blk {
    FIELD_MEMBERS(BLK)
    struct virtio virtio;
    struct component component;
    struct block_port *port; /* borrowed */
    char serial[21];
    bool direct;
    u32 epoch;            /* completions of others are stale */
    unsigned outstanding; /* submitted */
    struct blk_request *requests;
    struct blk_counters counters;
};

const struct fields *blk_fields(void);

/* False: the host has no memory. The port has told everything by then: disks do not change size.
 * `name` is the component's. */
bool blk_init(struct blk *b, const char *name, struct block_port *port,
              const struct virtio_host *host, bool direct);
void blk_fini(struct blk *b); /* accepts one that is all zero; waits for what the host works on */

#endif
