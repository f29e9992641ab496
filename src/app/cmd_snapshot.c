/* snapshot: makes one file of a chain of them, or a smaller one. */
#include "app/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVEL_MAX = 19 };

const struct option_row snapshot_options[] = {
    { "squash", "OUT", "write OUT: one snapshot of a base and those chained to it" },
    { "compress", "LEVEL", "compress it with zstd, 1 to 19; such a one is slower to restore" },
    { "json", NULL, "print JSON" },
    { NULL, NULL, NULL },
};

struct snapshot {
    const char *squash;
    int level;
    bool json;
};

static int set_level(struct snapshot *s, const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end || n < 1 || n > LEVEL_MAX) {
        fprintf(stderr, "mews: snapshot: --compress %s: want 1 to %d\n", text, LEVEL_MAX);
        return -1;
    }
    s->level = (int)n;
    return 0;
}

static int set_option(void *ctx, const char *name, const char *value)
{
    struct snapshot *s = ctx;

    if (!strcmp(name, "json"))
        s->json = true;
    else if (!strcmp(name, "squash"))
        s->squash = value;
    else
        return set_level(s, value);
    return 0;
}

static void print_info(const struct snapshot *s, const struct mews_snapshot_info *i)
{
    if (s->json)
        json_print(json_pack("{s:s, s:I, s:I, s:I}", "digest", i->digest, "memory",
                             (json_int_t)i->memory_bytes, "written", (json_int_t)i->written_bytes,
                             "bytes", (json_int_t)i->file_bytes));
    else
        printf("%s\n", i->digest);
}

int cmd_snapshot(const struct command *c, int argc, char **argv)
{
    struct snapshot s = { NULL, 0, false };
    struct mews_snapshot_info info;
    struct mews_error e;
    int i = options_parse(c, argc, argv, set_option, &s);

    if (i < 0)
        return options_end(i);
    if (!s.squash)
        return usage(c, "wants --squash OUT");
    if (i == argc)
        return usage(c, "--squash wants FILEs");
    if (mews_squash((const char *const *)argv + i, (unsigned)(argc - i), s.squash, s.level, &info,
                    &e))
        return fail_error(&e);
    print_info(&s, &info);
    return 0;
}
