/* Digests of a machine's state, one for each component and each memory: by them a replay says in
 * which part it differs, without the state it should have. */
#ifndef SVC_REPLAY_SUMS_H
#define SVC_REPLAY_SUMS_H

#include "mach/machine.h"

enum { SUMS_MAX = 64 }; /* parts behind that are summed up in the last */

struct sums {
    unsigned count;
    u64 list[SUMS_MAX]; /* the machine's clock and events, the tree, parents first, the memories */
};

void sums_take(struct sums *s, struct machine *m);
/* The names of the parts in which the two differ, with commas; false: in none. `m` gives names. */
bool sums_differ(const struct sums *a, const struct sums *b, struct machine *m, char *out,
                 size_t room);

#endif
