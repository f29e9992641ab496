/* Doorbells (mach/doorbell.h) by KVM's ioeventfd: a write of the guest's at a notify register makes
 * a descriptor readable, and the vCPU goes on at once. The machine's thread, which waits for these
 * descriptors among others, then calls what is bound, with the device lock held.
 *
 * No notification is lost: a descriptor counts until it is read, wherever the registers have moved
 * meanwhile and whatever is done to the machine, and bells_drain() reads them all when no vCPU
 * runs. One that comes for nothing does no harm: a device looks into its ring. Where the kernel
 * cannot listen (there is no such, or another listens at that address) the write is an exit, and
 * comes to the device as any other. */
#ifndef KVM_BELLS_H
#define KVM_BELLS_H

#include "base/types.h"
#include "mach/doorbell.h"

#include <poll.h>

enum { BELLS = 32 };
#define BELLS_NOWHERE UINT64_MAX

struct bells;

struct bell_place { /* of one device's registers */
    struct bells *bells;
    u64 base; /* BELLS_NOWHERE: they are nowhere */
};

struct bell {
    const struct bell_place *place;
    u64 offset, value;
    unsigned width_bytes;
    void (*ring)(void *ctx, u64 value);
    void *ctx;
    int fd;
    bool bound;
    bool listens; /* the kernel does, at `at` */
    u64 at;
};

struct bells {
    int vm;         /* borrowed; -1: there is no KVM that can */
    unsigned count; /* that were ever bound */
    struct bell bell[BELLS];
    u64 rung; /* how many notifications came so */
};

/* Takes the machine's descriptor, and /dev/kvm's to ask it; -1: there shall be none. */
void bells_init(struct bells *b, int kvm, int vm);
void bells_fini(struct bells *b); /* also one that is all zero */

struct doorbell bells_at(struct bells *b, struct bell_place *place, u64 base);
/* The lock is held. */
void bells_move(struct bell_place *place, u64 base);

/* What to wait for: at most BELLS. Returns how many. */
unsigned bells_poll(const struct bells *b, struct pollfd *out);
/* What has come of it; the lock is held. */
void bells_heard(struct bells *b, const struct pollfd *f, unsigned count);
/* What is pending in any of them; the lock is held. */
void bells_drain(struct bells *b);

#endif
