/* Runs a libretro core without a window, and measures: CPU time per picture, or what the core is.
 *
 *     front CORE.so GAME FRAMES [WHAT...]           user+system seconds of so many pictures
 *     front --facts CORE.so GAME FRAMES [WHAT...]   what the core says and made, a line each
 *     front -- PROGRAM ARGUMENT...                  seconds of a program and its children
 *
 * Seconds are followed by the peak KiB resident, pictures and samples. WHAT is
 *
 *     FRAME:BUTTONS[:COUNT]   as in `mews run --press`: A B Select Start Up Down Left Right joined
 *                             by +, with `2.` in front for the second controller
 *     FRAME:reset             the reset button, before that picture
 *     FRAME:KEY=VALUE         a core option changed then; without FRAME: before the game is loaded
 *     save<FILE, save>FILE    battery RAM taken from a file at first, put into one at last
 *     ram>FILE                the console's RAM, put into a file at last */
#include "core.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds(const struct rusage *u)
{
    return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
           (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static double used_seconds(struct rusage *u)
{
    getrusage(RUSAGE_SELF, u); /* all threads of this process */
    return seconds(u);
}

/* ---- a program ---- */

static int measure_program(char **argv)
{
    struct rusage u;
    int status, null;
    pid_t pid = fork();

    if (pid < 0)
        return perror("fork"), 1;
    if (!pid) {
        null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        execvp(*argv, argv);
        perror(*argv);
        _exit(127);
    }
    /* The child's usage has that of its own children, as far as it waited for them. */
    if (wait4(pid, &status, 0, &u) < 0)
        return perror("wait4"), 1;
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        fprintf(stderr, "%s: status 0x%x\n", *argv, (unsigned)status);
        return 1;
    }
    printf("%.6f %ld 0 0\n", seconds(&u), u.ru_maxrss);
    return 0;
}

/* ---- what is done at which picture ---- */

struct action {
    unsigned long from, to;
    uint16_t buttons[CORE_PADS];
    const char *option; /* KEY=VALUE */
    bool reset;
};

static void add_button(struct action *a, const char *name, size_t len)
{
    static const struct {
        const char *name;
        unsigned id;
    } all[] = {
        { "A", RETRO_DEVICE_ID_JOYPAD_A },           { "B", RETRO_DEVICE_ID_JOYPAD_B },
        { "Select", RETRO_DEVICE_ID_JOYPAD_SELECT }, { "Start", RETRO_DEVICE_ID_JOYPAD_START },
        { "Up", RETRO_DEVICE_ID_JOYPAD_UP },         { "Down", RETRO_DEVICE_ID_JOYPAD_DOWN },
        { "Left", RETRO_DEVICE_ID_JOYPAD_LEFT },     { "Right", RETRO_DEVICE_ID_JOYPAD_RIGHT },
    };
    unsigned pad = !strncmp(name, "2.", 2);

    if (pad)
        name += 2, len -= 2;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strlen(all[i].name) == len && !strncmp(all[i].name, name, len)) {
            a->buttons[pad] |= (uint16_t)(1u << all[i].id);
            return;
        }
    fprintf(stderr, "no button %.*s\n", (int)len, name);
    exit(2);
}

static struct action parse_action(const char *text)
{
    struct action a = { 0 };
    char *at;

    a.from = strtoul(text, &at, 10);
    a.to = a.from + 1;
    if (*at != ':') {
        fprintf(stderr, "%s: want FRAME:BUTTONS, FRAME:reset or KEY=VALUE\n", text);
        exit(2);
    }
    a.reset = !strcmp(at, ":reset");
    if (strchr(at, '='))
        a.option = at + 1;
    if (a.reset || a.option)
        return a;
    do {
        size_t len = strcspn(at + 1, "+:");

        add_button(&a, at + 1, len);
        at += 1 + len;
    } while (*at == '+');
    if (*at == ':')
        a.to = a.from + strtoul(at + 1, NULL, 10);
    return a;
}

static void set_option(struct core *c, const char *option)
{
    unsigned i = 0;
    size_t key = strcspn(option, "=") + 1;

    while (i < c->option_count && strncmp(c->option[i], option, key) != 0)
        i++;
    if (i == CORE_OPTIONS)
        return;
    if (i == c->option_count)
        c->option_count++;
    c->option[i] = option;
    c->options_changed = true;
}

static void act(struct core *c, const struct action *list, unsigned count, unsigned long n)
{
    memset(c->pad, 0, sizeof c->pad);
    for (unsigned i = 0; i < count; i++) {
        if (n < list[i].from || n >= list[i].to)
            continue;
        for (unsigned pad = 0; pad < CORE_PADS; pad++)
            c->pad[pad] |= list[i].buttons[pad];
        if (list[i].option)
            set_option(c, list[i].option);
        if (list[i].reset)
            c->retro_reset();
    }
}

/* ---- what it is ---- */

static void print_sha1(const char *name, SHA1_CTX *sha1)
{
    char text[SHA1_DIGEST_STRING_LENGTH];

    printf("%s: %s\n", name, SHA1End(sha1, text));
}

/* The digest `labels` of `mews run --hash`: colours numbered in the order in which they appear, so
 * that the palette does not matter. */
static void print_labels(const struct core *c)
{
    uint32_t seen[256];
    unsigned count = 0;
    SHA1_CTX sha1;

    SHA1Init(&sha1);
    for (unsigned y = 0; y < c->height; y++) {
        const uint32_t *row = (const uint32_t *)(const void *)((const char *)c->picture +
                                                               y * c->pitch);

        for (unsigned x = 0; x < c->width; x++) {
            uint32_t rgb = row[x] & 0xffffff;
            uint8_t label = 0;

            while (label < count && seen[label] != rgb)
                label++;
            if (label == count && count < 255)
                seen[count++] = rgb;
            SHA1Update(&sha1, &label, 1);
        }
    }
    print_sha1("labels", &sha1);
}

static void print_memory(const struct core *c, const char *name, unsigned id)
{
    const uint8_t *bytes = c->retro_get_memory_data(id);
    size_t size = c->retro_get_memory_size(id);
    SHA1_CTX sha1;

    SHA1Init(&sha1);
    if (bytes)
        SHA1Update(&sha1, bytes, size);
    printf("%s-bytes: %zu\n", name, size);
    print_sha1(name, &sha1);
}

static void print_shape(const char *name, const struct retro_game_geometry *g)
{
    printf("%s: %ux%u of %ux%u, %.4f\n", name, g->base_width, g->base_height, g->max_width,
           g->max_height, (double)g->aspect_ratio);
}

static void print_facts(const struct core *c, SHA1_CTX *sound)
{
    struct retro_system_info info = { 0 };
    struct retro_system_av_info av = { 0 };

    c->retro_get_system_info(&info);
    c->retro_get_system_av_info(&av);
    printf("core: %s %s (%s)\n", info.library_name, info.library_version, info.valid_extensions);
    printf("timing: %.6f %.0f\n", av.timing.fps, av.timing.sample_rate);
    printf("region: %s\n", c->retro_get_region() == RETRO_REGION_PAL ? "pal" : "ntsc");
    print_shape("geometry", &av.geometry);
    if (c->geometry.base_width)
        print_shape("changed", &c->geometry);
    printf("picture: %ux%u\npictures: %llu\nsamples: %llu\n", c->width, c->height,
           (unsigned long long)c->pictures, (unsigned long long)c->samples);
    if (c->format == RETRO_PIXEL_FORMAT_XRGB8888)
        print_labels(c);
    print_sha1("sound", sound);
    print_memory(c, "ram", RETRO_MEMORY_SYSTEM_RAM);
    print_memory(c, "save", RETRO_MEMORY_SAVE_RAM);
    printf("state-bytes: %zu\n", c->retro_serialize_size());
    for (unsigned i = 0; i < c->map_count; i++)
        printf("map: %04zx+%04zx %s\n", c->maps[i].start, c->maps[i].len,
               c->maps[i].ptr == c->retro_get_memory_data(RETRO_MEMORY_SYSTEM_RAM) ? "ram" : "");
    for (unsigned i = 0; c->options && c->options[i].key; i++)
        printf("option: %s %s\n", c->options[i].key, c->options[i].default_value);
    for (const struct retro_input_descriptor *d = c->inputs; d && d->description; d++)
        printf("input: %u %u %s\n", d->port, d->id, d->description);
    for (unsigned i = 0; c->controllers && c->controllers[i].types; i++)
        printf("port: %u %s\n", i, c->controllers[i].types[0].desc);
    if (*c->log)
        printf("log: %s", c->log);
}

/* ---- a core ---- */

static bool copy_memory(const struct core *c, unsigned id, const char *path, bool write)
{
    FILE *f = fopen(path, write ? "wb" : "rb");
    void *at = c->retro_get_memory_data(id);
    size_t size = c->retro_get_memory_size(id), done;

    if (!f)
        return perror(path), false;
    done = write ? fwrite(at, 1, size, f) : fread(at, 1, size, f);
    if (fclose(f) || done != size)
        return fprintf(stderr, "%s: %zu of %zu bytes\n", path, done, size), false;
    return true;
}

struct job {
    const char *core, *game, *save_from, *save_to, *ram_to;
    unsigned long frames;
    bool facts;
    struct action *actions;
    unsigned count;
};

static int run_job(struct core *c, const struct job *j)
{
    struct rusage u;
    SHA1_CTX sound;
    double start;

    if (!core_open(c, j->core) || !core_load(c, j->game))
        return 1;
    if (j->save_from && !copy_memory(c, RETRO_MEMORY_SAVE_RAM, j->save_from, false))
        return 1;
    SHA1Init(&sound);
    if (j->facts)
        c->digest = &sound;
    start = used_seconds(&u);
    for (unsigned long n = 0; n < j->frames && !c->ended; n++) {
        act(c, j->actions, j->count, n);
        c->retro_run();
    }
    start = used_seconds(&u) - start;
    if (j->facts)
        print_facts(c, &sound);
    else
        printf("%.6f %ld %llu %llu\n", start, u.ru_maxrss, (unsigned long long)c->pictures,
               (unsigned long long)c->samples);
    if (j->save_to && !copy_memory(c, RETRO_MEMORY_SAVE_RAM, j->save_to, true))
        return 1;
    if (j->ram_to && !copy_memory(c, RETRO_MEMORY_SYSTEM_RAM, j->ram_to, true))
        return 1;
    c->retro_unload_game();
    return 0;
}

static int core_job(int argc, char **argv, bool facts)
{
    struct job j = { .core = argv[0], .game = argv[1], .facts = facts };
    struct core c = { 0 };
    int status;

    j.frames = strtoul(argv[2], NULL, 10);
    j.actions = calloc((size_t)argc, sizeof *j.actions);
    if (!j.actions)
        return 1;
    for (int i = 3; i < argc; i++) {
        if (!strncmp(argv[i], "save<", 5))
            j.save_from = argv[i] + 5;
        else if (!strncmp(argv[i], "save>", 5))
            j.save_to = argv[i] + 5;
        else if (!strncmp(argv[i], "ram>", 4))
            j.ram_to = argv[i] + 4;
        else if (strchr(argv[i], '=') && (argv[i][0] < '0' || argv[i][0] > '9'))
            set_option(&c, argv[i]);
        else
            j.actions[j.count++] = parse_action(argv[i]);
    }
    c.options_changed = false; /* those from the start are no change */
    status = run_job(&c, &j);
    core_close(&c);
    free(j.actions);
    return status;
}

int main(int argc, char **argv)
{
    bool facts = argc > 1 && !strcmp(argv[1], "--facts");

    if (argc >= 3 && !strcmp(argv[1], "--"))
        return measure_program(argv + 2);
    if (argc >= 4 + facts)
        return core_job(argc - 1 - facts, argv + 1 + facts, facts);
    fprintf(stderr,
            "usage: front [--facts] CORE.so GAME FRAMES [WHAT...] | front -- PROGRAM ...\n");
    return 2;
}
