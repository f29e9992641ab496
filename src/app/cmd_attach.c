/* attach: a person is at a machine's screen, or at its console where it has no screen.
 */
#include "app/remote.h"
#include "app/terminal.h"
#include "base/escape.h"
#include "base/types.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct option_row attach_options[] = {
    { "video", "sdl|terminal", "where to show its screen; else what there is" },
    { "console", NULL, "the console, also of a machine with a screen" },
    { NULL, NULL, NULL },
};

enum { RETRY_MS = 20 };

/* What the signal handler has seen last: columns << 16 | rows. */
static volatile sig_atomic_t screen_size;

struct attach {
    const char *video;
    bool console;
};

static int set_option(void *ctx, const char *name, const char *value)
{
    struct attach *a = ctx;

    if (!strcmp(name, "video"))
        a->video = value;
    else
        a->console = true;
    return 0;
}

/* ---- the console ---- */

static void send_typed(struct mews_link *l, const char *bytes, size_t len)
{
    struct mews_error e;
    json_t *j;

    while (!(j = remote_call(l, "console.send", remote_bytes(bytes, len), &e)) &&
           strstr(e.text, "has not read") && !terminal_ended())
        poll(NULL, 0, RETRY_MS);
    json_decref(j);
}

static void sized(void *ctx, unsigned columns, unsigned rows)
{
    (void)ctx;
    screen_size = (sig_atomic_t)(columns << 16 | rows);
}

/* A machine that has no use for it, or is of an earlier version, is none the worse. */
static void send_size(struct mews_link *l, sig_atomic_t *sent)
{
    struct mews_error e;
    sig_atomic_t now = screen_size;

    if (now == *sent)
        return;
    *sent = now;
    json_decref(remote_call(
        l, "console.size",
        json_pack("{s:i, s:i}", "columns", (int)((u32)now >> 16), "rows", (int)((u32)now & 0xffff)),
        &e));
}

/* False: the person leaves, or there is nobody any more. */
static bool take_typed(struct mews_link *l, bool *pending, bool *open)
{
    char bytes[4096];
    ssize_t n = read(0, bytes, sizeof bytes);
    size_t len = n > 0 ? (size_t)n : 0;

    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
        *open = false;
        return !terminal_raw(); /* a file's end is no reason to leave; a terminal's is */
    }
    if (terminal_raw() && escape_take(bytes, &len, pending))
        return false;
    if (len)
        send_typed(l, bytes, len);
    return true;
}

static void show_output(struct mews_link *l, bool *gone)
{
    json_t *j;

    while ((j = remote_next(l, 0, gone))) {
        if (!strcmp(remote_text(j, "method"), "console.output"))
            remote_write(1, json_object_get(j, "params"));
        json_decref(j);
    }
}

static int console(struct mews_link *l, const char *name)
{
    struct mews_error e;
    bool gone = false, open = true, pending = false;
    sig_atomic_t sent = 0;
    json_t *j = remote_call(l, "subscribe", json_pack("{s:[s]}", "topics", "console"), &e);

    if (!j)
        return fail_error(&e);
    json_decref(j);
    if (isatty(0))
        fprintf(stderr, "mews: at the console of %s; Ctrl-A x leaves it\n", name);
    terminal_take(true);
    terminal_follow(sized, NULL);
    while (!gone && !terminal_ended()) {
        struct pollfd p[2] = { { mews_link_fd(l), POLLIN, 0 }, { open ? 0 : -1, POLLIN, 0 } };

        send_size(l, &sent);
        show_output(l, &gone);
        if (gone || terminal_ended())
            break;
        if (poll(p, 2, 1000) > 0 && p[1].revents && !take_typed(l, &pending, &open))
            break;
    }
    terminal_restore();
    if (gone)
        fprintf(stderr, "mews: %s has ended\n", name);
    return terminal_ended() ? 128 + terminal_ended() : 0;
}

int cmd_attach(const struct command *c, int argc, char **argv)
{
    struct attach a = { NULL, false };
    int i = options_parse(c, argc, argv, set_option, &a), status = 0;
    struct mews_link *l;
    struct mews_error e;
    const char *name;
    json_t *screen;

    if (i < 0)
        return options_end(i);
    name = remote_name(c, argc, argv, i);
    if (!name)
        return EXIT_USAGE;
    if (a.video && a.console)
        return usage(c, "--video and --console exclude each other");
    if (mews_link_open(name, &l, &e))
        return fail_error(&e);
    screen = a.console ? NULL : remote_call(l, "screen.open", NULL, &e);
    if (!screen && !a.video)
        status = console(l, name);
    else if (!screen || mews_link_show(l, a.video, &e))
        status = fail_error(&e);
    json_decref(screen);
    mews_link_close(l);
    return status;
}
