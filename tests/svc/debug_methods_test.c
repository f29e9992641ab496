/* The debugger's, views', events' and traces' methods, called as the control protocol calls them:
 * on every machine that the images make. */
#include "svc/debug/methods.h"
#include "svc/debug/session.h"
#include "svc/debug/tracings.h"
#include "tests/mach/images.h"
#include "tests/svc/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ME = 7, OTHER = 8 };

struct caller {
    struct rig rig;
    struct history *history;
    struct debug_methods *methods;
    struct debug_session *session;
    struct tracings *tracings;
    struct debug_session_host host;
    u64 client; /* as whom it calls */
    char *told; /* text of notifications, owned */
    u64 dropped, ended;
    size_t untaken; /* what it says of itself */
    u64 holder;
    bool lent, was_lent;
    unsigned serves, serves_until; /* kicks that are no interrupts; 0: all are not */
    bool leaves, interrupts;       /* what is done at such a kick */
};

static json_t *call_in(struct caller *c, const struct method *list, unsigned count,
                       const char *name, json_t *params, struct err *e, bool *found)
{
    struct method_call m = { .params = params, .client = c->client };

    for (unsigned i = 0; i < count; i++)
        if (!strcmp(list[i].name, name)) {
            int r = list[i].call(list[i].ctx, &m, e);

            *found = true;
            assert_true(r ? r < 0 && e->code && e->text[0] && !m.result : true);
            return r ? NULL : m.result ? m.result : json_object();
        }
    return NULL;
}

static json_t *call(struct caller *c, const char *name, json_t *params, struct err *e)
{
    bool found = false;
    json_t *j = NULL;
    unsigned n;
    const struct method *list = debug_methods(c->methods, &n);

    j = call_in(c, list, n, name, params, e, &found);
    if (!found) {
        list = debug_session_methods(c->session, &n);
        j = call_in(c, list, n, name, params, e, &found);
    }
    if (!found) {
        list = debug_session_urgent(c->session, &n);
        j = call_in(c, list, n, name, params, e, &found);
    }
    if (!found) {
        list = tracings_methods(c->tracings, &n);
        j = call_in(c, list, n, name, params, e, &found);
    }
    assert_true(found);
    json_decref(params);
    return j;
}

static json_t *command(struct caller *c, const char *line, struct err *e)
{
    return call(c, "debug.command", json_pack("{s:s}", "line", line), e);
}

static const char *said(json_t *result)
{
    return json_string_value(json_object_get(json_object_get(result, "said"), "text"));
}

/* ---- the host ---- */

static bool tell(void *ctx, u64 client, const char *name, json_t *params)
{
    struct caller *c = ctx;
    const char *text = json_string_value(json_object_get(params, "text"));
    char *both = NULL;

    assert_int_equal(client, ME);
    c->ended += !strcmp(name, "trace.ended");
    c->dropped += (u64)json_integer_value(json_object_get(params, "dropped"));
    if (text && asprintf(&both, "%s%s", c->told ? c->told : "", text) >= 0) {
        free(c->told);
        c->told = both;
    }
    json_decref(params);
    return true;
}

static size_t untaken(void *ctx, u64 client)
{
    (void)client;
    return ((struct caller *)ctx)->untaken;
}

static u64 piece(void *ctx, u64 until)
{
    struct caller *c = ctx;
    u64 now = c->rig.machine->now;

    return until - now > 1000 ? now + 1000 : until;
}

static void ran(void *ctx, const struct stop_info *info)
{
    struct caller *c = ctx;

    if (c->serves_until && info->why == STOP_TIME) /* others come by all the time */
        c->rig.machine->kind->kick(c->rig.machine);
}

static bool serve(void *ctx, bool searching)
{
    struct caller *c = ctx;
    struct err e;

    (void)searching;
    if (++c->serves < c->serves_until)
        return false;
    if (c->leaves)
        debug_session_gone(c->session, ME);
    else if (c->interrupts)
        json_decref(call(c, "debug.interrupt", json_object(), &e));
    return !c->leaves && !c->interrupts;
}

static bool rest(void *ctx)
{
    struct caller *c = ctx;

    c->untaken /= 2;
    return false;
}

static void hold(void *ctx, u64 client, bool lent)
{
    struct caller *c = ctx;

    c->holder = client;
    c->lent = lent;
    c->was_lent |= lent;
}

static void remember(void *ctx, size_t bytes, struct history **out, struct err *e)
{
    (void)bytes;
    (void)e;
    *out = ((struct caller *)ctx)->history;
}

static void release(void *ctx)
{
    struct caller *c = ctx;
    struct err e;

    assert_int_equal(history_seek(c->history, UINT64_MAX, &e), 0);
}

/* ---- the tests ---- */

static void attach(struct caller *c, bool json)
{
    struct err e;
    json_t *j = call(c, "debug.attach", json_pack("{s:b}", "json", json), &e);

    assert_true(json_is_true(json_object_get(j, "past")));
    json_decref(j);
    assert_int_equal(c->holder, ME);
}

static void check_commands(struct caller *c)
{
    struct machine *m = c->rig.machine;
    json_t *before, *after, *j;
    struct err e;
    u64 now;

    assert_null(command(c, "registers", &e)); /* not attached */
    before = call(c, "debug.registers", json_object(), &e);
    assert_true(json_is_object(json_object_get(before, "registers")));
    attach(c, true);
    now = m->now;
    json_decref(command(c, "step 20", &e));
    assert_int_not_equal(now, m->now);
    if (c->history) {
        json_decref(command(c, "reverse-step 20", &e));
        after = call(c, "debug.registers", json_object(), &e);
        assert_true(json_equal(before, after));
        json_decref(after);
    }
    json_decref(before);
    j = call(c, "debug.memory", json_pack("{s:i, s:i}", "address", 0, "count", 7), &e);
    assert_int_equal(json_array_size(json_object_get(j, "memory")), 7);
    json_decref(j);
    assert_null(call(c, "debug.memory", json_pack("{s:s}", "address", "x"), &e));
    assert_null(call(c, "debug.command", json_object(), &e));
    assert_null(command(c, "nonsense", &e));
    assert_non_null(strstr(c->told, "no such command")); /* as JSON it has been said too */
    json_decref(command(c, "trace cpu.step", &e));
    j = command(c, "step 3", &e);
    for (unsigned i = 0; i < 3; i++)
        assert_non_null(said(j));
    assert_non_null(strstr(said(j), "cpu.step")); /* also in the past */
    json_decref(j);
}

/* What needs files is asked for. */
static void check_asks(struct caller *c)
{
    static const struct {
        const char *line, *ask, *path;
    } asks[] = { { "source /etc/passwd", "source", "/etc/passwd" },
                 { "symbols a b.dbg", "symbols", "a b.dbg" } };
    struct err e;

    for (unsigned i = 0; i < ARRAY_SIZE(asks); i++) {
        json_t *j = command(c, asks[i].line, &e), *ask = json_object_get(j, "ask");

        assert_string_equal(json_string_value(json_object_get(ask, "ask")), asks[i].ask);
        assert_string_equal(json_string_value(json_object_get(ask, "path")), asks[i].path);
        json_decref(j);
    }
}

static void check_symbols(struct caller *c)
{
    static const char *const bad[] = {
        "{\"symbols\":{}}",
        "{\"symbols\":[[\"a\",1]]}",
        "{\"symbols\":[[\"\",1,true]]}",
        "{\"symbols\":[[\"a\",\"1\",true]]}",
        "{\"symbols\":[[\"a\",1,1]]}",
        "{\"files\":[1]}",
        "{\"lines\":[[0,1,0,1,true]]}",
        "{\"files\":[\"f\"],\"lines\":[[0,1,1,1,true]]}",
        "{\"files\":[\"f\"],\"lines\":[[0,1,-1,1,true]]}",
        "{\"files\":[\"f\"],\"lines\":[[0,1,0,4294967296,true]]}",
        "{\"files\":[\"f\"],\"lines\":[[0,1,0,1]]}",
    };
    struct err e;
    json_t *j;

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        assert_null(call(c, "debug.symbols", json_loads(bad[i], 0, NULL), &e));
    json_decref(call(c, "debug.symbols",
                     json_loads("{\"symbols\":[[\"later\",7,true],[\"answer\",-1,false]],"
                                "\"more\":true}",
                                0, NULL),
                     &e));
    j = call(c, "debug.symbols",
             json_loads("{\"symbols\":[[\"first\",3,true]],\"files\":[\"f.s\"],"
                        "\"lines\":[[3,2,0,12,false]]}",
                        0, NULL),
             &e);
    assert_int_equal(json_integer_value(json_object_get(j, "symbols")), 3);
    assert_int_equal(json_integer_value(json_object_get(j, "lines")), 1);
    json_decref(j);
    j = command(c, "symbol 4", &e);
    assert_non_null(strstr(said(j), "\"first\""));
    assert_non_null(strstr(said(j), "f.s"));
    json_decref(j);
    j = call(c, "debug.complete", json_pack("{s:s}", "line", "print fir"), &e);
    assert_string_equal(json_string_value(json_array_get(json_object_get(j, "words"), 0)), "first");
    json_decref(j);
}

static void check_owner(struct caller *c)
{
    static const char *const mine[] = { "debug.greet", "debug.complete", "debug.symbols",
                                        "debug.detach", "debug.interrupt" };
    struct err e;

    assert_null(call(c, "debug.attach", json_object(), &e));
    c->client = OTHER;
    assert_null(call(c, "debug.attach", json_object(), &e));
    assert_int_equal(e.code, ERR_STATE);
    assert_null(command(c, "step", &e));
    for (unsigned i = 0; i < ARRAY_SIZE(mine); i++)
        assert_null(call(c, mine[i], json_object(), &e));
    debug_session_gone(c->session, OTHER); /* no matter */
    c->client = ME;
    assert_int_equal(c->holder, ME);
    json_decref(call(c, "debug.detach", json_object(), &e));
    assert_int_equal(c->holder, 0);
    assert_false(history_past(c->history));
    assert_null(call(c, "debug.attach", json_pack("{s:i}", "rewind_memory", -1), &e));
}

/* A run is served in pieces; what it says waits to be taken; leaving in the middle ends it. */
static void check_runs(struct caller *c)
{
    u64 start = c->rig.machine->now, limit = 64;
    json_t *j;
    struct err e;

    attach(c, false);
    c->rig.machine->frame_limit = limit;
    c->was_lent = false;
    c->interrupts = true;
    c->serves = 0;
    c->serves_until = 20;
    j = command(c, "until ffff", &e);
    assert_true(c->was_lent && !c->lent);
    assert_int_equal(c->rig.machine->frame_limit, limit);
    assert_true(c->serves <= 20);
    json_decref(j);
    if (c->serves == 20) /* it has not ended by itself */
        assert_true(c->rig.machine->now >= start + 15000);
    c->serves_until = 0;
    c->interrupts = false;
    json_decref(command(c, "trace cpu.step", &e));
    free(c->told);
    c->told = NULL;
    c->untaken = 64 << 20;
    json_decref(command(c, "step 2000", &e));
    json_decref(command(c, "trace off", &e));
    assert_true(!c->told || c->untaken <= 512 << 10);
    c->serves_until = 1;
    c->serves = 0;
    c->leaves = true;
    c->rig.machine->kind->kick(c->rig.machine);
    json_decref(command(c, "reverse-continue", &e));
    assert_int_equal(c->holder, 0);
    assert_null(command(c, "step", &e));
    assert_false(history_past(c->history));
    c->leaves = false;
    c->serves_until = 0;
    c->rig.machine->frame_limit = 0;
}

static void run_on(struct caller *c, u64 ticks)
{
    struct stop_info info;

    history_run(c->history, c->rig.machine->now + ticks, &info);
}

static unsigned lines(const char *text)
{
    unsigned n = 0;

    for (; text && (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

static void check_traces(struct caller *c)
{
    struct err e;
    json_t *j;

    assert_null(call(c, "trace.start", json_object(), &e));
    assert_null(call(c, "trace.start", json_pack("{s:s}", "events", "nonsense"), &e));
    assert_null(
        call(c, "trace.start", json_pack("{s:s, s:i}", "events", "cpu.*", "count", -1), &e));
    assert_null(call(c, "trace.stop", json_object(), &e));
    free(c->told);
    c->told = NULL;
    c->ended = c->dropped = 0;
    json_decref(
        call(c, "trace.start", json_pack("{s:s, s:i}", "events", "cpu.step", "count", 5), &e));
    assert_null(call(c, "trace.start", json_pack("{s:s}", "events", "cpu.step"), &e));
    run_on(c, 1000);
    tracings_ran(c->tracings);
    assert_true(lines(c->told) <= 5);
    if (lines(c->told) == 5) { /* it had not ended before */
        assert_int_equal(c->ended, 1);
        assert_null(c->rig.machine->trace);
        /* One who does not read: all is dropped beyond what was gathered, and counted. */
        c->untaken = 64 << 20;
        json_decref(call(c, "trace.start", json_pack("{s:s}", "events", "cpu.step"), &e));
        run_on(c, 30000);
        tracings_ran(c->tracings);
        j = call(c, "trace.stop", json_object(), &e);
        assert_true(json_integer_value(json_object_get(j, "dropped")) > 0);
        json_decref(j);
        c->untaken = 0;
    }
    json_decref(call(c, "trace.start", json_pack("{s:s, s:b}", "events", "*", "json", 1), &e));
    tracings_gone(c->tracings, ME);
    run_on(c, 100);
    tracings_ran(c->tracings);
    assert_null(c->rig.machine->trace);
}

static void check_views(struct caller *c)
{
    json_t *views, *j, *v;
    struct err e;
    size_t i;

    j = call(c, "view.list", json_object(), &e);
    views = json_object_get(j, "views");
    json_array_foreach(views, i, v)
    {
        const char *name = json_string_value(json_object_get(v, "name"));
        bool text = json_is_true(json_object_get(v, "text"));
        json_t *got = call(c, "view.get", json_pack("{s:s}", "name", name), &e);
        json_t *text_said = call(c, "view.get", json_pack("{s:s, s:b}", "name", name, "text", 1),
                                 &e);

        assert_int_equal(text, text_said != NULL);
        assert_int_equal(text, got != NULL);
        json_decref(got);
        json_decref(text_said);
    }
    assert_null(call(c, "view.get", json_pack("{s:s}", "name", "nonsense"), &e));
    json_decref(j);
    j = call(c, "trace.events", json_object(), &e);
    assert_true(json_array_size(json_object_get(j, "events")) >= 4);
    json_decref(j);
}

static void test_all(void **state)
{
    const struct images *all = *state;

    for (unsigned i = 0; i < all->count; i++) {
        struct history_options o = { .memory_bytes = 8 << 20 };
        struct caller c = { .client = ME };
        struct err e;

        rig_open(&c.rig, all->list[i].bytes, all->list[i].len, i);
        assert_int_equal(history_create(c.rig.machine, c.rig.recorder, &o, &c.history, &e), 0);
        c.host = (struct debug_session_host) {
            { tell, untaken, &c }, piece, ran, serve, rest, hold, remember, release, &c
        };
        assert_int_equal(debug_methods_create(c.rig.machine, &c.methods, &e), 0);
        assert_int_equal(
            debug_session_create(c.rig.machine, c.rig.recorder, &c.host, &c.session, &e), 0);
        assert_int_equal(tracings_create(c.rig.machine, &c.host.teller, &c.tracings, &e), 0);
        check_commands(&c);
        check_asks(&c);
        check_symbols(&c);
        check_owner(&c);
        check_runs(&c);
        check_traces(&c);
        check_views(&c);
        debug_session_destroy(c.session);
        tracings_destroy(c.tracings);
        debug_methods_destroy(c.methods);
        free(c.told);
        history_destroy(c.history);
        rig_close(&c.rig);
    }
}

int main(void)
{
    struct images all;
    struct CMUnitTest tests[] = { cmocka_unit_test(test_all) };
    int r;

    images_gather(&all);
    images_keep_replayable(&all);
    tests[0].initial_state = &all;
    r = cmocka_run_group_tests(tests, NULL, NULL);
    images_fini(&all);
    return r;
}
