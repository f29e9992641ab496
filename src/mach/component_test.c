/* The tree: how fields are found by path, what a person may set, who is asked when it is loaded. */
#include "mach/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
#define VOICE(F, A, E, G, H)                                 \
    F(STATE, u16, period, "period")                          \
    A(STATE, u8, taps, 4, "taps")

#define CHIP(F, A, E, G, H)                                  \
    F(STATE, u8, level, "level")                             \
    E(CONFIG, model, "old new", "which chip")                \
    F(CONFIG, bool, loud, "louder")                          \
    F(CONFIG, u16, start, "where it starts")                 \
    H(voice, voice, 2, "voices")
/* clang-format on */

struct voice {
    FIELD_MEMBERS(VOICE)
};
struct chip {
    FIELD_MEMBERS(CHIP)
};
static FIELD_TABLE(voice, 1, VOICE)
static FIELD_TABLE(chip, 1, CHIP)

static char called[64];

static void note(const char *what, void *self)
{
    char text[16];

    snprintf(text, sizeof text, "%s%u ", what, ((struct chip *)self)->level);
    strcat(called, text);
}

static void saving(void *self)
{
    note("s", self);
}

static int loaded(void *self, struct err *e)
{
    struct chip *c = self;

    note("l", c);
    return c->level == 99 ? err_set(e, ERR_FORMAT, "level: too loud") : 0;
}

/* root (level 1) - board (no fields) - chip (2), other (3) */
struct rig {
    struct machine m;
    struct chip top, chip, other;
    struct component board, chip_node, other_node;
};

static void rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    r->top.level = 1, r->chip.level = 2, r->other.level = 3;
    r->m.root = (struct component) {
        .name = "root", .self = &r->top, .fields = chip_fields(), saving, loaded
    };
    r->board = (struct component) { .name = "board" };
    r->chip_node = (struct component) {
        .name = "chip", .self = &r->chip, .fields = chip_fields(), saving, loaded
    };
    r->other_node = (struct component) {
        .name = "chip2", .self = &r->other, .fields = chip_fields(), saving, loaded
    };
    component_add(&r->m.root, &r->board);
    component_add(&r->board, &r->chip_node);
    component_add(&r->board, &r->other_node);
    called[0] = 0;
}

static void found_by_path(void **state)
{
    static const char *const none[] = {
        "",
        "chip",
        "board",
        "board.chip",
        "chip.level",
        "board.chip3.level",
        "board.chi.level",
        "board.chip.voice",
        "board.chip.voice[2].period",
        "board.chip.voice[0].taps[4]",
        "board.chip.voice[-1].period",
        "board.chip.voice[0]",
        "board.chip.level.x",
        "board.chip.level[1]",
        "board..chip.level",
        "board.chip.levels",
    };
    struct rig r;
    struct field_ref ref;
    struct component *owner;

    (void)state;
    rig_init(&r);
    assert_true(component_field(&r.m.root, "level", &ref, &owner));
    assert_ptr_equal(ref.at, &r.top.level);
    assert_true(component_field(&r.m.root, "board.chip.level", &ref, &owner));
    assert_ptr_equal(ref.at, &r.chip.level);
    assert_ptr_equal(owner, &r.chip_node);
    assert_true(component_field(&r.m.root, "board.chip2.voice[1].taps[3]", &ref, NULL));
    assert_ptr_equal(ref.at, &r.other.voice[1].taps[3]);
    field_put(&ref, 200);
    assert_int_equal(r.other.voice[1].taps[3], 200);
    for (unsigned i = 0; i < ARRAY_SIZE(none); i++)
        if (component_field(&r.m.root, none[i], &ref, NULL))
            fail_msg("'%s' was found", none[i]);
}

static int set(struct rig *r, const char *path, const char *value, struct err *e)
{
    struct setting s = { path, value };
    struct config c = { .settings = &s, .setting_count = 1 };

    return machine_configure(&r->m, &c, e);
}

static void set_by_a_person(void **state)
{
    static const char *const bad[][2] = {
        { "board.chip.level", "5" }, /* no setting: state */
        { "board.chip.start", "" },      { "board.chip.start", "65536" },
        { "board.chip.start", "12x" },   { "board.chip.start", "$" },
        { "board.chip.start", "-1" },    { "board.chip.loud", "maybe" },
        { "board.chip.model", "older" }, { "board.chip.model", "ol" },
        { "board.chip.colour", "1" },    { "start.x", "1" },
    };
    struct rig r, before;
    struct err e;

    (void)state;
    rig_init(&r);
    assert_int_equal(set(&r, "board.chip.start", "$C000", &e), 0);
    assert_int_equal(r.chip.start, 0xc000);
    assert_int_equal(set(&r, "board.chip.start", "0x1f", &e), 0);
    assert_int_equal(r.chip.start, 0x1f);
    assert_int_equal(set(&r, "board.chip.start", "65535", &e), 0);
    assert_int_equal(r.chip.start, 65535);
    assert_int_equal(set(&r, "board.chip2.model", "new", &e), 0);
    assert_int_equal(r.other.model, 1);
    assert_int_equal(r.chip.model, 0);
    assert_int_equal(set(&r, "loud", "true", &e), 0);
    assert_true(r.top.loud);
    before = r;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        e.text[0] = 0;
        if (!set(&r, bad[i][0], bad[i][1], &e))
            fail_msg("%s=%s was taken", bad[i][0], bad[i][1]);
        assert_string_not_equal(e.text, "");
        assert_memory_equal(&r, &before, sizeof r);
    }
}

static void parents_first(void **state)
{
    struct rig r;
    struct err e;

    (void)state;
    rig_init(&r);
    component_saving(&r.m.root);
    assert_string_equal(called, "s1 s2 s3 ");
    called[0] = 0;
    assert_int_equal(component_loaded(&r.m.root, &e), 0);
    assert_string_equal(called, "l1 l2 l3 ");
    called[0] = 0;
    r.chip.level = 99;
    assert_int_equal(component_loaded(&r.m.root, &e), -ERR_FORMAT);
    assert_string_equal(called, "l1 l99 "); /* no one is asked behind a refusal */
    assert_string_equal(e.text, "board: chip: level: too loud");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_by_path),
        cmocka_unit_test(set_by_a_person),
        cmocka_unit_test(parents_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
