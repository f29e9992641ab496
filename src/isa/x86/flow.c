#include "isa/x86/flow.h"

static bool is_prefix(u8 b, bool long_mode)
{
    switch (b) {
    case 0x26: /* segments */
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
    case 0x66: /* sizes of operand and address */
    case 0x67:
    case 0xf0: /* lock, repetition */
    case 0xf2:
    case 0xf3: return true;
    default: return long_mode && (b & 0xf0) == 0x40; /* REX */
    }
}

static enum flow group_ff(u8 modrm)
{
    switch (modrm >> 3 & 7) {
    case 2: /* near, far */
    case 3: return FLOW_CALL;
    case 4:
    case 5: return FLOW_JUMP;
    default: return FLOW_NEXT;
    }
}

enum flow x86_flow(const u8 *bytes, size_t len, bool long_mode)
{
    size_t at = 0;
    u8 op, next;

    while (at < len && at < X86_LONGEST && is_prefix(bytes[at], long_mode))
        at++;
    if (at >= len)
        return FLOW_NEXT;
    op = bytes[at];
    next = at + 1 < len ? bytes[at + 1] : 0;
    switch (op) {
    case 0x9a: /* far, relative, INT3, INT n, INTO: all come back */
    case 0xe8:
    case 0xcc:
    case 0xcd:
    case 0xce: return FLOW_CALL;
    case 0xc2: /* near, far, from an interrupt */
    case 0xc3:
    case 0xca:
    case 0xcb:
    case 0xcf: return FLOW_RETURN;
    case 0xe0: /* LOOPNE LOOPE LOOP JCXZ */
    case 0xe1:
    case 0xe2:
    case 0xe3:
    case 0xe9: /* JMP */
    case 0xea:
    case 0xeb: return FLOW_JUMP;
    case 0xff: return group_ff(next);
    case 0x0f: return (next & 0xf0) == 0x80 ? FLOW_JUMP : FLOW_NEXT; /* Jcc, near */
    default: return (op & 0xf0) == 0x70 ? FLOW_JUMP : FLOW_NEXT;     /* Jcc, short */
    }
}

/* How many bytes follow the opcode of `FF /2`, by its ModRM byte, addresses being 32 or 64 bits. */
static unsigned modrm_bytes(u8 modrm)
{
    unsigned mod = modrm >> 6, rm = modrm & 7, bytes = 1 + (mod != 3 && rm == 4);

    if (mod == 1)
        return bytes + 1;
    return mod == 2 || (mod == 0 && rm == 5) ? bytes + 4 : bytes;
}

unsigned x86_call_before(const u8 *before, size_t len)
{
    if (len >= 5 && before[len - 5] == 0xe8)
        return 5;
    for (unsigned n = 2; n <= 7 && n <= len; n++) {
        const u8 *at = before + len - n;

        if (at[0] == 0xff && (at[1] >> 3 & 7) == 2 && 1 + modrm_bytes(at[1]) == n)
            return n;
    }
    if (len >= 3 && before[len - 3] == 0xe8) /* 16 bits */
        return 3;
    return 0;
}
