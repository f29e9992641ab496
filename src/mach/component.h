/* A component is a node of a machine's tree: what snapshot, debugger, trace and diff walk. */
#ifndef MACH_COMPONENT_H
#define MACH_COMPONENT_H

#include "mach/field.h"

struct component {
    const char *name; /* unique among its siblings; paths join names with '.' */
    void *self;
    const struct fields *fields; /* may be NULL: a node that only has children */

    /* Optional. saving() pulls in state that lives elsewhere (a kernel's vCPU, a chip that has not
     * caught up). loaded() refuses values that saving could not have produced, then recomputes what
     * is not in the list; it drives no line while others are still being loaded. The debugger's
     * `set` runs the same pair. */
    void (*saving)(void *self);
    int (*loaded)(void *self, struct err *e);

    struct component *parent, *child, *next;
};

/* Puts c at the end of parent's children. The caller owns both. */
void component_add(struct component *parent, struct component *c);

/* The child of that name, `len` characters long; NULL: none. */
struct component *component_child(const struct component *parent, const char *name, size_t len);

/* Calls saving() on the whole tree, parents first. */
void component_saving(struct component *root);

/* Calls loaded() on the whole tree, parents first; stops at the first refusal, naming its path. */
int component_loaded(struct component *root, struct err *e);

/* Finds a field by path from the root: "ppu.scanline", "apu.pulse[1].period". A component's own
 * name comes first; the root's own fields have no prefix. */
bool component_field(struct component *root, const char *path, struct field_ref *out,
                     struct component **owner);

/* Walks the tree, parents first, with each node's dotted path ("" for the root). */
typedef void component_visit(void *ctx, struct component *c, const char *path);
void component_walk(struct component *root, component_visit *visit, void *ctx);

#endif
