#ifndef ISA_MOS6502_DISASM_H
#define ISA_MOS6502_DISASM_H

#include "base/types.h"

/* One instruction at pc as text: "LDA #$01", "STA $2000,X", a branch with its target; '*' in front
 * of what MOS did not document. Returns its length in bytes. */
size_t mos6502_disasm(const u8 bytes[3], u16 pc, char *out, size_t room);

#endif
