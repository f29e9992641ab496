/* info: what a thing is, and the settings of the machine that would run it. */
#include "app/app.h"
#include "app/image.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print_setting(void *ctx, const char *path, const char *value, const char *doc)
{
    (void)ctx;
    printf("  %-24s %-12s %s\n", path, value, doc);
}

static void add_setting(void *ctx, const char *path, const char *value, const char *doc)
{
    json_array_append_new(ctx, json_pack("{s:o, s:o, s:o}", "path", json_text(path), "value",
                                         json_text(value), "doc", json_text(doc)));
}

/* "key: value" lines as members of an object. */
static json_t *lines_object(char *text)
{
    json_t *j = json_object();

    for (char *rest, *line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        char *colon = strstr(line, ": ");

        if (!colon)
            continue;
        *colon = 0;
        json_object_set_new(j, line, json_text(colon + 2));
    }
    return j;
}

/* What is said of a thing; `image` NULL: it is none's kernel. */
struct known {
    const char *path;
    char text[1024];
    json_t *image;
};

/* m NULL: it is known what it is, but it cannot run here. */
static void print_known(struct known *k, struct mews *m, bool json)
{
    json_t *j, *list;

    if (!json) {
        if (k->image)
            image_print(k->image);
        fputs(k->text, stdout);
        if (m)
            puts("settings (--set PATH=VALUE):");
        if (m)
            mews_settings(m, print_setting, NULL);
        fflush(stdout);
        return;
    }
    j = lines_object(k->text);
    if (k->image)
        json_object_set(j, "image", k->image);
    if (m) {
        list = json_array();
        mews_settings(m, add_setting, list);
        json_object_set_new(j, "settings", list);
    }
    json_print(j);
}

static int info(struct known *k, bool json)
{
    struct mews_options o = { .size = sizeof o };
    struct mews_error e;
    struct mews *m = NULL;
    int r;

    if (mews_info(k->path, k->text, sizeof k->text, &e))
        return fail_error(&e);
    r = mews_open(k->path, &o, &m, &e);
    print_known(k, m, json);
    mews_close(m);
    return r ? fail_error(&e) : 0;
}

int cmd_info(const struct command *c, int argc, char **argv)
{
    struct known k = { .image = NULL };
    struct image image;
    bool json = false;
    struct err e;
    int i = options_parse(c, argc, argv, options_json, &json), status;

    if (i < 0)
        return options_end(i);
    if (i + 1 != argc)
        return usage(c, "wants one THING");
    k.path = argv[i];
    if (access(k.path, F_OK) && image_is(k.path)) { /* as `run` decides it */
        if (image_find(k.path, &image, &e) || image_about(k.path, &k.image, &e))
            return fail(e.text);
        k.path = image.kernel;
    }
    status = info(&k, json);
    json_decref(k.image);
    return status;
}
