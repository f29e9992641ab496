/* mews-usernet as a machine has it: started, asked, ended from either side. What it does for a
 * guest is src/app/usernet/usernet_test.c's. */
#include "host/net/net.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000 };

static const u8 question[60] = { /* who has 10.0.2.2? */
                                 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 2, 2, 2, 2,  2, 8, 6,
                                 0,    1,    8,    0,    6,    4,    0, 1, 2, 2, 2,  2, 2, 2,
                                 10,   0,    2,    15,   0,    0,    0, 0, 0, 0, 10, 0, 2, 2
};

static int open_word(const char *word, struct net_link **n, struct err *e)
{
    struct net_config c;
    char copy[100];

    snprintf(copy, sizeof copy, "%s", word);
    return net_parse(copy, &c, e) ? -(int)e->code : net_open(&c, n, e);
}

/* The next frame, as recv() has it. */
static long await(struct link_port *p, u8 *out, size_t room)
{
    struct iovec v = { out, room };
    struct link_head h;
    long n = 0;

    for (unsigned ms = 0; !n && ms < PATIENCE_MS; ms++) {
        n = p->ops->recv(p, &h, &v, 1);
        if (!n)
            usleep(1000);
    }
    return n;
}

static void ask(struct link_port *p)
{
    struct iovec v = { (void *)(uintptr_t)question, sizeof question };
    u8 out[1600];
    long n;

    assert_true(p->ops->send(p, &(struct link_head) { 0 }, &v, 1));
    do
        n = await(p, out, sizeof out);
    while (n > 0 && (out[12] != 8 || out[13] != 6 || out[21] != 2));
    assert_true(n >= 42);
    assert_memory_equal(out + 28, "\x0a\0\2\2", 4);
}

/* The processes that have become ours, since their starter is gone. */
static pid_t adopted(void)
{
    char path[100], text[200] = "";
    FILE *f;

    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    f = fopen(path, "r");
    assert_non_null(f);
    if (!fgets(text, sizeof text, f))
        text[0] = 0;
    fclose(f);
    return (pid_t)atoi(text);
}

static void asked_and_ended(void **state)
{
    struct net_link *n;
    struct err e = { 0 };
    int status;
    pid_t pid;

    (void)state;
    if (open_word("user", &n, &e))
        fail_msg("%s", e.text);
    pid = adopted();
    assert_true(pid > 0);
    ask(net_port(n));
    net_close(n);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Its end is the link's, and nobody else's. */
static void killed(void **state)
{
    struct link_info info;
    struct net_link *n;
    struct err e = { 0 };
    u8 out[1600];
    pid_t pid;

    (void)state;
    if (open_word("user,mtu=9000", &n, &e))
        fail_msg("%s", e.text);
    net_port(n)->ops->describe(net_port(n), &info);
    assert_true(info.up && !info.offloads && info.mtu == 9000);
    pid = adopted();
    ask(net_port(n));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    while (await(net_port(n), out, sizeof out) > 0)
        ;
    net_port(n)->ops->describe(net_port(n), &info);
    assert_false(info.up);
    net_close(n);
}

/* The descriptors that it has open are those that it was given, whatever we have. */
static void what_is_inherited(void **state)
{
    struct net_link *n;
    struct err e = { 0 };
    char path[60];
    unsigned count = 0;
    int stray[20];
    pid_t pid;
    DIR *d;

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        stray[i] = open("/dev/zero", O_RDONLY); /* a user of the library need not close on exec */
    if (open_word("user", &n, &e))
        fail_msg("%s", e.text);
    pid = adopted();
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    d = opendir(path);
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d));)
        count += entry->d_name[0] != '.';
    closedir(d);
    assert_int_equal(count, 4); /* nothing to read and write, errors, frames */
    net_close(n);
    waitpid(pid, NULL, 0);
    for (unsigned i = 0; i < 20; i++)
        close(stray[i]);
}

static void what_cannot_be(void **state)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    char word[80], *modules = strdup(getenv("MEWS_MODULES"));
    struct net_link *n;
    struct err e = { 0 };
    int s = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    assert_true(!bind(s, (struct sockaddr *)&a, len) && !listen(s, 1) &&
                !getsockname(s, (struct sockaddr *)&a, &len));
    snprintf(word, sizeof word, "user,forward=tcp:%u:22", ntohs(a.sin_port));
    assert_int_equal(open_word(word, &n, &e), -ERR_STATE);
    assert_non_null(strstr(e.text, "in use"));
    assert_non_null(strstr(e.text, "forward=tcp:127.0.0.1:"));
    close(s);
    while (waitpid(-1, NULL, 0) > 0) /* who has said so */
        ;
    unsetenv("MEWS_MODULES");
    assert_int_equal(open_word("user", &n, &e), -ERR_NOTSUP);
    assert_non_null(strstr(e.text, "mews-usernet is not installed"));
    setenv("MEWS_MODULES", modules, 1);
    free(modules);
}

static int set_up(void **state)
{
    (void)state;
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_and_ended),
        cmocka_unit_test(killed),
        cmocka_unit_test(what_is_inherited),
        cmocka_unit_test(what_cannot_be),
    };

    if (!getenv("MEWS_MODULES")) {
        puts("skipped: MEWS_MODULES does not name where mews-usernet is");
        return 77;
    }
    return cmocka_run_group_tests(tests, set_up, NULL);
}
