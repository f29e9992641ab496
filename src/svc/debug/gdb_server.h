/* gdb's connections to a machine that somebody runs: one gdb at a time has its debugger, by a
 * stream socket, in the place of a client of debug.attach (session.h).
 *
 *   nobody --a connection--> heard of --its first packet--> held: the machine stands still
 *   held --c, s ...--> runs --a stop, byte 3--> held
 *   held, runs --D, the connection ends--> nobody: points are gone, the machine goes on, live
 *   held --k, vKill--> the machine ends
 *
 * A connection that begins otherwise than gdb does is closed before it has an effect: whoever
 * knocks at a port, or has a browser do it, stops no machine. A second gdb is told that there is
 * one. All of it happens in the machine's thread; whoever runs the machine says when. */
#ifndef SVC_DEBUG_GDB_SERVER_H
#define SVC_DEBUG_GDB_SERVER_H

#include "svc/debug/session.h"

struct gdb_server;

struct gdb_server_host {
    /* As monitor_hear() and monitor_unhear(): gdb_server_serve() is to be called when the
     * descriptor can be read. */
    bool (*hear)(void *ctx, int fd);
    void (*unhear)(void *ctx, int fd);
    bool (*rest)(void *ctx);  /* as in struct debug_session_host */
    void (*comes)(void *ctx); /* a gdb has the machine now */
    void (*kill)(void *ctx);  /* the machine is to end */
    void *ctx;
};

/* The session and the host are borrowed. */
int gdb_server_create(struct debug_session *session, const struct gdb_server_host *h,
                      struct gdb_server **out, struct err *e);
void gdb_server_destroy(struct gdb_server *s); /* before the session; accepts NULL */

/* Connections come to this socket, which is the server's from now on. */
void gdb_server_listen(struct gdb_server *s, int listener);
/* debug.gdb, with a descriptor: a connection, for as long as its caller stays. */
const struct method *gdb_server_methods(struct gdb_server *s, unsigned *count);

/* What has come is done, between two calls of run; while gdb has the machine run, it is looked
 * whether that is to end. */
void gdb_server_serve(struct gdb_server *s);

enum { GDB_ADDRESS_BYTES = 128 };
/* A socket that listens: "[HOST]:PORT", by default for this host alone, port 0: any; or the path of
 * a UNIX socket, for this user alone. `address` becomes what gdb is to be told. */
int gdb_listen(const char *where, int *fd, char address[GDB_ADDRESS_BYTES], struct err *e);

#endif
