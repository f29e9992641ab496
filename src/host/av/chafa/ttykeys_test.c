#include "host/av/chafa/ttykeys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char said[512];

static void change(void *context, unsigned key, bool down)
{
    (void)context;
    assert_true(key > 0 && key < KEY_COUNT);
    snprintf(said + strlen(said), sizeof said - strlen(said), "%c%s ", down ? '+' : '-',
             key_name(key));
}

static void interrupt(void *context)
{
    (void)context;
    strcat(said, "interrupt ");
}

static struct ttykeys t;

static int setup(void **state)
{
    (void)state;
    t = (struct ttykeys) { .change = change, .interrupt = interrupt };
    said[0] = 0;
    return 0;
}

static void feed(const char *bytes, unsigned ms)
{
    ttykeys_feed(&t, bytes, (unsigned)strlen(bytes), ms * 1000000ULL);
}

static void tick(unsigned ms)
{
    ttykeys_tick(&t, ms * 1000000ULL);
}

static void expect(const char *what)
{
    assert_string_equal(said, what);
    said[0] = 0;
}

static void taps_and_repeats(void **state)
{
    (void)state;
    feed("x", 1000);
    expect("+X ");
    tick(1149);
    expect("");
    tick(1150);
    expect("-X ");
    feed("x", 1500);
    for (unsigned ms = 1533; ms < 3000; ms += 33) {
        feed("x", ms);
        tick(ms + 16);
    }
    expect("+X ");
    tick(3200);
    expect("-X ");
}

static void arrows(void **state)
{
    (void)state;
    feed("\33[C", 1000);
    feed("\33[C", 1100);
    feed("\33[C", 1133);
    expect("+Right ");
    feed("x", 1150); /* the arrow, not repeated any more, stays with it */
    tick(1290);
    expect("+X ");
    feed("x", 1295);
    tick(1400);
    expect("");
    tick(1500);
    expect("-X -Right ");
    feed("\33[C\33[D", 2000);
    expect("+Right -Right +Left ");
}

static void sequences(void **state)
{
    static const struct {
        const char *bytes, *said;
    } list[] = {
        { "\33[A", "+Up " },
        { "\33OB", "+Down " },
        { "\33OP", "+F1 " },
        { "\33[15~", "+F5 " },
        { "\33[24~", "+F12 " },
        { "\33[1;2D", "+Left " },
        { "\33[Z", "+Tab " },
        { "\r", "+Return " },
        { "\177", "+Backspace " },
        { "A", "+A " },
        { "+", "+Equals " },
        { "\33\33[C", "+Escape +Right " },
        { "\33z", "+Z " },
        { "\33[?62;4c", "" },
        { "\33[99999999999u", "" },
        { "\33[1:2:3:4;5;6;7;8u", "" },
        { "\3", "interrupt " },
        { "\303\251", "" },
        { "\33[57447u", "+RightShift " },
        { "\33[57401u", "+Keypad2 " },
    };

    for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
        setup(state);
        feed(list[i].bytes, 1000);
        expect(list[i].said);
        setup(state); /* and in single bytes */
        for (const char *s = list[i].bytes; *s; s++)
            ttykeys_feed(&t, s, 1, 1000000000);
        expect(list[i].said);
        assert_int_equal(t.used, 0);
    }
}

static void escape_alone(void **state)
{
    (void)state;
    feed("\33", 1000);
    tick(1010);
    expect("");
    tick(1060);
    expect("+Escape ");
    feed("\33[1", 2000); /* comes to nothing */
    tick(2060);
    expect("-Escape ");
    feed("x", 2070);
    expect("+X ");
}

static void releases(void **state)
{
    (void)state;
    t.releases = true;
    feed("\33[120;1:1u", 1000);
    feed("\33[C", 1000);
    tick(9000);
    expect("+X +Right ");
    feed("\33[120;1:2u\33[57441;2:1u", 9000);
    expect("+LeftShift ");
    feed("\33[120;1:3u\33[1;1:3C", 9100);
    expect("-X -Right ");
    feed("\33[99;5u\33[99;5:3u", 9200);
    expect("interrupt ");
}

/* Whatever comes, it is taken. */
static void noise(void **state)
{
    u32 r = 1;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        u8 byte;

        r = r * 1664525 + 1013904223;
        byte = r >> 31 ? "\33[O1;:~uA"[(r >> 20) % 9] : (u8)(r >> 16);
        ttykeys_feed(&t, &byte, 1, i * 1000000ULL);
        ttykeys_tick(&t, i * 1000000ULL);
        said[0] = 0;
    }
    ttykeys_tick(&t, ~0ULL - 1);
    for (unsigned k = 0; k < KEY_COUNT; k++)
        assert_true(t.until[k] == 0 || t.until[k] == ~0ULL);
}

/* Control-A and then x, in both kinds of terminal; not with another key between them. */
static void leaving(void **state)
{
    static const struct {
        const char *typed;
        bool leaves;
    } cases[] = {
        { "\1x", true },
        { "\1\1x", true },
        { "x", false },
        { "\1yx", false },
        { "\1\33[Ax", false },
        { "\33[57442;5u\33[97;5u\33[97;5:3u\33[57442;1:3u\33[120u", true },
        { "\33[97;5u\33[121u\33[120u", false },
        { "\33[97u\33[120u", false },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        setup(NULL);
        said[0] = 0;
        ttykeys_feed(&t, cases[i].typed, (unsigned)strlen(cases[i].typed), 1000);
        assert_int_equal(strstr(said, "interrupt") != NULL, cases[i].leaves);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(taps_and_repeats, setup),
        cmocka_unit_test_setup(arrows, setup),
        cmocka_unit_test_setup(sequences, setup),
        cmocka_unit_test_setup(escape_alone, setup),
        cmocka_unit_test_setup(releases, setup),
        cmocka_unit_test_setup(noise, setup),
        cmocka_unit_test_setup(leaving, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
