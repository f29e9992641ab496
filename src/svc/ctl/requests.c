/* From a line to a method: JSON-RPC 2.0, one object a line, and descriptors that came with it.
 *
 *   line --parsed, found--> called at once (builtin, any_thread) --> answered
 *                           or put into the inbox --machine's thread--> called --posted--> answered
 */
#include "svc/ctl/monitor_parts.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void request_free(struct request *r)
{
    if (!r)
        return;
    for (unsigned i = 0; i < r->call.fd_count; i++)
        close(r->fds[i]);
    json_decref(r->call.params);
    json_decref(r->call.result);
    json_decref(r->id);
    free(r);
}

/* ---- what is wrong with the line itself ---- */

static void refuse(struct client *c, json_t *id, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void refuse(struct client *c, json_t *id, int code, const char *fmt, ...)
{
    char text[240];
    json_t *j;
    char *line;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    j = json_pack("{s:s, s:o, s:{s:i, s:o}}", "jsonrpc", "2.0", "id",
                  id ? json_incref(id) : json_null(), "error", "code", code, "message",
                  json_string_nocheck(text));
    line = j ? json_dumps(j, JSON_COMPACT) : NULL;
    if (!line || !wire_put(&c->wire, line, strlen(line), WIRE_OUT_MAX))
        c->broken = true;
    free(line);
    json_decref(j);
}

static bool id_ok(const json_t *id)
{
    return !id || json_is_string(id) || json_is_integer(id);
}

/* A request with its parameters and descriptors; NULL: it was refused. */
static struct request *request_make(struct client *c, json_t *j, const char **method)
{
    json_t *id = json_object_get(j, "id"), *params = json_object_get(j, "params");
    json_t *name = json_object_get(j, "method"), *version = json_object_get(j, "jsonrpc");
    json_t *fds = json_object_get(j, "fds");
    json_int_t count = json_integer_value(fds);
    struct request *r;

    if (!id_ok(id) || !json_is_string(name) || !json_is_string(version) ||
        strcmp(json_string_value(version), "2.0") != 0 || (params && !json_is_object(params)) ||
        (fds && !json_is_integer(fds))) {
        refuse(c, id_ok(id) ? id : NULL, -32600,
               "want {\"jsonrpc\": \"2.0\", \"id\": ..., \"method\": \"...\", \"params\": {...}}");
        return NULL;
    }
    if (count < 0 || count > CALL_FDS_MAX) {
        refuse(c, id, -32600, "\"fds\": want 0 to %d", CALL_FDS_MAX);
        return NULL;
    }
    r = calloc(1, sizeof *r);
    if (!r || !wire_take_fds(&c->wire, r->fds, (unsigned)count)) {
        refuse(c, id, -32600, "\"fds\": so many have not come with it");
        free(r);
        return NULL;
    }
    r->monitor = c->monitor;
    r->client = c->number;
    r->id = json_incref(id);
    r->call = (struct method_call) { .params = params ? json_incref(params) : json_object(),
                                     .fds = r->fds,
                                     .fd_count = (unsigned)count,
                                     .client = c->number };
    *method = json_string_value(name);
    return r;
}

/* ---- finding and performing ---- */

static const struct builtin *find_builtin(const char *name)
{
    const struct builtin *b = builtins;

    while (b->name && strcmp(b->name, name) != 0)
        b++;
    return b->name ? b : NULL;
}

static const struct method *find_method(const struct monitor *m, const char *name)
{
    for (unsigned i = 0; i < m->list_count; i++)
        for (unsigned k = 0; k < m->counts[i]; k++)
            if (!strcmp(m->lists[i][k].name, name))
                return &m->lists[i][k];
    return NULL;
}

static void answered_later(void *ctx)
{
    client_answer_later(ctx);
}

static void perform(struct client *c, struct request *r, const char *name)
{
    const struct builtin *b = find_builtin(name);

    r->method = b ? NULL : find_method(c->monitor, name);
    if (!b && !r->method) {
        refuse(c, r->id, -32601, "there is no method '%.80s'", name);
    } else if (!c->greeted && (!b || strcmp(name, "hello") != 0)) {
        refuse(c, r->id, -32600, "say hello first");
    } else if (b) {
        r->result = b->call(c, r, &r->e);
        if (!r->result && b->later) {
            c->in_flight++;
            return;
        }
        client_answer(c, r);
    } else if (r->method->any_thread) {
        r->result = r->method->call(r->method->ctx, &r->call, &r->e);
        client_answer(c, r);
    } else {
        c->in_flight++;
        inbox_put(c->monitor, r);
        return;
    }
    request_free(r);
}

void request_line(struct client *c, char *line, size_t len)
{
    json_error_t why;
    json_t *j = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
    struct request *r = NULL;
    const char *method;

    if (!j)
        refuse(c, NULL, -32700, "no JSON: %.100s", why.text);
    else if (!json_is_object(j))
        refuse(c, NULL, -32600, "want one object a line");
    else
        r = request_make(c, j, &method);
    if (r)
        perform(c, r, method);
    json_decref(j);
}

/* ---- the inbox ---- */

void inbox_put(struct monitor *m, struct request *r)
{
    r->next = NULL;
    pthread_mutex_lock(&m->lock);
    *m->inbox_end = r;
    m->inbox_end = &r->next;
    pthread_mutex_unlock(&m->lock);
    monitor_wake(m);
    m->o.wake(m->o.ctx);
}

static struct request *inbox_take(struct monitor *m)
{
    struct request *r;

    pthread_mutex_lock(&m->lock);
    r = m->inbox;
    if (r)
        m->inbox = r->next;
    if (!m->inbox)
        m->inbox_end = &m->inbox;
    pthread_mutex_unlock(&m->lock);
    return r;
}

static void post_answer(struct request *r)
{
    assert(r->result <= 0);
    r->answer = (struct loop_job) { .call = answered_later, .ctx = r };
    loop_post(r->monitor->loop, &r->answer);
}

void monitor_answer(struct method_call *call, const struct err *e)
{
    struct request *r = container_of(call, struct request, call);

    assert(call->later);
    if (e) {
        r->e = *e;
        r->result = -(int)e->code;
    }
    post_answer(r);
}

static enum monitor_word word_now(const struct monitor *m)
{
    if (__atomic_load_n(&m->stopping, __ATOMIC_ACQUIRE))
        return MONITOR_STOP;
    return (m->holder ? !m->lent : m->paused) ? MONITOR_PAUSED : MONITOR_RUN;
}

enum monitor_word monitor_serve(struct monitor *m)
{
    struct request *r;

    while ((r = inbox_take(m))) {
        r->result = r->method->call(r->method->ctx, &r->call, &r->e);
        assert(r->result <= 0 && !(r->result && r->call.later));
        if (!r->call.later)
            post_answer(r);
    }
    return word_now(m);
}

static bool is_urgent(const struct monitor *m, const struct method *wanted)
{
    if (wanted == &m->leaving)
        return true;
    for (unsigned i = 0; i < m->list_count; i++)
        if (m->urgent[i] && wanted >= m->lists[i] && wanted < m->lists[i] + m->counts[i])
            return true;
    return false;
}

enum monitor_word monitor_serve_urgent(struct monitor *m, const char *busy)
{
    struct request *r;

    while ((r = inbox_take(m))) {
        r->result = is_urgent(m, r->method) ? r->method->call(r->method->ctx, &r->call, &r->e)
                                            : err_set(&r->e, ERR_STATE, "%s", busy);
        assert(!r->call.later);
        post_answer(r);
    }
    return word_now(m);
}
