/* Whoever is at a link's other end: any messages, into a socket's or a tap's side of it, and on
 * through the network card into a guest's buffers. What comes out is a frame that was sent, of work
 * left on it only what the driver has said it can do; nothing loops, and nothing leaves guest
 * memory (a sanitizer's word).
 *
 * The first byte: heads, tap, what is negotiated, how large buffers are. Then messages: a byte for
 * how many times eight bytes it is longer than what it says, a byte of length, and that many bytes.
 */
#include "dev/virtio/net.h"
#include "dev/virtio/rig.h"
#include "fuzz/target.h"
#include "host/net/pair.h"

#include <sys/socket.h>
#include <unistd.h>

enum { RX = 0, HEAD_BYTES = 12, MESSAGES_MAX = 200, RING = 64, BUFFERS = 48, BUFFER_BYTES = 1600 };
enum { HEADS = 1, TAP = 2, OFFLOADS = 4, MERGED = 8, SMALL = 16, CHECKSUMS = 32 };

struct bench {
    struct rig rig;
    struct net net;
    struct pair pair;
    int peer;
    u64 memory; /* a buffer for each descriptor */
};

static bool open_bench(struct bench *b, u8 how)
{
    static const u8 mac[6] = { 2 };
    u64 features = (how & OFFLOADS ? 0x3b80 | 3 : 0) | (how & MERGED ? 1 << 15 : 0) |
                   (how & CHECKSUMS ? 3 : 0);
    struct pair_config c = { .tap = how & TAP,
                             .heads = how & (HEADS | TAP),
                             .offloads = how & (OFFLOADS | CHECKSUMS),
                             .mtu = LINK_MTU };
    struct err e;
    int fds[2];

    must(!pair_sockets(fds, &e));
    c.fd = fds[0];
    b->peer = fds[1];
    must(!pair_init(&b->pair, &c, &e));
    must(rig_init(&b->rig));
    must(net_init(&b->net, "net0", &b->pair.port, mac, &b->rig.host));
    b->pair.port.ops->attach(&b->pair.port, (struct wake) { 0 }); /* no thread: it is polled */
    rig_plug(&b->rig, &b->net.virtio);
    b->memory = rig_buffer(&b->rig, RING * BUFFER_BYTES);
    return rig_start(&b->rig, features, RING);
}

static void close_bench(struct bench *b)
{
    net_fini(&b->net);
    pair_fini(&b->pair);
    close(b->peer);
    rig_fini(&b->rig);
    free(b);
}

static u64 buffer_of(const struct bench *b, u16 descriptor)
{
    return b->memory + (u64)descriptor * BUFFER_BYTES;
}

static void give(struct bench *b, u8 how)
{
    u16 next = b->rig.queue[RX].free;
    struct rig_buffer v = { buffer_of(b, next), how & SMALL ? 100 : BUFFER_BYTES, true };

    rig_add(&b->rig, RX, &v, 1);
}

/* The first buffer of a frame: its head says nothing that was not negotiated. */
static void look(const struct bench *b, const u8 *head, u32 len)
{
    const struct virtio *v = &b->net.virtio;

    must(len >= HEAD_BYTES);
    if (!virtio_has(v, 1))
        must(!head[0]);
    if (!(head[0] & LINK_NEEDS_CSUM))
        must(!head[1]);
    if ((head[1] & ~LINK_ECN) == LINK_TCP4)
        must(virtio_has(v, 7));
    if ((head[1] & ~LINK_ECN) == LINK_TCP6)
        must(virtio_has(v, 8));
}

static void send_one(struct bench *b, const uint8_t **data, size_t *size)
{
    static u8 message[256 + 256 * 260];
    size_t longer = (size_t)(*data)[0] * 260, len = (*data)[1];

    *data += 2;
    *size -= 2;
    len = len > *size ? *size : len;
    memcpy(message, *data, len);
    memset(message + len, 'x', longer);
    *data += len;
    *size -= len;
    (void)!send(b->peer, message, len + longer, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bench *b = calloc(1, sizeof *b);
    u8 how = size ? data[0] : 0;
    u64 received;

    must(b != NULL);
    if (!open_bench(b, how)) {
        close_bench(b);
        return 0;
    }
    for (unsigned i = 0; i < BUFFERS; i++)
        give(b, how);
    data += size > 0;
    size -= size > 0;
    for (unsigned i = 0; i < MESSAGES_MAX && size >= 2; i++) {
        u32 len;
        int head;

        send_one(b, &data, &size);
        received = b->net.received;
        rig_kick(&b->rig, RX);
        must(!(rig_get(&b->rig, 0x70) & 64)); /* the driver has done nothing wrong */
        for (unsigned n = 0; (head = rig_used(&b->rig, RX, &len)) >= 0; n++) {
            if (!n && b->net.received == received + 1)
                look(b, rig_at(&b->rig, buffer_of(b, (u16)head)), len);
            give(b, how);
        }
    }
    close_bench(b);
    return 0;
}
