/* gdb's stub, byte by byte, as a client at the other end of a socket: on every machine that the
 * images make, and on one made here, with two CPUs that say they are x86's. */
#include "svc/debug/gdb_server.h"
#include "svc/debug/packet.h"
#include "tests/mach/images.h"
#include "tests/svc/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { SAID_BYTES = 1 << 20 };

struct gdb_side {
    struct machine *machine;
    struct recorder *recorder;
    struct history *history;
    struct debug_session_host host;
    struct debug_session *session;
    struct gdb_server_host server_host;
    struct gdb_server *server;
    int fd; /* gdb's end; -1: it is not there */
    bool acks;
    u64 holder;
    bool lent, killed, came;
    unsigned serves, interrupt_at, close_at; /* at that many, if not 0 */
    u8 *in;                                  /* what has come */
    size_t have;
    char said[65536]; /* of the last answer: text for the person */
};

/* ---- who runs the machine ---- */

static bool tell(void *ctx, u64 client, const char *name, json_t *params)
{
    (void)ctx;
    (void)client;
    (void)name;
    json_decref(params);
    return true;
}

static size_t untaken(void *ctx, u64 client)
{
    (void)ctx;
    (void)client;
    return 0;
}

/* Others come by after each piece. */
static u64 piece(void *ctx, u64 until)
{
    const struct gdb_side *g = ctx;

    return until - g->machine->now > 1000 ? g->machine->now + 1000 : until;
}

static void ran(void *ctx, const struct stop_info *info)
{
    struct gdb_side *g = ctx;

    if (g->lent && info->why == STOP_TIME)
        g->machine->kind->kick(g->machine);
}

static bool serve(void *ctx, bool searching)
{
    struct gdb_side *g = ctx;

    (void)searching;
    g->serves++;
    if (g->serves == g->interrupt_at)
        assert_int_equal(write(g->fd, "\3", 1), 1);
    if (g->serves == g->close_at) {
        close(g->fd);
        g->fd = -1;
    }
    gdb_server_serve(g->server);
    return false;
}

static bool rest(void *ctx)
{
    (void)ctx;
    return false;
}

static void hold(void *ctx, u64 client, bool lent)
{
    struct gdb_side *g = ctx;

    g->holder = client;
    g->lent = lent;
}

static void remember(void *ctx, size_t bytes, struct history **out, struct err *e)
{
    (void)bytes;
    *out = ((struct gdb_side *)ctx)->history;
    if (!*out)
        err_set(e, ERR_NOTSUP, "no way back");
}

static void release(void *ctx)
{
    struct gdb_side *g = ctx;
    struct err e;

    if (g->history)
        assert_int_equal(history_seek(g->history, UINT64_MAX, &e), 0);
}

static bool hear(void *ctx, int fd)
{
    (void)ctx;
    return fd >= 0;
}

static void unhear(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
}

static void comes(void *ctx)
{
    ((struct gdb_side *)ctx)->came = true;
}

static void kill_machine(void *ctx)
{
    ((struct gdb_side *)ctx)->killed = true;
}

/* ---- gdb ---- */

static void connect_as(struct gdb_side *g, u64 client)
{
    const struct method *m;
    struct method_call c = { .fd_count = 1, .client = client };
    unsigned count = 0;
    struct err e;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    c.fds = &fds[1];
    m = gdb_server_methods(g->server, &count);
    assert_int_equal(count, 1);
    assert_int_equal(m->call(m->ctx, &c, &e), 0);
    close(fds[1]);
    g->fd = fds[0];
    g->have = 0;
    g->acks = true;
}

static void side_open(struct gdb_side *g, struct machine *m, struct recorder *r, struct history *h)
{
    struct err e;

    *g = (struct gdb_side) { .machine = m, .recorder = r, .history = h, .fd = -1 };
    g->in = malloc(SAID_BYTES);
    assert_non_null(g->in);
    g->host = (struct debug_session_host) {
        { tell, untaken, g }, piece, ran, serve, rest, hold, remember, release, g
    };
    g->server_host = (struct gdb_server_host) { hear, unhear, rest, comes, kill_machine, g };
    assert_int_equal(debug_session_create(m, r, &g->host, &g->session, &e), 0);
    assert_int_equal(gdb_server_create(g->session, &g->server_host, &g->server, &e), 0);
}

static void side_close(struct gdb_side *g)
{
    if (g->fd >= 0)
        close(g->fd);
    gdb_server_destroy(g->server);
    debug_session_destroy(g->session);
    free(g->in);
}

static void put(struct gdb_side *g, const void *bytes, size_t len)
{
    assert_int_equal(write(g->fd, bytes, len), len);
}

static void put_packet(struct gdb_side *g, const void *data, size_t len)
{
    struct packet_writer w = { 0 };
    const u8 *in = data;
    u8 sum = 0;

    /* Runs are shortened in one direction alone. */
    w.bytes = malloc(2 * len + 8);
    assert_non_null(w.bytes);
    w.bytes[w.len++] = '$';
    for (size_t i = 0; i < len; i++) {
        if (memchr("$#}", in[i], 3))
            w.bytes[w.len++] = '}';
        w.bytes[w.len++] = memchr("$#}", in[i], 3) ? in[i] ^ 0x20 : in[i];
    }
    for (size_t i = 1; i < w.len; i++)
        sum = (u8)(sum + w.bytes[i]);
    w.len += (size_t)sprintf((char *)w.bytes + w.len, "#%02x", sum);
    put(g, w.bytes, w.len);
    packet_fini(&w);
}

/* Has the machine's thread come by, and reads what it has said. */
static void turn(struct gdb_side *g)
{
    ssize_t n;

    gdb_server_serve(g->server);
    while (g->fd >= 0 && (n = read(g->fd, g->in + g->have, SAID_BYTES - g->have)) > 0)
        g->have += (size_t)n;
}

static bool is_closed(struct gdb_side *g)
{
    u8 byte;

    return read(g->fd, &byte, 1) == 0 || errno == ECONNRESET;
}

static bool take_byte(struct gdb_side *g, u8 *out)
{
    if (!g->have)
        return false;
    *out = g->in[0];
    memmove(g->in, g->in + 1, --g->have);
    return true;
}

/* The next packet, as it was meant; "" for the empty one, NULL: there is none. */
static const char *next_packet(struct gdb_side *g)
{
    static char data[4 * PACKET_BYTES];
    size_t len = 0;
    u8 c, count = 0;

    if (!g->have)
        return NULL;
    assert_true(take_byte(g, &c) && c == '$');
    while (take_byte(g, &c) && c != '#') {
        if (c == '}') {
            assert_true(take_byte(g, &c));
            data[len++] = (char)(c ^ 0x20);
        } else if (c == '*') {
            assert_true(len && take_byte(g, &count) && count >= ' ');
            for (unsigned k = 0; k < count - 29u; k++, len++)
                data[len] = data[len - 1];
        } else {
            data[len++] = (char)c;
        }
        assert_true(len < sizeof data - 100);
    }
    assert_true(take_byte(g, &c) && take_byte(g, &c));
    data[len] = 0;
    return data;
}

/* The answer; what is for the person goes to g->said. */
static const char *answer(struct gdb_side *g)
{
    const char *data;
    size_t at = 0;
    u8 c;

    g->said[0] = 0;
    turn(g);
    if (g->acks)
        assert_true(take_byte(g, &c) && c == '+');
    while ((data = next_packet(g)) && *data == 'O' && strcmp(data, "OK") != 0) {
        size_t n = packet_from_hex(g->said + at, data + 1, strlen(data + 1));

        at += n;
        g->said[at] = 0;
    }
    return data;
}

static const char *ask_bytes(struct gdb_side *g, const void *data, size_t len)
{
    const char *said;

    put_packet(g, data, len);
    said = answer(g);
    assert_non_null(said);
    return said;
}

static const char *ask(struct gdb_side *g, const char *fmt, ...)
{
    char text[4096];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return ask_bytes(g, text, (size_t)n);
}

#define expect(g, said, ...) assert_string_equal(ask(g, __VA_ARGS__), said)
/* A refusal, by words. */
#define refused(g, ...) assert_int_equal(strncmp(ask(g, __VA_ARGS__), "E", 1), 0)

static void monitor(struct gdb_side *g, const char *line)
{
    char hex[512];

    packet_to_hex(hex, line, strlen(line));
    expect(g, "OK", "qRcmd,%.*s", (int)(2 * strlen(line)), hex);
}

/* All of an object, a piece at a time; freed by the caller. */
static char *object(struct gdb_side *g, const char *what)
{
    char *all = calloc(1, SAID_BYTES);
    size_t len = 0;
    bool more = true;

    assert_non_null(all);
    while (more) {
        const char *part = ask(g, "qXfer:%s:%zx,333", what, len);

        assert_true(*part == 'm' || *part == 'l');
        more = *part == 'm';
        assert_true(!more || part[1]);
        strcpy(all + len, part + 1);
        len += strlen(part + 1);
    }
    return all;
}

/* ---- registers, found as gdb finds them ---- */

struct place {
    unsigned number;
    size_t at, bytes; /* of the answer to g */
};

static struct place find_register(const char *description, const char *name)
{
    struct place p = { 0, 0, 0 };
    char wanted[64];

    snprintf(wanted, sizeof wanted, "name=\"%s\"", name);
    for (const char *at = description; (at = strstr(at, "<reg ")); at++) {
        const char *bits = strstr(at, "bitsize=\""), *number = strstr(at, "regnum=\"");

        assert_true(bits && number);
        assert_int_equal(strtoul(number + 8, NULL, 10), p.number);
        p.bytes = strtoul(bits + 9, NULL, 10) / 8;
        if (!strncmp(at + 5, wanted, strlen(wanted)))
            return p;
        p.number++;
        p.at += p.bytes;
    }
    fail_msg("there is no register %s", name);
    return p;
}

static u64 value_of(const char *hex, size_t bytes)
{
    u8 raw[8] = { 0 };
    u64 v = 0;

    assert_int_equal(packet_from_hex(raw, hex, 2 * bytes), bytes);
    for (unsigned i = 0; i < 8; i++)
        v |= (u64)raw[i] << 8 * i;
    return v;
}

static u64 get(struct gdb_side *g, const char *description, const char *name)
{
    struct place p = find_register(description, name);
    u64 v = value_of(ask(g, "p%x", p.number), p.bytes);

    assert_int_equal(value_of(ask(g, "g") + 2 * p.at, p.bytes), v);
    return v;
}

static const char *set(struct gdb_side *g, const char *description, const char *name, u64 v)
{
    struct place p = find_register(description, name);
    char hex[17];
    u8 raw[8];

    for (unsigned i = 0; i < 8; i++)
        raw[i] = (u8)(v >> 8 * i);
    packet_to_hex(hex, raw, p.bytes);
    return ask(g, "P%x=%.*s", p.number, (int)(2 * p.bytes), hex);
}

/* ---- any machine ---- */

static void greet(struct gdb_side *g)
{
    const char *said = ask(g, "qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+");

    assert_non_null(strstr(said, "PacketSize=4000;"));
    assert_non_null(strstr(said, "QStartNoAckMode+"));
    assert_int_equal(strstr(said, "ReverseStep+;ReverseContinue+") != NULL, g->history != NULL);
    assert_true(g->came && g->holder);
    expect(g, "", "vMustReplyEmpty");
    expect(g, "OK", "QStartNoAckMode");
    g->acks = false;
    expect(g, "T05thread:1;", "?");
    expect(g, "vCont;c;C;s;S;r", "vCont?");
    expect(g, "1", "qAttached");
    expect(g, "OK", "qSymbol::");
}

static void check_nonsense(struct gdb_side *g)
{
    static const char *const wrong[] = {
        "m",
        "m0",
        "m0,",
        "m,4",
        "mfffffffffffffffff,4",
        "m0,4x",
        "M0,4:00",
        "M0,1:0",
        "M0,1:zz",
        "P",
        "P0",
        "P0=",
        "Pffff=00",
        "p",
        "pffffffff",
        "p0x",
        "G0",
        "Hg77",
        "Hx1",
        "H",
        "T77",
        "T0",
        "Z",
        "Z0",
        "Z0,0",
        "Z2,ffffffffffffffff,9",
        "z0,",
        "vCont;x",
        "vCont",
        "vCont;s:77",
        "vCont;r1:1",
        "vCont;c junk",
        "qThreadExtraInfo,",
        "qRcmd",
        "qRcmd,0",
        "qRcmd,zz",
        "X0,4:abc",
        "qXfer:threads:read::",
        "qXfer:threads:read::0",
        "cxyz",
    };
    static const char *const unknown[] = { "",         "Q", "qUnknown", "vUnknown;1", "Z9,0,1",
                                           "jabc",     "!", "R00",      "qSupporte",  "vRun;61",
                                           "\x80\xff", "b", "Z00,0,1x" };

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
        refused(g, "%s", wrong[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(unknown) - 1; i++)
        expect(g, "", "%s", unknown[i]);
    refused(g, "%s", unknown[ARRAY_SIZE(unknown) - 1]);
    expect(g, "E00", "qXfer:features:read:other.xml:0,100");
    expect(g, "l", "qXfer:threads:read::ffffff,100");
}

/* Bytes that are damaged are asked for again, and so are answers. */
static void check_bytes(struct gdb_side *g)
{
    static char long_one[PACKET_BYTES + 10];
    size_t first;
    u8 *same;

    put(g, "$qAttached#00", 13);
    turn(g);
    assert_int_equal(g->have, 1);
    assert_int_equal(g->in[0], '-');
    g->have = 0;
    expect(g, "1", "qAttached");
    put(g, "+-", 2);
    turn(g);
    first = g->have;
    same = memchr(g->in, '1', first);
    assert_true(first && same);
    g->have = 0;
    memset(long_one, 'm', sizeof long_one);
    refused(g, "m0,");
    assert_int_equal(*ask_bytes(g, long_one, sizeof long_one), 'E');
    expect(g, "1", "qAttached");
    for (const char *at = "$qAttached#8f"; *at; at++) { /* one at a time */
        turn(g);
        put(g, at, 1);
    }
    assert_string_equal(answer(g), "1");
}

static void check_description(struct gdb_side *g, const char *description)
{
    const struct cpu *c = &g->machine->cpus[0];
    char *map, *threads, own[64];

    assert_non_null(strstr(description, "<architecture>i386"));
    snprintf(own, sizeof own, "<feature name=\"org.mews.%s\">", c->isa);
    assert_non_null(strstr(description, own));
    map = object(g, "memory-map:read:");
    assert_non_null(strstr(map, "<memory type=\"ram\" start=\"0x0\""));
    free(map);
    threads = object(g, "threads:read:");
    snprintf(own, sizeof own, "<thread id=\"%x\" core=\"%u\"", g->machine->cpu_count,
             g->machine->cpu_count - 1);
    assert_non_null(strstr(threads, own));
    free(threads);
    expect(g, g->machine->cpu_count == 1 ? "m1" : "m1,2", "qfThreadInfo");
    expect(g, "l", "qsThreadInfo");
    expect(g, "QC1", "qC");
    expect(g, "OK", "T1");
    expect(g, "OK", "Hg0");
    expect(g, "OK", "Hc-1");
    assert_true(strlen(ask(g, "qThreadExtraInfo,1")) > 6);
}

/* Somewhere that can be written, and read again: *at. */
static void find_memory(struct gdb_side *g, u64 *at)
{
    u8 byte;

    for (*at = 0x40; *at < 0x10000; *at += 0x40)
        if (g->machine->kind->peek(&g->machine->cpus[0], CPU_VIRTUAL, *at, &byte, 1)) {
            byte ^= 0xff;
            if (!strcmp(ask(g, "M%llx,1:%02x", (unsigned long long)*at, byte), "OK") &&
                value_of(ask(g, "m%llx,1", (unsigned long long)*at), 1) == byte)
                return;
        }
    fail_msg("no memory");
}

static void check_memory(struct gdb_side *g)
{
    static const char bytes[] = "X%llx,6:$#}*\3+";
    char text[64];
    u64 at;
    int n;

    find_memory(g, &at);
    expect(g, "OK", "M%llx,4:01af00ff", (unsigned long long)at);
    expect(g, "01af00ff", "m%llx,4", (unsigned long long)at);
    expect(g, "OK", "X%llx,0:", (unsigned long long)at);
    n = snprintf(text, sizeof text, bytes, (unsigned long long)at);
    assert_string_equal(ask_bytes(g, text, (size_t)n), "OK");
    expect(g, "24237d2a032b", "m%llx,6", (unsigned long long)at);
    n = snprintf(text, sizeof text, "X%llx,3:a%cb", (unsigned long long)at, 0);
    assert_string_equal(ask_bytes(g, text, (size_t)n), "OK");
    expect(g, "610062", "m%llx,3", (unsigned long long)at);
    expect(g, "E14", "mf000000000000000,4");
    assert_true(strlen(ask(g, "m%llx,ffff", (unsigned long long)at)) <= PACKET_BYTES);
}

static void check_registers(struct gdb_side *g, const char *d)
{
    const char *second = strchr(g->machine->cpus[0].registers, ' ') + 1;
    char name[32], all[8192], was;
    u64 v;

    snprintf(name, sizeof name, "%.*s", (int)strcspn(second, " "), second);
    v = get(g, d, name) ^ 0x55;
    assert_string_equal(set(g, d, name, v), "OK");
    assert_int_equal(get(g, d, name), v);
    snprintf(all, sizeof all, "G%s", ask(g, "g"));
    was = all[1 + 2 * find_register(d, name).at];
    all[1 + 2 * find_register(d, name).at] = was == '1' ? '2' : '1';
    expect(g, "OK", "%s", all);
    assert_string_equal(ask(g, "g"), all + 1);
    assert_string_equal(set(g, d, name, v), "OK");
}

static const char *pc_name(const struct gdb_side *g)
{
    return !strcmp(g->machine->cpus[0].isa, "x86") ? "rip" : "pc";
}

/* Steps, breakpoints where those have been, and back again. */
static void check_steps(struct gdb_side *g, const char *d)
{
    u64 pc[12], now[12];

    for (unsigned i = 0; i < ARRAY_SIZE(pc); i++) {
        pc[i] = get(g, d, pc_name(g));
        now[i] = g->machine->now;
        expect(g, "T05thread:1;", i % 3 ? "s" : i % 2 ? "vCont;s:1;c" : "vCont;s:1");
        assert_true(g->machine->now > now[i]);
    }
    refused(g, "vCont;s:3");
    if (!g->history) {
        refused(g, "bs");
        refused(g, "bc");
        return;
    }
    for (unsigned i = ARRAY_SIZE(pc); i--;) {
        expect(g, "T05thread:1;", "bs");
        assert_int_equal(get(g, d, pc_name(g)), pc[i]);
        assert_int_equal(g->machine->now, now[i]);
    }
    refused(g, "M40,1:00"); /* the past cannot be changed */
    assert_int_equal(*set(g, d, pc_name(g), 0), 'E');
    expect(g, "OK", "Z0,%llx,1", (unsigned long long)pc[6]);
    expect(g, "OK", "Z0,%llx,1", (unsigned long long)pc[6]);
    expect(g, "T05thread:1;swbreak:;", "vCont;c");
    assert_int_equal(get(g, d, pc_name(g)), pc[6]);
    expect(g, "T05thread:1;swbreak:;", "?");
    expect(g, "OK", "z0,%llx,1", (unsigned long long)pc[6]);
    expect(g, "OK", "z0,%llx,1", (unsigned long long)pc[6]);
    assert_int_equal(*ask(g, "bc"), 'T'); /* nothing is waited for: to the beginning */
    expect(g, "T05thread:1;replaylog:begin;", "bs");
    expect(g, "OK", "Z1,%llx,1", (unsigned long long)pc[6]);
    expect(g, "T05thread:1;hwbreak:;", "C05");
    expect(g, "OK", "z1,%llx,1", (unsigned long long)pc[6]);
    assert_int_equal(
        *ask(g, "vCont;r%llx,%llx:1", (unsigned long long)pc[6], (unsigned long long)pc[6] + 1),
        'T');
    assert_true(get(g, d, pc_name(g)) != pc[6]);
}

/* What writes is found again, forwards and backwards. */
static void check_watches(struct gdb_side *g)
{
    char said[200];
    u64 now;

    expect(g, "OK", "Z2,0,100"); /* where 6502s keep what changes */
    g->interrupt_at = g->serves + 2000;
    snprintf(said, sizeof said, "%s", ask(g, "c"));
    if (!strncmp(said, "T05thread:1;watch:", 18)) {
        now = g->machine->now;
        assert_true(strtoull(said + 18, NULL, 16) < 0x100);
        if (g->history) {
            assert_int_equal(strncmp(ask(g, "bc"), "T05thread:1;", 12), 0);
            assert_true(g->machine->now < now);
            assert_string_equal(ask(g, "c"), said);
            assert_int_equal(g->machine->now, now);
        }
    }
    expect(g, "OK", "z2,0,100");
    expect(g, "OK", "Z3,0,1");
    expect(g, "OK", "Z4,1,1");
    expect(g, "OK", "z4,1,1");
    expect(g, "OK", "z3,0,1");
    g->interrupt_at = 0;
}

static void check_interrupts(struct gdb_side *g)
{
    u64 now = g->machine->now;
    const char *said;

    g->interrupt_at = g->serves + 3;
    said = ask(g, "vCont;c");
    assert_true(!strcmp(said, "T02thread:1;") || *said == 'W' || !strncmp(said, "T05", 3));
    assert_false(g->lent); /* it stands still */
    if (!strcmp(said, "T02thread:1;")) {
        assert_true(g->machine->now > now);
        put_packet(g, "vCont;c", 7); /* both at once */
        put(g, "\3", 1);
        assert_string_equal(answer(g), "T02thread:1;");
    }
    put(g, "\3", 1); /* it stands still already */
    expect(g, "1", "qAttached");
    g->interrupt_at = 0;
}

static void check_monitor(struct gdb_side *g)
{
    monitor(g, "registers");
    assert_non_null(strstr(g->said, "pc"));
    monitor(g, "nonsense");
    assert_non_null(strstr(g->said, "mews: nonsense: no such command"));
    monitor(g, "source /etc/passwd");
    assert_non_null(strstr(g->said, "no files are read here"));
    monitor(g, "help"); /* longer than a packet's half may be */
    assert_true(strlen(g->said) > 1000);
}

static void check_leaving(struct gdb_side *g)
{
    expect(g, "OK", "Z0,0,1");
    expect(g, "OK", "D");
    assert_true(is_closed(g));
    close(g->fd);
    assert_int_equal(g->holder, 0);
    connect_as(g, 9); /* while it runs for gdb, gdb goes away */
    expect(g, "T05thread:1;", "?");
    g->close_at = g->serves + 2;
    put_packet(g, "c", 1);
    turn(g);
    if (g->fd >= 0) { /* the machine was faster */
        close(g->fd);
        g->fd = -1;
        turn(g);
    }
    assert_int_equal(g->holder, 0);
    g->close_at = 0;
    connect_as(g, 9); /* its caller goes away */
    expect(g, "QC1", "qC");
    debug_session_gone(g->session, 9);
    assert_true(is_closed(g));
    assert_int_equal(g->holder, 0);
    close(g->fd);
    connect_as(g, 9);
    expect(g, "OK", "vKill;1");
    assert_true(g->killed && is_closed(g));
    close(g->fd);
    g->killed = false;
    connect_as(g, 9);
    put_packet(g, "k", 1);
    turn(g);
    assert_true(g->killed && is_closed(g));
    close(g->fd);
    g->fd = -1;
}

/* One gdb at a time; a debugger of another sort counts. */
static void check_others(struct gdb_side *g)
{
    unsigned count = 0;
    const struct method *gdb = gdb_server_methods(g->server, &count), *attach;
    struct method_call c = { .params = json_object(), .client = 5 };
    int first, fds[2];
    const char *said;
    struct err e;

    connect_as(g, 9);
    first = g->fd;
    connect_as(g, 9); /* one that has said nothing makes room */
    assert_true(is_closed(&(struct gdb_side) { .fd = first }));
    close(first);
    expect(g, "QC1", "qC");
    attach = debug_session_methods(g->session, &count);
    assert_int_equal(attach->call(attach->ctx, &c, &e), -ERR_STATE);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    c.fds = &fds[1];
    c.fd_count = 1;
    assert_int_equal(gdb->call(gdb->ctx, &c, &e), -ERR_STATE);
    c.fd_count = 0;
    assert_int_equal(gdb->call(gdb->ctx, &c, &e), -ERR_USAGE);
    close(fds[0]);
    close(fds[1]);
    expect(g, "OK", "D");
    close(g->fd);
    assert_int_equal(attach->call(attach->ctx, &c, &e), 0);
    json_decref(c.result);
    connect_as(g, 9);
    put_packet(g, "qSupported", 10);
    turn(g);
    turn(g);
    assert_int_equal(g->in[0], '+');
    g->have--;
    memmove(g->in, g->in + 1, g->have);
    said = next_packet(g);
    assert_non_null(strstr(said, "E.somebody else"));
    first = g->fd;
    assert_int_equal(g->holder, 5);
    debug_session_gone(g->session, 5);
    json_decref(c.params);
    close(first);
    connect_as(g, 9);
    close(g->fd);
    g->fd = -1;
    turn(g);
    connect_as(g, 9); /* a browser stops no machine */
    put(g, "POST / HTTP/1.1\r\n\r\n$g#67", 24);
    g->came = false;
    turn(g);
    assert_true(is_closed(g));
    assert_false(g->came);
    close(g->fd);
    g->fd = -1;
}

static void check_machine(struct gdb_side *g)
{
    char *d;

    connect_as(g, 9);
    check_bytes(g);
    greet(g);
    check_nonsense(g);
    d = object(g, "features:read:target.xml");
    check_description(g, d);
    check_memory(g);
    check_registers(g, d);
    check_steps(g, d);
    if (g->history) {
        struct err e;

        assert_int_equal(history_seek(g->history, UINT64_MAX, &e), 0);
    }
    check_watches(g);
    check_interrupts(g);
    check_monitor(g);
    check_leaving(g);
    check_others(g);
    free(d);
}

static void test_images(void **state)
{
    const struct history_options o = { .memory_bytes = 4 << 20, .every_ticks = 200000 };
    struct images *all = *state;

    for (unsigned i = 0; i < all->count; i++) {
        struct history *h = NULL;
        struct gdb_side g;
        struct rig rig;
        struct err e;

        rig_open(&rig, all->list[i].bytes, all->list[i].len, i);
        assert_int_equal(history_create(rig.machine, rig.recorder, &o, &h, &e), 0);
        side_open(&g, rig.machine, rig.recorder, h);
        check_machine(&g);
        side_close(&g);
        history_destroy(h);
        rig_close(&rig);
    }
}

/* ---- a machine with two CPUs ---- */

/* clang-format off */
#define TOY_SEGMENT(F, A, E, G, H)                      \
    F(STATE, u16, selector, "as it was loaded")         \
    F(STATE, u64, base, "the first byte")
#define TOY_CPU(F, A, E, G, H)                          \
    F(STATE, u64, pc, "the next instruction")           \
    F(STATE, u64, rax, "a register")                    \
    F(STATE, u64, rsp, "a register")                    \
    F(STATE, u64, rflags, "flags")                      \
    G(toy_segment, fs, "a segment")                     \
    A(STATE, u8, xsave, 4096, "as XSAVE has it")
/* clang-format on */
struct toy_segment {
    FIELD_MEMBERS(TOY_SEGMENT)
};
static FIELD_TABLE(toy_segment, 1, TOY_SEGMENT)
struct toy_cpu {
    FIELD_MEMBERS(TOY_CPU)
};
static FIELD_TABLE(toy_cpu, 1, TOY_CPU)

struct toy {
    struct machine machine;
    struct component nodes[2];
    struct toy_cpu state[2];
    struct cpu cpus[2];
    struct watch *list;
    unsigned count, fault_at;
    bool kicked;
    u8 memory[256];
};

static struct toy *toy_of(struct machine *m)
{
    return container_of(m, struct toy, machine);
}

/* Both count through 256 addresses, in turn; at 0x80 the second one writes. */
static enum stop toy_one(struct toy *t, unsigned i, struct stop_info *info)
{
    struct toy_cpu *s = &t->state[i];
    u64 pc = s->pc;
    bool hit = false;

    *info = (struct stop_info) { .why = STOP_BREAK, .cpu = i, .address = pc };
    for (unsigned k = 0; k < t->count && t->machine.passed != t->machine.now; k++)
        if (t->list[k].what & WATCH_EXECUTE && t->list[k].first == pc) {
            t->list[k].hit = hit = true;
            t->list[k].access = WATCH_EXECUTE;
            t->list[k].began = t->machine.now;
        }
    if (hit)
        return STOP_BREAK;
    s->pc = (pc + 1) & 0xff;
    s->rax += i + 1;
    t->machine.now++;
    if (t->fault_at == pc) {
        info->why = STOP_FAULT;
        snprintf(info->text, sizeof info->text, "no such instruction");
        return STOP_FAULT;
    }
    if (pc != 0x80 || !i)
        return STOP_TIME;
    t->memory[0x10]++;
    for (unsigned k = 0; k < t->count; k++)
        if (t->list[k].what & WATCH_WRITE && t->list[k].first <= 0x10 && t->list[k].last >= 0x10) {
            t->list[k].hit = hit = true;
            t->list[k].access = WATCH_WRITE;
            t->list[k].address = 0x10;
            t->list[k].began = t->machine.now - 1;
        }
    return hit ? STOP_BREAK : STOP_TIME;
}

static enum stop toy_run(struct machine *m, u64 until, struct stop_info *info)
{
    struct toy *t = toy_of(m);

    while (m->now < until) {
        enum stop why = toy_one(t, m->now & 1, info);

        m->passed = UINT64_MAX;
        if (why != STOP_TIME)
            return why;
        if (t->kicked)
            break;
    }
    info->why = t->kicked ? STOP_KICK : STOP_TIME;
    t->kicked = false;
    return info->why;
}

static enum stop toy_step(struct machine *m, struct cpu *c, struct stop_info *info)
{
    return toy_one(toy_of(m), c->index, info);
}

static void toy_kick(struct machine *m)
{
    toy_of(m)->kicked = true;
}

static const char *toy_why_not(const struct machine *m, enum verb v)
{
    (void)m;
    return v == VERB_REVERSE || v == VERB_REPLAY ? "a toy forgets" : NULL;
}

static bool toy_peek(struct cpu *c, enum cpu_space s, u64 addr, void *out, size_t len)
{
    (void)s;
    if (addr >= 256 || len > 256 - addr)
        return false;
    memcpy(out, toy_of(c->machine)->memory + addr, len);
    return true;
}

static bool toy_poke(struct cpu *c, enum cpu_space s, u64 addr, const void *in, size_t len)
{
    (void)s;
    if (addr >= 256 || len > 256 - addr)
        return false;
    memcpy(toy_of(c->machine)->memory + addr, in, len);
    return true;
}

static int toy_watch(struct machine *m, struct watch *list, unsigned count, struct err *e)
{
    struct toy *t = toy_of(m);

    t->count = 0;
    for (unsigned i = 0; i < count; i++)
        if (list[i].what & WATCH_READ)
            return err_set(e, ERR_NOTSUP, "a toy does not see what is read");
    t->list = list;
    t->count = count;
    return 0;
}

static const struct kind toy_kind = { .name = "toy",
                                      .run = toy_run,
                                      .step = toy_step,
                                      .kick = toy_kick,
                                      .why_not = toy_why_not,
                                      .peek = toy_peek,
                                      .poke = toy_poke,
                                      .watch = toy_watch };

static void toy_init(struct toy *t, unsigned bits)
{
    static const char *const names[] = { "cpu0", "cpu1" };

    memset(t, 0, sizeof *t);
    t->machine.kind = &toy_kind;
    t->machine.root = (struct component) { .name = "toy" };
    t->machine.passed = UINT64_MAX;
    t->machine.cpus = t->cpus;
    t->machine.cpu_count = 2;
    t->machine.hz_num = t->machine.hz_den = 1;
    t->fault_at = 0x1000;
    event_queue_init(&t->machine.events);
    for (unsigned i = 0; i < 2; i++) {
        t->nodes[i] = (struct component) { .name = names[i],
                                           .self = &t->state[i],
                                           .fields = toy_cpu_fields() };
        component_add(&t->machine.root, &t->nodes[i]);
        t->state[i].rflags = 2;
        t->cpus[i] = (struct cpu) { .state = &t->nodes[i],
                                    .machine = &t->machine,
                                    .index = i,
                                    .isa = "x86",
                                    .bits = bits,
                                    .registers = "pc rax rsp rflags",
                                    .stack = "rsp" };
    }
}

static void check_x86(struct gdb_side *g, struct toy *t, const char *d)
{
    struct place st = find_register(d, "st3"), tag = find_register(d, "ftag"),
                 xmm = find_register(d, "xmm1");

    assert_non_null(strstr(d, "<architecture>i386:x86-64</architecture>"));
    assert_non_null(strstr(d, "org.gnu.gdb.i386.core"));
    assert_non_null(strstr(d, "org.gnu.gdb.i386.sse"));
    /* The numbers that every gdb for x86-64 knows them by. */
    assert_int_equal(find_register(d, "rsp").number, 7);
    assert_int_equal(find_register(d, "rip").number, 16);
    assert_int_equal(find_register(d, "eflags").number, 17);
    assert_int_equal(find_register(d, "cs").number, 18);
    assert_int_equal(find_register(d, "gs").number, 23);
    assert_int_equal(find_register(d, "st0").number, 24);
    assert_int_equal(find_register(d, "fctrl").number, 32);
    assert_int_equal(find_register(d, "fop").number, 39);
    assert_int_equal(find_register(d, "xmm0").number, 40);
    assert_int_equal(find_register(d, "mxcsr").number, 56);
    t->state[0].fs.base = 0x123456789abc;
    assert_int_equal(get(g, d, "fs_base"), 0x123456789abc);
    assert_string_equal(set(g, d, "fs_base", 0xfeed0000), "OK");
    assert_int_equal(t->state[0].fs.base, 0xfeed0000);
    assert_int_equal(*set(g, d, "cr3", 1), 'E');            /* this one has none */
    assert_string_equal(ask(g, "p0"), "0000000000000000");  /* rax */
    assert_string_equal(ask(g, "p1"), "xxxxxxxxxxxxxxxx");  /* rbx */
    expect(g, "OK", "P%x=0000000000000080ff3f", st.number); /* 1.0 */
    assert_int_equal(t->state[0].xsave[32 + 3 * 16 + 9], 0x3f);
    assert_int_equal(t->state[0].xsave[512], 1);
    expect(g, "0000000000000080ff3f", "p%x", st.number);
    expect(g, "ffff0000", "p%x", tag.number); /* all are empty */
    t->state[0].xsave[3] = 6 << 3;            /* the top is register 6: ST(3) is 1 */
    expect(g, "OK", "P%x=f3ff0000", tag.number);
    assert_int_equal(t->state[0].xsave[4], 2);
    expect(g, "f3ff0000", "p%x", tag.number);
    t->state[0].xsave[4] = 3; /* ST(2) is zero */
    expect(g, "f1ff0000", "p%x", tag.number);
    expect(g, "OK", "P%x=000102030405060708090a0b0c0d0e0f", xmm.number);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(t->state[0].xsave[160 + 16 + i], i);
    assert_int_equal(t->state[0].xsave[512], 3);
    refused(g, "P%x=00", xmm.number);
}

static void check_threads(struct gdb_side *g, struct toy *t, const char *d)
{
    expect(g, "OK", "Hg2");
    t->state[1].rax = 77;
    assert_int_equal(get(g, d, "rax"), 77);
    expect(g, "QC2", "qC");
    expect(g, "T05thread:2;", "vCont;s:2");
    assert_int_equal(t->state[1].rax, 79);
    expect(g, "T05thread:1;", "vCont;s:1;c");
    assert_int_equal(t->state[1].rax, 79);
    t->state[1].pc = 0x20;
    t->state[0].pc = 0x30;
    expect(g, "OK", "Z0,28,1");
    expect(g, "T05thread:2;swbreak:;", "vCont;c"); /* the second gets there first */
    assert_int_equal(t->state[1].pc, 0x28);
    expect(g, "OK", "z0,28,1");
    expect(g, "OK", "Z2,10,4");
    expect(g, "T05thread:2;watch:10;", "vCont;c");
    expect(g, "OK", "z2,10,4");
    refused(g, "Z3,10,4");
    t->fault_at = 0x90;
    assert_int_equal(strncmp(ask(g, "vCont;c"), "T0bthread:", 10), 0);
    assert_string_equal(g->said, "no such instruction\n");
    t->fault_at = 0x1000;
}

static void test_toy(void **state)
{
    static const char *const architectures[] = { "i8086<", "i386<" };
    static struct toy t;
    struct ports none = { 0 };
    struct recorder *r;
    struct gdb_side g;
    struct err e;
    char *d;

    (void)state;
    assert_int_equal(recorder_create(&none, &r, &e), 0);
    for (unsigned bits = 64; bits >= 16; bits /= 2) {
        toy_init(&t, bits);
        recorder_attach(r, &t.machine);
        side_open(&g, &t.machine, r, NULL);
        connect_as(&g, 9);
        greet(&g);
        d = object(&g, "features:read:target.xml");
        if (bits == 64) {
            check_x86(&g, &t, d);
            check_threads(&g, &t, d);
        } else {
            assert_non_null(strstr(d, architectures[bits / 32]));
            assert_int_equal(find_register(d, "eip").number, 8);
            assert_int_equal(find_register(d, "mxcsr").number, 40);
            t.state[0].pc = 0x12345678;
            assert_int_equal(get(&g, d, "eip"), 0x12345678);
        }
        free(d);
        side_close(&g);
    }
    recorder_destroy(r);
}

/* ---- where it listens ---- */

static void test_listen(void **state)
{
    static const char *const wrong[] = {
        "", ":", ":x", ":70000000", "a:b", "[::1", "nowhere.invalid:1"
    };
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    char address[GDB_ADDRESS_BYTES], dir[] = "/tmp/mews-gdb-XXXXXX";
    struct stat st;
    struct err e;
    int fd, again;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_true(gdb_listen(wrong[i], &fd, address, &e) < 0 && e.text[0]);
    assert_int_equal(gdb_listen(":0", &fd, address, &e), 0);
    assert_int_equal(strncmp(address, "127.0.0.1:", 10), 0);
    assert_int_equal(gdb_listen(address, &again, address, &e), -ERR_SYS);
    close(fd);
    assert_non_null(mkdtemp(dir));
    snprintf(a.sun_path, sizeof a.sun_path, "%s/s", dir);
    assert_int_equal(gdb_listen(a.sun_path, &fd, address, &e), 0);
    assert_string_equal(address, a.sun_path);
    assert_int_equal(stat(a.sun_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(gdb_listen(a.sun_path, &again, address, &e), -ERR_SYS); /* it is in use */
    close(fd);
    assert_int_equal(gdb_listen(a.sun_path, &fd, address, &e), 0); /* it was left behind */
    close(fd);
    unlink(a.sun_path);
    assert_int_equal(mkdir(a.sun_path, 0700), 0);
    assert_int_equal(gdb_listen(a.sun_path, &fd, address, &e), -ERR_SYS); /* nothing is removed */
    rmdir(a.sun_path);
    rmdir(dir);
}

int main(void)
{
    struct images all = { 0 };
    struct CMUnitTest tests[] = { cmocka_unit_test(test_images), cmocka_unit_test(test_toy),
                                  cmocka_unit_test(test_listen) };
    int r;

    images_gather(&all);
    images_keep_replayable(&all); /* real gdb looks at the others: tests/cli/gdb.bats, tests/kvm */
    tests[0].initial_state = &all;
    r = cmocka_run_group_tests(tests, NULL, NULL);
    images_fini(&all);
    return r;
}
