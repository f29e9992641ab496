#include "app/image.h"

#include "base/file.h"
#include "base/own.h"
#include "base/types.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ABOUT_LIMIT = 1 << 20 };

bool image_name(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    return len && len < sizeof((struct image *)0)->name && !text[len] &&
           isalnum((unsigned char)*text);
}

int image_path(const char *name, const char *file, char out[static PATH_MAX], struct err *e)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    bool given = data && *data == '/'; /* the specification: a relative one is ignored */

    if (!given && !(home && *home))
        return err_set(e, ERR_STATE, "neither XDG_DATA_HOME nor HOME says where images are");
    if (snprintf(out, PATH_MAX, "%s%s/mews/images%s%s%s%s", given ? data : home,
                 given ? "" : "/.local/share", name ? "/" : "", name ? name : "", file ? "/" : "",
                 file ? file : "") >= PATH_MAX)
        return err_set(e, ERR_LIMIT, "the path of the data directory is too long");
    return 0;
}

bool image_is(const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    struct err e;

    return image_name(name) && !image_path(name, NULL, path, &e) && !stat(path, &st) &&
           S_ISDIR(st.st_mode);
}

static int none(const char *name, struct err *e)
{
    return err_set(e, ERR_USAGE, "%.80s: no such image (mews image ls lists them)", name);
}

static int read_about(const char *name, json_t **out, struct err *e)
{
    char path[PATH_MAX];
    OWN(buf) u8 *text = NULL;
    json_error_t why;
    size_t len;
    json_t *j;

    if (!image_is(name))
        return none(name, e);
    if (image_path(name, "image.json", path, e) || file_read(path, ABOUT_LIMIT, &text, &len, e))
        return err_wrap(e, "image %s", name);
    j = json_loadb((const char *)text, len, 0, &why);
    if (!j)
        return err_set(e, ERR_FORMAT, "%s: line %d: %s", path, why.line, why.text);
    if (json_integer_value(json_object_get(j, "format")) != IMAGE_FORMAT ||
        !json_string_value(json_object_get(j, "command_line"))) {
        json_decref(j);
        return err_set(e, ERR_FORMAT, "%s: not the description of an image of format %d", path,
                       IMAGE_FORMAT);
    }
    *out = j;
    return 0;
}

static bool there(const char *name, const char *file, char out[static PATH_MAX])
{
    struct err e;

    return !image_path(name, file, out, &e) && !access(out, F_OK);
}

static int find_files(const char *name, struct image *i, struct err *e)
{
    const char *missing = NULL;

    if (!there(name, "vmlinux", i->kernel) && !there(name, "vmlinuz", i->kernel))
        missing = "vmlinuz";
    else if (!there(name, "initrd.img", i->initrd))
        missing = "initrd.img";
    else if (!there(name, "disk.img", i->disk))
        missing = "disk.img";
    return missing ? err_set(e, ERR_FORMAT, "image %s: its %s is missing", name, missing) : 0;
}

int image_find(const char *name, struct image *out, struct err *e)
{
    json_t *about;
    int r = read_about(name, &about, e), len;

    if (r)
        return r;
    len = snprintf(out->command_line, sizeof out->command_line, "%s",
                   json_string_value(json_object_get(about, "command_line")));
    json_decref(about);
    if ((size_t)len >= sizeof out->command_line)
        return err_set(e, ERR_LIMIT, "image %s: its command line is too long", name);
    snprintf(out->name, sizeof out->name, "%s", name);
    return find_files(name, out, e);
}

int image_about(const char *name, json_t **out, struct err *e)
{
    char path[PATH_MAX];
    struct stat st;
    int r = read_about(name, out, e);

    if (r)
        return r;
    json_object_set_new(*out, "name", json_text(name));
    if (!image_path(name, NULL, path, e))
        json_object_set_new(*out, "path", json_text(path));
    if (there(name, "disk.img", path) && !stat(path, &st)) {
        json_object_set_new(*out, "disk_bytes", json_integer(st.st_size));
        json_object_set_new(*out, "used_bytes", json_integer((json_int_t)st.st_blocks * 512));
    }
    return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_image(const struct dirent *d)
{
    return image_is(d->d_name);
}

int image_each(void (*f)(void *ctx, const char *name), void *ctx, struct err *e)
{
    struct dirent **list;
    char path[PATH_MAX];
    int n;

    if (image_path(NULL, NULL, path, e))
        return -(int)e->code;
    n = scandir(path, &list, is_image, by_name);
    if (n < 0)
        return errno == ENOENT ? 0 : err_set(e, ERR_SYS, "%s", path);
    for (int i = 0; i < n; i++) {
        f(ctx, list[i]->d_name);
        free(list[i]);
    }
    free(list);
    return 0;
}

/* Its files by name: there are no directories in it. */
static int remove_directory(const char *path, struct err *e)
{
    DIR *d = opendir(path);
    struct dirent *entry;
    int r = 0;

    if (!d)
        return err_set(e, ERR_SYS, "%s", path);
    while (!r && (entry = readdir(d)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlinkat(dirfd(d), entry->d_name, 0))
            r = err_set(e, ERR_SYS, "%s/%.60s", path, entry->d_name);
    closedir(d);
    return !r && rmdir(path) ? err_set(e, ERR_SYS, "%s", path) : r;
}

int image_remove(const char *name, struct err *e)
{
    char path[PATH_MAX], going[PATH_MAX], file[80];

    if (!image_is(name))
        return none(name, e);
    snprintf(file, sizeof file, ".%s.old-%ld", name, (long)getpid());
    if (image_path(name, NULL, path, e) || image_path(file, NULL, going, e))
        return -(int)e->code;
    if (rename(path, going))
        return err_set(e, ERR_SYS, "%s", path);
    return remove_directory(going, e);
}
