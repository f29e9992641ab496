/* A machine behind a recorder, in front of a host that says random things: buttons, the pace of
 * sound, console input that comes in pieces or not yet, files of a directory, battery RAM. What it
 * says depends on how often it was asked, so no run is like another unless a tape makes it so. */
#ifndef TESTS_SVC_RIG_H
#define TESTS_SVC_RIG_H

#include "host/share.h"
#include "svc/replay/recorder.h"

#include <limits.h>

enum { RIG_BATTERY = 8192 };

struct rig {
    struct machine *machine;
    struct recorder *recorder;
    u64 chance;
    struct ports ports;
    struct char_port console, diagnostics;
    struct video_port video;
    struct audio_port audio;
    struct input_port input;
    struct store_port store;
    struct share share;
    u8 battery[RIG_BATTERY];
    /* What the host saw. */
    u64 pictures, samples, sent, asked;
    char dir[PATH_MAX];
};

/* Makes the machine of whatever kind accepts the image; stops the test when none does. Arguments:
 * "in" and "out" are files of the directory, `in` is there. */
void rig_open(struct rig *r, const u8 *image, size_t len, u64 seed);
void rig_close(struct rig *r); /* the directory goes too */

/* Another one of the same machine, from the same image, whose ports are `has` and lead nowhere. */
void rig_open_deaf(struct rig *r, const u8 *image, size_t len, u32 has);

#endif
