/* What can be seen of any machine, as methods of the control protocol; they change nothing:
 *
 *   debug.registers                   -> {registers, time}
 *   debug.memory {address, count}     -> {memory}
 *   view.list                         -> {views: [{name, doc, picture, text}]}
 *   view.get {name, text?}            -> the table's rows, or {text}
 *   trace.events                      -> {events: [{name, doc, first, second}]}
 */
#ifndef SVC_DEBUG_METHODS_H
#define SVC_DEBUG_METHODS_H

#include "svc/ctl/method.h"
#include "svc/debug/debug.h"

struct debug_methods;

int debug_methods_create(struct machine *m, struct debug_methods **out, struct err *e);
void debug_methods_destroy(struct debug_methods *d); /* accepts NULL */
/* The list, whose ctx is filled in; borrowed. */
const struct method *debug_methods(struct debug_methods *d, unsigned *count);
/* The machine goes; then (not NULL) another is in its place. */
void debug_methods_move(struct debug_methods *d, struct machine *m);

#endif
