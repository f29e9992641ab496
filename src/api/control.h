/* What the rest of api/ needs of the control side: others steer the machine while somebody runs it.
 *
 * The machine's thread comes by before each run and when a run was kicked; methods are performed
 * then. */
#ifndef API_CONTROL_H
#define API_CONTROL_H

#include "mach/machine.h"
#include "mews/mews.h"
#include "svc/ctl/monitor.h"

struct control;

/* Does what was asked for. MONITOR_PAUSED: somebody wants the machine to stand still. */
enum monitor_word control_serve(struct control *c);
/* The same, but waits while it is to stand still; a kick of mews_kick() ends that. */
enum monitor_word control_wait(struct control *c);
/* After a piece of a run: others may see how far the machine is. */
void control_ran(struct control *c, const struct stop_info *s);
/* Whether a snapshot is being saved, for which control_serve() is to be called often. */
bool control_saving(const struct control *c);
/* So many times its own; 0: as fast as it goes, as one without a picture does until it is told. */
double control_speed(const struct mews *m);
/* How far one piece of a run may go: so that what others see is not old. */
u64 control_slice(const struct control *c);

/* Another machine will be in the place of the one that is there: nothing is kept of it. */
void control_leave(struct control *c);
/* It is there now. */
void control_enter(struct control *c);

void control_wake(struct control *c); /* any thread, any signal handler: control_wait() returns */
void control_end(struct control *c);  /* the machine is about to go; accepts NULL */

#endif
