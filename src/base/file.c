#include "base/file.h"

#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
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

/* The rename itself is lost in a power cut until the directory is on disk. A file system that
 * cannot sync a directory has nothing better to offer, so that is no error. */
static void sync_directory_of(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int len = slash ? (int)(slash - path) : 0;

    snprintf(dir, sizeof dir, "%.*s", len, path);
    OWN(fd) int fd = open(!slash ? "." : len ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

/* A new file beside `path`, with its name in temp[]. open() and not mkostemp(), which would not
 * heed the umask. */
static int open_beside(const char *path, char temp[static PATH_MAX], struct err *e)
{
    int fd;

    for (unsigned i = 0;; i++) {
        int len = snprintf(temp, PATH_MAX, "%s.%ld-%u.tmp", path, (long)getpid(), i);

        if (len >= PATH_MAX)
            return err_set(e, ERR_LIMIT, "the path is too long: %.80s...", path);
        fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0)
            return fd;
        if (errno != EEXIST || i == 1000)
            return err_set(e, ERR_SYS, "%s", path);
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
    f->fd = open_beside(f->path, f->temp, e);
    return f->fd < 0 ? -(int)e->code : 0;
}

void file_abandon(struct file_new *f)
{
    if (f->fd < 0)
        return;
    close(f->fd);
    f->fd = -1;
    unlink(f->temp);
}

int file_commit(struct file_new *f, struct err *e)
{
    if ((f->mode >= 0 && fchmod(f->fd, (mode_t)f->mode)) || fsync(f->fd) ||
        rename(f->temp, f->path)) {
        err_set(e, ERR_SYS, "%s", f->path);
        file_abandon(f);
        return -(int)e->code;
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
