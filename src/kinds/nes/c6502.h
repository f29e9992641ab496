/* The board `c6502`: the 6502v, a 6502 with a paravirtual call (docs/formats/6502v.md). */
#ifndef NES_C6502_H
#define NES_C6502_H

#include "mach/machine.h"

#define C6502_BOARD "c6502"

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

#endif
