/* What an access of the 6502v's finds. */
#ifndef NES_C6502_LOAD_H
#define NES_C6502_LOAD_H

#include "kinds/nes/c6502.h"

static inline u8 load(const struct c6502 *n, u16 addr)
{
    const u8 *page = n->pages.read[addr >> CPU_PAGE_SHIFT];

    return page ? page[addr & ((1 << CPU_PAGE_SHIFT) - 1)] : n->cpu.bus;
}

static inline void store(struct c6502 *n, u16 addr, u8 value)
{
    u8 *page = n->pages.write[addr >> CPU_PAGE_SHIFT];

    if (page)
        page[addr & ((1 << CPU_PAGE_SHIFT) - 1)] = value;
}

#endif
