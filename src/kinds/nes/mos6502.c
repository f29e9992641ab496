#include "kinds/nes/mos6502.h"

FIELD_TABLE(mos6502, 1, MOS6502)

enum flow mos6502_flow(u8 opcode)
{
    switch (opcode) {
    case 0x20: return FLOW_CALL;   /* JSR */
    case 0x40:                     /* RTI */
    case 0x60: return FLOW_RETURN; /* RTS */
    case 0x4c:                     /* JMP */
    case 0x6c: return FLOW_JUMP;   /* JMP () */
    default: return FLOW_NEXT;
    }
}
