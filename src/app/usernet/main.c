/* usage: mews-usernet WORD...
 *
 * For one of mews's machines to start (host/net/user.c), not for a person. Descriptor 3 is an end
 * of a socket pair of frames, 4 a pipe, in which "ready" is written when all is open, or what is
 * wrong. The process that was started ends at once; its child goes on until the other end of the
 * pair is closed. */
#include "app/usernet/usernet.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FRAMES = 3, READY = 4, FIRST_FREE = 5 };

static int failed(const struct err *e)
{
    dprintf(READY, "%s\n", e->text);
    return 1;
}

/* Whoever started the machine may wait for the end of its pipes: we keep none. */
static void let_go_of_pipes(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct stat st;

    if (fstat(STDERR_FILENO, &st) || !(S_ISCHR(st.st_mode) || S_ISREG(st.st_mode)))
        dup2(null, STDERR_FILENO);
    close(null);
}

static int serve(char **words)
{
    struct usernet_config c;
    struct usernet *n;
    struct err e;

    signal(SIGPIPE, SIG_IGN);
    if (usernet_parse(words, &c, &e))
        return failed(&e);
    resolv_read(c.dns);
    if (usernet_open(&c, FRAMES, &n, &e))
        return failed(&e);
    let_go_of_pipes();
    if (usernet_jail(&c, USERNET_ALL, &e))
        return failed(&e);
    (void)!write(READY, "ready\n", 6);
    close(READY);
    usernet_serve(n);
    return 0;
}

int main(int argc, char **argv)
{
    socklen_t len = sizeof(int);
    int type = 0;

    if (argc < 1 || getsockopt(FRAMES, SOL_SOCKET, SO_TYPE, &type, &len) ||
        type != SOCK_SEQPACKET || fcntl(READY, F_GETFL) < 0) {
        fputs("mews-usernet: a part of mews, which starts it for --net user\n", stderr);
        return 2;
    }
    close_range(FIRST_FREE, ~0u, 0);
    switch (fork()) {
    case 0: break;
    case -1: return 1;
    default: _exit(0);
    }
    _exit(serve(argv + 1));
}
