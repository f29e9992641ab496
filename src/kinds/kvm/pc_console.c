/* The console of the board `microvm`: one port of the host's, and which device is behind it. Both
 * the serial line and virtio's console write there; what is typed goes to one of them, for the
 * whole life of the machine: to virtio's if there is one. */
#include "kinds/kvm/pc.h"

/* ---- the serial line of a machine whose console is another: it speaks, and hears nothing ---- */

static size_t deaf_send(struct char_port *port, const void *bytes, size_t len)
{
    struct char_port *host = container_of(port, struct pc, deaf)->machine.ports.console;

    return host ? host->ops->send(host, bytes, len) : len;
}

static long deaf_recv(struct char_port *port, void *bytes, size_t room, bool wait)
{
    (void)port;
    (void)bytes;
    (void)room;
    (void)wait;
    return 0;
}

static const struct char_ops deaf_ops = { .send = deaf_send, .recv = deaf_recv };

/* ---- which ---- */

void pc_console_choose(struct pc *p)
{
    if (p->console == PC_CONSOLE_AUTO)
        p->console = linux_console_is((const char *)p->command_line, "hvc") ? PC_CONSOLE_VIRTIO
                                                                            : PC_CONSOLE_SERIAL;
}

struct char_port *pc_console_serial(struct pc *p)
{
    if (p->console != PC_CONSOLE_VIRTIO)
        return p->machine.ports.console;
    p->deaf.ops = &deaf_ops;
    return &p->deaf;
}

/* ---- running; the lock is held ---- */

bool pc_console_listens(const struct pc *p)
{
    const struct char_port *host = p->machine.ports.console;
    bool wants = p->console == PC_CONSOLE_VIRTIO ? virtio_console_wants(&p->virtio.console)
                                                 : uart_wants(&p->com1);

    return host && host->ops->descriptors && wants;
}

void pc_console_wakes(void *owner)
{
    struct pc *p = owner;

    __atomic_store_n(&p->typed, 1, __ATOMIC_SEQ_CST);
    pc_ring(p);
}

void pc_console_poll(struct pc *p)
{
    uart_poll(&p->com1);
    if (p->console == PC_CONSOLE_VIRTIO)
        virtio_poll(&p->virtio.console.virtio);
}
