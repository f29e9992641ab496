/* The name servers. libslirp looks at /etc/resolv.conf whenever the guest asks 10.0.2.3, by the
 * file's name, and in the jail there are no files. So what it calls for that is here: the linker
 * takes these functions for the C library's, and they know one file, which was read before. What
 * the host changes in it later is not seen.
 *
 * Lines with a scope (fe80::1%eth0) are left out: which interface that is would have to be asked
 * for by a socket that the jail has not. */
#include "app/usernet/usernet.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 4096, FILE_MAX = 64 << 10 };

static const char file[] = "/etc/resolv.conf";

/* One process, one text: it has a name of its own in the file system too. */
static char text[TEXT_MAX];

static void take_lines(char *from)
{
    size_t used = 0;

    for (char *line; (line = strsep(&from, "\n"));) {
        size_t len = strlen(line);

        if (strncmp(line, "nameserver", 10) != 0 || strchr(line, '%') ||
            used + len + 2 > sizeof text)
            continue;
        memcpy(text + used, line, len);
        text[used + len] = '\n';
        used += len + 1;
    }
    text[used] = 0;
}

void resolv_read(struct in_addr dns)
{
    char address[INET_ADDRSTRLEN];
    struct err e;
    size_t len;
    u8 *all;

    if (dns.s_addr) {
        snprintf(text, sizeof text, "nameserver %s\n",
                 inet_ntop(AF_INET, &dns, address, sizeof address));
        return;
    }
    if (file_read(file, FILE_MAX, &all, &len, &e))
        return; /* no name servers: the guest's questions are lost */
    take_lines((char *)all);
    free(all);
}

/* ---- what libslirp calls ---- */

#define SEEN __attribute__((visibility("default")))

static FILE *open_text(const char *path, const char *mode)
{
    int fd;

    if (!strcmp(path, file))
        return fmemopen(text, strlen(text) + !text[0], "r");
    fd = open(path, O_RDONLY | O_CLOEXEC); /* chance, before the jail */
    return fd < 0 ? NULL : fdopen(fd, mode);
}

/* The file is always the same one. */
static int look(const char *path)
{
    if (!strcmp(path, file))
        return 0;
    errno = ENOENT;
    return -1;
}

SEEN FILE *fopen(const char *restrict path, const char *restrict mode)
{
    return open_text(path, mode);
}

SEEN FILE *fopen64(const char *restrict path, const char *restrict mode)
{
    return open_text(path, mode);
}

SEEN int stat(const char *restrict path, struct stat *restrict out)
{
    memset(out, 0, sizeof *out);
    return look(path);
}

SEEN int stat64(const char *restrict path, struct stat64 *restrict out)
{
    memset(out, 0, sizeof *out);
    return look(path);
}
