/* Ranges: what an image and a person may put into a field. */
#include "mach/field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
#define PART(F, A, E, G, H)                                  \
    F(STATE, u16, step, "1 to 300", 1, 300)

#define THING(F, A, E, G, H)                                 \
    F(STATE, u8, any, "any byte")                            \
    F(STATE, s16, slope, "-5 to 5", -5, 5)                   \
    F(STATE, u64, when, "up to 2^40", 0, 1ll << 40)          \
    F(STATE, bool, on, "a switch")                           \
    E(STATE, colour, "red green blue", "a word")             \
    A(STATE, u8, row, 3, "0 to 9 each", 0, 9)                \
    H(part, part, 2, "parts")
/* clang-format on */

struct part {
    FIELD_MEMBERS(PART)
};
struct thing {
    FIELD_MEMBERS(THING)
};
static FIELD_TABLE(part, 1, PART)
static FIELD_TABLE(thing, 1, THING)

static struct thing thing(void)
{
    return (struct thing) { .part = { { 1 }, { 300 } } };
}

/* Saves a thing that has this value at the path, and loads it. */
static int load_with(const char *path, u64 value, struct err *e)
{
    struct thing from = thing(), to = thing();
    struct field_ref ref;
    u8 image[256];
    size_t len = field_save(thing_fields(), &from, NULL);

    assert_in_range(len, 1, sizeof image);
    assert_true(field_find(thing_fields(), &from, path, &ref));
    if (ref.field->type == FIELD_bool)
        memcpy(ref.at, &value, 1);
    else
        field_put(&ref, value);
    field_save(thing_fields(), &from, image);
    if (field_load(thing_fields(), &to, image, len, e))
        return -(int)e->code;
    assert_true(field_find(thing_fields(), &to, path, &ref));
    assert_true(field_get(&ref) == value);
    return 0;
}

static void an_image_is_held_to_ranges(void **state)
{
    static const struct {
        const char *path;
        u64 least, most;
        s64 below, above;
    } rows[] = {
        { "any", 0, 255, -1, -1 },
        { "slope", (u64)-5, 5, -6, 6 },
        { "when", 0, 1ull << 40, -1, (1ll << 40) + 1 },
        { "on", 0, 1, 2, 255 },
        { "colour", 0, 2, 3, 255 },
        { "row[2]", 0, 9, 10, 255 },
        { "part[1].step", 1, 300, 0, 301 },
    };
    struct err e;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(load_with(rows[i].path, rows[i].least, &e), 0);
        assert_int_equal(load_with(rows[i].path, rows[i].most, &e), 0);
        if (!i) /* every byte is one of `any`'s */
            continue;
        assert_int_equal(load_with(rows[i].path, (u64)rows[i].below, &e), -ERR_FORMAT);
        assert_int_equal(load_with(rows[i].path, (u64)rows[i].above, &e), -ERR_FORMAT);
    }
}

static void a_refusal_says_what_and_why(void **state)
{
    struct err e;

    (void)state;
    assert_int_equal(load_with("row[2]", 10, &e), -ERR_FORMAT);
    assert_string_equal(e.text, "row[2] is 10 in the image, which is not in 0..9");
    assert_int_equal(load_with("slope", (u64)-6, &e), -ERR_FORMAT);
    assert_string_equal(e.text, "slope is -6 in the image, which is not in -5..5");
    assert_int_equal(load_with("part[0].step", 0, &e), -ERR_FORMAT);
    assert_string_equal(e.text, "part: step is 0 in the image, which is not in 1..300");
}

static int parse(const char *path, const char *text, struct err *e)
{
    struct thing t = thing();
    struct field_ref ref;
    u64 v;

    assert_true(field_find(thing_fields(), &t, path, &ref));
    return field_parse(&ref, text, &v, e);
}

static void a_person_is_held_to_ranges(void **state)
{
    struct err e;

    (void)state;
    assert_int_equal(parse("part[0].step", "300", &e), 0);
    assert_int_equal(parse("part[0].step", "301", &e), -ERR_USAGE);
    assert_string_equal(e.text, "'301' is not in 1..300");
    assert_int_equal(parse("slope", "-5", &e), 0);
    assert_int_equal(parse("slope", "-6", &e), -ERR_USAGE);
    assert_int_equal(parse("any", "256", &e), -ERR_USAGE);
    assert_string_equal(e.text, "'256' does not fit in 8 bits");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_held_to_ranges),
        cmocka_unit_test(a_refusal_says_what_and_why),
        cmocka_unit_test(a_person_is_held_to_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
