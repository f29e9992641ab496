/* What clients of the control protocol say to a machine's debugger and to its traces: calls, one a
 * line, of a small 6502v program. The first byte of a line chooses the client and whether the call
 * before it was read, the second the method; the rest is its parameters. Each call is answered or
 * refused, and whoever leaves has the machine no more. */
#include "fuzz/small_machine.h"
#include "svc/debug/methods.h"
#include "svc/debug/session.h"
#include "svc/debug/tracings.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BUDGET_TICKS = 2000, CALLS_MAX = 40, CLIENTS = 3 };

static struct {
    u64 holder;
    size_t untaken;
    unsigned kicks;
    struct debug_session *session;
} now;

/* ---- the host ---- */

static bool tell(void *ctx, u64 client, const char *name, json_t *params)
{
    (void)ctx;
    must(client && client <= CLIENTS && *name && json_is_object(params));
    json_decref(params);
    return true;
}

static size_t untaken(void *ctx, u64 client)
{
    (void)ctx;
    (void)client;
    return now.untaken;
}

static u64 piece(void *ctx, u64 until)
{
    (void)ctx;
    return until;
}

static void ran(void *ctx, const struct stop_info *info)
{
    (void)ctx;
    (void)info;
}

static bool serve(void *ctx, bool searching)
{
    (void)ctx;
    (void)searching;
    return ++now.kicks > 3;
}

static bool rest(void *ctx)
{
    (void)ctx;
    now.untaken /= 4;
    if (now.untaken % 7 == 0)
        debug_session_gone(now.session, now.holder);
    return false;
}

static void hold(void *ctx, u64 client, bool lent)
{
    (void)ctx;
    (void)lent;
    now.holder = client;
}

static void remember(void *ctx, size_t bytes, struct history **out, struct err *e)
{
    (void)ctx;
    (void)bytes;
    *out = NULL;
    err_set(e, ERR_NOTSUP, "no way back");
}

static void release(void *ctx)
{
    (void)ctx;
}

/* ---- calls ---- */

static void call(const struct method *m, u64 client, json_t *params)
{
    struct method_call c = { .params = params, .client = client };
    struct err e = { 0 };
    int r = m->call(m->ctx, &c, &e);

    must(r <= 0 && (!r || (e.code && e.text[0])));
    must(!r || !c.result);
    json_decref(c.result);
}

static void run_line(const char *line, const struct method *const *lists, const unsigned *counts,
                     struct tracings *t)
{
    u64 client = 1 + (u8)line[0] % CLIENTS;
    unsigned which = (u8)line[1];
    json_t *params;

    now.untaken = (u8)line[0] & 64 ? 2000001 : 0;
    budget = BUDGET_TICKS;
    now.kicks = 0;
    if (which == '!') {
        debug_session_gone(now.session, client);
        tracings_gone(t, client);
        must(now.holder != client);
        return;
    }
    params = json_loads(line + 2, 0, NULL);
    if (!json_is_object(params)) {
        json_decref(params);
        params = json_object();
    }
    for (unsigned i = 0, n = which % 32; i < 4; n -= counts[i++])
        if (n < counts[i]) {
            call(&lists[i][n], client, params);
            break;
        }
    json_decref(params);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct debug_session_host host = {
        { tell, untaken, NULL }, piece, ran, serve, rest, hold, remember, release, NULL
    };
    const struct method *lists[4];
    struct debug_methods *looking = NULL;
    struct tracings *tracings;
    char *text = strndup((const char *)data, size);
    unsigned counts[4], calls = 0;
    struct machine *m;
    struct kind k;
    struct err e;

    memset(&now, 0, sizeof now);
    m = make_machine(&k);
    must(text && !debug_methods_create(m, &looking, &e));
    must(!tracings_create(m, &host.teller, &tracings, &e));
    must(!debug_session_create(m, NULL, &host, &now.session, &e));
    lists[0] = debug_session_methods(now.session, &counts[0]);
    lists[1] = debug_session_urgent(now.session, &counts[1]);
    lists[2] = tracings_methods(tracings, &counts[2]);
    lists[3] = debug_methods(looking, &counts[3]);
    for (char *rest_ = text, *line; calls++ < CALLS_MAX && (line = strsep(&rest_, "\n"));) {
        if (strlen(line) < 2)
            continue;
        run_line(line, lists, counts, tracings);
        budget = 50;
        k.run(m, m->now + 50, NULL);
        tracings_ran(tracings);
    }
    debug_session_destroy(now.session);
    must(!now.holder);
    tracings_destroy(tracings);
    debug_methods_destroy(looking);
    must(!m->trace && !m->listeners);
    k.destroy(m);
    free(text);
    return 0;
}
