/* What the files of api/ share: the machine behind the public handle. */
#ifndef API_MEWS_H
#define API_MEWS_H

#include "host/av/press.h"
#include "host/av/record.h"
#include "host/console.h"
#include "host/share.h"
#include "host/store.h"
#include "mach/recipe.h"
#include "mews/mews.h"
#include "svc/snap/snap.h"

struct mews {
    struct machine *machine; /* another one when mews_show() was given another thing */
    int kicked;              /* atomic: mews_kick() was called */
    int kicking;             /* atomic: so many mews_kick() are under way */
    struct ports ports;
    struct console console, diagnostics;
    struct store *store;  /* owned; NULL: battery RAM is kept nowhere */
    char *saves;          /* owned; the directory for it, or NULL */
    struct recipe recipe; /* of the machine */
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
    bool reset_when_asked, reset_done; /* a test program's wish; and that it was fulfilled */
    u64 asked_at;                      /* ticks; 0: it has none */
    struct snap_chain *chain;          /* of mews_snapshot_to(), once it was called */
    struct control *control;           /* others can find it: control.c; NULL: they cannot */
    char name[256];
};

/* ---- machine.c, for show.c ---- */
struct machine_parts { /* of a machine that is not yet, or no longer, m's */
    struct machine *machine;
    struct store *store;
    struct recipe recipe;
    char name[256];
};
/* Makes the machine of the thing at `path` on m's ports. */
int api_make(struct mews *m, const char *path, const struct mews_options *o,
             struct machine_parts *out, struct err *e);
/* Makes another machine from what one was made from. */
int api_make_again(struct mews *m, const struct recipe *r, struct machine_parts *out,
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

/* ---- snapshot.c, for control.c: mews_snapshot_to(), and whether it is `listed` as a base ---- */
int api_snapshot(struct mews *m, int fd, bool incremental, bool chained,
                 struct mews_snapshot_info *info, struct err *e);

/* Copies an error out; returns its negative code. */
int api_report(struct mews_error *out, const struct err *e);

#endif
