/* What the files of gdb's stub share. A command reads its arguments, and answers. */
#ifndef SVC_DEBUG_GDB_PARTS_H
#define SVC_DEBUG_GDB_PARTS_H

#include "svc/debug/console.h"
#include "svc/debug/gdb.h"
#include "svc/debug/gdb_target.h"
#include "svc/debug/packet.h"

struct gdb_point { /* what gdb has asked for */
    unsigned type; /* of gdb's: 0 and 1 breakpoints, 2 write, 3 read, 4 access */
    u64 addr, kind;
    unsigned id; /* of the debugger; 0: this place is free */
};

struct gdb {
    struct debug *debug;
    struct gdb_options o;
    struct debug_console *console; /* for `monitor` */
    struct gdb_target target;
    struct gdb_point points[DEBUG_POINTS];
    struct packet_reader in;
    struct packet_writer last; /* what was sent last */
    char answer[PACKET_BYTES];
    size_t answered;
    char stop[128]; /* the last answer about a stop */
    bool silent;    /* there is no answer */
    bool no_acks, no_acks_from_next;
    bool knows_swbreak, knows_hwbreak;
    enum gdb_then then;
};

/* ---- gdb.c ---- */
void gdb_answer(struct gdb *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gdb_answer_hex(struct gdb *g, const void *bytes, size_t len);
void gdb_answer_error(struct gdb *g, const struct err *e);
void gdb_say(void *ctx, const char *text);
/* A hexadecimal number at *at, which goes on behind it. */
bool gdb_number(char **at, u64 *out);
/* Whether the character is there; it is taken. */
bool gdb_mark(char **at, char mark);
/* A thread's number: CPU and one; 0: any, or all. False: there is no such thread. */
bool gdb_thread(const struct gdb *g, char **at, u64 *out);

typedef void gdb_command(struct gdb *g, char *args);

/* ---- gdb_run.c ---- */
gdb_command gdb_run_continue, gdb_run_continue_signal, gdb_run_step, gdb_run_step_signal,
    gdb_run_cont, gdb_run_cont_words, gdb_run_back_step, gdb_run_back, gdb_set_point,
    gdb_clear_point;

/* ---- gdb_ask.c ---- */
gdb_command gdb_choose_thread, gdb_ask_thread, gdb_ask_current, gdb_ask_threads,
    gdb_ask_threads_more, gdb_ask_thread_text, gdb_ask_attached, gdb_ask_supported, gdb_ask_symbol,
    gdb_ask_object, gdb_ask_command;

#endif
