/* Both paths of the console against each other (duel.h) on random cartridges (program.h), wherever
 * run() is interrupted.
 *
 * usage: random_test [FIRST [COUNT [FRAMES]]] [--mapper N] [--rom FILE]
 *
 * Seeds FIRST to FIRST + COUNT - 1. --rom writes the cartridge of FIRST to FILE and runs nothing.
 */
#include "tests/nes/duel.h"
#include "tests/nes/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    u64 first, count;
    unsigned frames;
    int mapper;
    const char *rom;
};

static void press_at_random(const struct duel *d, struct bench *b, unsigned frame)
{
    u64 r = chance_from(d->seed * 1000 + frame);

    b->held[0] = below(&r, 256);
    b->held[1] = below(&r, 256);
    if (percent(&r, 3))
        b->machine->kind->reset(b->machine);
}

static int write_rom(const struct options *o)
{
    static u8 image[PROGRAM_ROOM];
    char title[64];
    size_t len = program_make(o->first, o->mapper, image, title);
    FILE *f = fopen(o->rom, "wb");

    if (!f || fwrite(image, 1, len, f) != len || fclose(f)) {
        perror(o->rom);
        return 2;
    }
    printf("%s: seed %llu (%s)\n", o->rom, (unsigned long long)o->first, title);
    return 0;
}

static int run_seeds(const struct options *o)
{
    static u8 image[PROGRAM_ROOM];
    u64 failed = 0;

    for (u64 seed = o->first; seed < o->first + o->count; seed++) {
        struct duel d = {
            .image = image, .seed = seed, .pieces = seed % 3 == 0, .begin = press_at_random
        };
        char title[64], name[96];

        d.len = program_make(seed, o->mapper, image, title);
        snprintf(name, sizeof name, "seed %llu (%s)", (unsigned long long)seed, title);
        d.name = name;
        failed += duel_differs(&d, o->frames);
    }
    printf("%llu cartridges, %u frames each: %llu differ\n", (unsigned long long)o->count,
           o->frames, (unsigned long long)failed);
    return failed != 0;
}

int main(int argc, char **argv)
{
    struct options o = { 1, 300, 10, -1, NULL };
    unsigned place = 0;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--rom") && i + 1 < argc)
            o.rom = argv[++i];
        else if (!strcmp(argv[i], "--mapper") && i + 1 < argc)
            o.mapper = atoi(argv[++i]);
        else if (place == 0)
            o.first = strtoull(argv[i], NULL, 0), place++;
        else if (place == 1)
            o.count = strtoull(argv[i], NULL, 0), place++;
        else
            o.frames = (unsigned)strtoul(argv[i], NULL, 0);
    }
    return o.rom ? write_rom(&o) : run_seeds(&o);
}
