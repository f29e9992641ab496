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

/* Whether there is a file mews_NAME.so in `dir`; its path then is in path[]. */
static bool module_in(char path[static PATH_MAX], const char *dir, const char *name)
{
    int n = snprintf(path, PATH_MAX, "%s/mews_%s.so", dir, name);

    return n < PATH_MAX && !access(path, R_OK);
}

int module_open(const char *name, const char *symbol, void **entry, struct err *e)
{
    const char *given = secure_getenv("MEWS_MODULES");
    char path[PATH_MAX], dir[PATH_MAX];
    void *module, *found;

    if (!(given && *given && module_in(path, given, name)) &&
        !(program_dir(dir) && module_in(path, dir, name)) &&
        !module_in(path, MEWS_MODULE_DIR, name))
        return err_set(e, ERR_NOTSUP, "the module mews_%s.so is not installed (looked in %s)", name,
                       MEWS_MODULE_DIR);
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
