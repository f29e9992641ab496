#include "app/sandbox.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int report(struct mews_error *out, const struct err *e)
{
    out->code = e->code == ERR_SYS ? ERR_STATE : (int)e->code; /* its text is complete */
    memcpy(out->text, e->text, sizeof out->text);
    return -1;
}

static int opened(void *ctx, struct mews_error *error)
{
    struct sandbox *s = ctx;
    struct err e;

    if (jail_enter(&s->jail, &e))
        return report(error, &e);
    if (s->jail.alone)
        fprintf(stderr, "mews: no namespaces here (%s): the sandbox is the list of calls alone\n",
                s->jail.refused);
    return 0;
}

int sandbox_begin(struct sandbox *s, struct mews *m, const char *share, const char *snapshot,
                  struct mews_control_options *o, struct mews_error *e)
{
    const char *const paths[KEEPER_FILES] = { mews_saves(m), snapshot };

    s->jail = (struct jail) { .share = share, .left_out = JAIL_ALL };
    if (keeper_begin(&s->keeper, paths, e))
        return -1;
    if (paths[KEEPER_BATTERY])
        mews_save_with(m, keeper_save, &s->keeper);
    o->opened = opened;
    o->ctx = s;
    return 0;
}

int sandbox_close(struct sandbox *s, struct mews *m, struct mews_error *error)
{
    struct err e;

    return jail_close(&s->jail, m, &e) ? report(error, &e) : 0;
}

int sandbox_snapshot(struct sandbox *s, struct mews *m, struct mews_error *e)
{
    if (mews_snapshot_to(m, s->keeper.fd[KEEPER_SNAPSHOT], false, NULL, e))
        return -1;
    return keeper_write(&s->keeper, KEEPER_SNAPSHOT, e);
}
