/* A machine that runs behind the person's back: a process of its own, and the command ends when the
 * machine is there. */
#ifndef APP_DETACH_H
#define APP_DETACH_H

/* Makes the process. In it returns -1, and *ready is for detach_ready(); standard error is still
 * the person's. In the command returns the exit status, after the new process is ready or has
 * failed. `keep`: a descriptor that the new process needs, or -1. */
int detach_begin(int *ready, int keep);
/* Has the command print the name and end. */
void detach_ready(int ready, const char *name);

#endif
