#include "svc/ctl/wire.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A wire, and the other end as a plain descriptor. */
static int begin(struct wire *w)
{
    int fds[2] = { -1, -1 };

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    wire_init(w, fds[0]);
    return fds[1];
}

static void lines_come_whole_however_they_were_cut(void **state)
{
    static const char text[] = "one\n\ntwo three\n";
    static const char *const want[] = { "one", "", "two three" };
    const char *why;
    struct wire w;
    size_t len = 0;
    int other = begin(&w);
    unsigned got = 0;

    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        char *line;

        assert_int_equal(write(other, text + i, 1), 1);
        assert_true(wire_read(&w, &why));
        while (got < 3 && (line = wire_line(&w, &len))) {
            assert_string_equal(line, want[got]);
            assert_int_equal(len, strlen(want[got++]));
        }
    }
    assert_int_equal(got, 3);
    assert_false(w.ended);
    close(other);
    assert_true(wire_read(&w, &why));
    assert_true(w.ended);
    wire_fini(&w);
}

static void a_line_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        char *bytes = malloc(WIRE_LINE_MAX + 1);
        size_t size = (size_t)WIRE_LINE_MAX - 1 + (size_t)more, sent = 0, len = 0;
        const char *why = NULL;
        struct wire w;
        int other = begin(&w);
        bool good = true;

        memset(bytes, 'x', size);
        bytes[size] = '\n';
        fcntl(other, F_SETFL, O_NONBLOCK);
        while (sent <= size && good) {
            ssize_t n = write(other, bytes + sent, size + 1 - sent);

            sent += n > 0 ? (size_t)n : 0;
            good = wire_read(&w, &why);
        }
        while (good && !wire_line(&w, &len))
            good = wire_read(&w, &why);
        assert_int_equal(good, !more);
        if (more)
            assert_string_equal(why, "a line is too long");
        else
            assert_int_equal(len, size);
        close(other);
        wire_fini(&w);
        free(bytes);
    }
}

static void descriptors_come_with_their_line(void **state)
{
    int pipe_fds[2] = { -1, -1 }, taken[2] = { -1, -1 };
    struct wire w, from;
    const char *why;
    struct err e;
    char byte = 0;
    size_t len = 0;

    (void)state;
    wire_init(&from, begin(&w));
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(wire_send(&from, "here", 4, pipe_fds, 2, &e), 0);
    assert_true(wire_read(&w, &why));
    assert_string_equal(wire_line(&w, &len), "here");
    assert_false(wire_take_fds(&w, taken, 3));
    assert_true(wire_take_fds(&w, taken, 2));
    assert_int_equal(w.fd_count, 0);
    assert_int_equal(write(taken[1], "!", 1), 1);
    assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
    assert_int_equal(byte, '!');
    for (unsigned i = 0; i < 2; i++) {
        close(taken[i]);
        close(pipe_fds[i]);
    }
    wire_fini(&w);
    wire_fini(&from);
}

/* Nobody takes them: they are not kept without end, and those that were are closed. */
static void too_many_descriptors_are_an_error(void **state)
{
    int pipe_fds[2] = { -1, -1 };
    struct wire w, from;
    const char *why = "";
    struct err e;
    bool good = true;
    int i;

    (void)state;
    wire_init(&from, begin(&w));
    assert_int_equal(pipe(pipe_fds), 0);
    for (i = 0; i < 10 && good; i++) {
        assert_int_equal(wire_send(&from, "x", 1, pipe_fds, 2, &e), 0);
        good = wire_read(&w, &why);
    }
    assert_int_equal(i, WIRE_FDS_MAX / 2 + 1);
    assert_string_equal(why, "too many descriptors");
    wire_fini(&w);
    wire_fini(&from);
    close(pipe_fds[1]);
    assert_int_equal(read(pipe_fds[0], &i, 1), 0); /* no writer is left anywhere */
    close(pipe_fds[0]);
}

static void what_waits_to_be_sent_is_bounded(void **state)
{
    char big[1000];
    struct wire w;
    int other = begin(&w);
    char *back = calloc(1, 1 << 20);
    size_t sent = 0, got = 0;

    (void)state;
    memset(big, 'y', sizeof big);
    while (wire_put(&w, big, sizeof big, 100000))
        sent += sizeof big + 1;
    assert_int_equal(sent, 99 * 1001);
    assert_int_equal(wire_waiting(&w), sent);
    while (got < sent) {
        ssize_t n;

        assert_true(wire_flush(&w));
        n = read(other, back + got, 1 << 16);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_int_equal(got, sent);
    assert_int_equal(back[1000], '\n');
    assert_int_equal(wire_waiting(&w), 0);
    close(other);
    assert_true(wire_put(&w, "x", 1, 10));
    assert_false(wire_flush(&w)); /* nobody is there, and no signal came */
    wire_fini(&w);
    free(back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_whole_however_they_were_cut),
        cmocka_unit_test(a_line_may_be_as_long_as_the_limit_and_no_longer),
        cmocka_unit_test(descriptors_come_with_their_line),
        cmocka_unit_test(too_many_descriptors_are_an_error),
        cmocka_unit_test(what_waits_to_be_sent_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
