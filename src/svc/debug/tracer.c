#include "svc/debug/tracer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which ---- */

/* Whether a name is the one that is wanted, which may end with '*'. */
static bool matches(const char *name, const char *want, size_t len)
{
    if (len && want[len - 1] == '*')
        return !strncmp(name, want, len - 1);
    return strlen(name) == len && !memcmp(name, want, len);
}

static int unknown(const struct machine *m, const char *word, size_t len, struct err *e)
{
    char list[160] = "";
    size_t at = 0;

    for (unsigned i = 0; i < m->trace_event_count && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", at ? " " : "",
                               m->trace_events[i].name);
    return err_set(e, ERR_USAGE, "'%.*s' is no event of this machine (%s)",
                   (int)(len < 40 ? len : 40), word, *list ? list : "it has none");
}

/* "@2000-2007"; false when it is none. */
static bool read_range(const char *text, const char *end, u64 *first, u64 *last)
{
    char *at;

    text += text < end && *text == '$';
    *first = *last = strtoull(text, &at, 16);
    if (at == text)
        return false;
    if (*at == '-') {
        text = at + 1 + (at[1] == '$');
        *last = strtoull(text, &at, 16);
        if (at == text)
            return false;
    }
    return at == end && *first <= *last;
}

int trace_filter_parse(const struct machine *m, const char *text, struct trace_filter *out,
                       struct err *e)
{
    struct trace_filter f = { 0 };

    while (*text) {
        size_t len = strcspn(text, ", "), name = strcspn(text, "@, ");
        u64 first = 0, last = UINT64_MAX;
        bool any = false;

        if (name < len && !read_range(text + name + 1, text + len, &first, &last))
            return err_set(e, ERR_USAGE, "'%.*s': want @FIRST or @FIRST-LAST in hexadecimal",
                           (int)(len < 60 ? len : 60), text);
        for (unsigned i = 0; i < m->trace_event_count; i++)
            if (matches(m->trace_events[i].name, text, name)) {
                any = true;
                f.mask |= 1ull << i;
                f.range[i].first = first;
                f.range[i].last = last;
            }
        if (!any && name)
            return unknown(m, text, name, e);
        text += len + (text[len] != 0);
    }
    if (!f.mask)
        return unknown(m, "", 0, e);
    *out = f;
    return 0;
}

/* ---- as text ---- */

enum { TRACE_BYTES = 3 }; /* room for so many before the text moves to the right */

/* " NAME:VALUE" of each register but the first, in capitals. */
static size_t registers(const struct cpu *c, char *out, size_t room)
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

static void step_text(struct machine *m, const struct trace_record *r, char out[TRACE_LINE])
{
    const struct kind *k = m->kind;
    struct cpu *c = &m->cpus[r->source];
    char text[64] = "", bytes[64];
    u8 b[16];
    size_t len = k->disassemble ? k->disassemble(c, r->a, text, sizeof text) : 0, used = 0;
    int at;

    if (len > sizeof b || !k->peek || !k->peek(c, CPU_VIRTUAL, r->a, b, len))
        len = 0;
    for (size_t i = 0; i < len; i++)
        used += (size_t)snprintf(bytes + used, sizeof bytes - used, "%02X ", b[i]);
    bytes[used] = 0;
    at = snprintf(out, TRACE_LINE, "%0*llX  %-*s %-20s", address_digits(c),
                  (unsigned long long)r->a, 3 * TRACE_BYTES, bytes, text);
    at += (int)registers(c, out + at, TRACE_LINE - (size_t)at);
    snprintf(out + at, TRACE_LINE - (size_t)at, " CYC:%llu", (unsigned long long)r->time);
}

void trace_text(struct machine *m, const struct trace_record *r, char out[TRACE_LINE])
{
    const struct trace_event *ev = &m->trace_events[r->id];
    int at;

    if (r->id == TRACE_STEP && m->cpu_count) {
        step_text(m, r, out);
        return;
    }
    at = snprintf(out, TRACE_LINE, "%llu %s", (unsigned long long)r->time, ev->name);
    if (m->trace_devices >> r->id & 1)
        at += snprintf(out + at, TRACE_LINE - (size_t)at, " %.*s=%u", (int)strcspn(ev->name, "."),
                       ev->name, r->source);
    if (ev->a)
        at += snprintf(out + at, TRACE_LINE - (size_t)at, " %s=%llX", ev->a,
                       (unsigned long long)r->a);
    if (ev->b)
        snprintf(out + at, TRACE_LINE - (size_t)at, " %s=%02llX", ev->b, (unsigned long long)r->b);
}

json_t *trace_json(struct machine *m, const struct trace_record *r)
{
    const struct trace_event *ev = &m->trace_events[r->id];
    json_t *j = json_pack("{s:s, s:I}", "event", ev->name, "time", (json_int_t)r->time);

    if (ev->a)
        json_object_set_new(j, ev->a, json_integer((json_int_t)r->a));
    if (ev->b)
        json_object_set_new(j, ev->b, json_integer((json_int_t)r->b));
    if (m->trace_devices >> r->id & 1) {
        char of[32];

        snprintf(of, sizeof of, "%.*s", (int)strcspn(ev->name, "."), ev->name);
        json_object_set_new(j, of, json_integer(r->source));
    } else if (m->cpu_count > 1)
        json_object_set_new(j, "cpu", json_integer(r->source));
    return j;
}
