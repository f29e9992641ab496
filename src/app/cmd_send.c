/* send: what a person would type at the machine's console, or press on its controllers. */
#include "app/remote.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const struct option_row send_options[] = {
    { "line", "TEXT", "the text and an end of line, to the console; repeatable" },
    { "text", "TEXT", "the text as it is, to the console; repeatable" },
    { "keys", "BUTTONS[:FRAMES]", "press A+Right and so on, for so many pictures; repeatable" },
    { "reset", NULL, "press the reset button" },
    { "end", NULL, "then, no more will come: the guest reads an end of file" },
    { NULL, NULL, NULL },
};

enum { ITEMS_MAX = 64, CHUNK = 16384, RETRY_MS = 20 };

struct send {
    struct {
        char what; /* l t k r e */
        const char *value;
    } items[ITEMS_MAX];
    unsigned count;
};

static int add_item(void *ctx, const char *name, const char *value)
{
    struct send *s = ctx;

    if (s->count == ITEMS_MAX) {
        fprintf(stderr, "mews: send: more than %d things at once\n", ITEMS_MAX);
        return -1;
    }
    s->items[s->count].what = name[0];
    s->items[s->count++].value = value;
    return 0;
}

static int ask(struct mews_link *l, const char *method, json_t *params, struct mews_error *e)
{
    json_t *j = remote_call(l, method, params, e);

    json_decref(j);
    return j ? 0 : -1;
}

/* A guest that has not read what came before is waited for. */
static int send_bytes(struct mews_link *l, const char *bytes, size_t len, struct mews_error *e)
{
    while (ask(l, "console.send", remote_bytes(bytes, len), e)) {
        if (!strstr(e->text, "has not read"))
            return -1;
        nanosleep(&(struct timespec) { 0, RETRY_MS * 1000000 }, NULL);
    }
    return 0;
}

static int send_input(struct mews_link *l, struct mews_error *e)
{
    char bytes[CHUNK];
    ssize_t n;

    while ((n = read(0, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0 && send_bytes(l, bytes, (size_t)n, e))
            return -1;
    return 0;
}

static int send_item(struct mews_link *l, char what, const char *value, struct mews_error *e)
{
    switch (what) {
    case 'k': return ask(l, "input.press", json_pack("{s:o}", "press", json_text(value)), e);
    case 'r': return ask(l, "machine.reset", NULL, e);
    case 'e': return ask(l, "console.send", json_pack("{s:b}", "end", 1), e);
    default:
        if (send_bytes(l, value, strlen(value), e))
            return -1;
        return what == 'l' ? send_bytes(l, "\n", 1, e) : 0;
    }
}

int cmd_send(const struct command *c, int argc, char **argv)
{
    struct send s = { .count = 0 };
    int i = options_parse(c, argc, argv, add_item, &s), failed = 0;
    struct mews_link *l;
    struct mews_error e;
    const char *name;

    if (i < 0)
        return options_end(i);
    name = remote_name(c, argc, argv, i);
    if (!name)
        return EXIT_USAGE;
    if (mews_link_open(name, &l, &e))
        return fail_error(&e);
    if (!s.count)
        failed = send_input(l, &e);
    for (unsigned k = 0; k < s.count && !failed; k++)
        failed = send_item(l, s.items[k].what, s.items[k].value, &e);
    mews_link_close(l);
    return failed ? fail_error(&e) : 0;
}
