/* What a snapshot and a restore cost, against the size of memory and the pages that are dirty.
 *
 *     measure [--quick] [--changes]
 *
 * The machine is tests/svc/ram.c: nothing but memory, here full of random bytes. Files go to
 * $TMPDIR, best on a tmpfs: nothing is synced, and with the files in memory all that takes time is
 * CPU time, which is measured, so that others on the machine do not count. Every figure is the
 * median of some trials. --quick: up to 64 MiB; --changes: incremental ones
 * only. */
#include "svc/snap/snap.h"
#include "tests/nes/program.h"
#include "tests/svc/ram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    TRIALS = 9,
    LIVE_TICKS = 20, /* between rounds: so many pages more are dirty */
    ROUND_BYTES = 16 << 20,
    ENOUGH_BYTES = 256 << 10,
    ROUNDS = 4096,
};

struct bed {
    struct machine *machine;
    struct recipe recipe;
    int fd;
};

static void die(const char *what)
{
    fprintf(stderr, "measure: %s\n", what);
    exit(1);
}

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int new_file(void)
{
    const char *tmp = getenv("TMPDIR");
    char path[4096];
    int fd;

    snprintf(path, sizeof path, "%s/mews-measure-XXXXXX", tmp ? tmp : "/tmp");
    fd = mkstemp(path);
    if (fd < 0)
        die("no file in $TMPDIR");
    unlink(path);
    return fd;
}

static void fill(struct machine *m)
{
    struct space *s = &ram_of(m)->memory;
    u64 seed = chance_from(1);

    for (u64 at = 0; at + 8 <= s->size_bytes; at += 8) {
        u64 v = chance(&seed);

        memcpy(s->bytes + at, &v, 8);
    }
    space_mark(s, 0, s->size_bytes);
}

static void bed_open(struct bed *b, u64 bytes)
{
    struct err e;

    if (ram_create(bytes, &b->machine, &b->recipe, &e))
        die(e.text);
    fill(b->machine);
    b->fd = new_file();
}

static void bed_close(struct bed *b)
{
    b->machine->kind->destroy(b->machine);
    recipe_fini(&b->recipe);
    close(b->fd);
}

static void ticks(struct machine *m, u64 n)
{
    m->kind->run(m, m->now + n, NULL);
}

/* ---- figures ---- */

struct figure {
    double trial[TRIALS];
};

/* Gigabytes take their time. */
static unsigned trials(u64 bytes)
{
    return bytes < 256 << 20 ? TRIALS : 3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(struct figure *f, unsigned count)
{
    qsort(f->trial, count, sizeof f->trial[0], by_value);
    return f->trial[count / 2];
}

static const char *size_text(u64 bytes, char out[32])
{
    if (bytes >= 1 << 30)
        snprintf(out, 32, "%llu GiB", (unsigned long long)bytes >> 30);
    else if (bytes >= 1 << 20)
        snprintf(out, 32, "%llu MiB", (unsigned long long)bytes >> 20);
    else
        snprintf(out, 32, "%.4g KiB", (double)bytes / 1024);
    return out;
}

/* ---- the three things that are measured ---- */

/* The machine stands from the beginning to snap_capture()'s end. */
static double save_paused(struct bed *b, const struct snap_options *o, struct snap_result *result)
{
    double start = now_ms(), pause;
    struct snap_writer *w;
    struct err e;

    if (snap_begin(b->machine, &b->recipe, b->fd, o, &w, &e) || snap_capture(w, &e))
        die(e.text);
    pause = now_ms() - start;
    if (snap_finish(w, result, &e))
        die(e.text);
    snap_end(w);
    return pause;
}

/* The guest runs between rounds, and stands in snap_capture() alone. */
static double save_live(struct bed *b, struct snap_result *result)
{
    struct snap_writer *w;
    double start;
    u64 left = UINT64_MAX;
    struct err e;

    if (snap_begin(b->machine, &b->recipe, b->fd, NULL, &w, &e))
        die(e.text);
    for (unsigned i = 0; i < ROUNDS && left > ENOUGH_BYTES; i++) {
        ticks(b->machine, LIVE_TICKS);
        if (snap_round(w, ROUND_BYTES, &left, &e))
            die(e.text);
    }
    ticks(b->machine, LIVE_TICKS);
    start = now_ms();
    if (snap_capture(w, &e))
        die(e.text);
    start = now_ms() - start;
    if (snap_finish(w, result, &e))
        die(e.text);
    snap_end(w);
    return start;
}

/* From the file's descriptor to the end of the guest's first tick. */
static double restore(int fd)
{
    double start = now_ms(), end;
    struct snap_image *i = NULL;
    struct machine *m = NULL;
    struct err e;

    if (snap_open(fd, &i, &e) || ram_again(snap_recipe(i), &m, &e) || snap_load(i, m, &e))
        die(e.text);
    ticks(m, 1);
    end = now_ms();
    snap_close(i);
    m->kind->destroy(m);
    return end - start;
}

/* ---- the tables ---- */

static void by_size(u64 bytes)
{
    struct figure paused, live, back;
    struct snap_result whole, result;
    char size[32], file[32], last[32];
    struct bed b;

    bed_open(&b, bytes);
    for (unsigned k = 0; k < trials(bytes); k++)
        paused.trial[k] = save_paused(&b, NULL, &whole);
    for (unsigned k = 0; k < trials(bytes); k++)
        live.trial[k] = save_live(&b, &result);
    for (unsigned k = 0; k < trials(bytes); k++)
        back.trial[k] = restore(b.fd);
    printf("%-10s %12s %14.3f %14.3f %12s %14.3f\n", size_text(bytes, size),
           size_text(whole.file_bytes, file), median(&paused, trials(bytes)),
           median(&live, trials(bytes)), size_text(result.paused_bytes, last),
           median(&back, trials(bytes)));
    fflush(stdout);
    bed_close(&b);
}

/* Has the guest write to exactly so many pages. */
static void dirty(struct machine *m, u64 pages)
{
    struct space *s = &ram_of(m)->memory;
    u64 step = space_pages(s) / (pages ? pages : 1);

    for (u64 p = 0; p < pages; p++)
        space_write(s, p * step * SPACE_PAGE_BYTES, &m->now, 8);
}

static void by_pages(u64 bytes, u64 pages)
{
    struct snap_options o = { 0 };
    struct snap_result result;
    struct snap_chain *chain;
    struct figure pause;
    char size[32], text[32];
    struct bed b;
    struct err e;

    if (pages > bytes / SPACE_PAGE_BYTES)
        return;
    bed_open(&b, bytes);
    if (snap_chain_create(b.machine, &chain, &e))
        die(e.text);
    o.chain = chain;
    save_paused(&b, &o, &result);
    o.incremental = true;
    for (unsigned k = 0; k < trials(bytes); k++) {
        close(b.fd);
        b.fd = new_file();
        dirty(b.machine, pages);
        pause.trial[k] = save_paused(&b, &o, &result);
    }
    printf("%-10s %12llu %14.3f %12s\n", size_text(bytes, size), (unsigned long long)pages,
           median(&pause, trials(bytes)), size_text(result.file_bytes, text));
    fflush(stdout);
    snap_chain_destroy(chain);
    bed_close(&b);
}

static const u64 sizes[] = { 2 << 10,  64 << 10,  1 << 20, 16 << 20,
                             64 << 20, 256 << 20, 1 << 30, 4ull << 30 };

static void whole(u64 most)
{
    printf("a whole snapshot, and a restore\n%-10s %12s %14s %14s %12s %14s\n", "memory", "file",
           "stopped: ms", "live: pause ms", "written in it", "restore: ms");
    for (unsigned i = 0; i < ARRAY_SIZE(sizes) && sizes[i] <= most; i++)
        by_size(sizes[i]);
    putchar('\n');
}

static void changes(u64 most)
{
    static const u64 pages[] = { 0, 1, 16, 256, 4096, 65536 };

    printf("an incremental one, against the pages that changed\n%-10s %12s %14s %12s\n", "memory",
           "pages", "pause ms", "file");
    for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
        by_pages(most < 1 << 30 ? most : 1 << 30, pages[i]);
    printf("\n... and against memory\n");
    for (unsigned i = 0; i < ARRAY_SIZE(sizes) && sizes[i] <= most; i++)
        by_pages(sizes[i], 256);
}

int main(int argc, char **argv)
{
    u64 most = 4ull << 30;
    bool all = true;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--quick"))
            most = 64 << 20;
        all &= strcmp(argv[i], "--changes") != 0;
    }
    if (all)
        whole(most);
    changes(most);
    return 0;
}
