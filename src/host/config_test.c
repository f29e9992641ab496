#include "host/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Writes what it is called with: "section/key=value@line;". */
static int collect(void *context, const struct config_line *l, struct err *e)
{
    char *out = context;

    if (!strcmp(l->key, "bad"))
        return err_set(e, ERR_USAGE, "no %s", l->value);
    sprintf(out + strlen(out), "%s/%s=%s@%u;", l->section, l->key, l->value, l->line);
    return 0;
}

static void grammar(void **state)
{
    static const char text[] = "# a comment\n"
                               "first = 1 # one\n"
                               "\n"
                               "[ video ]  # here\r\n"
                               "  path=/a#b/c \t\r\n"
                               "empty =\n"
                               "[player 1]\n"
                               "A = X, = Y";
    char out[256] = "";
    struct err e;

    (void)state;
    assert_int_equal(config_parse(text, sizeof text - 1, "f", collect, out, &e), 0);
    assert_string_equal(out, "/first=1@2;video/path=/a#b/c@5;video/empty=@6;player 1/A=X, = Y@8;");
    assert_int_equal(config_parse("", 0, "f", collect, out, &e), 0);
}

static void refusals(void **state)
{
    static const struct {
        const char *text, *why;
        int code;
    } bad[] = {
        { "a = 1\nnonsense\n", "f:2: not 'key = value': 'nonsense'", ERR_FORMAT },
        { "= 1", "f:1: not 'key = value': '= 1'", ERR_FORMAT },
        { "\n\n[video", "f:3: a section is [name], not '[video'", ERR_FORMAT },
        { "[]", "f:1: a section is [name], not '[]'", ERR_FORMAT },
        { "a = 1\nbad = luck", "f:2: no luck", ERR_USAGE },
    };
    char out[256] = "";
    struct err e;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(config_parse(bad[i].text, strlen(bad[i].text), "f", collect, out, &e),
                         -bad[i].code);
        assert_string_equal(e.text, bad[i].why);
    }
    assert_int_equal(config_parse("a = \0b\n", 7, "f", collect, out, &e), -ERR_FORMAT);
}

static void places(void **state)
{
    char path[PATH_MAX];
    struct err e;

    (void)state;
    setenv("HOME", "/home/x", 1);
    setenv("XDG_CONFIG_HOME", "relative", 1);
    assert_int_equal(config_path(path, &e), 0);
    assert_string_equal(path, "/home/x/.config/mews/config");
    setenv("XDG_CONFIG_HOME", "/etc/x", 1);
    assert_int_equal(config_path(path, &e), 0);
    assert_string_equal(path, "/etc/x/mews/config");
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("HOME");
    assert_int_equal(config_path(path, &e), -ERR_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grammar),
        cmocka_unit_test(refusals),
        cmocka_unit_test(places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
