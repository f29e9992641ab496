/* What the opcode list says, as data. */
#ifndef ISA_MOS6502_DECODE_H
#define ISA_MOS6502_DECODE_H

#include "base/types.h"

/* Addressing modes and the lengths of their instructions. */
/* clang-format off */
#define MOS6502_MODES(X)                                    \
    X(imp, 1) X(acc, 1) X(imm, 2) X(zp, 2)  X(zpx, 2)       \
    X(zpy, 2) X(abs, 3) X(abx, 3) X(aby, 3) X(ind, 3)       \
    X(izx, 2) X(izy, 2) X(rel, 2)
/* clang-format on */

enum mos6502_mode {
#define X(name, length) MOS6502_##name,
    MOS6502_MODES(X)
#undef X
        MOS6502_MODE_COUNT
};

struct mos6502_op {
    char name[4];
    u8 mode, length, cycles;
    char access; /* I R W M J, see ops.h */
    bool page_cost, official;
};

extern const struct mos6502_op mos6502_ops[256];

#endif
