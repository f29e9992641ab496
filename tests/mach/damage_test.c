/* What every component of every kind must keep to (DESIGN: the second of a component's three
 * tests): a damaged image does no harm, also when the machine then runs.
 *
 * usage: damage_test [SEED [COUNT]]
 *
 * A trial damages an image that was saved: fields get values that are small, negative, a single
 * bit or random; bytes anywhere, cut short too. It is loaded. If it is refused, the machine is as
 * before; if it is taken, the machine runs for some time, and what it then saves is accepted again.
 * COUNT trials for each thing that can run, in a child: when it hangs or dies, the parent tells on
 * what, and what was damaged, and another child takes the next thing. */
#include "mach/image.h"
#include "tests/mach/bench.h"
#include "tests/mach/images.h"
#include "tests/nes/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HANG_SECONDS = 20, RUN_NS = 40000000, COUNT = 6 };

/* Where the child is; the parent reads it when the child has died. */
struct place_now {
    unsigned image, trial, refused, run;
    char doing[32];
    char damage[600];
};

static void fail(struct place_now *now, const char *what, const char *why)
{
    snprintf(now->doing, sizeof now->doing, "%s", what);
    if (why)
        printf("  %s\n", why);
    fflush(stdout);
    _exit(1);
}

/* ---- the fields of an image ---- */

/* A field's values inside an image. */
struct place {
    size_t at;
    unsigned size, count;
    char path[160];
};
struct places {
    struct place *list;
    unsigned count;
};

static u64 take(const u8 *in, unsigned bytes)
{
    u64 v = 0;

    for (unsigned b = 0; b < bytes; b++)
        v |= (u64)in[b] << 8 * b;
    return v;
}

static void add_place(struct places *p, const struct place *one)
{
    p->list = realloc(p->list, (p->count + 1) * sizeof *p->list);
    if (!p->list)
        abort();
    p->list[p->count++] = *one;
}

/* The records of one object, from `at` to `end` (mach/field.c says how they are laid out). */
static void add_records(struct places *p, const u8 *image, size_t at, size_t end, const char *path)
{
    while (at < end) {
        unsigned name = image[at], size = image[at + 1 + name];
        size_t len = take(image + at + 2 + name, 4), body = at + 6 + name;
        struct place here = { .at = body, .size = size };

        snprintf(here.path, sizeof here.path, "%s.%.*s", path, (int)name, image + at + 1);
        at = body + len;
        if (size) {
            here.count = (unsigned)(len / size);
            add_place(p, &here);
            continue;
        }
        for (size_t part; body < at; body += 4 + part) {
            part = take(image + body, 4);
            add_records(p, image, body + 4, body + 4 + part, here.path);
        }
    }
}

/* All fields of an image; its sections are as mach/image.c says. */
static void find_places(struct places *p, const u8 *image, size_t len)
{
    for (size_t at = 0; at < len;) {
        unsigned name = image[at + 1];
        size_t body = at + 14 + name, bytes = take(image + at + 6 + name, 8);
        char path[128];

        snprintf(path, sizeof path, "%.*s", (int)name, image + at + 2);
        if (image[at] == 'f' || image[at] == 'm')
            add_records(p, image, body, body + bytes, path);
        at = body + bytes;
    }
}

/* ---- damage ---- */

static u64 wild_value(u64 old, u64 *r)
{
    switch (below(r, 6)) {
    case 0: return below(r, 16);
    case 1: return 0 - (u64)below(r, 16);
    case 2: return 1ull << below(r, 64);
    case 3: return old ^ 1ull << below(r, 64);
    case 4: return old + below(r, 8) - 4;
    default: return chance(r) << 16 ^ chance(r);
    }
}

static void tell(struct place_now *now, const char *path, unsigned index, u64 value)
{
    size_t at = strlen(now->damage);

    snprintf(now->damage + at, sizeof now->damage - at, "%s %s[%u]=%llu", at ? "," : "", path,
             index, (unsigned long long)value);
}

static void damage_field(struct place_now *now, u8 *image, const struct place *p, u64 *r)
{
    bool all = percent(r, 10);
    unsigned k = below(r, p->count), end = all ? p->count : k + 1;

    for (unsigned i = all ? 0 : k; i < end; i++) {
        u8 *at = image + p->at + (size_t)i * p->size;
        u64 v = wild_value(take(at, p->size), r);

        for (unsigned b = 0; b < p->size; b++)
            at[b] = (u8)(v >> 8 * b);
        tell(now, p->path, i, take(at, p->size));
    }
}

/* Returns the length that is left. */
static size_t damage_bytes(struct place_now *now, u8 *image, size_t len, u64 *r)
{
    for (unsigned n = 1 + below(r, 4); n--;) {
        unsigned at = below(r, percent(r, 50) ? 400 : (unsigned)len);

        image[at] ^= (u8)(1 + below(r, 255));
        tell(now, "byte", at, image[at]);
    }
    if (percent(r, 70))
        return len;
    len = below(r, (unsigned)len);
    tell(now, "length", 0, len);
    return len;
}

static size_t damage(struct place_now *now, u8 *image, size_t len, const struct places *p, u64 *r)
{
    if (percent(r, 15))
        return damage_bytes(now, image, len, r);
    for (unsigned n = 1 + below(r, 3); n--;)
        damage_field(now, image, &p->list[below(r, p->count)], r);
    return len;
}

/* ---- trials ---- */

struct trial {
    struct bench bench;
    u8 *good, *bad, *after;
    size_t len;
    struct places places;
    struct place_now *now;
};

static void must_load(struct trial *t, const u8 *image, size_t len, const char *what)
{
    struct err e = { 0 };

    if (machine_load(t->bench.machine, image, len, &e))
        fail(t->now, what, e.text);
}

static void prepare(struct trial *t, const struct image *i, u64 *r)
{
    struct err e;

    if (bench_open(&t->bench, i->bytes, i->len, NULL, 0, &e))
        fail(t->now, "made", e.text);
    bench_until(&t->bench, 1 + chance(r) % machine_ticks(t->bench.machine, 100000000));
    t->len = machine_save(t->bench.machine, NULL);
    t->good = malloc(t->len);
    t->bad = malloc(t->len);
    t->after = malloc(t->len);
    if (!t->good || !t->bad || !t->after)
        abort();
    machine_save(t->bench.machine, t->good);
    find_places(&t->places, t->good, t->len);
}

/* The damaged copy has its exact length, so that the sanitizer sees a read behind its end. */
static int load_damaged(struct trial *t, size_t len, struct err *e)
{
    u8 *exact = malloc(len + !len);
    int r;

    if (!exact)
        abort();
    memcpy(exact, t->bad, len);
    r = machine_load(t->bench.machine, exact, len, e);
    free(exact);
    return r;
}

static void attempt(struct trial *t, u64 *r)
{
    struct machine *m = t->bench.machine;
    struct err e = { 0 };
    size_t len;

    must_load(t, t->good, t->len, "refused its own image");
    memcpy(t->bad, t->good, t->len);
    len = damage(t->now, t->bad, t->len, &t->places, r);
    if (load_damaged(t, len, &e)) {
        t->now->refused++;
        if (!e.code || !e.text[0])
            fail(t->now, "gave no reason", NULL);
        machine_save(m, t->after);
        if (memcmp(t->after, t->good, t->len) != 0)
            fail(t->now, "changed though refused", e.text);
        return;
    }
    t->now->run++;
    t->bench.held[0] = below(r, 256);
    if (percent(r, 5) && m->kind->reset)
        m->kind->reset(m);
    bench_until(&t->bench, m->now + machine_ticks(m, RUN_NS));
    if (machine_save(m, NULL) != t->len)
        fail(t->now, "saved another length", NULL);
    machine_save(m, t->after);
    must_load(t, t->after, t->len, "refused what it saved");
}

static void run_trials(const struct image *i, unsigned index, u64 seed, unsigned count,
                       struct place_now *now)
{
    struct trial t = { .now = now };
    u64 r = chance_from(seed * 1000 + index);

    now->trial = 0;
    now->damage[0] = 0;
    snprintf(now->doing, sizeof now->doing, "died");
    alarm(HANG_SECONDS);
    prepare(&t, i, &r);
    for (; now->trial < count; now->trial++) {
        now->damage[0] = 0;
        alarm(HANG_SECONDS);
        attempt(&t, &r);
    }
    free(t.good);
    free(t.bad);
    free(t.after);
    free(t.places.list);
    bench_close(&t.bench);
}

/* Tries the images from now->image on, until one fails. */
static bool fails(const struct images *all, u64 seed, unsigned count, struct place_now *now)
{
    int status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (!child) {
        for (; now->image < all->count; now->image++)
            run_trials(&all->list[now->image], now->image, seed, count, now);
        exit(0); /* by exit(), so that leaks are looked for */
    }
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        perror("damage_test");
        exit(2);
    }
    if (!status)
        return false;
    printf("damage_test %llu %u: %s, trial %u: %s:%s\n", (unsigned long long)seed, count,
           now->image < all->count ? all->list[now->image].name : "the end", now->trial,
           WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "hung" : now->doing, now->damage);
    return true;
}

int main(int argc, char **argv)
{
    u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : COUNT, failed = 0;
    struct place_now *now = mmap(NULL, sizeof *now, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct images images;

    if (now == MAP_FAILED) {
        perror("damage_test");
        return 2;
    }
    images_gather(&images);
    for (; now->image < images.count; now->image++) {
        if (!fails(&images, seed, count, now))
            break;
        failed++;
    }
    printf("%u images, seed %llu: %u damaged images were refused, %u run\n", images.count,
           (unsigned long long)seed, now->refused, now->run);
    if (!failed && count && (!now->refused || !now->run))
        failed = 1; /* it proves nothing */
    images_fini(&images);
    return failed != 0;
}
