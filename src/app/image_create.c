/* `mews image create`: a disk with Debian on it, by Debian's own tools, and nothing is booted for
 * it.
 *
 *     .NAME.new/   files.tar  what is ours in the system
 *        |         root.tar   mmdebstrap: packages installed, files.tar put in
 *        |         root/      tar
 *        |         disk.img   mke2fs -d root
 *        |         vmlinuz initrd.img vmlinux image.json
 *        v rename
 *     NAME/
 *
 * Who is root runs the tools as such; anybody else in a user namespace where they are (mmdebstrap's
 * mode "unshare"), so that files have the owners that they shall have. A signal ends the tool
 * that runs, .NAME.new is removed, and only then do we end. A lock beside it says that somebody is
 * at work; without the lock it is what a killed one has left, and the next one removes it. */
#include "app/image.h"

#include "base/file.h"
#include "base/own.h"
#include "base/spawn.h"
#include "base/types.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { BOOT_FILE_LIMIT = 512 << 20, ROOM_MIB = 2048 };

struct creation {
    const struct image_plan *plan;
    char target[PATH_MAX], temp[PATH_MAX];
    char scratch[PATH_MAX];    /* the tools' TMPDIR, in ours: mmdebstrap does not clear up all */
    char kernel[128];          /* its version: what follows vmlinuz- */
    const char *mode;          /* mmdebstrap's */
    const char *const *inside; /* words before a command that shall own the system's files */
    bool terminal;
    const char *stage;
    unsigned total, done; /* of the stage: steps; 0: nobody knows */
    struct timespec began;
    char why[SPAWN_LINE]; /* the first error that a tool has told */
    bool full;            /* the disk was */
    int signal;
};

/* ---- progress: a line for each stage ---- */

static double seconds_since(const struct timespec *t)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

static void show_stage(const struct creation *c)
{
    if (!c->terminal || !c->stage)
        return;
    fprintf(stderr, "\r\033[K%s ", c->stage);
    if (c->total)
        fprintf(stderr, "%u%%", c->done < c->total ? 100 * c->done / c->total : 100);
    fflush(stderr);
}

/* The stage before has ended. */
static void begin_stage(struct creation *c, const char *stage)
{
    if (c->terminal && c->stage)
        fprintf(stderr, "\r\033[K%s %.0f s\n", c->stage, seconds_since(&c->began));
    c->stage = stage;
    c->total = c->done = 0;
    clock_gettime(CLOCK_MONOTONIC, &c->began);
    show_stage(c);
}

/* ---- what mmdebstrap, and apt in it, say ---- */

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

static void follow(struct creation *c, const char *text)
{
    static const struct {
        const char *said, *stage;
    } stages[] = {
        { "I: running apt-get update", "package lists" },
        { "I: downloading packages", "base system, download" },
        { "I: installing essential packages", "base system, installation" },
        { "I: installing remaining packages", "packages" },
        { "I: cleaning package lists", "cleaning up" },
        { "I: creating tarball", "packing" },
    };
    static const char *const steps[] = { "Get:", "Unpacking ", "Setting up " };
    unsigned packages;

    for (unsigned i = 0; i < ARRAY_SIZE(stages); i++)
        if (begins(text, stages[i].said)) {
            unsigned before = begins(stages[i].stage, "base system, inst") ? c->total : 0;

            begin_stage(c, stages[i].stage);
            c->total = 2 * before; /* of those that were fetched: unpacked, set up */
        }
    if (sscanf(text, "%*u upgraded, %u newly installed", &packages) == 1) {
        c->total = c->stage && begins(c->stage, "packages") ? 3 * packages : packages;
        c->done = 0;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(steps); i++)
        if (begins(text, steps[i]) && c->total) {
            c->done++;
            show_stage(c);
        }
}

static void hear(void *ctx, const char *text)
{
    struct creation *c = ctx;

    if (c->plan->verbose)
        fprintf(stderr, "%s\n", text);
    c->full = c->full || strstr(text, "No space left on device") ||
              strstr(text, "Could not allocate block");
    if (!*c->why && (begins(text, "E: ") || begins(text, "W: Failed")))
        snprintf(c->why, sizeof c->why, "%s", text + 3);
    follow(c, text);
}

/* ---- tools ---- */

static int told(const struct creation *c, const char *tool, struct err *e)
{
    if (c->full && !strcmp(tool, "mke2fs"))
        return err_set(e, ERR_LIMIT, "the packages do not fit into the disk (--size)");
    if (c->full && !strcmp(tool, "mmdebstrap"))
        return err_set(e, ERR_LIMIT, "no space left in %.*s (TMPDIR) or in the data directory",
                       (int)(strrchr(c->scratch, '/') - c->scratch), c->scratch);
    if (c->full)
        return err_set(e, ERR_LIMIT, "no space left in the data directory");
    if (*c->why)
        return err_set(e, ERR_STATE, "%s: %.160s (--verbose shows all)", tool, c->why);
    return err_wrap(e, "--verbose shows what it said");
}

/* Runs a tool in .NAME.new. `owner`: it shall see, and make, files of all owners. */
static int run_tool(struct creation *c, bool owner, const char *const *argv, struct err *e)
{
    const char *words[128];
    struct spawn s = { .argv = words, .directory = c->temp, .line = hear, .ctx = c };
    unsigned n = 0;

    for (unsigned i = 0; owner && c->inside[i]; i++)
        words[n++] = c->inside[i];
    for (unsigned i = 0; argv[i]; i++) {
        if (n == ARRAY_SIZE(words) - 1)
            return err_set(e, ERR_LIMIT, "%s: too many words", argv[0]);
        words[n++] = argv[i];
    }
    words[n] = NULL;
    *c->why = 0;
    c->full = false;
    if (!spawn_run(&s, e))
        return 0;
    c->signal = s.signal;
    return c->signal || e->code == ERR_SYS ? -(int)e->code : told(c, argv[0], e);
}

/* Without a word, and whatever signals come: they are ignored by then. */
static void remove_tree(const struct creation *c, const char *path)
{
    const char *words[16];
    struct spawn s = { .argv = words };
    unsigned n = 0;
    struct err e;

    for (; c->inside && c->inside[n]; n++)
        words[n] = c->inside[n];
    words[n++] = "rm";
    words[n++] = "-rf";
    words[n++] = "--one-file-system";
    words[n++] = "--";
    words[n++] = path;
    words[n] = NULL;
    if (!access(path, F_OK))
        spawn_run(&s, &e);
}

/* ---- before it begins ---- */

static const char *const as_we_are[] = { NULL };
static const char *const in_namespace[] = { "unshare", "--user", "--map-root-user", "--map-auto",
                                            NULL };

/* Not mmdebstrap's other ways, in which packages' scripts are not truly in a chroot. */
static int choose_mode(struct creation *c, struct err *e)
{
    const char *const try[] = {
        "unshare", "--user", "--map-root-user", "--map-auto", "true", NULL
    };
    const struct passwd *user = getpwuid(geteuid());
    struct spawn s = { .argv = try };

    c->inside = as_we_are;
    c->mode = "root";
    if (!geteuid())
        return 0;
    c->mode = "unshare";
    if (!spawn_has("newuidmap"))
        return err_set(e, ERR_STATE, "who is not root needs newuidmap (apt-get install uidmap)");
    if (spawn_run(&s, e))
        return err_set(e, ERR_STATE,
                       "no user namespace with many users (lines \"%.32s:100000:65536\" in "
                       "/etc/subuid and /etc/subgid, or be root)",
                       user ? user->pw_name : "YOU");
    c->inside = in_namespace;
    return 0;
}

static int check_tools(struct err *e)
{
    static const char *const tools[][2] = { { "mmdebstrap", "mmdebstrap" },
                                            { "mke2fs", "e2fsprogs" },
                                            { "tar", "tar" },
                                            { "unshare", "util-linux" } };
    char missing[128] = "";

    for (unsigned i = 0; i < ARRAY_SIZE(tools); i++)
        if (!spawn_has(tools[i][0])) {
            strcat(missing, " ");
            strcat(missing, tools[i][1]);
        }
    return *missing ? err_set(e, ERR_STATE, "tools are missing (apt-get install%s)", missing) : 0;
}

static int check_room(const struct creation *c, struct err *e)
{
    struct statvfs f;
    uint64_t mib;

    if (statvfs(c->temp, &f))
        return err_set(e, ERR_SYS, "%s", c->temp);
    mib = (uint64_t)f.f_bavail * f.f_frsize >> 20;
    return mib < ROOM_MIB ? err_set(e, ERR_LIMIT,
                                    "%llu MiB are free in the data directory: want %d to make it",
                                    (unsigned long long)mib, ROOM_MIB)
                          : 0;
}

/* ---- what is ours in the system ---- */

static int put_text(const struct creation *c, const char *path, const char *text, struct err *e)
{
    char full[PATH_MAX];

    if ((size_t)snprintf(full, sizeof full, "%s/%s", c->temp, path) >= sizeof full)
        return err_set(e, ERR_LIMIT, "the path of the data directory is too long");
    if (file_make_parents(full, e))
        return -(int)e->code;
    return file_write(full, text, strlen(text), e);
}

static int set_mode(const struct creation *c, const char *path, mode_t mode, struct err *e)
{
    char full[PATH_MAX];

    snprintf(full, sizeof full, "%.4000s/%s", c->temp, path);
    return chmod(full, mode) ? err_set(e, ERR_SYS, "%s", full) : 0;
}

/* With its owner's rights alone, as sshd wants it. */
static int put_keys(struct creation *c, struct err *e)
{
    return !c->plan->keys || (!put_text(c, "files/root/.ssh/authorized_keys", c->plan->keys, e) &&
                              !set_mode(c, "files/root/.ssh/authorized_keys", 0600, e) &&
                              !set_mode(c, "files/root/.ssh", 0700, e))
               ? 0
               : -(int)e->code;
}

static int put_files(struct creation *c, struct err *e)
{
    /* Of what others have made a directory for, not the directory: its rights would change. */
    const char *const pack[] = { "tar",
                                 "--create",
                                 "--file=files.tar",
                                 "--owner=0",
                                 "--group=0",
                                 "--numeric-owner",
                                 "--directory=files",
                                 "etc",
                                 "usr/local/bin/resize",
                                 c->plan->keys ? "root/.ssh" : NULL,
                                 NULL };
    static const char *const files[][2] = {
        { "files/etc/fstab", "/dev/vda / ext4 errors=remount-ro,x-systemd.growfs 0 1\n" },
        { "files/etc/systemd/network/80-mews.network",
          "[Match]\nType=ether\nKind=!*\n\n[Network]\nDHCP=yes\n\n"
          "[DHCPv4]\nUseHostname=no\n" }, /* it has a name */
        { "files/etc/default/locale", "LANG=C.UTF-8\n" },
        { "files/etc/systemd/system/serial-getty@ttyS0.service.d/autologin.conf",
          "[Service]\nExecStart=\n"
          "ExecStart=-/sbin/agetty --autologin root --noclear --keep-baud 115200,57600,38400,9600 "
          "- xterm-256color\n" },
        /* Without it nobody could log in: on a slow host it comes late, and is waited for. */
        { "files/etc/systemd/system/dev-ttyS0.device.d/wait.conf",
          "[Unit]\nJobRunningTimeoutSec=infinity\n" },
        /* How large the terminal at its other end is a serial line cannot know: it is asked where
         * its cursor is when it has gone as far as it can. What is no terminal says nothing. */
        { "files/usr/local/bin/resize",
          "#!/bin/bash\n# Tells this terminal's line how large it is, by asking it.\n"
          "exec </dev/tty >/dev/tty\nsaved=$(stty -g)\ntrap 'stty \"$saved\"' EXIT\n"
          "stty -echo -icanon\nprintf '\\0337\\033[r\\033[999;999H\\033[6n\\0338'\n"
          "IFS='[;' read -rs -d R -t 3 _ rows columns && stty rows \"$rows\" columns "
          "\"$columns\"\n" },
        { "files/etc/profile.d/mews-resize.sh", "case $(tty) in /dev/ttyS*) resize ;; esac\n" },
        /* Each copy has a key of its own; and one of a kind that takes no time to make. */
        { "files/etc/ssh/sshd_config.d/mews.conf", "HostKey /etc/ssh/ssh_host_ed25519_key\n" },
        { "files/etc/systemd/system/ssh.service.d/key.conf",
          "[Service]\nExecStartPre=\nExecStartPre=/bin/sh -c "
          "'K=/etc/ssh/ssh_host_ed25519_key; [ -s $$K ] || ssh-keygen -q -t ed25519 -N \"\" -f "
          "$$K'\n"
          "ExecStartPre=/usr/sbin/sshd -t\n" },
    };
    char text[256], host[65];

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        if (put_text(c, files[i][0], files[i][1], e))
            return -(int)e->code;
    snprintf(host, sizeof host, "%s", c->plan->name);
    for (char *p = host; *p; p++) /* a label of the domain name system */
        *p = *p == '_' || *p == '.' ? '-' : *p;
    host[63] = 0;
    snprintf(text, sizeof text, "%s\n", host);
    if (put_text(c, "files/etc/hostname", text, e))
        return -(int)e->code;
    snprintf(text, sizeof text, "127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost ip6-localhost\n",
             host);
    if (put_text(c, "files/etc/hosts", text, e))
        return -(int)e->code;
    if (set_mode(c, "files/usr/local/bin/resize", 0755, e) || put_keys(c, e))
        return -(int)e->code;
    return run_tool(c, false, pack, e); /* its owner is root, whoever we are */
}

/* ---- the stages ---- */

static int join_packages(const struct image_plan *p, char *out, size_t room, struct err *e)
{
    size_t len = (size_t)snprintf(
        out, room, "%s",
        "--include=linux-image-cloud-amd64,initramfs-tools,zstd,systemd-sysv,systemd-resolved,"
        "libpam-systemd,dbus,udev,kmod,e2fsprogs,iproute2,iputils-ping,netbase,ca-certificates,"
        "less,nano");

    for (unsigned i = 0; p->packages[i] && len < room; i++)
        len += (size_t)snprintf(out + len, room - len, ",%s", p->packages[i]);
    return len < room ? 0 : err_set(e, ERR_LIMIT, "too many packages");
}

/* Nothing that dpkg writes need outlive a power cut: it would wait for the disk after each package.
 */
static int install(struct creation *c, struct err *e)
{
    static const char finish[] =
        "--customize-hook=chroot \"$1\" systemctl enable systemd-networkd systemd-resolved"
        /* It looks for snapshots of logical volumes, of which there are none. */
        " && chroot \"$1\" systemctl disable e2scrub_reap.service"
        " && ln -sf ../run/systemd/resolve/stub-resolv.conf \"$1\"/etc/resolv.conf"
        " && rm -f \"$1\"/etc/ssh/ssh_host_*_key* \"$1\"/etc/dpkg/dpkg.cfg.d/99mmdebstrap";
    const struct image_plan *p = c->plan;
    char mode[32], packages[4096];
    const char *argv[100] = { "mmdebstrap",
                              mode,
                              packages,
                              finish,
                              "--customize-hook=tar-in files.tar /",
                              "--variant=apt",
                              "--format=tar",
                              "--architectures=amd64",
                              "--dpkgopt=force-unsafe-io",
                              "--verbose",
                              "--",
                              p->suite,
                              "root.tar" };
    unsigned n = 0;

    if (join_packages(p, packages, sizeof packages, e))
        return -(int)e->code;
    snprintf(mode, sizeof mode, "--mode=%s", c->mode);
    while (argv[n])
        n++;
    for (unsigned i = 0; p->mirrors[i] && n < ARRAY_SIZE(argv) - 1; i++)
        argv[n++] = p->mirrors[i];
    return run_tool(c, false, argv, e);
}

static int make_disk(struct creation *c, struct err *e)
{
    static const char *const unpack[] = { "tar",
                                          "--extract",
                                          "--file=root.tar",
                                          "--directory=root",
                                          "--preserve-permissions",
                                          "--same-owner",
                                          "--numeric-owner",
                                          "--xattrs",
                                          "--xattrs-include=*",
                                          "--exclude=./dev/*",
                                          NULL };
    static const char *const forget[] = { "rm", "root.tar", NULL };
    char size[32], root[PATH_MAX];
    const char *const make[] = { "mke2fs", "-q", "-F",   "-t",       "ext4", "-m",
                                 "1",      "-d", "root", "disk.img", size,   NULL };

    snprintf(size, sizeof size, "%zuk", c->plan->bytes >> 10);
    if ((size_t)snprintf(root, sizeof root, "%s/root", c->temp) >= sizeof root || mkdir(root, 0755))
        return err_set(e, ERR_SYS, "%s", root);
    begin_stage(c, "unpacking");
    if (run_tool(c, true, unpack, e) || run_tool(c, false, forget, e))
        return -(int)e->code;
    begin_stage(c, "file system");
    return run_tool(c, true, make, e);
}

static int take_out(const struct creation *c, const char *from, const char *to, struct err *e)
{
    char source[PATH_MAX], target[PATH_MAX];
    OWN(buf) u8 *bytes = NULL;
    size_t len;

    snprintf(source, sizeof source, "%.3900s/root/boot/%s-%s", c->temp, from, c->kernel);
    snprintf(target, sizeof target, "%.4000s/%s", c->temp, to);
    return file_read(source, BOOT_FILE_LIMIT, &bytes, &len, e) ? -(int)e->code
                                                               : file_write(target, bytes, len, e);
}

/* The link /vmlinuz says which kernel is the one to boot. */
static int take_kernel(struct creation *c, struct err *e)
{
    char path[PATH_MAX], to[256], vmlinux[PATH_MAX];
    struct mews_error why;
    ssize_t len;

    snprintf(path, sizeof path, "%.4000s/root/vmlinuz", c->temp);
    len = readlink(path, to, sizeof to - 1);
    if (len < 0)
        return err_set(e, ERR_SYS, "the system has no kernel: %s", path);
    to[len] = 0;
    if (!begins(to, "boot/vmlinuz-") || strchr(to + 13, '/') || strlen(to + 13) >= sizeof c->kernel)
        return err_set(e, ERR_FORMAT, "the system's kernel is at %s", to);
    memcpy(c->kernel, to + 13, strlen(to + 13) + 1);
    if (take_out(c, "vmlinuz", "vmlinuz", e) || take_out(c, "initrd.img", "initrd.img", e))
        return -(int)e->code;
    snprintf(path, sizeof path, "%.4000s/vmlinuz", c->temp);
    snprintf(vmlinux, sizeof vmlinux, "%.4000s/vmlinux", c->temp);
    if (mews_kernel_unpack(path, vmlinux, &why)) /* the other one does it too, only later */
        fprintf(stderr, "mews: the kernel stays compressed: %s\n", why.text);
    return 0;
}

static json_t *texts(const char *const *list)
{
    json_t *j = json_array();

    for (; *list; list++)
        json_array_append_new(j, json_text(*list));
    return j;
}

static int describe(const struct creation *c, struct err *e)
{
    char path[PATH_MAX];
    json_t *j = json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:s, s:I, s:o}", "format", IMAGE_FORMAT,
                          "made", IMAGE_RECIPE, "suite", json_text(c->plan->suite), "packages",
                          texts(c->plan->packages), "mirrors", texts(c->plan->mirrors), "kernel",
                          json_text(c->kernel), "command_line",
                          "root=/dev/vda rw console=ttyS0 quiet", "created", (json_int_t)time(NULL),
                          "program", json_text(mews_version()));
    OWN(buf) char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;

    json_decref(j);
    snprintf(path, sizeof path, "%.4000s/image.json", c->temp);
    return text ? file_write(path, text, strlen(text), e) : err_set(e, ERR_NOMEM, "no memory");
}

static int sync_disk(const struct creation *c, struct err *e)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%.4000s/disk.img", c->temp);
    OWN(fd) int fd = open(path, O_RDWR | O_CLOEXEC);
    return fd < 0 || fsync(fd) ? err_set(e, ERR_SYS, "%s", path) : 0;
}

/* The old one is there until the new one is. */
static int put_in_place(const struct creation *c, struct err *e)
{
    if (!renameat2(AT_FDCWD, c->temp, AT_FDCWD, c->target, RENAME_NOREPLACE))
        return 0;
    if (errno == EEXIST && c->plan->replace &&
        !renameat2(AT_FDCWD, c->temp, AT_FDCWD, c->target, RENAME_EXCHANGE))
        return 0;
    return err_set(e, ERR_SYS, "%s", c->target);
}

static bool interrupted(struct creation *c)
{
    static const struct timespec now = { 0, 0 };
    sigset_t set;
    int n;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    n = c->signal ? c->signal : sigtimedwait(&set, NULL, &now);
    c->signal = n > 0 ? n : 0;
    return c->signal;
}

/* Packages are installed in it, by users who may not look into the data directory. */
static int make_scratch(struct creation *c, struct err *e)
{
    const char *tmp = getenv("TMPDIR");

    if ((size_t)snprintf(c->scratch, sizeof c->scratch, "%s/mews-image.XXXXXX",
                         tmp && *tmp == '/' ? tmp : "/tmp") >= sizeof c->scratch)
        return err_set(e, ERR_LIMIT, "the path in TMPDIR is too long");
    if (!mkdtemp(c->scratch) || chmod(c->scratch, 0755) || setenv("TMPDIR", c->scratch, 1))
        return err_set(e, ERR_SYS, "%s", c->scratch);
    return 0;
}

static int make(struct creation *c, struct err *e)
{
    static const char *const forget[] = { "rm", "-r", "root", "files", "files.tar", NULL };

    remove_tree(c, c->temp); /* of one who was killed */
    if (mkdir(c->temp, 0755))
        return err_set(e, ERR_SYS, "%s", c->temp);
    if (check_room(c, e) || make_scratch(c, e) || put_files(c, e) || install(c, e) ||
        make_disk(c, e))
        return -(int)e->code;
    begin_stage(c, "kernel");
    if (take_kernel(c, e) || run_tool(c, true, forget, e) || describe(c, e) || sync_disk(c, e))
        return -(int)e->code;
    if (interrupted(c))
        return err_set(e, ERR_STATE, "interrupted");
    if (put_in_place(c, e))
        return -(int)e->code;
    begin_stage(c, NULL);
    return 0;
}

/* ---- all of it ---- */

static void signals(int how)
{
    static const int known[] = { SIGINT, SIGTERM, SIGHUP };
    sigset_t set;

    sigemptyset(&set);
    for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
        sigaddset(&set, known[i]);
        if (how == SIG_UNBLOCK)
            signal(known[i], SIG_IGN); /* so that clearing up is not interrupted in its turn */
    }
    pthread_sigmask(how, &set, NULL);
}

/* /sbin is not in everybody's PATH; and what the tools say is read here. */
static void set_environment(void)
{
    const char *path = getenv("PATH");
    char all[PATH_MAX];

    if ((size_t)snprintf(all, sizeof all, "%s:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin") <
        sizeof all)
        setenv("PATH", all, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    umask(022); /* the system's files get it */
}

static int begin(struct creation *c, struct err *e)
{
    const char *name = c->plan->name;

    if (image_path(name, NULL, c->target, e) || file_make_parents(c->target, e))
        return -(int)e->code;
    if (!c->plan->replace && !access(c->target, F_OK))
        return err_set(e, ERR_USAGE, "%s: there is such an image (--force replaces it)", name);
    if ((size_t)snprintf(c->temp, sizeof c->temp, "%.*s/.%s.new",
                         (int)(strrchr(c->target, '/') - c->target), c->target,
                         name) >= sizeof c->temp - 100) /* room for names in it */
        return err_set(e, ERR_LIMIT, "the path of the data directory is too long");
    return check_tools(e) || choose_mode(c, e) ? -(int)e->code : 0;
}

static int failed(const struct creation *c, const struct err *e)
{
    if (c->terminal && c->stage)
        fputc('\n', stderr);
    fail(e->text);
    return c->signal ? 128 + c->signal : e->code == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

int image_create(const struct image_plan *p)
{
    struct creation c = { .plan = p, .terminal = isatty(STDERR_FILENO) && !p->verbose };
    bool taken;
    struct err e;
    int lock, r;

    set_environment();
    if (begin(&c, &e))
        return failed(&c, &e);
    lock = file_lock_beside(c.target, &taken);
    if (lock < 0) {
        if (taken)
            err_set(&e, ERR_STATE, "%s: another mews is making it", p->name);
        else
            err_set(&e, ERR_SYS, "%s", c.target);
        return failed(&c, &e);
    }
    signals(SIG_BLOCK);
    r = make(&c, &e);
    signals(SIG_UNBLOCK);
    remove_tree(&c, c.temp); /* or the image that was replaced */
    remove_tree(&c, c.scratch);
    file_unlock_beside(c.target, lock);
    return r ? failed(&c, &e) : 0;
}
