/* A link over a descriptor that keeps messages apart: a UNIX socket of type SOCK_SEQPACKET whose
 * other end is another machine's link or a process that speaks for a network, or a tap device. A
 * message is a frame; with `heads`, ten bytes before it say what work is left on it: flags,
 * segments, then four numbers of 16 bits, little-endian, in struct link_head's order, which is how
 * a tap device has them.
 *
 * The machine's thread sends and receives; a thread of the link's own, the watcher, waits for what
 * that one could not have, and wakes it, unless it waits itself (port.h). With a door the other end
 * may go and come back:
 *
 *   up --recv() finds the end--> down --the watcher lets another in, the machine asks--> up
 *
 * Of two that come the newer stays. Without a door a link that is down stays so. */
#ifndef HOST_NET_PAIR_H
#define HOST_NET_PAIR_H

#include "base/err.h"
#include "base/thread.h"
#include "host/rate.h"
#include "mach/port.h"

/* Where another end comes in. The watcher calls enter() when `fd` can be read: the new end's
 * descriptor, or -1. */
struct pair_door {
    int fd;
    int (*enter)(struct pair_door *d);
};

struct pair_config {
    int fd;                 /* -1: nobody is there yet */
    bool tap;               /* no socket, but read and written */
    bool heads;             /* frames have them */
    bool offloads;          /* what describe() says */
    u16 mtu;                /* what describe() says; 0: not said */
    u64 bytes_per_s;        /* in each direction; 0: no limit */
    struct pair_door *door; /* borrowed; NULL: there is none */
};

struct pair {
    struct link_port port;
    int fd;   /* its own; changed by the machine's thread alone, with the lock held */
    int poke; /* an eventfd: the watcher shall look again */
    bool tap, heads;
    struct link_info info;
    struct rate sent, received;
    struct pair_door *door;
    pthread_t watcher;
    bool attached, watching;
    pthread_mutex_t lock; /* of what follows */
    struct wake wake;
    int fresh, dead; /* an end that came in; one that the watcher shall close; -1: none */
    bool awaited;    /* the machine's thread waits itself */
    bool want_in, want_out, stop;  /* what is waited for */
    u64 in_after_ns, out_after_ns; /* and not before, for a limit's sake */
};

/* Two ends; false with errno. */
int pair_sockets(int fd[2], struct err *e);

/* Takes the descriptor, when it succeeds. */
int pair_init(struct pair *p, const struct pair_config *c, struct err *e);
void pair_fini(struct pair *p);

/* Starts the watcher. Who does not call it has one with the first call of the port behind
 * attach(). */
int pair_start(struct pair *p, const struct thread_hook *hook, struct err *e);

#endif
