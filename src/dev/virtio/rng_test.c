/* The entropy device, as a driver sees it. */
#include "dev/virtio/rng.h"

#include "dev/virtio/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct bench {
    struct rig rig;
    struct entropy_port port;
    size_t left;
    u8 next;
    struct rng rng;
};

static size_t fill(struct entropy_port *p, void *bytes, size_t len)
{
    struct bench *b = container_of(p, struct bench, port);

    len = len < b->left ? len : b->left;
    for (size_t i = 0; i < len; i++)
        ((u8 *)bytes)[i] = b->next++;
    b->left -= len;
    return len;
}

static const struct entropy_ops ops = { fill };

static void bench_init(struct bench *b, size_t left)
{
    assert_true(rig_init(&b->rig));
    b->port.ops = &ops;
    b->left = left;
    b->next = 1;
    rng_init(&b->rng, "rng", &b->port, &b->rig.host);
    rig_plug(&b->rig, &b->rng.virtio);
    assert_int_equal(rig_get(&b->rig, 8), VIRTIO_RNG);
    assert_true(rig_start(&b->rig, 0, 32));
}

static u64 ask(struct bench *b, u32 len)
{
    struct rig_buffer v = { rig_buffer(&b->rig, len), len, true };

    rig_add(&b->rig, 0, &v, 1);
    return v.address;
}

static void bytes_come(void **state)
{
    struct bench b;
    u32 len;
    u64 at;

    (void)state;
    bench_init(&b, 1 << 20);
    at = ask(&b, 300);
    rig_kick(&b.rig, 0);
    assert_int_equal(rig_used(&b.rig, 0, &len), 0);
    assert_int_equal(len, 300);
    assert_int_equal(*rig_at(&b.rig, at), 1);
    assert_int_equal(*rig_at(&b.rig, at + 299), 300 & 0xff);
    assert_int_equal(rig_acknowledge(&b.rig), 1);
    ask(&b, 100000); /* less than asked for is allowed, and not for ever */
    rig_kick(&b.rig, 0);
    assert_int_equal(rig_used(&b.rig, 0, &len), 1);
    assert_int_equal(len, 4096);
    rig_fini(&b.rig);
}

static void nothing_now(void **state)
{
    struct bench b;
    u32 len;

    (void)state;
    bench_init(&b, 8);
    ask(&b, 16);
    ask(&b, 16);
    rig_kick(&b.rig, 0);
    assert_int_equal(rig_used(&b.rig, 0, &len), 0);
    assert_int_equal(len, 8);
    assert_int_equal(rig_used(&b.rig, 0, &len), -1);
    b.left = 16;
    virtio_poll(&b.rng.virtio);
    assert_int_equal(rig_used(&b.rig, 0, &len), 1);
    assert_int_equal(len, 16);
    rig_fini(&b.rig);
}

/* A driver that wants much waits its turn between others. */
static void a_few_at_one_go(void **state)
{
    struct bench b;
    unsigned goes = 0;

    (void)state;
    bench_init(&b, 1 << 20);
    for (unsigned i = 0; i < 32; i++)
        ask(&b, 1);
    rig_kick(&b.rig, 0);
    for (; b.rng.virtio.waiting; goes++) {
        assert_int_equal(b.rig.woken, goes + 1);
        virtio_poll(&b.rng.virtio);
    }
    assert_true(goes >= 1);
    assert_int_equal(le_get(rig_at(&b.rig, b.rig.queue[0].used + 2), 2), 32);
    rig_fini(&b.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come),
        cmocka_unit_test(nothing_now),
        cmocka_unit_test(a_few_at_one_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
