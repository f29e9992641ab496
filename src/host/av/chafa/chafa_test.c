/* The terminal front-end in a terminal of ours: a child has it as its controlling one, and this
 * test is what a person's terminal program would be. */
#include "host/av/av.h"
#include "host/av/clock.h"

#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

enum { SEEN_MAX = 1 << 20 };

av_open_fn mews_av_open;

/* ---- the child: a machine of moving stripes ---- */

static void run_frame(struct av_frontend *fe, u64 number)
{
    static u16 pixels[240 * 256];
    static s16 samples[798];
    struct video_frame f = { VIDEO_NES, 256, 240, 512, pixels, number, 8, 7 };

    for (unsigned i = 0; i < ARRAY_SIZE(pixels); i++)
        pixels[i] = (i / 16 + number) & 63;
    fe->video->ops->frame(fe->video, &f);
    fe->audio->ops->samples(fe->audio, samples, ARRAY_SIZE(samples));
}

/* Ends with the buttons that it saw, all together, as its exit status. */
static int child(void)
{
    static struct av_settings settings;
    struct av_options o = { "the title", &settings };
    struct av_frontend *fe;
    struct av_events ev;
    u32 seen = 0;
    struct err e;

    unsetenv("COLORTERM");
    setenv("TERM", "xterm-256color", 1);
    av_settings_init(&settings);
    if (mews_av_open(&fe, &o, &e)) {
        fprintf(stderr, "%s\n", e.text);
        return 255;
    }
    for (u64 n = 1;; n++) {
        fe->ops->poll(fe, &ev);
        if (ev.requests & AV_QUIT)
            break;
        run_frame(fe, n);
        seen |= fe->input->ops->buttons(fe->input, 0);
        fe->ops->present(fe);
    }
    fe->ops->close(fe);
    return (int)seen;
}

/* ---- the terminal ---- */

struct screen {
    int fd;
    pid_t pid;
    const char *answer; /* to the questions, which end with CSI c */
    bool answered;
    char *seen;
    size_t used;
};

static bool saw(const struct screen *s, const char *text)
{
    return memmem(s->seen, s->used, text, strlen(text));
}

/* Reads until `text` was seen, or for `ms`. */
static bool wait_for(struct screen *s, const char *text, int ms)
{
    u64 end = clock_now_ns() + (u64)ms * 1000000;

    while (clock_now_ns() < end) {
        ssize_t n = 0;

        if (text && saw(s, text))
            return true;
        if (poll(&(struct pollfd) { s->fd, POLLIN, 0 }, 1, 20) > 0)
            n = read(s->fd, s->seen + s->used, SEEN_MAX - s->used);
        if (n < 0)
            break; /* the child is gone */
        s->used += (size_t)n;
        if (s->used == SEEN_MAX) /* only what comes now matters */
            s->used = 0;
        if (!s->answered && saw(s, "\33[c")) {
            s->answered = true;
            assert_int_equal(write(s->fd, s->answer, strlen(s->answer)), strlen(s->answer));
        }
    }
    return text && saw(s, text);
}

static struct screen screen_open(const char *answer)
{
    struct winsize size = { .ws_row = 25, .ws_col = 80, .ws_xpixel = 640, .ws_ypixel = 400 };
    struct screen s = { .answer = answer, .seen = malloc(SEEN_MAX) };

    assert_non_null(s.seen);
    s.pid = forkpty(&s.fd, NULL, NULL, &size);
    if (!s.pid)
        _exit(child());
    assert_true(s.pid > 0);
    return s;
}

/* Waits for the end, and gives what waitpid() says. */
static int screen_close(struct screen *s)
{
    u64 end = clock_now_ns() + 10 * 1000000000ULL;
    struct termios t;
    pid_t ended;
    int status;

    while (!(ended = waitpid(s->pid, &status, WNOHANG)) && clock_now_ns() < end) {
        wait_for(s, NULL, 20);
        usleep(1000); /* dead but not yet gone: it may be writing a core file */
    }
    assert_int_equal(ended, s->pid);
    wait_for(s, NULL, 20);
    assert_int_equal(tcgetattr(s->fd, &t), 0);
    assert_true((t.c_lflag & (ICANON | ECHO)) == (ICANON | ECHO)); /* as it had been */
    assert_true(t.c_oflag & OPOST);
    assert_true(saw(s, "\33[?25h\33[?1049l"));
    close(s->fd);
    free(s->seen);
    return status;
}

static void type(struct screen *s, const char *keys)
{
    assert_int_equal(write(s->fd, keys, strlen(keys)), strlen(keys));
}

static void blocks(void **state)
{
    struct screen s = screen_open("\33[?62;22c");
    int status;

    (void)state;
    assert_true(wait_for(&s, "\33[?2026l", 10000));
    assert_true(saw(&s, "\33[?1049h"));
    assert_true(saw(&s, "\33[38;") || saw(&s, "\33[48;"));
    assert_false(saw(&s, "\33P"));
    assert_true(wait_for(&s, "the title", 10000));
    type(&s, "x\33[C");
    wait_for(&s, NULL, 300);
    type(&s, "\33");
    status = screen_close(&s);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1 | 128); /* A, Right */
}

/* While paused, the keys are still heard: a lone Escape among them. */
static void leaving_a_pause(void **state)
{
    struct screen s = screen_open("\33[?62;22c");

    (void)state;
    assert_true(wait_for(&s, "the title", 10000));
    type(&s, "p");
    assert_true(wait_for(&s, "Paused", 10000));
    type(&s, "\33");
    assert_int_equal(screen_close(&s), 0);
}

static void sixel(void **state)
{
    struct screen s = screen_open("\33[?62;4;22c");

    (void)state;
    assert_true(wait_for(&s, "\33P", 10000));
    type(&s, "\3");
    assert_int_equal(screen_close(&s), 0);
}

static void kitty(void **state)
{
    struct screen s = screen_open("\33[?0u\33_Gi=31;OK\33\\\33[?62;c");
    int status;

    (void)state;
    assert_true(wait_for(&s, "\33_Ga=T,i=1,", 10000));
    assert_true(saw(&s, "\33[>11u"));
    type(&s, "\33[120;1:1u"); /* X goes down */
    wait_for(&s, NULL, 300);
    type(&s, "\33[120;1:3u\33[27u");
    status = screen_close(&s);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

static void silent_terminal(void **state)
{
    struct screen s = screen_open("");

    (void)state;
    assert_true(wait_for(&s, "\33[?2026l", 10000));
    kill(s.pid, SIGTERM);
    assert_int_equal(screen_close(&s), 0);
}

static void killed(void **state)
{
    static const int signals[] = { SIGQUIT, SIGABRT };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        struct screen s = screen_open("\33[?62c");
        int status;

        assert_true(wait_for(&s, "\33[?2026l", 10000));
        kill(s.pid, signals[i]);
        status = screen_close(&s);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
    }
}

/* A terminal that takes nothing for a while does not hold the machine back, nor does output pile
 * up: the number of pictures sent is what was taken. */
static void slow_terminal(void **state)
{
    struct screen s = screen_open("\33[?62c");

    (void)state;
    assert_true(wait_for(&s, "\33[?2026l", 10000));
    s.used = 0;
    usleep(1500000); /* 45 pictures' time */
    wait_for(&s, NULL, 100);
    assert_in_range(s.used, 1, 200000);
    type(&s, "\3");
    assert_int_equal(screen_close(&s), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks),          cmocka_unit_test(leaving_a_pause),
        cmocka_unit_test(sixel),           cmocka_unit_test(kitty),
        cmocka_unit_test(silent_terminal), cmocka_unit_test(killed),
        cmocka_unit_test(slow_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
