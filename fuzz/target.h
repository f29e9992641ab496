/* What fuzz targets share. A target is one function of any bytes; it dies of must(), a trap or a
 * sanitizer when something is wrong. */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include "mach/component.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The condition is evaluated in every build, so it may do what has to be done. */
#define must(so) must_be(so, #so, __FILE__, __LINE__)

static inline void must_be(bool so, const char *what, const char *file, int line)
{
    if (so)
        return;
    fprintf(stderr, "%s:%d: must(%s)\n", file, line, what);
    abort();
}

/* An object's state as an image; the caller frees it. */
static inline u8 *fields_image(const struct fields *fs, const void *obj, size_t *bytes)
{
    u8 *image;

    *bytes = field_save(fs, obj, NULL);
    image = malloc(*bytes);
    must(image != NULL);
    field_save(fs, obj, image);
    return image;
}

static inline bool fields_equal(const struct fields *fs, const void *a, const void *b)
{
    size_t na, nb;
    u8 *ia = fields_image(fs, a, &na), *ib = fields_image(fs, b, &nb);
    bool equal = na == nb && !memcmp(ia, ib, na);

    free(ia);
    free(ib);
    return equal;
}

static inline bool component_takes(const struct component *c, const u8 *image, size_t bytes)
{
    struct err e = { 0 };
    bool taken = !field_load(c->fields, c->self, image, bytes, &e) &&
                 (!c->loaded || !c->loaded(c->self, &e));

    must(taken || (e.code && e.text[0]));
    return taken;
}

/* Saves a component and loads it with the bits of `flip` turned in one byte. Returns whether that
 * was taken; if not, the component is as before. What was saved itself is always taken. */
static inline bool component_damage(const struct component *c, size_t where, u8 flip)
{
    size_t bytes;
    u8 *good = fields_image(c->fields, c->self, &bytes), *bad = malloc(bytes);
    bool taken;

    must(bad != NULL);
    memcpy(bad, good, bytes);
    bad[where % bytes] ^= flip;
    taken = component_takes(c, bad, bytes);
    if (!taken)
        must(flip && component_takes(c, good, bytes));
    free(good);
    free(bad);
    return taken;
}

#endif
