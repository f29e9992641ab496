#include "kinds/kvm/interval_timer.h"

FIELD_TABLE(interval_timer, 1, INTERVAL_TIMER)

static u64 period_ns(const struct interval_timer *t)
{
    return (u64)t->period_ms * 1000000;
}

static void start(struct interval_timer *t, u64 now_ns)
{
    t->next_ns = now_ns + period_ns(t);
}

void interval_timer_look(struct interval_timer *t, u64 now_ns)
{
    if (!t->enabled || !t->period_ms || now_ns < t->next_ns)
        return;
    t->next_ns += period_ns(t) * ((now_ns - t->next_ns) / period_ns(t) + 1);
    if (!t->fired)
        line_set(&t->irq, 1);
    t->fired = true;
}

u64 interval_timer_due(const struct interval_timer *t)
{
    return t->enabled && t->period_ms && !t->fired ? t->next_ns : UINT64_MAX;
}

void interval_timer_set_period(struct interval_timer *t, u32 period_ms, u64 now_ns)
{
    interval_timer_look(t, now_ns);
    t->period_ms = period_ms;
    start(t, now_ns);
}

void interval_timer_write(struct interval_timer *t, u8 control, u64 now_ns)
{
    bool was = t->enabled;

    interval_timer_look(t, now_ns); /* what came before this is lost, or is cleared by it */
    t->enabled = control & TIMER_ENABLE;
    if (!(control & TIMER_FIRED) && t->fired) {
        t->fired = false;
        line_set(&t->irq, 0);
    }
    if (t->enabled && !was)
        start(t, now_ns);
}

u8 interval_timer_read(struct interval_timer *t, u64 now_ns)
{
    interval_timer_look(t, now_ns);
    return (u8)((t->enabled ? TIMER_ENABLE : 0) | (t->fired ? TIMER_FIRED : 0));
}
