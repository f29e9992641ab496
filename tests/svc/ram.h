/* A kind of machine that is nothing but memory, of any size, and writes into it: for services that
 * must be shown large machines. Its writes are tracked. */
#ifndef TESTS_SVC_RAM_H
#define TESTS_SVC_RAM_H

#include "mach/recipe.h"

/* Every tick it writes eight bytes at a random place of the first `span` bytes of "memory". */
#define RAM(F, A, E, G, H)                                 \
    F(CONFIG, u64, bytes, "of memory")                     \
    F(STATE, u64, span, "where it writes, from the start") \
    F(STATE, u64, chance, "the state of its generator")    \
    A(STATE, u8, generation, GENERATION_BYTES, "which copy it is; zeros: the first")

struct ram {
    FIELD_MEMBERS(RAM)
    struct machine machine;
    struct space memory, registers; /* registers: small, and untracked */
    struct event alarm;             /* once in a million ticks */
};

extern const struct kind ram_kind;

/* A machine with that much memory, and its recipe. */
int ram_create(u64 bytes, struct machine **out, struct recipe *recipe, struct err *e);
/* Another one, from a recipe. */
int ram_again(const struct recipe *recipe, struct machine **out, struct err *e);
static inline struct ram *ram_of(struct machine *m)
{
    return container_of(m, struct ram, machine);
}

#endif
