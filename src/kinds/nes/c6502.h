/* The board `c6502`: the 6502v, a 6502 with a paravirtual call (docs/formats/6502v.md). */
#ifndef NES_C6502_H
#define NES_C6502_H

#include "kinds/nes/cart.h"
#include "kinds/nes/mos6502.h"
#include "mach/machine.h"

#define C6502_BOARD  "c6502"
#define C6502_VMCALL 0x80 /* the opcode; one byte follows, which call */

/* How the program ended; what run() says of it is made from this and the CPU's registers. */
enum c6502_end {
    C6502_RUNS,
    C6502_EXIT,    /* status: A */
    C6502_DUMP,    /* status 0 */
    C6502_ILLEGAL, /* PC stands on the opcode */
    C6502_UNKNOWN, /* PC stands on the VMCALL */
};

/* The arguments and their pointers must fit on cc65's parameter stack, $0200-$0EFF. */
#define C6502_ARGUMENT_BYTES 3072

#define C6502(F, A, E, G, H)                                                              \
    E(STATE, end, "runs exit dump illegal unknown", "how the program ended")              \
    F(STATE, u16, argc, "number of the guest's arguments")                                \
    F(STATE, u16, argument_bytes, "bytes of `arguments` in use", 0, C6502_ARGUMENT_BYTES) \
    A(STATE, u8, arguments, C6502_ARGUMENT_BYTES, "the arguments, each with its NUL")

struct c6502 {
    FIELD_MEMBERS(C6502)
    struct machine machine;
    struct mos6502 cpu;
    struct cpu_pages pages; /* NULL: the I/O window */
    struct space ram, rom;
    struct component cpu_node;
    struct cpu cpu_handle;
    u64 until;
    int kicked; /* atomic */
};

const struct fields *c6502_fields(void);

bool c6502_accepts(const u8 *image, size_t bytes, const char **what);
int c6502_create(const struct kind *k, const struct config *c, const struct ports *p,
                 struct machine **out, struct err *e);
void c6502_destroy(struct machine *m);
enum stop c6502_run(struct machine *m, u64 until, struct stop_info *info);
void c6502_kick(struct machine *m);
enum stop c6502_step(struct machine *m, struct cpu *c, struct stop_info *info);
bool c6502_peek(struct cpu *c, enum cpu_space s, u64 addr, void *out, size_t len);
bool c6502_poke(struct cpu *c, enum cpu_space s, u64 addr, const void *in, size_t len);
int c6502_describe(const struct config *c, struct image_info *out, struct err *e);

size_t c6502_disassemble(struct cpu *c, u64 addr, char *text, size_t room);

/* c6502_cpu.c: runs until `until`, a kick, the program's end, or a READ that has to wait. */
void c6502_cpu(struct c6502 *n);

/* c6502_calls.c: VMCALL nr; PC is behind it, A and X are in n->cpu, and hold the result. False: the
 * machine stops here, since the program has ended or because READ finds no input yet; that one is
 * as if it had not been executed. */
bool c6502_call(struct c6502 *n, u8 nr);

u8 c6502_load(const struct c6502 *n, u16 addr);
void c6502_store(struct c6502 *n, u16 addr, u8 value); /* ROM and I/O swallow it */

#endif
