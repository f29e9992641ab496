/* Memory, fields, views and trace of a machine, through the words of mach/ alone. */
#include "api/mews.h"

#include <stdio.h>
#include <string.h>

bool mews_peek(struct mews *m, uint64_t address, void *out, size_t bytes)
{
    const struct kind *k = m->machine->kind;

    return k->peek && k->peek(&m->machine->cpus[0], CPU_VIRTUAL, address, out, bytes);
}

bool mews_poke(struct mews *m, uint64_t address, const void *in, size_t bytes)
{
    const struct kind *k = m->machine->kind;

    return k->poke && k->poke(&m->machine->cpus[0], CPU_VIRTUAL, address, in, bytes);
}

size_t mews_space(struct mews *m, const char *name, uint64_t offset, void *out, size_t bytes)
{
    for (struct space *s = m->machine->spaces; s; s = s->next) {
        if (strcmp(s->name, name) != 0)
            continue;
        if (offset >= s->size_bytes)
            return 0;
        if (bytes > s->size_bytes - offset)
            bytes = s->size_bytes - offset;
        space_read(s, offset, out, bytes);
        return bytes;
    }
    return 0;
}

bool mews_memory(struct mews *m, const char *name, struct mews_memory_info *out)
{
    for (struct space *s = m->machine->spaces; s; s = s->next) {
        if (strcmp(s->name, name) != 0 || !s->size_bytes)
            continue;
        *out = (struct mews_memory_info) { .bytes = s->bytes,
                                           .size = s->size_bytes,
                                           .base = s->base,
                                           .rom = s->flags & SPACE_ROM };
        return true;
    }
    return false;
}

void *mews_battery(struct mews *m, size_t *bytes)
{
    *bytes = m->machine->battery_bytes;
    return m->machine->battery;
}

int mews_field(struct mews *m, const char *path, char *out, size_t room, struct mews_error *error)
{
    struct field_ref ref;
    struct err e;

    component_saving(&m->machine->root);
    if (!component_field(&m->machine->root, path, &ref, NULL)) {
        err_set(&e, ERR_USAGE, "%s: no such field", path);
        return api_report(error, &e);
    }
    field_text(&ref, out, room);
    return 0;
}

int mews_set_field(struct mews *m, const char *path, const char *value, struct mews_error *error)
{
    struct component *root = &m->machine->root;
    struct field_ref ref;
    struct err e;
    u64 v, old;

    component_saving(root);
    if (!component_field(root, path, &ref, NULL) || ref.field->role != FIELD_STATE) {
        err_set(&e, ERR_USAGE, "%s: no such field that can change", path);
        return api_report(error, &e);
    }
    if (field_parse(&ref, value, &v, &e))
        return api_report(error, &e);
    old = field_get(&ref);
    field_put(&ref, v);
    if (!component_loaded(root, &e))
        return 0;
    field_put(&ref, old);
    component_loaded(root, &(struct err) { 0 });
    return api_report(error, &e);
}

struct settings_walk {
    mews_setting_fn *f;
    void *ctx;
};

static void visit_settings(void *ctx, struct component *c, const char *path)
{
    const struct settings_walk *w = ctx;
    char name[320], value[64];

    for (u32 i = 0; c->fields && i < c->fields->count; i++) {
        const struct field *f = &c->fields->list[i];
        struct field_ref ref = { f, (char *)c->self + f->offset };

        if (f->role != FIELD_CONFIG || f->count != 1)
            continue;
        snprintf(name, sizeof name, "%s%s%s", path, *path ? "." : "", f->name);
        field_text(&ref, value, sizeof value);
        w->f(w->ctx, name, value, f->doc);
    }
}

void mews_settings(struct mews *m, mews_setting_fn *f, void *ctx)
{
    component_walk(&m->machine->root, visit_settings, &(struct settings_walk) { f, ctx });
}

int mews_view(struct mews *m, const char *name, char *out, size_t room)
{
    for (unsigned i = 0; i < m->machine->view_count; i++) {
        const struct view *v = &m->machine->views[i];

        if (v->text && !strcmp(v->name, name))
            return v->text(m->machine, out, room);
    }
    return -1;
}

/* ---- trace ---- */

static void trace_line(void *ctx, const struct trace_record *r)
{
    struct mews *m = ctx;
    struct cpu *c = &m->machine->cpus[0];
    char text[64] = "", regs[160], line[256];
    const struct fields *fs = c->state->fields;
    size_t len = m->machine->kind->disassemble(c, r->a, text, sizeof text), at = 0;
    u8 b[3] = { 0 };

    m->machine->kind->peek(c, CPU_VIRTUAL, r->a, b, len ? len : 1);
    regs[0] = 0;
    for (u32 i = 0; i < fs->count && at < sizeof regs; i++) {
        const struct field *f = &fs->list[i];
        struct field_ref ref = { f, (char *)c->state->self + f->offset };

        if (f->role == FIELD_STATE && f->count == 1 && f->type == FIELD_u8 && !f->name[1])
            at += (size_t)snprintf(regs + at, sizeof regs - at, " %c:%02X", f->name[0] - 32,
                                   (unsigned)field_get(&ref));
    }
    snprintf(line, sizeof line, "%04X  %02X %02X %02X  %-20s%s CYC:%llu", (unsigned)r->a, b[0],
             b[1], b[2], text, regs, (unsigned long long)r->time);
    m->trace_fn(m->trace_ctx, line);
}

void mews_trace(struct mews *m, mews_trace_fn *f, void *ctx)
{
    m->trace_fn = f;
    m->trace_ctx = ctx;
    m->trace = (struct trace) { .mask = 1u << TRACE_STEP, .sink = trace_line, .ctx = m };
    m->machine->trace = f ? &m->trace : NULL;
}
