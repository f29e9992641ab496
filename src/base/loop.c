#include "base/loop.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct loop {
    uv_loop_t uv;
    uv_async_t wake;
    pthread_t thread;
    pthread_mutex_t lock; /* of the jobs */
    struct loop_job *first, **last;
    bool ending; /* the loop's thread alone */
};

struct loop_watch {
    uv_poll_t poll;
    void (*ready)(void *ctx);
    void *ctx;
};

/* ---- jobs ---- */

static struct loop_job *take_jobs(struct loop *l)
{
    struct loop_job *jobs;

    pthread_mutex_lock(&l->lock);
    jobs = l->first;
    l->first = NULL;
    l->last = &l->first;
    pthread_mutex_unlock(&l->lock);
    return jobs;
}

static void free_handle(uv_handle_t *h)
{
    free(h->data);
}

static void close_handle(uv_handle_t *h, void *ctx)
{
    struct loop *l = ctx;

    if (uv_is_closing(h))
        return;
    uv_close(h, h == (uv_handle_t *)&l->wake ? NULL : free_handle);
}

static void do_jobs(uv_async_t *wake)
{
    struct loop *l = container_of(wake, struct loop, wake);

    for (struct loop_job *j = take_jobs(l), *next; j; j = next) {
        next = j->next; /* the job's memory is its maker's again when it is called */
        j->call(j->ctx);
    }
    if (l->ending)
        uv_walk(&l->uv, close_handle, l);
}

void loop_post(struct loop *l, struct loop_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&l->lock);
    *l->last = job;
    l->last = &job->next;
    pthread_mutex_unlock(&l->lock);
    uv_async_send(&l->wake);
}

struct waited {
    void (*call)(void *ctx);
    void *ctx;
    uv_sem_t done;
};

static void call_waited(void *ctx)
{
    struct waited *w = ctx;

    w->call(w->ctx);
    uv_sem_post(&w->done);
}

void loop_call(struct loop *l, void (*call)(void *ctx), void *ctx)
{
    struct waited w = { .call = call, .ctx = ctx };
    struct loop_job job = { .call = call_waited, .ctx = &w };

    uv_sem_init(&w.done, 0);
    loop_post(l, &job);
    uv_sem_wait(&w.done);
    uv_sem_destroy(&w.done);
}

/* ---- the thread ---- */

static void *thread(void *ctx)
{
    struct loop *l = ctx;

    uv_run(&l->uv, UV_RUN_DEFAULT);
    return NULL;
}

static void end_uv(struct loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
    uv_loop_close(&l->uv);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

int loop_create(const struct thread_hook *hook, unsigned role, struct loop **out, struct err *e)
{
    struct loop *l = calloc(1, sizeof *l);
    int failed;

    if (!l)
        return err_set(e, ERR_NOMEM, "no memory");
    failed = uv_loop_init(&l->uv);
    if (failed) {
        free(l);
        return err_set(e, ERR_STATE, "no event loop: %s", uv_strerror(failed));
    }
    pthread_mutex_init(&l->lock, NULL);
    l->last = &l->first;
    failed = uv_async_init(&l->uv, &l->wake, do_jobs);
    if (failed) {
        end_uv(l);
        return err_set(e, ERR_STATE, "no event loop: %s", uv_strerror(failed));
    }
    failed = thread_start(&l->thread, hook, role, thread, l, e);
    if (failed) {
        uv_close((uv_handle_t *)&l->wake, NULL);
        end_uv(l);
        return failed;
    }
    *out = l;
    return 0;
}

static void set_ending(void *ctx)
{
    struct loop *l = ctx;

    l->ending = true;
}

void loop_destroy(struct loop *l)
{
    struct loop_job end = { .call = set_ending, .ctx = l };

    if (!l)
        return;
    loop_post(l, &end);
    pthread_join(l->thread, NULL);
    end_uv(l);
}

/* ---- watches ---- */

static void watch_ready(uv_poll_t *p, int status, int events)
{
    struct loop_watch *w = p->data;

    (void)status; /* the reader or writer will find out what it is */
    (void)events;
    w->ready(w->ctx);
}

struct loop_watch *loop_watch(struct loop *l, int fd, void (*ready)(void *ctx), void *ctx)
{
    struct loop_watch *w = malloc(sizeof *w);

    if (!w)
        return NULL;
    *w = (struct loop_watch) { .ready = ready, .ctx = ctx };
    if (uv_poll_init(&l->uv, &w->poll, fd)) {
        free(w);
        return NULL;
    }
    w->poll.data = w;
    return w;
}

void loop_watch_for(struct loop_watch *w, bool reading, bool writing)
{
    /* With neither, the kernel still tells of a connection that breaks; libuv passes that on to one
     * who waits for urgent data, of which these descriptors have none. */
    uv_poll_start(&w->poll,
                  (reading ? UV_READABLE : 0) | (writing ? UV_WRITABLE : 0) |
                      (reading || writing ? 0 : UV_PRIORITIZED),
                  watch_ready);
}

void loop_unwatch(struct loop_watch *w)
{
    if (w)
        uv_close((uv_handle_t *)&w->poll, free_handle);
}
