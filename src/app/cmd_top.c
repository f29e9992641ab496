/* top: the machines and what they use, again and again. */
#include "app/remote.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

const struct option_row top_options[] = {
    { "interval", "SECONDS", "from one look to the next; else 1" },
    { "count", "N", "end after N looks; else when q is pressed" },
    { NULL, NULL, NULL },
};

struct top {
    double interval;
    long count;
};

static volatile sig_atomic_t ended;

static void on_signal(int n)
{
    ended = n;
}

static int set_option(void *ctx, const char *name, const char *value)
{
    struct top *t = ctx;
    char *end;
    double n = strtod(value, &end);
    bool interval = !strcmp(name, "interval");

    if (end == value || *end || !(n >= (interval ? 0.05 : 1) && n <= 86400)) {
        fprintf(stderr, "mews: top: --%s %s: want a number\n", name, value);
        return -1;
    }
    if (interval)
        t->interval = n;
    else
        t->count = (long)n;
    return 0;
}

static const json_t *find(const json_t *list, const json_t *like)
{
    const json_t *j;
    size_t k;

    json_array_foreach(list, k,
                       j) if (!strcmp(remote_text(j, "name"), remote_text(like, "name")) &&
                              remote_number(j, "pid") == remote_number(like, "pid")) return j;
    return NULL;
}

/* A second of it, since the last look or since it began. */
static double rate(const json_t *was, const json_t *is, const char *key)
{
    double seconds = remote_number(is, "age_seconds") - remote_number(was, "age_seconds");

    return seconds > 0 ? (remote_number(is, key) - remote_number(was, key)) / seconds : 0;
}

static void print_row(const json_t *was, const json_t *is)
{
    char age[16], memory[16];

    if (!was) /* a copy began with what its original had */
        was = json_object_get(is, "began");
    remote_duration(remote_number(is, "age_seconds"), age);
    remote_size(remote_number(is, "resident_bytes"), memory);
    printf("%-20s %-6s %-8s %8s %6.1f %8s %8.2f %9.2f  %s\033[K\n", remote_text(is, "name"),
           remote_text(is, "kind"), remote_state(is), age, 100 * rate(was, is, "cpu_seconds"),
           memory, rate(was, is, "frames"), rate(was, is, "guest_seconds"),
           remote_text(is, "thing"));
}

static void print_all(const json_t *was, const json_t *is, bool clear)
{
    const json_t *j;
    size_t k;

    if (clear)
        fputs("\033[H", stdout);
    printf("%-20s %-6s %-8s %8s %6s %8s %8s %9s  %s%s\n", "NAME", "KIND", "STATE", "AGE", "CPU%",
           "RSS", "FRAMES/S", "GUEST S/S", "THING", clear ? "\033[K" : "");
    json_array_foreach(is, k, j) if (json_object_get(j, "age_seconds")) print_row(find(was, j), j);
    if (clear)
        fputs("\033[J", stdout);
    fflush(stdout);
}

/* Waits; false: the person has enough. */
static bool wait_or_key(double seconds, bool keys)
{
    struct pollfd p = { keys ? 0 : -1, POLLIN, 0 };
    char key = 0;

    if (poll(&p, 1, (int)(seconds * 1000)) > 0)
        return read(0, &key, 1) == 1 && key != 'q' && key != 3;
    return !ended;
}

static int watch(const struct top *t, bool screen)
{
    struct mews_error e;
    json_t *was = NULL, *is;
    long looks = t->count;

    do {
        is = remote_machines(&e);
        if (!is)
            break;
        print_all(was, is, screen);
        json_decref(was);
        was = is;
    } while (!ended && (!looks || --looks) && wait_or_key(t->interval, screen));
    json_decref(was);
    return is ? 0 : -1;
}

int cmd_top(const struct command *c, int argc, char **argv)
{
    struct top t = { 1, 0 };
    int i = options_parse(c, argc, argv, set_option, &t), failed;
    bool screen = isatty(0) && isatty(1);
    struct termios before, raw;

    if (i < 0)
        return options_end(i);
    if (i < argc)
        return usage(c, "takes no argument");
    for (unsigned k = 0; k < 3; k++)
        sigaction((const int[]) { SIGINT, SIGTERM, SIGHUP }[k],
                  &(struct sigaction) { .sa_handler = on_signal }, NULL);
    if (screen) {
        tcgetattr(0, &before);
        raw = before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        tcsetattr(0, TCSANOW, &raw);
        fputs("\033[?1049h\033[?25l\033[2J", stdout);
    }
    failed = watch(&t, screen);
    if (screen) {
        fputs("\033[?25h\033[?1049l", stdout);
        fflush(stdout);
        tcsetattr(0, TCSANOW, &before);
    }
    return failed ? fail("the run directory cannot be read") : ended ? 128 + (int)ended : 0;
}
