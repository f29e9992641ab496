#include "mach/machine.h"

#include <assert.h>

FIELD_TABLE(machine, 1, MACHINE)

static const char *const verb_names[] = {
#define X(id, name, doc) name,
    VERB_LIST(X)
#undef X
};
static const char *const verb_docs[] = {
#define X(id, name, doc) doc,
    VERB_LIST(X)
#undef X
};

const char *verb_name(enum verb v)
{
    return v < VERB_COUNT ? verb_names[v] : "unknown";
}

const char *verb_doc(enum verb v)
{
    return v < VERB_COUNT ? verb_docs[v] : "unknown";
}

const char *stop_name(enum stop s)
{
    static const char *const names[] = { "time",  "frame", "break", "halt",
                                         "fault", "kick",  "idle",  "host" };

    return s < ARRAY_SIZE(names) ? names[s] : "unknown";
}

/* The optional function behind a verb; a verb without one is judged by why_not() alone. */
static bool has_function(const struct kind *k, enum verb v)
{
    switch (v) {
    case VERB_GENERATION: return k->copied;
    case VERB_STEP: return k->step;
    case VERB_PEEK: return k->peek;
    case VERB_WATCH: return k->watch;
    case VERB_DISASSEMBLE: return k->disassemble;
    case VERB_RESET: return k->reset;
    case VERB_POWER: return k->power;
    default: return true;
    }
}

bool machine_can(const struct kind *k, const struct machine *m, enum verb v, const char **why)
{
    const char *no = k->why_not(m, v);

    if (!no && !has_function(k, v))
        no = "this kind of machine has no such function";
    if (why)
        *why = no;
    return !no;
}

int machine_configure(struct machine *m, const struct config *c, struct err *e)
{
    for (unsigned i = 0; i < c->setting_count; i++) {
        const struct setting *s = &c->settings[i];
        struct field_ref ref;
        u64 value;

        if (!component_field(&m->root, s->path, &ref, NULL))
            return err_set(e, ERR_USAGE, "--set %s: no such field (mews info lists them)", s->path);
        if (ref.field->role != FIELD_CONFIG)
            return err_set(e, ERR_USAGE, "--set %s: not a setting but state", s->path);
        if (field_parse(&ref, s->value, &value, e))
            return err_wrap(e, "--set %s", s->path);
        field_put(&ref, value);
    }
    return 0;
}

u64 machine_ticks(const struct machine *m, u64 ns)
{
    assert(m->hz_den);
    return (u64)((unsigned __int128)ns * m->hz_num / m->hz_den / 1000000000u);
}

void machine_add_space(struct machine *m, struct space *s)
{
    struct space **end = &m->spaces;

    while (*end)
        end = &(*end)->next;
    *end = s;
    s->next = NULL;
}

/* ---- who hears of events ---- */

static void tell_all(void *ctx, const struct trace_record *r)
{
    for (struct listener *l = ((struct machine *)ctx)->listeners; l; l = l->next)
        if (l->mask >> r->id & 1)
            l->told(l->ctx, r);
}

static void hear(struct machine *m)
{
    assert(!m->trace || m->trace == &m->all);
    m->all = (struct trace) { .sink = tell_all, .ctx = m };
    for (struct listener *l = m->listeners; l; l = l->next)
        m->all.mask |= l->mask;
    m->trace = m->listeners ? &m->all : NULL;
}

void machine_listen(struct machine *m, struct listener *l)
{
    machine_unlisten(m, l);
    l->next = m->listeners;
    m->listeners = l;
    hear(m);
}

void machine_unlisten(struct machine *m, struct listener *l)
{
    struct listener **at = &m->listeners;

    while (*at && *at != l)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = l->next;
    hear(m);
}
