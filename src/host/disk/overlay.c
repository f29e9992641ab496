/* A copy-on-write overlay: what is written lies in memory that goes with the machine (changes.c),
 * or in a sparse file of its own, at the place it has on the disk; a bit per block of 4 KiB says
 * which blocks are there. The base is only read. The file:
 *
 *   0          head: magic, version, block size, the disk's size, the base's time of change
 *   4096       a bit per block, lowest first
 *   data_at    the disk's bytes
 *
 * A flush makes the blocks' bytes stable first and their bits after that, so a bit that survives a
 * crash tells of bytes that have survived. Bits are in memory, and in the file as of the last
 * flush.
 *
 * Locks: who writes part of a block that is not there copies the rest from the base, alone
 * (`copying` held for writing). Who writes whole blocks that are not there holds it for reading, so
 * that no such copy comes over them. Blocks that are there are read and written without. */
#include "base/le.h"
#include "base/own.h"
#include "host/disk/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOCK = 4096, HEAD = 4096, PAGE_BITS = 4096 * 8, DATA_ALIGN = 64 << 10, VERSION = 1 };
static const char magic[8] = "mewsCOW";

struct overlay {
    struct backing backing;
    struct backing *base;
    u64 blocks, pages, data_at; /* pages: of 4096 bytes of bits */
    u64 *bits;                  /* of whole pages */
    bool *unsaved;              /* a page of bits has changed since it was written */
    pthread_rwlock_t copying;
    pthread_mutex_t flushing;
};

static struct overlay *overlay_of(struct backing *b)
{
    return container_of(b, struct overlay, backing);
}

/* ---- bits ---- */

static bool there(const struct overlay *o, u64 block)
{
    return __atomic_load_n(&o->bits[block / 64], __ATOMIC_ACQUIRE) >> block % 64 & 1;
}

/* After the block's bytes were written. */
static void set_there(struct overlay *o, u64 first, u64 end)
{
    for (u64 b = first; b < end; b++)
        if (!there(o, b)) {
            __atomic_fetch_or(&o->bits[b / 64], 1ull << b % 64, __ATOMIC_RELEASE);
            __atomic_store_n(&o->unsaved[b / PAGE_BITS], true, __ATOMIC_RELEASE);
        }
}

/* The first block from `block` on that is not as `block` is. */
static u64 run_end(const struct overlay *o, u64 block, u64 end)
{
    bool is = there(o, block);

    while (block < end && there(o, block) == is)
        block++;
    return block;
}

static u64 whole_blocks(u64 bytes)
{
    return (bytes + BLOCK - 1) / BLOCK;
}

/* ---- bytes ---- */

static int from_base(struct overlay *o, const struct iovec *pieces, unsigned count, u64 skip,
                     u64 offset, u64 len)
{
    return pieces_move(o->base->fd, false, pieces, count, skip, offset, len);
}

static int own_move(struct overlay *o, bool write, const struct iovec *pieces, unsigned count,
                    u64 skip, u64 offset, u64 len)
{
    if (o->backing.changes)
        return changes_move(o->backing.changes, write, pieces, count, skip, offset, len);
    return pieces_move(o->backing.fd, write, pieces, count, skip, o->data_at + offset, len);
}

static int own_zero(struct overlay *o, u64 offset, u64 len, bool unmap)
{
    if (o->backing.changes)
        return changes_zero(o->backing.changes, offset, len, unmap);
    return file_zero(o->backing.fd, o->data_at + offset, len, unmap);
}

static int overlay_read(struct backing *b, const struct iovec *pieces, unsigned count, u64 offset,
                        u64 len)
{
    struct overlay *o = overlay_of(b);
    u64 done = 0, last = whole_blocks(offset + len);
    int r = 0;

    while (done < len && !r) {
        u64 at = offset + done, block = at / BLOCK, end = run_end(o, block, last);
        u64 part = end * BLOCK - at < len - done ? end * BLOCK - at : len - done;

        r = there(o, block) ? own_move(o, false, pieces, count, done, at, part)
                            : from_base(o, pieces, count, done, at, part);
        done += part;
    }
    return r;
}

/* Brings a block in from the base; the lock is held alone. */
static int copy_block(struct overlay *o, u64 block)
{
    u8 bytes[BLOCK];
    struct iovec v = { bytes, BLOCK };
    u64 at = block * BLOCK,
        len = o->backing.size_bytes - at < BLOCK ? o->backing.size_bytes - at : BLOCK;
    int r = from_base(o, &v, 1, 0, at, len);

    if (!r)
        r = own_move(o, true, &v, 1, 0, at, len);
    if (!r)
        set_there(o, block, block + 1);
    return r;
}

/* So that a part of the block may be written. */
static int need_block(struct overlay *o, u64 block)
{
    int r = 0;

    if (there(o, block))
        return 0;
    pthread_rwlock_wrlock(&o->copying);
    if (!there(o, block))
        r = copy_block(o, block);
    pthread_rwlock_unlock(&o->copying);
    return r;
}

/* The blocks that lie wholly in the range; the disk's last may be shorter than others. */
static void whole(const struct overlay *o, u64 offset, u64 len, u64 *first, u64 *end)
{
    *first = whole_blocks(offset);
    *end = offset + len == o->backing.size_bytes ? o->blocks : (offset + len) / BLOCK;
}

/* What comes before a change of a range: its edges are there. Then the caller changes it, holding
 * the lock for reading. */
static int need_edges(struct overlay *o, u64 offset, u64 len, u64 first, u64 end)
{
    int r = 0;

    if (offset / BLOCK < first)
        r = need_block(o, offset / BLOCK);
    if (!r && end < whole_blocks(offset + len))
        r = need_block(o, (offset + len - 1) / BLOCK);
    return r;
}

/* Bytes, or without pieces zeros. */
static int put(struct overlay *o, const struct iovec *pieces, unsigned count, u64 offset, u64 len,
               bool unmap)
{
    u64 first, end;
    int r;

    if (!len)
        return 0;
    whole(o, offset, len, &first, &end);
    r = need_edges(o, offset, len, first, end);
    if (r)
        return r;
    pthread_rwlock_rdlock(&o->copying);
    r = pieces ? own_move(o, true, pieces, count, 0, offset, len) : own_zero(o, offset, len, unmap);
    if (!r && first < end)
        set_there(o, first, end);
    pthread_rwlock_unlock(&o->copying);
    return r;
}

static int overlay_write(struct backing *b, const struct iovec *pieces, unsigned count, u64 offset,
                         u64 len)
{
    return put(overlay_of(b), pieces, count, offset, len, false);
}

static int overlay_zero(struct backing *b, u64 offset, u64 len, bool unmap)
{
    return put(overlay_of(b), NULL, 0, offset, len, unmap);
}

/* Blocks of our own give their space back and read as zeros; those of the base stay as they are. */
static int overlay_discard(struct backing *b, u64 offset, u64 len)
{
    struct overlay *o = overlay_of(b);
    u64 block, last;
    int r = 0;

    whole(o, offset, len, &block, &last);
    while (block < last && !r) {
        u64 end = run_end(o, block, last), at = block * BLOCK;
        u64 to = end * BLOCK < o->backing.size_bytes ? end * BLOCK : o->backing.size_bytes;

        if (there(o, block)) /* the disk's last block may be shorter */
            r = own_zero(o, at, to - at, true);
        block = end;
    }
    return r;
}

/* ---- flush ---- */

/* Pages of bits, as they were before the bytes were made stable: one that came since does not
 * get into the file before its bytes are. */
struct page {
    u64 number;
    u64 bits[BLOCK / 8];
};

static void take_page(const struct overlay *o, struct page *p)
{
    for (unsigned i = 0; i < ARRAY_SIZE(p->bits); i++)
        p->bits[i] = __atomic_load_n(&o->bits[p->number * ARRAY_SIZE(p->bits) + i],
                                     __ATOMIC_ACQUIRE);
}

/* All pages that have changed; their changes count as saved from now on. */
static int take_pages(struct overlay *o, struct page **out, u64 *count)
{
    bool *changed = calloc(o->pages, sizeof *changed);
    u64 n = 0, at = 0;

    if (!changed)
        return ENOMEM;
    for (u64 p = 0; p < o->pages; p++)
        n += changed[p] = __atomic_exchange_n(&o->unsaved[p], false, __ATOMIC_ACQ_REL);
    *out = malloc((n + 1) * sizeof **out);
    for (u64 p = 0; p < o->pages; p++)
        if (changed[p] && *out) {
            (*out)[at].number = p;
            take_page(o, &(*out)[at++]);
        } else if (changed[p]) {
            __atomic_store_n(&o->unsaved[p], true, __ATOMIC_RELEASE);
        }
    free(changed);
    *count = at;
    return *out ? 0 : ENOMEM;
}

static int save_pages(struct overlay *o, const struct page *pages, u64 count)
{
    int r = 0;

    for (u64 i = 0; i < count && !r; i++) {
        struct iovec v = { (void *)(uintptr_t)pages[i].bits, BLOCK };

        r = pieces_move(o->backing.fd, true, &v, 1, 0, HEAD + pages[i].number * BLOCK, BLOCK);
    }
    return r || !fdatasync(o->backing.fd) ? r : errno;
}

static int overlay_flush(struct backing *b)
{
    struct overlay *o = overlay_of(b);
    struct page *pages = NULL;
    u64 n = 0;
    int r;

    if (o->backing.changes) /* they are as lasting as the machine is */
        return 0;
    pthread_mutex_lock(&o->flushing);
    r = take_pages(o, &pages, &n);
    if (!r && fdatasync(b->fd))
        r = errno;
    if (!r && n)
        r = save_pages(o, pages, n);
    for (u64 i = 0; r && i < n; i++)
        __atomic_store_n(&o->unsaved[pages[i].number], true, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&o->flushing);
    free(pages);
    return r;
}

/* ---- life ---- */

static void overlay_close(struct backing *b)
{
    struct overlay *o = overlay_of(b);

    if (o->backing.fd >= 0 && o->bits)
        overlay_flush(b); /* nobody is there any more who could be told */
    if (o->backing.fd >= 0)
        file_close(o->backing.fd);
    if (o->base)
        o->base->ops->close(o->base);
    pthread_rwlock_destroy(&o->copying);
    pthread_mutex_destroy(&o->flushing);
    if (!o->backing.changes)
        free(o->bits);
    changes_free(o->backing.changes);
    free(o->unsaved);
    free(o);
}

static const struct backing_ops overlay_ops = {
    .read = overlay_read,
    .write = overlay_write,
    .flush = overlay_flush,
    .save = overlay_flush,
    .discard = overlay_discard,
    .zero = overlay_zero,
    .close = overlay_close,
};

static void make_head(const struct overlay *o, u8 head[static 64], u64 changed)
{
    memset(head, 0, 64);
    memcpy(head, magic, sizeof magic);
    le_put(head + 8, VERSION, 4);
    le_put(head + 12, BLOCK, 4);
    le_put(head + 16, o->backing.size_bytes, 8);
    le_put(head + 24, changed, 8);
}

static int read_all(struct overlay *o, const char *path, u64 changed, struct err *e)
{
    u8 head[64], expected[64];
    struct iovec v[] = { { head, sizeof head }, { o->bits, o->pages * BLOCK } };

    errno = pieces_move(o->backing.fd, false, v, 1, 0, 0, sizeof head);
    if (errno)
        return err_set(e, ERR_SYS, "%s", path);
    make_head(o, expected, changed);
    if (memcmp(head, expected, 16) != 0)
        return err_set(e, ERR_FORMAT, "%s: not an overlay of this version", path);
    if (memcmp(head, expected, sizeof head) != 0)
        return err_set(e, ERR_MISMATCH, "%s: made over another base, or the base has changed since",
                       path);
    errno = pieces_move(o->backing.fd, false, v + 1, 1, 0, HEAD, o->pages * BLOCK);
    if (errno)
        return err_set(e, ERR_SYS, "%s", path);
    if (o->blocks % 64 && o->bits[o->blocks / 64] >> o->blocks % 64)
        return err_set(e, ERR_FORMAT, "%s: damaged: blocks behind the end", path);
    return 0;
}

static int write_new(struct overlay *o, const char *path, u64 changed, struct err *e)
{
    u8 head[64];
    struct iovec v = { head, sizeof head };

    make_head(o, head, changed);
    if (ftruncate(o->backing.fd, (off_t)(o->data_at + o->backing.size_bytes)))
        return err_set(e, ERR_SYS, "%s", path);
    errno = pieces_move(o->backing.fd, true, &v, 1, 0, 0, sizeof head);
    return errno ? err_set(e, ERR_SYS, "%s", path) : 0;
}

static int open_file(struct overlay *o, const char *path, struct err *e)
{
    struct stat st, base;
    u64 changed;

    o->backing.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    o->backing.named = o->backing.fd;
    if (o->backing.fd < 0 || fstat(o->backing.fd, &st) || fstat(o->base->fd, &base))
        return err_set(e, ERR_SYS, "%s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_USAGE, "%s: not a file", path);
    if (file_lock(o->backing.fd, true, path, e))
        return -(int)e->code;
    changed = (u64)base.st_mtim.tv_sec * 1000000000u + (u64)base.st_mtim.tv_nsec;
    o->bits = calloc(o->pages, BLOCK);
    o->unsaved = calloc(o->pages, sizeof *o->unsaved);
    if (!o->bits || !o->unsaved)
        return err_set(e, ERR_NOMEM, "no memory for %s", path);
    return st.st_size ? read_all(o, path, changed, e) : write_new(o, path, changed, e);
}

static int make_changes(struct overlay *o, struct err *e)
{
    o->unsaved = calloc(o->pages, sizeof *o->unsaved);
    if (!o->unsaved)
        return err_set(e, ERR_NOMEM, "no memory for an overlay");
    if (changes_make(o->backing.size_bytes, o->pages * BLOCK, &o->backing.changes, e))
        return -(int)e->code;
    o->bits = (u64 *)(void *)o->backing.changes->map.bytes;
    return 0;
}

int overlay_open(struct backing *base, const char *path, struct backing **out, struct err *e)
{
    struct overlay *o = calloc(1, sizeof *o);

    if (!o) {
        base->ops->close(base);
        return err_set(e, ERR_NOMEM, "no memory for an overlay");
    }
    o->backing = (struct backing) {
        .ops = &overlay_ops, .size_bytes = base->size_bytes, .fd = -1, .named = base->fd
    };
    o->base = base;
    o->blocks = whole_blocks(base->size_bytes);
    o->pages = (o->blocks + PAGE_BITS - 1) / PAGE_BITS;
    o->data_at = (HEAD + o->pages * BLOCK + DATA_ALIGN - 1) / DATA_ALIGN * DATA_ALIGN;
    pthread_rwlock_init(&o->copying, NULL);
    pthread_mutex_init(&o->flushing, NULL);
    if (path ? open_file(o, path, e) : make_changes(o, e)) {
        free(o->bits); /* of a file that is not ours nothing is written */
        o->bits = NULL;
        overlay_close(&o->backing);
        return -(int)e->code;
    }
    *out = &o->backing;
    return 0;
}
