/* mews_control(): a machine that runs in one thread while others steer it over its socket; and what
 * stays as it was for who calls mews_run() meanwhile. */
#include "mews/mews.h"

#include "base/err.h"
#include "base/types.h"
#include "svc/ctl/rundir_rig.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* LDA $4016 ... ORA $10: RAM $10 becomes 1 when A was down. */
static const u8 program[] = { 0xa9, 0x00, 0x85, 0x10, 0xa9, 0x01, 0x8d, 0x16, 0x40,
                              0xa9, 0x00, 0x8d, 0x16, 0x40, 0xad, 0x16, 0x40, 0x29,
                              0x01, 0x05, 0x10, 0x85, 0x10, 0x4c, 0x04, 0xc0 };

static struct mews *make(void)
{
    static u8 rom[16 + 16384 + 8192];
    struct mews *m;
    struct mews_error e;

    memcpy(rom, "NES\x1a\x01\x01", 6);
    memcpy(rom + 16, program, sizeof program);
    for (unsigned i = 0; i < 6; i += 2)
        rom[16 + 16384 - 6 + i + 1] = 0xc0;
    assert_int_equal(mews_open_memory("pad", rom, sizeof rom, NULL, &m, &e), 0);
    return m;
}

struct runner {
    struct mews *m;
    pthread_t thread;
    u64 until; /* frames */
    enum mews_stop why;
};

static void *run(void *ctx)
{
    struct runner *r = ctx;
    struct mews_stop_info info;

    r->why = mews_run_frames(r->m, r->until, &info);
    return NULL;
}

static void start(struct runner *r, u64 frames)
{
    const struct mews_control_options o = { .size = sizeof o, .name = "pad" };
    struct mews_error e;

    *r = (struct runner) { .m = make(), .until = frames };
    assert_null(mews_control_name(r->m));
    assert_int_equal(mews_control(r->m, &o, &e), 0);
    assert_string_equal(mews_control_name(r->m), "pad");
    assert_true(mews_control(r->m, &o, &e) < 0); /* once is enough */
    assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

static void call(struct mews_link *l, const char *method, const char *params)
{
    struct mews_error e;

    if (mews_link_call(l, method, params, NULL, 0, NULL, &e))
        fail_msg("%s: %s", method, e.text);
}

static struct mews_link *join(void)
{
    struct mews_link *l;
    struct mews_error e;

    assert_int_equal(mews_link_open("pad", &l, &e), 0);
    return l;
}

static void asked_to_end_run_returns(void **state)
{
    struct mews_link *l;
    struct runner r;

    (void)state;
    start(&r, UINT64_MAX);
    l = join();
    call(l, "pause", NULL);
    call(l, "stop", NULL); /* also while it stands still */
    pthread_join(r.thread, NULL);
    assert_int_equal(r.why, MEWS_STOP_ASKED);
    assert_string_equal(mews_stop_name(r.why), "asked");
    mews_close(r.m);
    mews_link_close(l);
}

static void a_kick_still_ends_a_run_also_of_one_that_is_held(void **state)
{
    struct mews_link *l;
    struct runner r;

    (void)state;
    start(&r, UINT64_MAX);
    l = join();
    mews_kick(r.m);
    pthread_join(r.thread, NULL);
    assert_int_equal(r.why, MEWS_STOP_KICK);
    assert_int_equal(pthread_create(&r.thread, NULL, run, &r), 0);
    call(l, "pause", NULL);
    mews_kick(r.m);
    pthread_join(r.thread, NULL);
    assert_int_equal(r.why, MEWS_STOP_KICK);
    mews_link_close(l);
    mews_close(r.m);
}

/* What others ask does not show in how far a run goes, nor in where the machine is then. */
static void a_run_goes_as_far_as_without_others(void **state)
{
    struct mews *alone = make();
    struct mews_stop_info info;
    struct mews_error e;
    struct mews_link *l;
    struct runner r;
    char a[41], b[41];

    (void)state;
    start(&r, 300);
    l = join();
    /* Not waited for: a machine that nobody runs answers nothing. */
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(mews_link_post(l, "pause", NULL, &e), 0);
        assert_int_equal(mews_link_post(l, "machine.stats", NULL, &e), 0);
        assert_int_equal(mews_link_post(l, "resume", NULL, &e), 0);
        call(l, "status", NULL);
    }
    pthread_join(r.thread, NULL);
    assert_int_equal(r.why, MEWS_STOP_FRAME);
    assert_int_equal(mews_frames(r.m), 300);
    mews_run_frames(alone, 300, &info);
    assert_int_equal(mews_now(alone), mews_now(r.m));
    assert_int_equal(mews_digest(alone, "ram", a, &e), 0);
    assert_int_equal(mews_digest(r.m, "ram", b, &e), 0);
    assert_string_equal(a, b);
    mews_link_close(l);
    mews_close(r.m);
    mews_close(alone);
}

static bool pressed(struct mews_link *l)
{
    int fd = memfd_create("image", 0);
    char path[40];
    struct mews *copy;
    struct mews_error e;
    u8 byte = 0;

    assert_true(fd >= 0);
    assert_int_equal(mews_link_call(l, "snapshot.save", "{}", &fd, 1, NULL, &e), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    assert_int_equal(mews_restore(path, NULL, &copy, &e), 0);
    assert_int_equal(mews_space(copy, "ram", 0x10, &byte, 1), 1);
    mews_close(copy);
    close(fd);
    return byte;
}

static void buttons_are_held_until_their_client_leaves(void **state)
{
    struct mews_link *l, *hand;
    struct runner r;
    bool seen = false;

    (void)state;
    start(&r, UINT64_MAX);
    l = join();
    assert_false(pressed(l));
    hand = join();
    call(hand, "input.buttons", "{\"held\":1}");
    for (unsigned i = 0; i < 200 && !seen; i++)
        seen = pressed(l);
    assert_true(seen);
    mews_link_close(hand);
    nanosleep(&(struct timespec) { 0, 100000000 }, NULL);
    call(l, "machine.reset", NULL);
    nanosleep(&(struct timespec) { 0, 50000000 }, NULL);
    assert_false(pressed(l));
    call(l, "stop", NULL);
    pthread_join(r.thread, NULL);
    mews_link_close(l);
    mews_close(r.m);
}

/* A memory that is there only for pictures: they come, and are whole. */
static void pictures_come_to_a_screen(void **state)
{
    int fd = memfd_create("screen", 0);
    size_t slot = 256 * 240 * 4;
    struct mews_link *l;
    struct mews_error e;
    struct runner r;
    char *notice = NULL, *shape;
    u32 *pixels;

    (void)state;
    start(&r, UINT64_MAX);
    l = join();
    assert_int_equal(mews_link_call(l, "screen.open", NULL, &fd, 1, NULL, &e),
                     -ERR_USAGE); /* too small */
    assert_int_equal(ftruncate(fd, (off_t)(2 * slot)), 0);
    pixels = mmap(NULL, 2 * slot, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(pixels, MAP_FAILED);
    memset(pixels, 0xff, 2 * slot);
    call(l, "subscribe", "{\"topics\":[\"screen\"]}");
    assert_int_equal(mews_link_call(l, "screen.open", NULL, &fd, 1, &shape, &e), 0);
    assert_non_null(strstr(shape, "\"width\":256"));
    free(shape);
    for (unsigned i = 0; i < 5; i++) {
        unsigned which;

        free(notice);
        assert_int_equal(mews_link_next(l, 5000, &notice, &e), 1);
        assert_non_null(strstr(notice, "screen.picture"));
        which = strstr(notice, "\"slot\":1") ? 1 : 0;
        assert_int_equal(pixels[which * 256 * 240] >> 24, 0); /* no longer as it was filled */
        assert_int_equal(pixels[which * 256 * 240 + 256 * 240 - 1] >> 24, 0);
    }
    free(notice);
    call(l, "stop", NULL);
    pthread_join(r.thread, NULL);
    munmap(pixels, 2 * slot);
    close(fd);
    mews_link_close(l);
    mews_close(r.m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_to_end_run_returns),
        cmocka_unit_test(a_kick_still_ends_a_run_also_of_one_that_is_held),
        cmocka_unit_test(a_run_goes_as_far_as_without_others),
        cmocka_unit_test(buttons_are_held_until_their_client_leaves),
        cmocka_unit_test(pictures_come_to_a_screen),
    };

    return cmocka_run_group_tests(tests, rundir_rig_make, rundir_rig_remove);
}
