/* The monitor with a machine that only counts: what friends get, and that enemies neither end it
 * nor hold it up. */
#include "svc/ctl/client.h"
#include "svc/ctl/monitor.h"
#include "svc/ctl/rundir.h"
#include "svc/ctl/rundir_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct rig {
    struct monitor *monitor;
    pthread_t thread;
    u64 frames; /* atomic */
    int end;    /* atomic */
    u64 left;   /* the last client that was gone */
    struct method methods[4];
};

/* ---- the machine ---- */

static void *machine(void *ctx)
{
    struct rig *r = ctx;

    while (!__atomic_load_n(&r->end, __ATOMIC_ACQUIRE)) {
        enum monitor_word word = monitor_serve(r->monitor);
        u64 n;

        if (word == MONITOR_STOP)
            break;
        monitor_sleep(r->monitor, word == MONITOR_PAUSED ? UINT64_MAX : 200000);
        if (word == MONITOR_PAUSED)
            continue;
        n = __atomic_add_fetch(&r->frames, 1, __ATOMIC_RELEASE);
        monitor_publish(r->monitor, &(struct monitor_clock) { 2 * n, n });
    }
    return NULL;
}

static void wake(void *ctx)
{
    (void)ctx;
}

static int call_add(void *ctx, struct method_call *c, struct err *e)
{
    json_t *a = json_object_get(c->params, "a"), *b = json_object_get(c->params, "b");

    (void)ctx;
    if (!json_is_integer(a) || !json_is_integer(b))
        return err_set(e, ERR_USAGE, "add: want a and b");
    c->result = json_pack("{s:I}", "sum", json_integer_value(a) + json_integer_value(b));
    return 0;
}

static int call_write(void *ctx, struct method_call *c, struct err *e)
{
    (void)ctx;
    if (c->fd_count != 1 || write(c->fds[0], "written", 7) != 7)
        return err_set(e, ERR_USAGE, "write: want a descriptor");
    return 0;
}

enum { TOLD = 8000, UNTAKEN_MAX = 64 << 10 };

/* Waits for its client, and answers others. */
static int call_tell(void *ctx, struct method_call *c, struct err *e)
{
    struct rig *r = ctx;

    (void)e;
    for (int i = 0; i < TOLD && r->left != c->client; i++) {
        json_t *params = json_pack("{s:i, s:s}", "n", i, "text", "and as many words again as that");

        assert_true(monitor_tell(r->monitor, c->client, "test.told", params));
        while (monitor_untaken(r->monitor, c->client) > UNTAKEN_MAX && r->left != c->client) {
            monitor_sleep(r->monitor, 1000000);
            monitor_serve_urgent(r->monitor, "it tells much");
        }
    }
    return 0;
}

static int call_hold(void *ctx, struct method_call *c, struct err *e)
{
    struct rig *r = ctx;
    const char *how = json_string_value(json_object_get(c->params, "how"));

    (void)e;
    monitor_hold(r->monitor, how ? c->client : 0, how && *how == 'l' ? MONITOR_LENT : MONITOR_HELD,
                 "tester");
    return 0;
}

static void gone(void *ctx, u64 client)
{
    __atomic_store_n(&((struct rig *)ctx)->left, client, __ATOMIC_RELEASE);
}

static int set_up(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    json_t *about = json_pack("{s:s}", "kind", "counter");
    struct monitor_options o = { .name = "m", .about = about, .hz = 120, .wake = wake, .ctx = r };
    struct err e;

    assert_int_equal(monitor_create(&o, &r->monitor, &e), 0);
    json_decref(about);
    r->methods[0] = (struct method) { "test.add", "adds", call_add, r, false };
    r->methods[1] = (struct method) { "test.write", "writes", call_write, r, true };
    r->methods[2] = (struct method) { "test.tell", "tells much", call_tell, r, false };
    r->methods[3] = (struct method) { "test.hold", "holds the machine", call_hold, r, false };
    monitor_add(r->monitor, r->methods, 4);
    monitor_when_gone(r->monitor, gone, r);
    assert_int_equal(monitor_start(r->monitor, &e), 0);
    assert_int_equal(pthread_create(&r->thread, NULL, machine, r), 0);
    *state = r;
    return 0;
}

static void stop(struct rig *r)
{
    const struct monitor_end end = { "halt", 7, "over" };

    if (!r->monitor)
        return;
    __atomic_store_n(&r->end, 1, __ATOMIC_RELEASE);
    monitor_wake(r->monitor);
    pthread_join(r->thread, NULL);
    monitor_destroy(r->monitor, &end);
    r->monitor = NULL;
}

static int take_down(void **state)
{
    stop(*state);
    free(*state);
    return 0;
}

static u64 frames(const struct rig *r)
{
    return __atomic_load_n(&r->frames, __ATOMIC_ACQUIRE);
}

static void sleep_ms(unsigned ms)
{
    nanosleep(&(struct timespec) { ms / 1000, ms % 1000 * 1000000 }, NULL);
}

/* The machine goes on, and a friend is heard. */
static void is_well(const struct rig *r)
{
    u64 before = frames(r);
    struct ctl_client *c;
    json_t *j;
    struct err e;

    for (unsigned i = 0; i < 5000 && frames(r) < before + 3; i++)
        sleep_ms(1);
    assert_true(frames(r) >= before + 3);
    assert_int_equal(ctl_client_open("m", &c, &e), 0);
    assert_int_equal(
        ctl_client_call(c, "test.add", json_pack("{s:i, s:i}", "a", 2, "b", 3), NULL, 0, &j, &e),
        0);
    assert_int_equal(json_integer_value(json_object_get(j, "sum")), 5);
    json_decref(j);
    ctl_client_close(c);
}

/* ---- friends ---- */

static json_t *ask(struct ctl_client *c, const char *method, json_t *params)
{
    struct err e;
    json_t *j;

    if (ctl_client_call(c, method, params, NULL, 0, &j, &e))
        fail_msg("%s: %s", method, e.text);
    return j;
}

static const char *text_of(json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));

    return s ? s : "";
}

static void is_state(struct ctl_client *c, const char *want)
{
    json_t *j = ask(c, "status", NULL);

    assert_string_equal(text_of(j, "state"), want);
    json_decref(j);
}

static void a_friend_is_served(void **state)
{
    struct rig *r = *state;
    struct ctl_client *c;
    struct err e;
    json_t *j;
    u64 before;
    int fds[2];
    char got[8] = "";

    assert_int_equal(ctl_client_open("m", &c, &e), 0);
    assert_string_equal(text_of((json_t *)ctl_client_hello(c), "kind"), "counter");
    is_state(c, "running");
    json_decref(ask(c, "subscribe", json_pack("{s:[s]}", "topics", "state")));
    json_decref(ask(c, "pause", NULL));
    is_state(c, "paused");
    sleep_ms(5);
    before = frames(r);
    sleep_ms(20);
    assert_int_equal(frames(r), before);
    j = ctl_client_next(c, 2000, &e);
    assert_non_null(j);
    assert_string_equal(text_of(j, "method"), "state.changed");
    assert_string_equal(text_of(json_object_get(j, "params"), "state"), "paused");
    json_decref(j);
    json_decref(ask(c, "resume", NULL));
    is_well(r);

    assert_int_equal(ctl_client_call(c, "test.add", NULL, NULL, 0, &j, &e), -ERR_USAGE);
    assert_string_equal(e.text, "add: want a and b");
    assert_true(ctl_client_call(c, "no.such", NULL, NULL, 0, &j, &e) < 0);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(ctl_client_call(c, "test.write", NULL, &fds[1], 1, &j, &e), 0);
    json_decref(j);
    assert_int_equal(read(fds[0], got, 7), 7);
    assert_string_equal(got, "written");
    close(fds[0]);
    close(fds[1]);
    ctl_client_close(c);
    for (unsigned i = 0; i < 2000 && !__atomic_load_n(&r->left, __ATOMIC_ACQUIRE); i++)
        sleep_ms(1);
    assert_true(__atomic_load_n(&r->left, __ATOMIC_ACQUIRE) > 0);
}

struct hearing {
    int next;
    bool asked;
};

static void heard(void *ctx, const json_t *j)
{
    struct hearing *h = ctx;
    struct ctl_client *other;
    json_t *sum;
    struct err e;

    if (!j)
        return;
    assert_string_equal(text_of((json_t *)j, "method"), "test.told");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "params"), "n")),
                     h->next++);
    if (h->next != TOLD / 4)
        return;
    /* The machine's thread waits for us: others are answered all the same. */
    assert_int_equal(ctl_client_open("m", &other, &e), 0);
    is_state(other, "running");
    json_decref(ask(other, "pause", NULL));
    json_decref(ask(other, "resume", NULL));
    assert_true(ctl_client_call(other, "test.add", json_pack("{s:i, s:i}", "a", 1, "b", 1), NULL, 0,
                                &sum, &e) < 0);
    assert_int_equal(e.code, ERR_STATE);
    assert_string_equal(e.text, "it tells much");
    ctl_client_close(other);
    h->asked = true;
}

static void one_client_is_told_all(void **state)
{
    struct rig *r = *state;
    struct hearing h = { 0 };
    struct ctl_client *c;
    struct err e;
    json_t *j;

    assert_int_equal(ctl_client_open("m", &c, &e), 0);
    assert_int_equal(ctl_client_call_hearing(c, "test.tell", NULL, heard, &h, &j, &e), 0);
    json_decref(j);
    assert_int_equal(h.next, TOLD);
    assert_true(h.asked);
    /* One who does not read and leaves is not waited for. */
    assert_int_equal(ctl_client_post(c, "test.tell", NULL, &e), 0);
    sleep_ms(50);
    ctl_client_close(c);
    is_well(r);
}

static void one_client_holds_the_machine(void **state)
{
    struct rig *r = *state;
    struct ctl_client *c, *other;
    struct err e;
    json_t *j;

    assert_int_equal(ctl_client_open("m", &c, &e), 0);
    assert_int_equal(ctl_client_open("m", &other, &e), 0);
    json_decref(ask(other, "subscribe", json_pack("{s:[s]}", "topics", "state")));
    json_decref(ask(c, "test.hold", json_pack("{s:s}", "how", "held")));
    j = ctl_client_next(other, 2000, &e);
    assert_string_equal(text_of(json_object_get(j, "params"), "why"), "tester");
    json_decref(j);
    j = ask(other, "status", NULL);
    assert_string_equal(text_of(j, "state"), "paused");
    assert_string_equal(text_of(j, "why"), "tester");
    json_decref(j);
    assert_true(ctl_client_call(other, "resume", NULL, NULL, 0, &j, &e) < 0);
    assert_int_equal(e.code, ERR_STATE);
    json_decref(ask(c, "test.hold", json_pack("{s:s}", "how", "lent")));
    is_state(other, "running");
    is_well(r);
    json_decref(ask(other, "pause", NULL)); /* when it is free */
    is_state(other, "running");
    json_decref(ask(c, "test.hold", NULL));
    j = ask(other, "status", NULL);
    assert_string_equal(text_of(j, "state"), "paused");
    assert_string_equal(text_of(j, "why"), "request");
    json_decref(j);
    json_decref(ask(other, "resume", NULL));
    is_well(r);
    ctl_client_close(c);
    ctl_client_close(other);
}

static void the_guests_console_reaches_friends_and_log(void **state)
{
    struct rig *r = *state;
    struct ctl_client *c;
    struct err e;
    char got[16] = "";
    int in, out;
    json_t *j;

    monitor_console(r->monitor, &in, &out);
    assert_int_equal(write(out, "before\n", 7), 7);
    assert_int_equal(ctl_client_open("m", &c, &e), 0);
    j = ask(c, "subscribe", json_pack("{s:[s], s:b}", "topics", "console", "log", 1));
    assert_string_equal(text_of(j, "text"), "before\n");
    json_decref(j);
    assert_int_equal(write(out, "a\0\377", 3), 3);
    j = ctl_client_next(c, 2000, &e);
    assert_non_null(j);
    assert_string_equal(text_of(json_object_get(j, "params"), "base64"), "YQD/");
    json_decref(j);
    json_decref(ask(c, "console.send", json_pack("{s:s}", "base64", "aGVsbG8K")));
    assert_int_equal(read(in, got, sizeof got), 6);
    assert_string_equal(got, "hello\n");
    json_decref(ask(c, "console.send", json_pack("{s:b}", "end", 1)));
    assert_int_equal(read(in, got, sizeof got), 0);
    ctl_client_close(c);
}

/* More than anybody may leave in the log: it is cut at the beginning of a line, and its end is what
 * was written last. */
static void the_log_is_bounded(void **state)
{
    struct rig *r = *state;
    char line[101], first[101] = "";
    struct stat st;
    struct err e;
    int in, out, all, fd;

    monitor_console(r->monitor, &in, &out);
    for (unsigned i = 0; i < 30000; i++) {
        snprintf(line, sizeof line, "%-98u.\n", i);
        assert_int_equal(write(out, line, 100), 100);
    }
    is_well(r);
    assert_int_equal(rundir_open(&all, &e), 0);
    fd = rundir_file(all, "m", "log");
    assert_true(fd >= 0);
    stop(r); /* takes in the rest */
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(st.st_size <= 1 << 20 && st.st_size > 400000);
    assert_int_equal(pread(fd, first, 100, 0), 100);
    assert_int_equal(first[99], '\n');
    assert_int_equal(st.st_size % 100, 0);
    assert_int_equal(pread(fd, first, 100, st.st_size - 100), 100);
    assert_string_equal(first, line);
    close(fd);
    assert_int_equal(rundir_look(all, "m"), RUNDIR_NOTHING); /* it was not to be kept */
    close(all);
}

static void the_end_is_told(void **state)
{
    struct rig *r = *state;
    struct ctl_client *c;
    struct err e;
    json_t *j;

    assert_int_equal(ctl_client_open("m", &c, &e), 0);
    json_decref(ask(c, "subscribe", json_pack("{s:[s]}", "topics", "state")));
    assert_int_equal(ctl_client_post(c, "wait", NULL, &e), 0);
    is_state(c, "running"); /* it was read: the wait is under way */
    stop(r);
    j = ctl_client_next(c, 2000, &e);
    assert_non_null(j);
    assert_string_equal(text_of(json_object_get(j, "params"), "why"), "halt");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "params"), "status")),
                     7);
    json_decref(j);
    assert_null(ctl_client_next(c, 2000, &e));
    assert_int_equal(e.code, ERR_STATE);
    ctl_client_close(c);
}

/* ---- enemies ---- */

static int knock(void)
{
    struct err e;
    int all, fd = -1;

    assert_int_equal(rundir_open(&all, &e), 0);
    assert_int_equal(rundir_connect(all, "m", &fd, &e), 0);
    close(all);
    return fd;
}

/* Writes as long as it is taken, for at most so many bytes; true: it was cut off. */
static bool shout(int fd, const char *bytes, size_t len, size_t most)
{
    for (size_t sent = 0; sent < most;) {
        struct pollfd p = { fd, POLLOUT, 0 };
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN) {
            if (!poll(&p, 1, 300))
                return false; /* it is not read from any more */
        } else if (n < 0) {
            return true;
        } else {
            sent += (size_t)n;
        }
    }
    return false;
}

static void endless_lines_are_cut_off(void **state)
{
    char *bytes = malloc(65536);
    int fd = knock();

    memset(bytes, 'a', 65536);
    assert_true(shout(fd, bytes, 65536, 64 << 20));
    is_well(*state);
    close(fd);
    free(bytes);
}

/* Who asks without end and never reads is not answered without end. */
static void floods_stop_at_their_sender(void **state)
{
    static const char hello[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":"
                                "{\"protocol\":1}}\n";
    static const char *const asks[] = {
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"methods\"}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"wait\"}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"test.add\"}\n",
        "rubbish\n",
    };

    for (unsigned i = 0; i < 4; i++) {
        int fd = knock();

        assert_int_equal(write(fd, hello, sizeof hello - 1), (ssize_t)sizeof hello - 1);
        shout(fd, asks[i], strlen(asks[i]), 32 << 20);
        is_well(*state);
        close(fd);
    }
    is_well(*state);
}

static void many_connections(void **state)
{
    int fds[200];

    for (unsigned i = 0; i < 200; i++) {
        fds[i] = knock();
        if (i % 3 == 0)
            (void)!send(fds[i], "{\"jsonrpc\":", 11, MSG_NOSIGNAL); /* half a line */
        if (i % 20 == 0)
            is_well(*state); /* a friend finds a place, too */
    }
    is_well(*state);
    for (unsigned i = 0; i < 200; i++)
        close(fds[i]);
    is_well(*state);
}

/* Greeted connections keep theirs: the next one is turned away, not they. */
static void places_are_for_those_who_said_hello(void **state)
{
    struct ctl_client *list[40] = { NULL };
    struct err e;
    unsigned n = 0;

    while (n < 40 && !ctl_client_open("m", &list[n], &e))
        n++;
    assert_int_equal(n, 32);
    for (unsigned i = 0; i < n; i++)
        is_state(list[i], "running");
    for (unsigned i = 0; i < n; i++)
        ctl_client_close(list[i]);
    sleep_ms(50);
    is_well(*state);
}

static unsigned open_descriptors(void)
{
    unsigned n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void send_fds(int sock, const char *text, int fd, unsigned count)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(64 * sizeof(int))] = { 0 };
    struct iovec iov = { (char *)text, strlen(text) };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
    struct cmsghdr *c = (struct cmsghdr *)control;

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(count * sizeof(int));
    for (unsigned i = 0; i < count; i++)
        memcpy(CMSG_DATA(c) + i * sizeof fd, &fd, sizeof fd);
    (void)!sendmsg(sock, &m, MSG_NOSIGNAL);
}

static void unwanted_descriptors_are_closed(void **state)
{
    unsigned before;

    is_well(*state);
    sleep_ms(50);
    before = open_descriptors();
    for (unsigned i = 0; i < 50; i++) {
        int fd = knock();

        send_fds(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"fds\":9}\n", fd, 10);
        send_fds(fd, "x", fd, 3);
        send_fds(fd, "\n", 0, 60);
        close(fd);
    }
    is_well(*state);
    for (unsigned i = 0; i < 1000 && open_descriptors() > before; i++)
        sleep_ms(2);
    assert_int_equal(open_descriptors(), before);
}

static void requests_that_are_none_get_their_error(void **state)
{
    static const struct {
        const char *line;
        int code;
    } bad[] = {
        { "{", -32700 },
        { "[]", -32600 },
        { "\"\\ud800\"", -32700 },
        { "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"hello\"}", -32600 },
        { "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"hello\"}", -32600 },
        { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", -32600 },
        { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":[]}", -32600 },
        { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"fds\":-1}", -32600 },
        { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"fds\":1}", -32600 },
        { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pause\"}", -32600 },
        { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nothing\"}", -32601 },
        { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":{\"protocol\":2}}",
          -32602 },
    };
    int fd = knock();
    char answer[1000];

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        struct pollfd p = { fd, POLLIN, 0 };
        ssize_t n;
        json_t *j;

        dprintf(fd, "%s\n", bad[i].line);
        assert_int_equal(poll(&p, 1, 5000), 1);
        n = read(fd, answer, sizeof answer);
        assert_true(n > 0 && answer[n - 1] == '\n');
        j = json_loadb(answer, (size_t)n, 0, NULL);
        assert_non_null(j);
        assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "error"), "code")),
                         bad[i].code);
        json_decref(j);
    }
    close(fd);
    is_well(*state);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, take_down)
    const struct CMUnitTest tests[] = {
        TEST(a_friend_is_served),
        TEST(one_client_is_told_all),
        TEST(one_client_holds_the_machine),
        TEST(the_guests_console_reaches_friends_and_log),
        TEST(the_log_is_bounded),
        TEST(the_end_is_told),
        TEST(endless_lines_are_cut_off),
        TEST(floods_stop_at_their_sender),
        TEST(many_connections),
        TEST(places_are_for_those_who_said_hello),
        TEST(unwanted_descriptors_are_closed),
        TEST(requests_that_are_none_get_their_error),
    };

    return cmocka_run_group_tests(tests, rundir_rig_make, rundir_rig_remove);
}
