#include "api/save.h"

#include "api/mews.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

/* A piece is what the machine waits for at least; with so little left another round is not worth
 * it. */
enum { PIECE_BYTES = 512 << 10, ENOUGH_BYTES = 1 << 20 };

struct save { /* one that was asked for */
    struct method_call *call;
    bool incremental, share;
    struct save *next;
};

static u64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

static int plain_file(const struct method_call *call, struct err *e)
{
    struct stat st;

    if (call->fd_count != 1 || file_stat(call->fds[0], &st) || !S_ISREG(st.st_mode) ||
        (fcntl(call->fds[0], F_GETFL) & O_ACCMODE) != O_RDWR)
        return err_set(e, ERR_USAGE, "want one descriptor: of a file, for reading and writing");
    return 0;
}

int saves_ask(struct saves *s, struct method_call *call, struct err *e)
{
    const struct machine *m = s->m->machine;
    struct save **end = &s->first;
    struct save save = {
        .call = call,
        .incremental = json_is_true(json_object_get(call->params, "incremental")),
        .share = json_is_true(json_object_get(call->params, "share")),
    };
    const char *why;

    if (plain_file(call, e))
        return -(int)e->code;
    if (save.incremental && save.share)
        return err_set(e, ERR_USAGE, "an image to be shared is complete: not incremental");
    if (!machine_can(m->kind, m, save.share ? VERB_FORK : VERB_SNAPSHOT, &why))
        return err_set(e, ERR_NOTSUP, "%s", why);
    while (*end)
        end = &(*end)->next;
    *end = malloc(sizeof **end);
    if (!*end)
        return err_set(e, ERR_NOMEM, "no memory");
    **end = save;
    call->later = true;
    return 0;
}

/* ---- one after another ---- */

/* The first one is over, however it went. */
static void end_first(struct saves *s, const struct err *e)
{
    struct save *save = s->first;

    snap_end(s->writer);
    s->writer = NULL;
    s->first = save->next;
    monitor_answer(save->call, e);
    free(save);
}

static int begin(struct saves *s, struct err *e)
{
    struct mews *m = s->m;
    struct save *save = s->first;
    struct snap_options o = { .incremental = save->incremental,
                              .share = save->share,
                              .program = "mews " MEWS_VERSION };

    s->began_ns = now_ns();
    s->began_ticks = m->machine->now;
    s->captured = false;
    s->rounds = 0;
    s->done_bytes = 0;
    if (!save->share && !m->chain && snap_chain_create(m->machine, &m->chain, e))
        return -(int)e->code;
    o.chain = save->share ? NULL : m->chain;
    if (snap_begin(m->machine, &m->recipe, save->call->fds[0], &o, &s->writer, e))
        return -(int)e->code;
    return snap_round(s->writer, 0, &s->turn_bytes, e);
}

/* Whether so little waits, or comes back so fast, that the pause is due. */
static bool enough(struct saves *s, u64 left)
{
    bool slow = left > s->turn_bytes / 2;

    if (left <= ENOUGH_BYTES)
        return true;
    if (s->done_bytes < s->turn_bytes)
        return false;
    s->turn_bytes = left;
    s->done_bytes = 0;
    return slow;
}

static int round_or_pause(struct saves *s, struct err *e)
{
    u64 left, began = now_ns();

    if (s->turn_bytes > ENOUGH_BYTES || s->rounds) {
        s->rounds++;
        s->done_bytes += PIECE_BYTES;
        if (snap_round(s->writer, PIECE_BYTES, &left, e))
            return -(int)e->code;
        if (!enough(s, left))
            return 0;
        began = now_ns();
    }
    if (snap_capture(s->writer, e) || api_whole(s->m, e))
        return -(int)e->code;
    s->captured = true;
    s->ticks = s->m->machine->now;
    s->pause_ns = now_ns() - began;
    return 0;
}

static int finish(struct saves *s, struct err *e)
{
    struct snap_result r;

    if (snap_finish(s->writer, &r, e))
        return -(int)e->code;
    s->count++;
    s->first->call->result = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:f, s:f}", "digest", r.digest, "memory",
        (json_int_t)r.memory_bytes, "written", (json_int_t)r.written_bytes, "paused",
        (json_int_t)r.paused_bytes, "bytes", (json_int_t)r.file_bytes, "ticks",
        (json_int_t)s->ticks, "began_ticks", (json_int_t)s->began_ticks, "rounds", (int)s->rounds,
        "seconds", (double)(now_ns() - s->began_ns) / 1e9, "pause_seconds",
        (double)s->pause_ns / 1e9);
    end_first(s, NULL);
    return 0;
}

/* After the pause, which nothing of this prolongs. */
static int rest(struct saves *s, u64 bytes, struct err *e)
{
    u64 left = 0;
    bool done;

    if (snap_sums(s->writer, bytes, &done, e))
        return -(int)e->code;
    if (done && s->first->share && snap_share(s->writer, bytes, &left, e))
        return -(int)e->code;
    return done && !left ? finish(s, e) : 0;
}

static int piece(struct saves *s, struct err *e)
{
    if (api_whole(s->m, e))
        return -(int)e->code;
    if (!s->writer)
        return begin(s, e);
    return s->captured ? rest(s, PIECE_BYTES, e) : round_or_pause(s, e);
}

void saves_work(struct saves *s, u64 ns)
{
    u64 began = s->first ? now_ns() : 0;
    struct err e;

    while (s->first) {
        if (piece(s, &e))
            end_first(s, &e);
        if (now_ns() - began >= ns)
            return;
    }
}

unsigned saves_waiting(const struct saves *s)
{
    unsigned n = 0;

    for (const struct save *save = s->first; save; save = save->next)
        n++;
    return n;
}

/* ---- ends ---- */

void saves_gone(struct saves *s, u64 client)
{
    struct err e;

    err_set(&e, ERR_STATE, "its client has left");
    while (s->first && s->first->call->client == client)
        end_first(s, &e);
    for (struct save **at = s->first ? &s->first->next : &s->first, *save; (save = *at);) {
        if (save->call->client != client) {
            at = &save->next;
            continue;
        }
        *at = save->next;
        monitor_answer(save->call, &e);
        free(save);
    }
}

void saves_end(struct saves *s, const char *why)
{
    struct err e;

    if (s->first && s->writer && s->captured && rest(s, UINT64_MAX, &e))
        end_first(s, &e);
    err_set(&e, ERR_STATE, "no snapshot: %s", why);
    while (s->first)
        end_first(s, &e);
}
