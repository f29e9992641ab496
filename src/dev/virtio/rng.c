#include "dev/virtio/rng.h"

/* What is done at one go: a driver may ask for gigabytes, and be given less (5.4.6.2). */
enum { AT_ONCE = 16, CHAIN_BYTES = 4096, PART_BYTES = 256 };

static struct rng *rng_of(struct virtio *v)
{
    return container_of(v, struct rng, virtio);
}

static u32 fill(struct rng *r, const struct virtq_chain *c)
{
    u8 bytes[PART_BYTES];
    u32 at = 0, end = c->write_bytes < CHAIN_BYTES ? c->write_bytes : CHAIN_BYTES;

    while (at < end) {
        u32 want = end - at < PART_BYTES ? end - at : PART_BYTES;
        u32 got = (u32)r->port->ops->fill(r->port, bytes, want);

        at += chain_write(c, at, bytes, got);
        if (got < want)
            break;
    }
    return at;
}

static void rng_notify(struct virtio *v, unsigned queue)
{
    struct rng *r = rng_of(v);
    struct virtq_chain c;
    unsigned left = AT_ONCE;

    while (r->port && left && virtio_next(v, queue, &c)) {
        u32 got = fill(r, &c);

        if (!got && c.write_bytes) { /* nothing now: asked again when the machine is woken */
            virtq_untake(&v->queue[queue]);
            break;
        }
        virtio_push(v, queue, c.head, got);
        left--;
    }
    if (!left)
        virtio_later(v, queue);
    virtio_tell(v, queue);
}

static void rng_poll(struct virtio *v)
{
    virtio_look(v, 0);
}

static unsigned rng_config(struct virtio *v, u8 out[static VIRTIO_CONFIG_MAX])
{
    (void)v;
    (void)out;
    return 0;
}

static const struct virtio_ops rng_ops = {
    .name = "rng",
    .type = VIRTIO_RNG,
    .queues = 1,
    .queue_size = 64,
    .config = rng_config,
    .notify = rng_notify,
    .poll = rng_poll,
};

void rng_init(struct rng *r, const char *name, struct entropy_port *port,
              const struct virtio_host *host)
{
    *r = (struct rng) { .port = port, .component = { .name = name, .self = r } };
    virtio_init(&r->virtio, &rng_ops, host, 0, &r->component);
}
