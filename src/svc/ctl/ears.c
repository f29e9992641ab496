/* Descriptors that the machine's thread reads itself: the control thread waits for them, and says
 * once that there is something.
 *
 *   free --monitor_hear()--> waits --it can be read--> told --monitor_hear()--> waits
 *   waits, told --monitor_unhear()--> free */
#include "svc/ctl/monitor_parts.h"

void ears_init(struct monitor *m)
{
    for (unsigned i = 0; i < EARS_MAX; i++) {
        m->ears[i].monitor = m;
        m->ears[i].fd = -1;
    }
}

/* ---- in the control thread ---- */

static void stop_waiting(struct ear *ear)
{
    loop_unwatch(ear->watch);
    ear->watch = NULL;
    __atomic_store_n(&ear->waits, 0, __ATOMIC_SEQ_CST);
}

static void ready(void *ctx)
{
    struct ear *ear = ctx;
    struct monitor *m = ear->monitor;

    stop_waiting(ear); /* an end would be told again and again */
    monitor_wake(m);
    m->o.wake(m->o.ctx);
}

static void wait_for(void *ctx)
{
    struct ear *ear = ctx;

    ear->watch = loop_watch(ear->monitor->loop, ear->fd, ready, ear);
    if (ear->watch)
        loop_watch_for(ear->watch, true, false);
    else
        ready(ear); /* it will find out what is wrong with it */
}

static void forget(void *ctx)
{
    stop_waiting(ctx);
}

/* ---- in the machine's ---- */

static struct ear *find(struct monitor *m, int fd)
{
    for (unsigned i = 0; i < EARS_MAX; i++)
        if (m->ears[i].fd == fd)
            return &m->ears[i];
    return NULL;
}

bool monitor_hear(struct monitor *m, int fd)
{
    struct ear *ear = find(m, fd);

    if (!ear)
        ear = find(m, -1);
    if (!ear)
        return false;
    ear->fd = fd;
    if (!__atomic_exchange_n(&ear->waits, 1, __ATOMIC_SEQ_CST)) {
        ear->job = (struct loop_job) { .call = wait_for, .ctx = ear };
        loop_post(m->loop, &ear->job);
    }
    return true;
}

void monitor_unhear(struct monitor *m, int fd)
{
    struct ear *ear = find(m, fd);

    if (!ear)
        return;
    loop_call(m->loop, forget, ear);
    ear->fd = -1;
}
