/* All that a machine was made from: with it the same machine can be made again, elsewhere, when the
 * file is gone. Snapshots and recordings begin with one. */
#ifndef MACH_RECIPE_H
#define MACH_RECIPE_H

#include "mach/machine.h"

struct recipe {
    char kind[32];
    struct config config; /* what its pointers name is the recipe's own */
    void *owned;          /* one block that holds all of it */
};

/* A copy of a configuration; false when the host has no memory. */
bool recipe_init(struct recipe *r, const char *kind, const struct config *c);
void recipe_fini(struct recipe *r); /* accepts one that is all zero */

/* As bytes, for a file: returns how many; with out NULL it only measures. */
size_t recipe_save(const struct recipe *r, u8 *out);
/* ERR_FORMAT for damaged bytes. */
int recipe_load(struct recipe *r, const u8 *in, size_t len, struct err *e);

#endif
