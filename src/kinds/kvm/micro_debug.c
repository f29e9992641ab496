/* What a debugger does with the board `micro`: memory, instructions, breakpoints. */
#include "isa/x86/flow.h"
#include "kinds/kvm/micro.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* ---- memory ---- */

/* By the processor's own page tables; false: nothing is mapped there. */
static bool translate(struct micro *n, enum cpu_space s, u64 addr, u64 *physical)
{
    struct kvm_translation t = { .linear_address = addr };

    *physical = addr;
    if (s == CPU_PHYSICAL)
        return true;
    if (ioctl(n->vcpu.fd, KVM_TRANSLATE, &t) || !t.valid)
        return false;
    *physical = t.physical_address;
    return true;
}

/* The part of a range that lies in one page. */
static bool piece(struct micro *n, enum cpu_space s, u64 addr, size_t len, u64 *offset, size_t *got)
{
    u64 left = SPACE_PAGE_BYTES - addr % SPACE_PAGE_BYTES;

    if (!translate(n, s, addr, offset))
        return false;
    *got = len < left ? len : left;
    return *offset < n->vm.ram.size_bytes;
}

bool micro_peek(struct cpu *c, enum cpu_space s, u64 addr, void *out, size_t len)
{
    struct micro *n = micro_of(c->machine);
    u8 *to = out;
    size_t got;
    u64 offset;

    for (; len; len -= got, addr += got, to += got)
        if (!piece(n, s, addr, len, &offset, &got) || !space_read(&n->vm.ram, offset, to, got))
            return false;
    return true;
}

bool micro_poke(struct cpu *c, enum cpu_space s, u64 addr, const void *in, size_t len)
{
    struct micro *n = micro_of(c->machine);
    const u8 *from = in;
    size_t got;
    u64 offset;

    for (size_t k = 0; k < len; k += got) /* all of it or nothing */
        if (!piece(n, s, addr + k, len - k, &offset, &got) || offset + got > n->vm.ram.size_bytes)
            return false;
    for (; len; len -= got, addr += got, from += got)
        if (!piece(n, s, addr, len, &offset, &got) || !space_write(&n->vm.ram, offset, from, got))
            return false;
    return true;
}

/* ---- instructions ---- */

static bool is_long(const struct vcpu_state *s)
{
    return s->efer & 0x400 && s->cs.l;
}

static size_t fetch(struct cpu *c, u64 addr, u8 *bytes)
{
    size_t len = 0;

    vcpu_saving(&micro_of(c->machine)->vcpu);
    while (len < X86_LONGEST && micro_peek(c, CPU_VIRTUAL, addr + len, bytes + len, 1))
        len++;
    return len;
}

size_t micro_disassemble(struct cpu *c, u64 addr, char *text, size_t room)
{
    struct micro *n = micro_of(c->machine);
    struct decode_port *p = c->machine->ports.decode;
    u8 bytes[X86_LONGEST];
    size_t len = fetch(c, addr, bytes), took = 0;
    unsigned bits = is_long(&n->vcpu.state) ? 64 : n->vcpu.state.cs.db ? 32 : 16;

    if (len && p)
        took = p->ops->x86(p, bits, addr, bytes, len, text, room);
    if (!len || took)
        return took;
    snprintf(text, room, "db 0x%02x", bytes[0]);
    return 1;
}

enum flow micro_flow(struct cpu *c, u64 addr)
{
    u8 bytes[X86_LONGEST];
    size_t len = fetch(c, addr, bytes);

    return x86_flow(bytes, len, is_long(&micro_of(c->machine)->vcpu.state));
}

/* The address of the call behind which this one is; it itself when there is none to be seen. */
static u64 call_of(struct cpu *c, u64 back)
{
    u8 bytes[7];

    if (!micro_peek(c, CPU_VIRTUAL, back - sizeof bytes, bytes, sizeof bytes))
        return back;
    return back - x86_call_before(bytes, sizeof bytes);
}

/* Along the frame pointers, for code that keeps them. */
unsigned micro_calls(struct cpu *c, u64 *out, unsigned room)
{
    struct micro *n = micro_of(c->machine);
    const struct vcpu_state *s = &n->vcpu.state;
    unsigned width, count = 0;
    u64 frame, words[2];

    vcpu_saving(&n->vcpu);
    width = is_long(s) ? 8 : s->cs.db ? 4 : 2;
    for (frame = s->rbp; count < room; frame = words[0]) {
        memset(words, 0, sizeof words);
        if (!micro_peek(c, CPU_VIRTUAL, s->ss.base + frame, &words[0], width) ||
            !micro_peek(c, CPU_VIRTUAL, s->ss.base + frame + width, &words[1], width) || !words[1])
            break;
        out[count++] = call_of(c, words[1]);
        if (words[0] <= frame) /* frames lie above each other, or they are none */
            break;
    }
    return count;
}

/* ---- watches ---- */

enum { HARDWARE = 4, DR6_STEP = 1 << 14, DR7_EXACT = 0x300, DR7_ALWAYS = 0x400 };

/* The length as DR7 has it, when one of the processor's registers can watch this; -1: it cannot. */
static int hardware_length(const struct watch *w)
{
    u64 bytes = w->last - w->first + 1;

    if (w->what == WATCH_EXECUTE)
        return bytes == 1 ? 0 : -1;
    if (w->what & WATCH_EXECUTE || w->first % bytes)
        return -1;
    switch (bytes) {
    case 1: return 0;
    case 2: return 1;
    case 4: return 3;
    case 8: return 2;
    default: return -1;
    }
}

static size_t watched_bytes(const struct watch *w)
{
    return w->what & (WATCH_READ | WATCH_WRITE) ? (size_t)(w->last - w->first + 1) : 0;
}

/* Where in n->watched a watch's bytes are. */
static u8 *watched_at(struct micro *n, unsigned index)
{
    size_t at = 0;

    for (unsigned i = 0; i < index; i++)
        at += watched_bytes(&n->watches[i]);
    return n->watched + at;
}

static void look_at_watched(struct micro *n)
{
    for (unsigned i = 0; i < n->watch_count; i++)
        micro_peek(&n->cpu_handle, CPU_VIRTUAL, n->watches[i].first, watched_at(n, i),
                   watched_bytes(&n->watches[i]));
}

static int check(const struct watch *w, struct err *e)
{
    if (w->domain || w->what & WATCH_POSITION || w->last < w->first)
        return err_set(e, ERR_NOTSUP, "this machine has nothing like that to wait for");
    if (w->what == WATCH_READ)
        return err_set(e, ERR_NOTSUP,
                       "an x86 processor cannot wait for reads alone, but for "
                       "reads and writes");
    return 0;
}

/* What the processor's registers cannot do is done by looking after each instruction, which sees
 * changes alone. */
static int check_by_step(const struct watch *list, unsigned count, struct err *e)
{
    u64 bytes = 0;

    for (unsigned i = 0; i < count; i++) {
        if (list[i].what & WATCH_READ)
            return err_set(e, ERR_NOTSUP,
                           "reads can be waited for where the host's KVM has the processor's "
                           "breakpoints: %d places, of 1, 2, 4 or 8 bytes at a multiple of that",
                           HARDWARE);
        if (list[i].what & WATCH_WRITE)
            bytes += list[i].last - list[i].first + 1;
        if (bytes > MICRO_WATCHED)
            return err_set(e, ERR_LIMIT, "more than %d bytes cannot be watched", MICRO_WATCHED);
    }
    return 0;
}

int micro_watch(struct machine *m, struct watch *list, unsigned count, struct err *e)
{
    struct micro *n = micro_of(m);
    bool by_step = count > HARDWARE;

    n->watches = NULL;
    n->watch_count = 0;
    n->by_step = false;
    if (count && !n->probed) {
        n->probe = probe_breakpoints();
        n->probed = true;
    }
    for (unsigned i = 0; i < count; i++) {
        if (check(&list[i], e))
            return -(int)e->code;
        by_step |= hardware_length(&list[i]) < 0 ||
                   !(list[i].what == WATCH_EXECUTE ? n->probe.execute : n->probe.data);
    }
    if (by_step && check_by_step(list, count, e))
        return -(int)e->code;
    n->watches = list;
    n->watch_count = count;
    n->by_step = by_step;
    look_at_watched(n);
    return 0;
}

static void set_points(struct micro *n, struct kvm_guest_debug *d)
{
    u64 control = 0;

    for (unsigned i = 0; i < n->watch_count; i++) {
        const struct watch *w = &n->watches[i];
        u64 kind = w->what == WATCH_EXECUTE ? 0 : w->what & WATCH_READ ? 3 : 1;

        d->arch.debugreg[i] = w->first;
        control |= 2ull << 2 * i | (kind | (u64)hardware_length(w) << 2) << (16 + 4 * i);
    }
    d->arch.debugreg[7] = control | DR7_EXACT | DR7_ALWAYS;
    d->control |= KVM_GUESTDBG_USE_HW_BP;
}

int micro_arm(struct micro *n, bool step, bool points, struct err *e)
{
    struct kvm_guest_debug d = { 0 };
    bool hardware = points && n->watch_count && !n->by_step;

    if (!step && !hardware && !n->stepping)
        return 0;
    if (step)
        d.control |= KVM_GUESTDBG_SINGLESTEP;
    if (hardware)
        set_points(n, &d);
    if (d.control)
        d.control |= KVM_GUESTDBG_ENABLE;
    if (ioctl(n->vcpu.fd, KVM_SET_GUEST_DEBUG, &d))
        return err_set(e, ERR_SYS, "KVM_SET_GUEST_DEBUG");
    n->stepping = d.control;
    n->vcpu.stale = true;
    return 0;
}

static void mark(struct micro *n, struct watch *w, unsigned access)
{
    w->hit = true;
    w->access = access;
    w->address = w->first;
    w->began = n->machine.now;
    w->by = n->vcpu.state.pc;
}

/* What has changed in a watched place since the last look. */
static bool mark_data(struct micro *n, unsigned i)
{
    struct watch *w = &n->watches[i];
    u8 now[MICRO_WATCHED], *before = watched_at(n, i);
    size_t len = watched_bytes(w), at = 0;
    bool changed;

    if (!len || !micro_peek(&n->cpu_handle, CPU_VIRTUAL, w->first, now, len))
        return false;
    while (at < len && now[at] == before[at])
        at++;
    changed = at < len;
    if (!changed && n->by_step)
        return false;
    /* The processor has told of an access that changed nothing. */
    mark(n, w, changed || !(w->what & WATCH_READ) ? WATCH_WRITE : WATCH_READ);
    if (n->by_step)
        w->by = n->from;
    at = changed ? at : 0;
    w->address = w->first + at;
    w->old = before[at];
    w->value = now[at];
    memcpy(before, now, len);
    return true;
}

bool micro_hit_data(struct micro *n)
{
    bool any = false;

    for (unsigned i = 0; i < n->watch_count; i++)
        any |= mark_data(n, i);
    return any;
}

bool micro_hit(struct micro *n)
{
    const struct kvm_debug_exit_arch *d = &n->vcpu.run->debug.arch;
    bool any = false;

    vcpu_saving(&n->vcpu);
    if (n->by_step)
        return false; /* the loop looks before each instruction */
    for (unsigned i = 0; i < n->watch_count; i++) {
        if (!(d->dr6 >> i & 1))
            continue;
        if (n->watches[i].what == WATCH_EXECUTE) {
            mark(n, &n->watches[i], WATCH_EXECUTE);
            any = true;
        } else {
            any |= mark_data(n, i);
        }
    }
    return any;
}

bool micro_hit_here(struct micro *n, bool set)
{
    bool any = false;
    u64 pc;

    if (!n->watch_count)
        return false;
    vcpu_saving(&n->vcpu);
    pc = n->vcpu.state.pc;
    for (unsigned i = 0; i < n->watch_count; i++) {
        struct watch *w = &n->watches[i];

        if (!(w->what & WATCH_EXECUTE) || pc < w->first || pc > w->last)
            continue;
        any = true;
        if (set)
            mark(n, w, WATCH_EXECUTE);
    }
    return any;
}

/* ---- the dump ---- */

static void say(struct micro *n, const char *line)
{
    struct char_port *p = n->machine.ports.diagnostics;

    if (p)
        p->ops->send(p, line, strlen(line));
}

static void dump_code(struct micro *n)
{
    const struct vcpu_state *s = &n->vcpu.state;
    char line[320], text[160];
    u8 bytes[X86_LONGEST];
    size_t len = fetch(&n->cpu_handle, s->pc, bytes), at;

    if (!len) {
        snprintf(line, sizeof line, "  %llx: no memory is mapped there\n",
                 (unsigned long long)s->pc);
        say(n, line);
        return;
    }
    at = micro_disassemble(&n->cpu_handle, s->pc, text, sizeof text);
    len = at && at < len ? at : len;
    at = (size_t)snprintf(line, sizeof line, "  %llx:", (unsigned long long)s->pc);
    for (size_t i = 0; i < len; i++)
        at += (size_t)snprintf(line + at, sizeof line - at, " %02x", bytes[i]);
    snprintf(line + at, sizeof line - at, "  %s\n", text);
    say(n, line);
}

static void dump_registers(struct micro *n)
{
    const struct vcpu_state *s = &n->vcpu.state;
    const struct {
        const char *name;
        u64 value;
    } list[] = { { "rax", s->rax }, { "rbx", s->rbx },        { "rcx", s->rcx },
                 { "rdx", s->rdx }, { "rsi", s->rsi },        { "rdi", s->rdi },
                 { "rbp", s->rbp }, { "rsp", s->rsp },        { "r8", s->r8 },
                 { "r9", s->r9 },   { "r10", s->r10 },        { "r11", s->r11 },
                 { "r12", s->r12 }, { "r13", s->r13 },        { "r14", s->r14 },
                 { "r15", s->r15 }, { "rip", s->rip },        { "fl", s->rflags },
                 { "cr0", s->cr0 }, { "cr2", s->cr2 },        { "cr3", s->cr3 },
                 { "cr4", s->cr4 }, { "cs", s->cs.selector }, { "efer", s->efer } };
    char line[160];
    int at = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(list); i++) {
        at += snprintf(line + at, sizeof line - (size_t)at, "  %-4s %016llx", list[i].name,
                       (unsigned long long)list[i].value);
        if (i % 4 == 3) {
            snprintf(line + at, sizeof line - (size_t)at, "\n");
            say(n, line);
            at = 0;
        }
    }
}

/* AMD's processors leave a guest undefined after a triple fault, so KVM resets it. */
static bool was_reset(const struct vcpu_state *s)
{
    return s->cs.base == 0xffff0000 && s->rip == 0xfff0;
}

void micro_dump(struct micro *n)
{
    vcpu_saving(&n->vcpu);
    if (was_reset(&n->vcpu.state)) {
        say(n, "  the processor has been reset by it: what the registers were is lost\n");
        return;
    }
    dump_code(n);
    dump_registers(n);
}
