/* What the files of this folder share. */
#ifndef HOST_NET_PARTS_H
#define HOST_NET_PARTS_H

#include "host/net/net.h"
#include "host/net/pair.h"

/* ---- tap.c ---- */

/* The device of that name, made if it is not there and that is allowed. *offloads: it takes frames
 * with work left; `wish` NET_ON: an error if not. */
int tap_open(const char *name, enum net_choice wish, int *fd, bool *offloads, struct err *e);
/* Whether a descriptor is a tap device with heads before its frames, as tap_open() makes it. */
bool tap_is(int fd);

/* ---- user.c ---- */

/* Starts mews-usernet; *fd is the machine's end. */
int user_open(const struct net_config *c, int *fd, struct err *e);

/* ---- cable.c: two machines by a directory ---- */

enum { CABLE_HELLO_BYTES = 12 };

struct cable {
    struct pair_door door; /* where the other machine comes in */
    int lock;              /* holds our end of the cable */
    u8 hello[CABLE_HELLO_BYTES];
};

/* Takes a free end of the cable `dir`. *fd: the machine at the other, or -1. */
int cable_open(struct cable *c, const char *dir, bool offloads, u16 mtu, int *fd, struct err *e);
void cable_close(struct cable *c); /* accepts one that was not opened, and the half-open */

#endif
