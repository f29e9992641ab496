/* Doorbells without a kernel that listens: what is bound, what rings, and that nothing is lost.
 * That the kernel rings is tests/kvm/microvm.py's to show. */
#include "kinds/kvm/bells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
    struct bells bells;
    struct bell_place place[2];
    struct doorbell doorbell[2];
    unsigned rung[4];
};

static void ring(void *ctx, u64 value)
{
    ((struct bench *)ctx)->rung[value]++;
}

/* As if there were a KVM, which refuses all that is asked of it. */
static void bench_init(struct bench *b)
{
    memset(b, 0, sizeof *b);
    bells_init(&b->bells, -1, -1);
    b->bells.vm = STDIN_FILENO;
    b->doorbell[0] = bells_at(&b->bells, &b->place[0], 0xfeb00000);
    b->doorbell[1] = bells_at(&b->bells, &b->place[1], BELLS_NOWHERE);
    assert_true(doorbell_bind(&b->doorbell[0], 0x50, 4, 0, ring, b));
    assert_true(doorbell_bind(&b->doorbell[0], 0x50, 4, 1, ring, b));
    assert_true(doorbell_bind(&b->doorbell[1], 0x3000, 0, 2, ring, b));
}

/* What the kernel does when the guest writes. */
static void notify(struct bench *b, unsigned bell)
{
    assert_int_equal(write(b->bells.bell[bell].fd, &(u64) { 1 }, 8), 8);
}

static void what_rings_is_called(void **state)
{
    struct pollfd f[BELLS];
    struct bench b;

    (void)state;
    bench_init(&b);
    notify(&b, 1);
    notify(&b, 1);
    notify(&b, 2);
    assert_int_equal(bells_poll(&b.bells, f), 3);
    assert_int_equal(poll(f, 3, 0), 2);
    bells_heard(&b.bells, f, 3);
    assert_true(!b.rung[0] && b.rung[1] == 1 && b.rung[2] == 1);
    assert_int_equal(b.bells.rung, 3);
    bells_poll(&b.bells, f);
    assert_int_equal(poll(f, 3, 0), 0); /* each was taken */
    bells_fini(&b.bells);
}

static void none_is_lost_where_registers_move(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    bells_move(&b.place[1], 0xc0000000);
    assert_false(b.bells.bell[2].listens); /* it was refused: the write is an exit */
    notify(&b, 2);
    bells_move(&b.place[1], BELLS_NOWHERE);
    bells_drain(&b.bells);
    assert_int_equal(b.rung[2], 1);
    bells_drain(&b.bells);
    assert_int_equal(b.rung[2], 1);
    bells_fini(&b.bells);
}

static void one_that_was_let_go_is_silent(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    notify(&b, 0);
    notify(&b, 1);
    b.doorbell[0].unbind(b.doorbell[0].owner, 0x50, 1);
    bells_drain(&b.bells);
    assert_true(b.rung[0] == 1 && !b.rung[1]);
    bells_fini(&b.bells);
}

static void there_may_be_none(void **state)
{
    struct bench b = { 0 };

    (void)state;
    bells_fini(&b.bells);
    bells_init(&b.bells, -1, 5);
    b.doorbell[0] = bells_at(&b.bells, &b.place[0], 0);
    assert_false(doorbell_bind(&b.doorbell[0], 0, 4, 0, ring, &b));
    b.bells.vm = STDIN_FILENO;
    for (unsigned i = 0; i < BELLS; i++)
        assert_true(doorbell_bind(&b.doorbell[0], i * 4, 4, 0, ring, &b));
    assert_false(doorbell_bind(&b.doorbell[0], BELLS * 4, 4, 0, ring, &b));
    bells_drain(&b.bells);
    assert_int_equal(b.rung[0], 0);
    bells_fini(&b.bells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_rings_is_called),
        cmocka_unit_test(none_is_lost_where_registers_move),
        cmocka_unit_test(one_that_was_let_go_is_silent),
        cmocka_unit_test(there_may_be_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
