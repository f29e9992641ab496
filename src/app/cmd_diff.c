/* diff: what differs between two snapshots. Status 0: nothing, 1: something, 2: it cannot be said.
 */
#include "app/app.h"

#include <stdio.h>

enum { SAME = 0, DIFFERENT = 1, TROUBLE = 2 };

struct diff {
    bool json;
    json_t *list;
    unsigned count;
};

static void difference(void *ctx, const char *where, const char *a, const char *b)
{
    struct diff *d = ctx;

    d->count++;
    if (d->json)
        json_array_append_new(d->list, json_pack("{s:o, s:o, s:o}", "where", json_text(where), "a",
                                                 json_text(a), "b", json_text(b)));
    else
        printf("%s\n- %s\n+ %s\n", where, a, b);
}

static int compare(struct diff *d, const char *a, const char *b)
{
    struct mews_image *ia = NULL, *ib = NULL;
    struct mews_error e;
    int status = DIFFERENT;

    if (mews_image_open(a, &ia, &e) || mews_image_open(b, &ib, &e) ||
        mews_image_diff(ia, ib, difference, d, &e)) {
        fail_error(&e);
        status = TROUBLE;
    } else if (!d->count) {
        status = SAME;
    }
    mews_image_close(ia);
    mews_image_close(ib);
    return status;
}

int cmd_diff(const struct command *c, int argc, char **argv)
{
    struct diff d = { .json = false };
    int i = options_parse(c, argc, argv, options_json, &d.json), status;

    if (i < 0)
        return options_end(i);
    if (i + 2 != argc)
        return usage(c, "wants two FILEs");
    d.list = json_array();
    status = compare(&d, argv[i], argv[i + 1]);
    if (d.json && status != TROUBLE)
        json_print(d.list);
    else
        json_decref(d.list);
    return status;
}
