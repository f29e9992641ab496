/* The recorder stands between a machine's ports and the host's, and is the door for acts.
 *
 *   pass --record--> recording --play--> playing --its tape ends, or branch--> recording
 *
 * pass:      answers come from the host and are not kept.
 * recording: answers come from the host; each goes to the tape with the machine's time.
 * playing:   answers come from the tape; the host sees nothing of the machine. A question that is
 *            not the one on the tape, or at another time, is a divergence.
 */
#ifndef SVC_REPLAY_RECORDER_H
#define SVC_REPLAY_RECORDER_H

#include "mach/machine.h"

struct recorder;

/* `host` is borrowed and must outlive the recorder; a port that it lacks, the machine lacks too. */
int recorder_create(const struct ports *host, struct recorder **out, struct err *e);
void recorder_destroy(struct recorder *r);

/* What the machine is to be created with. */
const struct ports *recorder_ports(struct recorder *r);
/* After creation: whose time is written to the tape. What the machine asked while it was being
 * created (its store) is on the tape at time 0. */
void recorder_attach(struct recorder *r, struct machine *m);

/* ---- acts: between two calls of run, in the machine's thread ---- */
int recorder_reset(struct recorder *r, struct err *e);
int recorder_poke(struct recorder *r, struct cpu *c, enum cpu_space s, u64 addr, const void *in,
                  size_t len, struct err *e);
/* A field by its path, as a person would write the value. */
int recorder_set(struct recorder *r, const char *path, const char *value, struct err *e);

#endif
