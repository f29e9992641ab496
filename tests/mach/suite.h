/* What tests over every image share: the images, and random numbers from a seed that SEED in the
 * environment chooses (else 1) and that is printed, so that a run can be had again. */
#ifndef TESTS_MACH_SUITE_H
#define TESTS_MACH_SUITE_H

#include "tests/mach/images.h"

struct suite {
    struct images images;
    u64 seed;
};

/* A cmocka group's setup and teardown; the state of each test is the suite. */
int suite_open(void **state);
int suite_open_replayable(void **state); /* without machines that never do the same twice */
int suite_close(void **state);

/* Calls f for each image. Each test of a program has a number of its own, by which its random
 * numbers are its own. */
void suite_each(const struct suite *s, unsigned test, void (*f)(const struct image *i, u64 *r));

#endif
