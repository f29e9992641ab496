/* Views and trace events of a machine, for people and programs. */
#include "api/mews.h"
#include "host/av/chafa/still.h"
#include "host/av/png.h"
#include "host/module.h"
#include "svc/debug/viewer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- views ---- */

void mews_views(struct mews *m, mews_views_fn *f, void *ctx)
{
    for (unsigned i = 0; i < m->machine->view_count; i++) {
        const struct view *v = &m->machine->views[i];

        f(ctx, v->name, v->doc, v->picture, v->text || v->table);
    }
}

int mews_view(struct mews *m, const char *name, char *out, size_t room)
{
    for (unsigned i = 0; i < m->machine->view_count; i++) {
        const struct view *v = &m->machine->views[i];

        if (v->text && !strcmp(v->name, name))
            return v->text(m->machine, out, room);
    }
    return -1;
}

int mews_view_text(struct mews *m, const char *name, bool json, char **out,
                   struct mews_error *error)
{
    const struct view *v;
    struct err e;
    json_t *j;

    if (view_find(m->machine, name, &v, &e))
        return api_report(error, &e);
    component_saving(&m->machine->root);
    if (!json)
        return view_text(m->machine, v, out, &e) ? api_report(error, &e) : 0;
    if (view_json(m->machine, v, &j, &e))
        return api_report(error, &e);
    *out = json_dumps(j, JSON_INDENT(2));
    json_decref(j);
    return *out ? 0 : (err_set(&e, ERR_NOMEM, "no memory for the view"), api_report(error, &e));
}

static int show_on_terminal(const struct video_frame *f, const u32 *rgb, struct err *e)
{
    chafa_still_fn *still;
    void *entry;

    if (module_open("av_chafa", CHAFA_STILL, &entry, e))
        return -(int)e->code;
    memcpy(&still, &entry, sizeof still); /* what dlsym() gives is no function for ISO C */
    return still(f, rgb, stdout, e);
}

int api_view_pixels(struct mews *m, const struct view *v, u32 **out, struct err *e)
{
    struct video_frame f = { .format = v->format,
                             .width = v->width,
                             .height = v->height,
                             .stride_bytes = v->width * (v->format == VIDEO_NES ? 2 : 4) };
    size_t count = (size_t)v->width * v->height;
    u32 *pixels, *rgb;

    if (!v->picture)
        return err_set(e, ERR_NOTSUP, "%s is no picture", v->name);
    pixels = calloc(count, sizeof *pixels);
    rgb = calloc(count, sizeof *rgb);
    if (!pixels || !rgb) {
        free(pixels);
        free(rgb);
        return err_set(e, ERR_NOMEM, "no memory for the view");
    }
    component_saving(&m->machine->root);
    v->picture(m->machine, pixels);
    f.pixels = pixels;
    picture_convert(&f, &m->palette, rgb);
    free(pixels);
    *out = rgb;
    return 0;
}

int api_pixels_show(const u32 *rgb, unsigned width, unsigned height, const char *path,
                    struct err *e)
{
    struct video_frame f = { .format = VIDEO_XRGB8888,
                             .width = width,
                             .height = height,
                             .stride_bytes = width * 4,
                             .aspect_num = 1,
                             .aspect_den = 1,
                             .pixels = rgb };

    return path ? png_write(path, rgb, width, height, 1, e) : show_on_terminal(&f, rgb, e);
}

int api_view_picture(struct mews *m, const struct view *v, const char *path, struct err *e)
{
    u32 *rgb;
    int r = api_view_pixels(m, v, &rgb, e);

    if (r)
        return r;
    r = api_pixels_show(rgb, v->width, v->height, path, e);
    free(rgb);
    return r;
}

int mews_view_picture(struct mews *m, const char *name, const char *path, struct mews_error *error)
{
    const struct view *v;
    struct err e;

    if (view_find(m->machine, name, &v, &e) || api_view_picture(m, v, path, &e))
        return api_report(error, &e);
    return 0;
}

/* ---- trace ---- */

void mews_events(struct mews *m, mews_event_fn *f, void *ctx)
{
    for (unsigned i = 0; i < m->machine->trace_event_count; i++) {
        const struct trace_event *t = &m->machine->trace_events[i];

        f(ctx, t->name, t->doc, t->a, t->b);
    }
}

static void trace_sink(void *ctx, const struct trace_record *r)
{
    struct mews *m = ctx;
    char line[TRACE_LINE], *text;
    json_t *j;

    if (!trace_filter_takes(&m->trace_filter, r))
        return;
    if (!m->trace_json) {
        trace_text(m->machine, r, line);
        m->trace_fn(m->trace_ctx, line);
        return;
    }
    j = trace_json(m->machine, r);
    text = json_dumps(j, JSON_COMPACT);
    if (text)
        m->trace_fn(m->trace_ctx, text);
    free(text);
    json_decref(j);
}

int mews_trace_events(struct mews *m, const char *events, bool json, mews_trace_fn *f, void *ctx,
                      struct mews_error *error)
{
    struct trace_filter filter = { 0 };
    struct err e;

    if (f && trace_filter_parse(m->machine, events, &filter, &e))
        return api_report(error, &e);
    m->trace_fn = f;
    m->trace_ctx = ctx;
    m->trace_json = json;
    m->trace_filter = filter;
    machine_unlisten(m->machine, &m->listener);
    m->listener = (struct listener) { .mask = filter.mask, .told = trace_sink, .ctx = m };
    if (f)
        machine_listen(m->machine, &m->listener);
    return 0;
}

void mews_trace(struct mews *m, mews_trace_fn *f, void *ctx)
{
    struct mews_error e;

    mews_trace_events(m, "cpu.step", false, f, ctx, &e); /* a machine without it tells nothing */
}
