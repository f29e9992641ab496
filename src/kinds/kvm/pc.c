#include "kinds/kvm/pc.h"

#include "kinds/kvm/acpi.h"
#include "kinds/kvm/calls.h"
#include "kinds/kvm/entry.h"
#include "kinds/kvm/kvm_kind.h"
#include "kinds/kvm/linux.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

FIELD_TABLE(pc, 1, PC)

enum { MEMORY_MIB = 512, WIRE_COM1 = 4, WIRE_RTC = 8 };

/* ---- the tree ---- */

static void cpu_saving(void *self)
{
    struct pc_cpu *c = self;
    struct err e;

    c->vcpu.broken = pc_cpu_pull(c, &e);
    c->vcpu.stale = false;
}

/* Of the second half, when both are there. */
static int cpu_loaded(void *self, struct err *e)
{
    return pc_cpu_push(container_of((struct pc_cpu_state *)self, struct pc_cpu, extra), e);
}

/* The kernel's own clocks run on while the machine stands still. */
static void chips_saving(void *self)
{
    struct pc *p = container_of((struct chips *)self, struct pc, chips);
    struct err e;

    chips_pull(&p->chips, &e);
    p->chips.clock_ns = p->machine.now;
}

static int chips_loaded(void *self, struct err *e)
{
    return chips_push(self, e);
}

static int board_loaded(void *self, struct err *e)
{
    struct pc *p = self;

    if (p->end == PC_RUNS && p->status)
        return err_set(e, ERR_FORMAT, "status: of a machine that has not ended");
    if (!memchr(p->command_line, 0, sizeof p->command_line))
        return err_set(e, ERR_FORMAT, "command_line: it has no end");
    p->text[0] = 0;
    p->fault = 0;
    return 0;
}

static void add_cpu(struct pc *p, unsigned i)
{
    struct pc_cpu *c = &p->vcpus[i];

    snprintf(c->name, sizeof c->name, "cpu%u", i);
    c->node = (struct component) {
        .name = c->name, .self = c, .fields = vcpu_state_fields(), .saving = cpu_saving
    };
    c->extra_node = (struct component) {
        .name = "system", .self = &c->extra, .fields = pc_cpu_state_fields(), .loaded = cpu_loaded
    };
    component_add(&p->machine.root, &c->node);
    component_add(&c->node, &c->extra_node);
    p->cpu_handles[i] = (struct cpu) {
        .state = &c->node,
        .machine = &p->machine,
        .index = i,
        .isa = "x86",
        .registers = "pc rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rflags",
        .stack = "rsp",
        .flags = "rflags ----ODITSZ-A-P-C",
    };
}

static void build_tree(struct pc *p)
{
    struct machine *m = &p->machine;

    m->root = (struct component) {
        .name = "pc", .self = p, .fields = pc_fields(), .loaded = board_loaded
    };
    m->cpus = p->cpu_handles;
    event_queue_init(&m->events);
    m->terminal = true;
    m->hz_num = 1000000000;
    m->hz_den = 1;
}

/* ---- the guest's wishes ---- */

static void reset_asked(void *owner)
{
    struct pc *p = owner;

    p->reset_wanted = true;
}

static void sleep_asked(void *owner, unsigned type)
{
    struct pc *p = owner;

    if (type == ACPI_PM_OFF)
        p->end = PC_OFF;
}

/* ---- power ---- */

/* As the protocols want it: flat segments 0x10 and 0x18. */
static void enter(struct vcpu_state *s, const struct linux_entry *at, u8 *memory)
{
    static const struct entry_tables tables = {
        .code = 0x10, .data = 0x18, .gdt = 0x500, .pages = 0x9000
    };

    entry_flat(&tables, at->long_mode, s, memory);
    s->idt = (struct x86_table) { 0, 0 };
    s->rip = s->pc = at->rip;
    s->rsi = at->rsi;
    s->rbx = at->rbx;
    s->rflags = 2;
}

static int load(struct pc *p, struct linux_entry *at, struct err *e)
{
    u8 *low = p->vm.ram.bytes;
    struct acpi_board board = { .cpus = p->cpus };
    const struct linux_memory m = { low, p->vm.ram.size_bytes, p->vm.high.size_bytes };
    struct linux_image i = { .kernel = p->kernel.bytes,
                             .kernel_bytes = p->kernel_bytes,
                             .initrd = p->initrd_bytes ? p->initrd.bytes : NULL,
                             .initrd_bytes = p->initrd_bytes,
                             .command_line = (const char *)p->command_line };

    space_mark(&p->vm.ram, 0, p->vm.ram.size_bytes);
    pc_virtio_describe(p, &board);
    i.rsdp = acpi_write(low + LINUX_BIOS, LINUX_HIGH - LINUX_BIOS, LINUX_BIOS, &board);
    assert(i.rsdp);
    if (linux_load(&i, &m, at, e))
        return -(int)e->code;
    for (unsigned k = 0; k < p->cpus; k++)
        p->cpu_handles[k].bits = at->bits;
    return 0;
}

int pc_power_on(struct pc *p, struct err *e)
{
    struct linux_entry at;

    uart_reset(&p->com1);
    acpi_pm_reset(&p->pm);
    i8042_init(&p->kbc, reset_asked, p);
    pc_virtio_reset(p);
    p->chips = p->chips_at_reset;
    p->chips.clock_ns = p->machine.now;
    if (load(p, &at, e) || chips_push(&p->chips, e))
        return -(int)e->code;
    for (unsigned i = 0; i < p->cpus; i++) {
        struct pc_cpu *c = &p->vcpus[i];

        c->vcpu.state = p->cpus_at_reset[i].state;
        c->extra = p->cpus_at_reset[i].extra;
        if (!i)
            enter(&c->vcpu.state, &at, p->vm.ram.bytes);
        c->vcpu.known_pc = c->vcpu.state.pc;
        c->vcpu.known_rip = c->vcpu.state.rip;
        if (pc_cpu_push(c, e))
            return -(int)e->code;
    }
    return 0;
}

/* ---- life ---- */

/* A space for what is loaded at each reset. */
static int make_image(struct pc *p, struct space *s, const char *name, u64 base, u32 bytes,
                      const u8 *from, struct err *e)
{
    if (!bytes)
        return 0;
    if (!space_init(s, name, bytes, base, 0))
        return err_set(e, ERR_NOMEM, "no memory for a machine");
    if (from)
        memcpy(s->bytes, from, bytes);
    machine_add_space(&p->machine, s);
    return 0;
}

/* With an image in hand; without one the machine will get a saved state. */
static int take_config(struct pc *p, const struct config *c, struct err *e)
{
    const char *line = c->command_line ? c->command_line : "console=ttyS0";

    if (!c->image_bytes)
        return 0;
    if (c->image_bytes > UINT32_MAX || c->initrd_bytes > UINT32_MAX)
        return err_set(e, ERR_LIMIT, "kernel and initrd are larger than 4 GiB");
    if (strlen(line) >= sizeof p->command_line)
        return err_set(e, ERR_LIMIT, "the command line is longer than %zu bytes",
                       sizeof p->command_line - 1);
    if (p->machine.ports.disk_count > PC_DISKS || p->machine.ports.link_count > PC_LINKS)
        return err_set(e, ERR_LIMIT, "the board microvm has at most %d disks and %d network links",
                       PC_DISKS, PC_LINKS);
    p->disks = (u8)p->machine.ports.disk_count;
    p->links = (u8)p->machine.ports.link_count;
    p->kernel_bytes = (u32)c->image_bytes;
    p->initrd_bytes = (u32)c->initrd_bytes;
    strcpy((char *)p->command_line, line);
    pc_console_choose(p);
    return 0;
}

static void pc_keep(struct machine *m, struct config *c)
{
    struct pc *p = pc_of(m);
    struct setting *s = p->kept;
    const struct {
        const char *path;
        u32 value;
    } kept[] = { { "kernel_bytes", p->kernel_bytes },
                 { "initrd_bytes", p->initrd_bytes },
                 { "disks", p->disks },
                 { "links", p->links } };

    for (unsigned i = 0; i < c->setting_count; i++)
        s[i] = c->settings[i];
    for (unsigned i = 0; i < ARRAY_SIZE(kept); i++) {
        snprintf(p->kept_numbers[i], sizeof p->kept_numbers[i], "%u", kept[i].value);
        s[c->setting_count++] = (struct setting) { kept[i].path, p->kept_numbers[i] };
    }
    s[c->setting_count++] =
        (struct setting) { "console", p->console == PC_CONSOLE_VIRTIO ? "virtio" : "serial" };
    c->settings = s;
    c->image = c->initrd = NULL;
    c->image_bytes = c->initrd_bytes = 0;
    c->board = m->board;
}

static int make_devices(struct pc *p)
{
    struct machine *m = &p->machine;
    struct component *nodes = p->nodes;

    uart_init(&p->com1, "com1", pc_console_serial(p),
              (struct line) { chips_line, &p->chips, WIRE_COM1 });
    rtc_init(&p->rtc, "rtc", m, m->ports.clock, (struct line) { chips_line, &p->chips, WIRE_RTC });
    acpi_pm_init(&p->pm, (struct line) { chips_line, &p->chips, ACPI_SCI }, sleep_asked, p);
    i8042_init(&p->kbc, reset_asked, p);
    nodes[0] = (struct component) {
        .name = "pm", .self = &p->pm, .fields = acpi_pm_fields(), .loaded = acpi_pm_loaded
    };
    nodes[1] = (struct component) { .name = "kbc", .self = &p->kbc, .fields = i8042_fields() };
    nodes[2] = (struct component) { .name = "chips",
                                    .self = &p->chips,
                                    .fields = chips_fields(),
                                    .saving = chips_saving,
                                    .loaded = chips_loaded };
    component_add(&m->root, &p->com1.component);
    component_add(&m->root, &p->rtc.component);
    for (unsigned i = 0; i < 3; i++)
        component_add(&m->root, &nodes[i]);
    if (m->ports.console && m->ports.console->ops->attach)
        m->ports.console->ops->attach(m->ports.console, (struct wake) { pc_console_wakes, p });
    return 0;
}

static int make_machine(struct pc *p, const struct config *c, struct err *e)
{
    if (vm_open(&p->vm, e) || chips_create(&p->chips, &p->vm, e) ||
        vm_make_ram(&p->vm, (u64)p->memory << 20, e))
        return -(int)e->code;
    p->machine.spaces = &p->vm.ram;
    if (make_image(p, &p->kernel, "kernel", 1ull << 60, p->kernel_bytes,
                   c->image_bytes ? c->image : NULL, e) ||
        make_image(p, &p->initrd, "initrd", 1ull << 61, p->initrd_bytes, c->initrd, e))
        return -(int)e->code;
    p->kept = calloc(c->setting_count + PC_KEPT + 1, sizeof *p->kept);
    p->cpus_at_reset = calloc(p->cpus, sizeof *p->cpus_at_reset);
    if (!p->cpus_at_reset || !p->kept)
        return err_set(e, ERR_NOMEM, "no memory for a machine");
    pc_cpuid_add(p);
    for (unsigned i = 0; i < p->cpus; i++) {
        if (pc_cpu_open(p, i, e))
            return -(int)e->code;
        p->cpus_at_reset[i].state = p->vcpus[i].vcpu.state;
        p->cpus_at_reset[i].extra = p->vcpus[i].extra;
        add_cpu(p, i);
    }
    p->machine.cpu_count = p->cpus;
    pc_stats_init(p);
    make_devices(p);
    if (pc_virtio_init(p, e))
        return -(int)e->code;
    if (chips_pull(&p->chips, e))
        return -(int)e->code;
    p->chips_at_reset = p->chips;
    p->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->bell < 0)
        return err_set(e, ERR_SYS, "eventfd");
    if (c->image_bytes && pc_power_on(p, e))
        return -(int)e->code;
    return 0;
}

static void pc_destroy(struct machine *m)
{
    struct pc *p;

    if (!m)
        return;
    p = pc_of(m);
    pc_stop_threads(p);
    if (m->ports.console && m->ports.console->ops->attach)
        m->ports.console->ops->attach(m->ports.console, (struct wake) { 0 });
    for (unsigned i = 0; i < p->cpus; i++)
        pc_cpu_close(&p->vcpus[i]);
    pc_virtio_fini(p);
    vm_close(&p->vm);
    if (p->bell >= 0)
        close(p->bell);
    pthread_cond_destroy(&p->started);
    pthread_cond_destroy(&p->debug.turn);
    pthread_mutex_destroy(&p->lock);
    free(p->cpus_at_reset);
    free(p->given);
    space_fini(&p->kernel);
    space_fini(&p->initrd);
    free(p->kept);
    free(p);
}

/* ---- the kind's table ---- */

/* The button: run() sees to it. */
static void pc_reset(struct machine *m)
{
    pc_of(m)->reset_wanted = true;
}

static const char *why_not(const struct machine *m, enum verb v)
{
    (void)m;
    switch (v) {
    case VERB_GENERATION: return "the board has no device yet that tells it";
    case VERB_PICTURE:
    case VERB_SOUND: return "the board microvm has no such part";
    default: return kvm_why_not(v);
    }
}

static void pc_power(struct machine *m)
{
    acpi_pm_button(&pc_of(m)->pm);
}

static int pc_start(struct machine *m, const struct thread_hook *hook, struct err *e)
{
    return pc_start_threads(pc_of(m), hook, e);
}

static const struct kind pc_kind = {
    .name = "kvm",
    .start = pc_start,
    .run = pc_run,
    .kick = pc_kick,
    .destroy = pc_destroy,
    .why_not = why_not,
    .keep = pc_keep,
    .reset = pc_reset,
    .power = pc_power,
    .step = pc_step,
    .peek = pc_peek,
    .poke = pc_poke,
    .disassemble = pc_disassemble,
    .watch = pc_watch,
    .flow = pc_flow,
    .calls = pc_calls,
    .closing = pc_closing,
    .host_calls = pc_host_calls,
    .host_call_count = PC_HOST_CALLS,
};

int pc_create(const struct config *c, const struct ports *ports, struct machine **out,
              struct err *e)
{
    struct pc *p = calloc(1, sizeof *p);

    if (!p)
        return err_set(e, ERR_NOMEM, "no memory for a machine");
    p->machine.kind = &pc_kind;
    p->machine.board = "microvm";
    p->vm = (struct vm) { .kvm = -1, .fd = -1, .pagemap = -1 };
    p->bell = -1;
    p->memory = MEMORY_MIB;
    p->cpus = 1;
    p->reboot = true;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->started, NULL);
    pthread_cond_init(&p->debug.turn, NULL);
    if (ports)
        p->machine.ports = *ports;
    build_tree(p);
    if (machine_configure(&p->machine, c, e) || take_config(p, c, e) || make_machine(p, c, e)) {
        pc_destroy(&p->machine);
        return -(int)e->code;
    }
    *out = &p->machine;
    return 0;
}

bool pc_accepts(const u8 *image, size_t bytes, const char **what)
{
    const char *is = linux_accepts(image, bytes);

    if (is)
        *what = is;
    return is;
}

int pc_describe(const struct config *c, struct image_info *out, struct err *e)
{
    (void)e;
    snprintf(out->board, sizeof out->board, "microvm");
    linux_describe(c->image, c->image_bytes, out->text, sizeof out->text);
    return 0;
}
