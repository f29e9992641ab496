/* What differs between two images: fields by path, pages by number. */
#include "svc/snap/format.h"

#include <stdio.h>

enum { VALUES_SHOWN = 8, PATH_ROOM = 400, TEXT_ROOM = 256 };

struct diff {
    snap_difference *f;
    void *ctx;
    struct snap_image *a, *b;
    char path[PATH_ROOM];
};

static size_t push(struct diff *d, const char *name, const char *separator)
{
    size_t stem = strlen(d->path);

    snprintf(d->path + stem, sizeof d->path - stem, "%s%s", stem ? separator : "", name);
    return stem;
}

static void pop(struct diff *d, size_t stem)
{
    d->path[stem] = 0;
}

/* ---- fields ---- */

static const struct field *named(const struct fields *fs, const char *name)
{
    return fs ? field_named(fs, name, strlen(name)) : NULL;
}

static void scalar_text(const struct field *f, const void *obj, u32 k, char *out, size_t room)
{
    struct field_ref ref = { f, (char *)obj + f->offset + (size_t)k * f->size };

    field_text(&ref, out, room);
}

/* Values first..last, as many as a person will read. */
static void values_text(const struct field *f, const void *obj, u32 first, u32 last, char *out)
{
    size_t at = 0;

    for (u32 k = first; k <= last && at < TEXT_ROOM; k++) {
        char one[64];

        if (k - first == VALUES_SHOWN) {
            snprintf(out + at, TEXT_ROOM - at, " ...");
            return;
        }
        scalar_text(f, obj, k, one, sizeof one);
        at += (size_t)snprintf(out + at, TEXT_ROOM - at, "%s%s", k > first ? " " : "", one);
    }
}

static bool same_scalar(const struct field *fa, const void *a, const struct field *fb,
                        const void *b, u32 k)
{
    char ta[64], tb[64];

    scalar_text(fa, a, k, ta, sizeof ta);
    scalar_text(fb, b, k, tb, sizeof tb);
    return !strcmp(ta, tb);
}

/* Of an array, a run of different values is one difference. */
static void diff_scalars(struct diff *d, const struct field *fa, const void *a,
                         const struct field *fb, const void *b)
{
    for (u32 k = 0, last; k < fa->count; k = last + 1) {
        char ta[TEXT_ROOM] = "", tb[TEXT_ROOM] = "", index[32] = "";
        size_t stem;

        last = k;
        if (same_scalar(fa, a, fb, b, k))
            continue;
        while (last + 1 < fa->count && !same_scalar(fa, a, fb, b, last + 1))
            last++;
        if (fa->count > 1)
            snprintf(index, sizeof index, last > k ? "[%u..%u]" : "[%u]", k, last);
        stem = push(d, index, "");
        values_text(fa, a, k, last, ta);
        values_text(fb, b, k, last, tb);
        d->f(d->ctx, d->path, ta, tb);
        pop(d, stem);
    }
}

static void diff_fields(struct diff *d, const struct fields *fsa, const char *a,
                        const struct fields *fsb, const char *b);

static void diff_field(struct diff *d, const struct field *fa, const char *a,
                       const struct field *fb, const char *b)
{
    if ((fa->type == FIELD_GROUP) != (fb->type == FIELD_GROUP) || fa->count != fb->count) {
        d->f(d->ctx, d->path, "a field of another type", "a field of another type");
        return;
    }
    if (fa->type != FIELD_GROUP) {
        diff_scalars(d, fa, a, fb, b);
        return;
    }
    for (u32 k = 0; k < fa->count; k++) {
        char index[32] = "";
        size_t stem;

        if (fa->count > 1)
            snprintf(index, sizeof index, "[%u]", k);
        stem = push(d, index, "");
        diff_fields(d, field_group(fa), a + fa->offset + (size_t)k * fa->size, field_group(fb),
                    b + fb->offset + (size_t)k * fb->size);
        pop(d, stem);
    }
}

static void diff_fields(struct diff *d, const struct fields *fsa, const char *a,
                        const struct fields *fsb, const char *b)
{
    for (u32 i = 0; fsa && i < fsa->count; i++) {
        const struct field *fa = &fsa->list[i], *fb = named(fsb, fa->name);
        size_t stem = push(d, fa->name, ".");

        if (fb)
            diff_field(d, fa, a, fb, b);
        else
            d->f(d->ctx, d->path, "a field", "no such field");
        pop(d, stem);
    }
    for (u32 i = 0; fsb && i < fsb->count; i++)
        if (!named(fsa, fsb->list[i].name)) {
            size_t stem = push(d, fsb->list[i].name, ".");

            d->f(d->ctx, d->path, "no such field", "a field");
            pop(d, stem);
        }
}

static void diff_components(struct diff *d, const struct component *a, const struct component *b)
{
    diff_fields(d, a->fields, a->self, b->fields, b->self);
    for (const struct component *k = a->child; k; k = k->next) {
        const struct component *other = component_child(b, k->name, strlen(k->name));
        size_t stem = push(d, k->name, ".");

        if (other)
            diff_components(d, k, other);
        else
            d->f(d->ctx, d->path, "a component", "no such component");
        pop(d, stem);
    }
    for (const struct component *k = b->child; k; k = k->next)
        if (!component_child(a, k->name, strlen(k->name))) {
            size_t stem = push(d, k->name, ".");

            d->f(d->ctx, d->path, "no such component", "a component");
            pop(d, stem);
        }
}

static void diff_state(struct diff *d)
{
    const struct snap_state *a = &d->a->state, *b = &d->b->state;
    size_t stem = push(d, "machine", "");

    diff_components(d, a->machine, b->machine);
    pop(d, stem);
    diff_components(d, a->tree, b->tree);
    stem = push(d, "files", "");
    if (a->files && b->files)
        diff_components(d, a->files, b->files);
    else if (a->files || b->files)
        d->f(d->ctx, d->path, a->files ? "a directory is shared" : "none",
             b->files ? "a directory is shared" : "none");
    pop(d, stem);
}

static void diff_events(struct diff *d)
{
    const struct snap_state *a = &d->a->state, *b = &d->b->state;
    u32 most = a->event_count > b->event_count ? a->event_count : b->event_count;

    for (u32 k = 0; k < most; k++) {
        char where[32], ta[TEXT_ROOM] = "none", tb[TEXT_ROOM] = "none";

        if (k < a->event_count)
            snprintf(ta, sizeof ta, "%.200s at %llu", a->events[k].name,
                     (unsigned long long)a->events[k].when);
        if (k < b->event_count)
            snprintf(tb, sizeof tb, "%.200s at %llu", b->events[k].name,
                     (unsigned long long)b->events[k].when);
        snprintf(where, sizeof where, "events[%u]", k);
        if (strcmp(ta, tb) != 0)
            d->f(d->ctx, where, ta, tb);
    }
}

/* ---- what it was made from ---- */

static void diff_text(struct diff *d, const char *where, const char *a, const char *b)
{
    if (strcmp(a ? a : "", b ? b : "") != 0)
        d->f(d->ctx, where, a ? a : "", b ? b : "");
}

static void diff_recipe(struct diff *d)
{
    const struct config *a = &d->a->recipe.config, *b = &d->b->recipe.config;

    diff_text(d, "kind", d->a->info.kind, d->b->info.kind);
    diff_text(d, "board", d->a->info.board, d->b->info.board);
    diff_text(d, "name", d->a->info.name, d->b->info.name);
    if (a->image_bytes != b->image_bytes ||
        (a->image_bytes && memcmp(a->image, b->image, a->image_bytes) != 0)) {
        char ta[64], tb[64];

        snprintf(ta, sizeof ta, "%zu bytes, XXH3 %016llx", a->image_bytes,
                 (unsigned long long)snap_sum(a->image, a->image_bytes));
        snprintf(tb, sizeof tb, "%zu bytes, XXH3 %016llx", b->image_bytes,
                 (unsigned long long)snap_sum(b->image, b->image_bytes));
        d->f(d->ctx, "image", ta, tb);
    }
}

/* ---- memory ---- */

static void bytes_text(const u8 *bytes, u64 at, u64 left, char *out, size_t room)
{
    size_t used = (size_t)snprintf(out, room, "$%llx:", (unsigned long long)at);

    for (u64 i = 0; i < left && i < VALUES_SHOWN && used < room; i++)
        used += (size_t)snprintf(out + used, room - used, " %02x", bytes[i]);
}

struct run { /* of pages that differ */
    u64 first, end;
    char a[64], b[64]; /* the first bytes that do */
};

static void end_run(struct diff *d, const char *name, struct run *r)
{
    char where[PATH_ROOM];

    if (r->end == r->first)
        return;
    snprintf(where, sizeof where, "%.200s, page%s %llu", name, r->end - r->first > 1 ? "s" : "",
             (unsigned long long)r->first);
    if (r->end - r->first > 1)
        snprintf(where + strlen(where), 32, "-%llu", (unsigned long long)r->end - 1);
    d->f(d->ctx, where, r->a, r->b);
    r->first = r->end = 0;
}

static void diff_page(struct diff *d, const char *name, struct run *r, const u8 *a, const u8 *b,
                      u64 page, u64 len)
{
    u64 at = 0;

    if (!memcmp(a, b, len)) {
        end_run(d, name, r);
        return;
    }
    if (r->end != page || r->end == r->first) {
        while (a[at] == b[at])
            at++;
        end_run(d, name, r);
        r->first = page;
        bytes_text(a + at, page * SPACE_PAGE_BYTES + at, len - at, r->a, sizeof r->a);
        bytes_text(b + at, page * SPACE_PAGE_BYTES + at, len - at, r->b, sizeof r->b);
    }
    r->end = page + 1;
}

/* Both images' bytes of a chunk. */
static int read_both(struct diff *d, struct snap_part *pa, struct snap_part *pb, u64 at, u64 len,
                     u8 *a, u8 *b, struct err *e)
{
    if (snap_read(d->a, (unsigned)(pa - d->a->parts), at, a, len, e) ||
        snap_read(d->b, (unsigned)(pb - d->b->parts), at, b, len, e))
        return -(int)e->code;
    return 0;
}

/* The first chunk from `at` on of which either has anything but zeros. */
static u64 next_chunk(const struct snap_part *pa, const struct snap_part *pb, u64 at)
{
    u64 a = snap_next_stored(pa, at), b = snap_next_stored(pb, at), next = a < b ? a : b;

    return next < pa->size_bytes ? next / SNAP_CHUNK_BYTES * SNAP_CHUNK_BYTES : next;
}

static int diff_part(struct diff *d, struct snap_part *pa, struct snap_part *pb, u8 *a, u8 *b,
                     struct err *e)
{
    u64 size = pa->size_bytes;
    struct run r = { 0 };

    if (snap_records(d->a, pa, e) || snap_records(d->b, pb, e))
        return -(int)e->code;
    for (u64 at = 0, len; (at = next_chunk(pa, pb, at)) < size; at += len) {
        len = size - at < SNAP_CHUNK_BYTES ? size - at : SNAP_CHUNK_BYTES;
        if (read_both(d, pa, pb, at, len, a, b, e))
            return -(int)e->code;
        for (u64 k = 0; k < len; k += SPACE_PAGE_BYTES)
            diff_page(d, pa->name, &r, a + k, b + k, (at + k) / SPACE_PAGE_BYTES,
                      len - k < SPACE_PAGE_BYTES ? len - k : SPACE_PAGE_BYTES);
    }
    end_run(d, pa->name, &r);
    return 0;
}

static int diff_memory(struct diff *d, u8 *a, u8 *b, struct err *e)
{
    for (unsigned k = 0; k < d->a->part_count; k++) {
        struct snap_part *pa = &d->a->parts[k], *pb = snap_part_named(d->b, pa->name);

        if (!pb || pb->size_bytes != pa->size_bytes)
            d->f(d->ctx, pa->name, "a memory", pb ? "of another size" : "no such memory");
        else if (diff_part(d, pa, pb, a, b, e))
            return -(int)e->code;
    }
    for (unsigned k = 0; k < d->b->part_count; k++)
        if (!snap_part_named(d->a, d->b->parts[k].name))
            d->f(d->ctx, d->b->parts[k].name, "no such memory", "a memory");
    return 0;
}

int snap_diff(struct snap_image *a, struct snap_image *b, snap_difference *f, void *ctx,
              struct err *e)
{
    struct diff d = { f, ctx, a, b, "" };
    u8 *bytes;
    int r;

    if (a->info.chained || b->info.chained)
        return err_set(e, ERR_STATE, "one of them is chained to a base (mews snapshot --squash)");
    bytes = malloc((size_t)2 * SNAP_CHUNK_BYTES);
    if (!bytes)
        return err_set(e, ERR_NOMEM, "no memory");
    diff_recipe(&d);
    diff_state(&d);
    diff_events(&d);
    r = diff_memory(&d, bytes, bytes + SNAP_CHUNK_BYTES, e);
    free(bytes);
    return r;
}
