/* run: a machine in front of a person, or headless. */
#include "app/detach.h"
#include "app/run.h"
#include "app/terminal.h"

#include "base/types.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

const struct option_row run_options[] = {
    OPTIONS_LISTED,
    { "kind", "KIND", "the kind of machine, when the thing's own bytes should not decide" },
    { "set", "PATH=VALUE", "a setting of the machine (mews info lists them); repeatable" },
    { "region", "ntsc|pal|dendy", "the console's region" },
    { "ram", "00|ff|SEED", "what RAM holds at power-on" },
    { "initrd", "FILE", "what a kernel finds in memory beside itself" },
    { "append", "TEXT", "a kernel's command line" },
    { "memory", "SIZE", "of a machine that can have more or less of it" },
    { "cpus", "N", "how many processors" },
    { "cpu", "host|baseline", "what they are: this host's, or what hosts have in common" },
    { "mode", "real|protected|long",
      "how a program for x86 is entered; an ELF file says it itself" },
    { "no-reboot", NULL, "a machine that resets itself ends instead" },
    OPTIONS_BOUNDS,
    OPTIONS_OUTSIDE,
    OPTION_OVERLAY,
    { "share", "DIR", "a directory in which a 6502v program may open files" },
    { "saves", "DIR|none",
      "where battery RAM is kept; else in the data directory, headless: none" },
    OPTIONS_SHOWN,
    { "frames", "N", "headless: end after N pictures" },
    { "press", "FRAME:BUTTONS[:COUNT]",
      "hold buttons (A+Right, Start, 2.B) from a frame on; repeatable" },
    { "reset", "FRAME|auto",
      "headless: press reset; auto: when a test program asks for it; repeatable" },
    OPTIONS_WRITTEN,
    OPTION_GDB,
    OPTIONS_KEPT,
    { NULL, NULL, NULL },
};

enum { REWIND_BYTES = 64 << 20 };

static _Atomic(struct mews *) interrupted; /* what the signal handler kicks */
static volatile sig_atomic_t interrupts;
static bool at_terminal; /* which is raw */

static void on_signal(int n)
{
    struct mews *m = interrupted;

    interrupts = n;
    if (m)
        mews_kick(m);
}

int run_interrupted(void)
{
    return interrupts ? 128 + interrupts : 0;
}

static int add_setting(struct run *r, const char *text)
{
    if (r->setting_count == LIST_MAX)
        return usage(r->command, "more than %d settings", LIST_MAX);
    r->settings[r->setting_count++] = text;
    return 0;
}

static int number(const struct run *r, const char *name, const char *text, uint64_t *out)
{
    size_t digits = strspn(text, "0123456789");

    if (!digits || text[digits])
        return usage(r->command, "--%s %s: not a number", name, text);
    errno = 0;
    *out = strtoull(text, NULL, 10);
    return errno ? usage(r->command, "--%s %s: the number is too large", name, text) : 0;
}

int run_word(const struct run *r, const char *name, const char **list, unsigned *count,
             const char *word)
{
    if (*count == LIST_MAX)
        return usage(r->command, "more than %d of --%s", LIST_MAX, name);
    list[(*count)++] = word;
    return 0;
}

/* In MiB, as boards count it. */
static int set_memory(struct run *r, const char *value)
{
    size_t bytes;

    if (option_size(r->command, "memory", value, &bytes))
        return -1;
    if (!bytes || bytes % (1 << 20))
        return usage(r->command, "--memory %s: want whole MiB, such as 512M", value);
    snprintf(r->memory, sizeof r->memory, "memory=%zu", bytes >> 20);
    return add_setting(r, r->memory);
}

static int set_host_memory(struct run *r, const char *value)
{
    if (option_size(r->command, "host-memory", value, &r->bounds.memory))
        return -1;
    return r->bounds.memory ? 0 : usage(r->command, "--host-memory 0: want more");
}

static int set_ram(struct run *r, const char *value)
{
    bool zeros = !strcmp(value, "00"), ones = !strcasecmp(value, "ff");
    uint64_t seed;

    snprintf(r->ram[0], sizeof r->ram[0], "ram_fill=%s",
             zeros  ? "zeros"
             : ones ? "ones"
                    : "random");
    if (add_setting(r, r->ram[0]))
        return -1;
    if (zeros || ones)
        return 0;
    if (number(r, "ram", value, &seed))
        return -1;
    snprintf(r->ram[1], sizeof r->ram[1], "ram_seed=%s", value);
    return add_setting(r, r->ram[1]);
}

static int set_reset(struct run *r, const char *value)
{
    if (!strcmp(value, "auto")) {
        r->options.reset_when_asked = true;
        return 0;
    }
    if (r->reset_count == LIST_MAX)
        return usage(r->command, "more than %d resets", LIST_MAX);
    return number(r, "reset", value, &r->resets[r->reset_count++]);
}

static int set_press(struct run *r, const char *value)
{
    if (r->press_count == LIST_MAX)
        return usage(r->command, "more than %d presses", LIST_MAX);
    r->press[r->press_count++] = value;
    return 0;
}

static int set_option(void *ctx, const char *name, const char *value)
{
    struct run *r = ctx;
    const struct {
        const char *name;
        bool *flag;
    } flags[] = { { "headless", &r->headless }, { "hash", &r->hash },
                  { "verdict", &r->verdict },   { "trace", &r->trace },
                  { "verify", &r->verify },     { "json", &r->json },
                  { "detach", &r->detach } };
    const struct {
        const char *name;
        const char **text;
    } texts[] = { { "kind", &r->options.kind },
                  { "share", &r->options.share },
                  { "initrd", &r->options.initrd },
                  { "overlay", &r->overlay },
                  { "append", &r->options.command_line },
                  { "video", &r->video },
                  { "audio", &r->audio },
                  { "screenshot", &r->screenshot },
                  { "report", &r->report },
                  { "saves", &r->keep },
                  { "snapshot", &r->snapshot },
                  { "record", &r->record },
                  { "until", &r->until },
                  { "speed", &r->speed },
                  { "gdb", &r->gdb },
                  { "rewind-memory", &r->rewind },
                  { "name", &r->name } };

    /* Settings of machines that have an option of the same name. */
    const struct {
        const char *name;
        char *text;
        size_t room;
    } settings[] = { { "region", r->region, sizeof r->region },
                     { "cpus", r->cpus, sizeof r->cpus },
                     { "cpu", r->cpu, sizeof r->cpu },
                     { "mode", r->mode, sizeof r->mode } };

    for (unsigned i = 0; i < ARRAY_SIZE(flags); i++)
        if (!strcmp(name, flags[i].name))
            return *flags[i].flag = true, 0;
    for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
        if (!strcmp(name, texts[i].name))
            return *texts[i].text = value, 0;
    for (unsigned i = 0; i < ARRAY_SIZE(settings); i++)
        if (!strcmp(name, settings[i].name)) {
            snprintf(settings[i].text, settings[i].room, "%s=%s", name, value);
            return add_setting(r, settings[i].text);
        }
    if (!strcmp(name, "no-reboot"))
        return add_setting(r, "reboot=false");
    if (!strcmp(name, "sandbox"))
        return sandbox_word(&r->sandbox, value)
                   ? 0
                   : usage(r->command, "--sandbox %s: want auto, on or off", value);
    if (!strcmp(name, "host-cpus"))
        return bounds_cpus(&r->bounds, value)
                   ? 0
                   : usage(r->command, "--host-cpus %s: want a number such as 2 or 0.5", value);
    if (!strcmp(name, "host-memory"))
        return set_host_memory(r, value);
    if (!strcmp(name, "set"))
        return add_setting(r, value);
    if (!strcmp(name, "disk"))
        return run_word(r, name, r->disks, &r->disk_count, value);
    if (!strcmp(name, "net"))
        return run_word(r, name, r->nets, &r->net_count, value);
    if (!strcmp(name, "memory"))
        return set_memory(r, value);
    if (!strcmp(name, "ram"))
        return set_ram(r, value);
    if (!strcmp(name, "reset"))
        return set_reset(r, value);
    if (!strcmp(name, "press"))
        return set_press(r, value);
    if (number(r, name, value, &r->frames))
        return -1;
    return r->frames ? 0 : usage(r->command, "--frames 0: want 1 or more");
}

/* ---- running ---- */

int run_ended(const struct mews_stop_info *info)
{
    switch (info->why) {
    case MEWS_STOP_HALT: return info->status;
    case MEWS_STOP_FAULT: fail(info->text); return info->status ? info->status : EXIT_FAILED;
    case MEWS_STOP_HOST: return fail(info->text);
    case MEWS_STOP_KICK: return interrupts ? run_interrupted() : EXIT_KICKED;
    default: return 0;
    }
}

/* Without a picture, or with nobody before it, until it ends. */
static int plain(struct mews *m)
{
    struct mews_stop_info info;

    mews_serve(m, &info);
    terminal_restore();
    if (info.why == MEWS_STOP_KICK && at_terminal && !interrupts)
        return 0; /* the person has left */
    return interrupts ? run_interrupted() : run_ended(&info);
}

static void sized(void *ctx, unsigned columns, unsigned rows)
{
    struct mews *m = interrupted;

    (void)ctx;
    if (m)
        mews_console_size(m, columns, rows);
}

/* Before there is a jail, which could not look what a terminal is. */
static void take_terminal(const struct run *r, struct mews *m)
{
    if (r->detach || r->replayed || !mews_terminal(m) || !isatty(STDIN_FILENO))
        return;
    fputs("mews: Ctrl-A x ends it\n", stderr);
    mews_escapes(m);
    terminal_take(false);
    terminal_follow(sized, NULL);
    at_terminal = true;
}

static void print_line(void *ctx, const char *line)
{
    (void)ctx;
    puts(line);
}

/* The option for which the machine needs a part that it has not; NULL: none. */
static const char *in_vain(const struct run *r, struct mews *m, const char **why)
{
    const struct {
        bool asked;
        const char *option, *verb;
    } needs[] = {
        { r->frames, "--frames", "picture" },
        { r->screenshot, "--screenshot", "picture" },
        { r->video, "--video", "picture" },
        { r->hash, "--hash", "picture" },
        { r->report, "--report", "picture" },
        { r->verdict, "--verdict", "picture" },
        { r->press_count, "--press", "picture" },
        { r->audio, "--audio", "sound" },
        { r->reset_count || r->options.reset_when_asked, "--reset", "reset" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(needs); i++)
        if (needs[i].asked && !mews_can(m, needs[i].verb, why))
            return needs[i].option;
    return NULL;
}

/* Somebody looks at it, here. */
static bool shown(const struct run *r, struct mews *m)
{
    return !r->headless && !r->verdict && !r->detach && mews_can(m, "picture", NULL);
}

/* What the machine remembers and writes down; a recording has its own way back. */
static int begin_history(struct run *r, struct mews *m)
{
    size_t bytes = r->rewind ? r->remember : shown(r, m) ? REWIND_BYTES : 0;
    struct mews_error e;

    if (r->audio && mews_record_sound(m, r->audio, &e))
        return failed_in("--audio", e.text);
    if (r->replayed)
        return replay_begin(r, m);
    if (bytes && mews_rewind_memory(m, bytes, &e) && r->rewind)
        return fail_error(&e);
    return r->record && mews_record(m, r->record, &e) ? fail_error(&e) : 0;
}

/* Makes it known to others, when that is wanted, and shuts it in. */
static int publish(struct run *r, struct mews *m)
{
    struct mews_control_options o = { .size = sizeof o,
                                      .name = r->name,
                                      .keep = r->detach,
                                      .own_output = r->detach,
                                      .opened = sandbox_enter,
                                      .ctx = &r->sandbox,
                                      .gdb = r->gdb };
    const char *paths[KEEPER_FILES] = { [KEEPER_SNAPSHOT] = r->snapshot,
                                        [KEEPER_SCREENSHOT] = r->screenshot,
                                        [KEEPER_REPORT] = r->report };
    struct mews_error e;

    if (sandbox_begin(&r->sandbox, m, r->options.share, paths, &e))
        return fail_error(&e);
    o.no_files = r->sandbox.on;
    if ((r->name || r->detach || r->gdb ? mews_control(m, &o, &e)
                                        : sandbox_enter(&r->sandbox, &e)) ||
        sandbox_close(&r->sandbox, m, &e))
        return fail_error(&e);
    if (r->gdb)
        fprintf(stderr, "mews: %s stands still for gdb: target remote %s\n", mews_control_name(m),
                mews_control_gdb(m));
    if (r->detach)
        detach_ready(r->ready, mews_control_name(m));
    return 0;
}

static int run(struct run *r, struct mews *m)
{
    struct mews_stop_info info = { .why = MEWS_STOP_FRAME };
    const char *why, *vain = in_vain(r, m, &why);
    struct mews_error e;
    int status;

    if (vain)
        return usage(r->command, "%s: %s", vain, why);
    for (unsigned i = 0; i < r->press_count; i++)
        if (mews_press(m, r->press[i], &e))
            return usage(r->command, "--press %s", e.text);
    if (r->trace) {
        setvbuf(stdout, NULL, _IOLBF, 0); /* the guest writes there too */
        mews_trace(m, print_line, NULL);
    }
    if (r->speed && !r->replayed)
        mews_show_as(m, r->factor, UINT64_MAX, UINT64_MAX);
    r->sandbox.on = r->sandbox.wish != SANDBOX_OFF && !shown(r, m);
    r->sandbox.waived = r->sandbox.wish == SANDBOX_OFF && !shown(r, m);
    r->sandbox.logged = r->detach;
    if (r->sandbox.wish == SANDBOX_ON && !r->sandbox.on)
        return usage(r->command,
                     "--sandbox on: a machine that is shown here needs more than a jail has");
    status = begin_history(r, m);
    if (status)
        return status;
    take_terminal(r, m);
    status = publish(r, m);
    if (status) {
        terminal_restore();
        return status;
    }
    if (!mews_can(m, "picture", NULL))
        return r->replayed ? replay_quietly(r, m) : plain(m);
    if (r->headless || r->verdict)
        return headless(r, m);
    if (r->detach)
        return plain(m);
    if (mews_show(m, r->video, &info, &e))
        return fail_error(&e);
    if (info.why == MEWS_STOP_HOST && r->verify) /* which the verdict says */
        return interrupts ? run_interrupted() : EXIT_FAILED;
    return interrupts ? run_interrupted() : run_ended(&info);
}

/* Battery RAM is kept when a person plays. A headless run leaves no trace of itself unless asked,
 * nor does a restored machine, which would overwrite what its original has saved since. */
static int find_saves(struct run *r)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int len = 0;

    if (r->keep) {
        r->options.saves = strcmp(r->keep, "none") != 0 ? r->keep : NULL;
        return 0;
    }
    if (r->headless || r->verdict || r->restored || r->replayed)
        return 0;
    if (data && *data == '/') /* the specification: a relative one is ignored */
        len = snprintf(r->saves, sizeof r->saves, "%s/mews/saves", data);
    else if (home && *home)
        len = snprintf(r->saves, sizeof r->saves, "%s/.local/share/mews/saves", home);
    if ((size_t)len >= sizeof r->saves)
        return fail("the path of the data directory is too long");
    r->options.saves = len ? r->saves : NULL;
    return 0;
}

/* What contradicts itself, before anything is opened. */
static int check(struct run *r)
{
    const struct command *c = r->command;
    bool quiet = r->headless || r->verdict;

    if (r->video && strcmp(r->video, "sdl") != 0 && strcmp(r->video, "terminal") != 0)
        return usage(c, "--video %s: want sdl or terminal", r->video);
    if (r->video && r->detach)
        return usage(c, "--video and --detach exclude each other (see mews attach)");
    if (r->video && quiet)
        return usage(c, "--video and --headless exclude each other");
    if (r->rewind && option_size(r->command, "rewind-memory", r->rewind, &r->remember))
        return EXIT_USAGE;
    if (r->replayed)
        return replay_check(r);
    if (r->speed && quiet)
        return usage(c, "--speed and --headless exclude each other");
    if (r->speed && speed_parse(c, r->speed, &r->factor))
        return EXIT_USAGE;
    if (!quiet && (r->frames || r->hash || r->report || r->screenshot || r->audio ||
                   r->reset_count || r->options.reset_when_asked || r->json))
        return usage(c, "--frames, --hash, --report, --screenshot, --audio, --reset and --json "
                        "want --headless");
    return 0;
}

/* The snapshot is of the machine as it is when all is over. */
static int write_snapshot(struct run *r, struct mews *m, int status)
{
    struct mews_error e;
    int failed = 0;

    if (r->snapshot)
        failed = r->sandbox.on ? sandbox_snapshot(&r->sandbox, m, &e)
                               : mews_snapshot(m, r->snapshot, NULL, &e);
    if (failed && fail_error(&e) && !status)
        return EXIT_FAILED;
    return status;
}

/* The machine stops, and says why, where the process would have died. */
static void on_lost_memory(int n, siginfo_t *info, void *context)
{
    (void)context;
    if (!interrupted || !mews_memory_lost(interrupted, info->si_addr))
        signal(n, SIG_DFL); /* it comes again at once */
}

static int run_opened(struct run *r, struct mews *m)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    /* A second one ends us without a word, should the first find us stuck. */
    const struct sigaction once = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };
    const struct sigaction lost = { .sa_sigaction = on_lost_memory, .sa_flags = SA_SIGINFO };
    struct mews_error e;
    int status;

    interrupted = m;
    for (unsigned k = 0; k < ARRAY_SIZE(signals); k++)
        sigaction(signals[k], &once, NULL);
    sigaction(SIGBUS, &lost, NULL);
    status = run(r, m);
    interrupted = NULL;
    if (r->replayed)
        status = replay_end(r, m, status);
    status = write_snapshot(r, m, status);
    if (mews_finish(m, &e) && fail_error(&e) && !status) /* the guest's own status stands */
        status = EXIT_FAILED;
    return status;
}

/* What is asked of the file before it becomes a machine. */
static int check_restore(const struct run *r, const char *path)
{
    struct mews_image *i;
    struct mews_error e;
    int status = 0;

    if (!r->restored || !r->verify)
        return 0;
    if (mews_image_open(path, &i, &e))
        return fail_error(&e);
    if (mews_image_verify(i, &e))
        status = fail_error(&e);
    mews_image_close(i);
    return status;
}

static int open_what(enum run_what what, const char *path, const struct mews_options *o,
                     struct mews **out, struct mews_error *e)
{
    switch (what) {
    case RUN_SNAPSHOT: return mews_restore(path, o, out, e);
    case RUN_RECORDING: return mews_replay(path, o, out, e);
    default: return mews_open(path, o, out, e);
    }
}

/* Makes the machine of the thing, or of the snapshot, and runs it. */
static int run_thing(struct run *r, enum run_what what, const char *thing)
{
    struct mews_error e;
    struct mews *m;
    int status;

    r->options.console = !r->detach;
    if (r->detach && (status = detach_begin(&r->ready, r->inherited)) >= 0)
        return status;
    if (bounds_enter(&r->bounds, &e) || open_what(what, thing, &r->options, &m, &e))
        return fail_error(&e);
    if (r->headless && !r->replayed && !r->frames && !r->verdict && mews_can(m, "picture", NULL)) {
        mews_close(m);
        return usage(r->command, "--headless wants --frames N or --verdict");
    }
    if (r->frames && !r->replayed) /* so many more than a snapshot has */
        r->frames += mews_frames(m);
    status = run_opened(r, m);
    mews_close(m);
    return status;
}

/* What follows a thing that is given no arguments is ours: `mews run vmlinuz --initrd FILE`.
 * Returns how many words are the guest's, or PARSE_HELP or PARSE_WRONG. */
static int options_behind(struct run *r, int argc, char **argv)
{
    int i;

    if (argc < 2 || (!image_is(argv[0]) && mews_takes_arguments(argv[0], r->options.kind)))
        return argc - 1;
    options_first(r->command, argc, argv);
    i = options_parse(r->command, argc, argv, set_option, r);
    if (i >= 0 && i < argc) {
        usage(r->command, "%s: %s takes no arguments", argv[i], argv[0]);
        return PARSE_WRONG;
    }
    return i < 0 ? i : 0;
}

int run_command(const struct command *c, int argc, char **argv, enum run_what what)
{
    static char *no_words[] = { NULL };
    struct run r = { .command = c, .inherited = -1, .options = { .size = sizeof r.options } };
    int i = options_parse(c, argc, argv, set_option, &r), status;
    const char *thing;

    if (i < 0)
        return options_end(i);
    if (i >= argc)
        return usage(c, what == RUN_THING ? "wants a THING" : "wants a FILE");
    if (what == RUN_THING) {
        int words = options_behind(&r, argc - i, argv + i);

        if (words < 0)
            return options_end(words);
        argc = words ? argc : i + 1;
    }
    thing = argv[i];
    if (what == RUN_THING && (status = run_image(&r, &thing)))
        return status;
    if (what == RUN_THING && mews_is_recording(thing))
        return usage(c, "%s: a recording, which mews replay plays", thing);
    r.restored = what == RUN_SNAPSHOT || mews_is_snapshot(thing);
    r.replayed = what == RUN_RECORDING;
    status = check(&r);
    if (status || (status = find_saves(&r)) || (status = headless_check(&r)) ||
        (status = check_restore(&r, thing)))
        return status;
    r.options.reset_when_asked |= r.verdict;
    r.options.settings = r.settings;
    r.options.disks = r.disks;
    r.options.nets = r.nets;
    r.options.name = r.name;
    r.options.digest_sound = r.hash || r.report;
    r.options.args = (const char *const *)(i + 1 < argc ? argv + i + 1 : no_words);
    return run_thing(&r, what, thing);
}

int cmd_run(const struct command *c, int argc, char **argv)
{
    return run_command(c, argc, argv, RUN_THING);
}

int run_copy(struct run *r, const char *path)
{
    r->options = (struct mews_options) {
        .size = sizeof r->options, .disks = r->disks, .nets = r->nets, .name = r->name
    };
    r->detach = r->restored = true;
    r->speed = "the original's";
    return run_thing(r, RUN_SNAPSHOT, path);
}
