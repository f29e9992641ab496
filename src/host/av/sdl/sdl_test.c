/* The window front-end on SDL's dummy drivers: what comes in as events goes out as buttons and
 * requests, and a machine is held to its speed. */
#include "host/av/av.h"
#include "host/av/clock.h"

#include <SDL.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { A = 1, B = 2, START = 8, LEFT = 64 };

av_open_fn mews_av_open;

static struct av_settings settings;
static struct av_frontend *fe;
static struct av_events ev;

static int setup(void **state)
{
    struct av_options o = { "test", &settings };
    struct err e;

    (void)state;
    setenv("SDL_VIDEODRIVER", "dummy", 1);
    setenv("SDL_AUDIODRIVER", "dummy", 1);
    setenv("SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS", "1", 1); /* no window has the focus */
    av_settings_init(&settings);
    if (mews_av_open(&fe, &o, &e)) {
        print_error("%s\n", e.text);
        return 1;
    }
    fe->ops->poll(fe, &ev);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fe->ops->close(fe);
    return 0;
}

/* Twice: after SDL_WaitEventTimeout(), SDL may tell once that there is nothing when there is. */
static void poll_events(void)
{
    unsigned requests;

    fe->ops->poll(fe, &ev);
    requests = ev.requests;
    fe->ops->poll(fe, &ev);
    ev.requests |= requests;
}

static void key(SDL_Scancode code, bool down)
{
    SDL_Event k = { .key = { .type = down ? SDL_KEYDOWN : SDL_KEYUP } };

    k.key.keysym.scancode = code;
    SDL_PushEvent(&k);
    poll_events();
}

static u32 buttons(unsigned pad)
{
    return fe->input->ops->buttons(fe->input, pad);
}

static void keyboard(void **state)
{
    SDL_Event lost = { .window = { .type = SDL_WINDOWEVENT, .event = SDL_WINDOWEVENT_FOCUS_LOST } };

    (void)state;
    key(SDL_SCANCODE_X, true);
    key(SDL_SCANCODE_LEFT, true);
    assert_int_equal(buttons(0), A | LEFT);
    key(SDL_SCANCODE_X, false);
    assert_int_equal(buttons(0), LEFT);
    SDL_PushEvent(&lost);
    fe->ops->poll(fe, &ev);
    assert_int_equal(buttons(0), 0);
    key(SDL_SCANCODE_F2, true);
    assert_int_equal(ev.requests, AV_RESET);
    key(SDL_SCANCODE_ESCAPE, true);
    assert_int_equal(ev.requests, AV_QUIT);
    SDL_PushEvent(&(SDL_Event) { .type = SDL_QUIT });
    fe->ops->poll(fe, &ev);
    assert_int_equal(ev.requests, AV_QUIT);
}

static void dropped_file(void **state)
{
    SDL_Event drop = { .drop = { .type = SDL_DROPFILE, .file = SDL_strdup("/some/game.nes") } };

    (void)state;
    SDL_PushEvent(&drop);
    fe->ops->poll(fe, &ev);
    assert_int_equal(ev.requests, AV_LOAD_FILE);
    assert_string_equal(ev.file, "/some/game.nes");
    fe->ops->poll(fe, &ev);
    assert_null(ev.file);
}

static int plug(SDL_Joystick **stick)
{
    int device = SDL_JoystickAttachVirtual(SDL_JOYSTICK_TYPE_GAMECONTROLLER,
                                           SDL_CONTROLLER_AXIS_MAX, SDL_CONTROLLER_BUTTON_MAX, 0);

    assert_true(device >= 0);
    poll_events();
    *stick = SDL_JoystickOpen(device);
    assert_non_null(*stick);
    return device;
}

static void controllers(void **state)
{
    SDL_Joystick *one, *two;
    int first, second;

    (void)state;
    first = plug(&one);
    second = plug(&two);
    SDL_JoystickSetVirtualButton(one, SDL_CONTROLLER_BUTTON_B, 1);
    SDL_JoystickSetVirtualButton(two, SDL_CONTROLLER_BUTTON_START, 1);
    SDL_JoystickSetVirtualAxis(two, SDL_CONTROLLER_AXIS_LEFTX, -30000);
    poll_events();
    assert_int_equal(buttons(0), A);
    assert_int_equal(buttons(1), START | LEFT);
    SDL_JoystickSetVirtualAxis(two, SDL_CONTROLLER_AXIS_LEFTX, 0);
    poll_events();
    assert_int_equal(buttons(1), START);
    SDL_JoystickClose(two);
    SDL_JoystickDetachVirtual(second);
    poll_events();
    assert_int_equal(buttons(1), 0);
    assert_int_equal(buttons(0), A);
    SDL_JoystickClose(one);
    SDL_JoystickDetachVirtual(first);
    poll_events();
}

/* One picture and its sound; the frames' own pace is an NTSC console's. */
static void run_frame(u64 number)
{
    static u16 pixels[240 * 256];
    static s16 samples[1024];
    struct video_frame f = { VIDEO_NES, 256, 240, 512, pixels, number, 8, 7 };
    u32 pace = fe->audio->ops->pace(fe->audio);

    fe->ops->poll(fe, &ev);
    memset(pixels, (int)number, sizeof pixels);
    fe->video->ops->frame(fe->video, &f);
    fe->audio->ops->samples(fe->audio, samples, (size_t)(798.7 * pace / 65536));
    fe->ops->present(fe);
}

static void speed(void **state)
{
    u64 start, taken;

    (void)state;
    for (u64 i = 1; i <= 10; i++) /* the queue fills */
        run_frame(i);
    start = clock_now_ns();
    for (u64 i = 1; i <= 60; i++)
        run_frame(i);
    taken = clock_now_ns() - start;
    assert_in_range(taken, 800000000, 1600000000); /* the dummy card is no exact clock */
    key(SDL_SCANCODE_TAB, true);
    assert_true(ev.fast);
    start = clock_now_ns();
    for (u64 i = 1; i <= 60; i++)
        run_frame(i);
    assert_true(clock_now_ns() - start < taken);
    key(SDL_SCANCODE_TAB, false);
    assert_false(ev.fast);
    fe->ops->mute(fe, true); /* the caller keeps time */
    start = clock_now_ns();
    for (u64 i = 1; i <= 60; i++)
        run_frame(i);
    assert_true(clock_now_ns() - start < taken);
    fe->ops->mute(fe, false);
}

static void pause_and_step(void **state)
{
    u64 start;

    (void)state;
    run_frame(1);
    key(SDL_SCANCODE_P, true);
    assert_true(ev.paused);
    SDL_FlushEvents(SDL_FIRSTEVENT, SDL_LASTEVENT);
    start = clock_now_ns();
    fe->ops->present(fe);
    assert_in_range(clock_now_ns() - start, 0, 500000000);
    key(SDL_SCANCODE_PERIOD, true);
    assert_int_equal(ev.requests, AV_STEP);
    run_frame(2);
    assert_true(ev.paused);
    key(SDL_SCANCODE_P, false);
    key(SDL_SCANCODE_P, true);
    assert_false(ev.paused);
}

static void odd_pictures(void **state)
{
    static u32 pixels[700 * 500];
    static const struct {
        unsigned w, h;
    } sizes[] = { { 1, 1 }, { 3, 2 }, { 700, 500 }, { 256, 224 }, { 7, 400 } };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct video_frame f = { VIDEO_XRGB8888, sizes[i].w, sizes[i].h, sizes[i].w * 4,
                                 pixels,         i + 1,      1,          1 };

        fe->video->ops->frame(fe->video, &f);
        for (int fit = 0; fit < 4; fit++) {
            key(SDL_SCANCODE_F10, true);
            key(SDL_SCANCODE_F10, false);
            fe->ops->present(fe);
        }
    }
    for (int i = 0; i < 2; i++) {
        key(SDL_SCANCODE_F11, true);
        key(SDL_SCANCODE_F11, false);
        fe->ops->message(fe, "A long message: the quick brown fox jumps over the lazy dog, and "
                             "then over it again, until three lines of text are full of foxes");
        fe->ops->present(fe);
    }
    fe->ops->title(fe, "another");
    assert_int_equal(ev.requests, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keyboard, setup, teardown),
        cmocka_unit_test_setup_teardown(dropped_file, setup, teardown),
        cmocka_unit_test_setup_teardown(controllers, setup, teardown),
        cmocka_unit_test_setup_teardown(speed, setup, teardown),
        cmocka_unit_test_setup_teardown(pause_and_step, setup, teardown),
        cmocka_unit_test_setup_teardown(odd_pictures, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
