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
    struct err e;

    return !recorder_poke(m->recorder, &m->machine->cpus[0], CPU_VIRTUAL, address, in, bytes, &e);
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
        *out = (struct mews_memory_info) {
            .bytes = s->bytes, .size = s->size_bytes, .base = s->base, .rom = s->flags & SPACE_ROM
        };
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
    struct err e;

    return recorder_set(m->recorder, path, value, &e) ? api_report(error, &e) : 0;
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

/* What a test program says; mews_test_state is test_state. */
_Static_assert((int)TEST_FAILED == (int)MEWS_TEST_FAILED, "the two lists of states are one");

enum mews_test_state mews_test(struct mews *m, char *text, size_t room)
{
    struct test_report t = { .state = TEST_NONE };

    if (m->machine->kind->test)
        m->machine->kind->test(m->machine, &t);
    if (room)
        snprintf(text, room, "%s", t.text);
    return (enum mews_test_state)t.state;
}

/* ---- trace ---- */

enum { TRACE_BYTES = 3 }; /* room for so many before the text moves to the right */

/* " NAME:VALUE" of each register but the first, in capitals. */
static size_t trace_registers(const struct cpu *c, char *out, size_t room)
{
    size_t at = 0;

    for (const char *name = strchr(c->registers, ' '); name; name = strchr(name, ' ')) {
        char path[32];
        size_t len = strcspn(++name, " ");
        struct field_ref ref;

        snprintf(path, sizeof path, "%.*s", (int)len, name);
        if (!field_find(c->state->fields, c->state->self, path, &ref))
            continue;
        for (char *p = path; *p; p++)
            *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
        at += (size_t)snprintf(out + at, room - at, " %s:%0*llX", path, (int)ref.field->size * 2,
                               (unsigned long long)field_get(&ref));
        if (at >= room)
            return room - 1;
    }
    return at;
}

/* Hexadecimal digits of an address: as many as the program counter has. */
static int address_digits(const struct cpu *c)
{
    char path[32];
    struct field_ref ref;

    snprintf(path, sizeof path, "%.*s", (int)strcspn(c->registers, " "), c->registers);
    return field_find(c->state->fields, c->state->self, path, &ref) ? (int)ref.field->size * 2 : 16;
}

static void trace_line(void *ctx, const struct trace_record *r)
{
    struct mews *m = ctx;
    const struct kind *k = m->machine->kind;
    struct cpu *c = &m->machine->cpus[0];
    char text[64] = "", bytes[64], line[512];
    u8 b[16];
    size_t len = k->disassemble ? k->disassemble(c, r->a, text, sizeof text) : 0, used = 0;
    int at;

    if (len > sizeof b || !k->peek || !k->peek(c, CPU_VIRTUAL, r->a, b, len))
        len = 0;
    for (size_t i = 0; i < len; i++)
        used += (size_t)snprintf(bytes + used, sizeof bytes - used, "%02X ", b[i]);
    bytes[used] = 0;
    at = snprintf(line, sizeof line, "%0*llX  %-*s %-20s", address_digits(c),
                  (unsigned long long)r->a, 3 * TRACE_BYTES, bytes, text);
    at += (int)trace_registers(c, line + at, sizeof line - (size_t)at);
    snprintf(line + at, sizeof line - (size_t)at, " CYC:%llu", (unsigned long long)r->time);
    m->trace_fn(m->trace_ctx, line);
}

void mews_trace(struct mews *m, mews_trace_fn *f, void *ctx)
{
    m->trace_fn = f;
    m->trace_ctx = ctx;
    m->trace = (struct trace) { .mask = 1u << TRACE_STEP, .sink = trace_line, .ctx = m };
    m->machine->trace = f ? &m->trace : NULL;
}
