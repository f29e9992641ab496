/* What CPUID tells the guest of the board `microvm`, as a component: saved with the machine, and
 * given to the vCPUs of a restored one before their state is, if its host can keep the promise. */
#include "kinds/kvm/pc.h"

#include <stdlib.h>
#include <string.h>

static bool same(const struct cpuid *a, const struct cpuid *b)
{
    if (a->count != b->count || a->tsc_khz != b->tsc_khz)
        return false;
    for (unsigned i = 0; i < a->count; i++) {
        const struct cpuid_leaf *x = &a->leaf[i], *y = &b->leaf[i];

        if (x->function != y->function || x->index != y->index || x->indexed != y->indexed ||
            x->eax != y->eax || x->ebx != y->ebx || x->ecx != y->ecx || x->edx != y->edx)
            return false;
    }
    return true;
}

static int cpuid_loaded(void *self, struct err *e)
{
    struct pc *p = container_of((struct cpuid *)self, struct pc, cpuid);

    if (same(&p->cpuid, p->given))
        return 0;
    if (cpuid_fits(&p->cpuid, &p->supported, e))
        return -(int)e->code;
    for (unsigned i = 0; i < p->cpus; i++)
        if (cpuid_give(&p->cpuid, p->vcpus[i].vcpu.fd, i, e) ||
            cpuid_set_tsc_khz(&p->cpuid, &p->vm, p->vcpus[i].vcpu.fd, e))
            return -(int)e->code;
    *p->given = p->cpuid;
    return 0;
}

void pc_cpuid_add(struct pc *p)
{
    p->cpuid_node = (struct component) {
        .name = "cpuid", .self = &p->cpuid, .fields = cpuid_fields(), .loaded = cpuid_loaded
    };
    component_add(&p->machine.root, &p->cpuid_node);
}

static int choose(struct pc *p, struct err *e)
{
    p->given = calloc(1, sizeof *p->given);
    if (!p->given)
        return err_set(e, ERR_NOMEM, "no memory for a machine");
    if (cpuid_supported(&p->vm, &p->supported, e))
        return -(int)e->code;
    p->supported.tsc_khz = cpuid_tsc_khz(&p->vm, p->vcpus[0].vcpu.fd);
    if (cpuid_choose(&p->supported, (enum cpuid_model)p->cpu, p->cpus, &p->cpuid, e))
        return -(int)e->code;
    *p->given = p->cpuid;
    return 0;
}

int pc_cpuid_tell(struct pc_cpu *c, struct err *e)
{
    struct pc *p = c->pc;

    if (!c->vcpu.index && choose(p, e))
        return -(int)e->code;
    return vcpu_identify(&c->vcpu, &p->cpuid, e);
}
