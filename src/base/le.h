/* Numbers as files and images have them: little-endian, of one to eight bytes. */
#ifndef BASE_LE_H
#define BASE_LE_H

#include "base/types.h"

static inline void le_put(u8 *at, u64 v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (u8)(v >> 8 * i);
}

static inline u64 le_get(const u8 *at, unsigned bytes)
{
    u64 v = 0;

    for (unsigned i = 0; i < bytes; i++)
        v |= (u64)at[i] << 8 * i;
    return v;
}

#endif
