/* A directory of the host that a guest may open files in, and nothing outside it: no absolute
 * path, no "..", no symbolic link leads out, whoever changes the directory meanwhile (openat2 with
 * RESOLVE_BENEATH). Only regular files are opened: a device or pipe that lies there stays shut. */
#ifndef HOST_SHARE_H
#define HOST_SHARE_H

#include "base/err.h"
#include "mach/component.h"
#include "mach/port.h"

enum {
    SHARE_FILES = 64, /* that a guest may have open at once */
    SHARE_PATH = 1024,
};

/* What a snapshot keeps of an open file. loaded() opens it again, beneath the directory that is
 * shared by then; its content is the host's, and is as it is by then. To be called once, with a
 * share of which nothing is open.
 *
 * A file that is open for writing has a shared lock (flock). One that is opened again for a copy is
 * refused while anybody else has it so: original and copy would write over each other. Two guests
 * that open the same file by themselves are two programs, as on any host. */
/* clang-format off */
#define SHARE_FILE(F, A, E, G, H)                                   \
    F(STATE, bool, open, "the guest has it open")                   \
    F(STATE, u32, flags, "how it was opened", 0, 63)                \
    F(STATE, u64, offset, "where the guest is in it", 0, INT64_MAX) \
    A(STATE, u8, path, SHARE_PATH, "its name, zeros behind it")
#define SHARE(F, A, E, G, H)                                        \
    H(share_file, file, SHARE_FILES, "by the guest's descriptor less 3")
/* clang-format on */

struct share_file {
    FIELD_MEMBERS(SHARE_FILE)
    int fd; /* when open */
};

struct share {
    FIELD_MEMBERS(SHARE)
    struct files_port port;
    struct component state;
    int dir;
};

int share_init(struct share *s, const char *dir, struct err *e);
void share_fini(struct share *s); /* closes what the guest left open */

#endif
