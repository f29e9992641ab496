#include "dev/virtio/net.h"

#include "base/le.h"

#include <stdlib.h>
#include <string.h>

enum { RECEIVE, TRANSMIT, QUEUES };
enum { /* 5.1.3 */
       F_CSUM = 0,
       F_GUEST_CSUM = 1,
       F_MTU = 3,
       F_MAC = 5,
       F_GUEST_TSO4 = 7,
       F_GUEST_TSO6 = 8,
       F_GUEST_ECN = 9,
       F_HOST_TSO4 = 11,
       F_HOST_TSO6 = 12,
       F_HOST_ECN = 13,
       F_MRG_RXBUF = 15,
       F_STATUS = 16,
};
enum { HEAD_BYTES = 12, ETHERNET_BYTES = 14, AT_ONCE = 64 };

FIELD_TABLE(net, 1, NET)
FIELD_TABLE(net_counters, 1, NET_COUNTERS)

static struct net *net_of(struct virtio *v)
{
    return container_of(v, struct net, virtio);
}

/* ---- work left on frames ---- */

/* Whether what a head says fits the frame, and the side that negotiated it: features with the
 * number of CSUM, TSO4, TSO6 and ECN for it. */
static bool head_fits(const struct virtio *v, const struct link_head *h, u32 len,
                      const u8 feature[4])
{
    u8 kind = h->segments & (u8)~LINK_ECN;

    if ((h->flags & LINK_NEEDS_CSUM) && (!virtio_has(v, feature[0]) || h->csum_start > len ||
                                         h->csum_offset + 2u > len - h->csum_start))
        return false;
    if (kind == LINK_NO_GSO)
        return true;
    if (!(h->flags & LINK_NEEDS_CSUM) || !h->segment_bytes || h->head_bytes > len)
        return false; /* 5.1.6.2: segments have their checksums to be made */
    if ((h->segments & LINK_ECN) && !virtio_has(v, feature[3]))
        return false;
    return (kind == LINK_TCP4 && virtio_has(v, feature[1])) ||
           (kind == LINK_TCP6 && virtio_has(v, feature[2]));
}

static const u8 host_features[4] = { F_CSUM, F_HOST_TSO4, F_HOST_TSO6, F_HOST_ECN };
static const u8 guest_features[4] = { F_GUEST_CSUM, F_GUEST_TSO4, F_GUEST_TSO6, F_GUEST_ECN };

/* Does the checksum: the ones' complement sum from csum_start to the end, in which the field holds
 * the pseudo header's part (5.1.6.2). */
static bool finish_checksum(u8 *frame, u32 len, struct link_head *h)
{
    u32 sum = 0, at = h->csum_start, field = at + h->csum_offset;

    if (at > len || h->csum_offset + 2u > len - at)
        return false;
    for (; at + 1 < len; at += 2)
        sum += (u32)frame[at] << 8 | frame[at + 1];
    if (at < len)
        sum += (u32)frame[at] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    sum = ~sum & 0xffff;
    if (!sum)
        sum = 0xffff; /* UDP's zero says that there is none; the two are the same number */
    frame[field] = (u8)(sum >> 8);
    frame[field + 1] = (u8)sum;
    h->flags &= (u8)~LINK_NEEDS_CSUM;
    return true;
}

/* ---- to the driver ---- */

/* Takes buffers until the longest frame fits, as far as there are any. */
static void take_buffers(struct net *n, u32 longest)
{
    struct virtio *v = &n->virtio;
    unsigned most = virtio_has(v, F_MRG_RXBUF) ? v->queue[RECEIVE].size : 1;
    struct net_taken *t = &n->taken;
    struct virtq_chain c;

    while (t->count < most && t->room < longest && virtio_next(v, RECEIVE, &c)) {
        t->head[t->count] = c.head;
        t->bytes[t->count++] = c.write_bytes;
        t->room += c.write_bytes;
    }
}

/* Gives the taken ones back. */
static void untake(struct net *n)
{
    while (n->taken.count) {
        n->taken.count--;
        virtq_untake(&n->virtio.queue[RECEIVE]);
    }
    n->taken.room = 0;
}

/* The first so many are used up. */
static void drop_taken(struct net_taken *t, unsigned used)
{
    for (unsigned i = 0; i < used; i++)
        t->room -= t->bytes[i];
    t->count -= used;
    memmove(t->head, t->head + used, t->count * sizeof *t->head);
    memmove(t->bytes, t->bytes + used, t->count * sizeof *t->bytes);
}

/* Puts head and frame into the buffers. */
static void fill_buffers(struct net *n, u8 head[HEAD_BYTES], u32 len)
{
    struct virtq *q = &n->virtio.queue[RECEIVE];
    struct net_taken *t = &n->taken;
    u32 all = HEAD_BYTES + len, at = 0;
    unsigned used = 0;
    struct virtq_chain c;

    for (u64 need = 0; need < all;)
        need += t->bytes[used++];
    le_put(head + 10, used, 2); /* num_buffers; 1 when they are not merged (5.1.6.4.1) */
    for (unsigned i = 0; i < used; i++) {
        u32 part = all - at < t->bytes[i] ? all - at : t->bytes[i], first = 0;

        if (virtq_again(q, t->head[i], &c) < 0) {
            virtio_fail(&n->virtio); /* the driver has changed what it had given away */
            break;
        }
        if (at < HEAD_BYTES)
            first = chain_write(&c, 0, head + at, part < HEAD_BYTES - at ? part : HEAD_BYTES - at);
        if (part > first)
            chain_write(&c, first, n->frame + (at + first - HEAD_BYTES), part - first);
        if (!virtq_put(q, i, t->head[i], part)) {
            virtio_fail(&n->virtio);
            break;
        }
        at += part;
    }
    drop_taken(t, used);
    if (at == all && !virtq_publish(q, used)) /* all at once: 5.1.6.4.1 */
        virtio_fail(&n->virtio);
    n->received += at == all;
}

/* Makes the frame one that the driver can take; false: there is no way. */
static bool fit_to_driver(struct net *n, struct link_head *h, u32 len)
{
    if (head_fits(&n->virtio, h, len, guest_features))
        return true;
    if (h->segments || !(h->flags & LINK_NEEDS_CSUM))
        return false;
    return finish_checksum(n->frame, len, h);
}

/* Tells the driver whether the cable is in. */
static void follow_link(struct net *n)
{
    struct link_info info = { 0 };

    n->port->ops->describe(n->port, &info);
    if (info.up == n->up)
        return;
    n->up = info.up;
    virtio_config_changed(&n->virtio);
}

/* One frame; false: there is none, or no buffer. */
static bool receive_one(struct net *n, u32 longest)
{
    struct iovec piece = { n->frame, LINK_FRAME_MAX };
    struct link_head h = { 0 };
    u8 head[HEAD_BYTES] = { 0 };
    long len;

    take_buffers(n, longest);
    if (!n->taken.count)
        return false;
    len = n->port->ops->recv(n->port, &h, &piece, 1);
    if (len <= 0) {
        if (len < 0)
            follow_link(n);
        return false;
    }
    if (len > LINK_FRAME_MAX || (u32)len + HEAD_BYTES > n->taken.room ||
        !fit_to_driver(n, &h, (u32)len)) {
        n->dropped++;
        return true;
    }
    if (virtio_has(&n->virtio, F_GUEST_CSUM))
        head[0] = h.flags & (LINK_NEEDS_CSUM | LINK_DATA_VALID);
    if (head[0] & LINK_NEEDS_CSUM) {
        head[1] = h.segments;
        le_put(head + 2, h.head_bytes, 2);
        le_put(head + 4, h.segment_bytes, 2);
        le_put(head + 6, h.csum_start, 2);
        le_put(head + 8, h.csum_offset, 2);
    }
    fill_buffers(n, head, (u32)len);
    n->counters.received_bytes += (u64)len;
    virtio_say(&n->virtio, VIRTIO_RECEIVED, (u64)len, h.segments);
    return true;
}

static void receive(struct net *n)
{
    struct virtio *v = &n->virtio;
    bool large = virtio_has(v, F_GUEST_TSO4) || virtio_has(v, F_GUEST_TSO6);
    u32 longest = HEAD_BYTES +
                  (large ? LINK_FRAME_MAX : ETHERNET_BYTES + 4u + (n->mtu ? n->mtu : LINK_MTU));
    unsigned left = AT_ONCE;

    while (left && receive_one(n, longest))
        left--;
    if (!left)
        virtio_later(v, RECEIVE);
    virtio_tell(v, RECEIVE);
}

/* ---- from the driver ---- */

/* False: the link takes nothing now. */
static bool send_chain(struct net *n, const struct virtq_chain *c)
{
    struct iovec pieces[VIRTQ_CHAIN_MAX];
    struct link_head h = { 0 };
    u8 head[HEAD_BYTES];
    u32 len = c->read_bytes - HEAD_BYTES;
    unsigned count;

    if (chain_read(c, 0, head, sizeof head) != sizeof head || len < ETHERNET_BYTES ||
        len > LINK_FRAME_MAX) {
        n->dropped++;
        return true;
    }
    h.flags = head[0] & LINK_NEEDS_CSUM;
    h.segments = head[1];
    h.head_bytes = (u16)le_get(head + 2, 2);
    h.segment_bytes = (u16)le_get(head + 4, 2);
    h.csum_start = (u16)le_get(head + 6, 2);
    h.csum_offset = (u16)le_get(head + 8, 2);
    if (!head_fits(&n->virtio, &h, len, host_features)) {
        n->dropped++;
        return true;
    }
    count = chain_pieces(c, false, HEAD_BYTES, len, pieces);
    if (!n->port->ops->send(n->port, &h, pieces, count))
        return false;
    n->sent++;
    n->counters.sent_bytes += len;
    virtio_say(&n->virtio, VIRTIO_SENT, len, h.segments);
    return true;
}

static void transmit(struct net *n)
{
    struct virtio *v = &n->virtio;
    struct virtq_chain c;
    unsigned left = AT_ONCE;

    while (left && virtio_next(v, TRANSMIT, &c)) {
        if (!send_chain(n, &c)) {
            virtq_untake(&v->queue[TRANSMIT]);
            break;
        }
        virtio_push(v, TRANSMIT, c.head, 0);
        left--;
    }
    if (!left)
        virtio_later(v, TRANSMIT);
    virtio_tell(v, TRANSMIT);
}

/* ---- */

static void net_notify(struct virtio *v, unsigned queue)
{
    if (queue == RECEIVE)
        receive(net_of(v));
    else
        transmit(net_of(v));
}

static void net_poll(struct virtio *v)
{
    follow_link(net_of(v));
    virtio_look(v, TRANSMIT);
    virtio_look(v, RECEIVE);
}

static void net_forget(struct virtio *v, unsigned queue)
{
    if (queue == RECEIVE)
        untake(net_of(v));
}

static unsigned net_config(struct virtio *v, u8 out[static VIRTIO_CONFIG_MAX])
{
    const struct net *n = net_of(v);

    memcpy(out, n->mac, NET_MAC_BYTES);
    le_put(out + 6, n->up, 2); /* VIRTIO_NET_S_LINK_UP */
    le_put(out + 8, 1, 2);     /* max_virtqueue_pairs */
    le_put(out + 10, n->mtu, 2);
    return 12;
}

static const struct virtio_ops net_ops = {
    .name = "net",
    .type = VIRTIO_NET,
    .queues = QUEUES,
    .queue_size = NET_QUEUE,
    .config = net_config,
    .notify = net_notify,
    .poll = net_poll,
    .forget = net_forget,
};

static void net_saving(void *self)
{
    untake(self);
}

static int net_loaded(void *self, struct err *e)
{
    struct net *n = self;

    (void)e;
    n->taken.count = 0; /* they were another state's */
    n->taken.room = 0;
    return 0;
}

static u64 offered(const struct link_info *info)
{
    static const u8 work[] = { F_CSUM,      F_GUEST_CSUM, F_GUEST_TSO4, F_GUEST_TSO6,
                               F_GUEST_ECN, F_HOST_TSO4,  F_HOST_TSO6,  F_HOST_ECN };
    u64 f = VIRTIO_BIT(F_MAC) | VIRTIO_BIT(F_MRG_RXBUF) | VIRTIO_BIT(F_STATUS);

    if (info->mtu)
        f |= VIRTIO_BIT(F_MTU);
    for (unsigned i = 0; info->offloads && i < ARRAY_SIZE(work); i++)
        f |= VIRTIO_BIT(work[i]);
    return f;
}

bool net_init(struct net *n, const char *name, struct link_port *port, const u8 mac[NET_MAC_BYTES],
              const struct virtio_host *host)
{
    struct link_info info = { 0 };

    port->ops->describe(port, &info);
    *n = (struct net) {
        .mtu = info.mtu,
        .up = info.up,
        .port = port,
        .frame = malloc(LINK_FRAME_MAX),
        .component = { .name = name,
                       .self = n,
                       .fields = net_fields(),
                       .saving = net_saving,
                       .loaded = net_loaded },
    };
    memcpy(n->mac, mac, NET_MAC_BYTES);
    if (!n->frame)
        return false;
    virtio_init(&n->virtio, &net_ops, host, offered(&info), &n->component);
    if (port->ops->attach)
        port->ops->attach(port, host->wake);
    return true;
}

void net_fini(struct net *n)
{
    if (!n->frame)
        return;
    if (n->port->ops->attach)
        n->port->ops->attach(n->port, (struct wake) { 0 });
    free(n->frame);
    n->frame = NULL;
}
