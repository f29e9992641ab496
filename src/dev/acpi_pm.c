#include "dev/acpi_pm.h"

enum { TIMER_HZ = 3579545 };
enum { TMR_STS = 1 << 0, PWRBTN_STS = 1 << 8, STATUS_BITS = TMR_STS | PWRBTN_STS };
enum { SCI_EN = 1 << 0, SLP_TYP = 7 << 10, SLP_EN = 1 << 13 };

FIELD_TABLE(acpi_pm, 1, ACPI_PM)

static void update(struct acpi_pm *p)
{
    line_set(&p->sci, (p->status & p->enable) != 0);
}

static u32 timer(u64 ns)
{
    return (u32)((unsigned __int128)ns * TIMER_HZ / 1000000000);
}

/* TMR_STS is set whenever the highest bit changes (4.8.3.1.1); we see that it has when we look. */
static void look(struct acpi_pm *p, u64 ns)
{
    bool carry = timer(ns) >> 31;

    if (carry != p->carry)
        p->status |= TMR_STS;
    p->carry = carry;
}

void acpi_pm_init(struct acpi_pm *p, struct line sci, void (*sleep)(void *owner, unsigned type),
                  void *owner)
{
    *p = (struct acpi_pm) { .sci = sci, .sleep = sleep, .owner = owner };
    acpi_pm_reset(p);
}

void acpi_pm_reset(struct acpi_pm *p)
{
    *p =
        (struct acpi_pm) { .control = SCI_EN, .sci = p->sci, .sleep = p->sleep, .owner = p->owner };
    update(p);
}

int acpi_pm_loaded(void *self, struct err *e)
{
    struct acpi_pm *p = self;

    if (p->status & ~STATUS_BITS || (p->control & ~SLP_TYP) != SCI_EN)
        return err_set(e, ERR_FORMAT, "acpi_pm: status 0x%x, control 0x%x", p->status, p->control);
    return 0;
}

u32 acpi_pm_read(struct acpi_pm *p, unsigned offset, unsigned width, u64 ns)
{
    u8 block[ACPI_PM_BYTES] = { 0 };
    u32 now = timer(ns), value = 0;

    look(p, ns);
    block[0] = (u8)p->status, block[1] = (u8)(p->status >> 8);
    block[2] = (u8)p->enable, block[3] = (u8)(p->enable >> 8);
    block[4] = (u8)p->control, block[5] = (u8)(p->control >> 8);
    for (unsigned i = 0; i < 4; i++)
        block[ACPI_PM_TIMER + i] = (u8)(now >> 8 * i);
    for (unsigned i = 0; i < width && offset + i < ACPI_PM_BYTES; i++)
        value |= (u32)block[offset + i] << 8 * i;
    return value;
}

static void write_byte(struct acpi_pm *p, unsigned offset, u8 v)
{
    unsigned shift = offset & 1 ? 8 : 0, kept = shift ? 0x00ff : 0xff00;

    switch (offset & ~1u) {
    case 0: p->status &= (u16) ~(v << shift); break; /* a 1 clears */
    case 2: p->enable = (u16)((p->enable & kept) | v << shift); break;
    case 4: p->control = (u16)(((p->control & kept) | v << shift) & SLP_TYP) | SCI_EN; break;
    default: break;
    }
}

void acpi_pm_write(struct acpi_pm *p, unsigned offset, unsigned width, u32 value, u64 ns)
{
    bool sleep = false;

    look(p, ns);
    for (unsigned i = 0; i < width && offset + i < ACPI_PM_BYTES; i++) {
        write_byte(p, offset + i, (u8)(value >> 8 * i));
        sleep |= offset + i == ACPI_PM_CONTROL + 1 && value >> 8 * i & SLP_EN >> 8;
    }
    update(p);
    if (sleep && p->sleep)
        p->sleep(p->owner, (p->control & SLP_TYP) >> 10);
}

void acpi_pm_button(struct acpi_pm *p)
{
    p->status |= PWRBTN_STS;
    update(p);
}
