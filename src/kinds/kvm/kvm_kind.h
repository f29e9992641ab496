#ifndef KVM_KIND_H
#define KVM_KIND_H

#include "mach/machine.h"

extern const struct kind kvm_kind;

#endif
