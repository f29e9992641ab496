#include "kinds/kvm/chips.h"

#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

FIELD_TABLE(chips_pic, 1, CHIPS_PIC)
FIELD_TABLE(chips_ioapic, 1, CHIPS_IOAPIC)
FIELD_TABLE(chips_channel, 1, CHIPS_CHANNEL)
FIELD_TABLE(chips, 1, CHIPS)

static const char *const chip_names[] = { "the 8259", "the second 8259", "the IOAPIC" };

int chips_create(struct chips *c, struct vm *vm, struct err *e)
{
    /* Without the dummy the speaker's port, by which Linux calibrates, would be ours to model. */
    struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };

    *c = (struct chips) { .vm = vm };
    if (ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0))
        return err_set(e, ERR_SYS, "KVM_CREATE_IRQCHIP");
    if (ioctl(vm->fd, KVM_CREATE_PIT2, &pit))
        return err_set(e, ERR_SYS, "KVM_CREATE_PIT2");
    return 0;
}

void chips_line(void *owner, unsigned wire, int level)
{
    struct chips *c = owner;
    struct kvm_irq_level l = { .irq = wire, .level = (u32)level };

    if (c->heard)
        c->heard(c, false, wire, (u64)level);
    ioctl(c->vm->fd, KVM_IRQ_LINE, &l);
}

void chips_msi(void *owner, u32 source, u64 address, u32 data)
{
    struct chips *c = owner;
    struct kvm_msi m = { .address_lo = (u32)address,
                         .address_hi = (u32)(address >> 32),
                         .data = data };

    (void)source;
    if (c->heard)
        c->heard(c, true, address, data);
    ioctl(c->vm->fd, KVM_SIGNAL_MSI, &m);
}

/* ---- the clock ---- */

int chips_clock(const struct chips *c, u64 *ns, struct err *e)
{
    struct kvm_clock_data d;

    if (ioctl(c->vm->fd, KVM_GET_CLOCK, &d))
        return err_set(e, ERR_SYS, "KVM_GET_CLOCK");
    *ns = d.clock;
    return 0;
}

int chips_set_clock(const struct chips *c, u64 ns, struct err *e)
{
    struct kvm_clock_data d = { .clock = ns };

    return ioctl(c->vm->fd, KVM_SET_CLOCK, &d) ? err_set(e, ERR_SYS, "KVM_SET_CLOCK") : 0;
}

/* ---- saving ---- */

static int get_chip(const struct chips *c, unsigned id, struct kvm_irqchip *k, struct err *e)
{
    memset(k, 0, sizeof *k);
    k->chip_id = id;
    return ioctl(c->vm->fd, KVM_GET_IRQCHIP, k)
               ? err_set(e, ERR_SYS, "KVM_GET_IRQCHIP of %s", chip_names[id])
               : 0;
}

static void take_pic(struct chips_pic *p, const struct kvm_pic_state *k)
{
    *p = (struct chips_pic) { .last_irr = k->last_irr,
                              .irr = k->irr,
                              .imr = k->imr,
                              .isr = k->isr,
                              .priority_add = k->priority_add,
                              .irq_base = k->irq_base,
                              .read_isr = k->read_reg_select,
                              .poll = k->poll,
                              .special_mask = k->special_mask,
                              .init_state = k->init_state,
                              .auto_eoi = k->auto_eoi,
                              .rotate_on_auto_eoi = k->rotate_on_auto_eoi,
                              .special_fully_nested = k->special_fully_nested_mode,
                              .init4 = k->init4,
                              .elcr = k->elcr,
                              .elcr_mask = k->elcr_mask };
}

static void take_channel(struct chips_channel *t, const struct kvm_pit_channel_state *k)
{
    *t = (struct chips_channel) { .count = k->count,
                                  .latched_count = k->latched_count,
                                  .count_latched = k->count_latched,
                                  .status_latched = k->status_latched,
                                  .status = k->status,
                                  .read_state = k->read_state,
                                  .write_state = k->write_state,
                                  .write_latch = k->write_latch,
                                  .rw_mode = k->rw_mode,
                                  .mode = k->mode,
                                  .bcd = k->bcd,
                                  .gate = k->gate };
}

int chips_pull(struct chips *c, struct err *e)
{
    struct kvm_irqchip k;
    struct kvm_pit_state2 pit;

    for (unsigned i = 0; i < 2; i++) {
        if (get_chip(c, i, &k, e))
            return -(int)e->code;
        take_pic(&c->pic[i], &k.chip.pic);
    }
    if (get_chip(c, KVM_IRQCHIP_IOAPIC, &k, e))
        return -(int)e->code;
    c->ioapic.select = k.chip.ioapic.ioregsel;
    c->ioapic.id = k.chip.ioapic.id;
    c->ioapic.irr = k.chip.ioapic.irr;
    for (unsigned i = 0; i < ARRAY_SIZE(c->ioapic.redirection); i++)
        c->ioapic.redirection[i] = k.chip.ioapic.redirtbl[i].bits;
    if (ioctl(c->vm->fd, KVM_GET_PIT2, &pit))
        return err_set(e, ERR_SYS, "KVM_GET_PIT2");
    for (unsigned i = 0; i < ARRAY_SIZE(c->pit); i++)
        take_channel(&c->pit[i], &pit.channels[i]);
    c->pit_flags = pit.flags;
    return chips_clock(c, &c->clock_ns, e);
}

/* ---- restoring ---- */

static int set_chip(const struct chips *c, const struct kvm_irqchip *k, struct err *e)
{
    return ioctl(c->vm->fd, KVM_SET_IRQCHIP, k)
               ? err_set(e, ERR_SYS, "KVM_SET_IRQCHIP of %s", chip_names[k->chip_id])
               : 0;
}

static struct kvm_pic_state give_pic(const struct chips_pic *p)
{
    return (struct kvm_pic_state) { .last_irr = p->last_irr,
                                    .irr = p->irr,
                                    .imr = p->imr,
                                    .isr = p->isr,
                                    .priority_add = p->priority_add,
                                    .irq_base = p->irq_base,
                                    .read_reg_select = p->read_isr,
                                    .poll = p->poll,
                                    .special_mask = p->special_mask,
                                    .init_state = p->init_state,
                                    .auto_eoi = p->auto_eoi,
                                    .rotate_on_auto_eoi = p->rotate_on_auto_eoi,
                                    .special_fully_nested_mode = p->special_fully_nested,
                                    .init4 = p->init4,
                                    .elcr = p->elcr,
                                    .elcr_mask = p->elcr_mask };
}

static struct kvm_pit_channel_state give_channel(const struct chips_channel *t)
{
    return (struct kvm_pit_channel_state) { .count = t->count,
                                            .latched_count = t->latched_count,
                                            .count_latched = t->count_latched,
                                            .status_latched = t->status_latched,
                                            .status = t->status,
                                            .read_state = t->read_state,
                                            .write_state = t->write_state,
                                            .write_latch = t->write_latch,
                                            .rw_mode = t->rw_mode,
                                            .mode = t->mode,
                                            .bcd = t->bcd,
                                            .gate = t->gate }; /* loaded at this moment */
}

int chips_push(const struct chips *c, struct err *e)
{
    struct kvm_irqchip k = { .chip_id = KVM_IRQCHIP_IOAPIC };
    struct kvm_pit_state2 pit = { .flags = c->pit_flags };

    k.chip.ioapic.base_address = 0xfec00000;
    k.chip.ioapic.ioregsel = c->ioapic.select;
    k.chip.ioapic.id = c->ioapic.id;
    k.chip.ioapic.irr = c->ioapic.irr;
    for (unsigned i = 0; i < ARRAY_SIZE(c->ioapic.redirection); i++)
        k.chip.ioapic.redirtbl[i].bits = c->ioapic.redirection[i];
    if (set_chip(c, &k, e))
        return -(int)e->code;
    for (unsigned i = 0; i < 2; i++) {
        k = (struct kvm_irqchip) { .chip_id = i };
        k.chip.pic = give_pic(&c->pic[i]);
        if (set_chip(c, &k, e))
            return -(int)e->code;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(c->pit); i++)
        pit.channels[i] = give_channel(&c->pit[i]);
    if (ioctl(c->vm->fd, KVM_SET_PIT2, &pit))
        return err_set(e, ERR_SYS, "KVM_SET_PIT2");
    return chips_set_clock(c, c->clock_ns, e);
}
