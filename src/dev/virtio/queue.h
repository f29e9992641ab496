/* One split virtqueue, from the device's side (virtio 1.2, 2.7). The driver may be malicious, and
 * may change the rings while they are read: each number is read once, and judged; every access is
 * to memory that exists; a chain has at most VIRTQ_CHAIN_MAX pieces. Nothing here waits or loops
 * for longer than that.
 *
 *   off --virtq_start()--> ready --virtq_next()--> a chain: the device's until virtq_push()
 *    ^                       |
 *    +-----virtq_reset()-----+
 */
#ifndef DEV_VIRTIO_QUEUE_H
#define DEV_VIRTIO_QUEUE_H

#include "mach/dma.h"
#include "mach/field.h"

#include <sys/uio.h>

enum { VIRTQ_SIZE_MAX = 256, VIRTQ_CHAIN_MAX = 258 };

#define VIRTQ(F, A, E, G, H)                                                \
    F(STATE, u16, size, "entries", 0, VIRTQ_SIZE_MAX)                       \
    F(STATE, bool, ready, "the driver has enabled it")                      \
    F(STATE, u64, desc, "bus address of the descriptor table")              \
    F(STATE, u64, avail, "bus address of the driver's ring")                \
    F(STATE, u64, used, "bus address of the device's ring")                 \
    F(STATE, u16, next, "index of the available entry to take next")        \
    F(STATE, u16, done, "index of the used entry to give next")             \
    F(STATE, u16, told, "what the used index was when the driver was told") \
    F(STATE, u16, vector, "its MSI-X vector; $ffff: none")

struct virtq {
    FIELD_MEMBERS(VIRTQ)
    const struct dma *dma;      /* borrowed */
    bool indirect, event_index; /* negotiated: the features of those names */
};

const struct fields *virtq_fields(void);

/* A buffer of the driver's: what the device may read, then what it may write. Valid until the
 * driver has it back, or the queue is reset; not across a snapshot. */
struct virtq_chain {
    u16 head;               /* its name */
    u16 readable, writable; /* pieces, in this order */
    u32 read_bytes, write_bytes;
    struct dma_piece piece[VIRTQ_CHAIN_MAX];
};

void virtq_reset(struct virtq *q); /* as at power-on, but for what is negotiated */

/* Takes size and addresses as they are; false when they cannot be right (2.7, 2.7.1). */
bool virtq_start(struct virtq *q);
bool virtq_sound(const struct virtq *q); /* whether it could be ready like this */

/* 1: a chain; 0: there is none, and the driver will notify when there is; -1: the driver has broken
 * the rules of 2.7, and the queue is of no use before a reset. */
int virtq_next(struct virtq *q, struct virtq_chain *c);
/* A chain that was taken and not given back, by its name: its pieces once more. */
int virtq_again(struct virtq *q, u16 head, struct virtq_chain *c);
/* The last virtq_next() has not been. Not twice. */
void virtq_untake(struct virtq *q);

/* Gives chains back; the driver sees them at once. `written`: so many bytes from the first writable
 * one on hold data (2.7.8). False: as virtq_next()'s -1. */
bool virtq_push(struct virtq *q, u16 head, u32 written);
/* Several at once: the driver sees none before virtq_publish(). */
bool virtq_put(struct virtq *q, unsigned nth, u16 head, u32 written);
bool virtq_publish(struct virtq *q, unsigned count);

/* Whether the driver wants to be told of what it was given since it was told last; then it counts
 * as told (2.7.7, 2.7.10). */
bool virtq_tells(struct virtq *q);

/* Copies from the readable bytes, to the writable ones; returns how many there were. */
u32 chain_read(const struct virtq_chain *c, u32 at, void *out, u32 len);
u32 chain_write(const struct virtq_chain *c, u32 at, const void *in, u32 len);

/* The readable or writable bytes from `at` on, `len` of them, as pieces for the host. Returns how
 * many pieces; at most the chain's. */
unsigned chain_pieces(const struct virtq_chain *c, bool writable, u32 at, u32 len,
                      struct iovec *out);

#endif
