/* trace: a machine's events, a line each, while it runs; also of one behind one's back. */
#include "app/remote.h"

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
    uint64_t dropped;
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

/* ---- of a machine in another process ---- */

static int remote_list(const char *name)
{
    struct mews_error e;
    json_t *r = remote_ask(name, "trace.events", NULL, &e), *j;
    size_t i;

    if (!r)
        return fail_error(&e);
    json_array_foreach(json_object_get(r, "events"), i, j)
    {
        const char *first = json_string_value(json_object_get(j, "first"));
        const char *second = json_string_value(json_object_get(j, "second"));

        print_event(NULL, remote_text(j, "name"), remote_text(j, "doc"), first, second);
    }
    json_decref(r);
    return 0;
}

/* One notification; true: it was the last. */
static bool remote_heard(struct tracing *t, const json_t *j)
{
    const json_t *params = json_object_get(j, "params");
    const char *name = remote_text(j, "method");

    if (!strcmp(name, "trace.told")) {
        remote_print(t->out, params);
        fflush(t->out);
        t->dropped += (uint64_t)remote_number(params, "dropped");
    } else if (!strcmp(name, "trace.ended")) {
        t->dropped = (uint64_t)remote_number(params, "dropped");
        return true;
    }
    return ferror(t->out);
}

/* No more is to come; what has come is printed. */
static void remote_stop(struct tracing *t, struct mews_link *l)
{
    struct mews_error e;
    json_t *total = remote_call(l, "trace.stop", NULL, &e), *j;
    bool gone;

    while ((j = remote_next(l, 0, &gone))) {
        remote_heard(t, j);
        json_decref(j);
    }
    if (total)
        t->dropped = (uint64_t)remote_number(total, "dropped");
    json_decref(total);
}

static int remote_follow(struct tracing *t, struct mews_link *l, const char *name)
{
    bool gone = false, done = false;
    json_t *j;

    while (!done && !gone && !interrupted)
        if ((j = remote_next(l, 200, &gone))) {
            done = remote_heard(t, j);
            json_decref(j);
        }
    if (interrupted && !gone)
        remote_stop(t, l);
    if (t->dropped)
        fprintf(stderr, "mews: %llu events were dropped: they came faster than they were taken\n",
                (unsigned long long)t->dropped);
    if (gone)
        fprintf(stderr, "mews: %s has ended\n", name);
    return interrupted ? 128 + interrupted : 0;
}

static int trace_named(struct tracing *t, const char *name)
{
    /* A second one ends us without a word: what is printed may be read by nobody. */
    struct sigaction a = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };
    struct mews_error e;
    struct mews_link *l;
    int status;
    json_t *j;

    if (mews_link_open(name, &l, &e))
        return fail_error(&e);
    t->out = t->output ? fopen(t->output, "we") : stdout;
    if (!t->out) {
        perror(t->output);
        mews_link_close(l);
        return EXIT_FAILED;
    }
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    j = remote_call(l, "trace.start",
                    json_pack("{s:s, s:b, s:I, s:I}", "events", t->events, "json", t->json, "count",
                              (json_int_t)t->count, "frames", (json_int_t)t->frames),
                    &e);
    status = j ? remote_follow(t, l, name) : fail_error(&e);
    json_decref(j);
    mews_link_close(l);
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
        return usage(c, "wants a THING or a NAME");
    if (remote_is_machine(argv[at])) {
        if (at + 1 < argc || t.options.kind || t.options.share || t.setting_count || t.press_count)
            return usage(c, "%s runs already: no --kind, --set, --share, --press and arguments",
                         argv[at]);
        return strcmp(t.events, "list") ? trace_named(&t, argv[at]) : remote_list(argv[at]);
    }
    t.options.settings = t.settings;
    t.options.args = (const char *const *)argv + at + 1;
    t.options.console = true;
    if (mews_open(argv[at], &t.options, &t.m, &e))
        return fail_error(&e);
    status = trace(&t);
    mews_close(t.m);
    return status;
}
