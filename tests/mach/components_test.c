/* What every component of every kind must keep to (DESIGN: two of a component's three tests), for
 * whole machines and each of their parts:
 *
 *   - save, load into another machine, save: the same bytes
 *   - run(a + b) equals run(a), save, load into a new machine, run(b): all fields, all spaces,
 *     pictures and sound
 *
 * All by way of mach/: a new kind is tested as soon as one of its guests is built. SEED in the
 * environment chooses other times and values; it is printed. */
#include "mach/image.h"
#include "tests/mach/bench.h"
#include "tests/mach/suite.h"
#include "tests/nes/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void start(struct bench *b, const struct image *i)
{
    struct err e;

    if (bench_open(b, i->bytes, i->len, NULL, 0, &e))
        fail_msg("%s: %s", i->name, e.text);
}

/* Up to so many hundredths of a second, ended wherever an instruction ends. */
static u64 some_ticks(const struct bench *b, u64 *r, unsigned hundredths)
{
    return 1 + chance(r) % machine_ticks(b->machine, hundredths * 10000000ull);
}

static u8 *saved(struct bench *b, size_t *len)
{
    u8 *bytes;

    *len = machine_save(b->machine, NULL);
    bytes = malloc(*len);
    assert_non_null(bytes);
    assert_int_equal(machine_save(b->machine, bytes), *len);
    return bytes;
}

static void load(struct bench *b, const struct image *i, const u8 *bytes, size_t len)
{
    struct err e;

    if (machine_load(b->machine, bytes, len, &e))
        fail_msg("%s: %s", i->name, e.text);
}

/* ---- save, load, save ---- */

static void check_identity(const struct image *i, u64 *r)
{
    struct bench a, b;
    size_t len, len2;
    u8 *first, *second;
    char what[480];

    start(&a, i);
    start(&b, i);
    bench_until(&a, some_ticks(&a, r, 30));
    bench_until(&b, some_ticks(&b, r, 30)); /* so that nothing is right by chance */
    first = saved(&a, &len);
    load(&b, i, first, len);
    if (machine_differs(a.machine, b.machine, what, sizeof what))
        fail_msg("%s: after loading: %s", i->name, what);
    second = saved(&b, &len2);
    assert_int_equal(len, len2);
    assert_memory_equal(first, second, len);
    free(first);
    free(second);
    bench_close(&a);
    bench_close(&b);
}

static void save_load_save(void **state)
{
    suite_each(*state, 0, check_identity);
}

/* ---- going on elsewhere: machines that do the same again ---- */

static bool repeats(const struct bench *b)
{
    return machine_can(b->machine->kind, b->machine, VERB_REPLAY, NULL);
}

static void check_going_on(const struct image *i, u64 *r)
{
    struct bench a, b;
    char what[480];
    size_t len;
    u8 *bytes;
    u64 at, until;

    start(&a, i);
    if (!repeats(&a)) {
        bench_close(&a);
        return;
    }
    start(&b, i);
    a.held[0] = b.held[0] = below(r, 256);
    bench_until(&a, some_ticks(&a, r, 30));
    bytes = saved(&a, &len);
    at = a.machine->now;
    load(&b, i, bytes, len);
    bench_join(&b, &a);
    until = a.machine->now + some_ticks(&a, r, 20);
    bench_until(&a, until);
    bench_until(&b, until);
    if (bench_differs(&a, &b, what, sizeof what))
        fail_msg("%s: saved at %llu, at %llu: %s", i->name, (unsigned long long)at,
                 (unsigned long long)until, what);
    free(bytes);
    bench_close(&a);
    bench_close(&b);
}

static void going_on_elsewhere(void **state)
{
    struct suite *s = *state;
    u64 r = chance_from(s->seed + 1);

    for (unsigned i = 0; i < s->images.count; i++)
        for (unsigned n = 0; n < 3; n++)
            check_going_on(&s->images.list[i], &r);
}

/* Saving is no event in the machine's life. */
static void saving_leaves_no_trace(void **state)
{
    struct suite *s = *state;
    u64 r = chance_from(s->seed + 2);

    for (unsigned i = 0; i < s->images.count; i++) {
        const struct image *image = &s->images.list[i];
        struct bench a, b;
        char what[480];
        u64 end;

        start(&a, image);
        if (!repeats(&a)) {
            bench_close(&a);
            continue;
        }
        start(&b, image);
        end = machine_ticks(a.machine, 200000000);
        while (a.machine->now < end &&
               bench_until(&a, a.machine->now + some_ticks(&a, &r, 4)) == STOP_TIME)
            machine_save(a.machine, NULL);
        bench_until(&b, a.machine->now);
        if (bench_differs(&a, &b, what, sizeof what))
            fail_msg("%s: saved often, or not: %s", image->name, what);
        bench_close(&a);
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(save_load_save),
        cmocka_unit_test(going_on_elsewhere),
        cmocka_unit_test(saving_leaves_no_trace),
    };

    return cmocka_run_group_tests(tests, suite_open, suite_close);
}
