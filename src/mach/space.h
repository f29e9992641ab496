/* A space is a named piece of guest memory: what a snapshot saves page by page, a debugger reads
 * and writes, and a fork shares. A region that no one may write (ROM) is a space too, not saved.
 *
 * Writers that go through space_write() are seen by the dirty trackers. A small space whose owner
 * writes it directly (an NES's RAM) says so (SPACE_UNTRACKED): its pages always count as dirty. */
#ifndef MACH_SPACE_H
#define MACH_SPACE_H

#include "base/types.h"

#define SPACE_PAGE_BYTES 4096

enum space_flags {
    SPACE_ROM = 1,       /* never written by the guest; not in snapshots */
    SPACE_UNTRACKED = 2, /* written behind the trackers' back: always dirty */
};

struct space {
    const char *name;
    u8 *bytes;
    u64 size_bytes;
    u64 base; /* the address at which a debugger names its first byte */
    unsigned flags;
    struct space *next;
};

/* Zeroed memory of the given size; false when the host has none. */
bool space_init(struct space *s, const char *name, u64 size_bytes, u64 base, unsigned flags);
void space_fini(struct space *s);

/* Copies; false, and nothing done, when the range is not inside. */
bool space_read(const struct space *s, u64 offset, void *out, u64 len);
bool space_write(struct space *s, u64 offset, const void *in, u64 len);

#endif
