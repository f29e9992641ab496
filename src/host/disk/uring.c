/* The engine by io_uring: requests go to the kernel from the machine's thread, which also waits for
 * the ring and takes from it what is done. What a read wants and the host has in its cache is given
 * at once, without it. The ring is made once, and restricted before it is enabled: it can read,
 * write, synchronise and allocate in the one file that was registered, and nothing else; so it may
 * be kept by a process that is jailed afterwards. */
#include "host/disk/parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct uring {
    struct disk *disk;
    struct io_uring ring;
    bool always_waits; /* this file system has no reads of its cache alone */
};

static void prepare(struct io_uring_sqe *s, const struct block_request *r)
{
    switch (r->op) {
    case BLOCK_READ: io_uring_prep_readv(s, 0, r->pieces, r->piece_count, r->offset); break;
    case BLOCK_WRITE:
        io_uring_prep_writev2(s, 0, r->pieces, r->piece_count, r->offset,
                              r->durable ? RWF_DSYNC : 0);
        break;
    case BLOCK_FLUSH: io_uring_prep_fsync(s, 0, IORING_FSYNC_DATASYNC); break;
    case BLOCK_DISCARD:
        io_uring_prep_fallocate(s, 0, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)r->offset,
                                (off_t)r->len);
        break;
    case BLOCK_ZERO:
        io_uring_prep_fallocate(
            s, 0, (r->unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE) | FALLOC_FL_KEEP_SIZE,
            (off_t)r->offset, (off_t)r->len);
        break;
    }
}

/* Whether it was a read of what lies in the host's cache: then it is done. A part is done again
 * with the rest. */
static bool read_cached(const struct disk *d, struct uring *u, const struct block_request *r)
{
    ssize_t n;

    if (u->always_waits || r->op != BLOCK_READ || r->piece_count > IOV_MAX)
        return false;
    n = preadv2(d->backing->fd, r->pieces, (int)r->piece_count, (off_t)r->offset, RWF_NOWAIT);
    u->always_waits = n < 0 && errno == EOPNOTSUPP;
    return n == (ssize_t)r->len;
}

static void uring_submit(struct disk *d, struct job *j)
{
    struct uring *u = d->engine_state;
    const struct block_request *r = &j->request;
    struct io_uring_sqe *s;
    int n;

    /* The kernel has no such thing as an empty range. */
    if ((!r->len && r->op != BLOCK_FLUSH) || read_cached(d, u, r)) {
        disk_note(d, j, 0);
        return;
    }
    s = io_uring_get_sqe(&u->ring);
    assert(s); /* there is one for each job */
    prepare(s, r);
    io_uring_sqe_set_data(s, j);
    s->flags |= IOSQE_FIXED_FILE;
    do {
        n = io_uring_submit(&u->ring);
    } while (n == -EINTR || n == -EAGAIN);
    assert(n >= 0);
}

/* What the kernel has left undone is done here: short transfers, and ways that this file has not.
 */
static int complete(struct disk *d, const struct block_request *r, int result)
{
    bool moves = r->op == BLOCK_READ || r->op == BLOCK_WRITE;

    if (moves && result >= 0 && (u64)result == r->len)
        return 0;
    if (!moves && result >= 0)
        return 0;
    if (result >= 0) {
        int error = pieces_move(d->backing->fd, r->op == BLOCK_WRITE, r->pieces, r->piece_count,
                                (u64)result, r->offset + (u64)result, r->len - (u64)result);

        return error || !r->durable ? error : d->backing->ops->flush(d->backing);
    }
    if (result == -EINTR || result == -EAGAIN ||
        (!moves && (result == -EOPNOTSUPP || result == -EINVAL)))
        return disk_do(d, r);
    return -result;
}

static void uring_reap(struct disk *d, bool wait)
{
    struct uring *u = d->engine_state;
    struct io_uring_cqe *c;
    int r;

    while (wait && (r = io_uring_wait_cqe(&u->ring, &c)))
        assert(r == -EINTR);
    while (!io_uring_peek_cqe(&u->ring, &c)) {
        struct job *j = io_uring_cqe_get_data(c);
        int result = c->res;

        io_uring_cqe_seen(&u->ring, c);
        disk_note(d, j, complete(d, &j->request, result));
    }
}

static int uring_descriptor(const struct disk *d)
{
    const struct uring *u = d->engine_state;

    return u->ring.ring_fd;
}

static void uring_stop(struct disk *d)
{
    struct uring *u = d->engine_state;

    io_uring_queue_exit(&u->ring);
    free(u);
}

/* Two calls that Debian 12's liburing.so declares but does not export. */
static int ring_register(const struct uring *u, unsigned what, const void *arg, unsigned count)
{
    return syscall(SYS_io_uring_register, u->ring.ring_fd, what, arg, count) < 0 ? -errno : 0;
}

static int restrict_ring(const struct uring *u)
{
    static const u8 allowed[] = { IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC,
                                  IORING_OP_FALLOCATE };
    struct io_uring_restriction r[ARRAY_SIZE(allowed) + 2] = { 0 };
    unsigned n = 0;

    for (; n < ARRAY_SIZE(allowed); n++) {
        r[n].opcode = IORING_RESTRICTION_SQE_OP;
        r[n].sqe_op = allowed[n];
    }
    r[n].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
    r[n++].sqe_flags = IOSQE_FIXED_FILE;
    r[n].opcode = IORING_RESTRICTION_SQE_FLAGS_REQUIRED;
    r[n++].sqe_flags = IOSQE_FIXED_FILE;
    return ring_register(u, IORING_REGISTER_RESTRICTIONS, r, n);
}

static int make_ring(struct uring *u)
{
    int r = io_uring_queue_init(DISK_DEPTH, &u->ring, IORING_SETUP_R_DISABLED);

    if (r)
        return r;
    r = io_uring_register_files(&u->ring, &u->disk->backing->fd, 1);
    if (!r)
        r = restrict_ring(u);
    if (!r)
        r = ring_register(u, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
    if (r)
        io_uring_queue_exit(&u->ring);
    return r;
}

static const struct engine_ops uring_ops = { .name = "io_uring",
                                             .start = uring_submit,
                                             .stop = uring_stop,
                                             .reap = uring_reap,
                                             .descriptor = uring_descriptor };

int uring_make(struct disk *d, struct err *e)
{
    struct uring *u = calloc(1, sizeof *u);
    int r;

    if (!u)
        return err_set(e, ERR_NOMEM, "no memory for a ring");
    u->disk = d;
    r = make_ring(u);
    if (r) {
        free(u);
        errno = -r;
        return err_set(e, ERR_SYS, "io_uring");
    }
    d->engine_state = u;
    d->engine = &uring_ops;
    return 0;
}
