/* Both paths of the console against each other (duel.h), on every cartridge there is: those that
 * are built here, and the public test programs when MEWS_TESTDATA names them.
 *
 * usage: paths_test [--all] [--frames N] [--every N] [NAME...]
 *
 * Each cartridge runs for N frames at most; --all: until the public ones have their verdict, which
 * takes minutes. --every: only one in so many. NAME: only those whose name has NAME in it. */
#include "tests/mach/images.h"
#include "tests/nes/duel.h"
#include "tests/nes/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 60, OWN_FRAMES = 400, START_AT = 120, START_FOR = 6, START = 8, HELD_FOR = 16 };

struct options {
    unsigned frames, every;
    char **names;
    unsigned name_count;
};

/* A public program is left alone, but for Start: some wait for it. */
static void press_start(const struct duel *d, struct bench *b, unsigned frame)
{
    (void)d;
    b->held[0] = frame >= START_AT && frame < START_AT + START_FOR ? START : 0;
    bench_heed(b);
}

static void play(const struct duel *d, struct bench *b, unsigned frame)
{
    u64 r = chance_from(d->seed * 1000 + frame / HELD_FOR);

    b->held[0] = below(&r, 256) & below(&r, 256);
    b->held[1] = below(&r, 256) & below(&r, 256);
    bench_heed(b);
}

static bool wanted(const struct image *i, const struct options *o, unsigned index)
{
    if (i->len < 4 || memcmp(i->bytes, "NES\x1a", 4) != 0 || index % o->every)
        return false;
    for (unsigned k = 0; k < o->name_count; k++)
        if (strstr(i->name, o->names[k]))
            return true;
    return !o->name_count;
}

static int compare_all(const struct images *all, const struct options *o)
{
    unsigned count = 0, failed = 0;
    u64 total = 0;

    for (unsigned k = 0; k < all->count; k++) {
        const struct image *i = &all->list[k];
        struct duel d = { .name = i->name,
                          .image = i->bytes,
                          .len = i->len,
                          .region = i->pal ? "pal" : NULL,
                          .seed = k,
                          .pieces = k % 3 == 0,
                          .begin = i->frames ? press_start : play };
        unsigned frames = i->frames ? i->frames : OWN_FRAMES;

        if (!wanted(i, o, k))
            continue;
        frames = frames < o->frames ? frames : o->frames;
        failed += duel_differs(&d, frames);
        total += frames;
        count++;
    }
    printf("%u cartridges, %llu frames: %u differ\n", count, (unsigned long long)total, failed);
    return failed || !count;
}

int main(int argc, char **argv)
{
    struct options o = { .frames = FRAMES, .every = 1 };
    struct images all = { 0 };
    int r;

    o.names = argv + 1;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--all"))
            o.frames = UINT32_MAX;
        else if (!strcmp(argv[i], "--frames") && i + 1 < argc)
            o.frames = (unsigned)strtoul(argv[++i], NULL, 0);
        else if (!strcmp(argv[i], "--every") && i + 1 < argc)
            o.every = (unsigned)strtoul(argv[++i], NULL, 0);
        else
            o.names[o.name_count++] = argv[i];
    }
    if (!o.every)
        o.every = 1;
    images_add_guests(&all);
    images_add_conformance(&all, 1);
    r = compare_all(&all, &o);
    images_fini(&all);
    return r;
}
