/* The words that a kind of machine and a service share: kind, machine, cpu, stop. */
#ifndef MACH_MACHINE_H
#define MACH_MACHINE_H

#include "base/err.h"
#include "base/thread.h"
#include "mach/component.h"
#include "mach/event.h"
#include "mach/port.h"
#include "mach/role.h"
#include "mach/space.h"
#include "mach/trace.h"
#include "mach/view.h"
#include "mach/watch.h"

struct machine;
struct kind;

/* Why run() returned. */
enum stop {
    STOP_TIME,  /* `until` was reached */
    STOP_FRAME, /* `frame_limit` was reached */
    STOP_BREAK, /* a breakpoint, a watch, or the guest's own break */
    STOP_HALT,  /* the guest ended itself: exit status in the payload */
    STOP_FAULT, /* the guest did what its machine cannot do */
    STOP_KICK,  /* kick() */
    STOP_IDLE,  /* nothing can happen before the next event or input */
    STOP_HOST,  /* the host failed us */
};

struct stop_info {
    enum stop why;
    unsigned cpu;
    u64 address;    /* of the instruction, where one is to blame */
    int status;     /* STOP_HALT: the guest's exit status */
    char text[160]; /* one sentence for a person, or empty */
};

/* What a service may ask of a kind; why_not() has the sentence when it cannot. */
enum verb {
#define VERB_LIST(X)                                                \
    X(SNAPSHOT, "snapshot", "save and restore the whole state")     \
    X(GENERATION, "generation", "tell the guest that it is a copy") \
    X(FORK, "fork", "make a running copy")                          \
    X(REPLAY, "replay", "record and replay exactly")                \
    X(STEP, "step", "execute one instruction")                      \
    X(REVERSE, "reverse", "run backwards")                          \
    X(MIGRATE, "migrate", "move to another host")                   \
    X(PEEK, "peek", "read memory without side effects")             \
    X(WATCH, "watch", "stop at breakpoints and watches")            \
    X(DISASSEMBLE, "disassemble", "show instructions")              \
    X(RESET, "reset", "press the reset button")                     \
    X(POWER, "power", "press the power button")                     \
    X(PICTURE, "picture", "show a picture")                         \
    X(SOUND, "sound", "make sound")
#define X(id, name, doc) VERB_##id,
    VERB_LIST(X)
#undef X
        VERB_COUNT
};

struct setting { /* --set PATH=VALUE: a CONFIG field of the tree */
    const char *path, *value;
};

struct config {
    const char *name; /* of the thing, for messages and the store; never opened */
    const u8 *image;  /* borrowed until create() returns */
    size_t image_bytes;
    const u8 *initrd; /* borrowed as `image` is: what a kernel finds in memory; NULL: nothing */
    size_t initrd_bytes;
    const char *command_line; /* a kernel's; NULL: the kind's choice */
    const char *board;        /* NULL: the kind's choice for this image */
    const struct setting *settings;
    unsigned setting_count;
    unsigned argc; /* the guest's own arguments */
    const char *const *argv;
};

/* What an image is, in a few words, for `mews info` and `mews run`. */
struct image_info {
    char board[32];
    char text[512]; /* "key: value" lines */
    bool arguments; /* the guest is given arguments of its own */
};

enum cpu_space { CPU_VIRTUAL, CPU_PHYSICAL };

struct cpu { /* what steps: a 6502, a hart, a vCPU, a Java thread */
    struct component *state;
    struct machine *machine;
    unsigned index;
    const char *isa; /* "mos6502" */
    /* Where the isa has several: how wide the code is that it is here for, whatever its mode is
     * now; 0: the widest. */
    unsigned bits;
    /* The fields of `state` that a person looks at, in this order, a blank between them; the first
     * is the program counter. */
    const char *registers;
    const char *stack; /* of these, the stack pointer: lower the deeper; NULL: none */
    const char *flags; /* of these, one that is made of bits, and their names from the highest, '-'
                        * for one without: "p NV-BDIZC"; NULL: none */
    /* Interrupts that a person may raise: names, each with the field and value that does it,
     * "nmi=nmi_pending:1"; NULL: none. */
    const char *interrupts;
};

/* What an instruction does to the flow of control, as far as a debugger wants to know. */
enum flow { FLOW_NEXT, FLOW_JUMP, FLOW_CALL, FLOW_RETURN };

/* What a test program says of itself by its platform's own protocol. */
enum test_state {
    TEST_NONE, /* nothing: it is no such program, or has not begun */
    TEST_RUNNING,
    TEST_RESET, /* it wants the reset button, `wait_ns` from now */
    TEST_PASSED,
    TEST_FAILED,
};

struct test_report {
    enum test_state state;
    unsigned code; /* as the program gives it */
    u64 wait_ns;
    char text[1024]; /* its own words, or empty */
};

enum { GENERATION_BYTES = 16 };

/* A kind of machine. Functions above the line are required; one below it is NULL when the kind
 * cannot do that, and machine_can() says so. */
struct kind {
    const char *name, *summary;
    const char *const *boards; /* NULL-ended */
    /* Whether the image is one of this kind's, by its bytes; an image that says it is but is
     * damaged gets true, and create() the error. `what` is one line such as "NES cartridge (iNES)".
     */
    bool (*accepts)(const u8 *image, size_t bytes, const char **what);
    /* What bytes are to this kind that nobody recognises, when a person names the kind; NULL: an
     * error. */
    const char *raw;
    const char *accepted; /* the list of what is accepted, for the error about an unknown thing */
    /* The machine's own `kind` may be another table of the same name: a board that can do other
     * things. */
    int (*create)(const struct kind *k, const struct config *c, const struct ports *p,
                  struct machine **out, struct err *e);
    void (*destroy)(struct machine *m); /* accepts NULL and the half-built */
    /* Runs until the machine's time is at least `until` (it may overshoot to an instruction's end)
     * or something else stops it. */
    enum stop (*run)(struct machine *m, u64 until, struct stop_info *info);
    /* Any thread, any signal handler: run() returns STOP_KICK soon, also when it starts later. */
    void (*kick)(struct machine *m);
    /* NULL: it can. The machine may be NULL: then of the kind as a whole. */
    const char *(*why_not)(const struct machine *m, enum verb v);
    /* ---- optional ---- */
    /* Whether this host has what the kind needs; the error says what is missing, and what to do
     * about it. NULL: it needs nothing. */
    int (*available)(struct err *e);
    /* Makes the threads that run() wants, which else the first run() makes, of the role THREAD_CPU:
     * for a program that will give up the right to make any. The hook may be NULL. */
    int (*start)(struct machine *m, const struct thread_hook *hook, struct err *e);
    /* Reduces the configuration that create() was given to what another create() needs when a
     * saved state comes into its machine afterwards; NULL: all of it. What `c` names then is the
     * machine's, or was there before. */
    void (*keep)(struct machine *m, struct config *c);
    int (*describe)(const struct config *c, struct image_info *out, struct err *e);
    enum stop (*step)(struct machine *m, struct cpu *c, struct stop_info *info);
    bool (*peek)(struct cpu *c, enum cpu_space s, u64 addr, void *out, size_t len);
    bool (*poke)(struct cpu *c, enum cpu_space s, u64 addr, const void *in, size_t len);
    /* Text of one instruction; returns its length in bytes, 0 when there is none to read. */
    size_t (*disassemble)(struct cpu *c, u64 addr, char *text, size_t room);
    void (*reset)(struct machine *m); /* the reset button */
    void (*power)(struct machine *m); /* the power button: the guest shall end by itself */
    /* Puts what outlives power through its port now: battery RAM. destroy() does too. */
    void (*store)(struct machine *m);
    /* The machine is a copy of one that may go on: tells the guest by its platform's own means (a
     * generation id), so that it makes new what must not be there twice. `id` is random. */
    void (*copied)(struct machine *m, const u8 id[GENERATION_BYTES]);
    void (*test)(struct machine *m, struct test_report *out);
    /* Arms these and no others; `list` is borrowed until the next call. ERR_NOTSUP for what the
     * machine cannot wait for; then nothing is armed. */
    int (*watch)(struct machine *m, struct watch *list, unsigned count, struct err *e);
    /* Of the instruction at `addr`. */
    enum flow (*flow)(struct cpu *c, u64 addr);
    /* The addresses of the calls under way, the innermost first, as far as they can be told. */
    unsigned (*calls)(struct cpu *c, u64 *out, unsigned room);
    /* Nothing can be opened from now on: the machine is in a sandbox. */
    void (*closing)(struct machine *m);
    const struct host_call *host_calls;
    unsigned host_call_count;
};

/* clang-format off */
#define MACHINE(F, A, E, G, H)                                          \
    F(STATE, u64, now, "ticks since power-on")                          \
    F(STATE, u64, frames, "pictures completed since power-on")
/* clang-format on */

/* What a screen must know before the first picture. */
struct display {
    unsigned width, height;     /* 0: the machine makes no pictures */
    u32 aspect_num, aspect_den; /* width over height of one pixel */
    u32 ticks_num, ticks_den;   /* from one picture to the next */
};

struct machine {
    FIELD_MEMBERS(MACHINE)
    const struct kind *kind;
    const char *board;
    struct component root;
    struct space *spaces;
    struct cpu *cpus;
    unsigned cpu_count;
    u64 hz_num, hz_den; /* ticks a second, exactly hz_num / hz_den */
    u64 frame_limit;    /* run() stops when frames gets there; 0: never */
    struct display display;
    bool terminal; /* its console is one for a terminal: it echoes and edits by itself */
    u8 *battery;   /* what the store keeps; NULL: nothing. Whole whenever run() has returned */
    size_t battery_bytes;
    struct event_queue events;
    struct ports ports;
    struct trace *trace; /* NULL: off */
    struct trace all;    /* what `trace` is while there are listeners: what any of them wants */
    struct listener *listeners;
    const struct trace_event *trace_events;
    unsigned trace_event_count; /* 64 at most */
    u64 trace_devices; /* a bit for each whose source is no CPU, but numbers its name's first word
                        */
    const struct view *views;
    unsigned view_count;
    const struct fields *counters; /* what it counts, all of it since it was made: no state */
    const void *counted;
    const struct domain *domains;
    unsigned domain_count;
    /* A debugger's: execute watches do not stop run() at this moment, for it has been told of them.
     */
    u64 passed;
    bool debugged; /* a debugger is there: the guest's own break stops run() */
};

/* Between two calls of run: one more, or one fewer, is told of the events in its mask. Its memory
 * is its own; it is in no other machine's list. Not while somebody else has set m->trace. */
void machine_listen(struct machine *m, struct listener *l);
void machine_unlisten(struct machine *m, struct listener *l); /* also one that does not listen */

/* At the end of its list, for a machine that is being made. */
void machine_add_space(struct machine *m, struct space *s);

const struct fields *machine_fields(void); /* of the machine itself, not of its tree */

/* Whether the machine (or kind) can; with `why` the sentence when it cannot. */
bool machine_can(const struct kind *k, const struct machine *m, enum verb v, const char **why);

const char *verb_name(enum verb v);
const char *verb_doc(enum verb v);
const char *stop_name(enum stop s);

/* Sets CONFIG fields by path before power-on. */
int machine_configure(struct machine *m, const struct config *c, struct err *e);

/* Ticks in `ns` nanoseconds, rounded down. */
u64 machine_ticks(const struct machine *m, u64 ns);

#endif
