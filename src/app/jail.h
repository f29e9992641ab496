/* The jail of a monitor: what a guest that takes over its monitor can still do is what the list in
 * jail_calls.c allows, with the descriptors that are open.
 *
 *   all files open, one thread --jail_settle(), jail_enter()--> no files, no network, no privileges
 *   the control thread is there --jail_close()--> only the system calls of the list
 *   another system call --SIGSYS--> its name is left as how the machine ended, and the process ends
 *
 * A process has one jail, and does not leave it. docs/decisions/0006-sandbox.md says why so. */
#ifndef APP_JAIL_H
#define APP_JAIL_H

#include "mews/mews.h"

#include "base/err.h"

/* A system call that is allowed, or one form of it. */
struct jail_rule {
    struct mews_host_call call;
    /* NULL: jail_test.c shows that a monitor ends without it. Else where one needs it, which may be
     * another host than the one that tests. */
    const char *elsewhere;
};

extern const struct jail_rule jail_rules[];
extern const unsigned jail_rule_count;
/* What the build's own tools want beside it: jail_plain.c, jail_sanitizer.c. */
extern const struct jail_rule jail_build_rules[];
extern const unsigned jail_build_rule_count;
void jail_build_enter(void);

struct jail {
    const char *share; /* the directory that a guest may open files in, or NULL */
    bool network;      /* it keeps the host's network */
    unsigned left_out; /* for tests: the rule that is missing, else JAIL_ALL */
    char refused[120]; /* why there are no namespaces; empty: there are */
};

enum { JAIL_ALL = 0x7fffffff };

/* Whether this kernel can confine one who may open files in a directory. */
bool jail_can_share(void);

/* Has libraries do now what they would do later by calls that the list has not. */
void jail_settle(void);

/* New namespaces around an empty, read-only root; Landlock, which knows the share alone; no
 * capabilities, no new privileges. */
int jail_enter(struct jail *j, struct err *e);

/* The list, for all threads: the one above, what the machine's kind adds to it, and with a share
 * the call that opens there. `m`: also whose end is told when another call is made. */
int jail_close(const struct jail *j, struct mews *m, struct err *e);

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

void jail_filter_begin(struct jail_filter *f);
/* A call is allowed; with `also`, if a second argument is right as well (its name is not looked
 * at). */
void jail_filter_allow(struct jail_filter *f, const struct mews_host_call *c,
                       const struct mews_host_call *also);
/* For all threads, with what the build's tools want. Ends what jail_filter_begin() began. */
int jail_filter_load(struct jail_filter *f, const struct jail_words *w, struct err *e);

#endif
