#include "dev/virtio/pci.h"

#include "base/le.h"

#include <assert.h>
#include <string.h>

/* Places in the BAR; a page each, so that a kind may map or trap them one by one. */
enum {
    COMMON = 0x0000,
    ISR = 0x1000,
    DEVICE = 0x2000,
    NOTIFY = 0x3000,
    TABLE = 0x4000,
    PENDING = 0x5000,
    BAR_BYTES = 0x8000,
    PLACE = 0xf000,
    NOTIFY_MULTIPLIER = 4,
    ENTRY_BYTES = 16,
};
enum { /* 4.1.4.3: the common structure */
       DEVICE_SELECT = 0,
       DEVICE_FEATURES = 4,
       DRIVER_SELECT = 8,
       DRIVER_FEATURES = 12,
       CONFIG_VECTOR = 16,
       QUEUES = 18,
       STATUS = 20,
       GENERATION = 21,
       QUEUE_SELECT = 22,
       QUEUE_SIZE = 24,
       QUEUE_VECTOR = 26,
       QUEUE_ENABLE = 28,
       QUEUE_NOTIFY_OFF = 30,
       QUEUE_DESC = 32,
       QUEUE_DRIVER = 40,
       QUEUE_DEVICE = 48,
       QUEUE_RESET = 58,
       COMMON_BYTES = 60,
};
enum { CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_DEVICE, CAP_WINDOW }; /* 4.1.4 */
enum { CAP_BAR = 4, CAP_OFFSET = 8, CAP_LENGTH = 12, CAP_BYTES = 16, CAP_DATA = 16 };
enum { MSIX_CONTROL = 2, MSIX_ENABLE = 0x8000, MSIX_MASK_ALL = 0x4000, NO_VECTOR = 0xffff };
enum { PCI_VIRTIO_VENDOR = 0x1af4, PCI_VIRTIO_DEVICE = 0x1040 };

FIELD_TABLE(msix_entry, 1, MSIX_ENTRY)
FIELD_TABLE(virtio_pci, 1, VIRTIO_PCI)

static struct virtio_pci *transport_of(struct pci_device *d)
{
    return container_of(d, struct virtio_pci, pci);
}

/* ---- interrupts ---- */

static unsigned vectors(const struct virtio_pci *t)
{
    return t->virtio->ops->queues + 1;
}

static unsigned msix_control(const struct virtio_pci *t)
{
    return (unsigned)le_get(t->pci.config + t->msix + MSIX_CONTROL, 2);
}

void virtio_pci_drive(struct virtio_pci *t)
{
    pci_intx(&t->pci, t->virtio->isr && !(msix_control(t) & MSIX_ENABLE));
}

/* Sends what is pending and no longer held back. */
static void release(struct virtio_pci *t)
{
    if ((msix_control(t) & (MSIX_ENABLE | MSIX_MASK_ALL)) != MSIX_ENABLE)
        return;
    for (unsigned i = 0; i < vectors(t); i++) {
        struct msix_entry *m = &t->table[i];

        if (!m->pending || m->masked)
            continue;
        m->pending = false;
        msi_send(&(struct msi) { t->msi.send, t->msi.owner, pci_source(&t->pci) }, m->address,
                 m->data);
    }
}

static void pci_interrupt(void *transport, int queue)
{
    struct virtio_pci *t = transport;
    struct virtio *v = t->virtio;
    u16 vector = queue < 0 ? v->config_vector : v->queue[queue].vector;

    if (msix_control(t) & MSIX_ENABLE) {
        if (vector < vectors(t))
            t->table[vector].pending = true;
        release(t);
    } else {
        virtio_pci_drive(t);
    }
}

static void pci_written(void *transport)
{
    virtio_pci_drive(transport);
}

/* ---- the common structure ---- */

static void common_image(const struct virtio *v, u8 out[static COMMON_BYTES])
{
    const struct virtq *q = v->queue_select < v->ops->queues ? &v->queue[v->queue_select] : NULL;

    memset(out, 0, COMMON_BYTES);
    le_put(out + DEVICE_SELECT, v->device_select, 4);
    le_put(out + DEVICE_FEATURES, virtio_offered(v), 4);
    le_put(out + DRIVER_SELECT, v->driver_select, 4);
    le_put(out + DRIVER_FEATURES, virtio_accepted(v), 4);
    le_put(out + CONFIG_VECTOR, v->config_vector, 2);
    le_put(out + QUEUES, v->ops->queues, 2);
    out[STATUS] = v->status;
    out[GENERATION] = v->generation;
    le_put(out + QUEUE_SELECT, v->queue_select, 2);
    if (!q)
        return; /* size 0: there is none (4.1.4.3.1) */
    le_put(out + QUEUE_SIZE, q->size, 2);
    le_put(out + QUEUE_VECTOR, q->vector, 2);
    le_put(out + QUEUE_ENABLE, q->ready, 2);
    le_put(out + QUEUE_NOTIFY_OFF, v->queue_select, 2);
    le_put(out + QUEUE_DESC, q->desc, 8);
    le_put(out + QUEUE_DRIVER, q->avail, 8);
    le_put(out + QUEUE_DEVICE, q->used, 8);
}

static void write_address(struct virtq *q, u64 offset, unsigned bytes, u64 value)
{
    u64 *address = offset < QUEUE_DRIVER ? &q->desc : offset < QUEUE_DEVICE ? &q->avail : &q->used;

    if (q->ready || offset % 4 || bytes < 4)
        return;
    if (bytes == 8 && offset % 8 == 0)
        *address = value;
    else if (offset % 8)
        *address = (u32)*address | value << 32;
    else
        *address = (*address & ~0xffffffffull) | (u32)value;
}

static void write_queue(struct virtio_pci *t, struct virtq *q, u64 offset, unsigned bytes,
                        u64 value)
{
    struct virtio *v = t->virtio;

    if (offset >= QUEUE_DESC && offset < QUEUE_DEVICE + 8) {
        write_address(q, offset, bytes, value);
        return;
    }
    if (bytes != 2)
        return;
    switch (offset) {
    case QUEUE_SIZE: virtio_queue_size(v, (u16)value); break;
    case QUEUE_VECTOR: q->vector = value < vectors(t) ? (u16)value : NO_VECTOR; break;
    case QUEUE_ENABLE: /* 4.1.4.3.2: 0 is never written */
        if (value == 1)
            virtio_queue_ready(v, true);
        break;
    case QUEUE_RESET:
        if (value == 1)
            virtio_queue_reset(v);
        break;
    default: break;
    }
}

static void common_write(struct virtio_pci *t, u64 offset, unsigned bytes, u64 value)
{
    struct virtio *v = t->virtio;
    struct virtq *q = virtio_queue(v);

    if (offset == DEVICE_SELECT && bytes == 4)
        v->device_select = (u32)value;
    else if (offset == DRIVER_SELECT && bytes == 4)
        v->driver_select = (u32)value;
    else if (offset == DRIVER_FEATURES && bytes == 4)
        virtio_accept(v, (u32)value);
    else if (offset == CONFIG_VECTOR && bytes == 2)
        v->config_vector = value < vectors(t) ? (u16)value : NO_VECTOR;
    else if (offset == STATUS && bytes == 1)
        virtio_status_write(v, (u8)value);
    else if (offset == QUEUE_SELECT && bytes == 2)
        v->queue_select = (u16)value;
    else if (q && offset >= QUEUE_SIZE)
        write_queue(t, q, offset, bytes, value);
}

/* ---- the MSI-X table (PCI 3.0, 6.8.2) ---- */

static void table_image(const struct virtio_pci *t, u8 *out)
{
    for (unsigned i = 0; i < vectors(t); i++, out += ENTRY_BYTES) {
        le_put(out, t->table[i].address, 8);
        le_put(out + 8, t->table[i].data, 4);
        le_put(out + 12, t->table[i].masked, 4);
    }
}

static void table_write(struct virtio_pci *t, u64 offset, unsigned bytes, u64 value)
{
    u8 image[VIRTIO_PCI_VECTORS * ENTRY_BYTES + 8] = { 0 };
    struct msix_entry *m;
    const u8 *at;

    if (offset % 4 || bytes < 4 || offset / ENTRY_BYTES >= vectors(t))
        return;
    table_image(t, image);
    le_put(image + offset, value, bytes);
    m = &t->table[offset / ENTRY_BYTES];
    at = image + offset / ENTRY_BYTES * ENTRY_BYTES;
    m->address = le_get(at, 8);
    m->data = (u32)le_get(at + 8, 4);
    m->masked = at[12] & 1;
    release(t);
}

/* ---- the BAR ---- */

static u64 pick(const u8 *image, unsigned len, u64 offset, unsigned bytes)
{
    return offset < len && bytes <= len - offset ? le_get(image + offset, bytes) : 0;
}

static u64 isr_read(struct virtio_pci *t)
{
    u8 isr = t->virtio->isr;

    t->virtio->isr = 0; /* 4.1.4.5.1 */
    virtio_pci_drive(t);
    return isr;
}

static u64 bar_read(struct pci_device *d, unsigned bar, u64 offset, unsigned bytes)
{
    struct virtio_pci *t = transport_of(d);
    u8 image[VIRTIO_PCI_VECTORS * ENTRY_BYTES] = { 0 };
    u64 at = offset & ~(u64)PLACE;

    (void)bar;
    switch (offset & PLACE) {
    case COMMON: common_image(t->virtio, image); return pick(image, COMMON_BYTES, at, bytes);
    case ISR: return at ? 0 : isr_read(t);
    case DEVICE: return virtio_config_read(t->virtio, at, bytes);
    case TABLE: table_image(t, image); return pick(image, sizeof image, at, bytes);
    case PENDING:
        for (unsigned i = 0; i < vectors(t); i++)
            image[0] |= (u8)(t->table[i].pending << i);
        return pick(image, 8, at, bytes);
    default: return 0;
    }
}

static void bar_write(struct pci_device *d, unsigned bar, u64 offset, unsigned bytes, u64 value)
{
    struct virtio_pci *t = transport_of(d);
    u64 at = offset & ~(u64)PLACE;

    (void)bar;
    switch (offset & PLACE) {
    case COMMON: common_write(t, at, bytes, value); break;
    case NOTIFY:
        if (at % NOTIFY_MULTIPLIER == 0)
            virtio_notify(t->virtio, (u32)(at / NOTIFY_MULTIPLIER));
        break;
    case TABLE: table_write(t, at, bytes, value); break;
    default: break;
    }
}

/* ---- configuration space ---- */

/* 4.1.4.9: a window into the BAR for a driver that has no memory yet. False: it looks at nothing.
 */
static bool window(const struct virtio_pci *t, u64 *offset, unsigned *bytes)
{
    const u8 *cap = t->pci.config + t->window;

    *offset = le_get(cap + CAP_OFFSET, 4);
    *bytes = (unsigned)le_get(cap + CAP_LENGTH, 4);
    return cap[CAP_BAR] == VIRTIO_PCI_BAR && (*bytes == 1 || *bytes == 2 || *bytes == 4) &&
           *offset % *bytes == 0 && *offset < BAR_BYTES;
}

static bool touches_window(const struct virtio_pci *t, unsigned offset, unsigned bytes)
{
    unsigned data = t->window + CAP_DATA;

    return offset < data + 4 && offset + bytes > data;
}

static void config_reads(struct pci_device *d, unsigned offset, unsigned bytes)
{
    struct virtio_pci *t = transport_of(d);
    unsigned len;
    u64 at;

    if (touches_window(t, offset, bytes) && window(t, &at, &len))
        le_put(d->config + t->window + CAP_DATA, bar_read(d, VIRTIO_PCI_BAR, at, len), len);
}

static void config_written(struct pci_device *d, unsigned offset, unsigned bytes)
{
    struct virtio_pci *t = transport_of(d);
    unsigned len;
    u64 at;

    if (touches_window(t, offset, bytes) && window(t, &at, &len))
        bar_write(d, VIRTIO_PCI_BAR, at, len, le_get(d->config + t->window + CAP_DATA, len));
    if (offset < t->msix + 4 && offset + bytes > t->msix + MSIX_CONTROL) {
        release(t);
        virtio_pci_drive(t);
    }
}

static const struct pci_ops pci_ops = {
    .read = bar_read,
    .write = bar_write,
    .config_reads = config_reads,
    .config_written = config_written,
};

static unsigned add_structure(struct virtio_pci *t, u8 type, u32 offset, u32 len, unsigned extra)
{
    u8 body[CAP_BYTES - 2 + 4] = { (u8)(CAP_BYTES + extra), type, VIRTIO_PCI_BAR };

    le_put(body + CAP_OFFSET - 2, offset, 4);
    le_put(body + CAP_LENGTH - 2, len, 4);
    if (type == CAP_NOTIFY)
        le_put(body + CAP_DATA - 2, NOTIFY_MULTIPLIER, 4);
    return pci_add_capability(&t->pci, PCI_CAP_VENDOR, body, CAP_BYTES + extra);
}

static void add_capabilities(struct virtio_pci *t)
{
    u8 msix[10] = { 0 };
    u8 *w = t->pci.writable;

    le_put(msix, vectors(t) - 1, 2);
    le_put(msix + 2, TABLE | VIRTIO_PCI_BAR, 4);
    le_put(msix + 6, PENDING | VIRTIO_PCI_BAR, 4);
    t->msix = pci_add_capability(&t->pci, PCI_CAP_MSIX, msix, 12);
    le_put(w + t->msix + MSIX_CONTROL, MSIX_ENABLE | MSIX_MASK_ALL, 2);
    add_structure(t, CAP_COMMON, COMMON, COMMON_BYTES, 0);
    add_structure(t, CAP_NOTIFY, NOTIFY, t->virtio->ops->queues * NOTIFY_MULTIPLIER, 4);
    add_structure(t, CAP_ISR, ISR, 1, 0);
    add_structure(t, CAP_DEVICE, DEVICE, VIRTIO_CONFIG_MAX, 0);
    t->window = add_structure(t, CAP_WINDOW, 0, 0, 4);
    w[t->window + CAP_BAR] = 0xff;
    memset(w + t->window + CAP_OFFSET, 0xff, 12); /* offset, length, data */
}

static u32 class_of(enum virtio_type type)
{
    switch (type) {
    case VIRTIO_NET: return 0x020000;
    case VIRTIO_BLK: return 0x018000;
    case VIRTIO_CONSOLE: return 0x078000;
    default: return 0xff0000;
    }
}

static void ring(void *ctx, u64 queue)
{
    virtio_notify(((struct virtio_pci *)ctx)->virtio, (u32)queue);
}

static void mask_all(struct virtio_pci *t)
{
    for (unsigned i = 0; i < VIRTIO_PCI_VECTORS; i++)
        t->table[i] = (struct msix_entry) { .masked = true };
}

void virtio_pci_reset(struct virtio_pci *t)
{
    virtio_reset(t->virtio);
    pci_reset(&t->pci);
    mask_all(t);
    virtio_pci_drive(t);
}

void virtio_pci_init(struct virtio_pci *t, struct virtio *v, struct msi msi,
                     struct doorbell doorbell, struct component *parent)
{
    *t = (struct virtio_pci) {
        .virtio = v,
        .msi = msi,
        .doorbell = doorbell,
        .component = { .name = "msix", .self = t, .fields = virtio_pci_fields() },
    };
    pci_device_init(&t->pci, &pci_ops, PCI_VIRTIO_VENDOR, (u16)(PCI_VIRTIO_DEVICE + v->ops->type),
                    class_of(v->ops->type), 1, parent);
    pci_add_bar(&t->pci, VIRTIO_PCI_BAR, BAR_BYTES);
    mask_all(t);
    v->interrupt = pci_interrupt;
    v->written = pci_written;
    v->transport = t;
    add_capabilities(t);
    if (parent)
        component_add(parent, &t->component);
    for (unsigned i = 0; i < v->ops->queues; i++)
        if (!doorbell_bind(&doorbell, NOTIFY + i * NOTIFY_MULTIPLIER, 0, i, ring, t)) {
            while (i--)
                doorbell.unbind(doorbell.owner, NOTIFY + i * NOTIFY_MULTIPLIER, i);
            t->doorbell = (struct doorbell) { 0 }; /* all or none */
            break;
        }
}

void virtio_pci_fini(struct virtio_pci *t)
{
    if (!t->virtio || !t->doorbell.bind)
        return;
    for (unsigned i = 0; i < t->virtio->ops->queues; i++)
        t->doorbell.unbind(t->doorbell.owner, NOTIFY + i * NOTIFY_MULTIPLIER, i);
}
