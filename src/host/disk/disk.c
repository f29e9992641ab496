#include "base/file.h"
#include "host/disk/parts.h"
#include "host/words.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static FIELD_TABLE(disk, 1, DISK)

#define SECOND_NS 1000000000ull
enum { SECTOR = 512, BLOCK = 4096, BURST_NS = 100000000 };

static struct disk *disk_of(struct block_port *p)
{
    return container_of(p, struct disk, port);
}

int disk_do(struct disk *d, const struct block_request *r)
{
    struct backing *b = d->backing;
    int error;

    switch (r->op) {
    case BLOCK_READ: return b->ops->read(b, r->pieces, r->piece_count, r->offset, r->len);
    case BLOCK_WRITE:
        error = b->ops->write(b, r->pieces, r->piece_count, r->offset, r->len);
        return error || !r->durable ? error : b->ops->flush(b);
    case BLOCK_FLUSH: return b->ops->flush(b);
    case BLOCK_DISCARD: return b->ops->discard(b, r->offset, r->len);
    case BLOCK_ZERO: return b->ops->zero(b, r->offset, r->len, r->unmap);
    }
    return EOPNOTSUPP;
}

/* Requests begin in the thread that hears of them, and a flush is everybody's. */
enum {
    BEGINS = THREAD_MACHINE | THREAD_CPU,
    POOL = THREAD_DISK_POOL,
};
static const char undone[] = "what a kernel's ring has left undone";

const struct host_call disk_host_calls[DISK_HOST_CALLS] = {
    { .name = "preadv", .roles = POOL },
    { .name = "preadv", .roles = BEGINS, .elsewhere = undone },
    { .name = "preadv2", .roles = BEGINS },
    { .name = "pwritev", .roles = THREAD_MACHINE | POOL },
    { .name = "pwritev", .roles = THREAD_CPU, .elsewhere = undone },
    { .name = "fdatasync", .roles = THREAD_MACHINE | POOL },
    { .name = "fdatasync", .roles = THREAD_CPU, .elsewhere = undone },
    { .name = "fallocate", .roles = POOL },
    { .name = "fallocate", .roles = BEGINS, .elsewhere = undone },
    { .name = "io_uring_enter", .roles = BEGINS },
    { "fcntl", 1, UINT32_MAX, F_OFD_SETLK, THREAD_MACHINE, NULL },
};

/* ---- the port ---- */

static void disk_describe(struct block_port *p, struct block_info *out)
{
    *out = disk_of(p)->info;
}

static bool allowed(const struct disk *d, const struct block_request *r)
{
    return (r->op == BLOCK_READ || r->op == BLOCK_FLUSH || !d->info.read_only) &&
           r->offset <= d->info.size_bytes && r->len <= d->info.size_bytes - r->offset;
}

int disk_start(struct disk *d, const struct thread_hook *hook, struct err *e)
{
    if (d->running)
        return 0;
    if (d->engine->run && d->engine->run(d, hook, e))
        return -(int)e->code;
    d->running = true;
    return 0;
}

static bool disk_submit(struct block_port *p, const struct block_request *r)
{
    struct disk *d = disk_of(p);
    struct job *j;
    struct err e;
    int error = !allowed(d, r) ? EINVAL : disk_start(d, NULL, &e) ? EIO : 0;

    pthread_mutex_lock(&d->lock);
    /* The inbox has room for every one. */
    j = d->under_way + d->done_count < DISK_DEPTH ? d->free : NULL;
    if (j) {
        d->free = j->next;
        d->under_way++;
    }
    pthread_mutex_unlock(&d->lock);
    if (!j)
        return false;
    j->request = *r;
    j->next = NULL;
    if (error)
        disk_note(d, j, error);
    else
        d->engine->start(d, j);
    return true;
}

void disk_note(struct disk *d, struct job *j, int error)
{
    pthread_mutex_lock(&d->lock);
    assert(d->done_count < DISK_DEPTH && d->under_way);
    d->done[d->done_count++] = (struct block_done) { j->request.tag, error };
    j->next = d->free;
    d->free = j;
    if (!--d->under_way)
        pthread_cond_broadcast(&d->idle);
    pthread_mutex_unlock(&d->lock);
}

void disk_wake(struct disk *d)
{
    struct wake wake;

    pthread_mutex_lock(&d->lock);
    wake = d->wake;
    pthread_mutex_unlock(&d->lock);
    wake_call(&wake);
}

static unsigned disk_completed(struct block_port *p, struct block_done *out, unsigned room)
{
    struct disk *d = disk_of(p);
    unsigned n;

    if (d->engine->reap)
        d->engine->reap(d, false);
    pthread_mutex_lock(&d->lock);
    n = d->done_count < room ? d->done_count : room;
    memcpy(out, d->done, n * sizeof *out);
    d->done_count -= n;
    memmove(d->done, d->done + n, d->done_count * sizeof *out);
    pthread_mutex_unlock(&d->lock);
    return n;
}

static void disk_settle(struct block_port *p)
{
    struct disk *d = disk_of(p);

    pthread_mutex_lock(&d->lock);
    d->settling++;
    while (d->under_way) {
        if (d->engine->reap) {
            pthread_mutex_unlock(&d->lock);
            d->engine->reap(d, true);
            pthread_mutex_lock(&d->lock);
        } else {
            pthread_cond_wait(&d->idle, &d->lock);
        }
    }
    d->settling--;
    pthread_mutex_unlock(&d->lock);
}

static void disk_attach(struct block_port *p, struct wake w)
{
    struct disk *d = disk_of(p);

    pthread_mutex_lock(&d->lock);
    d->wake = w;
    pthread_mutex_unlock(&d->lock);
}

static bool disk_awaits(struct block_port *p, struct pollfd *out)
{
    const struct disk *d = disk_of(p);

    if (!d->engine->descriptor)
        return false;
    *out = (struct pollfd) { .fd = d->engine->descriptor(d), .events = POLLIN };
    return true;
}

static const struct block_ops disk_ops = {
    .describe = disk_describe,
    .submit = disk_submit,
    .completed = disk_completed,
    .settle = disk_settle,
    .attach = disk_attach,
    .awaits = disk_awaits,
};

/* ---- snapshots ---- */

/* 1 more than the time, since some file systems know 1970 alone. */
static u64 last_change(const struct disk *d)
{
    struct stat st;

    if (file_stat(d->backing->named, &st) || !S_ISREG(st.st_mode))
        return 0;
    return (u64)st.st_mtim.tv_sec * SECOND_NS + (u64)st.st_mtim.tv_nsec + 1;
}

/* A copy that was made with the original's time may have it in whole seconds. */
static bool same_change(u64 saved, u64 now)
{
    return !saved || !now || now == saved ||
           (now % SECOND_NS == 1 && (now - 1) / SECOND_NS == (saved - 1) / SECOND_NS);
}

/* All is settled. */
static void disk_saving(void *self)
{
    struct disk *d = self;

    if (d->backing->ops->save)
        d->backing->ops->save(d->backing);
    d->changed = last_change(d);
}

static int disk_loaded(void *self, struct err *e)
{
    struct disk *d = self;
    u64 now = last_change(d);

    if (!d->any_change && !same_change(d->changed, now))
        return err_set(e, ERR_STATE,
                       "%s was changed after the snapshot was made; with --disk %s,changed=ok the "
                       "machine gets it as it is",
                       d->path, d->path);
    d->changed = now;
    return 0;
}

static void describe_state(struct disk *d)
{
    struct changes *c = d->backing->changes;

    d->component = (struct component) { .name = "file",
                                        .self = d,
                                        .fields = disk_fields(),
                                        .saving = disk_saving,
                                        .loaded = disk_loaded };
    d->overlay_tmp = c != NULL;
    d->port.state = &d->component;
    d->port.spaces[0] = c ? &c->bytes : NULL;
    d->port.spaces[1] = c ? &c->map : NULL;
}

/* ---- life ---- */

static int open_backing(const struct disk_config *c, struct disk *d, struct err *e)
{
    struct backing *base;

    if (raw_open(c->path, c->read_only || c->overlay, &base, e))
        return -(int)e->code;
    if (!c->overlay) {
        d->backing = base;
        return 0;
    }
    return overlay_open(base, strcmp(c->overlay, "tmp") != 0 ? c->overlay : NULL, &d->backing, e);
}

static int make_engine(const struct disk_config *c, struct disk *d, struct err *e)
{
    bool plain = !c->overlay && !c->bytes_per_s && !c->requests_per_s;

    if (c->engine == DISK_URING && !plain)
        return err_set(e, ERR_USAGE, "engine=uring is for raw disks without rate limits");
    if (c->engine != DISK_THREADS && plain) {
        if (!uring_make(d, e))
            return 0;
        if (c->engine == DISK_URING)
            return -(int)e->code;
    }
    return pool_make(d, e);
}

int disk_open(const struct disk_config *c, struct disk **out, struct err *e)
{
    struct disk *d;

    if (c->serial && strlen(c->serial) >= sizeof d->info.serial)
        return err_set(e, ERR_USAGE, "a disk's serial number has at most 20 characters");
    d = calloc(1, sizeof *d);
    if (!d)
        return err_set(e, ERR_NOMEM, "no memory for a disk");
    d->port.ops = &disk_ops;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->idle, NULL);
    for (unsigned i = 0; i < DISK_DEPTH; i++) {
        d->jobs[i].next = d->free;
        d->free = &d->jobs[i];
    }
    d->bytes = (struct rate) { .per_s = c->bytes_per_s, .burst_ns = BURST_NS };
    d->requests = (struct rate) { .per_s = c->requests_per_s, .burst_ns = BURST_NS };
    d->any_change = c->any_change;
    d->path = strdup(c->overlay && strcmp(c->overlay, "tmp") != 0 ? c->overlay : c->path);
    if (!d->path)
        err_set(e, ERR_NOMEM, "no memory for a disk");
    if (!d->path || open_backing(c, d, e) || make_engine(c, d, e)) {
        disk_close(d);
        return -(int)e->code;
    }
    describe_state(d);
    d->info = (struct block_info) { .size_bytes = d->backing->size_bytes,
                                    .block_bytes = BLOCK,
                                    .read_only = c->read_only,
                                    .discard = true,
                                    .zero = true };
    if (c->serial)
        strcpy(d->info.serial, c->serial);
    *out = d;
    return 0;
}

void disk_close(struct disk *d)
{
    if (!d)
        return;
    disk_settle(&d->port);
    if (d->engine)
        d->engine->stop(d);
    if (d->backing)
        d->backing->ops->close(d->backing);
    pthread_cond_destroy(&d->idle);
    pthread_mutex_destroy(&d->lock);
    free(d->path);
    free(d);
}

struct block_port *disk_port(struct disk *d)
{
    return &d->port;
}

const char *disk_engine_name(const struct disk *d)
{
    return d->engine->name;
}

/* ---- what a person types ---- */

static int take_word(char *word, struct disk_config *c, struct err *e)
{
    char *value = strchr(word, '=');

    if (!strcmp(word, "ro")) {
        c->read_only = true;
        return 0;
    }
    if (value)
        *value++ = 0;
    if (!value || !*value)
        return err_set(e, ERR_USAGE,
                       "'%s' (accepted: ro overlay= serial= changed=ok engine= bps= iops=)", word);
    if (!strcmp(word, "overlay"))
        c->overlay = value;
    else if (!strcmp(word, "serial"))
        c->serial = value;
    else if (!strcmp(word, "changed") && !strcmp(value, "ok"))
        c->any_change = true;
    else if (!strcmp(word, "bps"))
        return words_number(word, value, &c->bytes_per_s, e);
    else if (!strcmp(word, "iops"))
        return words_number(word, value, &c->requests_per_s, e);
    else if (!strcmp(word, "engine") && !strcmp(value, "auto"))
        c->engine = DISK_AUTO;
    else if (!strcmp(word, "engine") && !strcmp(value, "threads"))
        c->engine = DISK_THREADS;
    else if (!strcmp(word, "engine") && !strcmp(value, "uring"))
        c->engine = DISK_URING;
    else
        return err_set(e, ERR_USAGE,
                       "'%s=%s' (accepted: ro overlay= serial= changed=ok "
                       "engine=auto|threads|uring bps= iops=)",
                       word, value);
    return 0;
}

int disk_parse(char *text, struct disk_config *c, struct err *e)
{
    char *rest = text;

    *c = (struct disk_config) { .path = words_cut(&rest) };
    if (!*c->path)
        return err_set(e, ERR_USAGE, "a disk needs a path");
    while (rest)
        if (take_word(words_cut(&rest), c, e))
            return -(int)e->code;
    if (c->read_only && c->overlay)
        return err_set(e, ERR_USAGE, "a disk that is read only needs no overlay");
    return 0;
}
