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
};

struct images {
    struct image *list;
    unsigned count;
};

/* Exits with a message when a kind has no image, or a file cannot be read. */
void images_gather(struct images *all);
void images_fini(struct images *all);

/* The rows of $MEWS_TESTDATA/nes/index.tsv: calls f with the path of each, in order. False when
 * MEWS_TESTDATA is not set. */
typedef void images_row(void *ctx, const char *name, const char *path);
bool images_conformance(images_row *f, void *ctx);

#endif
