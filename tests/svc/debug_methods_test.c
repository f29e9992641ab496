/* The debugger's, views' and events' methods, called as the control protocol calls them: on every
 * machine that the images make. */
#include "svc/debug/methods.h"
#include "tests/mach/images.h"
#include "tests/svc/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct caller {
    struct rig rig;
    struct history *history;
    struct debug_methods *methods;
};

static json_t *call(struct caller *c, const char *name, json_t *params, struct err *e)
{
    struct method_call m = { .params = params };
    unsigned count;
    const struct method *list = debug_methods(c->methods, &count);
    int r = 1;

    for (unsigned i = 0; i < count; i++)
        if (!strcmp(list[i].name, name))
            r = list[i].call(list[i].ctx, &m, e);
    json_decref(params);
    if (r)
        assert_true(r < 0 && e->code && e->text[0] && !m.result);
    else
        assert_non_null(m.result);
    return m.result;
}

static json_t *command(struct caller *c, const char *line, struct err *e)
{
    return call(c, "debug.command", json_pack("{s:s}", "line", line), e);
}

static void check(struct caller *c)
{
    struct machine *m = c->rig.machine;
    json_t *before, *after, *j;
    struct err e;

    before = call(c, "debug.registers", json_object(), &e);
    assert_true(json_is_object(json_object_get(before, "registers")));
    json_decref(command(c, "step 20", &e));
    assert_int_not_equal(json_integer_value(json_object_get(before, "time")), m->now);
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
    assert_null(command(c, "source /etc/passwd", &e));
    assert_non_null(strstr(e.text, "no files"));
    j = command(c, "trace cpu.step", &e);
    json_decref(j);
    j = command(c, "step 3", &e);
    assert_int_equal(json_array_size(json_object_get(j, "events")), 3); /* also in the past */
    json_decref(j);
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
        json_t *said = call(c, "view.get", json_pack("{s:s, s:b}", "name", name, "text", 1), &e);

        assert_int_equal(text, said != NULL);
        assert_int_equal(text, got != NULL);
        json_decref(got);
        json_decref(said);
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
        struct caller c = { .history = NULL };
        struct err e;

        rig_open(&c.rig, all->list[i].bytes, all->list[i].len, i);
        if (machine_can(c.rig.machine->kind, c.rig.machine, VERB_REPLAY, NULL))
            assert_int_equal(history_create(c.rig.machine, c.rig.recorder, &o, &c.history, &e), 0);
        assert_int_equal(
            debug_methods_create(c.rig.machine, c.rig.recorder, c.history, &c.methods, &e), 0);
        check(&c);
        check_views(&c);
        debug_methods_destroy(c.methods);
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
    tests[0].initial_state = &all;
    r = cmocka_run_group_tests(tests, NULL, NULL);
    images_fini(&all);
    return r;
}
