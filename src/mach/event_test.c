/* The event queue: what fires, when, in which order, and what an event may do to the queue. */
#include "mach/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct rig;
struct thing {
    struct rig *rig;
    struct event ev;
    u64 again; /* ticks after which it queues itself anew, 0: not */
};
struct rig {
    struct event_queue q;
    struct thing a, b, c;
    char fired[64]; /* names, in order */
    u64 when[64];
    unsigned count;
};

static void fire(void *owner, u64 when)
{
    struct thing *t = owner;
    struct rig *r = t->rig;

    assert_true(r->count < sizeof r->fired - 1);
    r->fired[r->count] = t->ev.name[0];
    r->when[r->count++] = when;
    assert_true(t->ev.when == EVENT_NEVER); /* idle: it may be queued here */
    if (t->again)
        event_at(&r->q, &t->ev, when + t->again);
}

static void rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    event_queue_init(&r->q);
    r->a.rig = r->b.rig = r->c.rig = r;
    event_init(&r->q, &r->a.ev, "a", fire, &r->a);
    event_init(&r->q, &r->b.ev, "b", fire, &r->b);
    event_init(&r->q, &r->c.ev, "c", fire, &r->c);
    assert_true(r->q.deadline == EVENT_NEVER);
}

static void in_order_of_time_then_of_queueing(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    event_at(&r.q, &r.b.ev, 20);
    event_at(&r.q, &r.c.ev, 10);
    event_at(&r.q, &r.a.ev, 20);
    assert_true(r.q.deadline == 10);
    event_run(&r.q, 9);
    assert_string_equal(r.fired, "");
    event_run(&r.q, 10);
    assert_string_equal(r.fired, "c");
    assert_true(r.q.deadline == 20);
    event_run(&r.q, 1000);
    assert_string_equal(r.fired, "cba");
    assert_true(r.when[1] == 20); /* when it was due, not when that was noticed */
    assert_true(r.q.deadline == EVENT_NEVER);
}

static void moved_and_cancelled(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    event_at(&r.q, &r.a.ev, 10);
    event_at(&r.q, &r.b.ev, 20);
    event_at(&r.q, &r.c.ev, 30);
    event_at(&r.q, &r.a.ev, 25); /* later */
    assert_true(r.q.deadline == 20);
    event_at(&r.q, &r.c.ev, 5); /* earlier */
    assert_true(r.q.deadline == 5);
    event_cancel(&r.q, &r.b.ev);
    event_cancel(&r.q, &r.b.ev); /* an idle one too */
    event_at(&r.q, &r.c.ev, EVENT_NEVER);
    assert_true(r.q.deadline == 25);
    event_run(&r.q, 100);
    assert_string_equal(r.fired, "a");
    assert_true(r.b.ev.when == EVENT_NEVER && r.c.ev.when == EVENT_NEVER);
}

static void queues_itself(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    r.a.again = 10;
    event_at(&r.q, &r.a.ev, 10);
    event_at(&r.q, &r.b.ev, 20); /* was there before a queued itself for 20 */
    event_run(&r.q, 35);
    assert_string_equal(r.fired, "abaa");
    assert_true(r.when[2] == 20 && r.when[3] == 30);
    assert_true(r.q.deadline == 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order_of_time_then_of_queueing),
        cmocka_unit_test(moved_and_cancelled),
        cmocka_unit_test(queues_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
