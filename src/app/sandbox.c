#include "app/sandbox.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool sandbox_word(struct sandbox *s, const char *word)
{
    if (!strcmp(word, "auto"))
        s->wish = SANDBOX_AUTO;
    else if (!strcmp(word, "on"))
        s->wish = SANDBOX_ON;
    else if (!strcmp(word, "off"))
        s->wish = SANDBOX_OFF;
    else
        return false;
    return true;
}

static int report(struct mews_error *out, const struct err *e)
{
    out->code = e->code == ERR_SYS ? ERR_STATE : (int)e->code; /* its text is complete */
    memcpy(out->text, e->text, sizeof out->text);
    return -1;
}

static int save_battery(void *ctx, const void *bytes, size_t len, struct mews_error *e)
{
    return bytes ? keeper_put(ctx, KEEPER_BATTERY, bytes, len, e)
                 : keeper_write(ctx, KEEPER_UNLOCK, e);
}

/* A shared directory, and nothing that can confine one who opens files in it. */
static int cannot_share(struct sandbox *s, struct mews_error *error)
{
    struct err e;

    s->on = false;
    if (s->wish == SANDBOX_AUTO) {
        fputs("mews: no sandbox: --share in it wants Landlock, which this kernel has not\n",
              stderr);
        return 0;
    }
    err_set(&e, ERR_NOTSUP, "--share in the sandbox wants Landlock, which this kernel has not");
    return report(error, &e);
}

static int enter_thread(void *ctx, enum mews_thread role, struct mews_error *error)
{
    struct sandbox *s = ctx;
    struct err e;

    return jail_load(&s->jail, s->machine, role, &e) ? report(error, &e) : 0;
}

int sandbox_begin(struct sandbox *s, struct mews *m, const char *share,
                  const char *paths[KEEPER_FILES], struct mews_error *e)
{
    if (!s->on)
        return 0;
    if (share && !jail_can_share())
        return cannot_share(s, e);
    s->jail = (struct jail) { .share = share };
    s->machine = m;
    paths[KEEPER_BATTERY] = mews_saves(m);
    if (keeper_begin(&s->keeper, paths, e) ||
        (paths[KEEPER_SCREENSHOT] && mews_screenshot_ready(m, e)))
        return -1;
    mews_closing(m);
    mews_threads(m, enter_thread, s);
    if (paths[KEEPER_BATTERY])
        mews_save_with(m, save_battery, &s->keeper);
    return 0;
}

static void say_refused(const struct sandbox *s)
{
    if (s->jail.refused[0])
        fprintf(stderr, "mews: no namespaces here (%s): the sandbox is the list of calls alone\n",
                s->jail.refused);
}

int sandbox_enter(void *ctx, struct mews_error *error)
{
    struct sandbox *s = ctx;
    struct err e;

    if (!s->on)
        return 0;
    jail_settle();
    if (jail_enter(&s->jail, &e) || jail_watch(s->machine, &e))
        return report(error, &e);
    /* To a person; a script's standard error stays its own. */
    if (s->wish == SANDBOX_ON || isatty(STDERR_FILENO))
        say_refused(s);
    return 0;
}

int sandbox_close(struct sandbox *s, struct mews *m, struct mews_error *error)
{
    struct err e;

    if (s->waived)
        fputs("mews: --sandbox off: a guest that takes this process over has all its rights\n",
              stderr);
    if (!s->on)
        return 0;
    if (s->logged)
        say_refused(s);
    if (mews_start(m, error))
        return -1;
    if (jail_load(&s->jail, m, MEWS_THREAD_MACHINE, &e))
        return report(error, &e);
    mews_jailed(m);
    return 0;
}

int sandbox_snapshot(struct sandbox *s, struct mews *m, struct mews_error *e)
{
    if (mews_snapshot_to(m, s->keeper.fd[KEEPER_SNAPSHOT], false, NULL, e))
        return -1;
    return keeper_write(&s->keeper, KEEPER_SNAPSHOT, e);
}

int sandbox_screenshot(struct sandbox *s, struct mews *m, struct mews_error *e)
{
    if (mews_screenshot_to(m, s->keeper.fd[KEEPER_SCREENSHOT], e))
        return -1;
    return keeper_write(&s->keeper, KEEPER_SCREENSHOT, e);
}

int sandbox_report(struct sandbox *s, const char *text, size_t len, struct mews_error *e)
{
    return keeper_put(&s->keeper, KEEPER_REPORT, text, len, e);
}
