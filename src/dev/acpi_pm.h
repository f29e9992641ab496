/* ACPI's fixed hardware (ACPI 6.4, 4.8.3): power management timer, sleep control, power button,
 * and the interrupt by which it calls (SCI). The model knows no bus: a register is its offset in
 * the block. It is always in ACPI mode: SCI_EN is set and stays so. */
#ifndef DEV_ACPI_PM_H
#define DEV_ACPI_PM_H

#include "mach/component.h"
#include "mach/line.h"

enum {                      /* offsets */
       ACPI_PM_EVENT = 0,   /* PM1a_EVT: status, then enable, 16 bits each */
       ACPI_PM_CONTROL = 4, /* PM1a_CNT, 16 bits */
       ACPI_PM_TIMER = 8,   /* PM_TMR, 32 bits, 3.579545 MHz */
       ACPI_PM_BYTES = 12,
};
enum { ACPI_PM_OFF = 5 }; /* SLP_TYP in \_S5 */

/* clang-format off */
#define ACPI_PM(F, A, E, G, H)                                                            \
    F(STATE, u16, status, "PM1_STS: 0 timer's carry, 8 power button")                     \
    F(STATE, u16, enable, "PM1_EN: what of these interrupts")                             \
    F(STATE, u16, control, "PM1_CNT: 12..10 SLP_TYP")                                     \
    F(STATE, bool, carry, "bit 31 of the timer when it was last looked at")
/* clang-format on */

struct acpi_pm {
    FIELD_MEMBERS(ACPI_PM)
    struct line sci;
    void (*sleep)(void *owner, unsigned type); /* the guest asks for sleep of a SLP_TYP */
    void *owner;
};

const struct fields *acpi_pm_fields(void);

void acpi_pm_init(struct acpi_pm *p, struct line sci, void (*sleep)(void *owner, unsigned type),
                  void *owner);
void acpi_pm_reset(struct acpi_pm *p);
int acpi_pm_loaded(void *self, struct err *e); /* a struct component's loaded() */

/* `width` 1, 2 or 4 bytes from an offset below ACPI_PM_BYTES; `ns` is the guest's time. What is
 * not there reads as 0. */
u32 acpi_pm_read(struct acpi_pm *p, unsigned offset, unsigned width, u64 ns);
void acpi_pm_write(struct acpi_pm *p, unsigned offset, unsigned width, u32 value, u64 ns);
void acpi_pm_button(struct acpi_pm *p); /* is pressed, and let go */

#endif
