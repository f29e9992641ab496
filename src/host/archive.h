/* The bytes of a thing to run: a plain file, or a member of an archive (zip, 7z, tar ...). */
#ifndef HOST_ARCHIVE_H
#define HOST_ARCHIVE_H

#include "base/err.h"
#include "base/types.h"

/* Whether bytes are a thing that can run. */
struct thing_test {
    bool (*accepts)(void *context, const u8 *bytes, size_t len);
    void *context;
};

/* What was read. */
struct thing {
    u8 *bytes; /* owned: thing_fini */
    size_t len;
    char name[256]; /* the last part of the path, or the member's; without its suffix */
};

/* Reads `path`. A file that is not accepted as it is, but is an archive, is searched for its first
 * member that is; damaged members after it are not seen. Limits: `limit` bytes for the file and for
 * a member unpacked, 10,000 members, and 16 * limit bytes unpacked in all.
 * An unknown file that is no archive is read without complaint: who runs it says what it wanted.
 */
int thing_read(struct thing *t, const char *path, size_t limit, const struct thing_test *test,
               struct err *e);
void thing_fini(struct thing *t);
/* Bytes that gzip, xz, zstd, lz4 and their like have made, or an archive, are searched in the same
 * way; `name` stands for them in messages, and in t. */
int thing_unpack(struct thing *t, const char *name, const u8 *bytes, size_t len, size_t limit,
                 const struct thing_test *test, struct err *e);

/* ---- between archive.c and the module mews_archive.so ---- */
typedef int archive_find_fn(struct thing *t, const u8 *file, size_t len, const char *path,
                            size_t limit, const struct thing_test *test, struct err *e);
#define ARCHIVE_FIND "mews_archive_find"

#endif
