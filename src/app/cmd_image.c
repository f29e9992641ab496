/* image: makes, lists and removes the images that `run` boots by their names. */
#include "app/image.h"
#include "app/remote.h"

#include "base/file.h"
#include "base/own.h"
#include "base/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct option_row image_options[] = {
    { "name", "NAME", "create: what to call it; else as what it is made from" },
    { "suite", "SUITE", "create: the distribution's release; else bookworm" },
    { "size", "SIZE", "create: of its disk; else 2G" },
    { "package", "PACKAGE", "create: a package beside those that it has anyway; repeatable" },
    { "ssh-key", "FILE", "create: a public key by which root may log in; repeatable" },
    { "mirror", "URL", "create: where packages come from, else Debian's servers; repeatable" },
    { "force", NULL, "create: in the place of one that is there" },
    { "verbose", NULL, "create: print what the tools say" },
    { "json", NULL, "ls, info: print JSON" },
    { NULL, NULL, NULL },
};

enum { LIST_MAX = 64, SIZE_MIN = 512 << 20, KEYS_LIMIT = 64 << 10 };

struct asked {
    const struct command *command;
    const char *name, *suite, *size;
    const char *packages[LIST_MAX + 2], *mirrors[LIST_MAX + 1], *keys[LIST_MAX + 1];
    unsigned package_count, mirror_count, key_count;
    bool force, verbose, json;
    const char *create; /* the last option that only create takes; NULL: none was given */
};

static int add(const struct command *c, const char *list[], unsigned *count, const char *value,
               const char *name)
{
    if (*count == LIST_MAX)
        return usage(c, "--%s: more than %d", name, LIST_MAX);
    list[(*count)++] = value;
    return 0;
}

static int set_option(void *ctx, const char *name, const char *value)
{
    struct asked *a = ctx;
    const struct {
        const char *name;
        bool *flag;
        const char **text;
    } known[] = { { "force", &a->force, NULL }, { "verbose", &a->verbose, NULL },
                  { "json", &a->json, NULL },   { "name", NULL, &a->name },
                  { "suite", NULL, &a->suite }, { "size", NULL, &a->size } };

    if (strcmp(name, "json") != 0)
        a->create = name;
    for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
        if (strcmp(name, known[i].name) != 0)
            continue;
        if (known[i].flag)
            *known[i].flag = true;
        else
            *known[i].text = value;
        return 0;
    }
    if (!strcmp(name, "package"))
        return add(a->command, a->packages, &a->package_count, value, name);
    if (!strcmp(name, "ssh-key"))
        return add(a->command, a->keys, &a->key_count, value, name);
    return add(a->command, a->mirrors, &a->mirror_count, value, name);
}

static int error(const struct err *e)
{
    fail(e->text);
    return e->code == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

/* ---- create ---- */

/* They become words of other programs: a name, not an option or a list. */
static bool plain_word(const char *text, const char *more)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    for (const char *p = text; *p; p++)
        if (!strchr(letters, *p) && (p == text || !strchr(more, *p)))
            return false;
    return *text;
}

static int check(const struct asked *a, const char *name)
{
    const struct command *c = a->command;

    if (!image_name(name))
        return usage(c, "'%s' cannot be an image's name", name);
    if (a->suite && !plain_word(a->suite, "-._"))
        return usage(c, "--suite %s: want a release's name, such as bookworm", a->suite);
    for (unsigned i = 0; i < a->package_count; i++)
        if (!plain_word(a->packages[i], "+-.:"))
            return usage(c, "--package %s: not a package's name", a->packages[i]);
    for (unsigned i = 0; i < a->mirror_count; i++)
        if (!strstr(a->mirrors[i], ":/") || !plain_word(a->mirrors[i], "+-.:/_~@%[]"))
            return usage(c, "--mirror %s: not a URL", a->mirrors[i]);
    return 0;
}

/* The other file of the pair is taken by mistake sooner or later. */
static int check_key(const struct asked *a, const char *path, const u8 *text, size_t len)
{
    static const char *const kinds[] = { "ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-" };
    bool known = false;

    if (memmem(text, len, "PRIVATE KEY", 11))
        return usage(a->command, "--ssh-key %s: that is the secret one (want %s.pub)", path, path);
    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
        known = known || memmem(text, len, kinds[i], strlen(kinds[i]));
    return known && !memchr(text, 0, len)
               ? 0
               : usage(a->command, "--ssh-key %s: not a public key, as ssh-keygen makes them",
                       path);
}

/* All that the files have, a line each; the caller frees it. */
static int read_keys(const struct asked *a, char **out)
{
    size_t used = 0;
    int status = 0;
    struct err e;

    *out = NULL;
    for (unsigned i = 0; !status && i < a->key_count; i++) {
        OWN(buf) u8 *text = NULL;
        char *more;
        size_t len;

        if (file_read(a->keys[i], KEYS_LIMIT, &text, &len, &e))
            status = fail(e.text);
        else if (!(status = check_key(a, a->keys[i], text, len))) {
            more = realloc(*out, used + len + 2);
            if (!more)
                return fail("no memory");
            *out = more;
            memcpy(more + used, text, len);
            used += len;
            if (more[used - 1] != '\n')
                more[used++] = '\n';
            more[used] = 0;
        }
    }
    return status;
}

/* A package that was not asked for by its name. */
static void add_package(struct asked *a, const char *name)
{
    for (unsigned i = 0; i < a->package_count; i++)
        if (!strcmp(a->packages[i], name))
            return;
    a->packages[a->package_count++] =
        name; /* there is one place behind the last that can be asked */
    a->packages[a->package_count] = NULL;
}

static int create(struct asked *a, int argc, char **argv)
{
    OWN(buf) char *keys = NULL;
    const struct command *c = a->command;
    struct image_plan p = { .suite = a->suite ? a->suite : "bookworm",
                            .packages = a->packages,
                            .mirrors = a->mirrors,
                            .bytes = (size_t)2 << 30,
                            .replace = a->force,
                            .verbose = a->verbose };
    int status;

    if (argc != 1)
        return usage(c, "create wants one thing to make (" IMAGE_RECIPE ")");
    if (strcmp(argv[0], IMAGE_RECIPE) != 0)
        return usage(c, "%s: only " IMAGE_RECIPE " can be made", argv[0]);
    p.name = a->name ? a->name : argv[0];
    if ((status = check(a, p.name)))
        return status;
    if (a->size && option_size(c, "size", a->size, &p.bytes))
        return EXIT_USAGE;
    if (p.bytes < SIZE_MIN)
        return usage(c, "--size %s: want 512M or more", a->size);
    if ((status = read_keys(a, &keys)))
        return status;
    if (keys)
        add_package(a, "openssh-server");
    p.keys = keys;
    return image_create(&p);
}

/* ---- ls, info ---- */

/* An image of which something is wrong is listed with that. */
static json_t *about(const char *name)
{
    json_t *j = NULL;
    struct err e;

    if (image_about(name, &j, &e))
        j = json_pack("{s:o, s:o}", "name", json_text(name), "error", json_text(e.text));
    return j;
}

static void add_image(void *ctx, const char *name)
{
    json_array_append_new(ctx, about(name));
}

static void date(const json_t *j, char out[static 24])
{
    time_t t = (time_t)remote_number(j, "created");
    struct tm tm;

    strftime(out, 24, "%Y-%m-%d %H:%M", localtime_r(&t, &tm));
}

static void print_row(const json_t *j)
{
    char size[16], used[16], when[24];

    if (json_object_get(j, "error")) {
        printf("%-24s %s\n", remote_text(j, "name"), remote_text(j, "error"));
        return;
    }
    remote_size(remote_number(j, "disk_bytes"), size);
    remote_size(remote_number(j, "used_bytes"), used);
    date(j, when);
    printf("%-24s %-10s %8s %8s  %s\n", remote_text(j, "name"), remote_text(j, "suite"), size, used,
           when);
}

static int list(struct asked *a, int argc, char **argv)
{
    json_t *all, *j;
    struct err e;
    size_t k;

    (void)argv;
    if (argc)
        return usage(a->command, "ls takes no argument");
    all = json_array();
    if (image_each(add_image, all, &e)) {
        json_decref(all);
        return error(&e);
    }
    if (a->json) {
        json_print(all);
        return 0;
    }
    printf("%-24s %-10s %8s %8s  %s\n", "NAME", "SUITE", "SIZE", "USED", "CREATED");
    json_array_foreach(all, k, j) print_row(j);
    json_decref(all);
    return 0;
}

static void print_list(const json_t *j, const char *key)
{
    const json_t *one;
    size_t k;

    if (!json_array_size(json_object_get(j, key)))
        return;
    printf("%s:", key);
    json_array_foreach(json_object_get(j, key), k, one) printf(" %s", json_string_value(one));
    putchar('\n');
}

void image_print(const json_t *j)
{
    char size[16], used[16], when[24];

    remote_size(remote_number(j, "disk_bytes"), size);
    remote_size(remote_number(j, "used_bytes"), used);
    date(j, when);
    printf("name: %s\nmade: %s %s, %s, by mews %s\n", remote_text(j, "name"),
           remote_text(j, "made"), remote_text(j, "suite"), when, remote_text(j, "program"));
    print_list(j, "packages");
    print_list(j, "mirrors");
    printf("kernel: %s\ncommand line: %s\ndisk: %s, of which %s are used\npath: %s\n",
           remote_text(j, "kernel"), remote_text(j, "command_line"), size, used,
           remote_text(j, "path"));
}

static int info(struct asked *a, int argc, char **argv)
{
    struct image i;
    struct err e;
    json_t *j;

    if (argc != 1)
        return usage(a->command, "info wants one IMAGE");
    if (image_about(argv[0], &j, &e))
        return error(&e);
    if (a->json) {
        json_print(j);
        return 0;
    }
    image_print(j);
    json_decref(j);
    return image_find(argv[0], &i, &e) ? error(&e) : 0;
}

/* ---- rm ---- */

static int remove_image(struct asked *a, int argc, char **argv)
{
    struct err e;
    int status = 0;

    if (!argc)
        return usage(a->command, "rm wants an IMAGE");
    for (int i = 0; i < argc; i++)
        if (image_remove(argv[i], &e))
            status = error(&e);
    return status;
}

int cmd_image(const struct command *c, int argc, char **argv)
{
    static const struct {
        const char *verb;
        int (*run)(struct asked *a, int argc, char **argv);
    } verbs[] = { { "create", create }, { "ls", list }, { "rm", remove_image }, { "info", info } };
    struct asked a = { .command = c };
    int i = options_parse(c, argc, argv, set_option, &a);

    if (i < 0)
        return options_end(i);
    for (unsigned k = 0; i < argc && k < ARRAY_SIZE(verbs); k++) {
        if (strcmp(argv[i], verbs[k].verb) != 0)
            continue;
        if (a.create && verbs[k].run != create)
            return usage(c, "--%s is for create", a.create);
        if (a.json && (verbs[k].run == create || verbs[k].run == remove_image))
            return usage(c, "--json is for ls and info");
        return verbs[k].run(&a, argc - i - 1, argv + i + 1);
    }
    if (i < argc)
        return usage(c, "'%s': want create, ls, rm or info", argv[i]);
    return usage(c, "wants create, ls, rm or info");
}
