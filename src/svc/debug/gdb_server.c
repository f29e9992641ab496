#include "svc/debug/gdb_server.h"

#include "svc/debug/gdb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    METHODS = 1,
    REWIND_BYTES = 64 << 20, /* for the way back, where nothing is remembered yet */
    RESTS_MAX = 2500,        /* so often it is waited for one that does not read */
};
/* Who has the machine, for others: no client of the control protocol has this number. */
#define GDB_CLIENT (1ull << 62)

struct gdb_server {
    struct debug_session *session;
    const struct gdb_server_host *host; /* borrowed */
    struct debug_session_face face;
    struct method methods[METHODS];
    int listener;    /* -1: none */
    int fd;          /* the connection; -1: none */
    u64 client;      /* as whom it has the machine */
    int refused;     /* a connection that is to be told why; -1: none */
    struct gdb *gdb; /* NULL: it has not begun */
    bool busy, gone;
};

/* ---- connections ---- */

/* As read(); without a signal, and without waiting. */
static ssize_t receive(int fd, void *out, size_t room, int flags)
{
    struct iovec part = { out, room };
    struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
    ssize_t n;

    do
        n = recvmsg(fd, &m, MSG_DONTWAIT | flags);
    while (n < 0 && errno == EINTR);
    return n;
}

static void drop(const struct gdb_server *s, int *fd)
{
    if (*fd < 0)
        return;
    s->host->unhear(s->host->ctx, *fd);
    close(*fd);
    *fd = -1;
}

static bool hear(const struct gdb_server *s, int fd)
{
    return s->host->hear(s->host->ctx, fd);
}

static bool send_all(void *ctx, const void *bytes, size_t len)
{
    struct gdb_server *s = ctx;
    unsigned rests = 0;

    for (const u8 *from = bytes; len && !s->gone;) {
        ssize_t n = send(s->fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n >= 0) {
            from += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            s->gone = ++rests == RESTS_MAX || s->host->rest(s->host->ctx);
        } else if (errno != EINTR) {
            s->gone = true;
        }
    }
    return !s->gone;
}

/* Reads what fits. */
static void read_some(struct gdb_server *s)
{
    while (!s->gone) {
        size_t room;
        u8 *to = gdb_room(s->gdb, &room);
        ssize_t n = room ? receive(s->fd, to, room, 0) : 0;

        if (n > 0) {
            gdb_came(s->gdb, (size_t)n);
            if (!s->busy)
                return; /* it is performed before there is more */
        } else if (n < 0 && errno == EAGAIN) {
            s->gone = !hear(s, s->fd);
            return;
        } else {
            s->gone = true; /* also who sends on and on while it is busy */
        }
    }
}

/* ---- the session ---- */

static void ended(void *ctx)
{
    struct gdb_server *s = ctx;

    gdb_destroy(s->gdb);
    s->gdb = NULL;
    s->gone = false;
    drop(s, &s->fd);
}

static bool interrupts(void *ctx)
{
    struct gdb_server *s = ctx;

    if (!s->busy)
        return false;
    read_some(s);
    if (s->gone)
        debug_session_gone(s->session, s->client);
    return s->gone || gdb_interrupts(s->gdb);
}

static void refuse(struct gdb_server *s, int fd)
{
    drop(s, &s->refused);
    s->refused = fd;
    if (!hear(s, fd))
        drop(s, &s->refused);
}

/* Whether the connection begins as gdb's does; false too when it has said nothing yet. Drops one
 * that does not. */
static bool knows_gdb(struct gdb_server *s)
{
    ssize_t n;
    u8 first;

    n = receive(s->fd, &first, 1, MSG_PEEK);
    if (n < 0 && errno == EAGAIN && hear(s, s->fd))
        return false;
    if (n == 1 && first && strchr("+-$\3", first))
        return true;
    drop(s, &s->fd);
    return false;
}

static void begin(struct gdb_server *s)
{
    const struct gdb_options o = { send_all, s };
    struct debug *d;
    struct err why, e;
    int fd = s->fd;

    s->gone = false;
    if (!debug_session_take(s->session, &s->face, s->client, REWIND_BYTES, &d, &why, &e)) {
        s->host->comes(s->host->ctx);
        if (!gdb_create(d, &o, &s->gdb, &e))
            return;
        debug_session_gone(s->session, s->client); /* and the connection */
        return;
    }
    s->fd = -1; /* somebody has it already */
    refuse(s, fd);
}

static void perform(struct gdb_server *s)
{
    u64 client = s->client;
    enum gdb_then then;

    debug_session_enter(s->session);
    s->busy = true;
    then = gdb_perform(s->gdb);
    s->busy = false;
    debug_session_leave(s->session);
    if (then == GDB_KILLS)
        s->host->kill(s->host->ctx);
    if (s->gdb && (then != GDB_STAYS || s->gone))
        debug_session_gone(s->session, client);
}

static void talk(struct gdb_server *s)
{
    size_t before, after;

    if (!s->gdb && knows_gdb(s))
        begin(s);
    while (s->gdb) {
        gdb_room(s->gdb, &before);
        read_some(s);
        gdb_room(s->gdb, &after);
        if (before == after && !s->gone)
            return;
        perform(s);
    }
}

/* ---- who comes ---- */

static void welcome(struct gdb_server *s, int fd, u64 client)
{
    if (s->gdb) {
        refuse(s, fd);
        return;
    }
    drop(s, &s->fd); /* one that has said nothing makes room */
    s->fd = fd;
    s->client = client;
    if (!hear(s, fd))
        drop(s, &s->fd);
}

static void accept_some(struct gdb_server *s)
{
    enum { AT_ONCE = 8 };

    for (unsigned i = 0; s->listener >= 0 && i < AT_ONCE; i++) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0)
            break;
        welcome(s, fd, GDB_CLIENT);
    }
    if (s->listener >= 0)
        hear(s, s->listener);
}

/* The answer to whatever it asks. It leaves by itself, or makes room for the next one: a gdb whose
 * connection breaks says no more than that. */
static void tell_refused(struct gdb_server *s)
{
    u8 bytes[4096];
    bool asked = false;
    char text[256];
    ssize_t n;

    while ((n = receive(s->refused, bytes, sizeof bytes, 0)) > 0)
        asked |= memchr(bytes, '#', (size_t)n) != NULL;
    if (n == 0 || errno != EAGAIN || !hear(s, s->refused))
        drop(s, &s->refused);
    if (s->refused >= 0 && asked) {
        size_t len = gdb_refusal(text, sizeof text, "somebody else has this machine's debugger");

        (void)!send(s->refused, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

void gdb_server_serve(struct gdb_server *s)
{
    accept_some(s);
    if (s->refused >= 0)
        tell_refused(s);
    if (s->busy && interrupts(s))
        debug_session_interrupt(s->session);
    else if (!s->busy && s->fd >= 0)
        talk(s);
}

/* ---- the method ---- */

static int call_gdb(void *ctx, struct method_call *c, struct err *e)
{
    struct gdb_server *s = ctx;
    int fd;

    if (c->fd_count != 1)
        return err_set(e, ERR_USAGE, "debug.gdb wants one descriptor: a connection with a gdb");
    if (s->gdb)
        return err_set(e, ERR_STATE, "somebody else has its debugger");
    fd = fcntl(c->fds[0], F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return err_set(e, ERR_SYS, "the connection");
    welcome(s, fd, c->client);
    return 0;
}

const struct method *gdb_server_methods(struct gdb_server *s, unsigned *count)
{
    *count = METHODS;
    return s->methods;
}

/* ---- life ---- */

int gdb_server_create(struct debug_session *session, const struct gdb_server_host *h,
                      struct gdb_server **out, struct err *e)
{
    struct gdb_server *s = calloc(1, sizeof *s);

    if (!s)
        return err_set(e, ERR_NOMEM, "no memory for gdb");
    *s = (struct gdb_server) {
        .session = session,
        .host = h,
        .face = { ended, interrupts, s },
        .methods = { { "debug.gdb", "with a connection: gdb's remote protocol is spoken on it",
                       call_gdb, s, false } },
        .listener = -1,
        .fd = -1,
        .refused = -1,
    };
    *out = s;
    return 0;
}

void gdb_server_listen(struct gdb_server *s, int listener)
{
    s->listener = listener;
    hear(s, listener);
}

void gdb_server_destroy(struct gdb_server *s)
{
    if (!s)
        return;
    if (s->gdb)
        debug_session_gone(s->session, s->client);
    drop(s, &s->refused);
    drop(s, &s->fd);
    drop(s, &s->listener);
    free(s);
}
