/* Memory and fields of a machine, through the words of mach/ alone. */
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
