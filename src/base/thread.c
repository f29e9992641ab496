#include "base/thread.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>

/* On the stack of who starts it, until `told`. */
struct start {
    const struct thread_hook *hook;
    unsigned role;
    void *(*run)(void *);
    void *ctx;
    int result;
    struct err *e;
    sem_t told;
};

static void *enter(void *arg)
{
    struct start *s = arg;
    void *(*run)(void *) = s->run;
    void *ctx = s->ctx;
    int r = s->hook ? s->hook->enter(s->hook->ctx, s->role, s->e) : 0;

    s->result = r;
    sem_post(&s->told);
    return r ? NULL : run(ctx);
}

/* A fault that is blocked ends the process without a word. */
static void mask_of_threads(sigset_t *set)
{
    static const int own[] = { SIGSYS, SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGABRT };

    sigfillset(set);
    for (unsigned i = 0; i < ARRAY_SIZE(own); i++)
        sigdelset(set, own[i]);
}

static int create(pthread_t *out, struct start *s)
{
    sigset_t during, before;
    int r;

    mask_of_threads(&during);
    pthread_sigmask(SIG_SETMASK, &during, &before);
    r = pthread_create(out, NULL, enter, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

static void wait_told(struct start *s)
{
    while (sem_wait(&s->told)) /* a signal came */
        ;
    sem_destroy(&s->told);
}

int thread_start(pthread_t *out, const struct thread_hook *hook, unsigned role,
                 void *(*run)(void *), void *ctx, struct err *e)
{
    struct start s = { .hook = hook, .role = role, .run = run, .ctx = ctx, .e = e };
    int r;

    sem_init(&s.told, 0, 0);
    r = create(out, &s);
    if (r) {
        sem_destroy(&s.told);
        errno = r;
        return err_set(e, ERR_SYS, "a thread");
    }
    wait_told(&s);
    if (s.result)
        pthread_join(*out, NULL);
    return s.result;
}
