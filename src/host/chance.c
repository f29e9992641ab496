#include "host/chance.h"

#include <sys/random.h>
#include <time.h>

static size_t entropy_fill(struct entropy_port *p, void *bytes, size_t len)
{
    ssize_t n = getrandom(bytes, len, GRND_NONBLOCK);

    (void)p;
    return n > 0 ? (size_t)n : 0;
}

static s64 clock_wall_ns(struct clock_port *p)
{
    struct timespec t;

    (void)p;
    clock_gettime(CLOCK_REALTIME, &t);
    return (s64)t.tv_sec * 1000000000 + t.tv_nsec;
}

static const struct entropy_ops entropy_ops = { entropy_fill };
static const struct clock_ops clock_ops = { clock_wall_ns };

struct entropy_port *host_entropy(void)
{
    static struct entropy_port port = { &entropy_ops };

    return &port;
}

struct clock_port *host_clock(void)
{
    static struct clock_port port = { &clock_ops };

    return &port;
}
