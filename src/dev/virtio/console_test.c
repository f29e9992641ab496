/* The console, as a driver sees it: input, output to a slow host, a screen that changes. */
#include "dev/virtio/console.h"

#include "dev/virtio/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct bench {
    struct rig rig;
    struct char_port port;
    const char *in;
    char out[8192];
    size_t sent, takes;
    u16 columns, rows;
    struct virtio_console console;
};

static size_t send(struct char_port *p, const void *bytes, size_t len)
{
    struct bench *b = container_of(p, struct bench, port);

    len = len < b->takes ? len : b->takes;
    memcpy(b->out + b->sent, bytes, len);
    b->takes -= len;
    b->sent += len;
    return len;
}

static long recv(struct char_port *p, void *bytes, size_t room, bool wait)
{
    struct bench *b = container_of(p, struct bench, port);
    size_t n = strlen(b->in) < room ? strlen(b->in) : room;

    assert_false(wait);
    memcpy(bytes, b->in, n);
    b->in += n;
    return (long)n;
}

static bool size(struct char_port *p, u16 *columns, u16 *rows)
{
    struct bench *b = container_of(p, struct bench, port);

    *columns = b->columns;
    *rows = b->rows;
    return true;
}

static const struct char_ops ops = { .send = send, .recv = recv, .size = size };

static void bench_init(struct bench *b, const char *in)
{
    memset(b, 0, sizeof *b);
    assert_true(rig_init(&b->rig));
    b->port.ops = &ops;
    b->in = in;
    b->takes = sizeof b->out;
    b->columns = 80, b->rows = 25;
    virtio_console_init(&b->console, "console", &b->port, &b->rig.host);
    rig_plug(&b->rig, &b->console.virtio);
    assert_true(rig_start(&b->rig, 1, 16));
}

static u64 give(struct bench *b, unsigned queue, const char *text, u32 len)
{
    struct rig_buffer v = { rig_buffer(&b->rig, len), len, !text };

    if (text)
        memcpy(rig_at(&b->rig, v.address), text, len);
    rig_add(&b->rig, queue, &v, 1);
    rig_kick(&b->rig, queue);
    return v.address;
}

static void input(void **state)
{
    struct bench b;
    u32 len;
    u64 at;

    (void)state;
    bench_init(&b, "hello, world");
    at = give(&b, 0, NULL, 5);
    assert_int_equal(rig_used(&b.rig, 0, &len), 0);
    assert_int_equal(len, 5);
    assert_memory_equal(rig_at(&b.rig, at), "hello", 5);
    assert_int_equal(b.rig.level, 1);
    at = give(&b, 0, NULL, 100);
    assert_int_equal(rig_used(&b.rig, 0, &len), 1);
    assert_int_equal(len, 7);
    give(&b, 0, NULL, 100);
    assert_int_equal(rig_used(&b.rig, 0, NULL), -1);
    b.in = "more";
    virtio_poll(&b.console.virtio);
    assert_int_equal(rig_used(&b.rig, 0, &len), 2);
    assert_int_equal(len, 4);
    rig_fini(&b.rig);
}

/* Whoever sleeps until something is typed need not do so while nobody would take it. */
static void it_says_when_it_wants_input(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, "");
    assert_false(virtio_console_wants(&b.console));
    give(&b, 0, NULL, 2);
    assert_true(virtio_console_wants(&b.console));
    b.in = "abc";
    virtio_poll(&b.console.virtio);
    assert_int_equal(rig_used(&b.rig, 0, NULL), 0);
    assert_string_equal(b.in, "c");
    assert_false(virtio_console_wants(&b.console)); /* no room for the rest */
    give(&b, 0, NULL, 2);
    assert_string_equal(b.in, "");
    give(&b, 0, NULL, 2);
    assert_true(virtio_console_wants(&b.console));
    rig_set(&b.rig, 0x70, 0);
    assert_false(virtio_console_wants(&b.console));
    assert_true(rig_start(&b.rig, 1, 16));
    give(&b, 0, NULL, 2);
    assert_true(virtio_console_wants(&b.console));
    rig_offer(&b.rig, 0, 999);
    b.in = "d";
    rig_kick(&b.rig, 0);
    assert_int_equal(rig_get(&b.rig, 0x70), 15 | 64);
    assert_false(virtio_console_wants(&b.console)); /* the driver has broken the rules */
    rig_fini(&b.rig);
}

static void output_to_a_slow_host(void **state)
{
    struct bench b;
    char text[3000];

    (void)state;
    bench_init(&b, "");
    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 26);
    b.takes = 1500;
    give(&b, 1, text, sizeof text);
    give(&b, 1, "!", 1);
    assert_int_equal(rig_used(&b.rig, 1, NULL), -1);
    assert_int_equal(b.console.sent, 1500);
    b.takes = 10;
    virtio_poll(&b.console.virtio);
    assert_int_equal(b.console.sent, 1510);
    b.takes = 5000;
    virtio_poll(&b.console.virtio);
    assert_int_equal(rig_used(&b.rig, 1, NULL), 0);
    assert_int_equal(rig_used(&b.rig, 1, NULL), 1);
    assert_int_equal(b.sent, 3001);
    assert_memory_equal(b.out, text, sizeof text);
    assert_int_equal(b.out[3000], '!');
    rig_fini(&b.rig);
}

static void a_screen_that_changes(void **state)
{
    struct bench b;
    u32 before;

    (void)state;
    bench_init(&b, "");
    assert_int_equal(virtio_mmio_read(&b.rig.mmio, 0x100, 4), 25 << 16 | 80);
    before = rig_get(&b.rig, 0xfc);
    virtio_poll(&b.console.virtio);
    assert_int_equal(b.rig.raised, 0);
    b.columns = 132;
    virtio_poll(&b.console.virtio);
    assert_int_equal(rig_acknowledge(&b.rig), 2);
    assert_int_not_equal(rig_get(&b.rig, 0xfc), before);
    assert_int_equal(virtio_mmio_read(&b.rig.mmio, 0x100, 2), 132);
    rig_fini(&b.rig);
}

static void a_driver_that_forgets_its_size_is_told_again(void **state)
{
    struct bench b;
    unsigned tells = 0;

    (void)state;
    bench_init(&b, "");
    b.rig.ns = 1000;
    give(&b, 1, "a", 1);
    give(&b, 1, "b", 1);
    assert_int_equal(rig_acknowledge(&b.rig) & 2, 0); /* too early: it is setting itself up */
    b.rig.ns += 100000000;
    virtio_poll(&b.console.virtio);
    assert_int_equal(rig_acknowledge(&b.rig) & 2, 0); /* not by the host's doing */
    for (unsigned i = 0; i < 1000; i++) {
        b.rig.ns += 100000000;
        give(&b, 1, "c", 1);
        tells += rig_acknowledge(&b.rig) >> 1;
        assert_int_equal(rig_used(&b.rig, 1, NULL), i % 16);
    }
    assert_int_equal(tells, VIRTIO_CONSOLE_TELLS);
    rig_set(&b.rig, 0x70, 0);
    assert_true(rig_start(&b.rig, 1, 16));
    assert_int_equal(rig_acknowledge(&b.rig) & 2, 0);
    rig_fini(&b.rig);
}

static void broken_and_mended(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, "x");
    rig_offer(&b.rig, 1, 999);
    rig_kick(&b.rig, 1);
    assert_int_equal(rig_get(&b.rig, 0x70), 15 | 64);
    assert_int_equal(rig_acknowledge(&b.rig), 2);
    give(&b, 0, NULL, 5);
    virtio_poll(&b.console.virtio);
    assert_int_equal(rig_used(&b.rig, 0, NULL), -1); /* it does nothing any more */
    rig_set(&b.rig, 0x70, 0);
    assert_int_equal(rig_get(&b.rig, 0x70), 0);
    assert_true(rig_start(&b.rig, 1, 16));
    give(&b, 0, NULL, 5);
    assert_int_equal(rig_used(&b.rig, 0, NULL), 0);
    rig_fini(&b.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input),
        cmocka_unit_test(it_says_when_it_wants_input),
        cmocka_unit_test(output_to_a_slow_host),
        cmocka_unit_test(a_screen_that_changes),
        cmocka_unit_test(a_driver_that_forgets_its_size_is_told_again),
        cmocka_unit_test(broken_and_mended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
