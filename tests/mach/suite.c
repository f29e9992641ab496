#include "tests/mach/suite.h"

#include "tests/nes/program.h"

#include <stdio.h>
#include <stdlib.h>

int suite_open(void **state)
{
    static struct suite s;
    const char *seed = getenv("SEED");

    s.seed = seed ? strtoull(seed, NULL, 0) : 1;
    images_gather(&s.images);
    printf("%u images, SEED=%llu\n", s.images.count, (unsigned long long)s.seed);
    *state = &s;
    return 0;
}

int suite_open_replayable(void **state)
{
    int r = suite_open(state);

    images_keep_replayable(&((struct suite *)*state)->images);
    return r;
}

int suite_close(void **state)
{
    images_fini(&((struct suite *)*state)->images);
    return 0;
}

void suite_each(const struct suite *s, unsigned test, void (*f)(const struct image *i, u64 *r))
{
    u64 r = chance_from(s->seed + test);

    for (unsigned i = 0; i < s->images.count; i++)
        f(&s->images.list[i], &r);
}
