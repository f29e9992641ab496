/* A cable between two machines of one host: a directory with
 *
 *   a, b   sockets (SOCK_SEQPACKET), one for each end, where the machine that has it listens
 *   lock   byte 0: who comes holds it meanwhile, so that two do not miss each other;
 *          byte 1, 2: who has the end a, b holds it until its process ends
 *
 * A machine that comes takes a free end, listens there, and connects to the other one if somebody
 * is there. So whichever of two ends and comes back finds the one that stayed, which need not be
 * able to connect to anything any more. The files stay when both have gone, and are used again.
 *
 * Both say hello first: what they are, and how frames look. Two that differ are not joined. A
 * machine that stands still at the other end answers when it goes on; frames wait until then. */
#include "base/le.h"
#include "base/own.h"
#include "host/net/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { COME = 0, END_A = 1, ENDS = 2, WAITING_MAX = 4, COME_MS = 1000, ENTER_MS = 500 };
enum { HELLO_VERSION = 8, HELLO_OFFLOADS = 9, HELLO_MTU = 10 };

static const char magic[8] = { 'm', 'e', 'w', 's', 'l', 'i', 'n', 'k' };

/* ---- hello ---- */

static void say_who(struct cable *c, bool offloads, u16 mtu)
{
    memcpy(c->hello, magic, sizeof magic);
    c->hello[HELLO_VERSION] = 1;
    c->hello[HELLO_OFFLOADS] = offloads;
    le_put(c->hello + HELLO_MTU, mtu, 2);
}

static bool send_hello(const struct cable *c, int fd)
{
    return send(fd, c->hello, sizeof c->hello, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof c->hello;
}

/* Waits for the other's: its length, 0 when it is gone, -1 with errno. No recv(): a jail has it
 * not. */
static ssize_t await_hello(int fd, u8 hello[static CABLE_HELLO_BYTES], int ms)
{
    struct iovec v = { hello, CABLE_HELLO_BYTES };
    struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
    struct pollfd f = { fd, POLLIN, 0 };

    if (poll(&f, 1, ms) == 0)
        errno = ETIMEDOUT;
    return f.revents ? recvmsg(fd, &m, MSG_DONTWAIT) : -1;
}

static int compare(const struct cable *c, const u8 theirs[static CABLE_HELLO_BYTES], struct err *e)
{
    const u8 *ours = c->hello;

    if (memcmp(ours, theirs, HELLO_OFFLOADS) != 0)
        return err_set(e, ERR_MISMATCH, "who listens there is no machine of this version");
    if (ours[HELLO_OFFLOADS] != theirs[HELLO_OFFLOADS])
        return err_set(e, ERR_MISMATCH, "the machine at the other end has offload=%s",
                       theirs[HELLO_OFFLOADS] ? "on" : "off");
    if (memcmp(ours, theirs, CABLE_HELLO_BYTES) != 0)
        return err_set(e, ERR_MISMATCH, "the machine at the other end has mtu=%u",
                       (unsigned)le_get(theirs + HELLO_MTU, 2));
    return 0;
}

/* The watcher: the other machine has come. */
static int enter(struct pair_door *door)
{
    struct cable *c = container_of(door, struct cable, door);
    u8 theirs[CABLE_HELLO_BYTES];
    struct err why;
    OWN(fd) int fd = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int in;

    if (fd < 0 || !send_hello(c, fd) || await_hello(fd, theirs, ENTER_MS) != sizeof theirs ||
        compare(c, theirs, &why))
        return -1;
    in = fd;
    fd = -1;
    return in;
}

/* ---- the directory ---- */

static int address(struct sockaddr_un *a, const char *dir, unsigned end, struct err *e)
{
    int n;

    *a = (struct sockaddr_un) { .sun_family = AF_UNIX };
    n = snprintf(a->sun_path, sizeof a->sun_path, "%s/%c", dir, "ab"[end]);
    return n < (int)sizeof a->sun_path ? 0 : err_set(e, ERR_LIMIT, "the path is too long");
}

static bool hold(int lock, unsigned byte, bool wait)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
    int r;

    do
        r = fcntl(lock, wait ? F_OFD_SETLKW : F_OFD_SETLK, &l);
    while (r && errno == EINTR);
    return !r;
}

static void let_go(int lock, unsigned byte)
{
    struct flock l = { .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

    fcntl(lock, F_OFD_SETLK, &l);
}

/* Ours alone: else somebody else could sit at the other end. */
static int open_lock(const char *dir, struct err *e)
{
    struct stat st;
    int lock;

    if (mkdir(dir, 0700) && errno != EEXIST)
        return err_set(e, ERR_SYS, "the directory");
    OWN(fd) int d = open(dir, O_DIRECTORY | O_PATH | O_CLOEXEC);
    if (d < 0 || fstat(d, &st))
        return err_set(e, ERR_SYS, "the directory");
    if (st.st_uid != geteuid() || (st.st_mode & 022))
        return err_set(e, ERR_STATE, "others can write in this directory");
    lock = openat(d, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return lock >= 0 ? lock : err_set(e, ERR_SYS, "its file lock");
}

/* A socket that listens at our end. One that a process has left is nobody's: we hold the lock. */
static int listen_at(const struct sockaddr_un *a, struct err *e)
{
    OWN(fd) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int listening;

    if (fd < 0 || (unlink(a->sun_path) && errno != ENOENT) || fchmod(fd, 0600) ||
        bind(fd, (const struct sockaddr *)a, sizeof *a) || listen(fd, WAITING_MAX))
        return err_set(e, ERR_SYS, "its socket");
    listening = fd;
    fd = -1;
    return listening;
}

/* Connects to the other end, if somebody is there. */
static int reach(const struct cable *c, const struct sockaddr_un *a, int *out, struct err *e)
{
    OWN(fd) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    u8 theirs[CABLE_HELLO_BYTES];
    ssize_t n;

    *out = -1;
    if (fd < 0)
        return err_set(e, ERR_SYS, "a socket");
    if (connect(fd, (const struct sockaddr *)a, sizeof *a))
        return errno == ENOENT || errno == ECONNREFUSED ? 0 : err_set(e, ERR_SYS, "the other end");
    if (!send_hello(c, fd))
        return 0; /* just gone */
    n = await_hello(fd, theirs, COME_MS);
    if (n >= 0 && n != sizeof theirs)
        return 0;                       /* gone */
    if (n > 0 && compare(c, theirs, e)) /* else it stands still; when it does not, it decides */
        return -(int)e->code;
    *out = fd;
    fd = -1;
    return 0;
}

static int come(struct cable *c, const char *dir, int *fd, struct err *e)
{
    struct sockaddr_un ours, theirs;
    unsigned end = 0;

    while (end < ENDS && !hold(c->lock, END_A + end, false))
        end++;
    if (end == ENDS)
        return err_set(e, ERR_STATE, "two machines are joined by it already");
    if (address(&ours, dir, end, e) || address(&theirs, dir, !end, e))
        return -(int)e->code;
    c->door.fd = listen_at(&ours, e);
    return c->door.fd < 0 ? c->door.fd : reach(c, &theirs, fd, e);
}

int cable_open(struct cable *c, const char *dir, bool offloads, u16 mtu, int *fd, struct err *e)
{
    *c = (struct cable) { .door = { .fd = -1, .enter = enter } };
    say_who(c, offloads, mtu);
    c->lock = open_lock(dir, e);
    if (c->lock >= 0 && !hold(c->lock, COME, true))
        err_set(e, ERR_SYS, "its file lock");
    else if (c->lock >= 0 && !come(c, dir, fd, e)) {
        let_go(c->lock, COME);
        return 0;
    }
    cable_close(c);
    return err_wrap(e, "link=%s", dir);
}

void cable_close(struct cable *c)
{
    if (!c->door.enter)
        return;
    if (c->door.fd >= 0)
        close(c->door.fd);
    if (c->lock >= 0)
        close(c->lock);
    *c = (struct cable) { 0 };
}
