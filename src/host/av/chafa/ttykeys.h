/* From the bytes that a terminal sends to keys going down and up.
 *
 * A plain terminal tells of presses only, and repeats them while a key is held; so a key counts as
 * held for TAP_NS after its first press, and for HELD_NS after each repeat. Only the last key
 * repeats: an arrow that was repeating stays held while another key is pressed, until that stops.
 * One arrow ends another. A terminal that speaks the kitty keyboard protocol tells of releases, and
 * then nothing is guessed. */
#ifndef HOST_AV_CHAFA_TTYKEYS_H
#define HOST_AV_CHAFA_TTYKEYS_H

#include "host/av/keys.h"

enum {
    TAP_NS = 150000000,
    HELD_NS = 120000000,
    REPEAT_NS = 700000000, /* two presses within this are a repeat */
    ESCAPE_NS = 50000000,  /* a lone escape byte is the key after this */
    TTYKEYS_ROOM = 64,
};

struct ttykeys {
    /* What becomes of a key: down or up. */
    void (*change)(void *context, unsigned key, bool down);
    void (*interrupt)(void *context); /* control-C, or control-A and x */
    void *context;
    bool leaving;           /* control-A was the last key */
    bool releases;          /* the terminal speaks the kitty keyboard protocol */
    u8 bytes[TTYKEYS_ROOM]; /* of a sequence that is not complete */
    unsigned used;
    u64 fed_ns;              /* when its last byte came */
    u64 pressed[KEY_COUNT];  /* when last */
    u64 until[KEY_COUNT];    /* held until then; 0: not held; ~0: until its release */
    bool repeats[KEY_COUNT]; /* it was pressed again while held */
};

void ttykeys_feed(struct ttykeys *t, const void *bytes, unsigned len, u64 now_ns);
/* To be called every frame: lets go of keys whose time is over. */
void ttykeys_tick(struct ttykeys *t, u64 now_ns);

#endif
