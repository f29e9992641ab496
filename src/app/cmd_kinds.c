/* kinds: what there is, and what each can do. */
#include "app/app.h"

#include <stdio.h>
#include <string.h>

static void print_kind(void *ctx, const char *kind, const char *summary, const char *verb,
                       const char *why)
{
    char *last = ctx;

    if (strcmp(last, kind) != 0)
        printf("%s: %s\n", kind, summary);
    snprintf(last, 32, "%s", kind);
    printf("  %-12s %s%s\n", verb, why ? "no: " : "yes", why ? why : "");
}

static void add_kind(void *ctx, const char *kind, const char *summary, const char *verb,
                     const char *why)
{
    json_t *list = ctx, *last = NULL;

    if (json_array_size(list))
        last = json_array_get(list, json_array_size(list) - 1);
    if (!last || strcmp(json_string_value(json_object_get(last, "kind")), kind) != 0) {
        last = json_pack("{s:s, s:s, s:{}}", "kind", kind, "summary", summary, "can");
        json_array_append_new(list, last);
    }
    json_object_set_new(json_object_get(last, "can"), verb, why ? json_text(why) : json_true());
}

int cmd_kinds(const struct command *c, int argc, char **argv)
{
    bool json = false;
    char last[32] = "";
    int i = options_parse(c, argc, argv, options_json, &json);

    if (i < 0)
        return options_end(i);
    if (i < argc)
        return usage(c, "takes no argument");
    if (json) {
        json_t *list = json_array();

        mews_kinds(add_kind, list);
        json_print(list);
    } else {
        mews_kinds(print_kind, last);
    }
    return 0;
}
