/* The jail of a monitor that nobody sees: what a guest that takes over its monitor can still do is
 * what the list in jail_calls.c allows, with the descriptors that are open.
 *
 *   all files open, one thread --jail_enter()--> no files, no network, no privileges
 *   the control thread is there --jail_close()--> only the system calls of the list
 *   another system call --SIGSYS--> its name is left as how the machine ended, and the process ends
 *
 * A process has one jail, and does not leave it. docs/decisions/0006-sandbox.md says why so. */
#ifndef APP_JAIL_H
#define APP_JAIL_H

#include "mews/mews.h"

#include "base/err.h"

struct jail_arg { /* of a rule: (argument & mask) must be value */
    unsigned index;
    uint64_t mask, value;
};

/* A system call, or one form of it. */
struct jail_rule {
    const char *name;
    struct jail_arg arg[2];
    unsigned args;
    bool share; /* only for a machine that has a directory to open files in */
};

extern const struct jail_rule jail_rules[];
extern const unsigned jail_rule_count;
/* What the build's own tools want beside it: jail_plain.c, jail_sanitizer.c. */
extern const struct jail_rule jail_build_rules[];
extern const unsigned jail_build_rule_count;
void jail_build_enter(void);

struct jail {
    const char *share; /* the directory, or NULL */
    unsigned left_out; /* for tests: the rule that is missing, else JAIL_ALL */
    bool alone;        /* there are no namespaces: *refused says why */
    char refused[120];
};

enum { JAIL_ALL = 0x7fffffff };

/* New namespaces around an empty, read-only root; Landlock, which knows the share alone; no
 * capabilities, no new privileges. ERR_NOTSUP: there is a share, and nothing here can confine it.
 */
int jail_enter(struct jail *j, struct err *e);

/* The list, for all threads. `m`: whose end is told when another call is made. */
int jail_close(const struct jail *j, struct mews *m, struct err *e);

#endif
