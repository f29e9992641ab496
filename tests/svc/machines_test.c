/* Every machine that the tests have goes on from a file as if nothing had been: run(a + b) equals
 * run(a), snapshot, a new machine from it, run(b). SEED in the environment chooses other times. */
#include "api/kinds.h"
#include "svc/snap/snap.h"
#include "tests/mach/bench.h"
#include "tests/mach/suite.h"
#include "tests/nes/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* A flat image of the machine, and a compressed one. */
static void save(struct bench *b, const struct image *i, int flat, int packed)
{
    struct config c = { .name = "bench", .image = i->bytes, .image_bytes = i->len };
    struct recipe recipe;
    struct snap_image *image = NULL;
    struct err e;

    assert_true(recipe_init(&recipe, b->machine->kind->name, &c));
    if (snap_save(b->machine, &recipe, flat, NULL, NULL, &e) || snap_open(flat, &image, &e) ||
        snap_rewrite(&image, 1, packed, 1, false, NULL, &e))
        fail_msg("%s: %s", i->name, e.text);
    snap_close(image);
    recipe_fini(&recipe);
}

static void load(struct bench *b, const struct image *i, int fd)
{
    struct snap_image *image = NULL;
    const struct config *c;
    struct err e;

    if (snap_open(fd, &image, &e) || snap_verify(image, &e))
        fail_msg("%s: %s", i->name, e.text);
    c = &snap_recipe(image)->config;
    if (bench_open(b, c->image, c->image_bytes, NULL, 0, &e) || snap_load(image, b->machine, &e))
        fail_msg("%s: %s", i->name, e.text);
    snap_close(image);
}

static void check(const struct image *i, u64 *r)
{
    struct bench a, b;
    char what[480];
    u64 tick, at;
    struct err e;
    int flat = memfd_create("flat", 0), packed = memfd_create("packed", 0);

    if (bench_open(&a, i->bytes, i->len, NULL, 0, &e))
        fail_msg("%s: %s", i->name, e.text);
    tick = machine_ticks(a.machine, 10000000);
    a.held[0] = below(r, 256);
    bench_until(&a, 1 + chance(r) % (20 * tick));
    at = a.machine->now;
    save(&a, i, flat, packed);
    load(&b, i, percent(r, 50) ? packed : flat);
    bench_join(&b, &a);
    b.held[0] = a.held[0];
    bench_until(&a, at + 10 * tick);
    bench_until(&b, at + 10 * tick);
    if (bench_differs(&a, &b, what, sizeof what))
        fail_msg("%s: saved at %llu: %s", i->name, (unsigned long long)at, what);
    bench_close(&b);
    bench_close(&a);
    close(flat);
    close(packed);
}

static void every_machine_goes_on_from_a_file(void **state)
{
    suite_each(*state, 0, check);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_machine_goes_on_from_a_file) };

    return cmocka_run_group_tests(tests, suite_open_replayable, suite_close);
}
