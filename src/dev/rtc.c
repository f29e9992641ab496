#include "dev/rtc.h"

#include <assert.h>

enum {
    SECONDS = 0,
    SECONDS_ALARM = 1,
    MINUTES = 2,
    MINUTES_ALARM = 3,
    HOURS = 4,
    HOURS_ALARM = 5,
    WEEKDAY = 6,
    DAY = 7,
    MONTH = 8,
    YEAR = 9,
    REG_A = 10,
    REG_B = 11,
    REG_C = 12,
    REG_D = 13,
    CENTURY = 0x32,
};
enum { A_UPDATING = 0x80, A_DIVIDER = 0x70, A_DIVIDER_ON = 0x20, A_RATE = 0x0f };
enum { B_SET = 0x80, B_PERIODIC = 0x40, B_ALARM = 0x20, B_UPDATE = 0x10, B_BINARY = 4, B_24 = 2 };
enum { C_IRQ = 0x80, C_PERIODIC = 0x40, C_ALARM = 0x20, C_UPDATE = 0x10 };
enum { D_VALID = 0x80, ALARM_ANY = 0xc0, PM = 0x80 };
enum { SECOND_NS = 1000000000, UPDATE_NS = 244000 }; /* how long A_UPDATING is seen before */

FIELD_TABLE(rtc, 1, RTC)

/* ---- the calendar ---- */

struct moment {
    s64 year;
    unsigned month, day, weekday, hour, minute, second; /* weekday: 1 is Sunday */
};

static s64 floor_div(s64 a, s64 b)
{
    return a / b - (a % b < 0);
}

/* Days since 1970-01-01; years are counted from March, so that a leap day is the last. */
static s64 days_of(s64 year, unsigned month, unsigned day)
{
    s64 y = year - (month < 3), era = floor_div(y, 400);
    s64 of_era = y - era * 400;
    s64 of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct moment moment_of(s64 seconds)
{
    s64 days = floor_div(seconds, 86400), rest = seconds - days * 86400;
    s64 shifted = days + 719468, era = floor_div(shifted, 146097);
    s64 of_era = shifted - era * 146097;
    s64 year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    s64 of_year = of_era - (365 * year + year / 4 - year / 100), m = (5 * of_year + 2) / 153;
    struct moment t = { .month = (unsigned)(m < 10 ? m + 3 : m - 9),
                        .day = (unsigned)(of_year - (153 * m + 2) / 5 + 1),
                        .weekday = (unsigned)((days % 7 + 11) % 7 + 1),
                        .hour = (unsigned)(rest / 3600),
                        .minute = (unsigned)(rest / 60 % 60),
                        .second = (unsigned)(rest % 60) };

    t.year = year + era * 400 + (t.month < 3);
    return t;
}

/* ---- numbers as registers have them ---- */

static u8 coded(const struct rtc *r, unsigned n)
{
    return (u8)(r->reg[REG_B] & B_BINARY ? n : n / 10 % 10 << 4 | n % 10);
}

static unsigned decoded(const struct rtc *r, u8 v)
{
    return r->reg[REG_B] & B_BINARY ? v : (v >> 4) * 10u + (v & 15);
}

static u8 coded_hour(const struct rtc *r, unsigned hour)
{
    if (r->reg[REG_B] & B_24)
        return coded(r, hour);
    return (u8)(coded(r, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? PM : 0));
}

static unsigned decoded_hour(const struct rtc *r, u8 v)
{
    if (r->reg[REG_B] & B_24)
        return decoded(r, v);
    return decoded(r, v & (u8)~PM) % 12 + (v & PM ? 12 : 0);
}

/* ---- time ---- */

static s64 wall_ns(struct rtc *r)
{
    return r->clock ? r->clock->ops->wall_ns(r->clock) : 0;
}

static s64 now_s(struct rtc *r)
{
    return floor_div(wall_ns(r), SECOND_NS) + r->offset_s;
}

/* Time stands while the guest sets it, and while the divider is held. */
static bool stands(const struct rtc *r)
{
    return (r->reg[REG_B] & B_SET) || (r->reg[REG_A] & A_DIVIDER) > A_DIVIDER_ON;
}

/* The time of this second into the registers. */
static void latch(struct rtc *r)
{
    struct moment t = moment_of(now_s(r));

    r->reg[SECONDS] = coded(r, t.second);
    r->reg[MINUTES] = coded(r, t.minute);
    r->reg[HOURS] = coded_hour(r, t.hour);
    r->reg[WEEKDAY] = coded(r, t.weekday);
    r->reg[DAY] = coded(r, t.day);
    r->reg[MONTH] = coded(r, t.month);
    r->reg[YEAR] = coded(r, (unsigned)(t.year % 100));
    r->reg[CENTURY] = coded(r, (unsigned)(t.year / 100 % 100));
}

/* From now on it is what the registers say. Numbers that are no date are still some second. */
static void take_time(struct rtc *r)
{
    s64 year = decoded(r, r->reg[CENTURY]) * 100 + decoded(r, r->reg[YEAR]);
    unsigned month = (decoded(r, r->reg[MONTH]) + 11) % 12 + 1;
    s64 s = days_of(year, month, decoded(r, r->reg[DAY])) * 86400 +
            decoded_hour(r, r->reg[HOURS]) * 3600 + decoded(r, r->reg[MINUTES]) * 60 +
            decoded(r, r->reg[SECONDS]);

    r->offset_s = 0;
    r->offset_s = s - now_s(r);
    r->seen_s = s;
}

/* ---- interrupts ---- */

static void drive(struct rtc *r)
{
    /* The three causes have the same bits in B and C. */
    bool irq = r->reg[REG_B] & r->reg[REG_C] & (C_PERIODIC | C_ALARM | C_UPDATE);

    r->reg[REG_C] = (u8)((r->reg[REG_C] & ~C_IRQ) | (irq ? C_IRQ : 0));
    line_set(&r->irq, irq);
}

static bool alarm_matches(const struct rtc *r, u8 alarm, unsigned now, bool hour)
{
    return (alarm & ALARM_ANY) == ALARM_ANY ||
           (hour ? decoded_hour(r, alarm) : decoded(r, alarm)) == now;
}

static bool alarm_at(const struct rtc *r, s64 s)
{
    struct moment t = moment_of(s);

    return alarm_matches(r, r->reg[SECONDS_ALARM], t.second, false) &&
           alarm_matches(r, r->reg[MINUTES_ALARM], t.minute, false) &&
           alarm_matches(r, r->reg[HOURS_ALARM], t.hour, true);
}

/* What has happened since register C was told of last. An alarm is looked for in the last day; a
 * longer sleep passes it for certain, or never. */
static void catch_up(struct rtc *r)
{
    s64 now = now_s(r), from = r->seen_s;

    if (stands(r) || now == from)
        return;
    r->reg[REG_C] |= C_UPDATE;
    if (now < from || now - from > 86400)
        from = now - (now < from ? 1 : 86400);
    for (s64 s = from + 1; s <= now && !(r->reg[REG_C] & C_ALARM); s++)
        if (alarm_at(r, s))
            r->reg[REG_C] |= C_ALARM;
    r->seen_s = now;
}

static u64 period_ns(const struct rtc *r)
{
    unsigned rate = r->reg[REG_A] & A_RATE;

    if (!rate || stands(r))
        return 0;
    if (rate < 3) /* 1 and 2 are as 8 and 9 at this divider */
        rate += 7;
    return ((u64)SECOND_NS << (rate - 1)) / 32768;
}

static void schedule(struct rtc *r)
{
    struct event_queue *q = &r->machine->events;
    u64 now = r->machine->now, period = r->reg[REG_B] & B_PERIODIC ? period_ns(r) : 0;
    bool seconds = (r->reg[REG_B] & (B_ALARM | B_UPDATE)) && !stands(r);

    if (!period)
        event_cancel(q, &r->periodic);
    else if (r->periodic.when == EVENT_NEVER)
        event_at(q, &r->periodic, now + machine_ticks(r->machine, period));
    if (!seconds)
        event_cancel(q, &r->second);
    else if (r->second.when == EVENT_NEVER) {
        s64 ns = wall_ns(r);
        u64 left = (u64)(SECOND_NS - (ns - floor_div(ns, SECOND_NS) * SECOND_NS));

        event_at(q, &r->second, now + machine_ticks(r->machine, left) + 1);
    }
}

static void fire_periodic(void *owner, u64 when)
{
    struct rtc *r = owner;

    (void)when;
    r->reg[REG_C] |= C_PERIODIC;
    drive(r);
    schedule(r);
}

static void fire_second(void *owner, u64 when)
{
    struct rtc *r = owner;

    (void)when;
    catch_up(r);
    drive(r);
    schedule(r);
}

/* ---- registers ---- */

static u8 read_a(struct rtc *r)
{
    s64 ns = wall_ns(r);
    bool soon = ns - floor_div(ns, SECOND_NS) * SECOND_NS >= SECOND_NS - UPDATE_NS;

    return (u8)(r->reg[REG_A] | (soon && !stands(r) ? A_UPDATING : 0));
}

static u8 read_c(struct rtc *r)
{
    u8 value;

    catch_up(r);
    drive(r);
    value = r->reg[REG_C];
    r->reg[REG_C] = 0;
    drive(r);
    return value;
}

static bool is_time(unsigned i)
{
    return i == SECONDS || i == MINUTES || i == HOURS || (i >= WEEKDAY && i <= YEAR) ||
           i == CENTURY;
}

u8 rtc_read(struct rtc *r, unsigned port)
{
    unsigned i = r->index;

    if (port != 1)
        return 0xff;
    if (i == REG_A)
        return read_a(r);
    if (i == REG_C)
        return read_c(r);
    if (i == REG_D)
        return D_VALID;
    if (is_time(i) && !stands(r))
        latch(r);
    return r->reg[i];
}

static void write_b(struct rtc *r, u8 value)
{
    bool stood = stands(r);

    if (!stood && (value & B_SET))
        latch(r);
    if (value & B_SET)
        value &= (u8)~B_UPDATE; /* as the chip does */
    if (stood && !(value & B_SET)) {
        r->reg[REG_B] = value; /* in which numbers are read as it says now */
        if (!stands(r))
            take_time(r);
    }
    catch_up(r);
    r->reg[REG_B] = value;
}

static void write_a(struct rtc *r, u8 value)
{
    bool stood = stands(r);

    if (!stood)
        latch(r);
    r->reg[REG_A] = value & (u8)~A_UPDATING;
    if (stood && !stands(r))
        take_time(r);
    event_cancel(&r->machine->events, &r->periodic);
}

void rtc_write(struct rtc *r, unsigned port, u8 value)
{
    unsigned i = r->index;

    if (port == 0) {
        r->index = value & (RTC_REGISTERS - 1);
        return;
    }
    if (port != 1 || i == REG_C || i == REG_D)
        return;
    if (i == REG_A) {
        write_a(r, value);
    } else if (i == REG_B) {
        write_b(r, value);
    } else {
        if (is_time(i) && !stands(r))
            latch(r);
        r->reg[i] = value;
        if (is_time(i) && !stands(r))
            take_time(r);
    }
    drive(r);
    schedule(r);
}

/* ---- life ---- */

void rtc_init(struct rtc *r, const char *name, struct machine *m, struct clock_port *clock,
              struct line irq)
{
    *r = (struct rtc) {
        .machine = m,
        .clock = clock,
        .irq = irq,
        .component = { .name = name, .self = r, .fields = rtc_fields() },
    };
    r->reg[REG_A] = A_DIVIDER_ON | 6;
    r->reg[REG_B] = B_24;
    r->seen_s = now_s(r);
    event_init(&m->events, &r->periodic, "rtc.periodic", fire_periodic, r);
    event_init(&m->events, &r->second, "rtc.second", fire_second, r);
}
