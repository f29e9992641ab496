/* Modules: shared objects mews_NAME.so with code whose libraries are heavy, opened when a machine
 * first asks and never closed; and programs that are a process of their own for a machine's sake.
 * Both lie in $MEWS_MODULES, beside the running program, or where `make install` puts them. */
#ifndef HOST_MODULE_H
#define HOST_MODULE_H

#include "base/err.h"

#include <limits.h>

/* What a module exports. */
#define MODULE_EXPORT __attribute__((visibility("default")))

/* *entry is the address of `symbol`. */
int module_open(const char *name, const char *symbol, void **entry, struct err *e);

/* The path of a program of ours. */
int module_program(const char *name, char path[static PATH_MAX], struct err *e);

#endif
