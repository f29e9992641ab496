/* The module mews_av_chafa.so: the front-end in a terminal. It has no sound. */
#include "host/av/av.h"
#include "host/av/chafa/draw.h"
#include "host/av/chafa/term.h"
#include "host/av/chafa/ttykeys.h"
#include "host/av/clock.h"
#include "host/av/controls.h"
#include "host/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOW_NS = 33000000, TEXT_NS = 1000000000, TEXT_SECONDS = 3, PAUSE_MS = 20 };

MODULE_EXPORT av_open_fn mews_av_open;

struct front {
    struct av_frontend fe;
    struct video_port video;
    struct audio_port audio;
    struct input_port input;
    const struct av_settings *settings;
    struct controls controls;
    struct term term;
    struct ttykeys keys;
    struct draw draw;
    struct frame_clock clock;
    struct video_keep last;
    u32 *rgb;
    size_t rgb_room;
    u64 shown_ns; /* when the last picture was sent */
    char title[64], text[128];
    u64 text_until_ns;
    bool paused, fast, stepping, muted, text_shown;
};

/* ---- ports ---- */

static void front_frame(struct video_port *port, const struct video_frame *f)
{
    struct front *fr = container_of(port, struct front, video);

    fr->last.port.ops->frame(&fr->last.port, f);
}

static void front_samples(struct audio_port *port, const s16 *samples, size_t count)
{
    (void)samples;
    container_of(port, struct front, audio)->clock.samples += count;
}

static u32 front_buttons(struct input_port *port, unsigned index)
{
    return controls_buttons(&container_of(port, struct front, input)->controls, index);
}

static const struct video_ops video_ops = { .frame = front_frame };
static const struct audio_ops audio_ops = { .samples = front_samples };
static const struct input_ops input_ops = { .buttons = front_buttons };

/* ---- keys ---- */

static void key_change(void *context, unsigned key, bool down)
{
    controls_key(&((struct front *)context)->controls, key, down);
}

static void key_interrupt(void *context)
{
    ((struct front *)context)->controls.requests |= AV_QUIT;
}

static void front_message(struct av_frontend *fe, const char *text)
{
    struct front *fr = container_of(fe, struct front, fe);

    snprintf(fr->text, sizeof fr->text, "%s", text);
    fr->text_until_ns = clock_now_ns() + (u64)TEXT_SECONDS * TEXT_NS;
    fr->text_shown = false;
}

static void front_poll(struct av_frontend *fe, struct av_events *out)
{
    struct front *fr = container_of(fe, struct front, fe);
    u64 now = clock_now_ns();
    u8 bytes[256];
    unsigned n;

    while ((n = term_read(&fr->term, bytes, sizeof bytes, 0)))
        ttykeys_feed(&fr->keys, bytes, n, now);
    ttykeys_tick(&fr->keys, now);
    if (term_ended())
        fr->controls.requests |= AV_QUIT;
    controls_take(&fr->controls, out);
    out->file = NULL;
    if (*fr->controls.note)
        front_message(fe, fr->controls.note);
    *fr->controls.note = 0;
    fr->paused = out->paused;
    fr->fast = out->fast;
    fr->stepping = out->requests & AV_STEP;
}

/* ---- the screen ---- */

/* The last line: a message, or the title. */
static void show_text(struct front *fr, u64 now)
{
    struct term_size s = term_size(&fr->term);
    bool message = now < fr->text_until_ns;
    char at[32];
    int len;

    if (fr->text_shown && (message || !fr->text_until_ns))
        return;
    if (!message)
        fr->text_until_ns = 0;
    snprintf(at, sizeof at, "\33[0m\33[%u;1H\33[2K", s.rows);
    term_puts(&fr->term, at);
    len = (int)strlen(message ? fr->text : fr->title);
    if (len >= (int)s.columns)
        len = (int)s.columns - 1;
    term_put(&fr->term, message ? fr->text : fr->title, (size_t)(len > 0 ? len : 0));
    fr->text_shown = true;
}

static void show(struct front *fr, u64 now)
{
    const struct video_frame *f = video_keep_frame(&fr->last);
    size_t need = f ? (size_t)f->width * f->height : 0;

    if (term_redraw()) {
        draw_forget(&fr->draw);
        fr->text_shown = false;
    }
    if (need > fr->rgb_room) {
        u32 *p = realloc(fr->rgb, need * sizeof *p);

        if (!p)
            return;
        fr->rgb = p;
        fr->rgb_room = need;
    }
    if (f) {
        unsigned rows = fr->draw.size.rows;

        picture_convert(f, &fr->settings->palette, fr->rgb);
        draw_picture(&fr->draw, &fr->term, f, fr->rgb, &fr->settings->crop, fr->controls.fit);
        if (rows != fr->draw.size.rows) /* another size: the screen was cleared */
            fr->text_shown = false;
    }
    show_text(fr, now);
    fr->shown_ns = now;
}

/* Not before the terminal has taken the picture before: what a slow line loses is pictures, not
 * speed. */
static void front_present(struct av_frontend *fe)
{
    struct front *fr = container_of(fe, struct front, fe);
    u64 now = clock_now_ns();

    if (term_flush(&fr->term) && now - fr->shown_ns >= SHOW_NS) {
        show(fr, now);
        term_flush(&fr->term);
    }
    if (!fr->muted && fr->paused && !fr->stepping) {
        u8 bytes[64];
        unsigned n = term_read(&fr->term, bytes, sizeof bytes, PAUSE_MS);

        if (n) /* a lone Escape is known by the silence behind it */
            ttykeys_feed(&fr->keys, bytes, n, clock_now_ns());
    } else if (!fr->muted && !fr->fast && !fr->paused) {
        frame_clock_wait(&fr->clock);
    } else { /* others keep time, or nobody */
        fr->clock = (struct frame_clock) { 0 };
    }
}

static void front_mute(struct av_frontend *fe, bool mute)
{
    container_of(fe, struct front, fe)->muted = mute;
}

static void front_title(struct av_frontend *fe, const char *title)
{
    struct front *fr = container_of(fe, struct front, fe);

    snprintf(fr->title, sizeof fr->title, "%s", title);
    fr->text_shown = false;
    fr->text_until_ns = 1; /* long over: the title is written */
}

static void front_close(struct av_frontend *fe)
{
    struct front *fr = container_of(fe, struct front, fe);

    term_close(&fr->term);
    draw_fini(&fr->draw);
    video_keep_fini(&fr->last);
    free(fr->rgb);
    free(fr);
}

static const struct av_ops front_ops = {
    .poll = front_poll,
    .present = front_present,
    .message = front_message,
    .mute = front_mute,
    .title = front_title,
    .close = front_close,
};

int mews_av_open(struct av_frontend **out, const struct av_options *o, struct err *e)
{
    struct front *fr = calloc(1, sizeof *fr);
    int r;

    if (!fr)
        return err_set(e, ERR_NOMEM, "the terminal's pictures");
    r = term_open(&fr->term, e);
    if (r) {
        free(fr);
        return r;
    }
    fr->settings = o->settings;
    fr->video.ops = &video_ops;
    fr->audio.ops = &audio_ops;
    fr->input.ops = &input_ops;
    fr->fe = (struct av_frontend) { &front_ops, &fr->video, &fr->audio, &fr->input };
    fr->keys = (struct ttykeys) { .change = key_change,
                                  .interrupt = key_interrupt,
                                  .context = fr,
                                  .releases = fr->term.kitty_keys };
    controls_init(&fr->controls, o->settings);
    video_keep_init(&fr->last, 0);
    draw_init(&fr->draw, &fr->term);
    front_title(&fr->fe, o->title);
    *out = &fr->fe;
    return 0;
}
