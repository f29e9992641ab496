/* The recorder stands between a machine's ports and the host's, and is the door for acts.
 *
 *   pass --a history begins--> recording --history_seek()--> playing
 *                              recording <--the tape's end, or history_branch()-- playing
 *
 * pass:      answers come from the host and are not kept.
 * recording: answers come from the host; each goes to the tape with the machine's time.
 * playing:   answers come from the tape; the host sees nothing of the machine but what
 * history_show() lets through. A question that is not the one on the tape, or at another time, is a
 *            divergence: the machine is stopped, and history_run() and history_seek() say where.
 *
 * What a machine asks while it is being created (its store) is not kept: its state after that is
 * what every history begins with. Battery RAM that the machine gives away goes to the host, but
 * never while playing. */
#ifndef SVC_REPLAY_RECORDER_H
#define SVC_REPLAY_RECORDER_H

#include "mach/machine.h"

struct recorder;

/* `host` is borrowed and must outlive the recorder; a port that it lacks, the machine lacks too. */
int recorder_create(const struct ports *host, struct recorder **out, struct err *e);
/* For a machine whose ports were others: `has` is what recorder_has() was when it was recorded. */
int recorder_create_as(const struct ports *host, u32 has, struct recorder **out, struct err *e);
void recorder_destroy(struct recorder *r); /* accepts NULL; after the machine's end */

/* What the machine is to be created with. */
const struct ports *recorder_ports(struct recorder *r);
/* Which ports those are, a bit each in the order of struct ports, then one for audio's pace(). */
u32 recorder_has(const struct recorder *r);
/* After creation: whose time is written to the tape. */
void recorder_attach(struct recorder *r, struct machine *m);

/* ---- acts: between two calls of run, in the machine's thread. ERR_STATE in the past. ---- */
int recorder_reset(struct recorder *r, struct err *e);
int recorder_poke(struct recorder *r, struct cpu *c, enum cpu_space s, u64 addr, const void *in,
                  size_t len, struct err *e);
/* A field by its path, as a person would write the value. */
int recorder_set(struct recorder *r, const char *path, const char *value, struct err *e);

#endif
