#include "dev/virtio/queue.h"

#include "base/le.h"

#include <assert.h>
#include <string.h>

/* 2.7.5: a descriptor; 2.7.6: the driver's ring; 2.7.8: the device's. Both rings: flags, index,
 * entries, and with the event index a last number (2.7.10). */
enum { DESC_BYTES = 16, DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { RING_FLAGS = 0, RING_INDEX = 2, RING_ENTRIES = 4, AVAIL_BYTES = 2, USED_BYTES = 8 };
enum { AVAIL_NO_INTERRUPT = 1 };

FIELD_TABLE(virtq, 1, VIRTQ)

void virtq_reset(struct virtq *q)
{
    *q = (struct virtq) {
        .vector = 0xffff, .dma = q->dma, .indirect = q->indirect, .event_index = q->event_index
    };
}

bool virtq_sound(const struct virtq *q)
{
    return q->size && !(q->size & (q->size - 1)) && q->desc % 16 == 0 && q->avail % 2 == 0 &&
           q->used % 4 == 0;
}

bool virtq_start(struct virtq *q)
{
    if (!virtq_sound(q))
        return false;
    q->next = q->done = q->told = 0;
    q->ready = true;
    return true;
}

/* ---- numbers that two sides share ---- */

/* Alignment is checked with the address, so that a number never straddles a border. */
static u16 *shared_u16(const struct virtq *q, u64 address, bool write, struct dma_piece *p)
{
    if (!dma_find(q->dma, address, 2, write, p) || p->len < 2)
        return NULL;
    return (u16 *)(void *)p->bytes;
}

/* What the driver wrote before it wrote this number is seen afterwards. */
static bool load(const struct virtq *q, u64 address, u16 *out)
{
    struct dma_piece p;
    const u16 *at = shared_u16(q, address, false, &p);

    if (!at)
        return false;
    *out = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    return true;
}

/* Whoever sees this number sees what was written before. */
static bool store(const struct virtq *q, u64 address, u16 value)
{
    struct dma_piece p;
    u16 *at = shared_u16(q, address, true, &p);

    if (!at)
        return false;
    dma_mark(&p, 2);
    __atomic_store_n(at, value, __ATOMIC_RELEASE);
    return true;
}

static u64 used_event(const struct virtq *q)
{
    return q->avail + RING_ENTRIES + (u64)q->size * AVAIL_BYTES;
}

static u64 avail_event(const struct virtq *q)
{
    return q->used + RING_ENTRIES + (u64)q->size * USED_BYTES;
}

/* ---- chains ---- */

struct walk {
    const struct virtq *q;
    struct virtq_chain *c;
    u64 table;
    u32 entries; /* in this table */
    bool indirect;
    unsigned pieces;
};

/* One descriptor's buffer, which may lie across the border of two regions. */
static bool add_buffer(struct walk *w, u64 address, u32 len, bool write)
{
    struct virtq_chain *c = w->c;
    u32 *total = write ? &c->write_bytes : &c->read_bytes;

    if (!write && c->writable) /* 2.7.4.2: readable ones come first */
        return false;
    if (len > UINT32_MAX - c->write_bytes - c->read_bytes) /* 2.7.5.2: 2^32 bytes at most */
        return false;
    *total += len;
    while (len) {
        struct dma_piece *p = &c->piece[w->pieces];

        if (w->pieces == VIRTQ_CHAIN_MAX || !dma_find(w->q->dma, address, len, write, p))
            return false;
        w->pieces++;
        *(write ? &c->writable : &c->readable) += 1;
        address += p->len;
        len -= (u32)p->len;
    }
    return true;
}

/* 2.7.5.3: a table elsewhere, once, and at the end of the chain; its own write flag means nothing.
 */
static bool enter_table(struct walk *w, u64 address, u32 len, u16 flags)
{
    if (!w->q->indirect || w->indirect || (flags & DESC_NEXT) || !len || len % DESC_BYTES)
        return false;
    w->table = address;
    w->entries = len / DESC_BYTES;
    w->indirect = true;
    return true;
}

static bool walk_chain(struct walk *w, u32 index)
{
    for (unsigned steps = 0; steps < VIRTQ_CHAIN_MAX; steps++) {
        u8 d[DESC_BYTES];
        u64 address;
        u32 len;
        u16 flags;

        if (index >= w->entries ||
            !dma_read(w->q->dma, w->table + (u64)index * DESC_BYTES, d, sizeof d))
            return false;
        address = le_get(d, 8);
        len = (u32)le_get(d + 8, 4);
        flags = (u16)le_get(d + 12, 2);
        index = (u32)le_get(d + 14, 2);
        if (flags & DESC_INDIRECT) {
            if (!enter_table(w, address, len, flags))
                return false;
            index = 0;
            continue;
        }
        if (!add_buffer(w, address, len, flags & DESC_WRITE))
            return false;
        if (!(flags & DESC_NEXT))
            return true;
    }
    return false; /* too long, or a circle */
}

int virtq_again(struct virtq *q, u16 head, struct virtq_chain *c)
{
    struct walk w = { .q = q, .c = c, .table = q->desc, .entries = q->size };

    c->head = head;
    c->readable = c->writable = 0;
    c->read_bytes = c->write_bytes = 0;
    return walk_chain(&w, head) ? 1 : -1;
}

/* Whether something is available; 1, 0 or -1. When not, the driver is asked to notify, and what
 * came between is not missed (2.7.7.1). */
static int available(struct virtq *q)
{
    u16 index;

    for (int again = 0; again < 2; again++) {
        if (!load(q, q->avail + RING_INDEX, &index) || (u16)(index - q->next) > q->size)
            return -1;
        if (index != q->next)
            return 1;
        if (!q->event_index)
            return 0;
        if (!store(q, avail_event(q), q->next))
            return -1;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
    return 0;
}

int virtq_next(struct virtq *q, struct virtq_chain *c)
{
    u16 head;
    int r;

    if (!q->ready)
        return 0;
    r = available(q);
    if (r <= 0)
        return r;
    if (!load(q, q->avail + RING_ENTRIES + (u64)(q->next % q->size) * AVAIL_BYTES, &head))
        return -1;
    if (virtq_again(q, head, c) < 0)
        return -1;
    q->next++;
    return 1;
}

void virtq_untake(struct virtq *q)
{
    q->next--;
}

/* ---- giving back ---- */

bool virtq_put(struct virtq *q, unsigned nth, u16 head, u32 written)
{
    u8 entry[USED_BYTES];

    if (!q->ready)
        return true;
    le_put(entry, head, 4);
    le_put(entry + 4, written, 4);
    return dma_write(q->dma, q->used + RING_ENTRIES + (u64)((q->done + nth) % q->size) * USED_BYTES,
                     entry, sizeof entry);
}

bool virtq_publish(struct virtq *q, unsigned count)
{
    if (!q->ready)
        return true;
    q->done = (u16)(q->done + count);
    return store(q, q->used + RING_INDEX, q->done);
}

bool virtq_push(struct virtq *q, u16 head, u32 written)
{
    return virtq_put(q, 0, head, written) && virtq_publish(q, 1);
}

bool virtq_tells(struct virtq *q)
{
    u16 told = q->told, value;

    if (!q->ready || told == q->done)
        return false;
    /* The driver may have asked before it saw the index: its wish is read after that is there. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    q->told = q->done;
    if (!q->event_index)
        return load(q, q->avail + RING_FLAGS, &value) && !(value & AVAIL_NO_INTERRUPT);
    /* 2.7.10: whether the index has gone past the number the driver named. */
    return load(q, used_event(q), &value) && (u16)(q->done - value - 1) < (u16)(q->done - told);
}

/* ---- bytes ---- */

/* The piece in which byte `*at` of a run of pieces lies; *at is then counted from its start. */
static const struct dma_piece *seek(const struct dma_piece *p, const struct dma_piece *end, u32 *at)
{
    for (; p < end && *at >= p->len; p++)
        *at -= (u32)p->len;
    return p;
}

static u32 part(const struct dma_piece *p, u32 at, u32 len)
{
    return p->len - at < len ? (u32)(p->len - at) : len;
}

u32 chain_read(const struct virtq_chain *c, u32 at, void *out, u32 len)
{
    const struct dma_piece *end = c->piece + c->readable, *p = seek(c->piece, end, &at);
    u32 got = 0;

    for (; p < end && got < len; p++, at = 0) {
        u32 n = part(p, at, len - got);

        memcpy((u8 *)out + got, p->bytes + at, n);
        got += n;
    }
    return got;
}

u32 chain_write(const struct virtq_chain *c, u32 at, const void *in, u32 len)
{
    const struct dma_piece *p = c->piece + c->readable, *end = p + c->writable;
    u32 put = 0;

    for (p = seek(p, end, &at); p < end && put < len; p++, at = 0) {
        u32 n = part(p, at, len - put);

        space_mark(p->space, p->offset + at, n);
        memcpy(p->bytes + at, (const u8 *)in + put, n);
        put += n;
    }
    return put;
}

unsigned chain_pieces(const struct virtq_chain *c, bool writable, u32 at, u32 len,
                      struct iovec *out)
{
    const struct dma_piece *p = c->piece + (writable ? c->readable : 0);
    const struct dma_piece *end = p + (writable ? c->writable : c->readable);
    unsigned count = 0;

    for (p = seek(p, end, &at); p < end && len; p++, at = 0) {
        u32 n = part(p, at, len);

        out[count++] = (struct iovec) { p->bytes + at, n };
        len -= n;
    }
    return count;
}
