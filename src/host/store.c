#include "host/store.h"

#include "base/file.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAVE_MAX = 16 << 20 };

int data_path(char path[static PATH_MAX], const char *rest, struct err *e)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int n;

    if (data && *data == '/') /* the specification: a relative one is ignored */
        n = snprintf(path, PATH_MAX, "%s/mews/%s", data, rest);
    else if (home && *home)
        n = snprintf(path, PATH_MAX, "%s/.local/share/mews/%s", home, rest);
    else
        return err_set(e, ERR_STATE, "no data directory: neither XDG_DATA_HOME nor HOME is set");
    return n < PATH_MAX ? 0 : err_set(e, ERR_LIMIT, "the path of the data directory is too long");
}

/* ---- the lock ---- */

struct store_lock {
    int fd;
    unsigned refs;
};

/* What cannot be locked because nothing can be written there is found out by store_usable(). */
static int lock_take(struct store *s, struct err *e)
{
    struct store_lock *lock = malloc(sizeof *lock);
    bool taken = false;

    if (!lock)
        return err_set(e, ERR_NOMEM, "no memory");
    lock->refs = 1;
    lock->fd = file_make_parents(s->path, e) ? -1 : file_lock_beside(s->path, &taken);
    if (lock->fd >= 0) {
        s->lock = lock;
        return 0;
    }
    free(lock);
    return taken ? err_set(e, ERR_STATE, "%s: another machine keeps its battery RAM there", s->path)
                 : 0;
}

void store_follow(struct store *s, struct store *old)
{
    if (!old || !old->lock || strcmp(s->path, old->path) != 0)
        return;
    s->lock = old->lock;
    s->lock->refs++;
}

void store_fini(struct store *s)
{
    if (!s || !s->lock)
        return;
    if (!--s->lock->refs) {
        struct err ignored;

        if (s->write) {
            s->write(s->ctx, NULL, 0, &ignored);
            close(s->lock->fd);
        } else {
            file_unlock_beside(s->path, s->lock->fd);
        }
        free(s->lock);
    }
    s->lock = NULL;
}

/* ---- load and save ---- */

static size_t store_load(struct store_port *port, void *bytes, size_t room)
{
    struct store *s = container_of(port, struct store, port);
    OWN(buf) u8 *file = NULL;
    struct err e;
    size_t len;

    s->asked = true;
    s->failed = (struct err) { 0 };
    if (!s->lock && lock_take(s, &e)) {
        s->failed = e;
        return 0;
    }
    if (file_read(s->path, SAVE_MAX, &file, &len, &e)) {
        if (e.code != ERR_SYS || e.sys != ENOENT)
            s->failed = e;
        return 0;
    }
    if (len > room)
        len = room;
    memcpy(bytes, file, len);
    return len;
}

static bool store_save(struct store_port *port, const void *bytes, size_t len)
{
    struct store *s = container_of(port, struct store, port);
    struct err e;

    s->failed = (struct err) { 0 };
    if (s->write ? s->write(s->ctx, bytes, len, &e)
                 : file_make_parents(s->path, &e) || file_write(s->path, bytes, len, &e)) {
        s->failed = e;
        return false;
    }
    return true;
}

static const struct store_ops store_ops = { .load = store_load, .save = store_save };

int store_init_at(struct store *s, const char *path, struct err *e)
{
    size_t len = strlen(path);

    if (len >= sizeof s->path)
        return err_set(e, ERR_LIMIT, "the path is too long: %.80s...", path);
    s->port.ops = &store_ops;
    memcpy(s->path, path, len + 1);
    s->lock = NULL;
    s->write = NULL;
    s->asked = false;
    s->failed = (struct err) { 0 };
    return 0;
}

int store_usable(const struct store *s, struct err *e)
{
    char at[PATH_MAX];
    char *slash;

    if (!s->asked)
        return 0;
    if (s->failed.code) {
        *e = s->failed;
        return -(int)e->code;
    }
    if (!access(s->path, F_OK) && access(s->path, W_OK))
        return err_set(e, ERR_SYS, "%s", s->path);
    /* The nearest directory that exists takes the others, or the new file. */
    memcpy(at, s->path, sizeof at);
    do {
        slash = strrchr(at, '/');
        if (!slash)
            strcpy(at, ".");
        else if (slash == at)
            strcpy(at, "/");
        else
            *slash = 0;
    } while (access(at, W_OK | X_OK) && errno == ENOENT && slash && slash != at);
    if (access(at, W_OK | X_OK))
        return err_set(e, ERR_SYS, "%s", at);
    return 0;
}

int store_init(struct store *s, const char *name, struct err *e)
{
    char rest[PATH_MAX], path[PATH_MAX];
    int r;

    if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
        return err_set(e, ERR_USAGE, "'%s' cannot be the name of a save", name);
    if ((size_t)snprintf(rest, sizeof rest, "saves/%s.sav", name) >= sizeof rest)
        return err_set(e, ERR_LIMIT, "the name of a save is too long: %.80s...", name);
    r = data_path(path, rest, e);
    return r ? r : store_init_at(s, path, e);
}
