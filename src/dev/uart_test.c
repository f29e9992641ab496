/* The serial port, as drivers use it. */
#include "dev/uart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR };

struct bench {
    struct uart uart;
    struct char_port port;
    const char *in;
    char out[64];
    size_t sent, takes;
    int level;
};

static size_t send(struct char_port *p, const void *bytes, size_t len)
{
    struct bench *b = container_of(p, struct bench, port);

    if (len > b->takes)
        len = b->takes;
    b->takes -= len;
    memcpy(b->out + b->sent, bytes, len);
    b->sent += len;
    return len;
}

static long recv(struct char_port *p, void *bytes, size_t room, bool wait)
{
    struct bench *b = container_of(p, struct bench, port);
    size_t n = strlen(b->in) < room ? strlen(b->in) : room;

    assert_false(wait);
    assert_true(room > 0);
    memcpy(bytes, b->in, n);
    b->in += n;
    return (long)n;
}

static const struct char_ops ops = { .send = send, .recv = recv };

static void set(void *owner, unsigned index, int level)
{
    (void)index;
    ((struct bench *)owner)->level = level;
}

static void bench_init(struct bench *b, const char *in)
{
    memset(b, 0, sizeof *b);
    b->port.ops = &ops;
    b->in = in;
    b->takes = sizeof b->out;
    uart_init(&b->uart, "uart", &b->port, (struct line) { set, b, 0 });
}

/* What Linux's driver does before it believes in a 16550A. */
static void found_by_a_driver(void **state)
{
    struct bench b;
    struct uart *u = &b.uart;

    (void)state;
    bench_init(&b, "");
    uart_write(u, IER, 0);
    assert_int_equal(uart_read(u, IER), 0);
    uart_write(u, IER, 0x0f);
    assert_int_equal(uart_read(u, IER) & 0x0f, 0x0f);
    uart_write(u, IER, 0);
    uart_write(u, MCR, 0x1a); /* loop, RTS, OUT2 */
    assert_int_equal(uart_read(u, MSR) & 0xf0, 0x90);
    uart_write(u, MCR, 0);
    uart_write(u, IIR, 1);
    assert_int_equal(uart_read(u, IIR) >> 6, 3);
    uart_write(u, LCR, 0x80);
    uart_write(u, RBR, 0x34), uart_write(u, IER, 0x12);
    assert_int_equal(uart_read(u, RBR), 0x34);
    assert_int_equal(uart_read(u, IER), 0x12);
    uart_write(u, LCR, 3);
    assert_int_equal(u->divisor, 0x1234);
    uart_write(u, SCR, 0x5a);
    assert_int_equal(uart_read(u, SCR), 0x5a);
    assert_int_equal(uart_read(u, LSR), 0x60);
    assert_int_equal(uart_read(u, 8), 0xff);
}

static void writes_leave_and_say_so(void **state)
{
    struct bench b;
    struct uart *u = &b.uart;

    (void)state;
    bench_init(&b, "");
    uart_write(u, IER, 2); /* the transmitter is empty: at once */
    assert_int_equal(b.level, 1);
    assert_int_equal(uart_read(u, IIR), 2);
    assert_int_equal(b.level, 0);
    assert_int_equal(uart_read(u, IIR), 1);
    uart_write(u, RBR, 'a');
    assert_int_equal(b.level, 1); /* after each byte again */
    uart_write(u, RBR, 'b');
    assert_int_equal(uart_read(u, IIR), 2);
    assert_int_equal(b.level, 0);
    uart_write(u, IER, 0);
    uart_write(u, IER, 2);
    assert_int_equal(b.level, 1);
    assert_memory_equal(b.out, "ab", 2);
}

/* A host that takes no more: the driver waits, and nothing is lost. */
static void a_slow_host(void **state)
{
    struct bench b;
    struct uart *u = &b.uart;

    (void)state;
    bench_init(&b, "");
    b.takes = 3;
    uart_write(u, IIR, 1);
    uart_write(u, IER, 2);
    for (unsigned i = 0; i < 10; i++)
        uart_write(u, RBR, (u8)('0' + i));
    assert_int_equal(uart_read(u, LSR), 0);
    assert_int_equal(b.level, 0);
    uart_poll(u);
    assert_int_equal(b.level, 0);
    b.takes = 50;
    uart_poll(u);
    assert_int_equal(uart_read(u, LSR), 0x60);
    assert_int_equal(b.level, 1);
    assert_memory_equal(b.out, "0123456789", 10);
}

static void reads_come_by_trigger_and_timeout(void **state)
{
    struct bench b;
    struct uart *u = &b.uart;
    char got[40];

    (void)state;
    bench_init(&b, "abcdefghijklmnopqrstuvwxyz");
    uart_write(u, IIR, 0x81); /* 8 bytes */
    uart_write(u, IER, 1);
    uart_poll(u);
    assert_int_equal(u->rx.count, 16);
    assert_int_equal(b.level, 1);
    assert_int_equal(uart_read(u, IIR), 0xc4);
    for (unsigned i = 0; i < 9; i++)
        got[i] = (char)uart_read(u, RBR);
    assert_int_equal(uart_read(u, IIR), 0xcc); /* 7 are left: timed out */
    for (unsigned i = 9; i < 26; i++) {
        assert_int_equal(uart_read(u, LSR) & 1, 1);
        got[i] = (char)uart_read(u, RBR);
    }
    assert_memory_equal(got, "abcdefghijklmnopqrstuvwxyz", 26);
    assert_int_equal(uart_read(u, LSR) & 1, 0);
    assert_int_equal(b.level, 0);
    assert_int_equal(uart_read(u, RBR), 0);
}

static void one_byte_without_queues(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, "xyz");
    uart_poll(&b.uart);
    assert_int_equal(b.uart.rx.count, 1);
    assert_int_equal(uart_read(&b.uart, RBR), 'x');
    assert_int_equal(uart_read(&b.uart, RBR), 'y');
    uart_write(&b.uart, IIR, 1); /* what waited is gone; more comes */
    assert_int_equal(b.uart.rx.count, 0);
}

static void loopback(void **state)
{
    struct bench b;
    struct uart *u = &b.uart;

    (void)state;
    bench_init(&b, "no");
    uart_write(u, MCR, 0x10);
    uart_read(u, MSR);
    uart_write(u, IER, 8 | 4);
    uart_write(u, MCR, 0x13);
    assert_int_equal(uart_read(u, IIR), 0);
    assert_int_equal(uart_read(u, MSR), 0x33);
    assert_int_equal(b.level, 0);
    uart_write(u, RBR, 'q');
    assert_int_equal(uart_read(u, LSR) & 1, 1);
    uart_write(u, RBR, 'r'); /* no room */
    assert_int_equal(uart_read(u, IIR), 6);
    assert_int_equal(uart_read(u, LSR) & 2, 2);
    assert_int_equal(uart_read(u, IIR), 1);
    assert_int_equal(uart_read(u, RBR), 'q');
    assert_int_equal(b.sent, 0);
}

static void nobody_there(void **state)
{
    struct uart u;

    (void)state;
    uart_init(&u, "uart", NULL, (struct line) { 0 });
    uart_write(&u, RBR, 'x');
    uart_poll(&u);
    assert_int_equal(uart_read(&u, LSR), 0x60);
}

/* ---- snapshots ---- */

static void saved_and_loaded(void **state)
{
    struct bench a, b;
    u8 one[512], two[512], bad[512];
    struct err e;
    size_t n;

    (void)state;
    bench_init(&a, "some input that waits");
    bench_init(&b, "");
    a.takes = 2;
    uart_write(&a.uart, IIR, 0xc1), uart_write(&a.uart, IER, 3), uart_write(&a.uart, LCR, 0x1b);
    for (unsigned i = 0; i < 6; i++)
        uart_write(&a.uart, RBR, (u8)i);
    uart_read(&a.uart, RBR);
    n = field_save(uart_fields(), &a.uart, NULL);
    assert_true(n <= sizeof one);
    field_save(uart_fields(), &a.uart, one);
    assert_int_equal(field_load(uart_fields(), &b.uart, one, n, &e), 0);
    assert_int_equal(b.uart.component.loaded(&b.uart, &e), 0);
    field_save(uart_fields(), &b.uart, two);
    assert_memory_equal(one, two, n);
    for (size_t i = 0; i < n * 8; i++) { /* whatever is taken can be used */
        memcpy(bad, one, n);
        bad[i / 8] ^= (u8)(1u << i % 8);
        bench_init(&b, "more");
        if (field_load(uart_fields(), &b.uart, bad, n, &e) || b.uart.component.loaded(&b.uart, &e))
            continue;
        for (unsigned reg = 0; reg < 8; reg++)
            uart_write(&b.uart, reg, uart_read(&b.uart, reg));
        uart_poll(&b.uart);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_by_a_driver),
        cmocka_unit_test(writes_leave_and_say_so),
        cmocka_unit_test(a_slow_host),
        cmocka_unit_test(reads_come_by_trigger_and_timeout),
        cmocka_unit_test(one_byte_without_queues),
        cmocka_unit_test(loopback),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(saved_and_loaded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
