#include "svc/replay/checkpoints.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { KEY_EVERY = 16, LEVEL = 1 };

void checkpoints_init(struct checkpoints *c)
{
    *c = (struct checkpoints) { 0 };
}

void checkpoints_fini(struct checkpoints *c)
{
    for (unsigned i = 0; i < c->count; i++)
        free(c->list[i]);
    free(c->list);
    free(c->key_image);
    free(c->work);
    free(c->packed);
    ZSTD_freeCCtx(c->packer);
    ZSTD_freeDCtx(c->unpacker);
    *c = (struct checkpoints) { 0 };
}

static bool grow(u8 **p, size_t bytes)
{
    u8 *more = realloc(*p, bytes);

    if (more)
        *p = more;
    return more;
}

static bool make_room(struct checkpoints *c, size_t image_bytes)
{
    if (!c->packer && !(c->packer = ZSTD_createCCtx()))
        return false;
    if (!c->unpacker && !(c->unpacker = ZSTD_createDCtx()))
        return false;
    if (c->count == c->room) {
        unsigned room = c->room ? 2 * c->room : 64;
        struct checkpoint **list = realloc(c->list, room * sizeof(*list));

        if (!list)
            return false;
        c->list = list;
        c->room = room;
    }
    if (image_bytes <= c->image_room)
        return true;
    if (!grow(&c->key_image, image_bytes) || !grow(&c->work, image_bytes) ||
        !grow(&c->packed, ZSTD_compressBound(image_bytes)))
        return false;
    c->image_room = image_bytes;
    return true;
}

/* What differs: zeros where the two agree. Of itself its inverse. */
static void differ(u8 *out, const u8 *a, const u8 *b, size_t bytes)
{
    size_t i = 0;

    for (; i + 8 <= bytes; i += 8) {
        u64 x, y;

        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        x ^= y;
        memcpy(out + i, &x, 8);
    }
    for (; i < bytes; i++)
        out[i] = a[i] ^ b[i];
}

/* The key that one added now can lean on, its image in key_image; NULL: it must be a key. */
static struct checkpoint *last_key(struct checkpoints *c, size_t bytes)
{
    struct checkpoint *k = c->count ? c->list[c->count - 1] : NULL;

    if (k && k->key)
        k = k->key;
    if (!k || k->image_bytes != bytes || c->since_key >= KEY_EVERY)
        return NULL;
    if (c->unpacked != k && !checkpoints_unpack(c, k, c->work))
        return NULL;
    return k;
}

static void give_up(struct checkpoints *c, unsigned i)
{
    struct checkpoint *p = c->list[i];

    assert(!p->others);
    if (p->key)
        p->key->others--;
    if (c->unpacked == p)
        c->unpacked = NULL;
    c->bytes -= p->packed_bytes + sizeof *p;
    memmove(c->list + i, c->list + i + 1, (c->count - i - 1) * sizeof(*c->list));
    c->count--;
    free(p);
}

bool checkpoints_add(struct checkpoints *c, u64 time, const struct tape_cursor *at, const u8 *image,
                     size_t bytes)
{
    struct checkpoint *p, *key, *last = c->count ? c->list[c->count - 1] : NULL;
    const u8 *from = image;
    size_t packed;

    assert(!last || time >= last->time);
    if (last && last->time == time && !last->others)
        give_up(c, c->count - 1);
    if (!make_room(c, bytes))
        return false;
    key = last_key(c, bytes);
    if (key) {
        differ(c->work, c->key_image, image, bytes);
        from = c->work;
    }
    packed = ZSTD_compressCCtx(c->packer, c->packed, ZSTD_compressBound(bytes), from, bytes, LEVEL);
    p = ZSTD_isError(packed) ? NULL : malloc(sizeof *p + packed);
    if (!p)
        return false;
    *p = (struct checkpoint) {
        .time = time, .at = *at, .image_bytes = bytes, .key = key, .packed_bytes = packed
    };
    memcpy(p->packed, c->packed, packed);
    c->list[c->count++] = p;
    c->bytes += packed + sizeof *p;
    c->since_key = key ? c->since_key + 1 : 0;
    if (key) {
        key->others++;
    } else {
        memcpy(c->key_image, image, bytes);
        c->unpacked = p;
    }
    return true;
}

static bool unpack(struct checkpoints *c, const struct checkpoint *p, u8 *out)
{
    return ZSTD_decompressDCtx(c->unpacker, out, p->image_bytes, p->packed, p->packed_bytes) ==
           p->image_bytes;
}

bool checkpoints_unpack(struct checkpoints *c, const struct checkpoint *p, u8 *out)
{
    const struct checkpoint *key = p->key ? p->key : p;

    if (c->unpacked != key) {
        c->unpacked = NULL;
        if (!unpack(c, key, c->key_image))
            return false;
        c->unpacked = (struct checkpoint *)key;
    }
    if (p == key) {
        if (out != c->key_image)
            memcpy(out, c->key_image, p->image_bytes);
        return true;
    }
    if (!unpack(c, p, out))
        return false;
    differ(out, out, c->key_image, p->image_bytes);
    return true;
}

/* Tells how little the loss of one between two others would be felt now: the gap it leaves, for
 * each tick of its age. */
static double loss(const struct checkpoints *c, unsigned i)
{
    double gap = (double)(c->list[i + 1]->time - c->list[i - 1]->time);
    double age = (double)(c->list[c->count - 1]->time - c->list[i]->time) + 1;

    return gap / age;
}

void checkpoints_thin(struct checkpoints *c, size_t bytes)
{
    while (c->bytes > bytes && c->count > 2) {
        unsigned best = 0;
        double least = 0;

        for (unsigned i = 1; i + 1 < c->count; i++) {
            double l = c->list[i]->others ? 0 : loss(c, i);

            if (!c->list[i]->others && (!best || l < least)) {
                best = i;
                least = l;
            }
        }
        if (!best)
            return; /* all that are left are keys of others at the ends */
        give_up(c, best);
    }
}

const struct checkpoint *checkpoints_before(const struct checkpoints *c, u64 time)
{
    unsigned low = 0, high = c->count;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (c->list[middle]->time <= time)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? c->list[low - 1] : NULL;
}

void checkpoints_cut(struct checkpoints *c, u64 time, u64 at)
{
    while (c->count && (c->list[c->count - 1]->time > time || c->list[c->count - 1]->at.at > at))
        give_up(c, c->count - 1);
    c->since_key = KEY_EVERY; /* the next one stands alone */
}

bool checkpoints_drop_first(struct checkpoints *c)
{
    assert(c->count > 1);
    if (c->list[c->count - 1]->key == c->list[0]) {
        c->since_key = KEY_EVERY;
        return false;
    }
    for (unsigned i = c->count; --i;)
        if (c->list[i]->key == c->list[0])
            give_up(c, i);
    give_up(c, 0);
    return true;
}
