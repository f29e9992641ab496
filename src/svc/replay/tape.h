/* The tape: all that reached a machine from outside, in order, as bytes.
 *
 * An entry is a question which the machine asked a port, with the answer, or an act: what a person
 * or program did to it between two calls of run. Entries are written once and read in order; a
 * cursor is a place between two of them. Places are counted from the tape's first beginning, also
 * when that has been dropped. docs/formats/recording.md has the bytes. */
#ifndef SVC_REPLAY_TAPE_H
#define SVC_REPLAY_TAPE_H

#include "base/types.h"

/* X(ID, what it is in words, members): the members that an entry of this kind has, in the order in
 * which they are written: a b numbers, h a digest, r the answer, y bytes. All but the answer, and
 * bytes that came with it, are the question. The lists are a part of the file format: their order
 * stays. */
#define TAPE_QUESTIONS(X)                           \
    X(BUTTONS, "the buttons of a controller", "ar") \
    X(PACE, "the pace of sound", "r")               \
    X(RECV, "input of a console", "abry")           \
    X(SEND, "output to a console", "abhr")          \
    X(LOAD, "battery RAM", "bry")                   \
    X(OPEN_FILE, "the opening of a file", "ahry")   \
    X(CLOSE_FILE, "the closing of a file", "ar")    \
    X(READ_FILE, "the reading of a file", "abry")   \
    X(WRITE_FILE, "the writing of a file", "abhr")
#define TAPE_ACTS(X)         \
    X(RESET, "a reset", "")  \
    X(POKE, "a poke", "aby") \
    X(SET, "a field's value", "y")

enum tape_what {
#define X(id, doc, members) TAPE_##id,
    TAPE_QUESTIONS(X) TAPE_FIRST_ACT,
    TAPE_BEFORE_ACTS = TAPE_FIRST_ACT - 1,
    TAPE_ACTS(X) TAPE_COUNT
#undef X
};

struct tape_entry {
    enum tape_what what;
    u64 time; /* machine->now when it happened */
    u64 a, b; /* which port, descriptor, address; how much room or how many bytes */
    u32 hash; /* of what the machine gave out */
    s64 result;
    const u8 *bytes; /* read: borrowed from the tape until it changes */
    size_t len;
};

struct tape_cursor {
    u64 at;   /* bytes since the first beginning */
    u64 time; /* of the entry before it */
};

struct tape_act { /* where an act stands, so that a run can be ended in time */
    u64 at, time;
};

struct tape {
    u8 *bytes;
    size_t len, room;
    struct tape_cursor first, end;
    struct tape_act *acts;
    size_t act_count, act_room;
};

enum tape_read { TAPE_READ, TAPE_END, TAPE_DAMAGED };

void tape_fini(struct tape *t); /* leaves it empty */

/* Adds at the end. False, and nothing done, when the host has no memory. The entry's time is not
 * earlier than that of the one before. */
bool tape_add(struct tape *t, const struct tape_entry *e);
/* Adds bytes of entries as they came from a file; false when they are damaged, or no memory. */
bool tape_append(struct tape *t, const u8 *bytes, size_t len);

/* The entry behind the cursor, which then is behind that entry. */
enum tape_read tape_next(const struct tape *t, struct tape_cursor *c, struct tape_entry *out);

/* Moves the cursor on to a place; false when no entry begins or ends there. */
bool tape_find(const struct tape *t, u64 at, struct tape_cursor *c);

/* The first act at or behind the cursor; NULL: none. */
const struct tape_act *tape_act_from(const struct tape *t, const struct tape_cursor *c);

void tape_cut(struct tape *t, const struct tape_cursor *c);  /* what is behind c is forgotten */
void tape_drop(struct tape *t, const struct tape_cursor *c); /* what is before c is forgotten */
size_t tape_bytes(const struct tape *t);                     /* of memory */

const char *tape_name(enum tape_what w);

#endif
