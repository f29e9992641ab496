/* Traces of a machine that somebody else runs, for clients of the control protocol:
 *
 *   trace.start {events, json, count, frames} -> {}: from now on, as trace_filter_parse() takes
 * them trace.stop                                -> {told, dropped}
 *
 * What is told comes as trace.told {text|base64: whole lines, dropped}, and at `count` events or
 * after `frames` pictures trace.ended {told, dropped}. The machine waits for nobody: what a client
 * does not take in time is dropped, and counted. */
#ifndef SVC_DEBUG_TRACINGS_H
#define SVC_DEBUG_TRACINGS_H

#include "svc/ctl/method.h"
#include "svc/debug/session.h"

struct tracings;

/* The teller is borrowed. */
int tracings_create(struct machine *m, const struct debug_teller *teller, struct tracings **out,
                    struct err *e);
void tracings_destroy(struct tracings *all); /* accepts NULL */
const struct method *tracings_methods(struct tracings *all, unsigned *count);
/* Between two calls of run: tells what was gathered. */
void tracings_ran(struct tracings *all);
void tracings_gone(struct tracings *all, u64 client); /* also in the middle of a run */
/* The machine goes, then (not NULL) another is in its place: nobody traces that one. */
void tracings_move(struct tracings *all, struct machine *m);

#endif
