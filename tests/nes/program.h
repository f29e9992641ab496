/* Random NES cartridges: a valid program that works the chips hard, from a seed.
 *
 * The program is 8 KiB of code which every bank of the ROM holds, so it runs whatever the board
 * maps where, and register writes of the board may be random too. It fills memories, then loops
 * over actions at random times: writes and reads of $2000-$2007 by every kind of instruction,
 * scroll and address pairs, $2001 and $2000 switched in mid-frame, sprite-0 and blank polls, OAM
 * DMA from any page, sound with DMC, controllers, the board's registers and IRQ, NMI on and off,
 * undocumented opcodes, code in RAM. */
#ifndef TESTS_NES_PROGRAM_H
#define TESTS_NES_PROGRAM_H

#include "base/types.h"

enum { PROGRAM_ROOM = 16 + 0x10000 + 0x8000 };

/* The NES 2.0 file, its length returned; `title` says what it is in a few words. The same seed
 * makes the same bytes everywhere. `mapper` below 0 lets the seed choose the board. */
size_t program_make(u64 seed, int mapper, u8 out[PROGRAM_ROOM], char title[64]);

/* xorshift64* (Vigna), the tests' source of chance: never 0 as state. */
static inline u64 chance(u64 *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du >> 16;
}
static inline unsigned below(u64 *state, unsigned n)
{
    return (unsigned)(chance(state) % n);
}
static inline bool percent(u64 *state, unsigned p)
{
    return below(state, 100) < p;
}
static inline u64 chance_from(u64 seed)
{
    u64 s = (seed + 1) * 0x9e3779b97f4a7c15u;

    return s ? s : 1;
}

#endif
