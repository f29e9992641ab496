/* fork: a running copy of a machine, as a process of its own. Original and copy share the pages
 * that neither writes: both map the image that is made of the original, which has no name anywhere.
 */
#include "app/run.h"

#include "app/remote.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const struct option_row fork_options[] = {
    { "name", "NAME", "the copy's; else the original's thing and a number" },
    { "sandbox", "auto|on|off", "a jail for the copy's process; auto: on" },
    OPTIONS_OUTSIDE,
    { NULL, NULL, NULL },
};

static int set_option(void *ctx, const char *name, const char *value)
{
    struct run *r = ctx;

    if (!strcmp(name, "disk"))
        return run_word(r, name, r->disks, &r->disk_count, value);
    if (!strcmp(name, "net"))
        return run_word(r, name, r->nets, &r->net_count, value);
    if (!strcmp(name, "name")) {
        r->name = value;
        return 0;
    }
    return sandbox_word(&r->sandbox, value)
               ? 0
               : usage(r->command, "--sandbox %s: want auto, on or off", value);
}

/* Disks or networks that nobody has named are those of the original, where two machines can have
 * them; false after a message. */
static bool inherit(struct run *r, const char *name, const json_t *outside, const char *what,
                    const char **list, unsigned *count)
{
    const json_t *all = json_object_get(outside, what), *one;
    bool disk = !strcmp(what, "disks");
    size_t i;

    if (*count)
        return true;
    json_array_foreach(all, i, one)
    {
        const char *word = remote_text(one, "word");

        if (json_is_true(json_object_get(one, "own"))) {
            fprintf(stderr,
                    disk
                        ? "mews: %s: nobody else can have its disk %s: run it with overlay=tmp, or "
                          "give the copy another (--disk)\n"
                        : "mews: %s: nobody else can have its network %s: say what the copy's is "
                          "(--net)\n",
                    name, word);
            return false;
        }
        if (run_word(r, disk ? "disk" : "net", list, count, word))
            return false;
    }
    return true;
}

/* The original's image in memory, and its speed, 0: as fast as it goes; -1 after a message. */
static int save_image(const char *name, double *speed)
{
    int fd = memfd_create("mews-fork", 0);
    struct mews_link *l;
    struct mews_error e;
    json_t *said;
    int failed;

    if (fd < 0) {
        fail("no memory for the copy");
        return -1;
    }
    if (mews_link_open(name, &l, &e)) {
        fail_error(&e);
        close(fd);
        return -1;
    }
    said = remote_call(l, "machine.speed", NULL, &e);
    failed = !said || mews_link_call(l, "snapshot.save", "{\"share\":true}", &fd, 1, NULL, &e);
    mews_link_close(l);
    *speed = remote_number(said, "speed");
    json_decref(said);
    if (!failed)
        return fd;
    fail_error(&e);
    close(fd);
    return -1;
}

int cmd_fork(const struct command *c, int argc, char **argv)
{
    struct run copy = { .command = c, .inherited = -1 };
    const char *name;
    int i = options_parse(c, argc, argv, set_option, &copy), status = EXIT_FAILED;
    struct mews_error e;
    json_t *outside;
    char path[40];

    if (i < 0)
        return options_end(i);
    name = remote_name(c, argc, argv, i);
    if (!name)
        return EXIT_USAGE;
    outside = remote_ask(name, "machine.outside", NULL, &e);
    if (!outside)
        return fail_error(&e);
    if (inherit(&copy, name, outside, "disks", copy.disks, &copy.disk_count) &&
        inherit(&copy, name, outside, "nets", copy.nets, &copy.net_count))
        copy.inherited = save_image(name, &copy.factor);
    if (copy.inherited >= 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", copy.inherited);
        status = run_copy(&copy, path);
    }
    json_decref(outside); /* whose words the copy had */
    return status;
}
