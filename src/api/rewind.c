#include "api/rewind.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS = 2 }; /* pictures that are made while one is shown */

/* ---- pictures ---- */

static size_t frame_bytes(const struct video_frame *f)
{
    return (size_t)f->stride_bytes * f->height;
}

static void capture(struct video_port *port, const struct video_frame *f)
{
    struct rewind *r = container_of(port, struct rewind, capture);
    struct shot *s = &r->made->list[r->made->count];
    size_t need = frame_bytes(f);

    if (r->made->count == REEL_MAX || r->failed)
        return;
    if (need > s->room) {
        void *p = realloc(s->pixels, need);

        if (!p) {
            r->failed = true;
            return;
        }
        s->pixels = p;
        s->room = need;
    }
    memcpy(s->pixels, f->pixels, need);
    s->frame = *f;
    s->frame.pixels = s->pixels;
    r->made->count++;
}
static const struct video_ops capture_ops = { capture };

static void show(struct rewind *r, const struct shot *s)
{
    struct video_port *keep = &r->m->video.port;

    r->m->video.next = r->screen;
    keep->ops->frame(keep, &s->frame);
    r->m->video.next = &r->capture;
    r->at = s->time;
}

static void reel_fini(struct reel *reel)
{
    for (unsigned i = 0; i < REEL_MAX; i++)
        free(reel->list[i].pixels);
}

/* ---- pieces ---- */

/* Goes to where the piece before `until` begins: a moment that costs little, unless that is so far
 * away that its pictures would be too many. */
static void piece_begin(struct rewind *r, u64 until)
{
    const struct display *d = &r->m->machine->display;
    u64 first = history_first(r->m->history), most, from;
    struct err e;

    r->made->count = 0;
    r->until = until;
    r->making = false;
    if (until <= first)
        return;
    most = (u64)(REEL_MAX - 2) * d->ticks_num / d->ticks_den;
    from = history_before(r->m->history, until);
    if (until - from > most)
        from = until - most;
    r->from = from;
    r->making = !api_seek(r->m, from, &e);
}

/* One picture more. */
static void piece_step(struct rewind *r)
{
    struct machine *m = r->m->machine;
    unsigned before = r->made->count;
    enum stop why;

    if (!r->making)
        return;
    m->frame_limit = m->frames + 1;
    why = history_run(r->m->history, r->until, NULL);
    m->frame_limit = 0;
    r->m->frames = m->frames;
    if (r->made->count > before && m->now >= r->until) /* has been shown already */
        r->made->count = before;
    if (r->made->count > before)
        r->made->list[before].time = m->now;
    /* A kick is kept: mews_show() looks at it. */
    r->making = (why == STOP_FRAME || why == STOP_KICK) && m->now < r->until && !r->failed;
    if (!r->making && !r->made->count && !r->failed)
        piece_begin(r, r->from); /* no picture was completed in it */
}

/* Completes the piece that is being made, shows it from now on, and begins the one before. */
static void piece_next(struct rewind *r)
{
    struct reel *made = r->made;

    while (r->making)
        piece_step(r);
    r->made = r->shown;
    r->shown = made;
    if (made->count)
        piece_begin(r, made->list[0].time);
}

/* ---- for who holds the key ---- */

int rewind_begin(struct rewind *r, struct mews *m, struct video_port *screen, struct err *e)
{
    if (!m->history)
        return err_set(e, ERR_STATE, "nothing is remembered (--rewind-memory)");
    *r = (struct rewind) { .m = m,
                           .capture.ops = &capture_ops,
                           .screen = screen,
                           .at = m->machine->now,
                           .trace = m->machine->trace };
    r->shown = &r->reels[0];
    r->made = &r->reels[1];
    m->video.next = &r->capture;
    m->machine->trace = NULL;
    history_show(m->history, true, false, false);
    piece_begin(r, m->machine->now);
    return 0;
}

bool rewind_step(struct rewind *r, unsigned pictures)
{
    const struct shot *s = NULL;

    while (pictures--) {
        if (!r->shown->count) {
            if (s) /* it is given up when the next piece is made */
                break;
            piece_next(r);
        }
        if (!r->shown->count)
            break;
        s = &r->shown->list[--r->shown->count];
        for (unsigned i = 0; i < STEPS; i++)
            piece_step(r);
    }
    if (s)
        show(r, s);
    return s;
}

int rewind_end(struct rewind *r, struct err *e)
{
    struct mews *m = r->m;
    struct err ignored;
    int result;

    m->video.next = r->screen;
    result = api_seek(m, r->at, e);
    if (!result && !m->replay)
        result = api_branch(m, e);
    if (result)
        api_seek(m, UINT64_MAX, &ignored);
    m->machine->trace = r->trace;
    history_show(m->history, true, m->replay, m->replay);
    reel_fini(&r->reels[0]);
    reel_fini(&r->reels[1]);
    return result;
}
