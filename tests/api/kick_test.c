/* mews_kick(): from a signal handler that interrupts the run wherever it stands, and from another
 * thread. Each kick ends a run, none is lost, and none leaves a mark on the machine. */
#include "mews/mews.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

enum { FRAMES = 120, TICK_US = 700 };

static struct mews *_Atomic kicked;
static volatile sig_atomic_t kicks;

static void on_tick(int n)
{
    struct mews *m = kicked;

    (void)n;
    if (m) {
        mews_kick(m);
        kicks++;
    }
}

static void tick(long us)
{
    setitimer(ITIMER_REAL, &(struct itimerval) { { 0, us }, { 0, us } }, NULL);
}

static struct mews *open_game(void)
{
    const struct mews_options o = { .size = sizeof o, .digest_sound = true };
    const char *guests = getenv("MEWS_GUESTS");
    char path[4096];
    struct mews_error e;
    struct mews *m = NULL;

    snprintf(path, sizeof path, "%s/nes/hawk/hawk.nes", guests ? guests : "");
    if (access(path, R_OK)) {
        print_message("skipped: there is no game in MEWS_GUESTS\n");
        skip();
    }
    if (mews_open(path, &o, &m, &e))
        fail_msg("%s", e.text);
    return m;
}

static void digests(struct mews *m, char out[3][41])
{
    static const char *const what[] = { "picture", "sound", "ram" };
    struct mews_error e;

    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(mews_digest(m, what[i], out[i], &e), 0);
}

/* Runs to FRAMES through however many kicks, which are returned. */
static unsigned run_through(struct mews *m)
{
    struct mews_stop_info info;
    unsigned stops = 0;

    while (mews_frames(m) < FRAMES) {
        enum mews_stop why = mews_run_frames(m, FRAMES - mews_frames(m), &info);

        stops += why == MEWS_STOP_KICK;
        assert_true(why == MEWS_STOP_KICK || why == MEWS_STOP_FRAME);
    }
    return stops;
}

static void from_a_signal_handler(void **state)
{
    const struct sigaction sa = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
    struct mews *calm = open_game(), *m = open_game();
    char want[3][41], got[3][41];
    unsigned stops;

    (void)state;
    assert_int_equal(run_through(calm), 0);
    digests(calm, want);
    mews_close(calm);
    sigaction(SIGALRM, &sa, NULL);
    kicked = m;
    tick(TICK_US);
    stops = run_through(m);
    tick(0);
    kicked = NULL;
    assert_true(kicks > 0 && stops > 0 && stops <= (unsigned)kicks);
    digests(m, got);
    assert_memory_equal(got, want, sizeof want);
    mews_close(m);
}

/* One that comes before the run is not lost. */
static void before_the_run(void **state)
{
    struct mews *m = open_game();
    struct mews_stop_info info;

    (void)state;
    mews_kick(m);
    assert_int_equal(mews_run_frames(m, 100, &info), MEWS_STOP_KICK);
    assert_int_equal(mews_frames(m), 0);
    assert_int_equal(mews_run_frames(m, 1, &info), MEWS_STOP_FRAME);
    mews_close(m);
}

static void *kick_later(void *m)
{
    usleep(50000);
    mews_kick(m);
    return NULL;
}

/* A run without an end ends. */
static void from_a_thread(void **state)
{
    struct mews *m = open_game();
    struct mews_stop_info info;
    pthread_t t;

    (void)state;
    assert_int_equal(pthread_create(&t, NULL, kick_later, m), 0);
    assert_int_equal(mews_run(m, UINT64_MAX, &info), MEWS_STOP_KICK);
    pthread_join(t, NULL);
    mews_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_run),
        cmocka_unit_test(from_a_thread),
        cmocka_unit_test(from_a_signal_handler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
