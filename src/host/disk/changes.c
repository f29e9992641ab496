/* The changes of an overlay that goes with the machine, as memory: what a snapshot saves, a restore
 * maps and a copy begins with. Below it is a file without a name, so that the host can put on a
 * disk what it has no memory for. What was restored is the snapshot's pages instead, and of memory
 * where it is written.
 *
 * Bytes are moved by copying, whichever of the two is there. Room in the file is made first: who
 * writes to a mapped file for which there is none gets no error, but a signal. */
#include "host/disk/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCK = 4096, WORD_BITS = 64 };
_Static_assert(BLOCK == SPACE_PAGE_BYTES, "a block is a page");

static u64 pages_of(const struct space *s)
{
    return space_pages(s);
}

static struct changes *changes_of(const struct space *s)
{
    return container_of((struct space *)(uintptr_t)s, struct changes, bytes);
}

static u64 map_word(const struct changes *c, u64 i)
{
    return __atomic_load_n(&((u64 *)(void *)c->map.bytes)[i], __ATOMIC_ACQUIRE);
}

static u64 changes_present(const struct space *s, u64 page)
{
    const struct changes *c = changes_of(s);

    while (page < pages_of(s)) {
        u64 left = map_word(c, page / WORD_BITS) >> page % WORD_BITS;

        if (left)
            return page + (u64)__builtin_ctzll(left);
        page = (page / WORD_BITS + 1) * WORD_BITS;
    }
    return pages_of(s);
}

/* A block's bit is set behind its bytes: what is written while this looks comes the next time. */
static void changes_collect(struct space *s)
{
    struct changes *c = changes_of(s);

    for (u64 i = 0; i <= pages_of(s) / WORD_BITS; i++) {
        u64 bits = c->written[i] ? __atomic_exchange_n(&c->written[i], 0, __ATOMIC_ACQ_REL) : 0;

        for (; bits; bits &= bits - 1) {
            u64 at = (i * WORD_BITS + (u64)__builtin_ctzll(bits)) * BLOCK;

            space_mark(s, at, s->size_bytes - at < BLOCK ? s->size_bytes - at : BLOCK);
        }
    }
}

static void note(struct changes *c, u64 offset, u64 len)
{
    for (u64 b = offset / BLOCK; b <= (offset + len - 1) / BLOCK; b++)
        __atomic_fetch_or(&c->written[b / WORD_BITS], 1ull << b % WORD_BITS, __ATOMIC_RELEASE);
}

/* ---- bytes ---- */

static int make_room(struct changes *c, u64 offset, u64 len)
{
    u64 first = offset / BLOCK * BLOCK, end = (offset + len + BLOCK - 1) / BLOCK * BLOCK;
    int r;

    if (c->fd < 0 || c->restored)
        return 0;
    do {
        r = fallocate(c->fd, FALLOC_FL_KEEP_SIZE, (off_t)first, (off_t)(end - first)) ? errno : 0;
    } while (r == EINTR);
    return r;
}

int changes_move(struct changes *c, bool write, const struct iovec *pieces, unsigned count,
                 u64 skip, u64 offset, u64 len)
{
    u8 *at = c->bytes.bytes + offset;
    u64 left = len;
    int r = write && len ? make_room(c, offset, len) : 0;

    for (; !r && count && left; pieces++, count--) {
        u64 part = pieces->iov_len > skip ? pieces->iov_len - skip : 0;
        u8 *piece = (u8 *)pieces->iov_base + skip;

        part = part < left ? part : left;
        if (write)
            memcpy(at, piece, part);
        else
            memcpy(piece, at, part);
        skip = part ? 0 : skip - pieces->iov_len;
        at += part;
        left -= part;
    }
    if (!r && write && len)
        note(c, offset, len);
    return r ? r : left ? EINVAL : 0;
}

int changes_zero(struct changes *c, u64 offset, u64 len, bool unmap)
{
    bool given = false; /* the space back, to the host */
    int r = 0;

    if (!len)
        return 0;
    if (unmap && c->fd >= 0 && !c->restored)
        given = !fallocate(c->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                           (off_t)len);
    if (!given)
        r = make_room(c, offset, len);
    if (!given && !r)
        memset(c->bytes.bytes + offset, 0, len);
    if (!r)
        note(c, offset, len);
    return r;
}

/* ---- life ---- */

/* The snapshot's pages are there, in place of the file's. */
static void changes_replaced(struct space *s)
{
    changes_of(s)->restored = true;
}

/* A file that has no name, or had none for longer than a moment. */
static int nameless_file(const char *dir)
{
    char name[256];
    int fd = open(dir, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

    if (fd >= 0 ||
        (size_t)snprintf(name, sizeof name, "%s/mews-overlay-XXXXXX", dir) >= sizeof name)
        return fd;
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    return fd;
}

/* Puts a file below the memory; small ones go without. */
static int put_file(struct changes *c, struct err *e)
{
    u64 len = pages_of(&c->bytes) * BLOCK;
    const char *dir = getenv("TMPDIR");

    if (!dir || !*dir)
        dir = "/var/tmp";
    if (!(c->bytes.flags & SPACE_LARGE))
        return 0;
    c->fd = nameless_file(dir);
    if (c->fd < 0 || ftruncate(c->fd, (off_t)len))
        return err_set(e, ERR_SYS, "a temporary file in %s", dir);
    if (mmap(c->bytes.bytes, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, c->fd, 0) ==
        MAP_FAILED)
        return err_set(e, ERR_SYS, "a temporary overlay's memory");
    return 0;
}

int changes_make(u64 size_bytes, u64 map_bytes, struct changes **out, struct err *e)
{
    struct changes *c = calloc(1, sizeof *c);

    if (!c)
        return err_set(e, ERR_NOMEM, "no memory for an overlay");
    c->fd = -1;
    c->written = calloc((size_bytes + BLOCK - 1) / BLOCK / WORD_BITS + 1, sizeof *c->written);
    if (!c->written || !space_init(&c->bytes, "disk", size_bytes, 0, SPACE_PORT) ||
        !space_init(&c->map, "disk_map", map_bytes, 0, SPACE_PORT | SPACE_UNTRACKED))
        err_set(e, ERR_NOMEM, "no memory for an overlay");
    else if (!put_file(c, e)) {
        c->bytes.collect = changes_collect;
        c->bytes.present = changes_present;
        c->bytes.replaced = changes_replaced;
        *out = c;
        return 0;
    }
    changes_free(c);
    return -(int)e->code;
}

void changes_free(struct changes *c)
{
    if (!c)
        return;
    space_fini(&c->bytes);
    space_fini(&c->map);
    if (c->fd >= 0)
        close(c->fd);
    free(c->written);
    free(c);
}
