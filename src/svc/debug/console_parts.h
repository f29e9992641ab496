/* What the files of the console share. A command fills c->result in JSON and says lines otherwise.
 */
#ifndef SVC_DEBUG_CONSOLE_PARTS_H
#define SVC_DEBUG_CONSOLE_PARTS_H

#include "svc/debug/console.h"

#include "svc/debug/tracer.h"

#include <jansson.h>

enum { LINE_BYTES = 1024, SOURCE_DEPTH = 8 };

struct debug_console {
    struct debug *debug;
    struct machine *machine;
    struct debug_console_options o;
    json_t *result; /* of the command under way, when o.json */
    char *buffer;   /* a line that is not complete yet */
    size_t buffered, room;
    char again[LINE_BYTES]; /* what an empty line repeats */
    unsigned depth;         /* of `source` */
    bool ended;
    u64 next_x, next_dis, next_list; /* where x, disassemble and list go on */
    bool has_dis;
    char symbol_dir[LINE_BYTES]; /* of the last symbol file: where its sources may be */
    struct listener listener;
    struct trace_filter *filter; /* NULL: off */
    u64 events;
};

/* How a command is repeated by an empty line. */
enum repeat { REPEAT_NO, REPEAT_SAME, REPEAT_BARE /* without its arguments */ };

struct console_command {
    const char *words, *arguments, *doc;
    int (*run)(struct debug_console *c, char *args, struct err *e);
    enum repeat repeat;
};
extern const struct console_command console_run_commands[], console_point_commands[],
    console_look_commands[], console_state_commands[];

/* ---- console.c ---- */
void console_say(struct debug_console *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts a value into the result; takes the reference, also when there is no result. */
void console_put(struct debug_console *c, const char *key, json_t *value);
/* Says an object at once. */
void console_emit(struct debug_console *c, json_t *j);

/* Whether somebody else is asked to do it, who has the files; takes the reference. */
bool console_asks(const struct debug_console *c, json_t *what);
/* ERR_NOTSUP when it reads no files. */
int console_files(const struct debug_console *c, struct err *e);
/* The next word of *args, cut off with a zero, or NULL; *args goes on behind it. */
char *console_word(char **args);
/* All of `args` as a number: an address (bare digits are hexadecimal), or not. */
int console_number(struct debug_console *c, const char *text, bool hex, u64 *out, struct err *e);
/* A count, at least 1; `none` when there is no text. */
int console_count(struct debug_console *c, const char *text, u64 none, u64 *out, struct err *e);

/* "$C123", as wide as the program counter. */
const char *console_address(struct debug_console *c, u64 addr, char out[24]);
/* " main+3 (main.c:12)", or "". */
const char *console_symbol(struct debug_console *c, u64 addr, char out[200]);
json_t *console_place(struct debug_console *c, u64 addr);

/* Where something is: memory of the CPU, or of a domain, or a position. */
struct location {
    unsigned domain; /* as in struct watch */
    bool position;
    u64 first, last; /* addresses, or the position's numbers */
};
/* "main", "c000", "*pc+3", "file.c:12", "ppu:2000", "ppu 241/1"; addresses may be FIRST..LAST or
 * ADDR,LENGTH. Takes what it needs of *text. */
int console_location(struct debug_console *c, char **text, struct location *out, struct err *e);
bool console_peek(struct debug_console *c, unsigned domain, u64 addr, void *out, size_t len);

/* ---- console_run.c ---- */
/* Says that and why the machine stopped. */
void console_stopped(struct debug_console *c, const struct debug_stop *s, bool backwards);
void console_on_trace(void *ctx, const struct debug_point *p, const struct watch *hit);

/* ---- console_look.c ---- */
/* One instruction: says it, returns its length. */
size_t console_instruction(struct debug_console *c, u64 addr, json_t *list);

#endif
