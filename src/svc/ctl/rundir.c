#include "svc/ctl/rundir.h"

#include "base/own.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 10000, ENDING_WAIT_MS = 3000, NAMES_TRIED = 10000, END_MAX = 4096 };

bool rundir_name(const char *name)
{
    size_t len = strlen(name);

    if (!len || len > RUNDIR_NAME_MAX || !isalnum((unsigned char)name[0]))
        return false;
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("_.-", *c))
            return false;
    return true;
}

/* ---- the directory of all ---- */

static int run_path(char out[static PATH_MAX], struct err *e)
{
    const char *dir = getenv("XDG_RUNTIME_DIR");
    int len;

    if (dir && *dir == '/')
        len = snprintf(out, PATH_MAX, "%s/mews", dir);
    else if (!geteuid())
        len = snprintf(out, PATH_MAX, "/run/mews");
    else
        len = snprintf(out, PATH_MAX, "/tmp/mews-%u", (unsigned)geteuid());
    return len < PATH_MAX ? 0 : err_set(e, ERR_LIMIT, "$XDG_RUNTIME_DIR: the path is too long");
}

int rundir_open(int *all, struct err *e)
{
    char path[PATH_MAX];
    struct stat st;
    int fd;

    if (run_path(path, e))
        return -(int)e->code;
    if (mkdir(path, 0700) && errno != EEXIST)
        return err_set(e, ERR_SYS, "run directory %s", path);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, ERR_SYS, "run directory %s", path);
    if (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 077)) {
        close(fd);
        return err_set(e, ERR_STATE, "run directory %s: it must be ours, and of mode 0700", path);
    }
    *all = fd;
    return 0;
}

/* ---- locks: of an open file, so that a process can ask about its own too ---- */

static bool lock_now(int fd)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    return !fcntl(fd, F_OFD_SETLK, &l);
}

static bool lock_free(int fd)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    return !fcntl(fd, F_OFD_GETLK, &l) && l.l_type == F_UNLCK;
}

/* The lock for taking and giving back names; closing it opens it. */
static int lock_all(int all, int *lock, struct err *e)
{
    int fd = openat(all, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return err_set(e, ERR_SYS, "run directory: .lock");
    for (unsigned ms = 0; !lock_now(fd); ms++) {
        if (ms == LOCK_WAIT_MS) {
            close(fd);
            return err_set(e, ERR_STATE, "run directory: somebody holds .lock for too long");
        }
        nanosleep(&(struct timespec) { 0, 1000000 }, NULL);
    }
    *lock = fd;
    return 0;
}

/* ---- looking ---- */

int rundir_file(int all, const char *name, const char *file)
{
    char path[RUNDIR_NAME_MAX + 32];

    snprintf(path, sizeof path, "%s/%s", name, file);
    return openat(all, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

bool rundir_text(int all, const char *name, const char *file, char *out, size_t room)
{
    OWN(fd) int fd = rundir_file(all, name, file);
    ssize_t n = fd < 0 ? -1 : pread(fd, out, room - 1, 0);
    char *end;

    if (n <= 0)
        return false;
    out[n] = 0;
    end = strchr(out, '\n');
    if (!end)
        return false; /* its writer died half-way */
    *end = 0;
    return true;
}

enum rundir_state rundir_look(int all, const char *name)
{
    OWN(fd) int lock = rundir_name(name) ? rundir_file(all, name, "lock") : -1;
    char text[END_MAX];
    struct stat st;

    if (lock >= 0 && !lock_free(lock))
        return RUNDIR_ALIVE;
    if (lock >= 0 && rundir_text(all, name, "status", text, sizeof text) &&
        !strstr(text, "\"forget\""))
        return RUNDIR_ENDED;
    if (!rundir_name(name) || fstatat(all, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(st.st_mode))
        return RUNDIR_NOTHING;
    return RUNDIR_STALE;
}

/* The same, but one that has left its status and still holds its lock is waited for: it will be
 * gone in a moment. */
static enum rundir_state look_settled(int all, const char *name)
{
    enum rundir_state s = rundir_look(all, name);
    char text[END_MAX];

    for (unsigned ms = 0; s == RUNDIR_ALIVE && ms < ENDING_WAIT_MS &&
                          rundir_text(all, name, "status", text, sizeof text);
         ms += 5) {
        nanosleep(&(struct timespec) { 0, 5000000 }, NULL);
        s = rundir_look(all, name);
    }
    return s;
}

/* ---- forgetting; .lock is held ---- */

static int remove_entry(int all, const char *name, struct err *e)
{
    int fd = openat(all, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (!d) {
        if (fd >= 0)
            close(fd);
        return err_set(e, ERR_SYS, "%s", name);
    }
    for (struct dirent *f; (f = readdir(d));)
        if (strcmp(f->d_name, ".") != 0 && strcmp(f->d_name, "..") != 0)
            unlinkat(fd, f->d_name, 0);
    closedir(d);
    return unlinkat(all, name, AT_REMOVEDIR) ? err_set(e, ERR_SYS, "%s", name) : 0;
}

int rundir_remove(int all, const char *name, struct err *e)
{
    int lock, r = lock_all(all, &lock, e);

    if (r)
        return r;
    switch (look_settled(all, name)) {
    case RUNDIR_NOTHING: r = err_set(e, ERR_USAGE, "%s: there is no such machine", name); break;
    case RUNDIR_ALIVE: r = err_set(e, ERR_STATE, "%s: it is running (mews stop)", name); break;
    case RUNDIR_ENDED:
    case RUNDIR_STALE: r = remove_entry(all, name, e); break;
    }
    close(lock);
    return r;
}

/* The names in the directory, sorted; the caller frees. */
static int scan(int all, struct dirent ***names, struct err *e)
{
    int n = scandirat(all, ".", names, NULL, alphasort);

    return n < 0 ? err_set(e, ERR_SYS, "run directory") : n;
}

static int sweep(int all, const char *name, struct err *e)
{
    int lock, r = lock_all(all, &lock, e);

    if (r)
        return r;
    if (rundir_look(all, name) == RUNDIR_STALE) /* still, now that nobody may be making it */
        r = remove_entry(all, name, e);
    close(lock);
    return r;
}

int rundir_list(int all, void (*f)(void *ctx, const char *name, enum rundir_state s), void *ctx,
                struct err *e)
{
    struct dirent **names = NULL;
    int n = scan(all, &names, e), r = n < 0 ? n : 0;

    for (int i = 0; i < n; i++) {
        enum rundir_state s = look_settled(all, names[i]->d_name);

        if (s == RUNDIR_STALE && !r)
            r = sweep(all, names[i]->d_name, e);
        else if (s == RUNDIR_ALIVE || s == RUNDIR_ENDED)
            f(ctx, names[i]->d_name, s);
        free(names[i]);
    }
    free(names);
    return r;
}

/* ---- the socket ---- */

/* By the directory's descriptor: a path of any length fits into an address then. */
static struct sockaddr_un socket_address(int dir)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/control.sock", dir);
    return a;
}

int rundir_connect(int all, const char *name, int *fd, struct err *e)
{
    enum rundir_state s = look_settled(all, name);
    struct sockaddr_un a;

    if (s != RUNDIR_ALIVE)
        return s == RUNDIR_ENDED ? err_set(e, ERR_STATE, "%s: it has ended (mews rm)", name)
                                 : err_set(e, ERR_USAGE, "%s: there is no such machine", name);
    OWN(fd) int dir = openat(all, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r = 0;
    a = socket_address(dir);
    if (dir < 0 || sock < 0 || connect(sock, (struct sockaddr *)&a, sizeof a))
        r = err_set(e, ERR_SYS, "%s: its control socket", name);
    if (!r)
        *fd = sock;
    else if (sock >= 0)
        close(sock);
    return r;
}

/* ---- a machine's own entry ---- */

static const struct rundir none = { .all = -1, .dir = -1, .lock = -1, .status = -1, .log = -1 };

static int open_files(struct rundir *d, struct err *e)
{
    d->dir = openat(d->all, d->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (d->dir < 0)
        return err_set(e, ERR_SYS, "%s", d->name);
    d->lock = openat(d->dir, "lock", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    d->status = openat(d->dir, "status", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    d->log = openat(d->dir, "log", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (d->lock < 0 || d->status < 0 || d->log < 0 || !lock_now(d->lock))
        return err_set(e, ERR_SYS, "%s: its files in the run directory", d->name);
    return 0;
}

/* .lock is held. 1: the name is taken. */
static int claim_name(struct rundir *d, struct err *e)
{
    enum rundir_state s = look_settled(d->all, d->name);

    if (s == RUNDIR_ALIVE || s == RUNDIR_ENDED) {
        err_set(e, ERR_STATE, "%s: %s", d->name,
                s == RUNDIR_ALIVE ? "a machine of this name is running"
                                  : "a machine of this name has ended (mews rm forgets it)");
        return 1;
    }
    if (s == RUNDIR_STALE && remove_entry(d->all, d->name, e))
        return -(int)e->code;
    if (mkdirat(d->all, d->name, 0700))
        return err_set(e, ERR_SYS, "%s: in the run directory", d->name);
    return open_files(d, e);
}

static int claim(const char *wish, struct rundir *d, struct err *e)
{
    int stem = (int)strcspn(wish, "*"), r = 1;

    if (!wish[stem]) {
        if (!rundir_name(wish))
            return err_set(e, ERR_USAGE,
                           "'%.80s' is no name for a machine (want up to %d letters, digits, and "
                           ". _ - behind the first)",
                           wish, RUNDIR_NAME_MAX);
        snprintf(d->name, sizeof d->name, "%s", wish);
        r = claim_name(d, e);
        return r == 1 ? -(int)e->code : r;
    }
    if (stem > RUNDIR_NAME_MAX - 6)
        stem = RUNDIR_NAME_MAX - 6;
    for (unsigned i = 1; r == 1 && i < NAMES_TRIED; i++) {
        if (i == 1)
            snprintf(d->name, sizeof d->name, "%.*s", stem, wish);
        else
            snprintf(d->name, sizeof d->name, "%.*s-%u", stem, wish, i);
        r = claim_name(d, e);
    }
    return r == 1 ? -(int)e->code : r;
}

int rundir_claim(const char *name, struct rundir *out, struct err *e)
{
    struct rundir d = none;
    int lock = -1, r;

    r = rundir_open(&d.all, e);
    if (r)
        return r;
    r = lock_all(d.all, &lock, e);
    if (!r) {
        r = claim(name, &d, e);
        close(lock);
    }
    if (r)
        rundir_fini(&d, d.dir >= 0);
    else
        *out = d;
    return r;
}

int rundir_describe(struct rundir *d, const char *json, struct err *e)
{
    OWN(fd) int fd = openat(d->dir, "machine.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || dprintf(fd, "%s\n", json) < 0)
        return err_set(e, ERR_SYS, "%s: machine.json", d->name);
    return 0;
}

int rundir_listen(struct rundir *d, int *fd, struct err *e)
{
    struct sockaddr_un a = socket_address(d->dir);
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r = 0;

    if (sock < 0 || bind(sock, (struct sockaddr *)&a, sizeof a) ||
        fchmodat(d->dir, "control.sock", 0600, 0) || listen(sock, SOMAXCONN))
        r = err_set(e, ERR_SYS, "%s: its control socket", d->name);
    if (!r)
        *fd = sock;
    else if (sock >= 0)
        close(sock);
    return r;
}

void rundir_end(const struct rundir *d, const char *json, size_t len)
{
    (void)!pwrite(d->status, json, len, 0);
}

int rundir_log(const struct rundir *d)
{
    return openat(d->dir, "log", O_WRONLY | O_APPEND | O_CLOEXEC);
}

void rundir_keep(struct rundir *d)
{
    close(d->dir);
    close(d->all);
    d->dir = d->all = -1;
}

void rundir_fini(struct rundir *d, bool forget)
{
    int *const fds[] = { &d->lock, &d->status, &d->log, &d->dir };
    struct err e;

    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        if (*fds[i] >= 0)
            close(*fds[i]);
    if (forget && d->all >= 0)
        rundir_remove(d->all, d->name, &e);
    if (d->all >= 0)
        close(d->all);
    *d = none;
}
