/* Spaces and the trace ring: the bounds that hold against a guest's numbers. */
#include "mach/space.h"
#include "mach/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void whole_or_nothing(void **state)
{
    struct space s;
    u8 out[8] = "12345678", zeros[8] = { 0 };

    (void)state;
    assert_true(space_init(&s, "ram", 100, 0x8000, 0));
    assert_true(space_read(&s, 92, out, 8)); /* to the last byte; new memory is zero */
    assert_memory_equal(out, zeros, 8);
    assert_true(space_write(&s, 92, "abcdefgh", 8));
    assert_false(space_write(&s, 93, "ABCDEFGH", 8));
    assert_false(space_write(&s, UINT64_MAX - 3, "ABCDEFGH", 8)); /* whose sum wraps */
    assert_false(space_write(&s, 4, "x", UINT64_MAX - 3));
    assert_true(space_write(&s, 100, "x", 0));
    assert_false(space_write(&s, 101, "x", 0));
    memcpy(out, "12345678", 8);
    assert_false(space_read(&s, 93, out, 8));
    assert_memory_equal(out, "12345678", 8);
    assert_true(space_read(&s, 92, out, 8));
    assert_memory_equal(out, "abcdefgh", 8);
    space_fini(&s);
    space_fini(&s);
    space_fini(NULL);
}

static void count_record(void *ctx, const struct trace_record *r)
{
    u64 *sum = ctx;

    *sum = *sum * 10 + r->a;
}

static void ring_keeps_the_last(void **state)
{
    struct trace_record ring[4];
    u64 seen = 0;
    struct trace t = {
        .mask = 1 << TRACE_STEP, .room = 4, .ring = ring, .sink = count_record, .ctx = &seen
    };

    (void)state;
    assert_true(trace_on(&t, TRACE_STEP));
    assert_false(trace_on(&t, TRACE_READ));
    assert_false(trace_on(NULL, TRACE_STEP));
    for (unsigned i = 1; i <= 6; i++)
        trace_put(&t, 100 + i, TRACE_STEP, 7, i, 2 * i);
    assert_true(seen == 123456);
    assert_int_equal(t.next, 6);
    for (unsigned i = 3; i <= 6; i++) {
        const struct trace_record *r = &ring[(i - 1) % 4];

        assert_true(r->time == 100 + i && r->a == i && r->b == 2 * i);
        assert_int_equal(r->id, TRACE_STEP);
        assert_int_equal(r->source, 7);
    }
    t = (struct trace) { .sink = count_record, .ctx = &seen }; /* no ring at all */
    trace_put(&t, 1, TRACE_WRITE, 0, 7, 0);
    assert_true(seen == 1234567);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_or_nothing),
        cmocka_unit_test(ring_keeps_the_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
