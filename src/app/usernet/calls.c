/* The jail of mews-usernet: the program's (src/app/jail.h), which leaves it the host's network,
 * with a list of its own, and bounds on what a guest can make it hold. */
#include "app/usernet/usernet.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* clang-format off */
#define CALL(n) { .rule = { .name = n } }
#define CALL_IF(n, argument, mask, value) { .rule = { n, argument, mask, value, 0, NULL } }
#define ELSEWHERE(n, why) { .rule = { .name = n, .elsewhere = why } }
#define OUTWARD(n) { .rule = { .name = n }, .outward = true }
/* TCP and UDP are what a family gives by itself, and beside them there is ICMP. */
#define SOCKET(family, protocol, why) { .rule = { "socket", 0, ALL_BITS, family, 0, why }, \
                                        .also = { "socket", 2, ALL_BITS, protocol, 0, NULL }, .outward = true }
/* clang-format on */

#define ALL_BITS UINT32_MAX

const struct usernet_rule usernet_rules[] = {
    /* frames, and connections that are open */
    CALL("recvfrom"),
    CALL("sendto"),
    CALL("poll"),
    CALL("close"),
    CALL("shutdown"),
    CALL("getsockopt"),
    CALL("setsockopt"),
    ELSEWHERE("getsockname", "a libslirp that asks where its socket is"),
    ELSEWHERE("recvmsg", "what libslirp asks of a socket that has an error"),
    ELSEWHERE("getpeername", "a connection whose other end has closed it"),
    CALL_IF("fcntl", 1, ALL_BITS, F_GETFL),
    CALL_IF("fcntl", 1, ALL_BITS, F_SETFL),
    CALL_IF("ioctl", 1, ALL_BITS, FIONREAD),
    /* those from outside, to what is forwarded */
    CALL("accept"),
    /* those of the guest */
    SOCKET(AF_INET, 0, NULL),
    SOCKET(AF_INET, IPPROTO_ICMP, NULL),
    SOCKET(AF_INET6, 0, NULL),
    SOCKET(AF_INET6, IPPROTO_ICMPV6, "a libslirp that passes echo requests by IPv6 on"),
    OUTWARD("connect"),
    /* memory: none of it can be executed */
    CALL("brk"),
    CALL_IF("mmap", 2, PROT_EXEC, 0),
    CALL("munmap"),
    ELSEWHERE("mremap", "a C library that makes memory larger"),
    ELSEWHERE("madvise", "a C library that gives memory back in parts"),
    /* time, signals, and the end */
    ELSEWHERE("clock_gettime", "processors whose clock has to be asked for"),
    CALL("restart_syscall"),
    CALL("write"),
    CALL("exit_group"),
};
const unsigned usernet_rule_count = ARRAY_SIZE(usernet_rules);

/* ---- bounds ---- */

/* What data the process has; a sanitizer's is large. */
static u64 data_bytes(void)
{
    unsigned long long pages = 0;
    FILE *f = fdopen(open("/proc/self/statm", O_RDONLY | O_CLOEXEC), "r");

    if (f) {
        if (fscanf(f, "%*u %*u %*u %*u %*u %llu", &pages) != 1)
            pages = 0;
        fclose(f);
    }
    return pages * (u64)sysconf(_SC_PAGESIZE);
}

static int set_bounds(struct err *e)
{
    const struct rlimit descriptors = { USERNET_DESCRIPTORS, USERNET_DESCRIPTORS }, none = { 0, 0 };
    struct rlimit memory;

    memory.rlim_cur = memory.rlim_max = data_bytes() + USERNET_MEMORY;
    if (setrlimit(RLIMIT_NOFILE, &descriptors) || setrlimit(RLIMIT_DATA, &memory) ||
        setrlimit(RLIMIT_CORE, &none))
        return err_set(e, ERR_SYS, "bounds");
    return 0;
}

int usernet_jail(const struct usernet_config *c, unsigned left_out, struct err *e)
{
    const struct jail_words words = { .who = "mews-usernet" };
    struct jail j = { .network = true };
    struct jail_filter f;

    if (set_bounds(e) || jail_enter(&j, e) ||
        jail_filter_watch(&words, e)) /* without namespaces the list is enough by itself */
        return -(int)e->code;
    jail_filter_begin(&f);
    for (unsigned i = 0; i < usernet_rule_count; i++)
        if (i != left_out && !(c->restricted && usernet_rules[i].outward))
            jail_filter_allow(&f, &usernet_rules[i].rule, &usernet_rules[i].also);
    return jail_filter_load(&f, e);
}
