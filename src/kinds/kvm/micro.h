/* The board `micro`: the machine of the course's project Micro VMM. One processor, RAM from 0, and
 * a few ports (docs/rooms/kvm.md is its specification):
 *
 *   0x42       console: a byte of a line
 *   0x44 0x45  keyboard: the key; its status (line 1)
 *   0x46 0x47  interval timer: period in ms; its control (line 0)
 *   0x20 0x21  an 8259A, which polled guests leave alone
 *   0xf4       the end: the byte written is the exit status
 *
 * Time is counted in nanoseconds while the machine runs; it stands still otherwise. */
#ifndef KVM_MICRO_H
#define KVM_MICRO_H

#include "kinds/kvm/i8259.h"
#include "kinds/kvm/interval_timer.h"
#include "kinds/kvm/keyboard.h"
#include "kinds/kvm/line_console.h"
#include "kinds/kvm/points.h"
#include "kinds/kvm/probe.h"
#include "kinds/kvm/program.h"
#include "kinds/kvm/vcpu.h"
#include "mach/machine.h"

enum micro_end { MICRO_RUNS, MICRO_EXIT, MICRO_HALT, MICRO_FAULT };
enum { MICRO_FAULT_STATUS = VCPU_FAULT_STATUS };

/* clang-format off */
#define MICRO(F, A, E, G, H)                                                            \
    F(CONFIG, u32, memory, "MiB of RAM", 1, 3072)                                       \
    E(CONFIG, mode, "auto real protected long", "how the program is entered")           \
    F(CONFIG, u32, load, "where a program that is no ELF file is put, and entered")     \
    E(CONFIG, strays, "stop ignore", "what to do when the guest uses what is not there") \
    F(STATE, bool, halted, "the processor waits for an interrupt")                      \
    E(STATE, end, "runs exit halt fault", "how the program has ended")                  \
    F(STATE, u8, status, "its exit status")
/* clang-format on */

/* What `stats` shows. */
/* clang-format off */
#define MICRO_COUNTERS(F, A, E, G, H)                                   \
    F(STATE, u64, port, "exits by a port's instruction")                \
    F(STATE, u64, mmio, "exits by an access where no memory is")        \
    F(STATE, u64, halt, "exits by HLT")                                 \
    F(STATE, u64, window, "exits as an interrupt could be injected")    \
    F(STATE, u64, debug, "exits by a step or a breakpoint")             \
    F(STATE, u64, signal, "exits by a timer or a kick of the host's")   \
    F(STATE, u64, fault, "exits by a fault")                            \
    F(STATE, u64, injected, "interrupts that were injected")
/* clang-format on */
struct micro_counters {
    FIELD_MEMBERS(MICRO_COUNTERS)
};
const struct fields *micro_counters_fields(void);

enum micro_trace { MICRO_PORT_IN = 1, MICRO_PORT_OUT, MICRO_EXIT_EVENT = TRACE_OWN };

struct micro {
    FIELD_MEMBERS(MICRO)
    struct machine machine;
    struct vm vm;
    struct vcpu vcpu;
    struct line_console console;
    struct keyboard keyboard;
    struct interval_timer timer;
    struct i8259 pic;
    struct component nodes[5];
    struct cpu cpu_handle;
    struct micro_counters counters;
    u64 began, began_host; /* machine time and the host's, when run() began */
    u64 until;
    u64 budget; /* of steps: run() returns after that many instructions; UINT64_MAX: no limit */
    struct points points;
    bool closed; /* nothing can be opened */
    bool probed;
    struct probe probe; /* once it is probed */
    u64 from;           /* of steps: the instruction that is under way */
    bool stepping;      /* the kernel has been told to stop after each instruction */
    bool traced;        /* the next instruction, which a kick has kept it from */
    bool injecting;     /* an interrupt comes first when the guest is entered */
    char text[160];     /* what ended it */
};

const struct fields *micro_fields(void);

int micro_create(const struct kind *k, const struct config *c, const struct ports *p,
                 struct machine **out, struct err *e);
void micro_destroy(struct machine *m);
int micro_describe(const struct config *c, struct image_info *out, struct err *e);

static inline struct micro *micro_of(struct machine *m)
{
    return container_of(m, struct micro, machine);
}

/* ---- micro_ports.c: what the guest finds outside its memory. False: the machine ends. ---- */
bool micro_port(struct micro *n);
bool micro_mmio(struct micro *n);

/* ---- micro_run.c ---- */
enum stop micro_run(struct machine *m, u64 until, struct stop_info *info);
enum stop micro_step(struct machine *m, struct cpu *c, struct stop_info *info);
void micro_kick(struct machine *m);
u64 micro_time(struct micro *n);      /* now, also while it runs */
void micro_schedule(struct micro *n); /* after a device has changed */
/* It is over: by the guest's mistake, at this instruction. */
void micro_fault(struct micro *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- micro_debug.c ---- */
void micro_closing(struct machine *m);
int micro_watch(struct machine *m, struct watch *list, unsigned count, struct err *e);
bool micro_peek(struct cpu *c, enum cpu_space s, u64 addr, void *out, size_t len);
bool micro_poke(struct cpu *c, enum cpu_space s, u64 addr, const void *in, size_t len);
size_t micro_disassemble(struct cpu *c, u64 addr, char *text, size_t room);
enum flow micro_flow(struct cpu *c, u64 addr);
unsigned micro_calls(struct cpu *c, u64 *out, unsigned room);
/* Tells the kernel where to stop; `step`: after the next instruction too, or where the handler of
 * the interrupt begins that comes first. */
int micro_arm(struct micro *n, bool step, bool points, struct err *e);
/* After EXIT_DEBUG: whether one of the watches was hit. */
bool micro_hit(struct micro *n);
/* Whether an execute watch stands at the next instruction; marks it. */
bool micro_hit_here(struct micro *n, bool mark);
/* When all is done step by step: whether a watched place has changed since the last look. */
bool micro_hit_data(struct micro *n);

#endif
