#include "svc/debug/tracings.h"

#include "base/json_bytes.h"
#include "svc/debug/tracer.h"

#include <stdlib.h>
#include <string.h>

enum {
    TRACINGS_MAX = 8,
    TEXT_BYTES = 32 << 10, /* so much is told at once */
    UNTAKEN_MAX = 1 << 20, /* beyond, events are dropped */
    LOOK_EVERY = 1024,     /* so many were dropped: whether there is room again */
    METHODS = 2
};

struct tracing {
    struct tracings *all;
    u64 client; /* 0: free */
    struct listener listener;
    struct trace_filter filter;
    bool json, ended, full;
    u64 count, frames; /* at which it ends; 0: never */
    u64 told, dropped;
    u64 dropped_said;
    char text[TEXT_BYTES];
    size_t bytes;
};

struct tracings {
    struct machine *machine;
    const struct debug_teller *teller; /* borrowed */
    struct tracing *list[TRACINGS_MAX];
    unsigned active;
    struct method methods[METHODS];
};

/* ---- telling ---- */

static bool is_full(const struct tracing *t)
{
    const struct debug_teller *teller = t->all->teller;

    return teller->untaken(teller->ctx, t->client) > UNTAKEN_MAX;
}

/* What was gathered; and how many were dropped since the last time. `last`: nothing comes after it.
 */
static void tell(struct tracing *t, bool last)
{
    const struct debug_teller *teller = t->all->teller;
    json_t *params;

    t->full = is_full(t);
    if ((!t->bytes && t->dropped == t->dropped_said) || (t->full && !last) ||
        !(params = json_object()))
        return;
    json_bytes_add(params, t->text, t->bytes);
    json_object_set_new(params, "dropped",
                        json_integer((json_int_t)(t->dropped - t->dropped_said)));
    t->dropped_said = t->dropped;
    t->bytes = 0;
    teller->tell(teller->ctx, t->client, "trace.told", params);
}

/* Room for a line more; false: it is dropped. */
static bool make_room(struct tracing *t, size_t len)
{
    if (t->bytes + len + 1 <= TEXT_BYTES)
        return true;
    if (!t->full || t->dropped % LOOK_EVERY == 0)
        tell(t, false);
    if (t->bytes + len + 1 <= TEXT_BYTES)
        return true;
    t->dropped++;
    return false;
}

static void put(struct tracing *t, const char *line, size_t len)
{
    if (!make_room(t, len))
        return;
    memcpy(t->text + t->bytes, line, len);
    t->text[t->bytes + len] = '\n';
    t->bytes += len + 1;
    if (++t->told == t->count) {
        t->ended = true;
        t->listener.mask = 0;
    }
}

static void on_event(void *ctx, const struct trace_record *r)
{
    struct tracing *t = ctx;
    struct machine *m = t->all->machine;
    char line[TRACE_LINE], *text;

    if (!trace_filter_takes(&t->filter, r))
        return;
    if (!make_room(t, TRACE_LINE)) /* nothing is made in vain */
        return;
    if (!t->json) {
        trace_text(m, r, line);
        put(t, line, strlen(line));
        return;
    }
    json_t *j = trace_json(m, r);

    text = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    if (text)
        put(t, text, strlen(text));
    free(text);
}

/* ---- beginning and end ---- */

static struct tracing **find(struct tracings *all, u64 client)
{
    for (unsigned i = 0; i < TRACINGS_MAX; i++)
        if (client ? all->list[i] && all->list[i]->client == client : !all->list[i])
            return &all->list[i];
    return NULL;
}

static void end(struct tracings *all, struct tracing **at)
{
    machine_unlisten(all->machine, &(*at)->listener);
    free(*at);
    *at = NULL;
    all->active--;
}

static json_t *totals(const struct tracing *t)
{
    return json_pack("{s:I, s:I}", "told", (json_int_t)t->told, "dropped", (json_int_t)t->dropped);
}

void tracings_ran(struct tracings *all)
{
    const struct debug_teller *teller = all->teller;

    for (unsigned i = 0; all->active && i < TRACINGS_MAX; i++) {
        struct tracing *t = all->list[i];

        if (!t)
            continue;
        t->ended |= t->frames && all->machine->frames >= t->frames;
        if (t->client)
            tell(t, false);
        if (!t->client) {
            end(all, &all->list[i]);
        } else if (t->ended && !t->bytes) { /* else its last lines wait to be taken */
            teller->tell(teller->ctx, t->client, "trace.ended", totals(t));
            end(all, &all->list[i]);
        }
    }
}

void tracings_gone(struct tracings *all, u64 client)
{
    struct tracing **at = client ? find(all, client) : NULL;

    if (!at)
        return;
    (*at)->listener.mask = 0; /* and tracings_ran() frees it */
    (*at)->client = 0;
}

static int call_stop(void *ctx, struct method_call *c, struct err *e)
{
    struct tracings *all = ctx;
    struct tracing **at = find(all, c->client);

    if (!at)
        return err_set(e, ERR_STATE, "you trace nothing");
    tell(*at, true);
    c->result = totals(*at);
    end(all, at);
    return 0;
}

/* A number that may be there; false: it is none, or negative. */
static bool number(const struct method_call *c, const char *key, u64 *out)
{
    json_t *j = json_object_get(c->params, key);

    *out = (u64)json_integer_value(j);
    return !j || (json_is_integer(j) && json_integer_value(j) >= 0);
}

static int call_start(void *ctx, struct method_call *c, struct err *e)
{
    struct tracings *all = ctx;
    const char *events = json_string_value(json_object_get(c->params, "events"));
    struct tracing *t, **at = find(all, 0);
    struct trace_filter filter;
    u64 count, frames;

    if (!events || !number(c, "count", &count) || !number(c, "frames", &frames))
        return err_set(e, ERR_USAGE,
                       "trace.start wants {\"events\": TEXT, \"json\": ..., \"count\": N, "
                       "\"frames\": N}");
    if (frames && !all->machine->display.width)
        return err_set(e, ERR_USAGE, "this machine makes no pictures");
    if (trace_filter_parse(all->machine, events, &filter, e))
        return -(int)e->code;
    if (find(all, c->client))
        return err_set(e, ERR_STATE, "you trace it already");
    if (all->machine->trace && all->machine->trace != &all->machine->all)
        return err_set(e, ERR_STATE, "it cannot be traced now: ask again");
    if (!at)
        return err_set(e, ERR_LIMIT, "%d others trace it already", TRACINGS_MAX);
    t = calloc(1, sizeof *t);
    if (!t)
        return err_set(e, ERR_NOMEM, "no memory to trace");
    t->all = all;
    t->client = c->client;
    t->filter = filter;
    t->json = json_is_true(json_object_get(c->params, "json"));
    t->count = count;
    t->frames = frames ? all->machine->frames + frames : 0;
    t->listener = (struct listener) { .mask = filter.mask, .told = on_event, .ctx = t };
    *at = t;
    all->active++;
    machine_listen(all->machine, &t->listener);
    return 0;
}

/* ---- life ---- */

int tracings_create(struct machine *m, const struct debug_teller *teller, struct tracings **out,
                    struct err *e)
{
    struct tracings *all = calloc(1, sizeof *all);

    if (!all)
        return err_set(e, ERR_NOMEM, "no memory to trace");
    *all = (struct tracings) {
        .machine = m,
        .teller = teller,
        .methods = { { "trace.start", "{events, json, count, frames}: they are told from now on",
                       call_start, all, false },
                     { "trace.stop", "no more", call_stop, all, false } },
    };
    *out = all;
    return 0;
}

void tracings_move(struct tracings *all, struct machine *m)
{
    const struct debug_teller *teller = all->teller;

    for (unsigned i = 0; i < TRACINGS_MAX; i++)
        if (all->list[i]) {
            if (all->list[i]->client)
                teller->tell(teller->ctx, all->list[i]->client, "trace.ended",
                             totals(all->list[i]));
            end(all, &all->list[i]);
        }
    all->machine = m;
}

void tracings_destroy(struct tracings *all)
{
    if (!all)
        return;
    for (unsigned i = 0; i < TRACINGS_MAX; i++)
        if (all->list[i])
            end(all, &all->list[i]);
    free(all);
}

const struct method *tracings_methods(struct tracings *all, unsigned *count)
{
    *count = METHODS;
    return all->methods;
}
