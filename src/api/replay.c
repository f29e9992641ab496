/* Recordings and the way back: what svc/replay does, for the machine behind the handle.
 *
 * A recorder stands before the ports of every machine, and only passes on until there is a history:
 * with rewind memory, while a recording is written, or of a recording that is played. */
#include "api/mews.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORDING_LIMIT ((size_t)4 << 30)

enum {
    PATIENCE_PARTS = 4,             /* of a second of machine time: so much may a crash lose */
    REPLAY_MEMORY_BYTES = 64 << 20, /* for the checkpoints of a recording */
    RECORD_MEMORY_BYTES = 4 << 20   /* of a machine that is recorded and needs no way back */
};

struct replay {
    struct recording rec;
    struct machine_parts spare; /* to verify with */
};

/* ---- a machine comes and goes ---- */

int api_recorder(struct mews *m, const struct ports *host, struct recorder **out, struct err *e)
{
    return m->replay ? recorder_create_as(host, m->replay->rec.has, out, e)
                     : recorder_create(host, out, e);
}

static int begin(struct mews *m, struct recording_writer *w, struct err *e)
{
    struct history_options o = { .memory_bytes = m->rewind_bytes ? m->rewind_bytes
                                                                 : RECORD_MEMORY_BYTES,
                                 .recording = w };

    if (history_create(m->machine, m->recorder, &o, &m->history, e))
        return -(int)e->code;
    history_show(m->history, true, false, false);
    return 0;
}

void api_history_begin(struct mews *m)
{
    struct err e;

    if (m->rewind_bytes)
        begin(m, NULL, &e); /* else it has none, which mews_seek() tells */
}

void api_history_end(struct mews *m)
{
    history_destroy(m->history);
    m->history = NULL;
    if (!m->replay)
        return;
    api_unmake(&m->replay->spare);
    recording_fini(&m->replay->rec);
    free(m->replay);
    m->replay = NULL;
}

int api_history_finish(struct mews *m, struct err *e)
{
    if (!m->history)
        return 0;
    if (!m->replay && history_past(m->history) && api_seek(m, UINT64_MAX, e))
        return -(int)e->code;
    return history_finish(m->history, e) ? err_wrap(e, "the recording") : 0;
}

bool api_past(const struct mews *m)
{
    return m->history && history_past(m->history);
}

bool api_recording(const struct mews *m)
{
    return m->history && history_writes(m->history);
}

/* ---- recording ---- */

static int record(struct mews *m, int fd, struct err *e)
{
    u64 second = machine_ticks(m->machine, 1000000000);
    struct recording_writer *w;

    if (recording_begin(fd, &m->recipe, recorder_has(m->recorder), second / PATIENCE_PARTS, &w, e))
        return -(int)e->code;
    api_history_end(m);
    if (!begin(m, w, e))
        return 0;
    recording_end(w, 0, &(struct err) { 0 });
    return -(int)e->code;
}

static int can_record(const struct mews *m, struct err *e)
{
    const char *why;

    if (!machine_can(m->machine->kind, m->machine, VERB_REPLAY, &why))
        return err_set(e, ERR_NOTSUP, "it cannot be recorded: %s", why);
    if (api_past(m))
        return err_set(e, ERR_STATE, "it cannot be recorded while it is in the past");
    return api_recording(m) ? err_set(e, ERR_STATE, "it is being recorded already") : 0;
}

int mews_record(struct mews *m, const char *path, struct mews_error *error)
{
    struct err e;
    int fd;

    if (!path)
        return api_history_finish(m, &e) ? api_report(error, &e) : 0;
    if (can_record(m, &e))
        return api_report(error, &e);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0)
        err_set(&e, ERR_SYS, "%s", path);
    else if (!record(m, fd, &e))
        return 0;
    else
        err_wrap(&e, "%s", path);
    return api_report(error, &e);
}

int mews_record_to(struct mews *m, int fd, struct mews_error *error)
{
    struct err e;

    if (!can_record(m, &e))
        return record(m, fd, &e) ? api_report(error, &e) : 0;
    close(fd);
    return api_report(error, &e);
}

/* ---- playing ---- */

bool mews_is_recording(const char *path)
{
    u8 head[16];

    return recording_accepts(head, file_head(path, head, sizeof head));
}

static int check_options(const struct mews_options *o, struct err *e)
{
    if (o->kind || (o->settings && *o->settings) || (o->args && *o->args))
        return err_set(e, ERR_USAGE,
                       "a recording knows its kind, its settings and the guest's arguments");
    if (o->saves)
        return err_set(e, ERR_USAGE, "what is played from a recording keeps no battery RAM");
    return 0;
}

static int read_recording(const char *path, struct replay **out, struct err *e)
{
    struct replay *r = calloc(1, sizeof *r);
    size_t len;
    u8 *file;

    if (!r)
        return err_set(e, ERR_NOMEM, "no memory");
    if (file_read(path, RECORDING_LIMIT, &file, &len, e)) {
        free(r);
        return -(int)e->code;
    }
    if (recording_read(&r->rec, file, len, e)) {
        free(file);
        free(r);
        return err_wrap(e, "%s", path);
    }
    *out = r;
    return 0;
}

/* m->replay is read, and m has no machine yet. */
static int open_history(struct mews *m, struct err *e)
{
    struct history_options o = { .memory_bytes = REPLAY_MEMORY_BYTES };
    struct replay *r = m->replay;
    struct machine_parts parts;

    if (api_make_again(m, &r->rec.recipe, &parts, e))
        return -(int)e->code;
    m->replay = NULL; /* it is not the one of a machine that goes */
    api_exchange(m, &parts);
    m->replay = r;
    if (history_open(m->machine, m->recorder, &r->rec, &o, &m->history, e))
        return -(int)e->code;
    history_show(m->history, true, true, true);
    m->frames = m->machine->frames;
    return 0;
}

int mews_replay(const char *path, const struct mews_options *given, struct mews **out,
                struct mews_error *error)
{
    struct mews_options o = api_options(given);
    struct replay *r = NULL;
    struct mews *m = NULL;
    struct err e;

    if (check_options(&o, &e)) {
        err_wrap(&e, "%s", path);
        return api_report(error, &e);
    }
    if (read_recording(path, &r, &e))
        return api_report(error, &e);
    if (api_begin(&o, &m, &e)) {
        recording_fini(&r->rec);
        free(r);
        return api_report(error, &e);
    }
    m->replay = r;
    if (!open_history(m, &e)) {
        *out = m;
        return 0;
    }
    err_wrap(&e, "%s", path);
    mews_close(m);
    return api_report(error, &e);
}

int mews_verify(struct mews *m, struct mews_error *error)
{
    struct replay *r = m->replay;
    struct err e;

    if (!r || r->spare.machine || m->machine->now != history_first(m->history)) {
        err_set(&e, ERR_STATE, "only a recording can be verified, and from its beginning");
        return api_report(error, &e);
    }
    if (api_make_again(m, &r->rec.recipe, &r->spare, &e) ||
        history_verify(m->history, r->spare.machine, &e))
        return api_report(error, &e);
    return 0;
}

int mews_verdict(struct mews *m, uint64_t *compared, struct mews_error *error)
{
    struct err e;
    u64 count = 0;
    int r = m->history ? history_verdict(m->history, &count, &e) : 0;

    *compared = count;
    return r ? api_report(error, &e) : 0;
}

/* ---- the way back ---- */

int mews_rewind_memory(struct mews *m, size_t bytes, struct mews_error *error)
{
    struct err e;

    if (m->replay || api_past(m) || api_recording(m)) {
        err_set(&e, ERR_STATE, "rewind memory is for a machine that is live and not recorded yet");
        return api_report(error, &e);
    }
    api_history_end(m);
    m->rewind_bytes = bytes;
    return bytes && begin(m, NULL, &e) ? api_report(error, &e) : 0;
}

bool mews_history(const struct mews *m, struct mews_history_info *out)
{
    const struct history *h = m->history;

    if (!h)
        return false;
    *out = (struct mews_history_info) {
        .first = history_first(h),
        .end = history_last(h),
        .past = history_past(h),
        .recording = history_writes(h),
        .replay = m->replay != NULL,
        .cut_off = m->replay && !m->replay->rec.complete,
    };
    return true;
}

int api_seek(struct mews *m, u64 time, struct err *e)
{
    int r = m->history ? history_seek(m->history, time, e)
                       : err_set(e, ERR_STATE, "nothing is remembered of the machine's past");

    m->frames = m->machine->frames;
    return r;
}

int mews_seek(struct mews *m, uint64_t time, struct mews_error *error)
{
    struct err e;

    return api_seek(m, time, &e) ? api_report(error, &e) : 0;
}

int api_branch(struct mews *m, struct err *e)
{
    return m->history ? history_branch(m->history, e) : 0;
}

int mews_branch(struct mews *m, struct mews_error *error)
{
    struct err e;

    return api_branch(m, &e) ? api_report(error, &e) : 0;
}
