/* A virtual machine of the host's kernel (KVM): its memory, and what the host's KVM can do.
 *
 * /dev/kvm is the hardware of this kind, and this room its only user. Guest memory is the bytes of
 * a `struct space`, which the kernel maps into the guest where they stand; so a snapshot that is
 * mapped in the place of those bytes is at once what the guest sees. */
#ifndef KVM_VM_H
#define KVM_VM_H

#include "base/err.h"
#include "mach/space.h"

struct vm {
    int kvm, fd;       /* /dev/kvm, and the machine made with it; -1: not open */
    int pagemap;       /* which pages of this process the host has; -1: it does not say */
    size_t run_bytes;  /* of the page that a vCPU and the kernel share */
    struct space ram;  /* from address 0 on, at most 3 GiB: above it PCs have their devices */
    struct space high; /* the rest, from 4 GiB on; no bytes: there is none */
    bool logging;      /* the kernel notes which pages the guest writes */
    bool debug_mask;   /* KVM_SET_GUEST_DEBUG can hold back interrupts */
};

/* Whether a machine can be had at all; the error says what is missing and what to do about it. */
int vm_available(struct err *e);

int vm_open(struct vm *v, struct err *e);
void vm_close(struct vm *v); /* after its vCPUs; also one that was never open */

/* Zeroed memory, whole pages. */
int vm_make_ram(struct vm *v, u64 bytes, struct err *e);

/* Before the guest runs: the kernel's log is on as long as somebody wants to know. */
void vm_follow_trackers(struct vm *v);

#endif
