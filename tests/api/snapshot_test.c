/* Snapshots through include/mews/mews.h: a chain of a game that is played, what it is squashed
 * into, and what is refused. */
#include "mews/mews.h"
#include "svc/snap/snap.h"
#include "tests/svc/ram.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINKS = 4, FRAMES = 30 };

static char dir[] = "/tmp/mews-snapshot-XXXXXX";
static char names[LINKS + 2][64]; /* of the chain; then of what it becomes */

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    for (unsigned k = 0; k < LINKS + 2; k++)
        snprintf(names[k], sizeof names[k], "%s/%u.snap", dir, k);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    for (unsigned k = 0; k < LINKS + 2; k++)
        unlink(names[k]);
    return rmdir(dir);
}

static struct mews *open_game(void)
{
    const struct mews_options o = { .size = sizeof o };
    const char *guests = getenv("MEWS_GUESTS");
    char path[4096];
    struct mews_error e;
    struct mews *m;

    if (!guests)
        skip();
    snprintf(path, sizeof path, "%s/nes/hawk/hawk.nes", guests);
    if (access(path, R_OK))
        skip();
    if (mews_open(path, &o, &m, &e))
        fail_msg("%s", e.text);
    return m;
}

static struct mews *restore(const char *path)
{
    struct mews_error e;
    struct mews *m;

    if (mews_restore(path, NULL, &m, &e))
        fail_msg("%s", e.text);
    return m;
}

static int save(struct mews *m, const char *path, bool incremental, struct mews_snapshot_info *info,
                struct mews_error *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), r;

    assert_true(fd >= 0);
    r = mews_snapshot_to(m, fd, incremental, info, e);
    close(fd);
    return r;
}

static void same_pictures(struct mews *a, struct mews *b)
{
    char da[41], db[41];
    struct mews_error e;

    mews_run_frames(a, FRAMES, NULL);
    mews_run_frames(b, FRAMES, NULL);
    assert_int_equal(mews_digest(a, "picture", da, &e), 0);
    assert_int_equal(mews_digest(b, "picture", db, &e), 0);
    assert_string_equal(da, db);
    assert_int_equal(mews_frames(a), mews_frames(b));
}

static void count_difference(void *ctx, const char *where, const char *a, const char *b)
{
    print_message("%s: %s, %s\n", where, a, b);
    ++*(unsigned *)ctx;
}

static unsigned differences(const char *a, const char *b)
{
    struct mews_image *ia = NULL, *ib = NULL;
    struct mews_error e;
    unsigned count = 0;

    if (mews_image_open(a, &ia, &e) || mews_image_open(b, &ib, &e) ||
        mews_image_diff(ia, ib, count_difference, &count, &e))
        fail_msg("%s", e.text);
    mews_image_close(ia);
    mews_image_close(ib);
    return count;
}

static void a_chain_is_squashed_and_goes_on(void **state)
{
    const char *flat = names[LINKS], *whole = names[LINKS + 1];
    struct mews *m = open_game(), *copy;
    struct mews_snapshot_info info;
    struct mews_error e;

    (void)state;
    assert_int_not_equal(save(m, names[0], true, &info, &e), 0);
    assert_non_null(strstr(e.text, "there is no snapshot yet that this could be based on"));
    for (unsigned k = 0; k < LINKS; k++) {
        mews_run_frames(m, FRAMES, NULL);
        if (save(m, names[k], k > 0, &info, &e))
            fail_msg("%s", e.text);
        assert_int_equal(info.paused_bytes, info.written_bytes);
        assert_true(k ? info.written_bytes < info.memory_bytes : info.file_bytes > 0);
    }
    assert_int_equal(mews_snapshot(m, whole, NULL, &e), 0);
    assert_int_not_equal(mews_restore(names[1], NULL, &copy, &e), 0);
    assert_non_null(strstr(e.text, "mews snapshot --squash"));
    /* The first two become one, in which the rest goes on. */
    assert_int_equal(mews_squash((const char *[]) { names[1], names[0] }, 2, flat, 3, &info, &e),
                     0);
    assert_int_equal(
        mews_squash((const char *[]) { names[3], flat, names[2] }, 3, names[0], 0, &info, &e), 0);
    assert_int_equal(differences(names[0], whole), 0);
    copy = restore(names[0]);
    same_pictures(m, copy);
    mews_close(copy);
    mews_close(m);
}

/* An image of a kind that this program has not. */
static void another_kind_is_refused(void **state)
{
    struct mews_error error;
    struct recipe recipe;
    struct machine *m;
    struct mews *none;
    struct err e;
    int fd = open(names[0], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    char want[128];

    (void)state;
    assert_int_equal(ram_create(4096, &m, &recipe, &e), 0);
    assert_int_equal(snap_save(m, &recipe, fd, NULL, NULL, &e), 0);
    close(fd);
    m->kind->destroy(m);
    recipe_fini(&recipe);
    assert_true(mews_is_snapshot(names[0]));
    assert_int_not_equal(mews_restore(names[0], NULL, &none, &error), 0);
    snprintf(want, sizeof want, "%s: there is no kind 'ram'", names[0]);
    assert_string_equal(error.text, want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_squashed_and_goes_on),
        cmocka_unit_test(another_kind_is_refused),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
