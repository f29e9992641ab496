/* Machines live whole lives in their jail; then again without one rule of its list after the other,
 * and each time a call of that name ends them, and is named. */
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
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 30, SCREEN_BYTES = 2 * 256 * 240 * 4, LOG_BYTES = 40 << 10 };

static char base[] = "/tmp/mews-jail.XXXXXX";

struct life {
    pid_t process;
    int sock, number;
    int other; /* a second one, which does not read; -1: there is none */
    bool over; /* the monitor does not answer any more */
};

/* ---- the monitor: what cmd_run.c does ---- */

static int monitor(const char *thing, unsigned left_out, int ready)
{
    struct mews_options o = { .size = sizeof o, .saves = base, .share = base };
    struct sandbox s = { .on = true };
    struct mews_control_options c = { .size = sizeof c,
                                      .name = "m",
                                      .keep = true,
                                      .own_output = true,
                                      .opened = sandbox_enter,
                                      .ctx = &s };
    char end[PATH_MAX], record[PATH_MAX];
    const char *paths[KEEPER_FILES] = { [KEEPER_SNAPSHOT] = end };
    struct mews_stop_info info;
    struct mews_error e;
    struct mews *m;

    /* Large buffers are mapped, as glibc does until a larger one has been freed. */
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    snprintf(end, sizeof end, "%s/end.snap", base);
    snprintf(record, sizeof record, "%s/record", base);
    if (mews_open(thing, &o, &m, &e) || mews_record(m, record, &e) ||
        sandbox_begin(&s, m, o.share, paths, &e))
        return 2;
    s.jail.left_out = left_out;
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

static void start(struct life *l, const char *thing, unsigned left_out)
{
    int ends[2];
    char c;

    *l = (struct life) { .sock = -1, .other = -1 };
    fflush(NULL);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    l->process = fork();
    assert_true(l->process >= 0);
    if (!l->process) {
        int quiet = open("/dev/null", O_RDWR);

        dup2(quiet, 1);
        dup2(quiet, 2);
        close(ends[0]);
        signal(SIGHUP, asked_to_end);
        exit(monitor(thing, left_out, ends[1]));
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &c, 1), 0);
    close(ends[0]);
}

/* How it ended: the text that it has left, and its wait status. */
static int finish(struct life *l, char *text, size_t room)
{
    char path[PATH_MAX];
    int status, fd;
    ssize_t n = 0;

    close(l->sock);
    for (unsigned ms = 0; !waitpid(l->process, &status, WNOHANG); ms += 10) {
        if (ms > PATIENCE_S * 1000)
            kill(l->process, SIGKILL);
        usleep(10000);
    }
    if (l->other >= 0)
        close(l->other);
    snprintf(path, sizeof path, "%s/mews/m/status", base);
    fd = open(path, O_RDONLY);
    if (fd >= 0) {
        n = read(fd, text, room - 1);
        close(fd);
    }
    text[n > 0 ? n : 0] = 0;
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

static void live_with_screen(struct life *l)
{
    int screen = memory(SCREEN_BYTES), image = memory(0), more = memory(0), share = memory(0);

    hello(l);
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

static void live_with_console(struct life *l)
{
    hello(l);
    nap();
    ask(l, "console.send", "{\"text\":\"1+2\\n\"}");
    stop_and_go(l);
    fill_log(l);
    nap();
    ask_and_wait(l);
    ask(l, "stop", "{}");
}

static const struct {
    const char *thing;
    void (*live)(struct life *l);
} lives[] = { { "nes/hawk/hawk.nes", live_with_screen }, { "c6502/calc.hk", live_with_console } };

/* All lives, or until one ends as it should not: that one's wait status, and its last words. */
static int live(unsigned left_out, char *text, size_t room)
{
    const char *guests = getenv("MEWS_GUESTS");
    int status = 0;

    for (unsigned i = 0; i < sizeof lives / sizeof *lives && !status; i++) {
        char thing[PATH_MAX];
        struct life l;

        snprintf(thing, sizeof thing, "%s/%s", guests, lives[i].thing);
        start(&l, thing, left_out);
        lives[i].live(&l);
        status = finish(&l, text, room);
        forget();
    }
    return status;
}

/* ---- the tests ---- */

static void whole(void **state)
{
    char text[4096];
    int status;

    (void)state;
    status = live(JAIL_ALL, text, sizeof text);
    if (status || !strstr(text, "\"why\":\"stopped\""))
        fail_msg("status %x: %s", (unsigned)status, text);
}

static bool by_the_build(const char *name)
{
    for (unsigned i = 0; i < jail_build_rule_count; i++)
        if (!strcmp(jail_build_rules[i].call.name, name))
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

static bool strip(unsigned i)
{
    const struct mews_host_call *c = &jail_rules[i].call;
    char text[4096], said[100];
    int status;

    if (jail_rules[i].elsewhere || by_the_build(c->name)) {
        print_message("%s: %s\n", c->name,
                      jail_rules[i].elsewhere ? jail_rules[i].elsewhere : "this build's");
        return true;
    }
    status = live(i, text, sizeof text);
    snprintf(said, sizeof said, "the sandbox refused the system call %s\"", c->name);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS && untold(c->name))
        return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1 && strstr(text, said))
        return true;
    print_error("without %s (%#llx): status %x, %s\n", c->name, (unsigned long long)c->value,
                (unsigned)status, text);
    return false;
}

static void each(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (unsigned i = 0; i < jail_rule_count; i++)
        bad += !strip(i);
    assert_int_equal(bad, 0);
}

static int set_up(void **state)
{
    (void)state;
    return !mkdtemp(base) || setenv("XDG_RUNTIME_DIR", base, 1);
}

static int tear_down(void **state)
{
    char command[PATH_MAX];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", base);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),
        cmocka_unit_test(each),
    };

    if (!getenv("MEWS_GUESTS")) {
        puts("skipped: MEWS_GUESTS does not name the built guests");
        return 77;
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
