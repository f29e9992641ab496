/* The 6502v's run loop, unobserved. */
#include "kinds/nes/c6502.h"

#include "kinds/nes/c6502_load.h"

u8 c6502_load(const struct c6502 *n, u16 addr)
{
    return load(n, addr);
}

void c6502_store(struct c6502 *n, u16 addr, u8 value)
{
    if (unlikely(n->observer.on))
        c6502_see_write(n, addr, value);
    store(n, addr, value);
}

#define CPU_LOOP           c6502_cpu
#define SAW_READ(n, a, v)  ((void)0)
#define SEE_WRITE(n, a, v) ((void)0)
#define SAW_VECTOR(n, a)   ((void)0)
#include "kinds/nes/c6502_cycles.h"
