/* Opening an image: all that could harm us is checked here, but for the values of fields, which the
 * components judge. Memory is data: whatever it holds, a guest could have written. */
#include "base/file.h"
#include "svc/snap/format.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

enum { MANIFEST_MAX = 512 << 20 };

static int damaged(struct err *e, const char *what)
{
    return err_set(e, ERR_FORMAT, "damaged: %s", what);
}

bool snap_recognise(const u8 *bytes, size_t len)
{
    return len >= 8 && !memcmp(bytes, SNAP_MAGIC, 8);
}

/* ---- header ---- */

static int check_header(const u8 *b, struct snap_header *h, u64 file_bytes, struct err *e)
{
    if (!snap_recognise(b, SNAP_HEADER_BYTES))
        return err_set(e, ERR_FORMAT, "not a snapshot, or one whose writing was cut short");
    h->version = (u32)le_get(b + 8, 4);
    if (h->version != SNAP_VERSION) /* and may have its checksum elsewhere */
        return err_set(e, ERR_MISMATCH, "a snapshot of format %u; this program knows format %d",
                       h->version, SNAP_VERSION);
    if (le_get(b + SNAP_HEADER_SUM, 8) != snap_sum(b, SNAP_HEADER_SUM))
        return damaged(e, "the header's checksum is wrong");
    h->flags = (u32)le_get(b + 12, 4);
    h->file_bytes = le_get(b + 16, 8);
    h->manifest_at = le_get(b + 24, 8);
    h->manifest_bytes = le_get(b + 32, 8);
    memcpy(h->digest, b + 40, sizeof h->digest);
    memcpy(h->base, b + 56, sizeof h->base);
    memcpy(h->also, b + 72, sizeof h->also);
    if (h->flags & ~(u32)(SNAP_CHAINED | SNAP_COMPRESSED))
        return err_set(e, ERR_MISMATCH, "a snapshot with features that this program does not know");
    if (h->file_bytes != file_bytes)
        return err_set(e, ERR_FORMAT, "the file has %llu bytes, and should have %llu",
                       (unsigned long long)file_bytes, (unsigned long long)h->file_bytes);
    if (h->manifest_at > file_bytes || h->manifest_bytes > file_bytes - h->manifest_at ||
        h->manifest_bytes > MANIFEST_MAX)
        return damaged(e, "the manifest is outside the file");
    return 0;
}

static int read_manifest(struct snap_image *i, struct err *e)
{
    const struct snap_header *h = &i->header;
    XXH128_canonical_t digest;

    i->manifest = malloc(h->manifest_bytes + 1);
    if (!i->manifest)
        return err_set(e, ERR_NOMEM, "no memory for the manifest");
    if (snap_read_at(i->fd, i->manifest, h->manifest_bytes, h->manifest_at, e))
        return -(int)e->code;
    XXH128_canonicalFromHash(&digest, XXH3_128bits(i->manifest, h->manifest_bytes));
    return memcmp(digest.digest, h->digest, sizeof h->digest) != 0
               ? damaged(e, "the manifest's checksum is wrong")
               : 0;
}

/* ---- sections ---- */

static const u32 known[SNAP_SECTIONS] = { SECTION_INFO, SECTION_RECIPE, SECTION_STATE,
                                          SECTION_EVENTS, SECTION_SPACES };

/* Finds the sections; one that is not known is passed over. */
static int find_sections(struct snap_image *i, struct err *e)
{
    struct reader r = { i->manifest, i->manifest + i->header.manifest_bytes, false };

    while (bytes_left(&r)) {
        u32 name = (u32)take(&r, 4);
        u64 len;
        const u8 *body;

        take(&r, 4);
        len = take(&r, 8);
        body = take_bytes(&r, len);
        take_bytes(&r, (8 - len % 8) % 8);
        for (unsigned k = 0; k < SNAP_SECTIONS && !r.bad; k++)
            if (known[k] == name) {
                if (i->sections[k].bytes)
                    return damaged(e, "a section is there twice");
                i->sections[k] = (struct snap_bytes) { body, len };
            }
        if (r.bad)
            return damaged(e, "the manifest's sections");
    }
    for (unsigned k = 0; k < SNAP_SECTIONS; k++)
        if (!i->sections[k].bytes && !(k == SNAP_RECIPE && (i->header.flags & SNAP_CHAINED)))
            return damaged(e, "a section is missing");
    return 0;
}

static struct reader section(const struct snap_image *i, enum snap_section_index k)
{
    const struct snap_bytes *s = &i->sections[k];

    return (struct reader) { s->bytes, s->bytes + s->len, false };
}

static int take_info(struct snap_image *i, struct err *e)
{
    struct reader r = section(i, SNAP_INFO);
    struct snap_info *f = &i->info;

    f->program = i->texts[0] = take_text(&r);
    f->kind = i->texts[1] = take_text(&r);
    f->board = i->texts[2] = take_text(&r);
    f->name = i->texts[3] = take_text(&r);
    f->hz_num = take(&r, 8);
    f->hz_den = take(&r, 8);
    return r.bad || bytes_left(&r) || !f->hz_num || !f->hz_den ? damaged(e, "what it is of") : 0;
}

static bool valid_part(const struct snap_image *i, const struct snap_part *p)
{
    u64 file = i->header.file_bytes;
    bool flat = !(i->header.flags & (SNAP_CHAINED | SNAP_COMPRESSED));

    if (!*p->name || strpbrk(p->name, " ") || p->size_bytes > INT64_MAX ||
        snap_part_named(i, p->name))
        return false;
    if (p->records > file / SNAP_RECORD_BYTES || p->records_at > file ||
        p->records * SNAP_RECORD_BYTES > file - p->records_at)
        return false;
    if (!flat)
        return !p->region;
    return p->region >= SNAP_MEMORY_AT && p->region % SPACE_PAGE_BYTES == 0 &&
           (p->size_bytes < SPACE_LARGE_BYTES || p->region % SPACE_ALIGN_BYTES == 0) &&
           p->region <= file && p->size_bytes <= file - p->region;
}

static int take_spaces(struct snap_image *i, struct err *e)
{
    struct reader r = section(i, SNAP_SPACES);
    u32 count = (u32)take(&r, 4);

    if (r.bad || count > SNAP_SPACES_MAX)
        return damaged(e, "the list of spaces");
    i->parts = calloc(count + 1, sizeof *i->parts);
    if (!i->parts)
        return err_set(e, ERR_NOMEM, "no memory");
    for (u32 k = 0; k < count; k++) {
        struct snap_part p = { .name = take_text(&r) };

        p.size_bytes = take(&r, 8);
        p.base = take(&r, 8);
        p.region = take(&r, 8);
        p.records_at = take(&r, 8);
        p.records = take(&r, 8);
        p.records_sum = take(&r, 8);
        p.stored_bytes = take(&r, 8);
        if (r.bad || !valid_part(i, &p)) {
            free(p.name);
            return damaged(e, "a space's place in the file");
        }
        i->parts[i->part_count++] = p;
    }
    return bytes_left(&r) ? damaged(e, "the list of spaces") : 0;
}

/* The machine's time, as the image's own table has it. */
static u64 machine_value(const struct snap_image *i, const char *name)
{
    const struct component *m = i->state.machine;
    struct field_ref ref;

    return field_find(m->fields, m->self, name, &ref) ? field_get(&ref) : 0;
}

static int take_manifest(struct snap_image *i, struct err *e)
{
    struct reader state, events;
    const struct snap_bytes *make = &i->sections[SNAP_RECIPE];

    if (find_sections(i, e) || take_info(i, e))
        return -(int)e->code;
    if (make->bytes && recipe_load(&i->recipe, make->bytes, make->len, e))
        return -(int)e->code;
    state = section(i, SNAP_STATE);
    events = section(i, SNAP_EVENTS);
    if (snap_take_state(&state, &i->state, e) || snap_take_events(&events, &i->state, e) ||
        take_spaces(i, e))
        return -(int)e->code;
    i->info.now = machine_value(i, "now");
    i->info.frames = machine_value(i, "frames");
    i->info.chained = i->header.flags & SNAP_CHAINED;
    i->info.compressed = i->header.flags & SNAP_COMPRESSED;
    i->info.file_bytes = i->header.file_bytes;
    i->info.space_count = i->part_count;
    snap_digest_text(i->header.digest, i->info.digest);
    if (i->info.chained)
        snap_digest_text(i->header.base, i->info.base);
    if (!snap_is_zero(i->header.also, sizeof i->header.also))
        snap_digest_text(i->header.also, i->info.also);
    return 0;
}

/* ---- open and close ---- */

static int open_image(struct snap_image *i, int fd, struct err *e)
{
    u8 head[SNAP_HEADER_BYTES];
    struct stat st;

    i->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (i->fd < 0 || file_stat(i->fd, &st))
        return err_set(e, ERR_SYS, "the snapshot's file");
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_FORMAT, "not a regular file");
    if (st.st_size < SNAP_HEADER_BYTES)
        return err_set(e, ERR_FORMAT, "not a snapshot, or one whose writing was cut short");
    if (snap_read_at(i->fd, head, sizeof head, 0, e) ||
        check_header(head, &i->header, (u64)st.st_size, e) || read_manifest(i, e))
        return -(int)e->code;
    return take_manifest(i, e);
}

int snap_open(int fd, struct snap_image **out, struct err *e)
{
    struct snap_image *i = calloc(1, sizeof *i);
    int r;

    if (!i)
        return err_set(e, ERR_NOMEM, "no memory");
    i->fd = -1;
    r = open_image(i, fd, e);
    if (r)
        snap_close(i);
    else
        *out = i;
    return r;
}

void snap_close(struct snap_image *i)
{
    if (!i)
        return;
    for (unsigned k = 0; k < i->part_count; k++) {
        free(i->parts[k].name);
        free(i->parts[k].list);
    }
    free(i->parts);
    for (unsigned k = 0; k < ARRAY_SIZE(i->texts); k++)
        free(i->texts[k]);
    recipe_fini(&i->recipe);
    snap_state_fini(&i->state);
    free(i->manifest);
    free(i->chunk);
    free(i->packed);
    if (i->fd >= 0)
        close(i->fd);
    free(i);
}

/* ---- what it holds ---- */

const struct snap_info *snap_info(const struct snap_image *i)
{
    return &i->info;
}

const struct recipe *snap_recipe(const struct snap_image *i)
{
    return i->recipe.owned ? &i->recipe : NULL;
}

struct named_visit {
    component_visit *visit;
    void *ctx;
    const char *name;
};

static void visit_named(void *ctx, struct component *c, const char *path)
{
    const struct named_visit *v = ctx;
    char whole[320];

    snprintf(whole, sizeof whole, "%s%s%s", v->name, *path ? "." : "", path);
    v->visit(v->ctx, c, whole);
}

void snap_walk(const struct snap_image *i, component_visit *visit, void *ctx)
{
    struct named_visit machine = { visit, ctx, "machine" }, files = { visit, ctx, "files" };

    component_walk(i->state.machine, visit_named, &machine);
    component_walk(i->state.tree, visit, ctx);
    if (i->state.files)
        component_walk(i->state.files, visit_named, &files);
}

void snap_events(const struct snap_image *i, snap_event *f, void *ctx)
{
    for (u32 k = 0; k < i->state.event_count; k++)
        f(ctx, i->state.events[k].name, i->state.events[k].when);
}

void snap_space(const struct snap_image *i, unsigned index, struct snap_space *out)
{
    const struct snap_part *p = &i->parts[index];

    assert(index < i->part_count);
    *out = (struct snap_space) { p->name, p->size_bytes, p->base, p->region != 0, p->stored_bytes };
}

struct snap_part *snap_part_named(const struct snap_image *i, const char *name)
{
    for (unsigned k = 0; k < i->part_count; k++)
        if (!strcmp(i->parts[k].name, name))
            return &i->parts[k];
    return NULL;
}

/* ---- records ---- */

/* A record after one that ended at `from`: whether it lies in the space and in the file. */
static bool valid_record(const struct snap_image *i, const struct snap_part *p,
                         const struct snap_record *r, u64 from)
{
    bool raw = r->stored == r->bytes;

    if (r->first < from || r->first % SPACE_PAGE_BYTES || r->first > p->size_bytes || !r->bytes ||
        r->bytes > SNAP_CHUNK_BYTES || r->bytes > p->size_bytes - r->first)
        return false;
    if (r->bytes % SPACE_PAGE_BYTES && r->first + r->bytes != p->size_bytes)
        return false;
    if (!r->stored || r->stored > r->bytes || (!raw && !i->info.compressed))
        return false;
    if (p->region && r->offset != p->region + r->first)
        return false;
    return r->offset >= SNAP_HEADER_BYTES && r->offset <= i->header.file_bytes &&
           r->stored <= i->header.file_bytes - r->offset;
}

static int parse_records(struct snap_image *i, struct snap_part *p, const u8 *bytes, struct err *e)
{
    struct reader r = { bytes, bytes + p->records * SNAP_RECORD_BYTES, false };
    u64 from = 0, stored = 0;

    for (u64 k = 0; k < p->records; k++) {
        struct snap_record *rec = &p->list[k];

        rec->first = take(&r, 8);
        rec->offset = take(&r, 8);
        rec->bytes = (u32)take(&r, 4);
        rec->stored = (u32)take(&r, 4);
        rec->checksum = take(&r, 8);
        if (!valid_record(i, p, rec, from))
            return err_set(e, ERR_FORMAT, "damaged: %s: a record of its memory", p->name);
        from = rec->first + rec->bytes;
        stored += rec->stored;
    }
    if (stored != p->stored_bytes)
        return err_set(e, ERR_FORMAT, "damaged: %s: the records' sum", p->name);
    return 0;
}

int snap_records(struct snap_image *i, struct snap_part *p, struct err *e)
{
    size_t len = p->records * SNAP_RECORD_BYTES;
    u8 *bytes;
    int r;

    if (p->list)
        return 0;
    bytes = malloc(len + 1);
    p->list = calloc(p->records + 1, sizeof *p->list);
    if (!bytes || !p->list)
        r = err_set(e, ERR_NOMEM, "no memory for the table of pages");
    else if (!(r = snap_read_at(i->fd, bytes, len, p->records_at, e)))
        r = snap_sum(bytes, len) != p->records_sum
                ? err_set(e, ERR_FORMAT, "damaged: %s: the checksum of its records is wrong",
                          p->name)
                : parse_records(i, p, bytes, e);
    free(bytes);
    if (r) {
        free(p->list);
        p->list = NULL;
    }
    return r;
}

const struct snap_record *snap_record_at(const struct snap_part *p, u64 offset)
{
    u64 low = 0, high = p->records;

    while (low < high) { /* the first that ends after `offset` */
        u64 middle = low + (high - low) / 2;

        if (p->list[middle].first + p->list[middle].bytes > offset)
            high = middle;
        else
            low = middle + 1;
    }
    return low < p->records ? &p->list[low] : NULL;
}

u64 snap_next_stored(const struct snap_part *p, u64 offset)
{
    const struct snap_record *r = snap_record_at(p, offset);

    if (!r)
        return p->size_bytes;
    return r->first > offset ? r->first : offset;
}

int snap_unpack(struct snap_image *i, const struct snap_record *r, struct err *e)
{
    bool raw = r->stored == r->bytes;
    u8 *to;
    size_t n;

    if (i->in_chunk == r)
        return 0;
    i->in_chunk = NULL;
    if (!i->chunk)
        i->chunk = malloc(SNAP_CHUNK_BYTES);
    if (!i->packed)
        i->packed = malloc(SNAP_CHUNK_BYTES);
    if (!i->chunk || !i->packed)
        return err_set(e, ERR_NOMEM, "no memory");
    to = raw ? i->chunk : i->packed;
    if (snap_read_at(i->fd, to, r->stored, r->offset, e))
        return -(int)e->code;
    if (snap_sum(to, r->stored) != r->checksum)
        return damaged(e, "the checksum of a piece of memory is wrong");
    n = raw ? r->bytes : ZSTD_decompress(i->chunk, SNAP_CHUNK_BYTES, i->packed, r->stored);
    if (n != r->bytes) /* an error of zstd is a number that is too large for a length */
        return damaged(e, "a piece of memory cannot be decompressed");
    i->in_chunk = r;
    return 0;
}

static int read_records(struct snap_image *i, struct snap_part *p, u64 offset, u8 *out, u64 len,
                        struct err *e)
{
    while (len) {
        const struct snap_record *r = snap_record_at(p, offset);
        u64 n = len;

        if (r && r->first > offset) { /* zeros before it */
            n = r->first - offset < len ? r->first - offset : len;
            r = NULL;
        }
        if (r) {
            u64 left = r->first + r->bytes - offset;

            n = left < len ? left : len;
            if (snap_unpack(i, r, e))
                return -(int)e->code;
            memcpy(out, i->chunk + (offset - r->first), n);
        } else {
            memset(out, 0, n);
        }
        out += n;
        offset += n;
        len -= n;
    }
    return 0;
}

int snap_read(struct snap_image *i, unsigned space, u64 offset, void *out, u64 len, struct err *e)
{
    struct snap_part *p = &i->parts[space];

    assert(space < i->part_count && offset <= p->size_bytes && len <= p->size_bytes - offset);
    if (i->info.chained)
        return err_set(e, ERR_STATE, "most of its memory is in its base %s", i->info.base);
    if (p->region)
        return snap_read_at(i->fd, out, len, p->region + offset, e);
    if (snap_records(i, p, e))
        return -(int)e->code;
    return read_records(i, p, offset, out, len, e);
}

/* ---- checksums ---- */

/* Between the records of a flat part nothing may be but zeros: no checksum is of it. Holes, of
 * which there may be a great many, are not read. */
static int check_zeros(struct snap_image *i, const struct snap_part *p, u64 from, u64 end,
                       struct err *e)
{
    u8 *bytes = i->packed;

    end += p->region;
    for (from += p->region; from < end;) {
        off_t data = lseek(i->fd, (off_t)from, SEEK_DATA);
        u64 n;

        if (data < 0 && errno == ENXIO)
            return 0;
        if (data > (off_t)from)
            from = (u64)data;
        if (from >= end)
            return 0;
        n = end - from < SNAP_CHUNK_BYTES ? end - from : SNAP_CHUNK_BYTES;
        if (snap_read_at(i->fd, bytes, n, from, e))
            return -(int)e->code;
        if (!snap_is_zero(bytes, n))
            return err_set(e, ERR_FORMAT, "damaged: %s: there is something where zeros should be",
                           p->name);
        from += n;
    }
    return 0;
}

static int verify_part(struct snap_image *i, struct snap_part *p, struct err *e)
{
    u64 at = 0;

    if (snap_records(i, p, e))
        return -(int)e->code;
    for (u64 k = 0; k <= p->records; k++) {
        const struct snap_record *r = k < p->records ? &p->list[k] : NULL;

        if (p->region && check_zeros(i, p, at, r ? r->first : p->size_bytes, e))
            return -(int)e->code;
        if (r && snap_unpack(i, r, e))
            return err_wrap(e, "%s+$%llx", p->name, (unsigned long long)r->first);
        at = r ? r->first + r->bytes : at;
    }
    return 0;
}

int snap_verify(struct snap_image *i, struct err *e)
{
    if (!i->packed)
        i->packed = malloc(SNAP_CHUNK_BYTES);
    if (!i->packed)
        return err_set(e, ERR_NOMEM, "no memory");
    for (unsigned k = 0; k < i->part_count; k++)
        if (verify_part(i, &i->parts[k], e))
            return -(int)e->code;
    return 0;
}
