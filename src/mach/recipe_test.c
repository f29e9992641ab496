#include "mach/recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const u8 image[] = { 1, 0, 2 };
static const struct setting settings[] = { { "ppu.region", "pal" }, { "ram", "" } };
static const char *const argv[] = { "one", "" };
static const struct config full = { .name = "name",
                                    .image = image,
                                    .image_bytes = sizeof image,
                                    .board = "cart",
                                    .settings = settings,
                                    .setting_count = 2,
                                    .argc = 2,
                                    .argv = argv };

static void same(const struct config *c)
{
    assert_string_equal(c->name, "name");
    assert_int_equal(c->image_bytes, 3);
    assert_memory_equal(c->image, image, 3);
    assert_string_equal(c->board, "cart");
    assert_int_equal(c->setting_count, 2);
    assert_string_equal(c->settings[0].path, "ppu.region");
    assert_string_equal(c->settings[0].value, "pal");
    assert_string_equal(c->settings[1].value, "");
    assert_int_equal(c->argc, 2);
    assert_string_equal(c->argv[0], "one");
    assert_string_equal(c->argv[1], "");
}

static void copied_saved_loaded(void **state)
{
    struct recipe r = { 0 }, again = { 0 };
    struct err e;
    size_t len;
    u8 *bytes;

    (void)state;
    assert_true(recipe_init(&r, "nes", &full));
    same(&r.config);
    len = recipe_save(&r, NULL);
    bytes = malloc(len);
    assert_int_equal(recipe_save(&r, bytes), len);
    assert_int_equal(recipe_load(&again, bytes, len, &e), 0);
    assert_string_equal(again.kind, "nes");
    same(&again.config);
    recipe_fini(&r);
    recipe_fini(&again);
    free(bytes);
}

static void nothing_optional(void **state)
{
    struct recipe r = { 0 };

    (void)state;
    assert_true(recipe_init(&r, "nes", &(struct config) { .name = "n" }));
    assert_null(r.config.board);
    assert_int_equal(r.config.image_bytes, 0);
    recipe_fini(&r);
}

/* Cut at every length and changed at every byte: refused, or another recipe; never harm. */
static void damaged(void **state)
{
    struct recipe r = { 0 }, bad = { 0 };
    struct err e;
    size_t len;
    u8 *bytes;

    (void)state;
    assert_true(recipe_init(&r, "nes", &full));
    len = recipe_save(&r, NULL);
    for (size_t cut = 0; cut < len; cut++) {
        bytes = malloc(cut + 1); /* so that the sanitizer sees the end */
        u8 *whole = malloc(len);
        recipe_save(&r, whole);
        memcpy(bytes, whole, cut);
        free(whole);
        assert_int_equal(recipe_load(&bad, bytes, cut, &e), -ERR_FORMAT);
        free(bytes);
    }
    bytes = malloc(len);
    for (size_t at = 0; at < len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            recipe_save(&r, bytes);
            bytes[at] ^= (u8)(1 << bit);
            if (!recipe_load(&bad, bytes, len, &e))
                recipe_fini(&bad);
        }
    free(bytes);
    recipe_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copied_saved_loaded),
        cmocka_unit_test(nothing_optional),
        cmocka_unit_test(damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
