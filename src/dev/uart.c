#include "dev/uart.h"

#include <assert.h>

/* RBR is THR when written, IIR is FCR; with LCR's DLAB the first two are the divisor. */
enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR };
enum { IER_RX = 1, IER_TX = 2, IER_LINE = 4, IER_MODEM = 8 };
enum { IIR_NONE = 1, IIR_MODEM = 0, IIR_TX = 2, IIR_RX = 4, IIR_LINE = 6, IIR_TIMEOUT = 12 };
enum { IIR_FIFO = 0xc0 };
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_CLEAR_TX = 4 };
enum { LCR_DLAB = 0x80 };
enum { MCR_OUTPUTS = 15, MCR_LOOP = 16 };
enum { LSR_DATA = 1, LSR_OVERRUN = 2, LSR_THR_EMPTY = 0x20, LSR_IDLE = 0x40 };
enum { MSR_THERE = 0xb0 }; /* carrier, data set ready, clear to send */

FIELD_TABLE(uart_queue, 1, UART_QUEUE)
FIELD_TABLE(uart, 1, UART)

/* ---- queues ---- */

static unsigned room(const struct uart *u, const struct uart_queue *q)
{
    unsigned all = u->fifo ? UART_FIFO : 1;

    return q->count < all ? all - q->count : 0;
}

static void put(struct uart_queue *q, u8 byte)
{
    assert(q->count < UART_FIFO);
    q->byte[(q->head + q->count) % UART_FIFO] = byte;
    q->count++;
}

static u8 take(struct uart_queue *q)
{
    u8 byte = q->byte[q->head];

    q->head = (q->head + 1) % UART_FIFO;
    q->count--;
    return byte;
}

static void clear(struct uart_queue *q)
{
    *q = (struct uart_queue) { 0 };
}

/* ---- interrupts ---- */

static unsigned trigger(const struct uart *u)
{
    static const u8 levels[] = { 1, 4, 8, 14 };

    return u->fifo ? levels[u->trigger & 3] : 1;
}

/* The one with the highest priority. */
static u8 cause(const struct uart *u)
{
    if ((u->ier & IER_LINE) && u->overrun)
        return IIR_LINE;
    if ((u->ier & IER_RX) && u->rx.count)
        return u->rx.count >= trigger(u) ? IIR_RX : IIR_TIMEOUT;
    if ((u->ier & IER_TX) && u->thr_pending)
        return IIR_TX;
    if ((u->ier & IER_MODEM) && u->msr_delta)
        return IIR_MODEM;
    return IIR_NONE;
}

static void drive(struct uart *u)
{
    line_set(&u->irq, cause(u) != IIR_NONE);
}

/* ---- the outside ---- */

static bool looped(const struct uart *u)
{
    return u->mcr & MCR_LOOP;
}

bool uart_wants(const struct uart *u)
{
    return !looped(u) && u->port && room(u, &u->rx);
}

static void fill(struct uart *u)
{
    u8 bytes[UART_FIFO];
    long got = 0;

    if (!uart_wants(u))
        return;
    got = u->port->ops->recv(u->port, bytes, room(u, &u->rx), false);
    for (long i = 0; i < got; i++)
        put(&u->rx, bytes[i]);
}

static void drain(struct uart *u)
{
    bool had = u->tx.count;

    while (u->tx.count) {
        const u8 *from = &u->tx.byte[u->tx.head];
        size_t run = UART_FIFO - u->tx.head, n;

        if (run > u->tx.count)
            run = u->tx.count;
        n = u->port ? u->port->ops->send(u->port, from, run) : run;
        assert(n <= run);
        u->tx.head = (u8)((u->tx.head + n) % UART_FIFO);
        u->tx.count = (u8)(u->tx.count - n);
        if (n < run)
            return;
    }
    if (had)
        u->thr_pending = true;
}

void uart_poll(struct uart *u)
{
    drain(u);
    fill(u);
    drive(u);
}

/* ---- registers ---- */

static u8 modem(const struct uart *u)
{
    u8 m = u->mcr;

    if (!looped(u))
        return MSR_THERE | u->msr_delta;
    /* RTS, DTR, OUT1, OUT2 come back as CTS, DSR, RI, DCD. */
    return (u8)((m & 2) << 3 | (m & 1) << 5 | (m & 4) << 4 | (m & 8) << 4 | u->msr_delta);
}

static u8 line_status(const struct uart *u)
{
    return (u8)((u->rx.count ? LSR_DATA : 0) | (u->overrun ? LSR_OVERRUN : 0) |
                (u->tx.count ? 0 : LSR_THR_EMPTY | LSR_IDLE));
}

u8 uart_peek(const struct uart *u, unsigned reg)
{
    bool dlab = u->lcr & LCR_DLAB;

    switch (reg) {
    case RBR: return dlab ? (u8)u->divisor : u->rx.count ? u->rx.byte[u->rx.head] : 0;
    case IER: return dlab ? u->divisor >> 8 : u->ier;
    case IIR: return (u8)(cause(u) | (u->fifo ? IIR_FIFO : 0));
    case LCR: return u->lcr;
    case MCR: return u->mcr;
    case LSR: return line_status(u);
    case MSR: return modem(u);
    case SCR: return u->scr;
    default: return 0xff;
    }
}

u8 uart_read(struct uart *u, unsigned reg)
{
    u8 value = uart_peek(u, reg);

    switch (reg) {
    case RBR:
        if (u->lcr & LCR_DLAB)
            break;
        if (u->rx.count)
            take(&u->rx);
        if (!u->rx.count)
            fill(u);
        break;
    case IIR: /* who is told that the transmitter is empty has been told */
        if (cause(u) == IIR_TX)
            u->thr_pending = false;
        break;
    case LSR: u->overrun = false; break;
    case MSR: u->msr_delta = 0; break;
    default: break;
    }
    drive(u);
    return value;
}

static void transmit(struct uart *u, u8 byte)
{
    u->thr_pending = false;
    if (looped(u)) {
        if (room(u, &u->rx))
            put(&u->rx, byte);
        else
            u->overrun = true;
        u->thr_pending = true;
        return;
    }
    if (room(u, &u->tx)) /* a byte more than there is room for is lost, as in the chip */
        put(&u->tx, byte);
    drain(u);
}

static void write_fcr(struct uart *u, u8 value)
{
    bool on = value & FCR_ENABLE;

    if (on != u->fifo || (value & FCR_CLEAR_RX & -on))
        clear(&u->rx);
    if (on != u->fifo || (value & FCR_CLEAR_TX & -on)) {
        if (u->tx.count)
            u->thr_pending = true;
        clear(&u->tx);
    }
    u->fifo = on;
    u->trigger = on ? value >> 6 : 0;
}

static void write_mcr(struct uart *u, u8 value)
{
    u8 before = modem(u) & 0xf0, changed;

    u->mcr = value & (MCR_OUTPUTS | MCR_LOOP);
    changed = (before ^ modem(u)) & 0xf0;
    /* Ring counts when it ends. */
    u->msr_delta |= (u8)((changed & ~0x40) >> 4 | (changed & before & 0x40) >> 4);
}

void uart_write(struct uart *u, unsigned reg, u8 value)
{
    bool dlab = u->lcr & LCR_DLAB;

    switch (reg) {
    case RBR:
        if (dlab)
            u->divisor = (u16)((u->divisor & 0xff00) | value);
        else
            transmit(u, value);
        break;
    case IER:
        if (dlab) {
            u->divisor = (u16)(value << 8 | (u->divisor & 0xff));
            break;
        }
        if ((value & ~u->ier & IER_TX) && !u->tx.count)
            u->thr_pending = true; /* it is empty, and the driver wants to know */
        u->ier = value & 15;
        break;
    case IIR: write_fcr(u, value); break;
    case LCR: u->lcr = value; break;
    case MCR: write_mcr(u, value); break;
    case SCR: u->scr = value; break;
    default: break;
    }
    if (reg == IIR || reg == MCR) /* there may be room now */
        fill(u);
    drive(u);
}

/* ---- life ---- */

void uart_reset(struct uart *u)
{
    u->ier = u->lcr = u->mcr = u->scr = u->msr_delta = 0;
    u->divisor = 1;
    u->fifo = u->overrun = u->thr_pending = false;
    u->trigger = 0;
    clear(&u->rx);
    clear(&u->tx);
    drive(u);
}

static int uart_loaded(void *self, struct err *e)
{
    const struct uart *u = self;

    if (!u->fifo && (u->rx.count > 1 || u->tx.count > 1))
        return err_set(e, ERR_FORMAT, "more bytes wait than there is room for");
    return 0;
}

void uart_init(struct uart *u, const char *name, struct char_port *port, struct line irq)
{
    *u = (struct uart) {
        .irq = irq,
        .port = port,
        .component = { .name = name, .self = u, .fields = uart_fields(), .loaded = uart_loaded },
    };
    uart_reset(u);
}
