#ifndef KVM_CALLS_H
#define KVM_CALLS_H

#include "mach/machine.h"

enum { KVM_HOST_CALLS = 44 };
extern const struct host_call kvm_host_calls[KVM_HOST_CALLS];

#endif
