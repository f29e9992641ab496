/* Bytes in JSON: {"text": "..."} when they are UTF-8 without a zero, {"base64": "..."} otherwise.
 * Both are understood from others. */
#ifndef SVC_CTL_BYTES_H
#define SVC_CTL_BYTES_H

#include "base/err.h"
#include "base/types.h"

#include <jansson.h>

/* Adds one of the two members to an object. */
void bytes_add(json_t *object, const void *bytes, size_t len);
/* *out is the caller's; ERR_USAGE: neither is there, or it is damaged. */
int bytes_get(const json_t *object, char **out, size_t *len, struct err *e);

#endif
