/* gdb: Debian's gdb on a machine that runs. It is started with this program as its pipe (--pipe),
 * which hands one end of a socket pair to the machine's monitor, and is a wire from then on. */
#include "app/remote.h"

#include "base/types.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const struct option_row gdb_options[] = {
    { "pipe", NULL, "be the wire itself, between standard input and output: target remote | ..." },
    { NULL, NULL, NULL },
};

enum { ARGUMENTS_MAX = 256 };

static int set_option(void *ctx, const char *name, const char *value)
{
    (void)name;
    (void)value;
    *(bool *)ctx = true;
    return 0;
}

/* ---- the wire ---- */

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* False: this end is closed. */
static bool pass(int from, int to)
{
    char bytes[16384];
    ssize_t n = read(from, bytes, sizeof bytes);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    return n > 0 && write_all(to, bytes, (size_t)n);
}

static void be_wire(struct mews_link *l, int fd)
{
    struct pollfd p[] = { { 0, POLLIN, 0 }, { fd, POLLIN, 0 }, { mews_link_fd(l), POLLIN, 0 } };
    struct mews_error e;
    bool open = true;

    while (open) {
        char *told = NULL;

        if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
            break;
        if (p[1].revents) /* first: the machine's last words */
            open = pass(fd, 1);
        if (open && p[0].revents)
            open = pass(0, fd);
        if (open && p[2].revents)
            open = mews_link_next(l, 0, &told, &e) >= 0;
        free(told);
    }
}

static int pipe_to(const char *name)
{
    struct mews_link *l;
    struct mews_error e;
    int fds[2], r;

    if (mews_link_open(name, &l, &e))
        return fail_error(&e);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) {
        mews_link_close(l);
        return fail("no socket pair for gdb");
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* gdb's, which passes it on as it likes */
    r = mews_link_call(l, "debug.gdb", NULL, &fds[1], 1, NULL, &e);
    close(fds[1]);
    if (r)
        fail_error(&e);
    else
        be_wire(l, fds[0]);
    close(fds[0]);
    mews_link_close(l);
    return r ? EXIT_FAILED : 0;
}

/* ---- gdb ---- */

/* "target remote | '/usr/bin/mews' gdb --pipe NAME", for gdb's shell. */
static bool command(const char *name, char *out, size_t room)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (n <= 0 || memchr(self, '\'', (size_t)n))
        return false;
    self[n] = 0;
    return (size_t)snprintf(out, room, "target remote | '%s' gdb --pipe %s", self, name) < room;
}

static int start_gdb(const struct command *c, const char *name, int argc, char **argv)
{
    char connect[PATH_MAX + 128];
    char *list[ARGUMENTS_MAX + 4] = { "gdb", "-ex", connect };

    if (argc > ARGUMENTS_MAX)
        return usage(c, "more than %d arguments", ARGUMENTS_MAX);
    if (!remote_is_machine(name)) {
        fprintf(stderr, "mews: no machine of the name %s runs (see mews ps)\n", name);
        return EXIT_FAILED;
    }
    if (!command(name, connect, sizeof connect))
        return fail("this program's own path cannot be given to gdb");
    memcpy(list + 3, argv, (size_t)argc * sizeof *argv);
    execvp("gdb", list);
    return fail(errno == ENOENT ? "there is no gdb here (apt install gdb)"
                                : "gdb cannot be started");
}

int cmd_gdb(const struct command *c, int argc, char **argv)
{
    bool wire = false;
    int at = options_parse(c, argc, argv, set_option, &wire);

    if (at < 0)
        return options_end(at);
    if (at >= argc)
        return usage(c, "wants a NAME");
    if (wire && at + 1 < argc)
        return usage(c, "--pipe wants a NAME alone");
    return wire ? pipe_to(argv[at]) : start_gdb(c, argv[at], argc - at - 1, argv + at + 1);
}
