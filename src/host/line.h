/* Lines that a person types, with history and completion, by the module mews_line.so (libedit):
 * only who sits at a terminal needs it. */
#ifndef HOST_LINE_H
#define HOST_LINE_H

#include "base/err.h"
#include "base/types.h"

struct line_editor;

typedef void line_word_fn(void *ctx, const char *word);
struct line_options {
    const char *name;    /* of the program, for ~/.editrc */
    const char *history; /* a file that keeps it; NULL: none */
    /* Calls word() for each that the last one of `line` can become. */
    void (*complete)(void *ctx, const char *line, line_word_fn *word, void *word_ctx);
    void *ctx;
};

/* What the module exports. */
#define LINE_MODULE "mews_line_module"
struct line_module {
    int (*open)(const struct line_options *o, struct line_editor **out, struct err *e);
    /* Borrowed until the next; NULL: the end, or (`interrupted`) a signal. */
    const char *(*read)(struct line_editor *l, const char *prompt, bool *interrupted);
    void (*close)(struct line_editor *l); /* accepts NULL; keeps the history */
};

/* The module, opened. */
int line_module(const struct line_module **out, struct err *e);

#endif
