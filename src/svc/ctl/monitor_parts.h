/* What the files of the monitor share. */
#ifndef SVC_CTL_MONITOR_PARTS_H
#define SVC_CTL_MONITOR_PARTS_H

#include "base/loop.h"
#include "svc/ctl/monitor.h"
#include "svc/ctl/rundir.h"
#include "svc/ctl/wire.h"

#include <pthread.h>

enum {
    CLIENTS_MAX = 32,
    IN_FLIGHT_MAX = 16, /* requests of a client that were not answered: it is not read from then */
    TOPICS_MAX = 16,
    TOPIC_BYTES = 32,
    LISTS_MAX = 16,
    GONE_MAX = 8,
    TOLD_MAX = CLIENTS_MAX,     /* clients that are told things by the machine's thread */
    NOTICES_WAIT_MAX = 1 << 20, /* bytes: beyond, notifications are dropped */
    CALL_FDS_MAX = 8,
    INPUT_MAX = 64 << 10, /* bytes for the guest's console that it has not read */
    LOG_MAX = 1 << 20,
    MACHINE_METHODS = 3,
    EARS_MAX = 4,
    END_MS = 1000, /* for clients to take what they were told last */
};

struct client { /* the control thread's */
    struct monitor *monitor;
    u64 number;
    struct wire wire;
    struct loop_watch *watch;
    bool greeted, broken;
    unsigned in_flight;
    char topics[TOPICS_MAX][TOPIC_BYTES];
    unsigned topic_count;
    u64 dropped; /* notifications, since the last that was queued */
    u64 told;    /* bytes by monitor_tell() */
    struct client *next;
};

struct request {
    struct monitor *monitor;
    u64 client;
    json_t *id; /* NULL: no answer is wanted */
    const struct method *method;
    struct method_call call;
    int fds[CALL_FDS_MAX];
    int result;
    struct err e;
    struct request *next;
    struct loop_job answer;
};

struct told {   /* what one client is told by the machine's thread */
    u64 client; /* atomic; 0: free */
    u64 posted; /* bytes; the machine's thread's */
    u64 taken;  /* atomic: of these, the client has taken so many */
};

struct ear { /* somebody's descriptor, for the machine's thread */
    struct monitor *monitor;
    int fd;                   /* -1: free; the machine's thread's */
    int waits;                /* atomic: the control thread will call, or watches */
    struct loop_watch *watch; /* the control thread's; NULL: nothing is waited for */
    struct loop_job job;
};

struct monitor {
    struct monitor_options o;
    struct rundir dir;
    json_t *about;
    u64 started_ns; /* monotonic */
    struct loop *loop;
    int statm; /* this process's, for its memory */

    /* The control thread's. */
    int listener;
    struct loop_watch *listening;
    struct client *clients;
    unsigned client_count;
    u64 next_client;
    struct request *waiting; /* for the end */
    int guest_out, guest_in; /* the monitor's ends of the console's pipes; -1: closed */
    struct loop_watch *out_watch, *in_watch;
    struct wire_bytes input;
    u64 log_bytes, log_cut;

    int console_in, console_out; /* the guest's ends */
    struct method own[MACHINE_METHODS];
    const struct method *lists[LISTS_MAX];
    unsigned counts[LISTS_MAX], list_count;
    bool urgent[LISTS_MAX]; /* lists */
    struct {
        void (*call)(void *ctx, u64 client);
        void *ctx;
    } gone[GONE_MAX];
    unsigned gone_count;
    struct method leaving; /* puts a client's leave into the inbox */

    /* The inbox: any thread. */
    pthread_mutex_t lock;
    struct request *inbox, **inbox_end;
    int bell; /* an eventfd */

    struct told told[TOLD_MAX];
    struct ear ears[EARS_MAX];

    /* Written by the machine's thread, read by both: atomic. */
    int paused, stopping;
    int jailed;
    int lent;        /* the client that has the machine to itself lets it run */
    u64 holder;      /* that client; 0: none */
    const char *why; /* why it is held; a string that stays */
    u64 now, frames;
    struct monitor_clock began; /* what was published first */
    u64 heard;                  /* topics somebody has subscribed to: a bit per hash */
};

/* ---- clients.c ---- */
void clients_accept(void *ctx);
void client_answer(struct client *c, struct request *r);
void client_answer_later(struct request *r); /* and frees it; the client may have gone */
void clients_notify(struct monitor *m, const char *name, json_t *params); /* borrowed */
struct client *client_find(struct monitor *m, u64 number);
void clients_end(struct monitor *m, bool at_once);
bool clients_waiting(const struct monitor *m);
void clients_heard(struct monitor *m); /* their topics have changed */
int clients_tell_gone(void *ctx, struct method_call *call, struct err *e); /* of m->leaving */
u64 topic_bit(const char *topic, size_t len);
void client_hurry(struct client *c);                     /* sends what can be sent */
json_t *client_notice(const char *name, json_t *params); /* borrowed */

/* ---- told.c ---- */
void told_taken(const struct client *c);      /* something was sent to it */
void told_end(struct monitor *m, u64 client); /* in the machine's thread: it has left */

/* ---- ears.c ---- */
void ears_init(struct monitor *m);

/* ---- requests.c ---- */
/* Takes apart one line, and performs it or puts it into the inbox. */
void request_line(struct client *c, char *line, size_t len);
void request_free(struct request *r);
void inbox_put(struct monitor *m, struct request *r);

/* ---- builtin.c: the monitor's own methods ---- */
struct builtin {
    const char *name, *doc;
    int (*call)(struct client *c, struct request *r, struct err *e);
    bool later; /* it keeps the request, and answers another time */
};
extern const struct builtin builtins[];
/* The same of the machine's thread. */
void builtin_methods(struct monitor *m, struct method out[static MACHINE_METHODS]);

/* ---- output.c: console and log ---- */
int output_open(struct monitor *m, struct err *e);
void output_start(struct monitor *m);
void output_drain(struct monitor *m);
void output_end(struct monitor *m);
int input_put(struct monitor *m, const char *bytes, size_t len, struct err *e);
void input_close(struct monitor *m);
/* The log's last bytes, at most `room`. */
size_t log_tail(struct monitor *m, char *out, size_t room);

#endif
