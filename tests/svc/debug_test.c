/* The debugger of any machine against brute force: a window of its life is stepped through one
 * instruction at a time with every event told, and then
 *
 *   - N steps and N steps back lead to the same state, whatever N;
 *   - breakpoints with a condition, watches and positions stop at the moments that were seen,
 * forwards and, in the opposite order, backwards;
 *   - the last write of an address is the one that was seen last.
 *
 * Over every guest, random cartridges and (MEWS_TESTDATA) some public test programs. SEED in the
 * environment chooses other windows and addresses; it is printed. */
#include "mach/image.h"
#include "svc/debug/debug.h"
#include "tests/mach/suite.h"
#include "tests/nes/program.h"
#include "tests/svc/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WINDOW_STEPS = 3000, EVENTS_MAX = 16 * WINDOW_STEPS, WINDOWS = 2 };

struct seen { /* an event, and the moment at which its instruction began */
    u64 began, time;
    u16 id;
    u64 a, b;
};

struct session {
    const char *name;
    struct rig rig;
    struct machine *machine;
    struct history *history;
    struct debug *debug;
    struct trace trace;
    u64 *r;
    u64 began, start, end; /* of the window */
    u64 time[WINDOW_STEPS + 1];
    unsigned steps, count;
    struct seen list[EVENTS_MAX];
};

static void tell(void *ctx, const struct trace_record *r)
{
    struct session *s = ctx;

    if (s->count < EVENTS_MAX)
        s->list[s->count++] = (struct seen) { s->began, r->time, r->id, r->a, r->b };
}

static void open_session(struct session *s, const struct image *i, u64 *r)
{
    struct history_options o = { .memory_bytes = 32 << 20 };
    struct err e;

    s->name = i->name;
    s->r = r;
    rig_open(&s->rig, i->bytes, i->len, chance(r));
    s->machine = s->rig.machine;
    o.every_ticks = machine_ticks(s->machine, 1000000 + below(r, 20000000));
    if (history_create(s->machine, s->rig.recorder, &o, &s->history, &e) ||
        debug_create(s->machine, s->rig.recorder, s->history, &s->debug, &e))
        fail_msg("%s: %s", s->name, e.text);
}

static void close_session(struct session *s)
{
    debug_destroy(s->debug);
    history_destroy(s->history);
    rig_close(&s->rig);
}

static u8 *image_of(struct machine *m, size_t *len)
{
    u8 *image;

    *len = machine_save(m, NULL);
    image = malloc(*len);
    assert_non_null(image);
    machine_save(m, image);
    return image;
}

static void must(const struct session *s, int r, const struct err *e)
{
    if (r)
        fail_msg("%s: %s", s->name, e->text);
}

static void go_to(struct session *s, u64 time)
{
    struct debug_stop stop;
    struct err e;

    must(s, debug_goto(s->debug, time, &stop, &e), &e);
    assert_int_equal(s->machine->now, time);
}

/* Steps through a window with everything told. */
static void look_closely(struct session *s)
{
    struct debug_stop stop = { .why = DEBUG_STEPPED };
    struct err e;

    s->start = s->time[0] = s->machine->now;
    s->steps = s->count = 0;
    s->trace = (struct trace) { .mask = UINT64_MAX, .sink = tell, .ctx = s };
    s->machine->trace = &s->trace;
    while (s->steps < WINDOW_STEPS && stop.why == DEBUG_STEPPED) {
        s->began = s->machine->now;
        must(s, debug_step(s->debug, 1, &stop, &e), &e);
        if (s->machine->now > s->began)
            s->time[++s->steps] = s->machine->now;
    }
    s->machine->trace = NULL;
    s->end = s->machine->now;
}

/* ---- steps ---- */

static void check_steps(struct session *s)
{
    size_t len, len2;
    u8 *at_end = image_of(s->machine, &len), *again;
    unsigned n = s->steps > 1 ? 1 + below(s->r, s->steps - 1) : s->steps;
    struct debug_stop stop;
    struct err e;

    if (!n) {
        free(at_end);
        return;
    }
    must(s, debug_reverse_step(s->debug, n, &stop, &e), &e);
    if (s->machine->now != s->time[s->steps - n])
        fail_msg("%s: %u steps back from %llu is %llu, not %llu", s->name, n,
                 (unsigned long long)s->end, (unsigned long long)s->machine->now,
                 (unsigned long long)s->time[s->steps - n]);
    must(s, debug_step(s->debug, n, &stop, &e), &e);
    again = image_of(s->machine, &len2);
    if (len != len2 || memcmp(at_end, again, len) != 0)
        fail_msg("%s: %u steps back and forth from %llu: not the same", s->name, n,
                 (unsigned long long)s->end);
    free(at_end);
    free(again);
}

/* ---- points ---- */

/* Stops at the point until the window ends, and compares the moments; then backwards. */
static void check_point(struct session *s, const struct debug_point *wanted, const u64 *moments,
                        unsigned count)
{
    struct debug_point p = *wanted;
    struct debug_stop stop;
    unsigned found = 0;
    struct err e;

    go_to(s, s->start);
    p.enabled = true;
    must(s, debug_point_add(s->debug, &p, &e), &e);
    /* One that is hit where it begins is not told: so begin a moment earlier, if there is one. */
    for (;;) {
        must(s, debug_continue(s->debug, s->end, &stop, &e), &e);
        if (stop.why != DEBUG_POINT)
            break;
        while (found < count && moments[found] == s->start && stop.hit.began != s->start)
            found++;
        if (found >= count || stop.hit.began != moments[found])
            fail_msg("%s: %s stops at %llu, not at %llu", s->name, p.text,
                     (unsigned long long)stop.hit.began,
                     (unsigned long long)(found < count ? moments[found] : 0));
        found++;
    }
    while (found < count && moments[found] == s->start)
        found++;
    if (found != count)
        fail_msg("%s: %s stops %u times, not %u", s->name, p.text, found, count);
    go_to(s, s->end);
    for (unsigned k = count < 6 ? count : 6; k--; found--) {
        must(s, debug_reverse_continue(s->debug, &stop, &e), &e);
        if (stop.why != DEBUG_POINT || s->machine->now != moments[found - 1])
            fail_msg("%s: %s stops at %llu on the way back, not at %llu", s->name, p.text,
                     (unsigned long long)s->machine->now, (unsigned long long)moments[found - 1]);
    }
    debug_point_remove_all(s->debug);
    go_to(s, s->end);
}

static void check_break(struct session *s)
{
    struct debug_point p = { .kind = DEBUG_BREAK, .watch.what = WATCH_EXECUTE };
    const struct seen *pick = NULL;
    unsigned tries = 100, count = 0;
    u64 *moments = calloc(WINDOW_STEPS, sizeof *moments);
    struct err e;

    while (tries-- && s->count && (!pick || pick->id != TRACE_STEP))
        pick = &s->list[below(s->r, s->count)];
    if (!pick || pick->id != TRACE_STEP) {
        free(moments);
        return;
    }
    p.watch.first = p.watch.last = pick->a;
    snprintf(p.text, sizeof p.text, "break $%llx if now & 4", (unsigned long long)pick->a);
    must(s, expr_parse(debug_scope(s->debug), "(now & 4) != 0", false, NULL, &p.condition, &e), &e);
    for (unsigned i = 0; i < s->count; i++)
        if (s->list[i].id == TRACE_STEP && s->list[i].a == pick->a && s->list[i].time & 4)
            moments[count++] = s->list[i].began;
    check_point(s, &p, moments, count);
    free(moments);
}

static void check_access(struct session *s, unsigned id)
{
    struct debug_point p = { .kind = DEBUG_WATCH };
    const struct seen *pick = NULL;
    unsigned tries = 300, count = 0;
    u64 *moments = calloc(WINDOW_STEPS, sizeof *moments);

    while (tries-- && s->count && (!pick || pick->id != id))
        pick = &s->list[below(s->r, s->count)];
    if (pick && pick->id == id) {
        p.watch.what = id == TRACE_WRITE ? WATCH_WRITE : WATCH_READ;
        p.watch.first = p.watch.last = pick->a;
        snprintf(p.text, sizeof p.text, "%s $%llx", id == TRACE_WRITE ? "write" : "read",
                 (unsigned long long)pick->a);
        for (unsigned i = 0; i < s->count; i++)
            if (s->list[i].id == id && s->list[i].a == pick->a &&
                (!count || moments[count - 1] != s->list[i].began))
                moments[count++] = s->list[i].began;
        check_point(s, &p, moments, count);
    }
    free(moments);
}

/* ---- the last write ---- */

static void check_last_write(struct session *s)
{
    const struct seen *pick = NULL, *last = NULL;
    struct debug_stop stop;
    struct watch w = { .what = WATCH_WRITE };
    unsigned tries = 300;
    struct err e;
    u64 from;

    while (tries-- && s->count && (!pick || pick->id != TRACE_WRITE))
        pick = &s->list[below(s->r, s->count)];
    if (!pick || pick->id != TRACE_WRITE)
        return;
    from = s->time[below(s->r, s->steps + 1)];
    for (unsigned i = 0; i < s->count; i++)
        if (s->list[i].id == TRACE_WRITE && s->list[i].a == pick->a && s->list[i].began < from)
            last = &s->list[i];
    go_to(s, from);
    w.first = w.last = pick->a;
    must(s, debug_last_write(s->debug, &w, &stop, &e), &e);
    assert_int_equal(s->machine->now, from);
    if (last &&
        (stop.why != DEBUG_POINT || stop.hit.began != last->began || stop.hit.value != last->b))
        fail_msg("%s: $%llx before %llu: last written at %llu, not %llu", s->name,
                 (unsigned long long)pick->a, (unsigned long long)from,
                 (unsigned long long)last->began, (unsigned long long)stop.hit.began);
    if (!last && stop.why == DEBUG_POINT && stop.hit.began >= s->start)
        fail_msg("%s: $%llx was not written in the window", s->name, (unsigned long long)pick->a);
    go_to(s, s->end);
}

/* ---- positions ---- */

static void check_positions(struct session *s)
{
    const struct machine *m = s->machine;

    for (unsigned i = 0; i < m->domain_count; i++) {
        const struct domain *d = &m->domains[i];
        struct debug_point p = { .kind = DEBUG_BREAK, .watch.what = WATCH_POSITION };
        unsigned count = 0;
        u64 *moments, from[2], to[2], at;
        struct debug_stop stop;
        struct err e;

        if (!d->position)
            continue;
        p.watch.domain = i + 1;
        p.watch.first = below(s->r, 240);
        p.watch.last = below(s->r, (unsigned)d->limits[1]);
        snprintf(p.text, sizeof p.text, "%s %llu/%llu", d->name, (unsigned long long)p.watch.first,
                 (unsigned long long)p.watch.last);
        at = p.watch.first * d->limits[1] + p.watch.last;
        moments = calloc(WINDOW_STEPS, sizeof *moments);
        go_to(s, s->start);
        for (unsigned k = 0; k < s->steps; k++) {
            u64 a, b;

            component_saving(&s->machine->root);
            d->where(s->machine, from);
            must(s, debug_step(s->debug, 1, &stop, &e), &e);
            component_saving(&s->machine->root);
            d->where(s->machine, to);
            a = from[0] * d->limits[1] + from[1];
            b = to[0] * d->limits[1] + to[1];
            if (a <= b ? at > a && at <= b : at > a || at <= b)
                moments[count++] = s->time[k];
        }
        check_point(s, &p, moments, count);
        free(moments);
    }
}

/* ---- everything ---- */

static void check_image(struct suite *suite, const struct image *i)
{
    u64 r = chance_from(suite->seed ^ (u64)i->len << 20);
    struct session *s = calloc(1, sizeof *s);
    struct debug_stop stop;
    struct err e;

    assert_non_null(s);
    open_session(s, i, &r);
    for (unsigned k = 0; k < WINDOWS; k++) {
        u64 until = s->machine->now + machine_ticks(s->machine, 1000000ull * (1 + below(&r, 120)));

        must(s, debug_continue(s->debug, until, &stop, &e), &e);
        look_closely(s);
        check_steps(s);
        check_break(s);
        check_access(s, TRACE_WRITE);
        check_access(s, TRACE_READ);
        check_last_write(s);
        check_positions(s);
    }
    close_session(s);
    free(s);
}

static void test_all(void **state)
{
    struct suite *s = *state;

    for (unsigned i = 0; i < s->images.count; i++)
        check_image(s, &s->images.list[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_all) };

    return cmocka_run_group_tests(tests, suite_open_replayable, suite_close);
}
