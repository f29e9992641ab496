/* Clients of a monitor: who they are, what they get. All of this is the control thread's. */
#include "svc/ctl/monitor_parts.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct client *client_find(struct monitor *m, u64 number)
{
    struct client *c = m->clients;

    while (c && c->number != number)
        c = c->next;
    return c;
}

u64 topic_bit(const char *topic, size_t len)
{
    u64 hash = 14695981039346656037u; /* FNV-1a */

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (u8)topic[i]) * 1099511628211u;
    return (u64)1 << (hash >> 58);
}

void clients_heard(struct monitor *m)
{
    u64 heard = 0;

    for (struct client *c = m->clients; c; c = c->next)
        for (unsigned i = 0; i < c->topic_count; i++)
            heard |= topic_bit(c->topics[i], strlen(c->topics[i]));
    __atomic_store_n(&m->heard, heard, __ATOMIC_RELEASE);
}

/* ---- leaving ---- */

int clients_tell_gone(void *ctx, struct method_call *call, struct err *e)
{
    struct monitor *m = ctx;

    (void)e;
    for (unsigned i = 0; i < m->gone_count; i++)
        m->gone[i].call(m->gone[i].ctx, call->client);
    told_end(m, call->client);
    return 0;
}

static void post_gone(struct monitor *m, u64 number)
{
    struct request *r = m->gone_count ? calloc(1, sizeof *r) : NULL;

    if (!r)
        return;
    *r = (struct request) { .monitor = m, .method = &m->leaving, .call = { .client = number } };
    inbox_put(m, r);
}

static void client_free(struct client *c)
{
    loop_unwatch(c->watch);
    wire_fini(&c->wire);
    free(c);
}

/* What it waits for is in vain. */
static void forget_waiting(struct client *c)
{
    for (struct request **at = &c->monitor->waiting, *r; (r = *at);) {
        if (r->client == c->number) {
            *at = r->next;
            request_free(r);
        } else {
            at = &r->next;
        }
    }
}

static void client_remove(struct client *c)
{
    struct monitor *m = c->monitor;
    struct client **at = &m->clients;

    forget_waiting(c);
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    m->client_count--;
    if (c->greeted)
        post_gone(m, c->number);
    client_free(c);
    clients_heard(m);
}

/* ---- in and out ---- */

/* Sends what can be sent, and asks for what can be done next; a broken client is gone after it. */
static void client_settle(struct client *c)
{
    if (!wire_flush(&c->wire))
        c->broken = true;
    told_taken(c);
    if (c->broken || (c->wire.ended && !c->in_flight && !wire_waiting(&c->wire))) {
        client_remove(c);
        return;
    }
    loop_watch_for(c->watch,
                   !c->wire.ended && c->in_flight<IN_FLIGHT_MAX, wire_waiting(&c->wire)> 0);
}

/* The same where nobody may be removed: a broken one is found out when it is ready next, at once.
 */
void client_hurry(struct client *c)
{
    if (!wire_flush(&c->wire))
        c->broken = true;
    told_taken(c);
    if (c->broken || wire_waiting(&c->wire))
        loop_watch_for(c->watch, true, true);
}

static void client_lines(struct client *c)
{
    char *line;
    size_t len;

    while (!c->broken && c->in_flight < IN_FLIGHT_MAX && (line = wire_line(&c->wire, &len)))
        request_line(c, line, len);
}

static void client_refused(struct client *c, const char *why)
{
    char text[200];
    int len = snprintf(text, sizeof text,
                       "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":"
                       "\"%s\"}}",
                       why);

    wire_put(&c->wire, text, (size_t)len, WIRE_OUT_MAX);
    wire_flush(&c->wire);
    c->broken = true;
}

static void client_ready(void *ctx)
{
    struct client *c = ctx;
    const char *why;

    if (c->wire.ended || c->in_flight >= IN_FLIGHT_MAX) {
        struct pollfd p = { c->wire.fd, 0, 0 };

        if (poll(&p, 1, 0) == 1) /* it has hung up: nobody is there for an answer */
            c->broken = true;
    } else if (!c->broken) {
        if (wire_read(&c->wire, &why))
            client_lines(c);
        else
            client_refused(c, why);
    }
    client_settle(c);
}

/* Without room for another one, the eldest who has not said hello goes. */
static bool make_place(struct monitor *m)
{
    struct client *eldest = NULL;

    if (m->client_count < CLIENTS_MAX)
        return true;
    for (struct client *c = m->clients; c; c = c->next)
        if (!c->greeted)
            eldest = c; /* the newest is the first */
    if (eldest)
        client_remove(eldest);
    return eldest != NULL;
}

static void client_add(struct monitor *m, int fd)
{
    struct client *c = make_place(m) ? calloc(1, sizeof *c) : NULL;

    if (!c) {
        close(fd);
        return;
    }
    c->monitor = m;
    c->number = ++m->next_client;
    wire_init(&c->wire, fd);
    c->watch = loop_watch(m->loop, fd, client_ready, c);
    if (!c->watch) {
        client_free(c);
        return;
    }
    c->next = m->clients;
    m->clients = c;
    m->client_count++;
    client_settle(c);
}

void clients_accept(void *ctx)
{
    struct monitor *m = ctx;
    int fd = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0)
        client_add(m, fd);
    else if ((errno == EMFILE || errno == ENFILE) && m->clients)
        client_remove(m->clients); /* or we would be called for this one without end */
}

/* ---- answers ---- */

/* The protocol's number of an error. */
static int error_code(const struct err *e)
{
    return e->code == ERR_USAGE ? -32602 : -32000 - (int)e->code;
}

static json_t *answer_object(const struct request *r)
{
    json_t *j = json_pack("{s:s, s:O}", "jsonrpc", "2.0", "id", r->id);

    if (!r->result)
        json_object_set_new(j, "result",
                            r->call.result ? json_incref(r->call.result) : json_object());
    else
        json_object_set_new(j, "error",
                            json_pack("{s:i, s:s?, s:{s:s}}", "code", error_code(&r->e), "message",
                                      r->e.text, "data", "name", err_name(r->e.code)));
    return j;
}

/* Takes the reference; false: it does not fit. */
static bool client_put(struct client *c, json_t *j, size_t limit)
{
    char *line = j ? json_dumps(j, JSON_COMPACT) : NULL;
    bool fits = line && wire_put(&c->wire, line, strlen(line), limit);

    free(line);
    json_decref(j);
    return fits;
}

void client_answer(struct client *c, struct request *r)
{
    if (r->id && !client_put(c, answer_object(r), WIRE_OUT_MAX))
        c->broken = true; /* it asks, and does not read */
}

void client_answer_later(struct request *r)
{
    struct client *c = client_find(r->monitor, r->client);

    if (c) {
        c->in_flight--;
        client_answer(c, r);
        client_lines(c); /* what it said while too many were in flight */
        client_settle(c);
    }
    request_free(r);
}

/* ---- notifications ---- */

static bool subscribed(const struct client *c, const char *name)
{
    size_t len = strcspn(name, ".");

    for (unsigned i = 0; i < c->topic_count; i++)
        if (strlen(c->topics[i]) == len && !memcmp(c->topics[i], name, len))
            return true;
    return false;
}

json_t *client_notice(const char *name, json_t *params)
{
    return json_pack("{s:s, s:s, s:O}", "jsonrpc", "2.0", "method", name, "params", params);
}

static void client_notify(struct client *c, const char *name, json_t *params)
{
    if (c->dropped) {
        json_t *lost = json_pack("{s:I}", "count", (json_int_t)c->dropped);
        bool told = client_put(c, client_notice("dropped", lost), NOTICES_WAIT_MAX);

        json_decref(lost);
        if (!told) {
            c->dropped++;
            return;
        }
        c->dropped = 0;
    }
    if (!client_put(c, client_notice(name, params), NOTICES_WAIT_MAX))
        c->dropped++;
}

void clients_notify(struct monitor *m, const char *name, json_t *params)
{
    for (struct client *c = m->clients; c; c = c->next) {
        if (!subscribed(c, name))
            continue;
        client_notify(c, name, params);
        client_hurry(c);
    }
}

/* ---- the end ---- */

bool clients_waiting(const struct monitor *m)
{
    for (struct client *c = m->clients; c; c = c->next)
        if (wire_waiting(&c->wire))
            return true;
    return false;
}

void clients_end(struct monitor *m, bool at_once)
{
    for (struct client *c = m->clients, *next; c; c = next) {
        next = c->next;
        if (at_once || !wire_flush(&c->wire) || !wire_waiting(&c->wire))
            client_remove(c);
    }
}
