/* The module mews_archive.so: looks into archives with libarchive. */
#include "base/own.h"
#include "host/archive.h"
#include "host/module.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>

enum { MEMBERS_MAX = 10000, TOTAL_FACTOR = 16 };

MODULE_EXPORT archive_find_fn mews_archive_find;

static void own_reader(struct archive **a)
{
    archive_read_free(*a);
}

static int failed(struct archive *a, const char *path, struct err *e)
{
    const char *why = archive_error_string(a);

    return err_set(e, ERR_FORMAT, "%s: %s", path, why ? why : "a damaged archive");
}

/* Unpacks one member. ERR_LIMIT when it is larger than `limit`. */
static int member_read(struct archive *a, struct thing *t, size_t limit, const char *path,
                       struct err *e)
{
    OWN(buf) u8 *bytes = NULL;
    size_t room = 0, used = 0;

    for (;;) {
        la_ssize_t n;

        if (used == room) {
            size_t more = room ? room * 2 : 64 << 10;
            u8 *p;

            if (more > limit + 1)
                more = limit + 1;
            p = realloc(bytes, more);
            if (!p)
                return err_set(e, ERR_NOMEM, "%s", path);
            bytes = p;
            room = more;
        }
        n = archive_read_data(a, bytes + used, room - used);
        if (n < 0)
            return failed(a, path, e);
        if (n == 0)
            break;
        used += (size_t)n;
        if (used > limit)
            return err_set(e, ERR_LIMIT, "%s: a member is larger than %zu bytes", path, limit);
    }
    t->len = used;
    t->bytes = TAKE(bytes);
    return 0;
}

/* Members in order. One that is too large is not what is looked for; the unpacked bytes of all
 * together have a limit too, which ends zip bombs. */
static int search(struct archive *a, struct thing *t, const char *path, size_t limit,
                  const struct thing_test *test, struct err *e)
{
    struct archive_entry *entry;
    u64 total = 0;

    for (unsigned i = 0; i < MEMBERS_MAX; i++) {
        int r = archive_read_next_header(a, &entry);
        const char *name;

        if (r == ARCHIVE_EOF)
            return err_set(e, ERR_FORMAT, "%s: nothing in this archive is a thing to run", path);
        if (r < ARCHIVE_WARN)
            return failed(a, path, e);
        if (archive_entry_filetype(entry) != AE_IFREG)
            continue;
        r = member_read(a, t, limit, path, e);
        if (r && r != -ERR_LIMIT)
            return r;
        total += r ? limit : t->len;
        if (!r && test->accepts(test->context, t->bytes, t->len)) {
            name = archive_entry_pathname_utf8(entry);
            snprintf(t->name, sizeof t->name, "%s", name ? name : "unnamed");
            return 0;
        }
        thing_fini(t);
        if (total > (u64)limit * TOTAL_FACTOR)
            return err_set(e, ERR_LIMIT, "%s: nothing to run in its first %llu bytes unpacked",
                           path, (unsigned long long)total);
    }
    return err_set(e, ERR_LIMIT, "%s: nothing to run in its first %d members", path, MEMBERS_MAX);
}

int mews_archive_find(struct thing *t, const u8 *file, size_t len, const char *path, size_t limit,
                      const struct thing_test *test, struct err *e)
{
    __attribute__((cleanup(own_reader))) struct archive *a = archive_read_new();
    struct thing found = { 0 };
    int r;

    if (!a)
        return err_set(e, ERR_NOMEM, "%s", path);
    archive_read_support_filter_all(a);
    archive_read_support_format_zip(a);
    archive_read_support_format_7zip(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_rar(a);
    archive_read_support_format_raw(a); /* x.nes.gz: one member, "data" */
    if (archive_read_open_memory(a, file, len) != ARCHIVE_OK)
        return failed(a, path, e);
    r = search(a, &found, path, limit, test, e);
    if (r) {
        thing_fini(&found);
        return r;
    }
    if (!strcmp(found.name, "data"))
        snprintf(found.name, sizeof found.name, "%.255s", path);
    *t = found;
    return 0;
}
