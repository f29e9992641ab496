/* The program: commands over mews.h. */
#ifndef APP_APP_H
#define APP_APP_H

#include "mews/mews.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
    const char *name, *synopsis, *summary;
    const struct option_row *options; /* NULL: none */
    int (*run)(const struct command *c, int argc, char **argv);
};

/* One option. The value, where `value` names one, goes to *take(target, text). */
struct option_row {
    const char *name, *value, *doc; /* --name VALUE */
};

extern const struct command commands[];

/* Reads options until the first argument that is none; returns its index, or -1 after a message.
 * Calls set(ctx, row, value) for each; value is NULL for a flag; set returns 0 or -1. */
int options_parse(const struct command *c, int argc, char **argv,
                  int (*set)(void *ctx, const char *name, const char *value), void *ctx);

int usage(const struct command *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int fail(const char *text); /* "mews: text" on stderr; returns EXIT_FAILED */
void help_command(const struct command *c);
void json_text(const char *s); /* a JSON string on stdout */

int cmd_run(const struct command *c, int argc, char **argv);
int cmd_kinds(const struct command *c, int argc, char **argv);
int cmd_info(const struct command *c, int argc, char **argv);
int cmd_help(const struct command *c, int argc, char **argv);
int cmd_version(const struct command *c, int argc, char **argv);
extern const struct option_row run_options[], json_options[];

#endif
