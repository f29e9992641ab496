/* The list of system calls that a process may still make, as a filter of the kernel's (libseccomp);
 * another one ends it, and is named. */
#include "app/jail.h"

#include "base/types.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Linux 6.12 has less than 470; libseccomp looks at its whole list for each number that it has not.
 */
enum { NUMBERS_MAX = 480, STATUS = 1 };

/* ---- when another is made ---- */

/* What the handler needs; there is one handler in a process. */
static struct {
    struct jail_words words;
    char *names[NUMBERS_MAX];
} violation;

static void on_violation(int signal, siginfo_t *info, void *context)
{
    static const char said[] = "the sandbox refused the system call ";
    int n = info->si_syscall;
    bool told = info->si_code > 0 && n >= 0 && n < NUMBERS_MAX; /* else by kill() */
    const char *name = told ? violation.names[n] : NULL;
    const struct jail_words *w = &violation.words;
    char text[120] = "";
    size_t len = sizeof said - 1;

    (void)signal;
    (void)context;
    memcpy(text, said, len);
    strncpy(text + len, name ? name : "of an unknown number", sizeof text - len - 2);
    if (w->last)
        w->last(w->ctx, text);
    len = strlen(text);
    text[len] = '\n';
    (void)!write(STDERR_FILENO, w->who, strlen(w->who));
    (void)!write(STDERR_FILENO, ": ", 2);
    (void)!write(STDERR_FILENO, text, len + 1);
    _exit(STATUS);
}

int jail_filter_watch(const struct jail_words *w, struct err *e)
{
    struct sigaction a = { .sa_sigaction = on_violation, .sa_flags = SA_SIGINFO };

    violation.words = *w;
    for (int n = 0; n < NUMBERS_MAX; n++)
        violation.names[n] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, n);
    sigfillset(&a.sa_mask);
    return sigaction(SIGSYS, &a, NULL) ? err_set(e, ERR_SYS, "the sandbox: SIGSYS") : 0;
}

/* ---- the filter ---- */

void jail_filter_begin(struct jail_filter *f)
{
    f->list = seccomp_init(SCMP_ACT_TRAP);
    f->error = f->list ? 0 : -ENOMEM;
    if (!f->error)
        f->error = seccomp_attr_set(f->list, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
}

static struct scmp_arg_cmp condition(const struct mews_host_call *c)
{
    return SCMP_CMP64(c->argument, SCMP_CMP_MASKED_EQ, c->mask, c->value);
}

void jail_filter_allow(struct jail_filter *f, const struct mews_host_call *c,
                       const struct mews_host_call *also)
{
    struct scmp_arg_cmp cmp[2];
    unsigned count = 0;
    int number = seccomp_syscall_resolve_name(c->name);

    if (f->error || number < 0) /* a call that this processor has not is nothing to allow */
        return;
    if (c->mask)
        cmp[count++] = condition(c);
    if (also && also->mask)
        cmp[count++] = condition(also);
    f->error = seccomp_rule_add_array(f->list, SCMP_ACT_ALLOW, number, count, cmp);
}

int jail_filter_load(struct jail_filter *f, struct err *e)
{
    int r;

    for (unsigned i = 0; i < jail_build_call_count; i++)
        jail_filter_allow(f, &(struct mews_host_call) { .name = jail_build_calls[i] }, NULL);
    r = f->error;
    if (!r)
        r = seccomp_load(f->list);
    seccomp_release(f->list);
    errno = -r;
    return r ? err_set(e, ERR_SYS, "the sandbox: the list of system calls") : 0;
}
