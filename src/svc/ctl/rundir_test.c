#include "svc/ctl/rundir.h"
#include "svc/ctl/rundir_rig.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void names(void **state)
{
    static const char *const good[] = { "a", "A-b_c.d", "0" };
    static const char *const bad[] = { "", ".", "..", ".a", "-a", "a/b", "a b", "\303\244", "a\n" };
    char longest[RUNDIR_NAME_MAX + 2] = "";

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(rundir_name(good[i]));
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(rundir_name(bad[i]));
    memset(longest, 'n', RUNDIR_NAME_MAX);
    assert_true(rundir_name(longest));
    longest[RUNDIR_NAME_MAX] = 'n';
    assert_false(rundir_name(longest));
}

static void list_name(void *ctx, const char *name, enum rundir_state s)
{
    char *text = ctx;

    snprintf(text + strlen(text), 200 - strlen(text), "%s%s ", name, s == RUNDIR_ALIVE ? "+" : "-");
}

static const char *list(int all)
{
    static char text[200];
    struct err e;

    text[0] = 0;
    assert_int_equal(rundir_list(all, list_name, text, &e), 0);
    return text;
}

static void a_life(void **state)
{
    struct rundir a, b;
    char text[100];
    struct err e;
    struct stat st;
    int all, fd, client;

    (void)state;
    assert_int_equal(rundir_open(&all, &e), 0);
    assert_int_equal(rundir_look(all, "a"), RUNDIR_NOTHING);
    assert_int_equal(rundir_connect(all, "a", &client, &e), -ERR_USAGE);
    assert_int_equal(rundir_claim("a", &a, &e), 0);
    assert_int_equal(rundir_look(all, "a"), RUNDIR_ALIVE);
    assert_int_equal(rundir_claim("a", &b, &e), -ERR_STATE);
    assert_int_equal(rundir_claim("a*", &b, &e), 0);
    assert_string_equal(b.name, "a-2");
    assert_int_equal(rundir_claim("../a", &b, &e), -ERR_USAGE);
    assert_int_equal(rundir_remove(all, "a", &e), -ERR_STATE);

    assert_int_equal(rundir_describe(&a, "{}", &e), 0);
    assert_true(rundir_text(all, "a", "machine.json", text, sizeof text));
    assert_string_equal(text, "{}");
    assert_int_equal(rundir_listen(&a, &fd, &e), 0);
    assert_int_equal(fstatat(a.dir, "control.sock", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(rundir_connect(all, "a", &client, &e), 0);
    close(client);
    close(fd);
    assert_string_equal(list(all), "a+ a-2+ ");

    rundir_end(&a, "{\"x\":1}\n", 8);
    rundir_fini(&a, false);
    assert_int_equal(rundir_look(all, "a"), RUNDIR_ENDED);
    assert_int_equal(rundir_connect(all, "a", &client, &e), -ERR_STATE);
    assert_true(rundir_text(all, "a", "status", text, sizeof text));
    assert_string_equal(text, "{\"x\":1}");
    assert_int_equal(rundir_claim("a", &a, &e), -ERR_STATE);
    assert_string_equal(list(all), "a- a-2+ ");
    assert_int_equal(rundir_remove(all, "a", &e), 0);
    assert_int_equal(rundir_remove(all, "a", &e), -ERR_USAGE);
    rundir_fini(&b, true);
    assert_string_equal(list(all), "");
    close(all);
}

static void *let_go_soon(void *d)
{
    nanosleep(&(struct timespec) { 0, 50000000 }, NULL);
    rundir_fini(d, false);
    return NULL;
}

/* Whoever has heard of the end looks at once, when its process is not quite gone. */
static void one_that_is_just_ending_has_ended(void **state)
{
    pthread_t thread;
    struct rundir a;
    struct err e;
    int all, client;

    (void)state;
    assert_int_equal(rundir_open(&all, &e), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(rundir_claim("a", &a, &e), 0);
        rundir_end(&a, "{\"x\":1}\n", 8);
        assert_int_equal(pthread_create(&thread, NULL, let_go_soon, &a), 0);
        if (i)
            assert_int_equal(rundir_connect(all, "a", &client, &e), -ERR_STATE);
        else
            assert_string_equal(list(all), "a- ");
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(rundir_remove(all, "a", &e), 0);
    }
    close(all);
}

/* One process lives through all of a machine's states again and again and is killed somewhere in
 * there: whatever it leaves, the name can be had again, and nothing is listed that is not there. */
static void live_and_die(void)
{
    for (;;) {
        struct rundir d;
        struct err e;
        int fd;

        if (rundir_claim("k", &d, &e))
            _exit(1);
        if (rundir_describe(&d, "{}", &e) || rundir_listen(&d, &fd, &e))
            _exit(2);
        rundir_end(&d, "{\"forget\":true}\n", 16);
        close(fd);
        rundir_fini(&d, true);
    }
}

static void killed_at_any_moment(void **state)
{
    unsigned seed = 1, stale = 0;
    struct err e;
    int all;

    (void)state;
    assert_int_equal(rundir_open(&all, &e), 0);
    for (unsigned i = 0; i < 300; i++) {
        struct rundir d;
        pid_t child = fork();
        int status;

        if (!child)
            live_and_die();
        nanosleep(&(struct timespec) { 0, rand_r(&seed) % 3000000 }, NULL);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status)); /* it tripped over nothing itself */
        stale += rundir_look(all, "k") == RUNDIR_STALE;
        assert_int_not_equal(rundir_look(all, "k"), RUNDIR_ALIVE);
        if (i % 3 == 0)
            assert_string_equal(list(all), "");
        if (i % 3 == 1)
            assert_true(!rundir_remove(all, "k", &e) || e.code == ERR_USAGE);
        assert_int_equal(rundir_claim("k", &d, &e), 0);
        rundir_fini(&d, true);
        assert_int_equal(rundir_look(all, "k"), RUNDIR_NOTHING);
    }
    assert_true(stale > 10); /* the moments were such */
    close(all);
}

static void a_directory_of_others_is_refused(void **state)
{
    char path[100];
    struct err e;
    int all;

    (void)state;
    snprintf(path, sizeof path, "%s/mews", rundir_base);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(rundir_open(&all, &e), -ERR_STATE);
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(rundir_open(&all, &e), 0);
    close(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(a_life),
        cmocka_unit_test(one_that_is_just_ending_has_ended),
        cmocka_unit_test(killed_at_any_moment),
        cmocka_unit_test(a_directory_of_others_is_refused),
    };

    return cmocka_run_group_tests(tests, rundir_rig_make, rundir_rig_remove);
}
