/* A cgroup of its own (version 2) for this process and those that it makes from now on.
 *
 * It is made beside the one that the process is in, for a cgroup has either processes or
 * controllers to hand out; at the root of the hierarchy, below it. A process that stays outside
 * removes it when the last one in it has ended, however that was. */
#ifndef APP_CGROUP_H
#define APP_CGROUP_H

#include "base/err.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct cgroup_setting { /* a line for one of its files: "cpu.max" */
    const char *file;
    char value[40];
    bool required; /* the kernel may be too old for the others */
};

/* Makes it and moves this process into it, which must have one thread. The controllers are those
 * that the files' names begin with. */
int cgroup_enter(const struct cgroup_setting *list, unsigned count, struct err *e);

/* Where a new one is made: by the texts of /proc/self/mountinfo and /proc/self/cgroup. False: there
 * is no cgroup v2, or not where it could be seen. */
bool cgroup_place(const char *mounts, const char *self, char out[PATH_MAX]);

#endif
