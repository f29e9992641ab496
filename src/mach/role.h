/* What a machine's threads are for, and which system calls each makes: for a program that gives up
 * all others (a jail). */
#ifndef MACH_ROLE_H
#define MACH_ROLE_H

#include "base/types.h"

enum thread_role {
    THREAD_MACHINE = 1,   /* who calls run(): of the program */
    THREAD_CONTROL = 2,   /* speaks with other processes: svc/ctl */
    THREAD_CPU = 4,       /* executes the guest, if run() does not */
    THREAD_DISK_POOL = 8, /* reads and writes: host/disk */
    THREAD_NET = 16,      /* waits for frames: host/net */
};

/* A system call that threads of these roles make while the machine runs, beside those of every
 * program that hosts one. With a mask: only if (argument & mask) is value. Nothing that opens, maps
 * a program or makes a process. */
struct host_call {
    const char *name;
    unsigned argument; /* 0: the first */
    u64 mask, value;
    unsigned roles;
    /* NULL: a test shows that the machine ends without it. Else who makes it where the tests do
     * not run. */
    const char *elsewhere;
};

#endif
