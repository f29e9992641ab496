#include "api/control_debug.h"

#include "api/control.h"
#include "svc/debug/gdb_server.h"
#include "svc/debug/methods.h"
#include "svc/debug/session.h"
#include "svc/debug/tracings.h"

#include <stdlib.h>
#include <time.h>

enum { LATE_NS = 100000000, REST_NS = 2000000 };

static const char *const busy = "its debugger is busy in the machine's past; ask again";

struct control_debug {
    struct mews *m;
    struct monitor *monitor;
    struct debug_session_host host;
    struct debug_session *session;
    struct gdb_server_host gdb_host;
    struct gdb_server *gdb;
    struct tracings *tracings;
    struct debug_methods *looking;
    bool remembers;  /* the history is the debugger's */
    bool was_paused; /* when the command began */
    bool awaits_gdb; /* it stands still since it was made, for a gdb that is to come */
    double speed;    /* at which it runs since then; 0: nothing has run */
    u64 began_ns, began_ticks;
};

static u64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

/* ---- what the services ask of the monitor ---- */

static bool tell(void *ctx, u64 client, const char *name, json_t *params)
{
    return monitor_tell(((struct control_debug *)ctx)->monitor, client, name, params);
}

static size_t untaken(void *ctx, u64 client)
{
    return monitor_untaken(((struct control_debug *)ctx)->monitor, client);
}

/* What is under way is to end: somebody wants the machine to end, or to stand still. */
static bool is_over(const struct control_debug *d, enum monitor_word word)
{
    return word == MONITOR_STOP || __atomic_load_n(&d->m->kicked, __ATOMIC_SEQ_CST) ||
           (monitor_paused(d->monitor) && !d->was_paused);
}

static bool serve(void *ctx, bool searching)
{
    struct control_debug *d = ctx;

    return is_over(d, searching ? monitor_serve_urgent(d->monitor, busy)
                                : control_serve(d->m->control));
}

static bool rest(void *ctx)
{
    struct control_debug *d = ctx;

    monitor_sleep(d->monitor, REST_NS);
    return is_over(d, monitor_serve_urgent(d->monitor, busy));
}

static void hold(void *ctx, u64 client, bool lent)
{
    struct control_debug *d = ctx;

    monitor_hold(d->monitor, client, lent ? MONITOR_LENT : MONITOR_HELD, "debugger");
    d->was_paused = monitor_paused(d->monitor);
    d->speed = 0;
}

/* ---- running, at the pace that the machine has ---- */

/* How far its time is ahead of the host's. */
static u64 ahead_ns(struct control_debug *d, double speed)
{
    const struct machine *m = d->m->machine;
    u64 now = now_ns();
    double took, passed;

    if (d->speed < speed || d->speed > speed || m->now < d->began_ticks) {
        d->speed = speed;
        d->began_ns = now;
        d->began_ticks = m->now;
    }
    took = (double)(m->now - d->began_ticks) / mews_hz(d->m) / speed * 1e9;
    passed = (double)(now - d->began_ns);
    if (passed > took + LATE_NS)
        d->speed = 0; /* what was lost is not made up for */
    return took > passed ? (u64)(took - passed) : 0;
}

static u64 piece(void *ctx, u64 until)
{
    struct control_debug *d = ctx;
    const struct machine *m = d->m->machine;
    u64 step = m->display.width ? m->display.ticks_num / m->display.ticks_den
                                : machine_ticks(m, 1000000000 / 60),
        ns;
    double speed = control_speed(d->m);

    if (d->m->breathe) { /* a window has its own pace */
        if (d->m->breathe(d->m->breathe_ctx))
            return 0;
    } else if (speed > 0) {
        while ((ns = ahead_ns(d, speed))) {
            monitor_sleep(d->monitor, ns);
            if (serve(d, false) || debug_session_interrupted(d->session))
                return 0;
        }
    } else {
        step = control_slice(d->m->control);
    }
    return until - m->now > step ? m->now + step : until;
}

static void ran(void *ctx, const struct stop_info *info)
{
    struct control_debug *d = ctx;
    struct mews *m = d->m;

    m->frames = m->machine->frames;
    console_flush(&m->console);
    console_flush(&m->diagnostics);
    control_ran(m->control, info);
    if (__atomic_load_n(&m->kicked, __ATOMIC_SEQ_CST)) /* it is for who runs the machine */
        m->machine->kind->kick(m->machine);
}

/* ---- the way back ---- */

static void remember(void *ctx, size_t bytes, struct history **out, struct err *e)
{
    struct control_debug *d = ctx;
    struct mews_error why;

    if (!d->m->history && bytes) {
        if (mews_rewind_memory(d->m, bytes, &why))
            err_set(e, (enum err_code)why.code, "%s", why.text);
        else
            d->remembers = true;
    } else if (!d->m->history) {
        err_set(e, ERR_NOTSUP, "no way back: nothing of the past was kept (--rewind-memory)");
    }
    *out = d->m->history;
}

static void release(void *ctx)
{
    struct control_debug *d = ctx;
    struct mews_error ignored;
    struct err e;

    if (api_past(d->m) && !d->m->replay)
        api_seek(d->m, UINT64_MAX, &e);
    if (d->remembers)
        mews_rewind_memory(d->m, 0, &ignored);
    d->remembers = false;
    monitor_publish(d->monitor,
                    &(struct monitor_clock) { d->m->machine->now, d->m->machine->frames });
}

/* ---- gdb ---- */

static bool hear(void *ctx, int fd)
{
    return monitor_hear(((struct control_debug *)ctx)->monitor, fd);
}

static void unhear(void *ctx, int fd)
{
    monitor_unhear(((struct control_debug *)ctx)->monitor, fd);
}

static void gdb_comes(void *ctx)
{
    struct control_debug *d = ctx;

    if (!d->awaits_gdb)
        return;
    d->awaits_gdb = d->was_paused = false;
    monitor_pause(d->monitor, false, "debugger");
}

static void gdb_kills(void *ctx)
{
    monitor_stop(((struct control_debug *)ctx)->monitor);
}

void control_debug_listen(struct control_debug *d, int listener)
{
    gdb_server_listen(d->gdb, listener);
    d->awaits_gdb = true;
    monitor_pause(d->monitor, true, "debugger");
}

void control_debug_serve(struct control_debug *d)
{
    if (!monitor_paused(d->monitor))
        d->awaits_gdb = false; /* somebody else has had it go on */
    gdb_server_serve(d->gdb);
}

/* ---- life ---- */

static void client_gone(void *ctx, u64 client)
{
    struct control_debug *d = ctx;

    tracings_gone(d->tracings, client);
    debug_session_gone(d->session, client);
}

static void list_methods(struct control_debug *d)
{
    const struct method *list;
    unsigned count;

    list = debug_methods(d->looking, &count);
    monitor_add(d->monitor, list, count);
    list = debug_session_methods(d->session, &count);
    monitor_add(d->monitor, list, count);
    list = debug_session_urgent(d->session, &count);
    monitor_add_urgent(d->monitor, list, count);
    list = gdb_server_methods(d->gdb, &count);
    monitor_add(d->monitor, list, count);
    list = tracings_methods(d->tracings, &count);
    monitor_add(d->monitor, list, count);
    monitor_when_gone(d->monitor, client_gone, d);
}

int control_debug_create(struct mews *m, struct monitor *monitor, struct control_debug **out,
                         struct err *e)
{
    struct control_debug *d = calloc(1, sizeof *d);

    if (!d)
        return err_set(e, ERR_NOMEM, "no memory for a debugger");
    d->m = m;
    d->monitor = monitor;
    d->host = (struct debug_session_host) {
        { tell, untaken, d }, piece, ran, serve, rest, hold, remember, release, d
    };
    d->gdb_host = (struct gdb_server_host) { hear, unhear, rest, gdb_comes, gdb_kills, d };
    if (debug_methods_create(m->machine, &d->looking, e) ||
        tracings_create(m->machine, &d->host.teller, &d->tracings, e) ||
        debug_session_create(m->machine, m->recorder, &d->host, &d->session, e) ||
        gdb_server_create(d->session, &d->gdb_host, &d->gdb, e)) {
        control_debug_destroy(d);
        return -(int)e->code;
    }
    list_methods(d);
    *out = d;
    return 0;
}

void control_debug_destroy(struct control_debug *d)
{
    if (!d)
        return;
    gdb_server_destroy(d->gdb);
    debug_session_destroy(d->session);
    tracings_destroy(d->tracings);
    debug_methods_destroy(d->looking);
    free(d);
}

void control_debug_ran(struct control_debug *d)
{
    tracings_ran(d->tracings);
}

void control_debug_leave(struct control_debug *d)
{
    debug_session_move(d->session, NULL, NULL);
    tracings_move(d->tracings, NULL);
    debug_methods_move(d->looking, NULL);
    if (d->remembers)
        d->m->rewind_bytes = 0;
    d->remembers = false;
}

void control_debug_enter(struct control_debug *d)
{
    debug_session_move(d->session, d->m->machine, d->m->recorder);
    tracings_move(d->tracings, d->m->machine);
    debug_methods_move(d->looking, d->m->machine);
}
