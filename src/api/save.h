/* Snapshots that others ask for while the machine runs: a little is done between two pieces of the
 * run. All of it is the machine's thread's.
 *
 *   asked --its turn--> rounds --little is left--> (the pause) --> sums --> [share] --> answered
 *   from everywhere: failed, or its client has left: nothing of it remains
 *
 * One at a time: those that come meanwhile wait for their turn. */
#ifndef API_SAVE_H
#define API_SAVE_H

#include "mews/mews.h"
#include "svc/ctl/monitor.h"
#include "svc/snap/snap.h"

struct save;

struct saves {
    struct mews *m;
    struct save *first;         /* the one that is under way, or about to be */
    struct snap_writer *writer; /* the first one's; NULL: it has not begun */
    bool captured;
    unsigned rounds;
    u64 turn_bytes, done_bytes; /* what waited when the turn over all pages began; written since */
    u64 began_ns, pause_ns;
    u64 began_ticks, ticks; /* the machine's times of the beginning and of the pause */
    u64 count;              /* that were saved */
};

/* snapshot.save: with a descriptor, {incremental, share}. Answered later. */
int saves_ask(struct saves *s, struct method_call *call, struct err *e);
/* Works for about so long. */
void saves_work(struct saves *s, u64 ns);
static inline bool saves_busy(const struct saves *s)
{
    return s->first != NULL;
}
/* How many are under way or wait. */
unsigned saves_waiting(const struct saves *s);
/* Those of this client end. */
void saves_gone(struct saves *s, u64 client);
/* The machine goes: what was captured is finished, what was not fails for this reason. */
void saves_end(struct saves *s, const char *why);

#endif
