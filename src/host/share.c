#include "host/share.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static FIELD_TABLE(share_file, 1, SHARE_FILE)
static FIELD_TABLE(share, 1, SHARE)

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

/* A regular file, or -1. */
static int open_file(const struct share *s, const char *path, unsigned flags, struct err *why)
{
    int fd = open_beneath(s->dir, path, flags);
    struct stat st;

    if (fd < 0) {
        if (errno == EXDEV)
            err_set(why, ERR_STATE, "refused: it leads out of the shared directory");
        else
            err_set(why, ERR_SYS, "the host says");
        return -1;
    }
    if (file_stat(fd, &st) || !S_ISREG(st.st_mode)) {
        err_set(why, ERR_STATE, "refused: not a regular file");
        close(fd);
        return -1;
    }
    return fd;
}

static int share_open(struct files_port *port, const char *path, unsigned flags, struct err *why)
{
    struct share *s = container_of(port, struct share, port);
    struct share_file *f;
    int slot = 0, fd;

    while (slot < SHARE_FILES && s->file[slot].open)
        slot++;
    if (slot == SHARE_FILES) {
        err_set(why, ERR_LIMIT, "%d files are open already", SHARE_FILES);
        return -1;
    }
    f = &s->file[slot];
    if (strlen(path) >= sizeof f->path) {
        err_set(why, ERR_LIMIT, "a name has at most %zu bytes", sizeof f->path - 1);
        return -1;
    }
    fd = open_file(s, path, flags, why);
    if (fd < 0)
        return -1;
    if (flags & FILE_WRITE)
        flock(fd, LOCK_SH | LOCK_NB); /* whoever locks it against all is not our guest's business */
    *f = (struct share_file) { .open = true, .flags = flags, .fd = fd };
    strcpy((char *)f->path, path);
    return slot;
}

static struct share_file *file_of(struct files_port *port, int fd)
{
    struct share *s = container_of(port, struct share, port);

    return fd >= 0 && fd < SHARE_FILES && s->file[fd].open ? &s->file[fd] : NULL;
}

static int share_close(struct files_port *port, int fd)
{
    struct share_file *file = file_of(port, fd);
    int r;

    if (!file)
        return -1;
    r = close(file->fd); /* closed also when that reports an error */
    *file = (struct share_file) { 0 };
    return r;
}

static long share_read(struct files_port *port, int fd, void *bytes, size_t room)
{
    const struct share_file *file = file_of(port, fd);
    ssize_t n = -1;

    if (file)
        do
            n = read(file->fd, bytes, room);
        while (n < 0 && errno == EINTR);
    return n;
}

static long share_write(struct files_port *port, int fd, const void *bytes, size_t len)
{
    const struct share_file *file = file_of(port, fd);
    ssize_t n = -1;

    if (file)
        do
            n = write(file->fd, bytes, len);
        while (n < 0 && errno == EINTR);
    return n;
}

/* ---- snapshots ---- */

static void share_saving(void *self)
{
    struct share *s = self;

    for (int i = 0; i < SHARE_FILES; i++) {
        off_t at = s->file[i].open ? lseek(s->file[i].fd, 0, SEEK_CUR) : 0;

        s->file[i].offset = at > 0 ? (u64)at : 0;
    }
}

static bool same_file(int a, int b)
{
    struct stat sa, sb;

    return !file_stat(a, &sa) && !file_stat(b, &sb) && sa.st_dev == sb.st_dev &&
           sa.st_ino == sb.st_ino;
}

/* That nobody else writes to it, for files before this one may be the same: the guest's own. */
static bool lock_again(const struct share *s, const struct share_file *f)
{
    for (const struct share_file *o = s->file; o < f; o++)
        if (o->open && o->flags & FILE_WRITE && same_file(o->fd, f->fd))
            return !flock(f->fd, LOCK_SH | LOCK_NB);
    return !flock(f->fd, LOCK_EX | LOCK_NB) && !flock(f->fd, LOCK_SH | LOCK_NB);
}

/* Opens the file again that an image says was open: it is not made, nor emptied. */
static int reopen(const struct share *s, struct share_file *f, struct err *e)
{
    const unsigned once = FILE_CREATE | FILE_TRUNCATE | FILE_EXCLUSIVE;
    const char *path = (const char *)f->path;
    struct err why;

    if (!memchr(path, 0, sizeof f->path))
        return err_set(e, ERR_FORMAT, "a name without an end");
    f->fd = open_file(s, path, f->flags & ~once, &why);
    if (f->fd < 0)
        return err_set(e, why.code == ERR_SYS ? ERR_STATE : why.code,
                       "the guest had %.80s open: %.120s", path, why.text);
    if (f->flags & FILE_WRITE && !lock_again(s, f)) {
        close(f->fd);
        return err_set(e, ERR_STATE,
                       "the guest had %.80s open for writing, as another machine has it now (share "
                       "a copy of the directory)",
                       path);
    }
    if (lseek(f->fd, (off_t)f->offset, SEEK_SET) < 0) {
        close(f->fd);
        return err_set(e, ERR_SYS, "the guest had %.80s open", path);
    }
    return 0;
}

static int share_loaded(void *self, struct err *e)
{
    struct share *s = self;

    for (int i = 0; i < SHARE_FILES; i++)
        if (s->file[i].open && reopen(s, &s->file[i], e)) {
            for (; i < SHARE_FILES; i++) /* these were not opened */
                s->file[i].open = false;
            return -(int)e->code;
        }
    return 0;
}

static const struct files_ops share_ops = {
    .open = share_open, .close = share_close, .read = share_read, .write = share_write
};

int share_init(struct share *s, const char *dir, struct err *e)
{
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return err_set(e, ERR_SYS, "cannot share %s", dir);
    *s = (struct share) { .port = { &share_ops, &s->state },
                          .state = { .name = "files",
                                     .self = s,
                                     .fields = share_fields(),
                                     .saving = share_saving,
                                     .loaded = share_loaded },
                          .dir = fd };
    return 0;
}

void share_fini(struct share *s)
{
    if (!s || !s->port.ops)
        return;
    for (int i = 0; i < SHARE_FILES; i++)
        if (s->file[i].open)
            close(s->file[i].fd);
    close(s->dir);
    s->port.ops = NULL;
}
