#include "svc/replay/history.h"

#include "mach/image.h"
#include "svc/replay/checkpoints.h"
#include "svc/replay/recorder_parts.h"
#include "svc/replay/trail.h"
#include "svc/replay/verify.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the checkpoints, one in so many is written to a recording as a whole state; of the others,
 * their digests. */
enum { STATE_EVERY = 10 };

/* By so much may images of one machine differ: its events are queued or not. */
enum { EVENTS_BYTES = 65536 };

/* A step of the trail is this part of the way, and no shorter than a second's. */
enum { TRAIL_PARTS = 32, TRAIL_HZ = 240 };

struct history {
    struct machine *machine;
    struct recorder *recorder;
    struct checkpoints points;
    size_t memory_bytes;
    u64 every, due;
    bool past;
    bool closed; /* it ends where it ends */
    u64 end;     /* while in the past */
    struct recording_writer *writer;
    unsigned written; /* checkpoints */
    struct err failed;
    bool told; /* that it has failed */
    const struct recording *rec;
    struct verifier *verifier;
    bool show_pictures, show_sound, show_console;
    u8 *image; /* room for one, when it is needed */
    size_t image_room;
    struct trail trail;
};

/* ---- images ---- */

static bool save(struct history *h, size_t *bytes)
{
    u8 *image;

    *bytes = machine_save(h->machine, NULL);
    if (*bytes > h->image_room) {
        image = realloc(h->image, *bytes);
        if (!image)
            return false;
        h->image = image;
        h->image_room = *bytes;
    }
    machine_save(h->machine, h->image);
    return true;
}

/* Memory goes to the tape first, without which a checkpoint is worth nothing: as long as it takes
 * no more than half, the past gets only coarser. */
static void keep_within(struct history *h)
{
    struct tape *tape = &h->recorder->tape;
    size_t trail = trail_bytes(&h->trail), room;

    while (tape_bytes(tape) > h->memory_bytes / 2 && h->points.count > 2 &&
           checkpoints_drop_first(&h->points))
        tape_drop(tape, &h->points.list[0]->at);
    room = h->memory_bytes - (trail < h->memory_bytes / 4 ? trail : h->memory_bytes / 4);
    checkpoints_thin(&h->points, room - (tape_bytes(tape) < room ? tape_bytes(tape) : room));
}

static bool keep_checkpoint(struct history *h)
{
    struct recorder *r = h->recorder;
    size_t bytes;

    if (!save(h, &bytes) ||
        !checkpoints_add(&h->points, h->machine->now, &r->tape.end, h->image, bytes))
        return false;
    h->due = h->machine->now + h->every;
    keep_within(h);
    return true;
}

static int write_tape(struct history *h, bool now, struct err *e)
{
    return h->writer ? recording_write_tape(h->writer, &h->recorder->tape, h->machine->now, now, e)
                     : 0;
}

static int write_checkpoint(struct history *h, struct err *e)
{
    struct machine *m = h->machine;
    struct sums sums;
    size_t bytes;

    if (h->written++ % STATE_EVERY) {
        sums_take(&sums, m);
        return recording_write_sums(h->writer, m->now, &sums, e);
    }
    if (!save(h, &bytes))
        return err_set(e, ERR_NOMEM, "no memory for the history");
    return recording_write_state(h->writer, m->now, h->recorder->tape.end.at, h->image, bytes, e);
}

/* What a live machine does when a checkpoint is due. */
static int take_checkpoint(struct history *h, struct err *e)
{
    if (h->writer && ((h->written && write_tape(h, true, e)) || write_checkpoint(h, e)))
        return -(int)e->code;
    return keep_checkpoint(h) ? 0 : err_set(e, ERR_NOMEM, "no memory for the history");
}

/* The guest waits for a person: nobody knows for how long. */
static void before_wait(void *ctx)
{
    struct history *h = ctx;

    if (!h->failed.code)
        write_tape(h, true, &h->failed);
}

/* ---- playing ---- */

/* Compares what is to be compared at this moment. */
static void look(struct history *h)
{
    struct recorder *r = h->recorder;
    char what[200];
    u64 time, at;

    while (h->verifier && verifier_next(h->verifier, &time, &at) && time <= h->machine->now &&
           (at <= r->at.at || r->strayed.code)) {
        if (!r->strayed.code && (time < h->machine->now || at < r->at.at))
            recorder_diverge(r, "no instruction ends at %llu", (unsigned long long)time);
        else if (!verifier_look(h->verifier, h->machine, what, sizeof what))
            recorder_diverge(r, "%s", what);
        if (r->diverged.code)
            return;
    }
}

/* It has gone astray, and comes no further: what it should be next is compared with what it is. */
static enum stop end_astray(struct history *h)
{
    struct recorder *r = h->recorder;
    char what[200];
    u64 time, at;

    while (!r->diverged.code && verifier_next(h->verifier, &time, &at))
        if (!verifier_look(h->verifier, h->machine, what, sizeof what))
            recorder_diverge(r, "%s", what);
    if (!r->diverged.code)
        r->diverged = r->strayed;
    return STOP_HOST;
}

/* Does all that was done to the machine at the moment at which it is. */
static bool settle(struct history *h)
{
    struct recorder *r = h->recorder;
    struct machine *m = h->machine;

    for (look(h); !r->diverged.code; look(h)) {
        const struct tape_act *a = tape_act_from(&r->tape, &r->at);
        u64 at = r->at.at;

        if (a && a->at == at && a->time == m->now) {
            recorder_act(r);
        } else if (recorder_waits(r)) { /* it asked for input here, and got none */
            m->kind->run(m, m->now + 1, NULL);
            if (r->at.at == at)
                recorder_diverge(r, "it does not ask for input");
        } else {
            return true;
        }
    }
    return false;
}

/* At the end the machine is live again, when it is where it was. */
static void arrive(struct history *h)
{
    struct recorder *r = h->recorder;

    if (!h->past || h->machine->now < h->end || !settle(h))
        return;
    if (r->strayed.code) {
        end_astray(h);
        return;
    }
    if (h->machine->now > h->end || r->at.at != r->tape.end.at) {
        recorder_diverge(r, "it is beyond the end, or has not asked all it asked");
        return;
    }
    if (h->closed)
        return;
    h->past = false;
    recorder_record(r);
}

static enum stop stop_time(struct stop_info *info)
{
    if (info)
        *info = (struct stop_info) { .why = STOP_TIME };
    return STOP_TIME;
}

/* Plays until a moment, or the end of the past, or the machine stops for another reason than that
 * it waits for what the tape has. */
static enum stop play(struct history *h, u64 until, struct stop_info *info)
{
    struct recorder *r = h->recorder;
    struct machine *m = h->machine;
    enum stop why;

    if (until > h->end)
        until = h->end;
    for (;;) {
        const struct tape_act *act;
        u64 limit = until, now = m->now, at = r->at.at, time, place;

        if (!settle(h))
            return STOP_HOST;
        act = tape_act_from(&r->tape, &r->at);
        if (act && act->time > m->now && act->time < limit)
            limit = act->time;
        if (h->verifier && verifier_next(h->verifier, &time, &place) && time > m->now &&
            time < limit)
            limit = time;
        if (m->now >= limit) /* a run would still do what an act has begun (a reset takes time) */
            return stop_time(info);
        why = m->kind->run(m, limit, info);
        if (r->diverged.code)
            return STOP_HOST;
        if (why == STOP_TIME && m->now < until && limit < until)
            continue;
        if (why == STOP_IDLE && m->now < until && (m->now > now || r->at.at > at))
            continue;
        if (r->strayed.code && (why == STOP_IDLE || why == STOP_HALT || why == STOP_FAULT))
            return end_astray(h);
        if (why == STOP_TIME && !settle(h))
            return STOP_HOST;
        return why;
    }
}

static enum stop host_failed(const struct err *e, struct stop_info *info)
{
    if (info) {
        *info = (struct stop_info) { .why = STOP_HOST };
        snprintf(info->text, sizeof info->text, "%.159s", e->text);
    }
    return STOP_HOST;
}

static enum stop fail(struct history *h, struct stop_info *info)
{
    h->told = true;
    return host_failed(&h->failed, info);
}

static enum stop run_live(struct history *h, u64 until, struct stop_info *info)
{
    struct machine *m = h->machine;
    enum stop why;

    for (;;) {
        if (!h->failed.code && m->now >= h->due)
            take_checkpoint(h, &h->failed);
        if (h->failed.code)
            return fail(h, info);
        why = m->kind->run(m, until < h->due ? until : h->due, info);
        if (h->recorder->failed.code)
            h->failed = h->recorder->failed;
        if (!h->failed.code)
            write_tape(h, false, &h->failed);
        if (h->failed.code)
            return fail(h, info);
        if (why != STOP_TIME || m->now >= until)
            return why;
    }
}

enum stop history_run(struct history *h, u64 until, struct stop_info *info)
{
    struct recorder *r = h->recorder;
    enum stop why;

    if (h->past) {
        r->show_pictures = h->show_pictures;
        r->show_sound = h->show_sound;
        r->show_console = h->show_console;
        why = play(h, until, info);
        arrive(h);
        if (r->diverged.code)
            return host_failed(&r->diverged, info);
        if (h->past || why != STOP_TIME || h->machine->now >= until)
            return why;
    }
    return run_live(h, until, info);
}

/* ---- going to a moment ---- */

static int load(struct history *h, u64 time, const u8 *image, size_t bytes,
                const struct tape_cursor *at, struct err *e)
{
    if (machine_load(h->machine, image, bytes, e))
        return err_wrap(e, "a checkpoint");
    if (h->machine->now != time)
        return err_set(e, ERR_FORMAT, "a checkpoint is of another time than it says");
    recorder_play(h->recorder, at);
    return 0;
}

static int load_checkpoint(struct history *h, const struct checkpoint *p, struct err *e)
{
    if (p->image_bytes > h->image_room) {
        u8 *image = realloc(h->image, p->image_bytes);

        if (!image)
            return err_set(e, ERR_NOMEM, "no memory for a checkpoint");
        h->image = image;
        h->image_room = p->image_bytes;
    }
    if (!checkpoints_unpack(&h->points, p, h->image))
        return err_set(e, ERR_FORMAT, "a checkpoint is damaged");
    return load(h, p->time, h->image, p->image_bytes, &p->at, e);
}

/* Goes to the nearest moment not later than `time` that costs nothing: where it is, a step of the
 * trail, a checkpoint. */
static int go_near(struct history *h, u64 time, struct err *e)
{
    const struct checkpoint *p = checkpoints_before(&h->points, time);
    const struct step *t = trail_before(&h->trail, time);
    u64 best = t && t->time > p->time ? t->time : p->time;

    assert(p);
    if (h->machine->now <= time && h->machine->now >= best && !h->recorder->diverged.code)
        return 0;
    return t && t->time > p->time ? load(h, t->time, t->image, t->bytes, &t->at, e)
                                  : load_checkpoint(h, p, e);
}

/* Plays until `time` or later; whatever would stop the machine on its way does not. */
static int play_to(struct history *h, u64 time, bool *kicked, struct err *e)
{
    struct machine *m = h->machine;

    if (time > h->end)
        time = h->end;
    while (m->now < time) {
        u64 now = m->now, at = h->recorder->at.at;
        enum stop why = play(h, time, NULL);

        *kicked |= why == STOP_KICK && !h->recorder->diverged.code;
        if (m->now == now && h->recorder->at.at == at && why != STOP_KICK) {
            if (why == STOP_BREAK && m->kind->step)
                m->kind->step(m, &m->cpus[0], NULL);
            if (m->now == now)
                break;
        }
        if (h->recorder->diverged.code)
            break;
    }
    if (settle(h))
        return 0;
    *e = h->recorder->diverged;
    return -(int)e->code;
}

/* The same, with a trail when that is worth it. */
static int play_to_with_trail(struct history *h, u64 time, bool *kicked, struct err *e)
{
    struct machine *m = h->machine;
    u64 step = (time - m->now) / TRAIL_PARTS, least = machine_ticks(m, 1000000000u / TRAIL_HZ);
    int r = 0;

    if (step < least)
        step = least;
    while (!r && time - m->now > step && m->now < time) {
        u64 next = m->now + step;

        r = play_to(h, next, kicked, e);
        if (r || m->now < next) /* it has ended before */
            break;
        if (m->now <= time)
            trail_add(&h->trail, m, &h->recorder->at, time, h->memory_bytes / 4);
    }
    return r ? r : play_to(h, time, kicked, e);
}

/* The machine is beyond `time`, in which no instruction ends: goes to the last one that ended
 * before. */
static int go_back_one(struct history *h, u64 time, bool *kicked, struct err *e)
{
    struct machine *m = h->machine;
    u64 first = history_first(h), start;
    struct tape_cursor at;
    size_t bytes;
    unsigned steps = 0;
    int r;

    for (u64 back = 16;; back *= 4) {
        u64 from = time - first > back ? time - back : first;

        if ((r = go_near(h, from, e)) || (r = play_to(h, from, kicked, e)))
            return r;
        if (m->now <= time)
            break;
        assert(from > first);
    }
    if (!save(h, &bytes))
        return err_set(e, ERR_NOMEM, "no memory for a checkpoint");
    at = h->recorder->at;
    start = m->now;
    for (;;) {
        u64 now = m->now;

        if ((r = play_to(h, now + 1, kicked, e)))
            return r;
        if (m->now > time || m->now == now)
            break;
        steps++;
    }
    if ((r = load(h, start, h->image, bytes, &at, e)))
        return r;
    while (!r && steps--)
        r = play_to(h, m->now + 1, kicked, e);
    return r;
}

static int seek(struct history *h, u64 time, bool *kicked, struct err *e)
{
    bool backwards = time < h->machine->now;
    int r = go_near(h, time, e);

    if (r)
        return r;
    r = backwards ? play_to_with_trail(h, time, kicked, e) : play_to(h, time, kicked, e);
    if (!r && h->machine->now > time)
        r = go_back_one(h, time, kicked, e);
    return r;
}

int history_seek(struct history *h, u64 time, struct err *e)
{
    struct machine *m = h->machine;
    u64 frame_limit = m->frame_limit;
    struct trace *trace = m->trace;
    bool kicked = false;
    int r;

    if (!h->past && time >= m->now)
        return 0;
    if (!h->past && write_tape(h, true, e))
        return -(int)e->code;
    if (!h->past && !keep_checkpoint(h)) /* the way back to here */
        return err_set(e, ERR_NOMEM, "no memory for the history");
    if (time < history_first(h))
        return err_set(e, ERR_LIMIT, "the history begins at %llu",
                       (unsigned long long)history_first(h));
    if (!h->past) {
        h->end = m->now;
        h->past = true;
        recorder_play(h->recorder, &h->recorder->tape.end);
    }
    h->recorder->show_pictures = h->recorder->show_sound = h->recorder->show_console = false;
    m->frame_limit = 0;
    m->trace = NULL;
    r = seek(h, time < h->end ? time : h->end, &kicked, e);
    m->frame_limit = frame_limit;
    m->trace = trace;
    if (kicked)
        m->kind->kick(m);
    arrive(h);
    if (!r && h->recorder->diverged.code) {
        *e = h->recorder->diverged;
        r = -(int)e->code;
    }
    return r;
}

static bool uses_files(const struct history *h)
{
    struct tape_cursor c = h->recorder->at;
    struct tape_entry t;

    while (tape_next(&h->recorder->tape, &c, &t) == TAPE_READ)
        if (t.what == TAPE_OPEN_FILE || t.what == TAPE_CLOSE_FILE || t.what == TAPE_READ_FILE ||
            t.what == TAPE_WRITE_FILE)
            return true;
    return false;
}

int history_branch(struct history *h, struct err *e)
{
    struct recorder *r = h->recorder;
    const struct checkpoint *p;

    if (!h->past)
        return 0;
    if (uses_files(h))
        return err_set(e, ERR_STATE,
                       "the machine cannot go on from here: it has used files since then, and what "
                       "happened to them cannot be taken back");
    if (h->writer && recording_write_cut(h->writer, h->machine->now, r->at.at, e))
        return -(int)e->code;
    tape_cut(&r->tape, &r->at);
    checkpoints_cut(&h->points, h->machine->now, r->at.at);
    trail_trim(&h->trail, 0, h->machine->now);
    p = checkpoints_before(&h->points, h->machine->now);
    h->due = p ? p->time + h->every : h->machine->now;
    h->past = h->closed = false;
    recorder_record(r);
    return 0;
}

/* ---- life ---- */

static int create(struct machine *m, struct recorder *r, const struct history_options *o,
                  struct history **out, struct err *e)
{
    const char *why;
    struct history *h;

    if (!machine_can(m->kind, m, VERB_REPLAY, &why))
        return err_set(e, ERR_NOTSUP, "this machine has no history: %s", why);
    h = calloc(1, sizeof *h);
    if (!h)
        return err_set(e, ERR_NOMEM, "no memory for the history");
    h->machine = m;
    h->recorder = r;
    h->memory_bytes = o->memory_bytes;
    h->every = o->every_ticks ? o->every_ticks : machine_ticks(m, 1000000000);
    h->due = m->now;
    checkpoints_init(&h->points);
    *out = h;
    return 0;
}

int history_create(struct machine *m, struct recorder *r, const struct history_options *o,
                   struct history **out, struct err *e)
{
    struct history *h;

    if (create(m, r, o, &h, e))
        return -(int)e->code;
    h->writer = o->recording;
    tape_fini(&r->tape);
    r->tape.first.time = r->tape.end.time = m->now; /* which a snapshot may have moved on */
    r->failed = (struct err) { 0 };
    r->before_wait = before_wait;
    r->ctx = h;
    recorder_record(r);
    *out = h;
    return 0;
}

static int add_state(struct history *h, const struct recording_state *s, struct tape_cursor *at,
                     struct err *e)
{
    u8 *image;
    int r = 0;

    if (s->image_bytes > machine_save(h->machine, NULL) + EVENTS_BYTES)
        return err_set(e, ERR_FORMAT, "a state in the recording is of another machine");
    image = malloc(s->image_bytes);
    if (!image)
        return err_set(e, ERR_NOMEM, "no memory for the history");
    if (!recording_unpack(s, image) || !tape_find(&h->recorder->tape, s->at, at))
        r = err_set(e, ERR_FORMAT, "a state in the recording is damaged");
    else if (!h->points.count && machine_load(h->machine, image, s->image_bytes, e))
        r = err_wrap(e, "the first state");
    else if (!checkpoints_add(&h->points, s->time, at, image, s->image_bytes))
        r = err_set(e, ERR_NOMEM, "no memory for the history");
    free(image);
    return r;
}

int history_open(struct machine *m, struct recorder *r, struct recording *rec,
                 const struct history_options *o, struct history **out, struct err *e)
{
    struct tape_cursor at = rec->tape.first;
    struct history *h;
    int result = 0;

    if (create(m, r, o, &h, e))
        return -(int)e->code;
    tape_fini(&r->tape);
    r->tape = rec->tape;
    rec->tape = (struct tape) { 0 };
    for (size_t i = 0; !result && i < rec->state_count; i++) {
        result = add_state(h, &rec->states[i], &at, e);
        checkpoints_thin(&h->points, h->memory_bytes);
    }
    if (!result && m->now != rec->states[0].time)
        result = err_set(e, ERR_FORMAT, "the first state is of another time than it says");
    if (result) {
        history_destroy(h);
        return result;
    }
    h->rec = rec;
    h->past = h->closed = true;
    h->end = rec->end;
    recorder_play(r, &h->points.list[0]->at);
    *out = h;
    return 0;
}

/* The end as a whole state, by which also a short recording can be verified. */
static int write_last(struct history *h, struct err *e)
{
    if (h->written && write_tape(h, true, e))
        return -(int)e->code;
    h->written = 0;
    return write_checkpoint(h, e);
}

int history_finish(struct history *h, struct err *e)
{
    struct recording_writer *w = h->writer;
    u64 time = h->past ? h->end : h->machine->now;
    int r = 0;

    if (!w)
        return 0;
    if (!h->past)
        r = write_last(h, e);
    h->writer = NULL;
    if (h->told) {
        recording_end(w, time, e);
        return 0;
    }
    return recording_end(w, time, r ? &(struct err) { 0 } : e) || r ? -(int)e->code : 0;
}

void history_destroy(struct history *h)
{
    struct err e;

    if (!h)
        return;
    history_finish(h, &e);
    h->recorder->mode = RECORDER_PASS;
    h->recorder->lenient = false;
    h->recorder->before_wait = NULL;
    trail_trim(&h->trail, 1, 0);
    checkpoints_fini(&h->points);
    free(h->verifier);
    free(h->image);
    free(h);
}

/* ---- verifying ---- */

int history_verify(struct history *h, struct machine *spare, struct err *e)
{
    assert(h->closed && h->rec);
    h->verifier = malloc(sizeof *h->verifier);
    if (!h->verifier)
        return err_set(e, ERR_NOMEM, "no memory to verify with");
    verifier_init(h->verifier, h->rec, spare);
    h->recorder->lenient = true;
    return 0;
}

int history_verdict(const struct history *h, u64 *compared, struct err *e)
{
    char what[200];

    *compared = h->verifier ? h->verifier->compared : 0;
    if (h->verifier && !strstr(h->recorder->diverged.text, "differs first") &&
        verifier_found(h->verifier, what, sizeof what))
        return err_set(e, ERR_MISMATCH, "the machine does not do again what it did: %s", what);
    if (!h->recorder->diverged.code && !h->recorder->strayed.code)
        return 0;
    *e = h->recorder->diverged.code ? h->recorder->diverged : h->recorder->strayed;
    return -(int)e->code;
}

/* ---- what it knows ---- */

u64 history_first(const struct history *h)
{
    return h->points.count ? h->points.list[0]->time : h->machine->now;
}

u64 history_last(const struct history *h)
{
    return h->past ? h->end : h->machine->now;
}

bool history_past(const struct history *h)
{
    return h->past;
}

bool history_writes(const struct history *h)
{
    return h->writer != NULL;
}

u64 history_before(const struct history *h, u64 time)
{
    const struct checkpoint *p = time ? checkpoints_before(&h->points, time - 1) : NULL;
    const struct step *t = time ? trail_before(&h->trail, time - 1) : NULL;

    if (!p)
        return history_first(h);
    return t && t->time > p->time ? t->time : p->time;
}

void history_show(struct history *h, bool pictures, bool sound, bool console)
{
    h->show_pictures = pictures;
    h->show_sound = sound;
    h->show_console = console;
}

void history_stats(const struct history *h, struct history_stats *out)
{
    *out = (struct history_stats) { .checkpoints = h->points.count,
                                    .checkpoint_bytes = h->points.bytes,
                                    .tape_bytes = tape_bytes(&h->recorder->tape),
                                    .image_bytes = h->image_room };
}
