/* The controlling terminal: raw, on its other screen, and put back as it was whatever happens.
 *
 *     term_open() ── signal that ends the process ──> restored, then the signal does its work
 *         │  ▲
 *   TSTP  ▼  │ CONT
 *       stopped, restored meanwhile
 *
 * A process has one such terminal, which its signal handlers must find: it is the module's one
 * global. */
#ifndef HOST_AV_CHAFA_TERM_H
#define HOST_AV_CHAFA_TERM_H

#include "base/err.h"
#include "base/types.h"

struct term {
    int fd;          /* not blocking, and nobody else's */
    bool kitty_keys; /* it tells of releases */
    bool kitty_graphics, sixel;
    char *out; /* what the terminal has not taken yet */
    size_t used, room, sent;
};

struct term_size {
    unsigned columns, rows;
    unsigned cell_width, cell_height; /* in pixels; a guess where the terminal does not say */
};

/* Asks the terminal what it can do, which takes as long as its answer, at most 300 ms. */
int term_open(struct term *t, struct err *e);
void term_close(struct term *t);

struct term_size term_size(const struct term *t);

/* Adds to what is to be sent; what cannot be kept for want of memory is lost. */
void term_put(struct term *t, const void *bytes, size_t len);
void term_puts(struct term *t, const char *text);
/* Sends what the terminal takes now; whether that was all. */
bool term_flush(struct term *t);
/* What was typed, up to `room` bytes, 0 when nothing; waits for it up to `wait_ms`. */
unsigned term_read(struct term *t, void *bytes, unsigned room, int wait_ms);

/* Since the last call: someone wants us gone; the screen has to be drawn anew. */
bool term_ended(void);
bool term_redraw(void);

#endif
