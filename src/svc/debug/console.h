/* The debugger's console: words to the core's functions, and what they say as text or as JSON. It
 * reads no terminal and writes to none: a program gives it lines and takes what it says.
 *
 * In JSON each command says one object on a line: what it found, or {"error": ...}; tracepoints and
 * trace events say one each when they happen. */
#ifndef SVC_DEBUG_CONSOLE_H
#define SVC_DEBUG_CONSOLE_H

#include "svc/debug/debug.h"

#include <jansson.h>

struct debug_console;

struct debug_console_options {
    bool json;
    bool no_files; /* it reads none: no scripts, symbols and sources */
    /* What needs files is asked of who gave the line, and then done there: {"ask": "source" or
     * "symbols", "path"}, {"ask": "list", "file", "line"}, {"ask": "picture", "view", "path"}.
     * Takes the reference. NULL: nobody can be asked. */
    void (*ask)(void *ctx, json_t *what);
    /* Takes what is said; whole lines. */
    void (*say)(void *ctx, const char *text);
    /* Symbols of a file whose bytes are no text that it reads (ELF); NULL: it reads none. */
    int (*symbols)(void *ctx, const char *path, struct symbols *to, struct err *e);
    /* A view's picture to a file, or shown; NULL: there is nowhere to. */
    int (*picture)(void *ctx, const struct view *v, const char *path, struct err *e);
    void *ctx;
};

/* The debugger is borrowed. */
int debug_console_create(struct debug *d, const struct debug_console_options *o,
                         struct debug_console **out, struct err *e);
void debug_console_destroy(struct debug_console *c); /* accepts NULL */

/* Executes a line; an empty one says again the last one that may be repeated. What is wrong has
 * been said (in JSON) or is in `e` (else): the session goes on. */
int debug_console_run(struct debug_console *c, const char *line, struct err *e);
bool debug_console_ended(const struct debug_console *c); /* quit was said */
/* Says where the machine is. */
void debug_console_greet(struct debug_console *c);

/* Symbols from a file; and those that stand beside a thing: NAME.dbg, NAME.lbl, NAME.labels. */
int debug_console_symbols(struct debug_console *c, const char *path, struct err *e);
void debug_console_symbols_beside(struct debug_console *c, const char *thing);

/* What the last word of a line can become. */
void debug_console_complete(struct debug_console *c, const char *line,
                            void (*f)(void *ctx, const char *word), void *ctx);

/* The commands, for help. NULL: the end. `words`: its names, a blank between them. */
bool debug_console_command(unsigned index, const char **words, const char **arguments,
                           const char **doc);

#endif
