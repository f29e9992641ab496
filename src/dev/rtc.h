/* The PC's clock with 114 bytes of memory, a Motorola MC146818, by register number. Time is the
 * host's, by a clock port, and an offset that the guest has set; so it is right again after a
 * pause or a restore. Interrupts are events of the machine. */
#ifndef DEV_RTC_H
#define DEV_RTC_H

#include "mach/line.h"
#include "mach/machine.h"

enum { RTC_REGISTERS = 128 };

#define RTC(F, A, E, G, H)                                                                     \
    F(STATE, u8, index, "the register that the data port is", 0, 127)                          \
    A(STATE, u8, reg, RTC_REGISTERS, "alarm, A to C, and memory; time while it is being set")  \
    F(STATE, s64, offset_s, "the guest's time less the host's", -0x10000000000, 0x10000000000) \
    F(STATE, s64, seen_s, "the last second that register C told of", -0x20000000000, 0x20000000000)

struct rtc {
    FIELD_MEMBERS(RTC)
    struct machine *machine;  /* borrowed: its time and events */
    struct clock_port *clock; /* borrowed; NULL: it is always 1970 */
    struct line irq;
    struct event periodic, second;
    struct component component;
};

const struct fields *rtc_fields(void);

/* `name` is the component's. Memory is zero: the board puts into it what its firmware wants. One a
 * machine: its events are "rtc.periodic" and "rtc.second". */
void rtc_init(struct rtc *r, const char *name, struct machine *m, struct clock_port *clock,
              struct line irq);

/* The two ports: 0 chooses a register, 1 is that register. */
u8 rtc_read(struct rtc *r, unsigned port);
void rtc_write(struct rtc *r, unsigned port, u8 value);

#endif
