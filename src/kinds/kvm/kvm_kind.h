#ifndef KVM_KIND_H
#define KVM_KIND_H

#include "mach/machine.h"

extern const struct kind kvm_kind;

/* Why no board on KVM has this service; NULL: it may have it. */
const char *kvm_why_not(enum verb v);

#endif
