/* A guest for tests, whose frames are made by hand: Ethernet, ARP, IPv4, ICMP, UDP, DHCP, and of
 * TCP what a connection needs when nothing is lost. It is written apart from what it tests: it has
 * its own checksums, and dies when one of a frame that it gets is wrong. */
#ifndef APP_USERNET_RIG_H
#define APP_USERNET_RIG_H

#include "base/types.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { RIG_FRAME = 2000, RIG_MSS = 1400 };
enum { RIG_FIN = 1, RIG_SYN = 2, RIG_RST = 4, RIG_PSH = 8, RIG_ACK = 16 };
enum { RIG_HOST = 0x0a000202, RIG_NAMES = 0x0a000203, RIG_GUEST = 0x0a00020f };

struct guest {
    int fd;
    u32 ip;       /* 0: not yet known */
    u8 router[6]; /* its address, when it was asked for */
    u16 number;   /* of packets */
    bool gone;    /* the network is */
    u8 frame[RIG_FRAME];
    unsigned len; /* of the frame that was received last */
};

struct guest_tcp {
    u32 ip;
    u16 port, from;
    u32 sent, seen; /* the next byte's number, and the peer's */
    bool ended, reset;
};

static const u8 rig_mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

static inline void rig_be(u8 *at, u32 value, unsigned bytes)
{
    while (bytes--) {
        at[bytes] = (u8)value;
        value >>= 8;
    }
}

static inline u32 rig_get(const u8 *at, unsigned bytes)
{
    u32 v = 0;

    for (unsigned i = 0; i < bytes; i++)
        v = v << 8 | at[i];
    return v;
}

static inline u32 rig_sum(const u8 *at, unsigned len, u32 sum)
{
    for (unsigned i = 0; i < len; i++)
        sum += i & 1 ? at[i] : (u32)at[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/* The sum over an IPv4 packet's payload and its pseudo header: 0xffff when it is right. */
static inline u32 rig_packet_sum(const u8 *ip)
{
    unsigned len = rig_get(ip + 2, 2) - 20u;
    u8 pseudo[12] = { 0 };

    if (ip[9] == 1)
        return rig_sum(ip + 20, len, 0);
    memcpy(pseudo, ip + 12, 8);
    pseudo[9] = ip[9];
    rig_be(pseudo + 10, len, 2);
    return rig_sum(ip + 20, len, rig_sum(pseudo, sizeof pseudo, 0));
}

static inline void rig_must(bool so, const char *what)
{
    if (so)
        return;
    fprintf(stderr, "rig: %s\n", what);
    abort();
}

/* ---- frames ---- */

static inline void guest_put(struct guest *g, const u8 *frame, unsigned len)
{
    if (send(g->fd, frame, len, MSG_NOSIGNAL) < 0)
        g->gone = true;
}

/* An IPv4 packet with `len` bytes of payload behind its header, of which the checksum field is at
 * `sum_at` (0: none). */
static inline void guest_packet(struct guest *g, u32 from, u32 to, u8 protocol, const u8 *payload,
                                unsigned len, unsigned sum_at)
{
    u8 frame[RIG_FRAME] = { 0 }, *ip = frame + 14;

    memset(frame, 0xff, 6);
    if (to != 0xffffffff)
        memcpy(frame, g->router, 6);
    memcpy(frame + 6, rig_mac, 6);
    frame[12] = 8;
    ip[0] = 0x45;
    rig_be(ip + 2, 20 + len, 2);
    rig_be(ip + 4, ++g->number, 2);
    ip[8] = 64;
    ip[9] = protocol;
    rig_be(ip + 12, from, 4);
    rig_be(ip + 16, to, 4);
    rig_be(ip + 10, ~rig_sum(ip, 20, 0), 2);
    memcpy(ip + 20, payload, len);
    if (sum_at)
        rig_be(ip + 20 + sum_at, ~rig_packet_sum(ip), 2);
    guest_put(g, frame, 34 + len);
}

static inline void guest_say_arp(struct guest *g, u8 op, const u8 to_mac[6], u32 to)
{
    u8 f[60] = { 0 };

    memset(f, 0xff, 6);
    memcpy(f + 6, rig_mac, 6);
    memcpy(f + 12, "\x08\x06\0\1\x08\0\6\4\0", 9);
    f[21] = op;
    memcpy(f + 22, rig_mac, 6);
    rig_be(f + 28, g->ip, 4);
    if (to_mac)
        memcpy(f + 32, to_mac, 6);
    rig_be(f + 38, to, 4);
    guest_put(g, f, sizeof f);
}

/* The next frame, in g->frame; false: there is none in time. Who asks for our address is told. */
static inline bool guest_next(struct guest *g, int ms)
{
    struct pollfd p = { g->fd, POLLIN, 0 };
    ssize_t n;

    if (g->gone || poll(&p, 1, ms) <= 0)
        return false;
    n = recv(g->fd, g->frame, sizeof g->frame, 0);
    g->gone = n <= 0;
    g->len = n > 0 ? (unsigned)n : 0;
    if (g->gone)
        return false;
    if (g->len >= 42 && rig_get(g->frame + 12, 2) == 0x0806 && g->frame[21] == 1 && g->ip &&
        rig_get(g->frame + 38, 4) == g->ip)
        guest_say_arp(g, 2, g->frame + 22, rig_get(g->frame + 28, 4));
    return true;
}

static inline s64 rig_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (s64)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The payload of the next IPv4 packet of a protocol, its checksums looked at; NULL: not in time. */
static inline const u8 *guest_await(struct guest *g, u8 protocol, unsigned *len, s64 until)
{
    const u8 *ip = g->frame + 14;

    for (s64 left; (left = until - rig_ms()) > 0 && guest_next(g, (int)left);) {
        if (g->len < 34 || rig_get(g->frame + 12, 2) != 0x0800 || ip[9] != protocol)
            continue;
        rig_must(ip[0] == 0x45 && rig_get(ip + 2, 2) + 14 <= g->len, "a packet's length");
        rig_must(rig_sum(ip, 20, 0) == 0xffff, "an IP header's checksum");
        rig_must(protocol == 17 && !rig_get(ip + 26, 2) ? true : rig_packet_sum(ip) == 0xffff,
                 "a packet's checksum");
        *len = rig_get(ip + 2, 2) - 20u;
        return ip + 20;
    }
    return NULL;
}

static inline u32 guest_from(const struct guest *g)
{
    return rig_get(g->frame + 26, 4);
}

/* ---- ARP, ICMP, UDP, DHCP: each true when it was answered ---- */

static inline bool guest_arp(struct guest *g, u32 whose, int ms)
{
    s64 until = rig_ms() + ms;

    guest_say_arp(g, 1, NULL, whose);
    for (s64 left; (left = until - rig_ms()) > 0 && guest_next(g, (int)left);)
        if (g->len >= 42 && rig_get(g->frame + 12, 2) == 0x0806 && g->frame[21] == 2 &&
            rig_get(g->frame + 28, 4) == whose) {
            memcpy(g->router, g->frame + 22, 6);
            return true;
        }
    return false;
}

static inline bool guest_ping(struct guest *g, u32 whom, int ms)
{
    s64 until = rig_ms() + ms;
    u8 echo[40] = { 8, 0, 0, 0, 0x12, 0x34, 0, 1, 'h', 'a', 'w', 'k' };
    const u8 *got;
    unsigned len;

    guest_packet(g, g->ip, whom, 1, echo, sizeof echo, 2);
    while ((got = guest_await(g, 1, &len, until)))
        if (got[0] == 0 && len == sizeof echo && !memcmp(got + 4, echo + 4, len - 4) &&
            guest_from(g) == whom)
            return true;
    return false;
}

static inline void guest_udp(struct guest *g, u32 to, u16 port, u16 from, const void *bytes,
                             unsigned len)
{
    u8 p[RIG_FRAME - 40] = { 0 };

    rig_be(p, from, 2);
    rig_be(p + 2, port, 2);
    rig_be(p + 4, 8 + len, 2);
    memcpy(p + 8, bytes, len);
    guest_packet(g, g->ip, to, 17, p, 8 + len, 6);
}

/* What comes to that port, from *who and *port; -1: nothing in time. */
static inline int guest_udp_got(struct guest *g, u16 to, u8 *out, unsigned room, u32 *who,
                                u16 *port, int ms)
{
    s64 until = rig_ms() + ms;
    const u8 *got;
    unsigned len;

    while ((got = guest_await(g, 17, &len, until))) {
        if (len < 8 || rig_get(got + 2, 2) != to || len - 8 > room)
            continue;
        *who = guest_from(g);
        *port = (u16)rig_get(got, 2);
        memcpy(out, got + 8, len - 8);
        return (int)len - 8;
    }
    return -1;
}

/* An option's value, NULL: it is not there. */
static inline const u8 *rig_dhcp_option(const u8 *message, int len, u8 which)
{
    for (int i = 240; i + 2 <= len && message[i] != 255; i += 2 + message[i + 1])
        if (message[i] == which)
            return message + i + 2;
    return NULL;
}

/* One question and its answer, in message[]; its length, -1: none. */
static inline int guest_dhcp_ask(struct guest *g, u8 type, u32 wanted, u8 message[600], int ms)
{
    u8 m[300] = { 1, 1, 6, 0, 0xca, 0xfe, 0, type };
    u32 who;
    u16 port;
    int len;

    memcpy(m + 28, rig_mac, 6);
    memcpy(m + 236, "\x63\x82\x53\x63\x35\1", 6);
    m[242] = type;
    m[243] = 0xff;
    if (wanted) {
        memcpy(m + 243, "\x32\4", 2);
        rig_be(m + 245, wanted, 4);
        m[249] = 0xff;
    }
    guest_udp(g, 0xffffffff, 67, 68, m, sizeof m);
    do
        len = guest_udp_got(g, 68, message, 600, &who, &port, ms);
    while (len >= 240 && memcmp(message + 4, m + 4, 4) != 0);
    return len >= 240 ? len : -1;
}

static inline bool guest_dhcp(struct guest *g, u8 message[600], int *len, int ms)
{
    const u8 *type;
    u32 offered;

    *len = guest_dhcp_ask(g, 1, 0, message, ms); /* DISCOVER */
    type = *len < 0 ? NULL : rig_dhcp_option(message, *len, 53);
    if (!type || *type != 2) /* OFFER */
        return false;
    offered = rig_get(message + 16, 4);
    *len = guest_dhcp_ask(g, 3, offered, message, ms); /* REQUEST */
    type = *len < 0 ? NULL : rig_dhcp_option(message, *len, 53);
    if (!type || *type != 5) /* ACK */
        return false;
    g->ip = rig_get(message + 16, 4);
    return guest_arp(g, RIG_HOST, ms);
}

/* ---- TCP ---- */

static inline void guest_tcp_put(struct guest *g, struct guest_tcp *t, u8 flags, const void *bytes,
                                 unsigned len)
{
    u8 p[20 + RIG_MSS] = { 0 };

    rig_be(p, t->from, 2);
    rig_be(p + 2, t->port, 2);
    rig_be(p + 4, t->sent, 4);
    rig_be(p + 8, flags & RIG_ACK ? t->seen : 0, 4);
    p[12] = 0x50;
    p[13] = flags;
    rig_be(p + 14, 0xffff, 2);
    if (len)
        memcpy(p + 20, bytes, len);
    guest_packet(g, g->ip, t->ip, 6, p, 20 + len, 16);
    t->sent += len + (flags & (RIG_SYN | RIG_FIN) ? 1 : 0);
}

/* The next segment of this connection, in order; what is in it is acknowledged. Its data's length
 * and place; -1: none in time. */
static inline int guest_tcp_got(struct guest *g, struct guest_tcp *t, const u8 **data, int ms)
{
    s64 until = rig_ms() + ms;
    const u8 *got;
    unsigned len, head;

    while ((got = guest_await(g, 6, &len, until))) {
        if (len < 20 || guest_from(g) != t->ip || rig_get(got, 2) != t->port ||
            rig_get(got + 2, 2) != t->from)
            continue;
        head = got[12] >> 4 << 2;
        rig_must(head >= 20 && head <= len, "a TCP header's length");
        if (got[13] & RIG_RST) {
            t->reset = t->ended = true;
            return 0;
        }
        if (got[13] & RIG_SYN)
            t->seen = rig_get(got + 4, 4) + 1;
        else if (rig_get(got + 4, 4) != t->seen) { /* once more: say what we have */
            guest_tcp_put(g, t, RIG_ACK, NULL, 0);
            continue;
        }
        *data = got + head;
        t->seen += len - head + (got[13] & RIG_FIN);
        t->ended |= got[13] & RIG_FIN;
        if (len > head || (got[13] & RIG_FIN))
            guest_tcp_put(g, t, RIG_ACK, NULL, 0);
        return (int)(len - head);
    }
    return -1;
}

static inline bool guest_connect(struct guest *g, struct guest_tcp *t, u32 ip, u16 port, u16 from,
                                 int ms)
{
    const u8 *data;

    *t = (struct guest_tcp) { .ip = ip, .port = port, .from = from, .sent = 1000u * from };
    guest_tcp_put(g, t, RIG_SYN, NULL, 0);
    if (guest_tcp_got(g, t, &data, ms) < 0 || t->reset)
        return false;
    guest_tcp_put(g, t, RIG_ACK, NULL, 0);
    return true;
}

/* Somebody connects to one of our ports. */
static inline bool guest_accept(struct guest *g, struct guest_tcp *t, u16 from, int ms)
{
    s64 until = rig_ms() + ms;
    const u8 *got;
    unsigned len;

    *t = (struct guest_tcp) { .from = from, .sent = 7000 };
    while ((got = guest_await(g, 6, &len, until))) {
        if (len < 20 || rig_get(got + 2, 2) != from || (got[13] & 0x3f) != RIG_SYN)
            continue;
        t->ip = guest_from(g);
        t->port = (u16)rig_get(got, 2);
        t->seen = rig_get(got + 4, 4) + 1;
        guest_tcp_put(g, t, RIG_SYN | RIG_ACK, NULL, 0);
        return true;
    }
    return false;
}

#endif
