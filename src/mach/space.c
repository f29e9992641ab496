#include "mach/space.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static u64 alignment(u64 size_bytes)
{
    return size_bytes < SPACE_HUGE_BYTES ? SPACE_ALIGN_BYTES : SPACE_HUGE_BYTES;
}

/* A large memory's block: whole pages of the host's, zero and not yet there. It does not come from
 * calloc(), which clears what was freed before, all of it, and may have it inside the heap. */
static u64 block_bytes(u64 size_bytes)
{
    return ((size_bytes + SPACE_ALIGN_BYTES - 1) & -(u64)SPACE_ALIGN_BYTES) + alignment(size_bytes);
}

static u8 *allocate_large(u64 size_bytes, void **block)
{
    u64 whole = block_bytes(size_bytes), align = alignment(size_bytes);
    uintptr_t at;

    if (whole < size_bytes || whole > SIZE_MAX)
        return NULL;
    *block = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                  -1, 0);
    if (*block == MAP_FAILED) {
        *block = NULL;
        return NULL;
    }
    at = ((uintptr_t)*block + align - 1) & -(uintptr_t)align;
    return (u8 *)at;
}

bool space_init(struct space *s, const char *name, u64 size_bytes, u64 base, unsigned flags)
{
    bool large = size_bytes >= SPACE_LARGE_BYTES;

    *s = (struct space) { .name = name,
                          .size_bytes = size_bytes,
                          .base = base,
                          .flags = flags | (large ? SPACE_LARGE : 0) };
    if (large)
        s->bytes = allocate_large(size_bytes, &s->block);
    else
        s->bytes = s->block = calloc(1, size_bytes ? size_bytes : 1);
    return s->bytes != NULL;
}

void space_fini(struct space *s)
{
    if (!s)
        return;
    assert(!s->trackers);
    if (s->block && (s->flags & SPACE_LARGE))
        munmap(s->block, block_bytes(s->size_bytes)); /* and what was mapped over it */
    else
        free(s->block);
    s->block = s->bytes = NULL;
}

static bool inside(const struct space *s, u64 offset, u64 len)
{
    return offset <= s->size_bytes && len <= s->size_bytes - offset;
}

bool space_read(const struct space *s, u64 offset, void *out, u64 len)
{
    if (!inside(s, offset, len))
        return false;
    memcpy(out, s->bytes + offset, len);
    return true;
}

bool space_write(struct space *s, u64 offset, const void *in, u64 len)
{
    if (!inside(s, offset, len))
        return false;
    space_mark(s, offset, len);
    memcpy(s->bytes + offset, in, len);
    return true;
}

/* ---- trackers ---- */

static u64 words(u64 pages)
{
    return (pages + 63) / 64;
}

bool space_track(struct space *s, struct space_tracker *t)
{
    u64 pages = space_pages(s);

    *t = (struct space_tracker) { calloc(words(pages) + 1, sizeof *t->dirty), pages, s->trackers };
    if (!t->dirty)
        return false;
    space_collect(s); /* what was written before is not this one's */
    s->trackers = t;
    return true;
}

void space_untrack(struct space *s, struct space_tracker *t)
{
    if (!t->dirty)
        return;
    for (struct space_tracker **at = &s->trackers; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            break;
        }
    free(t->dirty);
    *t = (struct space_tracker) { 0 };
}

static void set_page(struct space_tracker *t, u64 page)
{
    assert(page < t->pages);
    t->dirty[page / 64] |= 1ull << page % 64;
}

static void set_range(struct space_tracker *t, u64 first, u64 last)
{
    for (u64 p = first; p <= last; p++) {
        if (p % 64 == 0 && last - p >= 63) {
            t->dirty[p / 64] = UINT64_MAX;
            p += 63;
        } else {
            set_page(t, p);
        }
    }
}

void space_mark_all(struct space *s, u64 offset, u64 len)
{
    assert(inside(s, offset, len));
    if (!len)
        return;
    for (struct space_tracker *t = s->trackers; t; t = t->next)
        set_range(t, offset / SPACE_PAGE_BYTES, (offset + len - 1) / SPACE_PAGE_BYTES);
}

void space_collect(struct space *s)
{
    if (!s->trackers)
        return;
    if (s->flags & SPACE_UNTRACKED)
        space_mark_all(s, 0, s->size_bytes);
    else if (s->collect)
        s->collect(s);
}

u64 space_dirty_from(const struct space_tracker *t, u64 page)
{
    while (page < t->pages) {
        u64 left = t->dirty[page / 64] >> page % 64;

        if (left)
            return page + (u64)__builtin_ctzll(left);
        page = (page / 64 + 1) * 64;
    }
    return t->pages;
}

void space_dirty_clear(struct space_tracker *t, u64 page)
{
    assert(page < t->pages);
    t->dirty[page / 64] &= ~(1ull << page % 64);
}

u64 space_dirty_count(const struct space_tracker *t)
{
    u64 n = 0;

    for (u64 w = 0; w < words(t->pages); w++)
        n += (u64)__builtin_popcountll(t->dirty[w]);
    return n;
}
