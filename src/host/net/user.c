/* Starts mews-usernet (src/app/usernet), which speaks for the host's network at the other end of a
 * socket pair. It gets that end, a pipe by which it says that it is ready or why not, standard
 * error, and no other descriptor of ours. It is nobody's child when it is ready, and ends when our
 * end of the pair is closed. */
#include "base/own.h"
#include "host/module.h"
#include "host/net/parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FRAMES = 3, READY = 4, FIRST_FREE = 5, WORD_BYTES = 64, WORDS = NET_FORWARDS_MAX + 6 };

static const char program[] = "mews-usernet", ready_word[] = "ready\n";

/* ---- its arguments ---- */

struct words {
    char text[WORDS][WORD_BYTES];
    char *arguments[WORDS + 1];
};

static void make_words(const struct net_config *c, struct words *w)
{
    char address[INET_ADDRSTRLEN];
    unsigned n = 0;

    snprintf(w->text[n++], WORD_BYTES, "%s", program);
    snprintf(w->text[n++], WORD_BYTES, "mtu=%u", c->mtu);
    if (c->restricted)
        snprintf(w->text[n++], WORD_BYTES, "restrict=on");
    if (c->no_host)
        snprintf(w->text[n++], WORD_BYTES, "host=off");
    if (c->dns.s_addr)
        snprintf(w->text[n++], WORD_BYTES, "dns=%s",
                 inet_ntop(AF_INET, &c->dns, address, sizeof address));
    for (unsigned i = 0; i < c->forward_count; i++)
        snprintf(w->text[n++], WORD_BYTES, "forward=%s:%s:%u:%u", c->forward[i].udp ? "udp" : "tcp",
                 inet_ntop(AF_INET, &c->forward[i].host, address, sizeof address),
                 c->forward[i].host_port, c->forward[i].guest_port);
    for (unsigned i = 0; i < n; i++)
        w->arguments[i] = w->text[i];
    w->arguments[n] = NULL;
}

/* ---- the process ---- */

/* It starts with no signal blocked or ignored, and not in the terminal's process group. */
static int spawn_with(const char *path, char *const arguments[], posix_spawn_file_actions_t *f,
                      posix_spawnattr_t *a, pid_t *pid)
{
    sigset_t none, all;
    int r;

    sigemptyset(&none);
    sigfillset(&all);
    r = posix_spawnattr_setsigmask(a, &none);
    if (!r)
        r = posix_spawnattr_setsigdefault(a, &all);
    if (!r)
        r = posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                            POSIX_SPAWN_SETSID);
    return r ? r : posix_spawn(pid, path, f, a, arguments, environ);
}

static int spawn(const char *path, char *const arguments[], int frames, int ready, pid_t *pid)
{
    posix_spawn_file_actions_t f;
    posix_spawnattr_t a;
    int r = posix_spawn_file_actions_init(&f);

    if (r)
        return r;
    r = posix_spawnattr_init(&a);
    if (!r) {
        r = posix_spawn_file_actions_addopen(&f, 0, "/dev/null", O_RDWR, 0);
        if (!r)
            r = posix_spawn_file_actions_adddup2(&f, 0, 1);
        if (!r)
            r = posix_spawn_file_actions_adddup2(&f, frames, FRAMES);
        if (!r)
            r = posix_spawn_file_actions_adddup2(&f, ready, READY);
        if (!r)
            r = posix_spawn_file_actions_addclosefrom_np(&f, FIRST_FREE);
        if (!r)
            r = spawn_with(path, arguments, &f, &a, pid);
        posix_spawnattr_destroy(&a);
    }
    posix_spawn_file_actions_destroy(&f);
    return r;
}

/* Until it closes the pipe; what it says is ready_word, or what is wrong. */
static int await_ready(int ready, struct err *e)
{
    char text[sizeof e->text] = "";
    size_t len = 0;
    ssize_t n = 1;

    while (n && len < sizeof text - 1) {
        n = read(ready, text + len, sizeof text - 1 - len);
        if (n < 0 && errno != EINTR)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    if (!strcmp(text, ready_word))
        return 0;
    text[strcspn(text, "\n")] = 0;
    return err_set(e, ERR_STATE, "%s", text[0] ? text : "mews-usernet died at its start");
}

/* The descriptor as one that is none of those which it has there, or -1. */
static int above(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE);

    close(fd);
    return high;
}

static int start(const struct net_config *c, const char *path, int frames, struct err *e)
{
    struct words w;
    int ends[2], r, status;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC))
        return err_set(e, ERR_SYS, "a pipe");
    OWN(fd) int from = ends[0];
    OWN(fd) int to = above(ends[1]);
    make_words(c, &w);
    r = spawn(path, w.arguments, frames, to, &pid);
    if (r) {
        errno = r;
        return err_set(e, ERR_SYS, "%s", path);
    }
    close(to);
    to = -1;
    r = await_ready(from, e);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) /* the true one is its child */
        ;
    return r;
}

int user_open(const struct net_config *c, int *fd, struct err *e)
{
    char path[PATH_MAX];
    int ends[2];

    if (module_program(program, path, e) || pair_sockets(ends, e))
        return err_wrap(e, "net user");
    OWN(fd) int ours = ends[0];
    OWN(fd) int theirs = above(ends[1]);
    if (start(c, path, theirs, e))
        return err_wrap(e, "net user");
    *fd = ours;
    ours = -1;
    return 0;
}
