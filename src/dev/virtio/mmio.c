#include "dev/virtio/mmio.h"

/* 4.2.2: the registers, each of four bytes. */
enum {
    MAGIC = 0x000,
    VERSION = 0x004,
    DEVICE_ID = 0x008,
    VENDOR_ID = 0x00c,
    DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SEL = 0x014,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SEL = 0x024,
    QUEUE_SEL = 0x030,
    QUEUE_SIZE_MAX = 0x034,
    QUEUE_SIZE = 0x038,
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACK = 0x064,
    STATUS = 0x070,
    QUEUE_DESC = 0x080, /* low and high, as the next two */
    QUEUE_DRIVER = 0x090,
    QUEUE_DEVICE = 0x0a0,
    SHM_LEN_LOW = 0x0b0,
    SHM_BASE_HIGH = 0x0bc,
    QUEUE_RESET = 0x0c0,
    CONFIG_GENERATION = 0x0fc,
    CONFIG = 0x100,
};

static const u32 magic = 0x74726976, vendor = 0x7377656d; /* "virt", "mews" */

void virtio_mmio_drive(struct virtio_mmio *t)
{
    line_set(&t->irq, t->virtio->isr != 0);
}

static void mmio_interrupt(void *transport, int queue)
{
    (void)queue;
    virtio_mmio_drive(transport);
}

static void mmio_written(void *transport)
{
    virtio_mmio_drive(transport);
}

static void ring(void *ctx, u64 queue)
{
    virtio_notify(((struct virtio_mmio *)ctx)->virtio, (u32)queue);
}

void virtio_mmio_init(struct virtio_mmio *t, struct virtio *v, struct line irq,
                      struct doorbell doorbell)
{
    *t = (struct virtio_mmio) { v, irq, doorbell };
    v->interrupt = mmio_interrupt;
    v->written = mmio_written;
    v->transport = t;
    for (unsigned i = 0; i < v->ops->queues; i++)
        if (!doorbell_bind(&doorbell, QUEUE_NOTIFY, 4, i, ring, t)) {
            while (i--)
                doorbell.unbind(doorbell.owner, QUEUE_NOTIFY, i);
            t->doorbell = (struct doorbell) { 0 }; /* all or none */
            break;
        }
}

void virtio_mmio_fini(struct virtio_mmio *t)
{
    if (!t->virtio || !t->doorbell.bind)
        return;
    for (unsigned i = 0; i < t->virtio->ops->queues; i++)
        t->doorbell.unbind(t->doorbell.owner, QUEUE_NOTIFY, i);
}

static u32 queue_read(const struct virtio *v, const struct virtq *q, u64 offset)
{
    switch (offset) {
    case QUEUE_SIZE_MAX: return v->ops->queue_size;
    case QUEUE_SIZE: return q->size;
    case QUEUE_READY: return q->ready;
    case QUEUE_DESC: return (u32)q->desc;
    case QUEUE_DESC + 4: return (u32)(q->desc >> 32);
    case QUEUE_DRIVER: return (u32)q->avail;
    case QUEUE_DRIVER + 4: return (u32)(q->avail >> 32);
    case QUEUE_DEVICE: return (u32)q->used;
    case QUEUE_DEVICE + 4: return (u32)(q->used >> 32);
    default: return 0;
    }
}

u64 virtio_mmio_read(struct virtio_mmio *t, u64 offset, unsigned bytes)
{
    struct virtio *v = t->virtio;
    struct virtq *q = virtio_queue(v);

    if (offset >= CONFIG)
        return virtio_config_read(v, offset - CONFIG, bytes);
    if (bytes != 4 || offset % 4) /* 4.2.2.2 */
        return 0;
    switch (offset) {
    case MAGIC: return magic;
    case VERSION: return 2;
    case DEVICE_ID: return v->ops->type;
    case VENDOR_ID: return vendor;
    case DEVICE_FEATURES: return virtio_offered(v);
    case INTERRUPT_STATUS: return v->isr;
    case STATUS: return v->status;
    case CONFIG_GENERATION: return v->generation;
    default: break;
    }
    if (offset >= SHM_LEN_LOW && offset <= SHM_BASE_HIGH) /* 4.2.2.1: no such region */
        return UINT32_MAX;
    return q ? queue_read(v, q, offset) : 0;
}

static void put_half(u64 *address, u64 offset, u32 value)
{
    unsigned shift = offset & 4 ? 32 : 0;

    *address = (*address & ~(0xffffffffull << shift)) | (u64)value << shift;
}

static void queue_write(struct virtio *v, struct virtq *q, u64 offset, u32 value)
{
    switch (offset) {
    case QUEUE_SIZE: virtio_queue_size(v, value); break;
    case QUEUE_READY: virtio_queue_ready(v, value & 1); break;
    case QUEUE_RESET:
        if (value == 1)
            virtio_queue_reset(v);
        break;
    default: break;
    }
    if (q->ready) /* 4.2.2.2: its addresses stay */
        return;
    if ((offset & ~4ull) == QUEUE_DESC)
        put_half(&q->desc, offset, value);
    else if ((offset & ~4ull) == QUEUE_DRIVER)
        put_half(&q->avail, offset, value);
    else if ((offset & ~4ull) == QUEUE_DEVICE)
        put_half(&q->used, offset, value);
}

void virtio_mmio_write(struct virtio_mmio *t, u64 offset, unsigned bytes, u64 value)
{
    struct virtio *v = t->virtio;
    struct virtq *q = virtio_queue(v);

    if (bytes != 4 || offset % 4 || offset >= CONFIG) /* no device of ours has a field to write */
        return;
    switch (offset) {
    case DEVICE_FEATURES_SEL: v->device_select = (u32)value; return;
    case DRIVER_FEATURES: virtio_accept(v, (u32)value); return;
    case DRIVER_FEATURES_SEL: v->driver_select = (u32)value; return;
    case QUEUE_SEL: v->queue_select = value < 0xffff ? (u16)value : 0xffff; return;
    case QUEUE_NOTIFY: virtio_notify(v, (u32)value); return;
    case INTERRUPT_ACK:
        v->isr &= (u8)~value;
        virtio_mmio_drive(t);
        return;
    case STATUS: virtio_status_write(v, (u8)value); return;
    default: break;
    }
    if (q)
        queue_write(v, q, offset, (u32)value);
}
