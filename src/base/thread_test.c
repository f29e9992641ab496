/* Who has the first word in a thread, and which signals come to it. */
#include "base/thread.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

struct seen {
    unsigned role;
    bool entered, ran, refuse;
    pthread_t self;
    sigset_t blocked;
};

static int enter(void *ctx, unsigned role, struct err *e)
{
    struct seen *s = ctx;

    s->role = role;
    s->entered = !s->ran;
    s->self = pthread_self();
    return s->refuse ? err_set(e, ERR_STATE, "not this one") : 0;
}

static void *run(void *ctx)
{
    struct seen *s = ctx;

    s->ran = true;
    pthread_sigmask(SIG_SETMASK, NULL, &s->blocked);
    return s;
}

static void the_hook_is_first_and_in_the_thread(void **state)
{
    struct seen s = { 0 };
    const struct thread_hook hook = { enter, &s };
    pthread_t t;
    void *result;
    struct err e;

    (void)state;
    assert_int_equal(thread_start(&t, &hook, 4, run, &s, &e), 0);
    assert_true(s.entered); /* before it is said to be there */
    assert_true(pthread_equal(s.self, t));
    assert_int_equal(s.role, 4);
    pthread_join(t, &result);
    assert_ptr_equal(result, &s);
    assert_true(s.ran);
}

static void without_its_consent_there_is_no_thread(void **state)
{
    struct seen s = { .refuse = true };
    const struct thread_hook hook = { enter, &s };
    pthread_t t;
    struct err e;

    (void)state;
    assert_int_equal(thread_start(&t, &hook, 1, run, &s, &e), -ERR_STATE);
    assert_string_equal(e.text, "not this one");
    assert_true(s.entered);
    assert_false(s.ran);
}

static void signals_go_to_others_but_for_its_own_faults(void **state)
{
    static const int blocked[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCHLD, SIGURG },
                     own[] = { SIGSYS, SIGBUS, SIGSEGV };
    struct seen s = { 0 };
    sigset_t before, after;
    pthread_t t;
    struct err e;

    (void)state;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_int_equal(thread_start(&t, NULL, 1, run, &s, &e), 0);
    pthread_join(t, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (unsigned i = 0; i < ARRAY_SIZE(blocked); i++) {
        assert_int_equal(sigismember(&s.blocked, blocked[i]), 1);
        assert_int_equal(sigismember(&after, blocked[i]), sigismember(&before, blocked[i]));
    }
    for (unsigned i = 0; i < ARRAY_SIZE(own); i++)
        assert_int_equal(sigismember(&s.blocked, own[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hook_is_first_and_in_the_thread),
        cmocka_unit_test(without_its_consent_there_is_no_thread),
        cmocka_unit_test(signals_go_to_others_but_for_its_own_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
