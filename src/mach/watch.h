/* What a debugger waits for. By a watch a kind arms what it has (an observed loop, debug registers,
 * patched code); a domain is a place besides the CPUs' own memory where something can be waited
 * for.
 */
#ifndef MACH_WATCH_H
#define MACH_WATCH_H

#include "base/types.h"

struct machine;

enum watch_what {
    WATCH_READ = 1,
    WATCH_WRITE = 2,
    WATCH_EXECUTE = 4,  /* an instruction at this address is about to be executed */
    WATCH_POSITION = 8, /* of a domain: it gets there */
};

/* A component's own place to look at: the addresses of a bus that is not the CPU's, or positions
 * that it passes (a beam's line and dot), or both. */
struct domain {
    const char *name, *doc;
    u64 size;      /* of its addresses, from 0; 0: it has none */
    unsigned what; /* what can be watched: of enum watch_what */
    /* Without side effects; false outside. */
    bool (*peek)(struct machine *m, u64 addr, void *out, size_t len);
    const char *position; /* the names of one or two numbers, slowest first: "scanline dot" */
    u64 limits[2];        /* how many values each has */
    void (*where)(struct machine *m, u64 out[2]);
};

/* run() returns STOP_BREAK before an instruction that an execute watch names, and after one that
 * did what another names; then `hit` and what follows it say what happened. */
struct watch {
    unsigned cpu;
    unsigned domain; /* 0: memory as that CPU sees it; else machine->domains[domain - 1] */
    unsigned what;   /* of enum watch_what */
    u64 first, last; /* addresses; WATCH_POSITION: the two numbers */
    bool hit;        /* the kind only ever sets it */
    unsigned access; /* which of `what` it was */
    u64 address;     /* the last one hit */
    u64 old, value;  /* a byte before and after */
    u64 began, by;   /* when the instruction began, and its address */
};

#endif
