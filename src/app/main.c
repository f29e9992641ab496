/* The program `mews`: finds the command, and what all commands share. */
#include "app/app.h"

#include "base/err.h"
#include "base/types.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct command commands[] = {
    { "run", "[OPTION...] THING [ARGUMENT...]", "run a cartridge or a program", run_options,
      cmd_run },
    { "snapshot", "[OPTION...] NAME FILE | --squash OUT FILE...",
      "save a machine that runs; or make one snapshot of a chain", snapshot_options, cmd_snapshot },
    { "restore", "[OPTION...] FILE", "go on with a machine from a snapshot", restore_options,
      cmd_restore },
    { "replay", "[OPTION...] RECORDING", "play what `run --record` has written", replay_options,
      cmd_replay },
    { "inspect", "[--verify] [--json] FILE", "say what is in a snapshot", inspect_options,
      cmd_inspect },
    { "diff", "[--json] FILE FILE", "say what differs between two snapshots", json_options,
      cmd_diff },
    { "debug", "[OPTION...] THING|NAME [ARGUMENT...]",
      "debug a machine or a recording, also backwards", debug_options, cmd_debug },
    { "gdb", "[--pipe] NAME [ARGUMENT...]", "debug a machine that runs with gdb", gdb_options,
      cmd_gdb },
    { "show", "[OPTION...] THING|NAME [VIEW]", "show what is inside a machine", show_options,
      cmd_show },
    { "trace", "[OPTION...] THING|NAME [ARGUMENT...]", "tell of a machine's events while it runs",
      trace_options, cmd_trace },
    { "ps", "[--json]", "list the machines", json_options, cmd_ps },
    { "top", "[OPTION...]", "watch the machines", top_options, cmd_top },
    { "pause", "NAME...", "have machines stand still", NULL, cmd_pause },
    { "resume", "NAME...", "have them go on", resume_options, cmd_resume },
    { "stop", "[--timeout SECONDS] NAME...", "switch machines off", stop_options, cmd_stop },
    { "wait", "NAME", "wait until a machine ends; its status becomes this one", NULL, cmd_wait },
    { "rm", "[--force] NAME...", "forget machines that have ended", rm_options, cmd_rm },
    { "logs", "[--follow] NAME", "print what a guest has written", logs_options, cmd_logs },
    { "attach", "[OPTION...] NAME", "be at a machine's screen, or console", attach_options,
      cmd_attach },
    { "send", "[OPTION...] NAME", "type at a machine's console, or press its buttons", send_options,
      cmd_send },
    { "stats", "[--json] NAME", "count what a machine does", json_options, cmd_stats },
    { "events", "[NAME...]", "print what happens to machines, as it happens", NULL, cmd_events },
    { "fork", "[OPTION...] NAME", "make a running copy of a machine", fork_options, cmd_fork },
    { "kinds", "[--json]", "list the kinds of machine and what each can do", json_options,
      cmd_kinds },
    { "info", "[--json] THING", "say what a thing is, and what --set can set", json_options,
      cmd_info },
    { "image", "[OPTION...] create|ls|rm|info [IMAGE...]",
      "make and keep disks with a system on them, for run", image_options, cmd_image },
    { "help", "[--json] [COMMAND]", "explain a command", json_options, cmd_help },
    { "version", "[--json]", "print the version", json_options, cmd_version },
    { NULL, NULL, NULL, NULL, NULL },
};

const struct option_row json_options[] = {
    { "json", NULL, "print JSON" },
    { NULL, NULL, NULL },
};

int fail(const char *text)
{
    fprintf(stderr, "mews: %s\n", text);
    return EXIT_FAILED;
}

int fail_error(const struct mews_error *e)
{
    fail(e->text);
    return e->code == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

int usage(const struct command *c, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "mews: ");
    if (c)
        fprintf(stderr, "%s: ", c->name);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, " (see mews help%s%s)\n", c ? " " : "", c ? c->name : "");
    return EXIT_USAGE;
}

/* ---- options ---- */

static const struct option_row *find_option(const struct command *c, const char *name, size_t len)
{
    for (const struct option_row *o = c->options; o && o->name; o++)
        if (strlen(o->name) == len && !memcmp(o->name, name, len))
            return o;
    return NULL;
}

static const struct {
    const char *command, *option;
    char letter;
} letters[] = { { "run", "detach", 'd' },   { "restore", "detach", 'd' },
                { "debug", "script", 'x' }, { "debug", "command", 'c' },
                { "debug", "batch", 'b' },  { "debug", "symbols", 's' },
                { "show", "output", 'o' },  { "trace", "events", 'e' },
                { "trace", "format", 'f' }, { "trace", "output", 'o' },
                { "trace", "count", 'n' } };

int option_size(const struct command *c, const char *name, const char *text, size_t *out)
{
    static const char units[] = "KMG";
    size_t digits = strspn(text, "0123456789");
    const char *unit = text[digits] ? strchr(units, toupper((unsigned char)text[digits])) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    uint64_t n = strtoull(text, NULL, 10);

    if (!digits || (text[digits] && (!unit || text[digits + 1])))
        return usage(c, "--%s %s: want a size such as 64M", name, text);
    if (digits > 12 || n > (uint64_t)1 << 40 >> shift)
        return usage(c, "--%s %s: the number is too large", name, text);
    *out = n << shift;
    return 0;
}

char option_letter(const struct command *c, const struct option_row *o)
{
    for (unsigned i = 0; i < ARRAY_SIZE(letters); i++)
        if (!strcmp(letters[i].command, c->name) && !strcmp(letters[i].option, o->name))
            return letters[i].letter;
    return 0;
}

/* The value of "-x", if it has one, is the next word. */
const struct option_row *option_of(const struct command *c, const char *word)
{
    const char *name = word + 2;

    if (word[1] == '-')
        return find_option(c, name, strcspn(name, "="));
    for (const struct option_row *o = c->options; o && o->name && !word[2]; o++)
        if (option_letter(c, o) == word[1])
            return o;
    return NULL;
}

bool has_guest_arguments(const struct command *c)
{
    return strstr(c->synopsis, "[ARGUMENT...]") != NULL;
}

void options_first(const struct command *c, int argc, char **argv)
{
    int to = 1;

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const struct option_row *o;
        int words = 1, from = i;

        if (argv[i][0] != '-' || !argv[i][1])
            continue;
        o = option_of(c, argv[i]);
        if (o && o->value && !strchr(argv[i], '=') && i + 1 < argc) {
            words = 2;
            i++;
        }
        for (; words; words--, from++, to++) {
            char *word = argv[from];

            memmove(argv + to + 1, argv + to, (size_t)(from - to) * sizeof *argv);
            argv[to] = word;
        }
    }
}

int options_parse(const struct command *c, int argc, char **argv,
                  int (*set)(void *ctx, const char *name, const char *value), void *ctx)
{
    int i;

    if (!has_guest_arguments(c))
        options_first(c, argc, argv);
    for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        const char *equals = argv[i][1] == '-' ? strchr(argv[i], '=') : NULL, *value = NULL;
        const struct option_row *o;

        if (!strcmp(argv[i], "--"))
            return i + 1;
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            help_command(c);
            return PARSE_HELP;
        }
        o = option_of(c, argv[i]);
        if (!o) {
            usage(c, "unknown option %s", argv[i]);
            return PARSE_WRONG;
        }
        if (o->value)
            value = equals ? equals + 1 : i + 1 < argc ? argv[++i] : NULL;
        if (o->value && !value) {
            usage(c, "--%s wants %s", o->name, o->value);
            return PARSE_WRONG;
        }
        if (!o->value && equals) {
            usage(c, "--%s takes no value", o->name);
            return PARSE_WRONG;
        }
        if (set(ctx, o->name, value))
            return PARSE_WRONG;
    }
    return i;
}

int options_end(int parsed)
{
    return parsed == PARSE_HELP ? 0 : EXIT_USAGE;
}

int options_json(void *ctx, const char *name, const char *value)
{
    (void)name;
    (void)value;
    *(bool *)ctx = true;
    return 0;
}

/* ---- the command ---- */

static int named_command(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "help";

    if (!strcmp(name, "--help") || !strcmp(name, "-h"))
        name = "help";
    else if (!strcmp(name, "--version"))
        name = "version";
    for (const struct command *c = commands; c->name; c++)
        if (!strcmp(c->name, name))
            return c->run(c, argc > 1 ? argc - 1 : 1, argc > 1 ? argv + 1 : argv);
    return usage(NULL, "'%s' is not a command", name);
}

/* A standard descriptor that our caller has closed would be given to the next file we open, and a
 * guest's output would go there. What is put in its place has no input, and takes no output. */
static void fill_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= 2);
    if (fd >= 0)
        close(fd);
}

/* What was printed is only said when it has arrived: a full disk is a failure. */
int main(int argc, char **argv)
{
    int status;

    fill_standard_descriptors();
    status = named_command(argc, argv);

    errno = 0;
    if (!fflush(stdout) && !ferror(stdout))
        return status;
    fprintf(stderr, "mews: standard output: %s\n", errno ? strerror(errno) : "a write failed");
    return EXIT_FAILED;
}
