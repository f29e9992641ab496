/* mews-usernet: the host's network for one machine's card, without privileges. A process of its own
 * around libslirp, which ends the guest's connections and makes the host's in their place:
 *
 *   machine <--frames by a socket pair--> mews-usernet <--sockets--> the host's network
 *
 *   all is bound --usernet_open()--> usernet_jail() --> usernet_serve()
 *   --the machine's end of the pair is closed--> ended
 *
 * The guest sees 10.0.2.0/24: itself 10.0.2.15 by DHCP, 10.0.2.2 the host (its loopback), 10.0.2.3
 * a name server; and fd00:6d65:7773::/64 with ::2 and ::3 likewise. */
#ifndef APP_USERNET_USERNET_H
#define APP_USERNET_USERNET_H

#include "app/jail.h"

#include "base/err.h"
#include "base/types.h"

#include <netinet/in.h>

enum {
    USERNET_FORWARDS_MAX = 64,
    USERNET_DESCRIPTORS = 600,  /* so many connections at most; one holds up to 256 KiB */
    USERNET_MEMORY = 256 << 20, /* beyond it the process ends: its machine's link goes down */
};

struct usernet_forward {
    bool udp;
    struct in_addr host;
    u16 host_port, guest_port;
};

struct usernet_config {
    u16 mtu;
    bool restricted;    /* the guest reaches nothing; what is forwarded reaches it */
    bool no_host;       /* 10.0.2.2 does not lead to the host's loopback */
    struct in_addr dns; /* 0: what /etc/resolv.conf names */
    unsigned forward_count;
    struct usernet_forward forward[USERNET_FORWARDS_MAX];
};

/* Reads the words mtu=N restrict=on host=off dns=ADDR forward=tcp|udp:HOSTADDR:HOSTPORT:GUESTPORT,
 * as host/net/user.c writes them. */
int usernet_parse(char **words, struct usernet_config *c, struct err *e);

struct usernet;

/* `fd`: our end of the pair, borrowed. One in a process. */
int usernet_open(const struct usernet_config *c, int fd, struct usernet **out, struct err *e);
/* Until the other end is closed. */
void usernet_serve(struct usernet *n);
void usernet_close(struct usernet *n);

/* ---- calls.c: the list ---- */

struct usernet_rule {
    struct mews_host_call rule;
    struct mews_host_call also; /* of another argument */
    bool outward;               /* not for one that is restricted */
};
extern const struct usernet_rule usernet_rules[];
extern const unsigned usernet_rule_count;

/* Closes the jail: no files, no privileges, limits on memory and descriptors, the list.
 * `left_out`: for tests, the rule that is missing, else USERNET_ALL. */
enum { USERNET_ALL = 0x7fffffff };
int usernet_jail(const struct usernet_config *c, unsigned left_out, struct err *e);

/* ---- resolv.c: the name servers ---- */

/* Reads /etc/resolv.conf, or takes the address if it is not 0: what libslirp will find. */
void resolv_read(struct in_addr dns);

#endif
