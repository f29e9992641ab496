/* An image of another version of the program: fields and components are taken by name, as the
 * tables of the program allow. */
#include "svc/snap/snap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the same component in three versions ---- */
/* clang-format off */
#define PART1(F, A, E, G, H)                \
    F(STATE, u16, step, "a number")

#define OLD(F, A, E, G, H)                  \
    E(CONFIG, model, "small large", "")     \
    F(STATE, u8, count, "")                 \
    F(STATE, u32, tally, "gone later")      \
    E(STATE, mode, "up down", "")           \
    A(STATE, s16, row, 3, "")               \
    H(part1, part, 2, "")

#define NEW(F, A, E, G, H)                  \
    H(part1, part, 2, "")                   \
    E(STATE, mode, "still down up", "")     \
    F(STATE, u32, count, "wider", 0, 200)   \
    A(STATE, s32, row, 3, "wider")          \
    F(STATE, u8, fresh, "came later")       \
    E(CONFIG, model, "tiny small large", "")

struct part1 { FIELD_MEMBERS(PART1) };
struct old { FIELD_MEMBERS(OLD) };
struct new { FIELD_MEMBERS(NEW) };
/* clang-format on */
static FIELD_TABLE(part1, 1, PART1)
static FIELD_TABLE(old, 1, OLD)
static FIELD_TABLE_SINCE(new, 3, NEW, 1, "fresh lamp", "tally horn")

    static const char *can(const struct machine *m, enum verb v)
{
    (void)m;
    (void)v;
    return NULL;
}
static const struct kind kind = { .name = "versions", .why_not = can };

struct rig {
    struct machine machine;
    struct component chip, extra;
    struct old old, horn;
    struct new new;
    struct recipe recipe;
};

static void start(struct rig *r, const struct fields *fs, void *obj, const char *extra)
{
    struct config c = { .name = "thing" };

    r->machine = (struct machine) {
        .kind = &kind, .board = "board", .hz_num = 1, .hz_den = 1, .root.name = "root"
    };
    r->chip = (struct component) { .name = "chip", .self = obj, .fields = fs };
    component_add(&r->machine.root, &r->chip);
    if (extra) {
        r->extra = (struct component) { .name = extra, .self = &r->horn, .fields = old_fields() };
        component_add(&r->chip, &r->extra);
    }
    event_queue_init(&r->machine.events);
    assert_true(recipe_init(&r->recipe, kind.name, &c));
}

static const struct old values = {
    .model = 1, .count = 200, .tally = 9, .mode = 1, .row = { -5, 0, 7 }, .part = { { 3 }, { 4 } }
};

static int old_image(const char *extra)
{
    struct rig r = { .old = values };
    int fd = memfd_create("snapshot", 0);
    struct err e;

    start(&r, old_fields(), &r.old, extra);
    if (snap_save(&r.machine, &r.recipe, fd, NULL, NULL, &e))
        fail_msg("%s", e.text);
    recipe_fini(&r.recipe);
    return fd;
}

/* Loads the image into a machine whose chip is the given one, and closes it. */
static int load(int fd, const struct fields *fs, void *obj, const char *extra, struct err *e)
{
    struct rig r = { .chip.name = NULL };
    struct snap_image *i;
    int status;

    start(&r, fs, obj, extra);
    if (snap_open(fd, &i, e))
        fail_msg("%s", e->text);
    status = snap_load(i, &r.machine, e);
    snap_close(i);
    recipe_fini(&r.recipe);
    close(fd);
    return status;
}

static void an_older_image_is_taken_by_name(void **state)
{
    struct new n = { .fresh = 77, .model = 2 };
    struct err e;

    (void)state;
    if (load(old_image(NULL), new_fields(), &n, NULL, &e))
        fail_msg("%s", e.text);
    assert_int_equal(n.count, 200);
    assert_int_equal(n.mode, 1); /* down */
    assert_int_equal(n.row[0], -5);
    assert_int_equal(n.row[2], 7);
    assert_int_equal(n.part[1].step, 4);
    assert_int_equal(n.fresh, 77); /* as at power-on */
    n = (struct new) { .model = 2 };
    if (load(old_image("horn"), new_fields(), &n, "lamp", &e)) /* components come and go, too */
        fail_msg("%s", e.text);
}

static void what_no_table_allows_is_refused(void **state)
{
    struct new n = { .model = 2 };
    struct old o = { .model = 1 };
    struct err e;
    struct fields fs = *new_fields();

    (void)state;
    fs.added = "lamp";
    assert_int_equal(load(old_image(NULL), &fs, &n, NULL, &e), -ERR_MISMATCH);
    assert_string_equal(e.text, "chip: the image lacks fresh");
    fs = *new_fields();
    fs.gone = "";
    assert_int_equal(load(old_image(NULL), &fs, &n, NULL, &e), -ERR_MISMATCH);
    assert_string_equal(e.text, "chip: there is no tally here");
    fs = *new_fields();
    fs.oldest = 2;
    assert_int_equal(load(old_image(NULL), &fs, &n, NULL, &e), -ERR_MISMATCH);
    assert_string_equal(e.text, "chip: the image is of a version of new that is too old (1, taken "
                                "are those from 2)");
    fs = *new_fields();
    fs.version = 1; /* of the same version, nothing may be missing */
    assert_int_equal(load(old_image(NULL), &fs, &n, NULL, &e), -ERR_MISMATCH);
    fs = *old_fields();
    fs.version = fs.oldest = 0;
    assert_int_equal(load(old_image(NULL), &fs, &o, NULL, &e), -ERR_MISMATCH);
    assert_string_equal(e.text, "chip: the image is of a newer version of old (1, here 0)");
    assert_int_equal(load(old_image("bell"), new_fields(), &n, NULL, &e), -ERR_MISMATCH);
    assert_string_equal(e.text, "chip: bell: there is no such component here");
    assert_int_equal(load(old_image(NULL), old_fields(), &o, "lamp", &e), -ERR_MISMATCH);
    assert_string_equal(e.text, "chip: lamp: the image lacks this component");
}

static void values_must_fit(void **state)
{
    struct new n = { .model = 1 };
    struct old o = { .model = 0 };
    struct field list[6];
    struct fields fs = *new_fields();
    struct err e;

    (void)state;
    assert_int_equal(load(old_image(NULL), new_fields(), &n, NULL, &e), -ERR_MISMATCH);
    assert_string_equal(e.text, "chip: model is small here and large in the image");
    assert_int_equal(load(old_image(NULL), old_fields(), &o, NULL, &e), -ERR_MISMATCH);

    n.model = 2;
    memcpy(list, fs.list, sizeof list);
    fs.list = list;
    list[2].range.most = 199; /* count */
    assert_int_equal(load(old_image(NULL), &fs, &n, NULL, &e), -ERR_FORMAT);
    assert_string_equal(e.text, "chip: count cannot be 200");
    list[2].range.most = 200;
    list[1].values = "still up"; /* mode */
    assert_int_equal(load(old_image(NULL), &fs, &n, NULL, &e), -ERR_FORMAT);
    assert_string_equal(e.text, "chip: mode: no such value: 1");
    list[1].values = "still down up";
    list[3].type = FIELD_u32; /* row, with its -5 */
    assert_int_equal(load(old_image(NULL), &fs, &n, NULL, &e), -ERR_FORMAT);
    assert_string_equal(e.text, "chip: row[0]: row cannot be -5");
    list[3].type = FIELD_s32;
    list[3].count = 2;
    assert_int_equal(load(old_image(NULL), &fs, &n, NULL, &e), -ERR_MISMATCH);
    assert_string_equal(e.text, "chip: row is of another type in the image");
    list[3].count = 3;
    assert_int_equal(load(old_image(NULL), &fs, &n, NULL, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_image_is_taken_by_name),
        cmocka_unit_test(what_no_table_allows_is_refused),
        cmocka_unit_test(values_must_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
