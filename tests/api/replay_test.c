/* The library's words for recordings and the way back: what is done to a machine is in its
 * recording, any moment can be gone to, what is in the past stores nothing; and a recording that
 * was forged, so that every digest in it is right, is found out by component and field. */
#include "api/mews.h"
#include "base/file.h"
#include "mach/image.h"
#include "tests/nes/program.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/mews-replay-XXXXXX";

static const char *in_dir(const char *name)
{
    static char path[8][128];
    static unsigned next;
    char *p = path[next++ % 8];

    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static const char *guest(const char *name)
{
    static char path[PATH_MAX];
    const char *guests = getenv("MEWS_GUESTS");

    snprintf(path, sizeof path, "%s/%s", guests ? guests : "build/dev/guests", name);
    return path;
}

static struct mews *open_thing(const char *path, const char *saves)
{
    struct mews_options o = { .size = sizeof o, .saves = saves };
    struct mews_error e;
    struct mews *m;

    if (mews_open(path, &o, &m, &e))
        fail_msg("%s", e.text);
    return m;
}

static void frames(struct mews *m, u64 n)
{
    struct mews_stop_info info;

    if (mews_run_frames(m, n, &info) != MEWS_STOP_FRAME)
        fail_msg("%s: %s", mews_stop_name(info.why), info.text);
}

static void must(int r, const struct mews_error *e)
{
    if (r)
        fail_msg("%s", e->text);
}

/* Plays to the end; the error of the verdict, or "". */
static const char *verdict(const char *path)
{
    static struct mews_error e;
    struct mews_stop_info info;
    struct mews_history_info h;
    struct mews *m;
    u64 compared;

    *e.text = 0;
    must(mews_replay(path, NULL, &m, &e), &e);
    must(mews_verify(m, &e), &e);
    do {
        mews_run(m, 100000, &info);
        mews_history(m, &h);
    } while (info.why == MEWS_STOP_TIME && mews_now(m) < h.end);
    if (!mews_verdict(m, &compared, &e))
        *e.text = 0;
    assert_true(compared > 0);
    mews_close(m);
    return e.text;
}

/* ---- acts ---- */

static void what_is_done_to_it_is_recorded(void **state)
{
    struct mews *m = open_thing(guest("nes/hawk/hawk.nes"), NULL), *again;
    struct mews_history_info h;
    struct mews_stop_info info;
    struct mews_error e;
    char what[480];

    (void)state;
    frames(m, 20);
    must(mews_record(m, in_dir("a.rec"), &e), &e);
    assert_int_equal(mews_record(m, in_dir("b.rec"), &e), -ERR_STATE);
    for (unsigned i = 0; i < 40; i++) {
        u8 byte = (u8)(17 * i);

        mews_buttons(m, 0, i * 3);
        frames(m, 5);
        assert_true(mews_poke(m, 0x700 + i, &byte, 1));
        if (i == 10 || i == 11)
            must(mews_reset(m, &e), &e);
        if (i == 20)
            must(mews_set_field(m, "cpu.x", "$21", &e), &e);
    }
    must(mews_record(m, NULL, &e), &e);
    assert_true(mews_history(m, &h) && !h.recording && !h.past);
    must(mews_open(in_dir("a.rec"), NULL, &again, &e), &e);
    assert_true(mews_history(again, &h) && h.replay && h.past && !h.cut_off);
    assert_int_equal(h.end, mews_now(m));
    assert_int_equal(mews_now(again), h.first);
    assert_int_equal(mews_reset(again, &e), -ERR_STATE);
    assert_false(mews_poke(again, 0x700, "x", 1));
    while (mews_run(again, 1000003, &info) == MEWS_STOP_TIME && mews_now(again) < h.end)
        ;
    if (machine_differs(m->machine, again->machine, what, sizeof what))
        fail_msg("%s", what);
    assert_int_equal(mews_run_frames(again, 3, &info), MEWS_STOP_TIME); /* it has ended */
    mews_close(again);
    mews_close(m);
    assert_string_equal(verdict(in_dir("a.rec")), "");
}

static void to_a_descriptor(void **state)
{
    struct mews *m = open_thing(guest("nes/hawk/hawk.nes"), NULL);
    int fd = open(in_dir("c.rec"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct mews_error e;

    (void)state;
    assert_true(fd >= 0);
    must(mews_record_to(m, fd, &e), &e);
    frames(m, 100);
    mews_close(m); /* ends it */
    assert_string_equal(verdict(in_dir("c.rec")), "");
    assert_true(mews_is_recording(in_dir("c.rec")));
    assert_false(mews_is_recording(guest("nes/hawk/hawk.nes")));
}

/* ---- the way back ---- */

static void any_moment_can_be_gone_to(void **state)
{
    struct mews *m = open_thing(guest("nes/hawk/hawk.nes"), NULL);
    char at_100[41], at_300[41], now[41];
    struct mews_history_info h;
    struct mews_error e;
    u64 time, end;

    (void)state;
    assert_int_equal(mews_seek(m, 0, &e), -ERR_STATE);
    assert_false(mews_history(m, &h));
    must(mews_rewind_memory(m, 16 << 20, &e), &e);
    must(mews_press(m, "70:Start:3", &e), &e);
    frames(m, 100);
    time = mews_now(m);
    must(mews_digest(m, "ram", at_100, &e), &e);
    frames(m, 200);
    end = mews_now(m);
    must(mews_digest(m, "ram", at_300, &e), &e);
    must(mews_seek(m, time, &e), &e);
    assert_int_equal(mews_now(m), time);
    assert_int_equal(mews_frames(m), 100);
    must(mews_digest(m, "ram", now, &e), &e);
    assert_string_equal(now, at_100);
    assert_true(mews_history(m, &h) && h.past && h.end == end);
    assert_int_equal(mews_record(m, in_dir("d.rec"), &e), -ERR_STATE);
    frames(m, 200); /* does again what it did, and is live again */
    must(mews_digest(m, "ram", now, &e), &e);
    assert_string_equal(now, at_300);
    assert_true(mews_history(m, &h) && !h.past);
    must(mews_seek(m, time - 12345, &e), &e);
    must(mews_branch(m, &e), &e);
    assert_true(mews_history(m, &h) && !h.past && h.end == mews_now(m));
    must(mews_reset(m, &e), &e); /* it can be acted upon */
    must(mews_rewind_memory(m, 0, &e), &e);
    assert_false(mews_history(m, &h));
    mews_close(m);
}

/* Rewound over its own recording: what was undone is not in it. */
static void a_recording_is_of_what_was_kept(void **state)
{
    struct mews *m = open_thing(guest("nes/hawk/hawk.nes"), NULL), *again;
    struct mews_history_info h;
    struct mews_stop_info info;
    struct mews_error e;
    char what[480];
    u64 r = chance_from(7);

    (void)state;
    must(mews_rewind_memory(m, 16 << 20, &e), &e);
    must(mews_record(m, in_dir("e.rec"), &e), &e);
    for (unsigned i = 0; i < 12; i++) {
        mews_buttons(m, 0, below(&r, 256));
        frames(m, 60);
        must(mews_seek(m, mews_now(m) - below(&r, 900000), &e), &e);
        must(mews_branch(m, &e), &e);
    }
    must(mews_finish(m, &e), &e);
    must(mews_replay(in_dir("e.rec"), NULL, &again, &e), &e);
    mews_history(again, &h);
    assert_int_equal(h.end, mews_now(m));
    while (mews_run(again, 100003, &info) == MEWS_STOP_TIME && mews_now(again) < h.end)
        ;
    if (machine_differs(m->machine, again->machine, what, sizeof what))
        fail_msg("%s", what);
    mews_close(again);
    mews_close(m);
    assert_string_equal(verdict(in_dir("e.rec")), "");
}

/* INC $6000; loop: JMP loop, with a battery. */
static void write_cartridge(void)
{
    static const u8 code[] = { 0xee, 0x00, 0x60, 0x4c, 0x03, 0xc0 };
    static u8 rom[16 + 16384 + 8192];
    struct err e;

    memcpy(rom, "NES\x1a\1\1\2", 7);
    memcpy(rom + 16, code, sizeof code);
    rom[16 + 0x3ffd] = 0xc0;
    assert_int_equal(file_write(in_dir("battery.nes"), rom, sizeof rom, &e), 0);
}

static u8 saved(void)
{
    struct err e;
    size_t len;
    u8 *bytes, first;

    assert_int_equal(file_read(in_dir("battery.sav"), 1 << 20, &bytes, &len, &e), 0);
    first = *bytes;
    free(bytes);
    return first;
}

/* What was saved is of the life that was lived, not of the moment one looks at. */
static void the_past_stores_nothing(void **state)
{
    static const u8 nine = 9, seven = 7;
    struct mews_error e;
    struct mews *m;
    u64 early;

    (void)state;
    write_cartridge();
    m = open_thing(in_dir("battery.nes"), dir);
    must(mews_rewind_memory(m, 16 << 20, &e), &e);
    must(mews_record(m, in_dir("f.rec"), &e), &e);
    frames(m, 10);
    early = mews_now(m);
    assert_true(mews_poke(m, 0x6000, &nine, 1));
    frames(m, 10);
    must(mews_seek(m, early, &e), &e);
    mews_close(m);
    assert_int_equal(saved(), 9);
    m = open_thing(in_dir("f.rec"), NULL);
    frames(m, 15);
    must(mews_finish(m, &e), &e);
    mews_close(m);
    assert_int_equal(saved(), 9);
    m = open_thing(in_dir("battery.nes"), dir); /* lived from the past on, it is a life again */
    must(mews_rewind_memory(m, 16 << 20, &e), &e);
    frames(m, 10);
    early = mews_now(m);
    frames(m, 10);
    must(mews_seek(m, early, &e), &e);
    must(mews_branch(m, &e), &e);
    assert_true(mews_poke(m, 0x6000, &seven, 1));
    mews_close(m);
    assert_int_equal(saved(), 7);
}

/* ---- forged ---- */

struct forge {
    struct recording rec;
    struct recording_writer *w;
    struct tape_cursor at;
    size_t forged_state; /* a state to be written differently; SIZE_MAX: none */
    const char *path, *value;
};

/* The tape up to a place. */
static void copy_tape(struct forge *f, u64 at, u64 time)
{
    struct tape part = f->rec.tape;
    struct err e;

    assert_true(tape_find(&part, at, &f->at));
    part.len = (size_t)(at - part.first.at);
    part.end = f->at;
    assert_int_equal(recording_write_tape(f->w, &part, time, true, &e), 0);
}

/* A state, with one field set to another value. */
static void copy_state(struct forge *f, size_t i)
{
    const struct recording_state *s = &f->rec.states[i];
    struct mews *m;
    u8 *image = malloc(s->image_bytes);
    struct mews_error error;
    struct err e;

    assert_true(image && recording_unpack(s, image));
    if (i == f->forged_state) {
        m = open_thing(guest("nes/hawk/hawk.nes"), NULL);
        assert_int_equal(machine_load(m->machine, image, s->image_bytes, &e), 0);
        if (*f->path == '$')
            assert_true(mews_poke(m, strtoull(f->path + 1, NULL, 16), f->value, 1));
        else
            must(mews_set_field(m, f->path, f->value, &error), &error);
        assert_int_equal(machine_save(m->machine, NULL), s->image_bytes);
        machine_save(m->machine, image);
        mews_close(m);
    }
    assert_int_equal(recording_write_state(f->w, s->time, s->at, image, s->image_bytes, &e), 0);
    free(image);
}

/* Writes the recording again, chunk by chunk. */
static void copy_recording(struct forge *f, const char *to)
{
    int fd = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t state = 1, sums = 0;
    struct err e;

    assert_int_equal(recording_begin(fd, &f->rec.recipe, f->rec.has, 0, &f->w, &e), 0);
    f->at = f->rec.tape.first;
    copy_state(f, 0);
    while (state < f->rec.state_count || sums < f->rec.sums_count) {
        const struct recording_sums *s = sums < f->rec.sums_count ? &f->rec.sums[sums] : NULL;

        if (state < f->rec.state_count && (!s || f->rec.states[state].time < s->time)) {
            copy_tape(f, f->rec.states[state].at, f->rec.states[state].time);
            copy_state(f, state++);
        } else {
            copy_tape(f, s->at, s->time);
            assert_int_equal(recording_write_sums(f->w, s->time, &s->sums, &e), 0);
            sums++;
        }
    }
    copy_tape(f, f->rec.tape.end.at, f->rec.end);
    assert_int_equal(recording_end(f->w, f->rec.end, &e), 0);
}

static void read_original(struct forge *f, const char *name)
{
    struct err e;
    size_t len;
    u8 *file;

    *f = (struct forge) { .forged_state = SIZE_MAX };
    assert_int_equal(file_read(in_dir(name), 64 << 20, &file, &len, &e), 0);
    assert_int_equal(recording_read(&f->rec, file, len, &e), 0);
    assert_true(f->rec.complete && f->rec.state_count >= 2);
}

/* The button that is held goes to another answer, from the n-th question on. */
static void forge_input(struct tape *t, unsigned from, unsigned count)
{
    struct tape_cursor c = t->first;
    struct tape_entry e;
    struct tape made = { .first = t->first, .end = t->first };

    for (unsigned n = 0; tape_next(t, &c, &e) == TAPE_READ;) {
        if (e.what == TAPE_BUTTONS && e.a == 0 && n++ - from < count)
            e.result ^= 1;
        assert_true(tape_add(&made, &e));
    }
    assert_int_equal(made.len, t->len); /* so that places stay */
    tape_fini(t);
    *t = made;
}

/* What the program says, which a person reads. */
static void says(const char *path, const char *first, const char *second)
{
    const char *mews = getenv("MEWS");
    char command[512], text[1024] = "";
    FILE *p;
    size_t n;

    if (!strstr(verdict(path), first) || !strstr(verdict(path), second))
        fail_msg("'%s' has no '%s', '%s'", verdict(path), first, second);
    snprintf(command, sizeof command, "%s replay --headless --verify %s 2>&1",
             mews ? mews : "build/dev/mews", path);
    p = popen(command, "r");
    assert_non_null(p);
    n = fread(text, 1, sizeof text - 1, p);
    assert_int_equal(pclose(p), 1 << 8);
    if (!strstr(text, first) || !strstr(text, second) || strchr(text, '\n') != text + n - 1)
        fail_msg("%s", text);
}

static void record_hawk(void)
{
    struct mews *m = open_thing(guest("nes/hawk/hawk.nes"), NULL);
    struct mews_error e;

    must(mews_record(m, in_dir("hawk.rec"), &e), &e);
    must(mews_press(m, "70:Start:3", &e), &e);
    must(mews_press(m, "200:A:30", &e), &e);
    frames(m, 1500);
    mews_close(m);
}

/* A letter that came by the console. */
static void forge_text(struct tape *t)
{
    struct tape_cursor c = t->first;
    struct tape_entry e;

    while (tape_next(t, &c, &e) == TAPE_READ)
        if (e.what == TAPE_RECV && e.len && *e.bytes == '6') {
            ((u8 *)e.bytes)[0]++;
            return;
        }
    fail();
}

static void record_calc(void)
{
    struct mews_options o = { .size = sizeof o, .console = true };
    int in = dup(0), out = dup(1), pipes[2];
    struct mews_stop_info info;
    struct mews_error e;
    struct mews *m;

    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "6*7\n", 4), 4);
    dup2(pipes[0], 0);
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 1);
    close(pipes[0]);
    close(pipes[1]);
    must(mews_open(guest("c6502/calc.hk"), &o, &m, &e), &e);
    must(mews_record(m, in_dir("calc.rec"), &e), &e);
    assert_int_equal(mews_run(m, UINT64_MAX, &info), MEWS_STOP_HALT);
    mews_close(m);
    dup2(in, 0);
    dup2(out, 1);
    close(in);
    close(out);
}

static void forged_words_are_found_out(void **state)
{
    struct forge f;

    (void)state;
    record_calc();
    read_original(&f, "calc.rec");
    assert_string_equal(verdict(in_dir("calc.rec")), "");
    forge_text(&f.rec.tape);
    copy_recording(&f, in_dir("words.rec"));
    says(in_dir("words.rec"), "differs first between 8 and ", "recorded and now: ");
    recording_fini(&f.rec);
}

static void forgeries_are_found_out(void **state)
{
    struct forge f;

    (void)state;
    record_hawk();
    read_original(&f, "hawk.rec");
    assert_true(f.rec.state_count >= 3 && f.rec.sums_count > 10);
    copy_recording(&f, in_dir("same.rec"));
    assert_string_equal(verdict(in_dir("same.rec")), "");
    f.forged_state = 1;
    f.path = "ppu.line";
    f.value = "77";
    copy_recording(&f, in_dir("field.rec"));
    says(in_dir("field.rec"), "differs first between ", "recorded and now: ppu.line: 77 and ");
    f.path = "$7f0";
    f.value = "U";
    copy_recording(&f, in_dir("byte.rec"));
    says(in_dir("byte.rec"), "differs first between ", "recorded and now: ram+$7f0: ");
    f.forged_state = SIZE_MAX;
    forge_input(&f.rec.tape, 400, 60);
    copy_recording(&f, in_dir("input.rec"));
    says(in_dir("input.rec"), "differs first between ", "recorded and now: ");
    recording_fini(&f.rec);
}

/* ---- */

static int setup(void **state)
{
    (void)state;
    return !mkdtemp(dir);
}

static int teardown(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_done_to_it_is_recorded),
        cmocka_unit_test(to_a_descriptor),
        cmocka_unit_test(any_moment_can_be_gone_to),
        cmocka_unit_test(a_recording_is_of_what_was_kept),
        cmocka_unit_test(the_past_stores_nothing),
        cmocka_unit_test(forgeries_are_found_out),
        cmocka_unit_test(forged_words_are_found_out),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
