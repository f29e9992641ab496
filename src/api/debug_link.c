/* A debugger whose console is in another process, with the machine; its files are here. That
 * process may have been taken over by its guest: of what it asks for only that is done which the
 * person has typed, and no file is read but those that they or their symbols have named. */
#include "api/debug.h"
#include "base/file.h"
#include "base/json_bytes.h"
#include "svc/ctl/client.h"
#include "svc/debug/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOURCE_DEPTH = 8,
    SCRIPT_MAX = 1 << 20,
    CHUNK_BYTES = 256 << 10,
    LINE_JSON = 100,
    NAME_BYTES = 4096
};

struct debug_remote {
    struct ctl_client *client;
    char name[80];
    bool ended;
    int interrupted;      /* atomic: it was asked for and not passed on yet */
    struct symbols files; /* of all symbols that were sent: only the names of their sources */
    char dir[PATH_MAX];   /* of the last file of symbols */
    unsigned depth;       /* of scripts */
};

static int run(struct mews_debug *d, const char *line, struct err *e);

/* ---- what is said ---- */

static void say_text(struct mews_debug *d, const char *text)
{
    d->options.say(d->options.ctx, text);
}

static void say_bytes(struct mews_debug *d, const json_t *bytes)
{
    struct err e;
    char *text;
    size_t len;

    if (!bytes || json_bytes_get(bytes, &text, &len, &e))
        return;
    if (len)
        say_text(d, text);
    free(text);
}

static void say_json(struct mews_debug *d, json_t *j)
{
    char *text = json_dumps(j, JSON_COMPACT), *line = NULL;

    if (text && asprintf(&line, "%s\n", text) >= 0)
        say_text(d, line);
    free(line);
    free(text);
    json_decref(j);
}

/* Whatever comes while a command is under way. */
static void heard(void *ctx, const json_t *notification)
{
    struct mews_debug *d = ctx;
    struct debug_remote *r = d->remote;
    const char *name = json_string_value(json_object_get(notification, "method"));
    struct err e;

    if (name && !strcmp(name, "debug.said"))
        say_bytes(d, json_object_get(notification, "params"));
    if (__atomic_exchange_n(&r->interrupted, 0, __ATOMIC_SEQ_CST))
        ctl_client_post(r->client, "debug.interrupt", NULL, &e);
}

static int call(struct mews_debug *d, const char *method, json_t *params, json_t **result,
                struct err *e)
{
    struct debug_remote *r = d->remote;
    int failed = ctl_client_call_hearing(r->client, method, params, heard, d, result, e);

    if (ctl_client_gone(r->client)) {
        err_wrap(e, "%s", r->name);
        r->ended = true;
    }
    return failed;
}

/* ---- symbols ---- */

struct chunk { /* what is sent at once */
    json_t *symbols, *files, *lines;
    size_t bytes;
};

static int send_chunk(struct mews_debug *d, struct chunk *k, bool more, struct err *e)
{
    json_t *result, *params = json_pack("{s:o, s:o, s:o, s:b}", "symbols", k->symbols, "files",
                                        k->files, "lines", k->lines, "more", more);
    int r = call(d, "debug.symbols", params, &result, e);

    if (!r)
        json_decref(result);
    *k = (struct chunk) { json_array(), json_array(), json_array(), 0 };
    return r;
}

static int add(struct mews_debug *d, struct chunk *k, json_t *to, json_t *what, size_t bytes,
               struct err *e)
{
    json_array_append_new(to, what); /* what is no UTF-8 is left out */
    k->bytes += bytes;
    return k->bytes > CHUNK_BYTES ? send_chunk(d, k, true, e) : 0;
}

static int send_symbols(struct mews_debug *d, const struct symbols *s, struct err *e)
{
    struct debug_remote *remote = d->remote;
    size_t base = remote->files.file_count;
    struct chunk k = { json_array(), json_array(), json_array(), 0 };
    int r = 0;

    for (size_t i = 0; !r && i < s->file_count; i++) {
        const char *name = s->files[i];
        json_t *j = *name && strlen(name) <= NAME_BYTES ? json_string(name) : NULL;

        if (!j) /* no UTF-8; the others keep their places */
            j = json_string(name = "?");
        r = add(d, &k, k.files, j, 6 * strlen(name) + 8, e);
        if (!r && !symbols_add_file(&remote->files, name, strlen(name)))
            r = err_set(e, ERR_NOMEM, "no memory for symbols");
    }
    for (size_t i = 0; !r && i < s->count; i++)
        if (*s->list[i].name && strlen(s->list[i].name) <= NAME_BYTES)
            r = add(d, &k, k.symbols,
                    json_pack("[s, I, b]", s->list[i].name, (json_int_t)s->list[i].value,
                              s->list[i].address),
                    6 * strlen(s->list[i].name) + 40, e);
    for (size_t i = 0; !r && i < s->line_count; i++) {
        const struct symbol_line *l = &s->lines[i];

        r = add(d, &k, k.lines,
                json_pack("[I, I, I, I, b]", (json_int_t)l->first, (json_int_t)l->bytes,
                          (json_int_t)base + l->file, (json_int_t)l->line, l->high),
                LINE_JSON, e);
    }
    if (!r)
        r = send_chunk(d, &k, false, e);
    json_decref(k.symbols);
    json_decref(k.files);
    json_decref(k.lines);
    return r;
}

static int remote_symbols(struct mews_debug *d, const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    struct symbols s;
    int r;

    symbols_init(&s);
    r = symbols_file(&s, path, api_debug_elf, NULL, e);
    if (!r)
        r = send_symbols(d, &s, e);
    symbols_fini(&s);
    if (!r)
        snprintf(d->remote->dir, sizeof d->remote->dir, "%.*s", slash ? (int)(slash - path) : 1,
                 slash ? path : ".");
    return r;
}

/* ---- what needs files ---- */

/* Commands from a file, until one fails: that ends all that are under way. */
static int run_script(struct mews_debug *d, const char *path, struct err *e)
{
    struct debug_remote *remote = d->remote;
    unsigned number = 1;
    size_t len;
    u8 *text;
    int r = 0;

    if (remote->depth == SOURCE_DEPTH)
        return err_set(e, ERR_LIMIT, "%.60s: scripts in scripts in scripts", path);
    if (file_read(path, SCRIPT_MAX, &text, &len, e))
        return -(int)e->code;
    remote->depth++;
    for (char *rest = (char *)text, *line; !r && !remote->ended && (line = strsep(&rest, "\n"));
         number++)
        if (line[strspn(line, " \t\r")] && (r = run(d, line, e)))
            err_wrap(e, "%.60s:%u", path, number);
    remote->depth--;
    free(text);
    return r;
}

static int list_source(struct mews_debug *d, const char *file, u32 line, struct err *e)
{
    const struct symbols *known = &d->remote->files;
    struct source_rows rows;
    json_t *list;
    bool ours = false;
    u8 *text;

    for (size_t i = 0; i < known->file_count; i++)
        ours |= !strcmp(known->files[i], file);
    if (!ours)
        return err_set(e, ERR_USAGE, "%.80s is no source of these symbols", file);
    if (source_read(d->remote->dir, file, &text, e))
        return -(int)e->code;
    source_rows((char *)text, line, &rows);
    list = json_array();
    for (unsigned i = 0; i < rows.count; i++) {
        char *row = NULL;

        json_array_append_new(list, json_string(rows.rows[i]));
        if (!d->options.json && asprintf(&row, "%s %5u  %s\n", rows.first + i == line ? ">" : " ",
                                         rows.first + i, rows.rows[i]) >= 0)
            say_text(d, row);
        free(row);
    }
    if (d->options.json)
        say_json(d, json_pack("{s:s, s:I, s:O}", "file", file, "first", (json_int_t)rows.first,
                              "lines", list));
    json_decref(list);
    free(text);
    return 0;
}

/* Whether the line ends with what is asked for, behind a word for it. */
static bool was_typed(const char *line, const char *word, const char *what)
{
    size_t skip = strspn(line, " \t"), len, n = strlen(what);
    size_t first = strcspn(line + skip, " \t/");

    for (len = strlen(line); len && strchr(" \t\r\n", line[len - 1]);)
        len--;
    return first && !strncmp(line + skip, word, first) && n && n + first + skip < len &&
           !strncmp(line + len - n, what, n) && strchr(" \t", line[len - n - 1]);
}

static int obey(struct mews_debug *d, const char *line, const json_t *ask, struct err *e)
{
    const char *what = json_string_value(json_object_get(ask, "ask"));
    const char *path = json_string_value(json_object_get(ask, "path"));
    const char *file = json_string_value(json_object_get(ask, "file"));
    const char *view = json_string_value(json_object_get(ask, "view"));

    what = what ? what : "";
    if (!strcmp(what, "source") && path && was_typed(line, "source", path))
        return run_script(d, path, e);
    if (!strcmp(what, "symbols") && path && was_typed(line, "symbols", path))
        return remote_symbols(d, path, e) ? -(int)e->code : run(d, "symbols", e);
    if (!strcmp(what, "list") && file)
        return list_source(d, file, (u32)json_integer_value(json_object_get(ask, "line")), e);
    if (!strcmp(what, "picture") && view && (!path || was_typed(line, "show", path)))
        return api_link_view(d->remote->client, view, path, e);
    return err_set(e, ERR_FORMAT, "the monitor asks for what nobody has typed");
}

static int run(struct mews_debug *d, const char *line, struct err *e)
{
    json_t *params = json_pack("{s:s}", "line", line), *result, *ask;
    int r;

    if (!params)
        return err_set(e, ERR_USAGE, "a command is UTF-8");
    if (call(d, "debug.command", params, &result, e))
        return -(int)e->code; /* as JSON it was said there */
    say_bytes(d, json_object_get(result, "said"));
    d->remote->ended |= json_is_true(json_object_get(result, "ended"));
    ask = json_object_get(result, "ask");
    r = ask ? obey(d, line, ask, e) : 0;
    json_decref(result);
    if (r && d->options.json)
        say_json(d, json_pack("{s:s}", "error", e->text));
    return r;
}

/* ---- the face ---- */

static void remote_close(struct mews_debug *d)
{
    struct debug_remote *r = d->remote;
    json_t *result;
    struct err e;

    if (!r)
        return;
    /* The machine is free when this returns, if it is there. */
    if (r->client && !ctl_client_call(r->client, "debug.detach", NULL, NULL, 0, &result, &e))
        json_decref(result);
    ctl_client_close(r->client);
    symbols_fini(&r->files);
    free(r);
}

static void remote_greet(struct mews_debug *d)
{
    json_t *result;
    struct err e;

    if (call(d, "debug.greet", NULL, &result, &e))
        return;
    say_bytes(d, json_object_get(result, "said"));
    json_decref(result);
}

static int remote_command(struct mews_debug *d, const char *line, struct err *e)
{
    int r = run(d, line, e);

    __atomic_store_n(&d->remote->interrupted, 0, __ATOMIC_SEQ_CST);
    return r;
}

static void remote_interrupt(struct mews_debug *d)
{
    __atomic_store_n(&d->remote->interrupted, 1, __ATOMIC_SEQ_CST);
}

static bool remote_ended(const struct mews_debug *d)
{
    return d->remote->ended;
}

static void remote_complete(struct mews_debug *d, const char *line, line_word_fn *word, void *ctx)
{
    json_t *params = json_pack("{s:s}", "line", line), *result, *j;
    struct err e;
    size_t i;

    if (!params || call(d, "debug.complete", params, &result, &e))
        return;
    json_array_foreach(json_object_get(result, "words"), i, j) if (json_is_string(j))
        word(ctx, json_string_value(j));
    json_decref(result);
}

static const struct debug_face remote_face = { remote_close,     remote_greet, remote_command,
                                               remote_interrupt, remote_ended, remote_symbols,
                                               remote_complete };

static int attach(struct mews_debug *d, const char *name, struct err *e)
{
    struct debug_remote *r = calloc(1, sizeof *r);
    json_t *result;

    if (!r)
        return err_set(e, ERR_NOMEM, "no memory for a debugger");
    d->remote = r;
    symbols_init(&r->files);
    snprintf(r->name, sizeof r->name, "%s", name);
    if (ctl_client_open(name, &r->client, e))
        return -(int)e->code;
    if (call(d, "debug.attach",
             json_pack("{s:b, s:I}", "json", d->options.json, "rewind_memory",
                       (json_int_t)d->options.rewind_bytes),
             &result, e))
        return r->ended ? -(int)e->code : err_wrap(e, "%s", name);
    json_decref(result);
    return 0;
}

int mews_debug_open_named(const char *name, const struct mews_debug_options *o,
                          struct mews_debug **out, struct mews_error *error)
{
    struct err e;
    struct mews_debug *d = api_debug_make(&remote_face, o, &e);

    if (!d)
        return api_report(error, &e);
    if (attach(d, name, &e)) {
        mews_debug_close(d);
        return api_report(error, &e);
    }
    *out = d;
    return 0;
}
