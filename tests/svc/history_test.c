/* The history of any machine: going to a moment shows exactly the state that the machine had then,
 * going on from the past is going on as before, and a branch is a life of its own. All by way of
 * mach/, over every guest, random cartridges and (MEWS_TESTDATA) some public test programs. SEED in
 * the environment chooses other times and inputs; it is printed. */
#include "mach/image.h"
#include "svc/replay/history.h"
#include "tests/mach/suite.h"
#include "tests/nes/program.h"
#include "tests/svc/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOMENTS = 12 };

/* A moment of a live machine, kept to be compared. */
struct moment {
    u64 time;
    u8 *image;
    size_t len;
};

static void keep_moment(struct moment *to, struct machine *m)
{
    to->time = m->now;
    to->len = machine_save(m, NULL);
    to->image = malloc(to->len);
    assert_non_null(to->image);
    machine_save(m, to->image);
}

/* `spare` is a machine of the same making. */
static void same_moment(const char *name, const struct moment *a, struct machine *m,
                        struct machine *spare)
{
    size_t len = machine_save(m, NULL);
    u8 *now = malloc(len);
    char what[480] = "bytes";
    struct err e;

    assert_non_null(now);
    machine_save(m, now);
    if (len != a->len || memcmp(now, a->image, len) != 0) {
        if (!machine_load(spare, a->image, a->len, &e))
            machine_differs(spare, m, what, sizeof what);
        fail_msg("%s at %llu: %s", name, (unsigned long long)a->time, what);
    }
    free(now);
}

struct life {
    struct rig rig, spare;
    struct history *history;
    struct moment moments[MOMENTS];
    unsigned count;
    u64 *r;
    const char *name;
};

static void life_open(struct life *l, const struct image *i, u64 *r, size_t memory, u64 every_ns)
{
    struct history_options o = { .memory_bytes = memory };
    struct err e;

    *l = (struct life) { .r = r, .name = i->name };
    rig_open(&l->rig, i->bytes, i->len, chance(r));
    rig_open_deaf(&l->spare, i->bytes, i->len, recorder_has(l->rig.recorder));
    o.every_ticks = machine_ticks(l->rig.machine, every_ns);
    if (history_create(l->rig.machine, l->rig.recorder, &o, &l->history, &e))
        fail_msg("%s: %s", i->name, e.text);
}

static void life_close(struct life *l)
{
    for (unsigned i = 0; i < l->count; i++)
        free(l->moments[i].image);
    history_destroy(l->history);
    rig_close(&l->rig);
    rig_close(&l->spare);
}

static void some_act(struct life *l)
{
    struct machine *m = l->rig.machine;
    u8 bytes[3] = { (u8)chance(l->r), (u8)chance(l->r), (u8)chance(l->r) };
    char value[16];
    struct err e;

    switch (below(l->r, 8)) {
    case 0: recorder_reset(l->rig.recorder, &e); break;
    case 1:
        recorder_poke(l->rig.recorder, m->cpus, CPU_VIRTUAL, 0x300 + below(l->r, 0x400), bytes,
                      sizeof bytes, &e);
        break;
    case 2:
        snprintf(value, sizeof value, "%u", below(l->r, 256));
        recorder_set(l->rig.recorder, "cpu.x", value, &e);
        break;
    default: break;
    }
}

/* Lives for so many thousandths of a second, in pieces; acts happen, moments are kept. */
static void live(struct life *l, unsigned ms)
{
    struct machine *m = l->rig.machine;
    u64 end = m->now + machine_ticks(m, ms * 1000000ull);

    while (m->now < end) {
        struct stop_info info;
        enum stop why;

        m->frame_limit = percent(l->r, 50) ? m->frames + 1 : 0;
        why = history_run(l->history, m->now + 1 + below(l->r, 100000), &info);
        assert_int_not_equal(why, STOP_HOST);
        some_act(l);
        if (l->count < MOMENTS && percent(l->r, 30))
            keep_moment(&l->moments[l->count++], m);
        if (why == STOP_HALT || why == STOP_FAULT)
            break;
    }
    m->frame_limit = 0;
}

static void go(struct life *l, u64 time)
{
    struct err e;

    if (history_seek(l->history, time, &e))
        fail_msg("%s, to %llu: %s", l->name, (unsigned long long)time, e.text);
}

/* ---- the moments that were ---- */

static void check_moments(const struct image *i, u64 *r)
{
    struct moment end;
    struct life l;

    life_open(&l, i, r, 16 << 20, 40000000);
    live(&l, 300);
    keep_moment(&end, l.rig.machine);
    for (unsigned n = 0; n < 10 && l.count; n++) {
        const struct moment *m = &l.moments[below(r, l.count)];

        go(&l, m->time);
        if (m->time < end.time)
            assert_true(history_past(l.history));
        /* Several moments can be one when the machine stood still: the last of them. */
        while (m + 1 < l.moments + l.count && m[1].time == m->time)
            m++;
        if (m->time < end.time)
            same_moment(i->name, m, l.rig.machine, l.spare.machine);
    }
    go(&l, UINT64_MAX);
    assert_false(history_past(l.history));
    same_moment(i->name, &end, l.rig.machine, l.spare.machine);
    free(end.image);
    life_close(&l);
}

static void seeks_are_exact(void **state)
{
    suite_each(*state, 0, check_moments);
}

/* ---- any time at all ---- */

static void check_any_time(const struct image *i, u64 *r)
{
    struct life l;
    u64 first, end;

    life_open(&l, i, r, 16 << 20, 50000000);
    live(&l, 200);
    first = history_first(l.history);
    end = history_last(l.history);
    for (unsigned n = 0; n < 20 && end > first; n++) {
        u64 t = first + chance(r) % (end - first), now;

        go(&l, t);
        now = l.rig.machine->now;
        assert_true(now <= t);
        assert_true(history_before(l.history, now) < now || now == first);
        if (now < t) { /* no instruction ends between the two */
            history_run(l.history, now + 1, NULL);
            assert_true(l.rig.machine->now > t);
        }
    }
    life_close(&l);
}

static void any_time(void **state)
{
    suite_each(*state, 1, check_any_time);
}

/* ---- back and on ---- */

/* From the past to the end by running, in pieces, and on beyond it: live. */
static void check_running_on(const struct image *i, u64 *r)
{
    struct stop_info info;
    struct moment end;
    struct life l;
    u64 asked;

    life_open(&l, i, r, 16 << 20, 50000000);
    live(&l, 150);
    keep_moment(&end, l.rig.machine);
    go(&l, history_first(l.history) + (end.time - history_first(l.history)) / 3);
    asked = l.rig.asked;
    for (unsigned n = 0; history_past(l.history) && n < 100000; n++) {
        u64 until = l.rig.machine->now + 1 + below(r, 60000);

        l.rig.machine->frame_limit = percent(r, 50) ? l.rig.machine->frames + 1 : 0;
        if (history_run(l.history, until < end.time ? until : end.time, &info) == STOP_HOST)
            fail_msg("%s: %s", i->name, info.text);
        if (l.rig.machine->now > end.time)
            fail_msg("%s: ran beyond the end", i->name);
    }
    assert_false(history_past(l.history));
    assert_int_equal(l.rig.asked, asked);
    same_moment(i->name, &end, l.rig.machine, l.spare.machine);
    free(end.image);
    live(&l, 30);
    life_close(&l);
}

static void runs_on_to_live(void **state)
{
    suite_each(*state, 2, check_running_on);
}

/* ---- branches ---- */

static void check_branch(const struct image *i, u64 *r)
{
    struct moment before;
    struct life l;
    struct err e;
    u64 middle;

    life_open(&l, i, r, 16 << 20, 50000000);
    live(&l, 100);
    middle = history_first(l.history) +
             (history_last(l.history) - history_first(l.history)) * (1 + below(r, 8)) / 10;
    go(&l, middle);
    if (!history_past(l.history) || history_branch(l.history, &e)) {
        life_close(&l); /* it had ended at once, or it has used files */
        return;
    }
    assert_false(history_past(l.history));
    keep_moment(&before, l.rig.machine);
    live(&l, 100);
    go(&l, before.time);
    if (history_past(l.history) && !l.count)
        same_moment(i->name, &before, l.rig.machine, l.spare.machine);
    go(&l, UINT64_MAX);
    assert_false(history_past(l.history));
    free(before.image);
    life_close(&l);
}

static void branches(void **state)
{
    suite_each(*state, 3, check_branch);
}

/* ---- little memory ---- */

static void check_bound(const struct image *i, u64 *r)
{
    struct history_stats st;
    struct life l;
    u64 first, end;

    life_open(&l, i, r, 100000, 5000000);
    live(&l, 500);
    history_stats(l.history, &st);
    /* Two checkpoints and the tape between them are the least. */
    if (st.checkpoints > 3)
        assert_true(st.checkpoint_bytes + st.tape_bytes <= 100000);
    first = history_first(l.history);
    end = history_last(l.history);
    for (unsigned n = 0; n < 3 && end > first; n++)
        go(&l, first + chance(r) % (end - first));
    life_close(&l);
}

static void memory_is_bounded(void **state)
{
    suite_each(*state, 4, check_bound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeks_are_exact),   cmocka_unit_test(any_time),
        cmocka_unit_test(runs_on_to_live),   cmocka_unit_test(branches),
        cmocka_unit_test(memory_is_bounded),
    };

    return cmocka_run_group_tests(tests, suite_open_replayable, suite_close);
}
