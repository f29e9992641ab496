#include "app/detach.h"

#include "app/app.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the command: what the new process says until it closes the pipe, or dies. */
static int wait_ready(int from, pid_t child)
{
    char name[128];
    size_t used = 0;
    ssize_t n;
    int status;

    while (used < sizeof name &&
           ((n = read(from, name + used, sizeof name - used)) > 0 || (n < 0 && errno == EINTR)))
        if (n > 0)
            used += (size_t)n;
    if (used) {
        fwrite(name, 1, used, stdout);
        return 0;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status))
        return WEXITSTATUS(status); /* it has said why */
    return fail("the machine's process died before the machine was there");
}

/* Whoever started the command waits for the ends of what it gave us: we keep nothing of that but
 * standard error, until the machine has a log. */
static void let_go(int ready, int keep)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), most = (int)sysconf(_SC_OPEN_MAX);

    setsid();
    dup2(null, 0);
    dup2(null, 1);
    if (most > 4096)
        most = 4096;
    for (int fd = 3; fd < most; fd++)
        if (fd != ready && fd != keep)
            close(fd);
}

int detach_begin(int *ready, int keep)
{
    int fds[2];
    pid_t child;

    fflush(stdout);
    if (pipe2(fds, O_CLOEXEC) || (child = fork()) < 0) {
        fprintf(stderr, "mews: no process for the machine: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    if (child) {
        int status;

        close(fds[1]);
        status = wait_ready(fds[0], child);
        close(fds[0]);
        return status;
    }
    let_go(fds[1], keep);
    *ready = fds[1];
    return -1;
}

void detach_ready(int ready, const char *name)
{
    char line[128]; /* dprintf() would look what the descriptor is: no call that a jail allows */
    int len = snprintf(line, sizeof line, "%s\n", name);

    (void)!write(ready, line, (size_t)len);
    close(ready);
}
