#include "host/module.h"

#include "base/types.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The directory of the running program, so that a build tree works without being installed. */
static bool program_dir(char dir[static PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", dir, PATH_MAX - 1);
    char *slash;

    if (n <= 0)
        return false;
    dir[n] = 0;
    slash = strrchr(dir, '/');
    if (!slash)
        return false;
    *slash = 0;
    return true;
}

/* Whether there is such a file in `dir`; its path then is in path[]. */
static bool file_in(char path[static PATH_MAX], const char *dir, const char *file)
{
    int n = snprintf(path, PATH_MAX, "%s/%s", dir, file);

    return n < PATH_MAX && !access(path, R_OK);
}

static int find(const char *what, const char *file, char path[static PATH_MAX], struct err *e)
{
    const char *given = secure_getenv("MEWS_MODULES");
    char dir[PATH_MAX];

    if ((given && *given && file_in(path, given, file)) ||
        (program_dir(dir) && file_in(path, dir, file)) || file_in(path, MEWS_MODULE_DIR, file))
        return 0;
    return err_set(e, ERR_NOTSUP, "the %s %s is not installed (looked in %s)", what, file,
                   MEWS_MODULE_DIR);
}

int module_open(const char *name, const char *symbol, void **entry, struct err *e)
{
    char path[PATH_MAX], file[100];
    void *module, *found;

    snprintf(file, sizeof file, "mews_%s.so", name);
    if (find("module", file, path, e))
        return -(int)e->code;
    module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!module)
        return err_set(e, ERR_NOTSUP, "the module %s", dlerror());
    found = dlsym(module, symbol);
    if (!found) {
        dlclose(module);
        return err_set(e, ERR_NOTSUP, "%s has no %s: it is of another version", path, symbol);
    }
    *entry = found;
    return 0;
}

int module_program(const char *name, char path[static PATH_MAX], struct err *e)
{
    return find("program", name, path, e);
}
