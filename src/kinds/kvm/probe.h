/* Which of a processor's breakpoints this host's KVM really has. Some promise them all and deliver
 * none (an emulated processor under a nested KVM), others only those on instructions; so it is
 * tried, on a machine of a page with five instructions. */
#ifndef KVM_PROBE_H
#define KVM_PROBE_H

#include "base/types.h"

struct probe {
    bool execute, data; /* by its registers */
    bool trap;          /* INT3 comes out of the guest */
};

/* `closed`: nothing can be opened, so it is judged by what the processor says of itself. */
struct probe probe_breakpoints(bool closed);

#endif
