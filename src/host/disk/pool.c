/* The engine that any host has: a few threads, each of which does a request at a time and waits
 * for it. Here rate limits are kept: a request waits in its thread until it may go. */
#include "host/disk/parts.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { STACK_BYTES = 128 << 10 };

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
        disk_done(p->disk, j, disk_do(p->disk, &j->request));
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

/* Signals are the program's own threads' business. */
static int create_threads(struct pool *p)
{
    sigset_t all, before;
    pthread_attr_t attr;
    int r = 0;

    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (!r && p->count < DISK_THREAD_COUNT) {
        r = pthread_create(&p->threads[p->count], &attr, worker, p);
        p->count += !r;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return p->count ? 0 : r; /* one will do */
}

static int pool_run(struct disk *d, struct err *e)
{
    errno = create_threads(d->engine_state);
    return errno ? err_set(e, ERR_SYS, "a disk's threads") : 0;
}

static const struct engine_ops pool_ops = { "threads", pool_run, pool_enqueue, pool_stop };

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
