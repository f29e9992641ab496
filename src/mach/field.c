#include "mach/field.h"

#include "base/le.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_signed(const struct field *f)
{
    return f->type >= FIELD_s8 && f->type <= FIELD_s64;
}

static u64 peek(const struct field *f, const void *p)
{
    switch (f->size) {
    case 1: return is_signed(f) ? (u64)(s64) * (const s8 *)p : *(const u8 *)p;
    case 2: return is_signed(f) ? (u64)(s64) * (const s16 *)p : *(const u16 *)p;
    case 4: return is_signed(f) ? (u64)(s64) * (const s32 *)p : *(const u32 *)p;
    default: return *(const u64 *)p;
    }
}

static void poke(const struct field *f, void *p, u64 v)
{
    switch (f->size) {
    case 1: *(u8 *)p = f->type == FIELD_bool ? v != 0 : (u8)v; break;
    case 2: *(u16 *)p = (u16)v; break;
    case 4: *(u32 *)p = (u32)v; break;
    default: *(u64 *)p = v; break;
    }
}

const struct field *field_named(const struct fields *fs, const char *name, size_t len)
{
    for (u32 i = 0; i < fs->count; i++)
        if (strlen(fs->list[i].name) == len && !memcmp(fs->list[i].name, name, len))
            return &fs->list[i];
    return NULL;
}

/* One writer for all records; a NULL `at` only counts. */
static size_t put(u8 *at, size_t n, u64 v, u32 bytes)
{
    if (at)
        le_put(at + n, v, bytes);
    return n + bytes;
}

static size_t save_body(const struct field *f, const char *p, u8 *out)
{
    size_t n = 0;

    for (u32 k = 0; k < f->count; k++, p += f->size) {
        if (f->type == FIELD_GROUP) {
            size_t len = field_save(field_group(f), p, NULL);

            n = put(out, n, len, 4);
            field_save(field_group(f), p, out ? out + n : NULL);
            n += len;
        } else {
            n = put(out, n, peek(f, p), f->size);
        }
    }
    return n;
}

/* Record: name length (1), name, element size (1, 0 for groups), body length (4), body. The body
 * of a group is, for each element, its length (4) and its records. */
size_t field_save(const struct fields *fs, const void *obj, u8 *out)
{
    size_t n = 0;

    for (u32 i = 0; i < fs->count; i++) {
        const struct field *f = &fs->list[i];
        const char *p = (const char *)obj + f->offset;
        size_t name = strlen(f->name);

        n = put(out, n, name, 1);
        if (out)
            memcpy(out + n, f->name, name);
        n += name;
        n = put(out, n, f->type == FIELD_GROUP ? 0 : f->size, 1);
        n = put(out, n, save_body(f, p, NULL), 4);
        n += save_body(f, p, out ? out + n : NULL);
    }
    return n;
}

static int load_groups(const struct field *f, char *p, const u8 *in, size_t len, struct err *e)
{
    for (u32 k = 0; k < f->count; k++, p += f->size) {
        size_t part;

        if (len < 4 || (part = le_get(in, 4)) > len - 4)
            return err_set(e, ERR_FORMAT, "%s[%u]: cut short", f->name, k);
        if (field_load(field_group(f), p, in + 4, part, e))
            return err_wrap(e, "%s", f->name);
        in += 4 + part;
        len -= 4 + part;
    }
    return len ? err_set(e, ERR_FORMAT, "%s: bytes left over", f->name) : 0;
}

/* A value as it would read back from a member of the field's type. */
static u64 widen(const struct field *f, u64 v)
{
    u64 cell = 0;

    poke(f, &cell, v);
    return peek(f, &cell);
}

static unsigned word_count(const char *words)
{
    unsigned n = *words != 0;

    for (; *words; words++)
        n += *words == ' ';
    return n;
}

static struct field_range range_of(const struct field *f)
{
    if (f->type == FIELD_bool)
        return (struct field_range) { 0, 1 };
    if (f->type == FIELD_ENUM)
        return (struct field_range) { 0, word_count(f->values) - 1 };
    return f->range;
}

bool field_fits(const struct field *f, u64 v)
{
    struct field_range r = range_of(f);

    if (widen(f, v) != v)
        return false;
    if (!r.least && !r.most)
        return true;
    if (is_signed(f))
        return (s64)v >= r.least && (s64)v <= r.most;
    return v >= (u64)r.least && v <= (u64)r.most;
}

static int out_of_range(const struct field *f, u32 k, u64 v, struct err *e)
{
    struct field_range r = range_of(f);
    char at[16] = "";

    if (f->count > 1)
        snprintf(at, sizeof at, "[%u]", k);
    return err_set(e, ERR_FORMAT,
                   is_signed(f) ? "%s%s is %lld in the image, which is not in %lld..%lld"
                                : "%s%s is %llu in the image, which is not in %lld..%lld",
                   f->name, at, (long long)v, (long long)r.least, (long long)r.most);
}

static int load_scalars(const struct field *f, char *p, const u8 *in, size_t len, struct err *e)
{
    if (len != (size_t)f->size * f->count)
        return err_set(e, ERR_FORMAT, "%s: %zu bytes instead of %zu", f->name, len,
                       (size_t)f->size * f->count);
    for (u32 k = 0; k < f->count; k++, p += f->size) {
        u64 v = le_get(in + (size_t)k * f->size, f->size);

        if (is_signed(f))
            v = widen(f, v);
        if (!field_fits(f, v))
            return out_of_range(f, k, v, e);
        if (f->role == FIELD_CONFIG && peek(f, p) != v)
            return err_set(e, ERR_MISMATCH, "%s is %llu here and %llu in the image", f->name,
                           (unsigned long long)peek(f, p), (unsigned long long)v);
        poke(f, p, v);
    }
    return 0;
}

int field_load(const struct fields *fs, void *obj, const u8 *in, size_t len, struct err *e)
{
    while (len) {
        size_t name = in[0], head = 1 + name + 1 + 4, body;
        const struct field *f;
        u32 size;
        int r;

        if (len < head)
            return err_set(e, ERR_FORMAT, "%s: record cut short", fs->name);
        f = field_named(fs, (const char *)in + 1, name);
        size = in[1 + name];
        body = le_get(in + 2 + name, 4);
        if (body > len - head)
            return err_set(e, ERR_FORMAT, "%s: record cut short", fs->name);
        if (!f || size != (f->type == FIELD_GROUP ? 0 : f->size))
            return err_set(e, ERR_FORMAT, "%s has no such field: %.*s", fs->name, (int)name,
                           (const char *)in + 1);
        r = f->type == FIELD_GROUP ? load_groups(f, (char *)obj + f->offset, in + head, body, e)
                                   : load_scalars(f, (char *)obj + f->offset, in + head, body, e);
        if (r)
            return r;
        in += head + body;
        len -= head + body;
    }
    return 0;
}

/* "[N]" at *path: moves past it. */
static bool take_index(const char **path, u32 count, u32 *index)
{
    char *end;
    unsigned long k;

    if ((*path)[1] < '0' || (*path)[1] > '9')
        return false;
    k = strtoul(*path + 1, &end, 0);
    if (*end != ']' || k >= count)
        return false;
    *index = (u32)k;
    *path = end + 1;
    return true;
}

bool field_find(const struct fields *fs, void *obj, const char *path, struct field_ref *out)
{
    for (char *at = obj;;) {
        size_t len = strcspn(path, ".[");
        const struct field *f = field_named(fs, path, len);
        u32 index = 0;

        if (!f)
            return false;
        path += len;
        if (*path == '[') {
            if (!take_index(&path, f->count, &index))
                return false;
        } else if (f->count != 1) {
            return false;
        }
        at += f->offset + (size_t)index * f->size;
        if (f->type == FIELD_GROUP) {
            if (*path++ != '.')
                return false;
            fs = field_group(f);
            continue;
        }
        *out = (struct field_ref) { f, at };
        return !*path;
    }
}

u64 field_get(const struct field_ref *r)
{
    return peek(r->field, r->at);
}

void field_put(const struct field_ref *r, u64 value)
{
    poke(r->field, r->at, value);
}

/* The index of `text` in a list of words with blanks between them, or -1. */
static int word_index(const char *words, const char *text)
{
    size_t want = strlen(text);

    for (int i = 0; *words; i++) {
        size_t len = strcspn(words, " ");

        if (len == want && !memcmp(words, text, len))
            return i;
        words += len + (words[len] == ' ');
    }
    return -1;
}

static int parse_number(const struct field *f, const char *text, u64 *value, struct err *e)
{
    bool negative = *text == '-' && is_signed(f);
    const char *digits = text + negative;
    int base = 10;
    char *end;
    u64 v;

    if (*digits == '$')
        base = 16, digits++;
    else if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
        base = 16, digits += 2;
    v = strtoull(digits, &end, base);
    if (end == digits || *end || strchr("+- ", *digits))
        return err_set(e, ERR_USAGE, "'%s' is not a number", text);
    if (negative)
        v = 0 - v;
    if (widen(f, v) != v)
        return err_set(e, ERR_USAGE, "'%s' does not fit in %u bits", text, f->size * 8);
    if (!field_fits(f, v))
        return err_set(e, ERR_USAGE, "'%s' is not in %lld..%lld", text, (long long)f->range.least,
                       (long long)f->range.most);
    *value = v;
    return 0;
}

int field_parse(const struct field_ref *r, const char *text, u64 *value, struct err *e)
{
    const struct field *f = r->field;

    if (f->type == FIELD_ENUM) {
        int i = word_index(f->values, text);

        if (i < 0)
            return err_set(e, ERR_USAGE, "'%s' is none of: %s", text, f->values);
        *value = (u64)i;
        return 0;
    }
    if (f->type == FIELD_bool) {
        int i = word_index("false true off on no yes 0 1", text);

        if (i < 0)
            return err_set(e, ERR_USAGE, "'%s' is neither true nor false", text);
        *value = i & 1;
        return 0;
    }
    return parse_number(f, text, value, e);
}

int field_text(const struct field_ref *r, char *out, size_t room)
{
    const struct field *f = r->field;
    u64 v = field_get(r);

    if (f->type == FIELD_bool)
        return snprintf(out, room, "%s", v ? "true" : "false");
    if (f->type == FIELD_ENUM) {
        const char *w = f->values;

        for (; v && *w; v--) {
            w += strcspn(w, " ");
            w += *w == ' ';
        }
        return snprintf(out, room, "%.*s", (int)strcspn(w, " "), w);
    }
    if (is_signed(f))
        return snprintf(out, room, "%lld", (long long)v);
    return snprintf(out, room, "%llu", (unsigned long long)v);
}
