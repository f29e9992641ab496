/* The port by which a machine's x86 instructions become text: capstone, in the module
 * mews_decode.so, opened when the first one is wanted. */
#ifndef HOST_DECODE_H
#define HOST_DECODE_H

#include "base/err.h"
#include "mach/port.h"

struct decoder;

/* What the module exports; see decode_ops.x86 for what a call gives. One decoder serves one thread
 * at a time. */
#define DECODE_ENTRY "mews_decode"
struct decode_module {
    struct decoder *(*create)(void); /* NULL: no memory */
    void (*destroy)(struct decoder *d);
    size_t (*x86)(struct decoder *d, unsigned bits, u64 addr, const u8 *bytes, size_t len,
                  char *text, size_t room);
};

struct decode {
    struct decode_port port;
    const struct decode_module *module; /* NULL: not opened yet, or not there */
    struct decoder *decoder;
    bool tried;
};

void decode_init(struct decode *d);
void decode_open(struct decode *d); /* now, not when the first one is wanted */
void decode_fini(struct decode *d); /* accepts one that is all zero */

#endif
