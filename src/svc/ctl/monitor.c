#include "base/own.h"
#include "mach/role.h"
#include "svc/ctl/monitor_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static u64 clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

/* ---- making ---- */

static int describe(struct monitor *m, const json_t *about, struct err *e)
{
    char *text;
    int r;

    m->started_ns = clock_ns(CLOCK_MONOTONIC);
    m->about = json_pack("{s:s, s:i, s:f, s:b}", "name", m->dir.name, "pid", (int)getpid(),
                         "started", (double)clock_ns(CLOCK_REALTIME) / 1e9, "keep", m->o.keep);
    if (!m->about || json_object_update(m->about, (json_t *)about)) /* read only */
        return err_set(e, ERR_NOMEM, "no memory");
    text = json_dumps(m->about, JSON_COMPACT);
    r = text ? rundir_describe(&m->dir, text, e) : err_set(e, ERR_NOMEM, "no memory");
    free(text);
    return r;
}

static int open_all(struct monitor *m, const struct monitor_options *o, struct err *e)
{
    if (rundir_claim(o->name, &m->dir, e) || output_open(m, e) || describe(m, o->about, e) ||
        rundir_listen(&m->dir, &m->listener, e))
        return -(int)e->code;
    m->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    m->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m->bell < 0)
        return err_set(e, ERR_SYS, "an event descriptor");
    return 0;
}

/* What the process itself says goes behind what is in the log, wherever that ends then. Until now
 * it went to whoever started it. */
static void own_output(int log)
{
    dup2(log, 1);
    dup2(log, 2);
}

static int begin_thread(struct monitor *m, struct err *e)
{
    OWN(fd) int log = m->o.own_output ? rundir_log(&m->dir) : -1;

    if (m->o.opened && m->o.opened(m->o.ctx, e))
        return -(int)e->code;
    if (log >= 0)
        own_output(log);
    if (m->o.keep || m->o.no_files)
        rundir_keep(&m->dir);
    return loop_create(m->o.threads, THREAD_CONTROL, &m->loop, e);
}

int monitor_create(const struct monitor_options *o, struct monitor **out, struct err *e)
{
    struct monitor *m = calloc(1, sizeof *m);

    if (!m)
        return err_set(e, ERR_NOMEM, "no memory");
    json_object_seed(0); /* here, where it may still open what it reads */
    m->o = *o;
    m->dir = (struct rundir) { .all = -1, .dir = -1, .lock = -1, .status = -1, .log = -1 };
    m->statm = m->listener = m->bell = -1;
    m->guest_in = m->guest_out = m->console_in = m->console_out = -1;
    pthread_mutex_init(&m->lock, NULL);
    m->inbox_end = &m->inbox;
    ears_init(m);
    m->leaving = (struct method) { .name = "leaving", .call = clients_tell_gone, .ctx = m };
    builtin_methods(m, m->own);
    monitor_add_urgent(m, m->own, MACHINE_METHODS);
    if (open_all(m, o, e) || begin_thread(m, e)) {
        m->o.keep = m->o.no_files = false;
        monitor_destroy(m, NULL);
        return -(int)e->code;
    }
    *out = m;
    return 0;
}

void monitor_jailed(struct monitor *m)
{
    __atomic_store_n(&m->jailed, 1, __ATOMIC_RELAXED);
}

void monitor_add(struct monitor *m, const struct method *list, unsigned count)
{
    assert(m->list_count < LISTS_MAX && !m->listening);
    m->lists[m->list_count] = list;
    m->counts[m->list_count++] = count;
}

void monitor_add_urgent(struct monitor *m, const struct method *list, unsigned count)
{
    monitor_add(m, list, count);
    m->urgent[m->list_count - 1] = true;
}

void monitor_when_gone(struct monitor *m, void (*gone)(void *ctx, u64 client), void *ctx)
{
    assert(m->gone_count < GONE_MAX && !m->listening);
    m->gone[m->gone_count].call = gone;
    m->gone[m->gone_count++].ctx = ctx;
}

static void start(void *ctx)
{
    struct monitor *m = ctx;

    output_start(m);
    m->listening = loop_watch(m->loop, m->listener, clients_accept, m);
    if (m->listening)
        loop_watch_for(m->listening, true, false);
}

int monitor_start(struct monitor *m, struct err *e)
{
    loop_call(m->loop, start, m);
    return m->listening && m->input.bytes ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

/* ---- the end ---- */

struct ending {
    struct monitor *monitor;
    const struct monitor_end *end;
    bool done;
};

static json_t *end_object(const struct monitor_end *end)
{
    return json_pack("{s:s, s:i, s:s}", "why", end->why, "status", end->status, "text",
                     end->text ? end->text : "");
}

/* Everybody who waits is answered, and everybody who listens is told. */
static void tell_end(struct monitor *m, const struct monitor_end *end)
{
    json_t *params = end_object(end);

    while (m->waiting) {
        struct request *r = m->waiting;

        m->waiting = r->next;
        r->call.result = json_incref(params);
        client_answer_later(r);
    }
    json_object_set_new(params, "state", json_string("ended"));
    clients_notify(m, "state.changed", params);
    json_decref(params);
}

static void begin_end(void *ctx)
{
    struct ending *g = ctx;
    struct monitor *m = g->monitor;

    loop_unwatch(m->listening);
    m->listening = NULL;
    output_end(m);
    if (g->end)
        tell_end(m, g->end);
    clients_end(m, false);
    g->done = !clients_waiting(m);
}

static void go_on_ending(void *ctx)
{
    struct ending *g = ctx;

    clients_end(g->monitor, false);
    g->done = !clients_waiting(g->monitor);
}

static void finish_end(void *ctx)
{
    struct monitor *m = ctx;

    clients_end(m, true);
}

static void end_thread(struct monitor *m, const struct monitor_end *end)
{
    struct ending g = { .monitor = m, .end = end };

    loop_call(m->loop, begin_end, &g);
    for (unsigned ms = 0; !g.done && ms < END_MS; ms += 10) {
        nanosleep(&(struct timespec) { 0, 10000000 }, NULL);
        loop_call(m->loop, go_on_ending, &g);
    }
    loop_call(m->loop, finish_end, m);
    loop_destroy(m->loop);
}

/* One line: readers know a line without an end for one whose writer died. */
static void leave_status(struct monitor *m, const struct monitor_end *end)
{
    json_t *j = end_object(end);
    char *text;

    json_object_set_new(j, "ended", json_real((double)clock_ns(CLOCK_REALTIME) / 1e9));
    if (!m->o.keep)
        json_object_set_new(j, "forget", json_true());
    text = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    if (text) {
        size_t len = strlen(text);

        text[len] = '\n'; /* in the place of the zero */
        rundir_end(&m->dir, text, len + 1);
    }
    free(text);
}

static size_t add_text(char *out, size_t at, size_t room, const char *text)
{
    while (*text && at < room)
        out[at++] = *text++;
    return at;
}

void monitor_last_words(const struct monitor *m, const char *why, const char *text)
{
    u64 ms = clock_ns(CLOCK_REALTIME) / 1000000;
    char line[512], digits[24], *d = digits + sizeof digits;
    size_t n = add_text(line, 0, sizeof line, "{\"why\":\"");

    *--d = 0;
    for (unsigned i = 0; ms; ms /= 10) { /* seconds with three places */
        if (i++ == 3)
            *--d = '.';
        *--d = (char)('0' + ms % 10);
    }
    n = add_text(line, n, sizeof line, why);
    n = add_text(line, n, sizeof line, "\",\"status\":1,\"text\":\"");
    n = add_text(line, n, sizeof line, text);
    n = add_text(line, n, sizeof line, "\",\"ended\":");
    n = add_text(line, n, sizeof line, d);
    n = add_text(line, n, sizeof line, m->o.keep ? "}\n" : ",\"forget\":true}\n");
    rundir_end(&m->dir, line, n);
}

void monitor_destroy(struct monitor *m, const struct monitor_end *end)
{
    if (!m)
        return;
    if (end)
        leave_status(m, end); /* first: who is told may look at once */
    if (m->loop)
        end_thread(m, end);
    while (m->inbox) { /* from one who came too late */
        struct request *r = m->inbox;

        m->inbox = r->next;
        request_free(r);
    }
    const int fds[] = { m->listener,  m->bell,       m->statm,      m->guest_in,
                        m->guest_out, m->console_in, m->console_out };
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    rundir_fini(&m->dir, !m->o.keep && !m->o.no_files);
    pthread_mutex_destroy(&m->lock);
    json_decref(m->about);
    free(m);
}

/* ---- small things ---- */

const char *monitor_name(const struct monitor *m)
{
    return m->dir.name;
}

void monitor_console(const struct monitor *m, int *in, int *out)
{
    *in = m->console_in;
    *out = m->console_out;
}

void monitor_wake(struct monitor *m)
{
    u64 one = 1;
    int saved = errno;

    (void)!write(m->bell, &one, sizeof one);
    errno = saved;
}

void monitor_sleep(struct monitor *m, u64 ns)
{
    struct pollfd p = { m->bell, POLLIN, 0 };
    struct timespec t = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
    u64 count;

    if (ppoll(&p, 1, ns == UINT64_MAX ? NULL : &t, NULL) > 0)
        (void)!read(m->bell, &count, sizeof count);
}

void monitor_pause(struct monitor *m, bool paused, const char *why)
{
    if (m->paused == paused)
        return;
    __atomic_store_n(&m->paused, paused, __ATOMIC_RELEASE);
    monitor_notify(m, "state.changed",
                   json_pack("{s:s, s:s}", "state", paused ? "paused" : "running", "why", why));
}

void monitor_stop(struct monitor *m)
{
    __atomic_store_n(&m->stopping, 1, __ATOMIC_RELEASE);
}

bool monitor_paused(const struct monitor *m)
{
    return m->paused;
}

void monitor_hold(struct monitor *m, u64 client, enum monitor_hold how, const char *why)
{
    bool stood = m->holder ? !m->lent : m->paused;
    bool stands = client ? how == MONITOR_HELD : m->paused;

    __atomic_store_n(&m->why, why, __ATOMIC_RELEASE);
    __atomic_store_n(&m->lent, how == MONITOR_LENT, __ATOMIC_RELEASE);
    __atomic_store_n(&m->holder, client, __ATOMIC_RELEASE);
    if (stood != stands)
        monitor_notify(m, "state.changed",
                       json_pack("{s:s, s:s}", "state", stands ? "paused" : "running", "why", why));
}

void monitor_publish(struct monitor *m, const struct monitor_clock *c)
{
    if (!m->listening) /* as long as there is one thread */
        m->began = *c;
    __atomic_store_n(&m->now, c->now, __ATOMIC_RELAXED);
    __atomic_store_n(&m->frames, c->frames, __ATOMIC_RELAXED);
}

/* ---- notifications ---- */

struct notice {
    struct loop_job job;
    struct monitor *monitor;
    json_t *params;
    char name[];
};

static void notice_deliver(void *ctx)
{
    struct notice *n = ctx;

    clients_notify(n->monitor, n->name, n->params);
    json_decref(n->params);
    free(n);
}

/* Whether anybody would get a notification of this topic: to save the work. */
static bool is_heard(struct monitor *m, const char *topic)
{
    return __atomic_load_n(&m->heard, __ATOMIC_ACQUIRE) & topic_bit(topic, strcspn(topic, "."));
}

void monitor_notify(struct monitor *m, const char *name, json_t *params)
{
    struct notice *n = is_heard(m, name) ? malloc(sizeof *n + strlen(name) + 1) : NULL;

    if (!n) {
        json_decref(params);
        return;
    }
    *n = (struct notice) { { notice_deliver, n, NULL }, m, params };
    strcpy(n->name, name);
    loop_post(m->loop, &n->job);
}
