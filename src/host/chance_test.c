#include "host/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void never_the_same(void **state)
{
    u8 a[32] = { 0 }, b[32] = { 0 };
    struct entropy_port *p = host_entropy();

    (void)state;
    assert_int_equal(p->ops->fill(p, a, sizeof a), sizeof a);
    assert_int_equal(p->ops->fill(p, b, sizeof b), sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_int_equal(p->ops->fill(p, a, 0), 0);
}

static void the_time(void **state)
{
    struct clock_port *p = host_clock();
    s64 before = (s64)time(NULL) - 1, now = p->ops->wall_ns(p) / 1000000000;

    (void)state;
    assert_true(now >= before && now <= (s64)time(NULL) + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_the_same),
        cmocka_unit_test(the_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
