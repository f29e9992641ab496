/* trace: a machine's events, a line each, while it runs. */
#include "app/app.h"

#include "base/types.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option_row trace_options[] = {
    { "events", "EVENT[@FIRST[-LAST]],...",
      "which (cpu.write@2000-2007,ppu.*); else cpu.step; list: say what there is" },
    { "format", "text|json", "how; an instruction's text is as in nestest.log" },
    { "output", "FILE", "to a file; else on standard output" },
    { "frames", "N", "end after N pictures" },
    { "count", "N", "end after N events" },
    { "press", "FRAME:BUTTONS[:COUNT]", "hold buttons meanwhile; repeatable" },
    { "kind", "KIND", "the kind of machine, when the thing's own bytes should not decide" },
    { "set", "PATH=VALUE", "a setting of the machine (mews info lists them); repeatable" },
    { "share", "DIR", "a directory in which a 6502v program may open files" },
    { NULL, NULL, NULL },
};

enum { ASKED_MAX = 64 };

struct tracing {
    const struct command *command;
    struct mews_options options;
    const char *settings[ASKED_MAX + 1], *press[ASKED_MAX];
    unsigned setting_count, press_count;
    const char *events, *output;
    bool json;
    uint64_t frames, count, said; /* 0: no end */
    struct mews *m;
    FILE *out;
};

static _Atomic(struct mews *) running;
static volatile sig_atomic_t interrupted;

static void on_signal(int n)
{
    struct mews *m = running;

    interrupted = n;
    if (m)
        mews_kick(m);
}

static int number(struct tracing *t, const char *name, const char *text, uint64_t *out)
{
    char *end;

    *out = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end
               ? 0
               : usage(t->command, "--%s %s: not a number", name, text);
}

static int set_option(void *ctx, const char *name, const char *value)
{
    struct tracing *t = ctx;

    if (!strcmp(name, "events")) {
        t->events = value;
    } else if (!strcmp(name, "output")) {
        t->output = value;
    } else if (!strcmp(name, "kind")) {
        t->options.kind = value;
    } else if (!strcmp(name, "share")) {
        t->options.share = value;
    } else if (!strcmp(name, "frames")) {
        return number(t, name, value, &t->frames);
    } else if (!strcmp(name, "count")) {
        return number(t, name, value, &t->count);
    } else if (!strcmp(name, "format")) {
        if (strcmp(value, "text") != 0 && strcmp(value, "json") != 0)
            return usage(t->command, "--format %s: want text or json", value);
        t->json = *value == 'j';
    } else {
        const char **list = *name == 's' ? t->settings : t->press;
        unsigned *count = *name == 's' ? &t->setting_count : &t->press_count;

        if (*count == ASKED_MAX)
            return usage(t->command, "more than %d of --%s", ASKED_MAX, name);
        list[(*count)++] = value;
    }
    return 0;
}

static void print_event(void *ctx, const char *name, const char *doc, const char *first,
                        const char *second)
{
    (void)ctx;
    printf("%-14s %s", name, doc);
    if (first)
        printf(" (%s%s%s)", first, second ? ", " : "", second ? second : "");
    putchar('\n');
}

static void print_line(void *ctx, const char *line)
{
    struct tracing *t = ctx;

    if (t->count && t->said >= t->count)
        return;
    fprintf(t->out, "%s\n", line);
    if (++t->said == t->count || ferror(t->out))
        mews_kick(t->m);
}

static int run(struct tracing *t)
{
    struct mews_stop_info info = { .why = MEWS_STOP_TIME };
    struct mews_error e;

    if (mews_trace_events(t->m, t->events, t->json, print_line, t, &e))
        return fail_error(&e);
    for (unsigned i = 0; i < t->press_count; i++)
        if (mews_press(t->m, t->press[i], &e))
            return usage(t->command, "--press %s", e.text);
    if (t->frames && !mews_can(t->m, "picture", NULL))
        return usage(t->command, "--frames: this machine makes no pictures");
    if (mews_can(t->m, "picture", NULL) && !t->frames && !t->count)
        return usage(t->command, "a machine with a screen never ends: --frames or --count");
    running = t->m;
    if (t->frames)
        mews_run_frames(t->m, t->frames, &info);
    else
        do
            mews_run(t->m, UINT64_MAX, &info);
        while ((info.why == MEWS_STOP_IDLE || info.why == MEWS_STOP_BREAK) && !interrupted);
    running = NULL;
    if (interrupted)
        return 128 + interrupted;
    if (info.why == MEWS_STOP_FAULT || info.why == MEWS_STOP_HOST)
        return fail(info.text);
    return info.why == MEWS_STOP_HALT ? info.status : 0;
}

static int trace(struct tracing *t)
{
    struct sigaction a = { .sa_handler = on_signal };
    int status;

    if (!strcmp(t->events, "list")) {
        mews_events(t->m, print_event, NULL);
        return 0;
    }
    t->out = t->output ? fopen(t->output, "we") : stdout;
    if (!t->out) {
        perror(t->output);
        return EXIT_FAILED;
    }
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    status = run(t);
    if (t->output && fclose(t->out)) {
        perror(t->output);
        status = EXIT_FAILED;
    }
    return status;
}

int cmd_trace(const struct command *c, int argc, char **argv)
{
    struct tracing t = { .command = c, .events = "cpu.step", .options.size = sizeof t.options };
    struct mews_error e;
    int at = options_parse(c, argc, argv, set_option, &t), status;

    if (at < 0)
        return options_end(at);
    if (at >= argc)
        return usage(c, "wants a THING");
    t.options.settings = t.settings;
    t.options.args = (const char *const *)argv + at + 1;
    t.options.console = true;
    if (mews_open(argv[at], &t.options, &t.m, &e))
        return fail_error(&e);
    status = trace(&t);
    mews_close(t.m);
    return status;
}
