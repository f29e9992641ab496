#include "kinds/nes/c6502.h"

#include "isa/mos6502/disasm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FIELD_TABLE(c6502, 1, C6502)

#define RAM_BYTES 0x8000u
#define ROM_BYTES 0x6000u
#define ROM_BASE  0xa000u
#define HEADER    4u

static struct c6502 *of(struct machine *m)
{
    return container_of(m, struct c6502, machine);
}

bool c6502_accepts(const u8 *image, size_t bytes, const char **what)
{
    *what = "6502v program";
    return bytes >= HEADER && !memcmp(image, "HKNS", HEADER);
}

static int check(const struct config *c, struct err *e)
{
    if (c->image_bytes < HEADER + ROM_BYTES)
        return err_set(e, ERR_FORMAT, "cut short: a 6502v program has %u bytes, the file %zu",
                       HEADER + ROM_BYTES, c->image_bytes);
    return 0;
}

static int copy_arguments(struct c6502 *n, const struct config *c, struct err *e)
{
    size_t total = 0;

    for (unsigned i = 0; i < c->argc; i++) {
        size_t bytes = strlen(c->argv[i]) + 1;

        if (bytes + 2 * (i + 2) > C6502_ARGUMENT_BYTES - total) /* with the pointers */
            return err_set(e, ERR_LIMIT,
                           "the program's arguments take more than the %u bytes of its stack",
                           C6502_ARGUMENT_BYTES);
        memcpy(n->arguments + total, c->argv[i], bytes);
        total += bytes;
    }
    n->argc = (u16)c->argc;
    n->argument_bytes = (u16)total;
    return 0;
}

/* Refuses what copy_arguments() and the CPU could not have left. */
static int loaded(void *self, struct err *e)
{
    struct c6502 *n = self;
    unsigned count = 0;

    for (unsigned i = 0; i < n->argument_bytes; i++)
        count += !n->arguments[i];
    if (count != n->argc || (count && n->arguments[n->argument_bytes - 1]))
        return err_set(e, ERR_FORMAT, "arguments: %u strings, not argc", count);
    n->machine.now = n->cpu.clk;
    return 0;
}

static void map(struct c6502 *n)
{
    for (unsigned page = 0; page < CPU_PAGES; page++) {
        u32 at = page << CPU_PAGE_SHIFT;

        if (at < RAM_BYTES)
            n->pages.read[page] = n->pages.write[page] = n->ram.bytes + at;
        else if (at >= ROM_BASE)
            n->pages.read[page] = n->rom.bytes + (at - ROM_BASE);
    }
}

static const struct trace_event events[] = {
    TRACE_CPU_EVENTS,
    [TRACE_VMCALL] = { "vmcall", "the program calls out", "number", "ax" },
};

static void build_tree(struct c6502 *n)
{
    struct machine *m = &n->machine;

    m->root = (struct component) {
        .name = C6502_BOARD, .self = n, .fields = c6502_fields(), .loaded = loaded
    };
    n->cpu_node = (struct component) { .name = "cpu", .self = &n->cpu, .fields = mos6502_fields() };
    component_add(&m->root, &n->cpu_node);
    event_queue_init(&m->events);
    m->spaces = &n->ram;
    n->ram.next = &n->rom;
    n->cpu_handle = (struct cpu) { .state = &n->cpu_node,
                                   .machine = m,
                                   .isa = "mos6502",
                                   .registers = "pc a x y s p",
                                   .stack = "s",
                                   .flags = "p NV-BDIZC",
                                   .interrupts = "irq=irq:1 nmi=nmi_pending:1" };
    m->cpus = &n->cpu_handle;
    m->cpu_count = 1;
    m->trace_events = events;
    m->trace_event_count = ARRAY_SIZE(events);
    m->hz_num = 236250000;
    m->hz_den = 132;
}

static void power(struct c6502 *n)
{
    memset(n->ram.bytes, 0xff, RAM_BYTES);
    n->cpu.s = 0xfd;
    n->cpu.p = FLAG_U | FLAG_B | FLAG_I;
    n->cpu.bus = 0xff;
    n->cpu.clk = 8;
    n->cpu.pc = n->cpu.start ? n->cpu.start
                             : (u16)(c6502_load(n, 0xfffc) | c6502_load(n, 0xfffd) << 8);
    n->machine.now = n->cpu.clk;
}

static void warn_of_more(const struct c6502 *n, const struct config *c)
{
    struct char_port *p = n->machine.ports.diagnostics;
    char line[240];
    int len;

    if (!p || c->image_bytes == HEADER + ROM_BYTES)
        return;
    len = snprintf(line, sizeof line, "%.160s: warning: %zu bytes behind the ROM are ignored\n",
                   c->name ? c->name : "image", c->image_bytes - HEADER - ROM_BYTES);
    p->ops->send(p, line, (size_t)len);
}

int c6502_create(const struct kind *k, const struct config *c, const struct ports *p,
                 struct machine **out, struct err *e)
{
    struct c6502 *n;

    if (check(c, e))
        return -(int)e->code;
    n = calloc(1, sizeof *n);
    if (!n)
        return err_set(e, ERR_NOMEM, "no memory for a 6502v");
    n->machine.kind = k;
    n->machine.board = C6502_BOARD;
    if (p)
        n->machine.ports = *p;
    build_tree(n);
    if (!space_init(&n->ram, "ram", RAM_BYTES, 0, SPACE_UNTRACKED) ||
        !space_init(&n->rom, "rom", ROM_BYTES, ROM_BASE, SPACE_ROM)) {
        err_set(e, ERR_NOMEM, "no memory for a 6502v");
        goto fail;
    }
    n->ram.next = &n->rom;
    memcpy(n->rom.bytes, c->image + HEADER, ROM_BYTES);
    map(n);
    if (copy_arguments(n, c, e) || machine_configure(&n->machine, c, e))
        goto fail;
    power(n);
    warn_of_more(n, c);
    *out = &n->machine;
    return 0;
fail:
    c6502_destroy(&n->machine);
    return -(int)e->code;
}

void c6502_destroy(struct machine *m)
{
    struct c6502 *n;

    if (!m)
        return;
    n = of(m);
    space_fini(&n->ram);
    space_fini(&n->rom);
    free(n);
}

/* What is to be said of a program that has ended. */
static void describe_end(const struct c6502 *n, struct stop_info *s)
{
    u8 b[3];

    for (unsigned i = 0; i < 3; i++)
        b[i] = c6502_load(n, (u16)(n->cpu.pc + i));
    s->address = n->cpu.pc;
    s->why = STOP_FAULT;
    s->status = 1;
    if (n->end == C6502_ILLEGAL) {
        snprintf(s->text, sizeof s->text, "illegal instruction at $%04X: %02X %02X %02X", n->cpu.pc,
                 b[0], b[1], b[2]);
    } else if (n->end == C6502_UNKNOWN) {
        snprintf(s->text, sizeof s->text, "unknown call at $%04X: %02X %02X", n->cpu.pc, b[0],
                 b[1]);
    } else {
        s->why = STOP_HALT;
        s->status = n->end == C6502_EXIT ? n->cpu.a : 0;
    }
}

static void describe_break(const struct c6502 *n, struct stop_info *s)
{
    s->why = STOP_BREAK;
    s->address = n->cpu.pc;
    if (n->broke)
        snprintf(s->text, sizeof s->text, "BREAK at $%04X", (u16)(n->cpu.pc - 2));
}

/* An instruction at a time. True: a watch was hit. */
static bool run_observed(struct c6502 *n, u64 until)
{
    u64 before;

    do {
        before = n->cpu.clk;
        if (c6502_observed(n))
            return true;
    } while (!n->end && !n->broke && n->cpu.clk > before && n->cpu.clk < until &&
             !__atomic_load_n(&n->kicked, __ATOMIC_RELAXED));
    return false;
}

static bool wants_observing(const struct c6502 *n)
{
    return observer_wanted(&n->observer, &n->machine) || n->cpu.irq || n->cpu.nmi_pending;
}

enum stop c6502_run(struct machine *m, u64 until, struct stop_info *info)
{
    struct c6502 *n = of(m);
    struct stop_info s = { .why = STOP_TIME };
    bool hit = false;

    n->until = until;
    n->broke = false;
    if (!n->end && n->cpu.clk < until) {
        if (wants_observing(n))
            hit = run_observed(n, until);
        else
            c6502_cpu(n);
    }
    m->now = n->cpu.clk;
    if (n->end)
        describe_end(n, &s);
    else if (hit || n->broke)
        describe_break(n, &s);
    else if (__atomic_exchange_n(&n->kicked, 0, __ATOMIC_ACQUIRE))
        s.why = STOP_KICK;
    else if (n->cpu.clk < until)
        s.why = STOP_IDLE; /* READ waits for input */
    if (info)
        *info = s;
    return s.why;
}

int c6502_watch(struct machine *m, struct watch *list, unsigned count, struct err *e)
{
    return observer_arm(&of(m)->observer, m, list, count, e);
}

void c6502_kick(struct machine *m)
{
    __atomic_store_n(&of(m)->kicked, 1, __ATOMIC_RELEASE);
}

enum stop c6502_step(struct machine *m, struct cpu *c, struct stop_info *info)
{
    (void)c;
    return c6502_run(m, of(m)->cpu.clk + 1, info);
}

bool c6502_peek(struct cpu *c, enum cpu_space s, u64 addr, void *out, size_t len)
{
    u8 *to = out;

    (void)s;
    if (addr > 0xffff || len > 0x10000 - addr)
        return false;
    for (size_t i = 0; i < len; i++)
        to[i] = c6502_load(of(c->machine), (u16)(addr + i));
    return true;
}

bool c6502_poke(struct cpu *c, enum cpu_space s, u64 addr, const void *in, size_t len)
{
    const u8 *from = in;

    (void)s;
    if (addr > RAM_BYTES || len > RAM_BYTES - addr)
        return false;
    for (size_t i = 0; i < len; i++)
        c6502_store(of(c->machine), (u16)(addr + i), from[i]);
    return true;
}

size_t c6502_disassemble(struct cpu *c, u64 addr, char *text, size_t room)
{
    u8 b[3];

    if (addr > 0xffff)
        return 0;
    for (unsigned i = 0; i < 3; i++)
        b[i] = c6502_load(of(c->machine), (u16)(addr + i));
    if (b[0] != C6502_VMCALL)
        return mos6502_disasm(b, (u16)addr, text, room);
    snprintf(text, room, "VMCALL $%02X", b[1]);
    return 2;
}

int c6502_describe(const struct config *c, struct image_info *out, struct err *e)
{
    const u8 *vectors;
    int len;

    if (check(c, e))
        return -(int)e->code;
    vectors = c->image + HEADER + 0x5ffa;
    out->arguments = true;
    snprintf(out->board, sizeof out->board, C6502_BOARD);
    len = snprintf(out->text, sizeof out->text,
                   "rom: 24 KiB at $A000\nram: 32 KiB at $0000\nentry: $%04X\n",
                   vectors[2] | vectors[3] << 8);
    if (c->image_bytes > HEADER + ROM_BYTES)
        snprintf(out->text + len, sizeof out->text - (size_t)len,
                 "ignored: %zu bytes behind the ROM\n", c->image_bytes - HEADER - ROM_BYTES);
    return 0;
}
