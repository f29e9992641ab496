/* The threads of the board `microvm`, and its run(). pc.h has the picture. */
#include "kinds/kvm/pc.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Machine time ends here, before arithmetic on it could. */
#define TIME_END (UINT64_MAX / 4)

static u64 host_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

u64 pc_time(struct pc *p)
{
    u64 now = p->began + (host_ns() - p->began_host);

    return p->machine.now = now > p->machine.now ? now : p->machine.now;
}

void pc_ring(struct pc *p)
{
    int saved = errno;
    ssize_t n = write(p->bell, &(u64) { 1 }, 8); /* full: it has been rung */

    (void)n;
    errno = saved;
}

void pc_kick(struct machine *m)
{
    struct pc *p = pc_of(m);

    __atomic_store_n(&p->kicked, 1, __ATOMIC_SEQ_CST);
    pc_ring(p);
}

/* ---- a vCPU's thread ---- */

static bool going(const struct pc *p)
{
    return __atomic_load_n(&p->go, __ATOMIC_SEQ_CST);
}

/* What made it come out; the lock is held. */
static void handle(struct pc_cpu *c, enum exit x)
{
    struct pc *p = c->pc;
    struct pc_counters *n = &p->stats.cpu[c->vcpu.index];
    u64 deadline = p->machine.events.deadline;

    p->actor = c->vcpu.index;
    if (unlikely(p->machine.trace != NULL))
        pc_trace_exit(c, x);

    switch (x) {
    case EXIT_PORT:
        n->port++;
        pc_time(p);
        pc_bus_port(p, c->vcpu.run);
        break;
    case EXIT_MMIO:
        n->mmio++;
        pc_time(p);
        pc_bus_mmio(p, c->vcpu.run);
        break;
    case EXIT_SIGNAL: n->signal++; break;
    case EXIT_DEBUG:
        n->debug++;
        pc_debug_exit(c);
        break;
    case EXIT_FAULT:
    case EXIT_HOST:
        n->fault++;
        if (x == EXIT_FAULT && c->vcpu.run->exit_reason == KVM_EXIT_SHUTDOWN &&
            p->shutdown == PC_SHUTDOWN_RESETS) {
            p->reset_wanted = true;
            break;
        }
        p->fault = x;
        p->fault_cpu = c->vcpu.index;
        snprintf(p->text, sizeof p->text, "%s", c->vcpu.text);
        break;
    default: break; /* to be run again */
    }
    if (unlikely(p->debug.waiting))
        pc_debug_set_traps(c);
    if (p->end || p->reset_wanted || p->fault || p->machine.events.deadline < deadline)
        pc_ring(p);
}

static void locked_handle(struct pc_cpu *c, enum exit x)
{
    pthread_mutex_lock(&c->pc->lock);
    handle(c, x);
    pthread_mutex_unlock(&c->pc->lock);
}

/* What has come out half-way (its port was read, the register is not written) ends when the vCPU is
 * entered again: without it the state would be neither before nor after. */
static void finish_instruction(struct pc_cpu *c)
{
    while (c->vcpu.unfinished) {
        enum exit x;

        __atomic_store_n(&c->vcpu.run->immediate_exit, 1, __ATOMIC_SEQ_CST);
        x = vcpu_run(&c->vcpu);
        if (x != EXIT_SIGNAL)
            locked_handle(c, x);
    }
}

static void go_round(struct pc_cpu *c)
{
    for (;;) {
        enum exit x;

        vcpu_kicked(&c->vcpu); /* is taken; what it was for is in `go` */
        if (!going(c->pc))
            break;
        x = unlikely(c->pc->debug.active) ? pc_debug_run(c) : vcpu_run(&c->vcpu);
        locked_handle(c, x);
        if (x == EXIT_FAULT || x == EXIT_HOST)
            return;
        if (unlikely(c->pc->debug.active) && c->vcpu.unfinished) {
            finish_instruction(c);
            pc_debug_finished(c);
        }
        if (c->held)
            break;
    }
    finish_instruction(c);
}

static void *cpu_thread(void *arg)
{
    struct pc_cpu *c = arg;
    struct pc *p = c->pc;
    struct err e;

    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (c->parked && !p->quit)
            pthread_cond_wait(&p->started, &p->lock);
        if (p->quit)
            break;
        pthread_mutex_unlock(&p->lock);
        if (!vcpu_enter(&c->vcpu, &e)) {
            go_round(c);
            vcpu_leave(&c->vcpu);
        } else {
            snprintf(c->vcpu.text, sizeof c->vcpu.text, "%.159s", e.text);
            locked_handle(c, EXIT_HOST);
        }
        pthread_mutex_lock(&p->lock);
        c->parked = true;
        pc_ring(p);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

int pc_start_threads(struct pc *p, const struct thread_hook *hook, struct err *e)
{
    if (p->started_threads)
        return 0;
    p->started_threads = true;
    for (unsigned i = 0; i < p->cpus; i++) {
        struct pc_cpu *c = &p->vcpus[i];

        c->parked = true; /* by us: the thread may look only after it was let go */
        if (thread_start(&c->thread, hook, THREAD_CPU, cpu_thread, c, e))
            return err_wrap(e, "vCPU %u", i);
        c->started = true;
    }
    return 0;
}

void pc_stop_threads(struct pc *p)
{
    pthread_mutex_lock(&p->lock);
    p->quit = true;
    pthread_cond_broadcast(&p->started);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->cpus; i++)
        if (p->vcpus[i].started)
            pthread_join(p->vcpus[i].thread, NULL);
}

/* ---- the machine's thread; the lock is held ---- */

enum { LOOK_NS = 20000000 }; /* how often the console is looked at that cannot call */

/* Sleeps until the bell, or a moment of the machine's, whose time it was just now; `input`: or
 * until something is typed. */
static void sleep_until(struct pc *p, u64 when, bool input)
{
    u64 now = p->machine.now, ns = when > now ? when - now : 0, count;
    struct timespec t = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
    struct pollfd f[1 + CHAR_DESCRIPTORS + BELLS + PC_AWAITED] = { { .fd = p->bell,
                                                                     .events = POLLIN } };
    struct char_port *console = p->machine.ports.console;
    int typed[CHAR_DESCRIPTORS];
    struct pc_awaited awaited;
    unsigned n = 0, bells, all;

    if (input && console->ops->descriptors(console, typed, &n))
        for (unsigned i = 0; i < n; i++)
            f[1 + i] = (struct pollfd) { .fd = typed[i], .events = POLLIN };
    bells = bells_poll(&p->bells, f + 1 + n);
    all = 1 + n + bells;
    all += pc_virtio_awaits(p, f + all, &awaited);
    pthread_mutex_unlock(&p->lock);
    if (ppoll(f, all, when >= TIME_END ? NULL : &t, NULL) > 0 && f[0].revents) {
        ssize_t rung = read(p->bell, &count, sizeof count);

        (void)rung;
    }
    pthread_mutex_lock(&p->lock);
    for (unsigned i = 0; i < n; i++)
        if (f[1 + i].revents)
            __atomic_store_n(&p->typed, 1, __ATOMIC_SEQ_CST);
    bells_heard(&p->bells, f + 1 + n, bells);
    pc_virtio_came(p, f + 1 + n + bells, &awaited);
}

static bool all_parked(const struct pc *p)
{
    for (unsigned i = 0; i < p->cpus; i++)
        if (!p->vcpus[i].parked)
            return false;
    return true;
}

static void let_go(struct pc *p)
{
    __atomic_store_n(&p->go, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < p->cpus; i++) {
        p->vcpus[i].held = false;
        p->vcpus[i].parked = p->debug.mode != PC_ALL && i != p->debug.cpu;
    }
    pthread_cond_broadcast(&p->started);
}

static void gather(struct pc *p)
{
    __atomic_store_n(&p->go, 0, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < p->cpus; i++)
        vcpu_kick(&p->vcpus[i].vcpu);
    pthread_cond_broadcast(&p->debug.turn);
    while (!all_parked(p))
        sleep_until(p, TIME_END, false);
}

/* What ports have to say, and events that are due. */
static void look(struct pc *p)
{
    if (__atomic_exchange_n(&p->woken, 0, __ATOMIC_SEQ_CST))
        pc_virtio_poll(p);
    if (__atomic_exchange_n(&p->typed, 0, __ATOMIC_SEQ_CST))
        pc_console_poll(p);
    event_run(&p->machine.events, p->machine.now);
}

enum { STEP_NS = 100000000 };

static enum stop wait(struct pc *p, u64 until, struct stop_info *s)
{
    for (;;) {
        u64 now = pc_time(p); /* once: a host may have no quick clock */

        if (p->virtio.stopped[0])
            return s->why = STOP_HOST;
        if (p->fault)
            return s->why = p->fault == EXIT_HOST ? STOP_HOST : STOP_FAULT;
        if (p->end)
            return s->why = STOP_HALT;
        if (p->reset_wanted)
            return s->why = STOP_IDLE; /* run() sees to it */
        if (pc_debug_told(&p->debug))
            return s->why = STOP_BREAK; /* or a step's end: run() sees to it */
        /* What is to be a single instruction is not left undone by a kick, unless it never ends. */
        if ((p->debug.mode == PC_ALL || now - p->began > STEP_NS) &&
            __atomic_exchange_n(&p->kicked, 0, __ATOMIC_SEQ_CST))
            return s->why = STOP_KICK;
        if (now >= until && p->debug.mode == PC_ALL)
            return s->why = STOP_TIME;
        look(p);
        {
            bool input = pc_console_listens(p);
            u64 look_ns = pc_debug_look(p);
            u64 to = until;

            if (!input)
                __atomic_store_n(&p->typed, 1, __ATOMIC_SEQ_CST);
            if (!input && look_ns > LOOK_NS)
                look_ns = LOOK_NS;
            if (look_ns != UINT64_MAX && p->machine.now + look_ns < to)
                to = p->machine.now + look_ns;
            to = p->machine.events.deadline < to ? p->machine.events.deadline : to;
            sleep_until(p, to, input);
        }
    }
}

/* ---- time ---- */

enum { GAP_NS = 1000000, STOPPED_NS = 1000000000 };

/* While the machine stands still so do its clocks; a gap that is hardly one is left alone. */
static int begin_time(struct pc *p, struct err *e)
{
    u64 host = host_ns();

    p->began = p->machine.now;
    p->began_host = host;
    if (p->ended_host && host - p->ended_host < GAP_NS) {
        p->began_host = p->ended_host;
        return 0;
    }
    for (unsigned i = 0; i < p->cpus; i++) {
        if (pc_cpu_set_tsc(&p->vcpus[i], e))
            return -(int)e->code;
        if (!p->ended_host || host - p->ended_host >= STOPPED_NS)
            pc_cpu_stood(&p->vcpus[i]);
    }
    return chips_set_clock(&p->chips, p->machine.now, e);
}

static void end_time(struct pc *p)
{
    pc_time(p);
    p->ended_host = host_ns();
    pc_stats_add_up(p);
    for (unsigned i = 0; i < p->cpus; i++)
        pc_cpu_get_tsc(&p->vcpus[i]);
}

static enum stop end_of(struct pc *p, struct stop_info *s)
{
    bool failed = s->why == STOP_FAULT || s->why == STOP_HOST;

    if (s->why == STOP_HOST && p->virtio.stopped[0]) { /* no vCPU's doing */
        snprintf(s->text, sizeof s->text, "%s", p->virtio.stopped);
        return s->why;
    }

    s->status = p->status;
    s->cpu = failed ? p->fault_cpu : p->debug.cpu;
    if (failed || s->why == STOP_BREAK) {
        struct vcpu *v = &p->vcpus[s->cpu].vcpu;

        vcpu_saving(v);
        s->address = v->state.pc;
    }
    if (failed)
        snprintf(s->text, sizeof s->text, "vCPU %u: %.140s", p->fault_cpu,
                 p->text[0] ? p->text : "the guest had failed when this was saved");
    return s->why;
}

static enum stop run_locked(struct pc *p, u64 until, struct stop_info *s)
{
    struct err e;

    if (!pc_debug_begin(p, until)) {
        s->why = STOP_BREAK;
        return end_of(p, s);
    }
    vm_follow_trackers(&p->vm);
    p->fault = 0;
    if (pc_start_threads(p, NULL, &e) || begin_time(p, &e))
        goto failed;
    pc_virtio_begin(p);
    __atomic_store_n(&p->typed, 1, __ATOMIC_SEQ_CST);
    do {
        pc_debug_ready(p);
        let_go(p);
        wait(p, until, s);
        gather(p);
        bells_drain(&p->bells);
        pc_debug_parked(p);
        s->why = pc_debug_why(p, s->why);
        if (p->reset_wanted && !p->end && !p->fault) {
            p->reset_wanted = false;
            if (!p->reboot) {
                p->end = PC_OFF;
                s->why = STOP_HALT;
            } else if (pc_power_on(p, &e)) {
                goto failed;
            } else {
                s->why = STOP_IDLE;
            }
        }
    } while (s->why == STOP_IDLE);
    end_time(p);
    if (p->fault && s->why != STOP_HOST)
        pc_failed(p);
    if (s->why == STOP_TIME && p->machine.now < until)
        p->machine.now = until; /* a step that took no time */
    return end_of(p, s);
failed:
    snprintf(s->text, sizeof s->text, "%.159s", e.text);
    return s->why = STOP_HOST;
}

enum stop pc_run(struct machine *m, u64 until, struct stop_info *info)
{
    struct pc *p = pc_of(m);
    struct stop_info s = { .why = STOP_TIME };

    pthread_mutex_lock(&p->lock);
    if (p->end) {
        s = (struct stop_info) { .why = p->end == PC_FAULT ? STOP_FAULT : STOP_HALT };
        end_of(p, &s);
    } else {
        run_locked(p, until < TIME_END ? until : TIME_END, &s);
    }
    pthread_mutex_unlock(&p->lock);
    if (info)
        *info = s;
    return s.why;
}
