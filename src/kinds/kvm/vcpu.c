#include "kinds/kvm/vcpu.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id /* glibc has no name for it before 2.38 */
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* A signal that means nothing by itself, is ignored when nobody handles it, and that hardly any
 * program uses: a stray one does no harm. */
enum { KICK = SIGURG, AGAIN_NS = 500000 };

/* ---- making ---- */

static void on_kick(int n)
{
    (void)n; /* that it came is all: it ends KVM_RUN */
}

/* An ignored signal would not bring a vCPU back. Whoever has a handler of their own keeps it. */
static void hear_signal(void)
{
    struct sigaction old;
    const struct sigaction own = { .sa_handler = on_kick, .sa_flags = SA_RESTART };

    if (!sigaction(KICK, NULL, &old) && !(old.sa_flags & SA_SIGINFO) &&
        (old.sa_handler == SIG_DFL || old.sa_handler == SIG_IGN))
        sigaction(KICK, &own, NULL);
}

int vcpu_open(struct vcpu *v, struct vm *vm, unsigned index, struct err *e)
{
    void *run;

    *v = (struct vcpu) { .vm = vm, .fd = -1, .index = index, .alarm_ns = UINT64_MAX };
    v->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)index);
    if (v->fd < 0)
        return err_set(e, ERR_SYS, "making a vCPU");
    run = mmap(NULL, vm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
    if (run == MAP_FAILED)
        return err_set(e, ERR_SYS, "making a vCPU");
    v->run = run;
    hear_signal();
    return 0;
}

int vcpu_identify(struct vcpu *v, const struct cpuid *c, struct err *e)
{
    if (cpuid_give(c, v->fd, v->index, e) || vcpu_state_pull(&v->state, v->fd, e))
        return -(int)e->code;
    v->known_pc = v->state.pc;
    v->known_rip = v->state.rip;
    return 0;
}

int vcpu_open_alone(struct vcpu *v, struct vm *vm, struct err *e)
{
    struct cpuid *tables = calloc(2, sizeof *tables);
    int r;

    if (!tables)
        return err_set(e, ERR_NOMEM, "no memory for a vCPU");
    r = vcpu_open(v, vm, 0, e);
    if (!r)
        r = cpuid_supported(vm, &tables[0], e);
    if (!r)
        r = cpuid_choose(&tables[0], CPUID_HOST, 1, &tables[1], e);
    if (!r)
        r = vcpu_identify(v, &tables[1], e);
    free(tables);
    return r;
}

void vcpu_close(struct vcpu *v)
{
    assert(!v->thread);
    if (v->timer_thread)
        timer_delete(v->timer);
    if (v->run)
        munmap(v->run, v->vm->run_bytes);
    if (v->fd >= 0)
        close(v->fd);
    *v = (struct vcpu) { .fd = -1 };
}

/* ---- state ---- */

void vcpu_saving(struct vcpu *v)
{
    struct err e;

    if (!v->stale)
        return;
    v->broken = vcpu_state_pull(&v->state, v->fd, &e);
    v->stale = false;
    v->known_pc = v->state.pc;
    v->known_rip = v->state.rip;
}

u64 vcpu_pc(struct vcpu *v)
{
    struct kvm_regs r;
    struct kvm_sregs s;

    if (!v->stale)
        return v->state.pc;
    if (ioctl(v->fd, KVM_GET_REGS, &r) || ioctl(v->fd, KVM_GET_SREGS, &s))
        return 0;
    if (s.efer & 0x400)
        return s.cs.l ? r.rip : s.cs.base + r.rip;
    return (u32)(s.cs.base + r.rip);
}

/* A person who sets pc or rip means the other one too. */
static void follow_pc(struct vcpu *v)
{
    struct vcpu_state *s = &v->state;
    u64 base = v->known_pc - v->known_rip;

    if (s->pc != v->known_pc && s->rip == v->known_rip)
        s->rip = s->pc - base;
    else if (s->rip != v->known_rip && s->pc == v->known_pc)
        s->pc = s->rip + base;
}

/* What the kernel says at an exit, for a state that comes from elsewhere. */
static void say_interruptible(struct vcpu *v)
{
    const struct x86_pending *p = &v->state.pending;
    bool on = v->state.rflags >> 9 & 1;

    v->run->if_flag = on;
    v->run->ready_for_interrupt_injection = on && !p->shadow && !p->exception && !p->interrupt &&
                                            !p->nmi_injected;
}

int vcpu_loaded(struct vcpu *v, struct err *e)
{
    follow_pc(v);
    v->stale = false;
    if (vcpu_state_push(&v->state, v->fd, e))
        return -(int)e->code;
    v->known_pc = v->state.pc;
    v->known_rip = v->state.rip;
    v->broken = false;
    say_interruptible(v);
    v->unfinished = false;
    return 0;
}

/* ---- the thread ---- */

/* The timer belongs to a thread; a machine may be run by another one later. */
static int own_timer(struct vcpu *v, pid_t self, struct err *e)
{
    struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = KICK };

    if (v->timer_thread == self)
        return 0;
    if (v->timer_thread)
        timer_delete(v->timer);
    v->timer_thread = 0;
    v->alarm_ns = UINT64_MAX;
    ev.sigev_notify_thread_id = self;
    if (timer_create(CLOCK_MONOTONIC, &ev, &v->timer))
        return err_set(e, ERR_SYS, "a timer");
    v->timer_thread = self;
    return 0;
}

int vcpu_enter(struct vcpu *v, struct err *e)
{
    pid_t self = gettid();
    sigset_t kick;

    assert(!v->thread);
    if (own_timer(v, self, e))
        return -(int)e->code;
    sigemptyset(&kick);
    sigaddset(&kick, KICK);
    pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
    __atomic_store_n(&v->thread, self, __ATOMIC_SEQ_CST);
    return 0;
}

void vcpu_leave(struct vcpu *v)
{
    __atomic_store_n(&v->thread, 0, __ATOMIC_SEQ_CST);
    vcpu_alarm(v, UINT64_MAX);
}

void vcpu_kick(struct vcpu *v)
{
    pid_t thread;
    int saved = errno;

    __atomic_store_n(&v->kicked, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    thread = __atomic_load_n(&v->thread, __ATOMIC_SEQ_CST);
    if (thread)
        syscall(SYS_tgkill, getpid(), thread, KICK);
    errno = saved;
}

bool vcpu_kicked(struct vcpu *v)
{
    /* In this order: a kick that comes in between sets both again, and is seen here or there. */
    __atomic_store_n(&v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&v->kicked, __ATOMIC_SEQ_CST) &&
           __atomic_exchange_n(&v->kicked, 0, __ATOMIC_SEQ_CST);
}

static struct timespec time_of(u64 ns)
{
    return (struct timespec) { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
}

void vcpu_alarm(struct vcpu *v, u64 ns)
{
    struct itimerspec t = { .it_interval = { 0, AGAIN_NS } };

    if (v->alarm_ns == ns || !v->timer_thread)
        return;
    v->alarm_ns = ns;
    t.it_value = time_of(ns != UINT64_MAX ? ns : 0); /* 0: never */
    timer_settime(v->timer, TIMER_ABSTIME, &t, NULL);
}

void vcpu_sleep(struct vcpu *v, u64 ns)
{
    sigset_t kick, before, during;
    struct timespec now, left;
    u64 at;

    sigemptyset(&kick);
    sigaddset(&kick, KICK);
    pthread_sigmask(SIG_BLOCK, &kick, &before);
    clock_gettime(CLOCK_MONOTONIC, &now);
    at = (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
    during = before;
    sigdelset(&during, KICK);
    left = time_of(ns > at ? ns - at : 0);
    if (!__atomic_load_n(&v->kicked, __ATOMIC_SEQ_CST)) /* a later one finds the poll */
        ppoll(NULL, 0, ns == UINT64_MAX ? NULL : &left, &during);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- running ---- */

static const char *internal_error(u32 suberror)
{
    switch (suberror) {
    case KVM_INTERNAL_ERROR_EMULATION:
        return "the host's KVM cannot execute this instruction (it had to emulate it)";
    case KVM_INTERNAL_ERROR_SIMUL_EX: return "an exception came while another was delivered";
    case KVM_INTERNAL_ERROR_DELIVERY_EV: return "an exit came while an event was delivered";
    default: return "the host's KVM cannot go on";
    }
}

static enum exit fault(struct vcpu *v, const char *text)
{
    snprintf(v->text, sizeof v->text, "%s", text);
    return EXIT_FAULT;
}

static enum exit reason(struct vcpu *v)
{
    const struct kvm_run *r = v->run;

    v->unfinished = false;
    switch (r->exit_reason) {
    case KVM_EXIT_IO: v->unfinished = true; return EXIT_PORT;
    case KVM_EXIT_MMIO: v->unfinished = true; return EXIT_MMIO;
    case KVM_EXIT_HLT: return EXIT_HLT;
    case KVM_EXIT_IRQ_WINDOW_OPEN: return EXIT_WINDOW;
    case KVM_EXIT_DEBUG: return EXIT_DEBUG;
    case KVM_EXIT_INTR: return EXIT_SIGNAL;
    case KVM_EXIT_SHUTDOWN:
        return fault(v, "triple fault: an exception could not be delivered, nor that of its "
                        "failing, nor a double fault");
    case KVM_EXIT_INTERNAL_ERROR: return fault(v, internal_error(r->internal.suberror));
    case KVM_EXIT_FAIL_ENTRY:
        snprintf(v->text, sizeof v->text,
                 "the processor refuses the guest's state (hardware reason %#llx)",
                 (unsigned long long)r->fail_entry.hardware_entry_failure_reason);
        return EXIT_FAULT;
    default:
        snprintf(v->text, sizeof v->text, "an exit that is not known here: %u", r->exit_reason);
        return EXIT_FAULT;
    }
}

enum exit vcpu_run(struct vcpu *v)
{
    assert(v->thread);
    v->stale = true;
    if (likely(!ioctl(v->fd, KVM_RUN, 0)))
        return reason(v);
    if (errno == EINTR || errno == EAGAIN) {
        v->unfinished = false;
        return EXIT_SIGNAL;
    }
    if (errno == EFAULT && v->run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
        return fault(v, internal_error(v->run->internal.suberror));
    if (errno == EFAULT)
        snprintf(v->text, sizeof v->text,
                 "KVM_RUN: a page of the guest's memory cannot be had (was the file from which it "
                 "comes cut short?)");
    else
        snprintf(v->text, sizeof v->text, "KVM_RUN: %s", strerror(errno));
    return EXIT_HOST;
}

/* KVM_INTERRUPT would do it in one call, but until the guest is entered no state shows what was
 * given to it: a machine that is saved in between would have lost the interrupt. */
bool vcpu_interrupt(struct vcpu *v, u8 vector)
{
    struct kvm_vcpu_events ev;

    assert(vcpu_interruptible(v));
    v->stale = true;
    if (ioctl(v->fd, KVM_GET_VCPU_EVENTS, &ev))
        return false;
    ev.interrupt.injected = 1;
    ev.interrupt.nr = vector;
    ev.interrupt.soft = 0;
    ev.flags = 0;
    v->run->ready_for_interrupt_injection = 0;
    return !ioctl(v->fd, KVM_SET_VCPU_EVENTS, &ev);
}
