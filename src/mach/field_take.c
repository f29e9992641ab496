/* field_take(): the state of another version of the program, field by field, by name. */
#include "mach/field.h"

#include <string.h>

bool field_word(const char *words, const char *word)
{
    size_t want = strlen(word);

    while (words && *words) {
        size_t len = strcspn(words, " ");

        if (len == want && !memcmp(words, word, len))
            return true;
        words += len + (words[len] == ' ');
    }
    return false;
}

static const struct field *named(const struct fields *fs, const char *name)
{
    return field_named(fs, name, strlen(name));
}

/* The word number `i` of a list, its length in *len. */
static const char *word_at(const char *words, u64 i, size_t *len)
{
    for (; i && *words; i--) {
        words += strcspn(words, " ");
        words += *words == ' ';
    }
    *len = strcspn(words, " ");
    return words;
}

/* The value of an enumeration that has the name which `v` has in another list; -1: none. */
static s64 same_word(const char *words, const char *from_words, u64 v)
{
    size_t len, from_len;
    const char *word = word_at(from_words, v, &from_len);

    for (u64 i = 0;; i++) {
        const char *w = word_at(words, i, &len);

        if (!len)
            return -1;
        if (len == from_len && !memcmp(w, word, len))
            return (s64)i;
    }
}

static bool is_number(const struct field *f)
{
    return f->type >= FIELD_u8 && f->type <= FIELD_s64;
}

static bool is_signed(const struct field *f)
{
    return f->type >= FIELD_s8 && f->type <= FIELD_s64;
}

/* Whether a value read from a field of one type is the same number in another. */
static bool same_number(const struct field *to, const struct field *from, u64 v)
{
    return is_signed(to) == is_signed(from) || (s64)v >= 0;
}

static int take_scalar(const struct field *f, void *at, const struct field *from_f, void *from,
                       struct err *e)
{
    struct field_ref to = { f, at }, source = { from_f, from };
    u64 v = field_get(&source);
    char text[64], own[64];

    if (f->type == FIELD_ENUM) {
        s64 i = same_word(f->values, from_f->values, v);

        if (i < 0)
            return err_set(e, ERR_FORMAT, "%s: no such value: %llu", f->name,
                           (unsigned long long)v);
        v = (u64)i;
    }
    if (!field_fits(f, v) || !same_number(f, from_f, v)) {
        field_text(&source, text, sizeof text);
        return err_set(e, ERR_FORMAT, "%s cannot be %s", f->name, text);
    }
    if (f->role != FIELD_CONFIG) {
        field_put(&to, v);
        return 0;
    }
    if (field_get(&to) == v)
        return 0;
    field_text(&to, own, sizeof own);
    field_text(&source, text, sizeof text);
    return err_set(e, ERR_MISMATCH, "%s is %s here and %s in the image", f->name, own, text);
}

static int take_field(const struct field *f, char *at, const struct field *from_f, char *from,
                      struct err *e)
{
    bool alike = f->type == from_f->type || (is_number(f) && is_number(from_f));

    if (!alike || f->count != from_f->count)
        return err_set(e, ERR_MISMATCH, "%s is of another type in the image", f->name);
    for (u32 k = 0; k < f->count; k++, at += f->size, from += from_f->size) {
        int r = f->type == FIELD_GROUP
                    ? field_take(field_group(f), at, field_group(from_f), from, e)
                    : take_scalar(f, at, from_f, from, e);

        if (r && f->count > 1)
            return err_wrap(e, "%s[%u]", f->name, k);
        if (r)
            return f->type == FIELD_GROUP ? err_wrap(e, "%s", f->name) : r;
    }
    return 0;
}

static int check_versions(const struct fields *fs, const struct fields *from_fs, struct err *e)
{
    bool older = from_fs->version < fs->version;

    if (from_fs->version > fs->version)
        return err_set(e, ERR_MISMATCH, "the image is of a newer version of %s (%u, here %u)",
                       fs->name, from_fs->version, fs->version);
    if (from_fs->version < fs->oldest)
        return err_set(e, ERR_MISMATCH,
                       "the image is of a version of %s that is too old (%u, %s%u)", fs->name,
                       from_fs->version, "taken are those from ", fs->oldest);
    for (u32 i = 0; i < fs->count; i++) {
        const char *name = fs->list[i].name;

        if (!named(from_fs, name) && !(older && field_word(fs->added, name)))
            return err_set(e, ERR_MISMATCH, "the image lacks %s", name);
    }
    return 0;
}

int field_take(const struct fields *fs, void *obj, const struct fields *from_fs, const void *from,
               struct err *e)
{
    bool older = from_fs->version < fs->version;

    if (check_versions(fs, from_fs, e))
        return -(int)e->code;
    for (u32 i = 0; i < from_fs->count; i++) {
        const struct field *from_f = &from_fs->list[i], *f = named(fs, from_f->name);

        if (!f && older && field_word(fs->gone, from_f->name))
            continue;
        if (!f)
            return err_set(e, ERR_MISMATCH, "there is no %s here", from_f->name);
        if (take_field(f, (char *)obj + f->offset, from_f, (char *)from + from_f->offset, e))
            return -(int)e->code;
    }
    return 0;
}
