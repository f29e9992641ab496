/* Field lists: the one description of a component's state.
 *
 * A component writes its saved members once, as a list. The list declares the struct members and
 * makes the table which snapshot, debugger, trace, diff and migration read. A member in the list
 * cannot be forgotten by any of them; a member outside it belongs to this process (a pointer, a
 * descriptor, a cache) and none of them sees it.
 *
 *     #define UART(F, A, E, G, H)                       \
 *         F(STATE, u8, ier, "interrupt enable")         \
 *         F(STATE, u8, count, "bytes waiting", 0, 16)   \
 *         A(STATE, u8, fifo, 16, "received bytes")      \
 *         E(CONFIG, model, "8250 16550", "which chip")  \
 *         G(uart_rx, rx, "receive queue")
 *     struct uart { FIELD_MEMBERS(UART) struct line irq; };
 *     FIELD_TABLE(uart, 1, UART)          // in the .c file: defines uart_fields()
 *
 * Two numbers behind the documentation are the least and the greatest value that the component can
 * have there. Whoever sets fields from outside is held to them: an image that holds another value
 * is damaged, and the debugger refuses it. What depends on other fields is loaded()'s to judge.
 */
#ifndef MACH_FIELD_H
#define MACH_FIELD_H

#include "base/err.h"
#include "base/types.h"

enum field_role {
    FIELD_STATE,  /* saved and restored; the debugger may set it */
    FIELD_CONFIG, /* chosen before power-on; a restore is refused unless it is equal */
};

enum field_type {
    FIELD_bool,
    FIELD_u8,
    FIELD_u16,
    FIELD_u32,
    FIELD_u64,
    FIELD_s8,
    FIELD_s16,
    FIELD_s32,
    FIELD_s64,
    FIELD_ENUM, /* a u8 with named values */
    FIELD_GROUP,
};

struct fields;

struct field {
    const char *name, *doc;
    u32 offset, size, count; /* size is that of one element; count is 1 for a scalar */
    u8 type, role;
    const char *values; /* FIELD_ENUM: the names, in order, a blank between them */
    const struct fields *(*group)(void);
    struct field_range {
        s64 least, most; /* both 0: whatever the type can hold */
    } range;
    const struct fields *fixed; /* a group's table when `group` is NULL: one read from a file */
};

/* How older images are taken: one of a version from `oldest` on. What `added` names (fields, or
 * components below) may be missing from an older image and then is as at power-on; what `gone`
 * names may be in an older image and is dropped. */
struct fields {
    const char *name;
    u32 version; /* raised when a field comes, goes, or changes its meaning */
    u32 count;
    const struct field *list;
    u32 oldest;
    const char *added, *gone; /* words, a blank between them */
};

/* A list is a macro of five parameters: F one scalar, A an array of scalars, E an enumeration with
 * named values, G a group, H an array of groups. F and A may end with a range. */
#define FIELD_MEMBER_F(role, type, name, ...)    type name;
#define FIELD_MEMBER_A(role, type, name, n, ...) type name[n];
#define FIELD_MEMBER_E(role, name, values, doc)  u8 name;
#define FIELD_MEMBER_G(tag, name, doc)           struct tag name;
#define FIELD_MEMBER_H(tag, name, n, doc)        struct tag name[n];
#define FIELD_MEMBERS(LIST) \
    LIST(FIELD_MEMBER_F, FIELD_MEMBER_A, FIELD_MEMBER_E, FIELD_MEMBER_G, FIELD_MEMBER_H)

/* clang-format off */
#define FIELD_ROW_F(role, type, name, doc, ...) \
    { #name, doc, offsetof(self, name), sizeof(type), 1, FIELD_##type, FIELD_##role, NULL, NULL, \
      { __VA_ARGS__ }, NULL },
#define FIELD_ROW_A(role, type, name, n, doc, ...) \
    { #name, doc, offsetof(self, name), sizeof(type), n, FIELD_##type, FIELD_##role, NULL, NULL, \
      { __VA_ARGS__ }, NULL },
#define FIELD_ROW_E(role, name, values, doc) \
    { #name, doc, offsetof(self, name), 1, 1, FIELD_ENUM, FIELD_##role, values, NULL, { 0, 0 }, \
      NULL },
#define FIELD_ROW_G(tag, name, doc) \
    { #name, doc, offsetof(self, name), sizeof(struct tag), 1, FIELD_GROUP, FIELD_STATE, NULL, \
      tag##_fields, { 0, 0 }, NULL },
#define FIELD_ROW_H(tag, name, n, doc) \
    { #name, doc, offsetof(self, name), sizeof(struct tag), n, FIELD_GROUP, FIELD_STATE, NULL, \
      tag##_fields, { 0, 0 }, NULL },
/* clang-format on */

/* Defines `const struct fields *TAG_fields(void)` for struct TAG; images of other versions are
 * refused. FIELD_TABLE_SINCE takes older ones. */
#define FIELD_TABLE(tag, ver, LIST) FIELD_TABLE_SINCE(tag, ver, LIST, ver, "", "")
#define FIELD_TABLE_SINCE(tag, ver, LIST, oldest, added, gone)                                     \
    const struct fields *tag##_fields(void)                                                        \
    {                                                                                              \
        typedef struct tag self;                                                                   \
        static const struct field rows[] = { LIST(FIELD_ROW_F, FIELD_ROW_A, FIELD_ROW_E,           \
                                                  FIELD_ROW_G, FIELD_ROW_H) };                     \
        static const struct fields all = { #tag,  ver, sizeof rows / sizeof rows[0], rows, oldest, \
                                           added, gone };                                          \
        return &all;                                                                               \
    }

/* The snapshot's door. Each field travels with its name and element size, little-endian. Returns
 * the bytes needed; with out NULL it only measures. */
size_t field_save(const struct fields *fs, const void *obj, u8 *out);

/* Loads what field_save wrote; fields absent from the image keep their value. ERR_FORMAT for a
 * damaged image, also for a value that field_fits() would not let in; ERR_MISMATCH for another
 * configuration. It may stop half-way: load into a spare object, then exchange the two. How values
 * go together is not judged here: that is the component's loaded(). */
int field_load(const struct fields *fs, void *obj, const u8 *in, size_t len, struct err *e);

/* One scalar found by path: "lcr", "rx.count", "fifo[3]", "pulse[1].period". */
struct field_ref {
    const struct field *field;
    void *at;
};
bool field_find(const struct fields *fs, void *obj, const char *path, struct field_ref *out);

/* Values as 64 bits; signed types are sign-extended. field_put() takes what field_fits(). */
u64 field_get(const struct field_ref *r);
void field_put(const struct field_ref *r, u64 value);

/* The field of that name, `len` characters long; NULL: none. */
const struct field *field_named(const struct fields *fs, const char *name, size_t len);

/* The table of a group, NULL for a scalar. */
static inline const struct fields *field_group(const struct field *f)
{
    return f->group ? f->group() : f->fixed;
}

/* Whether `word` is in a list of words with blanks between them. */
bool field_word(const char *words, const char *word);

/* Takes the values of another object by name: how an image that was made by another version of the
 * program, read with its own table, gets into the component. Numbers may have become wider, and
 * enumerations' values have moved. ERR_MISMATCH for what does not fit the table or the
 * configuration, ERR_FORMAT for a value that field_fits() would not let in. It may stop half-way,
 * as field_load(). */
int field_take(const struct fields *fs, void *obj, const struct fields *from_fs, const void *from,
               struct err *e);

/* Whether the value is one that the field can have: in its range, and of its type. */
bool field_fits(const struct field *f, u64 value);

/* Reads a value a person typed: decimal, 0x or $ hexadecimal, true/false, or the name of an
 * enumeration's value. It fits; the error names the values that are accepted. */
int field_parse(const struct field_ref *r, const char *text, u64 *value, struct err *e);

/* Writes the value for a person; returns what snprintf returns. */
int field_text(const struct field_ref *r, char *out, size_t room);

#endif
