/* include/mews/mews.h: joins a kind with the host's ports. */
#include "api/control.h"
#include "api/kinds.h"
#include "api/mews.h"
#include "base/file.h"
#include "host/archive.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THING_LIMIT (1u << 30) /* a vmlinux with all its symbols is large */

_Static_assert((int)STOP_HOST == (int)MEWS_STOP_HOST, "the two lists of stops are one");

int api_report(struct mews_error *out, const struct err *e)
{
    out->code = (int)e->code;
    snprintf(out->text, sizeof out->text, "%s", e->text);
    return -(int)e->code;
}

const char *mews_version(void)
{
    return MEWS_VERSION;
}

const char *mews_stop_name(enum mews_stop s)
{
    return s == MEWS_STOP_ASKED ? "asked" : stop_name((enum stop)s);
}

void mews_kinds(mews_kind_fn *f, void *ctx)
{
    for (unsigned i = 0; i < kind_count; i++)
        for (enum verb v = 0; v < VERB_COUNT; v++) {
            const char *why;

            machine_can(kinds[i], NULL, v, &why);
            f(ctx, kinds[i]->name, kinds[i]->summary, verb_name(v), why);
        }
}

/* ---- recognition ---- */

static const struct kind *recognise(const char *wanted, const u8 *bytes, size_t len,
                                    const char **what)
{
    for (unsigned i = 0; i < kind_count; i++) {
        const struct kind *k = kinds[i];

        assert(k);
        if (wanted && strcmp(wanted, k->name) != 0)
            continue;
        if (k->accepts(bytes, len, what))
            return k;
        if (wanted && k->raw) {
            *what = k->raw;
            return k;
        }
    }
    return NULL;
}

static bool acceptable(void *ctx, const u8 *bytes, size_t len)
{
    const char *what;

    return recognise(ctx, bytes, len, &what) != NULL;
}

static int unknown(const char *thing, const char *wanted, struct err *e)
{
    char list[160] = "";

    for (unsigned i = 0; i < kind_count; i++) {
        if (wanted && strcmp(wanted, kinds[i]->name) != 0)
            continue;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? "; " : "",
                 kinds[i]->accepted);
    }
    if (!*list)
        return err_set(e, ERR_USAGE, "there is no kind '%s' (see mews kinds)", wanted);
    return err_set(e, ERR_FORMAT, "%s: not a thing that can run (accepted: %s)", thing, list);
}

static int read_thing(const char *path, const char *wanted, struct thing *t,
                      const struct kind **kind, const char **what, struct err *e)
{
    struct thing_test test = { acceptable, (void *)wanted }; /* read only */
    int r = thing_read(t, path, THING_LIMIT, &test, e);

    if (r)
        return r;
    *kind = recognise(wanted, t->bytes, t->len, what);
    if (*kind)
        return 0;
    thing_fini(t);
    return unknown(path, wanted, e);
}

int mews_info(const char *path, char *out, size_t room, struct mews_error *error)
{
    const struct kind *kind;
    struct image_info info = { 0 };
    struct thing t = { 0 };
    const char *what;
    struct err e;
    int r;

    if (read_thing(path, NULL, &t, &kind, &what, &e))
        return api_report(error, &e);
    r = kind->describe(&(struct config) { .name = t.name, .image = t.bytes, .image_bytes = t.len },
                       &info, &e);
    thing_fini(&t);
    if (r) {
        err_wrap(&e, "%s", path);
        return api_report(error, &e);
    }
    snprintf(out, room, "what: %s\nkind: %s\nboard: %s\n%s", what, kind->name, info.board,
             info.text);
    return 0;
}

bool mews_takes_arguments(const char *path, const char *wanted)
{
    struct image_info info = { 0 };
    const struct kind *kind;
    struct thing t = { 0 };
    const char *what;
    struct err e;

    if (mews_is_snapshot(path) || mews_is_recording(path))
        return false;
    if (read_thing(path, wanted, &t, &kind, &what, &e))
        return true;
    if (kind->describe(&(struct config) { .name = t.name, .image = t.bytes, .image_bytes = t.len },
                       &info, &e))
        info.arguments = true;
    thing_fini(&t);
    return info.arguments;
}

/* ---- life ---- */

static u32 held_buttons(struct input_port *p, unsigned index)
{
    const struct mews *m = container_of(p, struct mews, held);

    return index < PRESS_PADS ? m->buttons[index] : 0;
}
static const struct input_ops held_ops = { held_buttons };

static int make_ports(struct mews *m, const struct mews_options *o, struct err *e)
{
    console_init(&m->console, o->console && !o->deaf ? 0 : -1, o->console ? 1 : -1);
    console_init_after(&m->diagnostics, o->console ? 2 : -1, &m->console);
    decode_init(&m->decode);
    video_keep_init(&m->video, 0);
    audio_record_init(&m->audio, o->digest_sound, NULL);
    press_init(&m->press, &m->frames);
    m->held.ops = &held_ops;
    m->press.next = &m->held;
    palette_init(&m->palette);
    m->ports = (struct ports) {
        .console = &m->console.port,
        .diagnostics = &m->diagnostics.port,
        .video = &m->video.port,
        .audio = &m->audio.port,
        .input = &m->press.port,
        .decode = &m->decode.port,
    };
    m->reset_when_asked = o->reset_when_asked;
    m->show.speed = 1;
    m->show.end = m->show.frames = UINT64_MAX;
    if (o->saves && !(m->saves = strdup(o->saves)))
        return err_set(e, ERR_NOMEM, "no memory");
    if (o->share) {
        if (share_init(&m->share, o->share, e))
            return -(int)e->code;
        m->ports.files = &m->share.port;
    }
    return outside_open(&m->outside, o, &m->ports, e);
}

static int make_store(struct mews *m, struct machine_parts *p, struct err *e)
{
    char path[PATH_MAX];

    if (!m->saves)
        return 0;
    if ((size_t)snprintf(path, sizeof path, "%s/%s.sav", m->saves, p->name) >= sizeof path)
        return err_set(e, ERR_LIMIT, "the path is too long: %.80s...", path);
    p->store = malloc(sizeof *p->store);
    if (!p->store)
        return err_set(e, ERR_NOMEM, "no memory");
    if (store_init_at(p->store, path, e)) {
        free(p->store);
        p->store = NULL;
        return -(int)e->code;
    }
    store_follow(p->store, m->store);
    return 0;
}

enum { SETTINGS_MAX = 64 };

/* Splits "PATH=VALUE" texts; `copy` keeps the halves until create() returns. */
static int split_settings(const char *const *texts, struct setting *out, unsigned *count,
                          char copy[SETTINGS_MAX][128], struct err *e)
{
    *count = 0;
    for (; texts && *texts; texts++) {
        const char *equals = strchr(*texts, '=');
        unsigned i = *count;

        if (!equals || strlen(*texts) >= sizeof copy[0] || i == SETTINGS_MAX)
            return err_set(e, ERR_USAGE, "--set %s: want PATH=VALUE", *texts);
        strcpy(copy[i], *texts);
        copy[i][equals - *texts] = 0;
        out[i] = (struct setting) { copy[i], copy[i] + (equals - *texts) + 1 };
        ++*count;
    }
    return 0;
}

static int make(struct mews *m, const struct kind *kind, const struct config *c,
                struct machine_parts *p, struct err *e)
{
    struct ports ports = m->ports;
    struct config kept = *c;
    int r = make_store(m, p, e);

    if (r)
        return r;
    ports.store = p->store ? &p->store->port : NULL;
    if (api_recorder(m, &ports, &p->recorder, e))
        return -(int)e->code;
    r = kind->create(kind, c, recorder_ports(p->recorder), &p->machine, e);
    if (r)
        return r;
    if (p->machine->kind->keep)
        p->machine->kind->keep(p->machine, &kept);
    if (!recipe_init(&p->recipe, kind->name, &kept))
        return err_set(e, ERR_NOMEM, "no memory");
    recorder_attach(p->recorder, p->machine);
    /* Before anything is played, and so that nothing overwrites what could not be read. */
    if (p->store && store_usable(p->store, e))
        return err_wrap(e, "battery RAM cannot be kept (--saves none plays without)");
    return 0;
}

/* The machine of a thing that was read from `path`. */
static int make_thing(struct mews *m, const char *path, const struct kind *kind,
                      const struct thing *t, const struct mews_options *o,
                      struct machine_parts *out, struct err *e)
{
    char copy[SETTINGS_MAX][128];
    struct setting settings[SETTINGS_MAX];
    struct machine_parts parts = { 0 };
    u8 *initrd = NULL;
    struct config c = { .name = parts.name,
                        .image = t->bytes,
                        .image_bytes = t->len,
                        .settings = settings,
                        .argv = o->args };
    int r;

    snprintf(parts.name, sizeof parts.name, "%s", o->called ? o->called : t->name);
    c.command_line = o->command_line;
    if (o->initrd && file_read(o->initrd, THING_LIMIT, &initrd, &c.initrd_bytes, e))
        return -(int)e->code;
    c.initrd = initrd;
    for (c.argc = 0; o->args && o->args[c.argc];)
        c.argc++;
    r = split_settings(o->settings, settings, &c.setting_count, copy, e);
    if (!r)
        r = make(m, kind, &c, &parts, e);
    free(initrd);
    if (r) {
        err_wrap(e, "%s", path);
        api_unmake(&parts);
        return r;
    }
    *out = parts;
    return 0;
}

int api_make_again(struct mews *m, const struct recipe *from, struct machine_parts *out,
                   struct err *e)
{
    struct machine_parts parts = { 0 };
    const struct kind *kind = NULL;
    int r;

    for (unsigned i = 0; i < kind_count; i++)
        if (!strcmp(kinds[i]->name, from->kind))
            kind = kinds[i];
    snprintf(parts.name, sizeof parts.name, "%s", from->config.name);
    r = kind ? make(m, kind, &from->config, &parts, e)
             : err_set(e, ERR_NOTSUP, "there is no kind '%s'", from->kind);
    if (r)
        api_unmake(&parts);
    else
        *out = parts;
    return r;
}

int api_make(struct mews *m, const char *path, const struct mews_options *o,
             struct machine_parts *out, struct err *e)
{
    const struct kind *kind;
    struct thing t = { 0 };
    const char *what;
    int r;

    if (read_thing(path, o->kind, &t, &kind, &what, e))
        return -(int)e->code;
    r = make_thing(m, path, kind, &t, o, out, e);
    thing_fini(&t);
    return r;
}

void api_unmake(struct machine_parts *p)
{
    if (p->machine) {
        p->machine->ports.store = NULL;
        p->machine->kind->destroy(p->machine);
    }
    recorder_destroy(p->recorder);
    store_fini(p->store);
    free(p->store);
    recipe_fini(&p->recipe);
    *p = (struct machine_parts) { 0 };
}

void api_exchange(struct mews *m, struct machine_parts *p)
{
    struct machine_parts old = { m->machine, m->store, m->recorder, m->recipe, "" };

    memcpy(old.name, m->name, sizeof old.name);
    if (m->control)
        control_leave(m->control);
    snap_chain_destroy(m->chain); /* what changed in the old one */
    m->chain = NULL;
    api_history_end(m);
    memcpy(m->name, p->name, sizeof m->name);
    m->store = p->store;
    m->recorder = p->recorder;
    m->recipe = p->recipe;
    m->frames = p->machine->frames;
    m->asked_at = 0;
    m->reset_done = false;
    if (m->trace_fn) {
        if (m->machine)
            machine_unlisten(m->machine, &m->listener);
        machine_listen(p->machine, &m->listener);
    }
    __atomic_store_n(&m->machine, p->machine, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&m->kicking, __ATOMIC_SEQ_CST))
        ; /* another thread is in mews_kick(), with the old machine perhaps */
    api_history_begin(m);
    if (m->control)
        control_enter(m->control);
    *p = old;
}

struct mews_options api_options(const struct mews_options *given)
{
    struct mews_options o = { 0 };

    if (given) /* a caller of another time knows more or fewer of them */
        memcpy(&o, given, given->size < sizeof o ? given->size : sizeof o);
    return o;
}

int api_begin(const struct mews_options *o, struct mews **out, struct err *e)
{
    struct mews *m = calloc(1, sizeof *m);
    int r = m ? make_ports(m, o, e) : err_set(e, ERR_NOMEM, "no memory");

    if (r)
        mews_close(m);
    else
        *out = m;
    return r;
}

static int open_thing(const char *path, const struct kind *kind, const struct thing *t,
                      const struct mews_options *o, struct mews **out, struct mews_error *error)
{
    struct machine_parts parts;
    struct mews *m;
    struct err e;

    if (api_begin(o, &m, &e))
        return api_report(error, &e);
    if (make_thing(m, path, kind, t, o, &parts, &e)) {
        mews_close(m);
        return api_report(error, &e);
    }
    api_exchange(m, &parts);
    *out = m;
    return 0;
}

int mews_open(const char *path, const struct mews_options *given, struct mews **out,
              struct mews_error *error)
{
    struct mews_options o = api_options(given);
    const struct kind *kind;
    struct thing t = { 0 };
    const char *what;
    struct err e;
    int r;

    if (mews_is_snapshot(path))
        return mews_restore(path, given, out, error);
    if (mews_is_recording(path))
        return mews_replay(path, given, out, error);
    if (read_thing(path, o.kind, &t, &kind, &what, &e))
        return api_report(error, &e);
    r = open_thing(path, kind, &t, &o, out, error);
    thing_fini(&t);
    return r;
}

int mews_open_memory(const char *name, const void *bytes, size_t len,
                     const struct mews_options *given, struct mews **out, struct mews_error *error)
{
    struct mews_options o = api_options(given);
    struct thing t = { (u8 *)bytes, len, "" }; /* read only */
    const struct kind *kind;
    const char *what;
    struct err e;

    snprintf(t.name, sizeof t.name, "%s", name);
    kind = recognise(o.kind, bytes, len, &what);
    if (!kind) {
        unknown(name, o.kind, &e);
        return api_report(error, &e);
    }
    return open_thing(name, kind, &t, &o, out, error);
}

int api_store(struct machine *machine, struct store *store, struct err *e)
{
    if (!store || !machine->kind->store)
        return 0;
    machine->kind->store(machine);
    if (!store->failed.code)
        return 0;
    *e = store->failed;
    return err_wrap(e, "battery RAM");
}

const char *mews_saves(const struct mews *m)
{
    return m->store && m->store->asked ? m->store->path : NULL;
}

static int save_given(void *ctx, const void *bytes, size_t len, struct err *e)
{
    struct mews *m = ctx;
    struct mews_error error;

    if (!m->save(m->save_ctx, bytes, len, &error))
        return 0;
    return err_set(e, (enum err_code)error.code, "%s", error.text);
}

void mews_save_with(struct mews *m, mews_save_fn *f, void *ctx)
{
    if (!m->store)
        return;
    m->save = f;
    m->save_ctx = ctx;
    m->store->write = save_given;
    m->store->ctx = m;
}

static int finish(struct mews *m, struct err *e)
{
    struct err wav = { 0 };
    int r = m->machine ? api_history_finish(m, e) : 0;

    if (m->machine && !api_whole(m, &wav) && api_store(m->machine, m->store, r ? &wav : e) && !r)
        r = -(int)e->code;
    m->audio.wav = NULL;
    if (wav_close(m->wav, &wav) && !r) {
        *e = wav;
        r = -(int)e->code;
    }
    m->wav = NULL;
    console_flush(&m->console);
    console_flush(&m->diagnostics);
    return r;
}

int mews_finish(struct mews *m, struct mews_error *error)
{
    struct err e;

    return finish(m, &e) ? api_report(error, &e) : 0;
}

void mews_closing(struct mews *m)
{
    struct machine *n = m->machine;

    if (n->cpu_count && !strcmp(n->cpus[0].isa, "x86")) /* whose instructions a library reads */
        decode_open(&m->decode);
    if (n->kind->closing)
        n->kind->closing(n);
}

void mews_close(struct mews *m)
{
    struct err e;

    if (!m)
        return;
    finish(m, &e);
    store_fini(m->store); /* whoever hears of the end may have the file at once */
    control_end(m->control);
    snap_chain_destroy(m->chain);
    api_history_end(m);
    api_unmake(&(struct machine_parts) { m->machine, m->store, m->recorder, m->recipe, "" });
    outside_close(&m->outside);
    console_fini(&m->console);
    console_fini(&m->diagnostics);
    decode_fini(&m->decode);
    video_keep_fini(&m->video);
    audio_record_fini(&m->audio);
    press_fini(&m->press);
    share_fini(&m->share);
    free(m->saves);
    free(m->rgb);
    free(m);
}

const char *mews_kind(const struct mews *m)
{
    return m->machine->kind->name;
}

const char *mews_board(const struct mews *m)
{
    return m->machine->board;
}

bool mews_can(const struct mews *m, const char *verb, const char **why)
{
    for (enum verb v = 0; v < VERB_COUNT; v++)
        if (!strcmp(verb_name(v), verb))
            return machine_can(m->machine->kind, m->machine, v, why);
    if (why)
        *why = "there is no such verb";
    return false;
}

/* Presses reset once each time that a test program asks for it, as late as it wants. */
static void heed_test(struct mews *m)
{
    const struct kind *k = m->machine->kind;
    struct test_report t;
    struct err e;

    if (!m->reset_when_asked || !k->test || !k->reset || api_past(m))
        return;
    k->test(m->machine, &t);
    if (t.state != TEST_RESET) {
        m->asked_at = 0;
        m->reset_done = false;
    } else if (!m->asked_at) {
        m->asked_at = m->machine->now;
    } else if (!m->reset_done &&
               m->machine->now - m->asked_at >= machine_ticks(m->machine, t.wait_ns)) {
        recorder_reset(m->recorder, &e);
        m->reset_done = true;
    }
}

/* Up to a moment, or as far as it goes; when it cannot get there the reason is STOP_TIME too: at
 * the end of a recording. */
static void run_piece(struct mews *m, u64 until, struct stop_info *s)
{
    if (m->history)
        history_run(m->history, until, s);
    else
        m->machine->kind->run(m->machine, until, s);
    m->frames = m->machine->frames;
}

/* A run that others may look at and steer, in pieces; what they ask for is done in between. False:
 * one of them has asked for its end. */
static bool run_controlled(struct mews *m, u64 until, struct stop_info *s)
{
    for (;;) {
        enum monitor_word word = control_wait(m->control);
        u64 to = m->machine->now + control_slice(m->control);

        if (word == MONITOR_STOP)
            return false;
        if (word == MONITOR_PAUSED) { /* the kick that ended the wait is taken here */
            __atomic_store_n(&m->kicked, 0, __ATOMIC_SEQ_CST);
            *s = (struct stop_info) { .why = STOP_KICK };
            return true;
        }
        to = to < until ? to : until;
        run_piece(m, to, s);
        control_ran(m->control, s);
        if (s->why == STOP_TIME
                ? m->machine->now < to || to == until
                : s->why != STOP_KICK || __atomic_load_n(&m->kicked, __ATOMIC_SEQ_CST))
            return true;
    }
}

/* Runs until a time of the machine's or a picture, by its history if it has one. */
static enum mews_stop run_until(struct mews *m, u64 until, struct mews_stop_info *info)
{
    struct stop_info s = { 0 };
    enum mews_stop why;
    bool asked = false;
    struct err e;

    if (api_whole(m, &e))
        ; /* it stays so */
    else if (m->control)
        asked = !run_controlled(m, until, &s);
    else
        do /* api_wake() was no reason to return */
            run_piece(m, until, &s);
        while (s.why == STOP_KICK && !__atomic_load_n(&m->kicked, __ATOMIC_SEQ_CST));
    if (s.why == STOP_KICK)
        __atomic_store_n(&m->kicked, 0, __ATOMIC_SEQ_CST);
    heed_test(m);
    console_flush(&m->console);
    console_flush(&m->diagnostics);
    if (api_whole(m, &e)) {
        s = (struct stop_info) { .why = STOP_HOST };
        snprintf(s.text, sizeof s.text, "%.*s", (int)sizeof s.text - 1, e.text);
        if (m->control)
            control_ran(m->control, &s);
    } else if (m->console.error) {
        s = (struct stop_info) { .why = STOP_HOST };
        snprintf(s.text, sizeof s.text, "the output is lost: %s", strerror(m->console.error));
    }
    why = asked ? MEWS_STOP_ASKED : (enum mews_stop)s.why;
    if (info) {
        *info = (struct mews_stop_info) { .why = why, .status = s.status, .address = s.address };
        snprintf(info->text, sizeof info->text, "%s", s.text);
    }
    return why;
}

enum mews_stop mews_run(struct mews *m, uint64_t ticks, struct mews_stop_info *info)
{
    u64 now = m->machine->now;

    m->machine->frame_limit = 0;
    return run_until(m, ticks > UINT64_MAX - now ? UINT64_MAX : now + ticks, info);
}

enum mews_stop mews_run_frames(struct mews *m, uint64_t frames, struct mews_stop_info *info)
{
    enum mews_stop why = MEWS_STOP_FRAME;

    /* A frame at a time: written-down input is looked at by the frame's number. */
    for (; frames && why == MEWS_STOP_FRAME; frames--) {
        m->machine->frame_limit = m->machine->frames + 1;
        why = run_until(m, UINT64_MAX, info);
    }
    return why;
}

/* Atomic operations and, in console_wake(), one write: nothing that a signal handler may not do. */
static void wake(struct mews *m, int kicked)
{
    struct machine *machine;

    __atomic_add_fetch(&m->kicking, 1, __ATOMIC_SEQ_CST);
    __atomic_or_fetch(&m->kicked, kicked, __ATOMIC_SEQ_CST);
    machine = __atomic_load_n(&m->machine, __ATOMIC_SEQ_CST);
    machine->kind->kick(machine);
    console_wake(&m->console);
    __atomic_sub_fetch(&m->kicking, 1, __ATOMIC_SEQ_CST);
}

void api_wake(struct mews *m)
{
    wake(m, 0);
}

void mews_kick(struct mews *m)
{
    wake(m, 1);
    if (m->control)
        control_wake(m->control);
}

int mews_reset(struct mews *m, struct mews_error *error)
{
    struct err e;

    return recorder_reset(m->recorder, &e) ? api_report(error, &e) : 0;
}

int mews_power(struct mews *m, struct mews_error *error)
{
    const char *why;
    struct err e;

    if (!machine_can(m->machine->kind, m->machine, VERB_POWER, &why)) {
        err_set(&e, ERR_NOTSUP, "%s", why);
        return api_report(error, &e);
    }
    m->machine->kind->power(m->machine);
    return 0;
}

bool mews_terminal(const struct mews *m)
{
    return m->machine->terminal;
}

static void left(void *ctx)
{
    mews_kick(ctx);
}

void mews_escapes(struct mews *m)
{
    console_escapes(&m->console, left, m);
}

void mews_console_size(struct mews *m, unsigned columns, unsigned rows)
{
    if (columns <= UINT16_MAX && rows <= UINT16_MAX &&
        console_resize(&m->console, (u16)columns, (u16)rows))
        api_wake(m);
}

double mews_hz(const struct mews *m)
{
    return (double)m->machine->hz_num / (double)m->machine->hz_den;
}

uint64_t mews_now(const struct mews *m)
{
    return m->machine->now;
}

uint64_t mews_frames(const struct mews *m)
{
    return m->machine->frames;
}

/* ---- pictures, sound, input ---- */

const uint32_t *mews_picture(struct mews *m, unsigned *width, unsigned *height)
{
    const struct video_frame *f = video_keep_frame(&m->video);

    if (!f)
        return NULL;
    if (!m->rgb)
        m->rgb = calloc((size_t)f->width * f->height, sizeof *m->rgb);
    if (!m->rgb)
        return NULL;
    picture_convert(f, &m->palette, m->rgb);
    *width = f->width;
    *height = f->height;
    return m->rgb;
}

bool mews_display(const struct mews *m, struct mews_display_info *out)
{
    const struct display *d = &m->machine->display;

    if (!d->width)
        return false;
    *out = (struct mews_display_info) {
        .width = d->width,
        .height = d->height,
        .aspect_num = d->aspect_num,
        .aspect_den = d->aspect_den,
        .pictures_per_second = mews_hz(m) * d->ticks_den / d->ticks_num,
    };
    return true;
}

int mews_palette(struct mews *m, const void *pal, size_t bytes, struct mews_error *error)
{
    struct err e;

    if (!pal) {
        palette_init(&m->palette);
        return 0;
    }
    return palette_parse(&m->palette, pal, bytes, "palette", &e) ? api_report(error, &e) : 0;
}

size_t mews_sound(struct mews *m, int16_t *out, size_t room)
{
    return audio_record_take(&m->audio, out, room);
}

int mews_screenshot(struct mews *m, const char *path, struct mews_error *error)
{
    struct crop none = { 0 };
    struct err e;

    if (video_keep_png(&m->video, &m->palette, &none, 1, path, &e))
        return api_report(error, &e);
    return 0;
}

int mews_screenshot_ready(struct mews *m, struct mews_error *error)
{
    struct err e;

    return m->png || !png_encoder(&m->png, &e) ? 0 : api_report(error, &e);
}

int mews_screenshot_to(struct mews *m, int fd, struct mews_error *error)
{
    unsigned width, height;
    const u32 *rgb = mews_picture(m, &width, &height);
    struct err e;
    size_t len, done = 0;
    u8 *file;

    if (mews_screenshot_ready(m, error))
        return -1;
    if (!rgb)
        err_set(&e, ERR_STATE, "the machine has shown no picture yet");
    else if (!m->png(rgb, width, height, 1, &file, &len, &e)) {
        ssize_t n = 0;

        while (done < len && (n = write(fd, file + done, len - done)) > 0)
            done += (size_t)n;
        free(file);
        if (done == len)
            return 0;
        err_set(&e, ERR_SYS, "the picture's file");
    }
    return api_report(error, &e);
}

int mews_record_sound(struct mews *m, const char *path, struct mews_error *error)
{
    struct wav *wav, *old = m->wav;
    struct err e;

    if (wav_create(path, &wav, &e))
        return api_report(error, &e);
    m->audio.wav = m->wav = wav;
    return wav_close(old, &e) ? api_report(error, &e) : 0;
}

int mews_digest(struct mews *m, const char *what, char out[41], struct mews_error *error)
{
    const struct video_frame *f = video_keep_frame(&m->video);
    struct err e;

    if (!strcmp(what, "sound") && !m->audio.hash) {
        err_set(&e, ERR_STATE, "the sound was not digested (digest_sound in mews_options)");
        return api_report(error, &e);
    }
    if (!strcmp(what, "sound")) {
        digest_text(&m->audio.digest, out);
        return 0;
    }
    if (!strcmp(what, "ram")) {
        struct space *ram = m->machine->spaces;
        struct digest d;

        while (ram && strcmp(ram->name, "ram") != 0)
            ram = ram->next;
        digest_init(&d);
        if (ram)
            digest_bytes(&d, ram->bytes, ram->size_bytes);
        digest_text(&d, out);
        return 0;
    }
    if (!f)
        err_set(&e, ERR_STATE, "there is no picture yet");
    else if (!strcmp(what, "labels") && !digest_labels(f, &m->palette, out, &e))
        return 0;
    else if (!strcmp(what, "picture")) {
        digest_picture(f, out);
        return 0;
    } else
        err_set(&e, ERR_USAGE, "no digest '%s'", what);
    return api_report(error, &e);
}

int mews_press(struct mews *m, const char *press, struct mews_error *error)
{
    struct err e;

    return press_add(&m->press, press, &e) ? api_report(error, &e) : 0;
}

void mews_buttons(struct mews *m, unsigned controller, unsigned buttons)
{
    if (controller < PRESS_PADS)
        m->buttons[controller] = buttons;
}
