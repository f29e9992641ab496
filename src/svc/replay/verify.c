#include "svc/replay/verify.h"

#include "mach/image.h"

#include <stdio.h>
#include <stdlib.h>

void verifier_init(struct verifier *v, const struct recording *rec, struct machine *spare)
{
    *v = (struct verifier) { .rec = rec, .spare = spare, .good = rec->states[0].time };
}

static const struct recording_state *next_state(const struct verifier *v)
{
    return v->state < v->rec->state_count ? &v->rec->states[v->state] : NULL;
}

static const struct recording_sums *next_sums(const struct verifier *v)
{
    return v->sums < v->rec->sums_count ? &v->rec->sums[v->sums] : NULL;
}

/* Whether the next to be looked at is a state. */
static bool state_first(const struct verifier *v)
{
    const struct recording_state *st = next_state(v);
    const struct recording_sums *su = next_sums(v);

    return st && (!su || st->time < su->time || (st->time == su->time && st->at <= su->at));
}

bool verifier_next(const struct verifier *v, u64 *time, u64 *at)
{
    const struct recording_state *st = next_state(v);
    const struct recording_sums *su = next_sums(v);

    if (!st && !su)
        return false;
    *time = state_first(v) ? st->time : su->time;
    *at = state_first(v) ? st->at : su->at;
    return true;
}

bool verifier_found(const struct verifier *v, char *out, size_t room)
{
    if (!*v->parts)
        return false;
    snprintf(out, room, "it differs first between %llu and %llu, in %s",
             (unsigned long long)v->good, (unsigned long long)v->bad, v->parts);
    return true;
}

static bool look_at_state(struct verifier *v, struct machine *m, char *out, size_t room)
{
    const struct recording_state *s = next_state(v);
    u8 *image = malloc(s->image_bytes);
    char what[200];
    struct err e;
    bool same;

    v->state++;
    if (!image || !recording_unpack(s, image) ||
        machine_load(v->spare, image, s->image_bytes, &e)) {
        free(image);
        snprintf(out, room, "the state of %llu in the recording cannot be loaded",
                 (unsigned long long)s->time);
        return false;
    }
    free(image);
    v->spare->now = m->now; /* one that has gone astray may have ended earlier: that is no news */
    same = !machine_differs(v->spare, m, what, sizeof what);
    if (same && !*v->parts) {
        v->good = s->time;
        return true;
    }
    if (same) /* it has healed */
        snprintf(what, sizeof what, "at %llu it is again as it was", (unsigned long long)s->time);
    if (*v->parts)
        snprintf(out, room, "it differs first between %llu and %llu, in %s; %s%.100s (at %llu)",
                 (unsigned long long)v->good, (unsigned long long)v->bad, v->parts,
                 same ? "" : "recorded and now: ", what, (unsigned long long)s->time);
    else
        snprintf(out, room, "it differs first between %llu and %llu, recorded and now: %.120s",
                 (unsigned long long)v->good, (unsigned long long)s->time, what);
    return false;
}

static void look_at_sums(struct verifier *v, struct machine *m)
{
    const struct recording_sums *s = next_sums(v);
    struct sums now;

    v->sums++;
    if (*v->parts)
        return;
    sums_take(&now, m);
    if (sums_differ(&s->sums, &now, m, v->parts, sizeof v->parts))
        v->bad = s->time;
    else
        v->good = s->time;
}

bool verifier_look(struct verifier *v, struct machine *m, char *out, size_t room)
{
    v->compared++;
    if (state_first(v))
        return look_at_state(v, m, out, room);
    look_at_sums(v, m);
    return true;
}
