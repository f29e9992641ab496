/* The debugger of a machine that somebody else runs, as methods of the control protocol: one client
 * at a time has it, and with it the machine, which stands still but for what that client has it do.
 *
 *   free --debug.attach--> held --debug.command--> busy --it is done--> held
 *   held, busy --debug.detach, or the client is gone--> free: points and symbols are gone, the
 *                                                         machine is live again and goes on
 *
 *   debug.attach {json, rewind_memory}   -> {past: whether there is a way back, why}
 *   debug.command {line}                 -> {said, ended, ask}
 *   debug.greet                          -> {said}
 *   debug.complete {line}                -> {words}
 *   debug.symbols {symbols, files, lines, more} -> {symbols, lines}
 *   debug.interrupt, debug.detach
 *
 * Or gdb has it (gdb_server.h), in the place of such a client.
 *
 * It opens no file: what needs one is asked of the client (`ask`), which has it. What a command
 * says before it is done is told at once (debug.said); when the client does not take it, the
 * command waits, and serves what is urgent meanwhile. */
#ifndef SVC_DEBUG_SESSION_H
#define SVC_DEBUG_SESSION_H

#include "svc/ctl/method.h"
#include "svc/debug/debug.h"

struct debug_session;

/* How clients are told things: as monitor_tell() and monitor_untaken(). */
struct debug_teller {
    bool (*tell)(void *ctx, u64 client, const char *name, json_t *params);
    size_t (*untaken)(void *ctx, u64 client);
    void *ctx;
};

struct debug_session_host {
    struct debug_teller teller;
    /* As in struct debug_host; `serve` is its kicked(). They ask debug_session_interrupted(). */
    u64 (*piece)(void *ctx, u64 until);
    void (*ran)(void *ctx, const struct stop_info *info);
    bool (*serve)(void *ctx, bool searching);
    /* Waits a little, and serves what is urgent. True: what is under way is to end. */
    bool (*rest)(void *ctx);
    /* `client` has the machine, which runs for it (`lent`) or stands still; 0: nobody has it. */
    void (*hold)(void *ctx, u64 client, bool lent);
    /* Remembers the past from now on in so much memory, unless it is remembered already; *out NULL:
     * there is no way back, and the error says why. */
    void (*remember)(void *ctx, size_t bytes, struct history **out, struct err *e);
    /* The machine is live again, and what `remember` began is over. */
    void (*release)(void *ctx);
    void *ctx;
};

/* The host is borrowed. */
int debug_session_create(struct machine *m, struct recorder *r, const struct debug_session_host *h,
                         struct debug_session **out, struct err *e);
void debug_session_destroy(struct debug_session *s); /* accepts NULL */

/* The lists, whose ctx is filled in; borrowed. Urgent ones may be called while a command is busy,
 * whatever the machine does. */
const struct method *debug_session_methods(struct debug_session *s, unsigned *count);
const struct method *debug_session_urgent(struct debug_session *s, unsigned *count);
void debug_session_gone(struct debug_session *s, u64 client); /* the client has left */
bool debug_session_interrupted(const struct debug_session *s);

/* ---- for another face than the console's methods: gdb_server.h ---- */
struct debug_session_face {
    void (*ended)(void *ctx);      /* what `take` gave is gone */
    bool (*interrupts)(void *ctx); /* while it is busy: whether what runs is to end */
    void *ctx;
};
/* The machine is the client's, as by debug.attach; the face is borrowed. `why`, if its code is set:
 * there is no way back. */
int debug_session_take(struct debug_session *s, const struct debug_session_face *f, u64 client,
                       size_t memory, struct debug **out, struct err *why, struct err *e);
/* Around whatever is done with the debugger. Others may come by in between; what they ended has
 * ended after debug_session_leave(). */
void debug_session_enter(struct debug_session *s);
void debug_session_leave(struct debug_session *s);
void debug_session_interrupt(struct debug_session *s);
/* The machine goes; then (machine not NULL) another is in its place. Whoever had it has it no more.
 */
void debug_session_move(struct debug_session *s, struct machine *m, struct recorder *r);

#endif
