/* A 16550A serial port: what a guest sees of it, by register number. It knows no bus and no clock:
 * a byte leaves when it is written, and none is lost: the port is asked for more only when there is
 * room. Interrupts are as the data sheet has them (National PC16550D), with two liberties: a byte
 * that waits below the trigger level counts as timed out at once, and OUT2 does not gate the wire.
 */
#ifndef DEV_UART_H
#define DEV_UART_H

#include "mach/component.h"
#include "mach/line.h"
#include "mach/port.h"

enum { UART_FIFO = 16, UART_REGISTERS = 8 };

#define UART_QUEUE(F, A, E, G, H)                     \
    A(STATE, u8, byte, UART_FIFO, "bytes, in a ring") \
    F(STATE, u8, head, "index of the oldest", 0, 15)  \
    F(STATE, u8, count, "bytes held", 0, 16)

struct uart_queue {
    FIELD_MEMBERS(UART_QUEUE)
};

#define UART(F, A, E, G, H)                                          \
    F(STATE, u8, ier, "interrupt enable", 0, 15)                     \
    F(STATE, u8, lcr, "line control; bit 7 selects the divisor")     \
    F(STATE, u8, mcr, "modem control; bit 4 is loopback", 0, 31)     \
    F(STATE, u8, msr_delta, "modem lines that have changed", 0, 15)  \
    F(STATE, u8, scr, "scratch")                                     \
    F(STATE, u16, divisor, "of the baud rate; without effect")       \
    F(STATE, bool, fifo, "the queues are on: 16 bytes, else 1")      \
    E(STATE, trigger, "1 4 8 14", "received bytes for an interrupt") \
    F(STATE, bool, thr_pending, "transmitter empty: not yet told")   \
    F(STATE, bool, overrun, "a looped byte found no room")           \
    G(uart_queue, rx, "received, not yet read")                      \
    G(uart_queue, tx, "written, not yet taken by the host")

struct uart {
    FIELD_MEMBERS(UART)
    struct line irq;
    struct char_port *port; /* borrowed; NULL: silence */
    struct component component;
};

const struct fields *uart_queue_fields(void);
const struct fields *uart_fields(void);

/* `name` is the component's. */
void uart_init(struct uart *u, const char *name, struct char_port *port, struct line irq);
void uart_reset(struct uart *u);
u8 uart_read(struct uart *u, unsigned reg); /* 0..7 */
void uart_write(struct uart *u, unsigned reg, u8 value);
u8 uart_peek(const struct uart *u, unsigned reg); /* without side effects */
/* The port may have something, or take something, now; to be called when it wakes. */
void uart_poll(struct uart *u);
bool uart_wants(const struct uart *u); /* it would take a byte from its port */

#endif
