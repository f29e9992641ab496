#include "host/net/pair.h"

#include "base/le.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_BYTES = 10, PIECES = 260, BUFFER_BYTES = 1 << 20, BURST_NS = 50000000 };

static struct pair *pair_of(struct link_port *p)
{
    return container_of(p, struct pair, port);
}

int pair_sockets(int fd[2], struct err *e)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd))
        return err_set(e, ERR_SYS, "a pair of sockets");
    return 0;
}

/* ---- the watcher: waits for what the machine's thread could not have, and wakes it ---- */

static void poke(struct pair *p)
{
    u64 one = 1;

    (void)!write(p->poke, &one, sizeof one);
}

/* Asks to be woken when the socket can be read (or written) again. */
static void want(struct pair *p, bool out)
{
    bool *flag = out ? &p->want_out : &p->want_in;
    bool new;

    pthread_mutex_lock(&p->lock);
    new = !*flag;
    *flag = true;
    pthread_mutex_unlock(&p->lock);
    if (new)
        poke(p);
}

static void *watch(void *arg)
{
    struct pair *p = arg;

    for (;;) {
        struct pollfd f[2] = { { p->poke, POLLIN, 0 }, { p->fd, 0, 0 } };
        struct wake wake = { 0 };
        u64 count;

        pthread_mutex_lock(&p->lock);
        if (p->stop) {
            pthread_mutex_unlock(&p->lock);
            return NULL;
        }
        f[1].events = (short)((p->want_in ? POLLIN : 0) | (p->want_out ? POLLOUT : 0));
        if (!f[1].events)
            f[1].fd = -1; /* a peer that is gone would wake us for ever */
        pthread_mutex_unlock(&p->lock);
        if (poll(f, 2, -1) < 0)
            continue;
        if (f[0].revents)
            (void)!read(p->poke, &count, sizeof count);
        if (!f[1].revents)
            continue;
        pthread_mutex_lock(&p->lock);
        if (f[1].revents & ~POLLOUT)
            p->want_in = false;
        if (f[1].revents & ~POLLIN)
            p->want_out = false;
        wake = p->wake;
        pthread_mutex_unlock(&p->lock);
        wake_call(&wake);
    }
}

/* ---- the port ---- */

static void pair_describe(struct link_port *port, struct link_info *out)
{
    *out = pair_of(port)->info;
}

static u64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

/* A frame that would have to wait is lost, as in a switch whose queue is full. */
static bool over_limit(struct pair *p, const struct iovec *pieces, unsigned count)
{
    struct rate r = p->bytes;
    u64 len = 0;

    if (!p->bytes.per_s)
        return false;
    for (unsigned i = 0; i < count; i++)
        len += pieces[i].iov_len;
    if (rate_take(&r, now_ns(), len) > 0)
        return true;
    p->bytes = r;
    return false;
}

static bool pair_send(struct link_port *port, const struct link_head *h, const struct iovec *pieces,
                      unsigned count)
{
    struct pair *p = pair_of(port);
    u8 head[HEAD_BYTES] = { h->flags, h->segments };
    struct iovec v[PIECES] = { { head, sizeof head } };
    unsigned from = p->info.offloads;
    struct msghdr m = { .msg_iov = v, .msg_iovlen = count + from };

    if (!p->info.up || count + 1 > PIECES || over_limit(p, pieces, count))
        return true;
    le_put(head + 2, h->head_bytes, 2);
    le_put(head + 4, h->segment_bytes, 2);
    le_put(head + 6, h->csum_start, 2);
    le_put(head + 8, h->csum_offset, 2);
    memcpy(v + from, pieces, count * sizeof *v);
    if (sendmsg(p->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        return true;
    if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR) {
        want(p, true);
        return false;
    }
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
        p->info.up = false;
    return true; /* also one that is too long for the host: lost */
}

static long pair_recv(struct link_port *port, struct link_head *h, const struct iovec *pieces,
                      unsigned count)
{
    struct pair *p = pair_of(port);
    u8 head[HEAD_BYTES] = { 0 };
    struct iovec v[PIECES] = { { head, sizeof head } };
    unsigned from = p->info.offloads;
    struct msghdr m = { .msg_iov = v, .msg_iovlen = count + from };
    ssize_t n;

    *h = (struct link_head) { 0 };
    if (count + 1 > PIECES)
        return 0;
    if (!p->info.up)
        return -1;
    memcpy(v + from, pieces, count * sizeof *v);
    do {
        n = recvmsg(p->fd, &m, MSG_DONTWAIT);
        /* A message without a frame is none; neither is one of which the end is missing. */
    } while ((n > 0 && (n <= (from ? HEAD_BYTES : 0) || (m.msg_flags & MSG_TRUNC))) ||
             (n < 0 && errno == EINTR));
    if (n < 0 && errno == EAGAIN) {
        want(p, false);
        return 0;
    }
    if (n <= 0) {
        p->info.up = false;
        return -1;
    }
    if (!from)
        return n;
    *h = (struct link_head) { head[0],
                              head[1],
                              (u16)le_get(head + 2, 2),
                              (u16)le_get(head + 4, 2),
                              (u16)le_get(head + 6, 2),
                              (u16)le_get(head + 8, 2) };
    return n - HEAD_BYTES;
}

static void pair_attach(struct link_port *port, struct wake w)
{
    struct pair *p = pair_of(port);

    pthread_mutex_lock(&p->lock);
    p->wake = w;
    pthread_mutex_unlock(&p->lock);
    if (w.call)
        want(p, false);
}

static const struct link_ops pair_ops = {
    .describe = pair_describe,
    .send = pair_send,
    .recv = pair_recv,
    .attach = pair_attach,
};

/* ---- life ---- */

int pair_init(struct pair *p, int fd, bool offloads, u64 bytes_per_s, struct err *e)
{
    int room = BUFFER_BYTES;
    sigset_t all, before;

    *p = (struct pair) { .port.ops = &pair_ops,
                         .fd = fd,
                         .poke = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                         .info = { .mtu = LINK_MTU, .offloads = offloads, .up = true },
                         .bytes = { .per_s = bytes_per_s, .burst_ns = BURST_NS } };
    if (p->poke < 0)
        return err_set(e, ERR_SYS, "a link");
    /* So that a packet of 64 KiB goes at all; as far as the host allows. */
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    pthread_mutex_init(&p->lock, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    errno = pthread_create(&p->watcher, NULL, watch, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!errno)
        return 0;
    close(p->poke);
    pthread_mutex_destroy(&p->lock);
    return err_set(e, ERR_SYS, "a link's thread");
}

void pair_fini(struct pair *p)
{
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_mutex_unlock(&p->lock);
    poke(p);
    pthread_join(p->watcher, NULL);
    close(p->poke);
    close(p->fd);
    pthread_mutex_destroy(&p->lock);
}
