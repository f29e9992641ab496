#include "app/cgroup.h"

#include "base/file.h"
#include "base/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char prefix[] = "mews-";
enum { TEXT_MAX = 4 << 20, LOOK_MS = 1000, LOOKS = 60, DESCRIPTORS_MAX = 4096 };

/* ---- where ---- */

/* The word that ends at a blank, with its octal numbers (\040) as bytes. */
static const char *take_word(const char *at, char *out, size_t room)
{
    size_t n = 0;

    for (; *at && *at != ' ' && *at != '\n'; n++) {
        unsigned byte = (unsigned char)*at++;

        if (byte == '\\' && strspn(at, "01234567") >= 3) {
            byte = (unsigned)(at[0] - '0') << 6 | (unsigned)(at[1] - '0') << 3 |
                   (unsigned)(at[2] - '0');
            at += 3;
        }
        if (n + 1 < room)
            out[n] = (char)byte;
    }
    out[n + 1 < room ? n : 0] = 0; /* one that does not fit is none */
    return at + (*at == ' ');
}

/* A line of mountinfo: what of the hierarchy is seen there. False: it is another file system. */
static bool take_mount(const char *line, char root[PATH_MAX], char point[PATH_MAX])
{
    const char *end = line + strcspn(line, "\n"), *type = strstr(line, " - ");
    char word[64];

    if (!type || type > end || strncmp(type + 3, "cgroup2 ", 8) != 0)
        return false;
    for (unsigned i = 0; i < 3; i++) /* its number, its parent's, the device's */
        line = take_word(line, word, sizeof word);
    line = take_word(line, root, PATH_MAX);
    take_word(line, point, PATH_MAX);
    return *root && *point;
}

static bool take_self(const char *self, char out[PATH_MAX])
{
    while (*self && strncmp(self, "0::", 3) != 0) {
        self += strcspn(self, "\n");
        self += *self == '\n';
    }
    if (!*self)
        return false;
    snprintf(out, PATH_MAX, "%.*s", (int)strcspn(self + 3, "\n"), self + 3);
    return *out == '/';
}

bool cgroup_place(const char *mounts, const char *self, char out[PATH_MAX])
{
    char root[PATH_MAX], point[PATH_MAX], path[PATH_MAX];
    size_t len;

    if (!take_self(self, path))
        return false;
    *strrchr(path, '/') = 0; /* beside it; below, if it is the root */
    for (; *mounts; mounts += strcspn(mounts, "\n"), mounts += *mounts == '\n') {
        if (!take_mount(mounts, root, point))
            continue;
        len = strcmp(root, "/") ? strlen(root) : 0;
        if (strncmp(path, root, len) != 0 || (path[len] && path[len] != '/'))
            continue; /* ours is not below what is seen there */
        return snprintf(out, PATH_MAX, "%s%s", point, path + len) < PATH_MAX;
    }
    return false;
}

static int find_place(char out[PATH_MAX], struct err *e)
{
    OWN(buf) u8 *mounts = NULL, *self = NULL;
    size_t len;

    if (file_read("/proc/self/mountinfo", TEXT_MAX, &mounts, &len, e) ||
        file_read("/proc/self/cgroup", TEXT_MAX, &self, &len, e))
        return -(int)e->code;
    if (!cgroup_place((const char *)mounts, (const char *)self, out))
        return err_set(e, ERR_NOTSUP,
                       "no cgroup v2 is mounted here (as root: mount -t cgroup2 none "
                       "/sys/fs/cgroup)");
    return 0;
}

/* ---- files ---- */

/* False with errno. */
static bool put(int dir, const char *file, const char *value)
{
    OWN(fd) int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
}

static size_t get(int dir, const char *file, char *out, size_t room)
{
    OWN(fd) int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, out, room - 1) : 0;

    out[n > 0 ? n : 0] = 0;
    return n > 0 ? (size_t)n : 0;
}

static bool has_word(const char *list, const char *word, size_t len)
{
    for (list += strspn(list, " \n"); *list; list += strspn(list, " \n")) {
        size_t n = strcspn(list, " \n");

        if (n == len && !memcmp(list, word, len))
            return true;
        list += n;
    }
    return false;
}

static int refused(const char *path, struct err *e)
{
    if (errno == EACCES || errno == EPERM || errno == EROFS)
        return err_set(e, ERR_NOTSUP,
                       "no cgroup may be made in %s (as root, or: systemd-run --user --scope -p "
                       "Delegate=yes mews ...)",
                       path);
    if (errno == EBUSY)
        return err_set(e, ERR_NOTSUP,
                       "%s has processes of its own, so that it can bound no others in it", path);
    return err_set(e, ERR_SYS, "a cgroup in %s", path);
}

/* The controller of a file is one that cgroups in there have. */
static int hand_out(int dir, const char *path, const char *file, struct err *e)
{
    size_t len = strcspn(file, ".");
    char list[400], order[40];

    get(dir, "cgroup.controllers", list, sizeof list);
    if (!has_word(list, file, len))
        return err_set(
            e, ERR_NOTSUP, "%s has no controller \"%.*s\"%s", path, (int)len, file,
            access("/sys/fs/cgroup/cgroup.controllers", F_OK) ? " (version 1 may have it)" : "");
    get(dir, "cgroup.subtree_control", list, sizeof list);
    snprintf(order, sizeof order, "+%.*s", (int)len, file);
    return has_word(list, file, len) || put(dir, "cgroup.subtree_control", order)
               ? 0
               : refused(path, e);
}

/* Those that nobody is in any more, whose process outside was killed too. */
static void sweep(int dir)
{
    DIR *d = fdopendir(dup(dir));

    for (struct dirent *i; d && (i = readdir(d));)
        if (!strncmp(i->d_name, prefix, sizeof prefix - 1))
            unlinkat(dir, i->d_name, AT_REMOVEDIR); /* refused if somebody is in it */
    if (d)
        closedir(d);
}

/* ---- the process outside ---- */

/* It holds nothing that somebody may wait for the end of. */
static void let_go(int dir, int group, int pipe)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const int most = (int)sysconf(_SC_OPEN_MAX);
    sigset_t all;

    setsid();
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int fd = 0; fd < (most < DESCRIPTORS_MAX ? most : DESCRIPTORS_MAX); fd++)
        if (fd < 3)
            dup2(null, fd);
        else if (fd != dir && fd != group && fd != pipe)
            close(fd);
}

/* Until who made us has ended, then until all who are in it have. */
static void clean_up(int dir, const char *name, int pipe, int events)
{
    char byte;

    while (read(pipe, &byte, 1) < 0 && errno == EINTR)
        ;
    for (unsigned i = 0; unlinkat(dir, name, AT_REMOVEDIR) && errno == EBUSY && i < LOOKS; i++) {
        char text[100];
        struct pollfd f = { events, POLLPRI, 0 };

        if (pread(events, text, sizeof text, 0) >= 0) /* from now on a change is told */
            poll(&f, 1, LOOK_MS);
    }
}

/* Our end of a pipe that ends with us; -1 with errno. Its grandparent is not asked to wait for it.
 */
static int leave_behind(int dir, const char *name, int group)
{
    int ends[2], events = openat(group, "cgroup.events", O_RDONLY | O_CLOEXEC);
    pid_t pid;

    if (events < 0 || pipe2(ends, O_CLOEXEC)) {
        close(events);
        return -1;
    }
    fflush(NULL);
    pid = fork();
    if (!pid) {
        close(ends[1]);
        let_go(dir, events, ends[0]);
        clean_up(dir, name, ends[0], events);
        _exit(0);
    }
    close(events);
    close(ends[0]);
    if (pid > 0)
        return ends[1];
    close(ends[1]);
    return -1;
}

/* ---- making ---- */

static int set_up(int group, const struct cgroup_setting *list, unsigned count, struct err *e)
{
    for (unsigned i = 0; i < count; i++)
        if (!put(group, list[i].file, list[i].value) && list[i].required)
            return err_set(e, ERR_SYS, "%s of a cgroup", list[i].file);
    return 0;
}

static int move_in(int dir, const char *path, const char *name, const struct cgroup_setting *list,
                   unsigned count, struct err *e)
{
    OWN(fd) int group = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int end;

    if (group < 0)
        return err_set(e, ERR_SYS, "a cgroup in %s", path);
    if (set_up(group, list, count, e))
        return -(int)e->code;
    end = leave_behind(dir, name, group);
    if (end < 0)
        return err_set(e, ERR_SYS, "a process that removes the cgroup");
    if (put(group, "cgroup.procs", "0"))
        return 0; /* `end` is closed by our end */
    refused(path, e);
    close(end);
    return -(int)e->code;
}

int cgroup_enter(const struct cgroup_setting *list, unsigned count, struct err *e)
{
    char path[PATH_MAX], name[40];

    if (find_place(path, e))
        return -(int)e->code;
    OWN(fd) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) /* something else may be mounted over it */
        return err_set(e, ERR_SYS, "the cgroup v2 at %s cannot be reached", path);
    for (unsigned i = 0; i < count; i++)
        if (list[i].required && hand_out(dir, path, list[i].file, e))
            return -(int)e->code;
    sweep(dir);
    snprintf(name, sizeof name, "%s%d", prefix, (int)getpid());
    if (mkdirat(dir, name, 0755))
        return refused(path, e);
    if (!move_in(dir, path, name, list, count, e))
        return 0;
    unlinkat(dir, name, AT_REMOVEDIR);
    return -(int)e->code;
}
