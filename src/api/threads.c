/* The threads of a machine, as the program hears of them. */
#include "api/mews.h"

#define SAME(role)                                                                              \
    _Static_assert((int)THREAD_##role == (int)MEWS_THREAD_##role, "the two lists of roles are " \
                                                                  "one")
SAME(MACHINE);
SAME(CONTROL);
SAME(CPU);
SAME(DISK_POOL);
SAME(NET);

static int enter(void *ctx, unsigned role, struct err *e)
{
    struct mews *m = ctx;
    struct mews_error error;

    if (!m->enter(m->enter_ctx, (enum mews_thread)role, &error))
        return 0;
    return err_set(e, (enum err_code)error.code, "%s", error.text);
}

const struct thread_hook *api_thread_hook(const struct mews *m)
{
    return m->enter ? &m->thread_hook : NULL;
}

void mews_threads(struct mews *m, int (*call)(void *, enum mews_thread, struct mews_error *),
                  void *ctx)
{
    m->enter = call;
    m->enter_ctx = ctx;
    m->thread_hook = (struct thread_hook) { enter, m };
}

int mews_start(struct mews *m, struct mews_error *error)
{
    const struct kind *k = m->machine->kind;
    const struct thread_hook *hook = api_thread_hook(m);
    struct err e;

    if (outside_start(&m->outside, hook, &e) || (k->start && k->start(m->machine, hook, &e)))
        return api_report(error, &e);
    return 0;
}

bool mews_host_calls(const struct mews *m, unsigned i, struct mews_host_call *out)
{
    const struct kind *k = m->machine->kind;
    const struct host_call *c = i < k->host_call_count
                                    ? &k->host_calls[i]
                                    : outside_host_call(&m->outside, i - k->host_call_count);

    if (c)
        *out = (struct mews_host_call) { c->name,  c->argument, c->mask,
                                         c->value, c->roles,    c->elsewhere };
    return c;
}
