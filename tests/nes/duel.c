#include "tests/nes/duel.h"

#include "tests/nes/program.h"

#include <stdio.h>
#include <stdlib.h>

static void open_bench(struct bench *b, const struct duel *d, bool exact)
{
    struct setting settings[] = { { "exact", exact ? "true" : "false" },
                                  { "ram_fill", "random" },
                                  { "ram_seed", "7" },
                                  { "region", d->region } };
    struct err e;

    if (bench_open(b, d->image, d->len, settings, ARRAY_SIZE(settings) - !d->region, &e)) {
        printf("%s: %s\n", d->name, e.text);
        exit(2);
    }
}

static void run_frame(struct bench *b, const struct duel *d, unsigned frame, bool exact)
{
    u64 r = chance_from(d->seed * 1000 + frame + 500);
    struct machine *m = b->machine;
    unsigned pieces = exact || !d->pieces ? 0 : 1 + below(&r, 10);

    m->frame_limit = m->frames + 1;
    while (pieces--)
        if (m->kind->run(m, m->now + below(&r, 4000), NULL) == STOP_FRAME)
            return;
    m->kind->run(m, UINT64_MAX, NULL);
}

static void replay(struct bench *b, const struct duel *d, unsigned frames, bool exact)
{
    open_bench(b, d, exact);
    for (unsigned f = 0; f < frames; f++) {
        d->begin(d, b, f);
        run_frame(b, d, f, exact);
    }
    d->begin(d, b, frames);
}

/* Whether the states differ at time t of a frame. */
static bool differ_at(const struct duel *d, unsigned frame, u64 t, char *what, size_t room,
                      char *where, size_t where_room)
{
    struct bench a, b;
    bool yes;

    replay(&a, d, frame, true);
    replay(&b, d, frame, false);
    bench_until(&a, t);
    bench_until(&b, t);
    yes = bench_differs(&a, &b, what, room);
    bench_where(&a, where, where_room);
    bench_close(&a);
    bench_close(&b);
    return yes;
}

/* Halves the time between the frame's start, where the states are equal, and `end`. */
static void narrow(const struct duel *d, unsigned frame, u64 start, u64 end)
{
    char what[480], where[160];

    if (!differ_at(d, frame, end, what, sizeof what, where, sizeof where)) {
        printf("  not to be seen when the run stops at cycle %llu\n", (unsigned long long)end);
        return;
    }
    while (end - start > 1) {
        u64 middle = start + (end - start) / 2;

        if (differ_at(d, frame, middle, what, sizeof what, where, sizeof where))
            end = middle;
        else
            start = middle;
    }
    differ_at(d, frame, end, what, sizeof what, where, sizeof where);
    printf("  first after %s: %s\n", where, what);
}

bool duel_differs(const struct duel *d, unsigned frames)
{
    struct bench a, b;
    char what[480];
    bool bad = false;
    unsigned f;
    u64 start = 0;

    open_bench(&a, d, true);
    open_bench(&b, d, false);
    for (f = 0; f < frames && !bad; f++) {
        start = a.machine->now;
        d->begin(d, &a, f);
        d->begin(d, &b, f);
        run_frame(&a, d, f, true);
        run_frame(&b, d, f, false);
        bad = bench_differs(&a, &b, what, sizeof what);
    }
    if (bad) {
        printf("%s, frame %u: %s\n", d->name, f - 1, what);
        narrow(d, f - 1, start, a.machine->now);
        fflush(stdout);
    }
    bench_close(&a);
    bench_close(&b);
    return bad;
}
