/* The board `microvm`: a PC without firmware and without its past, for Linux and what boots as it
 * does.
 *
 *     memory     RAM to 3 GiB, the rest from 4 GiB on
 *     kernel     two 8259s, IOAPIC, 8254, a local APIC per vCPU (chips.h)
 *     here       16550A at port 0x3f8 (wire 4), MC146818 at 0x70 (wire 8), keyboard controller at
 *                0x60 and 0x64, ACPI's fixed hardware at 0x600 (wire 9), reset at 0xcf9, and the
 *                exit port at 0xf4: its byte is the machine's exit status
 *
 * Threads: each vCPU has one, which goes round KVM_RUN while `go` is set; the machine's own waits
 * in run() for the end of its time, for events, for what ports have to say, and for the guest's
 * wishes (a reset, an exit, a mistake). All that is not a vCPU's own belongs to who holds `lock`.
 *
 *   a vCPU's:  parked --go--> runs --!go, kicked--> finishes its instruction --> parked
 *   run():     all parked --go--> waits --a reason--> !go, kicks all --all parked--> returns
 */
#ifndef KVM_PC_H
#define KVM_PC_H

#include "dev/acpi_pm.h"
#include "dev/i8042.h"
#include "dev/rtc.h"
#include "dev/uart.h"
#include "kinds/kvm/bells.h"
#include "kinds/kvm/chips.h"
#include "kinds/kvm/linux.h"
#include "kinds/kvm/pc_debug.h"
#include "kinds/kvm/pc_virtio.h"
#include "kinds/kvm/vcpu.h"
#include "mach/dma.h"
#include "mach/machine.h"

#include <pthread.h>

enum { PC_CPUS = 16, PC_MSRS = 256, PC_KEPT = 4 };

enum pc_shutdown { PC_SHUTDOWN_STOPS, PC_SHUTDOWN_RESETS };
/* Of its trace events, those that are its own. */
enum pc_trace {
    PC_PORT_IN = TRACE_READ,
    PC_PORT_OUT = TRACE_WRITE,
    PC_LINE = TRACE_INTERRUPT,
    PC_EXIT_EVENT = TRACE_OWN,
    PC_MMIO_READ,
    PC_MMIO_WRITE,
    PC_MSI,
    PC_VIRTIO, /* and an enum virtio_event */
};
enum pc_transport { PC_TRANSPORT_PCI, PC_TRANSPORT_MMIO };
enum pc_notify { PC_NOTIFY_EVENTFD, PC_NOTIFY_EXIT };
enum pc_console { PC_CONSOLE_AUTO, PC_CONSOLE_SERIAL, PC_CONSOLE_VIRTIO };
enum pc_end { PC_RUNS, PC_EXIT, PC_OFF, PC_FAULT };

/* clang-format off */
#define PC(F, A, E, G, H)                                                               \
    F(CONFIG, u32, memory, "MiB of RAM", 2, 1 << 20)                                    \
    F(CONFIG, u8, cpus, "vCPUs", 1, PC_CPUS)                                            \
    E(CONFIG, cpu, "host baseline", "what CPUID tells: as the host's, or what hosts have in common") \
    E(CONFIG, shutdown, "stop reset", "what a triple fault does")                       \
    F(CONFIG, bool, reboot, "a guest that resets itself begins again; else it ends")    \
    E(CONFIG, console, "auto serial virtio", "auto: virtio if the last console= is hvc0") \
    E(CONFIG, notify, "eventfd exit", "how a virtio queue's notification comes: beside the guest, or by an exit") \
    E(CONFIG, transport, "pci mmio", "where virtio devices are: on a PCI bus, or registers in memory") \
    F(CONFIG, u8, disks, "virtio disks", 0, PC_DISKS)                                   \
    F(CONFIG, u8, links, "virtio network cards", 0, PC_LINKS)                           \
    F(CONFIG, u32, kernel_bytes, "the kernel's size")                                   \
    F(CONFIG, u32, initrd_bytes, "the initrd's size; 0: there is none")                 \
    A(STATE, u8, command_line, LINUX_COMMAND_LINE_BYTES, "the kernel's, a zero behind it") \
    E(STATE, end, "runs exit off fault", "how it has ended")                            \
    F(STATE, u8, status, "its exit status")

#define PC_MSR(F, A, E, G, H)                                           \
    F(STATE, u32, number, "which")                                      \
    F(STATE, u64, value, "what it holds")

/* Of a vCPU what vcpu_state.h has not: all that has to do with other vCPUs and with time. */
#define PC_CPU(F, A, E, G, H)                                           \
    F(STATE, u32, mp_state, "0 runs, 1 was never started, 2 starts, 3 waits", 0, 9) \
    A(STATE, u8, lapic, 1024, "the registers of its local APIC")        \
    F(STATE, u16, msr_count, "how many of these", 0, PC_MSRS)           \
    H(pc_msr, msr, PC_MSRS, "model-specific registers, all that the kernel knows")

/* What `stats` shows. */
#define PC_COUNTERS(F, A, E, G, H)                                      \
    F(STATE, u64, port, "exits by a port's instruction")                \
    F(STATE, u64, mmio, "exits by an access where no memory is")        \
    F(STATE, u64, debug, "exits by a step or a breakpoint")             \
    F(STATE, u64, signal, "exits by a kick of the host's")              \
    F(STATE, u64, fault, "exits by a fault")
/* clang-format on */
struct pc_msr {
    FIELD_MEMBERS(PC_MSR)
};
struct pc_cpu_state {
    FIELD_MEMBERS(PC_CPU)
};
struct pc_counters {
    FIELD_MEMBERS(PC_COUNTERS)
};
enum { PC_COUNTER_ROWS = sizeof(struct pc_counters) / sizeof(u64) };
enum { PC_COUNTER_GROUPS = 5, PC_GROUP_ROWS = 12 };

struct pc_stats {
    struct pc_counters all; /* added up when run() returns */
    struct pc_counters cpu[PC_CPUS];
    /* Of this machine, which has so many vCPUs and devices. */
    struct field rows[PC_COUNTER_ROWS + PC_COUNTER_GROUPS];
    struct pc_group_rows {
        struct field rows[PC_GROUP_ROWS];
        struct fields table;
    } disk, link, console;
    struct fields table;
};

struct pc;
struct pc_cpu {
    struct vcpu vcpu; /* first: its component's fields are the first member's */
    struct pc_cpu_state extra;
    struct pc *pc;
    pthread_t thread;
    u64 tsc;      /* its time-stamp counter when run() returned */
    bool started; /* there is a thread */
    bool parked;
    bool held;                   /* it shall park: what the debugger waits for has come */
    bool waits;                  /* it has executed HLT, or was never started */
    bool traced;                 /* the next instruction, which a kick has kept it from */
    bool inject;                 /* the guest's own INT3 is to be delivered to it */
    u64 from;                    /* a step's instruction */
    struct kvm_guest_debug told; /* to the kernel */
    char name[8], extra_name[8];
    struct component node, extra_node;
};

struct pc {
    FIELD_MEMBERS(PC)
    struct machine machine;
    struct vm vm;
    struct pc_debug debug;
    struct cpuid cpuid, supported; /* what the guest was given, and what the host has */
    struct cpuid *given;           /* what its vCPUs have been told of it */
    struct component cpuid_node;
    struct chips chips;
    struct dma dma;
    struct pc_cpu vcpus[PC_CPUS];
    struct cpu cpu_handles[PC_CPUS];
    struct chips chips_at_reset;
    struct { /* one for each vCPU */
        struct vcpu_state state;
        struct pc_cpu_state extra;
    } * cpus_at_reset;
    u32 msr_numbers[PC_MSRS]; /* that the kernel keeps */
    unsigned msr_count;
    struct uart com1;
    struct char_port deaf; /* com1's, if what is typed is another's */
    struct rtc rtc;
    struct acpi_pm pm;
    struct i8042 kbc;
    struct pc_virtio virtio;
    struct bells bells;
    struct component nodes[4];
    struct pc_stats stats;

    struct space kernel, initrd; /* for the next reset: on no bus, but in snapshots */
    struct setting *kept;        /* pc_keep()'s */
    char kept_numbers[PC_KEPT][16];

    pthread_mutex_t lock; /* the device lock, and of all that follows */
    pthread_cond_t started;
    int bell;   /* an eventfd: run() shall look */
    int go;     /* atomic: vCPUs run */
    int kicked; /* atomic */
    int woken;  /* atomic: a port has something */
    int typed;  /* atomic: the console has, or may have */
    bool started_threads;
    bool quit;
    bool reset_wanted;
    u32 wires;       /* as they were told last */
    unsigned actor;  /* the vCPU whose exit is handled */
    enum exit fault; /* of a vCPU: EXIT_FAULT, EXIT_HOST; else 0 */
    unsigned fault_cpu;
    u64 began, began_host; /* the machine's time and the host's, when run() began */
    u64 ended_host;        /* when it returned */
    char text[160];
};

const struct fields *pc_fields(void);
const struct fields *pc_counters_fields(void);

static inline struct pc *pc_of(struct machine *m)
{
    return container_of(m, struct pc, machine);
}

/* ---- pc.c ---- */
bool pc_accepts(const u8 *image, size_t bytes, const char **what);
int pc_create(const struct config *c, const struct ports *p, struct machine **out, struct err *e);
int pc_describe(const struct config *c, struct image_info *out, struct err *e);
/* The state after power-on: processors and chips as they come out of reset, the kernel in memory.
 * All vCPUs are parked. */
int pc_power_on(struct pc *p, struct err *e);

/* ---- pc_cpu.c ---- */
int pc_cpu_open(struct pc *p, unsigned index, struct err *e);
void pc_cpu_close(struct pc_cpu *c);
const struct fields *pc_msr_fields(void);
const struct fields *pc_cpu_state_fields(void);
int pc_cpu_pull(struct pc_cpu *c, struct err *e); /* all of it, from the kernel */
int pc_cpu_push(struct pc_cpu *c, struct err *e);
void pc_cpu_get_tsc(struct pc_cpu *c);
int pc_cpu_set_tsc(struct pc_cpu *c, struct err *e);
/* Has the guest's watchdogs know, by kvmclock, that the processor has stood still. */
void pc_cpu_stood(struct pc_cpu *c);

/* ---- pc_watch.c: what is told of it; with the lock ---- */
void pc_stats_init(struct pc *p); /* when the number of vCPUs is known; and trace events */
void pc_stats_add_up(struct pc *p);
void pc_trace_exit(const struct pc_cpu *c, enum exit x);
void pc_trace_now(struct pc *p, unsigned id, u16 source, u64 a, u64 b);
static inline void pc_trace(struct pc *p, unsigned id, u64 a, u64 b)
{
    if (trace_on(p->machine.trace, id))
        pc_trace_now(p, id, (u16)p->actor, a, b);
}
/* What a virtio device tells of itself; `source`: which one. */
void pc_trace_device(struct pc *p, enum virtio_event what, unsigned source, u64 a, u64 b);
/* It is over, by the guest's mistake: which, where, the registers, to the diagnostics. */
void pc_failed(struct pc *p);

/* ---- pc_cpuid.c ---- */
void pc_cpuid_add(struct pc *p); /* to the tree, ahead of the vCPUs */
/* Chooses by the first vCPU, and tells each. */
int pc_cpuid_tell(struct pc_cpu *c, struct err *e);

/* ---- pc_bus.c: what a vCPU finds outside memory; the lock is held ---- */
void pc_bus_port(struct pc *p, struct kvm_run *r);
void pc_bus_mmio(struct pc *p, struct kvm_run *r);

/* ---- pc_console.c ---- */
void pc_console_choose(struct pc *p);              /* when the command line is known */
struct char_port *pc_console_serial(struct pc *p); /* what the serial line is plugged into */
bool pc_console_listens(const struct pc *p);       /* what is typed would be read now */
void pc_console_poll(struct pc *p);
void pc_console_wakes(void *pc); /* any thread */

/* ---- pc_run.c ---- */
enum stop pc_run(struct machine *m, u64 until, struct stop_info *info);
void pc_kick(struct machine *m);
u64 pc_time(struct pc *p); /* now, also while it runs */
/* run() shall look: any thread, any signal handler. */
void pc_ring(struct pc *p);
int pc_start_threads(struct pc *p, const struct thread_hook *hook, struct err *e);
void pc_stop_threads(struct pc *p);

#endif
