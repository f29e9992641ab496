#include "isa/mos6502/disasm.h"

#include "isa/mos6502/decode.h"

#include <stdio.h>

size_t mos6502_disasm(const u8 bytes[3], u16 pc, char *out, size_t room)
{
    static const char *const forms[MOS6502_MODE_COUNT] = {
        [MOS6502_imp] = "%s%s",           [MOS6502_acc] = "%s%s A",
        [MOS6502_imm] = "%s%s #$%02X",    [MOS6502_zp] = "%s%s $%02X",
        [MOS6502_zpx] = "%s%s $%02X,X",   [MOS6502_zpy] = "%s%s $%02X,Y",
        [MOS6502_abs] = "%s%s $%04X",     [MOS6502_abx] = "%s%s $%04X,X",
        [MOS6502_aby] = "%s%s $%04X,Y",   [MOS6502_ind] = "%s%s ($%04X)",
        [MOS6502_izx] = "%s%s ($%02X,X)", [MOS6502_izy] = "%s%s ($%02X),Y",
        [MOS6502_rel] = "%s%s $%04X",
    };
    const struct mos6502_op *op = &mos6502_ops[bytes[0]];
    unsigned operand = op->length == 3 ? (unsigned)(bytes[1] | bytes[2] << 8) : bytes[1];

    if (op->mode == MOS6502_rel)
        operand = (u16)(pc + 2 + (s8)bytes[1]);
    snprintf(out, room, forms[op->mode], op->official ? "" : "*", op->name, operand);
    return op->length;
}
