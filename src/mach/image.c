#include "mach/image.h"

#include "base/le.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sections in a fixed order: machine, events, components (parents first), spaces. Each: kind (1),
 * name length (1), name, version (4), length (8), body; little-endian. */
enum section {
    SECTION_MACHINE = 'm',
    SECTION_EVENTS = 'e',
    SECTION_FIELDS = 'f',
    SECTION_SPACE = 's'
};

/* Both directions walk the machine in the same order with this in hand. */
struct pass {
    u8 *out;      /* saving; NULL: only measuring */
    const u8 *in; /* loading; NULL: saving */
    size_t at, len;
    struct err *e;
    int status;
};

static void put(struct pass *p, u64 v, u32 bytes)
{
    if (p->out)
        le_put(p->out + p->at, v, bytes);
    p->at += bytes;
}

static void put_bytes(struct pass *p, const void *from, size_t len)
{
    if (p->out && len)
        memcpy(p->out + p->at, from, len);
    p->at += len;
}

static void refuse(struct pass *p, enum err_code code, const char *name, const char *what)
{
    p->status = err_set(p->e, code, "%s: %s", *name ? name : "machine", what);
}

/* Writes a section's head, or reads it: then *len is the body's length, all of which is there. */
static bool section(struct pass *p, enum section kind, const char *name, u32 version, u64 *len)
{
    size_t chars = strlen(name), head = 2 + chars + 12;
    const u8 *in = p->in ? p->in + p->at : NULL;

    if (!p->in) {
        put(p, kind, 1);
        put(p, chars, 1);
        put_bytes(p, name, chars);
        put(p, version, 4);
        put(p, *len, 8);
        return true;
    }
    if (p->status)
        return false;
    if (p->len - p->at < head || in[0] != kind || in[1] != chars ||
        memcmp(in + 2, name, chars) != 0)
        refuse(p, ERR_FORMAT, name, "not where it should be in the image");
    else if (le_get(in + 2 + chars, 4) != version)
        refuse(p, ERR_MISMATCH, name, "the image is of another version");
    else if (le_get(in + 6 + chars, 8) > p->len - p->at - head)
        refuse(p, ERR_FORMAT, name, "the image is cut short");
    else {
        *len = le_get(in + 6 + chars, 8);
        p->at += head;
        return true;
    }
    return false;
}

static void pass_fields(struct pass *p, enum section kind, const char *name,
                        const struct fields *fs, void *obj)
{
    u64 len = p->in ? 0 : field_save(fs, obj, NULL);

    if (!section(p, kind, name, fs->version, &len))
        return;
    if (p->in) {
        if (field_load(fs, obj, p->in + p->at, len, p->e))
            p->status = *name ? err_wrap(p->e, "%s", name) : -(int)p->e->code;
    } else {
        field_save(fs, obj, p->out ? p->out + p->at : NULL);
    }
    p->at += len;
}

static void pass_component(void *ctx, struct component *c, const char *path)
{
    if (c->fields)
        pass_fields(ctx, SECTION_FIELDS, path, c->fields, c->self);
}

static void pass_space(struct pass *p, struct space *s)
{
    u64 len = s->size_bytes;

    if ((s->flags & SPACE_ROM) || !section(p, SECTION_SPACE, s->name, 1, &len))
        return;
    if (len != s->size_bytes)
        refuse(p, ERR_MISMATCH, s->name, "the image's is of another size");
    else if (p->in)
        space_write(s, 0, p->in + p->at, len);
    else
        put_bytes(p, s->bytes, len);
    if (p->in)
        p->at += len;
}

static struct event *event_named(const struct event_queue *q, const u8 *name, size_t len)
{
    for (struct event *ev = q->known; ev; ev = ev->next_known)
        if (strlen(ev->name) == len && !memcmp(ev->name, name, len))
            return ev;
    return NULL;
}

static void load_events(struct pass *p, struct event_queue *q, u64 len)
{
    const u8 *in = p->in + p->at, *end = in + len;

    while (q->queued)
        event_cancel(q, q->queued);
    while (in < end && !p->status) {
        size_t chars = in[0];
        struct event *ev = (size_t)(end - in) < 9 + chars ? NULL : event_named(q, in + 1, chars);
        u64 when = ev ? le_get(in + 1 + chars, 8) : EVENT_NEVER;

        if (!ev || ev->when != EVENT_NEVER || when == EVENT_NEVER)
            refuse(p, ERR_FORMAT, "events", "no such event");
        else
            event_at(q, ev, when);
        in += 9 + chars;
    }
    p->at += len;
}

static u64 events_length(const struct event_queue *q)
{
    u64 len = 0;

    for (struct event *ev = q->queued; ev; ev = ev->next_queued)
        len += 9 + strlen(ev->name);
    return len;
}

/* An event: name length (1), name, time (8); in the queue's order. */
static void pass_events(struct pass *p, struct event_queue *q)
{
    u64 len = p->in ? 0 : events_length(q);

    if (!section(p, SECTION_EVENTS, "", 1, &len))
        return;
    if (p->in) {
        load_events(p, q, len);
        return;
    }
    for (struct event *ev = q->queued; ev; ev = ev->next_queued) {
        put(p, strlen(ev->name), 1);
        put_bytes(p, ev->name, strlen(ev->name));
        put(p, ev->when, 8);
    }
}

static void pass_machine(struct pass *p, struct machine *m)
{
    pass_fields(p, SECTION_MACHINE, "", machine_fields(), m);
    pass_events(p, &m->events);
    component_walk(&m->root, pass_component, p);
    for (struct space *s = m->spaces; s; s = s->next)
        pass_space(p, s);
}

size_t machine_save(struct machine *m, u8 *out)
{
    struct pass p = { .out = out };

    component_saving(&m->root);
    pass_machine(&p, m);
    return p.at;
}

static int load(struct machine *m, const u8 *in, size_t len, struct err *e)
{
    struct pass p = { .in = in, .len = len, .e = e };

    pass_machine(&p, m);
    if (!p.status && p.at != len)
        refuse(&p, ERR_FORMAT, "", "bytes left over");
    return p.status ? p.status : component_loaded(&m->root, e);
}

int machine_load(struct machine *m, const u8 *in, size_t len, struct err *e)
{
    size_t bytes = machine_save(m, NULL);
    u8 *before = malloc(bytes);
    int r;

    if (!before)
        return err_set(e, ERR_NOMEM, "no memory for a copy of the machine");
    machine_save(m, before);
    r = load(m, in, len, e);
    if (r) {
        struct err ignored;
        int back = load(m, before, bytes, &ignored);

        assert(!back); /* it came from this machine */
        (void)back;
    }
    free(before);
    return r;
}

/* ---- differences ---- */

struct report {
    char *out;
    size_t room;
    char path[384];
};

static bool differ_scalar(struct report *r, const struct field *f, void *a, void *b)
{
    struct field_ref ra = { f, a }, rb = { f, b };

    if (field_get(&ra) == field_get(&rb))
        return false;
    snprintf(r->out, r->room, "%s: %llu and %llu", r->path, (unsigned long long)field_get(&ra),
             (unsigned long long)field_get(&rb));
    return true;
}

static bool differ_fields(struct report *r, const struct fields *fs, char *a, char *b)
{
    size_t stem = strlen(r->path);

    for (u32 i = 0; i < fs->count; i++) {
        const struct field *f = &fs->list[i];

        for (u32 k = 0; k < f->count && f->role == FIELD_STATE; k++) {
            size_t at = f->offset + (size_t)k * f->size, room = sizeof r->path - stem;
            int n = snprintf(r->path + stem, room, "%s%s", stem ? "." : "", f->name);

            if (f->count > 1 && (size_t)n < room)
                snprintf(r->path + stem + n, room - (size_t)n, "[%u]", k);
            if (f->type == FIELD_GROUP ? differ_fields(r, field_group(f), a + at, b + at)
                                       : differ_scalar(r, f, a + at, b + at))
                return true;
            r->path[stem] = 0;
        }
    }
    return false;
}

static bool differ_components(struct report *r, struct component *a, struct component *b)
{
    size_t stem = strlen(r->path);

    if (a->fields && differ_fields(r, a->fields, a->self, b->self))
        return true;
    for (a = a->child, b = b->child; a && b; a = a->next, b = b->next) {
        snprintf(r->path + stem, sizeof r->path - stem, "%s%s", stem ? "." : "", a->name);
        if (differ_components(r, a, b))
            return true;
        r->path[stem] = 0;
    }
    assert(!a && !b);
    return false;
}

static bool differ_spaces(struct report *r, struct space *a, struct space *b)
{
    for (; a && b; a = a->next, b = b->next) {
        assert(!strcmp(a->name, b->name) && a->size_bytes == b->size_bytes);
        if (!memcmp(a->bytes, b->bytes, a->size_bytes))
            continue;
        for (u64 i = 0; i < a->size_bytes; i++)
            if (a->bytes[i] != b->bytes[i]) {
                snprintf(r->out, r->room, "%s+$%llx: $%02x and $%02x", a->name,
                         (unsigned long long)i, a->bytes[i], b->bytes[i]);
                return true;
            }
    }
    return false;
}

static bool differ_events(struct report *r, struct event *a, struct event *b)
{
    for (; a && b; a = a->next_queued, b = b->next_queued)
        if (strcmp(a->name, b->name) != 0 || a->when != b->when)
            break;
    if (!a && !b)
        return false;
    snprintf(r->out, r->room, "events: %s at %llu and %s at %llu", a ? a->name : "none",
             a ? (unsigned long long)a->when : 0, b ? b->name : "none",
             b ? (unsigned long long)b->when : 0);
    return true;
}

bool machine_differs(struct machine *a, struct machine *b, char *out, size_t room)
{
    struct report r = { .out = out, .room = room };

    component_saving(&a->root);
    component_saving(&b->root);
    return differ_fields(&r, machine_fields(), (char *)a, (char *)b) ||
           differ_events(&r, a->events.queued, b->events.queued) ||
           differ_components(&r, &a->root, &b->root) || differ_spaces(&r, a->spaces, b->spaces);
}
