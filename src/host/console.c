#include "host/console.h"

#include "base/escape.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* errno of what prevented it, or 0. */
static int write_out(int fd, const u8 *at, size_t len)
{
    while (len) {
        ssize_t n = write(fd, at, len);

        if (n >= 0) {
            at += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) { /* whoever gave us the descriptor may have made it so */
            poll(&(struct pollfd) { fd, POLLOUT, 0 }, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

void console_flush(struct console *c)
{
    if (c->also_out >= 0 && write_out(c->also_out, c->buffer, c->used))
        c->also_out = -1;
    if (c->out >= 0 && !c->error)
        c->error = write_out(c->out, c->buffer, c->used);
    c->used = 0;
}

static size_t console_send(struct char_port *port, const void *bytes, size_t len)
{
    struct console *c = container_of(port, struct console, port);
    const u8 *from = bytes;
    size_t left = len;

    if (c->out < 0 && c->also_out < 0)
        return len;
    if (c->error)
        return 0;
    if (c->first)
        console_flush(c->first);
    while (left) {
        size_t n = CONSOLE_ROOM - c->used < left ? CONSOLE_ROOM - c->used : left;

        memcpy(c->buffer + c->used, from, n);
        c->used += n;
        from += n;
        left -= n;
        if (c->used == CONSOLE_ROOM)
            console_flush(c);
    }
    if (c->prompt)
        console_flush(c);
    return len;
}

/* Waits for input: the descriptor that has some, or -1: woken, interrupted by a signal, or out of
 * patience (timeout 0). */
static int readable(struct console *c, bool wait)
{
    struct pollfd p[3] = { { c->in, POLLIN, 0 },
                           { c->also_in, POLLIN, 0 },
                           { c->wake, POLLIN, 0 } };
    u64 count;

    if (poll(p, 3, wait ? -1 : 0) < 0)
        return -1;
    if (wait && p[2].revents) { /* asked for once: a later recv() waits again */
        (void)!read(c->wake, &count, sizeof count);
        return -1;
    }
    return p[0].revents ? c->in : p[1].revents ? c->also_in : -1;
}

static long without_escapes(struct console *c, char *bytes, size_t len)
{
    if (escape_take(bytes, &len, &c->pending)) {
        c->left(c->ctx);
        c->left = NULL;
    }
    return (long)len;
}

static bool console_descriptors(struct char_port *port, int out[CHAR_DESCRIPTORS], unsigned *count)
{
    struct console *c = container_of(port, struct console, port);

    *count = 0;
    if (c->in >= 0 && !c->ended)
        out[(*count)++] = c->in;
    if (c->also_in >= 0)
        out[(*count)++] = c->also_in;
    return true;
}

void console_escapes(struct console *c, void (*left)(void *ctx), void *ctx)
{
    c->left = left;
    c->ctx = ctx;
    c->pending = false;
}

static long console_recv(struct char_port *port, void *bytes, size_t room, bool wait)
{
    struct console *c = container_of(port, struct console, port);
    ssize_t n;
    int fd;

    if (c->in < 0 && c->also_in < 0)
        return -1;
    console_flush(c); /* a question shows before its answer is read */
    fd = room ? readable(c, wait) : -1;
    if (fd < 0)
        return 0;
    n = read(fd, bytes, room);
    if (n > 0)
        return fd == c->in && c->left ? without_escapes(c, bytes, (size_t)n) : n;
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (fd != c->also_in) {
        c->ended = true;
        return -1;
    }
    c->also_in = -1;
    return c->in < 0 ? -1 : 0;
}

bool console_resize(struct console *c, u16 columns, u16 rows)
{
    u32 size = columns && rows ? (u32)columns << 16 | rows : 0;

    return __atomic_exchange_n(&c->size, size, __ATOMIC_RELAXED) != size;
}

static bool console_size(struct char_port *port, u16 *columns, u16 *rows)
{
    const struct console *c = container_of(port, struct console, port);
    u32 size = __atomic_load_n(&c->size, __ATOMIC_RELAXED);

    if (!size)
        return false;
    *columns = (u16)(size >> 16);
    *rows = (u16)size;
    return true;
}

static const struct char_ops console_ops = { .send = console_send,
                                             .recv = console_recv,
                                             .descriptors = console_descriptors,
                                             .size = console_size };

void console_init(struct console *c, int in, int out)
{
    c->port.ops = &console_ops;
    c->in = in;
    c->out = out;
    c->also_in = c->also_out = -1;
    c->wake = in >= 0 ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    c->error = 0;
    c->prompt = out >= 0 && isatty(out);
    c->first = NULL;
    c->ended = c->pending = false;
    c->left = NULL;
    c->size = 0;
    c->used = 0;
}

void console_init_after(struct console *c, int out, struct console *first)
{
    console_init(c, -1, out);
    c->prompt = true;
    c->first = first;
}

void console_also(struct console *c, int in, int out)
{
    if (c->wake < 0 && in >= 0)
        c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->also_in = in;
    c->also_out = out;
}

void console_fini(struct console *c)
{
    console_flush(c);
    if (c->wake >= 0)
        close(c->wake);
    c->wake = -1;
}

void console_wake(struct console *c)
{
    u64 one = 1;
    int saved = errno;

    if (c->wake >= 0)
        (void)!write(c->wake, &one, sizeof one);
    errno = saved;
}
