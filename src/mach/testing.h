/* For tests alone: all of a machine's state as one piece, in memory. Tests say with it that saving
 * and loading lose nothing, that a damaged image does no harm, and that two machines are equal. */
#ifndef MACH_TESTING_H
#define MACH_TESTING_H

#include "mach/machine.h"

#include <stdlib.h>
#include <string.h>

struct state_image {
    u8 *bytes;
    size_t len, room;
};

static inline void state_add(struct state_image *i, const void *from, size_t bytes)
{
    if (bytes > i->room - i->len) {
        i->room = 2 * (i->len + bytes);
        i->bytes = realloc(i->bytes, i->room);
        if (!i->bytes)
            abort();
    }
    if (from)
        memcpy(i->bytes + i->len, from, bytes);
    i->len += bytes;
}

static inline void state_save_component(void *ctx, struct component *c, const char *path)
{
    struct state_image *i = ctx;
    u32 bytes = c->fields ? (u32)field_save(c->fields, c->self, NULL) : 0;

    (void)path;
    state_add(i, &bytes, sizeof bytes);
    state_add(i, NULL, bytes);
    if (bytes)
        field_save(c->fields, c->self, i->bytes + i->len - bytes);
}

/* The caller frees .bytes. */
static inline struct state_image state_save(struct machine *m)
{
    struct state_image i = { 0 };

    component_saving(&m->root);
    component_walk(&m->root, state_save_component, &i);
    for (struct space *s = m->spaces; s; s = s->next)
        if (!(s->flags & SPACE_ROM))
            state_add(&i, s->bytes, s->size_bytes);
    return i;
}

struct state_reader {
    const u8 *at;
    int result;
    struct err *e;
};

static inline void state_load_component(void *ctx, struct component *c, const char *path)
{
    struct state_reader *r = ctx;
    u32 bytes;

    (void)path;
    memcpy(&bytes, r->at, sizeof bytes);
    r->at += sizeof bytes;
    if (c->fields && !r->result)
        r->result = field_load(c->fields, c->self, r->at, bytes, r->e);
    r->at += bytes;
}

/* Of an image whose component lengths are as state_save() wrote them. */
static inline int state_load(struct machine *m, const struct state_image *i, struct err *e)
{
    struct state_reader r = { i->bytes, 0, e };

    component_walk(&m->root, state_load_component, &r);
    for (struct space *s = m->spaces; s; s = s->next)
        if (!(s->flags & SPACE_ROM)) {
            memcpy(s->bytes, r.at, s->size_bytes);
            r.at += s->size_bytes;
        }
    return r.result ? r.result : component_loaded(&m->root, e);
}

#endif
