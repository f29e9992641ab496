#include "host/store.h"

#include "base/file.h"
#include "base/own.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

static size_t store_load(struct store_port *port, void *bytes, size_t room)
{
    struct store *s = container_of(port, struct store, port);
    OWN(buf) u8 *file = NULL;
    struct err e;
    size_t len;

    s->asked = true;
    s->failed = (struct err) { 0 };
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
