/* Wires as values: a device holds a copy and drives it; it knows no controller and no bus. */
#ifndef MACH_LINE_H
#define MACH_LINE_H

#include "base/types.h"

struct line { /* a level-sensitive interrupt wire */
    void (*set)(void *owner, unsigned index, int level);
    void *owner;
    unsigned index;
};

static inline void line_set(const struct line *l, int level)
{
    if (l->set)
        l->set(l->owner, l->index, level);
}

struct msi { /* a message interrupt: a write of `data` to `address` of the interrupt controller */
    void (*send)(void *owner, u64 address, u32 data);
    void *owner;
};

struct doorbell { /* a notify register which a kind may bind to something faster than an exit */
    int (*bind)(void *owner, u64 address, unsigned width_bytes, void (*ring)(void *ctx, u64 value),
                void *ctx);
    void *owner;
};

#endif
