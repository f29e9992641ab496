/* The 6502v's run loop: no devices, no interrupts but BRK and a debugger's, one opcode more and all
 * unofficial ones less. A body that is compiled twice: c6502_cpu.c, and c6502_observed.c which
 * tells what happens.
 *
 * The file that includes it has defined CPU_LOOP, the function's name; SAW_READ(n, a, v) and
 * SEE_WRITE(n, a, v), after a read and before a write; SAW_VECTOR(n, a), when BRK or an interrupt
 * takes its vector. */
#define RD(a)                      \
    __extension__({                \
        u16 a_ = (u16)(a);         \
        cpu->bus = load(n, a_);    \
        SAW_READ(n, a_, cpu->bus); \
        cpu->clk++;                \
        cpu->bus;                  \
    })
#define WR(a, v)                    \
    do {                            \
        u16 w_ = (u16)(a);          \
        cpu->bus = (v);             \
        SEE_WRITE(n, w_, cpu->bus); \
        store(n, w_, cpu->bus);     \
        cpu->clk++;                 \
    } while (0)
#define FETCH()       RD(pc++)
#define RD_LAST(a)    RD(a)
#define WR_LAST(a, v) WR(a, v)
#define RMW_CHECK(a)
#define POLL()
#define UNMASK()
#define HALTED() false
#define VECTOR()                           \
    __extension__({                        \
        u16 v_ = n->nmi ? 0xfffa : 0xfffe; \
        SAW_VECTOR(n, v_);                 \
        v_;                                \
    })
#define JAM()

#include "kinds/nes/cpu_body.h"

void CPU_LOOP(struct c6502 *n) /* NOLINT(readability-function-size): opcode bodies */
{
    DECLARE_REGISTERS();
    u16 start;

#include "kinds/nes/cpu_body_tail.h"

    if (unlikely(n->interrupt)) {
        n->interrupt = false;
        RD(pc);
        RD(pc);
        SEQUENCE(0)
        n->nmi = false;
    }
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
