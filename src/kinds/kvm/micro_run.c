/* The loop of the board `micro`: into the guest, see to what made it come out, and back.
 *
 *   runs --HLT--> halted --interrupt--> runs
 *   halted --none can come--> ended        runs --port 0xf4, a fault--> ended */
#include "kinds/kvm/look.h"
#include "kinds/kvm/micro.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum {
    LINE_TIMER,
    LINE_KEYBOARD,
    LOOK_NS = 10000000,  /* how often the keyboard is looked at that could interrupt */
    STEP_NS = 100000000, /* so long a single instruction is not left undone by a kick */
};
/* Machine time ends here, before arithmetic on it could. */
#define TIME_END (UINT64_MAX / 4)

static u64 host_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

u64 micro_time(struct micro *n)
{
    u64 now = n->began + (host_ns() - n->began_host);

    return n->machine.now = now > n->machine.now ? now : n->machine.now;
}

/* The host's clock at a moment of the machine's. */
static u64 host_at(const struct micro *n, u64 when)
{
    if (when >= TIME_END)
        return UINT64_MAX;
    return when > n->began ? n->began_host + (when - n->began) : n->began_host;
}

/* When a device will want to be looked at. A polled guest looks itself. */
static u64 device_due(struct micro *n)
{
    u64 due = UINT64_MAX;

    if (i8259_hears(&n->pic, LINE_TIMER))
        due = interval_timer_due(&n->timer);
    if (i8259_hears(&n->pic, LINE_KEYBOARD) && keyboard_lives(&n->keyboard) &&
        n->machine.now + LOOK_NS < due)
        due = n->machine.now + LOOK_NS;
    return due;
}

void micro_schedule(struct micro *n)
{
    u64 due = device_due(n);

    vcpu_alarm(&n->vcpu, host_at(n, due < n->until ? due : n->until));
}

static void look_at_devices(struct micro *n)
{
    interval_timer_look(&n->timer, micro_time(n));
    if (i8259_hears(&n->pic, LINE_KEYBOARD))
        keyboard_look(&n->keyboard, false);
    micro_schedule(n);
}

/* ---- interrupts ---- */

static void deliver(struct micro *n)
{
    struct vcpu *v = &n->vcpu;
    bool pending = i8259_pending(&n->pic) >= 0;
    struct trace *t = n->machine.trace;
    u8 vector;

    if (n->budget != UINT64_MAX && !n->halted)
        pending = false; /* what is to be one instruction becomes no handler of an interrupt */
    if (pending && vcpu_interruptible(v)) {
        vector = i8259_acknowledge(&n->pic);
        if (!vcpu_interrupt(v, vector)) {
            micro_fault(n, "interrupt %u could not be injected", vector);
            return;
        }
        n->counters.injected++;
        n->halted = false;
        n->injecting = true;
        if (trace_on(t, TRACE_INTERRUPT)) {
            vcpu_saving(v);
            trace_put(t, micro_time(n), TRACE_INTERRUPT, 0, vector, v->state.pc);
        }
        pending = i8259_pending(&n->pic) >= 0;
    }
    vcpu_want_window(v, pending);
}

/* Whether an interrupt can still come to a processor that waits for one. */
static bool can_wake(struct micro *n)
{
    return vcpu_interrupts_on(&n->vcpu) &&
           (i8259_pending(&n->pic) >= 0 || device_due(n) != UINT64_MAX);
}

/* Sleeps as the processor does, until something may have happened. */
static void wait(struct micro *n)
{
    u64 due = interval_timer_due(&n->timer);

    look_at_devices(n);
    if (i8259_pending(&n->pic) >= 0)
        return;
    if (i8259_hears(&n->pic, LINE_KEYBOARD) && keyboard_lives(&n->keyboard)) {
        /* The alarm ends this wait too: its signal comes again until it is heard. */
        due = i8259_hears(&n->pic, LINE_TIMER) && due < n->until ? due : n->until;
        vcpu_alarm(&n->vcpu, host_at(n, due));
        keyboard_look(&n->keyboard, true);
    } else {
        due = device_due(n);
        vcpu_sleep(&n->vcpu, host_at(n, due < n->until ? due : n->until));
    }
    look_at_devices(n);
}

/* ---- the end ---- */

void micro_fault(struct micro *n, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(n->text, sizeof n->text, fmt, ap);
    va_end(ap);
    n->end = MICRO_FAULT;
    n->status = MICRO_FAULT_STATUS;
    look_dump(&n->vcpu, &n->machine.ports);
}

static enum stop describe_end(struct micro *n, struct stop_info *s)
{
    s->status = n->status;
    vcpu_saving(&n->vcpu);
    s->address = n->vcpu.state.pc;
    s->why = n->end == MICRO_FAULT ? STOP_FAULT : STOP_HALT;
    if (n->end == MICRO_FAULT)
        snprintf(s->text, sizeof s->text, "%s",
                 n->text[0] ? n->text : "the guest had failed when this was saved");
    return s->why;
}

/* ---- exits ---- */

static void tell_exit(struct micro *n, enum exit x)
{
    struct trace *t = n->machine.trace;

    if (trace_on(t, MICRO_EXIT_EVENT))
        trace_put(t, micro_time(n), MICRO_EXIT_EVENT, 0, x, n->vcpu.run->exit_reason);
}

/* KVM takes an instruction that it cannot fetch for one that it cannot execute. */
static void fail_at(struct micro *n)
{
    u64 pc;
    u8 op;

    vcpu_saving(&n->vcpu);
    pc = n->vcpu.state.pc;
    if (n->vcpu.run->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
        !micro_peek(&n->cpu_handle, CPU_VIRTUAL, pc, &op, 1))
        micro_fault(n, "it executes at %#llx, where no memory is", (unsigned long long)pc);
    else
        micro_fault(n, "%s", n->vcpu.text);
}

/* False: the kernel has failed. */
static bool handle(struct micro *n, enum exit x)
{
    struct micro_counters *c = &n->counters;

    if (unlikely(n->machine.trace != NULL))
        tell_exit(n, x);
    switch (x) {
    case EXIT_PORT:
        c->port++;
        micro_port(n);
        return true;
    case EXIT_MMIO:
        c->mmio++;
        micro_mmio(n);
        return true;
    case EXIT_HLT:
        c->halt++;
        n->halted = true;
        return true;
    case EXIT_WINDOW: c->window++; return true;
    case EXIT_DEBUG: c->debug++; return true;
    case EXIT_SIGNAL:
        c->signal++;
        look_at_devices(n);
        return true;
    case EXIT_FAULT:
        c->fault++;
        fail_at(n);
        return true;
    default: return false;
    }
}

/* An instruction that has come out half-way (its port was read, the register is not written) ends
 * when the vCPU is entered again: without it the state would be neither before nor after. Steps end
 * here too: a KVM that plays the instruction itself does not stop behind one that wrote. */
static bool finish_instruction(struct micro *n)
{
    while (n->vcpu.unfinished && !n->end) {
        enum exit x;

        __atomic_store_n(&n->vcpu.run->immediate_exit, 1, __ATOMIC_SEQ_CST);
        x = vcpu_run(&n->vcpu);
        if (x != EXIT_SIGNAL && !handle(n, x))
            return false;
    }
    __atomic_store_n(&n->vcpu.run->immediate_exit, 0, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&n->vcpu.kicked, __ATOMIC_SEQ_CST))
        __atomic_store_n(&n->vcpu.run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    return true;
}

/* ---- running ---- */

static void trace_step(struct micro *n)
{
    struct trace *t = n->machine.trace;
    u8 op = 0;

    if (n->traced || !trace_on(t, TRACE_STEP))
        return;
    vcpu_saving(&n->vcpu);
    micro_peek(&n->cpu_handle, CPU_VIRTUAL, n->vcpu.state.pc, &op, 1);
    trace_put(t, micro_time(n), TRACE_STEP, 0, n->vcpu.state.pc, op);
}

/* HLT comes out by itself. A KVM that plays instructions would do it as a step, forget that the
 * processor waits, and remember it somewhere else. */
static bool is_hlt(struct micro *n, u64 pc)
{
    u8 op;

    return micro_peek(&n->cpu_handle, CPU_VIRTUAL, pc, &op, 1) && op == 0xf4;
}

/* Whether the loop must see each instruction. */
static bool observed(const struct micro *n)
{
    return n->budget != UINT64_MAX || n->points.by_step || trace_on(n->machine.trace, TRACE_STEP);
}

static enum stop host_failed(struct micro *n, struct stop_info *s)
{
    snprintf(s->text, sizeof s->text, "%s", n->vcpu.text);
    return s->why = STOP_HOST;
}

static enum exit enter(struct micro *n)
{
    enum exit x = vcpu_run(&n->vcpu);

    if (n->injecting && x == EXIT_SIGNAL) { /* it may not have got in */
        vcpu_saving(&n->vcpu);
        n->injecting = n->vcpu.state.pending.interrupt;
    } else {
        n->injecting = false;
    }
    return x;
}

/* One instruction, or up to the next exit. STOP_TIME: go on. */
static enum stop go(struct micro *n, struct stop_info *s)
{
    struct err e;
    enum exit x;
    bool step = observed(n), done;

    if (step && !n->injecting && !n->vcpu.unfinished) {
        trace_step(n);
        n->from = vcpu_pc(&n->vcpu);
    }
    if (micro_arm(n, step && (n->injecting || !is_hlt(n, n->from)), true, &e)) {
        snprintf(n->vcpu.text, sizeof n->vcpu.text, "%.159s", e.text);
        return host_failed(n, s);
    }
    x = enter(n);
    n->traced = x == EXIT_SIGNAL && step && vcpu_pc(&n->vcpu) == n->from;
    done = x == EXIT_DEBUG || x == EXIT_HLT || n->vcpu.unfinished;
    if (!handle(n, x) || (step && !finish_instruction(n)))
        return host_failed(n, s);
    if ((x == EXIT_DEBUG && micro_hit(n)) || (n->points.by_step && micro_hit_data(n)))
        return s->why = STOP_BREAK;
    if (done && step && n->budget != UINT64_MAX)
        n->budget--;
    return STOP_TIME;
}

/* A kick that comes to a single instruction waits for the next run, as long as the vCPU executes
 * and the instruction can be thought to end. */
static bool leave_kick(struct micro *n, bool single)
{
    if (!single || n->halted || micro_time(n) - n->began >= STEP_NS)
        return false;
    __atomic_store_n(&n->vcpu.run->immediate_exit, 0, __ATOMIC_SEQ_CST);
    return true;
}

static enum stop loop(struct micro *n, struct stop_info *s)
{
    for (;;) {
        if (n->end)
            return describe_end(n, s);
        if (!n->budget)
            return s->why = STOP_TIME;
        if (!leave_kick(n, n->budget != UINT64_MAX) && vcpu_kicked(&n->vcpu))
            return s->why = STOP_KICK;
        if (n->budget == UINT64_MAX && n->machine.now >= n->until)
            return s->why = STOP_TIME;
        if (n->pic.request)
            deliver(n);
        if (n->halted) {
            if (can_wake(n)) {
                wait(n);
                continue;
            }
            n->end = MICRO_HALT;
            continue;
        }
        if (n->points.by_step && !n->vcpu.unfinished && micro_hit_here(n, true))
            return s->why = STOP_BREAK;
        if (go(n, s) != STOP_TIME)
            return s->why;
    }
}

/* The instruction on which an execute watch stands that was told of is done without the watches.
 * `undone`: it could not be, for kicks. */
static bool pass(struct micro *n, bool *undone)
{
    struct err e;
    enum exit x;
    u64 pc;

    if (n->halted || n->end || !micro_hit_here(n, false))
        return true;
    trace_step(n);
    pc = vcpu_pc(&n->vcpu);
    if (micro_arm(n, !is_hlt(n, pc), false, &e))
        return false;
    do {
        x = enter(n);
        if (!handle(n, x) || !finish_instruction(n))
            return false;
    } while ((x == EXIT_SIGNAL || x == EXIT_WINDOW) && !n->end && leave_kick(n, true));
    *undone = x == EXIT_SIGNAL && !n->end && vcpu_pc(&n->vcpu) == pc;
    if (!*undone && n->budget != UINT64_MAX)
        n->budget--;
    return true;
}

static void begin(struct micro *n, u64 until)
{
    vm_follow_trackers(&n->vm);
    n->began = n->machine.now;
    n->began_host = host_ns();
    /* To the next moment: an instruction, however long it takes. So debuggers count. */
    n->budget = until <= n->machine.now + 1 ? until > n->machine.now : UINT64_MAX;
    n->until = n->budget == UINT64_MAX && until < TIME_END ? until : TIME_END;
}

static enum stop run_entered(struct micro *n, u64 until, struct stop_info *s)
{
    struct machine *m = &n->machine;
    bool passed = m->passed == m->now, undone = false;

    begin(n, until);
    if (n->budget && !n->end && vcpu_kicked(&n->vcpu))
        return s->why = STOP_KICK; /* at its very beginning, which `passed` and steps go by */
    if (n->budget)
        look_at_devices(n);
    if (n->budget && passed && !pass(n, &undone))
        host_failed(n, s);
    else if (undone && vcpu_kicked(&n->vcpu))
        s->why = STOP_KICK;
    else
        loop(n, s);
    undone |= s->why == STOP_KICK && n->budget == 1 && !n->halted && vcpu_pc(&n->vcpu) == n->from;
    if (!finish_instruction(n))
        host_failed(n, s);
    if (n->end && s->why != STOP_HOST)
        describe_end(n, s);
    if (undone && s->why == STOP_KICK)
        m->now = n->began; /* nothing has happened, however long it took */
    else if (n->budget)
        micro_time(n);
    if (s->why == STOP_TIME && m->now < until)
        m->now = until; /* a step that took no time */
    return s->why;
}

enum stop micro_run(struct machine *m, u64 until, struct stop_info *info)
{
    struct micro *n = micro_of(m);
    struct stop_info s = { .why = STOP_TIME };
    struct err e;

    if (m->now >= TIME_END) {
        s = (struct stop_info) { .why = STOP_FAULT, .status = MICRO_FAULT_STATUS };
        snprintf(s.text, sizeof s.text, "no time is left: the clock is at its end");
    } else if (vcpu_enter(&n->vcpu, &e)) {
        s.why = STOP_HOST;
        snprintf(s.text, sizeof s.text, "%.159s", e.text);
    } else {
        run_entered(n, until, &s);
        vcpu_leave(&n->vcpu);
        if (m->debugged || s.why == STOP_BREAK || n->budget != UINT64_MAX)
            vcpu_saving(&n->vcpu); /* somebody will look at it */
        if (s.why == STOP_BREAK)
            s.address = n->vcpu.state.pc;
    }
    if (info)
        *info = s;
    return s.why;
}

enum stop micro_step(struct machine *m, struct cpu *c, struct stop_info *info)
{
    (void)c;
    return micro_run(m, m->now + 1, info);
}

void micro_kick(struct machine *m)
{
    vcpu_kick(&micro_of(m)->vcpu);
}
