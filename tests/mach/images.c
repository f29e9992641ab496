#include "tests/mach/images.h"

#include "api/kinds.h"
#include "base/file.h"
#include "kinds/nes/cart.h"
#include "tests/nes/program.h"

#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_LIMIT = 16 << 20,
    EVERY = 9, /* of the public programs, one in so many */
    GAME_FRAMES = 600,
};

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

/* NULL for a file that is nothing which can run. */
static struct image *add_file(struct images *all, const char *name, const char *path)
{
    struct err e;
    u8 *bytes;
    size_t len;

    if (file_read(path, FILE_LIMIT, &bytes, &len, &e))
        die(e.text);
    if (kind_of(bytes, len) < 0) {
        free(bytes);
        return NULL;
    }
    struct image *i = add(all, name);

    i->bytes = bytes;
    i->len = len;
    return i;
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

/* A row of the index: sha1, file, mapper, protocol, frames, expected, note. */
static void add_row(struct images *all, const char *folder, char *row, unsigned every, unsigned nth)
{
    char path[PATH_MAX], *cell[7] = { 0 }, *rest = row;
    struct image *i;

    for (unsigned k = 0; k < ARRAY_SIZE(cell) && rest; k++)
        cell[k] = strsep(&rest, "\t");
    if (!cell[4] || nth % every)
        return;
    snprintf(path, sizeof path, "%s/%s", folder, cell[1]);
    i = add_file(all, cell[1], path);
    if (!i)
        return;
    i->frames = (unsigned)strtoul(cell[4], NULL, 10);
    i->pal = cell[6] && !strncmp(cell[6], "PAL", 3);
}

/* Games are not in the index: they have no verdict. */
static void add_games(struct images *all, const char *folder, unsigned every, unsigned nth)
{
    char pattern[PATH_MAX];
    glob_t found;

    snprintf(pattern, sizeof pattern, "%s/games/*.nes", folder);
    if (glob(pattern, 0, NULL, &found))
        return;
    for (size_t k = 0; k < found.gl_pathc; k++)
        if (nth++ % every == 0) {
            struct image *i = add_file(all, found.gl_pathv[k] + strlen(folder) + 1,
                                       found.gl_pathv[k]);

            if (i)
                i->frames = GAME_FRAMES;
        }
    globfree(&found);
}

void images_add_conformance(struct images *all, unsigned every)
{
    const char *data = getenv("MEWS_TESTDATA");
    char folder[PATH_MAX / 2], path[PATH_MAX], *row, *rest;
    unsigned nth = 0;
    struct err e;
    u8 *text;
    size_t len;

    if (!data) {
        printf("skipped: the public test programs, which MEWS_TESTDATA does not name\n");
        fflush(stdout);
        return;
    }
    snprintf(folder, sizeof folder, "%s/nes", data);
    snprintf(path, sizeof path, "%s/index.tsv", folder);
    if (file_read(path, FILE_LIMIT, &text, &len, &e))
        die(e.text);
    rest = strchr((char *)text, '\n'); /* behind the heading */
    while (rest && (row = strtok_r(rest, "\n", &rest)))
        add_row(all, folder, row, every, nth++);
    free(text);
    add_games(all, folder, every, nth);
}

void images_add_guests(struct images *all)
{
    const char *guests = getenv("MEWS_GUESTS");
    bool *found = calloc(kind_count, sizeof *found);

    walking = all;
    if (!guests || !found || ftw(guests, guest_file, 16))
        die("MEWS_GUESTS does not name the built guests");
    for (unsigned i = 0; i < all->count; i++)
        found[kind_of(all->list[i].bytes, all->list[i].len)] = true;
    for (unsigned i = 0; i < kind_count; i++)
        if (!found[i])
            die("a kind has no guest that could be tested");
    free(found);
}

static void drop_kind(struct images *all, unsigned k, const char *why)
{
    unsigned kept = 0;

    printf("skipped: the guests of the kind %s: %s\n", kinds[k]->name, why);
    fflush(stdout);
    for (unsigned i = 0; i < all->count; i++)
        if (kind_of(all->list[i].bytes, all->list[i].len) == (int)k)
            free(all->list[i].bytes);
        else
            all->list[kept++] = all->list[i];
    all->count = kept;
}

/* What cannot run on this host, for want of /dev/kvm for instance. */
static void drop_unavailable(struct images *all)
{
    struct err e;

    for (unsigned k = 0; k < kind_count; k++)
        if (kinds[k]->available && kinds[k]->available(&e))
            drop_kind(all, k, e.text);
}

void images_keep_replayable(struct images *all)
{
    const char *why;

    for (unsigned k = 0; k < kind_count; k++)
        if (!machine_can(kinds[k], NULL, VERB_REPLAY, &why))
            drop_kind(all, k, why);
}

void images_gather(struct images *all)
{
    *all = (struct images) { 0 };
    images_add_guests(all);
    drop_unavailable(all);
    add_boards(all);
    images_add_conformance(all, EVERY);
}

void images_fini(struct images *all)
{
    for (unsigned i = 0; i < all->count; i++)
        free(all->list[i].bytes);
    free(all->list);
}
