/* A raw file or block device: the disk's bytes as they are. */
#include "base/own.h"
#include "host/disk/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SECTOR = 512, PIECES = 64, ZEROS = 64 << 10 };

int file_lock(int fd, bool write, const char *path, struct err *e)
{
    struct flock l = { .l_type = write ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET };

    if (!fcntl(fd, F_OFD_SETLK, &l))
        return 0;
    if (errno == EAGAIN || errno == EACCES)
        return err_set(e, ERR_STATE, "%s: in use by another machine%s", path,
                       write ? "" : ", which writes to it");
    return err_set(e, ERR_SYS, "%s: cannot be locked", path);
}

void file_close(int fd)
{
    struct flock l = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

    /* Not by close() alone: a ring that is on its way out may hold the file for a moment more. */
    fcntl(fd, F_OFD_SETLK, &l);
    close(fd);
}

/* The pieces from byte `skip` on, `len` bytes at most, as many as fit. */
static int slice(const struct iovec *in, unsigned count, u64 skip, u64 len, struct iovec *out)
{
    int n = 0;

    for (; count && len && n < PIECES; in++, count--) {
        u64 part = in->iov_len > skip ? in->iov_len - skip : 0;

        if (part > len)
            part = len;
        if (part)
            out[n++] = (struct iovec) { (u8 *)in->iov_base + skip, part };
        skip = in->iov_len > skip ? 0 : skip - in->iov_len;
        len -= part;
    }
    return n;
}

static void clear(const struct iovec *v, int n)
{
    for (int i = 0; i < n; i++)
        memset(v[i].iov_base, 0, v[i].iov_len);
}

int pieces_move(int fd, bool write, const struct iovec *pieces, unsigned count, u64 skip,
                u64 offset, u64 len)
{
    struct iovec v[PIECES];

    while (len) {
        int n = slice(pieces, count, skip, len, v);
        ssize_t moved = write ? pwritev(fd, v, n, (off_t)offset) : preadv(fd, v, n, (off_t)offset);

        if (moved < 0 && errno == EINTR)
            continue;
        if (moved < 0)
            return errno;
        if (!n)
            return EINVAL; /* the pieces are fewer bytes than was said */
        if (!moved && write)
            return EIO;
        if (!moved) { /* the file's end: zeros, piece by piece */
            clear(v, n);
            for (int i = 0; i < n; i++)
                moved += (ssize_t)v[i].iov_len;
        }
        skip += (u64)moved;
        offset += (u64)moved;
        len -= (u64)moved;
    }
    return 0;
}

static int write_zeros(int fd, u64 offset, u64 len)
{
    static const u8 zeros[ZEROS];

    while (len) {
        struct iovec v = { (void *)(uintptr_t)zeros, len < ZEROS ? len : ZEROS };
        int r = pieces_move(fd, true, &v, 1, 0, offset, v.iov_len);

        if (r)
            return r;
        offset += v.iov_len;
        len -= v.iov_len;
    }
    return 0;
}

static int allocate(int fd, int mode, u64 offset, u64 len)
{
    int r;

    do {
        r = fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)len) ? errno : 0;
    } while (r == EINTR);
    return r;
}

int file_zero(int fd, u64 offset, u64 len, bool unmap)
{
    int r = len ? EOPNOTSUPP : 0;

    if (r && unmap)
        r = allocate(fd, FALLOC_FL_PUNCH_HOLE, offset, len);
    if (r)
        r = len ? allocate(fd, FALLOC_FL_ZERO_RANGE, offset, len) : 0;
    if (r == EOPNOTSUPP || r == EINVAL || r == ENOSYS)
        r = write_zeros(fd, offset, len);
    return r;
}

static int raw_read(struct backing *b, const struct iovec *pieces, unsigned count, u64 offset,
                    u64 len)
{
    return pieces_move(b->fd, false, pieces, count, 0, offset, len);
}

static int raw_write(struct backing *b, const struct iovec *pieces, unsigned count, u64 offset,
                     u64 len)
{
    return pieces_move(b->fd, true, pieces, count, 0, offset, len);
}

static int raw_flush(struct backing *b)
{
    return fdatasync(b->fd) ? errno : 0;
}

/* A host that cannot give space back has still discarded: the content is anything (5.2.6.2). */
static int raw_discard(struct backing *b, u64 offset, u64 len)
{
    int r = len ? allocate(b->fd, FALLOC_FL_PUNCH_HOLE, offset, len) : 0;

    return r == EOPNOTSUPP || r == ENOSYS || r == EINVAL ? 0 : r;
}

static int raw_zero(struct backing *b, u64 offset, u64 len, bool unmap)
{
    return file_zero(b->fd, offset, len, unmap);
}

static void raw_close(struct backing *b)
{
    file_close(b->fd);
    free(b);
}

static const struct backing_ops raw_ops = {
    .read = raw_read,
    .write = raw_write,
    .flush = raw_flush,
    .discard = raw_discard,
    .zero = raw_zero,
    .close = raw_close,
};

int raw_open(const char *path, bool read_only, struct backing **out, struct err *e)
{
    OWN(fd) int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    struct backing *b;
    off_t size;

    if (fd < 0 || fstat(fd, &st))
        return err_set(e, ERR_SYS, "%s", path);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return err_set(e, ERR_USAGE, "%s: neither a file nor a block device", path);
    size = lseek(fd, 0, SEEK_END);
    if (size < 0)
        return err_set(e, ERR_SYS, "%s", path);
    if (!size || size % SECTOR)
        return err_set(e, ERR_FORMAT, "%s: %lld bytes are no whole number of %d byte sectors", path,
                       (long long)size, SECTOR);
    if (file_lock(fd, !read_only, path, e))
        return -(int)e->code;
    b = malloc(sizeof *b);
    if (!b)
        return err_set(e, ERR_NOMEM, "no memory for a disk");
    *b = (struct backing) { .ops = &raw_ops, .size_bytes = (u64)size, .fd = fd, .named = fd };
    fd = -1;
    *out = b;
    return 0;
}
