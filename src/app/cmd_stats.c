/* stats: what a machine has done, and what it does now. */
#include "app/remote.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { INTERVAL_MS = 500 };

/* Both of the monitor and of the machine's thread, in one. */
static json_t *ask(struct mews_link *l, struct mews_error *e)
{
    json_t *a = remote_call(l, "machine.stats", NULL, e);
    json_t *b = a ? remote_call(l, "status", NULL, e) : NULL;

    if (a && b)
        json_object_update_missing(a, b);
    json_decref(b);
    if (a && b)
        return a;
    json_decref(a);
    return NULL;
}

/* Differences a second, of what counts up. */
static json_t *rates(const json_t *a, const json_t *b)
{
    static const char *const counts[] = { "ticks", "frames", "exits", "cpu_seconds" };
    double seconds = remote_number(b, "age_seconds") - remote_number(a, "age_seconds");
    json_t *j = json_object(), *m;
    double dirty = 0;
    size_t i;

    if (seconds <= 0)
        return j;
    for (i = 0; i < sizeof counts / sizeof counts[0]; i++)
        json_object_set_new(
            j, counts[i],
            json_real((remote_number(b, counts[i]) - remote_number(a, counts[i])) / seconds));
    json_array_foreach(json_object_get(b, "memory"), i, m) dirty += remote_number(m, "dirty_pages");
    json_object_set_new(j, "dirty_pages", json_real(dirty / seconds));
    return j;
}

static void print_numbers(json_t *counters)
{
    const json_t *n;
    const char *name;

    json_object_foreach(counters, name, n) if (json_is_number(n))
        printf(" %s %.0f", name, json_number_value(n));
}

/* On a line; what each part of the machine counts, on one of its own. */
static void print_counters(json_t *counters)
{
    const char *name;
    json_t *list, *part;
    size_t i;

    if (json_object_size(counters))
        printf("\ncounters    ");
    print_numbers(counters);
    json_object_foreach(counters, name, list) json_array_foreach(list, i, part)
    {
        printf("\n  %s %-6zu ", name, i);
        print_numbers(part);
    }
}

static void print_stats(const json_t *j)
{
    const json_t *r = json_object_get(j, "rates"), *m, *n;
    json_t *counters = json_object_get((json_t *)j, "counters");
    const char *why;
    size_t i;

    printf("state        %s\n", remote_text(j, "state"));
    printf("time         %.3f s of the guest in %.3f s\n", remote_number(j, "guest_seconds"),
           remote_number(j, "age_seconds"));
    printf("ticks        %.0f, %.0f a second\n", remote_number(j, "ticks"),
           remote_number(r, "ticks"));
    printf("frames       %.0f, %.2f a second\n", remote_number(j, "frames"),
           remote_number(r, "frames"));
    printf("exits        %.0f, %.1f a second", remote_number(j, "exits"),
           remote_number(r, "exits"));
    json_object_foreach(json_object_get((json_t *)j, "exits_by_reason"), why, n)
        printf(", %s %.0f", why, json_number_value(n));
    print_counters(counters);
    printf("\nprocessor    %.3f s, %.1f%% now\n", remote_number(j, "cpu_seconds"),
           100 * remote_number(r, "cpu_seconds"));
    printf("resident     %.0f bytes\n", remote_number(j, "resident_bytes"));
    printf("snapshots    %.0f\n", remote_number(j, "snapshots"));
    json_array_foreach(json_object_get(j, "memory"), i, m) if (json_object_get(m, "dirty_pages"))
        printf("memory       %s: %.0f bytes, %.0f pages written since last asked\n",
               remote_text(m, "name"), remote_number(m, "bytes"), remote_number(m, "dirty_pages"));
}

int cmd_stats(const struct command *c, int argc, char **argv)
{
    bool json = false;
    int i = options_parse(c, argc, argv, options_json, &json);
    struct mews_link *l;
    struct mews_error e;
    json_t *a, *b = NULL;
    const char *name;

    if (i < 0)
        return options_end(i);
    name = remote_name(c, argc, argv, i);
    if (!name)
        return EXIT_USAGE;
    if (mews_link_open(name, &l, &e))
        return fail_error(&e);
    if ((a = ask(l, &e))) {
        nanosleep(&(struct timespec) { 0, INTERVAL_MS * 1000000 }, NULL);
        b = ask(l, &e);
    }
    mews_link_close(l);
    if (b)
        json_object_set_new(b, "rates", rates(a, b));
    json_decref(a);
    if (!b)
        return fail_error(&e);
    if (json) {
        json_print(b);
    } else {
        print_stats(b);
        json_decref(b);
    }
    return 0;
}
