/* A token bucket: so much a second, and at most `burst_ns` of it at once after a rest. */
#ifndef HOST_RATE_H
#define HOST_RATE_H

#include "base/types.h"

struct rate {
    u64 per_s;    /* 0: no limit */
    u64 burst_ns; /* what may be saved up */
    u64 next_ns;  /* when the bucket is as full as it was empty: the time up to which it is spent */
};

/* Takes `amount`, and returns how long to wait before it may be used. */
static inline u64 rate_take(struct rate *r, u64 now_ns, u64 amount)
{
    u64 wait;

    if (!r->per_s)
        return 0;
    if (r->next_ns + r->burst_ns < now_ns)
        r->next_ns = now_ns - r->burst_ns;
    wait = r->next_ns > now_ns ? r->next_ns - now_ns : 0;
    r->next_ns += (u64)((unsigned __int128)amount * 1000000000u / r->per_s);
    return wait;
}

#endif
