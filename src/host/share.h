/* A directory of the host that a guest may open files in, and nothing outside it: no absolute
 * path, no "..", no symbolic link leads out, whoever changes the directory meanwhile (openat2 with
 * RESOLVE_BENEATH). Only regular files are opened: a device or pipe that lies there stays shut. */
#ifndef HOST_SHARE_H
#define HOST_SHARE_H

#include "base/err.h"
#include "mach/port.h"

enum { SHARE_FILES = 64 }; /* that a guest may have open at once */

struct share {
    struct files_port port;
    int dir;
    int files[SHARE_FILES]; /* -1: free */
};

int share_init(struct share *s, const char *dir, struct err *e);
void share_fini(struct share *s); /* closes what the guest left open */

#endif
