/* The board `c6502`: the 6502v, a 6502 with a paravirtual call (docs/formats/6502v.md). */
#ifndef NES_C6502_H
#define NES_C6502_H

#include "kinds/nes/cart.h"
#include "kinds/nes/mos6502.h"
#include "mach/machine.h"

#define C6502_BOARD "c6502"

#define C6502(F, A, E, G, H)                                              \
    F(STATE, bool, ended, "the program has ended; what follows says how") \
    F(STATE, u8, why, "as run() said it")                                 \
    F(STATE, s32, status, "exit status")

struct c6502 {
    FIELD_MEMBERS(C6502)
    struct machine machine;
    struct mos6502 cpu;
    struct cpu_pages pages; /* NULL: the I/O window */
    struct space ram, rom;
    struct component cpu_node;
    struct cpu cpu_handle;
    char **argv; /* the guest's arguments, copied */
    unsigned argc;
    char text[160]; /* of stop_info */
    u64 fault_pc;
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

/* c6502_cpu.c: runs until `until`, a kick, or the program's end. */
void c6502_cpu(struct c6502 *n);

/* c6502_calls.c: VMCALL nr; A and X are in n->cpu, and hold the result. */
void c6502_call(struct c6502 *n, u8 nr);

u8 c6502_load(const struct c6502 *n, u16 addr);
void c6502_store(struct c6502 *n, u16 addr, u8 value); /* ROM and I/O swallow it */

/* The program ends; `pc` is the instruction to blame. */
void c6502_end(struct c6502 *n, enum stop why, int status, u16 pc, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
