#include "svc/debug/methods.h"

#include "svc/debug/console.h"
#include "svc/debug/viewer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METHODS_MAX = 8 };

struct debug_methods {
    struct machine *machine;
    struct debug *debug;
    struct debug_console *console; /* it says JSON */
    json_t *said;                  /* what the command under way has found */
    struct method list[METHODS_MAX];
    unsigned count;
};

/* ---- the debugger ---- */

static void say(void *ctx, const char *text)
{
    struct debug_methods *d = ctx;

    json_decref(d->said);
    d->said = json_loads(text, 0, NULL);
}

static int need_debugger(struct debug_methods *d, struct err *e)
{
    struct debug_console_options o = { .json = true, .no_files = true, .say = say, .ctx = d };

    if (!d->debug && debug_create(d->machine, NULL, NULL, &d->debug, e))
        return -(int)e->code;
    return d->console ? 0 : debug_console_create(d->debug, &o, &d->console, e);
}

/* A command that only looks. */
static int command(struct debug_methods *d, const char *line, json_t **out, struct err *e)
{
    int r;

    if (need_debugger(d, e))
        return -(int)e->code;
    r = debug_console_run(d->console, line, e);
    if (!r)
        *out = json_incref(d->said);
    json_decref(d->said);
    d->said = NULL;
    return r;
}

static const char *text_of(const struct method_call *c, const char *key)
{
    return json_string_value(json_object_get(c->params, key));
}

static int call_registers(void *ctx, struct method_call *c, struct err *e)
{
    return command(ctx, "registers", &c->result, e);
}

static int call_memory(void *ctx, struct method_call *c, struct err *e)
{
    json_t *address = json_object_get(c->params, "address");
    json_t *count = json_object_get(c->params, "count");
    char line[80];

    if (!json_is_integer(address) || json_integer_value(address) < 0 ||
        (count && (!json_is_integer(count) || json_integer_value(count) < 1)))
        return err_set(e, ERR_USAGE, "debug.memory wants {\"address\": NUMBER, \"count\": NUMBER}");
    snprintf(line, sizeof line, "x/%lldxb 0x%llx",
             (long long)(count ? json_integer_value(count) : 16),
             (unsigned long long)json_integer_value(address));
    return command(ctx, line, &c->result, e);
}

/* ---- views and events ---- */

static int call_views(void *ctx, struct method_call *c, struct err *e)
{
    const struct debug_methods *d = ctx;
    json_t *list = json_array();

    (void)e;
    for (unsigned i = 0; i < d->machine->view_count; i++) {
        const struct view *v = &d->machine->views[i];

        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:b}", "name", v->name, "doc",
                                              v->doc, "picture", v->picture != NULL, "text",
                                              v->text || v->table));
    }
    c->result = json_pack("{s:o}", "views", list);
    return 0;
}

static int call_view(void *ctx, struct method_call *c, struct err *e)
{
    struct debug_methods *d = ctx;
    const char *name = text_of(c, "name");
    const struct view *v;
    char *text;

    if (!name)
        return err_set(e, ERR_USAGE, "view.get wants {\"name\": VIEW}");
    if (view_find(d->machine, name, &v, e))
        return -(int)e->code;
    component_saving(&d->machine->root);
    if (!json_is_true(json_object_get(c->params, "text")))
        return view_json(d->machine, v, &c->result, e);
    if (view_text(d->machine, v, &text, e))
        return -(int)e->code;
    c->result = json_pack("{s:s, s:s}", "view", v->name, "text", text);
    free(text);
    return 0;
}

static int call_events(void *ctx, struct method_call *c, struct err *e)
{
    const struct debug_methods *d = ctx;
    json_t *list = json_array();

    (void)e;
    for (unsigned i = 0; i < d->machine->trace_event_count; i++) {
        const struct trace_event *t = &d->machine->trace_events[i];

        json_array_append_new(list, json_pack("{s:s, s:s, s:s*, s:s*}", "name", t->name, "doc",
                                              t->doc, "first", t->a, "second", t->b));
    }
    c->result = json_pack("{s:o}", "events", list);
    return 0;
}

/* ---- the list ---- */

int debug_methods_create(struct machine *m, struct debug_methods **out, struct err *e)
{
    static const struct method list[] = {
        { .name = "view.list", .doc = "the machine's views", .call = call_views },
        { .name = "view.get", .doc = "a view's text or table", .call = call_view },
        { .name = "trace.events", .doc = "the events that can be told", .call = call_events },
        { .name = "debug.registers", .doc = "the registers", .call = call_registers },
        { .name = "debug.memory", .doc = "bytes as the processor sees them", .call = call_memory },
    };
    struct debug_methods *d = calloc(1, sizeof *d);

    _Static_assert(ARRAY_SIZE(list) <= METHODS_MAX, "room for all methods");
    if (!d)
        return err_set(e, ERR_NOMEM, "no memory for a debugger");
    d->machine = m;
    d->count = ARRAY_SIZE(list);
    memcpy(d->list, list, sizeof list);
    for (unsigned i = 0; i < d->count; i++)
        d->list[i].ctx = d;
    *out = d;
    return 0;
}

void debug_methods_destroy(struct debug_methods *d)
{
    if (!d)
        return;
    debug_console_destroy(d->console);
    debug_destroy(d->debug);
    free(d);
}

const struct method *debug_methods(struct debug_methods *d, unsigned *count)
{
    *count = d->count;
    return d->list;
}

void debug_methods_move(struct debug_methods *d, struct machine *m)
{
    debug_console_destroy(d->console);
    debug_destroy(d->debug);
    d->console = NULL;
    d->debug = NULL;
    d->machine = m;
}
