/* A thread that waits: for descriptors, and for words from other threads (a libuv loop).
 *
 * Watches belong to the loop's thread: only functions that it calls may make or end
 * them. loop_post() alone may be called from any thread. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/err.h"
#include "base/thread.h"
#include "base/types.h"

struct loop;

/* Something for the loop's thread to do; it stays where it is until it is called. */
struct loop_job {
    void (*call)(void *ctx);
    void *ctx;
    struct loop_job *next;
};

/* hook, role: of its thread (thread_start()). */
int loop_create(const struct thread_hook *hook, unsigned role, struct loop **out, struct err *e);
/* Does what was posted before, ends the thread, and frees watches that are left. Accepts
 * NULL. Nobody may post any more. */
void loop_destroy(struct loop *l);

/* Jobs are done in the order in which they were posted. */
void loop_post(struct loop *l, struct loop_job *job);
/* Has the loop's thread do it and waits until it is done. Not from the loop's thread. */
void loop_call(struct loop *l, void (*call)(void *ctx), void *ctx);

/* ---- in the loop's thread ---- */
struct loop_watch;

/* Calls ready() whenever something can be done with the descriptor that was asked for, and also
 * when the other side is gone or it has failed; nothing at first. NULL: no memory, or no descriptor
 * that can be waited for. */
struct loop_watch *loop_watch(struct loop *l, int fd, void (*ready)(void *ctx), void *ctx);
void loop_watch_for(struct loop_watch *w, bool reading, bool writing);
void loop_unwatch(struct loop_watch *w); /* accepts NULL; then the descriptor may be closed */

#endif
