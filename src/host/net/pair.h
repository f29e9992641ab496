/* A link over a socket that keeps messages apart (a UNIX socket pair of type SOCK_SEQPACKET): the
 * other end is another machine's link, or a process that speaks for a network. A message is a
 * frame; where both ends have said `offloads`, ten bytes before it say what work is left on it:
 * flags, segments, then four numbers of 16 bits, little-endian, in struct link_head's order. */
#ifndef HOST_NET_PAIR_H
#define HOST_NET_PAIR_H

#include "base/err.h"
#include "host/rate.h"
#include "mach/port.h"

#include <pthread.h>

struct pair {
    struct link_port port;
    int fd;   /* its own */
    int poke; /* an eventfd: the watcher shall look again */
    struct link_info info;
    pthread_t watcher;
    pthread_mutex_t lock; /* of what follows */
    struct wake wake;
    bool want_in, want_out, stop; /* what the watcher waits for */
    struct rate bytes;            /* of frames sent; what is over the limit is lost */
};

/* Two ends; false with errno. */
int pair_sockets(int fd[2], struct err *e);

/* Takes the descriptor, when it succeeds. bytes_per_s 0: no limit. */
int pair_init(struct pair *p, int fd, bool offloads, u64 bytes_per_s, struct err *e);
void pair_fini(struct pair *p);

#endif
