/* Packets of gdb's remote protocol ("GDB Remote Serial Protocol" in gdb's manual), without any word
 * of what is in them: "$DATA#SUM" in both directions, '+' and '-' as answers to it, and a byte 3
 * that interrupts what runs.
 *
 *   bytes that have come --packet_next()--> PACKET_DATA, one at a time, in order
 *
 * What comes is from somebody who may mean harm: of no more than PACKET_BYTES anything is kept, and
 * whatever was sent, the next '$' begins anew. */
#ifndef SVC_DEBUG_PACKET_H
#define SVC_DEBUG_PACKET_H

#include "base/types.h"

enum { PACKET_BYTES = 16384 }; /* of data, as it stands in the packet */

enum packet_event {
    PACKET_NONE,      /* more must come first */
    PACKET_DATA,      /* data, len: as it was meant, with a zero behind it */
    PACKET_DAMAGED,   /* its sum is wrong */
    PACKET_TOO_LONG,  /* it was dropped */
    PACKET_AGAIN,     /* '-': the last one that was sent did not come over */
    PACKET_INTERRUPT, /* the byte 3 */
};

struct packet_reader {
    u8 raw[2 * PACKET_BYTES]; /* what has come and was not taken */
    size_t have;
    bool dropping; /* the rest of one that is too long */
    u8 data[PACKET_BYTES + 1];
    size_t len;
};

/* Where what comes is to be put, and how much fits; 0: packet_next() first. */
u8 *packet_room(struct packet_reader *r, size_t *room);
void packet_came(struct packet_reader *r, size_t len);
enum packet_event packet_next(struct packet_reader *r);
/* Whether a byte 3 stands between the packets that wait; takes it out, and all before it stays. */
bool packet_interrupted(struct packet_reader *r);

/* One that goes out: "$", data escaped, runs shortened, "#SUM". */
struct packet_writer {
    u8 *bytes; /* grows */
    size_t len, room;
    bool failed; /* no memory: it is not whole */
};

void packet_fini(struct packet_writer *w); /* accepts one that is all zero */
/* Replaces what was there. */
void packet_write(struct packet_writer *w, const void *data, size_t len);

/* Two digits a byte. packet_from_hex() returns how many bytes it has read from `len` digits: fewer
 * than len / 2 where there was no digit. */
void packet_to_hex(char *out, const void *in, size_t len);
size_t packet_from_hex(void *out, const char *in, size_t len);

#endif
