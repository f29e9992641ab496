/* Measures: the CPU time of a libretro core per frame, or that of a program.
 *
 *     front CORE.so GAME FRAMES [FRAME:BUTTONS:COUNT...]    user+system seconds of so many frames
 *     front -- PROGRAM ARGUMENT...                          those of a program and its children
 *
 * Prints one line: seconds, peak KiB resident, pictures, samples. Buttons are A B Select Start Up
 * Down Left Right with + between them, as in `mews run --press`. */
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

/* ---- a core ---- */

struct press {
    unsigned long from, to;
    uint16_t buttons;
};

static uint16_t button(const char *name, size_t len)
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

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strlen(all[i].name) == len && !strncmp(all[i].name, name, len))
            return (uint16_t)(1u << all[i].id);
    fprintf(stderr, "no button %.*s\n", (int)len, name);
    exit(2);
}

static struct press parse_press(const char *text)
{
    struct press p = { 0 };
    char *at;

    p.from = strtoul(text, &at, 10);
    do {
        const char *name = at + 1;
        size_t len = strcspn(name, "+:");

        p.buttons |= button(name, len);
        at += 1 + len;
    } while (*at == '+');
    p.to = p.from + (*at == ':' ? strtoul(at + 1, NULL, 10) : 1);
    return p;
}

static int measure_core(int argc, char **argv)
{
    unsigned long frames = strtoul(argv[3], NULL, 10);
    unsigned presses = (unsigned)argc - 4;
    struct press *press = calloc(presses + 1, sizeof *press);
    struct core c = { 0 };
    struct rusage u;
    double start;

    for (unsigned i = 0; press && i < presses; i++)
        press[i] = parse_press(argv[4 + i]);
    if (!press || !core_open(&c, argv[1]) || !core_load(&c, argv[2]))
        return 1;
    start = used_seconds(&u);
    for (unsigned long n = 0; n < frames; n++) {
        c.pad[0] = 0;
        for (unsigned i = 0; i < presses; i++)
            if (n >= press[i].from && n < press[i].to)
                c.pad[0] |= press[i].buttons;
        c.retro_run();
    }
    start = used_seconds(&u) - start;
    printf("%.6f %ld %llu %llu\n", start, u.ru_maxrss, (unsigned long long)c.pictures,
           (unsigned long long)c.samples);
    c.retro_unload_game();
    core_close(&c);
    free(press);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 3 && !strcmp(argv[1], "--"))
        return measure_program(argv + 2);
    if (argc >= 4)
        return measure_core(argc, argv);
    fprintf(stderr, "usage: front CORE.so GAME FRAMES [PRESS...] | front -- PROGRAM ...\n");
    return 2;
}
