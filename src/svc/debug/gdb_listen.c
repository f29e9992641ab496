/* The socket at which gdb finds a machine. */
#include "svc/debug/gdb_server.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAITING = 4 };

/* ---- a UNIX socket ---- */

/* Nobody listens at a socket that is there: what one left behind who has ended. */
static bool is_left_behind(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct stat st;
    bool dead = fd >= 0 && !lstat(a->sun_path, &st) && S_ISSOCK(st.st_mode) &&
                connect(fd, (const struct sockaddr *)a, sizeof *a) && errno == ECONNREFUSED;

    if (fd >= 0)
        close(fd);
    return dead;
}

static int listen_unix(const char *path, int *out, struct err *e)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd, r;

    if (strlen(path) >= sizeof a.sun_path)
        return err_set(e, ERR_LIMIT, "%.80s...: the path of a socket has at most %zu characters",
                       path, sizeof a.sun_path - 1);
    strcpy(a.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || fchmod(fd, 0600)) /* the file gets what the socket has */
        r = -1;
    else if ((r = bind(fd, (struct sockaddr *)&a, sizeof a)) && errno == EADDRINUSE &&
             is_left_behind(&a) && !unlink(path))
        r = bind(fd, (struct sockaddr *)&a, sizeof a);
    if (r || listen(fd, WAITING)) {
        err_set(e, ERR_SYS, "gdb's socket %s", path);
        if (fd >= 0)
            close(fd);
        return -(int)e->code;
    }
    *out = fd;
    return 0;
}

/* ---- TCP ---- */

/* "[HOST]:PORT", the host in brackets when it has colons itself. */
static bool split(const char *where, char *host, size_t room, const char **port)
{
    const char *colon = strrchr(where, ':');
    size_t len = colon ? (size_t)(colon - where) : 0;

    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;

    if (!digits || digits > 5 || colon[1 + digits] || strtoul(colon + 1, NULL, 10) > UINT16_MAX)
        return false;
    if (len >= 2 && *where == '[' && where[len - 1] == ']') {
        where++;
        len -= 2;
    }
    *port = colon + 1;
    return (size_t)snprintf(host, room, "%.*s", (int)len, where) < room;
}

static int listen_at(const struct addrinfo *a)
{
    static const int one = 1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    /* Packets are small, and waited for; connections inherit that. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    if (!bind(fd, a->ai_addr, a->ai_addrlen) && !listen(fd, WAITING))
        return fd;
    close(fd);
    return -1;
}

static void say_address(int fd, char *out, size_t room)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    char host[64], port[16];

    if (getsockname(fd, (struct sockaddr *)&a, &len) ||
        getnameinfo((struct sockaddr *)&a, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV))
        snprintf(out, room, "?");
    else
        snprintf(out, room, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static int listen_tcp(const char *host, const char *port, int *out, struct err *e)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_NUMERICSERV };
    struct addrinfo *list;
    int fd = -1, failed = getaddrinfo(*host ? host : "127.0.0.1", port, &hints, &list);

    if (failed)
        return err_set(e, ERR_USAGE, "gdb's socket %s:%s: %s", host, port, gai_strerror(failed));
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = listen_at(a);
    if (fd < 0)
        err_set(e, ERR_SYS, "gdb's socket %s:%s", host, port);
    freeaddrinfo(list);
    if (fd < 0)
        return -(int)e->code;
    *out = fd;
    return 0;
}

int gdb_listen(const char *where, int *out, char address[GDB_ADDRESS_BYTES], struct err *e)
{
    char host[256];
    const char *port;

    if (strchr(where, '/') || !strchr(where, ':')) {
        if (!*where)
            return err_set(e, ERR_USAGE, "gdb wants [HOST]:PORT, or the path of a UNIX socket");
        if (listen_unix(where, out, e))
            return -(int)e->code;
        snprintf(address, GDB_ADDRESS_BYTES, "%s", where);
        return 0;
    }
    if (!split(where, host, sizeof host, &port))
        return err_set(e, ERR_USAGE, "gdb: %.80s: want [HOST]:PORT, or the path of a UNIX socket",
                       where);
    if (listen_tcp(host, port, out, e))
        return -(int)e->code;
    say_address(*out, address, GDB_ADDRESS_BYTES);
    return 0;
}
