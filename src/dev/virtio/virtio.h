/* A virtio device, between its transport and what it does (virtio 1.2, section 2 and 3). A device
 * knows no transport, and a transport no device: both know `struct virtio`. All functions are
 * called with the machine's device lock held.
 *
 *        reset (0 written, or the machine's)
 *   +------------------------------------------------------------------+
 *   v                                                                  |
 *   0 --ACKNOWLEDGE--> 1 --DRIVER--> 3 --FEATURES_OK--> 11 --DRIVER_OK--> 15: queues are served
 *                                    (taken back when the features                |
 *                                     are not a subset of the offer)   virtio_fail(): | NEEDS_RESET
 *
 * virtio_status_write() makes each transition but the last. What a driver does in another order is
 * done as it says, as far as it can do no harm: a queue is served when the driver is OK and the
 * queue is ready. */
#ifndef DEV_VIRTIO_VIRTIO_H
#define DEV_VIRTIO_VIRTIO_H

#include "dev/virtio/queue.h"
#include "mach/component.h"
#include "mach/port.h"

enum { VIRTIO_QUEUES = 4, VIRTIO_CONFIG_MAX = 64 };

enum virtio_type { /* section 5 */
                   VIRTIO_NET = 1,
                   VIRTIO_BLK = 2,
                   VIRTIO_CONSOLE = 3,
                   VIRTIO_RNG = 4,
};

enum virtio_status { /* 2.1 */
                     VIRTIO_ACKNOWLEDGE = 1,
                     VIRTIO_DRIVER = 2,
                     VIRTIO_DRIVER_OK = 4,
                     VIRTIO_FEATURES_OK = 8,
                     VIRTIO_NEEDS_RESET = 64,
                     VIRTIO_FAILED = 128,
};

enum virtio_feature { /* section 6: those that are not a device type's */
                      VIRTIO_F_INDIRECT_DESC = 28,
                      VIRTIO_F_EVENT_IDX = 29,
                      VIRTIO_F_VERSION_1 = 32,
                      VIRTIO_F_ACCESS_PLATFORM = 33,
                      VIRTIO_F_RING_RESET = 40,
};
#define VIRTIO_BIT(n) (1ull << (n))

enum virtio_isr { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

struct virtio;

struct virtio_ops {
    const char *name;
    enum virtio_type type;
    unsigned queues;
    u16 queue_size; /* the greatest that a driver may choose, a power of two */
    /* The device-specific configuration as it is now (section 5), and its length. */
    unsigned (*config)(struct virtio *v, u8 out[static VIRTIO_CONFIG_MAX]);
    /* Buffers may be there: after a notification, or when the driver has become OK. */
    void (*notify)(struct virtio *v, unsigned queue);
    /* ---- optional ---- */
    /* What waits in ports, or was left undone, is done now. */
    void (*poll)(struct virtio *v);
    /* The queue's buffers are the driver's again: nothing of them may be touched any more. */
    void (*forget)(struct virtio *v, unsigned queue);
};

#define VIRTIO(F, A, E, G, H)                                                    \
    F(CONFIG, u64, offered, "features that the device offers, a bit each")       \
    F(STATE, u64, accepted, "those that the driver has written")                 \
    F(STATE, u8, status, "device status")                                        \
    F(STATE, u8, generation, "changes with the configuration")                   \
    F(STATE, u8, isr, "bit 0: a queue, bit 1: the configuration", 0, 3)          \
    F(STATE, u32, device_select, "which 32 features the driver reads")           \
    F(STATE, u32, driver_select, "which 32 features the driver writes")          \
    F(STATE, u16, queue_select, "the queue that registers speak of")             \
    F(STATE, u16, config_vector, "its MSI-X vector; $ffff: none")                \
    F(STATE, u8, waiting, "queues in which something is left to do, a bit each") \
    H(virtq, queue, VIRTIO_QUEUES, "virtqueues")

/* What a device tells of itself, beside its work; two numbers with each. */
enum virtio_event {
    VIRTIO_NOTIFIED, /* by its driver: a queue, 0 */
    VIRTIO_READ,     /* a disk begins to: sector, bytes; so the next four */
    VIRTIO_WRITE,
    VIRTIO_FLUSH,
    VIRTIO_DISCARD,
    VIRTIO_ZERO,
    VIRTIO_DONE,     /* a disk's request: sector, ns since it began */
    VIRTIO_REFUSED,  /* the same, and it has failed: sector, the status that the driver gets */
    VIRTIO_SENT,     /* a frame: bytes, the segments to be made of it (enum link_segments) */
    VIRTIO_RECEIVED, /* the same */
};

/* What a machine lends to its devices. */
struct virtio_host {
    const struct dma *dma;
    struct wake wake; /* has the machine's thread call virtio_poll() soon; any thread may */
    /* Stops the machine, for a reason that a person can do away with: run() returns STOP_HOST, and
     * when it is called again, virtio_poll() tries again. NULL: it cannot be stopped. */
    void (*stop)(void *owner, const char *why);
    void *owner;
    /* Both optional: who watches, and the time for that. */
    void (*heard)(void *owner, struct virtio *v, enum virtio_event what, u64 a, u64 b);
    u64 (*now_ns)(void *owner);
};

struct virtio {
    FIELD_MEMBERS(VIRTIO)
    const struct virtio_ops *ops;
    struct virtio_host host;
    /* The transport's: tells the driver. `queue` < 0: the configuration has changed. */
    void (*interrupt)(void *transport, int queue);
    void (*written)(void *transport); /* optional: reset; interrupt lines may have to fall */
    void *transport;
    u64 notified;               /* how often the driver has notified */
    struct component component; /* "virtio" */
};

const struct fields *virtio_fields(void);

/* ---- for devices ---- */

/* `features`: the device type's; those of the rings are added. `parent` is the device's own
 * component, or NULL. */
void virtio_init(struct virtio *v, const struct virtio_ops *ops, const struct virtio_host *h,
                 u64 features, struct component *parent);

static inline bool virtio_has(const struct virtio *v, unsigned feature)
{
    return v->accepted >> feature & 1;
}

/* Whether the driver is OK, and nothing has gone wrong since. */
static inline bool virtio_live(const struct virtio *v)
{
    return (v->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) == VIRTIO_DRIVER_OK;
}

/* The next chain of a queue; false: none. When the driver has broken the rules, the device has
 * failed. */
bool virtio_next(struct virtio *v, unsigned queue, struct virtq_chain *c);
/* Gives it back. The driver is not told before virtio_tell(). */
void virtio_push(struct virtio *v, unsigned queue, u16 head, u32 written);
void virtio_tell(struct virtio *v, unsigned queue);

/* The driver has done what makes going on impossible: NEEDS_RESET (2.1.2). */
void virtio_fail(struct virtio *v);
/* The configuration has changed, and the driver shall look. */
void virtio_config_changed(struct virtio *v);
/* There is more in the queue than should be done at one go: the device is asked again, by notify,
 * when others have had their turn. */
void virtio_later(struct virtio *v, unsigned queue);
/* To who watches. */
static inline void virtio_say(struct virtio *v, enum virtio_event what, u64 a, u64 b)
{
    if (v->host.heard)
        v->host.heard(v->host.owner, v, what, a, b);
}
static inline u64 virtio_now(const struct virtio *v)
{
    return v->host.now_ns ? v->host.now_ns(v->host.owner) : 0;
}
/* The driver is OK and the queue ready: then its buffers are looked at. */
void virtio_look(struct virtio *v, unsigned queue);

/* ---- for machines ---- */

/* To be called when the device's wake was, and first of all when run() begins: after a restore
 * there may be something to do again. */
void virtio_poll(struct virtio *v);
void virtio_reset(struct virtio *v);

/* ---- for transports ---- */
u32 virtio_offered(const struct virtio *v); /* the 32 that device_select names */
u32 virtio_accepted(const struct virtio *v);
void virtio_accept(struct virtio *v, u32 features);
void virtio_status_write(struct virtio *v, u8 status);
/* Up to 8 bytes of the configuration; what lies behind its end reads as 0. */
u64 virtio_config_read(struct virtio *v, u64 offset, unsigned bytes);
/* The selected queue; NULL: there is no such. */
struct virtq *virtio_queue(struct virtio *v);
/* 0 is taken only as the queue's reset, where that was negotiated. */
void virtio_queue_ready(struct virtio *v, bool ready);
void virtio_queue_reset(struct virtio *v);
void virtio_queue_size(struct virtio *v, u32 size);
void virtio_notify(struct virtio *v, u32 queue); /* the driver has; any number */

#endif
