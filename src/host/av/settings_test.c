#include "host/av/settings.h"

#include "base/file.h"
#include "host/av/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bool bound(const struct av_settings *s, unsigned action, bool pad, unsigned code)
{
    for (unsigned i = 0; i < s->binding_count; i++)
        if (s->bindings[i].action == action && s->bindings[i].pad == pad &&
            s->bindings[i].code == code)
            return true;
    return false;
}

static void names(void **state)
{
    (void)state;
    assert_int_equal(key_find("a"), 4);
    assert_int_equal(key_find("Z"), 29);
    assert_int_equal(key_find("1"), 30);
    assert_int_equal(key_find("0"), 39);
    assert_int_equal(key_find("return"), 40);
    assert_int_equal(key_find("F12"), 69);
    assert_int_equal(key_find("keypad1"), 89);
    assert_int_equal(key_find("keypad0"), 98);
    assert_int_equal(key_find("nothing"), KEY_NONE);
    for (unsigned i = 0; i < KEY_COUNT; i++)
        if (key_name(i))
            assert_int_equal(key_find(key_name(i)), i);
    assert_int_equal(pad_part_find("dpad"), -1);
    assert_int_equal(pad_part_find("START"), 6);
    for (unsigned i = 0; i < PAD_PART_COUNT; i++)
        assert_int_equal(pad_part_find(pad_part_name(i)), i);
    assert_null(pad_part_name(PAD_PART_COUNT));
}

static void defaults(void **state)
{
    static struct av_settings s;

    (void)state;
    av_settings_init(&s);
    assert_int_equal(s.scale, 3);
    assert_int_equal(s.crop.top, 8);
    assert_int_equal(s.crop.left, 0);
    assert_true(s.vsync);
    assert_false(s.fullscreen);
    for (unsigned a = 0; a < ACT_COUNT; a++) { /* nothing is out of reach */
        bool any = false;

        for (unsigned i = 0; i < s.binding_count; i++)
            any |= s.bindings[i].action == a;
        assert_true(any);
    }
    for (unsigned i = 0; i < s.binding_count; i++) /* and no key does two things */
        for (unsigned j = 0; j < i; j++)
            assert_false(!s.bindings[i].pad && !s.bindings[j].pad &&
                         s.bindings[i].code == s.bindings[j].code);
}

static void file(void **state)
{
    static const char text[] = "[video]\nscale = 4\nfit = Integer\ncrop = 1 2  3 4\nvsync = no\n"
                               "fullscreen = YES\nscreenshots = shots\n"
                               "[audio]\nvolume = 0\nlatency = 100\nmute = yes\n"
                               "[player 2]\nA = P , pad:R1\nB = none\n"
                               "[hotkeys]\npause = X\n";
    static struct av_settings s;
    struct err e;

    (void)state;
    av_settings_init(&s);
    assert_int_equal(av_settings_parse(&s, text, sizeof text - 1, "/etc/mews", &e), 0);
    assert_int_equal(s.scale, 4);
    assert_int_equal(s.fit, FIT_INTEGER);
    assert_int_equal(s.crop.bottom, 2);
    assert_int_equal(s.crop.right, 4);
    assert_true(s.fullscreen && s.mute && !s.vsync);
    assert_int_equal(s.volume, 0);
    assert_int_equal(s.latency_ms, 100);
    assert_string_equal(s.screenshots, "/etc/shots");
    assert_true(bound(&s, 8, false, key_find("P")));
    assert_true(bound(&s, 8, true, (unsigned)pad_part_find("r1")));
    assert_false(bound(&s, 8, true, (unsigned)pad_part_find("b")));
    assert_false(bound(&s, 9, true, (unsigned)pad_part_find("a")));
    assert_true(bound(&s, 1, true, (unsigned)pad_part_find("a"))); /* the first's own stays */
    assert_true(bound(&s, ACT_PAUSE, false, key_find("X")));
    assert_false(bound(&s, ACT_PAUSE, false, key_find("P")));
    assert_false(bound(&s, 0, false, key_find("X"))); /* X had been A by default */
    assert_true(bound(&s, 0, true, (unsigned)pad_part_find("b")));
}

static void refusals(void **state)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        { "scale = 3", "f:1: 'scale' stands before the first [section]" },
        { "[sound]\nx = 1", "f:2: there is no section [sound]" },
        { "[video]\nscale = 0", "f:2: scale is 1 number from 1 to 16, not '0'" },
        { "[video]\nscale = 3x", "f:2: scale is 1 number from 1 to 16, not '3x'" },
        { "[video]\ncrop = 1 2 3", "f:2: crop is 4 numbers from 0 to 64, not '1 2 3'" },
        { "[video]\nfit = big", "f:2: fit is aspect, integer, pixel or stretch, not 'big'" },
        { "[video]\nvsync = maybe", "f:2: vsync is yes or no, not 'maybe'" },
        { "[video]\ncolour = 1", "f:2: [video] has no 'colour'" },
        { "[video]\npalette = /nowhere/x.pal", "f:2: /nowhere/x.pal: No such file or directory" },
        { "[video]\npalette = ", "f:2: palette: not a path" },
        { "[audio]\nbass = 1", "f:2: [audio] has no 'bass'" },
        { "[player 1]\nC = X", "f:2: a controller has no button 'C'" },
        { "[player 1]\nA = Any", "f:2: A: there is no key 'Any'" },
        { "[player 1]\nA = X,", "f:2: A: there is no key ''" },
        { "[player 1]\nA = pad:z", "f:2: A: a controller has no 'z'" },
        { "[player 3]\nA = X", "f:2: there is no section [player 3]" },
        { "[hotkeys]\nfly = F1", "f:2: [hotkeys] has no 'fly'" },
    };
    static struct av_settings s;
    struct err e;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        av_settings_init(&s);
        assert_int_not_equal(av_settings_parse(&s, bad[i].text, strlen(bad[i].text), "f", &e), 0);
        assert_string_equal(e.text, bad[i].why);
    }
}

static void too_many_keys(void **state)
{
    static char text[4000];
    static struct av_settings s;
    struct err e;

    (void)state;
    strcpy(text, "[hotkeys]\nquit = A");
    for (int i = 0; i < BINDINGS_MAX; i++)
        strcat(text, ", A");
    av_settings_init(&s);
    assert_int_equal(av_settings_parse(&s, text, strlen(text), "f", &e), -ERR_LIMIT);
}

static void places(void **state)
{
    static struct av_settings s;
    char dir[] = "/tmp/mews-settings.XXXXXX", path[128], pal[192];
    struct err e;

    (void)state;
    assert_non_null(mkdtemp(dir));
    setenv("XDG_CONFIG_HOME", dir, 1);
    assert_int_equal(av_settings_load(&s, NULL, &e), 0);
    assert_int_equal(av_settings_load(&s, "/nowhere/config", &e), -ERR_SYS);
    memset(pal, 0x55, sizeof pal);
    snprintf(path, sizeof path, "%s/mews/my.pal", dir);
    assert_int_equal(file_make_parents(path, &e), 0);
    assert_int_equal(file_write(path, pal, sizeof pal, &e), 0);
    snprintf(path, sizeof path, "%s/mews/config", dir);
    assert_int_equal(file_write(path, "[video]\npalette = my.pal\n", 25, &e), 0);
    assert_int_equal(av_settings_load(&s, NULL, &e), 0);
    assert_true(s.have_palette);
    assert_int_equal(s.palette.rgb[3], 0x555555);
    assert_int_equal(file_write(path, "oops\n", 5, &e), 0);
    assert_int_equal(av_settings_load(&s, NULL, &e), -ERR_FORMAT);
    assert_non_null(strstr(e.text, "/mews/config:1: not 'key = value': 'oops'"));
    unlink(path);
    snprintf(path, sizeof path, "%s/mews/my.pal", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/mews", dir);
    rmdir(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),    cmocka_unit_test(defaults),      cmocka_unit_test(file),
        cmocka_unit_test(refusals), cmocka_unit_test(too_many_keys), cmocka_unit_test(places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
