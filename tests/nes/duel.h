/* Both paths of the console against each other: a cartridge is run once with the exact loops alone
 * and once as usual. Every picture, all sound, all fields and all memories must be equal after each
 * frame. */
#ifndef TESTS_NES_DUEL_H
#define TESTS_NES_DUEL_H

#include "tests/mach/bench.h"

struct duel {
    const char *name; /* of the cartridge, for messages */
    const u8 *image;
    size_t len;
    const char *region; /* NULL: as the cartridge says */
    u64 seed;           /* of whatever is left to chance */
    bool pieces;        /* the usual machine gets each frame in pieces */
    /* What a person does at a frame's start: b->held, the reset button. It depends on frame, seed
     * and machine alone, because a difference is looked for by running again. */
    void (*begin)(const struct duel *d, struct bench *b, unsigned frame);
};

/* Whether the two differ within so many frames. Then it prints the name, the frame, the first cycle
 * after which the states differ, and what differs there, the exact machine's value first. Exits
 * when there is no such machine. */
bool duel_differs(const struct duel *d, unsigned frames);

#endif
