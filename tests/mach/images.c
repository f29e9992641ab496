#include "tests/mach/images.h"

#include "api/kinds.h"
#include "base/file.h"
#include "kinds/nes/cart.h"
#include "tests/nes/program.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 16 << 20, EVERY = 9 /* of the public programs, one in so many */ };

static void die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(2);
}

static int kind_of(const u8 *bytes, size_t len)
{
    const char *what;

    for (unsigned i = 0; i < kind_count; i++)
        if (kinds[i]->accepts(bytes, len, &what))
            return (int)i;
    return -1;
}

static struct image *add(struct images *all, const char *name)
{
    struct image *list = realloc(all->list, (all->count + 1) * sizeof *list);

    if (!list)
        die("no memory for an image");
    all->list = list;
    list += all->count++;
    *list = (struct image) { .name = "" };
    snprintf(list->name, sizeof list->name, "%s", name);
    return list;
}

static void add_file(struct images *all, const char *name, const char *path)
{
    struct err e;
    u8 *bytes;
    size_t len;

    if (file_read(path, FILE_LIMIT, &bytes, &len, &e))
        die(e.text);
    if (kind_of(bytes, len) < 0) {
        free(bytes);
        return;
    }
    struct image *i = add(all, name);

    i->bytes = bytes;
    i->len = len;
}

/* ftw() has no argument for its callback. */
static struct images *walking;

static int guest_file(const char *path, const struct stat *st, int type)
{
    const char *guests = getenv("MEWS_GUESTS");

    /* In gen/ lie the parts of which guests are made. */
    if (type == FTW_F && st->st_size <= FILE_LIMIT && !strstr(path, "/gen/"))
        add_file(walking, path + strlen(guests) + 1, path);
    return 0;
}

static void add_boards(struct images *all)
{
    int last = -1;

    for (unsigned i = 0; i < mapper_count; i++) {
        char name[64], title[64];
        struct image *made;

        if (mapper_list[i].number == last)
            continue;
        last = mapper_list[i].number;
        snprintf(name, sizeof name, "random cartridge, mapper %d", last);
        made = add(all, name);
        made->bytes = malloc(PROGRAM_ROOM);
        if (!made->bytes)
            die("no memory for an image");
        made->len = program_make((u64)last, last, made->bytes, title);
    }
}

bool images_conformance(images_row *f, void *ctx)
{
    const char *data = getenv("MEWS_TESTDATA");
    char path[PATH_MAX], *line, *rest;
    struct err e;
    u8 *text;
    size_t len;

    if (!data)
        return false;
    snprintf(path, sizeof path, "%s/nes/index.tsv", data);
    if (file_read(path, FILE_LIMIT, &text, &len, &e))
        die(e.text);
    rest = strchr((char *)text, '\n'); /* behind the heading */
    while (rest && (line = strtok_r(rest, "\n", &rest))) {
        char *name = strchr(line, '\t'), *end = name ? strchr(name + 1, '\t') : NULL;

        if (!end)
            continue;
        *end = 0;
        snprintf(path, sizeof path, "%s/nes/%s", data, name + 1);
        f(ctx, name + 1, path);
    }
    free(text);
    return true;
}

struct thinning {
    struct images *all;
    unsigned row;
};

static void add_some(void *ctx, const char *name, const char *path)
{
    struct thinning *t = ctx;

    if (t->row++ % EVERY == 0)
        add_file(t->all, name, path);
}

void images_gather(struct images *all)
{
    const char *guests = getenv("MEWS_GUESTS");
    bool *found = calloc(kind_count, sizeof *found);

    *all = (struct images) { 0 };
    walking = all;
    if (!guests || !found || ftw(guests, guest_file, 16))
        die("MEWS_GUESTS does not name the built guests");
    for (unsigned i = 0; i < all->count; i++)
        found[kind_of(all->list[i].bytes, all->list[i].len)] = true;
    for (unsigned i = 0; i < kind_count; i++)
        if (!found[i])
            die("a kind has no guest that could be tested");
    free(found);
    add_boards(all);
    images_conformance(add_some, &(struct thinning) { all, 0 });
}

void images_fini(struct images *all)
{
    for (unsigned i = 0; i < all->count; i++)
        free(all->list[i].bytes);
    free(all->list);
}
