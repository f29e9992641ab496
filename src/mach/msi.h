/* A message interrupt as a value: a write of `data` to `address` of the interrupt controller. What
 * the two mean is between the guest and its controller; the device only keeps them. */
#ifndef MACH_MSI_H
#define MACH_MSI_H

#include "base/types.h"

struct msi {
    /* Any thread. `source` is the device's number on its bus, for controllers that want to know. */
    void (*send)(void *owner, u32 source, u64 address, u32 data);
    void *owner;
    u32 source;
};

static inline void msi_send(const struct msi *m, u64 address, u32 data)
{
    if (m->send)
        m->send(m->owner, m->source, address, data);
}

#endif
