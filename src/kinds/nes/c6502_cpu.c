/* The 6502v's run loop: no devices, no interrupts but BRK, one opcode more and all unofficial ones
 * less. */
#include "kinds/nes/c6502.h"

static inline u8 load(const struct c6502 *n, u16 addr)
{
    const u8 *page = n->pages.read[addr >> CPU_PAGE_SHIFT];

    return page ? page[addr & ((1 << CPU_PAGE_SHIFT) - 1)] : n->cpu.bus;
}

static inline void store(struct c6502 *n, u16 addr, u8 value)
{
    u8 *page = n->pages.write[addr >> CPU_PAGE_SHIFT];

    if (page)
        page[addr & ((1 << CPU_PAGE_SHIFT) - 1)] = value;
}

u8 c6502_load(const struct c6502 *n, u16 addr)
{
    return load(n, addr);
}

void c6502_store(struct c6502 *n, u16 addr, u8 value)
{
    store(n, addr, value);
}

#define RD(a) (cpu->clk++, cpu->bus = load(n, (u16)(a)))
#define WR(a, v)                      \
    do {                              \
        u16 w_ = (u16)(a);            \
        store(n, w_, cpu->bus = (v)); \
        cpu->clk++;                   \
    } while (0)
#define FETCH()       RD(pc++)
#define RD_LAST(a)    RD(a)
#define WR_LAST(a, v) WR(a, v)
#define RMW_CHECK(a)
#define POLL()
#define UNMASK()
#define HALTED() false
#define VECTOR() 0xfffe
#define JAM()

#include "kinds/nes/cpu_body.h"

void c6502_cpu(struct c6502 *n) /* NOLINT(readability-function-size): opcode bodies */
{
    DECLARE_REGISTERS();
    u16 start;

#include "kinds/nes/cpu_body_tail.h"

next:
    if (cpu->clk >= n->until || __atomic_load_n(&n->kicked, __ATOMIC_RELAXED)) {
        STORE_REGISTERS();
        return;
    }
    start = pc;
    goto *labels[FETCH()];
#define X(code, name, mode, access, cycles, page, official) \
    op_##code : if (code == C6502_VMCALL) goto vmcall;      \
    if (!(official))                                        \
        goto unofficial;                                    \
    {                                                       \
        RUN_##access##_##mode(name)                         \
    }                                                       \
    goto next;
#include "isa/mos6502/ops.h"

vmcall:
    v = FETCH();
    STORE_REGISTERS();
    if (!c6502_call(n, v))
        return;
    a = cpu->a;
    x = cpu->x;
    pc = cpu->pc;
    goto next;

unofficial:
    pc = start;
    STORE_REGISTERS();
    n->end = C6502_ILLEGAL;
}
