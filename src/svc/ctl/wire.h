/* A socket on which each side sends lines, and descriptors with them. Never blocks: the one who has
 * it waits for the socket (a loop in the monitor, poll() in a client).
 *
 * What comes in is bounded: a line longer than WIRE_LINE_MAX, or more than WIRE_FDS_MAX descriptors
 * that nobody has taken, is an error. What goes out is bounded by the caller, who asks wire_room()
 * or has wire_put() refuse. */
#ifndef SVC_CTL_WIRE_H
#define SVC_CTL_WIRE_H

#include "base/err.h"
#include "base/types.h"

enum { WIRE_LINE_MAX = 1 << 20, WIRE_OUT_MAX = 4 << 20, WIRE_FDS_MAX = 16 };

struct wire_bytes {
    char *bytes;
    size_t used, taken, room;
};

struct wire {
    int fd; /* owned */
    struct wire_bytes in, out;
    size_t searched; /* no end of line before this place of `in` */
    int fds[WIRE_FDS_MAX];
    unsigned fd_count;
    bool ended; /* the other side will send no more */
};

void wire_init(struct wire *w, int fd); /* makes it non-blocking; it is the wire's now */
void wire_fini(struct wire *w);         /* accepts one that is all zero but for fd -1 */

/* Takes in what is there, up to 64 KiB. False: the connection is broken, or the other side broke a
 * limit; *why says it. At its end `ended` is set. */
bool wire_read(struct wire *w, const char **why);
/* The next whole line, without its end, until the next call; NULL: there is none yet. */
char *wire_line(struct wire *w, size_t *len);
/* The first `count` descriptors that came, which are the caller's now; false: there are fewer. */
bool wire_take_fds(struct wire *w, int *fds, unsigned count);

/* Queues a line; false: more than `limit` bytes would then wait. */
bool wire_put(struct wire *w, const char *line, size_t len, size_t limit);
/* Sends what waits, as far as the socket takes it; false: the connection is broken. */
bool wire_flush(struct wire *w);
size_t wire_waiting(const struct wire *w);
/* Sends a line with descriptors, when nothing else waits; blocks until it is gone. */
int wire_send(struct wire *w, const char *line, size_t len, const int *fds, unsigned count,
              struct err *e);

#endif
