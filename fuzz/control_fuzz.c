/* What clients send to a monitor: bytes in pieces, through wire and request parser to the methods,
 * of a monitor that is not started (no loop, no socket): the client stands alone. Each line gets at
 * most one answer, which is a line of JSON; nothing of a client outlives it. */
#include "svc/ctl/monitor_parts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool so)
{
    if (!so)
        abort();
}

static int call_echo(void *ctx, struct method_call *c, struct err *e)
{
    (void)ctx;
    if (json_object_get(c->params, "fail"))
        return err_set(e, ERR_STATE, "as was asked for");
    c->result = json_incref(c->params);
    return 0;
}

static void wake(void *ctx)
{
    (void)ctx;
}

static const struct method methods[] = {
    { "echo", "gives back", call_echo, NULL, true },
    { "later", "the same, by the machine's thread", call_echo, NULL, false },
};

/* Lines that wait for the client must be JSON. */
static void check_answers(struct wire *w)
{
    char *at = w->out.bytes + w->out.taken, *end = w->out.bytes + w->out.used;

    while (w->out.bytes && at < end) {
        char *stop = memchr(at, '\n', (size_t)(end - at));
        json_t *j;

        must(stop != NULL);
        j = json_loadb(at, (size_t)(stop - at), 0, NULL);
        must(json_is_object(j) && json_object_get(j, "id"));
        must(!json_object_get(j, "error") != !json_object_get(j, "result"));
        json_decref(j);
        at = stop + 1;
    }
    w->out.taken = w->out.used = 0;
}

/* The machine comes by; its answers have no loop to go to. */
static void serve(struct monitor *m)
{
    while (m->inbox) {
        struct request *r = m->inbox;

        m->inbox = r->next;
        if (!m->inbox)
            m->inbox_end = &m->inbox;
        r->result = r->method->call(r->method->ctx, &r->call, &r->e);
        m->clients->in_flight--;
        client_answer(m->clients, r);
        request_free(r);
    }
}

static void feed(struct monitor *m, struct client *c, int other, const uint8_t *data, size_t size)
{
    const char *why;
    char *line;
    size_t len;

    while (size && !c->broken) {
        size_t piece = 1 + data[0];

        data++;
        size--;
        piece = piece < size ? piece : size;
        if (!piece)
            break;
        must(write(other, data, piece) == (ssize_t)piece);
        data += piece;
        size -= piece;
        if (!wire_read(&c->wire, &why))
            c->broken = true;
        while (!c->broken && c->in_flight < IN_FLIGHT_MAX && (line = wire_line(&c->wire, &len)))
            request_line(c, line, len);
        must(c->in_flight <= IN_FLIGHT_MAX);
        check_answers(&c->wire);
        serve(m);
        check_answers(&c->wire);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct monitor m = { .o = { .name = "fuzz", .hz = 60, .wake = wake },
                         .statm = -1,
                         .guest_in = -1,
                         .guest_out = -1,
                         .inbox_end = &m.inbox,
                         .lists = { methods },
                         .counts = { ARRAY_SIZE(methods) },
                         .list_count = 1 };
    struct client c = { .monitor = &m, .number = 1 };
    int fds[2];

    m.dir = (struct rundir) { .all = -1, .dir = -1, .lock = -1, .status = -1, .log = -1 };
    m.about = json_pack("{s:s}", "name", "fuzz");
    m.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&m.lock, NULL);
    must(m.about && m.bell >= 0 && !socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    wire_init(&c.wire, fds[0]);
    m.clients = &c;
    feed(&m, &c, fds[1], data, size);
    while (m.waiting) {
        struct request *r = m.waiting;

        m.waiting = r->next;
        request_free(r);
    }
    wire_fini(&c.wire);
    close(fds[1]);
    close(m.bell);
    json_decref(m.about);
    pthread_mutex_destroy(&m.lock);
    return 0;
}
