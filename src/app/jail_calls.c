/* The system calls of a monitor whose files are open. None takes a path. */
#include "app/jail.h"
#include "app/terminal.h"

#include "base/types.h"

#include <fcntl.h>
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

/* clang-format off */
#define CALL(n) { { .name = n }, NULL }
#define CALL_IF(n, argument, mask, value) { { n, argument, mask, value }, NULL }
#define ELSEWHERE(n, why) { { .name = n }, why }
/* clang-format on */

#define ALL_BITS UINT32_MAX

const struct jail_rule jail_rules[] = {
    /* what is open */
    CALL("read"),
    CALL("write"),
    CALL("pread64"),
    CALL("pwrite64"),
    CALL("close"),
    CALL("lseek"),
    CALL("ftruncate"),
    CALL("fsync"),
    CALL("fstat"),
    CALL_IF("fcntl", 1, ALL_BITS, F_GETFL),
    CALL_IF("fcntl", 1, ALL_BITS, F_SETFL),
    CALL_IF("fcntl", 1, ALL_BITS, F_DUPFD_CLOEXEC),
    CALL_IF("fcntl", 1, ALL_BITS, F_GET_SEALS),
    CALL_IF("ioctl", 1, ALL_BITS, FIONBIO),
    { { "ioctl", 1, ALL_BITS, TCSETS }, "a console in front, at a terminal" },
    { { "ioctl", 1, ALL_BITS, TCGETS }, "the same: Debian's tcsetattr() looks first" },
    { { "ioctl", 1, ALL_BITS, TIOCGWINSZ }, "the same, whose size changes" },
    /* the control socket, and the console */
    CALL("accept4"),
    CALL("recvmsg"),
    CALL("sendto"),
    CALL("epoll_ctl"),
    CALL("epoll_wait"),
    ELSEWHERE("epoll_pwait", "libuv since 1.45, and processors without epoll_wait"),
    CALL("poll"),
    CALL("ppoll"),
    /* memory: none of it can be executed */
    CALL("brk"),
    CALL_IF("mmap", 2, PROT_EXEC, 0),
    CALL("munmap"),
    CALL("mremap"),
    CALL("madvise"),
    CALL("sysinfo"), /* how much there is: qsort() of glibc 2.36 and before */
    /* time, threads, signals */
    CALL("clock_nanosleep"),
    CALL("clock_gettime"), /* of processor time: no vDSO has that */
    CALL("restart_syscall"),
    CALL("futex"),
    CALL("sched_yield"),
    ELSEWHERE("rseq", "a thread that was made before, and has its first turn after, the list"),
    ELSEWHERE("set_robust_list", "the same"),
    CALL("rt_sigprocmask"),
    CALL("rt_sigreturn"),
    CALL("exit"),
    CALL("exit_group"),
};
const unsigned jail_rule_count = ARRAY_SIZE(jail_rules);

/* ---- what would make calls that the list has not ---- */

void jail_settle(void)
{
    static char out[BUFSIZ];

    /* A second thread's heap would ask /sys for the number of processors. */
    mallopt(M_ARENA_MAX, 1);
    /* libuv since 1.45 would speak to the kernel through a ring, past any list. */
    setenv("UV_USE_IO_URING", "0", 1);
    /* With its first object, jansson would read /dev/urandom. */
    json_object_seed(0);
    /* With its first line it would look at what file it is. */
    fflush(stdout);
    setvbuf(stdout, out, __flbf(stdout) || isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, sizeof out);
}

/* ---- the filter ---- */

static void last_words(void *ctx, const char *text)
{
    terminal_restore();
    mews_last_words(ctx, "sandbox", text);
}

int jail_close(const struct jail *j, struct mews *m, struct err *e)
{
    /* It opens, and says to others what it writes to. */
    const struct mews_host_call in_share[] = { { .name = "openat2" }, { .name = "flock" } };
    const struct jail_words words = { "mews", last_words, m };
    struct mews_host_call of_kind;
    struct jail_filter f;

    jail_filter_begin(&f);
    for (unsigned i = 0; i < jail_rule_count; i++)
        if (i != j->left_out)
            jail_filter_allow(&f, &jail_rules[i].call, NULL);
    for (unsigned i = 0; mews_host_calls(m, i, &of_kind); i++)
        jail_filter_allow(&f, &of_kind, NULL);
    for (unsigned i = 0; j->share && i < ARRAY_SIZE(in_share); i++)
        jail_filter_allow(&f, &in_share[i], NULL);
    return jail_filter_load(&f, &words, e);
}
