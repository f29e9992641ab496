#include "base/spawn.h"

#include "base/own.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- its beginning ---- */

static int set_up(const struct spawn *s, int to, posix_spawn_file_actions_t *files,
                  posix_spawnattr_t *how)
{
    sigset_t none, all;
    int r;

    sigemptyset(&none);
    sigfillset(&all);
    if ((r = posix_spawnattr_setflags(how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                               POSIX_SPAWN_SETSIGDEF)) ||
        (r = posix_spawnattr_setpgroup(how, 0)) || (r = posix_spawnattr_setsigmask(how, &none)) ||
        (r = posix_spawnattr_setsigdefault(how, &all)) ||
        (r = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0)) ||
        (r = posix_spawn_file_actions_adddup2(files, to, 1)) ||
        (r = posix_spawn_file_actions_adddup2(files, to, 2)))
        return r;
    return s->directory ? posix_spawn_file_actions_addchdir_np(files, s->directory) : 0;
}

static int start(const struct spawn *s, int to, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    int r;

    if ((r = posix_spawn_file_actions_init(&files)))
        return r;
    if (!(r = posix_spawnattr_init(&how))) {
        if (!(r = set_up(s, to, &files, &how)))
            r = posix_spawnp(pid, s->argv[0], &files, &how, (char *const *)s->argv, environ);
        posix_spawnattr_destroy(&how);
    }
    posix_spawn_file_actions_destroy(&files);
    return r;
}

/* A descriptor that has the signals which the caller has blocked. */
static int watch_signals(void)
{
    static const int known[] = { SIGINT, SIGTERM, SIGHUP };
    sigset_t blocked, wanted;

    sigemptyset(&wanted);
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
        if (sigismember(&blocked, known[i]))
            sigaddset(&wanted, known[i]);
    return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- what it says ---- */

struct reader {
    char text[SPAWN_LINE];
    size_t len;
};

static void end_line(struct reader *r, const struct spawn *s)
{
    r->text[r->len] = 0;
    if (r->len && s->line)
        s->line(s->ctx, r->text);
    r->len = 0;
}

/* False: that was all. */
static bool take_output(struct reader *r, const struct spawn *s, int fd)
{
    char bytes[4096];
    ssize_t n = read(fd, bytes, sizeof bytes);

    if (n < 0 && errno == EINTR)
        return true;
    for (ssize_t i = 0; i < n; i++)
        if (bytes[i] == '\n' || bytes[i] == '\r')
            end_line(r, s);
        else if (r->len < sizeof r->text - 1)
            r->text[r->len++] = bytes[i];
    if (n <= 0)
        end_line(r, s);
    return n > 0;
}

static void pass_on(struct spawn *s, int signals, pid_t pid)
{
    struct signalfd_siginfo i;

    while (read(signals, &i, sizeof i) == sizeof i) {
        s->signal = (int)i.ssi_signo;
        kill(-pid, SIGTERM);
    }
}

static void listen_to(struct spawn *s, int from, int signals, pid_t pid)
{
    struct pollfd p[] = { { .fd = from, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
    struct reader r = { .len = 0 };

    for (;;) {
        if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
            return;
        if (p[1].revents)
            pass_on(s, signals, pid);
        if (p[0].revents && !take_output(&r, s, from))
            return;
    }
}

/* ---- its end ---- */

static int judge(const struct spawn *s, int status, struct err *e)
{
    const char *slash = strrchr(s->argv[0], '/'), *name = slash ? slash + 1 : s->argv[0];

    if (s->signal)
        return err_set(e, ERR_STATE, "%s: interrupted", name);
    if (WIFSIGNALED(status))
        return err_set(e, ERR_STATE, "%s: ended by signal %d", name, WTERMSIG(status));
    if (WEXITSTATUS(status))
        return err_set(e, ERR_STATE, "%s: exit status %d", name, WEXITSTATUS(status));
    return 0;
}

int spawn_run(struct spawn *s, struct err *e)
{
    OWN(fd) int from = -1;
    OWN(fd) int signals = watch_signals();
    int ends[2], status = 0, r;
    pid_t pid;

    assert(s->argv[0]);
    s->signal = 0;
    if (signals < 0 || pipe2(ends, O_CLOEXEC))
        return err_set(e, ERR_SYS, "%s", s->argv[0]);
    from = ends[0];
    r = start(s, ends[1], &pid);
    close(ends[1]);
    if (r) {
        errno = r;
        return err_set(e, ERR_SYS, "%s", s->argv[0]);
    }
    listen_to(s, from, signals, pid);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_set(e, ERR_SYS, "%s", s->argv[0]);
    return judge(s, status, e);
}

bool spawn_has(const char *program)
{
    const char *at = getenv("PATH");
    char path[PATH_MAX];

    while (at && *at) {
        size_t len = strcspn(at, ":");

        if ((size_t)snprintf(path, sizeof path, "%.*s/%s", (int)len, at, program) < sizeof path &&
            !access(path, X_OK))
            return true;
        at += len + (at[len] == ':');
    }
    return false;
}
