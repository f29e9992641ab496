/* replay: plays a recording, to look at it, to get its digests, or to verify it. */
#include "app/run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct option_row replay_options[] = {
    { "speed", "N|max",
      "so many times its own speed; else 1 where it is shown, max where it is not" },
    { "until", "TIME", "end after so many pictures (600), seconds (10.5s) or ticks (1000000t)" },
    { "verify", NULL, "compare its state with the recorded one; status 1 if they differ" },
    { "video", "sdl|terminal", "where to show it; else what there is" },
    { "headless", NULL, "no picture, no sound" },
    OPTION_SANDBOX,
    OPTIONS_WRITTEN,
    { "json", NULL, "headless: print digests as JSON" },
    { "trace", NULL, "a line per instruction on standard output" },
    { "snapshot", "FILE", "write a snapshot when the replay ends, however it ends" },
    { NULL, NULL, NULL },
};

enum { STEPS_PER_SECOND = 60 };

static bool positive(const char *text, char **end, double *out)
{
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *out = strtod(text, end);
    return !errno && isfinite(*out) && *out >= 0;
}

int speed_parse(const struct command *c, const char *text, double *factor)
{
    double n = 0;
    char *end;

    if (strcmp(text, "max") != 0 && (!positive(text, &end, &n) || *end || n < 0.01 || n > 1000))
        return usage(c, "--speed %s: want a number from 0.01 to 1000, or max", text);
    *factor = n;
    return 0;
}

int replay_check(struct run *r)
{
    const struct command *c = r->command;

    if (!r->headless && (r->hash || r->report || r->screenshot || r->audio || r->json))
        return usage(c, "--hash, --report, --screenshot, --audio and --json want --headless");
    return r->speed ? speed_parse(c, r->speed, &r->factor) : 0;
}

/* Of the machine's own time only the machine knows. */
int replay_begin(struct run *r, struct mews *m)
{
    struct mews_error e;
    double n;
    char *unit;

    r->end = UINT64_MAX;
    if (!r->speed && !r->headless && mews_can(m, "picture", NULL))
        r->factor = 1;
    if (r->until) {
        if (!positive(r->until, &unit, &n) || n > 1e15 || (*unit && unit[1]) ||
            !strchr("st", *unit))
            return usage(r->command, "--until %s: want pictures (600), seconds (10.5s), ticks (9t)",
                         r->until);
        if (*unit)
            r->end = *unit == 's' ? (uint64_t)(n * mews_hz(m)) : (uint64_t)n;
        else if (!mews_can(m, "picture", NULL))
            return usage(r->command, "--until %s: it makes no pictures: want seconds (10.5s)",
                         r->until);
        else
            r->frames = (uint64_t)n;
    }
    mews_show_as(m, r->factor, r->end, r->until && r->end == UINT64_MAX ? r->frames : UINT64_MAX);
    return r->verify && mews_verify(m, &e) ? fail_error(&e) : 0;
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void wait_until(double when)
{
    double left = when - seconds();
    struct timespec t = { (time_t)left, (long)((left - floor(left)) * 1e9) };

    if (left > 0)
        nanosleep(&t, NULL); /* a signal ends it, and then the replay */
}

/* Whether it has come to where it should end. */
static bool over(const struct run *r, struct mews *m)
{
    struct mews_history_info h;
    bool counted = r->until && r->end == UINT64_MAX;

    return mews_now(m) >= r->end || (counted && mews_frames(m) >= r->frames) ||
           (mews_history(m, &h) && mews_now(m) >= h.end);
}

int replay_quietly(const struct run *r, struct mews *m)
{
    double hz = mews_hz(m), start = seconds();
    uint64_t first = mews_now(m), step = (uint64_t)(hz / STEPS_PER_SECOND);
    struct mews_stop_info info = { .why = MEWS_STOP_TIME };

    while (!over(r, m) && !run_interrupted()) {
        uint64_t left = r->end - mews_now(m);

        if (mews_can(m, "picture", NULL) && r->end == UINT64_MAX)
            mews_run_frames(m, 1, &info);
        else
            mews_run(m, left < step ? left : step, &info);
        if (info.why == MEWS_STOP_HOST && r->verify)
            return EXIT_FAILED; /* which replay_end() says */
        if (info.why != MEWS_STOP_TIME && info.why != MEWS_STOP_FRAME && info.why != MEWS_STOP_IDLE)
            return run_ended(&info);
        if (r->factor > 0)
            wait_until(start + (double)(mews_now(m) - first) / hz / r->factor);
    }
    return run_interrupted();
}

int replay_end(struct run *r, struct mews *m, int status)
{
    struct mews_history_info h;
    struct mews_error e;
    uint64_t compared;

    if (mews_history(m, &h) && h.cut_off && mews_now(m) >= h.end)
        fprintf(stderr, "mews: the recording was cut off %.3f s after it began\n",
                (double)(h.end - h.first) / mews_hz(m));
    if (!r->verify)
        return status;
    if (mews_verdict(m, &compared, &e))
        return fail_error(&e);
    fprintf(stderr, "mews: the same at all %llu moments that were compared\n",
            (unsigned long long)compared);
    return status;
}

int cmd_replay(const struct command *c, int argc, char **argv)
{
    return run_command(c, argc, argv, RUN_RECORDING);
}
