/* A recording of any machine: played again it comes to the same end; cut off anywhere it plays to
 * its last whole chunk; damaged it does no harm; and a machine that did something which no port and
 * no act explains is found out, by component and field. SEED in the environment chooses. */
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
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { MEMORY = 8 << 20, EVERY_NS = 20000000 };

struct file {
    u8 *bytes;
    size_t len;
};

/* A copy that recording_read() may keep. */
static u8 *copy(const struct file *f, size_t len)
{
    u8 *p = malloc(len ? len : 1);

    assert_non_null(p);
    memcpy(p, f->bytes, len);
    return p;
}

static struct file take_file(int fd)
{
    struct file f = { .len = (size_t)lseek(fd, 0, SEEK_END) };

    f.bytes = malloc(f.len + 1);
    assert_non_null(f.bytes);
    assert_int_equal(pread(fd, f.bytes, f.len, 0), f.len);
    close(fd);
    return f;
}

static struct history *record(struct rig *rig, const struct image *i, u64 *r, int *fd)
{
    struct history_options o = { .memory_bytes = MEMORY };
    struct config c = { .name = i->name, .image = i->bytes, .image_bytes = i->len };
    struct recipe recipe;
    struct history *h;
    struct err e;

    rig_open(rig, i->bytes, i->len, chance(r));
    *fd = memfd_create("recording", MFD_CLOEXEC);
    assert_true(*fd >= 0 && recipe_init(&recipe, rig->machine->kind->name, &c));
    o.every_ticks = machine_ticks(rig->machine, EVERY_NS);
    assert_int_equal(recording_begin(dup(*fd), &recipe, recorder_has(rig->recorder),
                                     o.every_ticks / 2, &o.recording, &e),
                     0);
    recipe_fini(&recipe);
    assert_int_equal(history_create(rig->machine, rig->recorder, &o, &h, &e), 0);
    return h;
}

/* Some life, with acts (none when `back` is below 0), and in `back` of a hundred pieces a jump into
 * the past from which it goes on. */
static void live(struct rig *rig, struct history *h, u64 *r, unsigned ms, int back)
{
    struct machine *m = rig->machine;
    u64 end = m->now + machine_ticks(m, ms * 1000000ull);
    struct stop_info info;
    struct err e;

    for (unsigned n = 0; m->now < end && n < 1000; n++) {
        enum stop why = history_run(h, m->now + 1 + below(r, 120000), &info);

        if (why == STOP_HOST)
            fail_msg("%s", info.text);
        if (back >= 0 && percent(r, 10))
            recorder_reset(rig->recorder, &e);
        if (back >= 0 && percent(r, 20))
            recorder_poke(rig->recorder, m->cpus, CPU_VIRTUAL, 0x300 + below(r, 256), &n, 2, &e);
        if (back > 0 && percent(r, (unsigned)back)) {
            u64 first = history_first(h);

            if (history_seek(h, first + chance(r) % (m->now - first + 1), &e))
                fail_msg("%s", e.text);
            if (history_branch(h, &e)) /* it has used files */
                assert_int_equal(history_seek(h, UINT64_MAX, &e), 0);
        }
        if (why == STOP_HALT || why == STOP_FAULT)
            break;
    }
}

struct replay {
    struct rig rig, spare;
    struct recording rec;
    struct history *history;
};

/* False: it cannot be played, with e. */
static bool replay_open(struct replay *p, const struct image *i, u8 *bytes, size_t len,
                        struct err *e)
{
    struct history_options o = { .memory_bytes = MEMORY };

    *p = (struct replay) { 0 };
    if (recording_read(&p->rec, bytes, len, e)) {
        free(bytes);
        return false;
    }
    rig_open_deaf(&p->rig, i->bytes, i->len, p->rec.has);
    rig_open_deaf(&p->spare, i->bytes, i->len, p->rec.has);
    if (!history_open(p->rig.machine, p->rig.recorder, &p->rec, &o, &p->history, e) &&
        !history_verify(p->history, p->spare.machine, e))
        return true;
    return false;
}

static void replay_close(struct replay *p)
{
    if (!p->rig.machine)
        return;
    history_destroy(p->history);
    rig_close(&p->rig);
    rig_close(&p->spare);
    recording_fini(&p->rec);
}

/* Plays to the end, in pieces; returns the last reason. */
static enum stop replay_run(struct replay *p, u64 *r, struct stop_info *info)
{
    struct machine *m = p->rig.machine;
    enum stop why;
    u64 before;

    do {
        before = m->now;
        why = history_run(p->history, m->now + 1 + below(r, 200000), info);
    } while (why != STOP_HOST && m->now < p->rec.end && m->now > before);
    return why;
}

/* ---- the same end ---- */

static void check_same_end(const struct image *i, u64 *r)
{
    struct stop_info info = { 0 };
    struct history *h;
    struct replay p;
    struct rig rig;
    struct file f;
    char what[480];
    struct err e;
    u64 compared;
    int fd;

    h = record(&rig, i, r, &fd);
    live(&rig, h, r, 250, below(r, 2) ? 10 : 0);
    assert_int_equal(history_finish(h, &e), 0);
    f = take_file(fd);
    if (!replay_open(&p, i, copy(&f, f.len), f.len, &e))
        fail_msg("%s: %s", i->name, e.text);
    assert_true(p.rec.complete);
    assert_int_equal(p.rec.whole_bytes, f.len);
    assert_int_equal(p.rec.end, rig.machine->now);
    if (replay_run(&p, r, &info) == STOP_HOST)
        fail_msg("%s: %s", i->name, info.text);
    if (history_verdict(p.history, &compared, &e))
        fail_msg("%s: %s", i->name, e.text);
    assert_true(compared > 0);
    if (machine_differs(rig.machine, p.rig.machine, what, sizeof what))
        fail_msg("%s: lived and played: %s", i->name, what);
    history_destroy(h);
    rig_close(&rig);
    replay_close(&p);
    free(f.bytes);
}

static void played_to_the_same_end(void **state)
{
    suite_each(*state, 0, check_same_end);
}

/* ---- cut off, damaged ---- */

static void try_bytes(const struct image *i, u64 *r, u8 *bytes, size_t len, bool whole)
{
    struct stop_info info = { 0 };
    struct replay p;
    struct err e;

    if (replay_open(&p, i, bytes, len, &e)) {
        if (replay_run(&p, r, &info) == STOP_HOST && whole)
            fail_msg("%s: %s", i->name, info.text);
        assert_true(!whole || p.rig.machine->now >= p.rec.end || info.why == STOP_HALT);
    }
    replay_close(&p);
}

static void check_broken(const struct image *i, u64 *r)
{
    struct history *h;
    struct rig rig;
    struct file f;
    struct err e;
    int fd;

    h = record(&rig, i, r, &fd);
    live(&rig, h, r, 60, 5);
    assert_int_equal(history_finish(h, &e), 0);
    f = take_file(fd);
    for (unsigned n = 0; n < 6; n++) {
        size_t cut = chance(r) % f.len;
        u8 *bytes = copy(&f, f.len);

        try_bytes(i, r, copy(&f, cut), cut, true);
        bytes[chance(r) % f.len] ^= (u8)(1u << below(r, 8));
        try_bytes(i, r, bytes, f.len, true); /* the digest cuts it off there */
    }
    history_destroy(h);
    rig_close(&rig);
    free(f.bytes);
}

static void cut_off_and_damaged(void **state)
{
    struct suite *s = *state;
    u64 r = chance_from(s->seed + 1);

    for (unsigned i = 0; i < s->images.count; i += 4)
        check_broken(&s->images.list[i], &r);
}

/* ---- found out ---- */

/* Changes something behind the recorder's back. The replay cannot know. */
static void check_found_out(const struct image *i, u64 *r, const char *path, const char *part)
{
    struct stop_info info = { 0 };
    struct field_ref ref;
    struct history *h;
    struct replay p;
    struct rig rig;
    struct file f;
    struct err e;
    u64 compared, at;
    int fd;

    h = record(&rig, i, r, &fd);
    live(&rig, h, r, 50, -1);
    at = rig.machine->now;
    if (path) {
        assert_true(component_field(&rig.machine->root, path, &ref, NULL));
        field_put(&ref, field_get(&ref) ^ 1);
    } else {
        u8 byte;

        rig.machine->kind->peek(rig.machine->cpus, CPU_VIRTUAL, 0x7f0, &byte, 1);
        byte ^= 0x55;
        rig.machine->kind->poke(rig.machine->cpus, CPU_VIRTUAL, 0x7f0, &byte, 1);
    }
    live(&rig, h, r, 500, -1);
    assert_int_equal(history_finish(h, &e), 0);
    f = take_file(fd);
    if (!replay_open(&p, i, copy(&f, f.len), f.len, &e))
        fail_msg("%s: %s", i->name, e.text);
    assert_int_equal(replay_run(&p, r, &info), STOP_HOST);
    assert_int_not_equal(history_verdict(p.history, &compared, &e), 0);
    if (!strstr(e.text, part))
        fail_msg("'%s' does not name %s", e.text, part);
    assert_true(p.rig.machine->now >= at);
    history_destroy(h);
    rig_close(&rig);
    replay_close(&p);
    free(f.bytes);
}

static const struct image *named(const struct suite *s, const char *name)
{
    for (unsigned i = 0; i < s->images.count; i++)
        if (!strcmp(s->images.list[i].name, name))
            return &s->images.list[i];
    fail_msg("no %s", name);
    return NULL;
}

static void found_out(void **state)
{
    struct suite *s = *state;
    u64 r = chance_from(s->seed + 2);

    check_found_out(named(s, "nes/hawk/hawk.nes"), &r, NULL, "ram+$7f0");
    check_found_out(named(s, "nes/hawk/hawk.nes"), &r, "apu.last_4017", "apu.last_4017");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(played_to_the_same_end),
        cmocka_unit_test(cut_off_and_damaged),
        cmocka_unit_test(found_out),
    };

    return cmocka_run_group_tests(tests, suite_open_replayable, suite_close);
}
