/* snapshot: of a machine that runs; or makes one file of a chain of them, or a smaller one. */
#include "app/remote.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVEL_MAX = 19 };

const struct option_row snapshot_options[] = {
    { "incremental", NULL,
      "only what changed since the last one of this machine: a chain, see --squash" },
    { "squash", "OUT", "write OUT: one snapshot of a base and those chained to it" },
    { "compress", "LEVEL", "compress it with zstd, 1 to 19; such a one is slower to restore" },
    { "json", NULL, "print JSON" },
    { NULL, NULL, NULL },
};

struct snapshot {
    const char *squash;
    int level;
    bool json, incremental;
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
    else if (!strcmp(name, "incremental"))
        s->incremental = true;
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

static void print_result(const struct snapshot *s, const char *result)
{
    json_t *j = json_loads(result, 0, NULL);
    char memory[16], written[16];

    if (s->json) {
        json_print(j);
        return;
    }
    remote_size(remote_number(j, "memory"), memory);
    remote_size(remote_number(j, "written"), written);
    printf("%s\n%s of %s written in %.0f ms, stood still for %.1f ms\n", remote_text(j, "digest"),
           written, memory, 1000 * remote_number(j, "seconds"),
           1000 * remote_number(j, "pause_seconds"));
    json_decref(j);
}

/* The machine gets a descriptor and writes, while it goes on; that the file is complete on the disk
 * and has its name only then is our business, and nothing that the machine stands still for. */
static int save(const struct snapshot *s, const char *name, const char *path)
{
    struct mews_link *l;
    struct mews_error e;
    struct file_new file;
    char *result;
    struct err why;
    int failed;

    if (mews_link_open(name, &l, &e))
        return fail_error(&e);
    if (file_begin(&file, path, &why)) {
        mews_link_close(l);
        return fail(why.text);
    }
    failed = mews_link_call(l, "snapshot.save", s->incremental ? "{\"incremental\":true}" : "{}",
                            &file.fd, 1, &result, &e);
    mews_link_close(l);
    if (failed) {
        file_abandon(&file);
        return fail_error(&e);
    }
    failed = file_commit(&file, &why);
    if (!failed)
        print_result(s, result);
    free(result);
    return failed ? fail(why.text) : 0;
}

int cmd_snapshot(const struct command *c, int argc, char **argv)
{
    struct snapshot s = { .squash = NULL };
    struct mews_snapshot_info info;
    struct mews_error e;
    int i = options_parse(c, argc, argv, set_option, &s);

    if (i < 0)
        return options_end(i);
    if (!s.squash && s.level)
        return usage(c, "--compress wants --squash");
    if (!s.squash)
        return i + 2 == argc ? save(&s, argv[i], argv[i + 1]) : usage(c, "wants NAME and FILE");
    if (s.incremental)
        return usage(c, "--incremental and --squash exclude each other");
    if (i == argc)
        return usage(c, "--squash wants FILEs");
    if (mews_squash((const char *const *)argv + i, (unsigned)(argc - i), s.squash, s.level, &info,
                    &e))
        return fail_error(&e);
    print_info(&s, &info);
    return 0;
}
