#include "base/file.h"

#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int read_all(int fd, const char *path, size_t limit, u8 **out, size_t *len, struct err *e)
{
    OWN(buf) u8 *bytes = NULL;
    size_t room = 0, used = 0;

    for (;;) {
        ssize_t n;

        if (used == room) {
            size_t more = room ? room * 2 : 64 << 10;
            u8 *p;

            if (more > limit + 1) /* one byte over shows that the limit is passed */
                more = limit + 1;
            p = realloc(bytes, more + 1);
            if (!p)
                return err_set(e, ERR_NOMEM, "%s: %zu bytes", path, more);
            bytes = p;
            room = more;
        }
        n = read(fd, bytes + used, room - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(e, ERR_SYS, "%s", path);
        if (n == 0)
            break;
        used += (size_t)n;
        if (used > limit)
            return err_set(e, ERR_LIMIT, "%s: larger than %zu bytes", path, limit);
    }
    bytes[used] = 0;
    *len = used;
    *out = TAKE(bytes);
    return 0;
}

int file_read(const char *path, size_t limit, u8 **out, size_t *len, struct err *e)
{
    OWN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_set(e, ERR_SYS, "%s", path);
    return read_all(fd, path, limit, out, len, e);
}

size_t file_head(const char *path, u8 *out, size_t room)
{
    OWN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd >= 0 ? pread(fd, out, room, 0) : 0;

    return n > 0 ? (size_t)n : 0;
}

static int write_all(int fd, const char *path, const u8 *bytes, size_t len, struct err *e)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(e, ERR_SYS, "%s", path);
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

static void directory_of(const char *path, char dir[static PATH_MAX])
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        strcpy(dir, ".");
    else
        snprintf(dir, PATH_MAX, "%.*s", slash > path ? (int)(slash - path) : 1, path);
}

/* The rename itself is lost in a power cut until the directory is on disk. A file system that
 * cannot sync a directory has nothing better to offer, so that is no error. */
static void sync_directory_of(const char *path)
{
    char dir[PATH_MAX];

    directory_of(path, dir);
    OWN(fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        fsync(fd);
}

static int write_in_place(const char *path, const void *bytes, size_t len, struct err *e)
{
    OWN(fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return err_set(e, ERR_SYS, "%s", path);
    return write_all(fd, path, bytes, len, e);
}

/* How a descriptor of this process is called, if that can be used. */
static bool fd_name(int fd, char name[static 40])
{
    snprintf(name, 40, "/proc/self/fd/%d", fd);
    return !access(name, F_OK);
}

/* A new file for the directory of `path`, without a name; -1: it cannot be had so. */
static int open_nameless(const char *path)
{
    char dir[PATH_MAX], name[40];
    int fd;

    directory_of(path, dir);
    fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0 || fd_name(fd, name))
        return fd;
    close(fd);
    return -1;
}

/* Gives a file a new name beside `path`: the nameless `fd`, or, -1, one that is made. Returns the
 * descriptor. open() and not mkostemp(), which would not heed the umask. */
static int name_beside(int fd, const char *path, char temp[static PATH_MAX], struct err *e)
{
    char name[40];
    int result;

    for (unsigned i = 0;; i++) {
        int len = snprintf(temp, PATH_MAX, "%s.%ld-%u.tmp", path, (long)getpid(), i);

        if (len >= PATH_MAX) {
            *temp = 0;
            return err_set(e, ERR_LIMIT, "the path is too long: %.80s...", path);
        }
        if (fd < 0)
            result = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        else if (fd_name(fd, name))
            result = linkat(AT_FDCWD, name, AT_FDCWD, temp, AT_SYMLINK_FOLLOW) ? -1 : fd;
        else
            result = -1;
        if (result >= 0)
            return result;
        if (errno != EEXIST || i == 1000) {
            *temp = 0;
            return err_set(e, ERR_SYS, "%s", path);
        }
    }
}

/* ---- a new file in the place of an old one ---- */

int file_begin(struct file_new *f, const char *path, struct err *e)
{
    char real[PATH_MAX];
    bool there = realpath(path, real) != NULL;
    struct stat st;

    f->fd = -1;
    f->mode = -1;
    if ((size_t)snprintf(f->path, sizeof f->path, "%s", there ? real : path) >= sizeof f->path)
        return err_set(e, ERR_LIMIT, "the path is too long: %.80s...", path);
    if (there && !stat(real, &st)) {
        if (S_ISDIR(st.st_mode)) {
            errno = EISDIR;
            return err_set(e, ERR_SYS, "%s", path);
        }
        if (!S_ISREG(st.st_mode))
            return err_set(e, ERR_USAGE, "%s: not a regular file", path);
        if (access(real, W_OK)) /* rename would replace a write-protected file */
            return err_set(e, ERR_SYS, "%s", path);
        f->mode = (int)(st.st_mode & 07777); /* the permissions stay */
    }
    f->temp[0] = 0;
    f->fd = open_nameless(f->path);
    if (f->fd < 0)
        f->fd = name_beside(-1, f->path, f->temp, e);
    return f->fd < 0 ? -(int)e->code : 0;
}

void file_abandon(struct file_new *f)
{
    if (f->fd < 0)
        return;
    close(f->fd);
    f->fd = -1;
    if (*f->temp)
        unlink(f->temp);
}

int file_commit(struct file_new *f, struct err *e)
{
    int r = 0;

    if ((f->mode >= 0 && fchmod(f->fd, (mode_t)f->mode)) || fsync(f->fd))
        r = err_set(e, ERR_SYS, "%s", f->path);
    else if (!*f->temp && name_beside(f->fd, f->path, f->temp, e) < 0)
        r = -(int)e->code;
    else if (rename(f->temp, f->path))
        r = err_set(e, ERR_SYS, "%s", f->path);
    if (r) {
        file_abandon(f);
        return r;
    }
    close(f->fd);
    f->fd = -1;
    sync_directory_of(f->path);
    return 0;
}

int file_write(const char *path, const void *bytes, size_t len, struct err *e)
{
    struct file_new f;
    struct stat st;

    if (!stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return write_in_place(path, bytes, len, e);
    if (file_begin(&f, path, e))
        return -(int)e->code;
    if (write_all(f.fd, path, bytes, len, e)) {
        file_abandon(&f);
        return -(int)e->code;
    }
    return file_commit(&f, e);
}

int file_writable(const char *path, struct err *e)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    struct stat st;

    if (!stat(path, &st)) {
        if (S_ISDIR(st.st_mode))
            errno = EISDIR;
        else if (!access(path, W_OK))
            return 0;
        return err_set(e, ERR_SYS, "%s", path);
    }
    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
    return !access(dir, W_OK | X_OK) ? 0 : err_set(e, ERR_SYS, "%s", path);
}

int file_stat(int fd, struct stat *out)
{
    return (int)syscall(SYS_fstat, fd, out);
}

int file_make_parents(const char *path, struct err *e)
{
    char dir[PATH_MAX];

    if ((size_t)snprintf(dir, sizeof dir, "%s", path) >= sizeof dir)
        return err_set(e, ERR_LIMIT, "the path is too long: %.80s...", path);
    for (char *p = dir + 1; *dir && (p = strchr(p, '/')); p++) {
        *p = 0;
        if (mkdir(dir, 0777) && errno != EEXIST)
            return err_set(e, ERR_SYS, "%s", dir);
        *p = '/';
    }
    return 0;
}

/* ---- locks ---- */

static bool lock_path(const char *path, char out[static PATH_MAX])
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    return snprintf(out, PATH_MAX, "%.*s.%s.lock", (int)(name - path), path, name) < PATH_MAX;
}

/* Whether the file is still there by this name: who had it before removes it. */
static bool is_there(int fd, const char *path)
{
    struct stat a, b;

    return !fstat(fd, &a) && !stat(path, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int file_lock_beside(const char *path, bool *taken)
{
    char lock[PATH_MAX];

    *taken = false;
    errno = ENAMETOOLONG;
    if (!lock_path(path, lock))
        return -1;
    for (;;) {
        int fd = open(lock, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), saved;
        bool there;

        if (fd < 0)
            return -1;
        if (!flock(fd, LOCK_EX | LOCK_NB) && is_there(fd, lock))
            return fd;
        saved = errno;
        there = is_there(fd, lock);
        close(fd);
        if (!there)
            continue;
        *taken = saved == EWOULDBLOCK;
        errno = saved;
        return -1;
    }
}

void file_unlock_beside(const char *path, int fd)
{
    char lock[PATH_MAX];

    if (lock_path(path, lock))
        unlink(lock); /* while it is ours */
    if (fd >= 0)
        close(fd);
}
