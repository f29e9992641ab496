#include "host/av/chafa/term.h"

#include "base/own.h"
#include "host/av/clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

enum { ANSWER_NS = 300000000 };

/* What the signal handlers need. `active` is the last to be set and the first to be cleared. */
static struct {
    volatile sig_atomic_t active, ended, redraw;
    int fd;
    bool kitty_keys, kitty_graphics;
    struct termios before, raw;
    struct sigaction old[9];
} shared;

/* Asked to go, politely: the main loop does it. */
static const int polite[] = { SIGINT, SIGTERM, SIGHUP };
/* The process is about to die, or to stop. */
static const int fatal[] = { SIGQUIT, SIGSEGV, SIGBUS, SIGABRT, SIGFPE };

#define ENTER        "\33[?1049h\33[?25l\33[2J"
#define LEAVE        "\33[?2026l\33[0m\33[?25h\33[?1049l"
#define KEYS_ON      "\33[>11u" /* disambiguate, report event types, report all keys as sequences */
#define PICTURES_OFF "\33_Ga=d,d=A,q=2\33\\"
#define KEYS_OFF     "\33[<u"

/* ---- what signal handlers may do: write and tcsetattr ---- */

static void say(const char *text)
{
    size_t left = strlen(text);

    while (left) { /* not blocking: a terminal that stands still must not hold us */
        ssize_t n = write(shared.fd, text, left);

        if (n < 0 && errno == EAGAIN &&
            poll(&(struct pollfd) { shared.fd, POLLOUT, 0 }, 1, 100) > 0)
            continue;
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0) {
            text += n;
            left -= (size_t)n;
        }
    }
}

static void restore(void)
{
    if (!shared.active)
        return;
    shared.active = 0;
    tcflush(shared.fd, TCOFLUSH); /* half a picture: an escape sequence may be cut in it */
    say("\30\33\\");              /* CAN, or ST, ends it */
    if (shared.kitty_keys)
        say(KEYS_OFF);
    if (shared.kitty_graphics)
        say(PICTURES_OFF);
    say(LEAVE);
    tcsetattr(shared.fd, TCSADRAIN, &shared.before);
}

static void take_over(void)
{
    tcsetattr(shared.fd, TCSADRAIN, &shared.raw);
    say(ENTER);
    if (shared.kitty_keys)
        say(KEYS_ON);
    shared.active = 1;
    shared.redraw = 1;
}

static void on_fatal(int sig)
{
    restore();
    signal(sig, SIG_DFL);
    raise(sig);
}

/* The main loop hears of it, and who listened before us. The second time, nobody listens: then it
 * is done here. */
static void on_polite(int sig)
{
    if (shared.ended)
        on_fatal(sig);
    shared.ended = 1;
    for (unsigned i = 0; i < ARRAY_SIZE(polite); i++) {
        const struct sigaction *old = &shared.old[i];

        if (polite[i] == sig && !(old->sa_flags & SA_SIGINFO) && old->sa_handler != SIG_DFL &&
            old->sa_handler != SIG_IGN)
            old->sa_handler(sig);
    }
}

static void on_stop(int sig)
{
    int saved = errno;

    (void)sig;
    restore();
    raise(SIGSTOP);
    take_over(); /* continued */
    errno = saved;
}

static void handlers_set(void)
{
    struct sigaction sa = { 0 };
    unsigned k = 0;

    sigemptyset(&sa.sa_mask);
    sa.sa_handler = on_polite;
    for (unsigned i = 0; i < ARRAY_SIZE(polite); i++)
        sigaction(polite[i], &sa, &shared.old[k++]);
    sa.sa_handler = on_fatal;
    for (unsigned i = 0; i < ARRAY_SIZE(fatal); i++)
        sigaction(fatal[i], &sa, &shared.old[k++]);
    sa.sa_handler = on_stop;
    sigaction(SIGTSTP, &sa, &shared.old[k++]);
    assert(k == ARRAY_SIZE(shared.old));
}

static void handlers_reset(void)
{
    unsigned k = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(polite); i++)
        sigaction(polite[i], &shared.old[k++], NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(fatal); i++)
        sigaction(fatal[i], &shared.old[k++], NULL);
    sigaction(SIGTSTP, &shared.old[k], NULL);
}

bool term_ended(void)
{
    bool was = shared.ended;

    shared.ended = 0;
    return was;
}

bool term_redraw(void)
{
    bool was = shared.redraw;

    shared.redraw = 0;
    return was;
}

/* ---- what it can do ---- */

/* The list of numbers in the answer to CSI c has a 4 for sixel. */
static bool list_has_4(const char *s, const char *end)
{
    for (; s < end; s++)
        if (*s == '4' && (s[-1] == ';' || s[-1] == '?') && (s[1] == ';' || s[1] == 'c'))
            return true;
    return false;
}

/* Every terminal answers CSI c, and in order; so what has not been answered before it never will
 * be. */
static void ask(struct term *t)
{
    static const char questions[] = "\33[?u" /* kitty keyboard protocol */
                                    "\33_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\33\\" /* its graphics */
                                    "\33[c";
    const char *term = getenv("TERM");
    u64 end = clock_now_ns() + ANSWER_NS;
    char answer[256] = "";
    unsigned used = 0;

    if (term && !strcmp(term, "linux")) /* it would print the questions */
        return;
    say(questions);
    while (clock_now_ns() < end && used < sizeof answer - 1) {
        char *device;

        used += term_read(t, answer + used, (unsigned)sizeof answer - 1 - used, 20);
        answer[used] = 0;
        for (device = strstr(answer, "\33[?"); device; device = strstr(device + 1, "\33[?")) {
            char *stop = device + 3 + strspn(device + 3, "0123456789;");

            if (*stop == 'u')
                t->kitty_keys = true;
            if (*stop == 'c') {
                t->sixel = list_has_4(device + 3, stop);
                t->kitty_graphics = strstr(answer, "\33_Gi=31;OK");
                return;
            }
        }
    }
}

/* ---- opening and closing ---- */

int term_open(struct term *t, struct err *e)
{
    if (shared.active)
        return err_set(e, ERR_STATE, "the terminal is in use already");
    *t = (struct term) { .fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK) };
    if (t->fd < 0)
        return err_set(e, ERR_SYS, "no terminal: /dev/tty");
    shared.fd = t->fd;
    if (tcgetattr(t->fd, &shared.before)) {
        close(t->fd);
        return err_set(e, ERR_SYS, "no terminal: /dev/tty");
    }
    shared.raw = shared.before;
    /* Signals stay, as the way out when all else hangs; only output's newlines are left to us. */
    shared.raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
    shared.raw.c_oflag &= ~(tcflag_t)OPOST;
    shared.raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    shared.raw.c_cc[VMIN] = 1;
    shared.raw.c_cc[VTIME] = 0;
    shared.kitty_keys = shared.kitty_graphics = false;
    shared.ended = 0;
    handlers_set();
    take_over();
    ask(t);
    shared.kitty_graphics = t->kitty_graphics;
    if (t->kitty_keys) {
        shared.kitty_keys = true;
        say(KEYS_ON);
    }
    return 0;
}

void term_close(struct term *t)
{
    restore();
    handlers_reset();
    close(t->fd);
    free(t->out);
    *t = (struct term) { .fd = -1 };
}

/* exit() without term_close(). */
__attribute__((destructor)) static void last_resort(void)
{
    restore();
}

struct term_size term_size(const struct term *t)
{
    struct term_size s = { 80, 24, 8, 16 };
    struct winsize w;

    if (ioctl(t->fd, TIOCGWINSZ, &w) || !w.ws_col || !w.ws_row)
        return s;
    s.columns = w.ws_col;
    s.rows = w.ws_row;
    if (w.ws_xpixel / w.ws_col && w.ws_ypixel / w.ws_row) {
        s.cell_width = w.ws_xpixel / w.ws_col;
        s.cell_height = w.ws_ypixel / w.ws_row;
    }
    return s;
}

/* ---- bytes ---- */

void term_put(struct term *t, const void *bytes, size_t len)
{
    if (len > t->room - t->used) {
        size_t room = (t->used + len) * 2;
        char *p = realloc(t->out, room);

        if (!p)
            return;
        t->out = p;
        t->room = room;
    }
    memcpy(t->out + t->used, bytes, len);
    t->used += len;
}

void term_puts(struct term *t, const char *text)
{
    term_put(t, text, strlen(text));
}

bool term_flush(struct term *t)
{
    while (t->sent < t->used) {
        ssize_t n = write(t->fd, t->out + t->sent, t->used - t->sent);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n < 0) { /* the terminal is gone */
            shared.ended = 1;
            break;
        }
        t->sent += (size_t)n;
    }
    t->sent = t->used = 0;
    return true;
}

unsigned term_read(struct term *t, void *bytes, unsigned room, int wait_ms)
{
    ssize_t n;

    if (wait_ms && poll(&(struct pollfd) { t->fd, POLLIN, 0 }, 1, wait_ms) <= 0)
        return 0;
    n = read(t->fd, bytes, room);
    if (n == 0)
        shared.ended = 1; /* hung up */
    return n > 0 ? (unsigned)n : 0;
}
