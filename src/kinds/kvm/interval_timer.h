/* The course's interval timer: while it is on, an event each N milliseconds of the machine's time.
 *
 *   off --enable, N not 0--> counting --N ms--> fired (line high) --guest clears--> counting
 *   fired --N ms--> fired: that event is lost
 *
 * Nothing happens while nobody looks: what time has brought is worked out then. Times are
 * nanoseconds of the machine. A model: it knows neither its bus nor any clock. */
#ifndef KVM_INTERVAL_TIMER_H
#define KVM_INTERVAL_TIMER_H

#include "mach/field.h"
#include "mach/line.h"

enum timer_control { TIMER_ENABLE = 1, TIMER_FIRED = 2 };

/* clang-format off */
#define INTERVAL_TIMER(F, A, E, G, H)                                   \
    F(STATE, u32, period_ms, "from one event to the next; 0: none")     \
    F(STATE, bool, enabled, "it counts")                                \
    F(STATE, bool, fired, "an event has come, and was not cleared")     \
    F(STATE, u64, next_ns, "when the next event comes")
/* clang-format on */
struct interval_timer {
    FIELD_MEMBERS(INTERVAL_TIMER)
    struct line irq;
};

const struct fields *interval_timer_fields(void);

void interval_timer_set_period(struct interval_timer *t, u32 period_ms, u64 now_ns);
void interval_timer_write(struct interval_timer *t, u8 control, u64 now_ns);
u8 interval_timer_read(struct interval_timer *t, u64 now_ns);

/* To be called when the time has come that this gives: when the line will rise. UINT64_MAX: not
 * before the guest does something. */
void interval_timer_look(struct interval_timer *t, u64 now_ns);
u64 interval_timer_due(const struct interval_timer *t);

#endif
