/* The terminal of a person who is at a guest's console: raw meanwhile, and put back whatever ends
 * us, as far as a process hears of its end. */
#ifndef APP_TERMINAL_H
#define APP_TERMINAL_H

#include <stdbool.h>

/* Standard input, if it is one; else what comes is taken as it is. With `signals` those that ask a
 * program to end set terminal_ended(); else they are the caller's. */
void terminal_take(bool signals);
void terminal_restore(void); /* any signal handler; accepts one that was not taken */
bool terminal_raw(void);
/* Calls told() with the terminal's size, once now and again in a signal handler when it has
 * changed; not at all if standard input is no terminal. */
void terminal_follow(void (*told)(void *ctx, unsigned columns, unsigned rows), void *ctx);
int terminal_ended(void); /* the signal, or 0 */

#endif
