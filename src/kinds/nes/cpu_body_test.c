/* The instructions against a second 6502, written for this test from the literature and without a
 * look at cpu_body.h: it finds what an opcode is by its bits, and makes each bus access one by one
 * (64doc, the cycle tables of the instructions). Both run the same instruction from the same random
 * state; all 256 opcodes must make the same accesses in the same cycles, poll for interrupts in the
 * same ones, and leave the same registers and memory. */
#include "base/types.h"
#include "kinds/nes/mos6502.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ACCESSES = 16 };

struct access {
    u16 addr;
    u8 value;
    char what; /* R W */
    bool polled;
};

struct bench {
    struct mos6502 cpu;
    u8 mem[0x10000];
    struct access log[ACCESSES];
    unsigned count;
    bool poll, halted;
};

static u8 bench_access(struct bench *n, char what, u16 addr, u8 value)
{
    assert_true(n->count < ACCESSES);
    if (what == 'W')
        n->mem[addr] = value;
    else
        value = n->mem[addr];
    n->log[n->count++] = (struct access) { addr, value, what, n->poll };
    n->poll = false;
    return value;
}

/* ---- the body, with a bus that writes everything down ---- */

#define FETCH()    bench_access(n, 'R', pc++, 0)
#define RD(a)      bench_access(n, 'R', (u16)(a), 0)
#define WR(a, v)   bench_access(n, 'W', (u16)(a), (v))
#define RD_LAST(a) (n->poll = true, RD(a))
#define WR_LAST(a, v)    \
    do {                 \
        n->poll = true;  \
        WR((u16)(a), v); \
    } while (0)
#define RMW_CHECK(a)
#define POLL() n->poll = true
#define UNMASK()
#define HALTED() n->halted
#define VECTOR() 0xfffe
#define JAM()    cpu->jammed = true;

#include "kinds/nes/cpu_body.h"

static void body_step(struct bench *n) /* NOLINT(readability-function-size): opcode bodies */
{
    DECLARE_REGISTERS();

#include "kinds/nes/cpu_body_tail.h"

    goto *labels[FETCH()];
#define X(code, name, mode, access, cycles, page, official) \
    op_##code:                                              \
    {                                                       \
        RUN_##access##_##mode(name)                         \
    }                                                       \
    goto out;
#include "isa/mos6502/ops.h"
out:
    STORE_REGISTERS();
}

/* ---- the second one: what an opcode is, by its bits aaabbbcc ---- */

static const char *second_name(unsigned op)
{
    static const char one[8][4] = { "ORA", "AND", "EOR", "ADC", "STA", "LDA", "CMP", "SBC" };
    static const char two[8][4] = { "ASL", "ROL", "LSR", "ROR", "STX", "LDX", "DEC", "INC" };
    static const char three[8][4] = { "SLO", "RLA", "SRE", "RRA", "SAX", "LAX", "DCP", "ISC" };
    static const char three_imm[8][4] = { "ANC", "ANC", "ALR", "ARR", "ANE", "LXA", "SBX", "SBC" };
    static const char two_imp[16][4] = { "ASL", "ROL", "LSR", "ROR", "TXA", "TAX", "DEX", "NOP",
                                         "NOP", "NOP", "NOP", "NOP", "TXS", "TSX", "NOP", "NOP" };
    static const char zero_imp[16][4] = { "PHP", "PLP", "PHA", "PLA", "DEY", "TAY", "INY", "INX",
                                          "CLC", "SEC", "CLI", "SEI", "TYA", "CLV", "CLD", "SED" };
    static const char zero_imm[8][4] = { "BRK", "JSR", "RTI", "RTS", "NOP", "LDY", "CPY", "CPX" };
    static const char branch[8][4] = { "BPL", "BMI", "BVC", "BVS", "BCC", "BCS", "BNE", "BEQ" };
    static const char zero[8][4] = { "NOP", "BIT", "NOP", "NOP", "STY", "LDY", "CPY", "CPX" };
    unsigned aaa = op >> 5, bbb = op >> 2 & 7;

    switch (op) {
    case 0x4c:
    case 0x6c: return "JMP";
    case 0x89: return "NOP";
    case 0x93:
    case 0x9f: return "SHA";
    case 0x9b: return "TAS";
    case 0x9c: return "SHY";
    case 0x9e: return "SHX";
    case 0xbb: return "LAS";
    }
    switch (op & 3) {
    case 1: return one[aaa];
    case 3: return bbb == 2 ? three_imm[aaa] : three[aaa];
    case 2:
        if (bbb == 4 || (bbb == 0 && aaa < 4))
            return "JAM";
        if (bbb == 0)
            return aaa == 5 ? "LDX" : "NOP";
        return bbb == 2 || bbb == 6 ? two_imp[aaa + (bbb == 6 ? 8 : 0)] : two[aaa];
    default:
        if (bbb == 0)
            return zero_imm[aaa];
        if (bbb == 2 || bbb == 6)
            return zero_imp[aaa + (bbb == 6 ? 8 : 0)];
        if (bbb == 4)
            return branch[aaa];
        return bbb >= 5 && aaa != 4 && aaa != 5 ? "NOP" : zero[aaa];
    }
}

/* The letters of how the operand is found: # immediate, z zero page, a absolute, x y indexed by,
 * ( indirect, r relative, blank: none. */
static const char *second_mode(unsigned op)
{
    static const char odd[8][4] = { "(x", "z", "#", "a", "(y", "zx", "ay", "ax" };
    static const char even[8][4] = { "#", "z", " ", "a", "r", "zx", " ", "ax" };
    unsigned aaa = op >> 5, bbb = op >> 2 & 7;
    bool by_y = (op & 2) && (aaa == 4 || aaa == 5); /* those that move X */

    if (by_y && bbb == 5)
        return "zy";
    if (by_y && bbb == 7)
        return "ay";
    return op & 1 ? odd[bbb] : even[bbb];
}

static bool one_of(const char *name, const char *names)
{
    return strstr(names, name) != NULL;
}

/* ---- the second one at work ---- */

static u8 get(struct bench *n, u16 addr)
{
    return bench_access(n, 'R', addr, 0);
}

static void put(struct bench *n, u16 addr, u8 value)
{
    bench_access(n, 'W', addr, value);
}

static u8 next(struct bench *n)
{
    return get(n, n->cpu.pc++);
}

static void push(struct bench *n, u8 value)
{
    put(n, 0x100 + n->cpu.s--, value);
}

static u8 pull(struct bench *n)
{
    return get(n, 0x100 + ++n->cpu.s);
}

static void flag(struct bench *n, u8 which, bool on)
{
    n->cpu.p = (u8)((n->cpu.p & ~which) | (on ? which : 0));
}

static void sign(struct bench *n, u8 value)
{
    flag(n, FLAG_N, value > 127);
    flag(n, FLAG_Z, value == 0);
}

/* Bruce Clark, "Decimal Mode", appendix A: NMOS. V by its meaning, a sum that does not fit. */
static void second_adc(struct bench *n, u8 m)
{
    int a = n->cpu.a, carry = n->cpu.p & FLAG_C, sum = a + m + carry;
    int value = (s8)a + (s8)m + carry, low;

    if (!(n->cpu.p & FLAG_D) || !n->cpu.decimal) {
        flag(n, FLAG_V, value < -128 || value > 127);
        flag(n, FLAG_C, sum > 255);
        n->cpu.a = (u8)sum;
        sign(n, n->cpu.a);
        return;
    }
    low = a % 16 + m % 16 + carry;
    if (low >= 10)
        low = (low + 6) % 16 + 16;
    value = (s8)(a & 0xf0) + (s8)(m & 0xf0) + low;
    flag(n, FLAG_Z, (sum & 255) == 0);
    flag(n, FLAG_N, value & 128);
    flag(n, FLAG_V, value < -128 || value > 127);
    sum = (a & 0xf0) + (m & 0xf0) + low;
    if (sum >= 0xa0)
        sum += 0x60;
    flag(n, FLAG_C, sum >= 0x100);
    n->cpu.a = (u8)sum;
}

static void second_sbc(struct bench *n, u8 m)
{
    int a = n->cpu.a, borrow = !(n->cpu.p & FLAG_C), difference = a - m - borrow;
    int value = (s8)a - (s8)m - borrow, low;

    flag(n, FLAG_V, value < -128 || value > 127);
    flag(n, FLAG_C, difference >= 0);
    sign(n, (u8)difference);
    if ((n->cpu.p & FLAG_D) && n->cpu.decimal) {
        low = a % 16 - m % 16 - borrow;
        if (low < 0)
            low = ((low - 6) & 15) - 16;
        difference = (a & 0xf0) - (m & 0xf0) + low;
        if (difference < 0)
            difference -= 0x60;
    }
    n->cpu.a = (u8)difference;
}

static void second_compare(struct bench *n, u8 reg, u8 m)
{
    flag(n, FLAG_C, reg >= m);
    sign(n, (u8)(reg - m));
}

/* The rotations and counts; returns what is written back. */
static u8 second_modify(struct bench *n, const char *name, u8 m)
{
    unsigned carry = n->cpu.p & FLAG_C, v = m;

    if (one_of(name, "ASL SLO"))
        v = m * 2u;
    else if (one_of(name, "ROL RLA"))
        v = m * 2u + carry;
    else if (one_of(name, "LSR SRE"))
        v = m / 2u;
    else if (one_of(name, "ROR RRA"))
        v = m / 2u + 128 * carry;
    else if (one_of(name, "INC ISC"))
        v = m + 1u;
    else
        v = m + 255u;
    if (one_of(name, "ASL SLO ROL RLA"))
        flag(n, FLAG_C, m & 128);
    if (one_of(name, "LSR SRE ROR RRA"))
        flag(n, FLAG_C, m & 1);
    sign(n, (u8)v);
    return (u8)v;
}

static void second_arr(struct bench *n, u8 m)
{
    u8 both = n->cpu.a & m, carry = n->cpu.p & FLAG_C, r = (u8)(both / 2 + 128 * carry);

    sign(n, r);
    flag(n, FLAG_V, (r >> 6 ^ r >> 5) & 1);
    if (!(n->cpu.p & FLAG_D) || !n->cpu.decimal) {
        flag(n, FLAG_C, r & 0x40);
    } else {
        flag(n, FLAG_V, (both ^ r) & 0x40);
        if ((both & 15) + (both & 1) > 5)
            r = (u8)((r & 0xf0) + (r + 6) % 16);
        flag(n, FLAG_C, (both & 0xf0) + (both & 0x10) > 0x50);
        if (n->cpu.p & FLAG_C)
            r = (u8)(r + 0x60);
    }
    n->cpu.a = r;
}

static void second_logic(struct bench *n, const char *name, u8 m)
{
    struct mos6502 *c = &n->cpu;

    if (one_of(name, "ORA SLO"))
        c->a |= m;
    else if (one_of(name, "EOR SRE"))
        c->a ^= m;
    else if (!strcmp(name, "LAS"))
        c->a = c->x = c->s = m & c->s;
    else if (!strcmp(name, "ANE"))
        c->a = (u8)((c->a | c->magic_ane) & c->x & m);
    else if (!strcmp(name, "LXA"))
        c->a = c->x = (u8)((c->a | c->magic_ane) & m);
    else if (one_of(name, "LDA LAX"))
        c->a = m;
    else
        c->a &= m; /* AND RLA ANC ALR */
    if (!strcmp(name, "LAX"))
        c->x = m;
    if (!strcmp(name, "ANC"))
        flag(n, FLAG_C, c->a & 128);
    if (!strcmp(name, "ALR"))
        c->a = second_modify(n, "LSR", c->a);
    sign(n, c->a);
}

/* What an operand does to the registers. */
static void second_operate(struct bench *n, const char *name, u8 m)
{
    struct mos6502 *c = &n->cpu;
    u8 both = c->a & c->x;

    if (!strcmp(name, "NOP"))
        return;
    if (one_of(name, "ADC RRA"))
        second_adc(n, m);
    else if (one_of(name, "SBC ISC"))
        second_sbc(n, m);
    else if (one_of(name, "CMP DCP"))
        second_compare(n, c->a, m);
    else if (!strcmp(name, "CPX"))
        second_compare(n, c->x, m);
    else if (!strcmp(name, "CPY"))
        second_compare(n, c->y, m);
    else if (!strcmp(name, "SBX")) {
        second_compare(n, both, m);
        c->x = (u8)(both - m);
    } else if (!strcmp(name, "ARR"))
        second_arr(n, m);
    else if (!strcmp(name, "BIT")) {
        flag(n, FLAG_N, m & 128);
        flag(n, FLAG_V, m & 64);
        flag(n, FLAG_Z, !(c->a & m));
    } else if (!strcmp(name, "LDX"))
        sign(n, c->x = m);
    else if (!strcmp(name, "LDY"))
        sign(n, c->y = m);
    else
        second_logic(n, name, m);
}

/* Finds the operand's address. `sure` reads skip the cycle in which the high byte is set right when
 * it was right. *high is the high byte before the index. */
static u16 second_address(struct bench *n, const char *mode, bool sure, u8 *high, bool *crossed)
{
    u8 z, lo, hi, index = strchr(mode, 'x') ? n->cpu.x : strchr(mode, 'y') ? n->cpu.y : 0;

    *crossed = false;
    lo = next(n);
    if (*mode == 'z') {
        if (mode[1])
            get(n, lo);
        return (u8)(lo + index);
    }
    if (*mode == '(') {
        z = lo;
        if (mode[1] == 'x') {
            get(n, z);
            z = (u8)(z + index);
            index = 0;
        }
        lo = get(n, z);
        hi = get(n, (u8)(z + 1));
    } else {
        hi = next(n);
    }
    *high = hi;
    if (!strcmp(mode, "a") || !strcmp(mode, "(x"))
        return (u16)(hi * 256 + lo);
    *crossed = lo + index > 255;
    if (*crossed || !sure)
        get(n, (u16)(hi * 256 + (lo + index) % 256));
    return (u16)(hi * 256 + lo + index);
}

static void second_store(struct bench *n, const char *name, u16 addr, u8 high, bool crossed)
{
    struct mos6502 *c = &n->cpu;
    u8 v = !strcmp(name, "STA")   ? c->a
           : !strcmp(name, "STX") ? c->x
           : !strcmp(name, "STY") ? c->y
                                  : c->a & c->x;
    u8 both = c->a & (c->x | c->magic_sha), next_page = (u8)(high + 1);

    if (one_of(name, "SHA SHX SHY TAS")) {
        u8 reg = !strcmp(name, "SHY") ? c->y : c->x;

        if (!strcmp(name, "TAS"))
            c->s = c->a & c->x;
        v = one_of(name, "SHA TAS") ? both : reg;
        if (!n->halted)
            v &= next_page;
        if (crossed)
            addr = (u16)((reg & next_page) * 256 + addr % 256);
    }
    n->poll = true;
    put(n, addr, v);
}

static void second_implied(struct bench *n, const char *name)
{
    static const u8 flags[] = { FLAG_C, FLAG_I, FLAG_V, FLAG_D };
    struct mos6502 *c = &n->cpu;
    const char *which;

    n->poll = true;
    get(n, c->pc);
    if (one_of(name, "ASL ROL LSR ROR"))
        c->a = second_modify(n, name, c->a);
    else if (!strcmp(name, "TXS"))
        c->s = c->x;
    else if (!strcmp(name, "TXA"))
        sign(n, c->a = c->x);
    else if (!strcmp(name, "TYA"))
        sign(n, c->a = c->y);
    else if (!strcmp(name, "TAX"))
        sign(n, c->x = c->a);
    else if (!strcmp(name, "TAY"))
        sign(n, c->y = c->a);
    else if (!strcmp(name, "TSX"))
        sign(n, c->x = c->s);
    else if (one_of(name, "INX DEX"))
        sign(n, c->x = (u8)(c->x + (*name == 'I' ? 1 : 255)));
    else if (one_of(name, "INY DEY"))
        sign(n, c->y = (u8)(c->y + (*name == 'I' ? 1 : 255)));
    else if ((which = strchr("CIVD", name[2])) && one_of(name, "CLC SEC CLI SEI CLV CLD SED"))
        flag(n, flags[which - "CIVD"], *name == 'S');
}

static void second_branch(struct bench *n, const char *name)
{
    static const struct {
        char name[4];
        u8 flag;
        bool wanted;
    } on[] = { { "BPL", FLAG_N, 0 }, { "BMI", FLAG_N, 1 }, { "BVC", FLAG_V, 0 },
               { "BVS", FLAG_V, 1 }, { "BCC", FLAG_C, 0 }, { "BCS", FLAG_C, 1 },
               { "BNE", FLAG_Z, 0 }, { "BEQ", FLAG_Z, 1 } };
    struct mos6502 *c = &n->cpu;
    unsigned i = 0;
    u16 to;

    n->poll = true;
    to = (u16)(s8)next(n);
    to = (u16)(to + c->pc);
    while (strcmp(on[i].name, name) != 0)
        i++;
    if (!(c->p & on[i].flag) == on[i].wanted)
        return;
    get(n, c->pc);
    if (to >> 8 != c->pc >> 8) {
        n->poll = true;
        get(n, (u16)(c->pc / 256 * 256 + to % 256));
    }
    c->pc = to;
}

/* What jumps, and what uses the stack. */
static void second_flow(struct bench *n, const char *name, unsigned op)
{
    struct mos6502 *c = &n->cpu;
    u16 lo, at;

    if (!strcmp(name, "JMP")) {
        lo = next(n);
        n->poll = op == 0x4c;
        at = (u16)(next(n) * 256 + lo);
        if (op == 0x6c) { /* the pointer's high byte is not carried into */
            lo = get(n, at);
            n->poll = true;
            at = (u16)(get(n, (u16)(at / 256 * 256 + (at + 1) % 256)) * 256 + lo);
        }
        c->pc = at;
        return;
    }
    if (!strcmp(name, "JSR")) {
        lo = next(n);
        get(n, 0x100 + c->s);
        push(n, (u8)(c->pc / 256));
        push(n, (u8)c->pc);
        n->poll = true;
        c->pc = (u16)(get(n, c->pc) * 256 + lo);
        return;
    }
    get(n, c->pc);
    if (!strcmp(name, "BRK")) {
        c->pc++;
        push(n, (u8)(c->pc / 256));
        push(n, (u8)c->pc);
        push(n, c->p | FLAG_B | FLAG_U);
        flag(n, FLAG_I, true);
        lo = get(n, 0xfffe);
        c->pc = (u16)(get(n, 0xffff) * 256 + lo);
    } else if (*name == 'P' && name[1] == 'H') {
        n->poll = true;
        push(n, name[2] == 'A' ? c->a : c->p | FLAG_B | FLAG_U);
    } else {
        get(n, 0x100 + c->s);
        n->poll = *name == 'P';
        if (!strcmp(name, "PLA"))
            sign(n, c->a = pull(n));
        else if (strcmp(name, "RTS") != 0)
            c->p = (u8)((pull(n) & ~FLAG_B) | FLAG_U);
        if (*name == 'P')
            return;
        lo = pull(n);
        n->poll = name[2] == 'I';
        c->pc = (u16)(pull(n) * 256 + lo);
        if (name[2] == 'S') {
            n->poll = true;
            get(n, c->pc++);
        }
    }
}

static void second_step(struct bench *n)
{
    unsigned op = next(n);
    const char *name = second_name(op), *mode = second_mode(op);
    u8 high = 0, v;
    bool crossed;
    u16 at;

    if (!strcmp(name, "JAM")) {
        n->cpu.jammed = true;
    } else if (*mode == 'r') {
        second_branch(n, name);
    } else if (one_of(name, "BRK JSR RTI RTS JMP PHP PLP PHA PLA")) {
        second_flow(n, name, op);
    } else if (*mode == ' ') {
        second_implied(n, name);
    } else if (*mode == '#') {
        n->poll = true;
        second_operate(n, name, next(n));
    } else if (one_of(name, "STA STX STY SAX SHA SHX SHY TAS")) {
        at = second_address(n, mode, false, &high, &crossed);
        second_store(n, name, at, high, crossed);
    } else if (one_of(name, "ASL ROL LSR ROR INC DEC SLO RLA SRE RRA ISC DCP")) {
        at = second_address(n, mode, false, &high, &crossed);
        v = get(n, at);
        put(n, at, v);
        v = second_modify(n, name, v);
        n->poll = true;
        put(n, at, v);
        if ((op & 3) == 3)
            second_operate(n, name, v);
    } else {
        at = second_address(n, mode, true, &high, &crossed);
        n->poll = true;
        second_operate(n, name, get(n, at));
    }
}

/* ---- side by side ---- */

static u64 random_state = 0x6502;

static unsigned any(unsigned below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17; /* xorshift64 (Marsaglia) */
    return (unsigned)((random_state >> 32) % below);
}

static u8 any_byte(void)
{
    static const u8 edges[] = { 0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff };

    return any(4) ? (u8)any(256) : edges[any(ARRAY_SIZE(edges))];
}

static struct bench one, two;

static void fail_at(unsigned op, const char *what)
{
    print_message("opcode %02X: %s differs\n", op, what);
    for (unsigned i = 0; i < ACCESSES; i++) {
        const struct access *a = &one.log[i], *b = &two.log[i];

        if (i < one.count || i < two.count)
            print_message("  %c %04X %02X %s   %c %04X %02X %s\n", i < one.count ? a->what : '-',
                          a->addr, a->value, a->polled ? "poll" : "    ",
                          i < two.count ? b->what : '-', b->addr, b->value,
                          b->polled ? "poll" : "    ");
    }
    print_message("  A %02X %02X X %02X %02X Y %02X %02X S %02X %02X P %02X %02X PC %04X %04X\n",
                  one.cpu.a, two.cpu.a, one.cpu.x, two.cpu.x, one.cpu.y, two.cpu.y, one.cpu.s,
                  two.cpu.s, one.cpu.p, two.cpu.p, one.cpu.pc, two.cpu.pc);
    fail();
}

static void compare(unsigned op)
{
    const struct mos6502 *a = &one.cpu, *b = &two.cpu;

    if (one.count != two.count)
        fail_at(op, "the number of cycles");
    for (unsigned i = 0; i < one.count; i++)
        if (one.log[i].what != two.log[i].what || one.log[i].addr != two.log[i].addr ||
            one.log[i].value != two.log[i].value || one.log[i].polled != two.log[i].polled)
            fail_at(op, "an access");
    if (a->a != b->a || a->x != b->x || a->y != b->y || a->s != b->s || a->pc != b->pc)
        fail_at(op, "a register");
    if (a->p != b->p)
        fail_at(op, "P");
    if (a->jammed != b->jammed)
        fail_at(op, "what stops");
}

static void both_step(void)
{
    one.count = two.count = 0;
    one.poll = two.poll = false;
    two.halted = one.halted;
    two.cpu = one.cpu;
    body_step(&one);
    second_step(&two);
}

static void every_opcode_in_every_cycle(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 0x10000; i++)
        one.mem[i] = (u8)any(256);
    memcpy(two.mem, one.mem, sizeof one.mem);
    for (unsigned op = 0; op < 256; op++) {
        for (unsigned i = 0; i < 4000; i++) {
            struct mos6502 *c = &one.cpu;

            *c = (struct mos6502) { .a = any_byte(),
                                    .x = any_byte(),
                                    .y = any_byte(),
                                    .s = any_byte(),
                                    .p = (u8)(any(256) & ~FLAG_B) | FLAG_U,
                                    .pc = (u16)(any_byte() << 8 | any_byte()),
                                    .decimal = any(2),
                                    .magic_ane = any_byte(),
                                    .magic_sha = any_byte() };
            one.halted = any(2);
            one.mem[c->pc] = two.mem[c->pc] = (u8)op;
            if (any(2)) { /* operands of all kinds */
                u16 at = (u16)(c->pc + 1);

                one.mem[at] = two.mem[at] = any_byte();
            }
            both_step();
            compare(op);
        }
        assert_memory_equal(one.mem, two.mem, sizeof one.mem);
    }
}

/* All of A, operand, carry and D, with decimal mode built in and not. */
static void arithmetic(u8 op)
{
    for (unsigned i = 0; i < 1u << 19; i++) {
        one.cpu = (struct mos6502) { .a = (u8)i,
                                     .pc = 0x200,
                                     .p = FLAG_U | (i >> 16 & 1 ? FLAG_C : 0) |
                                          (i >> 17 & 1 ? FLAG_D : 0),
                                     .decimal = i >> 18 & 1 };
        one.mem[0x200] = two.mem[0x200] = op;
        one.mem[0x201] = two.mem[0x201] = (u8)(i >> 8);
        both_step();
        compare(op);
    }
}

static void all_additions(void **state)
{
    (void)state;
    arithmetic(0x69);
}

static void all_subtractions(void **state)
{
    (void)state;
    arithmetic(0xe9);
    arithmetic(0xeb);
}

static void all_arr(void **state)
{
    (void)state;
    arithmetic(0x6b);
}

/* Valid decimal numbers, against arithmetic as people do it. */
static void decimal_means_decimal(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100 * 100 * 2; i++) {
        unsigned a = i % 100, b = i / 100 % 100, carry = i / 10000, sum = a + b + carry;
        unsigned difference = 100 + a - b - !carry;

        for (unsigned subtract = 0; subtract < 2; subtract++) {
            unsigned wanted = subtract ? difference : sum;

            one.cpu = (struct mos6502) { .a = (u8)(a / 10 * 16 + a % 10),
                                         .pc = 0x200,
                                         .p = (u8)(FLAG_U | FLAG_D | carry),
                                         .decimal = true };
            one.mem[0x200] = subtract ? 0xe9 : 0x69;
            one.mem[0x201] = (u8)(b / 10 * 16 + b % 10);
            one.count = 0;
            body_step(&one);
            assert_int_equal(one.cpu.a, wanted % 100 / 10 * 16 + wanted % 10);
            assert_int_equal(one.cpu.p & FLAG_C, wanted / 100);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_opcode_in_every_cycle),
        cmocka_unit_test(all_additions),
        cmocka_unit_test(all_subtractions),
        cmocka_unit_test(all_arr),
        cmocka_unit_test(decimal_means_decimal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
