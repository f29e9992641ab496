#include "kinds/kvm/micro.h"

#include "kinds/kvm/entry.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FIELD_TABLE(micro, 1, MICRO)
FIELD_TABLE(micro_counters, 1, MICRO_COUNTERS)

enum { LOAD = 0x7c00, MEMORY_MIB = 16, LINE_TIMER = 0, LINE_KEYBOARD = 1 };

/* ---- views ---- */

enum { SCREEN = 0xb8000, COLUMNS = 80, ROWS = 25 };

/* The text screen of PCs: 25 lines of 80 cells, each a character and its colours. */
static int screen_text(struct machine *m, char *out, size_t room)
{
    const u8 *cell = micro_of(m)->vm.ram.bytes + SCREEN;
    char text[ROWS * (COLUMNS + 1) + 1];
    size_t at = 0;

    for (unsigned row = 0; row < ROWS; row++) {
        size_t end = at;

        for (unsigned column = 0; column < COLUMNS; column++, cell += 2) {
            text[at++] = (char)(*cell >= 0x20 && *cell < 0x7f ? *cell : *cell ? '.' : ' ');
            if (text[at - 1] != ' ')
                end = at;
        }
        at = end;
        text[at++] = '\n';
    }
    text[at] = 0;
    return snprintf(out, room, "%s", text);
}

static const struct view views[] = {
    { .name = "screen", .doc = "the text screen at 0xb8000, 80 by 25", .text = screen_text },
};

/* ---- the tree ---- */

static const struct trace_event events[] = {
    { "cpu.step", "an instruction begins", "pc", "op" },
    [MICRO_PORT_IN] = { "port.in", "the guest reads a port", "port", "value" },
    [MICRO_PORT_OUT] = { "port.out", "the guest writes a port", "port", "value" },
    [TRACE_INTERRUPT] = { "cpu.interrupt", "a CPU takes an interrupt", "vector", "pc" },
    [MICRO_EXIT_EVENT] = { "exit", "the guest is left", "reason", "kernel" },
};

static void cpu_saving(void *self)
{
    vcpu_saving(self);
}

static int cpu_loaded(void *self, struct err *e)
{
    return vcpu_loaded(self, e);
}

static int board_loaded(void *self, struct err *e)
{
    struct micro *n = self;

    if (n->end == MICRO_RUNS && n->status)
        return err_set(e, ERR_FORMAT, "status: of a program that has not ended");
    n->text[0] = 0;
    n->injecting = n->vcpu.state.pending.interrupt;
    return 0;
}

static void build_tree(struct micro *n)
{
    struct machine *m = &n->machine;
    const struct component nodes[] = {
        { .name = "cpu",
          .self = &n->vcpu,
          .fields = vcpu_state_fields(),
          .saving = cpu_saving,
          .loaded = cpu_loaded },
        { .name = "console", .self = &n->console, .fields = line_console_fields() },
        { .name = "keyboard", .self = &n->keyboard, .fields = keyboard_fields() },
        { .name = "timer", .self = &n->timer, .fields = interval_timer_fields() },
        { .name = "pic", .self = &n->pic, .fields = i8259_fields() },
    };

    _Static_assert(ARRAY_SIZE(nodes) == ARRAY_SIZE(n->nodes), "a place for each");
    _Static_assert(!offsetof(struct vcpu, state), "the vCPU's fields are its first member's");
    m->root = (struct component) {
        .name = "micro", .self = n, .fields = micro_fields(), .loaded = board_loaded
    };
    for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++) {
        n->nodes[i] = nodes[i];
        component_add(&m->root, &n->nodes[i]);
    }
    event_queue_init(&m->events);
    n->cpu_handle = (struct cpu) {
        .state = &n->nodes[0],
        .machine = m,
        .isa = "x86",
        .registers = "pc rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rflags",
        .stack = "rsp",
        .flags = "rflags ----ODITSZ-A-P-C",
    };
    m->cpus = &n->cpu_handle;
    m->cpu_count = 1;
    m->trace_events = events;
    m->trace_event_count = ARRAY_SIZE(events);
    m->views = views;
    m->view_count = ARRAY_SIZE(views);
    m->counters = micro_counters_fields();
    m->counted = &n->counters;
    m->hz_num = 1000000000;
    m->hz_den = 1;
}

static void wire(struct micro *n)
{
    n->console.out = n->machine.ports.console;
    n->keyboard.in = n->machine.ports.console;
    n->keyboard.irq = (struct line) { i8259_line, &n->pic, LINE_KEYBOARD };
    n->timer.irq = (struct line) { i8259_line, &n->pic, LINE_TIMER };
}

/* ---- the program ---- */

static u64 memory_bytes(const struct micro *n)
{
    return (u64)n->memory << 20;
}

static int read_program(const struct micro *n, const struct config *c, struct program *p,
                        struct err *e)
{
    int r = program_is_elf(c->image, c->image_bytes)
                ? program_read_elf(p, c->image, c->image_bytes, memory_bytes(n), ENTRY_FLOOR, e)
                : program_read_raw(p, c->image, c->image_bytes, n->load, memory_bytes(n), e);

    if (r)
        return r;
    if (n->mode != MODE_AUTO)
        p->mode = (enum program_mode)n->mode;
    if (p->mode != MODE_REAL && p->first < ENTRY_FLOOR)
        return err_set(e, ERR_LIMIT,
                       "load: what is below %#x holds the tables with which %s mode is entered",
                       ENTRY_FLOOR, program_mode_name(p->mode));
    return 0;
}

static int power(struct micro *n, const struct config *c, struct err *e)
{
    struct program p;

    if (read_program(n, c, &p, e) || vm_open(&n->vm, e) || vm_make_ram(&n->vm, memory_bytes(n), e))
        return -(int)e->code;
    n->machine.spaces = &n->vm.ram;
    n->cpu_handle.bits = p.mode == MODE_REAL ? 16 : p.mode == MODE_PROTECTED ? 32 : 64;
    program_load(&p, n->vm.ram.bytes);
    if (vcpu_open_alone(&n->vcpu, &n->vm, e) ||
        entry_prepare(&p, &n->vcpu.state, n->vm.ram.bytes, e))
        return -(int)e->code;
    return vcpu_loaded(&n->vcpu, e);
}

int micro_create(const struct kind *k, const struct config *c, const struct ports *p,
                 struct machine **out, struct err *e)
{
    struct micro *n = calloc(1, sizeof *n);

    if (!n)
        return err_set(e, ERR_NOMEM, "no memory for a machine");
    n->machine.kind = k;
    n->machine.board = "micro";
    n->vm = (struct vm) { .kvm = -1, .fd = -1, .pagemap = -1 };
    n->vcpu.fd = -1;
    n->memory = MEMORY_MIB;
    n->load = LOAD;
    if (p)
        n->machine.ports = *p;
    build_tree(n);
    if (machine_configure(&n->machine, c, e) || power(n, c, e)) {
        micro_destroy(&n->machine);
        return -(int)e->code;
    }
    wire(n);
    *out = &n->machine;
    return 0;
}

void micro_destroy(struct machine *m)
{
    struct micro *n;

    if (!m)
        return;
    n = micro_of(m);
    vcpu_close(&n->vcpu);
    vm_close(&n->vm);
    free(n);
}

int micro_describe(const struct config *c, struct image_info *out, struct err *e)
{
    const struct micro n = { .memory = 3072, .load = LOAD };
    struct program p;

    if (read_program(&n, c, &p, e))
        return -(int)e->code;
    snprintf(out->board, sizeof out->board, "micro");
    snprintf(out->text, sizeof out->text, "mode: %s\nentry: 0x%llx\nmemory: 0x%llx-0x%llx\n",
             program_mode_name(p.mode), (unsigned long long)p.entry, (unsigned long long)p.first,
             (unsigned long long)p.end - 1);
    return 0;
}
