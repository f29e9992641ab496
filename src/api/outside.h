/* What a machine's ports lead to that a person has named: disks and networks; and the host's clock
 * and chance. */
#ifndef API_OUTSIDE_H
#define API_OUTSIDE_H

#include "host/disk/disk.h"
#include "host/net/net.h"
#include "mews/mews.h"

enum { OUTSIDE_MAX = 16 }; /* of each */

/* How a copy of the machine would name the same. */
struct outside_word {
    char *word; /* with an absolute path */
    bool own;   /* no copy can have it beside the machine */
};

struct outside {
    struct disk *disks[OUTSIDE_MAX];
    struct block_port *disk_ports[OUTSIDE_MAX];
    struct net_link *links[OUTSIDE_MAX];
    struct link_port *link_ports[OUTSIDE_MAX];
    struct outside_word disk_words[OUTSIDE_MAX], link_words[OUTSIDE_MAX];
    unsigned disk_count, link_count;
};

/* Opens all that the options name. On failure outside_close() is still to be called. */
int outside_open(struct outside *o, const struct mews_options *options, struct ports *ports,
                 struct err *e);
void outside_close(struct outside *o); /* accepts one that is all zero; after the machine */
/* The hook may be NULL. */
int outside_start(struct outside *o, const struct thread_hook *hook, struct err *e);
/* The i-th of what they ask of the kernel, NULL behind the last. */
const struct host_call *outside_host_call(const struct outside *o, unsigned i);

#endif
