/* The 6502's registers, and the pieces which the run loops share.
 *
 * The instructions are written once, in cpu_body.h, and compiled once per board and purpose:
 *
 *   console, plain     cpu_fast.c    no cycle of these instructions can see a DMA or an interrupt
 *   console, exact     cpu_exact.c   every cycle: DMA, deadlines, interrupt lines
 *   console, observed  cpu_observed.c  the same, and tells of each access
 *   6502v              c6502_cpu.c   plain memory and VMCALL
 *   6502v, observed    c6502_observed.c
 */
#ifndef NES_MOS6502_H
#define NES_MOS6502_H

#include "mach/machine.h"

enum mos6502_flag {
    FLAG_C = 0x01,
    FLAG_Z = 0x02,
    FLAG_I = 0x04,
    FLAG_D = 0x08,
    FLAG_B = 0x10,
    FLAG_U = 0x20, /* always reads 1 */
    FLAG_V = 0x40,
    FLAG_N = 0x80,
};

/* The last cycle there is, thousands of years from power-on: no sum of times overflows. */
#define CLK_MAX (1ll << 58)
/* Where every run ends, so that none passes CLK_MAX: an instruction, with all that may hold it up,
 * takes less than what is left. */
#define CLK_END (CLK_MAX - (1 << 20))

/* clang-format off */
#define MOS6502(F, A, E, G, H)                                                                 \
    F(STATE, u8, a, "accumulator")                                                             \
    F(STATE, u8, x, "index X")                                                                 \
    F(STATE, u8, y, "index Y")                                                                 \
    F(STATE, u8, s, "stack pointer")                                                           \
    F(STATE, u8, p, "flags N V 1 B D I Z C")                                                   \
    F(STATE, u16, pc, "program counter")                                                       \
    F(STATE, u8, bus, "the last byte on the data bus outside the CPU")                         \
    F(STATE, u8, latch, "the last byte on the data bus inside the CPU")                        \
    F(STATE, u64, clk, "cycles since power-on", 0, CLK_MAX)                                    \
    F(STATE, u8, irq, "interrupt lines, a bit per source")                                     \
    F(STATE, bool, nmi_line, "the NMI input as last sampled")                                  \
    F(STATE, bool, nmi_pending, "an NMI edge waits")                                           \
    F(STATE, bool, interrupt, "the last poll found an interrupt: next comes its sequence")     \
    F(STATE, bool, jammed, "a JAM opcode stopped the CPU")                                     \
    F(CONFIG, bool, decimal, "decimal mode works (off on the 2A03)")                           \
    F(CONFIG, u8, magic_ane, "the constant of ANE and LXA: differs from chip to chip")         \
    F(CONFIG, u8, magic_sha, "the constant of SHA and TAS: differs from chip to chip")         \
    F(CONFIG, u16, start, "start here instead of at the reset vector; 0: the vector")
/* clang-format on */

struct mos6502 {
    FIELD_MEMBERS(MOS6502)
};

const struct fields *mos6502_fields(void);
enum flow mos6502_flow(u8 opcode);

#endif
