/* A machine's network: what a person types, addresses, two machines at a cable and their coming and
 * going, descriptors, taps. */
#include "host/net/net.h"

#include "host/net/parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { FRAME = 60, PATIENCE_S = 30, SKIPPED = 77 };

static char dir[] = "/tmp/mews-net.XXXXXX";

/* ---- what is typed ---- */

static int parse(const char *text, struct net_config *c, struct err *e)
{
    static char copy[400];

    snprintf(copy, sizeof copy, "%s", text);
    return net_parse(copy, c, e);
}

static void what_is_typed(void **state)
{
    struct net_config c;
    struct err e = { 0 };
    char address[32];

    (void)state;
    assert_int_equal(parse("user", &c, &e), 0);
    assert_int_equal(c.type, NET_USER);
    assert_int_equal(c.mtu, 65520);
    assert_int_equal(c.forward_count, 0);
    assert_int_equal(parse("user,forward=tcp:2222:22,forward=udp:0.0.0.0:53:5353,"
                           "host=off,dns=9.9.9.9,mac=02:0a:Ff:00:10:99,bps=10M,mtu=9000",
                           &c, &e),
                     0);
    assert_int_equal(c.forward_count, 2);
    assert_false(c.forward[0].udp);
    assert_int_equal(c.forward[0].host_port, 2222);
    assert_int_equal(c.forward[0].guest_port, 22);
    assert_string_equal(inet_ntop(AF_INET, &c.forward[0].host, address, sizeof address),
                        "127.0.0.1");
    assert_true(c.forward[1].udp && !c.restricted && c.no_host && c.has_mac);
    assert_int_equal(c.forward[1].host.s_addr, 0);
    assert_int_equal(c.forward[1].guest_port, 5353);
    assert_memory_equal(c.mac, "\x02\x0a\xff\x00\x10\x99", 6);
    assert_int_equal(c.bytes_per_s, 10 << 20);
    assert_int_equal(c.mtu, 9000);
    assert_int_equal(parse("user,restrict=on,forward=tcp:2222:22", &c, &e), 0);
    assert_true(c.restricted);
    assert_int_equal(parse("tap=tap0,offload=off", &c, &e), 0);
    assert_string_equal(c.path, "tap0");
    assert_int_equal(c.offload, NET_OFF);
    assert_int_equal(parse("link=/a,,b", &c, &e), 0);
    assert_string_equal(c.path, "/a,b");
    assert_int_equal(parse("fd=7,offload=on", &c, &e), 0);
    assert_int_equal(c.fd, 7);
    assert_int_equal(parse("none", &c, &e), 0);
}

/* Each is refused, and the error names what was wrong. */
static void what_is_mistyped(void **state)
{
    static const char *const wrong[][2] = {
        { "", "accepted: user" },
        { "usr", "'usr'" },
        { "user=1", "accepted: user" },
        { "none=", "accepted: user" },
        { "tap", "accepted: user" },
        { "tap=", "accepted: user" },
        { "link=", "accepted: user" },
        { "fd=-1", "accepted: user" },
        { "fd=99999999999", "accepted: user" },
        { "fd=3x", "accepted: user" },
        { "user,", "accepted: forward=" },
        { "user,forward", "'forward'" },
        { "user,forward=", "'forward'" },
        { "user,forward=tcp:22", "HOSTPORT" },
        { "user,forward=sctp:22:22", "HOSTPORT" },
        { "user,forward=tcp:0:22", "HOSTPORT" },
        { "user,forward=tcp:22:65536", "HOSTPORT" },
        { "user,forward=tcp:nowhere:22:22", "HOSTPORT" },
        { "user,forward=tcp:1.2.3.4:22:22:22", "HOSTPORT" },
        { "user,forward=tcp:22:22 ", "HOSTPORT" },
        { "user,restrict=yes", "on or off" },
        { "user,forward=udp:53:53,restrict=on", "no answer" },
        { "user,host=", "'host'" },
        { "user,dns=example.org", "dns=example.org" },
        { "user,dns=0.0.0.0", "dns=0.0.0.0" },
        { "user,offload=on", "whole frames" },
        { "tap=t,forward=tcp:1:1", "'forward'" },
        { "link=x,restrict=on", "'restrict'" },
        { "none,mac=1:2:3:4:5:6", "XX:XX" },
        { "none,mac=02:00:00:00:00:0g", "XX:XX" },
        { "none,mac=02:00:00:00:00:000", "XX:XX" },
        { "none,mac=02-00-00-00-00-00", "XX:XX" },
        { "none,mac=03:00:00:00:00:00", "group" },
        { "none,bps=0", "bps=0" },
        { "none,bps=1X", "bps=1X" },
        { "none,mtu=575", "mtu=575" },
        { "none,mtu=65521", "mtu=65521" },
        { "none,offload=auto", "on or off" },
    };
    struct net_config c, before;

    (void)state;
    memset(&c, 0x5a, sizeof c);
    before = c;
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err e = { 0 };

        if (parse(wrong[i][0], &c, &e) != -ERR_USAGE || !strstr(e.text, wrong[i][1]))
            fail_msg("'%s': %s", wrong[i][0], e.text);
        assert_memory_equal(&c, &before, sizeof c);
    }
}

static void too_many_ports(void **state)
{
    char text[NET_FORWARDS_MAX * 20 + 40] = "user", copy[sizeof text];
    struct net_config c;
    struct err e;

    (void)state;
    for (unsigned i = 0; i < NET_FORWARDS_MAX; i++)
        strcat(text, ",forward=tcp:80:80");
    snprintf(copy, sizeof copy, "%s", text);
    assert_int_equal(net_parse(copy, &c, &e), 0);
    assert_int_equal(c.forward_count, NET_FORWARDS_MAX);
    strcat(text, ",forward=tcp:80:80");
    assert_int_equal(net_parse(text, &c, &e), -ERR_USAGE);
}

static void addresses(void **state)
{
    struct net_config c = { 0 };
    u8 a[6], b[6], seen[64][6];

    (void)state;
    net_mac(&c, "debian", 0, 0, a);
    net_mac(&c, "debian", 0, 0, b);
    assert_memory_equal(a, b, 6);
    /* The same on every host and in every version: a guest's configuration knows it. */
    assert_memory_equal(a, "\xea\x57\x38\xbd\x67\x14", 6);
    for (unsigned i = 0; i < 64; i++) {
        net_mac(&c, i & 1 ? "debian" : "other", i / 4, i & 2 ? 77 : 0, seen[i]);
        assert_int_equal(seen[i][0] & 3, 2); /* locally administered, of one card */
        for (unsigned j = 0; j < i; j++)
            assert_memory_not_equal(seen[i], seen[j], 6);
    }
    c.has_mac = true;
    memcpy(c.mac, "\2\3\4\5\6\7", 6);
    net_mac(&c, "debian", 3, 99, a);
    assert_memory_equal(a, "\2\3\4\5\6\7", 6);
}

/* ---- a machine's side ---- */

struct side {
    struct net_link *net;
    struct link_port *port;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    unsigned wakes;
};

static void wake(void *owner)
{
    struct side *s = owner;

    pthread_mutex_lock(&s->lock);
    s->wakes++;
    pthread_cond_signal(&s->woken);
    pthread_mutex_unlock(&s->lock);
}

static int side_open(struct side *s, const char *word, struct err *e)
{
    struct net_config c;

    *s = (struct side) { .lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER };
    if (parse(word, &c, e) || net_open(&c, &s->net, e))
        return -(int)e->code;
    s->port = net_port(s->net);
    s->port->ops->attach(s->port, (struct wake) { wake, s });
    return net_start(s->net, NULL, e);
}

static void side_must_open(struct side *s, const char *word)
{
    struct err e = { 0 };

    if (side_open(s, word, &e))
        fail_msg("%s: %s", word, e.text);
}

static void side_close(struct side *s)
{
    s->port->ops->attach(s->port, (struct wake) { 0 });
    net_close(s->net);
}

static bool is_up(struct side *s)
{
    struct link_info info;

    s->port->ops->describe(s->port, &info);
    return info.up;
}

static bool send_frame(struct side *s, u8 fill, struct link_head h)
{
    u8 bytes[FRAME];
    struct iovec v[2] = { { bytes, 14 }, { bytes + 14, FRAME - 14 } };

    memset(bytes, fill, sizeof bytes);
    return s->port->ops->send(s->port, &h, v, 2);
}

/* What recv() says, after waiting as long as that is "nothing". */
static long next(struct side *s, u8 *out, size_t room, struct link_head *h)
{
    struct iovec v = { out, room };
    struct timespec until;
    int late = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    for (;;) {
        unsigned before;
        long n;

        pthread_mutex_lock(&s->lock);
        before = s->wakes;
        pthread_mutex_unlock(&s->lock);
        n = s->port->ops->recv(s->port, h, &v, 1);
        if (n || late)
            return n;
        pthread_mutex_lock(&s->lock);
        while (s->wakes == before && !late)
            late = pthread_cond_timedwait(&s->woken, &s->lock, &until);
        pthread_mutex_unlock(&s->lock);
    }
}

static void expect(struct side *from, struct side *to, u8 fill, bool work)
{
    const struct link_head none = { 0 }, cut = { LINK_NEEDS_CSUM, LINK_TCP4, 54, 1448, 34, 16 };
    u8 out[FRAME + 40], all[FRAME];
    struct link_head h;

    memset(all, fill, sizeof all);
    assert_true(send_frame(from, fill, work ? cut : none));
    assert_int_equal(next(to, out, sizeof out, &h), FRAME);
    assert_memory_equal(out, all, FRAME);
    assert_memory_equal(&h, work ? &cut : &none, sizeof h);
}

/* Until the link is up, or down: each change comes with a wake. */
static void await_link(struct side *s, bool up)
{
    for (unsigned ms = 0; is_up(s) != up && ms < PATIENCE_S * 1000; ms++)
        usleep(1000);
    assert_int_equal(is_up(s), up);
}

/* ---- cables ---- */

static const char *word(const char *name, const char *more)
{
    static char text[200];

    snprintf(text, sizeof text, "link=%s/%s%s", dir, name, more);
    return text;
}

static void two_machines(void **state)
{
    struct link_head h;
    struct side a, b, c;
    struct err e = { 0 };
    u8 out[100];

    (void)state;
    side_must_open(&a, word("two", ""));
    assert_false(is_up(&a));
    assert_int_equal(a.port->ops->recv(a.port, &h, &(struct iovec) { out, sizeof out }, 1), -1);
    assert_true(send_frame(&a, 1, (struct link_head) { 0 })); /* into the air */
    side_must_open(&b, word("two", ""));
    assert_true(is_up(&b));
    await_link(&a, true);
    expect(&b, &a, 2, true);
    expect(&a, &b, 3, false);
    assert_int_equal(side_open(&c, word("two", ""), &e), -ERR_STATE);
    assert_non_null(strstr(e.text, "two machines"));
    expect(&a, &b, 4, true); /* who was refused has disturbed nothing */
    side_close(&a);
    side_close(&b);
}

/* Either of them ends and comes back, some times. */
static void coming_and_going(void **state)
{
    struct link_head h;
    struct side s[2];
    u8 out[100];

    (void)state;
    side_must_open(&s[0], word("going", ""));
    side_must_open(&s[1], word("going", ""));
    await_link(&s[0], true);
    for (unsigned i = 0; i < 6; i++) {
        struct side *stays = &s[i / 2 % 2], *goes = &s[1 - i / 2 % 2];

        expect(goes, stays, (u8)(10 + i), true);
        side_close(goes);
        assert_int_equal(next(stays, out, sizeof out, &h), -1);
        assert_false(is_up(stays));
        assert_true(send_frame(stays, 1, (struct link_head) { 0 }));
        side_must_open(goes, word("going", ""));
        await_link(stays, true);
        expect(stays, goes, (u8)(20 + i), false);
    }
    side_close(&s[0]);
    side_close(&s[1]);
}

/* One process is killed; what it had is free for the next at once. */
static void a_machine_is_killed(void **state)
{
    struct link_head h;
    struct side a, b;
    u8 out[100];
    int ready[2], status;
    pid_t child;
    char c;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    child = fork(); /* before there is a thread */
    if (!child) {
        close(ready[0]);
        side_must_open(&b, word("kill", ""));
        close(ready[1]);
        pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 0);
    close(ready[0]);
    side_must_open(&a, word("kill", ""));
    assert_true(is_up(&a));
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    assert_int_equal(next(&a, out, sizeof out, &h), -1);
    side_must_open(&b, word("kill", ""));
    await_link(&a, true);
    expect(&a, &b, 7, false);
    side_close(&a);
    side_close(&b);
}

static void two_that_differ(void **state)
{
    struct side a, b;
    struct err e = { 0 };

    (void)state;
    side_must_open(&a, word("differ", ",offload=off"));
    assert_int_equal(side_open(&b, word("differ", ""), &e), -ERR_MISMATCH);
    assert_non_null(strstr(e.text, "offload=off"));
    assert_int_equal(side_open(&b, word("differ", ",offload=off,mtu=9000"), &e), -ERR_MISMATCH);
    assert_non_null(strstr(e.text, "mtu=1500"));
    assert_false(is_up(&a));
    side_must_open(&b, word("differ", ",offload=off"));
    await_link(&a, true);
    expect(&a, &b, 1, false);
    side_close(&a);
    side_close(&b);
}

static void places_that_cannot_be(void **state)
{
    char path[200], text[300];
    struct side s;
    struct err e;

    (void)state;
    snprintf(path, sizeof path, "%s/open", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(side_open(&s, word("open", ""), &e), -ERR_STATE);
    assert_non_null(strstr(e.text, "others can write"));
    assert_int_equal(side_open(&s, word("none/below", ""), &e), -ERR_SYS);
    snprintf(path, sizeof path, "%s/file", dir);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(side_open(&s, word("file", ""), &e), -ERR_SYS);
    memset(path, 'x', 110);
    path[110] = 0;
    snprintf(text, sizeof text, "link=%s/%s", dir, path);
    assert_int_equal(side_open(&s, text, &e), -ERR_LIMIT);
}

/* ---- descriptors, and nothing ---- */

static void a_descriptor(void **state)
{
    struct link_head none = { 0 };
    struct side s;
    struct err e = { 0 };
    char text[40];
    u8 bytes[100] = "a frame with 14 bytes and some more", out[100];
    int fd[2];

    (void)state;
    assert_int_equal(pair_sockets(fd, &e), 0);
    snprintf(text, sizeof text, "fd=%d", fd[0]);
    side_must_open(&s, text);
    assert_int_equal(fcntl(fd[0], F_GETFD), FD_CLOEXEC);
    assert_int_equal(send(fd[1], bytes, 50, 0), 50);
    assert_int_equal(next(&s, out, sizeof out, &none), 50);
    assert_memory_equal(out, bytes, 50);
    assert_true(send_frame(&s, 9, none));
    assert_int_equal(recv(fd[1], out, sizeof out, 0), FRAME);
    close(fd[1]);
    assert_int_equal(next(&s, out, sizeof out, &none), -1);
    side_close(&s);
    assert_int_equal(side_open(&s, text, &e), -ERR_USAGE); /* closed */
    assert_int_equal(pipe(fd), 0);
    snprintf(text, sizeof text, "fd=%d", fd[0]);
    assert_int_equal(side_open(&s, text, &e), -ERR_USAGE);
    assert_int_equal(close(fd[0]), 0); /* still the caller's */
    close(fd[1]);
}

static void nothing(void **state)
{
    struct link_head h = { 0 };
    struct side s;
    u8 out[20];

    (void)state;
    side_must_open(&s, "none,mtu=9000");
    assert_false(is_up(&s));
    assert_true(send_frame(&s, 1, h));
    assert_int_equal(next(&s, out, sizeof out, &h), -1);
    side_close(&s);
}

/* ---- taps: in a network of the test's own ---- */

static bool own_network(void)
{
    char map[40];
    int fd, uid = (int)geteuid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
        return false;
    snprintf(map, sizeof map, "0 %d 1\n", uid);
    fd = open("/proc/self/uid_map", O_WRONLY);
    return fd >= 0 && write(fd, map, strlen(map)) > 0;
}

static void set_up(const char *name)
{
    struct ifreq r = { 0 };
    int s = socket(AF_INET, SOCK_DGRAM, 0);

    strcpy(r.ifr_name, name);
    assert_int_equal(ioctl(s, SIOCGIFFLAGS, &r), 0);
    r.ifr_flags |= IFF_UP;
    assert_int_equal(ioctl(s, SIOCSIFFLAGS, &r), 0);
    close(s);
}

/* A packet socket at the device sees what the machine sends, and sends what it shall receive. */
static int at_device(const char *name)
{
    int s = socket(AF_PACKET, SOCK_RAW, htons(0x88b5));
    struct sockaddr_ll {
        unsigned short family, protocol;
        int index;
        unsigned char rest[12];
    } a = { AF_PACKET, htons(0x88b5), (int)if_nametoindex(name), { 0 } };

    assert_true(s >= 0 && a.index);
    assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof a), 0);
    return s;
}

static int with_tap(void)
{
    u8 bytes[FRAME] = { 2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 0x88, 0xb5, 'x' }, out[200];
    struct link_head h = { 0 };
    struct iovec v = { bytes, sizeof bytes };
    struct link_info info;
    struct side s, again;
    struct err e = { 0 };
    int packet;

    if (side_open(&s, "tap=mewstest0", &e)) {
        printf("no tap here: %s\n", e.text);
        return SKIPPED;
    }
    assert_int_equal(side_open(&again, "tap=mewstest0", &e), -ERR_STATE);
    assert_int_equal(side_open(&again, "tap=lo", &e), -ERR_STATE);
    assert_int_equal(side_open(&again, "tap=anamethatistoolong", &e), -ERR_USAGE);
    set_up("mewstest0");
    packet = at_device("mewstest0");
    s.port->ops->describe(s.port, &info);
    assert_true(info.up && info.offloads);
    assert_true(s.port->ops->send(s.port, &h, &v, 1));
    assert_int_equal(recv(packet, out, sizeof out, 0), FRAME);
    assert_memory_equal(out, bytes, FRAME);
    do { /* the kernel's own frames come too */
        assert_int_equal(send(packet, bytes, FRAME, 0), FRAME);
        assert_true(next(&s, out, sizeof out, &h) > 0);
    } while (memcmp(out, bytes, FRAME) != 0);
    close(packet);
    side_close(&s);
    return 0;
}

static void a_tap(void **state)
{
    int status;
    pid_t child;

    (void)state;
    fflush(NULL);
    child = fork();
    if (!child) {
        if (!own_network()) {
            printf("no tap here: no network of one's own\n");
            fflush(NULL);
            _exit(SKIPPED);
        }
        status = with_tap();
        fflush(NULL);
        _exit(status);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
        skip();
    assert_int_equal(status, 0);
}

static int set_up_dir(void **state)
{
    (void)state;
    return !mkdtemp(dir);
}

static int remove_dir(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_is_killed), cmocka_unit_test(a_tap), /* they fork */
        cmocka_unit_test(what_is_typed),       cmocka_unit_test(what_is_mistyped),
        cmocka_unit_test(too_many_ports),      cmocka_unit_test(addresses),
        cmocka_unit_test(two_machines),        cmocka_unit_test(coming_and_going),
        cmocka_unit_test(two_that_differ),     cmocka_unit_test(places_that_cannot_be),
        cmocka_unit_test(a_descriptor),        cmocka_unit_test(nothing),
    };

    return cmocka_run_group_tests(tests, set_up_dir, remove_dir);
}
