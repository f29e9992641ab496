/* Both paths of the console against each other: random cartridges (program.h) run once with the
 * exact loops alone and once as usual. Every picture, all sound, all fields and all memories must
 * be equal after each frame, wherever run() was interrupted.
 *
 * usage: random_test [FIRST [COUNT [FRAMES]]] [--mapper N] [--rom FILE]
 *
 * Seeds FIRST to FIRST + COUNT - 1. On a difference it names the seed, the frame, the first cycle
 * after which the states differ, and what differs there (the exact machine's value first). --rom
 * writes the cartridge of FIRST to FILE and runs nothing. */
#include "tests/mach/bench.h"
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

/* What happens to the machines of a seed at a frame's start, the same at every repetition. */
struct script {
    u64 seed;
    const u8 *image;
    size_t len;
};

static void open_bench(struct bench *b, const struct script *s, bool exact)
{
    struct setting settings[] = { { "exact", exact ? "true" : "false" },
                                  { "ram_fill", "random" },
                                  { "ram_seed", "7" } };
    struct err e;

    if (bench_open(b, s->image, s->len, settings, ARRAY_SIZE(settings), &e)) {
        printf("seed %llu: %s\n", (unsigned long long)s->seed, e.text);
        exit(2);
    }
}

static void frame_begin(struct bench *b, const struct script *s, unsigned frame)
{
    u64 r = chance_from(s->seed * 1000 + frame);

    b->held[0] = below(&r, 256);
    b->held[1] = below(&r, 256);
    if (percent(&r, 3))
        b->machine->kind->reset(b->machine);
}

/* Runs one frame. The plain machine of some seeds gets it in pieces. */
static void frame_run(struct bench *b, const struct script *s, unsigned frame, bool exact)
{
    u64 r = chance_from(s->seed * 1000 + frame + 500);
    struct machine *m = b->machine;
    unsigned pieces = exact || s->seed % 3 ? 0 : 1 + below(&r, 10);

    m->frame_limit = m->frames + 1;
    while (pieces--)
        if (m->kind->run(m, m->now + below(&r, 4000), NULL) == STOP_FRAME)
            return;
    m->kind->run(m, UINT64_MAX, NULL);
}

static void replay(struct bench *b, const struct script *s, unsigned frames, bool exact)
{
    open_bench(b, s, exact);
    for (unsigned f = 0; f < frames; f++) {
        frame_begin(b, s, f);
        frame_run(b, s, f, exact);
    }
    frame_begin(b, s, frames);
}

/* Whether the states differ at time t of a frame. */
static bool differ_at(const struct script *s, unsigned frame, u64 t, char *what, size_t room,
                      char *where, size_t where_room)
{
    struct bench a, b;
    bool yes;

    replay(&a, s, frame, true);
    replay(&b, s, frame, false);
    bench_until(&a, t);
    bench_until(&b, t);
    yes = bench_differs(&a, &b, what, room);
    bench_where(&a, where, where_room);
    bench_close(&a);
    bench_close(&b);
    return yes;
}

/* Halves the time between the frame's start, where the states are equal, and `end`. */
static void narrow(const struct script *s, unsigned frame, u64 start, u64 end)
{
    char what[480], where[160];

    if (!differ_at(s, frame, end, what, sizeof what, where, sizeof where)) {
        printf("  not to be seen when the run stops at cycle %llu\n", (unsigned long long)end);
        return;
    }
    while (end - start > 1) {
        u64 middle = start + (end - start) / 2;

        if (differ_at(s, frame, middle, what, sizeof what, where, sizeof where))
            end = middle;
        else
            start = middle;
    }
    differ_at(s, frame, end, what, sizeof what, where, sizeof where);
    printf("  first after %s: %s\n", where, what);
}

static bool seed_fails(const struct script *s, const char *title, unsigned frames)
{
    struct bench a, b;
    char what[480];
    bool bad = false;
    unsigned f;
    u64 start = 0;

    open_bench(&a, s, true);
    open_bench(&b, s, false);
    for (f = 0; f < frames && !bad; f++) {
        start = a.machine->now;
        frame_begin(&a, s, f);
        frame_begin(&b, s, f);
        frame_run(&a, s, f, true);
        frame_run(&b, s, f, false);
        bad = bench_differs(&a, &b, what, sizeof what);
    }
    if (bad) {
        printf("seed %llu (%s), frame %u: %s\n", (unsigned long long)s->seed, title, f - 1, what);
        narrow(s, f - 1, start, a.machine->now);
        fflush(stdout);
    }
    bench_close(&a);
    bench_close(&b);
    return bad;
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
        struct script s = { .seed = seed, .image = image };
        char title[64];

        s.len = program_make(seed, o->mapper, image, title);
        failed += seed_fails(&s, title, o->frames);
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
