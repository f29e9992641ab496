/* Modules: shared objects mews_NAME.so with code whose libraries are heavy, opened when a machine
 * first asks and never closed. */
#ifndef HOST_MODULE_H
#define HOST_MODULE_H

#include "base/err.h"

/* What a module exports. */
#define MODULE_EXPORT __attribute__((visibility("default")))

/* Looks in $MEWS_MODULES, beside the running program, and where `make install` puts modules.
 * *entry is the address of `symbol`. */
int module_open(const char *name, const char *symbol, void **entry, struct err *e);

#endif
