/* The system calls of a monitor whose files are open. None takes a path. */
#include "app/jail.h"

#include "base/own.h"
#include "base/types.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* clang-format off */
#define CALL(n) { { .name = n }, NULL }
#define CALL_IF(n, argument, mask, value) { { n, argument, mask, value }, NULL }
#define ELSEWHERE(n, why) { { .name = n }, why }
/* clang-format on */

enum { NUMBERS_MAX = 1024, STATUS = 1 };

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
    CALL("rt_sigprocmask"),
    CALL("rt_sigreturn"),
    CALL("exit"),
    CALL("exit_group"),
};
const unsigned jail_rule_count = ARRAY_SIZE(jail_rules);

/* ---- when another is made ---- */

/* What the handler needs; there is one handler in a process. */
static struct {
    struct mews *m;
    char *names[NUMBERS_MAX];
} violation;

static void on_violation(int signal, siginfo_t *info, void *context)
{
    static const char said[] = "the sandbox refused the system call ";
    int n = info->si_syscall;
    bool told = info->si_code > 0 && n >= 0 && n < NUMBERS_MAX; /* else by kill() */
    const char *name = told ? violation.names[n] : NULL;
    char text[120] = "";
    size_t len = sizeof said - 1;

    (void)signal;
    (void)context;
    memcpy(text, said, len);
    strncpy(text + len, name ? name : "of an unknown number", sizeof text - len - 2);
    mews_last_words(violation.m, "sandbox", text);
    len = strlen(text);
    text[len] = '\n';
    (void)!write(STDERR_FILENO, "mews: ", 6);
    (void)!write(STDERR_FILENO, text, len + 1);
    _exit(STATUS);
}

static int catch_violations(struct mews *m, struct err *e)
{
    struct sigaction a = { .sa_sigaction = on_violation, .sa_flags = SA_SIGINFO };

    violation.m = m;
    for (int n = 0; n < NUMBERS_MAX; n++)
        violation.names[n] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, n);
    sigfillset(&a.sa_mask);
    return sigaction(SIGSYS, &a, NULL) ? err_set(e, ERR_SYS, "the sandbox: SIGSYS") : 0;
}

/* ---- the filter ---- */

/* A call that this processor has not is nothing to allow. */
static int add_call(scmp_filter_ctx f, const struct mews_host_call *c)
{
    struct scmp_arg_cmp cmp = SCMP_CMP64(c->argument, SCMP_CMP_MASKED_EQ, c->mask, c->value);
    int number = seccomp_syscall_resolve_name(c->name);

    return number < 0 ? 0
                      : seccomp_rule_add_array(f, SCMP_ACT_ALLOW, number, c->mask ? 1 : 0, &cmp);
}

static int add_calls(scmp_filter_ctx f, const struct jail *j, const struct mews *m)
{
    /* It opens, and says to others what it writes to. */
    const struct mews_host_call in_share[] = { { .name = "openat2" }, { .name = "flock" } };
    struct mews_host_call of_kind;
    int r = 0;

    for (unsigned i = 0; !r && i < jail_rule_count; i++)
        if (i != j->left_out)
            r = add_call(f, &jail_rules[i].call);
    for (unsigned i = 0; !r && i < jail_build_rule_count; i++)
        r = add_call(f, &jail_build_rules[i].call);
    for (unsigned i = 0; !r && mews_host_calls(m, i, &of_kind); i++)
        r = add_call(f, &of_kind);
    for (unsigned i = 0; !r && j->share && i < ARRAY_SIZE(in_share); i++)
        r = add_call(f, &in_share[i]);
    return r;
}

static int load(scmp_filter_ctx f, const struct jail *j, const struct mews *m)
{
    int r = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);

    if (!r)
        r = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (!r)
        r = add_calls(f, j, m);
    return r ? r : seccomp_load(f);
}

int jail_close(const struct jail *j, struct mews *m, struct err *e)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_TRAP);
    int r = -ENOMEM;

    if (f && !catch_violations(m, e))
        r = load(f, j, m);
    seccomp_release(f);
    errno = -r;
    return r ? err_set(e, ERR_SYS, "the sandbox: the list of system calls") : 0;
}
