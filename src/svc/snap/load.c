/* From an image to a machine: fields by name, memory by mapping. */
#include "svc/snap/format.h"

#include <assert.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

/* ---- components ---- */

static bool is_older(const struct component *from, const struct component *c)
{
    return from->fields && c->fields && from->fields->version < c->fields->version;
}

static int load_component(struct component *c, const struct component *from, struct err *e);

static int load_children(struct component *c, const struct component *from, struct err *e)
{
    bool older = is_older(from, c);

    for (const struct component *k = from->child; k; k = k->next) {
        struct component *own = component_child(c, k->name, strlen(k->name));

        if (!own && older && field_word(c->fields->gone, k->name))
            continue;
        if (!own)
            return err_set(e, ERR_MISMATCH, "%s: there is no such component here", k->name);
        if (load_component(own, k, e))
            return err_wrap(e, "%s", k->name);
    }
    for (const struct component *k = c->child; k; k = k->next)
        if (!component_child(from, k->name, strlen(k->name)) &&
            !(older && field_word(c->fields->added, k->name)))
            return err_set(e, ERR_MISMATCH, "%s: the image lacks this component", k->name);
    return 0;
}

static int load_component(struct component *c, const struct component *from, struct err *e)
{
    if (!c->fields != !from->fields)
        return err_set(e, ERR_MISMATCH, "the image is of something else");
    if (c->fields && field_take(c->fields, c->self, from->fields, from->self, e))
        return -(int)e->code;
    return load_children(c, from, e);
}

bool snap_is_blank(const struct fields *fs, const char *obj)
{
    for (u32 i = 0; i < fs->count; i++)
        for (u32 k = 0; k < fs->list[i].count; k++) {
            const struct field *f = &fs->list[i];
            struct field_ref ref = { f, (char *)obj + f->offset + (size_t)k * f->size };

            if (f->type == FIELD_GROUP ? !snap_is_blank(field_group(f), ref.at)
                                       : field_get(&ref) != 0)
                return false;
        }
    return true;
}

/* What a port keeps is of use only where there is such a port. Zeros are nothing kept. */
static int load_files(const struct snap_image *i, struct machine *m, struct err *e)
{
    const struct component *from = i->state.files;
    struct files_port *port = m->ports.files;

    if (!from || !from->fields)
        return 0;
    if (port && port->state)
        return load_component(port->state, from, e) ? err_wrap(e, "files") : 0;
    return snap_is_blank(from->fields, from->self)
               ? 0
               : err_set(e, ERR_STATE,
                         "the guest has files open: it needs the directory that it "
                         "shared (--share DIR)");
}

static int load_events(const struct snap_image *i, struct event_queue *q, struct err *e)
{
    while (q->queued)
        event_cancel(q, q->queued);
    for (u32 k = 0; k < i->state.event_count; k++) {
        struct event *ev = q->known;

        while (ev && strcmp(ev->name, i->state.events[k].name) != 0)
            ev = ev->next_known;
        if (!ev || ev->when != EVENT_NEVER || i->state.events[k].when == EVENT_NEVER)
            return err_set(e, ERR_FORMAT, "event %s: there is none, or it is there twice",
                           i->state.events[k].name);
        event_at(q, ev, i->state.events[k].when);
    }
    return 0;
}

/* ---- memory ---- */

/* Puts other memory in the place of the space's: a file's from `offset` on, fd -1: zeros. */
static void *put_in_place(u8 *at, u64 bytes, int fd, u64 offset)
{
    u64 host_page = (u64)sysconf(_SC_PAGESIZE);
    u64 len = (bytes + host_page - 1) & -host_page;
    int flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0);

    return mmap(at, len, PROT_READ | PROT_WRITE, flags, fd, (off_t)offset);
}

/* The file's pages are read when the guest touches them, and are the machine's own when it writes
 * them. */
int snap_map(int fd, u64 region, struct space *s, u64 from, u64 len, struct err *e)
{
    assert(from % SPACE_ALIGN_BYTES == 0 && from + len <= s->size_bytes + SPACE_PAGE_BYTES - 1);
    if (put_in_place(s->bytes + from, len, fd, region + from) == MAP_FAILED)
        return err_set(e, ERR_SYS, "%s: mapping the snapshot", s->name);
    return 0;
}

/* A large memory of an image that cannot be mapped: what has no record is zero without being
 * touched. */
static int unpack(struct snap_image *i, struct snap_part *p, struct space *s, struct err *e)
{
    if (put_in_place(s->bytes, s->size_bytes, -1, 0) == MAP_FAILED)
        return err_set(e, ERR_SYS, "%s: memory", s->name);
    if (snap_records(i, p, e))
        return -(int)e->code;
    for (u64 k = 0; k < p->records; k++) {
        const struct snap_record *r = &p->list[k];

        if (snap_read(i, (unsigned)(p - i->parts), r->first, s->bytes + r->first, r->bytes, e))
            return -(int)e->code;
    }
    return 0;
}

bool snap_can_map(const struct space *s)
{
    return (s->flags & SPACE_LARGE) && sysconf(_SC_PAGESIZE) <= SPACE_ALIGN_BYTES;
}

static int load_space(struct snap_image *i, struct snap_part *p, struct space *s, struct err *e)
{
    int r;

    if (!snap_can_map(s))
        r = snap_read(i, (unsigned)(p - i->parts), 0, s->bytes, s->size_bytes, e);
    else if (p->region)
        r = snap_map(i->fd, p->region, s, 0, s->size_bytes, e);
    else
        r = unpack(i, p, s, e);
    if (snap_can_map(s) && s->replaced)
        s->replaced(s);
    space_mark(s, 0, s->size_bytes);
    return r;
}

static int load_spaces(struct snap_image *i, struct machine *m, struct err *e)
{
    unsigned found = 0;

    for (struct space *s = m->spaces; s; s = s->next) {
        struct snap_part *p = s->flags & SPACE_ROM ? NULL : snap_part_named(i, s->name);

        if (s->flags & SPACE_ROM)
            continue;
        if (!p || p->size_bytes != s->size_bytes)
            return err_set(e, ERR_MISMATCH, "%s: %llu bytes here, %llu in the image", s->name,
                           (unsigned long long)s->size_bytes,
                           p ? (unsigned long long)p->size_bytes : 0ull);
        if (load_space(i, p, s, e))
            return err_wrap(e, "%s", s->name);
        found++;
    }
    return found == i->part_count
               ? 0
               : err_set(e, ERR_MISMATCH, "the image has memories that this machine has not");
}

/* ---- */

int snap_load(struct snap_image *i, struct machine *m, struct err *e)
{
    const struct component *own = i->state.machine;
    struct files_port *files = m->ports.files;

    if (i->info.chained)
        return err_set(e, ERR_STATE,
                       "most of its memory is in its base %s (mews snapshot --squash)",
                       i->info.base);
    if (field_take(machine_fields(), m, own->fields, own->self, e))
        return err_wrap(e, "machine");
    if (load_component(&m->root, i->state.tree, e) || load_files(i, m, e) ||
        load_events(i, &m->events, e) || load_spaces(i, m, e) || component_loaded(&m->root, e))
        return -(int)e->code;
    if (files && files->state && component_loaded(files->state, e))
        return err_wrap(e, "files");
    return 0;
}

int snap_announce(struct machine *m, struct err *e)
{
    u8 id[GENERATION_BYTES];

    if (!machine_can(m->kind, m, VERB_GENERATION, NULL))
        return 0;
    if (getrandom(id, sizeof id, 0) != sizeof id)
        return err_set(e, ERR_SYS, "random bytes for a generation id");
    m->kind->copied(m, id);
    return 0;
}
