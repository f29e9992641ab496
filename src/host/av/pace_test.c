/* A sound card and a screen in miniature: does the queue stay where it should, with clocks that
 * differ as real ones do? */
#include "host/av/pace.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { TARGET = 2368, BUFFER = 512, FRAMES = 60 * 60 * 10 };

struct outcome {
    double low, high; /* the queue, after the first minute */
    double last;      /* pace */
};

/* Frames shown at `fps`; a card that takes BUFFER samples at a time, at `hz`. */
static struct outcome play(double fps, double hz)
{
    struct outcome o = { 1e9, 0, 0 };
    struct pace p;
    double queued = TARGET, played = 0, made = 0;

    pace_init(&p, TARGET);
    for (int f = 0; f < FRAMES; f++) {
        u32 pace = pace_next(&p, (u32)queued);

        assert_in_range(pace, PACE_UNITY - PACE_REACH, PACE_UNITY + PACE_REACH);
        made = 48000 / 60.0988 * pace / PACE_UNITY;
        queued += made;
        for (played += hz / fps; played >= BUFFER; played -= BUFFER)
            queued -= BUFFER;
        assert_true(queued > 0); /* an underrun: heard as a click */
        if (f > 60 * 60) {
            o.low = queued < o.low ? queued : o.low;
            o.high = queued > o.high ? queued : o.high;
        }
        o.last = (double)pace / PACE_UNITY;
    }
    return o;
}

static void clocks_differ(void **state)
{
    static const double fps[] = { 60.0988, 60, 59.94, 60.2 }, hz[] = { 48000, 47950, 48050 };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(fps); i++)
        for (unsigned k = 0; k < ARRAY_SIZE(hz); k++) {
            struct outcome o = play(fps[i], hz[k]);
            double wanted = hz[k] / fps[i] / (48000 / 60.0988);

            assert_true(o.low > TARGET - 2 * BUFFER && o.high < TARGET + 3 * BUFFER);
            assert_true(o.last > wanted - .001 && o.last < wanted + .001);
        }
}

static void extremes(void **state)
{
    struct pace p;

    (void)state;
    pace_init(&p, TARGET);
    assert_int_equal(pace_next(&p, TARGET), PACE_UNITY);
    for (int i = 0; i < 100; i++)
        pace_next(&p, 0);
    assert_int_equal(pace_next(&p, 0), PACE_UNITY + PACE_REACH);
    for (int i = 0; i < 100; i++)
        pace_next(&p, UINT32_MAX);
    assert_int_equal(pace_next(&p, UINT32_MAX), PACE_UNITY - PACE_REACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_differ),
        cmocka_unit_test(extremes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
