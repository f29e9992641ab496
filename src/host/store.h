/* Battery-backed memory as a raw file, the bytes as the cartridge has them: other emulators' .sav
 * files may be put in its place.
 *
 * One machine at a time has it: from its load on a lock is held on a hidden file beside it, which
 * is removed in the end. A second one would overwrite what the first one has saved. */
#ifndef HOST_STORE_H
#define HOST_STORE_H

#include "base/err.h"
#include "mach/port.h"

#include <limits.h>

struct store_lock;

struct store {
    struct store_port port;
    char path[PATH_MAX];
    struct store_lock *lock; /* NULL: not asked yet, or a directory that nothing can be kept in */
    /* Instead of writing the file, or NULL; bytes NULL: instead of removing the lock's name, which
     * is still locked. */
    int (*write)(void *ctx, const void *bytes, size_t len, struct err *e);
    void *ctx;
    bool asked;        /* the machine has battery RAM: it asked for what is kept */
    struct err failed; /* how the last save or load failed; code 0: it did not */
};

/* $XDG_DATA_HOME/mews/REST, or ~/.local/share/mews/REST. */
int data_path(char path[static PATH_MAX], const char *rest, struct err *e);

/* The store of the thing `name`: saves/NAME.sav in the data directory. No save is made before the
 * first one is asked for. */
int store_init(struct store *s, const char *name, struct err *e);
/* At a path that the caller chose. */
int store_init_at(struct store *s, const char *path, struct err *e);
void store_fini(struct store *s); /* accepts NULL */
/* The machine of `s` will take the place of that of `old`: if it is the same file, both may have
 * it. Before the load. */
void store_follow(struct store *s, struct store *old);
/* Whether the load went well and a save can be expected to; 0 too when none was asked for. */
int store_usable(const struct store *s, struct err *e);

#endif
