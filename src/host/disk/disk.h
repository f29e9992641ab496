/* A disk image as a block port: a raw file or block device, alone or below a copy-on-write overlay.
 *
 * Requests are done by io_uring where the host has it and the disk is raw without rate limits, else
 * by a pool of threads; either posts to the port's inbox and wakes the machine. A flush returns
 * when the host says that what was written is on the medium.
 *
 * A snapshot has what goes with the machine, which is an overlay "tmp"; of a file with a name it
 * has the time of its last change, so that none goes on with another disk than it knows.
 *
 * A writable file is locked, so that no other machine of this host reads or writes it meanwhile;
 * one that is only read is shared with others that only read it. */
#ifndef HOST_DISK_DISK_H
#define HOST_DISK_DISK_H

#include "base/err.h"
#include "mach/machine.h"

enum disk_engine { DISK_AUTO, DISK_THREADS, DISK_URING };

struct disk_config {
    const char *path;
    const char *overlay; /* NULL: none; "tmp": one that goes with the machine; else a file's path */
    const char *serial;  /* NULL: none; 20 characters at most */
    bool read_only;
    bool any_change; /* a snapshot is restored whatever was written to the file since */
    u64 bytes_per_s, requests_per_s; /* 0: no limit */
    enum disk_engine engine;         /* DISK_URING: an error where it cannot be had */
};

struct disk;

int disk_open(const struct disk_config *c, struct disk **out, struct err *e);
void disk_close(struct disk *d); /* accepts NULL; waits for what was submitted */
/* Starts its threads: when a process has become what it wants to be (a jail's namespaces are for
 * one that has a single thread), and before a list of calls closes. Without it, the port's first
 * request does that. The hook (or NULL) is asked in each of them. */
int disk_start(struct disk *d, const struct thread_hook *hook, struct err *e);
struct block_port *disk_port(struct disk *d);
/* What it asks of the kernel while it runs, for a program's jail. */
enum { DISK_HOST_CALLS = 11 };
extern const struct host_call disk_host_calls[DISK_HOST_CALLS];
const char *disk_engine_name(const struct disk *d); /* "io_uring", "threads" */

/* Reads "PATH,overlay=tmp|FILE,ro,serial=S,changed=ok,engine=auto|threads|uring,bps=N,iops=N" into
 * *c; what it points to lies in `text`, which is cut up. A comma in a path is written twice. */
int disk_parse(char *text, struct disk_config *c, struct err *e);

#endif
