/* A watch is what a debugger wants to be told: by it a kind arms what it has (an observed loop,
 * debug registers, patched code). */
#ifndef MACH_WATCH_H
#define MACH_WATCH_H

#include "base/types.h"

enum watch_what { WATCH_READ = 1, WATCH_WRITE = 2, WATCH_EXECUTE = 4 };

struct watch {
    unsigned cpu;
    unsigned what; /* of enum watch_what */
    u64 first, last;
};

#endif
