/* logs: what the guest has written to its console, and its process to standard error. */
#include "app/remote.h"

#include <stdio.h>
#include <unistd.h>

const struct option_row logs_options[] = {
    { "follow", NULL, "then print what comes, until the machine ends" },
    { NULL, NULL, NULL },
};

static int copy(const char *name)
{
    struct mews_error e;
    char bytes[16384];
    ssize_t n;
    int fd;

    if (mews_log(name, &fd, &e))
        return fail_error(&e);
    while ((n = read(fd, bytes, sizeof bytes)) > 0)
        fwrite(bytes, 1, (size_t)n, stdout);
    close(fd);
    return 0;
}

static int follow(const char *name)
{
    struct mews_link *l;
    struct mews_error e;
    json_t *j;
    bool gone = false;

    if (mews_link_open(name, &l, &e))
        return copy(name); /* it has ended */
    j = remote_call(l, "subscribe", json_pack("{s:[s], s:b}", "topics", "console", "log", 1), &e);
    fflush(stdout);
    if (j)
        remote_write(1, j);
    json_decref(j);
    while (!gone) {
        j = remote_next(l, -1, &gone);
        if (j)
            remote_write(1, json_object_get(j, "params"));
        json_decref(j);
    }
    mews_link_close(l);
    return 0;
}

int cmd_logs(const struct command *c, int argc, char **argv)
{
    bool following = false;
    int i = options_parse(c, argc, argv, options_json, &following);
    const char *name;

    if (i < 0)
        return options_end(i);
    name = remote_name(c, argc, argv, i);
    if (!name)
        return EXIT_USAGE;
    return following ? follow(name) : copy(name);
}
