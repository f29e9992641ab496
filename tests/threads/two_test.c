/* Two machines in one process, each in a thread of its own, are what each would be alone: the
 * library has no state of its own. Under ThreadSanitizer this also shows that they share nothing.
 */
#include "mews/mews.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FRAMES = 150, MACHINES = 3, DIGESTS = 4, ROUNDS = 3 };

static const char *const digests[DIGESTS] = { "picture", "labels", "sound", "ram" };

struct run {
    const char *region; /* "region=..." */
    const char *press;
    char path[4096];                  /* "": bytes */
    unsigned char image[16 + 0x6000]; /* a cartridge made here */
    pthread_barrier_t *start;         /* NULL: alone */
    char digest[DIGESTS][41];
    char error[300];
};

static int open_run(const struct run *r, struct mews **m, struct mews_error *e)
{
    const char *settings[] = { r->region, NULL };
    struct mews_options o = { .size = sizeof o, .settings = settings, .digest_sound = true };

    return *r->path ? mews_open(r->path, &o, m, e)
                    : mews_open_memory("made", r->image, sizeof r->image, &o, m, e);
}

/* From opening to closing, so that nothing of it may be shared. */
static void *run_one(void *arg)
{
    struct run *r = arg;
    struct mews_error e = { 0 };
    struct mews *m;
    int16_t sound[2048];
    unsigned w, h;

    if (r->start)
        pthread_barrier_wait(r->start);
    if (open_run(r, &m, &e)) {
        snprintf(r->error, sizeof r->error, "%s", e.text);
        return NULL;
    }
    if (r->press && mews_press(m, r->press, &e))
        snprintf(r->error, sizeof r->error, "%s", e.text);
    for (unsigned n = 0; n < FRAMES; n++) {
        mews_run_frames(m, 1, NULL);
        while (mews_sound(m, sound, 2048) > 0)
            ;
        mews_picture(m, &w, &h);
    }
    for (unsigned i = 0; i < DIGESTS; i++)
        if (mews_digest(m, digests[i], r->digest[i], &e))
            snprintf(r->error, sizeof r->error, "%s", e.text);
    mews_close(m);
    return NULL;
}

/* Counts in zero page and beeps ever higher: SEI; LDA #1; STA $4015; LDA #$BF; STA $4000;
 * loop: INC 0; BNE loop; INC 1; LDA 1; STA $4002; STA $4003; JMP loop. */
static void make_cartridge(unsigned char *image)
{
    static const unsigned char code[] = { 0x78, 0xa9, 0x01, 0x8d, 0x15, 0x40, 0xa9,
                                          0xbf, 0x8d, 0x00, 0x40, 0xe6, 0x00, 0xd0,
                                          0xfc, 0xe6, 0x01, 0xa5, 0x01, 0x8d, 0x02,
                                          0x40, 0x8d, 0x03, 0x40, 0x4c, 0x0b, 0xc0 };
    static const unsigned char vectors[] = { 0, 0xc0, 0, 0xc0, 0, 0xc0 };

    memcpy(image, "NES\x1a\x01\x01", 6);
    memcpy(image + 16, code, sizeof code);
    memcpy(image + 16 + 0x4000 - sizeof vectors, vectors, sizeof vectors);
}

static void make_runs(struct run *runs)
{
    static const struct run kinds[MACHINES] = {
        { .region = "region=ntsc", .press = "60:Start:6" },
        { .region = "region=pal", .press = "70:Start+Right:60" },
        { .region = "region=dendy" },
    };
    const char *guests = getenv("MEWS_GUESTS");

    for (unsigned i = 0; i < MACHINES; i++) {
        runs[i] = kinds[i];
        make_cartridge(runs[i].image);
        if (guests && i < 2) /* two of the same game in two regions, and one of another */
            snprintf(runs[i].path, sizeof runs[i].path, "%s/nes/hawk/hawk.nes", guests);
    }
}

static void machines_at_once(void **state)
{
    static struct run alone[MACHINES], together[MACHINES];
    pthread_barrier_t start;
    pthread_t threads[MACHINES];

    (void)state;
    if (!getenv("MEWS_GUESTS"))
        print_message(
            "skipped: the game, which MEWS_GUESTS does not name; a small program instead\n");
    make_runs(alone);
    for (unsigned i = 0; i < MACHINES; i++) {
        run_one(&alone[i]);
        assert_string_equal(alone[i].error, "");
        for (unsigned k = 0; k < i;
             k++) /* a test that compares a thing with itself proves little */
            assert_string_not_equal(alone[i].digest[2], alone[k].digest[2]);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        make_runs(together);
        pthread_barrier_init(&start, NULL, MACHINES);
        for (unsigned i = 0; i < MACHINES; i++) {
            together[i].start = &start;
            assert_int_equal(pthread_create(&threads[i], NULL, run_one, &together[i]), 0);
        }
        for (unsigned i = 0; i < MACHINES; i++)
            pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&start);
        for (unsigned i = 0; i < MACHINES; i++) {
            assert_string_equal(together[i].error, "");
            assert_memory_equal(together[i].digest, alone[i].digest, sizeof alone[i].digest);
        }
    }
}

struct kicker {
    struct mews *m;
    enum mews_stop why;
};

static void *run_for_ever(void *arg)
{
    struct kicker *k = arg;

    k->why = mews_run(k->m, UINT64_MAX, NULL);
    return NULL;
}

/* mews_kick() is the one call that another thread may make. */
static void kicked_by_another_thread(void **state)
{
    static struct run r[MACHINES];
    struct mews_error e;
    struct kicker k = { 0 };
    pthread_t thread;

    (void)state;
    make_runs(r);
    assert_int_equal(open_run(&r[2], &k.m, &e), 0);
    assert_int_equal(pthread_create(&thread, NULL, run_for_ever, &k), 0);
    mews_kick(k.m);
    pthread_join(thread, NULL);
    assert_int_equal(k.why, MEWS_STOP_KICK);
    mews_close(k.m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machines_at_once),
        cmocka_unit_test(kicked_by_another_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
