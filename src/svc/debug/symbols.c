#include "svc/debug/symbols.h"

#include "base/file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEAR_BYTES = 1024, SYMBOL_FILE_MAX = 64 << 20 };

void symbols_init(struct symbols *s)
{
    *s = (struct symbols) { 0 };
}

void symbols_fini(struct symbols *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->list[i].name);
    for (size_t i = 0; i < s->file_count; i++)
        free(s->files[i]);
    free(s->list);
    free(s->files);
    free(s->lines);
    symbols_init(s);
}

/* ---- adding ---- */

static bool grow(void *list, size_t count, size_t *room, size_t bytes)
{
    size_t more = *room ? *room * 2 : 64;
    void *p;

    if (count < *room)
        return true;
    p = reallocarray(*(void **)list, more, bytes);
    if (!p)
        return false;
    *(void **)list = p;
    *room = more;
    return true;
}

bool symbols_add(struct symbols *s, const char *name, size_t len, u64 value, bool address)
{
    char *copy;

    if (!grow(&s->list, s->count, &s->room, sizeof *s->list) || !(copy = strndup(name, len)))
        return false;
    s->list[s->count++] = (struct symbol) { copy, value, address };
    return true;
}

bool symbols_add_file(struct symbols *s, const char *name, size_t len)
{
    char *copy;

    if (!grow(&s->files, s->file_count, &s->file_room, sizeof *s->files) ||
        !(copy = strndup(name, len)))
        return false;
    s->files[s->file_count++] = copy;
    return true;
}

bool symbols_add_line(struct symbols *s, const struct symbol_line *l)
{
    if (!grow(&s->lines, s->line_count, &s->line_room, sizeof *s->lines))
        return false;
    s->lines[s->line_count++] = *l;
    return true;
}

/* Of names for one address, labels come first, and what a programmer wrote before the tools' own.
 */
static int by_value(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;

    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    if (x->address != y->address)
        return x->address ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_address(const void *a, const void *b)
{
    const struct symbol_line *x = a, *y = b;

    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

void symbols_sort(struct symbols *s)
{
    if (s->count)
        qsort(s->list, s->count, sizeof *s->list, by_value);
    if (s->line_count)
        qsort(s->lines, s->line_count, sizeof *s->lines, by_address);
}

/* ---- labels ---- */

/* The length of the type ahead of a name, with what is behind it: "T name", as nm writes it. */
static size_t type_length(const char *at, const char *end)
{
    return end - at > 2 && isalpha((unsigned char)at[0]) && at[1] == ' ' &&
                   !isspace((unsigned char)at[2])
               ? 2
               : 0;
}

/* "al 00C000 .name", "al C:c000 .name", "$C000#name#comment", "C000 name", "C000 T name". 1: one;
 * 0: an empty line or a comment; -1: none of these. */
static int read_label(struct symbols *s, const char *line, size_t len)
{
    const char *end = line + len, *at = line;
    u64 value = 0;
    unsigned digits = 0;
    size_t name = 0;

    while (at < end && isspace((unsigned char)*at))
        at++;
    if (at == end || *at == ';' || *at == '#')
        return 0;
    if (end - at > 3 && !memcmp(at, "al ", 3))
        at += 3;
    else if (*at == '$')
        at++;
    if (end - at > 2 && isalpha((unsigned char)at[0]) && at[1] == ':')
        at += 2;
    for (; at < end && isxdigit((unsigned char)*at) && digits < 16; at++, digits++)
        value = value << 4 | (u64)(isdigit((unsigned char)*at) ? *at - '0' : (*at | 32) - 'a' + 10);
    if (digits < 2 || at == end || (*at != ' ' && *at != '#' && *at != '\t'))
        return -1;
    while (at < end && (isspace((unsigned char)*at) || *at == '.' || *at == '#'))
        at++;
    at += type_length(at, end);
    while (at + name < end && !isspace((unsigned char)at[name]) && at[name] != '#')
        name++;
    return name && symbols_add(s, at, name, value, true) ? 1 : name ? -2 : 0;
}

int symbols_cc65(struct symbols *s, const char *text, struct err *e); /* symbols_cc65.c */

int symbols_read(struct symbols *s, const char *text, struct err *e)
{
    size_t labels = 0;

    if (!strncmp(text, "version", 7))
        return symbols_cc65(s, text, e);
    for (unsigned number = 1; *text; number++) {
        size_t len = strcspn(text, "\n");
        int r = read_label(s, text, len);

        if (r == -2)
            return err_set(e, ERR_NOMEM, "no memory for symbols");
        if (r < 0)
            return err_set(e, ERR_FORMAT,
                           "line %u is no label (want \"al C000 .name\", cc65's "
                           ".dbg, or \"C000 name\")",
                           number);
        labels += (size_t)r;
        text += len + (text[len] == '\n');
    }
    symbols_sort(s);
    return labels ? 0 : err_set(e, ERR_FORMAT, "there is no symbol in it");
}

/* ---- files ---- */

int symbols_file(struct symbols *s, const char *path, symbols_binary_fn *binary, void *ctx,
                 struct err *e)
{
    size_t len;
    u8 *bytes;
    int r;

    if (file_read(path, SYMBOL_FILE_MAX, &bytes, &len, e))
        return -(int)e->code;
    if (binary && len >= 4 && memchr(bytes, 0, len)) { /* no text */
        r = binary(ctx, path, s, e);
        symbols_sort(s);
    } else {
        r = symbols_read(s, (const char *)bytes, e);
        if (r)
            err_wrap(e, "%s", path);
    }
    free(bytes);
    return r;
}

static bool is_elf(const char *path)
{
    u8 head[4];

    return file_head(path, head, sizeof head) && !memcmp(head, "\177ELF", 4);
}

bool symbols_beside(const char *thing, unsigned index, char *path, size_t room)
{
    static const char *const endings[] = { ".dbg", ".lbl", ".labels" };
    const char *slash = strrchr(thing, '/'), *dot = strrchr(slash ? slash : thing, '.');
    int n;

    if (index == ARRAY_SIZE(endings) && is_elf(thing)) {
        n = snprintf(path, room, "%s", thing);
        return n >= 0 && (size_t)n < room;
    }
    if (index >= ARRAY_SIZE(endings))
        return false;
    n = snprintf(path, room, "%.*s%s", (int)(dot ? dot - thing : (long)strlen(thing)), thing,
                 endings[index]);
    if (n < 0 || (size_t)n >= room)
        *path = 0;
    return true;
}

/* ---- asking ---- */

bool symbols_find(const struct symbols *s, const char *name, u64 *value)
{
    const struct symbol *found = NULL;

    for (size_t i = 0; i < s->count; i++) {
        const char *n = s->list[i].name;

        if (!strcmp(n, name)) {
            found = &s->list[i];
            break;
        }
        if (!found && *n == '_' && !strcmp(n + 1, name))
            found = &s->list[i];
    }
    if (found)
        *value = found->value;
    return found;
}

const struct symbol *symbols_near(const struct symbols *s, u64 addr)
{
    size_t low = 0, high = s->count;
    const struct symbol *best = NULL;

    while (low < high) { /* the first that is greater */
        size_t middle = low + (high - low) / 2;

        if (s->list[middle].value <= addr)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i-- && addr - s->list[i].value < NEAR_BYTES;) {
        if (!s->list[i].address)
            continue;
        if (best && s->list[i].value != best->value)
            break;
        best = &s->list[i];
    }
    return best;
}

const struct symbol_line *symbols_line(const struct symbols *s, u64 addr)
{
    const struct symbol_line *best = NULL;

    for (size_t i = 0; i < s->line_count && s->lines[i].first <= addr; i++) {
        const struct symbol_line *l = &s->lines[i];

        if (addr - l->first >= l->bytes)
            continue;
        if (!best || (l->high && !best->high) || (l->high == best->high && l->bytes <= best->bytes))
            best = l;
    }
    return best;
}

/* Whether `wanted` is the path, or its last parts. */
static bool same_file(const char *path, const char *wanted)
{
    size_t a = strlen(path), b = strlen(wanted);

    return b <= a && !strcmp(path + a - b, wanted) && (a == b || path[a - b - 1] == '/');
}

bool symbols_line_address(const struct symbols *s, const char *file, u32 line, u64 *addr)
{
    const struct symbol_line *best = NULL;

    for (size_t i = 0; i < s->line_count; i++) {
        const struct symbol_line *l = &s->lines[i];

        if (l->line < line || (best && l->line >= best->line) ||
            !same_file(s->files[l->file], file))
            continue;
        best = l;
    }
    if (best)
        *addr = best->first;
    return best;
}
