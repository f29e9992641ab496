/* Names and source lines of a guest's addresses, from the files that its tools write. */
#ifndef SVC_DEBUG_SYMBOLS_H
#define SVC_DEBUG_SYMBOLS_H

#include "base/err.h"
#include "base/types.h"

struct symbol {
    char *name;
    u64 value;
    bool address; /* a label; else a constant */
};

struct symbol_line { /* a piece of code and where it comes from */
    u64 first, bytes;
    u32 file, line;
    bool high; /* from a compiled language: told before the assembly made of it */
};

struct symbols {
    struct symbol *list; /* by value */
    size_t count, room;
    struct symbol_line *lines; /* by address */
    size_t line_count, line_room;
    char **files;
    size_t file_count, file_room;
};

void symbols_init(struct symbols *s);
void symbols_fini(struct symbols *s);

/* What a file's bytes say, added to what is there: cc65's .dbg, VICE's and ld65's labels ("al
 * 00C000 .name"), FCEUX's .nl ("$C000#name#"), lines "C000 name", or a kernel's
 * System.map ("C000 T name"). `text` ends with a zero byte.
 * ERR_FORMAT: none of these. */
int symbols_read(struct symbols *s, const char *text, struct err *e);

/* What a file says, whose bytes may be none of these: `binary` takes those that are no text (ELF);
 * NULL: nobody. */
typedef int symbols_binary_fn(void *ctx, const char *path, struct symbols *to, struct err *e);
int symbols_file(struct symbols *s, const char *path, symbols_binary_fn *binary, void *ctx,
                 struct err *e);
/* The names that symbols of a thing may have: NAME.dbg, NAME.lbl, NAME.labels, and the thing's own
 * when it is an ELF file. Empty: it is too long. False: there are no more. */
bool symbols_beside(const char *thing, unsigned index, char *path, size_t room);

/* For readers. False when the host has no memory. */
bool symbols_add(struct symbols *s, const char *name, size_t len, u64 value, bool address);
bool symbols_add_file(struct symbols *s, const char *name, size_t len);
bool symbols_add_line(struct symbols *s, const struct symbol_line *l);
void symbols_sort(struct symbols *s); /* when all is added */

/* Also finds "main" where a C compiler has made "_main" of it. */
bool symbols_find(const struct symbols *s, const char *name, u64 *value);
/* The label at or closest before; NULL: none within 1 KiB. */
const struct symbol *symbols_near(const struct symbols *s, u64 addr);
/* The source line of an address; NULL: not known. */
const struct symbol_line *symbols_line(const struct symbols *s, u64 addr);
/* The first address of a line, or of the next that has code. `file` may leave out directories. */
bool symbols_line_address(const struct symbols *s, const char *file, u32 line, u64 *addr);

#endif
