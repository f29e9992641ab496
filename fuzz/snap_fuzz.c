/* A damaged image is refused, or makes a machine that runs.
 *
 * The input is a snapshot of an NES or a 6502v. Its checksums are put right first, so that what
 * lies behind them is reached: whoever wants to do harm can compute them too. */
#include "api/kinds.h"
#include "svc/snap/format.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

enum { RUN_TICKS = 40000, INPUT_MAX = 1 << 20 };

/* The checksums of the tables of records, as far as the manifest's last section can be found. */
static void mend_records(u8 *b, size_t size, u8 *manifest, size_t len)
{
    for (size_t at = 0; at + 16 <= len;) {
        u64 name = le_get(manifest + at, 4), bytes = le_get(manifest + at + 8, 8);
        u8 *p = manifest + at + 16 + 4, *end;

        if (bytes > len - at - 16)
            return;
        end = manifest + at + 16 + bytes;
        while (name == SECTION_SPACES && p + 2 < end) {
            u64 records_at, records;

            p += 2 + le_get(p, 2);
            if (p > end || end - p < 56)
                break;
            records_at = le_get(p + 24, 8);
            records = le_get(p + 32, 8);
            if (records_at < size && records < (size - records_at) / SNAP_RECORD_BYTES)
                le_put(p + 40, XXH3_64bits(b + records_at, records * SNAP_RECORD_BYTES), 8);
            p += 56;
        }
        at += 16 + (bytes + 7) / 8 * 8;
    }
}

static void mend(u8 *b, size_t size)
{
    u64 at, len;
    XXH128_canonical_t digest;

    if (size < SNAP_HEADER_BYTES)
        return;
    le_put(b + 16, size, 8);
    at = le_get(b + 24, 8);
    len = le_get(b + 32, 8);
    if (at < size && len <= size - at) {
        mend_records(b, size, b + at, len);
        XXH128_canonicalFromHash(&digest, XXH3_128bits(b + at, len));
        memcpy(b + 40, digest.digest, sizeof digest.digest);
    }
    le_put(b + SNAP_HEADER_SUM, XXH3_64bits(b, SNAP_HEADER_SUM), 8);
}

static void run(struct snap_image *i)
{
    const struct recipe *r = snap_recipe(i);
    struct machine *m = NULL;
    struct stop_info info;
    struct err e;

    for (unsigned k = 0; r && k < kind_count; k++)
        if (!strcmp(kinds[k]->name, r->kind)) {
            if (kinds[k]->create(kinds[k], &r->config, NULL, &m, &e))
                return;
            if (!snap_load(i, m, &e))
                m->kind->run(m, m->now + RUN_TICKS, &info);
            m->kind->destroy(m);
            return;
        }
}

static void visit(void *ctx, struct component *c, const char *path)
{
    *(size_t *)ctx += strlen(path) + (c->fields ? field_save(c->fields, c->self, NULL) : 0);
}

static void difference(void *ctx, const char *where, const char *a, const char *b)
{
    *(size_t *)ctx += strlen(where) + strlen(a) + strlen(b);
}

/* All that can be asked of an image, on top of running it. */
static void look(struct snap_image *i, int to)
{
    struct snap_result result;
    size_t chars = 0;
    struct err e;

    snap_walk(i, visit, &chars);
    assert(chars);
    chars = 0;
    snap_verify(i, &e);
    if (!snap_info(i)->chained && !snap_diff(i, i, difference, &chars, &e))
        assert(!chars);
    snap_rewrite(&i, 1, to, 1, false, &result, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("input", MFD_CLOEXEC), to = memfd_create("output", MFD_CLOEXEC);
    u8 *b = malloc(size + 1);
    struct snap_image *i;
    struct err e;

    assert(fd >= 0 && to >= 0 && b);
    memcpy(b, data, size);
    mend(b, size);
    if (size <= INPUT_MAX && write(fd, b, size) == (ssize_t)size && !snap_open(fd, &i, &e)) {
        look(i, to);
        run(i);
        snap_close(i);
    }
    free(b);
    close(fd);
    close(to);
    return 0;
}
