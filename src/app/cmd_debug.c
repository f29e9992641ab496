/* debug: the debugger's console on a machine, also one that runs behind one's back, or on a
 * recording. Lines come from scripts, then from
 * standard input; where that is no terminal there is no prompt, and the guest finds its input at
 * the end. */
#include "app/remote.h"

#include "base/types.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct option_row debug_options[] = {
    { "script", "FILE", "commands from a file first; repeatable" },
    { "command", "TEXT", "one command, in order with the scripts; repeatable" },
    { "batch", NULL, "end after the scripts and commands; status 1 if one failed" },
    { "symbols", "FILE", "symbols and lines (cc65 .dbg, labels, ELF); repeatable" },
    { "json", NULL, "print JSON, an object a line" },
    { "rewind-memory", "SIZE",
      "for the way back; else 256M, of a NAME that has none: 64M; 0: none" },
    { "kind", "KIND", "the kind of machine, when the thing's own bytes should not decide" },
    { "set", "PATH=VALUE", "a setting of the machine (mews info lists them); repeatable" },
    { "initrd", "FILE", "what a kernel finds in memory beside itself" },
    { "append", "TEXT", "a kernel's command line" },
    { "share", "DIR", "a directory in which a 6502v program may open files" },
    { NULL, NULL, NULL },
};

enum { ASKED_MAX = 64, REWIND_BYTES = 256 << 20, NAMED_REWIND_BYTES = 64 << 20 };

struct debugging {
    const struct command *command;
    struct mews_options options;
    const char *settings[ASKED_MAX + 1], *symbols[ASKED_MAX];
    const char *words[ASKED_MAX]; /* scripts and commands */
    bool is_script[ASKED_MAX];
    unsigned setting_count, symbol_count, word_count;
    bool json, batch, rewind_said;
    size_t rewind_bytes;
};

/* ---- Ctrl-C stops the guest, not us ---- */

static _Atomic(struct mews_debug *) running;
static volatile sig_atomic_t ended;

static void on_signal(int n)
{
    struct mews_debug *d = running;

    if (n != SIGINT)
        ended = n;
    if (d)
        mews_debug_interrupt(d);
}

static void catch_signals(void)
{
    struct sigaction a = { .sa_handler = on_signal }; /* no SA_RESTART: a prompt is left too */

    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGHUP, &a, NULL);
}

/* ---- options ---- */

static int add(struct debugging *g, const char **list, unsigned *count, const char *value)
{
    if (*count == ASKED_MAX)
        return usage(g->command, "more than %d of an option", ASKED_MAX);
    list[(*count)++] = value;
    return 0;
}

static int set_option(void *ctx, const char *name, const char *value)
{
    struct debugging *g = ctx;

    if (!strcmp(name, "script") || !strcmp(name, "command")) {
        if (g->word_count < ASKED_MAX)
            g->is_script[g->word_count] = *name == 's';
        return add(g, g->words, &g->word_count, value);
    }
    if (!strcmp(name, "symbols"))
        return add(g, g->symbols, &g->symbol_count, value);
    if (!strcmp(name, "set"))
        return add(g, g->settings, &g->setting_count, value);
    if (!strcmp(name, "json"))
        g->json = true;
    else if (!strcmp(name, "batch"))
        g->batch = true;
    else if (!strcmp(name, "kind"))
        g->options.kind = value;
    else if (!strcmp(name, "share"))
        g->options.share = value;
    else if (!strcmp(name, "initrd"))
        g->options.initrd = value;
    else if (!strcmp(name, "append"))
        g->options.command_line = value;
    else
        return g->rewind_said = true, option_size(g->command, name, value, &g->rewind_bytes);
    return 0;
}

/* ---- the session ---- */

static void print(void *ctx, const char *text)
{
    (void)ctx;
    fputs(text, stdout);
}

static int execute(struct debugging *g, struct mews_debug *d, const char *line)
{
    struct mews_error e;
    int r;

    running = d;
    r = mews_debug_command(d, line, &e);
    running = NULL;
    fflush(stdout);
    if (r && !g->json)
        fprintf(stderr, "mews: %s\n", e.text);
    return r;
}

static int scripts(struct debugging *g, struct mews_debug *d)
{
    int status = 0;

    for (unsigned i = 0; i < g->word_count && !mews_debug_ended(d) && !ended; i++) {
        char line[4352];

        snprintf(line, sizeof line, "%s%s", g->is_script[i] ? "source " : "", g->words[i]);
        if (execute(g, d, line))
            status = EXIT_FAILED;
    }
    return status;
}

static void converse(struct debugging *g, struct mews_debug *d)
{
    bool interrupted;

    while (!mews_debug_ended(d) && !ended) {
        const char *line = mews_debug_read(d, "(mews) ", &interrupted);

        if (line)
            execute(g, d, line);
        else if (interrupted)
            putchar('\n');
        else
            break;
    }
    if (isatty(0) && !mews_debug_ended(d))
        putchar('\n');
}

/* With a debugger that is closed at the end; thing: what its symbols may stand beside. */
static int session(struct debugging *g, struct mews_debug *d, const char *thing)
{
    struct mews_error e;
    int status;

    if (thing)
        mews_debug_symbols_beside(d, thing);
    for (unsigned i = 0; i < g->symbol_count; i++)
        if (mews_debug_symbols(d, g->symbols[i], &e)) {
            mews_debug_close(d);
            return fail_error(&e);
        }
    if (!g->batch)
        mews_debug_greet(d);
    fflush(stdout); /* whoever waits for it sends no line before */
    status = scripts(g, d);
    if (!g->batch) {
        converse(g, d);
        status = 0;
    }
    mews_debug_close(d);
    return ended ? 128 + ended : status;
}

static int debug_named(struct debugging *g, const char *name, bool arguments)
{
    struct mews_debug_options o = { .size = sizeof o,
                                    .json = g->json,
                                    .say = print,
                                    .rewind_bytes = g->rewind_said ? g->rewind_bytes
                                                                   : NAMED_REWIND_BYTES };
    struct mews_debug *d;
    struct mews_error e;

    if (arguments || g->options.kind || g->options.share || g->setting_count)
        return usage(g->command, "%s runs already: no --kind, --set, --share and arguments", name);
    if (mews_debug_open_named(name, &o, &d, &e))
        return fail_error(&e);
    catch_signals();
    return session(g, d, NULL);
}

static int debug_thing(struct debugging *g, const char *thing)
{
    struct mews_debug_options o = { .size = sizeof o, .json = g->json, .say = print };
    struct mews_debug *d;
    struct mews_error e;
    struct mews *m;
    int status;

    if (mews_open(thing, &g->options, &m, &e))
        return fail_error(&e);
    /* What cannot go back says so when it is asked to. */
    if (!mews_is_recording(thing) && g->rewind_bytes)
        mews_rewind_memory(m, g->rewind_bytes, &e);
    catch_signals();
    status = mews_debug_open(m, &o, &d, &e) ? fail_error(&e) : session(g, d, thing);
    mews_close(m);
    return status;
}

int cmd_debug(const struct command *c, int argc, char **argv)
{
    struct debugging g = { .command = c,
                           .options.size = sizeof g.options,
                           .rewind_bytes = REWIND_BYTES };
    int at = options_parse(c, argc, argv, set_option, &g);

    if (at < 0)
        return options_end(at);
    if (at >= argc)
        return usage(c, "wants a THING, a NAME or a recording");
    if (remote_is_machine(argv[at]))
        return debug_named(&g, argv[at], at + 1 < argc);
    g.options.settings = g.settings;
    g.options.args = (const char *const *)argv + at + 1;
    g.options.console = true;
    g.options.deaf = !isatty(0);
    return debug_thing(&g, argv[at]);
}
