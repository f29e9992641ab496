#include "mach/event.h"

#include <assert.h>
#include <string.h>

void event_queue_init(struct event_queue *q)
{
    *q = (struct event_queue) { .deadline = EVENT_NEVER };
}

void event_init(struct event_queue *q, struct event *ev, const char *name,
                void (*fire)(void *owner, u64 when), void *owner)
{
    for (struct event *k = q->known; k; k = k->next_known)
        assert(k != ev && strcmp(k->name, name) != 0);
    *ev = (struct event) { name, fire, owner, EVENT_NEVER, NULL, q->known };
    q->known = ev;
}

static void unlink_event(struct event_queue *q, struct event *ev)
{
    struct event **at = &q->queued;

    if (ev->when == EVENT_NEVER)
        return;
    while (*at != ev) {
        assert(*at);
        at = &(*at)->next_queued;
    }
    *at = ev->next_queued;
    ev->next_queued = NULL;
    ev->when = EVENT_NEVER;
}

void event_at(struct event_queue *q, struct event *ev, u64 when)
{
    unlink_event(q, ev);
    if (when != EVENT_NEVER) {
        struct event **at = &q->queued;

        while (*at && (*at)->when <= when)
            at = &(*at)->next_queued;
        ev->when = when;
        ev->next_queued = *at;
        *at = ev;
    }
    q->deadline = q->queued ? q->queued->when : EVENT_NEVER;
}

void event_cancel(struct event_queue *q, struct event *ev)
{
    event_at(q, ev, EVENT_NEVER);
}

void event_run(struct event_queue *q, u64 now)
{
    while (q->queued && q->queued->when <= now) {
        struct event *ev = q->queued;
        u64 when = ev->when;

        event_cancel(q, ev);
        ev->fire(ev->owner, when);
    }
}
