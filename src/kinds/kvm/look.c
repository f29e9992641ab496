#include "kinds/kvm/look.h"

#include "isa/x86/flow.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* ---- memory ---- */

u8 *look_ram(struct vm *vm, u64 physical, size_t *len, struct space **of)
{
    struct space *const spaces[] = { &vm->ram, &vm->high };

    for (unsigned i = 0; i < ARRAY_SIZE(spaces); i++) {
        struct space *s = spaces[i];
        u64 left;

        if (physical < s->base || physical - s->base >= s->size_bytes)
            continue;
        left = s->size_bytes - (physical - s->base);
        *len = *len < left ? *len : (size_t)left;
        *of = s;
        return s->bytes + (physical - s->base);
    }
    return NULL;
}

/* The kernel looks at the bits alone that page tables have, at most 57; the last one must go on. */
static bool is_address(u64 virtual)
{
    return (u64)((s64)(virtual << 7) >> 7) == virtual;
}

bool look_translate(const struct vcpu *v, u64 virtual, u64 *physical)
{
    struct kvm_translation t = { .linear_address = virtual };

    if (!is_address(virtual))
        return false;
    if (ioctl(v->fd, KVM_TRANSLATE, &t) || !t.valid)
        return false;
    *physical = t.physical_address;
    return true;
}

/* The part of a range that lies together. */
static u8 *piece(const struct vcpu *v, enum cpu_space s, u64 addr, size_t *len, struct space **of)
{
    u64 at = addr, left = SPACE_PAGE_BYTES - addr % SPACE_PAGE_BYTES;

    if (s == CPU_VIRTUAL) {
        if (!look_translate(v, addr, &at))
            return NULL;
        *len = *len < left ? *len : (size_t)left;
    }
    return look_ram(v->vm, at, len, of);
}

bool look_peek(const struct vcpu *v, enum cpu_space s, u64 addr, void *out, size_t len)
{
    size_t got;

    for (u8 *to = out; len; len -= got, addr += got, to += got) {
        struct space *of;
        const u8 *from;

        got = len;
        from = piece(v, s, addr, &got, &of);
        if (!from)
            return false;
        memcpy(to, from, got);
    }
    return true;
}

bool look_poke(const struct vcpu *v, enum cpu_space s, u64 addr, const void *in, size_t len)
{
    const u8 *from = in;
    struct space *of;
    size_t got;

    for (size_t k = 0; k < len; k += got) {
        got = len - k;
        if (!piece(v, s, addr + k, &got, &of))
            return false;
    }
    for (; len; len -= got, addr += got, from += got) {
        u8 *to;

        got = len;
        to = piece(v, s, addr, &got, &of);
        if (!to || !space_write(of, (u64)(to - of->bytes), from, got))
            return false;
    }
    return true;
}

/* ---- handlers ---- */

static u64 number(const u8 *bytes, unsigned count)
{
    u64 n = 0;

    while (count--)
        n = n << 8 | bytes[count];
    return n;
}

bool look_handler(struct vcpu *v, u8 vector, u64 *addr)
{
    const struct vcpu_state *s = &v->state;
    size_t bytes;
    bool wide;
    u8 gate[16], segment[8];

    vcpu_saving(v);
    wide = s->efer & 0x400;
    bytes = !(s->cr0 & 1) ? 4 : wide ? 16 : 8;
    if (!look_peek(v, CPU_VIRTUAL, s->idt.base + vector * bytes, gate, bytes))
        return false;
    if (bytes == 4) {
        *addr = number(gate, 2) + 16 * number(gate + 2, 2);
        return true;
    }
    *addr = number(gate, 2) | (gate[5] & 8 ? number(gate + 6, 2) << 16 : 0);
    if (wide) { /* the segment has no base */
        *addr |= number(gate + 8, 4) << 32;
        return true;
    }
    if (!look_peek(v, CPU_VIRTUAL, s->gdt.base + (number(gate + 2, 2) & ~7ull), segment, 8))
        return false;
    *addr = (u32)(*addr + number(segment + 2, 3) + ((u64)segment[7] << 24));
    return true;
}

/* ---- instructions ---- */

static bool is_long(const struct vcpu_state *s)
{
    return s->efer & 0x400 && s->cs.l;
}

unsigned look_bits(struct vcpu *v)
{
    vcpu_saving(v);
    return is_long(&v->state) ? 64 : v->state.cs.db ? 32 : 16;
}

static size_t fetch(const struct vcpu *v, u64 addr, u8 *bytes)
{
    size_t len = 0;

    while (len < X86_LONGEST && look_peek(v, CPU_VIRTUAL, addr + len, bytes + len, 1))
        len++;
    return len;
}

size_t look_disassemble(struct vcpu *v, struct decode_port *p, u64 addr, char *text, size_t room)
{
    u8 bytes[X86_LONGEST];
    size_t len = fetch(v, addr, bytes), took = 0;

    if (len && p)
        took = p->ops->x86(p, look_bits(v), addr, bytes, len, text, room);
    if (!len || took)
        return took;
    snprintf(text, room, "db 0x%02x", bytes[0]);
    return 1;
}

enum flow look_flow(struct vcpu *v, u64 addr)
{
    u8 bytes[X86_LONGEST];

    return x86_flow(bytes, fetch(v, addr, bytes), look_bits(v) == 64);
}

/* ---- calls ---- */

enum { CALL_LONGEST = 7, SCANNED = 16384 };

/* The length of the call behind which this address is; 0: there is none. */
static unsigned call_before(const struct vcpu *v, u64 back)
{
    u8 bytes[CALL_LONGEST];

    return look_peek(v, CPU_VIRTUAL, back - sizeof bytes, bytes, sizeof bytes)
               ? x86_call_before(bytes, sizeof bytes)
               : 0;
}

/* *sure: the innermost is a call's. */
static unsigned by_frames(struct vcpu *v, u64 *out, unsigned room, bool *sure)
{
    const struct vcpu_state *s = &v->state;
    unsigned width = look_bits(v) / 8, count = 0;
    u64 frame, words[2];

    *sure = false;
    for (frame = s->rbp; count < room; frame = words[0]) {
        unsigned call;

        memset(words, 0, sizeof words);
        if (!look_peek(v, CPU_VIRTUAL, s->ss.base + frame, &words[0], width) ||
            !look_peek(v, CPU_VIRTUAL, s->ss.base + frame + width, &words[1], width) || !words[1])
            break;
        call = call_before(v, words[1]);
        if (!count)
            *sure = call;
        out[count++] = words[1] - call;
        if (words[0] <= frame) /* frames lie above each other, or they are none */
            break;
    }
    return count;
}

/* What lies on the stack, is not far from where it executes, and follows a call. */
static unsigned by_scan(struct vcpu *v, u64 *out, unsigned room)
{
    u64 rsp = v->state.rsp & ~7ull, rip = v->state.rip, word;
    unsigned count = 0;

    for (u64 at = rsp; at < rsp + SCANNED && count < room; at += 8) {
        unsigned call;

        if (!look_peek(v, CPU_VIRTUAL, at, &word, sizeof word))
            break;
        if (word - rip + (1ull << 30) >= 1ull << 31)
            continue;
        call = call_before(v, word);
        if (call)
            out[count++] = word - call;
    }
    return count;
}

unsigned look_calls(struct vcpu *v, u64 *out, unsigned room)
{
    unsigned count, scanned;
    bool sure;

    vcpu_saving(v);
    count = by_frames(v, out, room, &sure);
    if (sure || look_bits(v) != 64)
        return count;
    scanned = by_scan(v, out, room);
    return scanned ? scanned : by_frames(v, out, room, &sure);
}

/* ---- the dump ---- */

static void say(const struct ports *ports, const char *line)
{
    struct char_port *p = ports->diagnostics;

    if (p)
        p->ops->send(p, line, strlen(line));
}

enum { OUT_IMM8 = 0xe6, OUT_DX = 0xee }; /* of a byte; the next opcode is that of a word */

/* KVM's emulator is past an OUT when it tells of it, the processor is not. */
static u64 last_out(const struct vcpu *v)
{
    u64 pc = v->state.pc;
    u16 port = v->run->io.port;
    u8 b[3];

    if (!look_peek(v, CPU_VIRTUAL, pc - 2, b, 3) || (b[2] & ~1) == OUT_IMM8 ||
        (b[2] & ~1) == OUT_DX)
        return pc;
    if ((b[0] & ~1) == OUT_IMM8 && b[1] == port)
        return pc - 2;
    return (b[1] & ~1) == OUT_DX ? pc - 1 : pc;
}

u64 look_culprit(struct vcpu *v)
{
    const struct kvm_run *r = v->run;

    vcpu_saving(v);
    return r->exit_reason == KVM_EXIT_IO && r->io.direction == KVM_EXIT_IO_OUT ? last_out(v)
                                                                               : v->state.pc;
}

static void dump_code(struct vcpu *v, const struct ports *ports)
{
    u64 pc = look_culprit(v);
    char line[320], text[160];
    u8 bytes[X86_LONGEST];
    size_t len = fetch(v, pc, bytes), at;

    if (!len) {
        snprintf(line, sizeof line, "  %llx: no memory is mapped there\n", (unsigned long long)pc);
        say(ports, line);
        return;
    }
    at = look_disassemble(v, ports->decode, pc, text, sizeof text);
    len = at && at < len ? at : len;
    at = (size_t)snprintf(line, sizeof line, "  %llx:", (unsigned long long)pc);
    for (size_t i = 0; i < len; i++)
        at += (size_t)snprintf(line + at, sizeof line - at, " %02x", bytes[i]);
    snprintf(line + at, sizeof line - at, "  %s\n", text);
    say(ports, line);
}

static void dump_registers(const struct vcpu_state *s, const struct ports *ports)
{
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
            say(ports, line);
            at = 0;
        }
    }
}

/* AMD's processors leave a guest undefined after a triple fault, so KVM resets it. */
bool look_was_reset(struct vcpu *v)
{
    vcpu_saving(v);
    return v->state.cs.base == 0xffff0000 && v->state.rip == 0xfff0;
}

void look_dump(struct vcpu *v, const struct ports *ports)
{
    if (look_was_reset(v)) {
        say(ports, "  the processor has been reset by it: what the registers were is lost\n");
        return;
    }
    dump_code(v, ports);
    dump_registers(&v->state, ports);
}
