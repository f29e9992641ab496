/* The methods that every monitor has. docs/formats/control.md specifies them. */
#include "base/json_bytes.h"
#include "svc/ctl/monitor_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PROTOCOL = 1, TAIL_MAX = 256 << 10 };

static u64 clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

/* ---- what there is ---- */

static u64 resident_bytes(const struct monitor *m)
{
    char text[100];
    ssize_t n = pread(m->statm, text, sizeof text - 1, 0);
    unsigned long pages = 0;

    text[n > 0 ? n : 0] = 0;
    return sscanf(text, "%*u %lu", &pages) == 1 ? pages * (u64)sysconf(_SC_PAGESIZE) : 0;
}

static const char *state_word(const struct monitor *m)
{
    if (__atomic_load_n(&m->stopping, __ATOMIC_ACQUIRE))
        return "stopping";
    if (__atomic_load_n(&m->holder, __ATOMIC_ACQUIRE))
        return __atomic_load_n(&m->lent, __ATOMIC_ACQUIRE) ? "running" : "paused";
    return __atomic_load_n(&m->paused, __ATOMIC_ACQUIRE) ? "paused" : "running";
}

/* Who has it to itself, if anybody; else why it stands still. */
static void add_why(json_t *j, struct monitor *m)
{
    u64 holder = __atomic_load_n(&m->holder, __ATOMIC_ACQUIRE);
    const char *why = __atomic_load_n(&m->why, __ATOMIC_ACQUIRE);

    if (holder) {
        json_object_set_new(j, "why", json_string(why));
        json_object_set_new(j, "holder", json_integer((json_int_t)holder));
    } else if (__atomic_load_n(&m->paused, __ATOMIC_ACQUIRE)) {
        json_object_set_new(j, "why", json_string("request"));
    }
}

static json_t *status_object(struct monitor *m)
{
    u64 ticks = __atomic_load_n(&m->now, __ATOMIC_RELAXED);
    json_t *j = json_deep_copy(m->about);

    json_object_set_new(j, "state", json_string(state_word(m)));
    json_object_set_new(j, "jailed", json_boolean(__atomic_load_n(&m->jailed, __ATOMIC_RELAXED)));
    add_why(j, m);
    json_object_set_new(j, "age_seconds",
                        json_real((double)(clock_ns(CLOCK_MONOTONIC) - m->started_ns) / 1e9));
    json_object_set_new(j, "ticks", json_integer((json_int_t)ticks));
    json_object_set_new(j, "guest_seconds", json_real((double)ticks / m->o.hz));
    json_object_set_new(j, "frames",
                        json_integer((json_int_t)__atomic_load_n(&m->frames, __ATOMIC_RELAXED)));
    json_object_set_new(j, "began",
                        json_pack("{s:I, s:f, s:I}", "ticks", (json_int_t)m->began.now,
                                  "guest_seconds", (double)m->began.now / m->o.hz, "frames",
                                  (json_int_t)m->began.frames));
    json_object_set_new(j, "cpu_seconds",
                        json_real((double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9));
    json_object_set_new(j, "resident_bytes", json_integer((json_int_t)resident_bytes(m)));
    return j;
}

static int call_status(struct client *c, struct request *r, struct err *e)
{
    (void)e;
    r->call.result = status_object(c->monitor);
    return 0;
}

static int call_hello(struct client *c, struct request *r, struct err *e)
{
    json_t *wanted = json_object_get(r->call.params, "protocol");

    if (json_integer_value(wanted) != PROTOCOL)
        return err_set(e, ERR_USAGE, "hello: want {\"protocol\": %d}, the one that is spoken here",
                       PROTOCOL);
    c->greeted = true;
    r->call.result = json_deep_copy(c->monitor->about);
    json_object_set_new(r->call.result, "protocol", json_integer(PROTOCOL));
    json_object_set_new(r->call.result, "client", json_integer((json_int_t)c->number));
    return 0;
}

static void add_method(json_t *list, const char *name, const char *doc)
{
    json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "doc", doc));
}

static int call_methods(struct client *c, struct request *r, struct err *e)
{
    const struct monitor *m = c->monitor;
    json_t *list = json_array();

    (void)e;
    for (const struct builtin *b = builtins; b->name; b++)
        add_method(list, b->name, b->doc);
    for (unsigned i = 0; i < m->list_count; i++)
        for (unsigned k = 0; k < m->counts[i]; k++)
            add_method(list, m->lists[i][k].name, m->lists[i][k].doc);
    r->call.result = json_pack("{s:o}", "methods", list);
    return 0;
}

/* The last whole lines that there is room for. */
static json_t *log_object(struct monitor *m)
{
    char *text = malloc(TAIL_MAX);
    json_t *j = text ? json_object() : NULL;

    output_drain(m);
    if (j)
        json_bytes_add(j, text, log_tail(m, text, TAIL_MAX));
    free(text);
    return j;
}

static int call_log(struct client *c, struct request *r, struct err *e)
{
    r->call.result = log_object(c->monitor);
    return r->call.result ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

/* ---- what is told ---- */

static bool topic_ok(const json_t *topic)
{
    size_t len = json_string_length(topic);

    return json_is_string(topic) && len && len < TOPIC_BYTES &&
           !strchr(json_string_value(topic), '.');
}

static int call_subscribe(struct client *c, struct request *r, struct err *e)
{
    json_t *topics = json_object_get(r->call.params, "topics"), *topic;
    size_t i;

    if (!json_is_array(topics) || json_array_size(topics) > TOPICS_MAX)
        return err_set(e, ERR_USAGE, "subscribe: want \"topics\", a list of up to %d", TOPICS_MAX);
    json_array_foreach(topics, i, topic) if (!topic_ok(topic)) return err_set(
        e, ERR_USAGE, "subscribe: a topic is a short word without a dot");
    /* With the log: what the guest has written is in it, or will be told, and nothing in both. */
    if (json_is_true(json_object_get(r->call.params, "log")) && call_log(c, r, e))
        return -(int)e->code;
    c->topic_count = 0;
    json_array_foreach(topics, i, topic)
        strcpy(c->topics[c->topic_count++], json_string_value(topic));
    clients_heard(c->monitor);
    return 0;
}

static int call_wait(struct client *c, struct request *r, struct err *e)
{
    (void)e;
    r->next = c->monitor->waiting;
    c->monitor->waiting = r;
    return 0;
}

/* ---- the console ---- */

static int call_send(struct client *c, struct request *r, struct err *e)
{
    char *bytes;
    size_t len;
    int result = 0;

    if (json_is_true(json_object_get(r->call.params, "end"))) {
        input_close(c->monitor);
        return 0;
    }
    if (json_bytes_get(r->call.params, &bytes, &len, e))
        return -(int)e->code;
    result = input_put(c->monitor, bytes, len, e);
    free(bytes);
    return result;
}

const struct builtin builtins[] = {
    { "hello", "begin: {protocol} -> what the machine is", call_hello, false },
    { "methods", "what can be called here", call_methods, false },
    { "status", "state, times, memory", call_status, false },
    { "subscribe", "{topics, log}: the notifications that are wanted from now on", call_subscribe,
      false },
    { "wait", "answered when the machine ends: {why, status}", call_wait, true },
    { "console.send", "{text|base64} to the guest's console, {end: true}: no more will come",
      call_send, false },
    { "console.log", "what the guest has written last", call_log, false },
    { NULL, NULL, NULL, false },
};

/* ---- in the machine's thread ---- */

static int call_pause(void *ctx, struct method_call *c, struct err *e)
{
    (void)c;
    (void)e;
    monitor_pause(ctx, true, "request");
    return 0;
}

static int call_resume(void *ctx, struct method_call *c, struct err *e)
{
    const struct monitor *m = ctx;

    (void)c;
    if (m->holder)
        return err_set(e, ERR_STATE, "it is held by a %s, which alone can have it go on", m->why);
    monitor_pause(ctx, false, "request");
    return 0;
}

static int call_stop(void *ctx, struct method_call *c, struct err *e)
{
    (void)c;
    (void)e;
    monitor_stop(ctx);
    return 0;
}

void builtin_methods(struct monitor *m, struct method out[static MACHINE_METHODS])
{
    out[0] = (struct method) { "pause", "the machine stands still", call_pause, m, false };
    out[1] = (struct method) { "resume", "the machine goes on", call_resume, m, false };
    out[2] = (struct method) { "stop", "the machine ends, as if switched off", call_stop, m,
                               false };
}
