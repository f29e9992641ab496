/* copy FROM TO: prints its arguments, then copies a file. Needs mews run --share DIR. The machine
 * passes the user's own arguments alone: argv[0] is the first of them. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char buffer[1024];

static int copy(int from, int to, unsigned long *total)
{
    int got, done, put;

    while ((got = read(from, buffer, sizeof buffer)) > 0) {
        for (done = 0; done < got; done += put) { /* write() may take less than it was given */
            put = write(to, buffer + done, got - done);
            if (put <= 0)
                return -1;
        }
        *total += got;
    }
    return got;
}

int main(int argc, char **argv)
{
    unsigned long total = 0;
    int from, to, i, failed;

    for (i = 0; i < argc; i++)
        printf("argument %d: %s\n", i, argv[i]);
    if (argc != 2) {
        fprintf(stderr, "copy: wants FROM and TO\n");
        return 2;
    }
    from = open(argv[0], O_RDONLY);
    if (from < 0)
        return 1; /* the machine has said why */
    to = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (to < 0)
        return 1;
    failed = copy(from, to, &total);
    if (close(to) || close(from) || failed) {
        fprintf(stderr, "copy: failed after %lu bytes\n", total);
        return 1;
    }
    printf("%lu bytes copied\n", total);
    return 0;
}
