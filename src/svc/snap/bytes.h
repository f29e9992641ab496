/* Little-endian bytes, written and read one after another. A writer that finds no memory and a
 * reader that finds no bytes remember it, so that the caller asks once, at the end. */
#ifndef SVC_SNAP_BYTES_H
#define SVC_SNAP_BYTES_H

#include "base/le.h"

#include <stdlib.h>
#include <string.h>

struct writer {
    u8 *bytes; /* the owner frees it */
    size_t len, room;
    bool failed;
};

static inline void put_bytes(struct writer *w, const void *from, size_t len)
{
    if (len > w->room - w->len && !w->failed) {
        size_t room = 2 * (w->len + len);
        u8 *more = realloc(w->bytes, room);

        w->failed = !more;
        if (more) {
            w->bytes = more;
            w->room = room;
        }
    }
    if (w->failed || !len)
        return;
    if (from)
        memcpy(w->bytes + w->len, from, len);
    else
        memset(w->bytes + w->len, 0, len);
    w->len += len;
}

static inline void put(struct writer *w, u64 v, unsigned bytes)
{
    u8 le[8];

    le_put(le, v, bytes);
    put_bytes(w, le, bytes);
}

/* Length (2) and the bytes, without a zero. */
static inline void put_text(struct writer *w, const char *s)
{
    size_t len = s ? strlen(s) : 0;

    len = len < UINT16_MAX ? len : UINT16_MAX;
    put(w, len, 2);
    put_bytes(w, s, len);
}

static inline void put_align(struct writer *w, size_t align)
{
    put_bytes(w, NULL, (align - w->len % align) % align);
}

struct reader {
    const u8 *at, *end;
    bool bad;
};

static inline size_t bytes_left(const struct reader *r)
{
    return r->bad ? 0 : (size_t)(r->end - r->at);
}

/* The next `len` bytes; NULL when there are fewer. */
static inline const u8 *take_bytes(struct reader *r, u64 len)
{
    const u8 *p = r->at;

    if (r->bad || len > (u64)(r->end - r->at)) {
        r->bad = true;
        return NULL;
    }
    r->at += len;
    return p;
}

static inline u64 take(struct reader *r, unsigned bytes)
{
    const u8 *p = take_bytes(r, bytes);

    return p ? le_get(p, bytes) : 0;
}

/* What put_text() wrote, with a zero behind it; the caller frees it. NULL: damaged, or no memory.
 */
static inline char *take_text(struct reader *r)
{
    u64 len = take(r, 2);
    const u8 *p = take_bytes(r, len);
    char *s = NULL;

    if (p && !memchr(p, 0, len))
        s = strndup((const char *)p, len);
    r->bad |= !s;
    return s;
}

#endif
