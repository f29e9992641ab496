/* What a debugger does with the board `micro`: memory, instructions, breakpoints. */
#include "kinds/kvm/look.h"
#include "kinds/kvm/micro.h"

#include <sys/ioctl.h>

bool micro_peek(struct cpu *c, enum cpu_space s, u64 addr, void *out, size_t len)
{
    return look_peek(&micro_of(c->machine)->vcpu, s, addr, out, len);
}

bool micro_poke(struct cpu *c, enum cpu_space s, u64 addr, const void *in, size_t len)
{
    return look_poke(&micro_of(c->machine)->vcpu, s, addr, in, len);
}

size_t micro_disassemble(struct cpu *c, u64 addr, char *text, size_t room)
{
    return look_disassemble(&micro_of(c->machine)->vcpu, c->machine->ports.decode, addr, text,
                            room);
}

enum flow micro_flow(struct cpu *c, u64 addr)
{
    return look_flow(&micro_of(c->machine)->vcpu, addr);
}

unsigned micro_calls(struct cpu *c, u64 *out, unsigned room)
{
    return look_calls(&micro_of(c->machine)->vcpu, out, room);
}

/* ---- watches ---- */

void micro_closing(struct machine *m)
{
    micro_of(m)->closed = true;
}

static const struct probe *probe(struct micro *n)
{
    if (!n->probed) {
        n->probe = probe_breakpoints(n->closed);
        n->probed = true;
    }
    return &n->probe;
}

int micro_watch(struct machine *m, struct watch *list, unsigned count, struct err *e)
{
    struct micro *n = micro_of(m);
    struct points *p = &n->points;
    bool by_step = count > POINTS_HARDWARE;

    p->list = NULL;
    p->count = p->used = 0;
    p->by_step = false;
    for (unsigned i = 0; i < count; i++) {
        if (points_check(&list[i], e))
            return -(int)e->code;
        by_step |= !points_fits_register(&list[i]) ||
                   !(list[i].what == WATCH_EXECUTE ? probe(n)->execute : probe(n)->data);
    }
    if (by_step && points_check_by_step(list, count, e))
        return -(int)e->code;
    p->list = list;
    p->count = count;
    p->by_step = by_step;
    for (unsigned i = 0; !by_step && i < count; i++)
        p->watch_of[p->used++] = i;
    points_look(p, &n->vcpu);
    return 0;
}

/* A kernel steps by the processor's trap flag. An interrupt would save it with the others: the
 * handler went on without it, and its return set it again when nobody steps any more, which the
 * guest takes for a trap of its own. So the way into a handler is no step, but ends at a breakpoint
 * there; without breakpoints, at the first exit. */
static void stop_at_handler(struct micro *n, struct kvm_guest_debug *d)
{
    unsigned k = n->points.used;
    u64 addr;

    if (k == POINTS_HARDWARE || !probe(n)->execute ||
        !look_handler(&n->vcpu, n->vcpu.state.pending.interrupt_vector, &addr))
        return;
    d->arch.debugreg[k] = addr;
    d->arch.debugreg[7] |= 2ull << 2 * k;
    d->control |= KVM_GUESTDBG_USE_HW_BP;
}

int micro_arm(struct micro *n, bool step, bool points, struct err *e)
{
    struct kvm_guest_debug d = { 0 };
    bool hardware = points && n->points.used;

    if (!step && !hardware && !n->stepping)
        return 0;
    if (hardware)
        points_set(&n->points, &d, true);
    if (step && n->injecting)
        stop_at_handler(n, &d);
    else if (step)
        d.control |= KVM_GUESTDBG_SINGLESTEP;
    if (d.control)
        d.control |= KVM_GUESTDBG_ENABLE;
    if (ioctl(n->vcpu.fd, KVM_SET_GUEST_DEBUG, &d))
        return err_set(e, ERR_SYS, "KVM_SET_GUEST_DEBUG");
    n->stepping = d.control;
    n->vcpu.stale = true;
    return 0;
}

bool micro_hit_data(struct micro *n)
{
    return points_hit_data(&n->points, &n->vcpu, n->from, n->machine.now);
}

bool micro_hit(struct micro *n)
{
    if (n->points.by_step)
        return false; /* the loop looks before each instruction */
    vcpu_saving(&n->vcpu);
    return points_hit_register(&n->points, &n->vcpu, n->vcpu.run->debug.arch.dr6, n->machine.now);
}

bool micro_hit_here(struct micro *n, bool mark)
{
    if (!n->points.count)
        return false;
    return points_hit_code(&n->points, vcpu_pc(&n->vcpu), n->machine.now, mark);
}
