#include "svc/ctl/wire.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 64 << 10 };

void wire_init(struct wire *w, int fd)
{
    *w = (struct wire) { .fd = fd };
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void wire_fini(struct wire *w)
{
    for (unsigned i = 0; i < w->fd_count; i++)
        close(w->fds[i]);
    if (w->fd >= 0)
        close(w->fd);
    free(w->in.bytes);
    free(w->out.bytes);
    *w = (struct wire) { .fd = -1 };
}

/* Room for `more` bytes behind those that are there. */
static bool make_room(struct wire_bytes *b, size_t more)
{
    size_t room = b->room ? b->room : 4096;
    char *p;

    if (b->taken) {
        memmove(b->bytes, b->bytes + b->taken, b->used - b->taken);
        b->used -= b->taken;
        b->taken = 0;
    }
    if (b->room - b->used >= more)
        return true;
    while (room - b->used < more)
        room *= 2;
    p = realloc(b->bytes, room);
    if (!p)
        return false;
    b->bytes = p;
    b->room = room;
    return true;
}

/* ---- in ---- */

/* Keeps the descriptors that came; false: too many of them. */
static bool keep_fds(struct wire *w, struct msghdr *m)
{
    bool kept = !(m->msg_flags & MSG_CTRUNC);

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (w->fd_count < WIRE_FDS_MAX) {
                w->fds[w->fd_count++] = fd;
            } else {
                close(fd);
                kept = false;
            }
        }
    }
    return kept;
}

bool wire_read(struct wire *w, const char **why)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))];
    struct iovec iov;
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
    };
    size_t searched = w->searched - w->in.taken;
    ssize_t n;

    *why = "no memory";
    if (!make_room(&w->in, READ_BYTES))
        return false;
    w->searched = searched;
    iov = (struct iovec) { w->in.bytes + w->in.used, READ_BYTES };
    n = recvmsg(w->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0) {
        *why = strerror(errno);
        return errno == EAGAIN || errno == EINTR;
    }
    *why = "too many descriptors";
    if (!keep_fds(w, &m))
        return false;
    w->ended = n == 0;
    w->in.used += (size_t)n;
    *why = "a line is too long";
    return w->in.used - w->in.taken <= WIRE_LINE_MAX ||
           memchr(w->in.bytes + w->in.taken, '\n', WIRE_LINE_MAX);
}

char *wire_line(struct wire *w, size_t *len)
{
    char *start, *end;

    if (w->searched == w->in.used)
        return NULL;
    start = w->in.bytes + w->in.taken;
    end = memchr(w->in.bytes + w->searched, '\n', w->in.used - w->searched);
    if (!end) {
        w->searched = w->in.used;
        return NULL;
    }
    *end = 0;
    *len = (size_t)(end - start);
    w->in.taken = w->searched = (size_t)(end + 1 - w->in.bytes);
    return start;
}

bool wire_take_fds(struct wire *w, int *fds, unsigned count)
{
    if (count > w->fd_count)
        return false;
    memcpy(fds, w->fds, count * sizeof *fds);
    w->fd_count -= count;
    memmove(w->fds, w->fds + count, w->fd_count * sizeof *fds);
    return true;
}

/* ---- out ---- */

size_t wire_waiting(const struct wire *w)
{
    return w->out.used - w->out.taken;
}

bool wire_put(struct wire *w, const char *line, size_t len, size_t limit)
{
    if (wire_waiting(w) + len + 1 > limit || !make_room(&w->out, len + 1))
        return false;
    memcpy(w->out.bytes + w->out.used, line, len);
    w->out.bytes[w->out.used + len] = '\n';
    w->out.used += len + 1;
    return true;
}

bool wire_flush(struct wire *w)
{
    while (wire_waiting(w)) {
        ssize_t n = send(w->fd, w->out.bytes + w->out.taken, wire_waiting(w),
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        w->out.taken += (size_t)n;
    }
    w->out.taken = w->out.used = 0;
    return true;
}

/* One sendmsg() of the first bytes with the descriptors; the bytes sent, or -1. */
static ssize_t send_with_fds(int fd, const char *bytes, size_t len, const int *fds, unsigned count)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))] = { 0 };
    struct iovec iov = { (char *)bytes, len }; /* read only */
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

    assert(count <= WIRE_FDS_MAX);
    if (count) {
        struct cmsghdr *c = (struct cmsghdr *)control;

        m.msg_control = control;
        m.msg_controllen = CMSG_SPACE(count * sizeof(int));
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    }
    return sendmsg(fd, &m, MSG_NOSIGNAL);
}

int wire_send(struct wire *w, const char *line, size_t len, const int *fds, unsigned count,
              struct err *e)
{
    if (len + 1 > WIRE_LINE_MAX || count > WIRE_FDS_MAX)
        return err_set(e, ERR_LIMIT, "the request is too long");
    if (!wire_put(w, line, len, WIRE_OUT_MAX))
        return err_set(e, ERR_NOMEM, "no memory");
    while (wire_waiting(w)) {
        ssize_t n = send_with_fds(w->fd, w->out.bytes + w->out.taken, wire_waiting(w), fds, count);

        if (n > 0) {
            w->out.taken += (size_t)n;
            count = 0; /* they went with the first byte */
        } else if (n < 0 && errno == EAGAIN) {
            poll(&(struct pollfd) { w->fd, POLLOUT, 0 }, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            return err_set(e, ERR_SYS, "the connection is broken");
        }
    }
    return 0;
}
