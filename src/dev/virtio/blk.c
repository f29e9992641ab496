#include "dev/virtio/blk.h"

#include "base/le.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, HEAD_BYTES = 16, SEGMENT_BYTES = 16, SERIAL_BYTES = 20 };
enum blk_type { /* 5.2.6 */
                T_IN = 0,
                T_OUT = 1,
                T_FLUSH = 4,
                T_GET_ID = 8,
                T_DISCARD = 11,
                T_WRITE_ZEROES = 13,
};
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };
enum { /* 5.2.3 */
       F_SEG_MAX = 2,
       F_RO = 5,
       F_BLK_SIZE = 6,
       F_FLUSH = 9,
       F_TOPOLOGY = 10,
       F_DISCARD = 13,
       F_WRITE_ZEROES = 14,
};
enum { SEGMENT_UNMAP = 1, CLEAR_SECTORS_MAX = 1 << 22 }; /* 2 GiB */

FIELD_TABLE(blk, 1, BLK)
FIELD_TABLE(blk_counters, 1, BLK_COUNTERS)

struct blk_request {
    bool understood, submitted;
    enum block_op op;
    bool unmap;
    u64 offset, began_ns;
    u32 len, at; /* of all, and where the part begins that is the host's now */
    u32 part;
    u8 *bounce;
    struct iovec *pieces; /* NULL: the one in `whole` */
    unsigned piece_count;
    struct iovec whole;
};

static struct blk *blk_of(struct virtio *v)
{
    return container_of(v, struct blk, virtio);
}

/* ---- slots ---- */

static void release(struct blk *b, unsigned slot)
{
    struct blk_request *r = &b->requests[slot];

    free(r->bounce);
    free(r->pieces);
    if (r->submitted)
        b->outstanding--;
    *r = (struct blk_request) { 0 };
}

static void slot_free(struct blk *b, unsigned slot)
{
    release(b, slot);
    b->busy &= ~(1ull << slot);
    b->head[slot] = 0;
}

/* What the host may have read into the guest's memory: where it was sent when it was asked, for the
 * driver may have changed the chain since. */
static void mark_written(struct blk *b, const struct blk_request *r)
{
    if (r->submitted && r->op == BLOCK_READ && r->pieces)
        for (unsigned i = 0; i < r->piece_count; i++)
            dma_mark_bytes(b->virtio.queue[0].dma, r->pieces[i].iov_base, r->pieces[i].iov_len);
}

/* The host has nothing of ours any more, and none of what it says now is heard. */
static void recall(struct blk *b)
{
    struct block_done done[16];

    if (b->outstanding)
        b->port->ops->settle(b->port);
    while (b->port->ops->completed(b->port, done, ARRAY_SIZE(done)))
        ;
    for (unsigned i = 0; i < BLK_FLIGHT; i++) {
        mark_written(b, &b->requests[i]);
        release(b, i);
    }
    assert(!b->outstanding);
    b->epoch++;
}

/* Gives a chain back with its status, which is the last writable byte (5.2.6). `data`: so many
 * bytes before it hold what was asked for. */
static void answer(struct blk *b, const struct virtq_chain *c, u8 status, u32 data)
{
    u32 last = c->write_bytes - 1;

    chain_write(c, last, &status, 1);
    virtio_push(&b->virtio, 0, c->head, data == last ? c->write_bytes : data);
}

/* ---- what is told of it ---- */

static void say_begun(struct blk *b, struct blk_request *r)
{
    static const enum virtio_event events[] = { [BLOCK_READ] = VIRTIO_READ,
                                                [BLOCK_WRITE] = VIRTIO_WRITE,
                                                [BLOCK_FLUSH] = VIRTIO_FLUSH,
                                                [BLOCK_DISCARD] = VIRTIO_DISCARD,
                                                [BLOCK_ZERO] = VIRTIO_ZERO };

    r->began_ns = virtio_now(&b->virtio);
    virtio_say(&b->virtio, events[r->op], r->offset / SECTOR, r->len);
}

/* With the status that the driver gets. */
static void say_done(struct blk *b, const struct blk_request *r, u8 status)
{
    struct blk_counters *n = &b->counters;
    u64 *const counts[] = { [BLOCK_READ] = &n->reads,
                            [BLOCK_WRITE] = &n->writes,
                            [BLOCK_FLUSH] = &n->flushes,
                            [BLOCK_DISCARD] = &n->discards,
                            [BLOCK_ZERO] = &n->zeroes };
    u64 ns = virtio_now(&b->virtio) - r->began_ns;

    if (status != S_OK) {
        n->errors++;
        virtio_say(&b->virtio, VIRTIO_REFUSED, r->offset / SECTOR, status);
        return;
    }
    ++*counts[r->op];
    n->waited_ns += ns;
    n->read_bytes += r->op == BLOCK_READ ? r->len : 0;
    n->written_bytes += r->op == BLOCK_WRITE ? r->len : 0;
    virtio_say(&b->virtio, VIRTIO_DONE, r->offset / SECTOR, ns);
}

/* ---- what a chain asks for ---- */

/* The request's range; a status, S_OK: it lies on the disk. */
static u8 take_range(const struct blk *b, struct blk_request *r, u64 sector, u64 len)
{
    if (len % SECTOR || sector > b->sectors || len / SECTOR > b->sectors - sector)
        return S_IOERR;
    r->offset = sector * SECTOR;
    r->len = (u32)len;
    return S_OK;
}

static u8 take_clear(const struct blk *b, struct blk_request *r, const struct virtq_chain *c,
                     enum blk_type type)
{
    u8 s[SEGMENT_BYTES];
    u32 flags, allowed = type == T_WRITE_ZEROES ? SEGMENT_UNMAP : 0;
    u64 sectors;

    if (!virtio_has(&b->virtio, type == T_DISCARD ? F_DISCARD : F_WRITE_ZEROES))
        return S_UNSUPP;
    if (c->read_bytes != HEAD_BYTES + SEGMENT_BYTES ||
        chain_read(c, HEAD_BYTES, s, sizeof s) != sizeof s)
        return S_UNSUPP; /* one segment is all that the configuration allows */
    sectors = le_get(s + 8, 4);
    flags = (u32)le_get(s + 12, 4);
    if (flags & ~allowed) /* 5.2.6.2 */
        return S_UNSUPP;
    if (sectors > CLEAR_SECTORS_MAX)
        return S_IOERR;
    r->op = type == T_DISCARD ? BLOCK_DISCARD : BLOCK_ZERO;
    r->unmap = flags & SEGMENT_UNMAP;
    return take_range(b, r, le_get(s, 8), sectors * SECTOR);
}

/* Understands a request. S_OK: *r says what the host shall do, in parts if it moves data. */
static u8 understand(const struct blk *b, struct blk_request *r, const struct virtq_chain *c)
{
    u8 h[HEAD_BYTES];
    enum blk_type type;
    u64 sector;

    if (chain_read(c, 0, h, sizeof h) != sizeof h)
        return S_IOERR;
    type = (enum blk_type)le_get(h, 4);
    sector = le_get(h + 8, 8);
    if (b->read_only && (type == T_OUT || type == T_DISCARD || type == T_WRITE_ZEROES))
        return S_IOERR; /* 5.2.6.2 */
    switch (type) {
    case T_IN: r->op = BLOCK_READ; return take_range(b, r, sector, c->write_bytes - 1);
    case T_OUT: r->op = BLOCK_WRITE; return take_range(b, r, sector, c->read_bytes - HEAD_BYTES);
    case T_FLUSH: r->op = BLOCK_FLUSH; return S_OK;
    case T_DISCARD:
    case T_WRITE_ZEROES: return take_clear(b, r, c, type);
    default: return S_UNSUPP;
    }
}

static bool moves_data(const struct blk_request *r)
{
    return r->op == BLOCK_READ || r->op == BLOCK_WRITE;
}

static u64 pieces_bytes(const struct iovec *pieces, unsigned n)
{
    u64 sum = 0;

    while (n--)
        sum += pieces[n].iov_len;
    return sum;
}

/* The next part: memory for it, and for a write its bytes. */
static bool prepare(struct blk *b, struct blk_request *r, const struct virtq_chain *c, unsigned *n)
{
    u32 left = r->len - r->at, from = r->op == BLOCK_WRITE ? HEAD_BYTES + r->at : r->at;

    *n = 0;
    r->part = left;
    if (!moves_data(r) || !left)
        return true;
    if (b->direct) {
        r->pieces = malloc((c->readable + c->writable) * sizeof *r->pieces);
        *n = r->pieces ? chain_pieces(c, r->op == BLOCK_READ, from, left, r->pieces) : 0;
        return r->pieces && pieces_bytes(r->pieces, *n) == left;
    }
    if (r->part > BLK_CHUNK_BYTES)
        r->part = BLK_CHUNK_BYTES;
    if (!r->bounce)
        r->bounce = malloc(r->part); /* later parts are no longer */
    if (!r->bounce)
        return false;
    if (r->op == BLOCK_WRITE && chain_read(c, from, r->bounce, r->part) != r->part)
        return false; /* the driver has changed it meanwhile */
    r->whole = (struct iovec) { r->bounce, r->part };
    *n = 1;
    return true;
}

/* Hands the next part to the host. S_OK: it has it, or cannot take it now. */
static u8 submit(struct blk *b, unsigned slot, const struct virtq_chain *c)
{
    struct blk_request *r = &b->requests[slot];
    unsigned n;

    if (!prepare(b, r, c, &n))
        return S_IOERR;
    r->piece_count = n;
    r->submitted = b->port->ops->submit(
        b->port, &(struct block_request) {
                     .op = r->op,
                     /* 5.2.6.2: without FLUSH a write is stable when it is done */
                     .durable = r->op == BLOCK_WRITE && !virtio_has(&b->virtio, F_FLUSH),
                     .unmap = r->unmap,
                     .offset = r->offset + r->at,
                     .len = r->part,
                     .pieces = r->pieces ? r->pieces : &r->whole,
                     .piece_count = n,
                     .tag = (u64)b->epoch << 32 | slot,
                 });
    if (r->submitted) {
        b->outstanding++;
    } else {
        free(r->pieces); /* they are made anew */
        r->pieces = NULL;
    }
    return S_OK;
}

/* A chain from the queue, or again after a restore, into a slot that holds its head. */
static void begin(struct blk *b, unsigned slot, const struct virtq_chain *c)
{
    struct blk_request *r = &b->requests[slot];
    u8 status = understand(b, r, c);

    r->understood = true;
    if (status == S_OK) {
        say_begun(b, r);
        if (r->len || !moves_data(r)) {
            status = submit(b, slot, c);
            if (status == S_OK)
                return;
        }
    }
    say_done(b, r, status);
    slot_free(b, slot);
    answer(b, c, status, 0);
}

static bool answer_id(struct blk *b, const struct virtq_chain *c)
{
    u8 h[HEAD_BYTES];

    if (chain_read(c, 0, h, sizeof h) != sizeof h || le_get(h, 4) != T_GET_ID)
        return false;
    if (c->write_bytes - 1 < SERIAL_BYTES)
        answer(b, c, S_IOERR, 0);
    else
        answer(b, c, S_OK, chain_write(c, 0, b->serial, SERIAL_BYTES));
    return true;
}

/* ---- completions ---- */

/* What the host has read of this part goes to the driver. */
static void deliver(struct blk *b, const struct blk_request *r, const struct virtq_chain *c)
{
    if (r->op == BLOCK_READ && !b->direct && r->part && r->at + r->part < c->write_bytes)
        chain_write(c, r->at, r->bounce, r->part);
}

/* A full disk of the host's is no fault of the guest's: the machine waits for a person. */
static bool wait_for_room(struct blk *b, struct blk_request *r)
{
    const struct virtio_host *h = &b->virtio.host;

    if (!h->stop)
        return false;
    free(r->pieces);
    r->pieces = NULL;
    h->stop(h->owner, "the host's disk is full: make room, then resume");
    return true;
}

static void finish(struct blk *b, unsigned slot, int error)
{
    struct blk_request *r = &b->requests[slot];
    u16 head = b->head[slot];
    struct virtq_chain c;
    u8 status;
    u32 data;

    mark_written(b, r);
    r->submitted = false;
    b->outstanding--;
    if ((error == ENOSPC || error == EDQUOT) && wait_for_room(b, r))
        return;
    if (virtq_again(&b->virtio.queue[0], head, &c) < 0 || !c.write_bytes) {
        slot_free(b, slot); /* it was a chain when it was taken */
        virtio_fail(&b->virtio);
        return;
    }
    if (!error) {
        deliver(b, r, &c);
        r->at += r->part;
        free(r->pieces);
        r->pieces = NULL;
        if (moves_data(r) && r->at < r->len) {
            if (submit(b, slot, &c) == S_OK)
                return;
            error = EIO;
        }
    }
    data = r->op == BLOCK_READ && !error ? r->len : 0;
    status = error == EOPNOTSUPP ? S_UNSUPP : error ? S_IOERR : S_OK;
    say_done(b, r, status);
    slot_free(b, slot);
    answer(b, &c, status, data);
}

/* What is busy and not the host's: after a restore, or when the host could not take more. */
static void submit_again(struct blk *b)
{
    for (u64 left = b->busy; left; left &= left - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(left);
        struct virtq_chain c;

        if (b->requests[slot].submitted)
            continue; /* the host has it */
        if (!b->virtio.queue[0].ready || virtq_again(&b->virtio.queue[0], b->head[slot], &c) < 0 ||
            !c.write_bytes) {
            slot_free(b, slot);
            virtio_fail(&b->virtio);
        } else if (!b->requests[slot].understood) {
            begin(b, slot, &c);
        } else if (submit(b, slot, &c) != S_OK) {
            say_done(b, &b->requests[slot], S_IOERR);
            slot_free(b, slot);
            answer(b, &c, S_IOERR, 0);
        }
    }
}

/* Whether anything was done. */
static bool take_done(struct blk *b)
{
    struct block_done done[16];
    unsigned n, all = 0;

    for (; (n = b->port->ops->completed(b->port, done, ARRAY_SIZE(done))); all += n)
        for (unsigned i = 0; i < n; i++)
            if (done[i].tag >> 32 == b->epoch)
                finish(b, (unsigned)(u32)done[i].tag, done[i].error);
    return all;
}

/* ---- the queue ---- */

/* As many chains as there are slots for; whether there may be more. */
static bool begin_some(struct blk *b, unsigned *budget)
{
    struct virtio *v = &b->virtio;
    struct virtq_chain c;

    while (~b->busy && *budget && virtio_next(v, 0, &c)) {
        unsigned slot = (unsigned)__builtin_ctzll(~b->busy);

        --*budget;
        if (!c.write_bytes) { /* nowhere to put even the status */
            virtio_fail(v);
            return false;
        }
        if (answer_id(b, &c))
            continue;
        b->busy |= 1ull << slot;
        b->head[slot] = c.head;
        begin(b, slot, &c);
    }
    return !~b->busy || !*budget;
}

static void blk_notify(struct virtio *v, unsigned queue)
{
    struct blk *b = blk_of(v);
    unsigned budget = v->queue[queue].size;
    bool more, freed;

    do {
        more = begin_some(b, &budget);
        freed = take_done(b); /* what was there at once */
    } while (more && freed && budget);
    if (more && ~b->busy)
        virtio_later(v, queue);
    virtio_tell(v, queue);
}

static void blk_poll(struct virtio *v)
{
    struct blk *b = blk_of(v);

    take_done(b);
    submit_again(b);
    take_done(b);
    if (virtio_live(v) && v->queue[0].ready)
        blk_notify(v, 0);
}

static void blk_forget(struct virtio *v, unsigned queue)
{
    struct blk *b = blk_of(v);

    (void)queue;
    recall(b);
    b->busy = 0;
    memset(b->head, 0, sizeof b->head);
}

/* ---- configuration (5.2.4) ---- */

static unsigned blk_config(struct virtio *v, u8 out[static VIRTIO_CONFIG_MAX])
{
    const struct blk *b = blk_of(v);

    le_put(out, b->sectors, 8);
    le_put(out + 12, BLK_SEGMENTS, 4);
    le_put(out + 20, SECTOR, 4);                          /* blk_size */
    out[24] = (u8)__builtin_ctz(b->block_bytes / SECTOR); /* physical_block_exp */
    le_put(out + 26, b->block_bytes / SECTOR, 2);         /* min_io_size, in blk_size */
    le_put(out + 36, CLEAR_SECTORS_MAX, 4);               /* max_discard_sectors */
    le_put(out + 40, 1, 4);                               /* max_discard_seg */
    le_put(out + 44, b->block_bytes / SECTOR, 4);         /* discard_sector_alignment */
    le_put(out + 48, CLEAR_SECTORS_MAX, 4);               /* max_write_zeroes_sectors */
    le_put(out + 52, 1, 4);                               /* max_write_zeroes_seg */
    out[56] = 1;                                          /* write_zeroes_may_unmap */
    return 60;
}

static const struct virtio_ops blk_ops = {
    .name = "blk",
    .type = VIRTIO_BLK,
    .queues = 1,
    .queue_size = 256,
    .config = blk_config,
    .notify = blk_notify,
    .poll = blk_poll,
    .forget = blk_forget,
};

/* What the host still does would change the disk while it is being copied. */
static void blk_saving(void *self)
{
    struct blk *b = self;

    if (b->outstanding)
        b->port->ops->settle(b->port);
}

static int blk_loaded(void *self, struct err *e)
{
    struct blk *b = self;

    for (unsigned i = 0; i < BLK_FLIGHT; i++)
        if (b->busy >> i & 1 ? b->head[i] >= VIRTQ_SIZE_MAX : b->head[i] != 0)
            return err_set(e, ERR_FORMAT, "head[%u]: %u", i, b->head[i]);
    recall(b);
    return 0;
}

bool blk_init(struct blk *b, const char *name, struct block_port *port,
              const struct virtio_host *host, bool direct)
{
    struct block_info info = { 0 };
    u64 features = VIRTIO_BIT(F_SEG_MAX) | VIRTIO_BIT(F_BLK_SIZE) | VIRTIO_BIT(F_FLUSH) |
                   VIRTIO_BIT(F_TOPOLOGY);

    port->ops->describe(port, &info);
    assert(info.block_bytes >= SECTOR && !(info.block_bytes & (info.block_bytes - 1)));
    *b = (struct blk) { .sectors = info.size_bytes / SECTOR,
                        .block_bytes = info.block_bytes,
                        .read_only = info.read_only,
                        .port = port,
                        .direct = direct,
                        .requests = calloc(BLK_FLIGHT, sizeof *b->requests) };
    memcpy(b->serial, info.serial, sizeof b->serial);
    b->component = (struct component) {
        .name = name, .self = b, .fields = blk_fields(), .saving = blk_saving, .loaded = blk_loaded
    };
    if (info.read_only)
        features |= VIRTIO_BIT(F_RO);
    else
        features |= (info.discard ? VIRTIO_BIT(F_DISCARD) : 0) |
                    (info.zero ? VIRTIO_BIT(F_WRITE_ZEROES) : 0);
    if (!b->requests)
        return false;
    virtio_init(&b->virtio, &blk_ops, host, features, &b->component);
    if (port->ops->attach)
        port->ops->attach(port, host->wake);
    return true;
}

void blk_fini(struct blk *b)
{
    if (!b->requests)
        return;
    recall(b);
    if (b->port->ops->attach)
        b->port->ops->attach(b->port, (struct wake) { 0 });
    free(b->requests);
    b->requests = NULL;
}
