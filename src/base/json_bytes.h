/* Bytes in JSON: {"text": "..."} when they are UTF-8 without a zero, {"base64": "..."} otherwise.
 * Both are understood from others. */
#ifndef BASE_JSON_BYTES_H
#define BASE_JSON_BYTES_H

#include "base/err.h"
#include "base/types.h"

#include <jansson.h>

/* Adds one of the two members to an object. */
void json_bytes_add(json_t *object, const void *bytes, size_t len);
/* *out is the caller's, with a zero byte behind the last; ERR_USAGE: neither is there, or it is
 * damaged. */
int json_bytes_get(const json_t *object, char **out, size_t *len, struct err *e);

#endif
