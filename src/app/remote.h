/* What the commands share that speak to machines of other processes. */
#ifndef APP_REMOTE_H
#define APP_REMOTE_H

#include "app/app.h"

#include <stdio.h>

/* The one argument NAME; NULL after a message. */
const char *remote_name(const struct command *c, int argc, char **argv, int i);

/* Whether the argument means a machine of another process: one of that name is alive, and there is
 * no such file. */
bool remote_is_machine(const char *argument);

/* Calls a method; takes the reference to params (NULL: none). Returns the result, a new reference,
 * or NULL and the error. */
json_t *remote_call(struct mews_link *l, const char *method, json_t *params, struct mews_error *e);
/* The same for who has no other business with the machine. */
json_t *remote_ask(const char *name, const char *method, json_t *params, struct mews_error *e);
/* A command that is one method without a result, for each NAME: its exit status. */
int remote_each(const struct command *c, int argc, char **argv, const char *method);
/* The next notification, a new reference; NULL with *gone: the machine has ended. */
json_t *remote_next(struct mews_link *l, int ms, bool *gone);

/* All machines, as objects: what each says of itself, or how it ended ("state": "ended"). A new
 * reference; NULL and the error. */
json_t *remote_machines(struct mews_error *e);
/* A number of it, 0 when it is not there. */
double remote_number(const json_t *j, const char *key);
const char *remote_text(const json_t *j, const char *key);
/* Its state in a word: "debugged" when it stands still for a debugger. */
const char *remote_state(const json_t *j);

/* Bytes of {"text": ...} or {"base64": ...} to a descriptor, or a stream. */
void remote_write(int fd, const json_t *bytes);
void remote_print(FILE *f, const json_t *bytes);
/* The same object of bytes, a new reference. */
json_t *remote_bytes(const void *bytes, size_t len);

/* How long ago, how large, in a few letters. */
void remote_duration(double seconds, char out[static 16]);
void remote_size(double bytes, char out[static 16]);

#endif
