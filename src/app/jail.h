/* The jail of a monitor: what a guest that takes over one of its threads can still do is what that
 * thread's list allows, with the descriptors that are open.
 *
 *   all files open, one thread --jail_settle(), jail_enter()--> no files, no network, no privileges
 *   another thread begins --jail_load() in it--> only the system calls of its role
 *   the machine's own thread --jail_load()--> the same
 *   another system call --SIGSYS--> its name is left as how the machine ended, and the process ends
 *
 * A process has one jail, and does not leave it. docs/decisions/0006-sandbox.md says why so, and
 * 0007-lists.md why each thread has a list. */
#ifndef APP_JAIL_H
#define APP_JAIL_H

#include "mews/mews.h"

#include "base/err.h"

/* The calls of every monitor, by the roles of its threads. */
extern const struct mews_host_call jail_rules[];
extern const unsigned jail_rule_count;
/* What the build's own tools want beside it, in any thread: jail_plain.c, jail_sanitizer.c. */
extern const char *const jail_build_calls[];
extern const unsigned jail_build_call_count;
void jail_build_enter(void);

struct jail {
    const char *share; /* the directory that a guest may open files in, or NULL */
    bool network;      /* it keeps the host's network */
    struct {           /* for tests: what is missing; no role: nothing is */
        unsigned rule, also, role;
    } left_out;
    char refused[120]; /* why there are no namespaces; empty: there are */
};

/* Whether this kernel can confine one who may open files in a directory. */
bool jail_can_share(void);

/* Has libraries do now what they would do later by calls that the list has not. */
void jail_settle(void);

/* New namespaces around an empty, read-only root; Landlock, which knows the share alone; no
 * capabilities, no new privileges. */
int jail_enter(struct jail *j, struct err *e);

/* The i-th rule of a machine's jail: the table above, then what its kind and its ports add, and
 * with a share the call that opens there. False: there are no more. */
bool jail_rule_at(const struct jail *j, const struct mews *m, unsigned i,
                  struct mews_host_call *out);

/* When another call is made than a list has: it is told, `m`'s end too. Before the first list. */
int jail_watch(struct mews *m, struct err *e);
/* The list of a role, for the thread that calls. */
int jail_load(const struct jail *j, const struct mews *m, enum mews_thread role, struct err *e);

/* ---- what a list is made of: jail_filter.c ---- */

struct jail_filter {
    void *list;
    int error;
};

/* Who speaks when a call is refused, and who else is told, in a signal handler; `last` may be NULL.
 */
struct jail_words {
    const char *who;
    void (*last)(void *ctx, const char *text);
    void *ctx;
};
/* From now on, in any thread. */
int jail_filter_watch(const struct jail_words *w, struct err *e);

void jail_filter_begin(struct jail_filter *f);
/* A call is allowed; with `also`, if a second argument is right as well (its name is not looked
 * at). */
void jail_filter_allow(struct jail_filter *f, const struct mews_host_call *c,
                       const struct mews_host_call *also);
/* For the thread that calls and those that it makes, with what the build's tools want. Ends what
 * jail_filter_begin() began. */
int jail_filter_load(struct jail_filter *f, struct err *e);

#endif
