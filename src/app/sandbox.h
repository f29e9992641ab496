/* A machine behind one's back in a jail, and who keeps its files for it. */
#ifndef APP_SANDBOX_H
#define APP_SANDBOX_H

#include "app/jail.h"
#include "app/keeper.h"

struct sandbox {
    struct jail jail;
    struct keeper keeper;
};

/* Before mews_control(), in whose options it puts what shuts the jail's first door. */
int sandbox_begin(struct sandbox *s, struct mews *m, const char *share, const char *snapshot,
                  struct mews_control_options *o, struct mews_error *e);
/* Behind it: the second door. */
int sandbox_close(struct sandbox *s, struct mews *m, struct mews_error *e);
/* Writes the snapshot that sandbox_begin() was told of. */
int sandbox_snapshot(struct sandbox *s, struct mews *m, struct mews_error *e);

#endif
