/* The block device, as a driver sees it through the registers. */
#include "dev/virtio/blk.h"

#include "dev/virtio/rig.h"
#include "dev/virtio/rig_disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { IN, OUT, FLUSH = 4, GET_ID = 8, DISCARD = 11, ZEROES = 13 };
enum { RING_FEATURES = 3 << 28 }; /* indirect, event index */
static const u64 all_features = RING_FEATURES | 1 << 2 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 13 |
                                1 << 14 | 1ull << 40;

struct bench {
    struct rig rig;
    struct rig_disk disk;
    struct blk blk;
};

static struct bench *bench_open(bool direct)
{
    struct bench *b = calloc(1, sizeof *b);

    assert_non_null(b);
    assert_true(rig_init(&b->rig));
    rig_disk_init(&b->disk);
    assert_true(blk_init(&b->blk, "disk0", &b->disk.port, &b->rig.host, direct));
    rig_plug(&b->rig, &b->blk.virtio);
    return b;
}

static void bench_close(struct bench *b)
{
    blk_fini(&b->blk);
    rig_fini(&b->rig);
    free(b);
}

/* A request in memory: head, data, status. */
struct ask {
    u64 head, data, status;
    u32 len;
    u16 name;
};

static struct ask ask_with(struct bench *b, u32 type, u64 sector, u32 len, bool indirect)
{
    struct ask a = { rig_buffer(&b->rig, 16), rig_buffer(&b->rig, len + 1), rig_buffer(&b->rig, 1),
                     len, 0 };
    struct rig_buffer v[3] = { { a.head, 16, false },
                               { a.data, len, type == IN || type == GET_ID },
                               { a.status, 1, true } };

    if (!len)
        v[1] = v[2];
    le_put(rig_at(&b->rig, a.head), type, 8);
    le_put(rig_at(&b->rig, a.head + 8), sector, 8);
    *rig_at(&b->rig, a.status) = 0xee;
    a.name = (indirect ? rig_add_indirect : rig_add)(&b->rig, 0, v, len ? 3 : 2);
    return a;
}

static struct ask ask(struct bench *b, u32 type, u64 sector, u32 len)
{
    return ask_with(b, type, sector, len, false);
}

/* Everything that was asked is carried out. */
static void work(struct bench *b)
{
    rig_kick(&b->rig, 0);
    while (b->disk.waiting_count || b->disk.done_count) {
        rig_disk_work(&b->disk, UINT32_MAX);
        virtio_poll(&b->blk.virtio);
    }
}

static u8 status(struct bench *b, const struct ask *a)
{
    return *rig_at(&b->rig, a->status);
}

/* Does it, and returns the status and what the used ring says was written. */
static u8 done(struct bench *b, struct ask a, u32 *len)
{
    u32 written = 0;

    work(b);
    assert_int_equal(rig_used(&b->rig, 0, &written), a.name);
    if (len)
        *len = written;
    return status(b, &a);
}

static void what_it_says_of_itself(void **state)
{
    struct bench *b = bench_open(false);

    (void)state;
    assert_int_equal(rig_get(&b->rig, 0), 0x74726976);
    assert_int_equal(rig_get(&b->rig, 4), 2);
    assert_int_equal(rig_get(&b->rig, 8), VIRTIO_BLK);
    assert_int_equal(rig_get(&b->rig, 0x34), 256);
    assert_int_equal(virtio_mmio_read(&b->rig.mmio, 0x100, 8), RIG_DISK_BYTES / 512);
    assert_int_equal(virtio_mmio_read(&b->rig.mmio, 0x100 + 20, 4), 512);
    assert_int_equal(virtio_mmio_read(&b->rig.mmio, 0x100 + 24, 1), 3); /* 4096 */
    assert_int_equal(virtio_mmio_read(&b->rig.mmio, 0x1f8, 8), 0);
    assert_int_equal(rig_get(&b->rig, 0xb0), UINT32_MAX);
    assert_false(rig_negotiate(&b->rig, 0));                   /* a legacy driver */
    assert_false(rig_negotiate(&b->rig, 1ull << 32 | 1 << 5)); /* what was not offered */
    assert_true(rig_negotiate(&b->rig, 1ull << 32 | 1 << 9));
    rig_set(&b->rig, 0x24, 0);
    rig_set(&b->rig, 0x20, 0); /* too late */
    assert_int_equal(b->blk.virtio.accepted, 1ull << 32 | 1 << 9);
    bench_close(b);
}

static void reads_and_writes(void **state)
{
    static const u64 features[] = { 0, RING_FEATURES, all_features };
    u32 len;

    (void)state;
    for (unsigned i = 0; i < 2 * ARRAY_SIZE(features); i++) {
        struct bench *b = bench_open(i & 1);
        struct ask a;

        assert_true(rig_start(&b->rig, features[i / 2] & b->blk.virtio.offered, 8));
        a = ask_with(b, IN, 3, 1024, i / 2 > 0);
        assert_int_equal(done(b, a, &len), 0);
        assert_int_equal(len, 1025);
        assert_memory_equal(rig_at(&b->rig, a.data), b->disk.bytes + 3 * 512, 1024);
        assert_int_equal(rig_acknowledge(&b->rig), 1);
        assert_int_equal(b->rig.level, 0);
        a = ask(b, OUT, 2047, 512);
        memset(rig_at(&b->rig, a.data), 0x42, 512);
        assert_int_equal(done(b, a, &len), 0);
        assert_int_equal(len, 1);
        assert_int_equal(b->disk.bytes[RIG_DISK_BYTES - 1], 0x42);
        /* A driver that did not take FLUSH has writes that are stable. */
        assert_int_equal(b->disk.durable, i / 2 < 2);
        a = ask(b, FLUSH, 0, 0);
        assert_int_equal(done(b, a, NULL), 0);
        assert_int_equal(b->disk.flushed, 1);
        a = ask(b, GET_ID, 0, 20);
        assert_int_equal(done(b, a, &len), 0);
        assert_memory_equal(rig_at(&b->rig, a.data), "a-serial-of-20-bytes", 20);
        assert_int_equal(len, 21);
        a = ask(b, IN, 0, 0);
        assert_int_equal(done(b, a, NULL), 0);
        bench_close(b);
    }
}

static void what_it_tells_of_its_work(void **state)
{
    struct bench *b = bench_open(true);
    const struct blk_counters *n = &b->blk.counters;
    struct rig *r = &b->rig;
    struct ask a;

    (void)state;
    assert_true(rig_start(r, all_features & b->blk.virtio.offered, 8));
    r->event_count = 0;
    r->ns = 1000;
    ask(b, IN, 3, 1024);
    rig_kick(r, 0);
    assert_true(rig_told(r, VIRTIO_NOTIFIED, 0, 0) && rig_told(r, VIRTIO_READ, 3, 1024));
    assert_int_equal(n->reads, 0); /* the driver has not got it back */
    r->ns = 1700;
    work(b);
    assert_true(rig_told(r, VIRTIO_NOTIFIED, 0, 0) && rig_told(r, VIRTIO_DONE, 3, 700));
    assert_int_equal(r->event_count, 0);
    assert_true(n->reads == 1 && n->read_bytes == 1024 && n->waited_ns == 700);
    assert_int_equal(rig_used(r, 0, NULL), 0);
    assert_int_equal(done(b, ask(b, OUT, 8, 512), NULL), 0);
    assert_int_equal(done(b, ask(b, FLUSH, 0, 0), NULL), 0);
    r->event_count = 0;
    assert_int_equal(done(b, ask(b, IN, RIG_DISK_BYTES / 512, 512), NULL), 1); /* beyond the end */
    assert_true(rig_told(r, VIRTIO_NOTIFIED, 0, 0));
    assert_true(rig_told(r, VIRTIO_REFUSED, 0, 1));
    b->disk.error = EIO;
    assert_int_equal(done(b, ask(b, OUT, 9, 512), NULL), 1);
    assert_true(rig_told(r, VIRTIO_NOTIFIED, 0, 0) && rig_told(r, VIRTIO_WRITE, 9, 512));
    assert_true(rig_told(r, VIRTIO_REFUSED, 9, 1));
    b->disk.error = 0;
    a = ask(b, 77, 0, 512);
    assert_int_equal(done(b, a, NULL), 2);
    assert_true(n->writes == 1 && n->written_bytes == 512 && n->flushes == 1 && n->reads == 1);
    assert_int_equal(n->errors, 3);
    assert_int_equal(b->blk.virtio.notified, 7);
    bench_close(b);
}

/* A megabyte at once goes through less memory of the host's. */
static void large_ones_in_parts(void **state)
{
    (void)state;
    for (unsigned direct = 0; direct < 2; direct++) {
        struct bench *b = bench_open(direct);
        struct ask a;
        u32 len;

        assert_true(rig_start(&b->rig, RING_FEATURES, 8));
        a = ask(b, IN, 0, RIG_DISK_BYTES);
        assert_int_equal(done(b, a, &len), 0);
        assert_int_equal(len, RIG_DISK_BYTES + 1);
        assert_memory_equal(rig_at(&b->rig, a.data), b->disk.bytes, RIG_DISK_BYTES);
        assert_int_equal(b->disk.submitted, direct ? 1 : RIG_DISK_BYTES / BLK_CHUNK_BYTES);
        bench_close(b);
    }
}

static void what_cannot_be_done(void **state)
{
    static const struct {
        u32 type;
        u64 sector;
        u32 len;
        u8 status;
    } bad[] = {
        { IN, RIG_DISK_BYTES / 512, 512, 1 },
        { IN, RIG_DISK_BYTES / 512 - 1, 1024, 1 },
        { OUT, UINT64_MAX, 512, 1 },
        { OUT, 1ull << 55, 512, 1 },
        { IN, 0, 511, 1 },
        { OUT, 0, 513, 1 },
        { 2, 0, 512, 2 },
        { GET_ID, 0, 19, 1 },
        { DISCARD, 0, 16, 2 }, /* not negotiated */
    };
    struct bench *b = bench_open(false);

    (void)state;
    assert_true(rig_start(&b->rig, RING_FEATURES, 8));
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        if (done(b, ask(b, bad[i].type, bad[i].sector, bad[i].len), NULL) != bad[i].status)
            fail_msg("request %u", i);
    assert_int_equal(b->disk.submitted, 0);
    b->disk.error = EIO;
    assert_int_equal(done(b, ask(b, IN, 0, 512), NULL), 1);
    b->disk.error = EOPNOTSUPP;
    assert_int_equal(done(b, ask(b, FLUSH, 0, 0), NULL), 2);
    b->disk.error = 0;
    assert_int_equal(done(b, ask(b, IN, 0, 512), NULL), 0);
    assert_int_equal(rig_get(&b->rig, 0x70), 15);
    bench_close(b);
}

static u8 clear(struct bench *b, u32 type, u64 sector, u32 sectors, u32 flags)
{
    struct ask a = ask(b, type, 0, 16);

    le_put(rig_at(&b->rig, a.data), sector, 8);
    le_put(rig_at(&b->rig, a.data + 8), sectors, 4);
    le_put(rig_at(&b->rig, a.data + 12), flags, 4);
    return done(b, a, NULL);
}

static void discards_and_zeroes(void **state)
{
    struct bench *b = bench_open(false);

    (void)state;
    assert_true(rig_start(&b->rig, all_features, 8));
    assert_int_equal(clear(b, DISCARD, 8, 8, 0), 0);
    assert_int_equal(b->disk.bytes[8 * 512], 0xdd);
    assert_int_equal(clear(b, ZEROES, 8, 8, 1), 0);
    assert_int_equal(b->disk.bytes[8 * 512], 0);
    assert_int_equal(clear(b, DISCARD, 8, 8, 1), 2); /* a flag that is not DISCARD's */
    assert_int_equal(clear(b, ZEROES, 8, 8, 2), 2);
    assert_int_equal(clear(b, ZEROES, RIG_DISK_BYTES / 512 - 1, 2, 0), 1);
    assert_int_equal(clear(b, ZEROES, 0, UINT32_MAX, 0), 1);
    assert_int_equal(done(b, ask(b, ZEROES, 0, 32), NULL), 2); /* two segments */
    bench_close(b);
}

static void read_only_disks_stay(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    (void)state;
    assert_non_null(b);
    assert_true(rig_init(&b->rig));
    rig_disk_init(&b->disk);
    b->disk.info.read_only = true;
    assert_true(blk_init(&b->blk, "disk0", &b->disk.port, &b->rig.host, false));
    rig_plug(&b->rig, &b->blk.virtio);
    assert_true(b->blk.virtio.offered & 1 << 5);
    assert_false(b->blk.virtio.offered & 1 << 13);
    assert_true(rig_start(&b->rig, 0, 8));
    assert_int_equal(done(b, ask(b, OUT, 0, 512), NULL), 1);
    assert_int_equal(done(b, ask(b, IN, 0, 512), NULL), 0);
    assert_int_equal(b->disk.submitted, 1);
    bench_close(b);
}

/* More than the host takes at once, completed in another order. */
static void many_at_once(void **state)
{
    struct bench *b = bench_open(false);
    struct ask a[100];
    unsigned back = 0;
    int head;

    (void)state;
    b->disk.room = 7;
    assert_true(rig_start(&b->rig, RING_FEATURES, 256));
    for (unsigned i = 0; i < ARRAY_SIZE(a); i++)
        a[i] = ask_with(b, IN, i, 512, true);
    work(b);
    while ((head = rig_used(&b->rig, 0, NULL)) >= 0)
        back++;
    assert_int_equal(back, ARRAY_SIZE(a));
    for (unsigned i = 0; i < ARRAY_SIZE(a); i++) {
        assert_int_equal(status(b, &a[i]), 0);
        assert_memory_equal(rig_at(&b->rig, a[i].data), b->disk.bytes + i * 512, 512);
    }
    assert_int_equal(b->blk.busy, 0);
    bench_close(b);
}

/* A reset, or a queue's reset, with requests under way: nothing of the driver's is touched after.
 */
static void resets_forget(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        struct bench *b = bench_open(how & 1);
        struct ask a;

        assert_true(rig_start(&b->rig, all_features, 8));
        a = ask(b, IN, 0, 4096);
        rig_kick(&b->rig, 0);
        assert_int_equal(b->disk.waiting_count, 1);
        switch (how) {
        case 0: rig_set(&b->rig, 0x70, 0); break;
        case 1: rig_set(&b->rig, 0xc0, 1); break;
        default: rig_set(&b->rig, 0x44, 0); break;
        }
        assert_int_equal(rig_get(&b->rig, 0xc0), 0);
        assert_int_equal(rig_get(&b->rig, 0x44), 0);
        memset(rig_at(&b->rig, a.data), 0x77, 4096);
        rig_disk_work(&b->disk, UINT32_MAX);
        virtio_poll(&b->blk.virtio);
        assert_int_equal(*rig_at(&b->rig, a.data), 0x77);
        assert_int_equal(status(b, &a), 0xee);
        assert_int_equal(rig_used(&b->rig, 0, NULL), -1);
        if (how) {
            rig_queue_set_up(&b->rig, 0, 16);
            assert_int_equal(done(b, ask(b, IN, 0, 512), NULL), 0);
        }
        bench_close(b);
    }
}

static bool is_dirty(struct bench *b, const struct space_tracker *t, u64 at)
{
    u64 page = (u64)(rig_at(&b->rig, at) - b->rig.ram.bytes) / SPACE_PAGE_BYTES;

    return t->dirty[page / 64] >> page % 64 & 1;
}

/* What the host has read straight into the guest's memory is known to have changed, though nobody
 * hears of it for the driver's reset, or the driver has changed the chain meanwhile. */
static void direct_reads_are_tracked(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        struct bench *b = bench_open(true);
        struct space_tracker t;
        struct ask a;

        assert_true(rig_start(&b->rig, all_features, 8));
        a = ask(b, IN, 0, 4096);
        rig_kick(&b->rig, 0);
        assert_true(space_track(&b->rig.ram, &t));
        if (how == 1) /* its buffers are elsewhere, or nowhere */
            le_put(b->rig.ram.bytes + (b->rig.queue[0].desc - RIG_BASE) + 16, a.data + 8192, 8);
        else if (how == 2)
            memset(b->rig.ram.bytes + (b->rig.queue[0].desc - RIG_BASE), 0xff, 128);
        if (how) {
            rig_disk_work(&b->disk, UINT32_MAX);
            virtio_poll(&b->blk.virtio);
        } else {
            rig_set(&b->rig, 0x70, 0);
        }
        assert_memory_equal(rig_at(&b->rig, a.data), b->disk.bytes, 4096);
        assert_true(is_dirty(b, &t, a.data) && is_dirty(b, &t, a.data + 4095));
        space_untrack(&b->rig.ram, &t);
        bench_close(b);
    }
}

static void a_full_host_waits_for_a_person(void **state)
{
    struct bench *b = bench_open(false);
    struct ask a;

    (void)state;
    assert_true(rig_start(&b->rig, RING_FEATURES, 8));
    b->disk.error = ENOSPC;
    a = ask(b, OUT, 5, 512);
    memset(rig_at(&b->rig, a.data), 0x33, 512);
    rig_kick(&b->rig, 0);
    rig_disk_work(&b->disk, 1);
    b->disk.room = 0; /* or poll would try at once, and for ever */
    virtio_poll(&b->blk.virtio);
    assert_int_equal(b->rig.stopped, 1);
    assert_int_equal(rig_used(&b->rig, 0, NULL), -1);
    b->disk.room = 8;
    b->disk.error = 0;
    virtio_poll(&b->blk.virtio); /* resumed */
    assert_int_equal(done(b, a, NULL), 0);
    assert_int_equal(b->disk.bytes[5 * 512], 0x33);
    bench_close(b);
}

/* ---- snapshots ---- */

static u8 *saved(struct bench *b, size_t *len)
{
    size_t one, two;
    u8 *out;

    b->blk.component.saving(&b->blk);
    one = field_save(blk_fields(), &b->blk, NULL);
    two = field_save(virtio_fields(), &b->blk.virtio, NULL);
    out = malloc(one + two);
    assert_non_null(out);
    field_save(blk_fields(), &b->blk, out);
    field_save(virtio_fields(), &b->blk.virtio, out + one);
    *len = one + two;
    return out;
}

static void load(struct bench *b, const u8 *in, size_t len)
{
    size_t one = field_save(blk_fields(), &b->blk, NULL);
    struct err e;

    assert_int_equal(field_load(blk_fields(), &b->blk, in, one, &e), 0);
    assert_int_equal(field_load(virtio_fields(), &b->blk.virtio, in + one, len - one, &e), 0);
    assert_int_equal(b->blk.component.loaded(&b->blk, &e), 0);
    assert_int_equal(b->blk.virtio.component.loaded(&b->blk.virtio, &e), 0);
}

/* Requests under way when the machine was saved are done in the copy; and in the one that goes on,
 * once. */
static void requests_survive(void **state)
{
    struct bench *a = bench_open(false), *b = bench_open(false);
    struct ask one, two;
    u8 *first, *second;
    size_t len, len2;

    (void)state;
    assert_true(rig_start(&a->rig, RING_FEATURES, 8));
    one = ask(a, IN, 1, 512);
    two = ask(a, OUT, 9, 512);
    memset(rig_at(&a->rig, two.data), 0x99, 512);
    rig_kick(&a->rig, 0);
    assert_int_equal(a->disk.waiting_count, 2);
    first = saved(a, &len);
    assert_int_equal(a->disk.waiting_count, 0); /* settled, not heard */
    assert_int_equal(status(a, &one), 0xee);
    memcpy(b->rig.ram.bytes, a->rig.ram.bytes, RIG_BYTES);
    load(b, first, len);
    second = saved(b, &len2);
    assert_int_equal(len, len2);
    assert_memory_equal(first, second, len);
    for (struct bench *each = a;; each = b) {
        each->rig.queue[0] = a->rig.queue[0];
        virtio_poll(&each->blk.virtio);
        rig_disk_work(&each->disk, UINT32_MAX);
        virtio_poll(&each->blk.virtio);
        assert_int_equal(status(each, &one), 0);
        assert_int_equal(status(each, &two), 0);
        assert_memory_equal(rig_at(&each->rig, one.data), each->disk.bytes + 512, 512);
        assert_int_equal(each->disk.bytes[9 * 512], 0x99);
        assert_int_equal(le_get(rig_at(&each->rig, each->rig.queue[0].used + 2), 2), 2);
        assert_int_equal(each->disk.submitted, 2);
        if (each == b)
            break;
    }
    free(first);
    free(second);
    bench_close(a);
    bench_close(b);
}

/* Put back into the machine that was saved: what is under way is not heard twice. */
static void back_in_place(void **state)
{
    struct bench *b = bench_open(false);
    struct ask one;
    u8 *image;
    size_t len;

    (void)state;
    assert_true(rig_start(&b->rig, RING_FEATURES, 8));
    one = ask(b, IN, 1, 512);
    rig_kick(&b->rig, 0);
    image = saved(b, &len);
    ask(b, IN, 2, 512);
    rig_kick(&b->rig, 0);
    load(b, image, len);
    le_put(rig_at(&b->rig, b->rig.queue[0].avail + 2), 1, 2);
    virtio_poll(&b->blk.virtio);
    rig_disk_work(&b->disk, UINT32_MAX);
    virtio_poll(&b->blk.virtio);
    assert_int_equal(rig_used(&b->rig, 0, NULL), one.name);
    assert_int_equal(rig_used(&b->rig, 0, NULL), -1);
    assert_int_equal(b->blk.outstanding, 0);
    free(image);
    bench_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_says_of_itself),
        cmocka_unit_test(reads_and_writes),
        cmocka_unit_test(what_it_tells_of_its_work),
        cmocka_unit_test(large_ones_in_parts),
        cmocka_unit_test(what_cannot_be_done),
        cmocka_unit_test(discards_and_zeroes),
        cmocka_unit_test(read_only_disks_stay),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(resets_forget),
        cmocka_unit_test(direct_reads_are_tracked),
        cmocka_unit_test(a_full_host_waits_for_a_person),
        cmocka_unit_test(requests_survive),
        cmocka_unit_test(back_in_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
