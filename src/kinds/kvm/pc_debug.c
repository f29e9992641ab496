#include "kinds/kvm/pc_debug.h"

#include "kinds/kvm/look.h"
#include "kinds/kvm/pc.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

enum { LOOK_NS = 20000000, TRAP_NS = 1000000 };
enum { INT3 = 0xcc, HLT = 0xf4, VECTOR_BP = 3, DR6_STEP = 1 << 14 };

static struct vcpu *vcpu_of(const struct cpu *c)
{
    return &pc_of(c->machine)->vcpus[c->index].vcpu;
}

bool pc_peek(struct cpu *c, enum cpu_space s, u64 addr, void *out, size_t len)
{
    return look_peek(vcpu_of(c), s, addr, out, len);
}

bool pc_poke(struct cpu *c, enum cpu_space s, u64 addr, const void *in, size_t len)
{
    return look_poke(vcpu_of(c), s, addr, in, len);
}

size_t pc_disassemble(struct cpu *c, u64 addr, char *text, size_t room)
{
    return look_disassemble(vcpu_of(c), c->machine->ports.decode, addr, text, room);
}

enum flow pc_flow(struct cpu *c, u64 addr)
{
    return look_flow(vcpu_of(c), addr);
}

unsigned pc_calls(struct cpu *c, u64 *out, unsigned room)
{
    return look_calls(vcpu_of(c), out, room);
}

/* ---- what is waited for ---- */

static bool takes_register(struct pc_debug *d, unsigned i, bool there)
{
    if (!there || d->points.used == POINTS_HARDWARE || !points_fits_register(&d->points.list[i]))
        return false;
    d->points.watch_of[d->points.used++] = i;
    return true;
}

static bool takes_trap(struct pc *p, unsigned i)
{
    struct pc_debug *d = &p->debug;
    const struct watch *w = &d->points.list[i];
    unsigned cpu = w->cpu < p->cpus ? w->cpu : 0;
    u64 physical;

    if (!d->probe.trap || w->what != WATCH_EXECUTE || w->first != w->last ||
        d->trap_count == PC_TRAPS)
        return false;
    /* Where nothing is mapped yet, a register sees it sooner. */
    if (!look_translate(&p->vcpus[cpu].vcpu, w->first, &physical) &&
        takes_register(d, i, d->probe.execute))
        return true;
    d->traps[d->trap_count++] = (struct pc_trap) { .address = w->first, .cpu = cpu };
    return true;
}

/* Data first: nothing but the registers can see it at full speed. */
static bool distribute(struct pc *p)
{
    struct pc_debug *d = &p->debug;
    bool all = true;

    for (unsigned i = 0; i < d->points.count; i++)
        if (d->points.list[i].what != WATCH_EXECUTE)
            all &= takes_register(d, i, d->probe.data);
    for (unsigned i = 0; i < d->points.count; i++)
        if (d->points.list[i].what == WATCH_EXECUTE)
            all &= takes_trap(p, i) || takes_register(d, i, d->probe.execute);
    return all;
}

void pc_closing(struct machine *m)
{
    pc_of(m)->debug.closed = true;
}

int pc_watch(struct machine *m, struct watch *list, unsigned count, struct err *e)
{
    struct pc *p = pc_of(m);
    struct pc_debug *d = &p->debug;
    struct points *t = &d->points;

    t->list = NULL;
    t->count = t->used = d->trap_count = 0;
    t->by_step = false;
    if (count && !d->probed) {
        d->probe = probe_breakpoints(d->closed);
        d->probed = true;
    }
    for (unsigned i = 0; i < count; i++)
        if (points_check(&list[i], e))
            return -(int)e->code;
    t->list = list;
    t->count = count;
    if (!distribute(p)) {
        t->used = d->trap_count = 0;
        t->by_step = true;
        if (points_check_by_step(list, count, e)) {
            t->list = NULL;
            t->count = 0;
            return -(int)e->code;
        }
    }
    points_look(t, &p->vcpus[d->cpu].vcpu);
    return 0;
}

/* ---- traps: the lock is held ---- */

static void set_trap(struct pc *p, struct pc_trap *t, const struct vcpu *v)
{
    struct space *s;
    size_t len = 1;
    const u8 *at;

    if (!look_translate(v, t->address, &t->physical))
        return;
    at = look_ram(&p->vm, t->physical, &len, &s);
    if (!at)
        return;
    t->was = *at;
    t->set = space_write(s, (u64)(at - s->bytes), &(u8) { INT3 }, 1);
}

/* What the guest has put there meanwhile stays. In the order opposite to setting: two may be at one
 * place. */
static void clear_traps(struct pc *p)
{
    struct pc_debug *d = &p->debug;

    for (unsigned i = d->trap_count; i--;) {
        struct pc_trap *t = &d->traps[i];
        struct space *s;
        size_t len = 1;
        const u8 *at = t->set ? look_ram(&p->vm, t->physical, &len, &s) : NULL;

        if (at && *at == INT3)
            space_write(s, (u64)(at - s->bytes), &t->was, 1);
        t->set = false;
    }
    d->waiting = 0;
}

void pc_debug_set_traps(struct pc_cpu *c)
{
    struct pc_debug *d = &c->pc->debug;

    for (unsigned i = 0; d->waiting && i < d->trap_count; i++) {
        if (d->traps[i].set)
            continue;
        set_trap(c->pc, &d->traps[i], &c->vcpu);
        d->waiting -= d->traps[i].set;
    }
}

static bool is_trap(const struct pc_cpu *c, u64 address)
{
    const struct pc_debug *d = &c->pc->debug;
    u64 physical;

    if (!look_translate(&c->vcpu, address, &physical))
        return false;
    for (unsigned i = 0; i < d->trap_count; i++)
        if (d->traps[i].set && d->traps[i].physical == physical)
            return true;
    return false;
}

/* ---- a run, for the machine's thread ---- */

static bool by_instructions(const struct pc *p)
{
    return p->debug.points.by_step || trace_on(p->machine.trace, TRACE_STEP);
}

static bool at_code(struct pc *p, bool mark)
{
    struct pc_debug *d = &p->debug;
    struct vcpu *v = &p->vcpus[d->cpu].vcpu;

    if (!d->points.count)
        return false;
    vcpu_saving(v);
    return points_hit_code(&d->points, v->state.pc, p->machine.now, mark);
}

bool pc_debug_begin(struct pc *p, u64 until)
{
    const struct machine *m = &p->machine;
    struct pc_debug *d = &p->debug;
    bool step = m->debugged && until <= m->now + 1, passed = m->passed == m->now;

    d->hit = d->done = d->pass = false;
    if (step && !passed && at_code(p, true))
        return false;
    d->mode = step ? PC_STEP : passed && at_code(p, false) ? PC_PASS : PC_ALL;
    return true;
}

/* Whether it does not wait: for an interrupt, or to be started. */
static bool executes(const struct pc_cpu *c)
{
    struct kvm_mp_state mp;

    return !ioctl(c->vcpu.fd, KVM_GET_MP_STATE, &mp) && mp.mp_state == KVM_MP_STATE_RUNNABLE;
}

void pc_debug_ready(struct pc *p)
{
    struct pc_debug *d = &p->debug;

    d->hit = d->done = d->pass = false;
    d->next_turn = d->turn_of = 0;
    d->waiting = 0;
    d->active = d->points.count || d->mode != PC_ALL || trace_on(p->machine.trace, TRACE_STEP);
    for (unsigned i = 0; i < p->cpus; i++)
        d->active |= p->vcpus[i].told.control != 0;
    for (unsigned i = 0; d->active && i < p->cpus; i++)
        p->vcpus[i].waits = !executes(&p->vcpus[i]);
    for (unsigned i = 0; d->mode == PC_ALL && i < d->trap_count; i++) {
        set_trap(p, &d->traps[i], &p->vcpus[d->traps[i].cpu].vcpu);
        d->waiting += !d->traps[i].set;
    }
}

void pc_debug_parked(struct pc *p)
{
    clear_traps(p);
    for (unsigned i = 0; p->machine.debugged && i < p->cpus; i++)
        vcpu_saving(&p->vcpus[i].vcpu); /* somebody will look at it */
}

u64 pc_debug_look(struct pc *p)
{
    const struct pc_debug *d = &p->debug;

    if (!d->waiting && (d->mode != PC_ALL || !by_instructions(p)))
        return UINT64_MAX;
    for (unsigned i = 0; i < p->cpus; i++)
        vcpu_kick(&p->vcpus[i].vcpu);
    return d->waiting ? TRAP_NS : LOOK_NS;
}

enum stop pc_debug_why(struct pc *p, enum stop why)
{
    struct pc_debug *d = &p->debug;

    if (d->hit)
        return STOP_BREAK;
    if (why != STOP_BREAK)
        return why;
    if (d->mode == PC_STEP && d->done)
        return __atomic_exchange_n(&p->kicked, 0, __ATOMIC_SEQ_CST) ? STOP_KICK : STOP_TIME;
    d->mode = d->pass ? PC_PASS : PC_ALL;
    return STOP_IDLE;
}

enum stop pc_step(struct machine *m, struct cpu *c, struct stop_info *info)
{
    bool debugged = m->debugged;
    enum stop why;

    pc_of(m)->debug.cpu = c->index;
    m->debugged = true;
    why = pc_run(m, m->now + 1, info);
    m->debugged = debugged;
    return why;
}

/* ---- a vCPU's thread ---- */

/* Tells the kernel where to come out, if that is not what it knows. For steps each time: registers
 * that were set, or the guest's own way back from an interrupt, may have lost the flag by which a
 * processor stops. */
static int arm(struct pc_cpu *c)
{
    const struct pc *p = c->pc;
    const struct pc_debug *d = &p->debug;
    bool alone = d->mode != PC_ALL, steps = alone || by_instructions(p);
    struct kvm_guest_debug g = { .control = steps ? KVM_GUESTDBG_SINGLESTEP : 0 };
    int r;

    if (alone && p->vm.debug_mask && !c->waits)
        g.control |= KVM_GUESTDBG_BLOCKIRQ;
    if (d->points.used)
        points_set(&d->points, &g, !alone);
    if (d->trap_count && !alone)
        g.control |= KVM_GUESTDBG_USE_SW_BP;
    if (g.control)
        g.control |= KVM_GUESTDBG_ENABLE;
    if (!memcmp(&g, &c->told, sizeof g) && !c->inject && !steps)
        return 0;
    c->told = g;
    if (c->inject)
        g.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_INJECT_BP;
    c->inject = false;
    r = ioctl(c->vcpu.fd, KVM_SET_GUEST_DEBUG, &g);
    if (r)
        snprintf(c->vcpu.text, sizeof c->vcpu.text, "KVM_SET_GUEST_DEBUG: %s", strerror(errno));
    c->vcpu.stale = true;
    return r;
}

static void hold(struct pc_cpu *c)
{
    c->held = true;
    pc_ring(c->pc);
}

static void hit(struct pc_cpu *c)
{
    c->pc->debug.hit = true;
    c->pc->debug.cpu = c->vcpu.index;
    hold(c);
}

/* With the lock. False: it is over for all. */
static bool take_turn(struct pc *p)
{
    struct pc_debug *d = &p->debug;
    u64 own = d->next_turn++;

    while (d->turn_of != own && __atomic_load_n(&p->go, __ATOMIC_SEQ_CST))
        pthread_cond_wait(&d->turn, &p->lock);
    return d->turn_of == own;
}

static void give_turn(struct pc *p)
{
    p->debug.turn_of++;
    pthread_cond_broadcast(&p->debug.turn);
}

/* One instruction, in its turn. A vCPU that waits for an interrupt does it out of turn: it would
 * hold up the others. */
static enum exit go_by_instruction(struct pc_cpu *c)
{
    struct pc *p = c->pc;
    struct trace *t = p->machine.trace;
    enum exit x = EXIT_SIGNAL;
    u8 op = 0;
    u64 pc;

    pthread_mutex_lock(&p->lock);
    if (!take_turn(p)) {
        pthread_mutex_unlock(&p->lock);
        return x;
    }
    pc = vcpu_pc(&c->vcpu);
    if (!c->vcpu.unfinished && points_hit_code(&p->debug.points, pc, p->machine.now, true)) {
        hit(c);
    } else {
        look_peek(&c->vcpu, CPU_VIRTUAL, pc, &op, 1);
        if (!c->vcpu.unfinished && !c->traced && trace_on(t, TRACE_STEP))
            trace_put(t, pc_time(p), TRACE_STEP, (u16)c->vcpu.index, pc, op);
        pthread_mutex_unlock(&p->lock);
        x = vcpu_run(&c->vcpu);
        pthread_mutex_lock(&p->lock);
        c->traced = x == EXIT_SIGNAL && vcpu_pc(&c->vcpu) == pc;
        c->waits = op == HLT && x == EXIT_DEBUG;
        if (x ==
            EXIT_SIGNAL) /* it may have run on: its way back from an interrupt loses the flag */
            c->waits = !executes(c);
        if (points_hit_data(&p->debug.points, &c->vcpu, pc, p->machine.now))
            hit(c);
    }
    give_turn(p);
    pthread_mutex_unlock(&p->lock);
    return x;
}

enum exit pc_debug_run(struct pc_cpu *c)
{
    enum exit x;

    if (arm(c))
        return EXIT_HOST;
    if (c->pc->debug.points.by_step && !c->vcpu.unfinished)
        c->from = vcpu_pc(&c->vcpu);
    if (c->pc->debug.mode == PC_ALL && by_instructions(c->pc) && !c->waits)
        return go_by_instruction(c);
    x = vcpu_run(&c->vcpu);
    if (x == EXIT_DEBUG)
        c->waits = false;
    return x;
}

/* At an INT3: one of ours, under its own address or another one's, or the guest's. */
static void at_int3(struct pc_cpu *c, u64 pc)
{
    struct pc_debug *d = &c->pc->debug;

    if (d->hit) {
        hold(c); /* it will get there again */
    } else if (points_hit_code(&d->points, pc, c->pc->machine.now, true)) {
        hit(c);
    } else if (is_trap(c, pc)) {
        if (!d->pass)
            d->cpu = c->vcpu.index;
        d->pass = true;
        hold(c);
    } else {
        c->inject = true;
    }
}

/* With the lock: the vCPU's one instruction is done. */
static void stepped(struct pc_cpu *c)
{
    struct pc_debug *d = &c->pc->debug;

    if (d->points.by_step && points_hit_data(&d->points, &c->vcpu, c->from, c->pc->machine.now))
        hit(c);
    d->done = true;
    hold(c);
}

static bool is_alone(const struct pc_cpu *c)
{
    return c->pc->debug.mode != PC_ALL && c->pc->debug.cpu == c->vcpu.index;
}

void pc_debug_finished(struct pc_cpu *c)
{
    pthread_mutex_lock(&c->pc->lock);
    if (is_alone(c) && !c->held)
        stepped(c);
    pthread_mutex_unlock(&c->pc->lock);
}

void pc_debug_exit(struct pc_cpu *c)
{
    const struct kvm_debug_exit_arch *a = &c->vcpu.run->debug.arch;
    struct pc_debug *d = &c->pc->debug;

    if (a->exception == VECTOR_BP) {
        at_int3(c, a->pc);
        return;
    }
    vcpu_saving(&c->vcpu);
    if (d->points.used && points_hit_register(&d->points, &c->vcpu, a->dr6, c->pc->machine.now))
        hit(c);
    if (is_alone(c) && a->dr6 & DR6_STEP)
        stepped(c);
}
