/* The plain run loop: no DMA, no interrupt, no deadline can come within the instruction, so only
 * its last access may leave plain memory. What cannot be done here (code in I/O space, dummy
 * accesses to registers, opcodes that unmask a waiting interrupt) is left to the exact loop: the
 * instruction is taken back to its start, before anything it did can be seen. */
#include "kinds/nes/nes.h"

#define PAGE(table, a) n->pages.table[(u16)(a) >> CPU_PAGE_SHIFT]
#define IN_PAGE(a)     ((a) & ((1 << CPU_PAGE_SHIFT) - 1))

#define FETCH()                           \
    __extension__({                       \
        const u8 *page_ = PAGE(read, pc); \
        if (unlikely(!page_))             \
            goto bail;                    \
        clk++;                            \
        db = page_[IN_PAGE(pc)];          \
        pc++;                             \
        db;                               \
    })
#define RD(a)                             \
    __extension__({                       \
        u16 a_ = (u16)(a);                \
        const u8 *page_ = PAGE(read, a_); \
        if (unlikely(!page_))             \
            goto bail;                    \
        clk++;                            \
        db = page_[IN_PAGE(a_)];          \
    })
#define RD_LAST(a)                        \
    __extension__({                       \
        u16 a_ = (u16)(a);                \
        const u8 *page_ = PAGE(read, a_); \
        if (likely(page_ != NULL)) {      \
            db = page_[IN_PAGE(a_)];      \
        } else {                          \
            cpu->bus = cpu->latch = db;   \
            db = nes_read(n, a_, clk);    \
            cpu->latch = db;              \
        }                                 \
        clk++;                            \
        db;                               \
    })
/* Only after RMW_CHECK, or to the stack. */
#define WR(a, v)                                 \
    do {                                         \
        u16 w_ = (u16)(a);                       \
        PAGE(write, w_)[IN_PAGE(w_)] = db = (v); \
        clk++;                                   \
    } while (0)
#define WR_LAST(a, v)                          \
    do {                                       \
        u16 w_ = (u16)(a);                     \
        u8 *page_ = PAGE(write, w_), b_ = (v); \
        if (likely(page_ != NULL)) {           \
            page_[IN_PAGE(w_)] = b_;           \
        } else {                               \
            cpu->bus = cpu->latch = db;        \
            nes_write(n, w_, b_, clk);         \
        }                                      \
        db = b_;                               \
        clk++;                                 \
    } while (0)
#define RMW_CHECK(a)                                 \
    if (unlikely(!PAGE(read, a) || !PAGE(write, a))) \
        goto bail;
#define POLL()
#define HALTED() false
#define UNMASK()            \
    if (unlikely(cpu->irq)) \
        goto bail;
#define VECTOR() 0xfffe
#define JAM()    goto bail

#include "kinds/nes/cpu_body.h"

void cpu_fast(struct nes *n) /* NOLINT(readability-function-size): opcode bodies */
{
    DECLARE_REGISTERS();
    u64 clk = cpu->clk, start_clk;
    u16 start_pc;
    u8 db = cpu->bus, start_db, start_s;

#include "kinds/nes/cpu_body_tail.h"

#define NEXT()                              \
    do {                                    \
        if (unlikely(clk >= n->fast_limit)) \
            goto out;                       \
        start_pc = pc;                      \
        start_clk = clk;                    \
        start_db = db;                      \
        start_s = s;                        \
        goto *labels[FETCH()];              \
    } while (0)

    NEXT();
#define X(code, name, mode, access, cycles, page, official) \
    op_##code : { RUN_##access##_##mode(name) } NEXT();
#include "isa/mos6502/ops.h"

bail:
    n->bailed = true;
    pc = start_pc;
    clk = start_clk;
    db = start_db;
    s = start_s;
out:
    STORE_REGISTERS();
    cpu->clk = clk;
    cpu->bus = cpu->latch = db;
    cpu->interrupt = false;
}
