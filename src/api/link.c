/* Machines of other processes: mews.h's side of svc/ctl/client and svc/ctl/rundir. JSON crosses it
 * as text, so that no program has to have our JSON library. */
#include "api/debug.h"
#include "base/own.h"
#include "host/av/av.h"
#include "svc/ctl/client.h"
#include "svc/ctl/rundir.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TEXT_MAX = 8192 };

/* ---- all of them ---- */

struct listing {
    int all;
    mews_machine_fn *f;
    void *ctx;
};

static void list_one(void *ctx, const char *name, enum rundir_state s)
{
    struct listing *l = ctx;
    char about[TEXT_MAX], end[TEXT_MAX];
    bool ended = s == RUNDIR_ENDED && rundir_text(l->all, name, "status", end, sizeof end);

    if (!rundir_text(l->all, name, "machine.json", about, sizeof about))
        return; /* it is only just being made, or gone */
    l->f(l->ctx, name, about, ended ? end : NULL);
}

int mews_machines(mews_machine_fn *f, void *ctx, struct mews_error *error)
{
    struct listing l = { -1, f, ctx };
    struct err e;
    int r = rundir_open(&l.all, &e);

    if (!r) {
        r = rundir_list(l.all, list_one, &l, &e);
        close(l.all);
    }
    return r ? api_report(error, &e) : 0;
}

int mews_forget(const char *name, struct mews_error *error)
{
    OWN(fd) int all = -1;
    struct err e;

    return rundir_open(&all, &e) || rundir_remove(all, name, &e) ? api_report(error, &e) : 0;
}

int mews_kill(const char *name, struct mews_error *error)
{
    struct err e;

    return ctl_kill(name, &e) ? api_report(error, &e) : 0;
}

int mews_log(const char *name, int *fd, struct mews_error *error)
{
    OWN(fd) int all = -1;
    struct err e;
    int file;

    if (rundir_open(&all, &e))
        return api_report(error, &e);
    file = rundir_look(all, name) == RUNDIR_NOTHING ? -1 : rundir_file(all, name, "log");
    if (file < 0) {
        err_set(&e, ERR_USAGE, "%s: there is no such machine", name);
        return api_report(error, &e);
    }
    *fd = file;
    return 0;
}

/* ---- one of them ---- */

struct mews_link {
    struct ctl_client *client;
    char name[RUNDIR_NAME_MAX + 1];
};

int mews_link_open(const char *name, struct mews_link **out, struct mews_error *error)
{
    struct mews_link *l = calloc(1, sizeof *l);
    struct err e;

    if (!l)
        err_set(&e, ERR_NOMEM, "no memory");
    else if (!ctl_client_open(name, &l->client, &e)) {
        snprintf(l->name, sizeof l->name, "%s", name);
        *out = l;
        return 0;
    }
    free(l);
    return api_report(error, &e);
}

void mews_link_close(struct mews_link *l)
{
    if (!l)
        return;
    ctl_client_close(l->client);
    free(l);
}

int mews_link_fd(const struct mews_link *l)
{
    return ctl_client_fd(l->client);
}

int mews_link_call(struct mews_link *l, const char *method, const char *params, const int *fds,
                   unsigned fd_count, char **result, struct mews_error *error)
{
    json_t *given = params ? json_loads(params, 0, NULL) : NULL, *got;
    struct err e;
    char *text;

    if (params && !given) {
        err_set(&e, ERR_USAGE, "%s: the parameters are no JSON", method);
        return api_report(error, &e);
    }
    if (ctl_client_call(l->client, method, given, fds, fd_count, &got, &e)) {
        err_wrap(&e, "%s", l->name);
        return api_report(error, &e);
    }
    text = result ? json_dumps(got, JSON_COMPACT) : NULL;
    json_decref(got);
    if (result && !text) {
        err_set(&e, ERR_NOMEM, "no memory");
        return api_report(error, &e);
    }
    if (result)
        *result = text;
    return 0;
}

int mews_link_post(struct mews_link *l, const char *method, const char *params,
                   struct mews_error *error)
{
    json_t *given = params ? json_loads(params, 0, NULL) : NULL;
    struct err e;

    return ctl_client_post(l->client, method, given, &e) ? api_report(error, &e) : 0;
}

int mews_link_next(struct mews_link *l, int ms, char **notification, struct mews_error *error)
{
    struct err e;
    json_t *j = ctl_client_next(l->client, ms, &e);
    char *text;

    if (!j)
        return e.code ? api_report(error, &e) : 0;
    text = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    if (!text) {
        err_set(&e, ERR_NOMEM, "no memory");
        return api_report(error, &e);
    }
    *notification = text;
    return 1;
}

/* ---- its views ---- */

static int view_size(struct ctl_client *c, const json_t *params, unsigned *width, unsigned *height,
                     struct err *e)
{
    json_t *r;
    int w = 0, h = 0;

    if (ctl_client_call(c, "view.picture", json_deep_copy(params), NULL, 0, &r, e))
        return -(int)e->code;
    json_unpack(r, "{s:i, s:i}", "width", &w, "height", &h);
    json_decref(r);
    if (w < 1 || w > 16384 || h < 1 || h > 16384)
        return err_set(e, ERR_FORMAT, "the view's shape makes no sense");
    *width = (unsigned)w;
    *height = (unsigned)h;
    return 0;
}

static int view_picture(struct ctl_client *c, json_t *params, const char *path, struct err *e)
{
    OWN(fd) int fd = memfd_create("mews-view", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    unsigned width = 0, height = 0;
    size_t bytes;
    json_t *done;
    u32 *rgb;
    int r;

    if (view_size(c, params, &width, &height, e))
        return -(int)e->code;
    bytes = (size_t)width * height * 4;
    if (fd < 0 || ftruncate(fd, (off_t)bytes))
        return err_set(e, ERR_SYS, "memory for the view");
    if (ctl_client_call(c, "view.picture", json_deep_copy(params), &fd, 1, &done, e))
        return -(int)e->code;
    json_decref(done);
    rgb = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (rgb == MAP_FAILED)
        return err_set(e, ERR_SYS, "memory for the view");
    r = api_pixels_show(rgb, width, height, path, e);
    munmap(rgb, bytes);
    return r;
}

int api_link_view(struct ctl_client *c, const char *name, const char *path, struct err *e)
{
    json_t *params = json_pack("{s:s}", "name", name);
    int r = params ? view_picture(c, params, path, e)
                   : err_set(e, ERR_USAGE, "a view's name is UTF-8");

    json_decref(params);
    return r;
}

int mews_link_view(struct mews_link *l, const char *name, const char *path,
                   struct mews_error *error)
{
    struct err e;

    return api_link_view(l->client, name, path, &e) ? api_report(error, &e) : 0;
}

/* ---- its screen ---- */

struct viewer {
    struct ctl_client *client;
    struct av_frontend *fe;
    struct av_settings settings;
    struct video_frame frame;
    size_t slot_bytes;
    u8 *slots; /* mapped: two pictures, which the machine writes by turns */
    u32 held[PRESS_PADS];
    bool paused, over;
};

static int simple(struct viewer *v, const char *method, json_t *params, struct err *e)
{
    json_t *result;
    int r = ctl_client_call(v->client, method, params, NULL, 0, &result, e);

    if (!r)
        json_decref(result);
    return r;
}

/* Takes what has come; the last picture counts. */
static void take_notifications(struct viewer *v)
{
    struct err e;
    json_t *j;
    bool picture = false;

    while ((j = ctl_client_next(v->client, 0, &e))) {
        const char *method = json_string_value(json_object_get(j, "method"));
        const json_t *p = json_object_get(j, "params");

        if (!strcmp(method, "screen.picture")) {
            bool second = json_integer_value(json_object_get(p, "slot")) == 1;

            v->frame.number = (u64)json_integer_value(json_object_get(p, "number"));
            v->frame.pixels = v->slots + (second ? v->slot_bytes : 0);
            picture = true;
        }
        json_decref(j);
    }
    v->over |= e.code != ERR_OK;
    if (picture)
        v->fe->video->ops->frame(v->fe->video, &v->frame);
}

static void send_input(struct viewer *v, const struct av_events *ev)
{
    struct err e = { 0 };

    for (unsigned i = 0; i < PRESS_PADS; i++) {
        u32 held = v->fe->input->ops->buttons(v->fe->input, i) & 0xff;

        if (held != v->held[i])
            simple(v, "input.buttons",
                   json_pack("{s:i, s:i}", "controller", (int)i, "held", (int)held), &e);
        v->held[i] = held;
    }
    if (ev->paused != v->paused)
        simple(v, ev->paused ? "pause" : "resume", NULL, &e);
    v->paused = ev->paused;
    if (ev->requests & AV_RESET)
        v->fe->ops->message(v->fe, simple(v, "machine.reset", NULL, &e) ? e.text : "Reset");
    if (ev->requests & (AV_SCREENSHOT | AV_SAVE_STATE | AV_LOAD_STATE | AV_LOAD_FILE))
        v->fe->ops->message(v->fe, "Not from here");
}

static void view(struct viewer *v)
{
    struct av_events ev;

    while (v->fe->ops->poll(v->fe, &ev), !(ev.requests & AV_QUIT) && !v->over) {
        send_input(v, &ev);
        take_notifications(v);
        v->fe->ops->present(v->fe);
    }
}

/* Memory for two pictures, which the machine gets too. */
static int share_memory(struct viewer *v, struct err *e)
{
    OWN(fd) int fd = memfd_create("mews-screen", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    json_t *result;

    if (fd < 0 || ftruncate(fd, (off_t)(2 * v->slot_bytes)))
        return err_set(e, ERR_SYS, "memory for pictures");
    v->slots = mmap(NULL, 2 * v->slot_bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (v->slots == MAP_FAILED) {
        v->slots = NULL;
        return err_set(e, ERR_SYS, "memory for pictures");
    }
    if (ctl_client_call(v->client, "screen.open", NULL, &fd, 1, &result, e))
        return -(int)e->code;
    json_decref(result);
    return simple(v, "subscribe", json_pack("{s:[s,s]}", "topics", "screen", "state"), e);
}

static int ask_shape(struct viewer *v, struct err *e)
{
    json_t *r;
    int width, height, num, den;
    json_int_t bytes;
    bool good;

    if (ctl_client_call(v->client, "screen.open", NULL, NULL, 0, &r, e))
        return -(int)e->code;
    good = !json_unpack(r, "{s:i, s:i, s:i, s:i, s:I}", "width", &width, "height", &height,
                        "aspect_num", &num, "aspect_den", &den, "slot_bytes", &bytes);
    json_decref(r);
    if (!good || width < 1 || width > 16384 || height < 1 || height > 16384 || num < 1 || den < 1 ||
        bytes != (json_int_t)width * height * 4)
        return err_set(e, ERR_FORMAT, "its screen's shape makes no sense");
    v->slot_bytes = (size_t)bytes;
    v->frame = (struct video_frame) { .format = VIDEO_XRGB8888,
                                      .width = (unsigned)width,
                                      .height = (unsigned)height,
                                      .stride_bytes = (unsigned)width * 4,
                                      .aspect_num = (u32)num,
                                      .aspect_den = (u32)den };
    return 0;
}

static int show(struct viewer *v, const char *name, enum av_kind kind, struct err *e)
{
    struct av_options o = { name, &v->settings };
    int r;

    if (ask_shape(v, e) || av_settings_load(&v->settings, NULL, e))
        return -(int)e->code;
    r = share_memory(v, e);
    if (!r && !(r = av_open(&v->fe, kind, &o, e))) {
        view(v);
        v->fe->ops->close(v->fe);
    }
    if (v->slots)
        munmap(v->slots, 2 * v->slot_bytes);
    return r;
}

int mews_link_show(struct mews_link *l, const char *where, struct mews_error *error)
{
    struct viewer v = { .client = l->client };
    enum av_kind kind;
    struct err e;

    return av_kind_named(where, &kind, &e) || show(&v, l->name, kind, &e) ? api_report(error, &e)
                                                                          : 0;
}
