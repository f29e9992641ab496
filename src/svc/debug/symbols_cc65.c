/* The debug file of cc65's linker, version 2: a record a line, "kind<TAB>key=value,key=value...".
 *
 *   seg   id, start              where a segment runs
 *   span  id, seg, start, size   a piece of one
 *   file  id, name               a source
 *   line  file, line, type, span a source line and the pieces made from it; type 1: of C
 *   sym   name, val, type        type lab: a label, else a constant
 *
 * Lines come before the spans they name: so spans and segments are gathered first. */
#include "svc/debug/symbols.h"

#include <stdlib.h>
#include <string.h>

int symbols_cc65(struct symbols *s, const char *text, struct err *e);

enum { TABLE_MAX = 1 << 20 };

struct span {
    u64 first, bytes;
    bool there;
};

struct table {
    struct span *list;
    size_t room;
};

struct reader {
    struct symbols *s;
    struct table segs, spans;
    u32 *files; /* by id: index + 1 */
    size_t file_room;
    bool memory;
};

/* The value of a key in a record, without quotes; false when it is not there. */
static bool value_of(const char *record, size_t len, const char *key, const char **out,
                     size_t *bytes)
{
    size_t n = strlen(key);
    const char *end = record + len;

    for (const char *at = record; at < end;) {
        const char *value = memchr(at, '=', (size_t)(end - at)), *stop;

        if (!value)
            return false;
        value++;
        if (value < end && *value == '"') {
            stop = memchr(value + 1, '"', (size_t)(end - value - 1));
            stop = stop ? stop + 1 : end;
        } else {
            stop = memchr(value, ',', (size_t)(end - value));
            stop = stop ? stop : end;
        }
        if ((size_t)(value - 1 - at) == n && !memcmp(at, key, n)) {
            bool quoted = *value == '"' && stop - value >= 2;

            *out = value + quoted;
            *bytes = (size_t)(stop - value) - 2 * quoted;
            return true;
        }
        at = stop < end ? stop + 1 : end;
    }
    return false;
}

static bool number_of(const char *record, size_t len, const char *key, u64 *out)
{
    const char *text;
    char copy[32];
    size_t bytes;

    if (!value_of(record, len, key, &text, &bytes) || !bytes || bytes >= sizeof copy)
        return false;
    memcpy(copy, text, bytes);
    copy[bytes] = 0;
    *out = strtoull(copy, NULL, 0);
    return true;
}

static struct span *table_at(struct reader *r, struct table *t, u64 id)
{
    size_t room = t->room ? t->room : 256;
    struct span *list;

    if (id >= TABLE_MAX)
        return NULL;
    while (room <= id)
        room *= 2;
    if (room > t->room) {
        list = reallocarray(t->list, room, sizeof *list);
        if (!list) {
            r->memory = false;
            return NULL;
        }
        memset(list + t->room, 0, (room - t->room) * sizeof *list);
        t->list = list;
        t->room = room;
    }
    return &t->list[id];
}

static void read_place(struct reader *r, const char *kind, const char *rest, size_t len)
{
    bool seg = !strcmp(kind, "seg");
    u64 id, start, bytes = 0, of = 0;
    struct span *to, *base;

    if (!number_of(rest, len, "id", &id) || !number_of(rest, len, "start", &start))
        return;
    if (!seg && (!number_of(rest, len, "seg", &of) || !number_of(rest, len, "size", &bytes)))
        return;
    base = seg ? NULL : table_at(r, &r->segs, of);
    to = table_at(r, seg ? &r->segs : &r->spans, id);
    if (to && (seg || base))
        *to = (struct span) { start + (base ? base->first : 0), bytes, true };
}

static void read_file(struct reader *r, const char *rest, size_t len)
{
    const char *name;
    size_t bytes, room;
    u32 *files;
    u64 id;

    if (!number_of(rest, len, "id", &id) || id >= TABLE_MAX ||
        !value_of(rest, len, "name", &name, &bytes))
        return;
    room = (size_t)id + 1 > r->file_room ? ((size_t)id + 1) * 2 : r->file_room;
    if (room > r->file_room) {
        files = reallocarray(r->files, room, sizeof *files);
        if (!files) {
            r->memory = false;
            return;
        }
        memset(files + r->file_room, 0, (room - r->file_room) * sizeof *files);
        r->files = files;
        r->file_room = room;
    }
    r->memory &= symbols_add_file(r->s, name, bytes);
    r->files[id] = (u32)r->s->file_count;
}

static void read_line(struct reader *r, const char *rest, size_t len)
{
    u64 file, line, type = 0;
    const char *spans;
    size_t bytes;

    if (!number_of(rest, len, "file", &file) || !number_of(rest, len, "line", &line) ||
        !value_of(rest, len, "span", &spans, &bytes) || file >= r->file_room || !r->files[file])
        return;
    number_of(rest, len, "type", &type);
    if (type > 1) /* of a macro: the line that uses it is told too */
        return;
    for (const char *end = spans + bytes; spans < end;) { /* "12+13" */
        char *next;
        u64 id = strtoull(spans, &next, 10);

        if (next == spans)
            return;
        spans = next + (next < end && *next == '+');
        if (id < r->spans.room && r->spans.list[id].there && r->spans.list[id].bytes) {
            struct symbol_line l = { r->spans.list[id].first, r->spans.list[id].bytes,
                                     r->files[file] - 1, (u32)line, type == 1 };

            r->memory &= symbols_add_line(r->s, &l);
        }
    }
}

/* "L0059": made by the compiler for its own jumps. */
static bool is_local(const char *name, size_t len)
{
    return len == 5 && *name == 'L' && strspn(name + 1, "0123456789ABCDEF") >= 4;
}

static void read_symbol(struct reader *r, const char *rest, size_t len)
{
    const char *name, *type;
    size_t bytes, type_bytes;
    u64 value;

    if (value_of(rest, len, "name", &name, &bytes) && number_of(rest, len, "val", &value) &&
        value_of(rest, len, "type", &type, &type_bytes) && !is_local(name, bytes))
        r->memory &= symbols_add(r->s, name, bytes, value,
                                 type_bytes == 3 && !memcmp(type, "lab", 3));
}

static void read_record(struct reader *r, unsigned pass, const char *line, size_t len)
{
    const char *tab = memchr(line, '\t', len);
    char kind[8];
    size_t n = tab ? (size_t)(tab - line) : 0;

    if (!n || n >= sizeof kind)
        return;
    memcpy(kind, line, n);
    kind[n] = 0;
    len -= n + 1;
    if (!strcmp(kind, pass == 0 ? "seg" : "span") && pass < 2)
        read_place(r, kind, tab + 1, len);
    else if (pass == 0 && !strcmp(kind, "file"))
        read_file(r, tab + 1, len);
    else if (pass == 2 && !strcmp(kind, "line"))
        read_line(r, tab + 1, len);
    else if (pass == 2 && !strcmp(kind, "sym"))
        read_symbol(r, tab + 1, len);
}

int symbols_cc65(struct symbols *s, const char *text, struct err *e)
{
    struct reader r = { .s = s, .memory = true };
    size_t first = strcspn(text, "\n");
    u64 major = 0;

    if (first > sizeof "version")
        number_of(text + sizeof "version", first - sizeof "version", "major", &major);
    if (major != 2)
        return err_set(e, ERR_FORMAT, "a debug file of version %llu (want 2)",
                       (unsigned long long)major);
    for (unsigned pass = 0; pass < 3; pass++)
        for (const char *at = text; *at;) {
            size_t len = strcspn(at, "\n");

            read_record(&r, pass, at, len);
            at += len + (at[len] == '\n');
        }
    free(r.segs.list);
    free(r.spans.list);
    free(r.files);
    symbols_sort(s);
    return r.memory ? 0 : err_set(e, ERR_NOMEM, "no memory for symbols");
}
