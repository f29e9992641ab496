#include "svc/replay/recorder_parts.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { CONSOLE, DIAGNOSTICS };

/* ---- the tape ---- */

static void say(struct err *e, const struct recorder *r, const char *fmt, va_list ap)
{
    char text[200];

    vsnprintf(text, sizeof text, fmt, ap);
    err_set(e, ERR_MISMATCH, "the machine does not do again what it did: at %llu %s",
            (unsigned long long)r->machine->now, text);
}

void recorder_diverge(struct recorder *r, const char *fmt, ...)
{
    va_list ap;

    if (r->diverged.code)
        return;
    va_start(ap, fmt);
    say(&r->diverged, r, fmt, ap);
    va_end(ap);
    r->machine->kind->kick(r->machine); /* its run goes no further than it must */
}

/* The same for a question. */
static void stray(struct recorder *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void stray(struct recorder *r, const char *fmt, ...)
{
    va_list ap;

    if (r->diverged.code || r->strayed.code)
        return;
    va_start(ap, fmt);
    say(&r->strayed, r, fmt, ap);
    va_end(ap);
    if (r->lenient)
        return;
    r->diverged = r->strayed;
    r->machine->kind->kick(r->machine);
}

static u32 digest(const void *bytes, size_t len)
{
    return (u32)XXH3_64bits(bytes, len);
}

/* Puts the answer that came from the host on the tape, with the question. */
static void keep(struct recorder *r, struct tape_entry *q)
{
    if (r->mode != RECORDER_RECORDING || r->failed.code)
        return;
    q->time = r->machine->now;
    if (!tape_add(&r->tape, q))
        err_set(&r->failed, ERR_NOMEM, "no memory for what reaches the machine");
}

/* Whether the entry is another question than q; then says so. */
static bool other(struct recorder *r, const struct tape_entry *q, const struct tape_entry *on_tape)
{
    const struct tape_entry *t = on_tape;

    if (q->what != t->what || q->time != t->time)
        stray(r, "it asks for %s, on the tape it was %s at %llu", tape_name(q->what),
              tape_name(t->what), (unsigned long long)t->time);
    else if (q->a != t->a || q->b != t->b)
        stray(r, "it asks for %s with %llu, %llu, on the tape with %llu, %llu", tape_name(q->what),
              (unsigned long long)q->a, (unsigned long long)q->b, (unsigned long long)t->a,
              (unsigned long long)t->b);
    else if (q->hash != t->hash)
        stray(r, "%s gets other bytes than on the tape", tape_name(q->what));
    return r->strayed.code;
}

static void answer(struct recorder *r, struct tape_entry *q, const struct tape_entry *from,
                   const struct tape_cursor *behind)
{
    r->at = *behind;
    q->result = from->result;
    q->bytes = from->bytes;
    q->len = from->len;
}

/* The next answer to a question of this kind, if that is what comes next; else it stays as it is.
 */
static bool play_astray(struct recorder *r, struct tape_entry *q)
{
    struct tape_cursor c = r->at;
    struct tape_entry e;

    do
        if (tape_next(&r->tape, &c, &e) != TAPE_READ)
            return false;
    while (e.what >= TAPE_FIRST_ACT);
    if (e.what != q->what || e.a != q->a || e.b != q->b)
        return false;
    answer(r, q, &e, &c);
    return true;
}

/* Completes the question with the tape's answer. False when it has diverged: then the answer is
 * `result`, and no bytes. */
static bool play(struct recorder *r, struct tape_entry *q, s64 result)
{
    struct tape_cursor c = r->at;
    struct tape_entry e = { 0 };

    q->result = result;
    q->len = 0;
    q->time = r->machine->now;
    if (r->diverged.code)
        return false;
    if (r->strayed.code)
        return play_astray(r, q);
    switch (tape_next(&r->tape, &c, &e)) {
    case TAPE_READ: break;
    case TAPE_END:
        stray(r, "it asks for %s, and the tape has ended", tape_name(q->what));
        return false;
    case TAPE_DAMAGED: recorder_diverge(r, "the tape is damaged"); return false;
    }
    if (other(r, q, &e))
        return false;
    answer(r, q, &e, &c);
    return true;
}

static bool playing(const struct recorder *r)
{
    return r->mode == RECORDER_PLAYING;
}

/* ---- consoles ---- */

static size_t chars_send(struct char_port *p, const void *bytes, size_t len)
{
    struct recorder_chars *c = container_of(p, struct recorder_chars, port);
    struct recorder *r = c->r;
    struct char_port *host = *c->host;
    struct tape_entry q = {
        .what = TAPE_SEND, .a = c->index, .b = len, .hash = digest(bytes, len)
    };

    if (playing(r)) {
        if (play(r, &q, (s64)len) && r->show_console && host)
            host->ops->send(host, bytes, len);
        return q.result >= 0 && (u64)q.result <= len ? (size_t)q.result : len;
    }
    q.result = host ? (s64)host->ops->send(host, bytes, len) : (s64)len;
    keep(r, &q);
    return (size_t)q.result;
}

/* A wait in vain changes nothing: one of them for each time is enough. */
static bool kept_already(const struct recorder *r, const struct tape_entry *q)
{
    struct tape_cursor c = r->at;
    struct tape_entry e;

    return !q->result && q->a & 1 && r->mode == RECORDER_RECORDING && c.at >= r->tape.first.at &&
           c.at < r->tape.end.at && tape_next(&r->tape, &c, &e) == TAPE_READ &&
           c.at == r->tape.end.at && e.what == q->what && e.time == r->machine->now &&
           e.a == q->a && !e.result;
}

static long chars_recv(struct char_port *p, void *bytes, size_t room, bool wait)
{
    struct recorder_chars *c = container_of(p, struct recorder_chars, port);
    struct recorder *r = c->r;
    struct char_port *host = *c->host;
    struct tape_entry q = { .what = TAPE_RECV, .a = c->index << 1 | wait, .b = room };

    if (playing(r)) {
        play(r, &q, wait ? 0 : -1);
        if (q.len > room || (q.result >= 0 && (u64)q.result != q.len))
            return -1;
        if (q.len)
            memcpy(bytes, q.bytes, q.len);
        return (long)q.result;
    }
    if (wait && r->mode == RECORDER_RECORDING && r->before_wait)
        r->before_wait(r->ctx);
    q.result = host ? host->ops->recv(host, bytes, room, wait) : -1;
    q.bytes = bytes;
    q.len = q.result > 0 ? (size_t)q.result : 0;
    if (kept_already(r, &q))
        return 0;
    r->at = r->tape.end; /* where the latest question stands */
    keep(r, &q);
    return (long)q.result;
}

static bool chars_descriptors(struct char_port *p, int out[CHAR_DESCRIPTORS], unsigned *count)
{
    struct recorder_chars *c = container_of(p, struct recorder_chars, port);
    struct char_port *host = *c->host;

    return !playing(c->r) && host && host->ops->descriptors &&
           host->ops->descriptors(host, out, count);
}

/* The tape knows nothing of screens: a machine whose past is kept has one without a size. */
static bool chars_size(struct char_port *p, u16 *columns, u16 *rows)
{
    struct recorder_chars *c = container_of(p, struct recorder_chars, port);
    struct char_port *host = *c->host;

    return c->r->mode == RECORDER_PASS && host && host->ops->size &&
           host->ops->size(host, columns, rows);
}

static const struct char_ops chars_ops = {
    .send = chars_send, .recv = chars_recv, .descriptors = chars_descriptors, .size = chars_size
};

/* ---- pictures and sound ---- */

static void video_frame(struct video_port *p, const struct video_frame *f)
{
    struct recorder *r = container_of(p, struct recorder, video);

    if (r->host.video && (!playing(r) || r->show_pictures))
        r->host.video->ops->frame(r->host.video, f);
}
static const struct video_ops video_ops = { video_frame };

static void audio_samples(struct audio_port *p, const s16 *samples, size_t count)
{
    struct recorder *r = container_of(p, struct recorder, audio);

    if (r->host.audio && (!playing(r) || r->show_sound))
        r->host.audio->ops->samples(r->host.audio, samples, count);
}

static u32 audio_pace(struct audio_port *p)
{
    struct recorder *r = container_of(p, struct recorder, audio);
    struct tape_entry q = { .what = TAPE_PACE };

    if (playing(r)) {
        play(r, &q, 1 << 16);
        return (u32)q.result;
    }
    q.result = 1 << 16;
    if (r->host.audio && r->host.audio->ops->pace)
        q.result = r->host.audio->ops->pace(r->host.audio);
    keep(r, &q);
    return (u32)q.result;
}
static const struct audio_ops audio_ops = { audio_samples, audio_pace };
static const struct audio_ops audio_ops_unpaced = { audio_samples, NULL };

/* ---- controllers ---- */

static u32 input_buttons(struct input_port *p, unsigned index)
{
    struct recorder *r = container_of(p, struct recorder, input);
    struct tape_entry q = { .what = TAPE_BUTTONS, .a = index };

    if (playing(r)) {
        play(r, &q, 0);
        return (u32)q.result;
    }
    q.result = r->host.input ? r->host.input->ops->buttons(r->host.input, index) : 0;
    keep(r, &q);
    return (u32)q.result;
}
static const struct input_ops input_ops = { input_buttons };

/* ---- battery RAM ---- */

static size_t store_load(struct store_port *p, void *bytes, size_t room)
{
    struct recorder *r = container_of(p, struct recorder, store);
    struct tape_entry q = { .what = TAPE_LOAD, .b = room, .bytes = bytes };

    if (playing(r)) {
        play(r, &q, 0);
        if (q.len > room)
            return 0;
        if (q.len)
            memcpy(bytes, q.bytes, q.len);
        return q.len;
    }
    if (r->host.store)
        q.len = r->host.store->ops->load(r->host.store, bytes, room);
    keep(r, &q);
    return q.len;
}

/* No answer is kept: machine->now may be anything, since people ask for this too (kind->store), and
 * no machine may depend on it. */
static bool store_save(struct store_port *p, const void *bytes, size_t len)
{
    struct recorder *r = container_of(p, struct recorder, store);

    return playing(r) || !r->host.store || r->host.store->ops->save(r->host.store, bytes, len);
}
static const struct store_ops store_ops = { store_load, store_save };

/* ---- files ---- */

static int files_open(struct files_port *p, const char *path, unsigned flags, struct err *why)
{
    struct recorder *r = container_of(p, struct recorder, files);
    struct tape_entry q = { .what = TAPE_OPEN_FILE,
                            .a = flags,
                            .hash = digest(path, strlen(path)) };

    if (playing(r)) {
        play(r, &q, -1);
        if (q.result < 0)
            err_set(why, ERR_STATE, "%.*s", (int)(q.len < 200 ? q.len : 200),
                    (const char *)q.bytes);
        return (int)q.result;
    }
    q.result = r->host.files ? r->host.files->ops->open(r->host.files, path, flags, why)
                             : err_set(why, ERR_STATE, "no directory is shared");
    if (q.result < 0) { /* the sentence, which the machine may tell */
        q.bytes = (const u8 *)why->text;
        q.len = strlen(why->text);
    }
    keep(r, &q);
    return (int)q.result;
}

static int files_close(struct files_port *p, int fd)
{
    struct recorder *r = container_of(p, struct recorder, files);
    struct tape_entry q = { .what = TAPE_CLOSE_FILE, .a = (u32)fd };

    if (playing(r)) {
        play(r, &q, -1);
        return (int)q.result;
    }
    q.result = r->host.files ? r->host.files->ops->close(r->host.files, fd) : -1;
    keep(r, &q);
    return (int)q.result;
}

static long files_read(struct files_port *p, int fd, void *bytes, size_t room)
{
    struct recorder *r = container_of(p, struct recorder, files);
    struct tape_entry q = { .what = TAPE_READ_FILE, .a = (u32)fd, .b = room, .bytes = bytes };

    if (playing(r)) {
        play(r, &q, -1);
        if (q.len > room || (q.result >= 0 && (u64)q.result != q.len))
            return -1;
        if (q.len)
            memcpy(bytes, q.bytes, q.len);
        return (long)q.result;
    }
    q.result = r->host.files ? r->host.files->ops->read(r->host.files, fd, bytes, room) : -1;
    q.len = q.result > 0 ? (size_t)q.result : 0;
    keep(r, &q);
    return (long)q.result;
}

static long files_write(struct files_port *p, int fd, const void *bytes, size_t len)
{
    struct recorder *r = container_of(p, struct recorder, files);
    struct tape_entry q = {
        .what = TAPE_WRITE_FILE, .a = (u32)fd, .b = len, .hash = digest(bytes, len)
    };

    if (playing(r)) {
        play(r, &q, -1);
        return q.result <= (s64)len ? (long)q.result : -1;
    }
    q.result = r->host.files ? r->host.files->ops->write(r->host.files, fd, bytes, len) : -1;
    keep(r, &q);
    return (long)q.result;
}
static const struct files_ops files_ops = { files_open, files_close, files_read, files_write };

/* ---- life ---- */

enum {
    HAS_CONSOLE = 1,
    HAS_DIAGNOSTICS = 2,
    HAS_VIDEO = 4,
    HAS_AUDIO = 8,
    HAS_INPUT = 16,
    HAS_STORE = 32,
    HAS_FILES = 64,
    HAS_PACE = 128,
};

static u32 has(const struct ports *p)
{
    return (p->console ? HAS_CONSOLE : 0) | (p->diagnostics ? HAS_DIAGNOSTICS : 0) |
           (p->video ? HAS_VIDEO : 0) | (p->audio ? HAS_AUDIO : 0) | (p->input ? HAS_INPUT : 0) |
           (p->store ? HAS_STORE : 0) | (p->files ? HAS_FILES : 0) |
           (p->audio && p->audio->ops->pace ? HAS_PACE : 0);
}

u32 recorder_has(const struct recorder *r)
{
    return has(&r->ports);
}

static void put_ports(struct recorder *r, u32 bits)
{
    r->console = (struct recorder_chars) { { &chars_ops }, r, CONSOLE, &r->host.console };
    r->diagnostics =
        (struct recorder_chars) { { &chars_ops }, r, DIAGNOSTICS, &r->host.diagnostics };
    r->video.ops = &video_ops;
    r->audio.ops = bits & HAS_PACE ? &audio_ops : &audio_ops_unpaced;
    r->input.ops = &input_ops;
    r->store.ops = &store_ops;
    r->files = (struct files_port) { &files_ops, r->host.files ? r->host.files->state : NULL };
    r->ports = (struct ports) {
        .console = bits & HAS_CONSOLE ? &r->console.port : NULL,
        .diagnostics = bits & HAS_DIAGNOSTICS ? &r->diagnostics.port : NULL,
        .video = bits & HAS_VIDEO ? &r->video : NULL,
        .audio = bits & HAS_AUDIO ? &r->audio : NULL,
        .input = bits & HAS_INPUT ? &r->input : NULL,
        .store = bits & HAS_STORE ? &r->store : NULL,
        .files = bits & HAS_FILES ? &r->files : NULL,
        .decode = r->host.decode,
        /* Only kinds that cannot be recorded have these yet. */
        .clock = r->host.clock,
        .entropy = r->host.entropy,
        .disks = r->host.disks,
        .disk_count = r->host.disk_count,
        .links = r->host.links,
        .link_count = r->host.link_count,
    };
}

int recorder_create_as(const struct ports *host, u32 bits, struct recorder **out, struct err *e)
{
    struct recorder *r = calloc(1, sizeof *r);

    if (!r)
        return err_set(e, ERR_NOMEM, "no memory for a recorder");
    r->host = *host;
    put_ports(r, bits);
    *out = r;
    return 0;
}

int recorder_create(const struct ports *host, struct recorder **out, struct err *e)
{
    return recorder_create_as(host, has(host), out, e);
}

void recorder_destroy(struct recorder *r)
{
    if (!r)
        return;
    tape_fini(&r->tape);
    free(r);
}

const struct ports *recorder_ports(struct recorder *r)
{
    return &r->ports;
}

void recorder_attach(struct recorder *r, struct machine *m)
{
    r->machine = m;
    r->tape.first.time = r->tape.end.time = m->now;
}

void recorder_record(struct recorder *r)
{
    assert(r->machine);
    r->mode = RECORDER_RECORDING;
    r->at = r->tape.end;
}

void recorder_play(struct recorder *r, const struct tape_cursor *from)
{
    assert(r->machine);
    r->mode = RECORDER_PLAYING;
    r->at = *from;
    r->diverged = r->strayed = (struct err) { 0 };
}

/* ---- acts ---- */

static int reset(struct machine *m, struct err *e)
{
    const char *why;

    if (!machine_can(m->kind, m, VERB_RESET, &why))
        return err_set(e, ERR_NOTSUP, "reset: %s", why);
    m->kind->reset(m);
    return 0;
}

static int poke(struct machine *m, const struct tape_entry *a, struct err *e)
{
    u64 cpu = a->a >> 1;

    if (!m->kind->poke || cpu >= m->cpu_count)
        return err_set(e, ERR_NOTSUP, "this kind of machine has no memory to poke");
    if (!m->kind->poke(&m->cpus[cpu], (enum cpu_space)(a->a & 1), a->b, a->bytes, a->len))
        return err_set(e, ERR_USAGE, "$%llx: nothing can be written there",
                       (unsigned long long)a->b);
    return 0;
}

/* A path, a zero byte, the value as text, a zero byte. */
static int set(struct machine *m, const char *path, const char *value, struct err *e)
{
    struct component *root = &m->root;
    struct field_ref ref;
    u64 v, old;

    component_saving(root);
    if (!component_field(root, path, &ref, NULL) || ref.field->role != FIELD_STATE)
        return err_set(e, ERR_USAGE, "%s: no such field that can change", path);
    if (field_parse(&ref, value, &v, e))
        return err_wrap(e, "%s", path);
    old = field_get(&ref);
    field_put(&ref, v);
    if (!component_loaded(root, e))
        return 0;
    field_put(&ref, old);
    component_loaded(root, &(struct err) { 0 });
    return -(int)e->code;
}

static int set_entry(struct machine *m, const struct tape_entry *a, struct err *e)
{
    const char *path = (const char *)a->bytes;
    const char *zero = a->len ? memchr(path, 0, a->len) : NULL;
    const char *value = zero ? zero + 1 : NULL;

    if (!zero || value == path + a->len || path[a->len - 1])
        return err_set(e, ERR_FORMAT, "no path and value");
    return set(m, path, value, e);
}

static int perform(struct recorder *r, const struct tape_entry *a, struct err *e)
{
    switch (a->what) {
    case TAPE_RESET: return reset(r->machine, e);
    case TAPE_POKE: return poke(r->machine, a, e);
    default: return set_entry(r->machine, a, e);
    }
}

/* Does what was asked for now, and keeps it when it could be done. */
static int act(struct recorder *r, struct tape_entry *a, struct err *e)
{
    int result;

    assert(r->machine);
    if (playing(r))
        return err_set(e, ERR_STATE, "the machine is in the past, which cannot be changed");
    a->time = r->machine->now; /* a reset takes time */
    result = perform(r, a, e);
    if (result || r->mode != RECORDER_RECORDING)
        return result;
    if (!tape_add(&r->tape, a))
        err_set(&r->failed, ERR_NOMEM, "no memory for what reaches the machine");
    return 0;
}

int recorder_reset(struct recorder *r, struct err *e)
{
    return act(r, &(struct tape_entry) { .what = TAPE_RESET }, e);
}

int recorder_poke(struct recorder *r, struct cpu *c, enum cpu_space s, u64 addr, const void *in,
                  size_t len, struct err *e)
{
    struct tape_entry a = {
        .what = TAPE_POKE, .a = (u64)c->index << 1 | s, .b = addr, .bytes = in, .len = len
    };

    return act(r, &a, e);
}

int recorder_set(struct recorder *r, const char *path, const char *value, struct err *e)
{
    char text[512];
    int n = snprintf(text, sizeof text, "%s%c%s", path, 0, value);
    struct tape_entry a = { .what = TAPE_SET, .bytes = (const u8 *)text, .len = (size_t)n + 1 };

    if ((size_t)n >= sizeof text)
        return err_set(e, ERR_LIMIT, "%.80s: the text is too long", path);
    return act(r, &a, e);
}

bool recorder_act(struct recorder *r)
{
    struct tape_cursor c = r->at;
    struct tape_entry a;
    struct err e;

    assert(playing(r));
    if (r->diverged.code)
        return false;
    if (tape_next(&r->tape, &c, &a) != TAPE_READ || a.what < TAPE_FIRST_ACT ||
        a.time != r->machine->now) {
        recorder_diverge(r, "it is not where it was when it was acted upon");
        return false;
    }
    if (perform(r, &a, &e)) {
        recorder_diverge(r, "%s fails: %s", tape_name(a.what), e.text);
        return false;
    }
    r->at = c;
    return true;
}

bool recorder_waits(const struct recorder *r)
{
    struct tape_cursor c = r->at;
    struct tape_entry e;

    return tape_next(&r->tape, &c, &e) == TAPE_READ && e.what == TAPE_RECV && (e.a & 1) &&
           !e.result && e.time == r->machine->now;
}
