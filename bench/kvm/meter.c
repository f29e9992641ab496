/* Runs a monitor, and says what it has used whenever its guest passes a mark: a line of its output
 * that begins with "@".
 *
 *   meter [-g CGROUP] [-n MARKS] [-r MIB] PROGRAM [ARGUMENT]...
 *
 * The program has a terminal as its output, so that nothing is held back. A line for each mark: it,
 * microseconds since the program was started, microseconds of processor time; with -r, KiB of
 * memory that is its own (the Pss of all mappings but that of this size, which is the guest's).
 * -n: killed after so many marks. -g: an empty cgroup, by which the time of helpers counts too, in
 * the kernel and in processes of their own; else it is the process's. Our status is the program's;
 * its other lines go to standard error. */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { ALIGNED_KIB = 4 << 10 }; /* by which a guest's mapping may be larger than its memory */

struct meter {
    pid_t pid;
    const char *cgroup; /* NULL: none */
    uint64_t began_ns;
    unsigned long guest_kib; /* 0: memory is of no interest */
};

static uint64_t clock_ns(clockid_t c)
{
    struct timespec t;

    if (clock_gettime(c, &t))
        return 0;
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_ns(const struct meter *m)
{
    char path[4096], word[64];
    uint64_t us = 0;
    FILE *f;

    if (!m->cgroup) /* clock_getcpuclockid(3) */
        return clock_ns((clockid_t)(~(unsigned)m->pid << 3 | 2));
    snprintf(path, sizeof path, "%s/cpu.stat", m->cgroup);
    f = fopen(path, "re");
    if (!f || fscanf(f, "%63s %" SCNu64, word, &us) != 2 || strcmp(word, "usage_usec") != 0)
        errx(1, "%s: no usage_usec", path);
    fclose(f);
    return us * 1000;
}

static unsigned long own_kib(const struct meter *m)
{
    char path[64], line[512];
    unsigned long size = 0, pss, sum = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/smaps", m->pid);
    f = fopen(path, "re");
    if (!f)
        err(1, "%s", path);
    while (fgets(line, sizeof line, f)) {
        sscanf(line, "Size: %lu kB", &size);
        if (sscanf(line, "Pss: %lu kB", &pss) == 1 &&
            (size < m->guest_kib || size > m->guest_kib + ALIGNED_KIB))
            sum += pss;
    }
    fclose(f);
    return sum;
}

static void tell(const struct meter *m, const char *mark)
{
    uint64_t wall = clock_ns(CLOCK_MONOTONIC) - m->began_ns, cpu = cpu_ns(m);

    printf("%s %" PRIu64 " %" PRIu64, mark, wall / 1000, cpu / 1000);
    if (m->guest_kib)
        printf(" %lu", own_kib(m));
    printf("\n");
    fflush(stdout);
}

static void join(const char *cgroup)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
    f = fopen(path, "we");
    if (!f || fputs("0", f) < 0 || fclose(f))
        err(1, "%s", path);
}

static FILE *start(struct meter *m, char **program)
{
    int ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), theirs = -1;
    struct termios t;

    if (ours < 0 || grantpt(ours) || unlockpt(ours) ||
        (theirs = open(ptsname(ours), O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 || tcgetattr(theirs, &t))
        err(1, "a terminal");
    cfmakeraw(&t);
    tcsetattr(theirs, TCSANOW, &t);
    m->began_ns = clock_ns(CLOCK_MONOTONIC);
    m->pid = fork();
    if (m->pid < 0)
        err(1, "fork");
    if (!m->pid) {
        if (m->cgroup)
            join(m->cgroup);
        dup2(theirs, STDOUT_FILENO);
        execvp(program[0], program);
        err(127, "%s", program[0]);
    }
    close(theirs);
    return fdopen(ours, "r"); /* at its end reading fails */
}

static void follow(const struct meter *m, FILE *from, unsigned most)
{
    char line[4096];

    while (fgets(line, sizeof line, from)) {
        const char *at = strrchr(line, '@'); /* a kernel's first line may have no end */

        line[strcspn(line, "\r\n")] = 0;
        if (!at) {
            fprintf(stderr, "%s\n", line);
            continue;
        }
        tell(m, at[1] ? at + 1 : "-");
        if (most && !--most) {
            kill(m->pid, SIGKILL);
            break;
        }
    }
}

int main(int argc, char **argv)
{
    struct meter m = { 0 };
    unsigned most = 0;
    int option, status;
    FILE *from;

    while ((option = getopt(argc, argv, "+g:n:r:")) > 0)
        switch (option) {
        case 'g': m.cgroup = optarg; break;
        case 'n': most = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'r': m.guest_kib = strtoul(optarg, NULL, 10) << 10; break;
        default: return 2;
        }
    if (optind == argc)
        errx(2, "usage: meter [-g CGROUP] [-n MARKS] [-r MIB] PROGRAM [ARGUMENT]...");
    from = start(&m, argv + optind);
    follow(&m, from, most);
    waitpid(m.pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
