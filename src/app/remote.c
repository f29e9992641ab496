#include "app/remote.h"

#include "base/json_bytes.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *remote_name(const struct command *c, int argc, char **argv, int i)
{
    if (i + 1 == argc)
        return argv[i];
    usage(c, "wants one NAME");
    return NULL;
}

static void match(void *ctx, const char *name, const char *about, const char *end)
{
    const char **wanted = ctx;

    (void)about;
    if (!end && *wanted && !strcmp(name, *wanted))
        *wanted = NULL;
}

bool remote_is_machine(const char *argument)
{
    const char *wanted = argument;
    struct mews_error e;

    return !strchr(argument, '/') && access(argument, F_OK) && !mews_machines(match, &wanted, &e) &&
           !wanted;
}

/* ---- calls ---- */

json_t *remote_call(struct mews_link *l, const char *method, json_t *params, struct mews_error *e)
{
    char *text = params ? json_dumps(params, JSON_COMPACT) : NULL, *result = NULL;
    json_t *j = NULL;

    json_decref(params);
    if (!mews_link_call(l, method, text, NULL, 0, &result, e))
        j = json_loads(result, 0, NULL);
    free(text);
    free(result);
    return j;
}

json_t *remote_ask(const char *name, const char *method, json_t *params, struct mews_error *e)
{
    struct mews_link *l;
    json_t *j;

    if (mews_link_open(name, &l, e)) {
        json_decref(params);
        return NULL;
    }
    j = remote_call(l, method, params, e);
    mews_link_close(l);
    return j;
}

int remote_each(const struct command *c, int argc, char **argv, const char *method)
{
    int i = options_parse(c, argc, argv, NULL, NULL), status = 0;
    struct mews_error e;

    if (i < 0)
        return options_end(i);
    if (i == argc)
        return usage(c, "wants a NAME");
    for (; i < argc; i++) {
        json_t *j = remote_ask(argv[i], method, NULL, &e);

        if (!j)
            status = fail_error(&e);
        json_decref(j);
    }
    return status;
}

json_t *remote_next(struct mews_link *l, int ms, bool *gone)
{
    struct mews_error e;
    char *text;
    int r = mews_link_next(l, ms, &text, &e);
    json_t *j;

    *gone = r < 0;
    if (r != 1)
        return NULL;
    j = json_loads(text, 0, NULL);
    free(text);
    return j;
}

/* ---- all machines ---- */

double remote_number(const json_t *j, const char *key)
{
    return json_number_value(json_object_get(j, key));
}

const char *remote_text(const json_t *j, const char *key)
{
    const char *text = json_string_value(json_object_get(j, key));

    return text ? text : "";
}

const char *remote_state(const json_t *j)
{
    const char *state = remote_text(j, "state");

    return !strcmp(state, "paused") && !strcmp(remote_text(j, "why"), "debugger") ? "debugged"
                                                                                  : state;
}

static void add_machine(void *ctx, const char *name, const char *about, const char *end)
{
    json_t *j = json_loads(about, 0, NULL), *how = end ? json_loads(end, 0, NULL) : NULL, *now;
    struct mews_error e;

    if (!j)
        return;
    if (how) {
        json_object_update(j, how);
        json_object_set_new(j, "state", json_string("ended"));
        json_decref(how);
    } else if ((now = remote_ask(name, "status", NULL, &e))) {
        json_decref(j);
        j = now;
    } else { /* it ended just now, or stands still as a process */
        json_object_set_new(j, "state", json_string("silent"));
    }
    json_array_append_new(ctx, j);
}

json_t *remote_machines(struct mews_error *e)
{
    json_t *list = json_array();

    if (mews_machines(add_machine, list, e)) {
        json_decref(list);
        return NULL;
    }
    return list;
}

/* ---- bytes ---- */

static void write_all(int fd, const char *at, size_t len)
{
    while (len) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EAGAIN)
            poll(&(struct pollfd) { fd, POLLOUT, 0 }, 1, -1);
        else if (n < 0 && errno != EINTR)
            return;
        else if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
    }
}

void remote_write(int fd, const json_t *bytes)
{
    struct err e;
    char *out;
    size_t len;

    if (json_bytes_get(bytes, &out, &len, &e))
        return;
    write_all(fd, out, len);
    free(out);
}

void remote_print(FILE *f, const json_t *bytes)
{
    struct err e;
    char *out;
    size_t len;

    if (json_bytes_get(bytes, &out, &len, &e))
        return;
    fwrite(out, 1, len, f);
    free(out);
}

json_t *remote_bytes(const void *bytes, size_t len)
{
    json_t *j = json_object();

    json_bytes_add(j, bytes, len);
    return j;
}

/* ---- for people ---- */

void remote_duration(double s, char out[static 16])
{
    if (s < 100)
        snprintf(out, 16, "%.1fs", s);
    else if (s < 6000)
        snprintf(out, 16, "%dm%02ds", (int)s / 60, (int)s % 60);
    else if (s < 360000)
        snprintf(out, 16, "%dh%02dm", (int)s / 3600, (int)s / 60 % 60);
    else
        snprintf(out, 16, "%.0fd", s / 86400);
}

void remote_size(double bytes, char out[static 16])
{
    if (bytes < 10e6)
        snprintf(out, 16, "%.0fK", bytes / 1024);
    else if (bytes < 10e9)
        snprintf(out, 16, "%.0fM", bytes / 1048576);
    else
        snprintf(out, 16, "%.1fG", bytes / 1073741824);
}
