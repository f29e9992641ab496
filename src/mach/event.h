/* The event queue: one per machine, for the rare things that happen at a known time (interrupt
 * edges, ends of frames, timers). A chip that changes at every cycle does not use it: it catches
 * up when it is touched or at a deadline.
 *
 *   idle --event_at()--> queued --time reached--> fire() called, idle again
 *                          |
 *                          +--event_cancel()--> idle
 */
#ifndef MACH_EVENT_H
#define MACH_EVENT_H

#include "base/types.h"

#define EVENT_NEVER UINT64_MAX

struct event {
    const char *name; /* unique in its queue: saved images name events by it */
    void (*fire)(void *owner, u64 when);
    void *owner;
    u64 when; /* EVENT_NEVER while idle */
    struct event *next_queued, *next_known;
};

struct event_queue {
    u64 deadline; /* when the first event is due, EVENT_NEVER for none */
    struct event *queued, *known;
};

void event_queue_init(struct event_queue *q);

/* Makes the event known to its queue, idle. */
void event_init(struct event_queue *q, struct event *ev, const char *name,
                void (*fire)(void *owner, u64 when), void *owner);

/* Sets the time, in ticks; an event that is queued already moves. EVENT_NEVER cancels. */
void event_at(struct event_queue *q, struct event *ev, u64 when);
void event_cancel(struct event_queue *q, struct event *ev);

/* Fires all events that are due at `now`, in order of time, then of queueing. */
void event_run(struct event_queue *q, u64 now);

#endif
