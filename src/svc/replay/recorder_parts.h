/* The recorder from inside, for the history. */
#ifndef SVC_REPLAY_RECORDER_PARTS_H
#define SVC_REPLAY_RECORDER_PARTS_H

#include "svc/replay/recorder.h"
#include "svc/replay/tape.h"

enum recorder_mode { RECORDER_PASS, RECORDER_RECORDING, RECORDER_PLAYING };

struct recorder_chars {
    struct char_port port;
    struct recorder *r;
    unsigned index;          /* on the tape */
    struct char_port **host; /* where struct ports has the host's */
};

struct recorder {
    struct ports host, ports;
    struct recorder_chars console, diagnostics;
    struct video_port video;
    struct audio_port audio;
    struct input_port input;
    struct store_port store;
    struct files_port files;

    struct machine *machine; /* borrowed; NULL until it is attached */
    enum recorder_mode mode;
    struct tape tape;
    struct tape_cursor at; /* playing: what was answered */
    bool show_pictures, show_sound, show_console;
    struct err diverged; /* playing: code is not 0 when it has */
    /* Verifying: a question that is not the one on the tape is noted, and from then on answered as
     * well as can be, until the machine comes to where its state can be compared. */
    bool lenient;
    struct err strayed;
    struct err failed; /* recording: no memory for the tape */
    /* Recording: called before a question that may wait for a person. */
    void (*before_wait)(void *ctx);
    void *ctx;
};

void recorder_record(struct recorder *r); /* from the tape's end on */
void recorder_play(struct recorder *r, const struct tape_cursor *from);

/* Playing: does the act that stands next on the tape. False, and diverged, when there is none or
 * the machine is not where it was. */
bool recorder_act(struct recorder *r);
/* Playing: whether the tape goes on with a wait for input that was in vain, now. */
bool recorder_waits(const struct recorder *r);

/* What the machine was found doing other than the tape says; the first word stands. */
void recorder_diverge(struct recorder *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
