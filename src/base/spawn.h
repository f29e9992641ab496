/* Other people's programs, run by ours: found in PATH, with nothing to read, their standard output
 * and error read here line by line until they end.
 *
 * Each has a process group of its own, so that what a terminal or a service manager sends to us
 * reaches it in one way only: a signal of SIGINT, SIGTERM and SIGHUP that the caller has blocked is
 * taken here, passed on as SIGTERM to the whole group, and told. With it blocked from beginning to
 * end, a caller cleans up in one place, and nothing is lost between two programs. */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include "base/err.h"
#include "base/types.h"

enum { SPAWN_LINE = 1024 }; /* what is longer is cut */

struct spawn {
    const char *const *argv; /* NULL-ended */
    const char *directory;   /* in which it runs; NULL: ours */
    /* Each line without its end; NULL: nobody wants to know. */
    void (*line)(void *ctx, const char *text);
    void *ctx;
    int signal; /* the one that asked for its end; 0: none did */
};

/* Runs it to its end. ERR_SYS: it could not be started; ERR_STATE: it ended with another status
 * than 0, or by a signal, or (s->signal) it was asked to. */
int spawn_run(struct spawn *s, struct err *e);

/* Whether PATH has it. */
bool spawn_has(const char *program);

#endif
