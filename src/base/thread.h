/* Threads, each made for one thing: its role, a number whose meaning is the caller's.
 *
 * The program that has the library may want to be asked first, in the thread itself: there it gives
 * up what a thread of that role does not need. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/err.h"
#include "base/types.h"

#include <pthread.h>

struct thread_hook {
    /* The new thread's first act. An error, and there is no such thread. */
    int (*enter)(void *ctx, unsigned role, struct err *e);
    void *ctx;
};

/* A thread that calls run(ctx), to be joined. Signals go to the threads that were there before,
 * but for those that say what a thread itself has done. With a hook (NULL: none), this returns when
 * that has. */
int thread_start(pthread_t *out, const struct thread_hook *hook, unsigned role,
                 void *(*run)(void *), void *ctx, struct err *e);

#endif
