/* gdb's remote protocol on a debugger: packets in, packets out, and what they mean. It knows no
 * socket; who has one gives it what comes (gdb_room(), gdb_came(), gdb_perform()) and sends what it
 * says.
 *
 *   stopped --c, s, vCont, bc, bs--> runs, inside gdb_perform() --stop, byte 3--> stopped
 *
 * All CPUs stop and go on together, as threads 1, 2 ... of one process; one that is stepped is
 * alone. What the client sends is not trusted: whatever it is, it gets an error and the next packet
 * is read. */
#ifndef SVC_DEBUG_GDB_H
#define SVC_DEBUG_GDB_H

#include "svc/debug/debug.h"

struct gdb;

enum gdb_then {
    GDB_STAYS,
    GDB_LEAVES, /* it has detached: the machine is to go on */
    GDB_KILLS,  /* the machine is to end */
    GDB_LOST,   /* send() could not */
};

struct gdb_options {
    bool (*send)(void *ctx, const void *bytes, size_t len); /* false: it is gone */
    void *ctx;
};

/* The debugger is borrowed. */
int gdb_create(struct debug *d, const struct gdb_options *o, struct gdb **out, struct err *e);
void gdb_destroy(struct gdb *g); /* accepts NULL */

/* Where what comes is to be put, and how much fits. No room after gdb_perform(), or while it is
 * busy: that is no gdb. */
u8 *gdb_room(struct gdb *g, size_t *room);
void gdb_came(struct gdb *g, size_t len);
/* Does all that has come. */
enum gdb_then gdb_perform(struct gdb *g);
/* While gdb_perform() is busy: whether what has come interrupts it. */
bool gdb_interrupts(struct gdb *g);

/* One that cannot have the machine is told so: the answer to each of its packets. */
size_t gdb_refusal(char *out, size_t room, const char *why);

#endif
