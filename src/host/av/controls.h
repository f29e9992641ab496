/* What keys and game controllers do, whichever front-end hears them: the buttons held, the hotkeys'
 * requests, and what these set (pause, speed, volume ...). */
#ifndef HOST_AV_CONTROLS_H
#define HOST_AV_CONTROLS_H

#include "host/av/av.h"
#include "host/av/press.h"

enum { CONTROLS_PADS = 2, NOTE_ROOM = 96 };

struct controls {
    const struct av_settings *settings; /* borrowed */
    bool held[BINDINGS_MAX];            /* per binding, so that two keys may hold one button */
    bool tapped[BINDINGS_MAX];          /* pressed since controls_take(), though let go of again */
    bool shown[BINDINGS_MAX];           /* the taps that the machine sees until the next one */
    s8 axis[CONTROLS_PADS][6];          /* the direction each axis is held in */
    unsigned requests, slot;
    bool paused, fast_lock, fullscreen, mute;
    enum fit fit;
    unsigned volume;
    char note[NOTE_ROOM]; /* a message that a hotkey gave rise to; the front-end empties it */
};

void controls_init(struct controls *c, const struct av_settings *s);

void controls_key(struct controls *c, unsigned key, bool down);
/* `part` as in keys.h, `pad` 0 or 1. */
void controls_pad(struct controls *c, unsigned pad, unsigned part, bool down);
/* An axis 0..5 at -32768..32767. Half way is held; a little less lets go. */
void controls_axis(struct controls *c, unsigned pad, unsigned axis, int value);

/* Lets go of every key, or of all of one controller: the window lost the keyboard, the plug was
 * pulled. */
void controls_release_keys(struct controls *c);
void controls_release_pad(struct controls *c, unsigned pad);

/* The buttons held on a controller, and those tapped between the last two controls_take(): a key
 * that goes down and up between two pictures is not lost. Of two opposite directions neither, which
 * no real controller can press and some games cannot stand. */
u32 controls_buttons(const struct controls *c, unsigned pad);

bool controls_fast(const struct controls *c);
/* Once for each picture. Moves the requests out; `file` is left alone. */
void controls_take(struct controls *c, struct av_events *out);

#endif
