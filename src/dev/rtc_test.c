/* The clock: dates, both ways to write numbers, being set, interrupts. */
#include "dev/rtc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { SECOND = 1000000000 };

struct bench {
    struct rtc rtc;
    struct machine machine;
    struct clock_port clock;
    s64 ns;
    int level;
    unsigned raised;
};

static s64 wall(struct clock_port *p)
{
    return container_of(p, struct bench, clock)->ns;
}

static const struct clock_ops ops = { wall };

static void set(void *owner, unsigned index, int level)
{
    struct bench *b = owner;

    (void)index;
    b->raised += level && !b->level;
    b->level = level;
}

static void bench_init(struct bench *b, s64 seconds)
{
    memset(b, 0, sizeof *b);
    b->clock.ops = &ops;
    b->ns = seconds * SECOND;
    b->machine.hz_num = SECOND;
    b->machine.hz_den = 1;
    event_queue_init(&b->machine.events);
    rtc_init(&b->rtc, "rtc", &b->machine, &b->clock, (struct line) { set, b, 0 });
}

static u8 get(struct bench *b, u8 reg)
{
    rtc_write(&b->rtc, 0, reg);
    return rtc_read(&b->rtc, 1);
}

static void put(struct bench *b, u8 reg, u8 value)
{
    rtc_write(&b->rtc, 0, reg);
    rtc_write(&b->rtc, 1, value);
}

/* Machine time and the host's go on alike. */
static void pass(struct bench *b, u64 ns)
{
    u64 end = b->machine.now + ns;

    while (b->machine.events.deadline <= end) {
        b->ns += (s64)(b->machine.events.deadline - b->machine.now);
        b->machine.now = b->machine.events.deadline;
        event_run(&b->machine.events, b->machine.now);
    }
    b->ns += (s64)(end - b->machine.now);
    b->machine.now = end;
}

static void must_be(struct bench *b, s64 s)
{
    time_t t = s;
    struct tm tm;
    char expected[100], got[100];

    gmtime_r(&t, &tm);
    snprintf(expected, sizeof expected, "%04d-%02d-%02d %d %02d:%02d:%02d", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_wday + 1, tm.tm_hour, tm.tm_min, tm.tm_sec);
    snprintf(got, sizeof got, "%02x%02x-%02x-%02x %x %02x:%02x:%02x", get(b, 0x32), get(b, 9),
             get(b, 8), get(b, 7), get(b, 6), get(b, 4), get(b, 2), get(b, 0));
    assert_string_equal(got, expected);
}

static void any_date(void **state)
{
    struct bench b;
    s64 at = 0;

    (void)state;
    bench_init(&b, 0);
    for (unsigned i = 0; i < 40000; i++, at += 86400 * 3 + 1234567 % (i + 1)) {
        if (at > 7200000000)
            break;
        b.ns = at * SECOND;
        must_be(&b, at);
    }
}

static void both_ways_to_write_numbers(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, 1700000000); /* 2023-11-14 22:13:20 */
    assert_int_equal(get(&b, 4), 0x22);
    put(&b, 11, 0);
    assert_int_equal(get(&b, 4), 0x90); /* 10 pm */
    put(&b, 11, 4);
    assert_int_equal(get(&b, 4), 0x8a);
    assert_int_equal(get(&b, 2), 13);
    put(&b, 11, 6);
    assert_int_equal(get(&b, 4), 22);
    b.ns += 2LL * 3600 * SECOND; /* 00:13 */
    put(&b, 11, 0);
    assert_int_equal(get(&b, 4), 0x12);
    assert_int_equal(get(&b, 13), 0x80);
}

static void set_by_the_guest(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, 1700000000);
    put(&b, 11, 0x82);
    put(&b, 0, 0x59), put(&b, 2, 0x59), put(&b, 4, 0x23);
    put(&b, 7, 0x31), put(&b, 8, 0x12), put(&b, 9, 0x99), put(&b, 0x32, 0x19);
    pass(&b, 5ull * SECOND);
    assert_int_equal(get(&b, 0), 0x59); /* it stands */
    put(&b, 11, 2);
    must_be(&b, 946684799);
    pass(&b, SECOND);
    must_be(&b, 946684800);
    put(&b, 2, 0x30); /* by the way */
    must_be(&b, 946684800 + 1800);
    put(&b, 0x40, 0x5a);
    assert_int_equal(get(&b, 0x40), 0x5a);
}

static void interrupts(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, 1700000000);
    pass(&b, 10ull * SECOND);
    assert_int_equal(b.raised, 0);
    assert_int_equal(get(&b, 12), 0x10); /* seconds have passed, nobody was told */
    assert_int_equal(get(&b, 12), 0);
    put(&b, 11, 0x12); /* each second */
    for (unsigned i = 1; i <= 5; i++) {
        pass(&b, SECOND + 1000);
        assert_int_equal(b.raised, i);
        assert_int_equal(get(&b, 12), 0x90);
        assert_int_equal(b.level, 0);
    }
    put(&b, 11, 0x42); /* 1024 a second */
    b.raised = 0;
    for (unsigned i = 0; i < 2048; i++) {
        pass(&b, SECOND / 2048);
        get(&b, 12);
    }
    assert_in_range(b.raised, 1023, 1024);
    put(&b, 11, 2);
    assert_int_equal(b.machine.events.deadline, EVENT_NEVER);
}

static void alarms(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, 1700000000); /* 22:13:20 */
    put(&b, 1, 0x05), put(&b, 3, 0x15), put(&b, 5, 0xff);
    put(&b, 11, 0x22);
    pass(&b, 104ull * SECOND);
    assert_int_equal(b.raised, 0);
    pass(&b, 2ull * SECOND);
    assert_int_equal(b.raised, 1);
    assert_int_equal(get(&b, 12) & 0xa0, 0xa0);
    pass(&b, 3600ull * SECOND); /* any hour */
    assert_int_equal(b.raised, 2);
    get(&b, 12);
    b.ns += 7200LL * SECOND; /* the machine was paused: it is late, not lost */
    pass(&b, 2ull * SECOND);
    assert_int_equal(b.raised, 3);
}

static void the_update_is_announced(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, 1700000000);
    assert_int_equal(get(&b, 10), 0x26);
    b.ns += SECOND - 100000;
    assert_int_equal(get(&b, 10), 0xa6);
    b.ns += 100000;
    assert_int_equal(get(&b, 10), 0x26);
}

static void saved_and_loaded(void **state)
{
    struct bench a, b;
    u8 one[1024], two[1024], bad[1024];
    struct err e;
    size_t n;

    (void)state;
    bench_init(&a, 1700000000);
    put(&a, 11, 0x52), put(&a, 0x32, 0x18), put(&a, 0x55, 9);
    n = field_save(rtc_fields(), &a.rtc, NULL);
    assert_true(n <= sizeof one);
    field_save(rtc_fields(), &a.rtc, one);
    bench_init(&b, 5);
    assert_int_equal(field_load(rtc_fields(), &b.rtc, one, n, &e), 0);
    field_save(rtc_fields(), &b.rtc, two);
    assert_memory_equal(one, two, n);
    for (size_t i = 0; i < n * 8; i++) {
        memcpy(bad, one, n);
        bad[i / 8] ^= (u8)(1u << i % 8);
        bench_init(&b, 1700000000);
        if (field_load(rtc_fields(), &b.rtc, bad, n, &e))
            continue;
        for (unsigned reg = 0; reg < 128; reg++)
            put(&b, (u8)reg, get(&b, (u8)reg));
        pass(&b, SECOND / 64);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_date),         cmocka_unit_test(both_ways_to_write_numbers),
        cmocka_unit_test(set_by_the_guest), cmocka_unit_test(interrupts),
        cmocka_unit_test(alarms),           cmocka_unit_test(the_update_is_announced),
        cmocka_unit_test(saved_and_loaded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
