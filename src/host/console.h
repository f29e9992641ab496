/* A guest's console on two of the host's descriptors. Output to a terminal goes out at once. Other
 * output is collected: it goes out when the buffer is full, before the guest reads, and by
 * console_flush(). Two consoles may end in the same place (a terminal, `2>&1`): the one with
 * `first` set collects nothing, and has the other's output go out before its own. */
#ifndef HOST_CONSOLE_H
#define HOST_CONSOLE_H

#include "mach/port.h"

enum { CONSOLE_ROOM = 4096 };

struct console {
    struct char_port port;
    int in, out;           /* borrowed; -1: nothing comes, nothing goes */
    int also_in, also_out; /* borrowed; another pair that is served the same, or -1 */
    int wake;              /* an eventfd, or -1 */
    int error;             /* errno of the first failed write; later output is refused */
    bool prompt;           /* collects nothing */
    bool ended;            /* `in` has nothing more */
    struct console *first; /* borrowed, or NULL */
    void (*left)(void *ctx);
    void *ctx;
    bool pending; /* a Ctrl-A was typed */
    u32 size;     /* atomic: of the screen, columns << 16 | rows; 0: there is none */
    size_t used;
    u8 buffer[CONSOLE_ROOM];
};

void console_init(struct console *c, int in, int out);
void console_init_after(struct console *c, int out, struct console *first); /* messages, no input */
/* A second end: what the guest writes goes there too, and what comes from there it reads as well.
 * When only the second is left, its end of input is the console's. */
void console_also(struct console *c, int in, int out);
void console_fini(struct console *c); /* flushes; closes only what it opened itself */
void console_flush(struct console *c);

/* What is typed at `in` passes escape_take(): after Ctrl-A x calls left(ctx), once, in recv(). */
void console_escapes(struct console *c, void (*left)(void *ctx), void *ctx);

/* Any thread, any signal handler: the screen's size, of which the port tells from now on. Whether
 * it is another than before. */
bool console_resize(struct console *c, u16 columns, u16 rows);

/* Any thread, any signal handler: a recv() that waits returns 0 soon, now or when it starts. */
void console_wake(struct console *c);

#endif
