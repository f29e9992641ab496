/* The guest's console behind two pipes, and the log. What the guest writes is taken at once,
 * whoever listens: to the log, and to the subscribers of "console". What it has not read waits
 * here, INPUT_MAX bytes of it. All of this is the control thread's. */
#include "base/json_bytes.h"
#include "svc/ctl/monitor_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 4096 };

int output_open(struct monitor *m, struct err *e)
{
    int out[2], in[2];

    if (pipe2(out, O_CLOEXEC))
        return err_set(e, ERR_SYS, "a pipe");
    m->guest_out = out[0];
    m->console_out = out[1];
    if (pipe2(in, O_CLOEXEC))
        return err_set(e, ERR_SYS, "a pipe");
    m->console_in = in[0];
    m->guest_in = in[1];
    fcntl(m->guest_out, F_SETFL, O_NONBLOCK);
    fcntl(m->guest_in, F_SETFL, O_NONBLOCK);
    return 0;
}

/* ---- the log: at LOG_MAX its older half goes ---- */

static void log_halve(struct monitor *m)
{
    char *half = malloc(LOG_MAX / 2), *line;
    ssize_t n = half ? pread(m->dir.log, half, LOG_MAX / 2, LOG_MAX / 2) : -1;

    if (n > 0) {
        line = memchr(half, '\n', (size_t)n); /* from the beginning of a line */
        line = line ? line + 1 : half;
        n -= line - half;
        n = pwrite(m->dir.log, line, (size_t)n, 0);
    }
    m->log_bytes = n > 0 ? (u64)n : 0;
    (void)!ftruncate(m->dir.log, (off_t)m->log_bytes);
    free(half);
}

static void log_put(struct monitor *m, const char *bytes, size_t len)
{
    ssize_t n;
    off_t end = lseek(m->dir.log, 0,
                      SEEK_END); /* others write there too: the process's own errors */

    m->log_bytes = end > 0 ? (u64)end : 0;
    if (m->log_bytes + len > LOG_MAX)
        log_halve(m);
    n = pwrite(m->dir.log, bytes, len, (off_t)m->log_bytes);
    if (n > 0)
        m->log_bytes += (u64)n;
}

size_t log_tail(struct monitor *m, char *out, size_t room)
{
    off_t end = lseek(m->dir.log, 0, SEEK_END);
    off_t from = end > (off_t)room ? end - (off_t)room : 0;
    ssize_t n = pread(m->dir.log, out, room, from);
    char *line = from && n > 0 ? memchr(out, '\n', (size_t)n) : NULL;

    if (n <= 0)
        return 0;
    if (line) {
        n -= line + 1 - out;
        memmove(out, line + 1, (size_t)n);
    }
    return (size_t)n;
}

/* ---- from the guest ---- */

/* False: nothing is there now. */
static bool take_chunk(struct monitor *m)
{
    char bytes[CHUNK];
    ssize_t n = m->guest_out < 0 ? -1 : read(m->guest_out, bytes, sizeof bytes);
    json_t *params;

    if (n <= 0)
        return false;
    log_put(m, bytes, (size_t)n);
    params = json_object();
    json_bytes_add(params, bytes, (size_t)n);
    clients_notify(m, "console.output", params);
    json_decref(params);
    return true;
}

static void out_ready(void *ctx)
{
    take_chunk(ctx); /* one: others want their turn too */
}

void output_drain(struct monitor *m)
{
    for (unsigned i = 0; i < LOG_MAX / CHUNK && take_chunk(m); i++)
        ;
}

/* ---- to the guest ---- */

static void in_ready(void *ctx)
{
    struct monitor *m = ctx;
    struct wire_bytes *b = &m->input;

    while (m->guest_in >= 0 && b->taken < b->used) {
        ssize_t n = write(m->guest_in, b->bytes + b->taken, b->used - b->taken);

        if (n < 0)
            break;
        b->taken += (size_t)n;
    }
    if (m->guest_in >= 0)
        loop_watch_for(m->in_watch, false, b->taken < b->used);
}

int input_put(struct monitor *m, const char *bytes, size_t len, struct err *e)
{
    struct wire_bytes *b = &m->input;

    if (m->guest_in < 0)
        return err_set(e, ERR_STATE, "the console's input was ended");
    memmove(b->bytes, b->bytes + b->taken, b->used - b->taken);
    b->used -= b->taken;
    b->taken = 0;
    if (b->used + len > b->room)
        return err_set(e, ERR_LIMIT, "the guest has not read what it was sent before (%zu bytes)",
                       b->used);
    memcpy(b->bytes + b->used, bytes, len);
    b->used += len;
    in_ready(m);
    return 0;
}

void input_close(struct monitor *m)
{
    if (m->guest_in < 0)
        return;
    in_ready(m);
    loop_unwatch(m->in_watch);
    m->in_watch = NULL;
    close(m->guest_in);
    m->guest_in = -1;
}

/* ---- beginning and end ---- */

void output_start(struct monitor *m)
{
    m->input = (struct wire_bytes) { .bytes = malloc(INPUT_MAX) };
    m->input.room = m->input.bytes ? INPUT_MAX : 0;
    m->out_watch = loop_watch(m->loop, m->guest_out, out_ready, m);
    m->in_watch = loop_watch(m->loop, m->guest_in, in_ready, m);
    if (m->out_watch)
        loop_watch_for(m->out_watch, true, false);
}

void output_end(struct monitor *m)
{
    output_drain(m);
    input_close(m);
    loop_unwatch(m->out_watch);
    m->out_watch = NULL;
    free(m->input.bytes);
    m->input = (struct wire_bytes) { 0 };
}
