/* events: what happens to machines, a line of JSON each. New machines are found by looking for
 * them; what happens to one comes from its monitor. */
#include "app/remote.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK_MS = 200, WATCHED_MAX = 1000 };

struct watched {
    char name[80];
    double pid;
    struct mews_link *link;
    bool told; /* of its end, by itself */
};

struct events {
    char **only; /* names, NULL-ended; none: all */
    struct watched *list;
    unsigned count;
    bool first;
};

static volatile sig_atomic_t ended;

static void on_signal(int n)
{
    ended = n;
}

static void print_event(const char *name, const char *event, const json_t *params)
{
    json_t *j = json_pack("{s:f, s:s, s:s}", "time", (double)time(NULL), "name", name, "event",
                          event);
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    json_object_set_new(j, "time", json_real((double)t.tv_sec + (double)t.tv_nsec / 1e9));
    if (params)
        json_object_update_missing(j, (json_t *)params); /* read only */
    json_dumpf(j, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(j);
}

static bool wanted(const struct events *ev, const char *name)
{
    if (!*ev->only)
        return true;
    for (char **n = ev->only; *n; n++)
        if (!strcmp(*n, name))
            return true;
    return false;
}

static void watch_one(struct events *ev, const char *name, double pid, const json_t *about)
{
    struct watched *w = &ev->list[ev->count];
    struct mews_error e;

    if (ev->count == WATCHED_MAX || strlen(name) >= sizeof w->name ||
        mews_link_open(name, &w->link, &e))
        return; /* it is gone again, or not there yet */
    json_decref(
        remote_call(w->link, "subscribe", json_pack("{s:[s,s]}", "topics", "state", "event"), &e));
    strcpy(w->name, name);
    w->pid = pid;
    w->told = false;
    ev->count++;
    print_event(name, ev->first ? "present" : "started", about);
}

static void look_one(void *ctx, const char *name, const char *about, const char *end)
{
    struct events *ev = ctx;
    json_t *j = end || !wanted(ev, name) ? NULL : json_loads(about, 0, NULL);

    if (!j)
        return;
    for (unsigned i = 0; i < ev->count; i++)
        if (!strcmp(ev->list[i].name, name) && ev->list[i].pid == remote_number(j, "pid")) {
            json_decref(j);
            return;
        }
    watch_one(ev, name, remote_number(j, "pid"), j);
    json_decref(j);
}

/* What one says; false: it is gone. */
static bool listen_one(struct watched *w)
{
    bool gone;
    json_t *j;

    while ((j = remote_next(w->link, 0, &gone))) {
        const json_t *p = json_object_get(j, "params");

        w->told |= !strcmp(remote_text(p, "state"), "ended");
        print_event(w->name, remote_text(j, "method"), p);
        json_decref(j);
    }
    if (gone && !w->told)
        print_event(w->name, "died", NULL);
    return !gone;
}

static void listen_all(struct events *ev)
{
    for (unsigned i = 0; i < ev->count;) {
        if (listen_one(&ev->list[i])) {
            i++;
            continue;
        }
        mews_link_close(ev->list[i].link);
        ev->list[i] = ev->list[--ev->count];
    }
}

int cmd_events(const struct command *c, int argc, char **argv)
{
    int i = options_parse(c, argc, argv, NULL, NULL), failed = 0;
    struct events ev = { .first = true };
    struct pollfd *p;
    struct mews_error e;

    if (i < 0)
        return options_end(i);
    ev.only = argv + i;
    ev.list = calloc(WATCHED_MAX, sizeof *ev.list);
    p = calloc(WATCHED_MAX, sizeof *p);
    for (unsigned k = 0; k < 2; k++)
        sigaction((const int[]) { SIGINT, SIGTERM }[k],
                  &(struct sigaction) { .sa_handler = on_signal }, NULL);
    while (ev.list && p && !ended && !(failed = mews_machines(look_one, &ev, &e))) {
        ev.first = false;
        for (unsigned k = 0; k < ev.count; k++)
            p[k] = (struct pollfd) { mews_link_fd(ev.list[k].link), POLLIN, 0 };
        poll(p, ev.count, LOOK_MS);
        listen_all(&ev);
    }
    for (unsigned k = 0; k < ev.count; k++)
        mews_link_close(ev.list[k].link);
    free(ev.list);
    free(p);
    return failed ? fail_error(&e) : ended ? 128 + (int)ended : 0;
}
