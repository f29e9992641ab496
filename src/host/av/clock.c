#include "host/av/clock.h"

#include "mach/port.h"

#include <time.h>

enum { SECOND_NS = 1000000000, LATE_NS = 100000000 };

u64 clock_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * SECOND_NS + (u64)t.tv_nsec;
}

void frame_clock_wait(struct frame_clock *c)
{
    u64 now = clock_now_ns();
    struct timespec until;

    if (!c->due_ns || now > c->due_ns + LATE_NS)
        c->due_ns = now;
    c->due_ns += c->samples ? c->samples * SECOND_NS / AUDIO_HZ : SECOND_NS / 60;
    c->samples = 0;
    until.tv_sec = (time_t)(c->due_ns / SECOND_NS);
    until.tv_nsec = (long)(c->due_ns % SECOND_NS);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL); /* a signal may cut it short */
}
