/* stop: asks a machine to end; one that does not in time is killed. */
#include "app/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct option_row stop_options[] = {
    { "timeout", "SECONDS", "how long it may take before it is killed; else 10" },
    { NULL, NULL, NULL },
};

enum { TIMEOUT_SECONDS = 10, SECONDS_MAX = 1000000 };

static int set_timeout(void *ctx, const char *name, const char *value)
{
    char *end;
    double seconds = strtod(value, &end);

    (void)name;
    if (end == value || *end || !(seconds >= 0 && seconds <= SECONDS_MAX)) {
        fprintf(stderr, "mews: stop: --timeout %s: want seconds\n", value);
        return -1;
    }
    *(double *)ctx = seconds;
    return 0;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The connection breaks when its process is gone. */
static bool gone_within(struct mews_link *l, double seconds)
{
    double end = now() + seconds;

    for (;;) {
        double left = end - now();
        bool gone;

        json_decref(remote_next(l, left > 0 ? (int)(left * 1000) : 0, &gone));
        if (gone || left <= 0)
            return gone;
    }
}

/* The answer is not waited for: the end is. */
static int stop_one(const char *name, double timeout)
{
    struct mews_link *l;
    struct mews_error e;

    if (mews_link_open(name, &l, &e)) {
        if (strstr(e.text, "does not answer") && !mews_kill(name, &e)) {
            fprintf(stderr, "mews: %s: it did not answer, and was killed\n", name);
            return 0;
        }
        return fail_error(&e);
    }
    /* A guest that has a power button is asked; another knows nothing of an end. */
    if (!mews_link_call(l, "machine.power", NULL, NULL, 0, NULL, &e)
            ? gone_within(l, timeout)
            : mews_link_post(l, "stop", NULL, &e) || gone_within(l, timeout)) {
        mews_link_close(l);
        return 0;
    }
    mews_link_close(l);
    if (mews_kill(name, &e))
        return fail_error(&e);
    fprintf(stderr, "mews: %s: it did not stop in time, and was killed\n", name);
    return 0;
}

int cmd_stop(const struct command *c, int argc, char **argv)
{
    double timeout = TIMEOUT_SECONDS;
    int i = options_parse(c, argc, argv, set_timeout, &timeout), status = 0;

    if (i < 0)
        return options_end(i);
    if (i == argc)
        return usage(c, "wants a NAME");
    for (; i < argc; i++) {
        int r = stop_one(argv[i], timeout);

        status = r ? r : status;
    }
    return status;
}
