/* What comes to a machine's gdb socket from somebody who may be no gdb, of a small 6502v program.
 * The first byte chooses: 'r' bytes as they are, in pieces; else lines, each the data of a packet.
 * Whatever comes, what goes out are whole packets, and the machine is there for the next one. */
#include "fuzz/small_machine.h"
#include "svc/debug/gdb.h"
#include "svc/debug/packet.h"
#include "svc/replay/recorder.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BUDGET_TICKS = 4000, OUT_MAX = 1 << 22 };

struct client {
    struct gdb *gdb;
    size_t sent;
};

static bool is_digit(u8 c)
{
    return c && strchr("0123456789abcdef", c);
}

static bool take(void *ctx, const void *bytes, size_t len)
{
    struct client *c = ctx;
    const u8 *out = bytes;
    u8 sum = 0;

    c->sent += len;
    if (len == 1) {
        must(*out == '+' || *out == '-');
    } else if (len) { /* nothing: the last packet again, before there was one */
        must(len >= 4 && *out == '$' && out[len - 3] == '#');
        must(is_digit(out[len - 2]) && is_digit(out[len - 1]));
        for (size_t i = 1; i < len - 3; i++) {
            must(out[i] != '$' && out[i] != '#');
            sum = (u8)(sum + out[i]);
        }
        must("0123456789abcdef"[sum >> 4] == out[len - 2]);
        must("0123456789abcdef"[sum & 15] == out[len - 1]);
    }
    return c->sent < OUT_MAX;
}

/* False: it is over. */
static bool feed(struct client *c, const u8 *bytes, size_t len)
{
    while (len) {
        size_t room;
        u8 *to = gdb_room(c->gdb, &room);

        must(room);
        room = room < len ? room : len;
        memcpy(to, bytes, room);
        gdb_came(c->gdb, room);
        bytes += room;
        len -= room;
        budget = BUDGET_TICKS;
        gdb_interrupts(c->gdb);
        if (gdb_perform(c->gdb) != GDB_STAYS)
            return false;
    }
    return true;
}

static bool feed_packet(struct client *c, const u8 *data, size_t len)
{
    u8 *text = malloc(2 * len + 4);
    size_t n = 0;
    u8 sum = 0;
    bool on;

    must(text);
    text[n++] = '$';
    for (size_t i = 0; i < len; i++) {
        bool special = data[i] == '$' || data[i] == '#' || data[i] == '}';

        if (special)
            text[n++] = '}';
        text[n++] = special ? data[i] ^ 0x20 : data[i];
    }
    for (size_t i = 1; i < n; i++)
        sum = (u8)(sum + text[i]);
    text[n++] = '#';
    packet_to_hex((char *)text + n, &sum, 1);
    on = feed(c, text, n + 2);
    free(text);
    return on;
}

static void run(struct client *c, const u8 *data, size_t size)
{
    bool raw = *data == 'r', on = true;

    while (on && --size) {
        const u8 *end = memchr(++data, '\n', size);
        size_t len = raw ? (size > 100 ? 100 : size) : end ? (size_t)(end - data) : size;

        on = raw ? feed(c, data, len) : feed_packet(c, data, len);
        if (len >= size)
            break;
        data += raw ? len - 1 : len;
        size -= raw ? len - 1 : len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ports none = { 0 };
    struct client c = { NULL, 0 };
    const struct gdb_options o = { take, &c };
    struct recorder *r;
    struct machine *m;
    struct debug *d;
    struct kind k;
    struct err e;

    if (!size)
        return 0;
    budget = BUDGET_TICKS;
    m = make_machine(&k);
    must(!recorder_create(&none, &r, &e));
    recorder_attach(r, m);
    must(!debug_create(m, r, NULL, &d, &e));
    must(!gdb_create(d, &o, &c.gdb, &e));
    run(&c, data, size);
    gdb_destroy(c.gdb);
    debug_destroy(d);
    k.destroy(m);
    recorder_destroy(r);
    return 0;
}
