/* Saving: pages, then components; and chains, which know what changed since. */
#include "base/file.h"
#include "svc/snap/format.h"

#include <assert.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

/* ---- chains ---- */

struct chain_space {
    struct space *space;
    struct space_tracker tracker;
    u64 *taken;                 /* what an unfinished save took from the tracker */
    XXH128_hash_t *sums, *next; /* of an untracked space's pages: in the last image; in the next */
};

struct snap_chain {
    struct chain_space *spaces;
    unsigned count;
    bool has_base;
    u8 base[SNAP_DIGEST_BYTES];
};

static unsigned count_spaces(const struct machine *m)
{
    unsigned n = 0;

    for (const struct space *s = m->spaces; s; s = s->next)
        n += !(s->flags & SPACE_ROM);
    return n;
}

static bool chain_space_init(struct chain_space *c, struct space *s)
{
    size_t pages = space_pages(s);

    c->space = s;
    if (s->flags & SPACE_UNTRACKED) {
        c->sums = calloc(pages + 1, sizeof *c->sums);
        c->next = calloc(pages + 1, sizeof *c->next);
        return c->sums && c->next;
    }
    c->taken = calloc(pages / 64 + 1, sizeof *c->taken);
    return c->taken && space_track(s, &c->tracker);
}

int snap_chain_create(struct machine *m, struct snap_chain **out, struct err *e)
{
    struct snap_chain *c = calloc(1, sizeof *c);
    bool good = c && (c->spaces = calloc(count_spaces(m) + 1, sizeof *c->spaces));

    for (struct space *s = m->spaces; s && good; s = s->next)
        if (!(s->flags & SPACE_ROM))
            good = chain_space_init(&c->spaces[c->count++], s);
    if (!good) {
        snap_chain_destroy(c);
        return err_set(e, ERR_NOMEM, "no memory to note changed pages");
    }
    *out = c;
    return 0;
}

void snap_chain_destroy(struct snap_chain *c)
{
    if (!c)
        return;
    for (unsigned i = 0; c->spaces && i < c->count; i++) {
        struct chain_space *s = &c->spaces[i];

        if (s->tracker.dirty)
            space_untrack(s->space, &s->tracker);
        free(s->taken);
        free(s->sums);
        free(s->next);
    }
    free(c->spaces);
    free(c);
}

static u64 word_count(const struct space_tracker *t)
{
    return (t->pages + 63) / 64;
}

/* The state of now is being saved: what changes from here on is for the image after this one. */
static void chain_take(struct snap_chain *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        struct space_tracker *t = &c->spaces[i].tracker;

        for (u64 w = 0; w < word_count(t); w++) {
            c->spaces[i].taken[w] = t->dirty[w];
            t->dirty[w] = 0;
        }
    }
}

/* The save has failed, after chain_take(). */
static void chain_give_back(struct snap_chain *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        struct space_tracker *t = &c->spaces[i].tracker;

        for (u64 w = 0; w < word_count(t); w++)
            t->dirty[w] |= c->spaces[i].taken[w];
    }
}

static void chain_saved(struct snap_chain *c, const u8 digest[SNAP_DIGEST_BYTES])
{
    for (unsigned i = 0; i < c->count; i++) {
        struct chain_space *s = &c->spaces[i];
        XXH128_hash_t *sums = s->sums;

        s->sums = s->next;
        s->next = sums;
    }
    memcpy(c->base, digest, sizeof c->base);
    c->has_base = true;
}

/* ---- a save ---- */

struct piece { /* a space in the save */
    struct space *space;
    struct chain_space *chain; /* or NULL */
    struct space_tracker todo; /* pages to be written */
    u64 region;                /* flat: where it lies */
    u64 *written;              /* flat: a bit per page */
    u32 **slots;               /* incremental: where pages lie, in tables of SLOTS pages */
    u64 shared;                /* so many of its first pages are mapped from the file */
};

struct snap_writer {
    struct machine *machine;
    struct snap_options options;
    int fd;
    struct piece *pieces;
    unsigned count;
    u64 end;           /* of the memory in the file */
    unsigned at_piece; /* where the next round, and then the next checksum, begins */
    u64 at_page;
    struct snap_part *parts; /* what the file says of the pieces; and a chunk, to be read back */
    u8 *buffer;
    struct writer manifest;
    struct snap_header header;
    struct snap_result result;
    bool captured, finished;
};

static u64 page_bytes(const struct space *s, u64 page)
{
    u64 left = s->size_bytes - page * SPACE_PAGE_BYTES;

    return left < SPACE_PAGE_BYTES ? left : SPACE_PAGE_BYTES;
}

static bool bit(const u64 *bits, u64 i)
{
    return bits[i / 64] >> i % 64 & 1;
}

enum { SLOTS = 1024 };

/* Of an incremental image: the page of the file where a page lies; 0: it has none. */
static u32 slot(const struct piece *p, u64 page)
{
    const u32 *table = p->slots[page / SLOTS];

    return table ? table[page % SLOTS] : 0;
}

/* Gives the page one. A table is there when a page of it is dirty, so that the pause grows with
 * these and not with memory. False: no memory. */
static bool slot_set(struct piece *p, u64 page, u32 value)
{
    u32 **table = &p->slots[page / SLOTS];

    if (!*table)
        *table = calloc(SLOTS, sizeof **table);
    if (*table)
        (*table)[page % SLOTS] = value;
    return *table != NULL;
}

static void slots_free(struct piece *p)
{
    for (u64 i = 0; p->slots && i <= space_pages(p->space) / SLOTS; i++)
        free(p->slots[i]);
    free(p->slots);
}

/* Where the page goes in the file; 0: nowhere, since it is a hole; NOWHERE: no memory. */
#define NOWHERE UINT64_MAX
static u64 page_place(struct snap_writer *w, struct piece *p, u64 page)
{
    const u8 *bytes = p->space->bytes + page * SPACE_PAGE_BYTES;

    if (p->slots) {
        if (!slot(p, page)) {
            if (!slot_set(p, page, (u32)(w->end / SPACE_PAGE_BYTES)))
                return NOWHERE;
            w->end += SPACE_PAGE_BYTES;
        }
        return (u64)slot(p, page) * SPACE_PAGE_BYTES;
    }
    if (!bit(p->written, page) && snap_is_zero(bytes, page_bytes(p->space, page)))
        return 0;
    p->written[page / 64] |= 1ull << page % 64;
    return p->region + page * SPACE_PAGE_BYTES;
}

struct stretch { /* pages that lie one after another in memory and in the file */
    u64 first, pages, at;
};

static int flush(struct snap_writer *w, const struct piece *p, const struct stretch *s,
                 struct err *e)
{
    u64 from = s->first * SPACE_PAGE_BYTES;
    u64 len = (s->pages - 1) * SPACE_PAGE_BYTES + page_bytes(p->space, s->first + s->pages - 1);

    w->result.written_bytes += len;
    return snap_write_at(w->fd, p->space->bytes + from, len, s->at, e);
}

enum { STRETCH_PAGES = 256, UNTOUCHED_PER_PAGE = 64 };

/* A run of dirty pages which nobody has touched is not read: they are holes of a file in which they
 * were never written. Where it ends; `page`: it is none. *known: behind the run that was asked
 * for. */
static u64 skip_untouched(struct piece *p, u64 page, u64 *known, u64 *budget)
{
    u64 run = 1, first = page;

    if (p->slots || !p->space->untouched || page < *known)
        return page;
    if (!p->space->untouched(p->space, page, &run)) {
        *known = page + run;
        return page;
    }
    for (; page < first + run && !bit(p->written, page); page++)
        space_dirty_clear(&p->todo, page);
    run = (page - first) / UNTOUCHED_PER_PAGE; /* to ask takes its time too */
    *budget -= run < *budget ? run : *budget;
    return page;
}

/* Writes dirty pages of a space from *next on, up to *budget of them; *next is where it ended. */
static int write_pages(struct snap_writer *w, struct piece *p, u64 *next, u64 *budget,
                       struct err *e)
{
    struct space_tracker *t = &p->todo;
    struct stretch s = { 0 };
    u64 page = *next, known = 0;

    while (*budget && (page = space_dirty_from(t, page)) < t->pages) {
        u64 skipped = skip_untouched(p, page, &known, budget), at;
        bool joins;

        if (skipped != page) {
            page = skipped;
            continue;
        }
        at = page_place(w, p, page);
        joins = s.pages && page == s.first + s.pages && s.pages < STRETCH_PAGES &&
                at == s.at + s.pages * SPACE_PAGE_BYTES;

        if (at == NOWHERE)
            return err_set(e, ERR_NOMEM, "no memory for a snapshot");
        if (s.pages && !joins) {
            if (flush(w, p, &s, e))
                return -(int)e->code;
            s.pages = 0;
        }
        if (at && !s.pages)
            s = (struct stretch) { page, 0, at };
        s.pages += at != 0;
        space_dirty_clear(t, page);
        --*budget;
    }
    *next = page;
    return s.pages ? flush(w, p, &s, e) : 0;
}

/* ---- begin ---- */

/* All pages that may be other than zero are to be written. */
static void want_all(struct piece *p)
{
    const struct space *s = p->space;
    u64 page = 0, pages = space_pages(s);

    while ((page = s->present ? s->present(s, page) : page) < pages) {
        p->todo.dirty[page / 64] |= 1ull << page % 64;
        page++;
    }
}

static bool piece_init(struct snap_writer *w, struct piece *p, struct space *s)
{
    u64 pages = space_pages(s);

    p->space = s;
    for (unsigned i = 0; w->options.chain && i < w->options.chain->count; i++)
        if (w->options.chain->spaces[i].space == s)
            p->chain = &w->options.chain->spaces[i];
    if (w->options.incremental)
        p->slots = calloc(pages / SLOTS + 1, sizeof *p->slots);
    else
        p->written = calloc(pages / 64 + 1, sizeof *p->written);
    if ((!p->slots && !p->written) || !space_track(s, &p->todo))
        return false;
    assert(!p->slots || p->chain); /* a machine's spaces are always the same */
    if (!p->slots)
        want_all(p);
    else if (p->chain->tracker.dirty)
        memcpy(p->todo.dirty, p->chain->tracker.dirty, word_count(&p->todo) * sizeof(u64));
    w->result.memory_bytes += s->size_bytes;
    return true;
}

static void put_info(struct writer *w, const struct machine *m, const struct recipe *r,
                     const char *program)
{
    size_t head = snap_section(w, SECTION_INFO);

    put_text(w, program);
    put_text(w, r->kind);
    put_text(w, m->board);
    put_text(w, r->config.name);
    put(w, m->hz_num, 8);
    put(w, m->hz_den, 8);
    snap_section_end(w, head);
}

static void put_recipe(struct writer *w, const struct recipe *r)
{
    size_t head = snap_section(w, SECTION_RECIPE), len = recipe_save(r, NULL);

    put_bytes(w, NULL, len);
    if (!w->failed)
        recipe_save(r, w->bytes + head);
    snap_section_end(w, head);
}

/* A copy that goes on beside the machine must not write to the files that it has open, nor find
 * them elsewhere than where the machine left them. */
static int check_files(const struct machine *m, const struct snap_options *o, struct err *e)
{
    struct component *files = m->ports.files ? m->ports.files->state : NULL;

    if (!o->share || !files || !files->fields)
        return 0;
    component_saving(files);
    return snap_is_blank(files->fields, files->self)
               ? 0
               : err_set(e, ERR_STATE,
                         "the guest has files of the host open, which a running copy cannot have "
                         "too (mews snapshot, then mews restore --share with a copy of them)");
}

static int check_begin(struct machine *m, int fd, const struct snap_options *o, struct err *e)
{
    struct stat st;
    const char *why;

    if (!machine_can(m->kind, m, VERB_SNAPSHOT, &why))
        return err_set(e, ERR_NOTSUP, "no snapshot: %s", why);
    if (file_stat(fd, &st))
        return err_set(e, ERR_SYS, "the snapshot's file");
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_USAGE, "a snapshot can only be written to a regular file");
    if (o->incremental && (!o->chain || !o->chain->has_base))
        return err_set(e, ERR_STATE, "there is no snapshot yet that this could be based on");
    return check_files(m, o, e);
}

int snap_begin(struct machine *m, const struct recipe *r, int fd, const struct snap_options *o,
               struct snap_writer **out, struct err *e)
{
    static const struct snap_options plain = { 0 };
    struct snap_writer *w;
    bool good;

    o = o ? o : &plain;
    if (check_begin(m, fd, o, e))
        return -(int)e->code;
    w = calloc(1, sizeof *w);
    good = w && (w->pieces = calloc(count_spaces(m) + 1, sizeof *w->pieces));
    if (good) {
        w->machine = m;
        w->options = *o;
        w->fd = fd;
        for (struct space *s = m->spaces; s; s = s->next) {
            space_collect(s);
            if (good && !(s->flags & SPACE_ROM))
                good = piece_init(w, &w->pieces[w->count++], s);
        }
        w->end = SNAP_MEMORY_AT;
        for (unsigned i = 0; i < w->count && !o->incremental; i++)
            w->pieces[i].region = snap_place(&w->end, w->pieces[i].space->size_bytes);
        put_info(&w->manifest, m, r, o->program);
        if (!o->incremental)
            put_recipe(&w->manifest, r);
    }
    if (!good || w->manifest.failed)
        err_set(e, ERR_NOMEM, "no memory for a snapshot");
    else if (!snap_clear(fd, w->end, e)) {
        *out = w;
        return 0;
    }
    snap_end(w);
    return -(int)e->code;
}

/* Round and round, and not from the start each time: a guest that writes much there must not keep
 * the rest from its turn. */
int snap_round(struct snap_writer *w, u64 budget_bytes, u64 *left_bytes, struct err *e)
{
    u64 budget = (budget_bytes + SPACE_PAGE_BYTES - 1) / SPACE_PAGE_BYTES, left = 0;

    assert(!w->captured);
    for (unsigned i = 0; i < w->count; i++)
        space_collect(w->pieces[i].space);
    for (unsigned i = 0; budget && i <= w->count && w->count; i++) {
        struct piece *p = &w->pieces[w->at_piece];

        if (!(p->space->flags & SPACE_UNTRACKED) && write_pages(w, p, &w->at_page, &budget, e))
            return -(int)e->code;
        if (budget) { /* it has no more */
            w->at_piece = (w->at_piece + 1) % w->count;
            w->at_page = 0;
        }
    }
    for (unsigned i = 0; i < w->count; i++)
        if (!(w->pieces[i].space->flags & SPACE_UNTRACKED))
            left += space_dirty_count(&w->pieces[i].todo);
    *left_bytes = left * SPACE_PAGE_BYTES;
    return 0;
}

/* ---- capture ---- */

/* An untracked space: notes its pages' checksums for the chain, and of an incremental image writes
 * those which differ from the last ones. */
static void compare_pages(struct piece *p)
{
    for (u64 page = 0; p->chain && page < p->todo.pages; page++) {
        XXH128_hash_t sum = XXH3_128bits(p->space->bytes + page * SPACE_PAGE_BYTES,
                                         page_bytes(p->space, page));

        p->chain->next[page] = sum;
        if (p->slots && XXH128_isEqual(sum, p->chain->sums[page]))
            space_dirty_clear(&p->todo, page);
    }
}

int snap_capture(struct snap_writer *w, struct err *e)
{
    struct machine *m = w->machine;
    u64 before = w->result.written_bytes, budget = UINT64_MAX;
    const char *why;
    size_t head;

    assert(!w->captured);
    if (!machine_can(m->kind, m, VERB_SNAPSHOT, &why)) /* it could when the save began */
        return err_set(e, ERR_NOTSUP, "no snapshot: %s", why);
    if (check_files(m, &w->options, e))
        return -(int)e->code;
    component_saving(&m->root);
    if (m->ports.files && m->ports.files->state)
        component_saving(m->ports.files->state);
    for (unsigned i = 0; i < w->count; i++) {
        struct piece *p = &w->pieces[i];
        u64 from = 0;

        space_collect(p->space);
        if (p->space->flags & SPACE_UNTRACKED)
            compare_pages(p);
        if (write_pages(w, p, &from, &budget, e))
            return -(int)e->code;
    }
    head = snap_section(&w->manifest, SECTION_STATE);
    snap_put_state(&w->manifest, m);
    snap_section_end(&w->manifest, head);
    head = snap_section(&w->manifest, SECTION_EVENTS);
    snap_put_events(&w->manifest, &m->events);
    snap_section_end(&w->manifest, head);
    if (w->manifest.failed)
        return err_set(e, ERR_NOMEM, "no memory for the snapshot's components");
    w->captured = true;
    w->result.paused_bytes = w->result.written_bytes - before;
    if (w->options.chain)
        chain_take(w->options.chain);
    w->at_piece = 0;
    w->at_page = 0;
    for (unsigned i = 0; i < w->count; i++) { /* the machine runs on, and pays for them no longer */
        struct piece *p = &w->pieces[i];

        if (!w->options.share || !p->region || !snap_can_map(p->space) ||
            p->space->flags & SPACE_PORT)
            space_untrack(p->space, &p->todo);
    }
    return 0;
}

/* ---- sharing ---- */

enum { SHARE_PAGES = SPACE_ALIGN_BYTES / SPACE_PAGE_BYTES };

/* Has the next pages of a piece mapped from the file. Those that the machine has written since the
 * pause keep what they have: it is laid aside, and written again. */
static int share_pages(const struct snap_writer *w, struct piece *p, u64 first, struct err *e)
{
    u8 kept[SPACE_ALIGN_BYTES];
    u64 from = first * SPACE_PAGE_BYTES, pages = space_pages(p->space) - first;
    u8 *bytes = p->space->bytes + from;

    pages = pages < SHARE_PAGES ? pages : SHARE_PAGES;
    for (u64 k = 0; k < pages; k++)
        if (bit(p->todo.dirty, first + k))
            memcpy(kept + k * SPACE_PAGE_BYTES, bytes + k * SPACE_PAGE_BYTES, SPACE_PAGE_BYTES);
    if (snap_map(w->fd, p->region, p->space, from, pages * SPACE_PAGE_BYTES, e))
        return -(int)e->code;
    if (p->space->replaced)
        p->space->replaced(p->space);
    for (u64 k = 0; k < pages; k++)
        if (bit(p->todo.dirty, first + k))
            memcpy(bytes + k * SPACE_PAGE_BYTES, kept + k * SPACE_PAGE_BYTES, SPACE_PAGE_BYTES);
    return 0;
}

int snap_share(struct snap_writer *w, u64 budget_bytes, u64 *left_bytes, struct err *e)
{
    u64 left = 0;

    assert(w->captured && w->options.share);
    for (unsigned i = 0; i < w->count; i++) {
        struct piece *p = &w->pieces[i];
        u64 pages = space_pages(p->space);

        if (!p->todo.dirty)
            continue; /* it is not to be shared, or is already */
        space_collect(p->space);
        for (; budget_bytes && p->shared < pages; p->shared += SHARE_PAGES) {
            if (share_pages(w, p, p->shared, e))
                return -(int)e->code;
            budget_bytes -= budget_bytes < SPACE_ALIGN_BYTES ? budget_bytes : SPACE_ALIGN_BYTES;
        }
        if (p->shared < pages)
            left += (pages - p->shared) * SPACE_PAGE_BYTES;
        else
            space_untrack(p->space, &p->todo);
    }
    *left_bytes = left;
    return 0;
}

/* ---- finish ---- */

/* Checksums what has been written: the pages that the machine has changed since are in the file as
 * they were. */
static int record(struct snap_writer *w, struct snap_part *part, u8 *buffer, u64 first, u64 end,
                  u64 at, struct err *e)
{
    struct snap_record r = { .first = first, .offset = at, .bytes = (u32)(end - first) };

    if (snap_read_at(w->fd, buffer, r.bytes, at, e))
        return -(int)e->code;
    r.stored = r.bytes;
    r.checksum = snap_sum(buffer, r.bytes);
    return snap_add_record(part, &r) ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

enum { CHUNK_PAGES = SNAP_CHUNK_BYTES / SPACE_PAGE_BYTES };

/* The first page not before `page` that was written; `pages`: none. */
static u64 next_written(const struct piece *p, u64 page, u64 pages)
{
    while (page < pages && !(p->slots ? slot(p, page) != 0 : bit(p->written, page))) {
        u64 group = p->slots ? SLOTS : 64; /* of pages, that may be empty as a whole */
        bool empty = p->slots ? !p->slots[page / SLOTS] : !p->written[page / 64];

        page = empty ? (page / group + 1) * group : page + 1;
    }
    return page < pages ? page : pages;
}

/* Of the piece's pages from *next on, up to *budget_bytes of them; *next is where it ended. */
static int records_of(struct snap_writer *w, const struct piece *p, struct snap_part *part,
                      u64 *next, u64 *budget_bytes, struct err *e)
{
    u64 pages = space_pages(p->space), size = p->space->size_bytes, page = *next;

    while (*budget_bytes && (page = next_written(p, page, pages)) < pages) {
        u64 first = page, at, end;

        if (p->slots) { /* pages whose slots follow each other */
            at = (u64)slot(p, page) * SPACE_PAGE_BYTES;
            do
                page++;
            while (page < pages && page - first < CHUNK_PAGES &&
                   slot(p, page) == slot(p, first) + (page - first));
        } else { /* the chunk, holes and all */
            first = page / CHUNK_PAGES * CHUNK_PAGES;
            at = p->region + first * SPACE_PAGE_BYTES;
            page = first + CHUNK_PAGES;
        }
        end = page * SPACE_PAGE_BYTES < size ? page * SPACE_PAGE_BYTES : size;
        if (record(w, part, w->buffer, first * SPACE_PAGE_BYTES, end, at, e))
            return -(int)e->code;
        end -= first * SPACE_PAGE_BYTES;
        *budget_bytes -= *budget_bytes < end ? *budget_bytes : end;
    }
    *next = page;
    return 0;
}

static int begin_sums(struct snap_writer *w, struct err *e)
{
    w->parts = calloc(w->count + 1, sizeof *w->parts);
    w->buffer = malloc(SNAP_CHUNK_BYTES);
    if (!w->parts || !w->buffer)
        return err_set(e, ERR_NOMEM, "no memory for a snapshot's checksums");
    for (unsigned i = 0; i < w->count; i++) {
        const struct piece *p = &w->pieces[i];

        w->parts[i] = (struct snap_part) { .name = (char *)p->space->name, /* read only */
                                           .size_bytes = p->space->size_bytes,
                                           .base = p->space->base,
                                           .region = p->region };
    }
    return 0;
}

int snap_sums(struct snap_writer *w, u64 budget_bytes, bool *done, struct err *e)
{
    assert(w->captured && !w->finished);
    if (!w->buffer && begin_sums(w, e))
        return -(int)e->code;
    while (budget_bytes && w->at_piece < w->count) {
        if (records_of(w, &w->pieces[w->at_piece], &w->parts[w->at_piece], &w->at_page,
                       &budget_bytes, e))
            return -(int)e->code;
        if (budget_bytes) {
            w->at_piece++;
            w->at_page = 0;
        }
    }
    *done = w->at_piece == w->count;
    return 0;
}

static int write_end(struct snap_writer *w, struct err *e)
{
    bool done;

    if (snap_sums(w, UINT64_MAX, &done, e))
        return -(int)e->code;
    if (w->options.incremental) {
        w->header.flags = SNAP_CHAINED;
        memcpy(w->header.base, w->options.chain->base, sizeof w->header.base);
    }
    return snap_write_end(w->fd, w->end, &w->manifest, w->parts, w->count, &w->header, e);
}

int snap_finish(struct snap_writer *w, struct snap_result *out, struct err *e)
{
    assert(w->captured && !w->finished);
    if (write_end(w, e))
        return -(int)e->code;
    if (w->options.sync && fsync(w->fd))
        return err_set(e, ERR_SYS, "writing the snapshot to the disk");
    w->finished = true;
    if (w->options.chain)
        chain_saved(w->options.chain, w->header.digest);
    w->result.file_bytes = w->header.file_bytes;
    snap_digest_text(w->header.digest, w->result.digest);
    if (out)
        *out = w->result;
    return 0;
}

void snap_end(struct snap_writer *w)
{
    if (!w)
        return;
    if (w->captured && !w->finished && w->options.chain)
        chain_give_back(w->options.chain);
    for (unsigned i = 0; w->pieces && i < w->count; i++) {
        if (w->pieces[i].todo.dirty)
            space_untrack(w->pieces[i].space, &w->pieces[i].todo);
        if (w->parts)
            free(w->parts[i].list);
        free(w->pieces[i].written);
        slots_free(&w->pieces[i]);
    }
    free(w->pieces);
    free(w->parts);
    free(w->buffer);
    free(w->manifest.bytes);
    free(w);
}

int snap_save(struct machine *m, const struct recipe *r, int fd, const struct snap_options *o,
              struct snap_result *out, struct err *e)
{
    struct snap_writer *w;
    int status = snap_begin(m, r, fd, o, &w, e);

    if (status)
        return status;
    status = snap_capture(w, e);
    if (!status)
        status = snap_finish(w, out, e);
    snap_end(w);
    return status;
}
