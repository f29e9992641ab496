#include "svc/replay/recording.h"

#include "base/le.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

/* The file: 8 bytes, then chunks. A chunk: name (4), zero (4), length of its body (8), digest (8)
 * of the 16 bytes before and the body, body. All numbers are little-endian. */
static const u8 magic[8] = { 'm', 'e', 'w', 's', 'r', 'e', 'c', '1' };

#define MACH 0x4843414du /* "MACH" */
#define STAT 0x54415453u
#define TAPE 0x45504154u
#define SUMS 0x534d5553u
#define CUT  0x20545543u
#define DONE 0x454e4f44u

enum {
    HEAD = 24,
    WHERE = 16,        /* a body's first bytes, but MACH's: machine time, place on the tape */
    PACKED_HEAD = 8,   /* length before packing, in front of what is packed */
    TAPE_MUCH = 16384, /* bytes of tape that are written at once */
    LEVEL = 3,
};
#define UNPACKED_MAX ((u64)1 << 32) /* of one state, tape piece or recipe */

/* ---- writing ---- */

struct recording_writer {
    int fd;
    u64 at;   /* of the tape: what is written */
    u64 time; /* when that was */
    u64 patience;
    struct err failed;
};

static int fail(struct recording_writer *w, struct err *e)
{
    *e = w->failed;
    return -(int)e->code;
}

/* The body stands behind HEAD bytes of room in `chunk`, which is freed. */
static int put_chunk(struct recording_writer *w, u32 name, u8 *chunk, size_t body, struct err *e)
{
    size_t len = HEAD + body, done = 0;
    XXH3_state_t *x = XXH3_createState();

    if (!chunk || !x) {
        free(chunk);
        XXH3_freeState(x);
        return err_set(e, ERR_NOMEM, "the recording: no memory");
    }
    le_put(chunk, name, 8);
    le_put(chunk + 8, body, 8);
    XXH3_64bits_reset(x);
    XXH3_64bits_update(x, chunk, 16);
    XXH3_64bits_update(x, chunk + HEAD, body);
    le_put(chunk + 16, XXH3_64bits_digest(x), 8);
    XXH3_freeState(x);
    while (done < len && !w->failed.code) {
        ssize_t n = write(w->fd, chunk + done, len - done);

        if (n < 0 && errno != EINTR)
            err_set(&w->failed, ERR_SYS, "the recording cannot be written");
        else if (n > 0)
            done += (size_t)n;
    }
    free(chunk);
    return w->failed.code ? fail(w, e) : 0;
}

/* A chunk of so many plain bytes and something packed, which stands behind its length. */
static int put_packed(struct recording_writer *w, u32 name, const u8 *plain, size_t plain_bytes,
                      const void *bytes, size_t len, struct err *e)
{
    size_t room = ZSTD_compressBound(len), packed = 0;
    u8 *chunk = malloc(HEAD + plain_bytes + PACKED_HEAD + room);

    if (chunk) {
        u8 *to = chunk + HEAD;

        memcpy(to, plain, plain_bytes);
        le_put(to + plain_bytes, len, PACKED_HEAD);
        packed = ZSTD_compress(to + plain_bytes + PACKED_HEAD, room, bytes, len, LEVEL);
        if (ZSTD_isError(packed)) { /* it has found no memory */
            free(chunk);
            chunk = NULL;
        }
    }
    return put_chunk(w, name, chunk, plain_bytes + PACKED_HEAD + packed, e);
}

static void where(u8 out[WHERE], u64 time, u64 at)
{
    le_put(out, time, 8);
    le_put(out + 8, at, 8);
}

static int begin(struct recording_writer *w, const struct recipe *recipe, u32 has, struct err *e)
{
    size_t len = recipe_save(recipe, NULL);
    u8 *bytes = malloc(len), plain[4];
    int r;

    if (!bytes)
        return err_set(e, ERR_NOMEM, "the recording: no memory");
    recipe_save(recipe, bytes);
    le_put(plain, has, 4);
    if (write(w->fd, magic, sizeof magic) != (ssize_t)sizeof magic)
        r = err_set(e, ERR_SYS, "the recording cannot be written");
    else
        r = put_packed(w, MACH, plain, sizeof plain, bytes, len, e);
    free(bytes);
    return r;
}

int recording_begin(int fd, const struct recipe *recipe, u32 has, u64 patience,
                    struct recording_writer **out, struct err *e)
{
    struct recording_writer *w = calloc(1, sizeof *w);

    if (!w) {
        close(fd);
        return err_set(e, ERR_NOMEM, "the recording: no memory");
    }
    w->fd = fd;
    w->patience = patience;
    if (begin(w, recipe, has, e)) {
        close(fd);
        free(w);
        return -(int)e->code;
    }
    *out = w;
    return 0;
}

int recording_write_tape(struct recording_writer *w, const struct tape *t, u64 time, bool now,
                         struct err *e)
{
    u8 plain[WHERE];
    int r;

    assert(w->at >= t->first.at && w->at <= t->end.at);
    if (w->failed.code)
        return fail(w, e);
    if (!now && t->end.at - w->at < TAPE_MUCH && time - w->time < w->patience)
        return 0;
    if (t->end.at == w->at && time == w->time)
        return 0;
    where(plain, time, w->at);
    r = put_packed(w, TAPE, plain, sizeof plain, t->bytes + (w->at - t->first.at),
                   (size_t)(t->end.at - w->at), e);
    w->at = t->end.at;
    w->time = time;
    return r;
}

int recording_write_state(struct recording_writer *w, u64 time, u64 at, const u8 *image,
                          size_t bytes, struct err *e)
{
    u8 plain[WHERE];

    if (w->failed.code)
        return fail(w, e);
    w->at = at;
    w->time = time;
    where(plain, time, w->at);
    return put_packed(w, STAT, plain, sizeof plain, image, bytes, e);
}

int recording_write_sums(struct recording_writer *w, u64 time, const struct sums *s, struct err *e)
{
    size_t body = WHERE + 8 * (size_t)s->count;
    u8 *chunk = malloc(HEAD + body);

    if (w->failed.code) {
        free(chunk);
        return fail(w, e);
    }
    if (chunk) {
        where(chunk + HEAD, time, w->at);
        for (unsigned i = 0; i < s->count; i++)
            le_put(chunk + HEAD + WHERE + 8 * i, s->list[i], 8);
    }
    return put_chunk(w, SUMS, chunk, body, e);
}

static int put_where(struct recording_writer *w, u32 name, u64 time, u64 at, struct err *e)
{
    u8 *chunk = malloc(HEAD + WHERE);

    if (w->failed.code) {
        free(chunk);
        return fail(w, e);
    }
    if (chunk)
        where(chunk + HEAD, time, at);
    return put_chunk(w, name, chunk, WHERE, e);
}

int recording_write_cut(struct recording_writer *w, u64 time, u64 at, struct err *e)
{
    w->at = at;
    w->time = time;
    return put_where(w, CUT, time, at, e);
}

int recording_end(struct recording_writer *w, u64 time, struct err *e)
{
    int r;

    if (!w)
        return 0;
    r = put_where(w, DONE, time, w->at, e);
    if (close(w->fd) && !r)
        r = err_set(e, ERR_SYS, "the recording cannot be written");
    free(w);
    return r;
}

/* ---- reading ---- */

bool recording_accepts(const u8 *bytes, size_t len)
{
    return len >= sizeof magic && !memcmp(bytes, magic, sizeof magic);
}

void recording_fini(struct recording *r)
{
    recipe_fini(&r->recipe);
    tape_fini(&r->tape);
    free(r->states);
    free(r->sums);
    free(r->file);
    *r = (struct recording) { 0 };
}

/* Unpacks what stands behind a length. *out is the caller's. */
static bool unpack(const u8 *in, size_t len, u8 **out, size_t *bytes)
{
    u64 plain = len >= PACKED_HEAD ? le_get(in, PACKED_HEAD) : UNPACKED_MAX + 1;
    u8 *to;

    /* zstd says itself how much is in it, so a wrong length costs no memory. */
    if (plain > UNPACKED_MAX ||
        ZSTD_getFrameContentSize(in + PACKED_HEAD, len - PACKED_HEAD) != plain ||
        plain / 40000 > len)
        return false;
    to = malloc(plain ? plain : 1);
    if (!to)
        return false;
    if (ZSTD_decompress(to, plain, in + PACKED_HEAD, len - PACKED_HEAD) != plain) {
        free(to);
        return false;
    }
    *out = to;
    *bytes = plain;
    return true;
}

bool recording_unpack(const struct recording_state *s, u8 *out)
{
    return ZSTD_decompress(out, s->image_bytes, s->packed, s->packed_bytes) == s->image_bytes;
}

static int take_mach(struct recording *r, const u8 *body, size_t len, struct err *e)
{
    size_t bytes;
    u8 *recipe;
    int result;

    if (len < 4 || !unpack(body + 4, len - 4, &recipe, &bytes))
        return err_set(e, ERR_FORMAT, "the recording is damaged where it says what was recorded");
    r->has = (u32)le_get(body, 4);
    result = recipe_load(&r->recipe, recipe, bytes, e);
    free(recipe);
    return result;
}

static bool grow(void *list, size_t count, size_t *room, size_t size)
{
    size_t more = *room ? 2 * *room : 32;
    void *p;

    if (count < *room)
        return true;
    p = realloc(*(void **)list, more * size);
    if (!p)
        return false;
    *(void **)list = p;
    *room = more;
    return true;
}

static bool take_state(struct recording *r, const u8 *body, size_t len)
{
    struct recording_state s = { .time = le_get(body, 8), .at = le_get(body + 8, 8) };
    u64 plain;

    if (len < WHERE + PACKED_HEAD)
        return false;
    plain = le_get(body + WHERE, PACKED_HEAD);
    s.packed = body + WHERE + PACKED_HEAD;
    s.packed_bytes = len - WHERE - PACKED_HEAD;
    if (plain > UNPACKED_MAX || ZSTD_getFrameContentSize(s.packed, s.packed_bytes) != plain ||
        plain / 40000 > len)
        return false;
    s.image_bytes = plain;
    if (!r->state_count) { /* the tape begins here */
        if (r->tape.len)
            return false;
        r->tape.first = r->tape.end = (struct tape_cursor) { s.at, s.time };
    }
    if (s.at != r->tape.end.at || !grow(&r->states, r->state_count, &r->state_room, sizeof s))
        return false;
    r->states[r->state_count++] = s;
    return true;
}

static bool take_sums(struct recording *r, const u8 *body, size_t len)
{
    struct recording_sums *s;
    size_t count = (len - WHERE) / 8;

    if (count > SUMS_MAX || (len - WHERE) % 8 || le_get(body + 8, 8) != r->tape.end.at ||
        !grow(&r->sums, r->sums_count, &r->sums_room, sizeof *r->sums))
        return false;
    s = &r->sums[r->sums_count++];
    *s = (struct recording_sums) { .time = le_get(body, 8), .at = le_get(body + 8, 8) };
    s->sums.count = (unsigned)count;
    for (size_t i = 0; i < count; i++)
        s->sums.list[i] = le_get(body + WHERE + 8 * i, 8);
    return true;
}

static bool take_tape(struct recording *r, const u8 *body, size_t len)
{
    struct tape_cursor before = r->tape.end;
    u64 time = le_get(body, 8);
    size_t bytes;
    u8 *plain;
    bool ok;

    if (le_get(body + 8, 8) != r->tape.end.at || !unpack(body + WHERE, len - WHERE, &plain, &bytes))
        return false;
    ok = tape_append(&r->tape, plain, bytes) && r->tape.end.time <= time;
    free(plain);
    if (!ok)
        tape_cut(&r->tape, &before);
    return ok;
}

static bool take_cut(struct recording *r, const u8 *body)
{
    u64 time = le_get(body, 8), at = le_get(body + 8, 8);
    struct tape_cursor c = r->tape.first;

    if (!r->state_count || time < r->states[0].time || at < r->states[0].at || time > r->end ||
        !tape_find(&r->tape, at, &c) || c.time > time)
        return false;
    tape_cut(&r->tape, &c);
    while (r->state_count > 1 &&
           (r->states[r->state_count - 1].time > time || r->states[r->state_count - 1].at > at))
        r->state_count--;
    while (r->sums_count &&
           (r->sums[r->sums_count - 1].time > time || r->sums[r->sums_count - 1].at > at))
        r->sums_count--;
    r->end = time;
    return true;
}

/* Takes a chunk in; false when it cannot be one that was written here. */
static bool take_chunk(struct recording *r, u32 name, const u8 *body, size_t len)
{
    u64 time;
    bool ok;

    if (len < WHERE)
        return false;
    time = le_get(body, 8);
    if (name == CUT)
        return take_cut(r, body);
    if ((!r->state_count && name != STAT) || (r->state_count && time < r->end))
        return false;
    switch (name) {
    case STAT: ok = take_state(r, body, len); break;
    case SUMS: ok = take_sums(r, body, len); break;
    case TAPE: ok = take_tape(r, body, len); break;
    case DONE: ok = r->complete = le_get(body + 8, 8) == r->tape.end.at; break;
    default: ok = true; break; /* of a later version */
    }
    if (ok)
        r->end = time;
    return ok;
}

/* The body of the chunk at `at`, if all of it is there; then *next is behind it. */
static const u8 *find_chunk(const u8 *file, size_t len, size_t at, u32 *name, size_t *body_bytes,
                            size_t *next)
{
    const u8 *head = file + at;
    XXH3_state_t *x;
    u64 body, digest;

    if (len - at < HEAD)
        return NULL;
    body = le_get(head + 8, 8);
    if (le_get(head + 4, 4) || body > len - at - HEAD)
        return NULL;
    x = XXH3_createState();
    if (!x)
        return NULL;
    XXH3_64bits_reset(x);
    XXH3_64bits_update(x, head, 16);
    XXH3_64bits_update(x, head + HEAD, body);
    digest = XXH3_64bits_digest(x);
    XXH3_freeState(x);
    if (digest != le_get(head + 16, 8))
        return NULL;
    *name = (u32)le_get(head, 4);
    *body_bytes = body;
    *next = at + HEAD + body;
    return head + HEAD;
}

static int read_chunks(struct recording *r, const u8 *file, size_t len, struct err *e)
{
    size_t at = sizeof magic, body_bytes;
    const u8 *body;
    u32 name;

    if (!recording_accepts(file, len))
        return err_set(e, ERR_FORMAT, "not a recording");
    body = find_chunk(file, len, at, &name, &body_bytes, &at);
    if (!body || name != MACH)
        return err_set(e, ERR_FORMAT,
                       "the recording is cut off or damaged before it says what was recorded");
    if (take_mach(r, body, body_bytes, e))
        return -(int)e->code;
    while (!r->complete && (body = find_chunk(file, len, at, &name, &body_bytes, &at)) &&
           take_chunk(r, name, body, body_bytes))
        r->whole_bytes = at;
    if (!r->state_count)
        return err_set(e, ERR_FORMAT,
                       "the recording is cut off or damaged before its first moment");
    return 0;
}

int recording_read(struct recording *r, u8 *file, size_t len, struct err *e)
{
    struct recording made = { 0 };

    if (read_chunks(&made, file, len, e)) {
        recording_fini(&made);
        return -(int)e->code;
    }
    made.file = file;
    made.file_bytes = len;
    *r = made;
    return 0;
}
