/* A debugger behind mews.h: of a machine in this process, or by a connection to another's monitor.
 * Lines, history and completion (debug.c) are the same for both. */
#ifndef API_DEBUG_H
#define API_DEBUG_H

#include "api/mews.h"
#include "host/line.h"
#include "svc/debug/console.h"

struct debug_remote;

/* What differs. */
struct debug_face {
    void (*close)(struct mews_debug *d); /* also the half-made */
    void (*greet)(struct mews_debug *d);
    int (*command)(struct mews_debug *d, const char *line, struct err *e);
    void (*interrupt)(struct mews_debug *d); /* any signal handler */
    bool (*ended)(const struct mews_debug *d);
    int (*symbols)(struct mews_debug *d, const char *path, struct err *e);
    void (*complete)(struct mews_debug *d, const char *line, line_word_fn *word, void *ctx);
};

struct mews_debug {
    const struct debug_face *face;
    struct mews_debug_options options;
    /* Here: */
    struct mews *m;
    struct debug *debug;
    struct debug_console *console;
    /* There: */
    struct debug_remote *remote;
    /* Lines from a person: an editor at a terminal, else what comes. */
    bool asked;
    const struct line_module *module; /* NULL: no editor */
    struct line_editor *editor;
    char *line;
    size_t line_room;
};

/* ---- debug.c, for debug_link.c ---- */
/* NULL: no memory. */
struct mews_debug *api_debug_make(const struct debug_face *face, const struct mews_debug_options *o,
                                  struct err *e);
/* Symbols of a file that is no text (ELF), as symbols_binary_fn. */
int api_debug_elf(void *ctx, const char *path, struct symbols *to, struct err *e);

/* ---- link.c, for debug_link.c ---- */
struct ctl_client;
int api_link_view(struct ctl_client *c, const char *name, const char *path, struct err *e);

#endif
