/* A notify register that a kind may bind to something faster than an exit: where a guest's write
 * says nothing but "look", the writer need not wait until somebody has looked. */
#ifndef MACH_DOORBELL_H
#define MACH_DOORBELL_H

#include "base/types.h"

struct doorbell {
    /* From now on a write of `value`, so many bytes wide, at `offset` of the device's registers
     * calls ring(ctx, value), with the machine's device lock held, some time later, once or more
     * often; with `width_bytes` 0 any write there. The owner knows where the registers are, and
     * follows when they move. A write for which it cannot be done comes to the device as any
     * other; false: that goes for all of them. */
    bool (*bind)(void *owner, u64 offset, unsigned width_bytes, u64 value,
                 void (*ring)(void *ctx, u64 value), void *ctx);
    void (*unbind)(void *owner, u64 offset, u64 value); /* one that is bound */
    void *owner;
};

static inline bool doorbell_bind(const struct doorbell *d, u64 offset, unsigned width_bytes,
                                 u64 value, void (*ring)(void *ctx, u64 value), void *ctx)
{
    return d->bind && d->bind(d->owner, offset, width_bytes, value, ring, ctx);
}

#endif
