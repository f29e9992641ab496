/* Packets of gdb's protocol, a byte at a time and all at once. */
#include "svc/debug/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct packet_reader reader;

static void come(const void *bytes, size_t len)
{
    size_t room;
    u8 *to = packet_room(&reader, &room);

    assert_true(len <= room);
    memcpy(to, bytes, len);
    packet_came(&reader, len);
}

static void come_text(const char *text)
{
    come(text, strlen(text));
}

static void begin(void)
{
    memset(&reader, 0, sizeof reader);
}

static void expect_data(const void *data, size_t len)
{
    assert_int_equal(packet_next(&reader), PACKET_DATA);
    assert_int_equal(reader.len, len);
    assert_memory_equal(reader.data, data, len);
    assert_int_equal(reader.data[len], 0);
}

/* The bytes as somebody sends them who shortens nothing. */
static size_t frame(char *out, const void *data, size_t len)
{
    const u8 *in = data;
    size_t n = 0;
    u8 sum = 0;

    out[n++] = '$';
    for (size_t i = 0; i < len; i++) {
        if (memchr("$#}", in[i], 3)) {
            out[n++] = '}';
            out[n++] = (char)(in[i] ^ 0x20);
        } else {
            out[n++] = (char)in[i];
        }
    }
    for (size_t i = 1; i < n; i++)
        sum = (u8)(sum + (u8)out[i]);
    return n + (size_t)sprintf(out + n, "#%02x", sum);
}

static void test_in(void **state)
{
    u8 all[256];
    char bytes[1024];
    size_t len;

    (void)state;
    begin();
    come_text("+$m0,4#fd"); /* the manual's way of summing: 6d + 30 + 2c + 34 */
    expect_data("m0,4", 4);
    assert_int_equal(packet_next(&reader), PACKET_NONE);
    come_text("$m0,4#fe$m0,4#FD-\3$#00");
    assert_int_equal(packet_next(&reader), PACKET_DAMAGED);
    expect_data("m0,4", 4);
    assert_int_equal(packet_next(&reader), PACKET_AGAIN);
    assert_int_equal(packet_next(&reader), PACKET_INTERRUPT);
    expect_data("", 0);
    come_text("noise $g$broken$g#6");
    assert_int_equal(packet_next(&reader), PACKET_NONE);
    come_text("7");
    expect_data("g", 1); /* the others broke off */
    come_text("$g#xy$g#6z");
    assert_int_equal(packet_next(&reader), PACKET_DAMAGED);
    assert_int_equal(packet_next(&reader), PACKET_DAMAGED);
    for (unsigned i = 0; i < 256; i++)
        all[i] = (u8)i;
    len = frame(bytes, all, sizeof all);
    come(bytes, len);
    expect_data(all, sizeof all);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(packet_next(&reader), PACKET_NONE);
        come(bytes + i, 1);
    }
    expect_data(all, sizeof all);
}

/* Of any length: as soon as it is over, the next one is read. */
static void test_long(void **state)
{
    static char data[PACKET_BYTES + 1], bytes[2 * PACKET_BYTES];
    size_t len;

    (void)state;
    begin();
    memset(data, 'a', sizeof data);
    len = frame(bytes, data, PACKET_BYTES);
    come(bytes, len);
    expect_data(data, PACKET_BYTES);
    len = frame(bytes, data, PACKET_BYTES + 1);
    come(bytes, len);
    assert_int_equal(packet_next(&reader), PACKET_TOO_LONG);
    for (size_t ends = 0; ends < 4; ends++) {
        unsigned rounds = 0;
        size_t room;

        come_text("$");
        do {
            packet_room(&reader, &room);
            assert_true(room);
            memset(packet_room(&reader, &room), 'b', room);
            packet_came(&reader, room);
            assert_int_equal(packet_next(&reader), PACKET_NONE);
        } while (++rounds < 5);
        packet_room(&reader, &room);
        memset(packet_room(&reader, &room), 'b', room);
        if (ends < 3)
            packet_room(&reader, &room)[room - 1 - ends] = '#';
        packet_came(&reader, room);
        assert_int_equal(packet_next(&reader), ends == 2 ? PACKET_TOO_LONG : PACKET_NONE);
        if (ends != 2) {
            come_text(ends == 0 ? "bb" : ends == 1 ? "b" : "#00");
            assert_int_equal(packet_next(&reader), PACKET_TOO_LONG);
        }
        come_text("$g#67");
        expect_data("g", 1);
        assert_int_equal(packet_next(&reader), PACKET_NONE);
    }
}

static void test_interrupt(void **state)
{
    (void)state;
    begin();
    come_text("$X0,1:\3#22+");
    assert_false(packet_interrupted(&reader)); /* it is data */
    come_text("\3$g#67\3");
    assert_true(packet_interrupted(&reader));
    assert_true(packet_interrupted(&reader));
    assert_false(packet_interrupted(&reader));
    expect_data("X0,1:\3", 6);
    expect_data("g", 1);
    come_text("$half\3");
    assert_false(packet_interrupted(&reader));
}

/* What the other side makes of it: gdb's manual, "Overview". */
static size_t expand(const struct packet_writer *w, u8 *out)
{
    size_t n = 0, sum_at = w->len - 3;
    u8 sum = 0;
    char text[3];

    assert_int_equal(w->bytes[0], '$');
    assert_int_equal(w->bytes[sum_at], '#');
    for (size_t i = 1; i < sum_at; i++)
        sum = (u8)(sum + w->bytes[i]);
    snprintf(text, sizeof text, "%02x", sum);
    assert_memory_equal(w->bytes + sum_at + 1, text, 2);
    for (size_t i = 1; i < sum_at; i++) {
        u8 c = w->bytes[i];

        assert_true(c != '$' && c != '#');
        if (c == '}') {
            out[n++] = w->bytes[++i] ^ 0x20;
        } else if (c == '*') {
            u8 count = w->bytes[++i];

            assert_true(count >= ' ' && count < 127 && n);
            for (unsigned k = 0; k < count - 29u; k++, n++)
                out[n] = out[n - 1];
        } else {
            out[n++] = c;
        }
    }
    return n;
}

static void test_out(void **state)
{
    static u8 data[3000], back[3000];
    struct packet_writer w = { 0 };

    (void)state;
    packet_write(&w, "OK", 2);
    assert_int_equal(w.len, 6);
    assert_memory_equal(w.bytes, "$OK#9a", 6);
    packet_write(&w, "", 0);
    assert_memory_equal(w.bytes, "$#00", 4);
    packet_write(&w, "0000", 4);
    assert_memory_equal(w.bytes, "$0* #7a", 7); /* the manual's own example */
    for (unsigned c = 0; c < 256; c++)
        for (unsigned n = 1; n < 300; n++) { /* every length of a run, of every byte */
            memset(data, (int)c, n);
            data[n] = 'x';
            packet_write(&w, data, n + 1);
            assert_int_equal(expand(&w, back), n + 1);
            assert_memory_equal(back, data, n + 1);
            if (n > 20 && !strchr("$#}*", (int)c))
                assert_true(w.len < n);
        }
    packet_fini(&w);
}

static void test_hex(void **state)
{
    u8 bytes[4];
    char text[8];

    (void)state;
    packet_to_hex(text, "\x01\xaf\x00\xff", 4);
    assert_memory_equal(text, "01af00ff", 8);
    assert_int_equal(packet_from_hex(bytes, "01aF00fF", 8), 4);
    assert_memory_equal(bytes, "\x01\xaf\x00\xff", 4);
    assert_int_equal(packet_from_hex(bytes, "01x0", 4), 1);
    assert_int_equal(packet_from_hex(bytes, "012", 3), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in),  cmocka_unit_test(test_long), cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_out), cmocka_unit_test(test_hex),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
