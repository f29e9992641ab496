/* What gdb is told of a CPU: an architecture that it knows, and registers by the names that it has
 * for them there, taken from the fields of the CPU's component. gdb_target.c has a row for each
 * instruction set; one that gdb does not know is shown with all its registers under names of its
 * own, beside an architecture that lends it the few which gdb cannot do without. */
#ifndef SVC_DEBUG_GDB_TARGET_H
#define SVC_DEBUG_GDB_TARGET_H

#include "svc/debug/debug.h"

enum { GDB_SLOTS = 160, GDB_REGISTER_BYTES = 16 };

/* A register, in the order in which gdb has them. */
struct gdb_slot {
    char name[32];
    const char *type, *group; /* as gdb's descriptions have them; group NULL: none */
    unsigned bits;
    char field[32]; /* a path below the CPU's component; empty: the CPU has none */
    unsigned at;    /* of an array of bytes: the first one */
    size_t take;    /* and how many */
    unsigned how;   /* of enum gdb_how */
};

struct gdb_target {
    struct gdb_slot slots[GDB_SLOTS];
    unsigned count;
    char *description; /* XML */
};

int gdb_target_init(struct gdb_target *t, const struct cpu *c, struct err *e);
void gdb_target_fini(struct gdb_target *t); /* accepts one that is all zero */

/* Little-endian; returns the bytes of the register, 0: it has no value. */
size_t gdb_target_get(const struct gdb_slot *s, const struct debug *d, u8 out[GDB_REGISTER_BYTES]);
/* So many bytes, as gdb_target_get() gave them. */
int gdb_target_set(const struct gdb_slot *s, struct debug *d, const u8 in[GDB_REGISTER_BYTES],
                   struct err *e);

static inline size_t gdb_slot_bytes(const struct gdb_slot *s)
{
    return s->bits / 8;
}

/* The machine's memory as gdb wants it: XML, the caller's; NULL: no memory. All that a CPU could
 * address is there, for what gdb does not find in such a map it does not touch. */
char *gdb_memory_map(const struct cpu *c);

#endif
