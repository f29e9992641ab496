#include "host/console.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void sends(void **state)
{
    struct console c;
    char in[2 * CONSOLE_ROOM];
    int fd[2];

    (void)state;
    assert_int_equal(pipe(fd), 0);
    console_init(&c, -1, fd[1]);
    assert_int_equal(c.port.ops->send(&c.port, "hello\n", 6), 6);
    assert_int_equal(c.used, 6); /* no terminal: it waits */
    console_flush(&c);
    assert_int_equal(read(fd[0], in, sizeof in), 6);
    assert_memory_equal(in, "hello\n", 6);
    c.prompt = true; /* as a terminal makes it */
    c.port.ops->send(&c.port, "a", 1);
    assert_int_equal(c.used, 0);
    assert_int_equal(read(fd[0], in, sizeof in), 1);
    c.prompt = false;
    memset(in, 'x', sizeof in);
    assert_int_equal(c.port.ops->send(&c.port, in, CONSOLE_ROOM + 10), CONSOLE_ROOM + 10);
    assert_int_equal(c.used, 10);
    assert_int_equal(c.port.ops->recv(&c.port, in, 1, true), -1); /* has no input */
    console_fini(&c);
    assert_int_equal(read(fd[0], in, sizeof in), CONSOLE_ROOM + 10);
    close(fd[0]);
    close(fd[1]);
}

static void tells_of_the_screen(void **state)
{
    struct console c;
    u16 columns = 1, rows = 2;

    (void)state;
    console_init(&c, -1, -1);
    assert_false(c.port.ops->size(&c.port, &columns, &rows));
    assert_true(columns == 1 && rows == 2);
    assert_true(console_resize(&c, 132, 43));
    assert_false(console_resize(&c, 132, 43));
    assert_true(c.port.ops->size(&c.port, &columns, &rows));
    assert_true(columns == 132 && rows == 43);
    assert_true(console_resize(&c, 0, 43));
    assert_false(c.port.ops->size(&c.port, &columns, &rows));
    console_fini(&c);
}

/* Messages come where they were said in the output, when both go to one place. */
static void keeps_the_order_of_two(void **state)
{
    struct console c, messages;
    char in[16];
    int fd[2];

    (void)state;
    assert_int_equal(pipe(fd), 0);
    console_init(&c, -1, fd[1]);
    console_init_after(&messages, fd[1], &c);
    c.port.ops->send(&c.port, "a", 1);
    messages.port.ops->send(&messages.port, "b", 1);
    assert_int_equal(c.used + messages.used, 0);
    c.port.ops->send(&c.port, "c", 1);
    console_flush(&c);
    assert_int_equal(read(fd[0], in, sizeof in), 3);
    assert_memory_equal(in, "abc", 3);
    console_fini(&messages);
    console_fini(&c);
    close(fd[0]);
    close(fd[1]);
}

static void receives(void **state)
{
    struct console c;
    char in[16];
    int fd[2];

    (void)state;
    assert_int_equal(pipe(fd), 0);
    console_init(&c, fd[0], -1);
    assert_int_equal(c.port.ops->send(&c.port, "x", 1), 1); /* nowhere */
    assert_int_equal(c.port.ops->recv(&c.port, in, sizeof in, false), 0);
    assert_int_equal(write(fd[1], "abc", 3), 3);
    assert_int_equal(c.port.ops->recv(&c.port, in, 2, false), 2);
    assert_int_equal(c.port.ops->recv(&c.port, in, sizeof in, true), 1);
    assert_int_equal(in[0], 'c');
    console_wake(&c); /* before it waits */
    assert_int_equal(c.port.ops->recv(&c.port, in, sizeof in, true), 0);
    close(fd[1]);
    assert_int_equal(c.port.ops->recv(&c.port, in, sizeof in, true), -1);
    assert_int_equal(c.port.ops->recv(&c.port, in, sizeof in, false), -1);
    console_fini(&c);
    close(fd[0]);
}

static void *later(void *arg)
{
    nanosleep(&(struct timespec) { 0, 50000000 }, NULL);
    console_wake(arg);
    return NULL;
}

static void wakes(void **state)
{
    struct console c;
    pthread_t thread;
    char in;
    int fd[2];

    (void)state;
    assert_int_equal(pipe(fd), 0);
    console_init(&c, fd[0], -1);
    assert_int_equal(pthread_create(&thread, NULL, later, &c), 0);
    assert_int_equal(c.port.ops->recv(&c.port, &in, 1, true), 0);
    pthread_join(thread, NULL);
    console_fini(&c);
    close(fd[0]);
    close(fd[1]);
}

static void broken(void **state)
{
    struct console c;

    (void)state;
    console_init(&c, -1, 1000000); /* no such descriptor */
    c.port.ops->send(&c.port, "x", 1);
    console_flush(&c);
    assert_int_not_equal(c.error, 0);
    assert_int_equal(c.port.ops->send(&c.port, "x", 1), 0);
    console_fini(&c);
}

/* A second end: both see the output, either gives input, and the first one's end is not the end. */
static void two_ends(void **state)
{
    struct console c;
    int out[2], in[2], also_out[2], also_in[2];
    char got[16];

    (void)state;
    assert_int_equal(pipe(out) | pipe(in) | pipe(also_out) | pipe(also_in), 0);
    console_init(&c, in[0], out[1]);
    console_also(&c, also_in[0], also_out[1]);
    c.port.ops->send(&c.port, "both", 4);
    console_flush(&c);
    assert_int_equal(read(out[0], got, sizeof got), 4);
    assert_int_equal(read(also_out[0], got, sizeof got), 4);
    assert_memory_equal(got, "both", 4);
    assert_int_equal(write(also_in[1], "x", 1), 1);
    assert_int_equal(c.port.ops->recv(&c.port, got, sizeof got, true), 1);
    assert_int_equal(write(in[1], "yz", 2), 2);
    assert_int_equal(c.port.ops->recv(&c.port, got, sizeof got, true), 2);
    close(also_in[1]); /* nobody types there any more: the person in front goes on */
    assert_int_equal(c.port.ops->recv(&c.port, got, sizeof got, true), 0);
    assert_int_equal(write(in[1], "w", 1), 1);
    assert_int_equal(c.port.ops->recv(&c.port, got, sizeof got, true), 1);
    close(in[1]);
    assert_int_equal(c.port.ops->recv(&c.port, got, sizeof got, true), -1);
    close(also_out[0]); /* the console's reader goes away: the output in front does not suffer */
    console_also(&c, -1, -1);
    c.port.ops->send(&c.port, "on", 2);
    console_fini(&c);
    assert_int_equal(read(out[0], got, sizeof got), 2);
    assert_int_equal(c.error, 0);
}

/* Behind one's back there is only the second. */
static void only_the_second_end(void **state)
{
    struct console c;
    int in[2];
    char got[16];

    (void)state;
    assert_int_equal(pipe(in), 0);
    console_init(&c, -1, -1);
    console_also(&c, in[0], -1);
    assert_int_equal(c.port.ops->recv(&c.port, got, sizeof got, false), 0);
    console_wake(&c);
    assert_int_equal(c.port.ops->recv(&c.port, got, sizeof got, true), 0); /* woken */
    assert_int_equal(write(in[1], "x", 1), 1);
    assert_int_equal(c.port.ops->recv(&c.port, got, sizeof got, true), 1);
    close(in[1]);
    assert_int_equal(c.port.ops->recv(&c.port, got, sizeof got, true), -1);
    console_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends),
        cmocka_unit_test(tells_of_the_screen),
        cmocka_unit_test(keeps_the_order_of_two),
        cmocka_unit_test(receives),
        cmocka_unit_test(wakes),
        cmocka_unit_test(broken),
        cmocka_unit_test(two_ends),
        cmocka_unit_test(only_the_second_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
