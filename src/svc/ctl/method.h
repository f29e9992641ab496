/* A method: a function with a name that the control protocol can call. Each service lists its own;
 * the monitor knows none of them. */
#ifndef SVC_CTL_METHOD_H
#define SVC_CTL_METHOD_H

#include "base/err.h"
#include "base/types.h"

#include <jansson.h>

struct method_call {
    json_t *params; /* an object, borrowed; {} when the request had none */
    const int *fds; /* passed with the request; the callee may dup() them */
    unsigned fd_count;
    json_t *result; /* the callee's to set, a new reference; NULL is {} */
    u64 client;     /* who calls: a number that no other connection to this monitor gets */
    bool later; /* the callee's to set, with 0: the call stays, until monitor_answer() takes it */
};

struct method {
    const char *name, *doc; /* "snapshot.save" */
    /* In the machine's thread, between two calls of run, unless `any_thread`. Returns 0 or the
     * negative code. */
    int (*call)(void *ctx, struct method_call *c, struct err *e);
    void *ctx;
    bool any_thread; /* does not touch the machine: called at once */
};

#endif
