#include "host/av/controls.h"

#include "host/av/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { A = 1, B = 2, START = 8, UP = 16, DOWN = 32, LEFT = 64, RIGHT = 128 };

static struct av_settings settings;
static struct controls c;

static int setup(void **state)
{
    (void)state;
    av_settings_init(&settings);
    controls_init(&c, &settings);
    return 0;
}

static void press(const char *key, bool down)
{
    controls_key(&c, key_find(key), down);
}

static void part(unsigned pad, const char *name, bool down)
{
    controls_pad(&c, pad, (unsigned)pad_part_find(name), down);
}

static void keys_hold(void **state)
{
    (void)state;
    press("X", true);
    press("Return", true);
    assert_int_equal(controls_buttons(&c, 0), A | START);
    assert_int_equal(controls_buttons(&c, 1), 0);
    assert_int_equal(controls_buttons(&c, 2), 0);
    press("X", false);
    assert_int_equal(controls_buttons(&c, 0), START);
    press("X", true);
    part(0, "b", true); /* a second holder of A */
    press("X", false);
    assert_int_equal(controls_buttons(&c, 0), A | START);
    controls_release_keys(&c);
    assert_int_equal(controls_buttons(&c, 0), A);
    controls_release_pad(&c, 0);
    assert_int_equal(controls_buttons(&c, 0), 0);
}

static void pads_are_apart(void **state)
{
    (void)state;
    part(1, "a", true);
    assert_int_equal(controls_buttons(&c, 0), 0);
    assert_int_equal(controls_buttons(&c, 1), B);
    part(0, "start", true);
    assert_int_equal(controls_buttons(&c, 0), START);
    controls_release_pad(&c, 1);
    assert_int_equal(controls_buttons(&c, 1), 0);
    assert_int_equal(controls_buttons(&c, 0), START);
}

static void opposites(void **state)
{
    (void)state;
    press("Left", true);
    press("Up", true);
    assert_int_equal(controls_buttons(&c, 0), LEFT | UP);
    press("Right", true);
    assert_int_equal(controls_buttons(&c, 0), UP);
    press("Left", false);
    assert_int_equal(controls_buttons(&c, 0), RIGHT | UP);
}

static void sticks(void **state)
{
    (void)state;
    controls_axis(&c, 0, 0, -15000);
    assert_int_equal(controls_buttons(&c, 0), 0);
    controls_axis(&c, 0, 0, -32768);
    assert_int_equal(controls_buttons(&c, 0), LEFT);
    controls_axis(&c, 0, 0, -15000); /* not yet let go */
    assert_int_equal(controls_buttons(&c, 0), LEFT);
    controls_axis(&c, 0, 0, 32767);
    assert_int_equal(controls_buttons(&c, 0), RIGHT);
    controls_axis(&c, 0, 0, 0);
    controls_axis(&c, 1, 1, 20000);
    assert_int_equal(controls_buttons(&c, 0), 0);
    assert_int_equal(controls_buttons(&c, 1), DOWN);
}

static struct av_events take(void)
{
    struct av_events ev = { 0 };

    controls_take(&c, &ev);
    return ev;
}

static void taps_are_seen(void **state)
{
    (void)state;
    press("X", true);
    press("X", false);
    part(1, "start", true);
    part(1, "start", false);
    take();
    assert_int_equal(controls_buttons(&c, 0), A);
    assert_int_equal(controls_buttons(&c, 1), START);
    take(); /* for one picture */
    assert_int_equal(controls_buttons(&c, 0), 0);
    assert_int_equal(controls_buttons(&c, 1), 0);
}

static void hotkeys(void **state)
{
    (void)state;
    press("F2", true);
    press("F2", true); /* a keyboard's repeat is no second press */
    assert_int_equal(take().requests, AV_RESET);
    assert_int_equal(take().requests, 0);
    press("F12", true);
    press("Escape", true);
    assert_int_equal(take().requests, AV_SCREENSHOT | AV_QUIT);
    press("P", true);
    assert_true(take().paused);
    assert_string_equal(c.note, "Paused");
    press("P", false);
    press("P", true);
    assert_false(take().paused);
    press("Period", true);
    assert_true(take().paused);
    press("F6", true);
    press("F5", true);
    assert_int_equal(c.requests, AV_SAVE_STATE);
    assert_int_equal(take().slot, 1);
    press("F7", true);
    assert_int_equal(take().requests, AV_LOAD_STATE);
    press("F8", true);
    assert_int_equal(take().requests, AV_LOAD_STATE);
}

static void speed_and_sound(void **state)
{
    (void)state;
    press("Tab", true);
    assert_true(take().fast);
    press("Tab", false);
    assert_false(take().fast);
    press("R", true);
    assert_true(take().rewind && !take().fast);
    press("R", false);
    assert_false(take().rewind);
    part(0, "l2", true);
    assert_true(take().rewind);
    part(0, "l2", false);
    press("Grave", true);
    assert_true(take().fast);
    press("Minus", true);
    assert_int_equal(c.volume, 90);
    assert_string_equal(c.note, "Volume 90%");
    for (int i = 0; i < 12; i++) {
        press("Minus", false);
        press("Minus", true);
    }
    assert_int_equal(c.volume, 0);
    press("M", true);
    assert_true(c.mute);
    press("Equals", true);
    assert_false(c.mute);
    for (int i = 0; i < 4; i++) {
        press("F10", false);
        press("F10", true);
    }
    assert_int_equal(c.fit, settings.fit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keys_hold, setup),
        cmocka_unit_test_setup(pads_are_apart, setup),
        cmocka_unit_test_setup(opposites, setup),
        cmocka_unit_test_setup(sticks, setup),
        cmocka_unit_test_setup(taps_are_seen, setup),
        cmocka_unit_test_setup(hotkeys, setup),
        cmocka_unit_test_setup(speed_and_sound, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
