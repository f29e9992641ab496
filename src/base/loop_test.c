#include "base/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { JOBS = 1000, POSTERS = 4 };

struct counting {
    struct loop_job job;
    int *last, number; /* of all that one thread posts */
};

static void count(void *ctx)
{
    struct counting *c = ctx;

    if (*c->last == c->number - 1) /* in order */
        *c->last = c->number;
}

struct poster {
    struct loop *loop;
    pthread_t thread;
    int last;
    struct counting jobs[JOBS];
};

static void *post_all(void *ctx)
{
    struct poster *p = ctx;

    for (int i = 0; i < JOBS; i++) {
        p->jobs[i] = (struct counting) { { count, &p->jobs[i], NULL }, &p->last, i + 1 };
        loop_post(p->loop, &p->jobs[i].job);
    }
    return NULL;
}

static void jobs_of_many_threads_are_done_each_in_its_order(void **state)
{
    struct poster *p = calloc(POSTERS, sizeof *p);
    struct loop *l;
    struct err e;

    (void)state;
    assert_int_equal(loop_create(NULL, 0, &l, &e), 0);
    for (unsigned i = 0; i < POSTERS; i++) {
        p[i].loop = l;
        assert_int_equal(pthread_create(&p[i].thread, NULL, post_all, &p[i]), 0);
    }
    for (unsigned i = 0; i < POSTERS; i++)
        pthread_join(p[i].thread, NULL);
    loop_destroy(l); /* does them all first */
    for (unsigned i = 0; i < POSTERS; i++)
        assert_int_equal(p[i].last, JOBS);
    free(p);
}

struct rig {
    struct loop *loop;
    struct loop_watch *watch;
    int fds[2], ready;
    pthread_t thread;
};

static void on_ready(void *ctx)
{
    struct rig *r = ctx;
    char bytes[10];

    (void)!read(r->fds[0], bytes, sizeof bytes);
    __atomic_add_fetch(&r->ready, 1, __ATOMIC_SEQ_CST);
}

static void set_up(void *ctx)
{
    struct rig *r = ctx;

    r->thread = pthread_self();
    r->watch = loop_watch(r->loop, r->fds[0], on_ready, r);
}

static void listen_now(void *ctx)
{
    loop_watch_for(((struct rig *)ctx)->watch, true, false);
}

static void take_down(void *ctx)
{
    struct rig *r = ctx;

    loop_unwatch(r->watch);
    loop_unwatch(NULL);
}

static bool becomes(int *counter, int least)
{
    for (int i = 0; i < 2000; i++) {
        if (__atomic_load_n(counter, __ATOMIC_SEQ_CST) >= least)
            return true;
        nanosleep(&(struct timespec) { 0, 1000000 }, NULL);
    }
    return false;
}

static void a_watch_calls_in_the_loops_thread(void **state)
{
    struct rig r = { .ready = 0 };
    struct err e;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, r.fds), 0);
    assert_int_equal(loop_create(NULL, 0, &r.loop, &e), 0);
    loop_call(r.loop, set_up, &r);
    assert_false(pthread_equal(r.thread, pthread_self()));
    assert_non_null(r.watch);
    assert_int_equal(write(r.fds[1], "x", 1), 1);
    assert_int_equal(__atomic_load_n(&r.ready, __ATOMIC_SEQ_CST), 0); /* not asked for yet */
    loop_call(r.loop, listen_now, &r);
    assert_true(becomes(&r.ready, 1));
    close(r.fds[1]); /* its end is something to read too */
    assert_true(becomes(&r.ready, 2));
    loop_call(r.loop, take_down, &r);
    loop_destroy(r.loop);
    close(r.fds[0]);
}

static void what_is_left_is_freed_with_it(void **state)
{
    struct rig r = { .ready = 0 };
    struct err e;

    (void)state;
    loop_destroy(NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, r.fds), 0);
    assert_int_equal(loop_create(NULL, 0, &r.loop, &e), 0);
    loop_call(r.loop, set_up, &r);
    loop_call(r.loop, listen_now, &r);
    loop_destroy(r.loop); /* the leak checker looks on */
    close(r.fds[0]);
    close(r.fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_of_many_threads_are_done_each_in_its_order),
        cmocka_unit_test(a_watch_calls_in_the_loops_thread),
        cmocka_unit_test(what_is_left_is_freed_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
