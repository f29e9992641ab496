#include "host/archive.h"

#include "base/file.h"
#include "base/own.h"
#include "host/module.h"

#include <stdio.h>
#include <string.h>

/* The first bytes of the archives that are looked into. The list keeps the module unopened for
 * files that are no archives, whatever they are. */
static bool looks_archived(const u8 *b, size_t len)
{
    static const struct {
        unsigned at, len;
        const char *magic;
    } known[] = {
        { 0, 4, "PK\3\4" },
        { 0, 6, "7z\xbc\xaf\x27\x1c" },
        { 0, 2, "\x1f\x8b" },
        { 0, 6,
          "\xfd"
          "7zXZ" },
        { 0, 4, "\x28\xb5\x2f\xfd" },
        { 0, 3, "BZh" },
        { 0, 6, "Rar!\x1a\x07" },
        { 257, 5, "ustar" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
        if (len >= known[i].at + known[i].len &&
            !memcmp(b + known[i].at, known[i].magic, known[i].len))
            return true;
    return false;
}

static void name_after(struct thing *t, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t len = dot && dot != name ? (size_t)(dot - name) : strlen(name);

    snprintf(t->name, sizeof t->name, "%.*s", (int)(len < 255 ? len : 255), name);
}

int thing_unpack(struct thing *t, const char *name, const u8 *bytes, size_t len, size_t limit,
                 const struct thing_test *test, struct err *e)
{
    char member[sizeof t->name];
    archive_find_fn *find;
    void *entry = NULL;
    int r = module_open("archive", ARCHIVE_FIND, &entry, e);

    if (r)
        return err_wrap(e, "%s", name);
    memcpy(&find, &entry, sizeof find); /* what dlsym() gives is no function for ISO C */
    r = find(t, bytes, len, name, limit, test, e);
    if (r)
        return r;
    memcpy(member, t->name, sizeof member);
    name_after(t, member);
    return 0;
}

int thing_read(struct thing *t, const char *path, size_t limit, const struct thing_test *test,
               struct err *e)
{
    OWN(buf) u8 *file = NULL;
    size_t len;
    int r = file_read(path, limit, &file, &len, e);

    if (r)
        return r;
    if (!test->accepts(test->context, file, len) && looks_archived(file, len))
        return thing_unpack(t, path, file, len, limit, test, e);
    *t = (struct thing) { .len = len };
    t->bytes = TAKE(file);
    name_after(t, path);
    return 0;
}

void thing_fini(struct thing *t)
{
    free(t->bytes);
    t->bytes = NULL;
}
