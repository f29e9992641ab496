#include "svc/replay/tape.h"

#include "base/le.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* An entry: what (1 byte), ticks since the entry before (a number), then the members its kind has.
 * A number: 7 bits a byte, the lowest first, the top bit set on all but the last. A digest: 4
 * bytes. An answer: a number, 2r for r >= 0 and -2r - 1 below. Bytes: a number, then so many bytes.
 */
static const char *const members[TAPE_COUNT] = {
#define X(id, doc, m) [TAPE_##id] = (m),
    TAPE_QUESTIONS(X) TAPE_ACTS(X)
#undef X
};
static const char *const names[TAPE_COUNT] = {
#define X(id, doc, m) [TAPE_##id] = (doc),
    TAPE_QUESTIONS(X) TAPE_ACTS(X)
#undef X
};

enum { NUMBER_BYTES = 10, HEAD_ROOM = 1 + 6 * NUMBER_BYTES };

const char *tape_name(enum tape_what w)
{
    return w < TAPE_COUNT ? names[w] : "nothing";
}

void tape_fini(struct tape *t)
{
    free(t->bytes);
    free(t->acts);
    *t = (struct tape) { 0 };
}

size_t tape_bytes(const struct tape *t)
{
    return t->len + t->act_count * sizeof *t->acts;
}

/* ---- writing ---- */

static size_t put_number(u8 *out, u64 v)
{
    size_t n = 0;

    for (; v > 127; v >>= 7)
        out[n++] = (u8)(v | 128);
    out[n++] = (u8)v;
    return n;
}

static size_t put_head(u8 *out, const struct tape_entry *e, u64 ticks)
{
    size_t n = 1;

    out[0] = (u8)e->what;
    n += put_number(out + n, ticks);
    for (const char *m = members[e->what]; *m; m++) {
        switch (*m) {
        case 'a': n += put_number(out + n, e->a); break;
        case 'b': n += put_number(out + n, e->b); break;
        case 'r': n += put_number(out + n, (u64)e->result << 1 ^ (u64)(e->result >> 63)); break;
        case 'h':
            le_put(out + n, e->hash, 4);
            n += 4;
            break;
        default: n += put_number(out + n, e->len); break;
        }
    }
    return n;
}

static bool make_room(struct tape *t, size_t more)
{
    size_t room = t->room ? t->room : 4096;
    u8 *bytes;

    while (room - t->len < more)
        room *= 2;
    if (room == t->room)
        return true;
    bytes = realloc(t->bytes, room);
    if (!bytes)
        return false;
    t->bytes = bytes;
    t->room = room;
    return true;
}

static bool note_act(struct tape *t, u64 at, u64 time)
{
    if (t->act_count == t->act_room) {
        size_t room = t->act_room ? 2 * t->act_room : 16;
        struct tape_act *acts = realloc(t->acts, room * sizeof *acts);

        if (!acts)
            return false;
        t->acts = acts;
        t->act_room = room;
    }
    t->acts[t->act_count++] = (struct tape_act) { at, time };
    return true;
}

bool tape_add(struct tape *t, const struct tape_entry *e)
{
    bool bytes = strchr(members[e->what], 'y');
    u8 head[HEAD_ROOM];
    size_t n;

    assert(e->time >= t->end.time);
    n = put_head(head, e, e->time - t->end.time);
    if (!make_room(t, n + (bytes ? e->len : 0)))
        return false;
    if (e->what >= TAPE_FIRST_ACT && !note_act(t, t->end.at, e->time))
        return false;
    memcpy(t->bytes + t->len, head, n);
    if (bytes && e->len)
        memcpy(t->bytes + t->len + n, e->bytes, e->len);
    n += bytes ? e->len : 0;
    t->len += n;
    t->end = (struct tape_cursor) { t->end.at + n, e->time };
    return true;
}

/* ---- reading ---- */

struct reader {
    const u8 *in, *end;
    bool bad;
};

static u64 take_number(struct reader *r)
{
    u64 v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->in == r->end)
            break;
        v |= (u64)(*r->in & 127) << shift;
        if (!(*r->in++ & 128))
            return v;
    }
    r->bad = true;
    return 0;
}

static u32 take_digest(struct reader *r)
{
    if (r->end - r->in < 4) {
        r->bad = true;
        return 0;
    }
    r->in += 4;
    return (u32)le_get(r->in - 4, 4);
}

static void take_bytes(struct reader *r, struct tape_entry *e)
{
    u64 len = take_number(r);

    if (r->bad || len > (size_t)(r->end - r->in)) {
        r->bad = true;
        return;
    }
    e->bytes = r->in;
    e->len = len;
    r->in += len;
}

static void take_members(struct reader *r, struct tape_entry *e)
{
    for (const char *m = members[e->what]; *m && !r->bad; m++) {
        u64 v;

        switch (*m) {
        case 'a': e->a = take_number(r); break;
        case 'b': e->b = take_number(r); break;
        case 'r':
            v = take_number(r);
            e->result = (s64)(v >> 1 ^ (0 - (v & 1)));
            break;
        case 'h': e->hash = take_digest(r); break;
        default: take_bytes(r, e); break;
        }
    }
}

enum tape_read tape_next(const struct tape *t, struct tape_cursor *c, struct tape_entry *out)
{
    struct tape_entry e = { 0 };
    struct reader r = { .end = t->bytes + t->len };
    const u8 *start;
    u64 ticks;

    assert(c->at >= t->first.at && c->at <= t->end.at);
    if (c->at == t->end.at)
        return TAPE_END;
    start = r.in = t->bytes + (c->at - t->first.at);
    e.what = *r.in++;
    if (e.what >= TAPE_COUNT)
        return TAPE_DAMAGED;
    ticks = take_number(&r);
    take_members(&r, &e);
    if (r.bad || ticks > UINT64_MAX - c->time)
        return TAPE_DAMAGED;
    e.time = c->time + ticks;
    *c = (struct tape_cursor) { c->at + (u64)(r.in - start), e.time };
    *out = e;
    return TAPE_READ;
}

bool tape_append(struct tape *t, const u8 *bytes, size_t len)
{
    struct tape_cursor c = t->end, before = t->end;
    struct tape_entry e;
    enum tape_read r = TAPE_END;
    bool ok = true;

    if (!make_room(t, len))
        return false;
    if (len)
        memcpy(t->bytes + t->len, bytes, len);
    t->len += len;
    t->end.at += len;
    for (u64 at = c.at; ok && (r = tape_next(t, &c, &e)) == TAPE_READ; at = c.at)
        if (e.what >= TAPE_FIRST_ACT)
            ok = note_act(t, at, e.time);
    t->end.time = c.time;
    if (ok && r == TAPE_END)
        return true;
    tape_cut(t, &before);
    return false;
}

bool tape_find(const struct tape *t, u64 at, struct tape_cursor *c)
{
    struct tape_entry e;

    while (c->at < at)
        if (tape_next(t, c, &e) != TAPE_READ)
            return false;
    return c->at == at;
}

const struct tape_act *tape_act_from(const struct tape *t, const struct tape_cursor *c)
{
    size_t low = 0, high = t->act_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (t->acts[middle].at < c->at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->act_count ? &t->acts[low] : NULL;
}

/* ---- forgetting ---- */

void tape_cut(struct tape *t, const struct tape_cursor *c)
{
    assert(c->at >= t->first.at && c->at <= t->end.at);
    t->len = (size_t)(c->at - t->first.at);
    t->end = *c;
    while (t->act_count && t->acts[t->act_count - 1].at >= c->at)
        t->act_count--;
}

void tape_drop(struct tape *t, const struct tape_cursor *c)
{
    size_t gone = (size_t)(c->at - t->first.at), acts = 0;

    assert(c->at >= t->first.at && c->at <= t->end.at);
    if (gone)
        memmove(t->bytes, t->bytes + gone, t->len - gone);
    t->len -= gone;
    t->first = *c;
    if (t->len < t->room / 4) { /* gives back what it no longer needs */
        u8 *less = realloc(t->bytes, t->room / 2);

        t->room = less ? t->room / 2 : t->room;
        t->bytes = less ? less : t->bytes;
    }
    while (acts < t->act_count && t->acts[acts].at < c->at)
        acts++;
    t->act_count -= acts;
    if (acts)
        memmove(t->acts, t->acts + acts, t->act_count * sizeof *t->acts);
}
