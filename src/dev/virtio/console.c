#include "dev/virtio/console.h"

#include "base/le.h"

enum { RECEIVE, TRANSMIT, QUEUES };
enum { F_SIZE = 0 };
enum { PART_BYTES = 1024, AT_ONCE_BYTES = 64 << 10, TELL_NS = 100000000 };

FIELD_TABLE(virtio_console, 1, VIRTIO_CONSOLE)

static struct virtio_console *console_of(struct virtio *v)
{
    return container_of(v, struct virtio_console, virtio);
}

/* Input goes where there is room; the rest stays in the port. */
static void receive(struct virtio_console *c)
{
    struct virtio *v = &c->virtio;
    u8 bytes[PART_BYTES];
    struct virtq_chain chain;
    unsigned budget = AT_ONCE_BYTES / PART_BYTES;

    c->hungry = false;
    while (c->port && budget && virtio_next(v, RECEIVE, &chain)) {
        u32 room = chain.write_bytes < PART_BYTES ? chain.write_bytes : PART_BYTES;
        long got = room ? c->port->ops->recv(c->port, bytes, room, false) : 0;

        if (got <= 0 && room) {
            virtq_untake(&v->queue[RECEIVE]);
            c->hungry = true;
            break;
        }
        virtio_push(v, RECEIVE, chain.head, chain_write(&chain, 0, bytes, (u32)got));
        budget--;
    }
    if (!budget)
        virtio_later(v, RECEIVE);
    virtio_tell(v, RECEIVE);
}

/* Sends from c->sent on; false when the host takes no more now, or this was enough for one go. */
static bool send_chain(struct virtio_console *c, const struct virtq_chain *chain, u32 *budget)
{
    u8 bytes[PART_BYTES];
    u32 len;

    while ((len = chain_read(chain, c->sent, bytes, PART_BYTES))) {
        u32 taken = c->port ? (u32)c->port->ops->send(c->port, bytes, len) : len;

        c->sent += taken;
        if (taken < len)
            return false;
        if (*budget < len) {
            virtio_later(&c->virtio, TRANSMIT);
            return false;
        }
        *budget -= len;
    }
    c->sent = 0;
    return true;
}

static void transmit(struct virtio_console *c)
{
    struct virtio *v = &c->virtio;
    struct virtq_chain chain;
    u32 budget = AT_ONCE_BYTES;
    unsigned chains = v->queue[TRANSMIT].size;

    while (chains && virtio_next(v, TRANSMIT, &chain)) {
        if (!send_chain(c, &chain, &budget)) {
            virtq_untake(&v->queue[TRANSMIT]);
            break;
        }
        virtio_push(v, TRANSMIT, chain.head, 0);
        chains--;
    }
    if (!chains)
        virtio_later(v, TRANSMIT);
    virtio_tell(v, TRANSMIT);
}

/* A driver may look at the size only when it is told of a change, and forget what it has seen while
 * it is still setting itself up (Linux does both). So with what it writes, a while after it has
 * begun, it is told again, and then a few times more, further and further apart. */
static void tell_again(struct virtio_console *c)
{
    struct virtio *v = &c->virtio;
    u64 now = virtio_now(v);

    if (!c->again_ns) {
        c->again_ns = now + TELL_NS;
    } else if (now >= c->again_ns && c->columns && c->told < VIRTIO_CONSOLE_TELLS) {
        c->again_ns = now + ((u64)TELL_NS << ++c->told);
        virtio_config_changed(v);
    }
}

static void console_notify(struct virtio *v, unsigned queue)
{
    struct virtio_console *c = console_of(v);

    if (queue == RECEIVE) {
        receive(c);
    } else {
        tell_again(c);
        transmit(c);
    }
}

static void look_at_size(struct virtio_console *c)
{
    u16 columns, rows;

    if (!c->port || !c->port->ops->size || !c->port->ops->size(c->port, &columns, &rows) ||
        (columns == c->columns && rows == c->rows))
        return;
    c->columns = columns;
    c->rows = rows;
    virtio_config_changed(&c->virtio);
}

static void console_poll(struct virtio *v)
{
    struct virtio_console *c = console_of(v);

    look_at_size(c);
    if (virtio_live(v) && v->queue[RECEIVE].ready)
        receive(c);
    if (virtio_live(v) && v->queue[TRANSMIT].ready)
        transmit(c);
}

static void console_forget(struct virtio *v, unsigned queue)
{
    struct virtio_console *c = console_of(v);

    if (queue == RECEIVE) {
        c->hungry = false;
    } else {
        c->sent = c->told = 0;
        c->again_ns = 0;
    }
}

bool virtio_console_wants(const struct virtio_console *c)
{
    return c->hungry && virtio_live(&c->virtio);
}

static unsigned console_config(struct virtio *v, u8 out[static VIRTIO_CONFIG_MAX])
{
    const struct virtio_console *c = console_of(v);

    le_put(out, c->columns, 2);
    le_put(out + 2, c->rows, 2);
    le_put(out + 4, 1, 4); /* max_nr_ports */
    return 12;
}

static const struct virtio_ops console_ops = {
    .name = "console",
    .type = VIRTIO_CONSOLE,
    .queues = QUEUES,
    .queue_size = 128,
    .config = console_config,
    .notify = console_notify,
    .poll = console_poll,
    .forget = console_forget,
};

void virtio_console_init(struct virtio_console *c, const char *name, struct char_port *port,
                         const struct virtio_host *host)
{
    bool sized = port && port->ops->size;

    *c = (struct virtio_console) {
        .port = port,
        .component = { .name = name, .self = c, .fields = virtio_console_fields() },
    };
    virtio_init(&c->virtio, &console_ops, host, sized ? VIRTIO_BIT(F_SIZE) : 0, &c->component);
    look_at_size(c);
}
