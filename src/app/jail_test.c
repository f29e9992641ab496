/* Machines live whole lives in their jail; then again without one rule of one thread's list after
 * the other, and each time a call of that name ends one of them, and is named.
 *
 * usage: jail_test [FIRST [LAST]]      of the rules, by the numbers that it prints */
#include "app/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 30, SCREEN_BYTES = 2 * 256 * 240 * 4, LOG_BYTES = 40 << 10, NOT_OPENED = 2 };

static char base[] = "/tmp/mews-jail.XXXXXX";

struct life {
    pid_t process;
    int sock, number;
    int other;  /* a second one, which does not read; -1: there is none */
    int frames; /* the other end of the machine's link */
    bool over;  /* the monitor does not answer any more */
};

/* What a machine is made of, and how it lives. Paths are in the directory of the test. */
struct plan {
    const char *thing;
    void (*live)(struct life *l);
    bool shares; /* a directory, and has battery RAM */
    bool sounds; /* to a file, and stands still for gdb at first */
    bool kvm;
    const char *settings[6], *disks[4], *args[3]; /* the rest is NULL */
    bool linked;                                  /* by a descriptor, and by a cable */
};

/* ---- the monitor: what cmd_run.c does ---- */

static int open_machine(const struct plan *p, int link, struct mews **out, struct mews_error *e)
{
    char thing[PATH_MAX], fd[20];
    const char *const nets[] = { fd, "link=cable", NULL };
    struct mews_options o = { .size = sizeof o,
                              .saves = p->shares ? base : NULL,
                              .share = p->shares ? base : NULL,
                              .settings = p->settings,
                              .args = p->args,
                              .disks = p->disks,
                              .nets = p->linked ? nets : NULL };

    snprintf(fd, sizeof fd, "fd=%d", link);
    snprintf(thing, sizeof thing, "%s/%s", getenv("MEWS_GUESTS"), p->thing);
    return mews_open(thing, &o, out, e);
}

static int monitor(const struct plan *p, const struct jail *without, int link, int ready)
{
    struct sandbox s = { .on = true };
    struct mews_control_options c = { .size = sizeof c,
                                      .name = "m",
                                      .keep = true,
                                      .own_output = true,
                                      .opened = sandbox_enter,
                                      .ctx = &s,
                                      .gdb = p->sounds ? "m.gdb" : NULL };
    const char *paths[KEEPER_FILES] = { [KEEPER_SNAPSHOT] = "end.snap" };
    struct mews_stop_info info;
    struct mews_error e;
    struct mews *m;

    /* Large buffers are mapped, as glibc does until a larger one has been freed. */
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    if (open_machine(p, link, &m, &e) || (!p->kvm && mews_record(m, "record", &e)) ||
        (p->sounds && mews_record_sound(m, "sound.wav", &e)) ||
        sandbox_begin(&s, m, p->shares ? base : NULL, paths, &e)) {
        fprintf(stderr, "%s\n", e.text);
        return NOT_OPENED;
    }
    s.jail.left_out = without->left_out;
    if (mews_control(m, &c, &e) || sandbox_close(&s, m, &e)) {
        fprintf(stderr, "%s\n", e.text);
        return 3;
    }
    close(ready);
    mews_serve(m, &info);
    if (sandbox_snapshot(&s, m, &e))
        return 4;
    mews_close(m);
    return 0;
}

static void asked_to_end(int n)
{
    (void)n; /* as cmd_run.c's, it only interrupts */
}

static void start(struct life *l, const struct plan *p, const struct jail *without)
{
    int ends[2], frames[2];
    char c;

    *l = (struct life) { .sock = -1, .other = -1 };
    unlink("over.img"); /* each life has its own */
    fflush(NULL);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, frames),
                     0);
    l->process = fork();
    assert_true(l->process >= 0);
    if (!l->process) {
        int quiet = open("/dev/null", O_RDWR);

        dup2(quiet, 1);
        dup2(quiet, 2);
        close(ends[0]);
        close(frames[0]);
        signal(SIGHUP, asked_to_end);
        exit(monitor(p, without, frames[1], ends[1]));
    }
    close(ends[1]);
    close(frames[1]);
    l->frames = frames[0];
    l->over = read(ends[0], &c, 1) != 0;
    close(ends[0]);
}

/* The last bytes of a file in the run directory, behind what is in the text. */
static void read_left(const char *name, char *text, size_t room)
{
    size_t used = strlen(text);
    char path[PATH_MAX];
    struct stat st;
    ssize_t n = 0;
    int fd;

    snprintf(path, sizeof path, "%s/mews/m/%s", base, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && !fstat(fd, &st))
        n = pread(fd, text + used, room - used - 1,
                  st.st_size > (off_t)(room - used - 1) ? st.st_size - (off_t)(room - used - 1)
                                                        : 0);
    close(fd);
    text[used + (size_t)(n > 0 ? n : 0)] = 0;
}

/* How it ended: the text that it has left, and the end of its log; and its wait status. */
static int finish(struct life *l, char *text, size_t room)
{
    int status;

    close(l->sock);
    for (unsigned ms = 0; !waitpid(l->process, &status, WNOHANG); ms += 10) {
        if (ms > PATIENCE_S * 1000)
            kill(l->process, SIGKILL);
        usleep(10000);
    }
    if (l->other >= 0)
        close(l->other);
    close(l->frames);
    text[0] = 0;
    read_left("status", text, room / 2);
    read_left("log", text, room);
    return status;
}

static void forget(void)
{
    struct mews_error e;

    mews_forget("m", &e);
}

/* ---- a client, which speaks the protocol itself ---- */

static int connect_to(struct life *l)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    struct timeval t = { .tv_sec = PATIENCE_S };
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(a.sun_path, sizeof a.sun_path, "%s/mews/m/control.sock", base);
    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    if (connect(sock, (struct sockaddr *)&a, sizeof a))
        l->over = true;
    return sock;
}

static void put(struct life *l, int sock, const char *text, size_t len, int fd)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = { 0 };
    struct iovec iov = { (char *)text, len };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
    struct cmsghdr *c = (struct cmsghdr *)control;

    if (fd >= 0) {
        m.msg_control = control;
        m.msg_controllen = sizeof control;
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    while (iov.iov_len && !l->over) {
        ssize_t n = sendmsg(sock, &m, MSG_NOSIGNAL);

        l->over = n < 0;
        iov.iov_base = (char *)iov.iov_base + (n > 0 ? n : 0);
        iov.iov_len -= (size_t)(n > 0 ? n : 0);
        m.msg_control = NULL;
        m.msg_controllen = 0;
    }
}

/* The answer to the last request: a byte at a time, for what is behind it is left for the next.
 * Other lines are notifications. */
static void get(struct life *l, int sock)
{
    static char line[1 << 20];
    bool found = false;
    char wanted[2][24];

    snprintf(wanted[0], sizeof wanted[0], "\"id\":%d,", l->number);
    snprintf(wanted[1], sizeof wanted[1], "\"id\":%d}", l->number);
    while (!found && !l->over) {
        size_t n = 0;
        char c = 0;

        while (c != '\n' && !l->over) {
            l->over = recv(sock, &c, 1, 0) != 1;
            if (n < sizeof line - 1)
                line[n++] = c;
        }
        line[n] = 0;
        found = strstr(line, wanted[0]) || strstr(line, wanted[1]);
    }
}

static void request(struct life *l, int sock, const char *method, const char *params, int fd)
{
    size_t room = strlen(params) + 200;
    char *line = malloc(room);
    int len = snprintf(line, room,
                       "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\",\"params\":%s%s}\n",
                       ++l->number, method, params, fd >= 0 ? ",\"fds\":1" : "");

    put(l, sock, line, (size_t)len, fd);
    free(line);
}

static void ask_with(struct life *l, const char *method, const char *params, int fd)
{
    if (l->over)
        return;
    request(l, l->sock, method, params, fd);
    get(l, l->sock);
}

static void ask(struct life *l, const char *method, const char *params)
{
    ask_with(l, method, params, -1);
}

static int memory(off_t bytes)
{
    int fd = memfd_create("jail-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_true(fd >= 0 && !ftruncate(fd, bytes));
    return fd;
}

static void hello(struct life *l)
{
    l->sock = connect_to(l);
    ask(l, "hello", "{\"protocol\":1}");
}

/* ---- lives ---- */

static void nap(void)
{
    usleep(60000);
}

/* Job control, or a debugger, stops the process while it waits. */
static void stop_and_go(struct life *l)
{
    if (l->over)
        return;
    nap();
    kill(l->process, SIGSTOP);
    nap();
    kill(l->process, SIGCONT);
    nap();
}

/* Asks, and says that it will ask no more, while the machine stands still. */
static void ask_and_hang_up(struct life *l)
{
    int sock = connect_to(l);

    request(l, sock, "hello", "{\"protocol\":1}", -1);
    get(l, sock);
    request(l, sock, "wait", "{}", -1);
    shutdown(sock, SHUT_WR);
    nap();
    close(sock);
}

/* Fills the log, a piece of input at a time. */
static void fill_log(struct life *l)
{
    char params[2200] = "{\"text\":\"", path[PATH_MAX];
    struct stat st;

    for (unsigned i = 0; i < 500; i++)
        strcat(params, "9\\n");
    strcat(params, "\"}");
    for (unsigned i = 0; i < 60; i++) {
        ask(l, "console.send", params);
        usleep(2000);
    }
    snprintf(path, sizeof path, "%s/mews/m/log", base);
    for (unsigned i = 0; i < 500 && !l->over && !stat(path, &st) && st.st_size < LOG_BYTES; i++)
        usleep(10000);
}

/* Asks for the log again and again and reads nothing, up to the machine's end. */
static void ask_and_wait(struct life *l)
{
    l->other = connect_to(l);
    request(l, l->other, "hello", "{\"protocol\":1}", -1);
    for (unsigned i = 0; i < 30; i++)
        request(l, l->other, "console.log", "{}", -1);
    nap();
}

/* A debugger comes, with a program's symbols. */
static void be_debugged(struct life *l)
{
    enum { SYMBOLS = 500, ROOM = 64 };
    char *params = malloc(SYMBOLS * ROOM);
    size_t n;

    assert_non_null(params);
    n = (size_t)sprintf(params, "{\"symbols\":[[\"main\",512,true]");
    for (unsigned i = 1; i < SYMBOLS; i++)
        n += (size_t)sprintf(params + n, ",[\"symbol%u\",%u,true]", i, (i * 7919) % 60000);
    strcpy(params + n, "]}");
    ask(l, "debug.attach", "{\"rewind_memory\":16000000}");
    ask(l, "debug.symbols", params);
    ask(l, "debug.command", "{\"line\":\"step 100\"}");
    ask(l, "debug.command", "{\"line\":\"reverse-step 3\"}");
    ask(l, "debug.command", "{\"line\":\"symbols\"}");
    ask(l, "trace.start", "{\"events\":\"cpu.step\",\"count\":100}");
    ask(l, "debug.detach", "{}");
    free(params);
}

/* gdb comes by its own socket, and a second one; it has the machine go on. */
static void be_heard_by_gdb(void)
{
    static const char *const packets[] = { "$?#3f", "+$g#67", "+$D#44" };
    struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "m.gdb" };
    struct timeval t = { .tv_sec = 1 };
    int sock[2];
    char text[4096];

    for (unsigned i = 0; i < 2; i++) {
        sock[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        setsockopt(sock[i], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    }
    if (!connect(sock[0], (struct sockaddr *)&a, sizeof a))
        for (unsigned k = 0; k < 3; k++) {
            send(sock[0], packets[k], strlen(packets[k]), MSG_NOSIGNAL);
            if (recv(sock[0], text, sizeof text, 0) <= 0)
                k = 3;
            if (!k && !connect(sock[1], (struct sockaddr *)&a, sizeof a))
                recv(sock[1], text, sizeof text, 0);
        }
    close(sock[0]);
    close(sock[1]);
}

static void live_with_screen(struct life *l)
{
    int screen = memory(SCREEN_BYTES), image = memory(0), more = memory(0), share = memory(0);

    hello(l);
    be_heard_by_gdb();
    ask(l, "status", "{}");
    ask(l, "subscribe", "{\"topics\":[\"state\"],\"log\":true}");
    ask_with(l, "screen.open", "{}", screen);
    ask_with(l, "view.picture", "{\"name\":\"nametables\"}", screen);
    nap();
    ask(l, "machine.stats", "{}");
    ask_with(l, "snapshot.save", "{}", image);
    ask_with(l, "snapshot.save", "{\"incremental\":true}", more);
    ask_with(l, "snapshot.save", "{\"share\":true}", share);
    be_debugged(l);
    ask(l, "input.press", "{\"press\":\"A:3\"}");
    ask_and_hang_up(l);
    stop_and_go(l);
    if (!l->over)
        kill(l->process, SIGHUP);
    nap();
    ask(l, "stop", "{}");
    close(screen);
    close(image);
    close(more);
    close(share);
}

/* As if the process itself had said so much that the log is cut when more comes. */
static void swell_log(void)
{
    static char text[2 << 20];
    char path[PATH_MAX];
    int fd;

    memset(text, '\n', sizeof text);
    snprintf(path, sizeof path, "%s/mews/m/log", base);
    fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    (void)!write(fd, text, sizeof text);
    close(fd);
}

static void live_with_console(struct life *l)
{
    hello(l);
    swell_log();
    nap();
    ask(l, "console.send", "{\"text\":\"1+2\\n\"}");
    stop_and_go(l);
    fill_log(l);
    nap();
    ask_and_wait(l);
    ask(l, "stop", "{}");
}

/* The words of a debugger that no kind refuses, and a look at what was done. */
static void be_stepped(struct life *l)
{
    static const char *const lines[] = {
        "step 3",    "break pc",    "continue", "delete",
        "registers", "set rax=5",   "where",    "set cpuid.tsc_khz=5",
        "watch rsp", "x /70000 pc", "delete",
    };
    char params[100];

    ask(l, "debug.attach", "{}");
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(params, sizeof params, "{\"line\":\"%s\"}", lines[i]);
        ask(l, "debug.command", params);
    }
    ask(l, "trace.start", "{\"events\":\"cpu.step\",\"count\":20000}");
    ask(l, "debug.detach", "{}");
    nap();
}

static void save_twice(struct life *l)
{
    int image = memory(0), more = memory(0);

    ask_with(l, "snapshot.save", "{}", image);
    nap();
    ask_with(l, "snapshot.save", "{\"incremental\":true}", more);
    close(image);
    close(more);
}

static void live_on_one_vcpu(struct life *l)
{
    hello(l);
    ask(l, "console.send", "{\"text\":\"1+2\\n\"}");
    save_twice(l);
    be_stepped(l);
    stop_and_go(l);
    if (!l->over)
        kill(l->process, SIGHUP);
    nap();
    ask(l, "stop", "{}");
}

/* Comes in at the door of the cable, says what it hears there, and has a frame. */
static int come_in(void)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "cable/a" };
    struct timeval t = { .tv_sec = 1 };
    int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    char hello[64];
    ssize_t n;

    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    if (connect(sock, (struct sockaddr *)&a, sizeof a) ||
        (n = recv(sock, hello, sizeof hello, 0)) <= 0)
        return sock;
    send(sock, hello, (size_t)n, MSG_NOSIGNAL);
    recv(sock, hello, sizeof hello, 0);
    return sock;
}

/* Of the guest's, which then asks for the rest. */
static const char *more_than_a_buffer(void)
{
    static char params[6100];

    memset(params, 'a', 6000);
    memcpy(params, "{\"text\":\"", 9);
    strcpy(params + 6000, "\"}");
    return params;
}

static void live_with_devices(struct life *l)
{
    static const char frame[60] = { 0 };
    int in;

    hello(l);
    in = come_in();
    for (unsigned i = 0; i < 20; i++)
        send(l->frames, frame, sizeof frame, MSG_NOSIGNAL);
    ask(l, "console.send", more_than_a_buffer());
    nap();
    close(in); /* and another one comes */
    in = come_in();
    save_twice(l);
    ask(l, "machine.stats", "{}");
    be_stepped(l);
    ask(l, "machine.reset", "{}");
    ask(l, "machine.power", "{}");
    stop_and_go(l);
    close(in);
    nap();
    ask(l, "stop", "{}");
}

/* Copies a file, in the directory that it shares, and ends. */
static void live_with_files(struct life *l)
{
    (void)l;
}

static const struct plan plans[] = {
    { .thing = "nes/hawk/hawk.nes", .live = live_with_screen, .shares = true, .sounds = true },
    { .thing = "c6502/calc.hk", .live = live_with_console, .shares = true },
    { .thing = "c6502/copy.hk",
      .live = live_with_files,
      .shares = true,
      .args = { "base.img", "copy.img" } },
    { .thing = "x86/echo64.elf",
      .live = live_on_one_vcpu,
      .kvm = true,
      .settings = { "memory=4" } },
    { .thing = "x86/devices.elf",
      .live = live_with_devices,
      .kvm = true,
      .settings = { "memory=8" },
      .disks = { "raw.img" },
      .linked = true },
    { .thing = "x86/devices.elf",
      .live = live_with_devices,
      .kvm = true,
      .settings = { "memory=8", "notify=exit", "cpus=2", "console=virtio" },
      .disks = { "large.img,overlay=tmp", "base.img,overlay=over.img,iops=30", "raw.img" },
      .linked = true },
};
enum { PLANS = sizeof plans / sizeof *plans, RULES_MAX = 250, TRIES = 3 };

static bool have_kvm(void)
{
    return !access("/dev/kvm", R_OK | W_OK);
}

static bool can_live(const struct plan *p)
{
    return !p->kvm || have_kvm();
}

/* A life: its wait status, and its last words. */
static int live_once(const struct plan *p, const struct jail *without, char *text, size_t room)
{
    int status;
    struct life l;

    start(&l, p, without);
    p->live(&l);
    status = finish(&l, text, room);
    forget();
    return status;
}

/* A ring that is on its way out may hold a disk for a moment more. */
static int live(const struct plan *p, const struct jail *without, char *text, size_t room)
{
    int status;

    for (unsigned tries = 0; tries < 10; tries++) {
        status = live_once(p, without, text, room);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != NOT_OPENED)
            break;
        nap();
    }
    return status;
}

/* ---- the rules ---- */

struct rule {
    struct mews_host_call call;
    unsigned role;
    unsigned at[PLANS]; /* its number there + 1; 0: it is not among them */
};
static struct rule rules[RULES_MAX];
static unsigned rule_count;

static bool same(const struct rule *r, const struct mews_host_call *c, unsigned role)
{
    return r->role == role && !strcmp(r->call.name, c->name) && r->call.mask == c->mask &&
           r->call.value == c->value && r->call.argument == c->argument;
}

static void note(unsigned plan, const struct mews_host_call *c, unsigned role, unsigned number)
{
    unsigned i = 0;

    while (i < rule_count && !same(&rules[i], c, role))
        i++;
    assert_true(i < RULES_MAX);
    if (i == rule_count)
        rules[rule_count++] = (struct rule) { .call = *c, .role = role };
    if (rules[i].at[plan])
        fail_msg("%s is there twice for one thread", c->name);
    rules[i].at[plan] = number + 1;
}

static void collect(unsigned plan)
{
    const struct jail j = { .share = plans[plan].shares ? base : NULL };
    struct mews_host_call c;
    struct mews_error e;
    int frames[2];
    struct mews *m;

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, frames), 0);
    if (open_machine(&plans[plan], frames[1], &m, &e))
        fail_msg("%s: %s", plans[plan].thing, e.text);
    for (unsigned i = 0; jail_rule_at(&j, m, i, &c); i++)
        for (unsigned role = 1; role <= c.roles; role <<= 1)
            if (c.roles & role)
                note(plan, &c, role, i);
    mews_close(m);
    close(frames[0]);
}

/* ---- the tests ---- */

static void whole(void **state)
{
    char text[4096];

    (void)state;
    for (unsigned i = 0; i < PLANS; i++) {
        int status = can_live(&plans[i]) ? live(&plans[i], &(struct jail) { 0 }, text, sizeof text)
                                         : 0;

        if (can_live(&plans[i]) && (status || !strstr(text, "\"text\":\"\"")))
            fail_msg("%s: status %x: %s", plans[i].thing, (unsigned)status, text);
    }
}

static bool by_the_build(const char *name)
{
    for (unsigned i = 0; i < jail_build_call_count; i++)
        if (!strcmp(jail_build_calls[i], name))
            return true;
    return false;
}

/* The handler makes it too, or it is of a thread that ends and has blocked all signals: the kernel
 * ends the process, perhaps without a word. */
static bool untold(const char *name)
{
    static const char *const names[] = { "pwrite64", "write", "exit_group", "madvise", "exit" };

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static const char *role_name(unsigned role)
{
    static const char *const names[] = { "machine",   "control",   "cpu",
                                         "disk ring", "disk pool", "net" };

    return names[__builtin_ctz(role)];
}

/* What a thread makes whose other call was refused, and its place in the list: the list lacks both.
 */
static bool is_last_word(const struct rule *r)
{
    return (r->role > MEWS_THREAD_CONTROL && !strcmp(r->call.name, "pwrite64")) ||
           (r->role != MEWS_THREAD_MACHINE && !strcmp(r->call.name, "exit_group"));
}

static unsigned number_of(const char *name, unsigned role, unsigned plan)
{
    for (unsigned i = 0; i < rule_count; i++)
        if (rules[i].role == role && !strcmp(rules[i].call.name, name) && rules[i].at[plan])
            return rules[i].at[plan] - 1;
    fail_msg("%s is no rule of that thread's", name);
    return 0;
}

/* Whether a life without the rule ends by it. */
static bool ends(const struct rule *r, unsigned plan, bool *bad)
{
    unsigned number = r->at[plan] - 1;
    const struct jail without = {
        .left_out = { number, is_last_word(r) ? number_of("futex", r->role, plan) : number,
                      r->role }
    };
    char text[8192], said[100];
    int status = live(&plans[plan], &without, text, sizeof text);

    snprintf(said, sizeof said, "the sandbox refused the system call %s", r->call.name);
    if ((WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS &&
         (untold(r->call.name) || is_last_word(r))) ||
        (WIFEXITED(status) && WEXITSTATUS(status) == 1 && strstr(text, said)))
        return true;
    *bad = status != 0;
    if (*bad)
        print_error("%s: status %x, %s\n", plans[plan].thing, (unsigned)status, text);
    return false;
}

static bool strip(unsigned i)
{
    const struct rule *r = &rules[i];
    bool ended = false, bad = false;

    print_message("%u %s: %s", i, role_name(r->role), r->call.name);
    if (r->call.mask)
        print_message(" %#llx", (unsigned long long)r->call.value);
    if (r->call.elsewhere || by_the_build(r->call.name)) {
        print_message(": %s\n", r->call.elsewhere ? r->call.elsewhere : "this build's");
        return true;
    }
    /* How far a life gets depends on what else the host does. */
    for (unsigned k = 0; k < TRIES * PLANS && !ended && !bad; k++)
        if (r->at[k % PLANS]) {
            ended = ends(r, k % PLANS, &bad);
            if (ended)
                print_message(": plan %u\n", k % PLANS);
        }
    if (!ended)
        print_message(": NOBODY MISSES IT\n");
    return ended;
}

static unsigned first, last = RULES_MAX;

static void each(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (unsigned i = 0; i < PLANS; i++)
        if (can_live(&plans[i]))
            collect(i);
    if (!have_kvm())
        print_message("no /dev/kvm that could be opened: without the rules of its machines\n");
    for (unsigned i = first; i < rule_count && i <= last; i++)
        if (have_kvm() || rules[i].role == MEWS_THREAD_MACHINE ||
            rules[i].role == MEWS_THREAD_CONTROL)
            bad += !strip(i);
    assert_int_equal(bad, 0);
}

/* In a process with the list of a machine's thread: it may have signals for its own threads. */
static int signal_others(const struct plan *p, pid_t other)
{
    const struct jail j = { .left_out = { 0 } };
    pid_t self = getpid();
    struct mews_error e;
    struct err error;
    struct mews *m;

    if (open_machine(p, -1, &m, &e) || jail_watch(m, &error) ||
        jail_load(&j, m, MEWS_THREAD_MACHINE, &error))
        return NOT_OPENED;
    if (syscall(SYS_tgkill, self, self, 0))
        return 5;
    syscall(SYS_tgkill, other, other, 0);
    return 6;
}

static void no_other_process_is_signalled(void **state)
{
    const struct plan p = { .thing = "x86/interrupts.elf", .kvm = true };
    pid_t child, own = getpid();
    int status;

    (void)state;
    if (!have_kvm())
        skip();
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (!child) {
        dup2(open("/dev/null", O_RDWR), 2);
        _exit(signal_others(&p, own));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1); /* the jail's own */
}

static int set_up(void **state)
{
    static const struct {
        const char *name;
        off_t bytes;
    } disks[] = { { "raw.img", 1 << 20 }, { "base.img", 1 << 20 }, { "large.img", 64 << 20 } };

    (void)state;
    if (!mkdtemp(base) || setenv("XDG_RUNTIME_DIR", base, 1) || chdir(base))
        return -1;
    for (unsigned i = 0; i < sizeof disks / sizeof *disks; i++) {
        int fd = open(disks[i].name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0 || ftruncate(fd, disks[i].bytes) || close(fd))
            return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    char command[PATH_MAX];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", base);
    return system(command);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),
        cmocka_unit_test(each),
        cmocka_unit_test(no_other_process_is_signalled),
    };

    if (argc > 1) {
        first = (unsigned)atoi(argv[1]);
        last = argc > 2 ? (unsigned)atoi(argv[2]) : first;
    }
    if (!getenv("MEWS_GUESTS")) {
        puts("skipped: MEWS_GUESTS does not name the built guests");
        return 77;
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
