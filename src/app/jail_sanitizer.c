/* A build with sanitizers, whose runtime asks the kernel about threads, and writes its reports. Its
 * malloc wants other calls than the C library's: brk, mremap and munmap are not missed. It looks
 * for leaks by processes and files that a jail has not: in a jail it does not look. */
#include "app/jail.h"

#include "base/types.h"

const struct jail_rule jail_build_rules[] = {
    { { .name = "sched_yield" }, NULL },  { { .name = "sigaltstack" }, NULL },
    { { .name = "gettid" }, NULL },       { { .name = "getpid" }, NULL },
    { { .name = "madvise" }, NULL },      { { .name = "sched_getaffinity" }, NULL },
    { { .name = "readlink" }, NULL },     { { .name = "openat" }, NULL },
    { { .name = "open" }, NULL },         { { .name = "prctl" }, NULL },
    { { .name = "rt_sigaction" }, NULL }, { { .name = "brk" }, NULL },
    { { .name = "mremap" }, NULL },       { { .name = "munmap" }, NULL },
};
const unsigned jail_build_rule_count = ARRAY_SIZE(jail_build_rules);

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
