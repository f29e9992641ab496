/* The configuration file's grammar (docs/man/mews-config.5): sections of `key = value` lines. What
 * the keys mean is their readers' business. */
#ifndef HOST_CONFIG_H
#define HOST_CONFIG_H

#include "base/err.h"
#include "base/types.h"

#include <limits.h>

struct config_line {
    const char *section, *key, *value; /* borrowed; section "" before the first [section] */
    unsigned line;                     /* from 1 */
};

typedef int config_fn(void *context, const struct config_line *line, struct err *e);

/* Calls `each` for every key, in order; its first error ends it. Errors begin with "NAME:LINE: ".
 */
int config_parse(const char *text, size_t len, const char *name, config_fn *each, void *context,
                 struct err *e);

/* $XDG_CONFIG_HOME/mews/config, or ~/.config/mews/config. */
int config_path(char path[static PATH_MAX], struct err *e);

#endif
