/* kinds, info, help, version. */
#include "app/app.h"

#include <stdio.h>
#include <string.h>

static int set_json(void *ctx, const char *name, const char *value)
{
    (void)name;
    (void)value;
    *(bool *)ctx = true;
    return 0;
}

/* ---- kinds ---- */

struct kinds_print {
    bool json, first;
    char last[32];
};

static void print_kind_json(const char *before, const char *kind, const char *summary)
{
    printf("%s{\"kind\": ", before);
    json_text(kind);
    printf(", \"summary\": ");
    json_text(summary);
    printf(", \"can\": {");
}

static void print_kind(void *ctx, const char *kind, const char *summary, const char *verb,
                       const char *why)
{
    struct kinds_print *p = ctx;
    bool new = strcmp(p->last, kind) != 0;

    if (p->json) {
        if (new)
            print_kind_json(*p->last ? "}}, " : "", kind, summary);
        printf("%s\"%s\": ", new ? "" : ", ", verb);
        if (why)
            json_text(why);
        else
            printf("true");
    } else {
        if (new)
            printf("%s: %s\n", kind, summary);
        printf("  %-12s %s%s\n", verb, why ? "no: " : "yes", why ? why : "");
    }
    snprintf(p->last, sizeof p->last, "%s", kind);
}

int cmd_kinds(const struct command *c, int argc, char **argv)
{
    struct kinds_print p = { 0 };
    int i = options_parse(c, argc, argv, set_json, &p.json);

    if (i < 0)
        return i == -2 ? 0 : EXIT_USAGE;
    if (i < argc)
        return usage(c, "takes no argument");
    if (p.json)
        printf("[");
    mews_kinds(print_kind, &p);
    if (p.json)
        printf("}}]\n");
    return 0;
}

/* ---- info ---- */

static void print_setting(void *ctx, const char *path, const char *value, const char *doc)
{
    int *json = ctx;

    if (!*json) {
        printf("  %-24s %-12s %s\n", path, value, doc);
        return;
    }
    printf("%s{\"path\": ", *json > 1 ? ", " : "");
    json_text(path);
    printf(", \"value\": ");
    json_text(value);
    printf(", \"doc\": ");
    json_text(doc);
    printf("}");
    ++*json;
}

/* "key: value" lines as members of a JSON object. */
static void print_lines_json(char *text)
{
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *colon = strchr(line, ':');

        if (!colon)
            continue;
        *colon = 0;
        json_text(line);
        printf(": ");
        json_text(colon + 2);
        printf(", ");
    }
}

int cmd_info(const struct command *c, int argc, char **argv)
{
    struct mews_options o = { .size = sizeof o };
    struct mews_error e;
    struct mews *m;
    bool json = false;
    char text[1024];
    int i = options_parse(c, argc, argv, set_json, &json), mode;

    if (i < 0)
        return i == -2 ? 0 : EXIT_USAGE;
    if (i + 1 != argc)
        return usage(c, "wants one THING");
    if (mews_info(argv[i], text, sizeof text, &e) || mews_open(argv[i], &o, &m, &e))
        return fail(e.text);
    mode = json;
    if (json) {
        printf("{");
        print_lines_json(text);
        printf("\"settings\": [");
    } else {
        printf("%ssettings (--set PATH=VALUE):\n", text);
    }
    mews_settings(m, print_setting, &mode);
    if (json)
        printf("]}\n");
    mews_close(m);
    return 0;
}

/* ---- help, version ---- */

void help_command(const struct command *c)
{
    printf("usage: mews %s %s\n%s\n", c->name, c->synopsis, c->summary);
    for (const struct option_row *o = c->options; o && o->name; o++) {
        char left[48];

        snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        printf("  %-34s %s\n", left, o->doc);
    }
}

int cmd_help(const struct command *c, int argc, char **argv)
{
    if (argc > 2)
        return usage(c, "wants one COMMAND at most");
    if (argc == 2) {
        for (const struct command *k = commands; k->name; k++)
            if (!strcmp(k->name, argv[1])) {
                help_command(k);
                return 0;
            }
        return usage(NULL, "'%s' is not a command", argv[1]);
    }
    printf("usage: mews COMMAND [OPTION...] [ARGUMENT...]\n");
    for (const struct command *k = commands; k->name; k++)
        printf("  %-10s %s\n", k->name, k->summary);
    return 0;
}

int cmd_version(const struct command *c, int argc, char **argv)
{
    bool json = false;
    int i = options_parse(c, argc, argv, set_json, &json);

    if (i < 0)
        return i == -2 ? 0 : EXIT_USAGE;
    if (i < argc)
        return usage(c, "takes no argument");
    printf(json ? "{\"version\": \"%s\"}\n" : "mews %s\n", mews_version());
    return 0;
}
