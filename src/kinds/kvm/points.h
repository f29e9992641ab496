/* What a debugger waits for, on x86: by the processor's four breakpoint registers, or by looking
 * after each instruction. Both boards use it. */
#ifndef KVM_POINTS_H
#define KVM_POINTS_H

#include "kinds/kvm/vcpu.h"
#include "mach/watch.h"

enum { POINTS_HARDWARE = 4, POINTS_BYTES = 4096 /* of memory that can be watched by looking */ };

struct points {
    struct watch *list; /* borrowed: the debugger's */
    unsigned count;
    bool by_step;                       /* the registers cannot watch this */
    unsigned used;                      /* registers */
    unsigned watch_of[POINTS_HARDWARE]; /* which of the list each of them has */
    u8 watched[POINTS_BYTES]; /* what was there before: each place that is written, in turn */
};

/* Whether the processor could have it at all: ERR_NOTSUP. */
int points_check(const struct watch *w, struct err *e);
/* What looking cannot do: ERR_NOTSUP, ERR_LIMIT. */
int points_check_by_step(const struct watch *list, unsigned count, struct err *e);
/* Whether one register can watch this. */
bool points_fits_register(const struct watch *w);

/* What is there now is what was there before. */
void points_look(struct points *p, const struct vcpu *v);
/* The registers that are used, for KVM_SET_GUEST_DEBUG; `code` false: not those of execute watches.
 */
void points_set(const struct points *p, struct kvm_guest_debug *d, bool code);

/* Marks watches as hit, and says whether there were any; `now` and `from` are when and where the
 * instruction began. The vCPU's pc is known (vcpu_saving(), vcpu_pc()). */
bool points_hit_register(struct points *p, const struct vcpu *v, u64 dr6, u64 now);
bool points_hit_data(struct points *p, const struct vcpu *v, u64 from, u64 now);
/* Execute watches at this address; `set` false: marks none. */
bool points_hit_code(struct points *p, u64 pc, u64 now, bool set);

#endif
