#include "svc/replay/sums.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Walks the parts in their order: with `sums` to take their digests, else to find a name. */
struct pass {
    struct sums *sums;
    unsigned at, wanted;
    char name[256];
};

static void part(struct pass *p, const char *name, const void *bytes, size_t len)
{
    unsigned i = p->at < SUMS_MAX ? p->at : SUMS_MAX - 1;

    if (p->sums) {
        p->sums->list[i] = XXH3_64bits_withSeed(bytes, len, p->at > i ? p->sums->list[i] : 0);
        p->sums->count = i + 1;
    } else if (i == p->wanted && p->at == i) {
        snprintf(p->name, sizeof p->name, "%s", name);
    }
    p->at++;
}

static void part_fields(struct pass *p, const char *name, const struct fields *fs, const void *obj)
{
    size_t len = p->sums ? field_save(fs, obj, NULL) : 0;
    u8 *bytes = len ? malloc(len) : NULL;

    if (bytes)
        field_save(fs, obj, bytes);
    part(p, name, bytes, bytes ? len : 0);
    free(bytes);
}

static void part_component(void *ctx, struct component *c, const char *path)
{
    if (c->fields)
        part_fields(ctx, *path ? path : c->name, c->fields, c->self);
}

static void walk(struct pass *p, struct machine *m)
{
    u64 events = 0;

    part_fields(p, "the clock", machine_fields(), m);
    for (struct event *e = m->events.queued; e; e = e->next_queued) {
        events = XXH3_64bits_withSeed(e->name, strlen(e->name), events);
        events = XXH3_64bits_withSeed(&e->when, sizeof e->when, events);
    }
    part(p, "the events", &events, sizeof events);
    component_walk(&m->root, part_component, p);
    for (struct space *s = m->spaces; s; s = s->next)
        if (!(s->flags & SPACE_ROM))
            part(p, s->name, s->bytes, s->size_bytes);
}

void sums_take(struct sums *s, struct machine *m)
{
    struct pass p = { .sums = s };

    *s = (struct sums) { 0 };
    component_saving(&m->root);
    walk(&p, m);
}

bool sums_differ(const struct sums *a, const struct sums *b, struct machine *m, char *out,
                 size_t room)
{
    size_t at = 0;
    bool yes = a->count != b->count;

    if (yes) {
        snprintf(out, room, "the machine has other parts");
        return true;
    }
    for (unsigned i = 0; i < a->count; i++) {
        struct pass p = { .wanted = i };

        if (a->list[i] == b->list[i])
            continue;
        walk(&p, m);
        if (at < room)
            at += (size_t)snprintf(out + at, room - at, "%s%s", yes ? ", " : "", p.name);
        yes = true;
    }
    return yes;
}
