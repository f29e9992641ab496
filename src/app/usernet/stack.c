/* libslirp, and the loop around it.
 *
 * What waits for the machine is bounded: as soon as a frame has to wait, the host's sockets are not
 * asked for more, and behind QUEUE_BYTES what the guest's own frames bring back is lost, as in a
 * switch. So a guest that does not read holds up its own connections and nothing else. */
#include "app/usernet/usernet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <libslirp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAME_MAX = 65535 + 14 + 4,
    AT_ONCE = 64,          /* frames from the guest, before the sockets have their turn */
    QUEUE_BYTES = 1 << 20, /* that wait for the machine */
    POLLED_MAX = USERNET_DESCRIPTORS + 1,
    SPARE = 16,         /* with fewer descriptors left, no connection is taken from outside */
    CONFIG_VERSION = 4, /* of struct SlirpConfig */
    ETHERNET_BYTES = 14,
};

struct waiting {
    struct waiting *next;
    size_t len;
    u8 bytes[];
};

struct timer {
    struct timer *next;
    SlirpTimerId id;
    void *ctx;
    s64 at_ms; /* INT64_MAX: never */
};

struct usernet {
    Slirp *slirp;
    int fd, forwards_end; /* descriptors below the latter were there from the start */
    bool over;            /* the machine's end is closed */
    struct waiting *first, **last;
    size_t waiting_bytes;
    struct timer *timers;
    struct pollfd polled[POLLED_MAX];
    unsigned polled_count;
    u8 frame[FRAME_MAX];
};

/* ---- frames to the machine ---- */

/* False: it has to wait. */
static bool send_frame(struct usernet *n, const void *bytes, size_t len)
{
    if (send(n->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return true;
    if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
        return false;
    n->over |= errno != EMSGSIZE;
    return true;
}

static void let_wait(struct usernet *n, const void *bytes, size_t len)
{
    struct waiting *w;

    if (n->waiting_bytes + len > QUEUE_BYTES || !(w = malloc(sizeof *w + len)))
        return;
    w->next = NULL;
    w->len = len;
    memcpy(w->bytes, bytes, len);
    *n->last = w;
    n->last = &w->next;
    n->waiting_bytes += len;
}

static void send_waiting(struct usernet *n)
{
    for (struct waiting *w; (w = n->first) && send_frame(n, w->bytes, w->len);) {
        n->waiting_bytes -= w->len;
        n->first = w->next;
        if (!n->first)
            n->last = &n->first;
        free(w);
    }
}

static ssize_t packet_out(const void *bytes, size_t len, void *ctx)
{
    struct usernet *n = ctx;

    if (n->first || !send_frame(n, bytes, len))
        let_wait(n, bytes, len);
    return (ssize_t)len;
}

/* ---- frames from the machine ---- */

/* This host itself by its own names, which no network carries (RFC 1122, 3.2.1.3): the host behind
 * the process would take them for itself. */
static bool is_loopback(const u8 *frame, size_t len)
{
    static const u8 none[15] = { 0 };
    const u8 *ip = frame + ETHERNET_BYTES, *to;
    unsigned type = len < ETHERNET_BYTES ? 0 : (unsigned)(frame[12] << 8 | frame[13]);

    if (type == 0x0800 && len >= ETHERNET_BYTES + 20)
        return ip[16] == 127 || ip[16] == 0;
    if (type != 0x86dd || len < ETHERNET_BYTES + 40)
        return false;
    to = ip + 24; /* ::, ::1, ::a.b.c.d and ::ffff:a.b.c.d */
    return !memcmp(to, none, 10) && ((!to[10] && !to[11]) || (to[10] == 0xff && to[11] == 0xff));
}

static void take_frames(struct usernet *n)
{
    for (unsigned i = 0; i < AT_ONCE && !n->over; i++) {
        ssize_t len = recv(n->fd, n->frame, sizeof n->frame, MSG_DONTWAIT);

        if (len > ETHERNET_BYTES && !is_loopback(n->frame, (size_t)len))
            slirp_input(n->slirp, n->frame, (int)len);
        else if (len < 0 && errno == EAGAIN)
            return;
        else if (len == 0 || (len < 0 && errno != EINTR))
            n->over = true;
    }
}

/* ---- what libslirp asks for ---- */

static s64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (s64)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t clock_now(void *ctx)
{
    (void)ctx;
    return now_ns();
}

static void guest_error(const char *text, void *ctx)
{
    (void)text;
    (void)ctx;
}

static void *timer_new(SlirpTimerId id, void *timer_ctx, void *ctx)
{
    struct usernet *n = ctx;
    struct timer *t = calloc(1, sizeof *t);

    if (!t)
        abort(); /* as libslirp itself does */
    *t = (struct timer) { n->timers, id, timer_ctx, INT64_MAX };
    n->timers = t;
    return t;
}

static void timer_free(void *timer, void *ctx)
{
    struct usernet *n = ctx;

    for (struct timer **t = &n->timers; *t; t = &(*t)->next)
        if (*t == timer) {
            *t = (*t)->next;
            free(timer);
            return;
        }
}

static void timer_mod(void *timer, int64_t at_ms, void *ctx)
{
    struct timer *t = timer;

    (void)ctx;
    t->at_ms = at_ms;
}

static void nothing_fd(int fd, void *ctx)
{
    (void)fd;
    (void)ctx;
}

static void nothing(void *ctx)
{
    (void)ctx;
}

static const SlirpCb callbacks = {
    .send_packet = packet_out,
    .guest_error = guest_error,
    .clock_get_ns = clock_now,
    .timer_new_opaque = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = nothing_fd,
    .unregister_poll_fd = nothing_fd,
    .notify = nothing,
};

static void ring_timers(struct usernet *n)
{
    s64 now = now_ns() / 1000000;

    for (struct timer *t = n->timers, *next; t; t = next) {
        next = t->next;
        if (t->at_ms > now)
            continue;
        t->at_ms = INT64_MAX;
        slirp_handle_timer(n->slirp, t->id, t->ctx);
    }
}

static u32 until_timer(const struct usernet *n, u32 wait_ms)
{
    s64 now = now_ns() / 1000000;

    for (const struct timer *t = n->timers; t; t = t->next)
        if (t->at_ms < now + wait_ms)
            wait_ms = t->at_ms > now ? (u32)(t->at_ms - now) : 0;
    return wait_ms;
}

/* ---- the loop ---- */

static int poll_add(int fd, int events, void *ctx)
{
    struct usernet *n = ctx;
    short want = (short)((events & SLIRP_POLL_IN ? POLLIN : 0) |
                         (events & SLIRP_POLL_OUT ? POLLOUT : 0) |
                         (events & SLIRP_POLL_PRI ? POLLPRI : 0));

    if (n->polled_count == POLLED_MAX)
        return -1;
    n->polled[n->polled_count] = (struct pollfd) { fd, want, 0 };
    return (int)n->polled_count++;
}

static int poll_got(int index, void *ctx)
{
    const struct usernet *n = ctx;
    short got = index < 0 ? 0 : n->polled[index].revents;

    return (got & POLLIN ? SLIRP_POLL_IN : 0) | (got & POLLOUT ? SLIRP_POLL_OUT : 0) |
           (got & POLLPRI ? SLIRP_POLL_PRI : 0) | (got & POLLERR ? SLIRP_POLL_ERR : 0) |
           (got & POLLHUP ? SLIRP_POLL_HUP : 0);
}

/* When descriptors are nearly used up, who wants in from outside waits: accept() would fail, and
 * at once be asked for again. */
static void hold_forwards(struct usernet *n)
{
    if (n->polled_count + SPARE < USERNET_DESCRIPTORS)
        return;
    for (unsigned i = 1; i < n->polled_count; i++)
        if (n->polled[i].fd < n->forwards_end)
            n->polled[i].fd = -1;
}

static void turn(struct usernet *n)
{
    bool stuck = n->first != NULL;
    u32 wait_ms = 1000;
    int r;

    n->polled[0] = (struct pollfd) { n->fd, (short)(POLLIN | (stuck ? POLLOUT : 0)), 0 };
    n->polled_count = 1;
    if (!stuck) {
        slirp_pollfds_fill(n->slirp, &wait_ms, poll_add, n);
        hold_forwards(n);
    }
    r = poll(n->polled, n->polled_count, (int)until_timer(n, wait_ms));
    if (r < 0 && errno != EINTR)
        n->over = true;
    if (r < 0)
        return;
    if (n->polled[0].revents & (POLLIN | POLLHUP | POLLERR))
        take_frames(n);
    send_waiting(n);
    slirp_pollfds_poll(n->slirp, stuck, poll_got, n); /* stuck: time passes, and no more */
    ring_timers(n);
}

void usernet_serve(struct usernet *n)
{
    /* libslirp's clock stands at 0 until this was called: a connection that came before would at
     * once be one of long ago. */
    slirp_pollfds_poll(n->slirp, 1, poll_got, n);
    while (!n->over)
        turn(n);
}

/* ---- life ---- */

/* What libslirp and glib say of a guest's mistakes: to nobody, and not by calls that the jail has
 * not. */
static GLogWriterOutput silent(GLogLevelFlags level, const GLogField *fields, gsize count,
                               gpointer ctx)
{
    (void)level;
    (void)fields;
    (void)count;
    (void)ctx;
    return G_LOG_WRITER_HANDLED;
}

static SlirpConfig make_config(const struct usernet_config *c)
{
    SlirpConfig s = { .version = CONFIG_VERSION,
                      .restricted = c->restricted,
                      .in_enabled = true,
                      .in6_enabled = true,
                      .vprefix_len = 64,
                      .vhostname = "host",
                      .if_mtu = c->mtu,
                      .if_mru = c->mtu,
                      .disable_host_loopback = c->no_host };

    inet_pton(AF_INET, "10.0.2.0", &s.vnetwork);
    inet_pton(AF_INET, "255.255.255.0", &s.vnetmask);
    inet_pton(AF_INET, "10.0.2.2", &s.vhost);
    inet_pton(AF_INET, "10.0.2.3", &s.vnameserver);
    inet_pton(AF_INET, "10.0.2.15", &s.vdhcp_start);
    inet_pton(AF_INET6, "fd00:6d65:7773::", &s.vprefix_addr6);
    inet_pton(AF_INET6, "fd00:6d65:7773::2", &s.vhost6);
    inet_pton(AF_INET6, "fd00:6d65:7773::3", &s.vnameserver6);
    return s;
}

static int add_forward(struct usernet *n, const struct usernet_forward *f, struct err *e)
{
    struct in_addr guest;
    char address[INET_ADDRSTRLEN];

    inet_pton(AF_INET, "10.0.2.15", &guest);
    if (!slirp_add_hostfwd(n->slirp, f->udp, f->host, f->host_port, guest, f->guest_port))
        return 0;
    return err_set(e, ERR_SYS, "forward=%s:%s:%u:%u", f->udp ? "udp" : "tcp",
                   inet_ntop(AF_INET, &f->host, address, sizeof address), f->host_port,
                   f->guest_port);
}

int usernet_open(const struct usernet_config *c, int fd, struct usernet **out, struct err *e)
{
    SlirpConfig s = make_config(c);
    struct usernet *n = calloc(1, sizeof *n);
    int r = 0;

    if (!n)
        return err_set(e, ERR_NOMEM, "no memory for a network");
    g_log_set_writer_func(silent, NULL, NULL);
    n->fd = fd;
    n->last = &n->first;
    n->slirp = slirp_new(&s, &callbacks, n);
    if (!n->slirp)
        r = err_set(e, ERR_NOTSUP, "libslirp %s is of another version", slirp_version_string());
    for (unsigned i = 0; !r && i < c->forward_count; i++)
        r = add_forward(n, &c->forward[i], e);
    if (r) {
        usernet_close(n);
        return r;
    }
    n->forwards_end = dup(fd); /* the first that is free */
    close(n->forwards_end);
    *out = n;
    return 0;
}

void usernet_close(struct usernet *n)
{
    if (n->slirp)
        slirp_cleanup(n->slirp);
    for (struct waiting *w; (w = n->first);) {
        n->first = w->next;
        free(w);
    }
    free(n);
}
