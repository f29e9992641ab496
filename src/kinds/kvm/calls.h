/* What machines of this kind ask of the kernel while they run, for a monitor's sandbox: struct
 * kind's host_calls. What only makes machines (KVM_CREATE_VM and its like) is not among it. */
#ifndef KVM_CALLS_H
#define KVM_CALLS_H

#include "mach/machine.h"

enum { MICRO_HOST_CALLS = 25, PC_HOST_CALLS = 42 };
extern const struct host_call micro_host_calls[MICRO_HOST_CALLS];
extern const struct host_call pc_host_calls[PC_HOST_CALLS];

#endif
