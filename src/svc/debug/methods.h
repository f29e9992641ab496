/* The debugger, the views and the events as methods of the control protocol:
 *
 *   debug.command {line}              -> {said: text} or what the command found, {error}
 *   debug.registers                   -> {registers, time}
 *   debug.memory {address, count}     -> {memory}
 *   view.list                         -> {views: [{name, doc, picture, text}]}
 *   view.get {name, text?}            -> the table's rows, or {text}
 *   trace.events                      -> {events: [{name, doc, first, second}]}
 *
 * What a debug.command runs, it runs to its end: the monitor's loop stands still meanwhile, and a
 * kick ends it. */
#ifndef SVC_DEBUG_METHODS_H
#define SVC_DEBUG_METHODS_H

#include "svc/ctl/method.h"
#include "svc/debug/debug.h"

struct debug_methods;

/* Of a machine; recorder and history may be NULL, and are borrowed. The debugger is made when it is
 * first asked for. */
int debug_methods_create(struct machine *m, struct recorder *r, struct history *h,
                         struct debug_methods **out, struct err *e);
void debug_methods_destroy(struct debug_methods *d); /* accepts NULL */
/* The list, whose ctx is filled in; borrowed. */
const struct method *debug_methods(struct debug_methods *d, unsigned *count);
/* Those of them that only look (view.*, trace.*): for a machine that somebody else runs. */
const struct method *debug_methods_looking(struct debug_methods *d, unsigned *count);
/* Another machine is in the place of the one that was there: points and symbols are gone. */
void debug_methods_move(struct debug_methods *d, struct machine *m, struct recorder *r,
                        struct history *h);

#endif
