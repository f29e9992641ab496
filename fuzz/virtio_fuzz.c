/* A malicious driver of each virtio device: any registers, any rings, any descriptors, while the
 * host completes what it likes. No access leaves guest memory (a sanitizer's word), no call takes
 * long, and what the device has written lies in pages that a tracker knows.
 *
 * The first byte chooses the device and what is negotiated; the device has been started. Then four
 * bytes each: what, and three of argument. A damaged image may come in; if it is taken, it runs. */
#include "dev/virtio/blk.h"
#include "dev/virtio/console.h"
#include "dev/virtio/net.h"
#include "dev/virtio/rig.h"
#include "dev/virtio/rig_disk.h"
#include "dev/virtio/rig_link.h"
#include "dev/virtio/rng.h"
#include "fuzz/target.h"

enum { STEP = 4, STEPS_MAX = 2000 };
enum command { REGISTER, READ, RING, DESCRIPTOR, OFFER, POKE, HOST, DAMAGE };

struct bench {
    struct rig rig;
    struct rig_disk disk;
    struct rig_link link;
    struct entropy_port entropy;
    struct char_port chars;
    u16 columns; /* of the screen; 0: there is none */
    struct blk blk;
    struct net net;
    struct rng rng;
    struct virtio_console console;
    struct component *component; /* the device's own */
    struct space_tracker tracker;
    u8 *shadow;
};

static size_t fill(struct entropy_port *p, void *bytes, size_t len)
{
    (void)p;
    memset(bytes, 0x3c, len);
    return len - len % 3;
}

static size_t send(struct char_port *p, const void *bytes, size_t len)
{
    (void)p;
    (void)bytes;
    return len > 700 ? 700 : len;
}

static long recv(struct char_port *p, void *bytes, size_t room, bool wait)
{
    (void)p;
    must(room && !wait);
    memset(bytes, 'i', room);
    return (long)(room > 90 ? 90 : room);
}

static bool size(struct char_port *p, u16 *columns, u16 *rows)
{
    *columns = *rows = container_of(p, struct bench, chars)->columns;
    return *columns;
}

static const struct entropy_ops entropy_ops = { fill };
static const struct char_ops chars_ops = { .send = send, .recv = recv, .size = size };

static void open_bench(struct bench *b, u8 how)
{
    static const u8 mac[6] = { 2 };
    struct virtio *v;

    must(rig_init(&b->rig));
    b->entropy.ops = &entropy_ops;
    b->chars.ops = &chars_ops;
    rig_disk_init(&b->disk);
    rig_link_init(&b->link, how & 16);
    switch (how & 3) {
    case 0:
        must(blk_init(&b->blk, "blk", &b->disk.port, &b->rig.host, how & 32));
        v = &b->blk.virtio, b->component = &b->blk.component;
        break;
    case 1:
        must(net_init(&b->net, "net", &b->link.port, mac, &b->rig.host));
        v = &b->net.virtio, b->component = &b->net.component;
        break;
    case 2:
        rng_init(&b->rng, "rng", &b->entropy, &b->rig.host);
        v = &b->rng.virtio, b->component = &b->rng.component;
        break;
    default:
        virtio_console_init(&b->console, "console", &b->chars, &b->rig.host);
        v = &b->console.virtio, b->component = &b->console.component;
        break;
    }
    rig_plug(&b->rig, v);
    must(rig_start(
        &b->rig, v->offered & (how & 4 ? ~0ull : ~(3ull << 28)) & (how & 8 ? ~0ull : ~(1ull << 15)),
        how & 64 ? 256 : 8));
    b->shadow = malloc(RIG_BYTES);
    must(b->shadow && space_track(&b->rig.ram, &b->tracker));
    memcpy(b->shadow, b->rig.ram.bytes, RIG_BYTES);
}

/* Every page that has changed is known. */
static void check_tracker(struct bench *b)
{
    for (u64 page = 0; page < RIG_BYTES / SPACE_PAGE_BYTES; page++) {
        u64 at = page * SPACE_PAGE_BYTES;

        if (memcmp(b->shadow + at, b->rig.ram.bytes + at, SPACE_PAGE_BYTES) != 0)
            must(b->tracker.dirty[page / 64] >> page % 64 & 1);
    }
}

static void close_bench(struct bench *b)
{
    blk_fini(&b->blk);
    net_fini(&b->net);
    space_untrack(&b->rig.ram, &b->tracker);
    rig_fini(&b->rig);
    free(b->shadow);
}

/* The driver's own writes are no business of the tracker's. */
static void drive_write(struct bench *b, u64 at, u64 value, unsigned bytes)
{
    if (at + bytes > RIG_BYTES)
        return;
    le_put(b->rig.ram.bytes + at, value, bytes);
    le_put(b->shadow + at, value, bytes);
}

static u64 address(const u8 *d)
{
    static const u64 edges[] = { RIG_BASE + RIG_BYTES - 16, RIG_BASE - 8, UINT64_MAX - 16, 0 };

    if (d[0] < 4)
        return edges[d[0]] + d[1];
    return RIG_BASE + ((u64)d[0] << 12) + d[1] * 16u;
}

static u64 queue_at(struct bench *b, unsigned index)
{
    return b->rig.queue[index % b->rig.virtio->ops->queues].desc - RIG_BASE;
}

static void descriptor(struct bench *b, const u8 *d)
{
    u64 at = queue_at(b, d[1]) + (d[1] >> 2) % 8 * 16u;

    drive_write(b, at, address(d + 2), 8);
    drive_write(b, at + 8, (u32)d[3] << (d[2] & 12), 4);
    drive_write(b, at + 12, d[0] >> 4 & 7, 2);
    drive_write(b, at + 14, (d[1] >> 2) % 8 + 1u, 2);
}

static void offer(struct bench *b, const u8 *d)
{
    unsigned index = d[1] % b->rig.virtio->ops->queues;
    struct rig_queue *q = &b->rig.queue[index];

    drive_write(b, q->avail - RIG_BASE + 4 + q->next % q->size * 2u, d[2] % 9, 2);
    q->next = (u16)(q->next + 1 + (d[3] > 250 ? d[3] : 0));
    drive_write(b, q->avail - RIG_BASE + 2, q->next, 2);
    virtio_mmio_write(&b->rig.mmio, 0x50, 4, index);
}

static void host(struct bench *b, const u8 *d)
{
    b->disk.error = d[1] == 1 ? EIO : d[1] == 2 ? ENOSPC : 0;
    b->disk.room = d[3] & 1 ? RIG_DISK_WAITING : d[3] & 7;
    rig_disk_work(&b->disk, d[2]);
    b->link.busy = d[1] & 4;
    b->link.info.up = d[1] & 8;
    b->link.in.len = d[2] * 257u;
    b->columns = d[2];
    b->link.in.head = (struct link_head) { d[1] & 3, d[3] & 0x87, 54, d[3], (u16)(d[3] * 3), d[2] };
    virtio_poll(b->rig.virtio);
}

static void damage(struct bench *b, const u8 *d)
{
    struct component *c = d[0] & 0x80 && b->component->fields ? b->component
                                                              : &b->rig.virtio->component;
    size_t where = d[1] | (size_t)d[2] << 8;

    if (c->saving)
        c->saving(c->self);
    if (!component_damage(c, where, d[3]) || !b->component->loaded)
        return;
    must(component_takes(b->component, NULL, 0)); /* as after a whole tree's load */
}

static void one(struct bench *b, const u8 *d)
{
    switch ((enum command)(d[0] & 7)) {
    case REGISTER:
        virtio_mmio_write(&b->rig.mmio, d[1] * 4u, d[0] & 0x80 ? 2 : 4,
                          d[2] | (u32)d[3] << (d[0] >> 3 & 15));
        break;
    case READ: virtio_mmio_read(&b->rig.mmio, d[1] | (d[2] & 1u) << 8, 1u << (d[3] & 3)); break;
    case RING: drive_write(b, queue_at(b, d[1]) + 4096 + d[2] % 24, d[3], 1); break;
    case DESCRIPTOR: descriptor(b, d); break;
    case OFFER: offer(b, d); break;
    case POKE: drive_write(b, ((u64)d[1] << 12) + d[2] % 32, d[3], 1); break;
    case HOST: host(b, d); break;
    case DAMAGE: damage(b, d); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bench b;

    if (!size)
        return 0;
    memset(&b, 0, sizeof b);
    open_bench(&b, data[0]);
    for (size_t at = 1, n = 0; at + STEP <= size && n < STEPS_MAX; at += STEP, n++)
        one(&b, data + at);
    check_tracker(&b);
    close_bench(&b);
    return 0;
}
