#include "app/keeper.h"

#include "base/err.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 64 << 10, DESCRIPTORS_MAX = 4096, LOCK_TRIES = 50, LOCK_NS = 20000000 };

struct answer {
    int code; /* of an error; 0: it is written */
    char text[240];
};

/* ---- in the keeper ---- */

static int copy(int from, int to, struct err *e)
{
    static char bytes[CHUNK];
    off_t at = 0;
    ssize_t n;

    while ((n = pread(from, bytes, sizeof bytes, at)) > 0) {
        if (pwrite(to, bytes, (size_t)n, at) != n)
            return err_set(e, ERR_SYS, "writing");
        at += n;
    }
    return n ? err_set(e, ERR_SYS, "reading") : 0;
}

static int put(int from, const char *path, struct err *e)
{
    struct file_new f;

    if (file_make_parents(path, e) || file_begin(&f, path, e))
        return -(int)e->code;
    if (!copy(from, f.fd, e))
        return file_commit(&f, e);
    file_abandon(&f);
    return err_wrap(e, "%s", path);
}

/* Returns whether the battery's lock has a name no more. */
static bool keep(int socket, const int fds[], const char *const paths[])
{
    bool unlocked = false;
    unsigned char which;
    ssize_t n;

    while ((n = read(socket, &which, 1)) == 1 || (n < 0 && errno == EINTR)) {
        struct answer a = { 0 };
        struct err e;

        if (n < 0)
            continue;
        if (which == KEEPER_UNLOCK && paths[KEEPER_BATTERY] && !unlocked) {
            file_unlock_beside(paths[KEEPER_BATTERY], -1);
            unlocked = true;
        } else if (which >= KEEPER_FILES || !paths[which] ||
                   (which == KEEPER_BATTERY && unlocked)) {
            break; /* no monitor of ours says that */
        } else if (put(fds[which], paths[which], &e)) {
            a.code = (int)e.code;
            memcpy(a.text, e.text, sizeof a.text);
        }
        if (write(socket, &a, sizeof a) != sizeof a)
            break;
    }
    return unlocked;
}

/* The monitor was killed, or is about to go; if another machine has the lock already, the name is
 * that one's. */
static void remove_lock(const char *path)
{
    bool taken = true;

    for (unsigned i = 0; path && taken && i < LOCK_TRIES; i++) {
        int fd = file_lock_beside(path, &taken);

        if (fd >= 0)
            file_unlock_beside(path, fd);
        else if (taken)
            nanosleep(&(struct timespec) { 0, LOCK_NS }, NULL);
    }
}

static bool ours(int fd, int socket, const int fds[])
{
    for (unsigned i = 0; i < KEEPER_FILES; i++)
        if (fd == fds[i])
            return true;
    return fd == socket;
}

/* It must outlive the monitor for the moment of a rename, and holds nothing that others wait for.
 */
static void let_go(int socket, const int fds[])
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), most = (int)sysconf(_SC_OPEN_MAX);

    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_IGN);
    for (int fd = 0; fd <= 2; fd++)
        dup2(null, fd);
    if (most > DESCRIPTORS_MAX)
        most = DESCRIPTORS_MAX;
    for (int fd = 3; fd < most; fd++)
        if (!ours(fd, socket, fds))
            close(fd);
}

/* ---- in the monitor ---- */

static int failed(struct mews_error *e, const char *what)
{
    e->code = ERR_STATE;
    snprintf(e->text, sizeof e->text, "%s: %s", what, strerror(errno));
    return -1;
}

static const struct keeper none = { .to = -1, .fd = { [0 ... KEEPER_FILES - 1] = -1 } };

/* False: there is no memory for one of those that are wanted. */
static bool make_memory(struct keeper *k, const char *const paths[])
{
    for (unsigned i = 0; i < KEEPER_FILES; i++)
        if (paths[i] && (k->fd[i] = memfd_create("mews-keeper", MFD_CLOEXEC)) < 0)
            return false;
    return true;
}

int keeper_begin(struct keeper *k, const char *const paths[KEEPER_FILES], struct mews_error *e)
{
    unsigned wanted = 0;
    int ends[2];
    pid_t pid;

    *k = none;
    for (unsigned i = 0; i < KEEPER_FILES; i++)
        wanted += paths[i] != NULL;
    if (!wanted)
        return 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return failed(e, "a socket to the keeper of files");
    k->to = ends[0];
    fflush(stdout);
    pid = make_memory(k, paths) ? fork() : -1;
    if (!pid) {
        let_go(ends[1], k->fd);
        if (!keep(ends[1], k->fd, paths))
            remove_lock(paths[KEEPER_BATTERY]);
        _exit(0);
    }
    close(ends[1]);
    if (pid > 0)
        return 0;
    failed(e, "a process for the keeper of files");
    keeper_end(k);
    return -1;
}

int keeper_write(struct keeper *k, enum keeper_file which, struct mews_error *e)
{
    unsigned char word = (unsigned char)which;
    struct answer a;
    size_t got = 0;

    if (write(k->to, &word, 1) != 1)
        return failed(e, "the keeper of files");
    while (got < sizeof a) {
        ssize_t n = read(k->to, (char *)&a + got, sizeof a - got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return failed(e, "the keeper of files has died");
        got += (size_t)n;
    }
    if (!a.code)
        return 0;
    e->code = a.code == ERR_SYS ? ERR_STATE : a.code; /* its text is complete */
    memcpy(e->text, a.text, sizeof e->text);
    return -1;
}

int keeper_put(struct keeper *k, enum keeper_file which, const void *bytes, size_t len,
               struct mews_error *e)
{
    const char *from = bytes;

    if (ftruncate(k->fd[which], 0))
        return failed(e, "memory for the keeper of files");
    for (size_t done = 0; done < len;) {
        ssize_t n = pwrite(k->fd[which], from + done, len - done, (off_t)done);

        if (n <= 0)
            return failed(e, "memory for the keeper of files");
        done += (size_t)n;
    }
    return keeper_write(k, which, e);
}

void keeper_end(struct keeper *k)
{
    for (unsigned i = 0; i < KEEPER_FILES; i++)
        if (k->fd[i] >= 0)
            close(k->fd[i]);
    if (k->to >= 0)
        close(k->to);
    *k = none;
}
