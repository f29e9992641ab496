/* What the files of api/ share: the machine behind the public handle. */
#ifndef API_MEWS_H
#define API_MEWS_H

#include "api/outside.h"
#include "host/av/png.h"
#include "host/av/press.h"
#include "host/av/record.h"
#include "host/console.h"
#include "host/decode.h"
#include "host/share.h"
#include "host/store.h"
#include "mach/recipe.h"
#include "mews/mews.h"
#include "svc/debug/tracer.h"
#include "svc/replay/history.h"
#include "svc/snap/snap.h"

struct mews {
    struct machine *machine; /* another one when mews_show() was given another thing */
    int kicked;              /* atomic: mews_kick() was called */
    int kicking;             /* atomic: so many mews_kick() are under way */
    struct ports ports;
    struct console console, diagnostics;
    struct decode decode;
    struct store *store; /* owned; NULL: battery RAM is kept nowhere */
    mews_save_fn *save;  /* mews_save_with() */
    void *save_ctx;
    char *saves;               /* owned; the directory for it, or NULL */
    struct recipe recipe;      /* of the machine */
    struct recorder *recorder; /* between it and the ports */
    struct history *history;   /* NULL: it remembers nothing */
    size_t rewind_bytes;       /* of the history of a live machine; 0: none */
    struct replay *replay;     /* what is played; NULL: the machine is no recording's */
    struct share share;
    struct outside outside;
    struct video_keep video;
    struct audio_record audio;
    struct wav *wav;
    struct press press;
    struct input_port held; /* behind press: what mews_buttons() says */
    u32 buttons[PRESS_PADS];
    u64 frames;               /* of the machine, where press can see it */
    const struct space *lost; /* atomic: the host could not supply a page of it; NULL: it could */
    u64 lost_at;
    struct palette palette;
    png_encode_fn *png; /* mews_screenshot_ready() */
    u32 *rgb;
    struct listener listener;
    struct trace_filter trace_filter;
    mews_trace_fn *trace_fn;
    void *trace_ctx;
    bool trace_json;
    bool reset_when_asked, reset_done; /* a test program's wish; and that it was fulfilled */
    u64 asked_at;                      /* ticks; 0: it has none */
    struct {
        double speed; /* 0: as fast as it goes */
        bool said;
        u64 end, frames;
    } show;                   /* what mews_show_as() said */
    struct snap_chain *chain; /* of mews_snapshot_to(), once it was called */
    /* A window that shows it lives on meanwhile, a picture's time; true: the person leaves. NULL:
     * there is none. */
    bool (*breathe)(void *ctx);
    void *breathe_ctx;
    int (*enter)(void *ctx, enum mews_thread role, struct mews_error *e); /* mews_threads() */
    void *enter_ctx;
    struct thread_hook thread_hook;
    struct control *control; /* others can find it: control.c; NULL: they cannot */
    char name[256];
};

/* ---- machine.c, for show.c ---- */
struct machine_parts { /* of a machine that is not yet, or no longer, m's */
    struct machine *machine;
    struct store *store;
    struct recorder *recorder;
    struct recipe recipe;
    char name[256];
};
/* Makes the machine of the thing at `path` on m's ports. */
int api_make(struct mews *m, const char *path, const struct mews_options *o,
             struct machine_parts *out, struct err *e);
/* Makes another machine from what one was made from. */
int api_make_again(struct mews *m, const struct recipe *from, struct machine_parts *out,
                   struct err *e);
/* Ends it without storing anything; accepts the half-made. */
void api_unmake(struct machine_parts *p);
/* Puts it in the place of the one that is there, which becomes *p. */
void api_exchange(struct mews *m, struct machine_parts *p);
/* Stores battery RAM. */
int api_store(struct machine *machine, struct store *store, struct err *e);

/* ---- machine.c, for snapshot.c ---- */
struct mews_options api_options(const struct mews_options *given);
/* A handle with its ports and no machine; mews_close() takes it. */
int api_begin(const struct mews_options *o, struct mews **out, struct err *e);

/* ---- machine.c, for control.c ---- */
/* As mews_kick(), but the run goes on when control_serve() has been called. */
void api_wake(struct mews *m);

/* ---- threads.c, for control.c ---- */
/* What mews_threads() said; NULL: nothing. */
const struct thread_hook *api_thread_hook(const struct mews *m);

/* ---- replay.c, for machine.c and show.c ---- */
/* The ports of a machine that is about to be made, in front of the host's. */
int api_recorder(struct mews *m, const struct ports *host, struct recorder **out, struct err *e);
/* A machine has come, or goes. */
void api_history_begin(struct mews *m);
void api_history_end(struct mews *m);
/* Makes the machine live again, if it can be, and ends the recording. */
int api_history_finish(struct mews *m, struct err *e);
bool api_past(const struct mews *m);      /* its inputs are a tape's */
bool api_recording(const struct mews *m); /* what happens to it is written to a file */
int api_seek(struct mews *m, u64 time, struct err *e);
int api_branch(struct mews *m, struct err *e);

/* ---- snapshot.c, for show.c ---- */
/* Puts m's machine into the state of a snapshot of it; the store and the screen stay. */
int api_load_state(struct mews *m, const char *path, struct err *e);

/* ---- view.c, for debug.c, control.c and link.c ---- */
int api_view_picture(struct mews *m, const struct view *v, const char *path, struct err *e);
/* Its colours 0x00RRGGBB; *out is the caller's. */
int api_view_pixels(struct mews *m, const struct view *v, u32 **out, struct err *e);
/* Colours to a PNG file; path NULL: to the terminal. */
int api_pixels_show(const u32 *rgb, unsigned width, unsigned height, const char *path,
                    struct err *e);

/* ---- snapshot.c, for machine.c and save.c: 0, or that memory is lost ---- */
int api_whole(const struct mews *m, struct err *e);

/* Copies an error out; returns its negative code. */
int api_report(struct mews_error *out, const struct err *e);

#endif
