/* Lines of a guest's source, from the files that its symbols name. */
#ifndef SVC_DEBUG_SOURCES_H
#define SVC_DEBUG_SOURCES_H

#include "base/err.h"
#include "base/types.h"

enum { SOURCE_ROWS = 11 };

struct source_rows {
    u32 first; /* number of the first */
    unsigned count;
    const char *rows[SOURCE_ROWS]; /* into the text */
};

/* A source is where the symbols say, or by its name in `dir`, where the symbols' file was. *out is
 * the caller's, and ends with a zero byte. */
int source_read(const char *dir, const char *file, u8 **out, struct err *e);
/* Cuts out of the text the lines around one. */
void source_rows(char *text, u32 line, struct source_rows *out);

#endif
