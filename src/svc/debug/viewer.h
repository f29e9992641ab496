/* Views as text and as JSON. */
#ifndef SVC_DEBUG_VIEWER_H
#define SVC_DEBUG_VIEWER_H

#include "mach/machine.h"

#include <jansson.h>

/* The view of that name; the error lists what there is. */
int view_find(const struct machine *m, const char *name, const struct view **out, struct err *e);
/* Its text or table, for a person; *out is the caller's. ERR_NOTSUP: it is a picture only. */
int view_text(struct machine *m, const struct view *v, char **out, struct err *e);
/* {"view": name, "rows": [{"name": ..., cell: ...}]} or {"view": name, "text": ...}. */
int view_json(struct machine *m, const struct view *v, json_t **out, struct err *e);

#endif
