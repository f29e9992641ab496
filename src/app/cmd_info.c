/* info: what a thing is, and the settings of the machine that would run it. */
#include "app/app.h"

#include <stdio.h>
#include <string.h>

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

static int without_settings(char *text, bool json, const struct mews_error *e)
{
    if (json)
        json_print(lines_object(text));
    else
        fputs(text, stdout);
    fflush(stdout);
    return fail_error(e);
}

int cmd_info(const struct command *c, int argc, char **argv)
{
    struct mews_options o = { .size = sizeof o };
    struct mews_error e;
    struct mews *m;
    bool json = false;
    char text[1024];
    int i = options_parse(c, argc, argv, options_json, &json);

    if (i < 0)
        return options_end(i);
    if (i + 1 != argc)
        return usage(c, "wants one THING");
    if (mews_info(argv[i], text, sizeof text, &e))
        return fail_error(&e);
    if (mews_open(argv[i], &o, &m, &e)) /* it is known what it is, but it cannot run here */
        return without_settings(text, json, &e);
    if (json) {
        json_t *j = lines_object(text), *list = json_array();

        mews_settings(m, add_setting, list);
        json_object_set_new(j, "settings", list);
        json_print(j);
    } else {
        printf("%ssettings (--set PATH=VALUE):\n", text);
        mews_settings(m, print_setting, NULL);
    }
    mews_close(m);
    return 0;
}
