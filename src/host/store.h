/* Battery-backed memory as a raw file, the bytes as the cartridge has them: other emulators' .sav
 * files may be put in its place. */
#ifndef HOST_STORE_H
#define HOST_STORE_H

#include "base/err.h"
#include "mach/port.h"

#include <limits.h>

struct store {
    struct store_port port;
    char path[PATH_MAX];
    /* Instead of writing the file, or NULL. */
    int (*write)(void *ctx, const void *bytes, size_t len, struct err *e);
    void *ctx;
    bool asked;        /* the machine has battery RAM: it asked for what is kept */
    struct err failed; /* how the last save or load failed; code 0: it did not */
};

/* $XDG_DATA_HOME/mews/REST, or ~/.local/share/mews/REST. */
int data_path(char path[static PATH_MAX], const char *rest, struct err *e);

/* The store of the thing `name`: saves/NAME.sav in the data directory. Nothing is made before the
 * first save. */
int store_init(struct store *s, const char *name, struct err *e);
/* At a path that the caller chose. */
int store_init_at(struct store *s, const char *path, struct err *e);
/* Whether the load went well and a save can be expected to; 0 too when none was asked for. */
int store_usable(const struct store *s, struct err *e);

#endif
