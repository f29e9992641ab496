/* wait: until a machine has ended. */
#include "app/remote.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK_MS = 10, ENDING_MS = 5000 };

struct find {
    const char *name;
    bool listed;
    json_t *end;
};

static void look(void *ctx, const char *name, const char *about, const char *end)
{
    struct find *f = ctx;

    (void)about;
    if (strcmp(name, f->name) != 0)
        return;
    f->listed = true;
    if (end)
        f->end = json_loads(end, 0, NULL);
}

/* How a machine that does not answer has ended, by what it has left. One that is about to end does
 * not answer any more, and will have left it in a moment. */
static json_t *ended(const char *name)
{
    struct find f = { .name = name };
    struct mews_error e;

    for (unsigned ms = 0; ms < ENDING_MS; ms += LOOK_MS) {
        f.listed = false;
        if (mews_machines(look, &f, &e) || !f.listed || f.end)
            break;
        nanosleep(&(struct timespec) { 0, LOOK_MS * 1000000 }, NULL);
    }
    return f.end;
}

static int status_of(json_t *end)
{
    int status = (int)remote_number(end, "status");
    const char *text = remote_text(end, "text"), *why = remote_text(end, "why");

    if (*text && (!strcmp(why, "fault") || !strcmp(why, "host") || !strcmp(why, "sandbox")))
        fail(text);
    json_decref(end);
    return status;
}

int cmd_wait(const struct command *c, int argc, char **argv)
{
    int i = options_parse(c, argc, argv, NULL, NULL);
    const char *name;
    struct mews_error e;
    json_t *end;

    if (i < 0)
        return options_end(i);
    name = remote_name(c, argc, argv, i);
    if (!name)
        return EXIT_USAGE;
    end = remote_ask(name, "wait", NULL, &e);
    if (!end)
        end = ended(name);
    return end ? status_of(end) : fail_error(&e);
}
