#include "mach/recipe.h"

#include "base/le.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Texts are length (4) and bytes; the image is length (8) and bytes; counts are 4; little-endian.
 * In order: kind, name, board (an empty one stands for none), settings (count; path and value
 * each), arguments (count; each), image. In memory every text has a zero byte behind it. */
enum { MANY = 4096 };

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

struct writer {
    u8 *out; /* NULL: only measuring */
    size_t at;
};

static void put(struct writer *w, u64 v, unsigned bytes)
{
    if (w->out)
        le_put(w->out + w->at, v, bytes);
    w->at += bytes;
}

static void put_bytes(struct writer *w, const void *from, size_t len)
{
    if (w->out && len)
        memcpy(w->out + w->at, from, len);
    w->at += len;
}

static void put_text(struct writer *w, const char *s)
{
    size_t len = strlen(or_empty(s));

    put(w, len, 4);
    put_bytes(w, s, len);
}

static size_t save(const char *kind, const struct config *c, u8 *out)
{
    struct writer w = { out, 0 };

    put_text(&w, kind);
    put_text(&w, c->name);
    put_text(&w, c->board);
    put(&w, c->setting_count, 4);
    for (unsigned i = 0; i < c->setting_count; i++) {
        put_text(&w, c->settings[i].path);
        put_text(&w, c->settings[i].value);
    }
    put(&w, c->argc, 4);
    for (unsigned i = 0; i < c->argc; i++)
        put_text(&w, c->argv[i]);
    put(&w, c->image_bytes, 8);
    put_bytes(&w, c->image, c->image_bytes);
    return w.at;
}

size_t recipe_save(const struct recipe *r, u8 *out)
{
    return save(r->kind, &r->config, out);
}

struct reader {
    const u8 *in;
    size_t at, len;
    char *texts; /* where the next text goes */
    bool bad;
};

static u64 take(struct reader *r, unsigned bytes)
{
    if (r->bad || r->len - r->at < bytes) {
        r->bad = true;
        return 0;
    }
    r->at += bytes;
    return le_get(r->in + r->at - bytes, bytes);
}

static const char *take_text(struct reader *r)
{
    u64 len = take(r, 4);
    char *s = r->texts;

    if (r->bad || len > r->len - r->at || memchr(r->in + r->at, 0, len)) {
        r->bad = true;
        return "";
    }
    memcpy(s, r->in + r->at, len);
    s[len] = 0;
    r->at += len;
    r->texts += len + 1;
    return s;
}

static unsigned take_count(struct reader *r)
{
    u64 n = take(r, 4);

    r->bad |= n > MANY;
    return r->bad ? 0 : (unsigned)n;
}

static void load(struct recipe *out, struct reader *r, struct setting *settings, const char **argv,
                 u8 *image)
{
    struct config *c = &out->config;
    const char *kind = take_text(r);

    r->bad |= strlen(kind) >= sizeof out->kind;
    if (!r->bad)
        strcpy(out->kind, kind);
    c->name = take_text(r);
    c->board = take_text(r);
    if (!*c->board)
        c->board = NULL;
    c->setting_count = take_count(r);
    c->settings = settings;
    for (unsigned i = 0; i < c->setting_count; i++) {
        settings[i].path = take_text(r);
        settings[i].value = take_text(r);
    }
    c->argc = take_count(r);
    c->argv = argv;
    for (unsigned i = 0; i < c->argc; i++)
        argv[i] = take_text(r);
    c->image_bytes = take(r, 8);
    c->image = image;
    r->bad |= c->image_bytes != r->len - r->at;
    if (!r->bad && c->image_bytes)
        memcpy(image, r->in + r->at, c->image_bytes);
}

int recipe_load(struct recipe *out, const u8 *in, size_t len, struct err *e)
{
    /* No text is longer in memory than its length and bytes in the file: one zero for four. */
    size_t tables = MANY * (sizeof(struct setting) + sizeof(char *));
    struct recipe made = { 0 };
    struct reader r = { .in = in, .len = len };
    u8 *block = malloc(tables + 2 * len);

    if (!block)
        return err_set(e, ERR_NOMEM, "no memory");
    made.owned = block;
    r.texts = (char *)block + tables;
    load(&made, &r, (void *)block, (void *)(block + MANY * sizeof(struct setting)),
         block + tables + len);
    if (r.bad) {
        recipe_fini(&made);
        return err_set(e, ERR_FORMAT, "the description of the machine is damaged");
    }
    *out = made;
    return 0;
}

bool recipe_init(struct recipe *out, const char *kind, const struct config *c)
{
    size_t len = save(kind, c, NULL);
    u8 *bytes = malloc(len);
    struct err e;
    int r = -1;

    assert(strlen(kind) < sizeof out->kind && c->setting_count <= MANY && c->argc <= MANY);
    if (bytes) {
        save(kind, c, bytes);
        r = recipe_load(out, bytes, len, &e);
    }
    free(bytes);
    return !r;
}

void recipe_fini(struct recipe *r)
{
    free(r->owned);
    *r = (struct recipe) { 0 };
}
