/* resume: what `pause` held goes on; with --speed, also what was not held, at that speed. */
#include "app/remote.h"

const struct option_row resume_options[] = {
    { "speed", "N|max", "from now on so many times its own speed" },
    { NULL, NULL, NULL },
};

struct resume {
    const struct command *command;
    bool told;
    double speed;
};

static int set_speed(void *ctx, const char *name, const char *value)
{
    struct resume *r = ctx;

    (void)name;
    r->told = true;
    return speed_parse(r->command, value, &r->speed) ? -1 : 0;
}

/* The speed first: no instruction runs at the old one. */
static int resume(const struct resume *r, const char *name)
{
    struct mews_error e;
    json_t *j = r->told
                    ? remote_ask(name, "machine.speed", json_pack("{s:f}", "speed", r->speed), &e)
                    : NULL;

    if (r->told && !j)
        return fail_error(&e);
    json_decref(j);
    j = remote_ask(name, "resume", NULL, &e);
    if (!j)
        return fail_error(&e);
    json_decref(j);
    return 0;
}

int cmd_resume(const struct command *c, int argc, char **argv)
{
    struct resume r = { .command = c };
    int i = options_parse(c, argc, argv, set_speed, &r), status = 0;

    if (i < 0)
        return options_end(i);
    if (i == argc)
        return usage(c, "wants a NAME");
    for (; i < argc; i++) {
        int failed = resume(&r, argv[i]);

        status = failed ? failed : status;
    }
    return status;
}
