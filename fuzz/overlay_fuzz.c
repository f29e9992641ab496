/* A copy-on-write overlay against an array of bytes: four bytes an action. Byte 0 says whether what
 * is written goes with the machine or into a file, and how far the disk's last block goes. A file
 * is also closed, changed from outside, and opened again: what is then taken may say anything, but
 * is a disk like any other. */
#include "fuzz/target.h"
#include "host/disk/parts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 4096, BLOCKS = 6, MOST = BLOCKS * BLOCK, SECTOR = 512, STEP = 4, STEPS_MAX = 400 };
enum command { WRITE, READ, ZERO, DISCARD, FLUSH, AGAIN, DAMAGE, CUT };

static char dir[64], base_path[96], overlay_path[96];

struct bench {
    struct backing *b;
    bool named;
    u64 bytes;
    u8 is[MOST];        /* what the disk has */
    bool there[BLOCKS]; /* in the overlay */
};

static void clean(void)
{
    unlink(base_path);
    unlink(overlay_path);
    rmdir(dir);
}

static void prepare(void)
{
    const char *where = getenv("TMPDIR");

    if (dir[0])
        return;
    snprintf(dir, sizeof dir, "%.40s/overlay-XXXXXX", where ? where : "/tmp");
    must(mkdtemp(dir) != NULL);
    snprintf(base_path, sizeof base_path, "%s/base", dir);
    snprintf(overlay_path, sizeof overlay_path, "%s/overlay", dir);
    atexit(clean);
}

static void make_base(struct bench *b)
{
    int fd = open(base_path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    for (u64 i = 0; i < b->bytes; i++)
        b->is[i] = (u8)(i * 7 + i / SECTOR);
    must(fd >= 0 && pwrite(fd, b->is, b->bytes, 0) == (ssize_t)b->bytes);
    close(fd);
    unlink(overlay_path);
}

static bool open_disk(struct bench *b)
{
    struct backing *base;
    struct err e = { 0 };

    must(!raw_open(base_path, true, &base, &e));
    if (!overlay_open(base, b->named ? overlay_path : NULL, &b->b, &e)) {
        must(b->b->size_bytes == b->bytes);
        return true;
    }
    must(e.code && e.text[0]);
    b->b = NULL;
    return false;
}

static void read_all(struct bench *b, u8 *out)
{
    struct iovec v = { out, b->bytes };

    must(!b->b->ops->read(b->b, &v, 1, 0, b->bytes));
}

static void check(struct bench *b)
{
    static u8 got[MOST];

    read_all(b, got);
    must(!memcmp(got, b->is, b->bytes));
}

/* A range of whole sectors, or none. */
static bool range(const struct bench *b, const u8 *d, u64 *at, u64 *len)
{
    *at = (u64)d[1] * SECTOR;
    *len = (u64)(d[2] % 32) * SECTOR;
    return *at <= b->bytes && *len <= b->bytes - *at;
}

static void touch(struct bench *b, u64 at, u64 len)
{
    for (u64 k = at / BLOCK; len && k <= (at + len - 1) / BLOCK; k++)
        b->there[k] = true;
}

static void change(struct bench *b, enum command c, const u8 *d)
{
    u64 at, len, cut;

    if (!range(b, d, &at, &len))
        return;
    if (c == WRITE)
        memset(b->is + at, d[3], len);
    else
        memset(b->is + at, 0, len);
    touch(b, at, len);
    if (c == ZERO) {
        must(!b->b->ops->zero(b->b, at, len, d[3] & 1));
        return;
    }
    cut = len ? d[3] * 5u % len : 0; /* in two pieces, anywhere */
    struct iovec v[2] = { { b->is + at, cut }, { b->is + at + cut, len - cut } };

    must(!b->b->ops->write(b->b, v, 2, at, len));
}

static void discard(struct bench *b, const u8 *d)
{
    u64 at, len;

    if (!range(b, d, &at, &len))
        return;
    must(!b->b->ops->discard(b->b, at, len));
    for (u64 k = 0; k < BLOCKS; k++) {
        u64 end = (k + 1) * BLOCK < b->bytes ? (k + 1) * BLOCK : b->bytes;

        if (b->there[k] && k * BLOCK >= at && end <= at + len)
            memset(b->is + k * BLOCK, 0, end - k * BLOCK);
    }
}

/* From here on the disk has what it says it has. */
static void believe(struct bench *b)
{
    read_all(b, b->is);
    check(b);
    for (unsigned k = 0; k < BLOCKS; k++)
        b->there[k] = false; /* as far as is known; discards are not looked at any more */
}

/* False: it is no overlay any more, and said so. */
static bool again(struct bench *b, enum command c, const u8 *d)
{
    off_t where = d[1] < 224 ? d[1] % 64 : 4096 + d[1] % 32;
    int fd;

    b->b->ops->close(b->b);
    if (c != AGAIN) {
        fd = open(overlay_path, O_RDWR);
        must(fd >= 0);
        if (c == DAMAGE)
            must(pwrite(fd, &d[2], 1, where) == 1);
        else
            must(!ftruncate(fd, d[2] << 8));
        close(fd);
    }
    if (!open_disk(b)) {
        must(c != AGAIN);
        return false;
    }
    if (c == AGAIN)
        check(b);
    else
        believe(b);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bench b;
    bool damaged = false;

    if (!size)
        return 0;
    prepare();
    b = (struct bench) { .named = data[0] & 1, .bytes = MOST - (data[0] >> 1 & 7) * SECTOR };
    make_base(&b);
    must(open_disk(&b));
    for (size_t at = 1, n = 0; at + STEP <= size && n < STEPS_MAX; at += STEP, n++) {
        enum command c = (enum command)(data[at] & 7);

        switch (c) {
        case WRITE:
        case ZERO: change(&b, c, data + at); break;
        case READ: check(&b); break;
        case DISCARD:
            if (!damaged)
                discard(&b, data + at);
            break;
        case FLUSH: must(!b.b->ops->flush(b.b)); break;
        default:
            if (!b.named)
                break;
            damaged |= c != AGAIN;
            if (!again(&b, c, data + at))
                return 0;
        }
    }
    check(&b);
    b.b->ops->close(b.b);
    return 0;
}
