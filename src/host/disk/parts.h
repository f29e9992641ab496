/* What the files of this folder share. */
#ifndef HOST_DISK_PARTS_H
#define HOST_DISK_PARTS_H

#include "host/disk/disk.h"
#include "host/rate.h"
#include "mach/component.h"
#include "mach/space.h"

#include <pthread.h>

enum { DISK_DEPTH = 128, DISK_THREAD_COUNT = 4 };

/* Where the bytes are. Any of the pool's threads calls, several at once; all wait until it is done
 * and return an errno, 0 for success. */
struct backing {
    const struct backing_ops *ops;
    u64 size_bytes;
    int fd;                  /* of the file that is written; -1: none that has a name */
    int named;               /* of the one that a snapshot leaves where it is */
    struct changes *changes; /* that go with the machine; NULL: none */
};
struct backing_ops {
    int (*read)(struct backing *b, const struct iovec *pieces, unsigned count, u64 offset, u64 len);
    int (*write)(struct backing *b, const struct iovec *pieces, unsigned count, u64 offset,
                 u64 len);
    int (*flush)(struct backing *b);
    /* Has the file hold what it gets only with a flush, before a snapshot; NULL: nothing is held
     * back. */
    int (*save)(struct backing *b);
    int (*discard)(struct backing *b, u64 offset, u64 len);
    int (*zero)(struct backing *b, u64 offset, u64 len, bool unmap);
    void (*close)(struct backing *b);
};

int raw_open(const char *path, bool read_only, struct backing **out, struct err *e);
/* Takes `base` in any case. Without a path the changes go with the machine. */
int overlay_open(struct backing *base, const char *path, struct backing **out, struct err *e);

struct changes {
    struct space bytes; /* a disk's, those of blocks that are in the map */
    struct space map;   /* a bit per block of 4 KiB */
    u64 *written;       /* a bit per block: since the last look */
    int fd;             /* below the bytes; -1: none */
    bool restored;      /* nor is it now: they are a snapshot's */
};
int changes_make(u64 size_bytes, u64 map_bytes, struct changes **out, struct err *e);
void changes_free(struct changes *c); /* accepts NULL */
/* As pieces_move() and file_zero(); an errno. The range lies inside. */
int changes_move(struct changes *c, bool write, const struct iovec *pieces, unsigned count,
                 u64 skip, u64 offset, u64 len);
int changes_zero(struct changes *c, u64 offset, u64 len, bool unmap);

/* The whole file, for this open file description; a named error when another has it. */
int file_lock(int fd, bool write, const char *path, struct err *e);
void file_close(int fd); /* the lock goes at once */

/* Reads or writes all of it, however many calls that takes; an errno. Behind the file's end zeros
 * are read. `skip` bytes of the pieces are left out first. */
int pieces_move(int fd, bool write, const struct iovec *pieces, unsigned count, u64 skip,
                u64 offset, u64 len);
/* Zeros, by whatever the host has. */
int file_zero(int fd, u64 offset, u64 len, bool unmap);

struct job {
    struct block_request request;
    struct job *next;
};

struct engine_ops {
    const char *name;
    /* disk_note() before it returns, or some time later. */
    void (*start)(struct disk *d, struct job *j);
    void (*stop)(struct disk *d); /* nothing is under way */
    /* Makes its threads, which wake the machine when they have done something; or NULL, and the two
     * behind it say what is done. */
    int (*run)(struct disk *d, const struct thread_hook *hook, struct err *e);
    /* Takes note of what is done by now; with `wait`, of one thing at least. */
    void (*reap)(struct disk *d, bool wait);
    int (*descriptor)(const struct disk *d); /* can be read when reap() will find something */
};

#define DISK(F, A, E, G, H)                                                \
    F(CONFIG, bool, overlay_tmp, "what was written goes with the machine") \
    F(STATE, u64, changed,                                                 \
      "when the file that does not was changed last: 1 + ns since 1970; 0: not known")

struct disk {
    FIELD_MEMBERS(DISK)
    struct component component;
    char *path;
    bool any_change; /* since a snapshot is well with the person */
    struct block_port port;
    struct block_info info;
    struct backing *backing;
    const struct engine_ops *engine;
    void *engine_state;
    bool running; /* it has its threads */

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t idle;
    struct wake wake;
    struct job jobs[DISK_DEPTH], *free;
    struct block_done done[DISK_DEPTH];
    unsigned under_way, done_count;
    unsigned settling; /* who waits for all to be done: limits do not hold them up */
    struct rate bytes, requests;
};

/* It is done. Any thread; one of the engine's own then wakes the machine. */
void disk_note(struct disk *d, struct job *j, int error);
void disk_wake(struct disk *d);
/* Does a request, and waits until it is done; an errno. */
int disk_do(struct disk *d, const struct block_request *r);

/* Engines without their threads. */
int pool_make(struct disk *d, struct err *e);
int uring_make(struct disk *d, struct err *e);

#endif
