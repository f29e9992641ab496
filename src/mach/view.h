/* A view is a picture, a text or a table that a component can produce for a person who looks
 * inside: name tables, palettes, a chip's registers. A kind lists its views, the services show
 * them. A view may be a picture and one of the others too. */
#ifndef MACH_VIEW_H
#define MACH_VIEW_H

#include "mach/port.h"

struct machine;

/* Takes a table: row() begins one, the others put a named cell into it. All rows that have a cell
 * have it in the same order; not all need have all. */
struct view_table {
    const struct view_table_ops *ops;
};
struct view_table_ops {
    void (*row)(struct view_table *t, const char *name);
    /* `hex`: digits in which a person wants to see it; 0: decimal. */
    void (*number)(struct view_table *t, const char *cell, u64 value, unsigned hex);
    void (*word)(struct view_table *t, const char *cell, const char *value);
};

struct view {
    const char *name, *doc;
    unsigned width, height; /* of the picture */
    enum video_format format;
    void (*picture)(struct machine *m, void *pixels); /* fills width * height of the format's */
    int (*text)(struct machine *m, char *out, size_t room); /* what snprintf returns */
    void (*table)(struct machine *m, struct view_table *t);
};

#endif
