/* The synthesiser: levels come out as they went in, nothing drifts, nothing folds back, and the
 * samples are these on every host. */
#include "kinds/nes/synth.h"

#include "mach/port.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HZ = 1789773, CHUNK = 29780, SECOND = AUDIO_HZ + SYNTH_ROOM };

static u64 any(u64 *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du >> 16;
}

/* Reads what is complete at clk behind `at` samples of `out`. */
static size_t flush(struct synth *s, u64 clk, s16 *out, size_t at)
{
    synth_end(s, clk);
    return at + synth_read(s, out + at, SYNTH_ROOM);
}

/* Every step's impulse sums to the step, wherever it falls: the integrated level, before the
 * filters, is exactly the sum of all steps. */
static void the_level_is_the_sum_of_steps(void **state)
{
    static struct synth s;
    static s16 out[SYNTH_ROOM];
    u64 clk = 0, r = 5;
    s32 sum = 0;

    (void)state;
    synth_init(&s, HZ, 1, SYNTH_UNITY);
    for (unsigned i = 0; i < 20000; i++) {
        s32 delta = (s32)(any(&r) % 4001) - 2000;

        clk += any(&r) % 100;
        synth_step(&s, clk, delta);
        sum += delta;
        if (i % 200 == 0) {
            flush(&s, clk, out, 0);
            if (sum > 20000 || sum < -20000) {
                synth_step(&s, clk, -sum);
                sum = 0;
            }
        }
    }
    flush(&s, clk + 20 * HZ / AUDIO_HZ * SYNTH_TAPS, out, 0);
    assert_int_equal(s.level, sum * 4096);
}

/* As the ear has it: a level that stands still becomes silence, and stays it. */
static void silence_after_a_step(void **state)
{
    static struct synth s;
    static s16 out[SECOND];
    size_t n = 0;
    int peak = 0;

    (void)state;
    synth_init(&s, HZ, 1, SYNTH_UNITY);
    synth_step(&s, 1000, 16384);
    for (u64 clk = CHUNK; clk < HZ; clk += CHUNK)
        n = flush(&s, clk, out, n);
    for (size_t i = 0; i < n; i++)
        peak = abs(out[i]) > peak ? abs(out[i]) : peak;
    assert_in_range(peak, 10000, 15000); /* 1.5 / 2 of 16384, and the filters' overshoot */
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(out[i],
                         0); /* none of it comes before 1,000 cycles, but the kernel's rise */
    for (size_t i = n / 2; i < n; i++)
        assert_in_range(out[i] + 2, 0, 4);
}

static void samples_in_a_second(void **state)
{
    static const struct {
        u32 pace;
        size_t samples;
    } rows[] = { { 65536, AUDIO_HZ }, { 66192, 48480 }, { 1, 24000 }, { UINT32_MAX, 96000 } };
    static struct synth s;
    static s16 out[SYNTH_ROOM];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t n = 0;

        synth_init(&s, HZ, 1, SYNTH_UNITY);
        synth_pace(&s, rows[i].pace);
        for (unsigned k = 1; k <= 100; k++) {
            synth_end(&s, (u64)HZ * k / 100);
            n += synth_read(&s, out, SYNTH_ROOM);
        }
        assert_in_range(n, rows[i].samples - 2, rows[i].samples + 1);
    }
}

/* RMS of a square wave's samples, `cycles` to a half wave, after it has settled. */
static double loudness(u64 cycles)
{
    static struct synth s;
    static s16 out[SECOND];
    size_t n = 0;
    s32 level = 0;
    double sum = 0;
    u64 done = 0;

    synth_init(&s, HZ, 1, SYNTH_UNITY);
    for (unsigned k = 1; k * cycles < HZ; k++) {
        u64 clk = k * cycles;

        if (clk - done > CHUNK) {
            n = flush(&s, clk, out, n);
            done = clk;
        }
        synth_step(&s, clk, level ? -16384 : 16384);
        level = !level;
    }
    assert_true(n > 20000);
    for (size_t i = n / 2; i < n; i++)
        sum += (double)out[i] * out[i];
    return sqrt(sum / (double)(n - n / 2));
}

/* A tone above half the sample rate would come back as a lower one if steps were put on samples. */
static void nothing_folds_back(void **state)
{
    double heard = loudness(450);

    (void)state;
    assert_true(heard > 3000); /* 1,989 Hz */
    /* What is left is the noise of times rounded to 1/32 of a sample. */
    assert_true(loudness(22) < heard / 40); /* 40.7 kHz: it would be one of 7.3 kHz */
    assert_true(loudness(19) < heard / 25); /* 47.1 kHz: 900 Hz */
    assert_true(loudness(10) < heard / 16);
}

/* Noise of random steps, read in pieces that depend on `seed` alone; the digest of its samples. */
static u64 digest(u64 seed, u32 gain)
{
    static struct synth s;
    static s16 out[SECOND];
    u64 r = 77, cut = seed + 1, hash = 0xcbf29ce484222325u;
    s32 level = 0;
    size_t n = 0;
    u64 next = 0;

    synth_init(&s, 236250000, 132, gain);
    for (u64 clk = 0; clk < HZ / 2; clk += 1 + any(&r) % 300) {
        s32 to = (s32)(any(&r) % 65536);

        if (seed && clk >= next) {
            n = flush(&s, clk, out, n);
            next = clk + any(&cut) % CHUNK;
        } else if (!seed && clk >= next) {
            n = flush(&s, clk, out, n);
            next = clk + CHUNK;
        }
        synth_step(&s, clk, to - level);
        level = to;
    }
    n = flush(&s, HZ / 2, out, n);
    for (size_t i = 0; i < n; i++) /* FNV-1a */
        hash = (hash ^ (u16)out[i]) * 0x100000001b3u;
    return hash;
}

static void the_same_everywhere(void **state)
{
    u64 whole = digest(0, SYNTH_UNITY);

    (void)state;
    for (u64 seed = 1; seed < 10; seed++)
        assert_true(digest(seed, SYNTH_UNITY) == whole); /* however it is cut */
    assert_true(whole != digest(0, SYNTH_UNITY / 2));
    assert_true(whole == 0xceb6539272a8d50u);
}

/* More than full scale is cut off, not turned over. */
static void too_loud(void **state)
{
    static struct synth s;
    static s16 out[SYNTH_ROOM];
    size_t n, first = 0;

    (void)state;
    synth_init(&s, HZ, 1, SYNTH_UNITY);
    synth_step(&s, 1000, 65536 * 4);
    n = flush(&s, 3000, out, 0);
    while (first < n && out[first] != 32767)
        first++;
    assert_in_range(first, 1, n / 2);      /* n: it never got there */
    for (size_t i = first + 1; i < n; i++) /* from there it only sinks, by the high-passes */
        assert_in_range(out[i - 1] - out[i], 0, 5000);
}

/* Nobody reads: the sound is lost, nothing else. */
static void no_room(void **state)
{
    static struct synth s;
    static s16 out[SYNTH_ROOM];
    struct err e;

    (void)state;
    synth_init(&s, HZ, 1, SYNTH_UNITY);
    for (u64 clk = 0; clk < HZ; clk += 100)
        synth_step(&s, clk, clk / 100 % 2 ? 1000 : -1000);
    synth_end(&s, HZ);
    assert_int_equal(synth_loaded(&s, &e), 0);
    assert_int_equal(synth_read(&s, out, SYNTH_ROOM), SYNTH_ROOM);
    synth_end(&s, HZ + HZ / 48);
    assert_in_range(synth_read(&s, out, SYNTH_ROOM), 999, 1001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_level_is_the_sum_of_steps),
        cmocka_unit_test(silence_after_a_step),
        cmocka_unit_test(samples_in_a_second),
        cmocka_unit_test(nothing_folds_back),
        cmocka_unit_test(the_same_everywhere),
        cmocka_unit_test(too_loud),
        cmocka_unit_test(no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
