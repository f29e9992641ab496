/* Bytes to and from the file, and what every image ends with: records, manifest, header. */
#include "svc/snap/format.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <xxhash.h>

int snap_write_at(int fd, const void *bytes, size_t len, u64 offset, struct err *e)
{
    const u8 *at = bytes;

    while (len) {
        ssize_t n = pwrite(fd, at, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(e, ERR_SYS, "writing the snapshot");
        at += n;
        len -= (size_t)n;
        offset += (u64)n;
    }
    return 0;
}

int snap_read_at(int fd, void *bytes, size_t len, u64 offset, struct err *e)
{
    u8 *at = bytes;

    while (len) {
        ssize_t n = pread(fd, at, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(e, ERR_SYS, "reading the snapshot");
        if (!n)
            return err_set(e, ERR_FORMAT, "the file is cut short");
        at += n;
        len -= (size_t)n;
        offset += (u64)n;
    }
    return 0;
}

int snap_clear(int fd, u64 bytes, struct err *e)
{
    if (bytes > INT64_MAX || ftruncate(fd, 0) || ftruncate(fd, (off_t)bytes))
        return err_set(e, ERR_SYS, "making room for the snapshot");
    return 0;
}

void snap_digest_text(const u8 digest[SNAP_DIGEST_BYTES], char out[SNAP_DIGEST_TEXT])
{
    for (unsigned i = 0; i < SNAP_DIGEST_BYTES; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", digest[i]);
}

u64 snap_sum(const void *bytes, size_t len)
{
    return XXH3_64bits(bytes, len);
}

bool snap_is_zero(const u8 *bytes, size_t len)
{
    assert(len);
    return !bytes[0] && !memcmp(bytes, bytes + 1, len - 1);
}

/* ---- spaces ---- */

u64 snap_place(u64 *end, u64 size_bytes)
{
    u64 align = size_bytes >= SPACE_LARGE_BYTES ? SPACE_ALIGN_BYTES : SPACE_PAGE_BYTES;
    u64 at = (*end + align - 1) & -align;

    *end = at + ((size_bytes + align - 1) & -align);
    return at;
}

bool snap_add_record(struct snap_part *p, const struct snap_record *r)
{
    if (!(p->records & (p->records - 1))) { /* at every power of two */
        u64 room = p->records ? 2 * p->records : 1;
        struct snap_record *more = realloc(p->list, room * sizeof *more);

        if (!more)
            return false;
        p->list = more;
    }
    p->list[p->records++] = *r;
    return true;
}

/* ---- the manifest ---- */

size_t snap_section(struct writer *w, enum snap_section s)
{
    put(w, s, 4);
    put(w, 0, 4);
    put(w, 0, 8);
    return w->len;
}

void snap_section_end(struct writer *w, size_t head)
{
    if (!w->failed)
        le_put(w->bytes + head - 8, w->len - head, 8);
    put_align(w, 8);
}

static void put_spaces(struct writer *w, const struct snap_part *parts, unsigned count)
{
    put(w, count, 4);
    for (unsigned i = 0; i < count; i++) {
        const struct snap_part *p = &parts[i];

        put_text(w, p->name);
        put(w, p->size_bytes, 8);
        put(w, p->base, 8);
        put(w, p->region, 8);
        put(w, p->records_at, 8);
        put(w, p->records, 8);
        put(w, p->records_sum, 8);
        put(w, p->stored_bytes, 8);
    }
}

/* ---- the end of every save ---- */

static int write_records(int fd, u64 *at, struct snap_part *p, struct err *e)
{
    struct writer w = { 0 };
    int r;

    p->stored_bytes = 0;
    for (u64 i = 0; i < p->records; i++) {
        const struct snap_record *rec = &p->list[i];

        put(&w, rec->first, 8);
        put(&w, rec->offset, 8);
        put(&w, rec->bytes, 4);
        put(&w, rec->stored, 4);
        put(&w, rec->checksum, 8);
        p->stored_bytes += rec->stored;
    }
    p->records_at = *at;
    p->records_sum = snap_sum(w.bytes, w.len);
    *at += w.len;
    r = w.failed ? err_set(e, ERR_NOMEM, "no memory")
                 : snap_write_at(fd, w.bytes, w.len, p->records_at, e);
    free(w.bytes);
    return r;
}

static int write_header(int fd, const struct snap_header *h, struct err *e)
{
    u8 b[SNAP_HEADER_BYTES] = { 0 };

    memcpy(b, SNAP_MAGIC, 8);
    le_put(b + 8, h->version, 4);
    le_put(b + 12, h->flags, 4);
    le_put(b + 16, h->file_bytes, 8);
    le_put(b + 24, h->manifest_at, 8);
    le_put(b + 32, h->manifest_bytes, 8);
    memcpy(b + 40, h->digest, SNAP_DIGEST_BYTES);
    memcpy(b + 56, h->base, SNAP_DIGEST_BYTES);
    memcpy(b + 72, h->also, SNAP_DIGEST_BYTES);
    le_put(b + SNAP_HEADER_SUM, snap_sum(b, SNAP_HEADER_SUM), 8);
    return snap_write_at(fd, b, sizeof b, 0, e);
}

int snap_write_end(int fd, u64 at, struct writer *w, struct snap_part *parts, unsigned count,
                   struct snap_header *h, struct err *e)
{
    XXH128_canonical_t digest;
    size_t head;

    at = (at + SPACE_PAGE_BYTES - 1) & -(u64)SPACE_PAGE_BYTES;
    for (unsigned i = 0; i < count; i++)
        if (write_records(fd, &at, &parts[i], e))
            return -(int)e->code;
    head = snap_section(w, SECTION_SPACES);
    put_spaces(w, parts, count);
    snap_section_end(w, head);
    if (w->failed)
        return err_set(e, ERR_NOMEM, "no memory for the manifest");
    h->version = SNAP_VERSION;
    h->manifest_at = at;
    h->manifest_bytes = w->len;
    h->file_bytes = at + w->len;
    XXH128_canonicalFromHash(&digest, XXH3_128bits(w->bytes, w->len));
    memcpy(h->digest, digest.digest, sizeof h->digest);
    if (!memcmp(h->also, h->digest, sizeof h->also)) /* it is the image itself, again */
        memset(h->also, 0, sizeof h->also);
    if (ftruncate(fd, (off_t)h->file_bytes))
        return err_set(e, ERR_SYS, "writing the snapshot");
    if (snap_write_at(fd, w->bytes, w->len, at, e))
        return -(int)e->code;
    return write_header(fd, h, e); /* the last: a save that was cut short is no image */
}
