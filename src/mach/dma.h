/* Guest memory as a device sees it that reads and writes by itself: which space lies at which bus
 * address. All that a device writes goes through here, so that trackers see it: no kernel's log
 * does. An address that is not memory is nothing to read and nowhere to write; what follows from
 * that is the device's to say.
 *
 * Whoever calls holds the machine's device lock. The guest may run at the same time, and change
 * what is being read: a device reads a number once, and judges the copy. */
#ifndef MACH_DMA_H
#define MACH_DMA_H

#include "mach/space.h"

enum { DMA_REGIONS = 8 };

struct dma_region {
    u64 base, size_bytes; /* on the bus */
    struct space *space;  /* borrowed */
    u64 offset;           /* of the region's first byte in it */
};

struct dma {
    struct dma_region regions[DMA_REGIONS];
    unsigned count;
};

/* Bytes that lie together in one space. */
struct dma_piece {
    u8 *bytes;
    u64 len;
    struct space *space;
    u64 offset;
};

/* Puts a part of a space on the bus, where nothing is yet. Base and offset are whole pages. */
void dma_add(struct dma *d, u64 base, u64 size_bytes, struct space *s, u64 offset);

/* What is at `address`, up to `len` bytes of it; `write`: what may be written. False: nothing. */
bool dma_find(const struct dma *d, u64 address, u64 len, bool write, struct dma_piece *out);

/* The first `len` bytes of the piece were, or are about to be, written. */
static inline void dma_mark(const struct dma_piece *p, u64 len)
{
    if (len)
        space_mark(p->space, p->offset, len);
}

/* The same for bytes of pieces that are not at hand any more. */
void dma_mark_bytes(const struct dma *d, const void *bytes, u64 len);

/* Copies; false when some of the range is not memory (or may not be written): then what comes
 * before has been copied. */
bool dma_read(const struct dma *d, u64 address, void *out, u64 len);
bool dma_write(const struct dma *d, u64 address, const void *in, u64 len);

#endif
