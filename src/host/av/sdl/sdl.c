/* The module mews_av_sdl.so: the front-end in a window. */
#include "host/av/av.h"
#include "host/av/controls.h"
#include "host/av/keys.h"
#include "host/av/sdl/sound.h"
#include "host/av/sdl/window.h"
#include "host/module.h"

#include <stdio.h>
#include <stdlib.h>

enum { FAST_SHOW_NS = 16000000, PAUSE_MS = 20, SKIPS_MAX = 4 };

MODULE_EXPORT av_open_fn mews_av_open;

struct front {
    struct av_frontend fe;
    struct video_port video;
    struct input_port input;
    const struct av_settings *settings;
    struct controls controls;
    struct window window;
    struct sound sound;
    SDL_GameController *pads[CONTROLS_PADS];
    char *file; /* the last that was dropped; SDL's memory */
    bool paused, stepping;
    bool muted;       /* the caller keeps time */
    unsigned skipped; /* pictures in a row not shown, for the sound's sake */
    u64 shown_ns;
};

/* ---- ports ---- */

static void front_frame(struct video_port *port, const struct video_frame *f)
{
    struct front *fr = container_of(port, struct front, video);

    /* When nobody will see it, converting it is not worth the time. */
    if (!fr->sound.fast || fr->muted || clock_now_ns() - fr->shown_ns >= FAST_SHOW_NS)
        window_frame(&fr->window, f, fr->settings);
}

static u32 front_buttons(struct input_port *port, unsigned index)
{
    return controls_buttons(&container_of(port, struct front, input)->controls, index);
}

static const struct video_ops video_ops = { .frame = front_frame };
static const struct input_ops input_ops = { .buttons = front_buttons };

/* ---- game controllers ---- */

static int pad_index(const struct front *fr, SDL_JoystickID id)
{
    for (int i = 0; i < CONTROLS_PADS; i++)
        if (fr->pads[i] && SDL_JoystickInstanceID(SDL_GameControllerGetJoystick(fr->pads[i])) == id)
            return i;
    return -1;
}

/* The first free player gets it. */
static void pad_added(struct front *fr, int device)
{
    char text[NOTE_ROOM];

    if (pad_index(fr, SDL_JoystickGetDeviceInstanceID(device)) >= 0)
        return;
    for (int i = 0; i < CONTROLS_PADS; i++)
        if (!fr->pads[i]) {
            const char *name;

            fr->pads[i] = SDL_GameControllerOpen(device);
            if (!fr->pads[i])
                return;
            name = SDL_GameControllerName(fr->pads[i]);
            snprintf(text, sizeof text, "Player %d: %s", i + 1, name ? name : "controller");
            window_text(&fr->window, text);
            return;
        }
}

static void pad_removed(struct front *fr, SDL_JoystickID id)
{
    int i = pad_index(fr, id);

    if (i < 0)
        return;
    SDL_GameControllerClose(fr->pads[i]);
    fr->pads[i] = NULL;
    controls_release_pad(&fr->controls, (unsigned)i);
    window_text(&fr->window, i ? "Player 2: unplugged" : "Player 1: unplugged");
}

/* ---- events ---- */

static void pad_event(struct front *fr, const SDL_Event *ev)
{
    int i;

    switch (ev->type) {
    case SDL_CONTROLLERDEVICEADDED: pad_added(fr, ev->cdevice.which); break;
    case SDL_CONTROLLERDEVICEREMOVED: pad_removed(fr, ev->cdevice.which); break;
    case SDL_CONTROLLERBUTTONDOWN:
    case SDL_CONTROLLERBUTTONUP:
        i = pad_index(fr, ev->cbutton.which);
        if (i >= 0 && ev->cbutton.button < PAD_PART_AXES)
            controls_pad(&fr->controls, (unsigned)i, ev->cbutton.button,
                         ev->type == SDL_CONTROLLERBUTTONDOWN);
        break;
    case SDL_CONTROLLERAXISMOTION:
        i = pad_index(fr, ev->caxis.which);
        if (i >= 0 && ev->caxis.axis < SDL_CONTROLLER_AXIS_MAX)
            controls_axis(&fr->controls, (unsigned)i, ev->caxis.axis, ev->caxis.value);
        break;
    default: break;
    }
}

static void front_event(struct front *fr, const SDL_Event *ev)
{
    switch (ev->type) {
    case SDL_QUIT: fr->controls.requests |= AV_QUIT; break;
    case SDL_KEYDOWN:
    case SDL_KEYUP:
        if (!ev->key.repeat)
            controls_key(&fr->controls, ev->key.keysym.scancode, ev->type == SDL_KEYDOWN);
        break;
    case SDL_WINDOWEVENT:
        if (ev->window.event == SDL_WINDOWEVENT_FOCUS_LOST)
            controls_release_keys(&fr->controls);
        break;
    case SDL_DROPFILE:
        SDL_free(fr->file);
        fr->file = ev->drop.file;
        fr->controls.requests |= AV_LOAD_FILE;
        break;
    default: pad_event(fr, ev); break;
    }
}

static void front_poll(struct av_frontend *fe, struct av_events *out)
{
    struct front *fr = container_of(fe, struct front, fe);
    struct controls *c = &fr->controls;
    SDL_Event ev;

    SDL_free(fr->file);
    fr->file = NULL;
    while (SDL_PollEvent(&ev))
        front_event(fr, &ev);
    controls_take(c, out);
    out->file = fr->file;
    fr->stepping = out->requests & AV_STEP;
    window_fullscreen(&fr->window, c->fullscreen);
    if (*c->note)
        window_text(&fr->window, c->note);
    *c->note = 0;
    fr->sound.volume = c->mute ? 0 : c->volume;
    fr->sound.fast = out->fast;
    if (fr->paused != c->paused)
        sound_pause(&fr->sound, c->paused);
    fr->paused = c->paused;
}

/* Fast-forward shows what the screen can; and a screen that holds the machine back (a slow one, or
 * a busy host) loses pictures before the sound has gaps. */
static bool front_skips(struct front *fr)
{
    if (fr->muted)
        return false;
    if (fr->sound.fast)
        return clock_now_ns() - fr->shown_ns < FAST_SHOW_NS;
    if (!sound_short(&fr->sound) || fr->skipped == SKIPS_MAX)
        return false;
    fr->skipped++;
    return true;
}

static void front_present(struct av_frontend *fe)
{
    struct front *fr = container_of(fe, struct front, fe);
    bool still = fr->paused && !fr->stepping && !fr->muted;

    if (!fr->paused && front_skips(fr))
        return;
    fr->skipped = 0;
    window_show(&fr->window, fr->controls.fit);
    fr->shown_ns = clock_now_ns();
    if (still)
        SDL_WaitEventTimeout(NULL, PAUSE_MS);
    else if (!fr->sound.fast && !fr->paused && !fr->muted && !sound_wait(&fr->sound))
        window_text(&fr->window, "The sound card has stopped");
}

static void front_message(struct av_frontend *fe, const char *text)
{
    window_text(&container_of(fe, struct front, fe)->window, text);
}

static void front_mute(struct av_frontend *fe, bool mute)
{
    struct front *fr = container_of(fe, struct front, fe);

    if (mute && !fr->muted)
        sound_drop(&fr->sound);
    fr->muted = mute;
}

static void front_title(struct av_frontend *fe, const char *title)
{
    struct front *fr = container_of(fe, struct front, fe);
    char text[128];

    snprintf(text, sizeof text, "%s - mews", title);
    SDL_SetWindowTitle(fr->window.window, text);
}

static void front_close(struct av_frontend *fe)
{
    struct front *fr = container_of(fe, struct front, fe);

    for (int i = 0; i < CONTROLS_PADS; i++)
        if (fr->pads[i])
            SDL_GameControllerClose(fr->pads[i]);
    sound_fini(&fr->sound);
    window_fini(&fr->window);
    SDL_free(fr->file);
    SDL_Quit();
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
    struct err quiet;
    int r;

    if (!fr)
        return err_set(e, ERR_NOMEM, "the window");
    if (SDL_InitSubSystem(SDL_INIT_VIDEO)) {
        free(fr);
        return err_set(e, ERR_NOTSUP, "no window: %s", SDL_GetError());
    }
    fr->settings = o->settings;
    fr->video.ops = &video_ops;
    fr->input.ops = &input_ops;
    fr->fe = (struct av_frontend) { &front_ops, &fr->video, &fr->sound.port, &fr->input };
    controls_init(&fr->controls, o->settings);
    r = window_init(&fr->window, o->settings, "mews", e);
    if (r) {
        window_fini(&fr->window);
        SDL_Quit();
        free(fr);
        return r;
    }
    front_title(&fr->fe, o->title);
    SDL_InitSubSystem(SDL_INIT_GAMECONTROLLER); /* without them the keyboard is left */
    if (sound_init(&fr->sound, o->settings->latency_ms, &quiet))
        window_text(&fr->window, quiet.text);
    *out = &fr->fe;
    return 0;
}
