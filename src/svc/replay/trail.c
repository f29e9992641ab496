#include "svc/replay/trail.h"

#include "mach/image.h"

#include <stdlib.h>

enum { TRAIL_MIN = 4 }; /* fewer are not worth it */

static void remove_step(struct trail *t, unsigned i)
{
    free(t->list[i].image);
    t->list[i] = t->list[--t->count];
}

static void make_room(struct trail *t, u64 target, size_t room)
{
    unsigned far = 0;
    u64 most = 0;

    if (t->count < room)
        return;
    for (unsigned i = 0; i < t->count; i++) {
        u64 time = t->list[i].time, away = time > target ? time - target : target - time;

        if (away >= most) {
            most = away;
            far = i;
        }
    }
    remove_step(t, far);
}

void trail_add(struct trail *t, struct machine *m, const struct tape_cursor *at, u64 target,
               size_t memory_bytes)
{
    struct step s = { m->now, *at, NULL, machine_save(m, NULL) };
    size_t room = memory_bytes / s.bytes;

    if (room < TRAIL_MIN)
        return;
    for (unsigned i = 0; i < t->count; i++)
        if (t->list[i].time == s.time)
            return;
    s.image = malloc(s.bytes);
    if (!s.image)
        return;
    machine_save(m, s.image);
    make_room(t, target, room < TRAIL_MAX ? room : TRAIL_MAX);
    t->list[t->count++] = s;
}

const struct step *trail_before(const struct trail *t, u64 time)
{
    const struct step *best = NULL;

    for (unsigned i = 0; i < t->count; i++)
        if (t->list[i].time <= time && (!best || t->list[i].time > best->time))
            best = &t->list[i];
    return best;
}

void trail_trim(struct trail *t, u64 first, u64 last)
{
    for (unsigned i = t->count; i--;)
        if (t->list[i].time < first || t->list[i].time > last)
            remove_step(t, i);
}

size_t trail_bytes(const struct trail *t)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < t->count; i++)
        bytes += t->list[i].bytes;
    return bytes;
}
