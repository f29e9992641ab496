/* show: a view of a machine, after it has run for a while; or of one that runs behind one's back.
 */
#include "app/remote.h"

#include "base/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct option_row show_options[] = {
    { "output", "FILE.png", "write the picture there" },
    { "json", NULL, "print JSON" },
    { "text", NULL, "print text, also where a picture could be shown" },
    { "frames", "N", "run for N pictures first" },
    { "press", "FRAME:BUTTONS[:COUNT]", "hold buttons meanwhile; repeatable" },
    { NULL, NULL, NULL },
};

enum { PRESS_MAX = 64 };

struct showing {
    const struct command *command;
    const char *output, *press[PRESS_MAX];
    unsigned press_count;
    bool json, text;
    unsigned long frames;
};

static int set_option(void *ctx, const char *name, const char *value)
{
    struct showing *s = ctx;
    char *end;

    if (!strcmp(name, "output")) {
        s->output = value;
    } else if (!strcmp(name, "json")) {
        s->json = true;
    } else if (!strcmp(name, "text")) {
        s->text = true;
    } else if (!strcmp(name, "press")) {
        if (s->press_count == PRESS_MAX)
            return usage(s->command, "more than %d presses", PRESS_MAX);
        s->press[s->press_count++] = value;
    } else {
        s->frames = strtoul(value, &end, 10);
        if (*value < '0' || *value > '9' || *end)
            return usage(s->command, "--frames %s: not a number", value);
    }
    return 0;
}

/* ---- without a name: what there is ---- */

static void print_view(void *ctx, const char *name, const char *doc, bool picture, bool text)
{
    json_t *list = ctx;

    if (list)
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:b}", "view", name, "doc", doc,
                                              "picture", picture, "text", text));
    else
        printf("%-12s %s\n", name, doc);
}

static int list(const struct showing *s, struct mews *m)
{
    json_t *j = s->json ? json_array() : NULL;

    mews_views(m, print_view, j);
    if (j)
        json_print(j);
    return 0;
}

struct wanted {
    const char *name;
    bool picture, text;
};

static void look(void *ctx, const char *name, const char *doc, bool picture, bool text)
{
    struct wanted *w = ctx;

    (void)doc;
    if (!strcmp(name, w->name)) {
        w->picture = picture;
        w->text = text;
    }
}

static int view(const struct showing *s, struct mews *m, const char *name)
{
    struct wanted w = { .name = name };
    struct mews_error e;
    char *text;

    mews_views(m, look, &w);
    if (s->output)
        return mews_view_picture(m, name, s->output, &e) ? fail_error(&e) : 0;
    if (w.picture && !s->json && !s->text && isatty(1))
        return mews_view_picture(m, name, NULL, &e) ? fail_error(&e) : 0;
    if (mews_view_text(m, name, s->json, &text, &e)) {
        if (w.picture && !w.text)
            return usage(s->command, "%s is a picture: --output FILE.png", name);
        return fail_error(&e);
    }
    printf("%s%s", text, s->json ? "\n" : "");
    free(text);
    return 0;
}

static int run(const struct showing *s, struct mews *m)
{
    struct mews_stop_info info;
    struct mews_error e;

    for (unsigned i = 0; i < s->press_count; i++)
        if (mews_press(m, s->press[i], &e))
            return usage(s->command, "--press %s", e.text);
    if (s->frames && !mews_can(m, "picture", NULL))
        return usage(s->command, "--frames: this machine makes no pictures");
    if (s->frames && mews_run_frames(m, s->frames, &info) != MEWS_STOP_FRAME && info.text[0])
        return fail(info.text);
    return 0;
}

/* ---- of a machine in another process ---- */

static int remote_list(const struct showing *s, struct mews_link *l)
{
    struct mews_error e;
    json_t *r = remote_call(l, "view.list", NULL, &e), *j = s->json ? json_array() : NULL, *v;
    size_t i;

    if (!r)
        return fail_error(&e);
    json_array_foreach(json_object_get(r, "views"), i, v) print_view(
        j, remote_text(v, "name"), remote_text(v, "doc"),
        json_is_true(json_object_get(v, "picture")), json_is_true(json_object_get(v, "text")));
    if (j)
        json_print(j);
    json_decref(r);
    return 0;
}

static void remote_look(struct mews_link *l, struct wanted *w)
{
    struct mews_error e;
    json_t *r = remote_call(l, "view.list", NULL, &e), *v;
    size_t i;

    json_array_foreach(json_object_get(r, "views"), i, v)
        look(w, remote_text(v, "name"), "", json_is_true(json_object_get(v, "picture")),
             json_is_true(json_object_get(v, "text")));
    json_decref(r);
}

static int remote_view(const struct showing *s, struct mews_link *l, const char *name)
{
    struct wanted w = { .name = name };
    struct mews_error e;
    json_t *r;

    remote_look(l, &w);
    if (s->output || (w.picture && !s->json && !s->text && isatty(1)))
        return mews_link_view(l, name, s->output, &e) ? fail_error(&e) : 0;
    if (w.picture && !w.text)
        return usage(s->command, "%s is a picture: --output FILE.png", name);
    r = remote_call(l, "view.get", json_pack("{s:s, s:b}", "name", name, "text", !s->json), &e);
    if (!r)
        return fail_error(&e);
    if (s->json) {
        json_print(r);
        return 0;
    }
    fputs(remote_text(r, "text"), stdout);
    json_decref(r);
    return 0;
}

static int remote_show(const struct showing *s, const char *machine, const char *name)
{
    struct mews_link *l;
    struct mews_error e;
    int status;

    if (s->frames || s->press_count)
        return usage(s->command, "%s runs already: no --frames and no --press", machine);
    if (mews_link_open(machine, &l, &e))
        return fail_error(&e);
    status = name ? remote_view(s, l, name) : remote_list(s, l);
    mews_link_close(l);
    return status;
}

int cmd_show(const struct command *c, int argc, char **argv)
{
    struct showing s = { .command = c };
    struct mews_options o = { .size = sizeof o };
    struct mews_error e;
    struct mews *m;
    const char *words[2] = { NULL, NULL };
    unsigned count = 0;
    int status;

    for (int at = 0; at < argc;) { /* options may stand anywhere */
        int next = options_parse(c, argc - at, argv + at, set_option, &s);

        if (next < 0)
            return options_end(next);
        at += next;
        if (at < argc && count == ARRAY_SIZE(words))
            return usage(c, "'%s': wants a THING or a NAME and a VIEW, no more", argv[at]);
        if (at < argc)
            words[count++] = argv[at];
    }
    if (!count)
        return usage(c, "wants a THING or a NAME, and a VIEW");
    if (remote_is_machine(words[0]))
        return remote_show(&s, words[0], words[1]);
    if (mews_open(words[0], &o, &m, &e))
        return fail_error(&e);
    status = run(&s, m);
    if (!status)
        status = words[1] ? view(&s, m, words[1]) : list(&s, m);
    mews_close(m);
    return status;
}
