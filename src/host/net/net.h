/* A machine's network link, as a person asks for it: a port behind which is the host's network by
 * a process of its own (user), a tap device, another machine (link), whatever a descriptor leads
 * to, or nothing.
 *
 * All is opened by net_open(), before a jail closes; the port then makes no call that takes a path,
 * and no socket. What fails later is the link, which goes down, and not the machine. */
#ifndef HOST_NET_NET_H
#define HOST_NET_NET_H

#include "base/err.h"
#include "mach/machine.h"

#include <netinet/in.h>

enum net_type { NET_NONE, NET_USER, NET_TAP, NET_LINK, NET_FD };
enum net_choice { NET_AUTO, NET_ON, NET_OFF };
enum { NET_MAC_LEN = 6, NET_FORWARDS_MAX = 64, NET_MTU_MIN = 576, NET_MTU_MAX = 65520 };

/* A port of the host that leads to one of the guest. */
struct net_forward {
    bool udp;
    struct in_addr host;       /* 127.0.0.1 unless it was given */
    u16 host_port, guest_port; /* of the address that DHCP gives */
};

struct net_config {
    enum net_type type;
    const char *path; /* the tap device's name, or the link's directory */
    int fd;
    bool has_mac; /* it was given */
    u8 mac[NET_MAC_LEN];
    u64 bytes_per_s; /* each way; 0: no limit */
    u16 mtu;
    enum net_choice offload; /* NET_AUTO: as the other end allows */
    /* NET_USER */
    bool restricted;    /* nothing but what is forwarded: no way out */
    bool no_host;       /* 10.0.2.2 does not lead to this host's loopback */
    struct in_addr dns; /* the name server behind 10.0.2.3; 0: the host's */
    unsigned forward_count;
    struct net_forward forward[NET_FORWARDS_MAX];
};

struct net_link;

/* Reads
 *   user[,forward=tcp|udp:[HOSTADDR:]HOSTPORT:GUESTPORT]...[,restrict=on|off][,host=on|off]
 *       [,dns=ADDR]
 *   tap=NAME | link=DIR | fd=N | none
 * each with [,mac=XX:XX:XX:XX:XX:XX][,bps=N][,mtu=N][,offload=on|off], into *c; what it points to
 * lies in `text`, which is cut up. A comma in a path is written twice. */
int net_parse(char *text, struct net_config *c, struct err *e);

/* An error says in one line what is missing. With NET_FD the descriptor is the link's when this has
 * succeeded. */
int net_open(const struct net_config *c, struct net_link **out, struct err *e);
void net_close(struct net_link *n); /* accepts NULL; in a jail too */
/* Starts the link's thread: when a process has become what it wants to be (a jail's namespaces are
 * for one that has a single thread), and before a list of calls closes. Without it, the port's
 * first call behind attach() does that. The hook (or NULL) is asked in it. */
int net_start(struct net_link *n, const struct thread_hook *hook, struct err *e);
struct link_port *net_port(struct net_link *n);
/* What it asks of the kernel while it runs, for a program's jail. */
enum { NET_HOST_CALLS = 10 };
extern const struct host_call net_host_calls[NET_HOST_CALLS];

/* The card's address: the one that was given, or one made of the machine's name and the card's
 * number, always the same, unicast and locally administered. A copy of a machine that shall have
 * another one says a salt that is not 0. */
void net_mac(const struct net_config *c, const char *machine, unsigned index, u64 salt,
             u8 mac[NET_MAC_LEN]);

#endif
