/* mews-usernet with a guest made by hand: what the guest gets, what it does not get, what it can
 * make the process hold; the process's life and what it holds; and its list of calls, of which one
 * after the other is left out. */
#include "app/usernet/usernet.h"

#include "app/usernet/rig.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, SOON_MS = 500, SKIPPED = 77 };

/* ---- the process ---- */

struct net {
    struct guest guest;
    pid_t process;
    int errors; /* what it writes to standard error */
};

static void serve(const char *text, int fd, unsigned left_out, int ready)
{
    struct usernet_config c;
    struct usernet *n;
    struct err e;
    char copy[400], *words[20], *rest = copy;
    unsigned count = 0;

    snprintf(copy, sizeof copy, "%s", text);
    while (rest && *rest)
        words[count++] = strsep(&rest, " ");
    words[count] = NULL;
    signal(SIGPIPE, SIG_IGN);
    if (usernet_parse(words, &c, &e))
        _exit(3);
    resolv_read(c.dns);
    if (usernet_open(&c, fd, &n, &e) || usernet_jail(&c, left_out, &e)) {
        dprintf(2, "%s\n", e.text);
        _exit(4);
    }
    (void)!write(ready, "r", 1);
    close(ready);
    usernet_serve(n);
    _exit(0);
}

/* As main.c does, but for the child's child. */
static bool net_begin(struct net *n, const char *words, unsigned left_out)
{
    int frames[2], errors[2], ready[2];
    char c;

    *n = (struct net) { 0 };
    fflush(NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, frames), 0);
    assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    n->process = fork();
    assert_true(n->process >= 0);
    if (!n->process) {
        close(frames[0]);
        close(ready[0]);
        dup2(errors[1], 2);
        serve(words, frames[1], left_out, ready[1]);
    }
    close(frames[1]);
    close(errors[1]);
    close(ready[1]);
    n->guest.fd = frames[0];
    n->errors = errors[0];
    n->guest.gone = read(ready[0], &c, 1) != 1;
    close(ready[0]);
    return !n->guest.gone;
}

/* Its wait status, and what it has said. */
static int net_end(struct net *n, char *said, size_t room)
{
    ssize_t len;
    int status = -1;

    close(n->guest.fd);
    for (unsigned ms = 0; !waitpid(n->process, &status, WNOHANG); ms++) {
        if (ms > PATIENCE_MS)
            kill(n->process, SIGKILL);
        usleep(1000);
    }
    len = read(n->errors, said, room - 1);
    said[len > 0 ? len : 0] = 0;
    close(n->errors);
    return status;
}

static void net_must_end(struct net *n)
{
    char said[400];
    int status = net_end(n, said, sizeof said);

    if (status)
        fail_msg("status %x: %s", (unsigned)status, said);
}

static void net_start(struct net *n, const char *words)
{
    u8 message[600];
    int len;

    assert_true(net_begin(n, words, USERNET_ALL));
    assert_true(guest_dhcp(&n->guest, message, &len, PATIENCE_MS));
}

/* ---- the host's side ---- */

static int host_socket(int type, u16 *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    int s = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    assert_true(s >= 0 && !bind(s, (struct sockaddr *)&a, len) &&
                !getsockname(s, (struct sockaddr *)&a, &len));
    if (type == SOCK_STREAM)
        assert_int_equal(listen(s, 100), 0);
    *port = ntohs(a.sin_port);
    return s;
}

/* A port that nobody has. */
static u16 free_port(int type)
{
    u16 port;

    close(host_socket(type, &port));
    return port;
}

static int host_connect(int type, u16 port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int s = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    assert_true(s >= 0 && !connect(s, (struct sockaddr *)&a, sizeof a));
    return s;
}

static bool readable(int fd, int ms)
{
    struct pollfd p = { fd, POLLIN, 0 };

    return poll(&p, 1, ms) > 0;
}

/* ---- what the guest does: each false when the network does not let it ---- */

static bool do_udp(struct guest *g)
{
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    u16 port, back;
    u8 bytes[64];
    u32 who;
    int s = host_socket(SOCK_DGRAM, &port);
    bool good = false;

    guest_udp(g, RIG_HOST, port, 4000, "there", 5);
    if (readable(s, SOON_MS * 4) &&
        recvfrom(s, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &len) == 5 &&
        !memcmp(bytes, "there", 5)) {
        sendto(s, "and back", 8, 0, (struct sockaddr *)&from, len);
        good = guest_udp_got(g, 4000, bytes, sizeof bytes, &who, &back, SOON_MS * 4) == 8 &&
               !memcmp(bytes, "and back", 8) && who == RIG_HOST && back == port;
    }
    close(s);
    return good;
}

static u8 pattern(unsigned i)
{
    return (u8)(i * 7 + (i >> 8));
}

/* So much to the host, by the guest's connection. */
static bool upload(struct guest *g, struct guest_tcp *t, int s, unsigned bytes)
{
    u8 out[RIG_MSS], in[RIG_MSS];
    const u8 *data;

    for (unsigned done = 0; done < bytes; done += RIG_MSS) {
        for (unsigned i = 0; i < RIG_MSS; i++)
            out[i] = pattern(done + i);
        guest_tcp_put(g, t, RIG_PSH | RIG_ACK, out, RIG_MSS);
        for (unsigned got = 0; got < RIG_MSS;) {
            ssize_t n = readable(s, SOON_MS * 4) ? recv(s, in, RIG_MSS - got, 0) : -1;

            if (n <= 0 || memcmp(in, out + got, (size_t)n) != 0)
                return false;
            got += (unsigned)n;
        }
        while (guest_tcp_got(g, t, &data, 0) >= 0) /* acknowledgements */
            ;
    }
    return true;
}

static bool download(struct guest *g, struct guest_tcp *t, int s, unsigned bytes)
{
    u8 *all = malloc(bytes);
    unsigned sent = 0, got = 0;
    bool good = true;

    assert_non_null(all);
    for (unsigned i = 0; i < bytes; i++)
        all[i] = pattern(i);
    while (got < bytes && good) {
        const u8 *data;
        ssize_t n = sent < bytes ? send(s, all + sent, bytes - sent, MSG_DONTWAIT) : 0;
        int len;

        sent += n > 0 ? (unsigned)n : 0;
        len = guest_tcp_got(g, t, &data, SOON_MS * 4);
        good = len >= 0 && got + (unsigned)len <= bytes && !memcmp(data, all + got, (size_t)len);
        got += len > 0 ? (unsigned)len : 0;
    }
    free(all);
    return good && got == bytes;
}

static bool await_end(struct guest *g, struct guest_tcp *t)
{
    const u8 *data;

    while (!t->ended && guest_tcp_got(g, t, &data, SOON_MS * 4) >= 0)
        ;
    return t->ended;
}

/* The guest ends first, with `first`; else the host. */
static bool do_tcp_ending(struct guest *g, u16 from, bool first)
{
    struct guest_tcp t;
    u16 port;
    int listening = host_socket(SOCK_STREAM, &port), s = -1;
    bool good;
    u8 c;

    good = guest_connect(g, &t, RIG_HOST, port, from, SOON_MS * 4) &&
           readable(listening, SOON_MS * 4) && (s = accept(listening, NULL, NULL)) >= 0 &&
           upload(g, &t, s, 40 * RIG_MSS) && download(g, &t, s, 100000);
    if (good && first) {
        guest_tcp_put(g, &t, RIG_FIN | RIG_ACK, NULL, 0);
        good = readable(s, SOON_MS * 4) && recv(s, &c, 1, 0) == 0;
        close(s);
        s = -1;
        good = good && await_end(g, &t);
    } else if (good) {
        shutdown(s, SHUT_WR);
        good = await_end(g, &t);
        guest_tcp_put(g, &t, RIG_FIN | RIG_ACK, NULL, 0);
        good = good && readable(s, SOON_MS * 4) && recv(s, &c, 1, 0) == 0;
    }
    if (s >= 0)
        close(s);
    close(listening);
    return good;
}

static bool do_tcp(struct guest *g)
{
    return do_tcp_ending(g, 5000, true) && do_tcp_ending(g, 5001, false);
}

/* Nobody listens there: the guest is told. */
static bool do_refused(struct guest *g)
{
    struct guest_tcp t;

    return !guest_connect(g, &t, RIG_HOST, free_port(SOCK_STREAM), 5002, SOON_MS * 4) && t.reset;
}

static bool do_forwarded_tcp(struct guest *g, u16 host_port)
{
    int s = host_connect(SOCK_STREAM, host_port);
    struct guest_tcp t;
    bool good = guest_accept(g, &t, 22, SOON_MS * 4) && download(g, &t, s, 20000) &&
                upload(g, &t, s, 5 * RIG_MSS);

    close(s);
    return good && await_end(g, &t);
}

static bool do_forwarded_udp(struct guest *g, u16 host_port)
{
    int s = host_connect(SOCK_DGRAM, host_port);
    u8 bytes[64];
    u32 who;
    u16 port;
    bool good = send(s, "knock", 5, 0) == 5 &&
                guest_udp_got(g, 53, bytes, sizeof bytes, &who, &port, SOON_MS * 4) == 5 &&
                !memcmp(bytes, "knock", 5);

    if (good)
        guest_udp(g, who, port, 53, "who", 3);
    good = good && readable(s, SOON_MS * 4) && recv(s, bytes, sizeof bytes, 0) == 3;
    close(s);
    return good;
}

/* ---- what a guest gets ---- */

static void an_address(void **state)
{
    u8 message[600];
    struct net n;
    int len;

    (void)state;
    assert_true(net_begin(&n, "mtu=1400", USERNET_ALL));
    assert_true(guest_dhcp(&n.guest, message, &len, PATIENCE_MS));
    assert_int_equal(n.guest.ip, RIG_GUEST);
    assert_int_equal(rig_get(rig_dhcp_option(message, len, 1), 4), 0xffffff00);
    assert_int_equal(rig_get(rig_dhcp_option(message, len, 3), 4), RIG_HOST);
    assert_int_equal(rig_get(rig_dhcp_option(message, len, 6), 4), RIG_NAMES);
    assert_true(guest_ping(&n.guest, RIG_HOST, PATIENCE_MS));
    assert_true(guest_arp(&n.guest, RIG_NAMES, PATIENCE_MS));
    assert_false(guest_arp(&n.guest, RIG_HOST + 50, SOON_MS));
    net_must_end(&n);
}

static void connections(void **state)
{
    struct net n;

    (void)state;
    net_start(&n, "mtu=1500");
    assert_true(do_udp(&n.guest));
    assert_true(do_tcp(&n.guest));
    assert_true(do_refused(&n.guest));
    net_must_end(&n);
}

static void forwarded(void **state)
{
    u16 tcp = free_port(SOCK_STREAM), udp = free_port(SOCK_DGRAM);
    char words[200];
    struct net n;

    (void)state;
    snprintf(words, sizeof words, "forward=tcp:127.0.0.1:%u:22 forward=udp:127.0.0.1:%u:53", tcp,
             udp);
    net_start(&n, words);
    assert_true(do_forwarded_tcp(&n.guest, tcp));
    assert_true(do_forwarded_udp(&n.guest, udp));
    net_must_end(&n);
}

/* The name server that dns= names, at 10.0.2.3; in a network of the test's own, since it is
 * port 53.
 */
static int with_name_server(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons(53),
                             .sin_addr.s_addr = htonl(0x7f000001) };
    struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    socklen_t len = sizeof a;
    u8 bytes[64];
    u32 who;
    u16 port;
    struct net n;
    int s;

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
        return SKIPPED;
    s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (ioctl(s, SIOCSIFFLAGS, &r) || bind(s, (struct sockaddr *)&a, len))
        return SKIPPED;
    net_start(&n, "dns=127.0.0.1");
    for (unsigned i = 0; i < 2; i++) { /* the second time, libslirp looks whether the file is new */
        guest_udp(&n.guest, RIG_NAMES, 53, 6000, "name?", 5);
        assert_true(readable(s, PATIENCE_MS));
        assert_int_equal(recvfrom(s, bytes, sizeof bytes, 0, (struct sockaddr *)&a, &len), 5);
        assert_int_equal(sendto(s, "name!!", 6, 0, (struct sockaddr *)&a, len), 6);
        assert_int_equal(
            guest_udp_got(&n.guest, 6000, bytes, sizeof bytes, &who, &port, PATIENCE_MS), 6);
        assert_int_equal(who, RIG_NAMES);
    }
    net_must_end(&n);
    return 0;
}

static void names(void **state)
{
    pid_t child;
    int status;

    (void)state;
    fflush(NULL);
    child = fork();
    if (!child)
        _exit(with_name_server());
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
        puts("no network of the test's own here");
        skip();
    }
    assert_int_equal(status, 0);
}

/* ---- what it does not get ---- */

static void restricted(void **state)
{
    u16 tcp = free_port(SOCK_STREAM);
    struct guest_tcp t;
    char words[200];
    struct net n;
    u16 port;
    int s = host_socket(SOCK_STREAM, &port);

    (void)state;
    snprintf(words, sizeof words, "restrict=on forward=tcp:127.0.0.1:%u:22", tcp);
    net_start(&n, words);
    assert_false(guest_connect(&n.guest, &t, RIG_HOST, port, 5000, SOON_MS));
    assert_false(readable(s, 0));
    assert_true(do_forwarded_tcp(&n.guest, tcp));
    net_must_end(&n);
    close(s);
}

/* By no name does it get at the host's loopback. */
static void no_host(void **state)
{
    static const u32 ways[] = { RIG_HOST, 0x7f000001, 0x7f010203, 0 };
    struct guest_tcp t;
    struct net n;
    u16 port;
    int s = host_socket(SOCK_STREAM, &port);

    (void)state;
    net_start(&n, "host=off");
    for (unsigned i = 0; i < ARRAY_SIZE(ways); i++)
        assert_false(guest_connect(&n.guest, &t, ways[i], port, (u16)(5000 + i), SOON_MS));
    assert_false(readable(s, 0));
    assert_true(guest_ping(&n.guest, RIG_HOST, PATIENCE_MS));
    net_must_end(&n);
    close(s);
}

/* ---- what it can make the process hold ---- */

static unsigned long long data_kb(pid_t pid)
{
    char path[60], line[200];
    unsigned long long kb = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    f = fdopen(open(path, O_RDONLY | O_CLOEXEC), "r");
    while (f && fgets(line, sizeof line, f))
        sscanf(line, "VmData: %llu", &kb);
    if (f)
        fclose(f);
    return kb;
}

/* More connections than the process has descriptors: those that were there go on, and so does the
 * rest of the network. */
static void many_connections(void **state)
{
    struct guest_tcp first, t;
    struct net n;
    u16 port;
    int listening = host_socket(SOCK_STREAM, &port), s;

    (void)state;
    net_start(&n, "mtu=65520");
    assert_true(guest_connect(&n.guest, &first, RIG_HOST, port, 5000, PATIENCE_MS));
    assert_true((s = accept(listening, NULL, NULL)) >= 0);
    for (unsigned i = 0; i < 1500; i++) {
        t = (struct guest_tcp) { .ip = RIG_HOST, .port = port, .from = (u16)(10000 + i) };
        guest_tcp_put(&n.guest, &t, RIG_SYN, NULL, 0);
        while (guest_next(&n.guest, 0))
            ;
    }
    assert_true(guest_ping(&n.guest, RIG_HOST, PATIENCE_MS));
    assert_true(upload(&n.guest, &first, s, 10 * RIG_MSS));
    assert_false(n.guest.gone);
    net_must_end(&n);
    close(s);
    close(listening);
}

/* First parts of packets whose rest never comes: held for a while, and not for ever more. */
static void endless_fragments(void **state)
{
    enum { BYTES = 60000, COUNT = 12000 }; /* 720 MB */
    unsigned long long before, most = 0;
    u8 *f = calloc(1, BYTES + 34), *ip = f + 14;
    char said[200];
    struct net n;

    (void)state;
    assert_non_null(f);
    net_start(&n, "mtu=65520");
    before = data_kb(n.process);
    memcpy(f, n.guest.router, 6);
    memcpy(f + 6, rig_mac, 6);
    f[12] = 8;
    for (unsigned i = 0; i < COUNT && !n.guest.gone; i++) {
        memset(ip, 0, 20);
        ip[0] = 0x45;
        rig_be(ip + 2, BYTES + 20, 2);
        rig_be(ip + 4, i, 2);
        ip[6] = 0x20; /* more of it comes */
        ip[8] = 64;
        ip[9] = 17;
        rig_be(ip + 12, RIG_GUEST, 4);
        rig_be(ip + 16, 0x08080808, 4);
        rig_be(ip + 10, ~rig_sum(ip, 20, 0), 2);
        guest_put(&n.guest, f, BYTES + 34);
        if (i % 50 == 0 && data_kb(n.process) > most)
            most = data_kb(n.process);
    }
    free(f);
    net_end(&n, said, sizeof said); /* it may have come to its bound, and ended */
    print_message("data grew by %llu KiB\n", most - before);
    assert_true(before && most > before + (10 << 10) &&
                most - before <= (USERNET_MEMORY >> 10) + 1024u);
}

/* ---- the program ---- */

/* Starts it as host/net/user.c does; what it says, and its process, which becomes ours. */
static pid_t program_start(const char *words[], int *frames, char *said, size_t room)
{
    int fds[2], ready[2], status;
    ssize_t len;
    char path[PATH_MAX], child_path[100], children[100] = "";
    const char *argv[10] = { "mews-usernet" };
    pid_t first;
    FILE *f;

    snprintf(path, sizeof path, "%s/mews-usernet", getenv("MEWS_BUILD"));
    for (unsigned i = 0; words[i]; i++)
        argv[i + 1] = words[i];
    fflush(NULL);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    first = fork();
    if (!first) {
        int stray = open("/dev/null", O_RDONLY); /* it takes nothing along that it was not given */

        dup2(fcntl(fds[1], F_DUPFD, 20), 3);
        dup2(fcntl(ready[1], F_DUPFD, 20), 4);
        dup2(stray, 9);
        execv(path, (char **)argv);
        _exit(127);
    }
    close(fds[1]);
    close(ready[1]);
    len = read(ready[0], said, room - 1);
    said[len > 0 ? len : 0] = 0;
    close(ready[0]);
    assert_int_equal(waitpid(first, &status, 0), first);
    assert_int_equal(status, 0);
    *frames = fds[0];
    snprintf(child_path, sizeof child_path, "/proc/self/task/%d/children", (int)getpid());
    f = fdopen(open(child_path, O_RDONLY | O_CLOEXEC), "r");
    if (f && !fgets(children, sizeof children, f))
        children[0] = 0;
    if (f)
        fclose(f);
    children[strcspn(children, "\n")] = 0;
    for (size_t end = strlen(children); end && children[end - 1] == ' ';)
        children[--end] = 0; /* the last one is the newest */
    return (pid_t)atoi(strrchr(children, ' ') ? strrchr(children, ' ') : children);
}

static void status_line(pid_t pid, const char *name, char *value, size_t room)
{
    char path[60], line[300];
    size_t len = strlen(name);
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    f = fdopen(open(path, O_RDONLY | O_CLOEXEC), "r");
    assert_non_null(f);
    value[0] = 0;
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, name, len) && line[len] == ':')
            snprintf(value, room, "%s", line + len + 2);
    fclose(f);
    value[strcspn(value, "\n")] = 0;
}

static unsigned descriptors(pid_t pid, char *all, size_t room)
{
    char path[60];
    unsigned count = 0;
    struct dirent *d;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    dir = opendir(path);
    assert_non_null(dir);
    all[0] = 0;
    while ((d = readdir(dir)))
        if (d->d_name[0] != '.') {
            snprintf(all + strlen(all), room - strlen(all), "%s ", d->d_name);
            count++;
        }
    closedir(dir);
    return count;
}

static void what_it_holds(void **state)
{
    const char *words[] = { "mtu=1500", NULL };
    struct guest g = { 0 };
    char said[200], text[200];
    u8 message[600];
    int len, status;
    pid_t pid;

    (void)state;
    pid = program_start(words, &g.fd, said, sizeof said);
    assert_string_equal(said, "ready\n");
    assert_true(pid > 0);
    assert_true(guest_dhcp(&g, message, &len, PATIENCE_MS));
    status_line(pid, "Seccomp", text, sizeof text);
    assert_string_equal(text, "2");
    status_line(pid, "NoNewPrivs", text, sizeof text);
    assert_string_equal(text, "1");
    status_line(pid, "CapEff", text, sizeof text);
    assert_string_equal(text, "0000000000000000");
    status_line(pid, "Threads", text, sizeof text);
    assert_string_equal(text, "1");
    descriptors(pid, text, sizeof text);
    if (descriptors(pid, text, sizeof text) != 4) /* null, null, errors, frames */
        fail_msg("descriptors %s", text);
    close(g.fd);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void what_it_cannot_have(void **state)
{
    char said[300], word[60];
    const char *words[] = { word, NULL };
    int frames, status;
    pid_t pid;
    u16 port;
    int s = host_socket(SOCK_STREAM, &port);

    (void)state;
    snprintf(word, sizeof word, "forward=tcp:127.0.0.1:%u:22", port);
    pid = program_start(words, &frames, said, sizeof said);
    assert_non_null(strstr(said, word));
    assert_non_null(strstr(said, "in use"));
    close(frames);
    if (pid)
        waitpid(pid, &status, 0);
    snprintf(word, sizeof word, "mtu=1");
    pid = program_start(words, &frames, said, sizeof said);
    assert_non_null(strstr(said, "'mtu=1'"));
    close(frames);
    if (pid)
        waitpid(pid, &status, 0);
    close(s);
}

/* ---- the list ---- */

static void nap(void)
{
    usleep(60000);
}

/* Job control, or a debugger, stops the process while it waits. */
static void stop_and_go(struct net *n)
{
    nap();
    kill(n->process, SIGSTOP);
    nap();
    kill(n->process, SIGCONT);
    nap();
}

static bool to_ipv6(struct guest *g)
{
    /* UDP from fd00:6d65:7773::15 to ::1:53 of another network */
    u8 f[14 + 40 + 12] = { 0x52, 0x55, 10, 0, 2, 2 }, *ip = f + 14;
    u32 sum;

    memcpy(f + 6, rig_mac, 6);
    memcpy(f + 12, "\x86\xdd\x60", 3);
    rig_be(ip + 4, 12, 2);
    ip[6] = 17;
    ip[7] = 64;
    memcpy(ip + 8, "\xfd\0\x6d\x65\x77\x73\0\0\0\0\0\0\0\0\0\x15", 16);
    memcpy(ip + 24, "\xfd\0\x6d\x65\x77\x73\0\0\0\0\0\0\0\0\0\2", 16);
    rig_be(ip + 40, 7000, 2);
    rig_be(ip + 42, 9, 2);
    rig_be(ip + 44, 12, 2);
    memcpy(ip + 48, "six!", 4);
    sum = rig_sum(ip + 8, 32, 12 + 17);
    sum = rig_sum(ip + 40, 12, sum);
    rig_be(ip + 46, ~sum, 2);
    guest_put(g, f, sizeof f);
    return true;
}

/* An echo request for another host; by ICMPv6 if `six`. Whether it is answered is the host's. */
static void ping_beyond(struct guest *g, bool six)
{
    u8 f[14 + 40 + 16] = { 0x52, 0x55, 10, 0, 2, 2 }, *ip = f + 14;

    if (!six) {
        guest_ping(g, 0x08080808, 50);
        return;
    }
    memcpy(f + 6, rig_mac, 6);
    memcpy(f + 12, "\x86\xdd\x60", 3);
    rig_be(ip + 4, 16, 2);
    ip[6] = 58;
    ip[7] = 64;
    memcpy(ip + 8, "\xfd\0\x6d\x65\x77\x73\0\0\0\0\0\0\0\0\0\x15", 16);
    memcpy(ip + 24, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    ip[40] = 128;
    rig_be(ip + 42, ~rig_sum(ip + 40, 16, rig_sum(ip + 8, 32, 16 + 58)), 2);
    guest_put(g, f, sizeof f);
    nap();
}

/* A guest that is done with many connections at once: what was held is given back. */
static void hold_and_let_go(struct guest *g)
{
    enum { COUNT = 60 };
    struct guest_tcp t[COUNT];
    int s[COUNT], listening;
    u16 port;

    listening = host_socket(SOCK_STREAM, &port);
    for (unsigned i = 0; i < COUNT; i++) {
        s[i] = -1;
        if (guest_connect(g, &t[i], RIG_HOST, port, (u16)(20000 + i), SOON_MS) &&
            readable(listening, SOON_MS))
            s[i] = accept(listening, NULL, NULL);
    }
    for (unsigned i = 0; i < COUNT && !g->gone; i++)
        if (s[i] >= 0)
            upload(g, &t[i], s[i], RIG_MSS);
    for (unsigned i = 0; i < COUNT; i++)
        if (s[i] >= 0) {
            close(s[i]);
            guest_tcp_put(g, &t[i], RIG_RST, NULL, 0);
        }
    nap();
    close(listening);
}

/* A whole life; its wait status. *failed: what the guest could not do, NULL: it could do all. */
static int live(unsigned left_out, char *said, size_t room, const char **failed)
{
    u16 tcp = free_port(SOCK_STREAM), udp = free_port(SOCK_DGRAM);
    u8 message[600];
    char words[200];
    struct net n;
    int len;

    *failed = "start";
    snprintf(words, sizeof words,
             "mtu=1500 forward=tcp:127.0.0.1:%u:22 forward=udp:127.0.0.1:%u:53 dns=127.0.0.1", tcp,
             udp);
    if (net_begin(&n, words, left_out)) {
        stop_and_go(&n);
        *failed = !guest_dhcp(&n.guest, message, &len, SOON_MS * 4) ? "dhcp"
                  : !do_udp(&n.guest)                               ? "udp"
                  : !do_tcp(&n.guest)                               ? "tcp"
                  : !do_refused(&n.guest)                           ? "refused"
                  : !do_forwarded_tcp(&n.guest, tcp)                ? "forwarded tcp"
                  : !do_forwarded_udp(&n.guest, udp)                ? "forwarded udp"
                                                                    : NULL;
        if (!*failed) {
            ping_beyond(&n.guest, false);
            ping_beyond(&n.guest, true);
            to_ipv6(&n.guest);
            hold_and_let_go(&n.guest);
        }
        nap();
    }
    return net_end(&n, said, room);
}

static void whole(void **state)
{
    const char *failed;
    char said[400];
    int status;

    (void)state;
    status = live(USERNET_ALL, said, sizeof said, &failed);
    if (status || said[0] || failed)
        fail_msg("status %x, %s: %s", (unsigned)status, failed ? failed : "all", said);
}

static bool by_the_build(const char *name)
{
    for (unsigned i = 0; i < jail_build_call_count; i++)
        if (!strcmp(jail_build_calls[i], name))
            return true;
    return false;
}

static bool strip(unsigned i)
{
    const struct mews_host_call *r = &usernet_rules[i].rule;
    char said[400], wanted[100];
    const char *failed;
    int status;

    if (r->elsewhere || by_the_build(r->name)) {
        print_message("%s: %s\n", r->name, r->elsewhere ? r->elsewhere : "this build's");
        return true;
    }
    status = live(i, said, sizeof said, &failed);
    snprintf(wanted, sizeof wanted, "the sandbox refused the system call %s\n", r->name);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS &&
        (!strcmp(r->name, "write") || !strcmp(r->name, "exit_group")))
        return true; /* the handler makes it too */
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1 && strstr(said, wanted))
        return true;
    print_error("without %s (%#llx): status %x, %s failed, %s\n", r->name,
                (unsigned long long)r->value, (unsigned)status, failed ? failed : "nothing", said);
    return false;
}

static void each(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (unsigned i = 0; i < usernet_rule_count; i++)
        bad += !strip(i);
    assert_int_equal(bad, 0);
}

/* What a sanitizer keeps of freed memory would be within the process's bounds. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=8";
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address),
        cmocka_unit_test(connections),
        cmocka_unit_test(forwarded),
        cmocka_unit_test(names),
        cmocka_unit_test(restricted),
        cmocka_unit_test(no_host),
        cmocka_unit_test(many_connections),
        cmocka_unit_test(endless_fragments),
        cmocka_unit_test(what_it_holds),
        cmocka_unit_test(what_it_cannot_have),
        cmocka_unit_test(whole),
        cmocka_unit_test(each),
    };

    if (!getenv("MEWS_BUILD")) {
        puts("skipped: MEWS_BUILD does not name the build directory");
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
