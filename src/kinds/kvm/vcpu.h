/* A vCPU: a processor of the host that executes a guest's instructions until something happens
 * which the guest's machine must see to (an exit).
 *
 *   idle --vcpu_enter()--> entered --vcpu_run()--> in the guest --exit--> entered
 *   entered --vcpu_leave()--> idle
 *   any --vcpu_kick(), a signal--> vcpu_run() returns EXIT_SIGNAL soon, or at once when it starts
 *
 * One thread at a time has entered it: the one whose signal brings it out of the guest. No wish to
 * stop is lost: a kick first sets a flag that the kernel reads on the way in (immediate_exit), then
 * sends the signal, which brings back a processor that had got past that flag. Its deadline is a
 * timer that sends the same signal, again and again until it is heard. */
#ifndef KVM_VCPU_H
#define KVM_VCPU_H

#include "kinds/kvm/cpuid.h"
#include "kinds/kvm/vcpu_state.h"
#include "kinds/kvm/vm.h"

#include <linux/kvm.h>
#include <sys/types.h>
#include <time.h>

enum { VCPU_FAULT_STATUS = 134 }; /* of a guest that failed: as of a process that was aborted */

enum exit {
    EXIT_PORT,   /* it reads or writes a port: vcpu_port() */
    EXIT_MMIO,   /* it reads or writes where no memory is: run->mmio */
    EXIT_HLT,    /* it waits for an interrupt */
    EXIT_WINDOW, /* an interrupt can be injected now */
    EXIT_DEBUG,  /* a step is done, or a breakpoint reached: run->debug.arch */
    EXIT_SIGNAL, /* nothing happened: somebody wants to have the thread back */
    EXIT_FAULT,  /* a triple fault, or what the kernel cannot go on with: `text` */
    EXIT_HOST,   /* the kernel failed: `text` */
};

struct vcpu {
    struct vcpu_state state; /* the kernel's copy is newer while `stale` */
    bool stale;
    bool broken; /* the state could not be pulled: the machine must not be saved */
    u64 known_pc, known_rip;
    struct vm *vm; /* borrowed */
    int fd;
    unsigned index;
    struct kvm_run *run; /* shared with the kernel */
    int kicked;          /* atomic: a kick that nobody has taken */
    pid_t thread;        /* atomic: who has entered it; 0: nobody */
    pid_t timer_thread;  /* whom the timer signals; 0: there is none */
    timer_t timer;
    u64 alarm_ns;    /* what the timer is set to; UINT64_MAX: nothing */
    bool unfinished; /* the last exit's instruction ends when the vCPU runs again */
    char text[160];
};

int vcpu_open(struct vcpu *v, struct vm *vm, unsigned index, struct err *e);
/* What CPUID tells the guest; then it is as a processor after reset. Before it runs. */
int vcpu_identify(struct vcpu *v, const struct cpuid *c, struct err *e);
/* Both for a machine's only one, which is as the host's. */
int vcpu_open_alone(struct vcpu *v, struct vm *vm, struct err *e);
void vcpu_close(struct vcpu *v); /* accepts one that was never open */

/* The linear address of the next instruction, without the rest of the state; 0: it cannot be had.
 */
u64 vcpu_pc(struct vcpu *v);

/* component.saving() and loaded() of `state`. */
void vcpu_saving(struct vcpu *v);
int vcpu_loaded(struct vcpu *v, struct err *e);

int vcpu_enter(struct vcpu *v, struct err *e);
void vcpu_leave(struct vcpu *v);
enum exit vcpu_run(struct vcpu *v);

/* Any thread, any signal handler. */
void vcpu_kick(struct vcpu *v);
/* Whether there was a kick; takes it. */
bool vcpu_kicked(struct vcpu *v);

/* When the thread is to be had back, by CLOCK_MONOTONIC; UINT64_MAX: not before a kick. */
void vcpu_alarm(struct vcpu *v, u64 ns);
/* Waits for that moment or a kick, without the guest. */
void vcpu_sleep(struct vcpu *v, u64 ns);

/* Whether the guest would take an interrupt now; if not, vcpu_want_window() makes it exit with
 * EXIT_WINDOW as soon as it would. */
static inline bool vcpu_interruptible(const struct vcpu *v)
{
    return v->run->ready_for_interrupt_injection && v->run->if_flag;
}
static inline void vcpu_want_window(struct vcpu *v, bool wanted)
{
    v->run->request_interrupt_window = wanted;
}
/* Only when it would; false: the kernel has failed. */
bool vcpu_interrupt(struct vcpu *v, u8 vector);

/* Whether the guest may be interrupted at all (RFLAGS.IF), as of the last exit. */
static inline bool vcpu_interrupts_on(const struct vcpu *v)
{
    return v->run->if_flag;
}

#endif
