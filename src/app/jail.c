#include "app/jail.h"

#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- namespaces: no files, no network, no other processes' objects ---- */

static bool write_text(const char *path, const char *text)
{
    OWN(fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* We are who we were, in a user namespace where nobody else is. */
static bool new_namespaces(bool network)
{
    int more = network ? 0 : CLONE_NEWNET;
    unsigned uid = geteuid(), gid = getegid();
    char uids[40], gids[40];

    snprintf(uids, sizeof uids, "%u %u 1\n", uid, uid);
    snprintf(gids, sizeof gids, "%u %u 1\n", gid, gid);
    return !unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | more) &&
           write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/uid_map", uids) &&
           write_text("/proc/self/gid_map", gids);
}

/* The root becomes an empty file system, and the old one is reached by no path. /proc is where it
 * is mounted because that is a directory everywhere. */
static bool empty_root(void)
{
    return !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
           !mount("none", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                  "size=4k,mode=0555") &&
           !chdir("/proc") && !syscall(SYS_pivot_root, ".", ".") && !umount2(".", MNT_DETACH) &&
           !chdir("/") &&
           !mount(NULL, "/", NULL,
                  MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static bool no_capabilities(void)
{
    struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

    return !syscall(SYS_capset, &h, none);
}

/* ---- Landlock. Debian 12's <linux/landlock.h> ends before the newer members. ---- */

enum {
    LANDLOCK_VERSION = 1, /* flag of landlock_create_ruleset() */
    LANDLOCK_BENEATH = 1, /* rule type */
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3, /* the list cannot; but so it is seen to be no file */
    FS_MAKE_REG = 1 << 8,
    FS_TRUNCATE = 1 << 14, /* since 3 */
};

struct ruleset {
    uint64_t fs, net, scoped;
};

struct beneath {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

static long landlock_version(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
}

static bool allow_share(int rules, int share, uint64_t handled)
{
    const struct beneath b = { .allowed = handled & (FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR |
                                                     FS_MAKE_REG | FS_TRUNCATE),
                               .parent = share };

    return !syscall(SYS_landlock_add_rule, rules, LANDLOCK_BENEATH, &b, 0);
}

/* All that the kernel's version can refuse is refused, but for files beneath the share. */
static bool landlock(int share, bool network)
{
    static const int fs_bits[] = { 0, 13, 14, 15, 15 }; /* how many rights a version knows */
    long v = landlock_version();
    struct ruleset set = { .fs = v > 4   ? 0xffff
                                 : v > 0 ? (1u << fs_bits[v]) - 1
                                         : 0,
                           .net = v >= 4 && !network ? 3 : 0,
                           .scoped = v >= 6 ? 3 : 0 };
    size_t size = v >= 6 ? sizeof set : v >= 4 ? 2 * sizeof set.fs : sizeof set.fs;

    if (v <= 0)
        return share < 0; /* the list alone opens nothing */
    OWN(fd) int rules = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
    if (rules < 0 || (share >= 0 && !allow_share(rules, share, set.fs)))
        return false;
    return !syscall(SYS_landlock_restrict_self, rules, 0);
}

bool jail_can_share(void)
{
    return landlock_version() > 0;
}

int jail_enter(struct jail *j, struct err *e)
{
    OWN(fd) int share = -1;

    if (j->share) /* now: inside, the path leads nowhere */
        share = open(j->share, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (j->share && share < 0)
        return err_set(e, ERR_SYS, "cannot share %s", j->share);
    j->refused[0] = 0;
    /* A host may also allow the namespaces and nothing in them: then they are no harm. */
    if (!new_namespaces(j->network) || !empty_root())
        snprintf(j->refused, sizeof j->refused, "%s", strerror(errno));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return err_set(e, ERR_SYS, "the sandbox: no new privileges");
    if (!landlock(share, j->network))
        return err_set(e, ERR_SYS, "the sandbox: Landlock");
    if (!no_capabilities())
        return err_set(e, ERR_SYS, "the sandbox: giving up capabilities");
    jail_build_enter();
    return 0;
}
