/* Front-ends: a window or a terminal that shows pictures, plays sound and listens to a person.
 *
 *     struct av_frontend *fe;
 *     av_open(&fe, AV_AUTO, &options, &e);
 *     ... give fe->video, fe->audio, fe->input to the machine as its ports ...
 *     while (fe->ops->poll(fe, &ev), !(ev.requests & AV_QUIT)) {
 *         ... do what ev.requests asks; while ev.rewind, show the pictures of the past ...
 *         if (!ev.paused || (ev.requests & AV_STEP))
 *             ... run the machine until one more picture is complete ...
 *         fe->ops->present(fe);
 *     }
 *     fe->ops->close(fe);
 *
 * Everything is called by one thread. The machine runs at its own speed because present() waits:
 * for the sound that was made to be played, and for the screen. */
#ifndef HOST_AV_AV_H
#define HOST_AV_AV_H

#include "host/av/record.h"
#include "host/av/settings.h"

enum av_kind {
    AV_AUTO,  /* the window where there is a display, else the terminal */
    AV_SDL,   /* mews_av_sdl.so */
    AV_CHAFA, /* mews_av_chafa.so */
};

enum av_request {
    AV_QUIT = 1,
    AV_RESET = 2,
    AV_STEP = 4,        /* one picture, then pause */
    AV_SCREENSHOT = 8,  /* av_screenshot() */
    AV_LOAD_FILE = 16,  /* `file` was dropped on the window */
    AV_SAVE_STATE = 32, /* to `slot`, 0..9 */
    AV_LOAD_STATE = 64,
};

struct av_events {
    unsigned requests; /* since the last poll */
    bool paused;       /* a person wants it to stand still */
    bool fast;         /* present() does not wait, and shows some pictures only */
    bool rewind;       /* a person wants to see it backwards */
    unsigned slot;
    const char *file; /* borrowed until the next poll */
};

struct av_options {
    const char *title;                  /* the thing's name */
    const struct av_settings *settings; /* borrowed while open */
};

struct av_frontend {
    const struct av_ops *ops;
    struct video_port *video;
    struct audio_port *audio; /* NULL: none */
    struct input_port *input;
};

struct av_ops {
    /* Takes in what the person did since the last time; quick. */
    void (*poll)(struct av_frontend *fe, struct av_events *out);
    /* Shows the last picture, then waits until the next should be made: with sound, until the queue
     * has drained to its proper length. While paused, until something happens or 20 ms are over. */
    void (*present)(struct av_frontend *fe);
    /* Shows a line of text for a few seconds. */
    void (*message)(struct av_frontend *fe, const char *text);
    /* What is shown now is not to be heard: the sound that waits to be played is dropped, and
     * present() does not wait, for the caller keeps time. */
    void (*mute)(struct av_frontend *fe, bool mute);
    /* Another thing runs now. */
    void (*title)(struct av_frontend *fe, const char *title);
    void (*close)(struct av_frontend *fe); /* frees it; restores terminal and screen */
};

/* "sdl", "terminal"; NULL: AV_AUTO. ERR_USAGE for another word. */
int av_kind_named(const char *name, enum av_kind *out, struct err *e);

/* *out is the caller's, who ends it with ops->close. AV_AUTO with neither display nor terminal is
 * ERR_NOTSUP. */
int av_open(struct av_frontend **out, enum av_kind kind, const struct av_options *o, struct err *e);

/* Writes the last picture to TITLE-DATE-TIME.png in the directory of the settings, as large as a
 * window shows it at first but with square pixels, and puts the path in path[]. */
int av_screenshot(const struct video_keep *keep, const struct av_settings *s, const char *title,
                  char path[static PATH_MAX], struct err *e);

/* ---- between av.c and a module ---- */
typedef int av_open_fn(struct av_frontend **out, const struct av_options *o, struct err *e);
#define AV_OPEN "mews_av_open"

#endif
