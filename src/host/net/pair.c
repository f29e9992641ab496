#include "host/net/pair.h"

#include "base/le.h"
#include "mach/role.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    SHORT_BYTES = 2,
    HEAD_BYTES = 10,
    PIECES = 260,
    BUFFER_BYTES = 1 << 20,
    BURST_NS = 50000000,
    TRIES = 64
};

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

static u64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

/* So that a packet of 64 KiB goes at all; as far as the host allows. */
static void enlarge(int fd)
{
    int room = BUFFER_BYTES;

    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
}

/* ---- the watcher: waits for what the machine's thread could not have, and wakes it; of one that
 * waits itself it only watches the door and the limits ---- */

static void poke(struct pair *p)
{
    u64 one = 1;

    (void)!write(p->poke, &one, sizeof one);
}

/* The machine's thread wants to know when the descriptor can be read (or written) again, after a
 * time. */
static void want(struct pair *p, bool out, u64 after_ns)
{
    bool *flag = out ? &p->want_out : &p->want_in;
    u64 *after = out ? &p->out_after_ns : &p->in_after_ns;
    bool new;

    pthread_mutex_lock(&p->lock);
    new = !*flag || after_ns < *after;
    *flag = true;
    *after = after_ns;
    pthread_mutex_unlock(&p->lock);
    if (new && (after_ns || !p->awaited))
        poke(p);
}

/* What to wait for now. The time to wait in ms, -1: no limit. */
static int wanted(const struct pair *p, short *events)
{
    u64 now = p->in_after_ns || p->out_after_ns ? now_ns() : 0, until = UINT64_MAX;

    *events = 0;
    if (p->want_in && p->in_after_ns <= now)
        *events |= POLLIN;
    else if (p->want_in)
        until = p->in_after_ns;
    if (p->want_out && p->out_after_ns <= now)
        *events |= POLLOUT;
    else if (p->want_out && p->out_after_ns < until)
        until = p->out_after_ns;
    return until == UINT64_MAX ? -1 : (int)((until - now) / 1000000 + 1);
}

/* Somebody is at the door. */
static void let_in(struct pair *p)
{
    int fd = p->door->enter(p->door), unused;
    struct wake wake;

    if (fd < 0)
        return;
    enlarge(fd);
    pthread_mutex_lock(&p->lock);
    unused = p->fresh;
    p->fresh = fd;
    wake = p->wake;
    pthread_mutex_unlock(&p->lock);
    if (unused >= 0)
        close(unused);
    wake_call(&wake);
}

/* The lock is held. */
static void have(struct pair *p, short events)
{
    if (events & ~POLLOUT)
        p->want_in = false;
    if (events & ~POLLIN)
        p->want_out = false;
}

static void have_and_wake(struct pair *p, short events)
{
    struct wake wake;

    pthread_mutex_lock(&p->lock);
    have(p, events);
    wake = p->wake;
    pthread_mutex_unlock(&p->lock);
    wake_call(&wake);
}

static bool watch_once(struct pair *p)
{
    struct pollfd f[3] = { { p->poke, POLLIN, 0 },
                           { -1, 0, 0 },
                           { p->door ? p->door->fd : -1, POLLIN, 0 } };
    bool stop, awaited;
    int wait_ms;
    u64 count;

    pthread_mutex_lock(&p->lock);
    stop = p->stop;
    if (p->dead >= 0)
        close(p->dead); /* here, where no poll() has it any more */
    p->dead = -1;
    wait_ms = wanted(p, &f[1].events);
    awaited = p->awaited && f[1].events;
    if (f[1].events && !awaited) /* else a peer that is gone would wake us for ever */
        f[1].fd = p->fd;
    pthread_mutex_unlock(&p->lock);
    if (stop)
        return false;
    if (awaited) /* a limit lets it go on */
        have_and_wake(p, f[1].events);
    if (poll(f, 3, wait_ms) <= 0)
        return true;
    if (f[0].revents)
        (void)!read(p->poke, &count, sizeof count);
    if (f[1].revents)
        have_and_wake(p, f[1].revents);
    if (f[2].revents)
        let_in(p);
    return true;
}

static void *watch(void *arg)
{
    while (watch_once(arg))
        ;
    return NULL;
}

int pair_start(struct pair *p, const struct thread_hook *hook, struct err *e)
{
    if (p->watching)
        return 0;
    if (thread_start(&p->watcher, hook, THREAD_NET, watch, p, e))
        return err_wrap(e, "a link");
    p->watching = true;
    return 0;
}

/* ---- which end: the machine's thread ---- */

static void gone(struct pair *p)
{
    p->info.up = false;
}

/* An end that came in takes the place of the old one. */
static void adopt(struct pair *p)
{
    struct err e;
    bool changed;

    if (p->attached && pair_start(p, NULL, &e))
        gone(p);
    if (!p->door)
        return;
    pthread_mutex_lock(&p->lock);
    changed = p->fresh >= 0 && p->dead < 0;
    if (changed) {
        p->dead = p->fd;
        p->fd = p->fresh;
        p->fresh = -1;
        p->info.up = true;
    }
    pthread_mutex_unlock(&p->lock);
    if (changed)
        poke(p);
}

/* ---- the port ---- */

static void pair_describe(struct link_port *port, struct link_info *out)
{
    struct pair *p = pair_of(port);

    adopt(p);
    *out = p->info;
}

/* Whether a limit says that it is too early; who asked is woken when it is not. */
static bool too_early(struct pair *p, bool out)
{
    const struct rate *r = out ? &p->sent : &p->received;

    if (!r->per_s || r->next_ns <= now_ns())
        return false;
    want(p, out, r->next_ns);
    return true;
}

static void spend(struct rate *r, u64 bytes)
{
    if (r->per_s)
        rate_take(r, now_ns(), bytes);
}

static ssize_t put(const struct pair *p, struct iovec *v, unsigned count)
{
    struct msghdr m = { .msg_iov = v, .msg_iovlen = count };

    return p->tap ? writev(p->fd, v, (int)count) : sendmsg(p->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool pair_send(struct link_port *port, const struct link_head *h, const struct iovec *pieces,
                      unsigned count)
{
    struct pair *p = pair_of(port);
    u8 head[HEAD_BYTES] = { h->flags, h->segments };
    struct iovec v[PIECES] = { { head, sizeof head } };
    unsigned from = p->heads;
    ssize_t n;

    adopt(p);
    if (!p->info.up || count + 1 > PIECES)
        return true;
    if (too_early(p, true))
        return false;
    le_put(head + 2, h->head_bytes, 2);
    le_put(head + 4, h->segment_bytes, 2);
    le_put(head + 6, h->csum_start, 2);
    le_put(head + 8, h->csum_offset, 2);
    memcpy(v + from, pieces, count * sizeof *v);
    n = put(p, v, count + from);
    if (n >= 0) {
        spend(&p->sent, (u64)n);
        return true;
    }
    if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR) {
        want(p, true, 0);
        return false;
    }
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN || errno == EBADFD)
        gone(p);
    return true; /* also one that is too long for the host, or damaged: lost */
}

/* The message's length; *cut: its end is missing. */
static ssize_t get(const struct pair *p, struct iovec *v, unsigned count, bool *cut)
{
    struct msghdr m = { .msg_iov = v, .msg_iovlen = count };
    size_t room = 0;
    u8 more;
    ssize_t n;

    if (!p->tap) {
        n = recvmsg(p->fd, &m, MSG_DONTWAIT);
        *cut = m.msg_flags & MSG_TRUNC;
        return n;
    }
    for (unsigned i = 0; i < count; i++)
        room += v[i].iov_len;
    v[count] = (struct iovec) { &more, 1 };
    n = readv(p->fd, v, (int)count + 1);
    *cut = n > (ssize_t)room;
    return n;
}

static long pair_recv(struct link_port *port, struct link_head *h, const struct iovec *pieces,
                      unsigned count)
{
    struct pair *p = pair_of(port);
    u8 head[HEAD_BYTES] = { 0 };
    struct iovec v[PIECES + 1] = { { head, sizeof head } };
    ssize_t n, least = p->heads ? HEAD_BYTES + SHORT_BYTES : 0;
    unsigned tries = TRIES;
    bool cut;

    *h = (struct link_head) { 0 };
    adopt(p);
    if (count + 1 > PIECES)
        return 0;
    if (!p->info.up)
        return -1;
    if (too_early(p, false))
        return 0;
    memcpy(v + p->heads, pieces, count * sizeof *v);
    do {
        n = get(p, v, count + p->heads, &cut);
        /* A message without a frame is none (a late hello: cable.c); neither is one of which the
         * end is missing. */
    } while (--tries && ((n > 0 && (n <= least || cut)) || (n < 0 && errno == EINTR)));
    if (!tries || (n < 0 && errno == EAGAIN)) {
        want(p, false, 0);
        return 0;
    }
    if (n <= 0) {
        gone(p);
        return -1;
    }
    spend(&p->received, (u64)n);
    if (p->heads)
        *h = (struct link_head) { head[0],
                                  head[1],
                                  (u16)le_get(head + 2, 2),
                                  (u16)le_get(head + 4, 2),
                                  (u16)le_get(head + 6, 2),
                                  (u16)le_get(head + 8, 2) };
    return p->heads ? n - HEAD_BYTES : n;
}

static void pair_attach(struct link_port *port, struct wake w)
{
    struct pair *p = pair_of(port);

    pthread_mutex_lock(&p->lock);
    p->wake = w;
    pthread_mutex_unlock(&p->lock);
    p->attached = w.call != NULL;
    if (w.call)
        want(p, false, 0);
}

static bool pair_awaits(struct link_port *port, struct pollfd *out)
{
    struct pair *p = pair_of(port);

    pthread_mutex_lock(&p->lock);
    p->awaited = true;
    *out = (struct pollfd) { .fd = p->fd };
    wanted(p, &out->events);
    pthread_mutex_unlock(&p->lock);
    return out->events && out->fd >= 0;
}

static void pair_came(struct link_port *port, short events)
{
    struct pair *p = pair_of(port);

    pthread_mutex_lock(&p->lock);
    have(p, events);
    pthread_mutex_unlock(&p->lock);
}

static const struct link_ops pair_ops = {
    .describe = pair_describe,
    .send = pair_send,
    .recv = pair_recv,
    .attach = pair_attach,
    .awaits = pair_awaits,
    .came = pair_came,
};

/* ---- life ---- */

int pair_init(struct pair *p, const struct pair_config *c, struct err *e)
{
    const struct rate limit = { .per_s = c->bytes_per_s, .burst_ns = BURST_NS };

    *p = (struct pair) { .port.ops = &pair_ops,
                         .fd = c->fd,
                         .poke = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                         .tap = c->tap,
                         .heads = c->heads,
                         .info = { .mtu = c->mtu, .offloads = c->offloads, .up = c->fd >= 0 },
                         .sent = limit,
                         .received = limit,
                         .door = c->door,
                         .fresh = -1,
                         .dead = -1 };
    if (p->poke < 0)
        return err_set(e, ERR_SYS, "a link");
    if (!c->tap)
        enlarge(c->fd);
    pthread_mutex_init(&p->lock, NULL);
    return 0;
}

void pair_fini(struct pair *p)
{
    const int *const fds[] = { &p->poke, &p->fd, &p->fresh, &p->dead };

    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_mutex_unlock(&p->lock);
    poke(p);
    if (p->watching)
        pthread_join(p->watcher, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        if (*fds[i] >= 0)
            close(*fds[i]);
    pthread_mutex_destroy(&p->lock);
}
