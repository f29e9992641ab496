/* Checkpoints: a machine's images in order of time, packed, within a bound of memory.
 *
 * Now and then one is a key: packed alone. The others are what differs from the key before them. So
 * any one is unpacked in two steps at most, and any that is no key, or a key with no others left,
 * can be given up without touching the rest. When memory runs out, that one goes whose loss leaves
 * the smallest gap for its age: the far past gets coarser, and stays. */
#ifndef SVC_REPLAY_CHECKPOINTS_H
#define SVC_REPLAY_CHECKPOINTS_H

#include "svc/replay/tape.h"

struct checkpoint {
    u64 time;
    struct tape_cursor at; /* where the tape stood */
    size_t image_bytes;
    struct checkpoint *key; /* NULL: it is one itself */
    unsigned others;        /* of a key: how many lean on it */
    size_t packed_bytes;
    u8 packed[];
};

struct checkpoints {
    struct checkpoint **list;
    unsigned count, room, since_key;
    size_t bytes;                /* of all that are packed */
    struct checkpoint *unpacked; /* the key whose image is in key_image, or NULL */
    u8 *key_image, *work, *packed;
    size_t image_room; /* of each of the three, less for what cannot be packed */
    void *packer, *unpacker;
};

void checkpoints_init(struct checkpoints *c);
void checkpoints_fini(struct checkpoints *c);

/* Not earlier than the last one; one at the same time takes its place. False: no memory. */
bool checkpoints_add(struct checkpoints *c, u64 time, const struct tape_cursor *at, const u8 *image,
                     size_t bytes);
/* Gives up checkpoints, never the first or the last, until no more than `bytes` are kept or there
 * are only two. */
void checkpoints_thin(struct checkpoints *c, size_t bytes);

/* The last one that is not later; NULL: none. */
const struct checkpoint *checkpoints_before(const struct checkpoints *c, u64 time);
/* out has room for its image_bytes. False: no memory, or its bytes are not what they were. */
bool checkpoints_unpack(struct checkpoints *c, const struct checkpoint *p, u8 *out);

/* Those that are later in time or on the tape go. */
void checkpoints_cut(struct checkpoints *c, u64 time, u64 at);
/* The first one goes, and those that lean on it; there are two at least. False when the last one
 * does, and nothing goes: then the next one will stand alone. */
bool checkpoints_drop_first(struct checkpoints *c);

#endif
