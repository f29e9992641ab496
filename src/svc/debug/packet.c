#include "svc/debug/packet.h"

#include <stdlib.h>
#include <string.h>

enum { INTERRUPT = 3, ESCAPE = '}', FLIP = 0x20, SUM_BYTES = 3 /* "#", two digits */ };

static const char digits[] = "0123456789abcdef";

static int digit(u8 c)
{
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

    return at ? (int)(at - digits) : -1;
}

void packet_to_hex(char *out, const void *in, size_t len)
{
    const u8 *from = in;

    for (size_t i = 0; i < len; i++) {
        *out++ = digits[from[i] >> 4];
        *out++ = digits[from[i] & 15];
    }
}

size_t packet_from_hex(void *out, const char *in, size_t len)
{
    u8 *to = out;
    size_t n = 0;

    for (; n < len / 2; n++) {
        int high = digit((u8)in[2 * n]), low = digit((u8)in[2 * n + 1]);

        if (high < 0 || low < 0)
            break;
        to[n] = (u8)(high << 4 | low);
    }
    return n;
}

/* ---- in ---- */

u8 *packet_room(struct packet_reader *r, size_t *room)
{
    *room = sizeof r->raw - r->have;
    return r->raw + r->have;
}

void packet_came(struct packet_reader *r, size_t len)
{
    r->have += len;
}

static void take(struct packet_reader *r, size_t len)
{
    r->have -= len;
    memmove(r->raw, r->raw + len, r->have);
}

/* The length of the packet that the bytes begin with; 0: its end is not there. */
static size_t whole(const u8 *at, size_t have)
{
    const u8 *end = memchr(at, '#', have);

    return end && (size_t)(end - at) + SUM_BYTES <= have ? (size_t)(end - at) + SUM_BYTES : 0;
}

/* What stands between the dollar and the sum, without its escapes. */
static bool unpack(struct packet_reader *r, const u8 *from, size_t len)
{
    u8 sum = 0;

    r->len = 0;
    for (size_t i = 0; i < len; i++) {
        u8 c = from[i];

        sum = (u8)(sum + c);
        if (c == ESCAPE && i + 1 < len) {
            sum = (u8)(sum + from[++i]);
            c = from[i] ^ FLIP;
        }
        r->data[r->len++] = c;
    }
    r->data[r->len] = 0;
    return digit(from[len + 1]) == sum >> 4 && digit(from[len + 2]) == (sum & 15);
}

/* The rest of one that is too long. */
static enum packet_event drop(struct packet_reader *r)
{
    const u8 *end = memchr(r->raw, '#', r->have);

    take(r, end ? (size_t)(end - r->raw) : r->have);
    if (r->have < SUM_BYTES)
        return PACKET_NONE;
    take(r, SUM_BYTES);
    r->dropping = false;
    return PACKET_TOO_LONG;
}

/* The bytes begin with a dollar. */
static enum packet_event packet(struct packet_reader *r)
{
    size_t len = whole(r->raw, r->have);
    const u8 *from;
    bool good;

    if (!len && r->have > PACKET_BYTES + SUM_BYTES) {
        r->dropping = true;
        return drop(r);
    }
    if (!len)
        return PACKET_NONE;
    if (len > PACKET_BYTES + 1 + SUM_BYTES) {
        take(r, len);
        return PACKET_TOO_LONG;
    }
    /* One that broke off, and another. In data a dollar is escaped. */
    from = (const u8 *)memrchr(r->raw, '$', len - SUM_BYTES) + 1;
    good = unpack(r, from, len - SUM_BYTES - (size_t)(from - r->raw));
    take(r, len);
    return good ? PACKET_DATA : PACKET_DAMAGED;
}

static bool is_mark(u8 c)
{
    return c == '$' || c == '-' || c == INTERRUPT;
}

enum packet_event packet_next(struct packet_reader *r)
{
    size_t skip = 0;
    u8 c;

    if (r->dropping)
        return drop(r);
    while (skip < r->have && !is_mark(r->raw[skip])) /* '+', and what means nothing */
        skip++;
    take(r, skip);
    if (!r->have)
        return PACKET_NONE;
    c = r->raw[0];
    if (c == '$')
        return packet(r);
    take(r, 1);
    return c == '-' ? PACKET_AGAIN : PACKET_INTERRUPT;
}

bool packet_interrupted(struct packet_reader *r)
{
    size_t at = 0;

    while (at < r->have) {
        if (r->raw[at] == INTERRUPT && !r->dropping) {
            r->have--;
            memmove(r->raw + at, r->raw + at + 1, r->have - at);
            return true;
        }
        if (r->raw[at] == '$' || r->dropping) {
            size_t len = whole(r->raw + at, r->have - at);

            if (!len)
                return false;
            at += len;
        } else {
            at++;
        }
    }
    return false;
}

/* ---- out ---- */

void packet_fini(struct packet_writer *w)
{
    free(w->bytes);
    *w = (struct packet_writer) { 0 };
}

static void put(struct packet_writer *w, u8 c)
{
    if (w->len == w->room) {
        size_t room = w->room ? 2 * w->room : 256;
        u8 *more = realloc(w->bytes, room);

        if (!more) {
            w->failed = true;
            return;
        }
        w->bytes = more;
        w->room = room;
    }
    w->bytes[w->len++] = c;
}

static bool is_special(u8 c)
{
    return c == '$' || c == '#' || c == ESCAPE || c == '*';
}

/* How many equal bytes one count may stand for, of those behind the first: the count is written as
 * a character that can be printed, and is none of the packet's own. */
static size_t shortened(size_t more)
{
    enum { LEAST = 3, MOST = 97, SHIFT = 29 };
    size_t n = more < MOST ? more : MOST;

    while (n >= LEAST && (is_special((u8)(n + SHIFT)) || n + SHIFT == '+' || n + SHIFT == '-'))
        n--;
    return n < LEAST ? 0 : n;
}

static void put_data(struct packet_writer *w, const u8 *in, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t more = 0, n;

        if (is_special(in[i])) {
            put(w, ESCAPE);
            put(w, in[i++] ^ FLIP);
            continue;
        }
        while (i + 1 + more < len && in[i + 1 + more] == in[i])
            more++;
        n = shortened(more);
        put(w, in[i]);
        if (n) {
            put(w, '*');
            put(w, (u8)(n + 29));
        }
        i += 1 + n;
    }
}

void packet_write(struct packet_writer *w, const void *data, size_t len)
{
    u8 sum = 0;

    w->len = 0;
    w->failed = false;
    put(w, '$');
    put_data(w, data, len);
    for (size_t i = 1; i < w->len; i++)
        sum = (u8)(sum + w->bytes[i]);
    put(w, '#');
    put(w, (u8)digits[sum >> 4]);
    put(w, (u8)digits[sum & 15]);
}
