/* The program: commands over mews.h. */
#ifndef APP_APP_H
#define APP_APP_H

#include "mews/mews.h"

#include <jansson.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_KICKED = 130 };

struct command {
    const char *name, *synopsis, *summary;
    const struct option_row *options; /* NULL: none */
    int (*run)(const struct command *c, int argc, char **argv);
};

struct option_row {
    const char *name, *value, *doc; /* --name VALUE; value NULL: a flag */
};

extern const struct command commands[];
extern const struct option_row run_options[], json_options[];
extern const struct option_row resume_options[];
extern const struct option_row top_options[], stop_options[], rm_options[], logs_options[];
extern const struct option_row attach_options[], send_options[], fork_options[];
extern const struct option_row snapshot_options[], restore_options[], inspect_options[];
extern const struct option_row replay_options[];
extern const struct option_row image_options[];
extern const struct option_row debug_options[], gdb_options[], show_options[], trace_options[];

/* The option that a word is: "--name", "--name=value", or "-x"; NULL: none of this command. */
const struct option_row *option_of(const struct command *c, const char *word);
/* Whether what stands behind a THING is the guest's, options or not. */
bool has_guest_arguments(const struct command *c);
/* The letter that is short for an option (-x), or 0. */
char option_letter(const struct command *c, const struct option_row *o);
/* What options_parse() returns instead of an index. */
enum { PARSE_WRONG = -1, PARSE_HELP = -2 };
/* Brings the options of a command in front of its arguments. argv[0] is left alone, as
 * options_parse() does. */
void options_first(const struct command *c, int argc, char **argv);
/* Reads options until the first argument that is none; returns its index, or a negative number for
 * options_end(). Calls set(ctx, name, value) for each; value is NULL for a flag; set returns 0, or
 * -1 after a message. */
int options_parse(const struct command *c, int argc, char **argv,
                  int (*set)(void *ctx, const char *name, const char *value), void *ctx);
/* The value of an option that is a size ("64M"): 0, or what usage() returns, after its message. */
int option_size(const struct command *c, const char *name, const char *text, size_t *out);
/* The exit status when options_parse() returned a negative number: help was given, or a message. */
int options_end(int parsed);
/* For commands whose only option is --json: set() with a bool as ctx. */
int options_json(void *ctx, const char *name, const char *value);

/* The word of --speed: so many times its own, 0 for max. Returns 0, or the status after a message.
 */
int speed_parse(const struct command *c, const char *text, double *factor);

/* Both print "mews: text" and return the exit status. */
int usage(const struct command *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int fail(const char *text);
int fail_error(const struct mews_error *e); /* EXIT_USAGE when a word of the command was wrong */

void help_command(const struct command *c);

/* A string of bytes from outside: what is no UTF-8 becomes U+FFFD. */
json_t *json_text(const char *s);
/* Prints it on standard output, and frees it. */
void json_print(json_t *j);

int cmd_run(const struct command *c, int argc, char **argv);
int cmd_ps(const struct command *c, int argc, char **argv);
int cmd_top(const struct command *c, int argc, char **argv);
int cmd_pause(const struct command *c, int argc, char **argv);
int cmd_resume(const struct command *c, int argc, char **argv);
int cmd_stop(const struct command *c, int argc, char **argv);
int cmd_wait(const struct command *c, int argc, char **argv);
int cmd_rm(const struct command *c, int argc, char **argv);
int cmd_logs(const struct command *c, int argc, char **argv);
int cmd_attach(const struct command *c, int argc, char **argv);
int cmd_send(const struct command *c, int argc, char **argv);
int cmd_stats(const struct command *c, int argc, char **argv);
int cmd_events(const struct command *c, int argc, char **argv);
int cmd_fork(const struct command *c, int argc, char **argv);
int cmd_kinds(const struct command *c, int argc, char **argv);
int cmd_snapshot(const struct command *c, int argc, char **argv);
int cmd_restore(const struct command *c, int argc, char **argv);
int cmd_replay(const struct command *c, int argc, char **argv);
int cmd_inspect(const struct command *c, int argc, char **argv);
int cmd_debug(const struct command *c, int argc, char **argv);
int cmd_gdb(const struct command *c, int argc, char **argv);
int cmd_show(const struct command *c, int argc, char **argv);
int cmd_trace(const struct command *c, int argc, char **argv);
int cmd_diff(const struct command *c, int argc, char **argv);
int cmd_info(const struct command *c, int argc, char **argv);
int cmd_image(const struct command *c, int argc, char **argv);
int cmd_help(const struct command *c, int argc, char **argv);
int cmd_version(const struct command *c, int argc, char **argv);

#endif
