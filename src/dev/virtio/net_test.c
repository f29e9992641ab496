/* The network device, as a driver sees it: one buffer or several a frame, work left to do. */
#include "dev/virtio/net.h"

#include "dev/virtio/rig.h"
#include "dev/virtio/rig_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { RX, TX, HEAD = 12 };
static const u64 merged = 1 << 15, checksums = 1 << 0 | 1 << 1, cutting = 0x3b80;

struct bench {
    struct rig rig;
    struct rig_link link;
    struct net net;
};

static struct bench *bench_open(bool offloads, u64 features)
{
    static const u8 mac[6] = { 0x52, 0x54, 0, 1, 2, 3 };
    struct bench *b = calloc(1, sizeof *b);

    assert_non_null(b);
    assert_true(rig_init(&b->rig));
    rig_link_init(&b->link, offloads);
    assert_true(net_init(&b->net, "net0", &b->link.port, mac, &b->rig.host));
    rig_plug(&b->rig, &b->net.virtio);
    assert_true(rig_start(&b->rig, features, 64));
    return b;
}

static void bench_close(struct bench *b)
{
    net_fini(&b->net);
    rig_fini(&b->rig);
    free(b);
}

static u64 give(struct bench *b, unsigned queue, u32 len)
{
    struct rig_buffer v = { rig_buffer(&b->rig, len), len, queue == RX };

    rig_add(&b->rig, queue, &v, 1);
    memset(rig_at(&b->rig, v.address), 0, len);
    return v.address;
}

static void arrive(struct bench *b, u32 len)
{
    b->link.in.len = len;
    for (u32 i = 0; i < len; i++)
        b->link.in.bytes[i] = (u8)(i * 7);
    virtio_poll(&b->net.virtio);
}

static void configuration(void **state)
{
    struct bench *b = bench_open(false, 0);

    (void)state;
    assert_int_equal(virtio_mmio_read(&b->rig.mmio, 0x100, 8) & 0xffffffffffffff,
                     0x01030201005452ull);
    assert_int_equal(virtio_mmio_read(&b->rig.mmio, 0x10a, 2), 1500);
    assert_int_equal(b->net.virtio.offered & (checksums | cutting), 0);
    b->link.info.up = false;
    virtio_poll(&b->net.virtio);
    assert_int_equal(rig_acknowledge(&b->rig), 2);
    assert_int_equal(virtio_mmio_read(&b->rig.mmio, 0x106, 2), 0);
    bench_close(b);
    b = bench_open(true, 0);
    assert_int_equal(b->net.virtio.offered & (checksums | cutting), checksums | cutting);
    bench_close(b);
}

/* The end is found by receiving, at the driver's own knock: it is told then, and not when somebody
 * polls again. */
static void the_link_ends(void **state)
{
    struct bench *b = bench_open(false, 0);

    (void)state;
    give(b, RX, 2000);
    b->link.cut = true;
    rig_kick(&b->rig, RX);
    assert_int_equal(rig_acknowledge(&b->rig), 2);
    assert_int_equal(virtio_mmio_read(&b->rig.mmio, 0x106, 2), 0);
    b->link.cut = false;
    b->link.info.up = true;
    arrive(b, 100); /* the buffer is still there */
    assert_int_equal(rig_used(&b->rig, RX, NULL) >= 0, true);
    assert_int_equal(virtio_mmio_read(&b->rig.mmio, 0x106, 2), 1);
    bench_close(b);
}

static void one_buffer_a_frame(void **state)
{
    struct bench *b = bench_open(false, 0);
    u64 first = give(b, RX, 2000), second = give(b, RX, 100);
    u32 len;

    (void)state;
    rig_kick(&b->rig, RX);
    arrive(b, 60);
    assert_int_equal(rig_used(&b->rig, RX, &len), 0);
    assert_int_equal(len, HEAD + 60);
    assert_int_equal(le_get(rig_at(&b->rig, first + 10), 2), 1);
    assert_memory_equal(rig_at(&b->rig, first + HEAD), b->link.in.bytes, 60);
    assert_true(rig_told(&b->rig, VIRTIO_NOTIFIED, RX, 0));
    assert_true(rig_told(&b->rig, VIRTIO_RECEIVED, 60, 0));
    assert_int_equal(b->net.counters.received_bytes, 60);
    arrive(b, 200); /* too long for the buffer: lost, and the buffer stays */
    assert_int_equal(rig_used(&b->rig, RX, &len), -1);
    assert_int_equal(b->net.dropped, 1);
    arrive(b, 80);
    assert_int_equal(rig_used(&b->rig, RX, &len), 1);
    assert_memory_equal(rig_at(&b->rig, second + HEAD), b->link.in.bytes, 80);
    arrive(b, 64); /* no buffer: it waits in the link */
    assert_int_equal(b->link.in.len, 64);
    bench_close(b);
}

static void several_buffers_a_frame(void **state)
{
    struct bench *b = bench_open(false, merged);
    u64 at[20];
    u32 len;

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        at[i] = give(b, RX, i ? 100 : 8); /* even the head is cut */
    rig_kick(&b->rig, RX);
    arrive(b, 1000);
    assert_int_equal(rig_used(&b->rig, RX, &len), 0);
    assert_int_equal(len, 8);
    assert_int_equal(le_get(rig_at(&b->rig, at[1] + 2), 2), 12);
    for (unsigned i = 1; i < 12; i++) {
        assert_int_equal(rig_used(&b->rig, RX, &len), i);
        assert_int_equal(len, i < 11 ? 100 : 4);
    }
    assert_int_equal(rig_used(&b->rig, RX, NULL), -1);
    assert_memory_equal(rig_at(&b->rig, at[1] + 4), b->link.in.bytes, 96);
    assert_memory_equal(rig_at(&b->rig, at[11]), b->link.in.bytes + 996, 4);
    arrive(b, 14); /* the next one begins with a buffer of its own */
    assert_int_equal(rig_used(&b->rig, RX, NULL), 12);
    assert_int_equal(rig_used(&b->rig, RX, NULL), -1);
    bench_close(b);
}

static void sending(void **state)
{
    struct bench *b = bench_open(false, 0);
    u64 at = give(b, TX, HEAD + 64);

    (void)state;
    memset(rig_at(&b->rig, at + HEAD), 0x5a, 64);
    b->link.busy = true;
    rig_kick(&b->rig, TX);
    assert_int_equal(rig_used(&b->rig, TX, NULL), -1);
    b->link.busy = false;
    virtio_poll(&b->net.virtio);
    assert_int_equal(rig_used(&b->rig, TX, NULL), 0);
    assert_int_equal(b->link.out.len, 64);
    assert_int_equal(b->link.out.bytes[63], 0x5a);
    assert_true(rig_told(&b->rig, VIRTIO_NOTIFIED, TX, 0));
    assert_true(rig_told(&b->rig, VIRTIO_SENT, 64, 0));
    assert_int_equal(b->net.counters.sent_bytes, 64);
    give(b, TX, HEAD + 13), give(b, TX, 5), give(b, TX, HEAD + LINK_FRAME_MAX + 1);
    rig_kick(&b->rig, TX);
    assert_int_equal(b->link.sent, 1);
    assert_int_equal(b->net.dropped, 3);
    for (unsigned i = 1; i < 4; i++)
        assert_int_equal(rig_used(&b->rig, TX, NULL), i);
    bench_close(b);
}

static void put_head(struct bench *b, u64 at, u8 flags, u8 kind, u16 segment, u16 start, u16 offset)
{
    u8 *h = rig_at(&b->rig, at);

    h[0] = flags, h[1] = kind;
    le_put(h + 2, 54, 2), le_put(h + 4, segment, 2);
    le_put(h + 6, start, 2), le_put(h + 8, offset, 2);
}

/* Work is left on a frame only where that was negotiated, and where the frame has the place. */
static void work_left_to_the_link(void **state)
{
    static const struct {
        bool negotiated;
        u8 flags, kind;
        u16 segment, start, offset;
        bool passes;
    } cases[] = {
        { true, 1, 0, 0, 34, 16, true },        { false, 1, 0, 0, 34, 16, false },
        { true, 1, 1, 1448, 34, 16, true },     { false, 1, 1, 1448, 34, 16, false },
        { true, 0, 1, 1448, 34, 16, false },    { true, 1, 1, 0, 34, 16, false },
        { true, 1, 0, 0, 2999, 0, false },      { true, 1, 0, 0, 2998, 0, true },
        { true, 1, 0, 0, 65535, 65535, false }, { true, 1, 3, 1400, 34, 6, false },
        { true, 1, 0x84, 1400, 54, 16, true },
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bench *b = bench_open(true, cases[i].negotiated ? checksums | cutting : 0);
        u64 at = give(b, TX, HEAD + 3000);

        put_head(b, at, cases[i].flags, cases[i].kind, cases[i].segment, cases[i].start,
                 cases[i].offset);
        rig_kick(&b->rig, TX);
        if (b->link.sent != cases[i].passes)
            fail_msg("case %u", i);
        assert_int_equal(rig_used(&b->rig, TX, NULL), 0);
        if (cases[i].passes && cases[i].kind)
            assert_int_equal(b->link.out.head.segment_bytes, cases[i].segment);
        bench_close(b);
    }
}

static u16 sum(const u8 *p, u32 len)
{
    u32 s = 0;

    for (u32 i = 0; i < len; i++)
        s += (u32)p[i] << (i % 2 ? 0 : 8);
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return (u16)s;
}

/* A driver that takes no half-done checksums gets whole ones. */
static void checksums_done_for_the_driver(void **state)
{
    (void)state;
    for (unsigned takes = 0; takes < 2; takes++) {
        struct bench *b = bench_open(true, takes ? checksums : 0);
        u64 at = give(b, RX, 2000);
        u8 *frame = rig_at(&b->rig, at + HEAD);

        rig_kick(&b->rig, RX);
        b->link.in.head =
            (struct link_head) { .flags = LINK_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16 };
        arrive(b, 101);
        assert_int_equal(rig_used(&b->rig, RX, NULL), 0);
        assert_int_equal(*rig_at(&b->rig, at), takes ? 1 : 0);
        if (takes)
            assert_memory_equal(frame, b->link.in.bytes, 101);
        else /* with the checksum in its place, all adds up but for what the field held before */
            assert_int_equal(sum(frame + 34, 67), 0xffff ^ sum(b->link.in.bytes + 50, 2));
        bench_close(b);
    }
}

static void large_packets(void **state)
{
    struct bench *b = bench_open(true, checksums | cutting | merged);
    u32 got = 0, len;

    (void)state;
    for (unsigned i = 0; i < 60; i++)
        give(b, RX, 1536);
    rig_kick(&b->rig, RX);
    b->link.in.head = (struct link_head) { LINK_NEEDS_CSUM, LINK_TCP4, 54, 1448, 34, 16 };
    arrive(b, 60000);
    while (rig_used(&b->rig, RX, &len) >= 0)
        got += len;
    assert_int_equal(got, 60000 + HEAD);
    bench_close(b);
    b = bench_open(true, checksums); /* it cannot take them whole */
    give(b, RX, 65550);
    rig_kick(&b->rig, RX);
    b->link.in.head = (struct link_head) { LINK_NEEDS_CSUM, LINK_TCP4, 54, 1448, 34, 16 };
    arrive(b, 1400);
    assert_int_equal(rig_used(&b->rig, RX, NULL), -1);
    assert_int_equal(b->net.dropped, 1);
    bench_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configuration),           cmocka_unit_test(one_buffer_a_frame),
        cmocka_unit_test(several_buffers_a_frame), cmocka_unit_test(sending),
        cmocka_unit_test(work_left_to_the_link),   cmocka_unit_test(checksums_done_for_the_driver),
        cmocka_unit_test(large_packets),           cmocka_unit_test(the_link_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
