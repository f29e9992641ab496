#include "host/av/press.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static u32 held(struct press *p, unsigned pad)
{
    return p->port.ops->buttons(&p->port, pad);
}

static void plays(void **state)
{
    u64 frames = 0;
    struct press p, front;
    struct err e;

    (void)state;
    press_init(&p, &frames);
    assert_int_equal(press_add(&p, "120:Start:6", &e), 0);
    assert_int_equal(press_add(&p, "122:a+RIGHT", &e), 0);
    assert_int_equal(press_add(&p, "0:2.B+1.Select:3", &e), 0);
    press_init(&front, &frames);
    front.next = &p.port;
    assert_int_equal(press_add(&front, "125:Up", &e), 0);
    for (frames = 0; frames < 130; frames++) {
        u32 one = 0;

        if (frames >= 120 && frames < 126)
            one |= 1 << 3;
        if (frames == 122)
            one |= 1 << 0 | 1 << 7;
        if (frames < 3)
            one |= 1 << 2;
        assert_int_equal(held(&p, 0), one);
        assert_int_equal(held(&p, 1), frames < 3 ? 1 << 1 : 0);
        assert_int_equal(held(&p, 2), 0);
        assert_int_equal(held(&front, 0), frames == 125 ? one | 1 << 4 : one);
    }
    press_fini(&p);
    press_fini(&front);
}

static void refuses(void **state)
{
    static const char *const bad[] = {
        "",
        "A",
        ":A",
        "1",
        "1:",
        "1:+",
        "1:A+",
        "1:A:",
        "1:A:0",
        "1:A:x",
        "1:A:1:1",
        "x:A",
        "-1:A",
        " 1:A",
        "1:C",
        "1:3.A",
        "1:2.",
        "1:A B",
        "99999999999999999999:A",
        "1:A:99999999999",
    };
    u64 frames = 0;
    struct press p;
    struct err e;

    (void)state;
    press_init(&p, &frames);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        memset(&e, 0, sizeof e);
        assert_int_equal(press_add(&p, bad[i], &e), -ERR_USAGE);
        assert_true(e.text[0]);
    }
    assert_int_equal(p.count, 0);
    assert_int_equal(press_add(&p, "1:Fire", &e), -ERR_USAGE);
    assert_non_null(strstr(e.text, "no button 'Fire'"));
    press_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays),
        cmocka_unit_test(refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
