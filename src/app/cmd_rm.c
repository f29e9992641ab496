/* rm: forgets machines that have ended, with their logs. */
#include "app/remote.h"

#include <stdio.h>

const struct option_row rm_options[] = {
    { "force", NULL, "kill those that are alive" },
    { NULL, NULL, NULL },
};

int cmd_rm(const struct command *c, int argc, char **argv)
{
    bool force = false;
    struct mews_error e;
    int i = options_parse(c, argc, argv, options_json, &force), status = 0;

    if (i < 0)
        return options_end(i);
    if (i == argc)
        return usage(c, "wants a NAME");
    for (; i < argc; i++) {
        if (force)
            mews_kill(argv[i], &e); /* one that has ended needs none */
        if (mews_forget(argv[i], &e))
            status = fail_error(&e);
    }
    return status;
}
