/* The debugger's hold on the board `microvm`: what it waits for, and who goes on meanwhile.
 *
 * A breakpoint is an INT3 in the guest's memory, where that can be found by the page tables and the
 * host's KVM hands it out; it is there only while the machine runs, so nobody who looks at memory
 * between two runs sees one. Otherwise it is in one of the processor's registers, which compare
 * virtual addresses and need no memory; or, where the host has none of both, all vCPUs go by
 * single instructions in turn, and what is waited for is looked at after each.
 *
 *   run() to later:   the vCPU that has been told of a breakpoint passes it alone, then all go
 *   run() to now + 1: a step: one vCPU goes, by one instruction, without interrupts if the host can
 */
#ifndef KVM_PC_DEBUG_H
#define KVM_PC_DEBUG_H

#include "kinds/kvm/points.h"
#include "kinds/kvm/probe.h"
#include "mach/machine.h"

#include <pthread.h>

struct pc;
struct pc_cpu;

enum { PC_TRAPS = 80 };

struct pc_trap { /* an INT3 in the guest's memory */
    u64 address;
    unsigned cpu; /* by whose page tables */
    bool set;
    u64 physical;
    u8 was;
};

enum pc_mode {
    PC_ALL,  /* all vCPUs go */
    PC_STEP, /* one, by an instruction, which is what was asked for */
    PC_PASS, /* the same, to get past a breakpoint; then all */
};

struct pc_debug {
    struct points points;
    struct pc_trap traps[PC_TRAPS];
    unsigned trap_count, waiting; /* waiting: not set yet, for nothing is mapped there */
    bool closed;                  /* nothing can be opened: struct kind */
    bool probed;
    struct probe probe;
    enum pc_mode mode;
    unsigned cpu;         /* the one that goes alone; between runs: that a person looks at */
    bool active;          /* the vCPUs' threads are to come here before they enter */
    bool hit, done, pass; /* a watch was; the step is; a vCPU is at an INT3 under another address */
    pthread_cond_t turn;  /* going by instructions: one vCPU at a time */
    u64 next_turn, turn_of;
};

/* ---- the machine's thread ---- */
void pc_closing(struct machine *m);
int pc_watch(struct machine *m, struct watch *list, unsigned count, struct err *e);
enum stop pc_step(struct machine *m, struct cpu *c, struct stop_info *info);
/* How run() begins; false: it is over at once, at a breakpoint. */
bool pc_debug_begin(struct pc *p, u64 until);
void pc_debug_ready(struct pc *p); /* all are parked, and about to go */
/* Meanwhile: has vCPUs come out that must look again; how many ns until the next time, UINT64_MAX:
 * there need be none. */
u64 pc_debug_look(struct pc *p);
void pc_debug_parked(struct pc *p); /* all are parked again */
/* After that: why run() returns, STOP_IDLE: it goes on. */
enum stop pc_debug_why(struct pc *p, enum stop why);
static inline bool pc_debug_told(const struct pc_debug *d)
{
    return d->hit || d->done || d->pass;
}

/* ---- a vCPU's thread ---- */
enum exit pc_debug_run(struct pc_cpu *c); /* vcpu_run(), when it is active */
/* With the lock: after EXIT_DEBUG; and after any exit, while traps wait. */
void pc_debug_exit(struct pc_cpu *c);
/* Without it: an instruction that had come out half-way has ended, when it is active. A KVM that
 * plays instructions itself does not stop behind one that wrote to a port or a register. */
void pc_debug_finished(struct pc_cpu *c);
void pc_debug_set_traps(struct pc_cpu *c);

/* ---- what can be seen, for the kind's table ---- */
bool pc_peek(struct cpu *c, enum cpu_space s, u64 addr, void *out, size_t len);
bool pc_poke(struct cpu *c, enum cpu_space s, u64 addr, const void *in, size_t len);
size_t pc_disassemble(struct cpu *c, u64 addr, char *text, size_t room);
enum flow pc_flow(struct cpu *c, u64 addr);
unsigned pc_calls(struct cpu *c, u64 *out, unsigned room);

#endif
