/* A space is a named piece of guest memory: what a snapshot saves page by page, a debugger reads
 * and writes, and a fork shares. A region that no one may write (ROM) is a space too, not saved.
 *
 * Whoever wants to know which pages change opens a tracker: a bit per page, set by every write
 * since. Writers say what they write: space_write() does, a kind that writes `bytes` itself calls
 * space_mark(), one whose writes are logged elsewhere (a kernel's dirty log) has collect() mark
 * them. A small space whose owner does none of this says so (SPACE_UNTRACKED): its pages always
 * count as dirty. As long as no tracker is open, a mark costs one comparison. */
#ifndef MACH_SPACE_H
#define MACH_SPACE_H

#include "base/types.h"

#define SPACE_PAGE_BYTES 4096

/* Memory of at least SPACE_LARGE_BYTES is aligned to, and has, whole SPACE_ALIGN_BYTES, so that
 * any host can map a file in its place; it is zero until touched, and costs nothing before. */
#define SPACE_LARGE_BYTES (1u << 20)
#define SPACE_ALIGN_BYTES (1u << 16)
/* From this size on to that: a host's huge page can stand behind one of the guest's. */
#define SPACE_HUGE_BYTES (2u << 20)

enum space_flags {
    SPACE_ROM = 1,       /* never written by the guest; not in snapshots */
    SPACE_UNTRACKED = 2, /* written behind the trackers' back: always dirty */
    SPACE_LARGE = 4,     /* space_init()'s: `bytes` may be mapped over */
    SPACE_PORT = 8,      /* a host's port has it, whose threads write while the machine stands */
};

struct space_tracker {
    u64 *dirty; /* a bit per page */
    u64 pages;
    struct space_tracker *next;
};

struct space {
    const char *name;
    u8 *bytes;
    u64 size_bytes;
    u64 base; /* the address at which a debugger names its first byte */
    unsigned flags;
    struct space *next;
    struct space_tracker *trackers;   /* NULL: nobody wants to know */
    void (*collect)(struct space *s); /* optional: marks what was written since the last call */
    /* Optional: the first page from `page` on that may be other than zero, space_pages() when there
     * is none, so that nobody looks through terabytes of nothing. */
    u64 (*present)(const struct space *s, u64 page);
    /* Optional: whether a page was never touched, so that it is zero, and to read it would only
     * make the host fetch it; *run: so many from it on are alike. The machine stands still. */
    bool (*untouched)(const struct space *s, u64 page, u64 *run);
    void (*replaced)(struct space *s); /* optional: other memory was put in the place of `bytes`,
                                        * or of a part of them */
    void *block;                       /* what space_fini() gives back */
};

/* Zeroed memory of the given size; false when the host has none. */
bool space_init(struct space *s, const char *name, u64 size_bytes, u64 base, unsigned flags);
void space_fini(struct space *s);

/* Copies; false, and nothing done, when the range is not inside. */
bool space_read(const struct space *s, u64 offset, void *out, u64 len);
bool space_write(struct space *s, u64 offset, const void *in, u64 len);

/* ---- which pages change ---- */

static inline u64 space_pages(const struct space *s)
{
    return (s->size_bytes + SPACE_PAGE_BYTES - 1) / SPACE_PAGE_BYTES;
}

/* Opens a tracker: all pages are clean. False when the host has no memory. */
bool space_track(struct space *s, struct space_tracker *t);
void space_untrack(struct space *s, struct space_tracker *t); /* accepts one that is all zero */

void space_mark_all(struct space *s, u64 offset, u64 len); /* for space_mark() */

/* The range was, or is about to be, written; it lies inside. */
static inline void space_mark(struct space *s, u64 offset, u64 len)
{
    if (unlikely(s->trackers != NULL))
        space_mark_all(s, offset, len);
}

/* To be called between two calls of run, before a tracker is read: afterwards every write so far
 * is in it. */
void space_collect(struct space *s);

/* The first dirty page from `page` on; t->pages: none. */
u64 space_dirty_from(const struct space_tracker *t, u64 page);
void space_dirty_clear(struct space_tracker *t, u64 page);
u64 space_dirty_count(const struct space_tracker *t);

#endif
