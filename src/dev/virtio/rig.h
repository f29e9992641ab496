/* For tests and fuzz targets: a machine that is nothing but memory, and the driver's side of
 * virtqueues, written apart from the device's. The driver lays its rings out by hand, so that it
 * can lay them out wrongly. */
#ifndef DEV_VIRTIO_RIG_H
#define DEV_VIRTIO_RIG_H

#include "base/le.h"
#include "dev/virtio/mmio.h"

#include <stdlib.h>
#include <string.h>

/* Memory at RIG_BASE. Of each queue: descriptors, the driver's ring, the device's, a page each;
 * buffers behind them. */
enum { RIG_BYTES = 2 << 20, RIG_QUEUE_BYTES = 3 * 4096, RIG_BUFFERS = 0x20000 };
#define RIG_BASE 0x80000000ull

struct rig_queue {
    u64 desc, avail, used;
    u16 size, next, seen, free; /* free: the next descriptor to use */
};

struct rig {
    struct space ram;
    struct dma dma;
    struct virtio_host host;
    struct virtio *virtio;
    struct virtio_mmio mmio;
    struct rig_queue queue[VIRTIO_QUEUES];
    u64 buffers; /* where the next buffer goes */
    int level;   /* of the interrupt wire */
    unsigned raised, woken, stopped;
    char why[80];
    struct rig_event { /* what the device has told of itself */
        enum virtio_event what;
        u64 a, b;
    } events[16];
    unsigned event_count;
    u64 ns; /* the time that the device is told */
};

struct rig_buffer {
    u64 address;
    u32 len;
    bool write;
};

static inline void rig_line(void *owner, unsigned index, int level)
{
    struct rig *r = owner;

    (void)index;
    r->raised += level && !r->level;
    r->level = level;
}

static inline void rig_wake(void *owner)
{
    __atomic_fetch_add(&((struct rig *)owner)->woken, 1, __ATOMIC_RELAXED);
}

static inline void rig_stop(void *owner, const char *why)
{
    struct rig *r = owner;

    r->stopped++;
    strncpy(r->why, why, sizeof r->why - 1);
}

static inline void rig_heard(void *owner, struct virtio *v, enum virtio_event what, u64 a, u64 b)
{
    struct rig *r = owner;

    (void)v;
    if (r->event_count < ARRAY_SIZE(r->events)) /* who asks, asks in time */
        r->events[r->event_count++] = (struct rig_event) { what, a, b };
}

static inline u64 rig_now(void *owner)
{
    return ((struct rig *)owner)->ns;
}

static inline bool rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    if (!space_init(&r->ram, "ram", RIG_BYTES, RIG_BASE, 0))
        return false;
    dma_add(&r->dma, RIG_BASE, RIG_BYTES, &r->ram, 0);
    r->host = (struct virtio_host) { &r->dma, { rig_wake, r }, rig_stop, r, rig_heard, rig_now };
    r->buffers = RIG_BASE + RIG_BUFFERS;
    return true;
}

static inline void rig_fini(struct rig *r)
{
    virtio_mmio_fini(&r->mmio);
    space_fini(&r->ram);
}

/* The oldest of what the device has told of itself; false: it is not that. */
static inline bool rig_told(struct rig *r, enum virtio_event what, u64 a, u64 b)
{
    const struct rig_event *e = &r->events[0];
    bool is = r->event_count && e->what == what && e->a == a && e->b == b;

    if (r->event_count)
        memmove(r->events, r->events + 1, --r->event_count * sizeof *e);
    return is;
}

/* Puts a device behind the registers. */
static inline void rig_plug(struct rig *r, struct virtio *v)
{
    r->virtio = v;
    virtio_mmio_init(&r->mmio, v, (struct line) { rig_line, r, 0 }, (struct doorbell) { 0 });
}

static inline u32 rig_get(struct rig *r, u64 reg)
{
    return (u32)virtio_mmio_read(&r->mmio, reg, 4);
}

static inline void rig_set(struct rig *r, u64 reg, u32 value)
{
    virtio_mmio_write(&r->mmio, reg, 4, value);
}

static inline u8 *rig_at(struct rig *r, u64 address)
{
    return r->ram.bytes + (address - RIG_BASE);
}

/* Memory of the driver's for a buffer. */
static inline u64 rig_buffer(struct rig *r, u32 len)
{
    u64 at = r->buffers;

    r->buffers += (len + 15) & ~15u;
    if (r->buffers > RIG_BASE + RIG_BYTES)
        abort();
    return at;
}

/* Up to FEATURES_OK; whether the device has agreed. */
static inline bool rig_negotiate(struct rig *r, u64 features)
{
    rig_set(r, 0x70, 0);
    rig_set(r, 0x70, 1);
    rig_set(r, 0x70, 3);
    for (u32 i = 0; i < 2; i++) {
        rig_set(r, 0x24, i);
        rig_set(r, 0x20, (u32)(features >> 32 * i));
    }
    rig_set(r, 0x70, 11);
    return rig_get(r, 0x70) == 11;
}

static inline void rig_queue_set_up(struct rig *r, unsigned index, u16 size)
{
    struct rig_queue *q = &r->queue[index];
    u64 at = RIG_BASE + 0x1000 + index * (u64)RIG_QUEUE_BYTES;

    *q = (struct rig_queue) { at, at + 4096, at + 8192, size, 0, 0, 0 };
    memset(rig_at(r, at), 0, RIG_QUEUE_BYTES);
    rig_set(r, 0x30, index);
    rig_set(r, 0x38, size);
    for (unsigned half = 0; half < 2; half++) {
        rig_set(r, 0x80 + 4 * half, (u32)(q->desc >> 32 * half));
        rig_set(r, 0x90 + 4 * half, (u32)(q->avail >> 32 * half));
        rig_set(r, 0xa0 + 4 * half, (u32)(q->used >> 32 * half));
    }
    rig_set(r, 0x44, 1);
}

/* All that a driver does before it uses a device. */
static inline bool rig_start(struct rig *r, u64 features, u16 size)
{
    if (!rig_negotiate(r, features | VIRTIO_BIT(VIRTIO_F_VERSION_1)))
        return false;
    for (unsigned i = 0; i < r->virtio->ops->queues; i++)
        rig_queue_set_up(r, i, size);
    rig_set(r, 0x70, 15);
    return rig_get(r, 0x70) == 15;
}

static inline void rig_desc(struct rig *r, u64 table, u16 index, const struct rig_buffer *b,
                            u16 flags, u16 next)
{
    u8 *d = rig_at(r, table + index * 16ull);

    le_put(d, b->address, 8);
    le_put(d + 8, b->len, 4);
    le_put(d + 12, flags | (b->write ? 2u : 0), 2);
    le_put(d + 14, next, 2);
}

/* Makes an entry of the driver's ring; not yet seen by the device. */
static inline void rig_offer(struct rig *r, unsigned index, u16 head)
{
    struct rig_queue *q = &r->queue[index];

    le_put(rig_at(r, q->avail + 4 + q->next % q->size * 2u), head, 2);
    q->next++;
}

static inline void rig_publish(struct rig *r, unsigned index)
{
    struct rig_queue *q = &r->queue[index];

    le_put(rig_at(r, q->avail + 2), q->next, 2);
}

static inline void rig_kick(struct rig *r, unsigned index)
{
    rig_publish(r, index);
    rig_set(r, 0x50, index);
}

/* A chain of descriptors; returns its head. */
static inline u16 rig_add(struct rig *r, unsigned index, const struct rig_buffer *b, unsigned n)
{
    struct rig_queue *q = &r->queue[index];
    u16 head = q->free;

    for (unsigned i = 0; i < n; i++) {
        u16 here = q->free;

        q->free = (u16)((q->free + 1) % q->size);
        rig_desc(r, q->desc, here, &b[i], i + 1 < n ? 1 : 0, q->free);
    }
    rig_offer(r, index, head);
    return head;
}

/* The same as a table elsewhere. */
static inline u16 rig_add_indirect(struct rig *r, unsigned index, const struct rig_buffer *b,
                                   unsigned n)
{
    struct rig_queue *q = &r->queue[index];
    struct rig_buffer table = { rig_buffer(r, n * 16), n * 16, false };
    u16 head = q->free;

    for (u16 i = 0; i < n; i++)
        rig_desc(r, table.address, i, &b[i], i + 1u < n ? 1 : 0, (u16)(i + 1));
    q->free = (u16)((q->free + 1) % q->size);
    rig_desc(r, q->desc, head, &table, 4, 0);
    rig_offer(r, index, head);
    return head;
}

/* The next chain that came back: its head, or -1. */
static inline int rig_used(struct rig *r, unsigned index, u32 *len)
{
    struct rig_queue *q = &r->queue[index];
    const u8 *entry = rig_at(r, q->used + 4 + q->seen % q->size * 8u);

    if ((u16)le_get(rig_at(r, q->used + 2), 2) == q->seen)
        return -1;
    q->seen++;
    if (len)
        *len = (u32)le_get(entry + 4, 4);
    return (int)le_get(entry, 4);
}

/* The wire, as a driver's interrupt handler leaves it; returns what it was for. */
static inline u32 rig_acknowledge(struct rig *r)
{
    u32 isr = rig_get(r, 0x60);

    rig_set(r, 0x64, isr);
    return isr;
}

#endif
