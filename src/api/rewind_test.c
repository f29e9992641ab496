/* Backwards: the pictures of the past come last first, none is missing and none is another than it
 * was; and where the key goes up, the machine goes on as it did from there. A machine of which
 * nothing is remembered says so. How long a picture takes is printed. */
#include "api/rewind.h"
#include "host/av/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include <cmocka.h>

enum { FRAMES = 1500, LIMIT = 4096, PICTURE_NS = 16639000 };

/* The screen: what was shown, in order. */
struct screen {
    struct video_port port;
    unsigned count;
    struct seen {
        u64 number, hash;
    } seen[LIMIT];
};

static void see(struct video_port *p, const struct video_frame *f)
{
    struct screen *s = container_of(p, struct screen, port);

    assert_true(s->count < LIMIT);
    s->seen[s->count++] =
        (struct seen) { f->number, XXH3_64bits(f->pixels, (size_t)f->stride_bytes * f->height) };
}
static const struct video_ops see_ops = { see };

static struct mews *open_game(size_t memory)
{
    struct mews_options o = { .size = sizeof o };
    const char *guests = getenv("MEWS_GUESTS");
    struct mews_error e;
    struct mews *m;
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/nes/hawk/hawk.nes", guests ? guests : "build/dev/guests");
    if (mews_open(path, &o, &m, &e) || (memory && mews_rewind_memory(m, memory, &e)) ||
        mews_press(m, "70:Start:3", &e) || mews_press(m, "150:Right:2000", &e) ||
        mews_press(m, "300:A:9", &e) || mews_press(m, "500:A+B:40", &e))
        fail_msg("%s", e.text);
    return m;
}

static void forwards(struct mews *m, u64 frames)
{
    struct mews_stop_info info;

    assert_int_equal(mews_run_frames(m, frames, &info), MEWS_STOP_FRAME);
}

static void as_before(const struct screen *s, unsigned first, unsigned count,
                      const struct screen *was)
{
    for (unsigned i = first; i < first + count; i++) {
        assert_in_range(s->seen[i].number, 1, was->count);
        if (s->seen[i].hash != was->seen[s->seen[i].number - 1].hash)
            fail_msg("picture %llu is another", (unsigned long long)s->seen[i].number);
    }
}

static void try_memory(size_t memory, bool all)
{
    static struct screen was, now;
    struct mews *m = open_game(memory);
    struct rewind *r = malloc(sizeof *r);
    u64 start, t, worst = 0;
    unsigned pictures = 0, late = 0;
    struct err e;

    was = now = (struct screen) { .port.ops = &see_ops };
    m->video.next = &was.port;
    forwards(m, FRAMES);
    m->video.next = &now.port;
    assert_int_equal(rewind_begin(r, m, &now.port, &e), 0);
    start = clock_now_ns();
    while ((!all ? pictures < 700 : true)) {
        t = clock_now_ns();
        if (!rewind_step(r, 1))
            break;
        t = clock_now_ns() - t;
        worst = t > worst && pictures ? t : worst;
        late += t > PICTURE_NS;
        pictures++;
    }
    t = clock_now_ns() - start;
    print_message("%zu KiB: %u pictures backwards, %.2f ms each, at most %.2f ms, %u late\n",
                  memory >> 10, pictures, (double)t / 1e6 / pictures, (double)worst / 1e6, late);
    assert_int_equal(now.count, pictures);
    for (unsigned i = 0; i < pictures; i++)
        assert_int_equal(now.seen[i].number, FRAMES - 1 - i);
    if (all)
        assert_int_equal(pictures, FRAMES - 1);
    as_before(&now, 0, pictures, &was);
    assert_int_equal(rewind_end(r, &e), 0);
    assert_int_equal(mews_frames(m), now.seen[pictures - 1].number);
    assert_false(api_past(m));
    now.count = 0;
    forwards(m, 100); /* the buttons are written down by frame: it lives again as it did */
    assert_int_equal(now.count, 100);
    as_before(&now, 0, 100, &was);
    free(r);
    mews_close(m);
}

static void pictures_come_backwards(void **state)
{
    (void)state;
    try_memory(64 << 20, true);
}

/* So little memory that most checkpoints are gone: it takes longer, and is the same. */
static void also_where_the_past_is_coarse(void **state)
{
    (void)state;
    try_memory(300 << 10, false);
}

static void nothing_is_remembered(void **state)
{
    struct mews *m = open_game(0);
    struct rewind r;
    struct err e;

    (void)state;
    forwards(m, 5);
    assert_int_equal(rewind_begin(&r, m, NULL, &e), -ERR_STATE);
    mews_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_come_backwards),
        cmocka_unit_test(also_where_the_past_is_coarse),
        cmocka_unit_test(nothing_is_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
