/* A view is a picture or a text that a component can produce for a person who looks inside: name
 * tables, palettes, a chip's registers. A kind lists its views, the services show them. */
#ifndef MACH_VIEW_H
#define MACH_VIEW_H

#include "base/types.h"

struct machine;

struct view {
    const char *name, *doc;
    /* One of the two. picture() fills width x height XRGB8888 pixels; text() returns what snprintf
     * returns. */
    unsigned width, height;
    void (*picture)(struct machine *m, u32 *pixels);
    int (*text)(struct machine *m, char *out, size_t room);
};

#endif
