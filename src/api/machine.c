/* include/mews/mews.h: joins a kind with the host's ports. */
#include "api/kinds.h"
#include "api/mews.h"
#include "host/archive.h"
#include "host/av/av.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THING_LIMIT (64u << 20)

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
    return stop_name((enum stop)s);
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
    for (unsigned i = 0; i < kind_count; i++)
        if ((!wanted || !strcmp(wanted, kinds[i]->name)) && kinds[i]->accepts(bytes, len, what))
            return kinds[i];
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
    struct thing_test test = { acceptable, (void *)(uintptr_t)wanted };

    if (thing_read(t, path, THING_LIMIT, &test, e))
        return -(int)e->code;
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

/* ---- life ---- */

static u32 held_buttons(struct input_port *p, unsigned index)
{
    const struct mews *m = container_of(p, struct mews, held);

    return index < PRESS_PADS ? m->buttons[index] : 0;
}
static const struct input_ops held_ops = { held_buttons };

static void make_ports(struct mews *m, const struct mews_options *o)
{
    struct err e;

    console_init(&m->console, o->console ? 0 : -1, o->console ? 1 : -1);
    console_init_after(&m->diagnostics, o->console ? 2 : -1, &m->console);
    video_keep_init(&m->video, 0);
    audio_record_init(&m->audio, true, NULL);
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
    };
    if (o->saves) {
        char path[PATH_MAX];

        snprintf(path, sizeof path, "%s/%s.sav", o->saves, m->name);
        if (!store_init_at(&m->store, path, &e))
            m->ports.store = &m->store.port;
    }
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

static int create(struct mews *m, const struct kind *kind, const struct thing *t,
                  const struct mews_options *o, struct err *e)
{
    char copy[SETTINGS_MAX][128];
    struct setting settings[SETTINGS_MAX];
    struct config c = { .name = m->name,
                        .image = t->bytes,
                        .image_bytes = t->len,
                        .settings = settings,
                        .argv = o->args };

    for (c.argc = 0; o->args && o->args[c.argc];)
        c.argc++;
    if (split_settings(o->settings, settings, &c.setting_count, copy, e))
        return -(int)e->code;
    make_ports(m, o);
    if (o->share) {
        if (share_init(&m->share, o->share, e))
            return -(int)e->code;
        m->ports.files = &m->share.port;
    }
    return kind->create(kind, &c, &m->ports, &m->machine, e);
}

int mews_open(const char *path, const struct mews_options *given, struct mews **out,
              struct mews_error *error)
{
    struct mews_options o = { 0 };
    const struct kind *kind;
    struct thing t = { 0 };
    const char *what;
    struct mews *m;
    struct err e;

    if (given)
        memcpy(&o, given, given->size < sizeof o ? given->size : sizeof o);
    if (read_thing(path, o.kind, &t, &kind, &what, &e))
        return api_report(error, &e);
    m = calloc(1, sizeof *m);
    if (!m) {
        thing_fini(&t);
        err_set(&e, ERR_NOMEM, "%s: no memory", path);
        return api_report(error, &e);
    }
    snprintf(m->name, sizeof m->name, "%s", t.name);
    if (create(m, kind, &t, &o, &e)) {
        err_wrap(&e, "%s", path);
        thing_fini(&t);
        mews_close(m);
        return api_report(error, &e);
    }
    thing_fini(&t);
    *out = m;
    return 0;
}

void mews_close(struct mews *m)
{
    struct err e;

    if (!m)
        return;
    if (m->machine)
        m->machine->kind->destroy(m->machine);
    wav_close(m->wav, &e);
    console_fini(&m->console);
    console_fini(&m->diagnostics);
    video_keep_fini(&m->video);
    press_fini(&m->press);
    share_fini(&m->share);
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

static enum mews_stop run(struct mews *m, u64 until, struct mews_stop_info *info)
{
    struct stop_info s = { 0 };

    m->machine->kind->run(m->machine, until, &s);
    m->frames = m->machine->frames;
    console_flush(&m->console);
    console_flush(&m->diagnostics);
    if (m->console.error) {
        s = (struct stop_info) { .why = STOP_HOST };
        snprintf(s.text, sizeof s.text, "the output is lost: %s", strerror(m->console.error));
    }
    if (info) {
        *info = (struct mews_stop_info) { .why = (enum mews_stop)s.why,
                                          .status = s.status,
                                          .address = s.address };
        snprintf(info->text, sizeof info->text, "%s", s.text);
    }
    return (enum mews_stop)s.why;
}

enum mews_stop mews_run(struct mews *m, uint64_t ticks, struct mews_stop_info *info)
{
    u64 now = m->machine->now;

    m->machine->frame_limit = 0;
    return run(m, ticks > UINT64_MAX - now ? UINT64_MAX : now + ticks, info);
}

enum mews_stop mews_run_frames(struct mews *m, uint64_t frames, struct mews_stop_info *info)
{
    enum mews_stop why = MEWS_STOP_FRAME;

    /* A frame at a time: written-down input is looked at by the frame's number. */
    for (; frames && why == MEWS_STOP_FRAME; frames--) {
        m->machine->frame_limit = m->machine->frames + 1;
        why = run(m, UINT64_MAX, info);
    }
    return why;
}

void mews_kick(struct mews *m)
{
    m->machine->kind->kick(m->machine);
    console_wake(&m->console);
}

int mews_reset(struct mews *m, struct mews_error *error)
{
    const char *why;
    struct err e;

    if (!machine_can(m->machine->kind, m->machine, VERB_RESET, &why)) {
        err_set(&e, ERR_NOTSUP, "reset: %s", why);
        return api_report(error, &e);
    }
    m->machine->kind->reset(m->machine);
    return 0;
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

int mews_screenshot(struct mews *m, const char *path, struct mews_error *error)
{
    struct crop none = { 0 };
    struct err e;

    if (video_keep_png(&m->video, &m->palette, &none, 1, path, &e))
        return api_report(error, &e);
    return 0;
}

int mews_record_sound(struct mews *m, const char *path, struct mews_error *error)
{
    struct err e;

    if (wav_create(path, &m->wav, &e))
        return api_report(error, &e);
    m->audio.wav = m->wav;
    return 0;
}

int mews_digest(struct mews *m, const char *what, char out[41], struct mews_error *error)
{
    const struct video_frame *f = video_keep_frame(&m->video);
    struct err e;

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

/* ---- shown to a person ---- */

static void serve(struct mews *m, struct av_frontend *fe, const struct av_events *ev,
                  const struct av_settings *s)
{
    char path[PATH_MAX], note[PATH_MAX + 16];
    struct mews_error error;
    struct err e;

    if (ev->requests & AV_RESET)
        mews_reset(m, &error);
    if (ev->requests & AV_SCREENSHOT) {
        if (av_screenshot(&m->video, s, m->name, path, &e))
            snprintf(note, sizeof note, "%s", e.text);
        else
            snprintf(note, sizeof note, "%s", path);
        fe->ops->message(fe, note);
    }
    if (ev->requests & (AV_SAVE_STATE | AV_LOAD_STATE))
        fe->ops->message(fe, "there are no snapshots yet");
    if (ev->requests & AV_LOAD_FILE)
        fe->ops->message(fe, "another thing needs another machine: mews run it");
}

static int show(struct mews *m, enum av_kind kind, struct mews_stop_info *info, struct err *e)
{
    struct av_settings settings;
    struct av_options o = { m->name, &settings };
    struct av_frontend *fe;
    struct av_events ev;

    if (av_settings_load(&settings, NULL, e) || av_open(&fe, kind, &o, e))
        return -(int)e->code;
    m->video.next = fe->video;
    m->audio.next = fe->audio;
    m->press.next = fe->input;
    for (;;) {
        fe->ops->poll(fe, &ev);
        if (ev.requests & AV_QUIT)
            break;
        serve(m, fe, &ev, &settings);
        if (!ev.paused || (ev.requests & AV_STEP))
            if (mews_run_frames(m, 1, info) != MEWS_STOP_FRAME)
                break;
        fe->ops->present(fe);
    }
    m->video.next = NULL;
    m->audio.next = NULL;
    m->press.next = &m->held;
    fe->ops->close(fe);
    return 0;
}

int mews_show(struct mews *m, const char *where, struct mews_stop_info *info,
              struct mews_error *error)
{
    enum av_kind kind = !where ? AV_AUTO : !strcmp(where, "sdl") ? AV_SDL : AV_CHAFA;
    struct err e;

    return show(m, kind, info, &e) ? api_report(error, &e) : 0;
}
