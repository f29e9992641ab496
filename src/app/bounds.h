/* How much of the host a machine may have: --host-cpus and --host-memory, by a cgroup of its own.
 */
#ifndef APP_BOUNDS_H
#define APP_BOUNDS_H

#include "mews/mews.h"

struct bounds {
    uint64_t thousandths; /* of a processor; 0: no bound */
    size_t memory;        /* bytes; 0: no bound */
};

/* "2", "0.5": up to three digits behind the point. False: it is none, or less than a hundredth. */
bool bounds_cpus(struct bounds *b, const char *text);
/* For this process, and all that it makes for its machine. Before anything of the machine is there:
 * memory belongs to who has touched it first. */
int bounds_enter(const struct bounds *b, struct mews_error *e);

#endif
