/* The monitor of one machine: who else may look at it and steer it, by the control protocol
 * (docs/formats/control.md) on a socket in the run directory.
 *
 *   created --monitor_start()--> running <--pause, resume--> paused
 *   running, paused --stop, or the machine ends--> ended --monitor_destroy()--> gone
 *
 * Two threads meet here. The control thread (base/loop) has the socket, the log and the guest's
 * console; it answers by itself what does not touch the machine. All other methods wait in the
 * inbox for the machine's thread, which comes to monitor_serve() between two calls of run. Neither
 * ever waits for the other, and no client can make one of them wait. */
#ifndef SVC_CTL_MONITOR_H
#define SVC_CTL_MONITOR_H

#include "base/thread.h"
#include "svc/ctl/method.h"

struct monitor;

struct monitor_options {
    const char *name;    /* as rundir_claim() takes it */
    const json_t *about; /* borrowed: what machine.json says of it, beside name, pid and start */
    bool keep;           /* how it ended is kept until somebody removes it */
    bool own_output;     /* this process's standard output and error go to the log */
    double hz;           /* of the machine's ticks */
    /* Everything is open and there is no thread yet: its last chance to refuse. NULL: nobody asks.
     */
    int (*opened)(void *ctx, struct err *e);
    const struct thread_hook *threads; /* borrowed: the control thread's; or NULL */
    bool no_files; /* from then on: an entry that is not kept is left for others to remove */
    /* From any thread and any signal handler: the machine's thread is to come to monitor_serve()
     * soon. */
    void (*wake)(void *ctx);
    void *ctx;
};

/* Claims the name and opens all that will ever be needed. */
int monitor_create(const struct monitor_options *o, struct monitor **out, struct err *e);
/* More methods, of a service: the list is borrowed. Before monitor_start(). */
void monitor_add(struct monitor *m, const struct method *list, unsigned count);
/* The same for methods that touch nothing of the machine but flags: monitor_serve_urgent(). */
void monitor_add_urgent(struct monitor *m, const struct method *list, unsigned count);
/* gone() is called, in the machine's thread, when a client has left, also by
 * monitor_serve_urgent(). Before monitor_start(). */
void monitor_when_gone(struct monitor *m, void (*gone)(void *ctx, u64 client), void *ctx);
int monitor_start(struct monitor *m, struct err *e);

struct monitor_end {
    const char *why; /* "halt", "fault", "host", "stopped", "closed" */
    int status;
    const char *text; /* or NULL */
};
/* Tells everybody, gives them a second to listen, and ends. Accepts NULL and the half-made. */
void monitor_destroy(struct monitor *m, const struct monitor_end *end);

/* In a signal handler of a process that ends now: what would be the reason given to
 * monitor_destroy(). `why` and `text` are plain words: nothing in them needs an escape in JSON. */
void monitor_last_words(const struct monitor *m, const char *why, const char *text);

const char *monitor_name(const struct monitor *m);
/* The guest's console: descriptors to read from and write to. The monitor's own. */
void monitor_console(const struct monitor *m, int *in, int *out);

/* ---- in the machine's thread ---- */
enum monitor_word { MONITOR_RUN, MONITOR_PAUSED, MONITOR_STOP };

/* Performs the methods that were called, and says what is to be done now. */
enum monitor_word monitor_serve(struct monitor *m);
/* Answers a call that was left for later; it is gone then. `e`: why it failed, or NULL. */
void monitor_answer(struct method_call *call, const struct err *e);
/* For a method that takes long, while the machine is not as others may see it: performs those that
 * are urgent (pause, resume, stop, and what monitor_add_urgent() was given), and refuses all others
 * with ERR_STATE and `busy`. MONITOR_STOP: somebody wants the end. A method may call either. */
enum monitor_word monitor_serve_urgent(struct monitor *m, const char *busy);
/* Waits until there is something to serve, monitor_wake(), or so much time is over. */
void monitor_sleep(struct monitor *m, u64 ns);
/* Of the machine's own accord: a breakpoint, a key. `why` is a word for the event. */
void monitor_pause(struct monitor *m, bool paused, const char *why);
bool monitor_paused(const struct monitor *m); /* others want it to stand still */
/* The process has given up what it does not need: others are told so when they ask. */
void monitor_jailed(struct monitor *m);
/* A client has the machine to itself: MONITOR_HELD, it stands still whatever others want;
 * MONITOR_LENT: it runs, for that client. Others are told, and may not resume it meanwhile; what
 * was paused before is paused after it. `client` 0: nobody has it any more. */
enum monitor_hold { MONITOR_HELD, MONITOR_LENT };
void monitor_hold(struct monitor *m, u64 client, enum monitor_hold how, const char *why);
/* From the machine's thread: that one is woken, as for a method, when the descriptor can be read or
 * is at its end; once. False: it cannot be waited for. */
bool monitor_hear(struct monitor *m, int fd);
void monitor_unhear(struct monitor *m, int fd); /* before it is closed; also one never heard */
void monitor_stop(struct monitor *m);           /* as the method `stop` */
/* What others are told when they ask: from now on. The first one is before monitor_start(): where a
 * machine begins that is a copy of another. */
struct monitor_clock {
    u64 now, frames;
};
void monitor_publish(struct monitor *m, const struct monitor_clock *c);
/* A notification to one client, whether it has subscribed or not; takes the reference to params.
 * Nothing is dropped: the caller asks how many bytes of these the client has not taken yet, and
 * decides. False: there is no room for another client of this sort. */
bool monitor_tell(struct monitor *m, u64 client, const char *name, json_t *params);
size_t monitor_untaken(const struct monitor *m, u64 client);

/* ---- from any thread ---- */
/* Also from a signal handler: ends a monitor_sleep(), now or when it begins. */
void monitor_wake(struct monitor *m);
/* A notification to every client that subscribed to its topic: the part of the name before the
 * first dot. Takes the reference to params. A client that does not read loses some, and is told
 * how many. */
void monitor_notify(struct monitor *m, const char *name, json_t *params);

#endif
