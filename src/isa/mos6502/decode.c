#include "isa/mos6502/decode.h"

enum {
#define X(name, length) length_##name = length,
    MOS6502_MODES(X)
#undef X
};

const struct mos6502_op mos6502_ops[256] = {
#define X(code, name, mode, access, cycles, page, official) \
    [code] = { #name, MOS6502_##mode, length_##mode, cycles, #access[0], page, official },
#include "isa/mos6502/ops.h"
};
