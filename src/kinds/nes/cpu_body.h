/* The 6502's instructions, cycle by cycle: a body that is compiled several times (mos6502.h).
 *
 * The file that includes it has defined what a cycle is, and what happens around it:
 *
 *   FETCH()         reads at pc, pc++
 *   RD(a)  WR(a,v)  one cycle that is not the instruction's last
 *   RD_LAST(a)  WR_LAST(a,v)  the last cycle: interrupts are polled just before its access
 *   RMW_CHECK(a)    before a read-modify-write touches its operand
 *   POLL()          an additional poll (taken branches)
 *   UNMASK()        before an instruction that may clear the I flag
 *   HALTED()        whether the preceding cycle was stretched by a DMA (SHA, SHX, SHY, TAS)
 *   VECTOR()        the address of the vector that BRK takes, after the push of P
 *   JAM()           after a JAM opcode
 *
 * Its function declares the registers (DECLARE_REGISTERS), includes cpu_body_tail.h for the labels,
 * and writes the dispatch: what is in front of an opcode's fetch, and what becomes of each line of
 * the opcode list, whose work is RUN_access_mode(name).
 *
 * In every build all bus accesses happen, in order: also those whose value nobody needs. N and Z
 * live in `nz` (Z: low byte 0, N: bit 7 or 15), C in `c`, the other flags in `p`.
 *
 * Behaviour of the unofficial opcodes follows "NMOS 6510 Unintended Opcodes" (groepaz). ANE and LXA
 * mix in a constant that differs from chip to chip (magic_ane). SHA, SHX, SHY and TAS store the
 * register AND the address's high byte + 1; with a page crossing the address's high byte is
 * replaced as well; when a DMA halts the CPU before the store, the AND drops out. */

#define PACK_P()                                                                   \
    ((u8)((p & (FLAG_V | FLAG_D | FLAG_I)) | FLAG_U | (nz & 0x8080 ? FLAG_N : 0) | \
          (nz & 0xff ? 0 : FLAG_Z) | c))
#define UNPACK_P(v)                                             \
    do {                                                        \
        u8 v_ = (v);                                            \
        p = v_ & (FLAG_V | FLAG_D | FLAG_I);                    \
        c = v_ & FLAG_C;                                        \
        nz = (u16)((v_ & FLAG_Z ? 0 : 1) | (v_ & FLAG_N) << 8); \
    } while (0)
#define PUSH(v) WR((u16)(0x100 | s--), v)
#define PULL()  RD((u16)(0x100 | ++s))
#define STACK() RD((u16)(0x100 | s)) /* the dummy read of pulls and JSR */

/* ---- addressing: each leaves the effective address in `ea`, all but the last cycle done ---- */
#define EA_zp_R ea = FETCH();
#define EA_zp_W ea = FETCH();
#define EA_zp_M ea = FETCH();
#define EA_ZPI(i) \
    ea = FETCH(); \
    RD(ea);       \
    ea = (u8)(ea + (i));
#define EA_zpx_R EA_ZPI(x)
#define EA_zpx_W EA_ZPI(x)
#define EA_zpx_M EA_ZPI(x)
#define EA_zpy_R EA_ZPI(y)
#define EA_zpy_W EA_ZPI(y)
#define EA_ABS    \
    ea = FETCH(); \
    ea |= (u16)(FETCH() << 8);
#define EA_abs_R EA_ABS
#define EA_abs_W EA_ABS
#define EA_abs_M EA_ABS
/* Indexed: the address with the unfixed high byte is read first; a read skips that when it was
 * right. `base` keeps the address before the index for the SHA family. */
#define INDEX_R(i)            \
    base = ea;                \
    ea = (u16)(ea + (i));     \
    if ((base ^ ea) & 0xff00) \
        RD((u16)((base & 0xff00) | (ea & 0xff)));
#define INDEX_W(i)        \
    base = ea;            \
    ea = (u16)(ea + (i)); \
    RD((u16)((base & 0xff00) | (ea & 0xff)));
#define EA_abx_R EA_ABS INDEX_R(x)
#define EA_abx_W EA_ABS INDEX_W(x)
#define EA_abx_M EA_ABS INDEX_W(x)
#define EA_aby_R EA_ABS INDEX_R(y)
#define EA_aby_W EA_ABS INDEX_W(y)
#define EA_aby_M EA_ABS INDEX_W(y)
#define EA_IZX       \
    t = FETCH();     \
    RD(t);           \
    t = (u8)(t + x); \
    ea = RD(t);      \
    ea |= (u16)(RD((u8)(t + 1)) << 8);
#define EA_izx_R EA_IZX
#define EA_izx_W EA_IZX
#define EA_izx_M EA_IZX
#define EA_IZY   \
    t = FETCH(); \
    ea = RD(t);  \
    ea |= (u16)(RD((u8)(t + 1)) << 8);
#define EA_izy_R EA_IZY INDEX_R(y)
#define EA_izy_W EA_IZY INDEX_W(y)
#define EA_izy_M EA_IZY INDEX_W(y)

/* ---- the last cycles, by kind of access ---- */
#define DO_R(name, mode)           \
    EA_##mode##_R v = RD_LAST(ea); \
    OP_##name
#define DO_RIMM(name) \
    v = RD_LAST(pc);  \
    pc++;             \
    OP_##name
#define DO_W(name, mode) EA_##mode##_W OP_##name WR_LAST(ea, v);
#define DO_M(name, mode)                    \
    EA_##mode##_M RMW_CHECK(ea) v = RD(ea); \
    WR(ea, v);                              \
    OP_##name WR_LAST(ea, v);
#define DO_I(name) \
    RD_LAST(pc);   \
    OP_##name
#define DO_IACC(name) \
    RD_LAST(pc);      \
    v = a;            \
    OP_##name a = v;

/* ---- algorithms ---- */
#define LOAD(r) nz = (r);
#define OP_LDA \
    a = v;     \
    LOAD(a)
#define OP_LDX \
    x = v;     \
    LOAD(x)
#define OP_LDY \
    y = v;     \
    LOAD(y)
#define OP_LAX \
    a = x = v; \
    LOAD(a)
#define OP_STA v = a;
#define OP_STX v = x;
#define OP_STY v = y;
#define OP_SAX v = a & x;
#define OP_AND \
    a &= v;    \
    LOAD(a)
#define OP_ORA \
    a |= v;    \
    LOAD(a)
#define OP_EOR \
    a ^= v;    \
    LOAD(a)
#define OP_BIT                             \
    nz = (u16)((a & v) | (v & 0x80) << 8); \
    p = (u8)((p & ~FLAG_V) | (v & FLAG_V));
#define COMPARE(r)     \
    t = (u16)((r)-v);  \
    c = !(t >> 8 & 1); \
    nz = (u8)t;
#define OP_CMP COMPARE(a)
#define OP_CPX COMPARE(x)
#define OP_CPY COMPARE(y)
#define ADD(w)                                                             \
    t = (u16)(a + (w) + c);                                                \
    p = (u8)((p & ~FLAG_V) | (((a ^ t) & ((w) ^ t) & 0x80) ? FLAG_V : 0)); \
    c = t >> 8 & 1;                                                        \
    a = (u8)t;                                                             \
    LOAD(a)
#define OP_ADC                                  \
    if (unlikely(p & FLAG_D) && cpu->decimal) { \
        DECIMAL_ADC()                           \
    } else {                                    \
        ADD(v)                                  \
    }
#define OP_SBC                                  \
    if (unlikely(p & FLAG_D) && cpu->decimal) { \
        DECIMAL_SBC()                           \
    } else {                                    \
        v = (u8)~v;                             \
        ADD(v)                                  \
    }
#define OP_ASL        \
    c = v >> 7;       \
    v = (u8)(v << 1); \
    LOAD(v)
#define OP_LSR \
    c = v & 1; \
    v >>= 1;   \
    LOAD(v)
#define OP_ROL             \
    t = (u16)(v << 1 | c); \
    c = t >> 8 & 1;        \
    v = (u8)t;             \
    LOAD(v)
#define OP_ROR             \
    t = (u16)(v | c << 8); \
    c = v & 1;             \
    v = (u8)(t >> 1);      \
    LOAD(v)
#define OP_INC \
    v++;       \
    LOAD(v)
#define OP_DEC \
    v--;       \
    LOAD(v)
#define OP_SLO     \
    OP_ASL a |= v; \
    LOAD(a)
#define OP_RLA     \
    OP_ROL a &= v; \
    LOAD(a)
#define OP_SRE     \
    OP_LSR a ^= v; \
    LOAD(a)
#define OP_RRA           \
    OP_ROR               \
    {                    \
        u8 keep = v;     \
        OP_ADC v = keep; \
    }
#define OP_DCP \
    v--;       \
    OP_CMP
#define OP_ISC           \
    v++;                 \
    {                    \
        u8 keep = v;     \
        OP_SBC v = keep; \
    }
#define OP_NOP
#define OP_ANC \
    a &= v;    \
    LOAD(a) c = a >> 7;
#define OP_ALR \
    a &= v;    \
    c = a & 1; \
    a >>= 1;   \
    LOAD(a)
#define OP_ARR                                                            \
    if (unlikely(p & FLAG_D) && cpu->decimal) {                           \
        DECIMAL_ARR()                                                     \
    } else {                                                              \
        a &= v;                                                           \
        a = (u8)(a >> 1 | c << 7);                                        \
        LOAD(a) c = a >> 6 & 1;                                           \
        p = (u8)((p & ~FLAG_V) | (((a >> 6 ^ a >> 5) & 1) ? FLAG_V : 0)); \
    }
#define OP_SBX              \
    t = (u16)((a & x) - v); \
    c = !(t >> 8 & 1);      \
    x = (u8)t;              \
    LOAD(x)
#define OP_ANE                              \
    a = (u8)((a | cpu->magic_ane) & x & v); \
    LOAD(a)
#define OP_LXA                              \
    a = x = (u8)((a | cpu->magic_ane) & v); \
    LOAD(a)
#define OP_LAS         \
    a = x = s = v & s; \
    LOAD(a)
/* Stores of value AND high byte + 1; r2 is what the address's high byte is ANDed with on a cross.
 */
#define STORE_HIGH(value, r2)                           \
    {                                                   \
        u8 h_ = (u8)((base >> 8) + 1);                  \
        v = (u8)((value) & (HALTED() ? 0xff : h_));     \
        if ((base ^ ea) & 0xff00)                       \
            ea = (u16)((ea & 0xff) | (h_ & (r2)) << 8); \
    }
#define OP_SHA STORE_HIGH(a &(x | cpu->magic_sha), x)
#define OP_TAS \
    s = a & x; \
    STORE_HIGH(a &(x | cpu->magic_sha), x)
#define OP_SHX STORE_HIGH(x, x)
#define OP_SHY STORE_HIGH(y, y)
#define OP_TAX \
    x = a;     \
    LOAD(x)
#define OP_TAY \
    y = a;     \
    LOAD(y)
#define OP_TXA \
    a = x;     \
    LOAD(a)
#define OP_TYA \
    a = y;     \
    LOAD(a)
#define OP_TSX \
    x = s;     \
    LOAD(x)
#define OP_TXS s = x;
#define OP_INX \
    x++;       \
    LOAD(x)
#define OP_INY \
    y++;       \
    LOAD(y)
#define OP_DEX \
    x--;       \
    LOAD(x)
#define OP_DEY \
    y--;       \
    LOAD(y)
#define OP_CLC c = 0;
#define OP_SEC c = 1;
#define OP_CLV p &= (u8)~FLAG_V;
#define OP_CLD p &= (u8)~FLAG_D;
#define OP_SED p |= FLAG_D;
#define OP_CLI p &= (u8)~FLAG_I;
#define OP_SEI p |= FLAG_I;

/* NMOS decimal mode: N, V and Z come from intermediate results (Bruce Clark, "Decimal Mode"). */
#define DECIMAL_ADC()                                                    \
    u8 lo_ = (u8)((a & 15) + (v & 15) + c), z_ = (u8)(a + v + c);        \
    if (lo_ > 9)                                                         \
        lo_ = (u8)(((lo_ + 6) & 15) + 16);                               \
    t = (u16)((a & 0xf0) + (v & 0xf0) + lo_);                            \
    p = (u8)((p & ~FLAG_V) | (((a ^ t) & (v ^ t) & 0x80) ? FLAG_V : 0)); \
    nz = (u16)((z_ ? 1 : 0) | (t & 0x80) << 8);                          \
    if (t > 0x9f)                                                        \
        t = (u16)(t + 0x60);                                             \
    c = t > 0xff;                                                        \
    a = (u8)t;
#define DECIMAL_SBC()                                                     \
    u8 a_ = a, w_ = v;                                                    \
    int lo_ = (a_ & 15) - (w_ & 15) - !c, r_ = (a_ & 0xf0) - (w_ & 0xf0); \
    v = (u8)~v;                                                           \
    ADD(v)                                                                \
    if (lo_ < 0)                                                          \
        lo_ = ((lo_ - 6) & 15) - 16;                                      \
    r_ += lo_;                                                            \
    if (r_ < 0)                                                           \
        r_ -= 0x60;                                                       \
    a = (u8)r_;
#define DECIMAL_ARR()                                             \
    u8 and_ = a & v;                                              \
    a = (u8)(and_ >> 1 | c << 7);                                 \
    LOAD(a)                                                       \
    p = (u8)((p & ~FLAG_V) | (((and_ ^ a) & 0x40) ? FLAG_V : 0)); \
    if ((and_ & 15) + (and_ & 1) > 5)                             \
        a = (u8)((a & 0xf0) | ((a + 6) & 15));                    \
    c = (and_ & 0xf0) + (and_ & 0x10) > 0x50;                     \
    if (c)                                                        \
        a = (u8)(a + 0x60);

/* A taken branch polls before its second cycle and, when it crosses a page, before its fourth; not
 * before its third: a branch within a page delays an interrupt by one instruction. */
#define BRANCH(cond)                                 \
    v = RD_LAST(pc);                                 \
    pc++;                                            \
    if (cond) {                                      \
        u16 to_ = (u16)(pc + (s8)v);                 \
        RD(pc);                                      \
        if ((to_ ^ pc) & 0xff00) {                   \
            POLL();                                  \
            RD((u16)((pc & 0xff00) | (to_ & 0xff))); \
        }                                            \
        pc = to_;                                    \
    }
#define FLOW_BPL BRANCH(!(nz & 0x8080))
#define FLOW_BMI BRANCH(nz & 0x8080)
#define FLOW_BVC BRANCH(!(p & FLAG_V))
#define FLOW_BVS BRANCH(p &FLAG_V)
#define FLOW_BCC BRANCH(!c)
#define FLOW_BCS BRANCH(c)
#define FLOW_BNE BRANCH(nz & 0xff)
#define FLOW_BEQ BRANCH(!(nz & 0xff))
#define FLOW_JMP_abs              \
    t = FETCH();                  \
    ea = (u16)(RD_LAST(pc) << 8); \
    pc = ea | t;
#define FLOW_JMP_ind   \
    EA_ABS t = RD(ea); \
    pc = (u16)(t | RD_LAST((u16)((ea & 0xff00) | ((ea + 1) & 0xff))) << 8);
#define FLOW_JSR                  \
    t = FETCH();                  \
    STACK();                      \
    PUSH((u8)(pc >> 8));          \
    PUSH((u8)pc);                 \
    ea = (u16)(RD_LAST(pc) << 8); \
    pc = ea | t;
#define FLOW_RTS             \
    RD(pc);                  \
    STACK();                 \
    t = PULL();              \
    t |= (u16)(PULL() << 8); \
    RD_LAST(t);              \
    pc = (u16)(t + 1);
#define FLOW_RTI \
    UNMASK();    \
    RD(pc);      \
    STACK();     \
    v = PULL();  \
    UNPACK_P(v); \
    t = PULL();  \
    s++;         \
    pc = (u16)(t | RD_LAST((u16)(0x100 | s)) << 8);
#define FLOW_PHA \
    RD(pc);      \
    WR_LAST((u16)(0x100 | s--), a);
#define FLOW_PHP \
    RD(pc);      \
    WR_LAST((u16)(0x100 | s--), (u8)(PACK_P() | FLAG_B));
#define FLOW_PLA                   \
    RD(pc);                        \
    STACK();                       \
    s++;                           \
    a = RD_LAST((u16)(0x100 | s)); \
    LOAD(a)
#define FLOW_PLP                   \
    UNMASK();                      \
    RD(pc);                        \
    STACK();                       \
    s++;                           \
    v = RD_LAST((u16)(0x100 | s)); \
    UNPACK_P(v);
#define FLOW_CLI \
    UNMASK();    \
    DO_I(CLI)
#define FLOW_BRK \
    RD(pc);      \
    pc++;        \
    SEQUENCE(FLAG_B)
#define FLOW_JAM JAM();

/* The second half of BRK, IRQ and NMI. The vector is chosen by what was seen before P is pushed:
 * an NMI that arrived by then takes over. No poll follows: the handler's first instruction always
 * executes. */
#define SEQUENCE(b)                         \
    PUSH((u8)(pc >> 8));                    \
    PUSH((u8)pc);                           \
    ea = VECTOR();                          \
    PUSH((u8)(PACK_P() | (b)));             \
    t = RD(ea);                             \
    pc = (u16)(t | RD((u16)(ea + 1)) << 8); \
    p |= FLAG_I;

#define DECLARE_REGISTERS()                                         \
    struct mos6502 *const cpu = &n->cpu;                            \
    u8 a = cpu->a, x = cpu->x, y = cpu->y, s = cpu->s, p, c, v = 0; \
    u16 pc = cpu->pc, nz, ea = 0, base = 0, t = 0;                  \
    UNPACK_P(cpu->p)
#define STORE_REGISTERS()  \
    do {                   \
        cpu->a = a;        \
        cpu->x = x;        \
        cpu->y = y;        \
        cpu->s = s;        \
        cpu->p = PACK_P(); \
        cpu->pc = pc;      \
    } while (0)
