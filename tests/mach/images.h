/* The things that can run which tests of every kind go through: the guests that were built, random
 * cartridges for every board the NES kind has, and some of the public test programs when
 * MEWS_TESTDATA names them. A new kind is tested as soon as a guest of its own is built. */
#ifndef TESTS_MACH_IMAGES_H
#define TESTS_MACH_IMAGES_H

#include "base/types.h"

struct image {
    char name[128];
    u8 *bytes;
    size_t len;
    unsigned frames; /* until a public test program has its verdict; 0: no such program */
    bool pal;        /* it is made for that region, and its header does not say so */
};

struct images {
    struct image *list;
    unsigned count;
};

/* All of those above. These exit with a message when a kind has no image, or a file cannot be read,
 * and say so in a line when MEWS_TESTDATA is not set. */
void images_gather(struct images *all);
/* Leaves those that do the same twice, and says in a line what it drops. */
void images_keep_replayable(struct images *all);
void images_fini(struct images *all);

/* To a list that is empty or has some: the guests; of the public programs, one in `every`. */
void images_add_guests(struct images *all);
void images_add_conformance(struct images *all, unsigned every);

#endif
