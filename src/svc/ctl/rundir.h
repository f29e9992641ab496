/* The run directory: who is there, and who was.
 *
 *     RUN/            $XDG_RUNTIME_DIR/mews, root: /run/mews, else /tmp/mews-UID; mode 0700, ours
 *     RUN/.lock       held while a name is taken or given back: for moments
 *     RUN/NAME/lock   held by the monitor as long as it lives: this alone says that it does
 *     RUN/NAME/machine.json, control.sock, log
 *     RUN/NAME/status empty; at the end one line: how it ended
 *
 *   nothing --claim--> alive --rundir_end()--> ended --remove--> nothing
 *                      alive --it is killed, or ends and is not to be kept--> stale --sweep-->
 * nothing
 *
 * A process may die at any moment in any of these steps: what it leaves is stale at worst. */
#ifndef SVC_CTL_RUNDIR_H
#define SVC_CTL_RUNDIR_H

#include "base/err.h"
#include "base/types.h"

enum { RUNDIR_NAME_MAX = 64 };

enum rundir_state { RUNDIR_NOTHING, RUNDIR_ALIVE, RUNDIR_ENDED, RUNDIR_STALE };

/* [A-Za-z0-9][A-Za-z0-9_.-]{0,63} */
bool rundir_name(const char *name);

/* The directory, made when it is not there. A directory of somebody else, or which others may
 * enter, is refused. The descriptor is the caller's. */
int rundir_open(int *all, struct err *e);

enum rundir_state rundir_look(int all, const char *name);

/* Calls f for each machine that is alive or ended, by name; the stale are swept first. */
int rundir_list(int all, void (*f)(void *ctx, const char *name, enum rundir_state s), void *ctx,
                struct err *e);

/* One line of text (machine.json, status), without its end; false: there is none. */
bool rundir_text(int all, const char *name, const char *file, char *out, size_t room);
int rundir_file(int all, const char *name, const char *file); /* for reading; -1: none */

/* Forgets an ended or stale machine: ERR_STATE when it is alive, ERR_USAGE when there is none. */
int rundir_remove(int all, const char *name, struct err *e);

/* The monitor's socket. ERR_USAGE: there is no such machine; ERR_STATE: it has ended. */
int rundir_connect(int all, const char *name, int *fd, struct err *e);

/* ---- a machine's own entry ---- */
struct rundir {
    char name[RUNDIR_NAME_MAX + 1];
    int all, dir, lock, status, log; /* -1: not open */
};

/* Takes a name that nobody has, alive or ended: ERR_STATE. A `name` that ends in '*' is a wish: its
 * stem, or else stem-2, stem-3 ... */
int rundir_claim(const char *name, struct rundir *out, struct err *e);
int rundir_describe(struct rundir *d, const char *json, struct err *e);
/* A socket that listens, of mode 0600. */
int rundir_listen(struct rundir *d, int *fd, struct err *e);
/* Leaves one line of JSON as the machine's end. Async-signal-safe. */
void rundir_end(const struct rundir *d, const char *json, size_t len);
/* Another descriptor of the log, which writes behind what is there. */
int rundir_log(const struct rundir *d);
/* Closes what only its removal needs: nothing is opened in it any more, and it stays. */
void rundir_keep(struct rundir *d);
/* Closes it; what was not ended is stale then. With `forget`, removes it. */
void rundir_fini(struct rundir *d, bool forget);

#endif
