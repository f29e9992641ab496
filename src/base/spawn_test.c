/* Programs of Debian's: sh, printf, sleep. */
#include "base/spawn.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

struct said {
    char text[4096];
    unsigned lines;
};

static void hear(void *ctx, const char *text)
{
    struct said *s = ctx;
    size_t len = strlen(s->text);

    snprintf(s->text + len, sizeof s->text - len, "<%s>", text);
    s->lines++;
}

static int shell(const char *script, struct spawn *s, struct said *said, struct err *e)
{
    const char *const argv[] = { "sh", "-c", script, NULL };

    memset(said, 0, sizeof *said);
    s->argv = argv;
    s->line = hear;
    s->ctx = said;
    return spawn_run(s, e);
}

static void its_lines(void **state)
{
    struct spawn s = { .directory = "/usr" };
    struct said said;
    struct err e;

    (void)state;
    assert_int_equal(shell("pwd; echo two >&2; printf '10%%\\r20%%\\n\\nend'; cat", &s, &said, &e),
                     0);
    assert_string_equal(said.text, "</usr><two><10%><20%><end>");
    assert_int_equal(shell("head -c 3000 /dev/zero | tr '\\0' x; echo; echo y", &s, &said, &e), 0);
    assert_int_equal(said.lines, 2);
    assert_int_equal(strlen(said.text), SPAWN_LINE - 1 + 2 + 3);
}

static void how_it_ends(void **state)
{
    const char *const nothing[] = { "mews-has-no-such-program", NULL };
    struct spawn s = { .directory = NULL };
    struct said said;
    struct err e;

    (void)state;
    assert_int_equal(shell("exit 7", &s, &said, &e), -ERR_STATE);
    assert_string_equal(e.text, "sh: exit status 7");
    assert_int_equal(shell("kill -9 $$", &s, &said, &e), -ERR_STATE);
    assert_string_equal(e.text, "sh: ended by signal 9");
    s.argv = nothing;
    assert_int_equal(spawn_run(&s, &e), -ERR_SYS);
    assert_non_null(strstr(e.text, "mews-has-no-such-program: No such file"));
    s.directory = "/no/such/directory";
    assert_int_equal(shell(":", &s, &said, &e), -ERR_SYS);
    assert_true(spawn_has("sh"));
    assert_false(spawn_has(nothing[0]));
}

/* What the caller has blocked ends it, and its children; signals are not blocked in it. */
static void asked_to_end(void **state)
{
    const struct itimerval soon = { .it_value = { 0, 200000 } };
    struct spawn s = { .directory = NULL };
    struct said said;
    sigset_t set;
    struct err e;

    (void)state;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    assert_int_equal(
        shell("(sleep 0.2; kill -HUP $PPID) & trap 'echo heard; exit 0' TERM; sleep 100 & wait", &s,
              &said, &e),
        -ERR_STATE);
    assert_int_equal(s.signal, SIGHUP);
    assert_string_equal(said.text, "<heard>");
    assert_string_equal(e.text, "sh: interrupted");
    raise(SIGTERM); /* before it begins */
    assert_int_equal(shell("sleep 100", &s, &said, &e), -ERR_STATE);
    assert_int_equal(s.signal, SIGTERM);
    assert_int_equal(shell(":", &s, &said, &e), 0);
    assert_int_equal(s.signal, 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGALRM, SIG_IGN); /* one that is not blocked is not ours */
    setitimer(ITIMER_REAL, &soon, NULL);
    assert_int_equal(shell("sleep 0.4", &s, &said, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_lines),
        cmocka_unit_test(how_it_ends),
        cmocka_unit_test(asked_to_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
