/* An interrupt wire as a value: a device holds a copy and drives it; it knows no controller and no
 * bus. */
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

#endif
