/* mews_show() in a window on no screen: a file that is dropped becomes the machine in it, what is
 * none changes nothing, and the first one's battery RAM is stored; a key plays backwards, states go
 * to slots and come back. The hand that drops is a thread
 * which pushes SDL's own events. */
#include "mews/mews.h"

#include <SDL2/SDL.h>
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/mews-show-XXXXXX";

static const char *in_dir(const char *name)
{
    static char path[4][128];
    static unsigned next;
    char *p = path[next++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

/* A cartridge of 16 KiB with these bytes at $C000, where it starts; 8 KiB of battery RAM or RAM. */
static void write_cartridge(const char *name, bool battery, const uint8_t *code, size_t len)
{
    static uint8_t rom[16 + 16384 + 8192];
    FILE *f = fopen(in_dir(name), "wb");

    memset(rom, 0, sizeof rom);
    memcpy(rom, "NES\x1a\1\1", 6);
    rom[6] = battery ? 2 : 0;
    memcpy(rom + 16, code, len);
    rom[16 + 0x3ffd] = 0xc0;
    assert_non_null(f);
    assert_int_equal(fwrite(rom, sizeof rom, 1, f), 1);
    fclose(f);
}

/* INC $6000; loop: JMP loop */
static const uint8_t counts_starts[] = { 0xee, 0x00, 0x60, 0x4c, 0x03, 0xc0 };
/* A result by the protocol at $6000: passed, without a word. */
static const uint8_t passes[] = { 0xa9, 0xde, 0x8d, 0x01, 0x60, 0xa9, 0xb0, 0x8d, 0x02,
                                  0x60, 0xa9, 0x61, 0x8d, 0x03, 0x60, 0xa9, 0x00, 0x8d,
                                  0x00, 0x60, 0x8d, 0x04, 0x60, 0x4c, 0x17, 0xc0 };

static int (*push)(SDL_Event *);
static Uint32 (*was_init)(Uint32);
static char *(*copy)(const char *);
static SDL_bool (*is_waiting)(Uint32 type);

static void drop(const char *path)
{
    SDL_Event e = { .drop = { .type = SDL_DROPFILE, .file = copy(path) } };

    push(&e);
    usleep(500000);
}

static void *hand(void *unused)
{
    (void)unused;
    while (!was_init(SDL_INIT_GAMECONTROLLER))
        usleep(10000);
    usleep(300000);
    drop(in_dir("nowhere.nes"));
    drop(in_dir("hello.hk")); /* has no picture */
    drop(in_dir("passes.nes"));
    push(&(SDL_Event) { .type = SDL_QUIT });
    return NULL;
}

static bool find_sdl(void)
{
    void *sdl = dlopen("libSDL2-2.0.so.0", RTLD_NOW);

    if (!sdl)
        return false;
    push = (int (*)(SDL_Event *))(uintptr_t)dlsym(sdl, "SDL_PushEvent");
    was_init = (Uint32(*)(Uint32))(uintptr_t)dlsym(sdl, "SDL_WasInit");
    copy = (char *(*)(const char *))(uintptr_t)dlsym(sdl, "SDL_strdup");
    is_waiting = (SDL_bool(*)(Uint32))(uintptr_t)dlsym(sdl, "SDL_HasEvent");
    return push && was_init && copy && is_waiting;
}

static void a_file_is_dropped(void **state)
{
    struct mews_options o = { .size = sizeof o, .saves = dir };
    struct mews_stop_info info;
    struct mews_error e;
    struct mews *m;
    pthread_t t;
    uint8_t starts = 0;
    FILE *f;

    (void)state;
    if (!find_sdl()) {
        print_message("skipped: there is no SDL2\n");
        skip();
    }
    write_cartridge("counts.nes", true, counts_starts, sizeof counts_starts);
    write_cartridge("passes.nes", false, passes, sizeof passes);
    f = fopen(in_dir("hello.hk"), "wb");
    assert_non_null(f);
    fprintf(f, "HKNS%24576s", "");
    fclose(f);
    assert_int_equal(mews_open(in_dir("counts.nes"), &o, &m, &e), 0);
    assert_int_equal(pthread_create(&t, NULL, hand, NULL), 0);
    assert_int_equal(mews_show(m, "sdl", &info, &e), 0);
    pthread_join(t, NULL);
    assert_int_equal(mews_test(m, NULL, 0), MEWS_TEST_PASSED);
    assert_int_equal(mews_finish(m, &e), 0);
    f = fopen(in_dir("counts.sav"), "rb");
    assert_non_null(f);
    assert_int_equal(fread(&starts, 1, 1, f), 1);
    fclose(f);
    assert_int_equal(starts, 1);
    mews_close(m);
}

/* A pause ends when the program is told to. */
static void *pause_then_kick(void *m)
{
    SDL_Event key = { .key = { .type = SDL_KEYDOWN } };

    while (!was_init(SDL_INIT_GAMECONTROLLER))
        usleep(10000);
    key.key.keysym.scancode = SDL_SCANCODE_P;
    usleep(300000);
    push(&key);
    usleep(300000);
    mews_kick(m);
    return NULL;
}

static void a_pause_is_kicked(void **state)
{
    struct mews_stop_info info;
    struct mews_error e;
    struct mews *m;
    pthread_t t;

    (void)state;
    if (!push)
        skip();
    assert_int_equal(mews_open(in_dir("passes.nes"), NULL, &m, &e), 0);
    assert_int_equal(pthread_create(&t, NULL, pause_then_kick, m), 0);
    assert_int_equal(mews_show(m, "sdl", &info, &e), 0);
    assert_int_equal(info.why, MEWS_STOP_KICK);
    pthread_join(t, NULL);
    mews_close(m);
}

/* ---- backwards, and slots ---- */

static void press_key(SDL_Scancode code, bool down)
{
    SDL_Event key = { .key = { .type = down ? SDL_KEYDOWN : SDL_KEYUP } };

    key.key.keysym.scancode = code;
    push(&key);
}

static void tap(SDL_Scancode code)
{
    press_key(code, true);
    usleep(100000);
    press_key(code, false);
    usleep(200000);
}

static void shown(void)
{
    while (!was_init(SDL_INIT_GAMECONTROLLER))
        usleep(10000);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Until the window's thread has looked for events once more: it has shown a picture since it looked
 * the last time. */
static void picture_passes(void)
{
    push(&(SDL_Event) { .type = SDL_USEREVENT });
    while (is_waiting(SDL_USEREVENT))
        usleep(1000);
}

enum { REWOUND = 60 }; /* of which a few make up for what was played before the key was seen */

/* The last two are found in the queue at once: hardly a picture comes after the key. */
static void *rewind_for_pictures(void *seconds)
{
    double start;

    shown();
    start = now();
    press_key(SDL_SCANCODE_R, true);
    for (unsigned i = 0; i < REWOUND; i++)
        picture_passes();
    press_key(SDL_SCANCODE_R, false);
    push(&(SDL_Event) { .type = SDL_QUIT });
    *(double *)seconds = now() - start;
    return NULL;
}

static void a_key_plays_backwards(void **state)
{
    enum { FRAMES = 180 };
    struct mews_history_info h;
    struct mews_stop_info info;
    struct mews_error e;
    struct mews *m;
    pthread_t t;
    double seconds;
    int back;

    (void)state;
    if (!push)
        skip();
    assert_int_equal(mews_open(in_dir("passes.nes"), NULL, &m, &e), 0);
    assert_int_equal(mews_rewind_memory(m, 16 << 20, &e), 0);
    mews_run_frames(m, FRAMES, NULL);
    assert_int_equal(pthread_create(&t, NULL, rewind_for_pictures, &seconds), 0);
    assert_int_equal(mews_show(m, "sdl", &info, &e), 0);
    pthread_join(t, NULL);
    back = FRAMES - (int)mews_frames(m);
    print_message("%d pictures backwards in %.2f s\n", back, seconds);
    assert_in_range(back, REWOUND / 2, (int)(seconds * 61) + 30);
    assert_true(mews_history(m, &h) && !h.past);
    assert_int_equal(h.end, mews_now(m)); /* what came after is gone */
    mews_close(m);
}

static void *save_and_load(void *unused)
{
    (void)unused;
    shown();
    tap(SDL_SCANCODE_F5);
    tap(SDL_SCANCODE_F6);
    tap(SDL_SCANCODE_F8);       /* empty */
    for (int i = 0; i < 9; i++) /* round to slot 0 */
        tap(SDL_SCANCODE_F6);
    tap(SDL_SCANCODE_F7);
    push(&(SDL_Event) { .type = SDL_QUIT });
    return NULL;
}

static void states_go_to_slots(void **state)
{
    struct mews_image_info saved;
    struct mews_stop_info info;
    struct mews_image *image;
    struct mews_error e;
    struct mews *m;
    pthread_t t;

    (void)state;
    if (!push)
        skip();
    assert_int_equal(mews_open(in_dir("passes.nes"), NULL, &m, &e), 0);
    assert_int_equal(pthread_create(&t, NULL, save_and_load, NULL), 0);
    assert_int_equal(mews_show(m, "sdl", &info, &e), 0);
    pthread_join(t, NULL);
    assert_int_equal(mews_image_open(in_dir("mews/states/passes.0.snap"), &image, &e), 0);
    mews_image_info(image, &saved);
    /* All the keys after the save would take far more. */
    assert_in_range(mews_frames(m), saved.frames, saved.frames + 60);
    mews_image_close(image);
    assert_int_not_equal(access(in_dir("mews/states/passes.1.snap"), F_OK), 0);
    mews_close(m);
}

static int setup(void **state)
{
    (void)state;
    setenv("SDL_VIDEODRIVER", "dummy", 1);
    setenv("SDL_AUDIODRIVER", "dummy", 1);
    return !mkdtemp(dir) || setenv("XDG_CONFIG_HOME", dir, 1) || setenv("XDG_DATA_HOME", dir, 1);
}

static int teardown(void **state)
{
    static const char *const names[] = { "counts.nes", "counts.sav", "passes.nes", "hello.hk",
                                         "mews/states/passes.0.snap" };

    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_dir(names[i]));
    rmdir(in_dir("mews/states"));
    rmdir(in_dir("mews"));
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_dropped),
        cmocka_unit_test(a_pause_is_kicked),
        cmocka_unit_test(a_key_plays_backwards),
        cmocka_unit_test(states_go_to_slots),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
