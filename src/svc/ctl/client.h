/* The other end of the control protocol: a connection to one machine's monitor, for commands. */
#ifndef SVC_CTL_CLIENT_H
#define SVC_CTL_CLIENT_H

#include "base/err.h"
#include "base/types.h"

#include <jansson.h>

struct ctl_client;

/* Connects to the machine of this name and says hello; a monitor that does not answer within five
 * seconds is ERR_SYS. */
int ctl_client_open(const char *name, struct ctl_client **out, struct err *e);
void ctl_client_close(struct ctl_client *c); /* accepts NULL */

/* What the monitor said of the machine when it was greeted. */
const json_t *ctl_client_hello(const struct ctl_client *c);

/* Calls a method and waits for its answer, as long as it takes. Takes the reference to params, NULL
 * for none; *result is a new reference. The monitor's refusal is its text, with the code that it
 * had there. Notifications that come meanwhile are kept for ctl_client_next(). */
int ctl_client_call(struct ctl_client *c, const char *method, json_t *params, const int *fds,
                    unsigned fd_count, json_t **result, struct err *e);

/* The same, but each notification that comes meanwhile goes to heard(), borrowed; it is called with
 * NULL ten times a second, so that it can look up. */
int ctl_client_call_hearing(struct ctl_client *c, const char *method, json_t *params,
                            void (*heard)(void *ctx, const json_t *notification), void *ctx,
                            json_t **result, struct err *e);

/* The same without waiting for the answer, which is then dropped. */
int ctl_client_post(struct ctl_client *c, const char *method, json_t *params, struct err *e);

/* The next notification, {"method": ..., "params": ...}, a new reference; NULL with code 0: none
 * within `ms` (-1: waits); NULL with an error: the machine is gone. */
json_t *ctl_client_next(struct ctl_client *c, int ms, struct err *e);

/* The machine has ended, as far as has been heard. */
bool ctl_client_gone(const struct ctl_client *c);

/* To wait for: something may have come when it can be read. */
int ctl_client_fd(const struct ctl_client *c);

/* Kills the monitor of that name, at once, whatever it does: for one that does not answer. Returns
 * when it is gone. */
int ctl_kill(const char *name, struct err *e);

#endif
