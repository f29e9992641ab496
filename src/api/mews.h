/* What the files of api/ share: the machine behind the public handle. */
#ifndef API_MEWS_H
#define API_MEWS_H

#include "host/av/press.h"
#include "host/av/record.h"
#include "host/console.h"
#include "host/share.h"
#include "host/store.h"
#include "mach/machine.h"
#include "mews/mews.h"

struct mews {
    struct machine *machine;
    struct ports ports;
    struct console console, diagnostics;
    struct store store;
    struct share share;
    struct video_keep video;
    struct audio_record audio;
    struct wav *wav;
    struct press press;
    struct input_port held; /* behind press: what mews_buttons() says */
    u32 buttons[PRESS_PADS];
    u64 frames; /* of the machine, where press can see it */
    struct palette palette;
    u32 *rgb;
    struct trace trace;
    mews_trace_fn *trace_fn;
    void *trace_ctx;
    char name[256];
};

/* Copies an error out; returns its negative code. */
int api_report(struct mews_error *out, const struct err *e);

#endif
