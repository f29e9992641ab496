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
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

enum {
    MACHINE = MEWS_THREAD_MACHINE,
    CONTROL = MEWS_THREAD_CONTROL,
    CPU = MEWS_THREAD_CPU,
    POOL = MEWS_THREAD_DISK_POOL,
    NET = MEWS_THREAD_NET,
    OTHERS = CONTROL | CPU | POOL | NET,
    ALL = MACHINE | OTHERS,
};

/* clang-format off */
#define CALL(who, n) { n, 0, 0, 0, who, NULL }
#define CALL_IF(who, n, argument, mask, value) { n, argument, mask, value, who, NULL }
#define ELSEWHERE(who, n, why) { n, 0, 0, 0, who, why }
#define ASK_ELSEWHERE(who, request, why) { "ioctl", 1, ALL_BITS, request, who, why }
/* clang-format on */

#define ALL_BITS UINT32_MAX

static const char terminal[] = "a console in front, at a terminal",
                  looks[] = "the same: Debian's tcsetattr() looks first",
                  size[] = "the same, whose size changes",
                  libuv[] = "libuv since 1.45, and processors without epoll_wait",
                  clock[] = "a host whose clock cannot be read without the kernel",
                  limited[] = "job control, while a limit holds a request back",
                  lost[] =
                      "a page of a snapshot that the host cannot supply: SIGBUS, and its handler",
                  heap[] = "a heap whose end has become free when the thread ends",
                  overlay[] = "the flush of an overlay of gigabytes";

const struct mews_host_call jail_rules[] = {
    /* what is open; any thread may have to tell how the machine ended */
    CALL(MACHINE | CONTROL | CPU, "read"),
    CALL(ALL, "write"),
    CALL(MACHINE | CONTROL, "pread64"),
    CALL(ALL, "pwrite64"),
    CALL(MACHINE | CONTROL, "close"),
    CALL(MACHINE | CONTROL, "lseek"),
    CALL(MACHINE | CONTROL, "ftruncate"),
    CALL(MACHINE, "fsync"),
    CALL(MACHINE, "fstat"),
    CALL_IF(MACHINE | CONTROL, "fcntl", 1, ALL_BITS, F_GETFL),
    CALL_IF(CONTROL, "fcntl", 1, ALL_BITS, F_SETFL),
    CALL_IF(MACHINE, "fcntl", 1, ALL_BITS, F_DUPFD_CLOEXEC),
    CALL_IF(MACHINE, "fcntl", 1, ALL_BITS, F_GET_SEALS),
    CALL_IF(CONTROL, "ioctl", 1, ALL_BITS, FIONBIO),
    ASK_ELSEWHERE(ALL, TCSETS, terminal), /* whose last words give it back */
    ASK_ELSEWHERE(ALL, TCGETS, looks),
    ASK_ELSEWHERE(MACHINE, TIOCGWINSZ, size),
    /* the control socket and gdb's, and the console */
    CALL(MACHINE | CONTROL, "accept4"),
    CALL(MACHINE | CONTROL, "recvmsg"),
    CALL(MACHINE | CONTROL, "sendto"),
    CALL(CONTROL, "epoll_ctl"),
    CALL(CONTROL, "epoll_wait"),
    ELSEWHERE(CONTROL, "epoll_pwait", libuv),
    CALL(MACHINE | CONTROL | CPU, "poll"),
    CALL(MACHINE, "ppoll"),
    /* memory: none of it can be executed */
    CALL(MACHINE | CONTROL | CPU, "brk"),
    ELSEWHERE(POOL | NET, "brk", heap),
    CALL_IF(MACHINE | CONTROL, "mmap", 2, PROT_EXEC, 0),
    { "mmap", 2, PROT_EXEC, 0, CPU | POOL, lost },
    CALL(MACHINE | CONTROL, "munmap"),
    ELSEWHERE(POOL, "munmap", overlay),
    CALL(MACHINE | CONTROL, "mremap"),
    CALL(OTHERS, "madvise"),  /* the stack of a thread that ends */
    CALL(MACHINE, "sysinfo"), /* how much there is: qsort() of glibc 2.36 and before */
    /* time, threads, signals */
    CALL(MACHINE | POOL, "clock_nanosleep"),
    CALL(CONTROL, "clock_gettime"), /* of processor time: no vDSO has that */
    ELSEWHERE(MACHINE | CPU | POOL | NET, "clock_gettime", clock),
    CALL(MACHINE | NET, "restart_syscall"),
    ELSEWHERE(POOL, "restart_syscall", limited),
    CALL(ALL, "futex"),
    CALL(CONTROL, "sched_yield"),
    CALL(ALL, "rt_sigprocmask"),
    CALL(MACHINE | CPU, "rt_sigreturn"),
    ELSEWHERE(POOL, "rt_sigreturn", lost),
    CALL(OTHERS, "exit"),
    CALL(ALL, "exit_group"),
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

bool jail_rule_at(const struct jail *j, const struct mews *m, unsigned i,
                  struct mews_host_call *out)
{
    /* It opens, and says to others what it writes to. */
    static const struct mews_host_call in_share[] = { CALL(MACHINE, "openat2"),
                                                      CALL(MACHINE, "flock") };
    const unsigned shared = j->share ? ARRAY_SIZE(in_share) : 0;

    if (i < jail_rule_count) {
        *out = jail_rules[i];
        return true;
    }
    i -= jail_rule_count;
    if (i >= shared)
        return mews_host_calls(m, i - shared, out);
    *out = in_share[i];
    return true;
}

int jail_watch(struct mews *m, struct err *e)
{
    return jail_filter_watch(&(struct jail_words) { "mews", last_words, m }, e);
}

int jail_load(const struct jail *j, const struct mews *m, enum mews_thread role, struct err *e)
{
    /* Signals are for this process's threads: no other process of the person's can be ended. */
    const struct mews_host_call own = { .mask = ALL_BITS, .value = (uint32_t)getpid() };
    struct mews_host_call c;
    struct jail_filter f;

    jail_filter_begin(&f);
    for (unsigned i = 0; jail_rule_at(j, m, i, &c); i++)
        if ((c.roles & role) &&
            !(role == j->left_out.role && (i == j->left_out.rule || i == j->left_out.also)))
            jail_filter_allow(&f, &c, strcmp(c.name, "tgkill") != 0 ? NULL : &own);
    return jail_filter_load(&f, e);
}
