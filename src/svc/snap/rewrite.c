/* One image from a base and what is chained to it; or the same one, compressed or flat. */
#include "svc/snap/format.h"

#include <assert.h>
#include <unistd.h>
#include <zstd.h>

struct rewrite {
    struct snap_image *chain[SNAP_CHAIN_MAX]; /* oldest first */
    unsigned count;
    int fd, level;
    u64 end; /* of the memory in the file */
    struct snap_part *parts;
    unsigned part_count;
    u8 *chunk, *packed;
    size_t packed_room;
    struct snap_result result;
};

/* ---- the chain's order ---- */

static bool same(const u8 *a, const u8 *b)
{
    return !memcmp(a, b, SNAP_DIGEST_BYTES);
}

static bool follows(const struct snap_image *i, const struct snap_image *before)
{
    return i->info.chained && (same(i->header.base, before->header.digest) ||
                               same(i->header.base, before->header.also));
}

static bool is_in(const struct rewrite *w, const struct snap_image *i)
{
    for (unsigned k = 0; k < w->count; k++)
        if (w->chain[k] == i)
            return true;
    return false;
}

/* Orders them by the digests. */
static int order(struct rewrite *w, struct snap_image *const *images, unsigned count, struct err *e)
{
    if (!count || count > SNAP_CHAIN_MAX)
        return err_set(e, ERR_LIMIT, "a chain has 1 to %d images", SNAP_CHAIN_MAX);
    for (unsigned k = 0; k < count && !w->count; k++)
        if (!images[k]->info.chained || count == 1)
            w->chain[w->count++] = images[k];
    if (!w->count)
        return err_set(e, ERR_STATE, "the base is missing: all are chained to another image");
    for (unsigned tries = 1; tries < count; tries++)
        for (unsigned k = 0; k < count; k++)
            if (follows(images[k], w->chain[w->count - 1]) && !is_in(w, images[k])) {
                w->chain[w->count++] = images[k];
                break;
            }
    return w->count == count
               ? 0
               : err_set(e, ERR_MISMATCH, "not one chain: nothing here is based on %s",
                         w->chain[w->count - 1]->info.digest);
}

/* ---- memory ---- */

/* Copies what an image's records have of [first, first + bytes) over the chunk. */
static int overlay(struct rewrite *w, struct snap_image *i, const char *name, u64 first, u64 bytes,
                   bool *any, struct err *e)
{
    struct snap_part *p = snap_part_named(i, name);
    const struct snap_record *r = p ? snap_record_at(p, first) : NULL;

    for (; r && r < p->list + p->records && r->first < first + bytes; r++) {
        u64 from = r->first > first ? r->first : first, to = r->first + r->bytes;

        to = to < first + bytes ? to : first + bytes;
        if (snap_unpack(i, r, e))
            return err_wrap(e, "%s", name);
        memcpy(w->chunk + (from - first), i->chunk + (from - r->first), to - from);
        *any = true;
    }
    return 0;
}

static int store(struct rewrite *w, struct snap_part *p, struct snap_record *r, const u8 *bytes,
                 struct err *e)
{
    r->checksum = snap_sum(bytes, r->stored);
    w->result.written_bytes += r->stored;
    if (snap_write_at(w->fd, bytes, r->stored, r->offset, e))
        return -(int)e->code;
    return snap_add_record(p, r) ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

/* Appends `bytes` of the chunk, compressed where that is asked for and of use. */
static int store_packed(struct rewrite *w, struct snap_part *p, u64 first, u32 bytes,
                        const u8 *from, struct err *e)
{
    struct snap_record r = { first, w->end, bytes, bytes, 0 };
    size_t n = w->level ? ZSTD_compress(w->packed, w->packed_room, from, bytes, w->level) : bytes;

    if (n < bytes)
        r.stored = (u32)n;
    w->end += r.stored;
    return store(w, p, &r, n < bytes ? w->packed : from, e);
}

/* Writes the chunk where it belongs in a flat image; its zero pages become holes. */
static int store_flat(struct rewrite *w, struct snap_part *p, u64 first, u32 bytes, struct err *e)
{
    struct snap_record r = { first, p->region + first, bytes, bytes, snap_sum(w->chunk, bytes) };

    for (u32 at = 0, n; at < bytes; at += n) {
        n = bytes - at < SPACE_PAGE_BYTES ? bytes - at : SPACE_PAGE_BYTES;
        if (snap_is_zero(w->chunk + at, n))
            continue;
        w->result.written_bytes += n;
        if (snap_write_at(w->fd, w->chunk + at, n, r.offset + at, e))
            return -(int)e->code;
    }
    return snap_add_record(p, &r) ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

/* The first place from `at` on of which any image has a record; `end`: none. */
static u64 next_place(const struct rewrite *w, const char *name, u64 at, u64 end)
{
    u64 next = end;

    for (unsigned k = 0; k < w->count; k++) {
        const struct snap_part *p = snap_part_named(w->chain[k], name);
        u64 stored = p ? snap_next_stored(p, at) : end;

        next = stored < next ? stored : next;
    }
    return next;
}

static int rewrite_part(struct rewrite *w, struct snap_part *p, struct err *e)
{
    for (u64 at = 0; (at = next_place(w, p->name, at, p->size_bytes)) < p->size_bytes;) {
        u64 first = at / SNAP_CHUNK_BYTES * SNAP_CHUNK_BYTES;
        u64 left = p->size_bytes - first;
        u32 bytes = left < SNAP_CHUNK_BYTES ? (u32)left : SNAP_CHUNK_BYTES;
        bool any = false;
        int r;

        memset(w->chunk, 0, bytes);
        for (unsigned k = 0; k < w->count; k++)
            if (overlay(w, w->chain[k], p->name, first, bytes, &any, e))
                return -(int)e->code;
        assert(any);
        at = first + bytes;
        if (snap_is_zero(w->chunk, bytes))
            continue;
        r = w->level ? store_packed(w, p, first, bytes, w->chunk, e)
                     : store_flat(w, p, first, bytes, e);
        if (r)
            return r;
    }
    return 0;
}

/* Of a chained image alone: record by record. */
static int rewrite_records(struct rewrite *w, struct snap_part *p, struct err *e)
{
    struct snap_image *i = w->chain[0];
    const struct snap_part *from = snap_part_named(i, p->name);

    for (u64 k = 0; k < from->records; k++) {
        const struct snap_record *r = &from->list[k];

        if (snap_unpack(i, r, e) || store_packed(w, p, r->first, r->bytes, i->chunk, e))
            return -(int)e->code;
    }
    return 0;
}

/* ---- */

/* All must be of the same memories; their tables of records are read. */
static int check_parts(struct rewrite *w, struct err *e)
{
    const struct snap_image *last = w->chain[w->count - 1];

    for (unsigned k = 0; k < w->count; k++) {
        struct snap_image *i = w->chain[k];

        if (i->part_count != last->part_count)
            return err_set(e, ERR_MISMATCH, "the images are of different machines");
        for (unsigned n = 0; n < last->part_count; n++) {
            struct snap_part *p = snap_part_named(i, last->parts[n].name);

            if (!p || p->size_bytes != last->parts[n].size_bytes)
                return err_set(e, ERR_MISMATCH, "the images are of different machines");
            if (snap_records(i, p, e))
                return -(int)e->code;
        }
    }
    return 0;
}

static bool is_flat(const struct rewrite *w)
{
    return !w->level && !w->chain[0]->info.chained;
}

static void place(struct rewrite *w)
{
    const struct snap_image *last = w->chain[w->count - 1];

    w->end = SNAP_MEMORY_AT;
    for (unsigned n = 0; n < last->part_count; n++) {
        const struct snap_part *from = &last->parts[n];

        w->parts[n] = (struct snap_part) { .name = from->name, /* borrowed */
                                           .size_bytes = from->size_bytes,
                                           .base = from->base };
        w->result.memory_bytes += from->size_bytes;
        if (is_flat(w))
            w->parts[n].region = snap_place(&w->end, from->size_bytes);
    }
    w->part_count = last->part_count;
}

static void copy_section(struct writer *out, const struct snap_image *i,
                         enum snap_section_index which, enum snap_section name)
{
    const struct snap_bytes *s = &i->sections[which];
    size_t head;

    if (!s->bytes)
        return;
    head = snap_section(out, name);
    put_bytes(out, s->bytes, s->len);
    snap_section_end(out, head);
}

/* What is based on the last of the chain, or on what that one stands for, may be based on the new
 * image as well. */
static void stand_for(struct snap_header *h, const struct snap_header *last)
{
    static const u8 none[SNAP_DIGEST_BYTES];

    memcpy(h->also, same(last->also, none) ? last->digest : last->also, sizeof h->also);
}

static int write_image(struct rewrite *w, struct writer *out, bool sync, struct err *e)
{
    const struct snap_image *first = w->chain[0], *last = w->chain[w->count - 1];
    struct snap_header h = { .flags = w->level ? SNAP_COMPRESSED : 0 };

    if (snap_clear(w->fd, w->end, e))
        return -(int)e->code;
    for (unsigned n = 0; n < w->part_count; n++)
        if (first->info.chained ? rewrite_records(w, &w->parts[n], e)
                                : rewrite_part(w, &w->parts[n], e))
            return -(int)e->code;
    copy_section(out, last, SNAP_INFO, SECTION_INFO);
    copy_section(out, first, SNAP_RECIPE, SECTION_RECIPE);
    copy_section(out, last, SNAP_STATE, SECTION_STATE);
    copy_section(out, last, SNAP_EVENTS, SECTION_EVENTS);
    if (first->info.chained) {
        h.flags |= SNAP_CHAINED;
        memcpy(h.base, first->header.base, sizeof h.base);
    }
    stand_for(&h, &last->header);
    if (snap_write_end(w->fd, w->end, out, w->parts, w->part_count, &h, e))
        return -(int)e->code;
    if (sync && fsync(w->fd))
        return err_set(e, ERR_SYS, "writing the snapshot to the disk");
    w->result.file_bytes = h.file_bytes;
    snap_digest_text(h.digest, w->result.digest);
    return 0;
}

int snap_rewrite(struct snap_image *const *chain, unsigned count, int fd, int level, bool sync,
                 struct snap_result *out, struct err *e)
{
    struct rewrite *w = calloc(1, sizeof *w);
    struct writer manifest = { 0 };
    int r = w ? order(w, chain, count, e) : err_set(e, ERR_NOMEM, "no memory");

    if (!r)
        r = check_parts(w, e);
    if (!r) {
        w->fd = fd;
        w->level = level;
        w->packed_room = ZSTD_compressBound(SNAP_CHUNK_BYTES);
        w->chunk = malloc(SNAP_CHUNK_BYTES);
        w->packed = malloc(w->packed_room);
        w->parts = calloc(w->chain[0]->part_count + 1, sizeof *w->parts);
        if (!w->chunk || !w->packed || !w->parts)
            r = err_set(e, ERR_NOMEM, "no memory");
    }
    if (!r) {
        place(w);
        r = write_image(w, &manifest, sync, e);
    }
    if (!r && out)
        *out = w->result;
    for (unsigned n = 0; w && n < w->part_count; n++)
        free(w->parts[n].list);
    if (w) {
        free(w->parts);
        free(w->chunk);
        free(w->packed);
    }
    free(w);
    free(manifest.bytes);
    return r;
}
