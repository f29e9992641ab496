/* Compares a machine that is played from a recording with what the recording says of it: digests
 * often, whole states now and then. A digest names the parts that differ; the state behind it the
 * field, with both values. */
#ifndef SVC_REPLAY_VERIFY_H
#define SVC_REPLAY_VERIFY_H

#include "svc/replay/recording.h"

struct verifier {
    const struct recording *rec; /* borrowed */
    struct machine *spare;       /* borrowed: another one of the same making, to load states into */
    size_t sums, state;          /* the next of each */
    u64 good;                    /* until then all was right */
    u64 compared;                /* moments */
    char parts[160];             /* what differs by digests; a state is awaited */
    u64 bad;                     /* then */
};

void verifier_init(struct verifier *v, const struct recording *rec, struct machine *spare);

/* When and where on the tape the machine must be looked at next; false: never again. */
bool verifier_next(const struct verifier *v, u64 *time, u64 *at);
/* Looks. False when it differs and no more can be learnt; `out` says how. */
bool verifier_look(struct verifier *v, struct machine *m, char *out, size_t room);
/* What was found so far, when the replay has ended; false: nothing is wrong. */
bool verifier_found(const struct verifier *v, char *out, size_t room);

#endif
