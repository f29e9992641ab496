#include "host/net/net.h"

#include "host/net/parts.h"
#include "host/words.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xxhash.h>

struct net_link {
    struct pair pair;
    struct cable cable;
};

/* ---- what a person types ---- */

static int decimal(const char *text, u64 least, u64 most, u64 *out)
{
    char *end;
    u64 v = strtoull(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || v < least || v > most)
        return -1;
    *out = v;
    return 0;
}

static int take_choice(const char *word, const char *value, bool *on, struct err *e)
{
    if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
        return err_set(e, ERR_USAGE, "%s=%s: want on or off", word, value);
    *on = !strcmp(value, "on");
    return 0;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

    return at ? (int)(at - digits) : -1;
}

static int take_mac(const char *value, struct net_config *c, struct err *e)
{
    u8 mac[NET_MAC_LEN];

    for (unsigned i = 0; i < NET_MAC_LEN; i++) {
        const char *at = value + 3 * i;
        int high = strlen(value) == 17 ? hex_digit(at[0]) : -1;
        int low = high < 0 ? -1 : hex_digit(at[1]);

        if (low < 0 || at[2] != (i < NET_MAC_LEN - 1 ? ':' : 0))
            return err_set(e, ERR_USAGE, "mac=%s: want XX:XX:XX:XX:XX:XX", value);
        mac[i] = (u8)(high << 4 | low);
    }
    if (mac[0] & 1)
        return err_set(e, ERR_USAGE, "mac=%s: a card's address is none of a group's", value);
    memcpy(c->mac, mac, sizeof mac);
    c->has_mac = true;
    return 0;
}

/* tcp|udp:[HOSTADDR:]HOSTPORT:GUESTPORT */
static bool read_forward(char *text, struct net_forward *f)
{
    char *field[4], *rest = text;
    unsigned count = 0;
    u64 host, guest;

    while (rest && count < ARRAY_SIZE(field))
        field[count++] = strsep(&rest, ":");
    if (rest || count < 3 || decimal(field[count - 2], 1, 65535, &host) ||
        decimal(field[count - 1], 1, 65535, &guest))
        return false;
    f->udp = !strcmp(field[0], "udp");
    if (!f->udp && strcmp(field[0], "tcp") != 0)
        return false;
    f->host_port = (u16)host;
    f->guest_port = (u16)guest;
    return inet_pton(AF_INET, count == 4 ? field[1] : "127.0.0.1", &f->host) == 1;
}

static int take_forward(char *value, struct net_config *c, struct err *e)
{
    char copy[64];

    if (c->forward_count == NET_FORWARDS_MAX)
        return err_set(e, ERR_USAGE, "more than %d ports are forwarded", NET_FORWARDS_MAX);
    snprintf(copy, sizeof copy, "%s", value);
    if (!read_forward(copy, &c->forward[c->forward_count]))
        return err_set(e, ERR_USAGE, "forward=%s: want tcp|udp:[HOSTADDR:]HOSTPORT:GUESTPORT",
                       value);
    c->forward_count++;
    return 0;
}

static int take_mtu(const char *value, struct net_config *c, struct err *e)
{
    u64 mtu;

    if (decimal(value, NET_MTU_MIN, NET_MTU_MAX, &mtu))
        return err_set(e, ERR_USAGE, "mtu=%s: want %d to %d", value, NET_MTU_MIN, NET_MTU_MAX);
    c->mtu = (u16)mtu;
    return 0;
}

static int take_dns(const char *value, struct net_config *c, struct err *e)
{
    struct in_addr a;

    if (inet_pton(AF_INET, value, &a) != 1 || !a.s_addr)
        return err_set(e, ERR_USAGE, "dns=%s: want an IPv4 address", value);
    c->dns = a;
    return 0;
}

/* What is said of a user network alone; 1: it is none of these words. */
static int take_user_word(const char *word, char *value, struct net_config *c, struct err *e)
{
    if (!strcmp(word, "forward"))
        return take_forward(value, c, e);
    if (!strcmp(word, "restrict"))
        return take_choice(word, value, &c->restricted, e);
    if (!strcmp(word, "host")) {
        bool host = true;
        int r = take_choice(word, value, &host, e);

        c->no_host = !host;
        return r;
    }
    return strcmp(word, "dns") != 0 ? 1 : take_dns(value, c, e);
}

static int take_word(char *word, struct net_config *c, struct err *e)
{
    bool user = c->type == NET_USER, on;
    char *value = strchr(word, '=');
    int r = 1;

    if (value)
        *value++ = 0;
    if (!value || !*value)
        r = 1;
    else if (!strcmp(word, "mac"))
        r = take_mac(value, c, e);
    else if (!strcmp(word, "bps"))
        r = words_number(word, value, &c->bytes_per_s, e);
    else if (!strcmp(word, "mtu"))
        r = take_mtu(value, c, e);
    else if (!strcmp(word, "offload")) {
        r = take_choice(word, value, &on, e);
        if (!r)
            c->offload = on ? NET_ON : NET_OFF;
    } else if (user)
        r = take_user_word(word, value, c, e);
    if (r > 0)
        return err_set(e, ERR_USAGE, "'%s' (accepted: %smac= bps= mtu= offload=on|off)", word,
                       user ? "forward= restrict=on|off host=on|off dns= " : "");
    return r;
}

static int take_type(char *word, struct net_config *c, struct err *e)
{
    char *value = strchr(word, '=');
    u64 fd;

    if (value)
        *value++ = 0;
    if (!value && !strcmp(word, "none"))
        c->type = NET_NONE;
    else if (!value && !strcmp(word, "user"))
        c->type = NET_USER;
    else if (value && *value && !strcmp(word, "tap"))
        c->type = NET_TAP;
    else if (value && *value && !strcmp(word, "link"))
        c->type = NET_LINK;
    else if (value && !strcmp(word, "fd") && !decimal(value, 0, INT32_MAX, &fd)) {
        c->type = NET_FD;
        c->fd = (int)fd;
    } else
        return err_set(e, ERR_USAGE, "'%s' (accepted: user tap=NAME link=DIR fd=N none)", word);
    c->path = value;
    return 0;
}

int net_parse(char *text, struct net_config *c, struct err *e)
{
    struct net_config new = { .fd = -1 };
    char *rest = text;

    if (take_type(words_cut(&rest), &new, e))
        return -(int)e->code;
    while (rest)
        if (take_word(words_cut(&rest), &new, e))
            return -(int)e->code;
    /* A user network ends the guest's connections here: no wire limits them, and each packet costs
     * the same, so they may be long. */
    if (!new.mtu)
        new.mtu = new.type == NET_USER ? NET_MTU_MAX : LINK_MTU;
    if (new.type == NET_USER &&new.offload == NET_ON)
        return err_set(e, ERR_USAGE, "offload=on: a user network takes whole frames");
    for (unsigned i = 0; new.restricted &&i < new.forward_count; i++)
        if (new.forward[i].udp) /* libslirp's restriction is for answers too */
            return err_set(e, ERR_USAGE, "forward=udp: with restrict=on no answer gets out");
    *c = new;
    return 0;
}

/* ---- life ---- */

/* What the descriptor is decides what its frames look like. */
static int look_at(const struct net_config *c, struct pair_config *p, struct err *e)
{
    socklen_t len = sizeof(int);
    int type = 0;

    p->fd = c->fd;
    p->tap = tap_is(c->fd);
    if (!p->tap && (getsockopt(c->fd, SOL_SOCKET, SO_TYPE, &type, &len) || type != SOCK_SEQPACKET))
        return err_set(e, ERR_USAGE,
                       "fd=%d: want a SOCK_SEQPACKET socket, or a tap device without packet "
                       "information and with heads",
                       c->fd);
    p->offloads = c->offload == NET_ON;
    p->heads = p->tap || p->offloads;
    if (fcntl(c->fd, F_SETFD, FD_CLOEXEC) || fcntl(c->fd, F_SETFL, O_NONBLOCK))
        return err_set(e, ERR_SYS, "fd=%d", c->fd);
    return 0;
}

static int open_end(struct net_link *n, const struct net_config *c, struct pair_config *p,
                    struct err *e)
{
    switch (c->type) {
    case NET_NONE: p->offloads = c->offload == NET_ON; return 0;
    case NET_USER: return user_open(c, &p->fd, e);
    case NET_TAP:
        p->tap = p->heads = true;
        return tap_open(c->path, c->offload, &p->fd, &p->offloads, e);
    case NET_LINK:
        p->offloads = c->offload != NET_OFF;
        p->heads = true;
        p->door = &n->cable.door;
        return cable_open(&n->cable, c->path, p->offloads, c->mtu, &p->fd, e);
    case NET_FD: return look_at(c, p, e);
    }
    return err_set(e, ERR_USAGE, "no such network");
}

/* Frames are whose turn it is; the watcher has the door. */
enum { TURN = THREAD_MACHINE | THREAD_CPU };
static const char tap[] = "a tap device";

const struct host_call net_host_calls[NET_HOST_CALLS] = {
    { .name = "sendmsg", .roles = TURN },
    { .name = "recvmsg", .roles = THREAD_CPU | THREAD_NET },
    { .name = "readv", .roles = TURN, .elsewhere = tap },
    { .name = "writev", .roles = TURN, .elsewhere = tap },
    { .name = "poll", .roles = THREAD_NET },
    { .name = "read", .roles = THREAD_NET },
    { .name = "close", .roles = THREAD_NET },
    { .name = "accept4", .roles = THREAD_NET },
    { .name = "sendto", .roles = THREAD_NET },
    { "setsockopt", 2, UINT32_MAX, SO_SNDBUF, THREAD_NET, NULL },
};

int net_open(const struct net_config *c, struct net_link **out, struct err *e)
{
    struct pair_config p = { .fd = -1,
                             .mtu = c->mtu ? c->mtu : LINK_MTU,
                             .bytes_per_s = c->bytes_per_s };
    struct net_link *n = calloc(1, sizeof *n);

    if (!n)
        return err_set(e, ERR_NOMEM, "no memory for a network");
    if (!open_end(n, c, &p, e)) {
        if (!pair_init(&n->pair, &p, e)) {
            memcpy(n->pair.info.mac, c->mac, NET_MAC_LEN);
            *out = n;
            return 0;
        }
        if (p.fd >= 0 && c->type != NET_FD)
            close(p.fd);
    }
    cable_close(&n->cable);
    free(n);
    return -(int)e->code;
}

void net_close(struct net_link *n)
{
    if (!n)
        return;
    pair_fini(&n->pair);
    cable_close(&n->cable);
    free(n);
}

int net_start(struct net_link *n, const struct thread_hook *hook, struct err *e)
{
    return pair_start(&n->pair, hook, e);
}

struct link_port *net_port(struct net_link *n)
{
    return &n->pair.port;
}

/* ---- addresses ---- */

void net_mac(const struct net_config *c, const char *machine, unsigned index, u64 salt,
             u8 mac[NET_MAC_LEN])
{
    u64 of_name = XXH64(machine, strlen(machine), salt), more[2] = { of_name, index }, h;
    u8 bytes[16];

    if (c->has_mac) {
        memcpy(mac, c->mac, NET_MAC_LEN);
        return;
    }
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (u8)(more[i / 8] >> i % 8 * 8);
    h = XXH64(bytes, sizeof bytes, 0);
    for (unsigned i = 0; i < NET_MAC_LEN; i++)
        mac[i] = (u8)(h >> 8 * i);
    mac[0] = (u8)((mac[0] & ~1u) | 2);
}
