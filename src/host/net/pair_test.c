/* Links over sockets: frames stay apart, work left on them travels, who waits is woken. */
#include "host/net/pair.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct ends {
    struct pair a, b;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    unsigned wakes;
};

static void wake(void *owner)
{
    struct ends *e = owner;

    pthread_mutex_lock(&e->lock);
    e->wakes++;
    pthread_cond_signal(&e->woken);
    pthread_mutex_unlock(&e->lock);
}

static void ends_open(struct ends *t, bool offloads, u64 limit)
{
    struct err e;
    int fd[2];

    *t = (struct ends) { .lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER };
    assert_int_equal(pair_sockets(fd, &e), 0);
    for (unsigned i = 0; i < 2; i++) {
        struct pair_config c = { .fd = fd[i],
                                 .heads = offloads,
                                 .offloads = offloads,
                                 .mtu = LINK_MTU,
                                 .bytes_per_s = i ? 0 : limit };

        assert_int_equal(pair_init(i ? &t->b : &t->a, &c, &e), 0);
    }
    t->b.port.ops->attach(&t->b.port, (struct wake) { wake, t });
}

static void ends_close(struct ends *t)
{
    pair_fini(&t->a);
    pair_fini(&t->b);
}

static bool send(struct ends *t, const char *text, struct link_head h)
{
    struct iovec v[2] = { { (void *)(uintptr_t)text, 3 },
                          { (void *)(uintptr_t)(text + 3), strlen(text) - 3 } };

    return t->a.port.ops->send(&t->a.port, &h, v, 2);
}

static long recv(struct ends *t, char *out, size_t room, struct link_head *h)
{
    struct iovec v = { out, room };

    return t->b.port.ops->recv(&t->b.port, h, &v, 1);
}

static bool itself; /* as a machine does whose thread waits itself */

static unsigned wakes(struct ends *t)
{
    unsigned n;

    pthread_mutex_lock(&t->lock);
    n = t->wakes;
    pthread_mutex_unlock(&t->lock);
    return n;
}

/* Until the port says that it is worth another try; `before`: how often it had woken us then. */
static void hold_on(struct ends *t, struct link_port *p, unsigned before)
{
    while (itself && wakes(t) == before) {
        struct pollfd f = { .fd = -1 };

        if (!p->ops->awaits(p, &f))
            f.fd = -1; /* only a limit */
        if (poll(&f, 1, 1) == 1) {
            p->ops->came(p, f.revents);
            return;
        }
    }
    pthread_mutex_lock(&t->lock);
    while (t->wakes == before)
        pthread_cond_wait(&t->woken, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

/* Asks, and sleeps when there is nothing. */
static long await(struct ends *t, char *out, size_t room, struct link_head *h)
{
    for (;;) {
        unsigned before = wakes(t);
        long n = recv(t, out, room, h);

        if (n)
            return n;
        hold_on(t, &t->b.port, before);
    }
}

static void frames_stay_apart(void **state)
{
    struct link_head h, none = { 0 };
    struct ends t;
    char out[100];

    (void)state;
    ends_open(&t, false, 0);
    assert_int_equal(recv(&t, out, sizeof out, &h), 0);
    assert_true(send(&t, "first frame", none));
    assert_true(send(&t, "second", none));
    assert_int_equal(await(&t, out, sizeof out, &h), 11);
    assert_memory_equal(out, "first frame", 11);
    assert_int_equal(await(&t, out, sizeof out, &h), 6);
    assert_int_equal(recv(&t, out, sizeof out, &h), 0);
    assert_true(send(&t, "too long for the room", none));
    assert_true(send(&t, "short", none));
    assert_int_equal(await(&t, out, 10, &h), 5);
    ends_close(&t);
}

static void work_travels(void **state)
{
    struct link_head h = { 0 }, work = { 1, LINK_TCP6, 74, 1428, 54, 16 };
    char *frame = calloc(1, LINK_FRAME_MAX), *out = calloc(1, LINK_FRAME_MAX);
    struct ends t;

    (void)state;
    assert_true(frame && out);
    memset(frame, 'f', 65000);
    ends_open(&t, true, 0);
    assert_true(send(&t, frame, work));
    assert_int_equal(await(&t, out, LINK_FRAME_MAX, &h), 65000);
    assert_memory_equal(frame, out, 65000);
    assert_memory_equal(&h, &work, sizeof h);
    ends_close(&t);
    free(frame);
    free(out);
}

/* A full socket: the sender is told, and nothing is lost or doubled. */
static void a_slow_reader(void **state)
{
    struct link_head h, none = { 0 };
    unsigned sent = 0, got = 0;
    char frame[2000], out[2000];
    struct pollfd f;
    struct ends t;

    (void)state;
    memset(frame, 'x', sizeof frame - 1);
    frame[sizeof frame - 1] = 0;
    ends_open(&t, false, 0);
    t.a.port.ops->attach(&t.a.port, (struct wake) { wake, &t });
    while (send(&t, frame, none))
        sent++;
    assert_true(sent > 10);
    if (itself) {
        assert_true(t.a.port.ops->awaits(&t.a.port, &f));
        assert_true(f.events & POLLOUT);
        f.events = POLLOUT;
        assert_int_equal(poll(&f, 1, 0), 0);
    }
    while (recv(&t, out, sizeof out, &h) > 0)
        got++;
    if (itself) {
        assert_int_equal(poll(&f, 1, 0), 1);
        t.a.port.ops->came(&t.a.port, f.revents);
        t.a.port.ops->awaits(&t.a.port, &f);
        assert_false(f.events & POLLOUT);
    }
    assert_int_equal(got, sent);
    assert_true(send(&t, frame, none));
    assert_int_equal(await(&t, out, sizeof out, &h), sizeof frame - 1);
    ends_close(&t);
}

static void the_other_end_goes(void **state)
{
    struct link_head h, none = { 0 };
    struct link_info info;
    struct ends t;
    char out[10];

    (void)state;
    ends_open(&t, false, 0);
    recv(&t, out, sizeof out, &h);
    pair_fini(&t.a);
    assert_int_equal(await(&t, out, sizeof out, &h), -1);
    t.b.port.ops->describe(&t.b.port, &info);
    assert_false(info.up);
    assert_true(t.b.port.ops->send(&t.b.port, &none, NULL, 0));
    pair_fini(&t.b);
}

static u64 now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000 + (u64)t.tv_nsec / 1000000;
}

/* A limit holds frames up, and loses none: the sender is told to wait, and when to go on. */
static void a_limit_holds_up(void **state)
{
    struct link_head h, none = { 0 };
    u64 start = now_ms();
    struct ends t;
    char frame[151], out[200];

    (void)state;
    memset(frame, 'x', sizeof frame - 1);
    frame[sizeof frame - 1] = 0;
    ends_open(&t, false, 1000);
    t.a.port.ops->attach(&t.a.port, (struct wake) { wake, &t });
    for (unsigned i = 0; i < 3; i++) {
        for (;;) {
            unsigned before = wakes(&t);

            if (send(&t, frame, none))
                break;
            hold_on(&t, &t.a.port, before);
        }
        assert_int_equal(await(&t, out, sizeof out, &h), 150);
    }
    assert_true(now_ms() - start >= 240); /* two frames' time, less what may be saved up */
    ends_close(&t);
}

/* A receiver's limit leaves frames where they are until it is time. */
static void a_limit_for_what_comes(void **state)
{
    struct link_head h, none = { 0 };
    struct pair_config c = { .mtu = LINK_MTU, .bytes_per_s = 1000 };
    u64 start = now_ms();
    char frame[151], out[200];
    struct ends t = { .lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER };
    struct err e;
    int fd[2];

    (void)state;
    memset(frame, 'x', sizeof frame - 1);
    frame[sizeof frame - 1] = 0;
    assert_int_equal(pair_sockets(fd, &e), 0);
    c.fd = fd[1];
    assert_int_equal(pair_init(&t.b, &c, &e), 0);
    c.fd = fd[0];
    c.bytes_per_s = 0;
    assert_int_equal(pair_init(&t.a, &c, &e), 0);
    t.b.port.ops->attach(&t.b.port, (struct wake) { wake, &t });
    for (unsigned i = 0; i < 3; i++)
        assert_true(send(&t, frame, none));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(await(&t, out, sizeof out, &h), 150);
    assert_true(now_ms() - start >= 240);
    ends_close(&t);
}

/* A peer that sends nothing but what is no frame does not keep us. */
static void no_frames(void **state)
{
    struct link_head h;
    struct ends t;
    char out[10];
    unsigned asked = 0;

    (void)state;
    ends_open(&t, false, 0);
    for (unsigned i = 0; i < 200; i++)
        assert_true(send(&t, "too long for the room", (struct link_head) { 0 }));
    for (long n = 0; !n && asked < 200; asked++) {
        n = recv(&t, out, sizeof out, &h);
        if (!n && asked > 10)
            break;
    }
    assert_true(asked > 2); /* it came back meanwhile */
    assert_true(send(&t, "short", (struct link_head) { 0 }));
    assert_int_equal(await(&t, out, sizeof out, &h), 5);
    ends_close(&t);
}

static int waits_itself(void **state)
{
    (void)state;
    itself = true;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_stay_apart), cmocka_unit_test(work_travels),
        cmocka_unit_test(a_slow_reader),     cmocka_unit_test(the_other_end_goes),
        cmocka_unit_test(a_limit_holds_up),  cmocka_unit_test(a_limit_for_what_comes),
        cmocka_unit_test(no_frames),
    };

    return cmocka_run_group_tests_name("woken", tests, NULL, NULL) +
           cmocka_run_group_tests_name("waits itself", tests, waits_itself, NULL);
}
