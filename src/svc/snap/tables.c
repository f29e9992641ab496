/* A machine's state as bytes, together with the tables which say what the bytes are; and back: as a
 * tree of components whose tables are those. */
#include "svc/snap/format.h"

#include <assert.h>

enum role { ROLE_MACHINE = 'm', ROLE_TREE = 'c', ROLE_PORT = 'p' };

enum {
    TABLES_MAX = 1024,
    FIELDS_MAX = 512, /* of a table */
    NODES_MAX = 4096,
    DEPTH_MAX = 32,       /* of groups in groups, and of components in components */
    OBJECT_MAX = 1 << 28, /* bytes of a component in memory */
};

/* ---- writing ---- */

struct saver {
    struct writer *w;
    const struct fields *tables[TABLES_MAX]; /* in the order of writing */
    u32 table_count;
    struct writer nodes;
    u32 node_count;
};

static u32 table_index(struct saver *s, const struct fields *fs)
{
    for (u32 i = 0; i < s->table_count; i++)
        if (s->tables[i] == fs)
            return i;
    return UINT32_MAX;
}

/* Writes a table that was not written yet, those of its groups before it. */
static void put_table(struct saver *s, const struct fields *fs)
{
    if (table_index(s, fs) != UINT32_MAX)
        return;
    for (u32 i = 0; i < fs->count; i++)
        if (fs->list[i].type == FIELD_GROUP)
            put_table(s, field_group(&fs->list[i]));
    assert(s->table_count < TABLES_MAX && fs->count <= FIELDS_MAX);
    s->tables[s->table_count++] = fs;
    put_text(s->w, fs->name);
    put(s->w, fs->version, 4);
    put(s->w, fs->count, 4);
    for (u32 i = 0; i < fs->count; i++) {
        const struct field *f = &fs->list[i];
        bool group = f->type == FIELD_GROUP;

        put_text(s->w, f->name);
        put(s->w, f->type, 1);
        put(s->w, f->role, 1);
        put(s->w, f->count, 4);
        put(s->w, group ? table_index(s, field_group(f)) : 0, 4);
        put_text(s->w, f->type == FIELD_ENUM ? f->values : "");
    }
}

static void put_values(struct writer *w, const struct fields *fs, const char *obj)
{
    for (u32 i = 0; i < fs->count; i++) {
        const struct field *f = &fs->list[i];

        for (u32 k = 0; k < f->count; k++) {
            struct field_ref ref = { f, (char *)obj + f->offset + (size_t)k * f->size };

            if (f->type == FIELD_GROUP)
                put_values(w, field_group(f), ref.at);
            else
                put(w, field_get(&ref), f->size);
        }
    }
}

/* Returns the node's number. */
static u32 put_node(struct saver *s, enum role role, const char *name, u32 parent,
                    const struct fields *fs, const void *obj)
{
    size_t at;

    if (fs)
        put_table(s, fs);
    put(&s->nodes, role, 1);
    put_text(&s->nodes, name);
    put(&s->nodes, parent, 4);
    put(&s->nodes, fs ? table_index(s, fs) + 1 : 0, 4);
    at = s->nodes.len;
    put(&s->nodes, 0, 4);
    if (fs)
        put_values(&s->nodes, fs, obj);
    if (!s->nodes.failed)
        le_put(s->nodes.bytes + at, s->nodes.len - at - 4, 4);
    return ++s->node_count;
}

static void put_tree(struct saver *s, enum role role, const struct component *c, u32 parent)
{
    u32 number = put_node(s, role, c->name, parent, c->fields, c->self);

    for (const struct component *k = c->child; k; k = k->next)
        put_tree(s, role, k, number);
}

void snap_put_state(struct writer *w, struct machine *m)
{
    struct writer tables = { 0 };
    struct saver *s = calloc(1, sizeof *s);
    struct files_port *files = m->ports.files;

    if (!s) {
        w->failed = true;
        return;
    }
    s->w = &tables;
    put_node(s, ROLE_MACHINE, "machine", 0, machine_fields(), m);
    put_tree(s, ROLE_TREE, &m->root, 0);
    if (files && files->state)
        put_tree(s, ROLE_PORT, files->state, 0);
    put(w, s->table_count, 4);
    put_bytes(w, tables.bytes, tables.len);
    put(w, s->node_count, 4);
    put_bytes(w, s->nodes.bytes, s->nodes.len);
    w->failed |= tables.failed || s->nodes.failed;
    free(tables.bytes);
    free(s->nodes.bytes);
    free(s);
}

void snap_put_events(struct writer *w, const struct event_queue *q)
{
    u32 count = 0;

    for (const struct event *ev = q->queued; ev; ev = ev->next_queued)
        count++;
    put(w, count, 4);
    for (const struct event *ev = q->queued; ev; ev = ev->next_queued) {
        put_text(w, ev->name);
        put(w, ev->when, 8);
    }
}

/* ---- reading ---- */

struct snap_table {
    struct fields fields;
    struct field *list;
    u32 align, depth;
    u64 size;   /* of an object in memory, `align` its alignment */
    u64 packed; /* of an object in the file */
};

static int damaged(struct err *e, const char *what)
{
    return err_set(e, ERR_FORMAT, "damaged: %s", what);
}

static u32 type_size(unsigned type)
{
    static const u8 sizes[] = { 1, 1, 2, 4, 8, 1, 2, 4, 8, 1 };

    return type < ARRAY_SIZE(sizes) ? sizes[type] : 0;
}

/* The size and alignment of a field's element, and its bytes in the file. */
static bool shape(const struct snap_state *s, u32 own, u32 group, struct field *f, u32 *align,
                  u64 *packed)
{
    struct snap_table *t, *mine = &s->tables[own];

    if (f->type != FIELD_GROUP) {
        f->size = *align = type_size(f->type);
        *packed = f->size;
        return f->size != 0;
    }
    if (group >= own) /* only what was written before: no table holds itself */
        return false;
    t = &s->tables[group];
    f->fixed = &t->fields;
    f->size = (u32)t->size;
    *align = t->align;
    *packed = t->packed;
    if (mine->depth <= t->depth)
        mine->depth = t->depth + 1;
    return mine->depth < DEPTH_MAX;
}

static bool valid_field(const struct field *f)
{
    return f->name && *f->name && !strpbrk(f->name, ".[] ") && f->values && f->count &&
           f->role <= FIELD_CONFIG && (f->type != FIELD_ENUM || *f->values);
}

static bool take_field(struct reader *r, struct snap_state *s, u32 own, struct field *f)
{
    struct snap_table *t = &s->tables[own];
    u32 group, align;
    u64 packed, at;

    f->name = take_text(r);
    f->type = (u8)take(r, 1);
    f->role = (u8)take(r, 1);
    f->count = (u32)take(r, 4);
    group = (u32)take(r, 4);
    f->values = take_text(r);
    f->doc = "";
    if (r->bad || !valid_field(f) || !shape(s, own, group, f, &align, &packed))
        return false;
    at = (t->size + align - 1) & -(u64)align;
    if (f->count > OBJECT_MAX || at + (u64)f->count * f->size > OBJECT_MAX)
        return false;
    f->offset = (u32)at;
    t->size = at + (u64)f->count * f->size;
    t->packed += (u64)f->count * packed;
    t->align = align > t->align ? align : t->align;
    return true;
}

static int take_table(struct reader *r, struct snap_state *s, struct err *e)
{
    u32 own = s->table_count;
    struct snap_table *t = &s->tables[s->table_count++];
    u32 count;

    t->align = 1;
    t->fields.name = take_text(r);
    t->fields.version = (u32)take(r, 4);
    count = (u32)take(r, 4);
    if (r->bad || !count || count > FIELDS_MAX)
        return damaged(e, "a table of fields");
    t->fields.list = t->list = calloc(count, sizeof *t->list);
    if (!t->list)
        return err_set(e, ERR_NOMEM, "no memory");
    for (u32 i = 0; i < count; i++) {
        t->fields.count = i + 1; /* so that what was begun is freed */
        if (!take_field(r, s, own, &t->list[i]))
            return damaged(e, "a field's type");
        for (u32 k = 0; k < i; k++)
            if (!strcmp(t->list[k].name, t->list[i].name))
                return damaged(e, "two fields of a name");
    }
    t->size = (t->size + t->align - 1) & -(u64)t->align;
    return 0;
}

static void take_values(struct reader *r, const struct fields *fs, char *obj)
{
    for (u32 i = 0; i < fs->count; i++) {
        const struct field *f = &fs->list[i];

        for (u32 k = 0; k < f->count; k++) {
            struct field_ref ref = { f, obj + f->offset + (size_t)k * f->size };

            if (f->type == FIELD_GROUP)
                take_values(r, field_group(f), ref.at);
            else if (f->type == FIELD_bool) /* another byte than 0 and 1 is no bool */
                *(bool *)ref.at = take(r, 1) & 1;
            else
                field_put(&ref, take(r, f->size));
        }
    }
}

static int take_object(struct reader *r, struct snap_state *s, u32 table, struct component *c,
                       struct err *e)
{
    u64 bytes = take(r, 4);
    const struct snap_table *t = table ? &s->tables[table - 1] : NULL;
    struct reader values = { r->at, r->at + bytes, false };

    if (!take_bytes(r, bytes) || bytes != (t ? t->packed : 0))
        return damaged(e, "a component's length");
    if (!t)
        return 0;
    c->fields = &t->fields;
    c->self = calloc(1, t->size);
    if (!c->self)
        return err_set(e, ERR_NOMEM, "no memory");
    take_values(&values, c->fields, c->self);
    return 0;
}

/* Whether another component fits below `parent`: by its name, and not too deep. */
static bool has_place(const struct component *parent, const char *name)
{
    unsigned depth = 0;

    for (const struct component *c = parent; c; c = c->parent)
        depth++;
    return depth < DEPTH_MAX && !component_child(parent, name, strlen(name));
}

/* Puts a node where it belongs; false when there is something already, or nothing to belong to. */
static bool place(struct snap_state *s, enum role role, u32 number, u32 parent)
{
    struct component *c = &s->nodes[number], **root;

    if (parent) {
        if (parent > number || !has_place(&s->nodes[parent - 1], c->name))
            return false;
        component_add(&s->nodes[parent - 1], c);
        return true;
    }
    root = role == ROLE_MACHINE ? &s->machine : role == ROLE_TREE ? &s->tree : &s->files;
    if (*root || (role == ROLE_PORT && strcmp(c->name, "files") != 0))
        return false;
    *root = c;
    return true;
}

static int take_node(struct reader *r, struct snap_state *s, struct err *e)
{
    u32 number = s->node_count++;
    struct component *c = &s->nodes[number];
    enum role role = (enum role)take(r, 1);
    u32 parent, table;

    c->name = take_text(r);
    parent = (u32)take(r, 4);
    table = (u32)take(r, 4);
    if (r->bad || !*c->name || strpbrk(c->name, ".[] ") || table > s->table_count ||
        (role != ROLE_MACHINE && role != ROLE_TREE && role != ROLE_PORT) ||
        !place(s, role, number, parent))
        return damaged(e, "the tree of components");
    return take_object(r, s, table, c, e);
}

int snap_take_state(struct reader *r, struct snap_state *s, struct err *e)
{
    u32 tables = (u32)take(r, 4), nodes;

    if (r->bad || tables > TABLES_MAX)
        return damaged(e, "the tables of fields");
    s->tables = calloc(tables + 1, sizeof *s->tables);
    if (!s->tables)
        return err_set(e, ERR_NOMEM, "no memory");
    for (u32 i = 0; i < tables; i++)
        if (take_table(r, s, e))
            return -(int)e->code;
    nodes = (u32)take(r, 4);
    if (r->bad || nodes > NODES_MAX || nodes > bytes_left(r))
        return damaged(e, "the components");
    s->nodes = calloc(nodes + 1, sizeof *s->nodes);
    if (!s->nodes)
        return err_set(e, ERR_NOMEM, "no memory");
    for (u32 i = 0; i < nodes; i++)
        if (take_node(r, s, e))
            return -(int)e->code;
    if (!s->machine || !s->machine->fields || !s->tree || bytes_left(r))
        return damaged(e, "the components");
    return 0;
}

int snap_take_events(struct reader *r, struct snap_state *s, struct err *e)
{
    u32 count = (u32)take(r, 4);

    if (r->bad || count > bytes_left(r) / 10)
        return damaged(e, "the events");
    s->events = calloc(count + 1, sizeof *s->events);
    if (!s->events)
        return err_set(e, ERR_NOMEM, "no memory");
    for (; s->event_count < count; s->event_count++) {
        s->events[s->event_count].name = take_text(r);
        s->events[s->event_count].when = take(r, 8);
        if (r->bad) {
            free(s->events[s->event_count].name);
            return damaged(e, "the events");
        }
    }
    return bytes_left(r) ? damaged(e, "the events") : 0;
}

void snap_state_fini(struct snap_state *s)
{
    for (u32 i = 0; i < s->node_count; i++) {
        free((char *)s->nodes[i].name);
        free(s->nodes[i].self);
    }
    for (u32 i = 0; i < s->table_count; i++) {
        struct snap_table *t = &s->tables[i];

        for (u32 k = 0; t->list && k < t->fields.count; k++) {
            free((char *)t->list[k].name);
            free((char *)t->list[k].values);
        }
        free((char *)t->fields.name);
        free(t->list);
    }
    for (u32 i = 0; i < s->event_count; i++)
        free(s->events[i].name);
    free(s->events);
    free(s->nodes);
    free(s->tables);
    *s = (struct snap_state) { 0 };
}
