/* The debugger and the traces of a machine that others steer: svc/debug's methods, on the control
 * side's monitor. */
#ifndef API_CONTROL_DEBUG_H
#define API_CONTROL_DEBUG_H

#include "api/mews.h"
#include "svc/ctl/monitor.h"

struct control_debug;

/* Lists its methods. Before monitor_start(). */
int control_debug_create(struct mews *m, struct monitor *monitor, struct control_debug **out,
                         struct err *e);
void control_debug_destroy(struct control_debug *d); /* accepts NULL; before the monitor goes */
/* gdb may come to this socket, which is d's from now on; the machine stands still until one does,
 * or somebody else has it go on. Before monitor_start(). */
void control_debug_listen(struct control_debug *d, int listener);
void control_debug_serve(struct control_debug *d); /* between two pieces, and when woken */
void control_debug_ran(struct control_debug *d);   /* after a piece of a run */
/* As control_leave() and control_enter(). */
void control_debug_leave(struct control_debug *d);
void control_debug_enter(struct control_debug *d);

#endif
