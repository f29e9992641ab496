/* A guest's console on two of the host's descriptors. Output is collected: it goes out at the end
 * of each line when it goes to a terminal, when the buffer is full, before the guest reads, and by
 * console_flush(). */
#ifndef HOST_CONSOLE_H
#define HOST_CONSOLE_H

#include "mach/port.h"

enum { CONSOLE_ROOM = 4096 };

struct console {
    struct char_port port;
    int in, out; /* borrowed; -1: nothing comes, nothing goes */
    int wake;    /* an eventfd, or -1 */
    int error;   /* errno of the first failed write; later output is dropped */
    bool lines;
    size_t used;
    u8 buffer[CONSOLE_ROOM];
};

void console_init(struct console *c, int in, int out);
void console_fini(struct console *c); /* flushes; closes only what it opened itself */
void console_flush(struct console *c);

/* Any thread, any signal handler: a recv() that waits returns 0 soon, now or when it starts. */
void console_wake(struct console *c);

#endif
