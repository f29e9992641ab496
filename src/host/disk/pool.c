/* The engine that any host has: a few threads, each of which does a request at a time and waits
 * for it. Here rate limits are kept: a request waits in its thread until it may go. */
#include "host/disk/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct pool {
    struct disk *disk;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct job *first, **last;
    bool stop;
    unsigned count;
    pthread_t threads[DISK_THREAD_COUNT];
};

static u64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

static void pool_enqueue(struct disk *d, struct job *j)
{
    struct pool *p = d->engine_state;

    pthread_mutex_lock(&p->lock);
    *p->last = j;
    p->last = &j->next;
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

static struct job *next_job(struct pool *p)
{
    struct job *j;

    pthread_mutex_lock(&p->lock);
    while (!p->first && !p->stop)
        pthread_cond_wait(&p->work, &p->lock);
    j = p->first;
    if (j) {
        p->first = j->next;
        if (!p->first)
            p->last = &p->first;
    }
    pthread_mutex_unlock(&p->lock);
    return j;
}

/* Until the request may go by the disk's limits, in short sleeps: who settles does not wait. */
static void wait_turn(struct disk *d, const struct block_request *r)
{
    u64 now, until, wait, bytes;

    if (!d->bytes.per_s && !d->requests.per_s)
        return;
    now = now_ns();
    pthread_mutex_lock(&d->lock);
    wait = rate_take(&d->requests, now, 1);
    bytes = r->op == BLOCK_FLUSH ? 0 : rate_take(&d->bytes, now, r->len);
    pthread_mutex_unlock(&d->lock);
    until = now + (wait > bytes ? wait : bytes);
    while ((now = now_ns()) < until) {
        u64 part = until - now < 10000000 ? until - now : 10000000;
        struct timespec t = { 0, (long)part };
        bool hurry;

        nanosleep(&t, NULL);
        pthread_mutex_lock(&d->lock);
        hurry = d->settling;
        pthread_mutex_unlock(&d->lock);
        if (hurry)
            return;
    }
}

static void *worker(void *arg)
{
    struct pool *p = arg;
    struct job *j;

    while ((j = next_job(p))) {
        wait_turn(p->disk, &j->request);
        disk_note(p->disk, j, disk_do(p->disk, &j->request));
        disk_wake(p->disk);
    }
    return NULL;
}

static void pool_stop(struct disk *d)
{
    struct pool *p = d->engine_state;

    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    while (p->count)
        pthread_join(p->threads[--p->count], NULL);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static int pool_run(struct disk *d, const struct thread_hook *hook, struct err *e)
{
    struct pool *p = d->engine_state;
    int r = 0;

    while (!r && p->count < DISK_THREAD_COUNT) {
        r = thread_start(&p->threads[p->count], hook, THREAD_DISK_POOL, worker, p, e);
        p->count += !r;
    }
    return p->count ? 0 : err_wrap(e, "a disk"); /* one will do */
}

static const struct engine_ops pool_ops = {
    .name = "threads", .start = pool_enqueue, .stop = pool_stop, .run = pool_run
};

int pool_make(struct disk *d, struct err *e)
{
    struct pool *p = calloc(1, sizeof *p);

    if (!p)
        return err_set(e, ERR_NOMEM, "no memory for a disk's threads");
    p->disk = d;
    p->last = &p->first;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    d->engine_state = p;
    d->engine = &pool_ops;
    return 0;
}
