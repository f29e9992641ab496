/* What the machine's thread tells one client, of which nothing may be lost or all is counted: the
 * machine's thread knows how many bytes it has posted, the control thread how many the client has
 * taken. */
#include "svc/ctl/monitor_parts.h"

#include <stdlib.h>
#include <string.h>

static struct told *told_find(const struct monitor *m, u64 client)
{
    for (unsigned i = 0; i < TOLD_MAX; i++)
        if (__atomic_load_n(&m->told[i].client, __ATOMIC_ACQUIRE) == client)
            return (struct told *)&m->told[i]; /* of a monitor that is not const where it matters */
    return NULL;
}

void told_end(struct monitor *m, u64 client)
{
    struct told *t = told_find(m, client);

    if (t)
        __atomic_store_n(&t->client, 0, __ATOMIC_RELEASE);
}

/* What is in the wire is not taken; other lines are in it too. */
void told_taken(const struct client *c)
{
    size_t waiting = wire_waiting(&c->wire);
    struct told *t = c->told ? told_find(c->monitor, c->number) : NULL;

    if (t)
        __atomic_store_n(&t->taken, c->told - (waiting < c->told ? waiting : c->told),
                         __ATOMIC_RELEASE);
}

struct told_line {
    struct loop_job job;
    struct monitor *monitor;
    u64 client;
    char *text;
    size_t len;
};

static void told_deliver(void *ctx)
{
    struct told_line *l = ctx;
    struct client *c = client_find(l->monitor, l->client);

    if (c) {
        if (!wire_put(&c->wire, l->text, l->len, SIZE_MAX)) /* bounded by who tells */
            c->broken = true;
        c->told += l->len + 1;
        client_hurry(c);
    }
    free(l->text);
    free(l);
}

bool monitor_tell(struct monitor *m, u64 client, const char *name, json_t *params)
{
    json_t *j = client_notice(name, params);
    struct told_line *l = calloc(1, sizeof *l);
    struct told *t = told_find(m, client);

    json_decref(params);
    if (!t && (t = told_find(m, 0))) {
        t->posted = 0;
        __atomic_store_n(&t->taken, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&t->client, client, __ATOMIC_RELEASE);
    }
    if (l)
        *l = (struct told_line) {
            { told_deliver, l, NULL }, m, client, t && j ? json_dumps(j, JSON_COMPACT) : NULL, 0
        };
    json_decref(j);
    if (!l || !l->text) {
        free(l);
        return false;
    }
    l->len = strlen(l->text);
    t->posted += l->len + 1;
    loop_post(m->loop, &l->job);
    return true;
}

size_t monitor_untaken(const struct monitor *m, u64 client)
{
    const struct told *t = told_find(m, client);

    return t ? (size_t)(t->posted - __atomic_load_n(&t->taken, __ATOMIC_ACQUIRE)) : 0;
}
