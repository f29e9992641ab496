#include "host/share.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int host_flags(unsigned flags)
{
    int f = O_CLOEXEC | O_NOCTTY | O_NONBLOCK; /* a pipe must not hold us up before it is refused */

    if (flags & FILE_WRITE)
        f |= flags & FILE_READ ? O_RDWR : O_WRONLY;
    f |= flags & FILE_CREATE ? O_CREAT : 0;
    f |= flags & FILE_TRUNCATE ? O_TRUNC : 0;
    f |= flags & FILE_APPEND ? O_APPEND : 0;
    f |= flags & FILE_EXCLUSIVE ? O_EXCL : 0;
    return f;
}

static int open_beneath(int dir, const char *path, unsigned flags)
{
    struct open_how how = { .flags = (u64)host_flags(flags),
                            .mode = flags & FILE_CREATE ? 0666 : 0,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
    int fd, tries = 100;

    do /* EAGAIN: something was renamed while a ".." was looked up */
        fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
    while (fd < 0 && (errno == EINTR || (errno == EAGAIN && tries--)));
    return fd;
}

static int share_open(struct files_port *port, const char *path, unsigned flags, struct err *why)
{
    struct share *s = container_of(port, struct share, port);
    int slot = 0, fd;
    struct stat st;

    while (slot < SHARE_FILES && s->files[slot] >= 0)
        slot++;
    if (slot == SHARE_FILES) {
        err_set(why, ERR_LIMIT, "%d files are open already", SHARE_FILES);
        return -1;
    }
    fd = open_beneath(s->dir, path, flags);
    if (fd < 0) {
        if (errno == EXDEV)
            err_set(why, ERR_STATE, "refused: it leads out of the shared directory");
        else
            err_set(why, ERR_SYS, "the host says");
        return -1;
    }
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        err_set(why, ERR_STATE, "refused: not a regular file");
        close(fd);
        return -1;
    }
    s->files[slot] = fd;
    return slot;
}

static int *file_of(struct files_port *port, int fd)
{
    struct share *s = container_of(port, struct share, port);

    return fd >= 0 && fd < SHARE_FILES && s->files[fd] >= 0 ? &s->files[fd] : NULL;
}

static int share_close(struct files_port *port, int fd)
{
    int *file = file_of(port, fd), r;

    if (!file)
        return -1;
    r = close(*file); /* closed also when that reports an error */
    *file = -1;
    return r;
}

static long share_read(struct files_port *port, int fd, void *bytes, size_t room)
{
    const int *file = file_of(port, fd);
    ssize_t n = -1;

    if (file)
        do
            n = read(*file, bytes, room);
        while (n < 0 && errno == EINTR);
    return n;
}

static long share_write(struct files_port *port, int fd, const void *bytes, size_t len)
{
    const int *file = file_of(port, fd);
    ssize_t n = -1;

    if (file)
        do
            n = write(*file, bytes, len);
        while (n < 0 && errno == EINTR);
    return n;
}

static const struct files_ops share_ops = {
    .open = share_open, .close = share_close, .read = share_read, .write = share_write
};

int share_init(struct share *s, const char *dir, struct err *e)
{
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return err_set(e, ERR_SYS, "cannot share %s", dir);
    s->port.ops = &share_ops;
    s->dir = fd;
    for (int i = 0; i < SHARE_FILES; i++)
        s->files[i] = -1;
    return 0;
}

void share_fini(struct share *s)
{
    if (!s || !s->port.ops)
        return;
    for (int i = 0; i < SHARE_FILES; i++)
        if (s->files[i] >= 0)
            close(s->files[i]);
    close(s->dir);
    s->port.ops = NULL;
}
