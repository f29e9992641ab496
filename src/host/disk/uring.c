/* The engine by io_uring: requests go to the kernel from the machine's thread, one thread of ours
 * collects what is done. What a read wants and the host has in its cache is given at once, without
 * either. The ring is made once, and restricted before it is enabled: it can read,
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
    pthread_mutex_t lock; /* of the submission queue */
    /* Atomic. A job goes to the collector by way of the kernel, which orders what was written into
     * it, and of which nobody knows who checks such things (ThreadSanitizer). */
    unsigned handed;
    pthread_t thread;
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
static bool read_cached(const struct disk *d, const struct block_request *r)
{
    return r->op == BLOCK_READ && r->piece_count <= IOV_MAX &&
           preadv2(d->backing->fd, r->pieces, (int)r->piece_count, (off_t)r->offset, RWF_NOWAIT) ==
               (ssize_t)r->len;
}

static void uring_submit(struct disk *d, struct job *j)
{
    struct uring *u = d->engine_state;
    const struct block_request *r = &j->request;
    struct io_uring_sqe *s = NULL;
    int n = -EBUSY;

    /* The kernel has no such thing as an empty range. */
    if ((!r->len && r->op != BLOCK_FLUSH) || read_cached(d, r)) {
        disk_done(d, j, 0);
        return;
    }
    pthread_mutex_lock(&u->lock);
    s = io_uring_get_sqe(&u->ring);
    if (s) {
        prepare(s, r);
        io_uring_sqe_set_data(s, j);
        s->flags |= IOSQE_FIXED_FILE;
        __atomic_fetch_add(&u->handed, 1, __ATOMIC_RELEASE);
        do {
            n = io_uring_submit(&u->ring);
        } while (n == -EINTR || n == -EAGAIN);
    }
    pthread_mutex_unlock(&u->lock);
    if (!s)
        disk_done(d, j, disk_do(d, r));
    else
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

/* All that is done by now, for which the machine is woken once. False: it was uring_stop()'s. */
static bool collect(struct uring *u, struct io_uring_cqe *c)
{
    do {
        struct job *j = io_uring_cqe_get_data(c);
        int result = c->res;

        (void)__atomic_load_n(&u->handed, __ATOMIC_ACQUIRE);
        io_uring_cqe_seen(&u->ring, c);
        if (!j)
            return false;
        disk_note(u->disk, j, complete(u->disk, &j->request, result));
    } while (!io_uring_peek_cqe(&u->ring, &c));
    disk_tell(u->disk);
    return true;
}

static void *collector(void *arg)
{
    struct uring *u = arg;
    struct io_uring_cqe *c;
    int r;

    do {
        r = io_uring_wait_cqe(&u->ring, &c);
        assert(!r || r == -EINTR);
    } while (r || collect(u, c));
    return NULL;
}

static void end_thread(struct uring *u)
{
    struct io_uring_sqe *s = io_uring_get_sqe(&u->ring);

    assert(s);                                        /* nothing is under way */
    io_uring_prep_fsync(s, 0, IORING_FSYNC_DATASYNC); /* one of the few things it may do */
    io_uring_sqe_set_data(s, NULL);
    s->flags |= IOSQE_FIXED_FILE;
    io_uring_submit(&u->ring);
    pthread_join(u->thread, NULL);
}

static void uring_stop(struct disk *d)
{
    struct uring *u = d->engine_state;

    if (d->running)
        end_thread(u);
    io_uring_queue_exit(&u->ring);
    pthread_mutex_destroy(&u->lock);
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

static int uring_run(struct disk *d, const struct thread_hook *hook, struct err *e)
{
    struct uring *u = d->engine_state;

    return thread_start(&u->thread, hook, THREAD_DISK_RING, collector, u, e) ? err_wrap(e, "a disk")
                                                                             : 0;
}

static const struct engine_ops uring_ops = { "io_uring", uring_run, uring_submit, uring_stop };

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
    pthread_mutex_init(&u->lock, NULL);
    d->engine_state = u;
    d->engine = &uring_ops;
    return 0;
}
