#include "host/av/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int red(u32 c)
{
    return (int)(c >> 16 & 255);
}
static int green(u32 c)
{
    return (int)(c >> 8 & 255);
}
static int blue(u32 c)
{
    return (int)(c & 255);
}

static int compare(const void *a, const void *b)
{
    u32 x = *(const u32 *)a, y = *(const u32 *)b;

    return x < y ? -1 : x > y;
}

/* What anybody knows of the colours: greys are grey, $x6 is red, $xA green, $x2 blue; and only the
 * blacks, and the two whites, are alike. */
static void colours(void **state)
{
    struct palette p;
    u32 sorted[64];
    unsigned distinct = 1;

    (void)state;
    palette_init(&p);
    for (unsigned i = 0; i < 64; i++) {
        u32 c = p.rgb[i];

        sorted[i] = c;
        if ((i & 15) == 0 || (i & 15) >= 13) {
            assert_int_equal(red(c), green(c));
            assert_int_equal(green(c), blue(c));
        }
        if ((i & 15) >= 14)
            assert_int_equal(c, 0);
    }
    assert_int_equal(p.rgb[0x0d], 0);
    assert_int_equal(p.rgb[0x1d], 0);
    assert_int_equal(p.rgb[0x20], 0xffffff);
    assert_int_equal(p.rgb[0x30], 0xffffff);
    assert_true(red(p.rgb[0x16]) > 2 * green(p.rgb[0x16]));
    assert_true(red(p.rgb[0x16]) > 2 * blue(p.rgb[0x16]));
    assert_true(green(p.rgb[0x1a]) > 2 * red(p.rgb[0x1a]));
    assert_true(green(p.rgb[0x1a]) > 2 * blue(p.rgb[0x1a]));
    assert_true(blue(p.rgb[0x12]) > 2 * red(p.rgb[0x12]));
    qsort(sorted, 64, sizeof sorted[0], compare);
    for (unsigned i = 1; i < 64; i++)
        distinct += sorted[i] != sorted[i - 1];
    assert_int_equal(distinct, 64 - 9 - 1); /* ten blacks are one, two whites are one */
}

static void emphasis(void **state)
{
    struct palette p;

    (void)state;
    palette_init(&p);
    for (unsigned bits = 1; bits < 8; bits++) {
        u32 c = p.rgb[bits << 6 | 0x10];

        /* every channel not emphasised is darker than plain, and than the emphasised ones */
        for (unsigned bit = 0; bit < 3; bit++) {
            int channel = (int)(c >> (16 - 8 * bit) & 255);

            if (!(bits >> bit & 1))
                assert_true(channel < red(p.rgb[0x10]));
            for (unsigned other = 0; other < 3; other++)
                if ((bits >> bit & 1) && !(bits >> other & 1))
                    assert_true(channel > (int)(c >> (16 - 8 * other) & 255));
        }
        assert_int_equal(p.rgb[bits << 6 | 0x0f], 0);
    }
}

static void files(void **state)
{
    u8 bytes[1536];
    struct palette p, ours;
    struct err e;

    (void)state;
    palette_init(&ours);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (u8)(i * 7);
    assert_int_equal(palette_parse(&p, bytes, 1536, "x", &e), 0);
    for (unsigned i = 0; i < 512; i++)
        assert_int_equal(p.rgb[i], bytes[3 * i] << 16 | bytes[3 * i + 1] << 8 | bytes[3 * i + 2]);
    assert_int_equal(palette_parse(&p, bytes, 192, "x", &e), 0);
    assert_int_equal(p.rgb[63], bytes[189] << 16 | bytes[190] << 8 | bytes[191]);
    assert_true(red(p.rgb[7 << 6 | 1]) < red(p.rgb[1]) || red(p.rgb[1]) == 0);
    for (unsigned len = 0; len < 1536; len++)
        if (len != 192)
            assert_int_equal(palette_parse(&p, bytes, len, "x.pal", &e), -ERR_FORMAT);
    assert_string_equal(e.text, "x.pal: a palette has 192 or 1536 bytes, not 1535");
    assert_int_equal(palette_load(&p, "/dev/null", &e), -ERR_FORMAT);
}

static void convert(void **state)
{
    const u16 nes[2][4] = { { 0x30, 0x0f, 9, 9 }, { 0x1ff, 0xfe30, 9, 9 } };
    const u32 xrgb[2] = { 0xff123456, 0x00abcdef };
    struct video_frame f = { VIDEO_NES, 2, 2, sizeof nes[0], nes, 1, 8, 7 };
    struct palette p;
    u32 out[4];

    (void)state;
    palette_init(&p);
    picture_convert(&f, &p, out);
    assert_int_equal(out[0], 0xffffff);
    assert_int_equal(out[1], 0);
    assert_int_equal(out[2], p.rgb[0x1ff]);
    assert_int_equal(out[3], p.rgb[0x030]);
    f = (struct video_frame) { VIDEO_XRGB8888, 1, 2, 4, xrgb, 1, 1, 1 };
    picture_convert(&f, &p, out);
    assert_int_equal(out[0], 0x123456);
    assert_int_equal(out[1], 0xabcdef);
}

static void assert_rect(struct rect r, int x, int y, int w, int h)
{
    assert_int_equal(r.x, x);
    assert_int_equal(r.y, y);
    assert_int_equal(r.w, w);
    assert_int_equal(r.h, h);
}

static void places(void **state)
{
    struct crop c;

    (void)state;
    /* 256 * 8/7 = 292.57 columns to 240 rows */
    assert_rect(picture_fit(FIT_ASPECT, 256, 240, 8, 7, 1920, 1080), 301, 0, 1317, 1080);
    assert_rect(picture_fit(FIT_INTEGER, 256, 240, 8, 7, 1920, 1080), 375, 60, 1170, 960);
    assert_rect(picture_fit(FIT_PIXEL, 256, 240, 8, 7, 1920, 1080), 448, 60, 1024, 960);
    assert_rect(picture_fit(FIT_STRETCH, 256, 240, 8, 7, 1920, 1080), 0, 0, 1920, 1080);
    assert_rect(picture_fit(FIT_ASPECT, 256, 240, 8, 7, 293, 1000), 0, 380, 293, 240);
    assert_rect(picture_fit(FIT_INTEGER, 256, 240, 8, 7, 300, 1000), 3, 380, 293, 240);
    assert_rect(picture_fit(FIT_INTEGER, 256, 240, 1, 1, 100, 100), 0, 3, 100, 94);
    assert_rect(picture_fit(FIT_PIXEL, 256, 240, 8, 7, 100, 100), 0, 3, 100, 94);
    c = crop_fit(&(struct crop) { 8, 8, 8, 8 }, 256, 240);
    assert_int_equal(c.left + c.right + c.top + c.bottom, 32);
    c = crop_fit(&(struct crop) { 500, 500, 100, 500 }, 256, 240);
    assert_int_equal(c.left, 255);
    assert_int_equal(c.right, 0);
    assert_int_equal(c.top, 100);
    assert_int_equal(c.bottom, 139);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours), cmocka_unit_test(emphasis), cmocka_unit_test(files),
        cmocka_unit_test(convert), cmocka_unit_test(places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
