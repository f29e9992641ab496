/* A build with sanitizers, whose runtime asks the kernel about threads, and writes its reports. Its
 * malloc wants other calls than the C library's: brk, mremap and munmap are not missed. It looks
 * for leaks by processes and files that a jail has not: in a jail it does not look. */
#include "app/jail.h"

#include "base/types.h"

const char *const jail_build_calls[] = {
    "sched_yield", "sigaltstack", "gettid", "getpid", "madvise", "sched_getaffinity",
    "readlink",    "openat",      "open",   "prctl",  "brk",     "rt_sigaction",
    "mremap",      "munmap",      "mmap",
};
const unsigned jail_build_call_count = ARRAY_SIZE(jail_build_calls);

/* The runtime, a shared library, asks for it by name. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);

static bool entered;

int __lsan_is_turned_off(void)
{
    return entered;
}

void jail_build_enter(void)
{
    entered = true;
}
