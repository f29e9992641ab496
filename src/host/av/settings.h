/* What a person may set about pictures, sound and controls: defaults, then the configuration file.
 */
#ifndef HOST_AV_SETTINGS_H
#define HOST_AV_SETTINGS_H

#include "host/av/picture.h"

#include <limits.h>

/* What a key can do. The first sixteen are the controllers' buttons, PAD_BUTTONS each, in the order
 * of `--press`. X(ID, name in the file, words for a person) */
enum av_action {
    ACT_PAD = 0,
    ACT_HOTKEYS = 16,
    ACT_BEFORE_HOTKEYS = ACT_HOTKEYS - 1,
#define ACTION_LIST(X)                                        \
    X(QUIT, "quit", "leave")                                  \
    X(PAUSE, "pause", "pause and go on")                      \
    X(STEP, "step", "pause and show one more picture")        \
    X(FAST, "fast", "fast-forward while held")                \
    X(REWIND, "rewind", "play backwards while held")          \
    X(FAST_LOCK, "fast-lock", "fast-forward on and off")      \
    X(RESET, "reset", "press the machine's reset button")     \
    X(SCREENSHOT, "screenshot", "write the picture to a PNG") \
    X(FULLSCREEN, "fullscreen", "window or whole screen")     \
    X(FIT, "fit", "next way to fit the picture in")           \
    X(LOUDER, "louder", "volume up")                          \
    X(SOFTER, "softer", "volume down")                        \
    X(MUTE, "mute", "sound off and on")                       \
    X(SAVE_STATE, "save-state", "keep the machine's state")   \
    X(LOAD_STATE, "load-state", "go back to it")              \
    X(NEXT_SLOT, "next-slot", "choose where states are kept")
#define X(id, name, doc) ACT_##id,
    ACTION_LIST(X)
#undef X
        ACT_COUNT
};

const char *action_name(enum av_action a); /* of a hotkey: a >= ACT_HOTKEYS */

enum { BINDINGS_MAX = 192 };

struct binding {
    u8 action;    /* enum av_action */
    bool pad;     /* of a game controller: the player's own, the first's for hotkeys */
    u16 code;     /* key, or part of the controller */
    bool inbuilt; /* from the defaults: gives way to what the file says */
};

struct av_settings {
    unsigned scale; /* of a new window: rows of the screen per row of the picture */
    bool fullscreen, vsync, mute;
    enum fit fit;
    struct crop crop;
    bool have_palette; /* palette_file was given and loaded */
    struct palette palette;
    unsigned volume;            /* 0..100 */
    unsigned latency_ms;        /* of sound */
    char screenshots[PATH_MAX]; /* directory; "": the data directory's */
    struct binding bindings[BINDINGS_MAX];
    unsigned binding_count;
};

void av_settings_init(struct av_settings *s);
/* Adds what the text says; a palette file is read from its path, relative ones beside `name`. */
int av_settings_parse(struct av_settings *s, const char *text, size_t len, const char *name,
                      struct err *e);
/* Defaults, then the file at `path`; NULL: the usual place, where no file is no error. */
int av_settings_load(struct av_settings *s, const char *path, struct err *e);

#endif
