#include "svc/ctl/client.h"

#include "base/own.h"
#include "svc/ctl/rundir.h"
#include "svc/ctl/wire.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

enum { PROTOCOL = 1, HELLO_MS = 5000, KILL_MS = 5000, KEPT_MAX = 4096, LOOK_UP_MS = 100 };

struct ctl_client {
    struct wire wire;
    json_t *hello;
    json_t *kept; /* notifications nobody has taken yet: an array */
    u64 next_id;
    bool gone;
};

static u64 now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000 + (u64)t.tv_nsec / 1000000;
}

static int gone(struct ctl_client *c, struct err *e)
{
    c->gone = true;
    return err_set(e, ERR_STATE, "the machine has ended");
}

/* The next object that the monitor sent; NULL as in ctl_client_next(). */
static json_t *receive(struct ctl_client *c, int ms, struct err *e)
{
    u64 end = now_ms() + (u64)(ms < 0 ? 0 : ms);
    const char *why;
    char *line;
    size_t len;

    e->code = ERR_OK;
    while (!(line = wire_line(&c->wire, &len))) {
        u64 now = now_ms();
        struct pollfd p = { c->wire.fd, POLLIN, 0 };
        int n;

        if (c->wire.ended) {
            gone(c, e);
            return NULL;
        }
        n = poll(&p, 1, ms < 0 ? -1 : now < end ? (int)(end - now) : 0);
        if (n < 0 && errno != EINTR) {
            err_set(e, ERR_SYS, "control socket");
            return NULL;
        }
        if (n == 0 || (n < 0 && ms >= 0)) /* a signal: whoever has a time to keep looks up */
            return NULL;
        if (n > 0 && !wire_read(&c->wire, &why)) {
            gone(c, e);
            return NULL;
        }
    }
    json_t *j = json_loadb(line, len, 0, NULL);
    if (!json_is_object(j)) {
        json_decref(j);
        err_set(e, ERR_FORMAT, "the monitor does not speak the control protocol");
        return NULL;
    }
    return j;
}

json_t *ctl_client_next(struct ctl_client *c, int ms, struct err *e)
{
    json_t *j = json_array_get(c->kept, 0);

    e->code = ERR_OK;
    if (j) {
        json_incref(j);
        json_array_remove(c->kept, 0);
        return j;
    }
    while ((j = receive(c, ms, e)) && !json_object_get(j, "method"))
        json_decref(j); /* an answer nobody waits for any more */
    return j;
}

/* ---- calls ---- */

static int refused(const json_t *error, struct err *e)
{
    const char *text = json_string_value(json_object_get(error, "message"));
    const char *name = json_string_value(json_object_get(json_object_get(error, "data"), "name"));
    enum err_code code = ERR_STATE;

    for (unsigned i = 1; name && i < ERR_COUNT; i++)
        if (!strcmp(err_name((enum err_code)i), name))
            code = (enum err_code)i;
    if (code == ERR_SYS) /* errno's text is in there already */
        code = ERR_STATE;
    return err_set(e, code, "%s", text ? text : "the monitor refused without a word");
}

static int send_call(struct ctl_client *c, const char *method, json_t *params, const int *fds,
                     unsigned fd_count, struct err *e)
{
    json_t *j = json_pack("{s:s, s:I, s:s, s:o*}", "jsonrpc", "2.0", "id", (json_int_t)++c->next_id,
                          "method", method, "params", params);
    OWN(buf) char *line = NULL;
    int r;

    if (j && fd_count)
        json_object_set_new(j, "fds", json_integer(fd_count));
    line = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    if (!line)
        return err_set(e, ERR_NOMEM, "no memory");
    r = wire_send(&c->wire, line, strlen(line), fds, fd_count, e);
    return r;
}

/* Whether it is the answer to the call `id`, or to what was no call. */
static bool answers(const json_t *j, u64 id)
{
    const json_t *its = json_object_get(j, "id");

    return !json_object_get(j, "method") &&
           (json_integer_value(its) == (json_int_t)id || json_is_null(its));
}

/* Takes the reference. */
static int take_answer(json_t *j, json_t **result, struct err *e)
{
    if (json_object_get(j, "error")) {
        refused(json_object_get(j, "error"), e);
        json_decref(j);
        return -(int)e->code;
    }
    *result = json_incref(json_object_get(j, "result"));
    json_decref(j);
    return 0;
}

static int call(struct ctl_client *c, const char *method, json_t *params, const int *fds,
                unsigned fd_count, int ms, json_t **result, struct err *e)
{
    json_t *j;

    if (send_call(c, method, params, fds, fd_count, e))
        return -(int)e->code;
    for (;;) {
        j = receive(c, ms, e);
        if (!j && !e->code)
            return err_set(e, ERR_STATE, "its monitor does not answer");
        if (!j)
            return -(int)e->code;
        if (answers(j, c->next_id))
            return take_answer(j, result, e);
        if (json_object_get(j, "method") && json_array_size(c->kept) < KEPT_MAX)
            json_array_append(c->kept, j);
        json_decref(j);
    }
}

int ctl_client_call_hearing(struct ctl_client *c, const char *method, json_t *params,
                            void (*heard)(void *ctx, const json_t *notification), void *ctx,
                            json_t **result, struct err *e)
{
    u64 id;

    if (send_call(c, method, params, NULL, 0, e))
        return -(int)e->code;
    id = c->next_id; /* heard() may post others */
    for (;;) {
        json_t *j = receive(c, LOOK_UP_MS, e);

        if (!j && e->code)
            return -(int)e->code;
        if (j && answers(j, id))
            return take_answer(j, result, e);
        if (!j || json_object_get(j, "method"))
            heard(ctx, j);
        json_decref(j);
    }
}

int ctl_client_call(struct ctl_client *c, const char *method, json_t *params, const int *fds,
                    unsigned fd_count, json_t **result, struct err *e)
{
    return call(c, method, params, fds, fd_count, -1, result, e);
}

int ctl_client_post(struct ctl_client *c, const char *method, json_t *params, struct err *e)
{
    return send_call(c, method, params, NULL, 0, e);
}

/* ---- the connection ---- */

int ctl_client_open(const char *name, struct ctl_client **out, struct err *e)
{
    struct ctl_client *c = calloc(1, sizeof *c);
    OWN(fd) int all = -1;
    int fd;

    if (!c)
        return err_set(e, ERR_NOMEM, "no memory");
    c->wire.fd = -1;
    c->kept = json_array();
    if (rundir_open(&all, e) || rundir_connect(all, name, &fd, e)) {
        ctl_client_close(c);
        return -(int)e->code;
    }
    wire_init(&c->wire, fd);
    if (call(c, "hello", json_pack("{s:i}", "protocol", PROTOCOL), NULL, 0, HELLO_MS, &c->hello,
             e)) {
        err_wrap(e, "%s", name);
        ctl_client_close(c);
        return -(int)e->code;
    }
    *out = c;
    return 0;
}

void ctl_client_close(struct ctl_client *c)
{
    if (!c)
        return;
    wire_fini(&c->wire);
    json_decref(c->hello);
    json_decref(c->kept);
    free(c);
}

const json_t *ctl_client_hello(const struct ctl_client *c)
{
    return c->hello;
}

bool ctl_client_gone(const struct ctl_client *c)
{
    return c->gone;
}

int ctl_client_fd(const struct ctl_client *c)
{
    return c->wire.fd;
}

/* ---- killing ---- */

/* The process is named by a descriptor, which is made while it holds the lock of this name: a
 * number that was given to another process meanwhile would not do. */
int ctl_kill(const char *name, struct err *e)
{
    struct ucred who;
    socklen_t len = sizeof who;
    OWN(fd) int all = -1;
    OWN(fd) int sock = -1;
    OWN(fd) int process = -1;

    if (rundir_open(&all, e) || rundir_connect(all, name, &sock, e))
        return -(int)e->code;
    if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &who, &len))
        return err_set(e, ERR_SYS, "%s: its process", name);
    process = (int)syscall(SYS_pidfd_open, who.pid, 0);
    if (process < 0 && errno == ESRCH)
        return 0;
    if (process < 0)
        return err_set(e, ERR_SYS, "%s: its process", name);
    if (rundir_look(all, name) != RUNDIR_ALIVE)
        return 0;
    if (syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0) && errno != ESRCH)
        return err_set(e, ERR_SYS, "%s: its process", name);
    if (poll(&(struct pollfd) { process, POLLIN, 0 }, 1, KILL_MS) != 1)
        return err_set(e, ERR_STATE, "%s: killed, and still there", name);
    return 0;
}
