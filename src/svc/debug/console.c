#include "svc/debug/console_parts.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct console_command *const tables[] = {
    console_run_commands, console_point_commands, console_look_commands, console_state_commands
};

/* ---- life ---- */

int debug_console_create(struct debug *d, const struct debug_console_options *o,
                         struct debug_console **out, struct err *e)
{
    struct debug_console *c = calloc(1, sizeof *c);

    if (!c)
        return err_set(e, ERR_NOMEM, "no memory for a console");
    c->debug = d;
    c->machine = debug_machine(d);
    c->o = *o;
    debug_on_trace(d, console_on_trace, c);
    *out = c;
    return 0;
}

void debug_console_destroy(struct debug_console *c)
{
    if (!c)
        return;
    machine_unlisten(c->machine, &c->listener);
    free(c->filter);
    free(c->buffer);
    free(c);
}

bool debug_console_ended(const struct debug_console *c)
{
    return c->ended;
}

/* ---- saying ---- */

static void flush(struct debug_console *c)
{
    char *end = c->buffered ? memrchr(c->buffer, '\n', c->buffered) : NULL;
    size_t whole = end ? (size_t)(end - c->buffer) + 1 : 0;
    char keep;

    if (!whole)
        return;
    keep = c->buffer[whole];
    c->buffer[whole] = 0;
    c->o.say(c->o.ctx, c->buffer);
    c->buffer[whole] = keep;
    memmove(c->buffer, c->buffer + whole, c->buffered - whole);
    c->buffered -= whole;
}

void console_say(struct debug_console *c, const char *fmt, ...)
{
    va_list ap;
    int len;

    if (c->o.json)
        return;
    va_start(ap, fmt);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (len < 0)
        return;
    if (c->buffered + (size_t)len + 2 > c->room) {
        size_t room = c->buffered + (size_t)len + 1024;
        char *more = realloc(c->buffer, room);

        if (!more)
            return;
        c->buffer = more;
        c->room = room;
    }
    va_start(ap, fmt);
    vsnprintf(c->buffer + c->buffered, (size_t)len + 1, fmt, ap);
    va_end(ap);
    c->buffered += (size_t)len;
    flush(c);
}

void console_emit(struct debug_console *c, json_t *j)
{
    char *text = json_dumps(j, JSON_COMPACT), *line = NULL;

    if (text && asprintf(&line, "%s\n", text) >= 0)
        c->o.say(c->o.ctx, line);
    free(line);
    free(text);
    json_decref(j);
}

void console_put(struct debug_console *c, const char *key, json_t *value)
{
    if (c->result)
        json_object_set_new(c->result, key, value);
    else
        json_decref(value);
}

const char *console_address(struct debug_console *c, u64 addr, char out[24])
{
    const char *registers = debug_cpu(c->debug)->registers;
    struct field_ref ref;
    int digits = 16;

    if (debug_register(c->debug, registers, strcspn(registers, " "), &ref))
        digits = (int)ref.field->size * 2;
    snprintf(out, 24, "$%0*llX", digits, (unsigned long long)addr);
    return out;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

const char *console_symbol(struct debug_console *c, u64 addr, char out[200])
{
    const struct symbols *s = debug_symbols(c->debug);
    const struct symbol *near = symbols_near(s, addr);
    const struct symbol_line *line = symbols_line(s, addr);
    int at = 0;

    out[0] = 0;
    if (near && addr == near->value)
        at = snprintf(out, 200, " %.80s", near->name);
    else if (near)
        at = snprintf(out, 200, " %.80s+%llu", near->name,
                      (unsigned long long)(addr - near->value));
    if (line)
        snprintf(out + at, 200 - (size_t)at, " (%.80s:%u)", file_name(s->files[line->file]),
                 line->line);
    return out;
}

json_t *console_place(struct debug_console *c, u64 addr)
{
    const struct symbols *s = debug_symbols(c->debug);
    const struct symbol *near = symbols_near(s, addr);
    const struct symbol_line *line = symbols_line(s, addr);
    json_t *j = json_pack("{s:I}", "address", (json_int_t)addr);

    if (near) {
        json_object_set_new(j, "symbol", json_string(near->name));
        json_object_set_new(j, "offset", json_integer((json_int_t)(addr - near->value)));
    }
    if (line) {
        json_object_set_new(j, "file", json_string(s->files[line->file]));
        json_object_set_new(j, "line", json_integer(line->line));
    }
    return j;
}

/* ---- words ---- */

char *console_word(char **args)
{
    char *from = *args + strspn(*args, " \t"), *end = from + strcspn(from, " \t");

    *args = end + (*end != 0);
    if (end == from)
        return NULL;
    *end = 0;
    return from;
}

int console_number(struct debug_console *c, const char *text, bool hex, u64 *out, struct err *e)
{
    return expr_value(debug_scope(c->debug), text, hex, out, e);
}

int console_count(struct debug_console *c, const char *text, u64 none, u64 *out, struct err *e)
{
    text += strspn(text, " \t");
    *out = none;
    if (!*text)
        return 0;
    if (console_number(c, text, false, out, e))
        return -(int)e->code;
    return *out && *out <= INT64_MAX ? 0 : err_set(e, ERR_USAGE, "%s: want 1 or more", text);
}

bool console_peek(struct debug_console *c, unsigned domain, u64 addr, void *out, size_t len)
{
    const struct machine *m = c->machine;

    if (domain)
        return m->domains[domain - 1].peek &&
               m->domains[domain - 1].peek(c->machine, addr, out, len);
    return m->kind->peek && m->kind->peek(debug_cpu(c->debug), CPU_VIRTUAL, addr, out, len);
}

/* The domain whose name begins the text; 0: none. */
static unsigned find_domain(const struct machine *m, const char *text, size_t len)
{
    for (unsigned i = 0; i < m->domain_count; i++)
        if (strlen(m->domains[i].name) == len && !memcmp(m->domains[i].name, text, len))
            return i + 1;
    return 0;
}

/* "241/1" or "241". */
static int read_position(struct debug_console *c, char *text, const struct domain *d,
                         struct location *out, struct err *e)
{
    char *slash = strchr(text, '/');

    if (!d->position)
        return err_set(e, ERR_USAGE, "%s has no positions", d->name);
    if (slash)
        *slash = 0;
    *out = (struct location) { .position = true };
    if (console_number(c, text, false, &out->first, e) ||
        (slash && console_number(c, slash + 1, false, &out->last, e)))
        return err_wrap(e, "want %s NUMBER or NUMBER/NUMBER (%s)", d->name, d->position);
    return 0;
}

/* "file.c:12": only when there is such a file. */
static bool read_line(struct debug_console *c, const char *text, struct location *out)
{
    const char *colon = strrchr(text, ':');
    char file[LINE_BYTES];
    u64 addr;

    if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return false;
    snprintf(file, sizeof file, "%.*s", (int)(colon - text), text);
    if (!symbols_line_address(debug_symbols(c->debug), file, (u32)strtoul(colon + 1, NULL, 10),
                              &addr))
        return false;
    *out = (struct location) { .first = addr, .last = addr };
    return true;
}

/* ADDR, FIRST..LAST or ADDR,LENGTH. */
static int read_range(struct debug_console *c, char *text, struct location *out, struct err *e)
{
    char *dots = strstr(text, ".."), *comma = strchr(text, ',');
    u64 len;

    text += *text == '*';
    if (dots)
        *dots = 0;
    else if (comma)
        *comma = 0;
    if (console_number(c, text, true, &out->first, e))
        return -(int)e->code;
    out->last = out->first;
    if (dots)
        return console_number(c, dots + 2, true, &out->last, e);
    if (!comma)
        return 0;
    if (console_count(c, comma + 1, 1, &len, e))
        return -(int)e->code;
    out->last = out->first + len - 1;
    return 0;
}

int console_location(struct debug_console *c, char **text, struct location *out, struct err *e)
{
    char *word = console_word(text), *colon;
    struct location l = { 0 };
    unsigned domain;
    int r;

    if (!word)
        return err_set(e, ERR_USAGE, "want a place: an address, a symbol, FILE:LINE");
    domain = find_domain(c->machine, word, strlen(word));
    if (domain) { /* "ppu 241/1" */
        char *next = console_word(text);

        r = next ? read_position(c, next, &c->machine->domains[domain - 1], &l, e)
                 : err_set(e, ERR_USAGE, "want %s POSITION or %s:ADDRESS", word, word);
    } else if (read_line(c, word, &l)) {
        r = 0;
    } else {
        colon = strchr(word, ':');
        domain = colon ? find_domain(c->machine, word, (size_t)(colon - word)) : 0;
        if (colon && !domain)
            return err_set(e, ERR_USAGE, "there is no line %.80s", word);
        r = read_range(c, domain ? colon + 1 : word, &l, e);
    }
    if (r)
        return r;
    l.domain = domain;
    *out = l;
    return 0;
}

/* ---- symbols ---- */

int console_files(const struct debug_console *c, struct err *e)
{
    return c->o.no_files ? err_set(e, ERR_NOTSUP, "no files are read here") : 0;
}

bool console_asks(const struct debug_console *c, json_t *what)
{
    if (c->o.ask)
        c->o.ask(c->o.ctx, what);
    else
        json_decref(what);
    return c->o.ask;
}

int debug_console_symbols(struct debug_console *c, const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');

    if (console_files(c, e) ||
        symbols_file(debug_symbols(c->debug), path, c->o.symbols, c->o.ctx, e))
        return -(int)e->code;
    snprintf(c->symbol_dir, sizeof c->symbol_dir, "%.*s", slash ? (int)(slash - path) : 1,
             slash ? path : ".");
    return 0;
}

void debug_console_symbols_beside(struct debug_console *c, const char *thing)
{
    char path[LINE_BYTES];
    struct err e;

    for (unsigned i = 0; symbols_beside(thing, i, path, sizeof path); i++)
        if (*path && !debug_console_symbols(c, path, &e))
            return;
}

/* ---- commands ---- */

static bool is_word(const char *words, const char *word, size_t len)
{
    while (*words) {
        size_t n = strcspn(words, " ");

        if (n == len && !memcmp(words, word, n))
            return true;
        words += n + (words[n] == ' ');
    }
    return false;
}

bool debug_console_command(unsigned index, const char **words, const char **arguments,
                           const char **doc)
{
    for (unsigned t = 0; t < ARRAY_SIZE(tables); t++)
        for (const struct console_command *k = tables[t]; k->words; k++)
            if (!index--) {
                *words = k->words;
                *arguments = k->arguments;
                *doc = k->doc;
                return true;
            }
    return false;
}

static const struct console_command *find_command(const char *word, size_t len, struct err *e)
{
    const struct console_command *only = NULL;
    unsigned found = 0;

    for (unsigned t = 0; t < ARRAY_SIZE(tables); t++)
        for (const struct console_command *k = tables[t]; k->words; k++) {
            if (is_word(k->words, word, len))
                return k;
            if (!strncmp(k->words, word, len)) {
                only = k;
                found++;
            }
        }
    if (found == 1)
        return only;
    err_set(e, ERR_USAGE, found ? "%.*s: %u commands begin so" : "%.*s: no such command (see help)",
            (int)(len < 60 ? len : 60), word, found);
    return NULL;
}

static void remember(struct debug_console *c, const struct console_command *k, const char *line)
{
    switch (k->repeat) {
    case REPEAT_NO: c->again[0] = 0; break;
    case REPEAT_SAME: snprintf(c->again, sizeof c->again, "%s", line); break;
    case REPEAT_BARE:
        snprintf(c->again, sizeof c->again, "%.*s", (int)strcspn(line, " \t/"), line);
        break;
    }
}

static int execute(struct debug_console *c, const char *line, struct err *e)
{
    const struct console_command *k;
    char copy[LINE_BYTES], *args;
    size_t len;

    line += strspn(line, " \t");
    if (!*line)
        line = c->again;
    if (!*line || *line == '#')
        return 0;
    if (strlen(line) >= sizeof copy)
        return err_set(e, ERR_LIMIT, "the line is too long");
    strcpy(copy, line);
    for (char *end = copy + strlen(copy); end > copy && isspace((unsigned char)end[-1]);)
        *--end = 0;
    len = strcspn(copy, " \t/");
    k = find_command(copy, len, e);
    if (!k)
        return -(int)e->code;
    args = copy + len;
    args += strspn(args, " \t");
    if (line != c->again)
        remember(c, k, copy);
    return k->run(c, args, e);
}

int debug_console_run(struct debug_console *c, const char *line, struct err *e)
{
    json_t *outer = c->result;
    int r;

    if (!c->o.json)
        return execute(c, line, e);
    c->result = json_object();
    r = execute(c, line, e);
    if (r) {
        json_object_clear(c->result);
        json_object_set_new(c->result, "error", json_string(e->text));
    }
    if (r || json_object_size(c->result))
        console_emit(c, c->result);
    else
        json_decref(c->result);
    c->result = outer;
    return r;
}

/* ---- completion ---- */

struct completing {
    const char *prefix;
    size_t len;
    void (*f)(void *ctx, const char *word);
    void *ctx;
};

static void offer(struct completing *k, const char *word, size_t len)
{
    char copy[256];

    if (len < sizeof copy && len >= k->len && !memcmp(word, k->prefix, k->len)) {
        snprintf(copy, sizeof copy, "%.*s", (int)len, word);
        k->f(k->ctx, copy);
    }
}

static void offer_words(struct completing *k, const char *words)
{
    while (*words) {
        size_t n = strcspn(words, " ");

        offer(k, words, n);
        words += n + (words[n] == ' ');
    }
}

static void offer_fields(void *ctx, struct component *node, const char *path)
{
    struct completing *k = ctx;
    char name[320];

    for (u32 i = 0; node->fields && i < node->fields->count; i++) {
        const struct field *f = &node->fields->list[i];
        int n = snprintf(name, sizeof name, "%s%s%s", path, *path ? "." : "", f->name);

        if (n > 0 && (size_t)n < sizeof name)
            offer(k, name, (size_t)n);
    }
}

void debug_console_complete(struct debug_console *c, const char *line,
                            void (*f)(void *ctx, const char *word), void *ctx)
{
    const char *from = line + strspn(line, " \t"), *last = from;
    struct completing k = { .f = f, .ctx = ctx };
    const struct symbols *s = debug_symbols(c->debug);

    for (const char *at = from; *at; at++)
        if (strchr(" \t=+-*[(!", *at))
            last = at + 1;
    k.prefix = last;
    k.len = strlen(last);
    if (last == from) {
        for (unsigned t = 0; t < ARRAY_SIZE(tables); t++)
            for (const struct console_command *k2 = tables[t]; k2->words; k2++)
                offer_words(&k, k2->words);
        return;
    }
    if (!strncmp(from, "show ", 5))
        for (unsigned i = 0; i < c->machine->view_count; i++)
            offer(&k, c->machine->views[i].name, strlen(c->machine->views[i].name));
    offer_words(&k, debug_cpu(c->debug)->registers);
    for (unsigned i = 0; i < c->machine->domain_count; i++)
        offer(&k, c->machine->domains[i].name, strlen(c->machine->domains[i].name));
    for (size_t i = 0; i < s->count; i++)
        offer(&k, s->list[i].name, strlen(s->list[i].name));
    component_walk(&c->machine->root, offer_fields, &k);
}
