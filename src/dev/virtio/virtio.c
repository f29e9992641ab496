#include "dev/virtio/virtio.h"

#include "base/le.h"

#include <assert.h>
#include <string.h>

FIELD_TABLE(virtio, 1, VIRTIO)

static const u64 ring_features = VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) |
                                 VIRTIO_BIT(VIRTIO_F_EVENT_IDX) | VIRTIO_BIT(VIRTIO_F_VERSION_1) |
                                 VIRTIO_BIT(VIRTIO_F_RING_RESET);

/* What the queues know of the features. */
static void tell_queues(struct virtio *v)
{
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++) {
        v->queue[i].dma = v->host.dma;
        v->queue[i].indirect = virtio_has(v, VIRTIO_F_INDIRECT_DESC);
        v->queue[i].event_index = virtio_has(v, VIRTIO_F_EVENT_IDX);
    }
}

static int virtio_loaded(void *self, struct err *e)
{
    struct virtio *v = self;

    if ((v->status & VIRTIO_FEATURES_OK) &&
        ((v->accepted & ~v->offered) || !virtio_has(v, VIRTIO_F_VERSION_1)))
        return err_set(e, ERR_FORMAT, "accepted: features that were never offered");
    if (v->waiting >> v->ops->queues)
        return err_set(e, ERR_FORMAT, "waiting: there is no such queue");
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++) {
        const struct virtq *q = &v->queue[i];

        if (q->size > v->ops->queue_size || (q->ready && i >= v->ops->queues))
            return err_set(e, ERR_FORMAT, "queue[%u].size: %u", i, q->size);
        if (q->ready && !virtq_sound(q))
            return err_set(e, ERR_FORMAT, "queue[%u]: it cannot be ready like this", i);
    }
    tell_queues(v);
    return 0;
}

static void reset_state(struct virtio *v)
{
    v->accepted = 0;
    v->status = v->isr = v->waiting = 0;
    v->device_select = v->driver_select = 0;
    v->queue_select = 0;
    v->config_vector = 0xffff;
    tell_queues(v);
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++) {
        virtq_reset(&v->queue[i]);
        v->queue[i].size = i < v->ops->queues ? v->ops->queue_size : 0;
    }
}

void virtio_init(struct virtio *v, const struct virtio_ops *ops, const struct virtio_host *h,
                 u64 features, struct component *parent)
{
    assert(ops->queues && ops->queues <= VIRTIO_QUEUES);
    assert(ops->queue_size <= VIRTQ_SIZE_MAX && !(ops->queue_size & (ops->queue_size - 1)));
    *v = (struct virtio) { .ops = ops,
                           .host = *h,
                           .offered = features | ring_features,
                           .component = { .name = "virtio",
                                          .self = v,
                                          .fields = virtio_fields(),
                                          .loaded = virtio_loaded } };
    reset_state(v);
    if (parent)
        component_add(parent, &v->component);
}

static void forget(struct virtio *v, unsigned queue)
{
    if (v->ops->forget)
        v->ops->forget(v, queue);
    v->waiting &= (u8) ~(1u << queue);
}

void virtio_reset(struct virtio *v)
{
    for (unsigned i = 0; i < v->ops->queues; i++)
        forget(v, i);
    reset_state(v);
    if (v->written)
        v->written(v->transport);
}

/* ---- telling the driver ---- */

static void interrupt(struct virtio *v, int queue)
{
    v->isr |= queue < 0 ? VIRTIO_ISR_CONFIG : VIRTIO_ISR_QUEUE;
    if (v->interrupt)
        v->interrupt(v->transport, queue);
}

void virtio_fail(struct virtio *v)
{
    if (v->status & VIRTIO_NEEDS_RESET)
        return;
    v->status |= VIRTIO_NEEDS_RESET;
    if (v->status & VIRTIO_DRIVER_OK)
        virtio_config_changed(v);
}

void virtio_config_changed(struct virtio *v)
{
    v->generation++;
    if (v->status & VIRTIO_DRIVER_OK)
        interrupt(v, -1);
}

void virtio_tell(struct virtio *v, unsigned queue)
{
    if (virtio_live(v) && virtq_tells(&v->queue[queue]))
        interrupt(v, (int)queue);
}

/* ---- chains ---- */

bool virtio_next(struct virtio *v, unsigned queue, struct virtq_chain *c)
{
    int r = virtio_live(v) ? virtq_next(&v->queue[queue], c) : 0;

    if (r < 0)
        virtio_fail(v);
    return r > 0;
}

void virtio_push(struct virtio *v, unsigned queue, u16 head, u32 written)
{
    if (virtio_live(v) && !virtq_push(&v->queue[queue], head, written))
        virtio_fail(v);
}

void virtio_later(struct virtio *v, unsigned queue)
{
    v->waiting |= (u8)(1u << queue);
    wake_call(&v->host.wake);
}

void virtio_poll(struct virtio *v)
{
    u8 waiting = v->waiting;

    v->waiting = 0;
    if (v->ops->poll)
        v->ops->poll(v);
    for (unsigned i = 0; i < v->ops->queues; i++)
        if (waiting >> i & 1)
            virtio_look(v, i);
}

/* ---- the transport's side ---- */

u32 virtio_offered(const struct virtio *v)
{
    return v->device_select < 2 ? (u32)(v->offered >> v->device_select * 32) : 0;
}

u32 virtio_accepted(const struct virtio *v)
{
    return v->driver_select < 2 ? (u32)(v->accepted >> v->driver_select * 32) : 0;
}

void virtio_accept(struct virtio *v, u32 features)
{
    unsigned shift = v->driver_select * 32;

    if (v->driver_select > 1 || (v->status & VIRTIO_FEATURES_OK)) /* 2.2.1: too late */
        return;
    v->accepted = (v->accepted & ~(0xffffffffull << shift)) | (u64)features << shift;
}

void virtio_status_write(struct virtio *v, u8 status)
{
    u8 raised = status & (u8)~v->status;

    if (!status) {
        virtio_reset(v);
        return;
    }
    /* 2.2.2: what was not offered cannot be had, and a driver without VERSION_1 is a legacy one. */
    if ((raised & VIRTIO_FEATURES_OK) &&
        ((v->accepted & ~v->offered) || !virtio_has(v, VIRTIO_F_VERSION_1)))
        raised &= (u8)~VIRTIO_FEATURES_OK;
    if (!((v->status | raised) & VIRTIO_FEATURES_OK))
        raised &= (u8)~VIRTIO_DRIVER_OK;
    raised &= (u8)~VIRTIO_NEEDS_RESET; /* the device's own; no bit is ever cleared but by a reset */
    v->status |= raised;
    if (raised & VIRTIO_FEATURES_OK)
        tell_queues(v);
    if (raised & VIRTIO_DRIVER_OK)
        for (unsigned i = 0; i < v->ops->queues; i++)
            virtio_look(v, i);
}

u64 virtio_config_read(struct virtio *v, u64 offset, unsigned bytes)
{
    u8 all[VIRTIO_CONFIG_MAX + 8] = { 0 };

    v->ops->config(v, all);
    return offset < VIRTIO_CONFIG_MAX ? le_get(all + offset, bytes) : 0;
}

struct virtq *virtio_queue(struct virtio *v)
{
    return v->queue_select < v->ops->queues ? &v->queue[v->queue_select] : NULL;
}

void virtio_queue_size(struct virtio *v, u32 size)
{
    struct virtq *q = virtio_queue(v);

    if (q && !q->ready && size && size <= v->ops->queue_size)
        q->size = (u16)size;
}

void virtio_queue_ready(struct virtio *v, bool ready)
{
    struct virtq *q = virtio_queue(v);

    if (!q || ready == q->ready)
        return;
    if (!ready) { /* 4.2.2.2: the queue stops */
        forget(v, v->queue_select);
        q->ready = false;
        return;
    }
    if (!virtq_start(q))
        virtio_fail(v);
    else
        virtio_look(v, v->queue_select);
}

/* 2.6.1: done at once, so a driver never sees it under way. */
void virtio_queue_reset(struct virtio *v)
{
    struct virtq *q = virtio_queue(v);

    if (!q || !virtio_has(v, VIRTIO_F_RING_RESET))
        return;
    forget(v, v->queue_select);
    virtq_reset(q);
    q->size = v->ops->queue_size;
}

void virtio_look(struct virtio *v, unsigned queue)
{
    assert(queue < v->ops->queues);
    if (virtio_live(v) && v->queue[queue].ready)
        v->ops->notify(v, queue);
}

void virtio_notify(struct virtio *v, u32 queue)
{
    if (queue >= v->ops->queues)
        return;
    v->notified++;
    virtio_say(v, VIRTIO_NOTIFIED, queue, 0);
    virtio_look(v, queue);
}
