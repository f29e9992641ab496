/* What a guest does to a disk or a network while its monitor is timed, and the other side of the
 * network on the host.
 *
 *   load disk DEVICE read|write|sync BLOCK DEPTH COUNT RANGE     at random places of RANGE bytes,
 *                                     around the guest's cache; sync: each with fdatasync
 *   load serve PORT                   the other side of these
 *   load send|ask ADDRESS PORT MIB    gives or asks for so many
 *   load answer ADDRESS PORT COUNT    says a byte and waits for the answer, so often */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- disks ---- */

enum { DEPTH_MAX = 64, ALIGN = 4096 };

struct work {
    int fd;
    bool write, sync;
    size_t block;
    unsigned count;
    uint64_t range, random;
};

static uint64_t next(uint64_t *random) /* xorshift64 */
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    return *random ^= *random << 17;
}

static void *work(void *arg)
{
    struct work *w = arg;
    void *bytes = aligned_alloc(ALIGN, w->block);

    if (!bytes)
        err(1, "memory");
    memset(bytes, 0x5a, w->block);
    for (unsigned i = 0; i < w->count; i++) {
        off_t at = (off_t)(next(&w->random) % (w->range / w->block) * w->block);
        ssize_t n = w->write ? pwrite(w->fd, bytes, w->block, at)
                             : pread(w->fd, bytes, w->block, at);

        if (n != (ssize_t)w->block)
            err(1, "the disk");
        if (w->sync && fdatasync(w->fd))
            err(1, "the disk");
    }
    free(bytes);
    return NULL;
}

static int disk(char **a)
{
    bool read_only = !strcmp(a[1], "read");
    struct work w[DEPTH_MAX], all = { .fd = open(a[0], (read_only ? O_RDONLY : O_RDWR) | O_DIRECT),
                                      .write = !read_only,
                                      .sync = !strcmp(a[1], "sync"),
                                      .block = strtoul(a[2], NULL, 10),
                                      .range = strtoull(a[5], NULL, 10) };
    unsigned depth = (unsigned)strtoul(a[3], NULL, 10);
    pthread_t thread[DEPTH_MAX];

    if (all.fd < 0)
        err(1, "%s", a[0]);
    if (!depth || depth > DEPTH_MAX || all.block % ALIGN)
        errx(2, "a depth of 1 to %d, and blocks of whole pages", DEPTH_MAX);
    all.count = (unsigned)strtoul(a[4], NULL, 10) / depth;
    for (unsigned i = 0; i < depth; i++) {
        w[i] = all;
        w[i].random = 0x9e3779b97f4a7c15 * (i + 1);
        if (pthread_create(&thread[i], NULL, work, &w[i]))
            errx(1, "no thread");
    }
    while (depth--)
        pthread_join(thread[depth], NULL);
    return 0;
}

/* ---- the network: the first byte of a connection says what is wanted ---- */

enum { PIECE = 64 << 10 };
static char piece[PIECE];

static uint64_t take(int s)
{
    uint64_t sum = 0;
    ssize_t n;

    while ((n = read(s, piece, PIECE)) > 0)
        sum += (uint64_t)n;
    return sum;
}

static void give(int s, unsigned mib)
{
    for (uint64_t left = (uint64_t)mib << 20; left; left -= PIECE)
        for (size_t done = 0; done < PIECE;) {
            ssize_t n = write(s, piece, PIECE - done);

            if (n <= 0)
                err(1, "the network");
            done += (size_t)n;
        }
    shutdown(s, SHUT_WR);
}

static void serve_one(int s)
{
    uint64_t sum;
    uint32_t mib;
    char what;

    if (read(s, &what, 1) != 1)
        return;
    if (what == 'g') { /* given all, it says how much it has got */
        sum = take(s);
        if (write(s, &sum, sizeof sum) != sizeof sum)
            warn("the network");
    } else if (what == 't' && read(s, &mib, sizeof mib) == sizeof mib) {
        give(s, mib);
        take(s);
    } else {
        while (read(s, &what, 1) == 1 && write(s, &what, 1) == 1)
            ;
    }
}

static void no_delay(int s)
{
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &(int) { 1 }, sizeof(int));
}

static int serve(char **a)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(a[0])) };
    int s = socket(AF_INET, SOCK_STREAM, 0);

    signal(SIGPIPE, SIG_IGN);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &(int) { 1 }, sizeof(int));
    if (s < 0 || bind(s, (struct sockaddr *)&at, sizeof at) || listen(s, 8))
        err(1, "port %s", a[0]);
    for (;;) {
        int one = accept(s, NULL, NULL);

        no_delay(one);
        serve_one(one);
        close(one);
    }
}

static int reach(char **a)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(a[1])) };
    int s = socket(AF_INET, SOCK_STREAM, 0);

    if (inet_pton(AF_INET, a[0], &at.sin_addr) != 1 || s < 0 ||
        connect(s, (struct sockaddr *)&at, sizeof at))
        err(1, "%s port %s", a[0], a[1]);
    no_delay(s);
    return s;
}

static int client(const char *what, char **a)
{
    uint32_t number = (uint32_t)strtoul(a[2], NULL, 10);
    uint64_t wanted = (uint64_t)number << 20, sum = 0;
    int s = reach(a);
    char c = 'a';

    if (!strcmp(what, "send")) {
        if (write(s, "g", 1) == 1)
            give(s, number);
        if (read(s, &sum, sizeof sum) != sizeof sum || sum != wanted)
            errx(1, "%llu bytes have come", (unsigned long long)sum);
    } else if (!strcmp(what, "ask")) {
        if (write(s, "t", 1) == 1 && write(s, &number, sizeof number) == sizeof number)
            sum = take(s);
        if (sum != wanted)
            errx(1, "%llu bytes have come", (unsigned long long)sum);
    } else {
        if (write(s, &c, 1) != 1)
            err(1, "the network");
        while (number--)
            if (write(s, &c, 1) != 1 || read(s, &c, 1) != 1)
                err(1, "the network");
    }
    close(s);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (!strcmp(what, "disk") && argc == 8)
        return disk(argv + 2);
    if (!strcmp(what, "serve") && argc == 3)
        return serve(argv + 2);
    if ((!strcmp(what, "send") || !strcmp(what, "ask") || !strcmp(what, "answer")) && argc == 5)
        return client(what, argv + 2);
    errx(2, "usage: see the head of bench/kvm/load.c");
}
