#include "svc/debug/sources.h"

#include "base/file.h"

#include <stdio.h>
#include <string.h>

enum { SOURCE_FILE_MAX = 16 << 20 };

int source_read(const char *dir, const char *file, u8 **out, struct err *e)
{
    const char *slash = strrchr(file, '/');
    char path[PATH_MAX];
    size_t len;

    if (!file_read(file, SOURCE_FILE_MAX, out, &len, e))
        return 0;
    snprintf(path, sizeof path, "%s/%s", dir, file);
    if (!file_read(path, SOURCE_FILE_MAX, out, &len, e))
        return 0;
    snprintf(path, sizeof path, "%s/%s", dir, slash ? slash + 1 : file);
    return file_read(path, SOURCE_FILE_MAX, out, &len, e);
}

void source_rows(char *text, u32 line, struct source_rows *out)
{
    u32 number = 1;

    *out = (struct source_rows) { .first = line > 5 ? line - 5 : 1 };
    for (char *rest = text, *row = strsep(&rest, "\n"); row && out->count < SOURCE_ROWS;
         row = strsep(&rest, "\n"), number++)
        if (number >= out->first)
            out->rows[out->count++] = row;
}
