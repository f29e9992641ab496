/* run: a machine in front of a person, or headless with a report. */
#include "app/app.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 64 };

const struct option_row run_options[] = {
    { "kind", "KIND", "the kind of machine, when the thing's own bytes should not decide" },
    { "set", "PATH=VALUE", "a setting of the machine (mews info lists them); repeatable" },
    { "share", "DIR", "a directory in which a 6502v program may open files" },
    { "region", "ntsc|pal|dendy", "the console's region" },
    { "ram", "00|ff|SEED", "what RAM holds at power-on" },
    { "video", "sdl|terminal", "where to show it; else what there is" },
    { "headless", NULL, "no picture, no sound, as fast as it goes" },
    { "frames", "N", "headless: end after N pictures" },
    { "press", "FRAME:BUTTONS[:COUNT]",
      "hold buttons (A+Right, Start) from a frame on; repeatable" },
    { "reset", "FRAME|auto", "press reset; auto: when a test program asks for it; repeatable" },
    { "screenshot", "FILE.png", "headless: write the last picture" },
    { "audio", "FILE.wav", "headless: write the sound" },
    { "hash", NULL, "headless: print digests of picture, sound and RAM" },
    { "report", "FILE.json", "headless: write what was reached, for checkers" },
    { "verdict", NULL, "headless: run a test program until it reports; status 0, 1 or 3 (none)" },
    { "trace", NULL, "a line per instruction on standard output" },
    { NULL, NULL, NULL },
};

struct run {
    struct mews_options options;
    const char *settings[LIST_MAX + 1], *press[LIST_MAX];
    uint64_t resets[LIST_MAX];
    unsigned setting_count, press_count, reset_count;
    char region[32], ram[2][64];
    const char *video, *screenshot, *audio, *report;
    bool headless, hash, verdict, trace, auto_reset;
    uint64_t frames;
    unsigned asked; /* frames since the program asked for a reset */
};

static struct mews *interrupted; /* for the signal handler alone */
static volatile sig_atomic_t interrupts;

static void on_signal(int n)
{
    interrupts = n;
    if (interrupted)
        mews_kick(interrupted);
}

static int add_setting(struct run *r, const char *text)
{
    if (r->setting_count == LIST_MAX)
        return usage(&commands[0], "more than %d settings", LIST_MAX);
    r->settings[r->setting_count++] = text;
    return 0;
}

static int number(const char *name, const char *text, uint64_t *out)
{
    char *end;

    *out = strtoull(text, &end, 10);
    if (*end || end == text || *text == '-')
        return usage(&commands[0], "--%s %s: not a number", name, text);
    return 0;
}

static int set_ram(struct run *r, const char *value)
{
    bool plain = !strcmp(value, "00") || !strcmp(value, "ff");
    uint64_t seed;

    snprintf(r->ram[0], sizeof r->ram[0], "ram_fill=%s",
             plain ? *value == '0' ? "zeros" : "ones" : "random");
    if (add_setting(r, r->ram[0]))
        return -1;
    if (plain)
        return 0;
    if (number("ram", value, &seed))
        return -1;
    snprintf(r->ram[1], sizeof r->ram[1], "ram_seed=%s", value);
    return add_setting(r, r->ram[1]);
}

static int set_reset(struct run *r, const char *value)
{
    if (!strcmp(value, "auto")) {
        r->auto_reset = true;
        return 0;
    }
    if (r->reset_count == LIST_MAX)
        return usage(&commands[0], "more than %d resets", LIST_MAX);
    return number("reset", value, &r->resets[r->reset_count++]);
}

static int set_press(struct run *r, const char *value)
{
    if (r->press_count == LIST_MAX)
        return usage(&commands[0], "more than %d presses", LIST_MAX);
    r->press[r->press_count++] = value;
    return 0;
}

static int set_option(void *ctx, const char *name, const char *value)
{
    struct run *r = ctx;
    const struct {
        const char *name;
        bool *flag;
    } flags[] = { { "headless", &r->headless },
                  { "hash", &r->hash },
                  { "verdict", &r->verdict },
                  { "trace", &r->trace } };
    const struct {
        const char *name;
        const char **text;
    } texts[] = { { "kind", &r->options.kind },     { "share", &r->options.share },
                  { "video", &r->video },           { "audio", &r->audio },
                  { "screenshot", &r->screenshot }, { "report", &r->report } };

    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++)
        if (!strcmp(name, flags[i].name))
            return *flags[i].flag = true, 0;
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(name, texts[i].name))
            return *texts[i].text = value, 0;
    if (!strcmp(name, "set"))
        return add_setting(r, value);
    if (!strcmp(name, "region")) {
        snprintf(r->region, sizeof r->region, "region=%s", value);
        return add_setting(r, r->region);
    }
    if (!strcmp(name, "ram"))
        return set_ram(r, value);
    if (!strcmp(name, "reset"))
        return set_reset(r, value);
    if (!strcmp(name, "press"))
        return set_press(r, value);
    return number(name, value, &r->frames);
}

/* ---- headless ---- */

/* The $6000 protocol of public test programs: DE B0 61 at $6001, the status before it. */
static int test_status(struct mews *m)
{
    uint8_t b[4];

    if (mews_space(m, "wram", 0, b, 4) != 4 || b[1] != 0xde || b[2] != 0xb0 || b[3] != 0x61)
        return -1;
    return b[0];
}

static int resets(struct run *r, struct mews *m)
{
    struct mews_error e;
    bool now = false;

    for (unsigned i = 0; i < r->reset_count; i++)
        now |= r->resets[i] == mews_frames(m);
    if (r->auto_reset || r->verdict) {
        r->asked = test_status(m) == 0x81 ? r->asked + 1 : 0;
        now |= r->asked == 10; /* at least 100 ms after it asked */
    }
    return now && mews_reset(m, &e) ? fail(e.text) : 0;
}

static void hex(FILE *f, const char *name, struct mews *m, size_t bytes)
{
    static uint8_t b[0x2000];
    size_t got = mews_space(m, name, 0, b, bytes);

    fprintf(f, "  \"%s\": \"", name);
    for (size_t i = 0; i < got; i++)
        fprintf(f, "%02x", b[i]);
    fprintf(f, "\",\n");
}

static int write_report(struct run *r, struct mews *m)
{
    static char text[4096];
    char digest[3][41];
    struct mews_error e;
    FILE *f;
    bool bad;

    if (mews_digest(m, "picture", digest[0], &e) || mews_digest(m, "labels", digest[1], &e) ||
        mews_digest(m, "sound", digest[2], &e))
        return fail(e.text);
    f = fopen(r->report, "w");
    if (!f) {
        perror("mews: --report");
        return EXIT_FAILED;
    }
    fprintf(f, "{\n  \"frames\": %llu,\n", (unsigned long long)mews_frames(m));
    hex(f, "ram", m, 0x800);
    hex(f, "wram", m, 0x2000);
    fprintf(f, "  \"text\": [");
    if (mews_view(m, "text", text, sizeof text) > 0)
        for (char *line = strtok(text, "\n"), *sep = ""; line;
             line = strtok(NULL, "\n"), sep = ",") {
            fprintf(f, "%s\n    \"", sep);
            for (; *line; line++)
                fprintf(f, *line == '"' || *line == '\\' ? "\\%c" : "%c", *line);
            fputc('"', f);
        }
    fprintf(f,
            "],\n  \"picture_sha1\": \"%s\",\n  \"labels_sha1\": \"%s\",\n  \"audio_sha1\": "
            "\"%s\"\n}\n",
            digest[0], digest[1], digest[2]);
    bad = ferror(f);
    return fclose(f) || bad ? fail("--report: the file could not be written") : 0;
}

static int print_hash(struct mews *m)
{
    static const char *const what[] = { "picture", "labels", "sound", "ram" };
    struct mews_error e;
    char digest[41];

    for (unsigned i = 0; i < 4; i++) {
        if (mews_digest(m, what[i], digest, &e))
            return fail(e.text);
        printf("%-8s %s\n", what[i], digest);
    }
    return 0;
}

/* How a run ended, as an exit status. */
static int ended(enum mews_stop why, const struct mews_stop_info *info)
{
    switch (why) {
    case MEWS_STOP_HALT: return info->status;
    case MEWS_STOP_FAULT:
    case MEWS_STOP_HOST: return fail(info->text);
    case MEWS_STOP_KICK: return 130;
    default: return 0;
    }
}

/* Runs a test program until it says how it went, or its picture has stood still for 1,200 frames.
 */
static int verdict(struct run *r, struct mews *m)
{
    char now[41], last[41] = "", text[1024] = "";
    struct mews_stop_info info;
    struct mews_error e;
    unsigned still = 0;

    while (still < 1200 && !interrupts) {
        int status;

        if (mews_run_frames(m, 1, &info) != MEWS_STOP_FRAME)
            return ended(info.why, &info);
        if (resets(r, m) || mews_digest(m, "picture", now, &e))
            return EXIT_FAILED;
        still = strcmp(now, last) ? 0 : still + 1;
        strcpy(last, now);
        status = test_status(m);
        if (status >= 0 && status < 0x80) {
            mews_space(m, "wram", 4, text, sizeof text - 1);
            printf("%s\n%s\n", text, status ? "failed" : "passed");
            return status != 0;
        }
    }
    printf("no verdict\n");
    return 3;
}

static int run_frames(struct run *r, struct mews *m)
{
    struct mews_stop_info info = { 0 };
    enum mews_stop why = MEWS_STOP_FRAME;

    while (mews_frames(m) < r->frames && why == MEWS_STOP_FRAME && !interrupts) {
        why = mews_run_frames(m, 1, &info);
        if (resets(r, m))
            return EXIT_FAILED;
    }
    return interrupts ? 128 + interrupts : ended(why, &info);
}

static int headless(struct run *r, struct mews *m)
{
    struct mews_error e;
    int status;

    if (r->audio && mews_record_sound(m, r->audio, &e))
        return fail(e.text);
    status = r->verdict ? verdict(r, m) : run_frames(r, m);
    if (r->screenshot && mews_screenshot(m, r->screenshot, &e))
        return fail(e.text);
    if (r->hash && print_hash(m))
        return EXIT_FAILED;
    if (r->report && write_report(r, m))
        return EXIT_FAILED;
    return status;
}

/* A machine without a picture runs until it ends. Idle: a read was interrupted. */
static int plain(struct mews *m)
{
    struct mews_stop_info info;
    enum mews_stop why;

    do
        why = mews_run(m, UINT64_MAX, &info);
    while ((why == MEWS_STOP_TIME || why == MEWS_STOP_IDLE) && !interrupts);
    return interrupts ? 128 + interrupts : ended(why, &info);
}

static void print_line(void *ctx, const char *line)
{
    (void)ctx;
    puts(line);
}

static int run(struct run *r, struct mews *m)
{
    struct mews_stop_info info = { .why = MEWS_STOP_FRAME };
    struct mews_error e;

    for (unsigned i = 0; i < r->press_count; i++)
        if (mews_press(m, r->press[i], &e))
            return fail(e.text), EXIT_USAGE;
    if (r->trace) {
        setvbuf(stdout, NULL, _IOLBF, 0); /* the guest writes there too */
        mews_trace(m, print_line, NULL);
    }
    if (!strcmp(mews_board(m), "c6502"))
        return plain(m);
    if (r->headless || r->verdict)
        return headless(r, m);
    if (mews_show(m, r->video, &info, &e))
        return fail(e.text);
    return interrupts ? 128 + interrupts : ended(info.why, &info);
}

int cmd_run(const struct command *c, int argc, char **argv)
{
    static char saves[4096];
    struct run r = { .options = { .size = sizeof r.options, .console = true } };
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    /* A second one ends us without a word, should the first find us stuck. */
    const struct sigaction once = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };
    struct mews_error e;
    struct mews *m;
    int i = options_parse(c, argc, argv, set_option, &r), status;

    if (i < 0)
        return i == -2 ? 0 : EXIT_USAGE;
    if (i >= argc)
        return usage(c, "wants a THING");
    if (r.video && strcmp(r.video, "sdl") && strcmp(r.video, "terminal"))
        return usage(c, "--video %s: want sdl or terminal", r.video);
    if (!r.headless && !r.verdict &&
        (r.frames || r.hash || r.report || r.screenshot || r.audio || r.reset_count ||
         r.auto_reset))
        return usage(
            c, "--frames, --hash, --report, --screenshot, --audio and --reset want --headless");
    if (r.headless && !r.frames && !r.verdict)
        return usage(c, "--headless wants --frames N or --verdict");
    if (!r.headless && !r.verdict &&
        (data || home)) { /* a headless run leaves no trace of itself */
        snprintf(saves, sizeof saves, "%s%s/mews/saves", data ? data : home,
                 data ? "" : "/.local/share");
        r.options.saves = saves;
    }
    r.options.settings = r.settings;
    r.options.args = (const char *const *)argv + i + 1;
    if (mews_open(argv[i], &r.options, &m, &e))
        return fail(e.text);
    interrupted = m;
    sigaction(SIGINT, &once, NULL);
    sigaction(SIGTERM, &once, NULL);
    status = run(&r, m);
    interrupted = NULL;
    mews_close(m);
    return status;
}
