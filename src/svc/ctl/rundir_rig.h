/* A run directory of a test program's own: a cmocka group's setup and teardown. */
#ifndef SVC_CTL_RUNDIR_RIG_H
#define SVC_CTL_RUNDIR_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char rundir_base[] = "/tmp/mews-run.XXXXXX"; /* RUN is its `mews` */

static inline int rundir_rig_make(void **state)
{
    (void)state;
    return !mkdtemp(rundir_base) || setenv("XDG_RUNTIME_DIR", rundir_base, 1);
}

static inline int rundir_rig_remove(void **state)
{
    char path[sizeof rundir_base + 16];

    (void)state;
    snprintf(path, sizeof path, "%s/mews/.lock", rundir_base);
    unlink(path);
    snprintf(path, sizeof path, "%s/mews", rundir_base);
    return rmdir(path) || rmdir(rundir_base); /* nothing else may be left */
}

#endif
