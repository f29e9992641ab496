/* The devices of the board `micro`, each driven as its guest would. */
#include "kinds/kvm/i8259.h"
#include "kinds/kvm/interval_timer.h"
#include "kinds/kvm/keyboard.h"
#include "kinds/kvm/line_console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000ull

struct host {
    struct char_port port;
    char out[4 * LINE_BYTES];
    unsigned sends;
    const char *in; /* NULL: the end */
};

static size_t host_send(struct char_port *p, const void *bytes, size_t len)
{
    struct host *h = container_of(p, struct host, port);

    strncat(h->out, bytes, len);
    h->sends++;
    return len;
}

static long host_recv(struct char_port *p, void *bytes, size_t room, bool wait)
{
    struct host *h = container_of(p, struct host, port);

    (void)wait;
    assert_int_equal(room, 1);
    if (!h->in)
        return -1;
    if (!*h->in)
        return 0;
    *(char *)bytes = *h->in++;
    return 1;
}

static const struct char_ops host_ops = { .send = host_send, .recv = host_recv };

/* ---- console ---- */

static void say(struct line_console *c, const char *text)
{
    while (*text)
        line_console_write(c, (u8)*text++);
}

static void a_line_goes_out_whole(void **state)
{
    struct host h = { .port.ops = &host_ops };
    struct line_console c = { .out = &h.port };

    (void)state;
    say(&c, "hel\r\x07lo\x80");
    assert_string_equal(h.out, "");
    assert_int_equal(c.used, 5);
    say(&c, "\nwor");
    assert_string_equal(h.out, "hello\n");
    assert_int_equal(h.sends, 1);
    say(&c, "ld\n\n");
    assert_string_equal(h.out, "hello\nworld\n\n");
    assert_int_equal(c.used, 0);
}

static void a_long_line_loses_nothing(void **state)
{
    struct host h = { .port.ops = &host_ops };
    struct line_console c = { .out = &h.port }, nowhere = { .out = NULL };

    (void)state;
    for (unsigned i = 0; i < 2 * LINE_BYTES + 7; i++) {
        line_console_write(&c, (u8)('a' + i % 26));
        line_console_write(&nowhere, 'x');
    }
    line_console_write(&c, '\n');
    assert_int_equal(strlen(h.out), 2 * LINE_BYTES + 8);
    for (unsigned i = 0; i < 2 * LINE_BYTES + 7; i++)
        assert_int_equal(h.out[i], 'a' + i % 26);
    assert_true(nowhere.used <= LINE_BYTES);
}

/* ---- keyboard ---- */

static void a_key_waits_until_it_is_taken(void **state)
{
    struct i8259 pic = { 0 };
    struct host h = { .port.ops = &host_ops, .in = "" };
    struct keyboard k = { .in = &h.port, .irq = { i8259_line, &pic, 1 } };

    (void)state;
    assert_int_equal(keyboard_status(&k), 0);
    h.in = "ab";
    assert_int_equal(keyboard_status(&k), 1);
    assert_int_equal(pic.lines, 2);
    assert_int_equal(keyboard_key(&k), 'a');
    assert_int_equal(keyboard_key(&k), 'a');
    keyboard_write_status(&k, 1); /* only the device says so */
    assert_int_equal(keyboard_status(&k), 1);
    keyboard_write_status(&k, 0);
    assert_int_equal(pic.lines, 0);
    assert_string_equal(h.in, "b"); /* not before anyone looks */
    assert_int_equal(keyboard_status(&k), 1);
    assert_int_equal(keyboard_key(&k), 'b');
    keyboard_write_status(&k, 0xfe);
    assert_int_equal(keyboard_status(&k), 0);
}

static void the_end_of_input_is_a_key_once(void **state)
{
    struct host h = { .port.ops = &host_ops, .in = NULL };
    struct keyboard k = { .in = &h.port }, nobody = { .in = NULL };

    (void)state;
    assert_true(keyboard_lives(&k));
    assert_int_equal(keyboard_status(&k), 1);
    assert_int_equal(keyboard_key(&k), KEY_END);
    assert_false(keyboard_lives(&k));
    keyboard_write_status(&k, 0);
    assert_int_equal(keyboard_status(&k), 0);
    assert_int_equal(keyboard_status(&nobody), 0);
    assert_false(keyboard_lives(&nobody));
}

/* ---- timer ---- */

static void it_fires_each_period_until_cleared(void **state)
{
    struct interval_timer t = { 0 };

    (void)state;
    interval_timer_set_period(&t, 10, 0);
    assert_int_equal(interval_timer_read(&t, 100 * MS), 0); /* off */
    interval_timer_write(&t, TIMER_ENABLE, 100 * MS);
    assert_int_equal(interval_timer_due(&t), 110 * MS);
    assert_int_equal(interval_timer_read(&t, 110 * MS - 1), TIMER_ENABLE);
    assert_int_equal(interval_timer_read(&t, 110 * MS), TIMER_ENABLE | TIMER_FIRED);
    assert_int_equal(interval_timer_due(&t), UINT64_MAX); /* the line is up */
    interval_timer_write(&t, TIMER_ENABLE | TIMER_FIRED, 111 * MS);
    assert_true(t.fired); /* writing 1 clears nothing */
    interval_timer_write(&t, TIMER_ENABLE, 112 * MS);
    assert_int_equal(interval_timer_read(&t, 119 * MS), TIMER_ENABLE);
    assert_int_equal(interval_timer_read(&t, 120 * MS), TIMER_ENABLE | TIMER_FIRED);
}

static void events_that_come_while_it_is_set_are_lost(void **state)
{
    struct interval_timer t = { 0 };

    (void)state;
    interval_timer_set_period(&t, 10, 0);
    interval_timer_write(&t, TIMER_ENABLE, 0);
    interval_timer_write(&t, TIMER_ENABLE, 35 * MS); /* of 10, 20 and 30 one is left, and cleared */
    assert_int_equal(interval_timer_read(&t, 39 * MS), TIMER_ENABLE);
    assert_int_equal(interval_timer_due(&t), 40 * MS); /* the beat is kept */
    interval_timer_write(&t, 0, 36 * MS);
    assert_int_equal(interval_timer_read(&t, 900 * MS), 0);
    interval_timer_write(&t, TIMER_ENABLE, 900 * MS);
    assert_int_equal(interval_timer_due(&t), 910 * MS);
    interval_timer_set_period(&t, 0, 905 * MS);
    assert_int_equal(interval_timer_due(&t), UINT64_MAX);
    assert_int_equal(interval_timer_read(&t, 999 * MS), TIMER_ENABLE);
}

static void strange_times_do_no_harm(void **state)
{
    struct interval_timer t = { .enabled = true, .period_ms = UINT32_MAX, .next_ns = 0 };

    (void)state;
    interval_timer_look(&t, UINT64_MAX);
    assert_true(t.fired);
    t = (struct interval_timer) { .enabled = true, .period_ms = 1, .next_ns = UINT64_MAX };
    interval_timer_look(&t, 0);
    assert_false(t.fired);
    interval_timer_set_period(&t, UINT32_MAX, UINT64_MAX);
    interval_timer_look(&t, UINT64_MAX);
}

/* ---- interrupt controller ---- */

static void initialise(struct i8259 *p, u8 icw4)
{
    i8259_write(p, 0, 0x13); /* single, ICW4 follows */
    i8259_write(p, 1, 0x27); /* the low bits do not count */
    i8259_write(p, 1, icw4);
}

static void it_is_silent_until_initialised(void **state)
{
    struct i8259 p = { 0 };

    (void)state;
    i8259_line(&p, 0, 1);
    assert_int_equal(i8259_pending(&p), -1);
    assert_false(i8259_hears(&p, 0));
    initialise(&p, 1);
    assert_int_equal(i8259_pending(&p), -1); /* the edge was before */
    i8259_line(&p, 0, 0);
    i8259_line(&p, 0, 1);
    assert_int_equal(i8259_pending(&p), 0);
    assert_int_equal(i8259_acknowledge(&p), 0x20);
    assert_int_equal(i8259_pending(&p), -1);
}

static void lower_lines_come_first_and_interrupt_higher_ones(void **state)
{
    struct i8259 p = { 0 };

    (void)state;
    initialise(&p, 1);
    i8259_line(&p, 5, 1);
    i8259_line(&p, 3, 1);
    assert_int_equal(i8259_acknowledge(&p), 0x23);
    assert_int_equal(i8259_pending(&p), -1); /* 5 waits for the end of 3 */
    assert_false(i8259_hears(&p, 5));
    i8259_line(&p, 1, 1);
    assert_int_equal(i8259_acknowledge(&p), 0x21);
    i8259_write(&p, 0, 0x0b);
    assert_int_equal(i8259_read(&p, 0), 1 << 1 | 1 << 3);
    i8259_write(&p, 0, 0x0a);
    assert_int_equal(i8259_read(&p, 0), 1 << 5);
    i8259_write(&p, 0, 0x20); /* ends 1 */
    assert_int_equal(i8259_pending(&p), -1);
    i8259_write(&p, 0, 0x63); /* ends 3 by its number */
    assert_int_equal(i8259_pending(&p), 5);
}

static void masks_and_levels(void **state)
{
    struct i8259 p = { 0 };

    (void)state;
    initialise(&p, 3); /* ends by itself */
    i8259_write(&p, 1, 0xfe);
    assert_int_equal(i8259_read(&p, 1), 0xfe);
    i8259_line(&p, 1, 1);
    assert_int_equal(i8259_pending(&p), -1);
    i8259_write(&p, 1, 0);
    assert_int_equal(i8259_pending(&p), 1);
    i8259_line(&p, 1, 0); /* it goes away */
    assert_int_equal(i8259_pending(&p), -1);
    i8259_line(&p, 1, 1);
    i8259_line(&p, 1, 1);
    assert_int_equal(i8259_acknowledge(&p), 0x21);
    assert_int_equal(p.service, 0);
    i8259_line(&p, 1, 1); /* no edge */
    assert_int_equal(i8259_pending(&p), -1);
}

static void cascaded_words_are_swallowed(void **state)
{
    struct i8259 p = { 0 };

    (void)state;
    i8259_write(&p, 0, 0x11);
    i8259_write(&p, 1, 0x40);
    i8259_write(&p, 1, 0x04); /* where the slave would be */
    i8259_write(&p, 1, 0x01);
    i8259_write(&p, 1, 0xfd);
    i8259_line(&p, 1, 1);
    assert_int_equal(i8259_acknowledge(&p), 0x41);
    i8259_write(&p, 0, 0x12); /* single, without ICW4 */
    i8259_write(&p, 1, 0x48);
    i8259_line(&p, 0, 1);
    assert_int_equal(i8259_acknowledge(&p), 0x48);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_goes_out_whole),
        cmocka_unit_test(a_long_line_loses_nothing),
        cmocka_unit_test(a_key_waits_until_it_is_taken),
        cmocka_unit_test(the_end_of_input_is_a_key_once),
        cmocka_unit_test(it_fires_each_period_until_cleared),
        cmocka_unit_test(events_that_come_while_it_is_set_are_lost),
        cmocka_unit_test(strange_times_do_no_harm),
        cmocka_unit_test(it_is_silent_until_initialised),
        cmocka_unit_test(lower_lines_come_first_and_interrupt_higher_ones),
        cmocka_unit_test(masks_and_levels),
        cmocka_unit_test(cascaded_words_are_swallowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
