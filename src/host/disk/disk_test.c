/* Disks: both engines, raw and below an overlay, against a model in memory; what survives without a
 * clean end; locks, limits, and what a person types. */
#include "host/disk/disk.h"

#include "host/disk/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE = 1 << 20, LONGEST = 40 << 10 };

static char dir[64];

static const char *at(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *p = paths[next++ % 4];

    snprintf(p, sizeof paths[0], "%s/%s", dir, name);
    return p;
}

static u64 chance(u64 *r)
{
    *r = *r * 6364136223846793005ull + 1442695040888963407ull;
    return *r >> 33;
}

static void make_image(const char *path, u8 *model)
{
    FILE *f = fopen(path, "wb");
    u64 r = 1;

    assert_non_null(f);
    for (unsigned i = 0; i < SIZE; i++)
        model[i] = (u8)chance(&r);
    assert_int_equal(fwrite(model, 1, SIZE, f), SIZE);
    fclose(f);
}

struct user {
    struct disk *disk;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    unsigned wakes;
};

static void wake(void *owner)
{
    struct user *u = owner;

    pthread_mutex_lock(&u->lock);
    u->wakes++;
    pthread_cond_signal(&u->woken);
    pthread_mutex_unlock(&u->lock);
}

static void user_open(struct user *u, const struct disk_config *c)
{
    struct err e = { 0 };

    *u = (struct user) { .lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER };
    if (disk_open(c, &u->disk, &e))
        fail_msg("%s", e.text);
    disk_port(u->disk)->ops->attach(disk_port(u->disk), (struct wake) { wake, u });
}

/* Waits for the one request that is under way: by the descriptor, or until it is woken. */
static int finish(struct user *u, u64 tag)
{
    struct block_port *p = disk_port(u->disk);
    struct block_done done;
    struct pollfd f;

    for (;;) {
        unsigned wakes;

        pthread_mutex_lock(&u->lock);
        wakes = u->wakes;
        pthread_mutex_unlock(&u->lock);
        if (p->ops->completed(p, &done, 1)) {
            assert_int_equal(done.tag, tag);
            return done.error;
        }
        if (p->ops->awaits(p, &f)) {
            assert_int_equal(poll(&f, 1, -1), 1);
            continue;
        }
        pthread_mutex_lock(&u->lock);
        while (u->wakes == wakes)
            pthread_cond_wait(&u->woken, &u->lock);
        pthread_mutex_unlock(&u->lock);
    }
}

static int ask(struct user *u, enum block_op op, u64 offset, u64 len, u8 *bytes)
{
    static u64 tag;
    struct iovec v[3] = { { bytes, len / 3 },
                          { bytes + len / 3, len / 2 - len / 3 },
                          { bytes + len / 2, len - len / 2 } };
    struct block_request r = { .op = op,
                               .durable = op == BLOCK_WRITE && offset % 1024 == 0,
                               .unmap = offset % 1024 == 0,
                               .offset = offset,
                               .len = len,
                               .pieces = v,
                               .piece_count = bytes ? 3 : 0,
                               .tag = ++tag };

    assert_true(disk_port(u->disk)->ops->submit(disk_port(u->disk), &r));
    return finish(u, r.tag);
}

/* Does random things to the disk and to the model. */
static void play(struct user *u, u8 *model, u64 *r, unsigned count, bool flush)
{
    u8 *bytes = malloc(LONGEST);

    assert_non_null(bytes);
    for (unsigned i = 0; i < count; i++) {
        u64 offset = chance(r) % (SIZE / 512) * 512, len = chance(r) % (LONGEST / 512) * 512;
        unsigned op = (unsigned)(chance(r) % 8);

        if (len > SIZE - offset)
            len = SIZE - offset;
        if (op < 3) {
            assert_int_equal(ask(u, BLOCK_READ, offset, len, bytes), 0);
            assert_memory_equal(bytes, model + offset, len);
        } else if (op < 6) {
            for (u64 k = 0; k < len; k++)
                bytes[k] = model[offset + k] = (u8)chance(r);
            assert_int_equal(ask(u, BLOCK_WRITE, offset, len, bytes), 0);
        } else if (op < 7) {
            memset(model + offset, 0, len);
            assert_int_equal(ask(u, BLOCK_ZERO, offset, len, NULL), 0);
        } else if (flush) {
            assert_int_equal(ask(u, BLOCK_FLUSH, 0, 0, NULL), 0);
        }
    }
    free(bytes);
}

static void must_hold(struct user *u, const u8 *model)
{
    u8 *bytes = malloc(SIZE);

    assert_non_null(bytes);
    assert_int_equal(ask(u, BLOCK_READ, 0, SIZE, bytes), 0);
    assert_memory_equal(bytes, model, SIZE);
    free(bytes);
}

static bool host_has_uring(void)
{
    struct disk_config c = { .path = at("base.img"), .read_only = true, .engine = DISK_URING };
    struct disk *d;
    struct err e;

    if (disk_open(&c, &d, &e)) {
        printf("without io_uring: %s\n", e.text);
        return false;
    }
    disk_close(d);
    return true;
}

static void as_a_model(void **state)
{
    u8 *model = malloc(SIZE), *base = malloc(SIZE);
    u64 r = 7;

    (void)state;
    assert_true(model && base);
    for (unsigned how = 0; how < 4; how++) {
        struct disk_config c = { .path = at("base.img"),
                                 .engine = how == 1 ? DISK_URING : DISK_THREADS,
                                 .overlay = how < 2    ? NULL
                                            : how == 2 ? "tmp"
                                                       : at("over.cow") };
        struct user u;

        make_image(c.path, model);
        memcpy(base, model, SIZE);
        if (how == 1 && !host_has_uring())
            continue;
        user_open(&u, &c);
        assert_string_equal(disk_engine_name(u.disk), how == 1 ? "io_uring" : "threads");
        play(&u, model, &r, 400, true);
        must_hold(&u, model);
        disk_close(u.disk);
        if (how == 2) { /* it went with its machine */
            memcpy(model, base, SIZE);
        }
        user_open(&u, &c);
        must_hold(&u, model);
        disk_close(u.disk);
        if (how >= 2) { /* the base is as it was */
            c.overlay = NULL;
            c.read_only = true;
            user_open(&u, &c);
            must_hold(&u, base);
            disk_close(u.disk);
        }
    }
    unlink(at("over.cow"));
    free(model);
    free(base);
}

/* What was flushed is there after the process was killed; the rest of the overlay is what it was.
 */
static void killed_after_a_flush(void **state)
{
    struct disk_config c = { .path = at("base.img"), .overlay = at("killed.cow") };
    u8 *model = malloc(SIZE), *bytes = malloc(SIZE);
    struct user u;
    int status;
    pid_t child;

    (void)state;
    assert_true(model && bytes);
    make_image(c.path, model);
    child = fork();
    if (!child) {
        memset(bytes, 0x11, SIZE);
        user_open(&u, &c);
        if (ask(&u, BLOCK_WRITE, 512, 10000, bytes) || ask(&u, BLOCK_FLUSH, 0, 0, NULL))
            _exit(1);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    memset(model + 512, 0x11, 10000);
    user_open(&u, &c);
    must_hold(&u, model);
    disk_close(u.disk);
    c.path = at("other.img"); /* another base */
    make_image(c.path, model);
    {
        struct err e = { 0 };

        assert_int_equal(disk_open(&c, &u.disk, &e), -ERR_MISMATCH);
        assert_non_null(strstr(e.text, "another base"));
    }
    unlink(c.overlay);
    unlink(c.path);
    free(model);
    free(bytes);
}

/* What a snapshot would have of the disk: its file's time, and the spaces' pages. */
static void save(struct user *u)
{
    struct component *c = disk_port(u->disk)->state;

    disk_port(u->disk)->ops->settle(disk_port(u->disk));
    c->saving(c->self);
}

/* As a restore: other memory in the place of what is below, with the same bytes. */
static void load_space(struct space *s, const u8 *bytes)
{
    if (s->flags & SPACE_LARGE)
        assert_true(mmap(s->bytes, s->size_bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == s->bytes);
    memcpy(s->bytes, bytes, s->size_bytes);
    if (s->replaced)
        s->replaced(s);
}

/* The pages that a tracker has are those in which two states differ, or more. */
static u64 count_dirty(struct space *s, struct space_tracker *t, const u8 *before)
{
    space_collect(s);
    for (u64 page = 0; page < t->pages; page++)
        if (!(t->dirty[page / 64] >> page % 64 & 1))
            assert_memory_equal(s->bytes + page * 4096, before + page * 4096, 4096);
    return space_dirty_count(t);
}

static void changes_go_with_the_machine(void **state)
{
    struct disk_config c = { .path = at("base.img"), .overlay = "tmp" };
    u8 *model = malloc(SIZE), *bytes = malloc(SIZE), map[4096];
    struct space_tracker t;
    struct user u, copy;
    struct space *s;
    u64 r = 3, n;

    (void)state;
    assert_true(model && bytes);
    make_image(c.path, model);
    user_open(&u, &c);
    s = disk_port(u.disk)->spaces[0];
    assert_int_equal(s->present(s, 0), space_pages(s)); /* nothing yet */
    memset(bytes, 1, 4096);
    memcpy(model + 40960, bytes, 4096);
    assert_int_equal(ask(&u, BLOCK_WRITE, 40960, 4096, bytes), 0);
    assert_int_equal(s->present(s, 0), 10);
    assert_int_equal(s->present(s, 11), space_pages(s));
    assert_true(space_track(s, &t));
    memcpy(bytes, s->bytes, SIZE);
    play(&u, model, &r, 5, true);
    n = count_dirty(s, &t, bytes);
    assert_true(n > 0 && n < SIZE / 4096);
    space_untrack(s, &t);
    save(&u);
    memcpy(bytes, s->bytes, SIZE);
    memcpy(map, disk_port(u.disk)->spaces[1]->bytes, sizeof map);

    user_open(&copy, &c);
    load_space(disk_port(copy.disk)->spaces[0], bytes);
    load_space(disk_port(copy.disk)->spaces[1], map);
    must_hold(&copy, model);
    must_hold(&u, model);
    memcpy(bytes, model, SIZE);
    play(&copy, model, &r, 200, true);
    must_hold(&copy, model);
    must_hold(&u, bytes);
    disk_close(copy.disk);
    disk_close(u.disk);
    free(model);
    free(bytes);
}

static void another_disk_is_refused(void **state)
{
    static const char *const overlays[] = { NULL, "tmp", "over.cow" };
    u8 *model = malloc(SIZE);

    (void)state;
    assert_non_null(model);
    for (unsigned i = 0; i < ARRAY_SIZE(overlays); i++) {
        struct disk_config c = { .path = at("base.img"), .overlay = overlays[i] };
        struct component *own;
        struct timespec times[2] = { { 0, UTIME_OMIT }, { 1000, 0 } };
        struct err e = { 0 };
        struct user u;

        make_image(c.path, model);
        if (i == 2)
            c.overlay = at(overlays[i]);
        user_open(&u, &c);
        own = disk_port(u.disk)->state;
        assert_int_equal(ask(&u, BLOCK_WRITE, 0, 512, model), 0);
        save(&u);
        assert_int_equal(own->loaded(own->self, &e), 0);
        save(&u);
        times[1] = (struct timespec) { (time_t)((u.disk->changed - 1) / 1000000000u), 0 };
        assert_int_equal(utimensat(AT_FDCWD, i == 2 ? c.overlay : c.path, times, 0), 0);
        assert_int_equal(own->loaded(own->self, &e), 0); /* a copy by whole seconds */
        times[1].tv_sec = 1000;
        assert_int_equal(utimensat(AT_FDCWD, i == 2 ? c.overlay : c.path, times, 0), 0);
        assert_int_equal(own->loaded(own->self, &e), -ERR_STATE);
        assert_non_null(strstr(e.text, "changed after the snapshot"));
        u.disk->any_change = true;
        assert_int_equal(own->loaded(own->self, &e), 0);
        disk_close(u.disk);
    }
    unlink(at("over.cow"));
    free(model);
}

static void refused(void **state)
{
    struct disk_config c = { .path = at("base.img"), .engine = DISK_THREADS };
    u8 bytes[512] = { 0 };
    struct user u;
    struct disk *d = NULL;
    struct err e = { 0 };
    FILE *f;

    (void)state;
    user_open(&u, &c);
    assert_int_equal(disk_open(&c, &d, &e), -ERR_STATE);
    assert_non_null(strstr(e.text, "in use by another machine"));
    c.read_only = true;
    assert_int_equal(disk_open(&c, &d, &e), -ERR_STATE);
    assert_int_equal(ask(&u, BLOCK_READ, SIZE, 512, bytes), EINVAL);
    assert_int_equal(ask(&u, BLOCK_READ, UINT64_MAX - 511, 512, bytes), EINVAL);
    disk_close(u.disk);
    user_open(&u, &c);
    assert_int_equal(disk_open(&c, &d, &e), 0); /* readers share */
    disk_close(d);
    assert_int_equal(ask(&u, BLOCK_WRITE, 0, 512, bytes), EINVAL);
    disk_close(u.disk);
    c.path = dir;
    assert_int_equal(disk_open(&c, &d, &e), -ERR_USAGE);
    c.path = at("none.img");
    assert_int_equal(disk_open(&c, &d, &e), -ERR_SYS);
    c.path = at("odd.img");
    f = fopen(c.path, "wb");
    assert_non_null(f);
    fwrite("odd", 1, 3, f);
    fclose(f);
    assert_int_equal(disk_open(&c, &d, &e), -ERR_FORMAT);
    c.overlay = c.path; /* an overlay it is not either */
    c.path = at("base.img");
    c.read_only = false;
    assert_int_equal(disk_open(&c, &d, &e), -ERR_FORMAT);
    disk_close(NULL);
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A limit holds from below by its nature; from above a busy host has no bound. */
static void limits(void **state)
{
    struct disk_config c = { .path = at("base.img"), .read_only = true, .requests_per_s = 100 };
    u8 bytes[512];
    struct user u;
    double start;

    (void)state;
    user_open(&u, &c);
    assert_string_equal(disk_engine_name(u.disk), "threads");
    start = now_s();
    for (unsigned i = 0; i < 30; i++) /* ten may be saved up */
        assert_int_equal(ask(&u, BLOCK_READ, 0, 512, bytes), 0);
    assert_true(now_s() - start > 0.17);
    disk_close(u.disk);
}

static void buckets(void **state)
{
    struct rate r = { .per_s = 1000, .burst_ns = 1000000 }, none = { 0 };
    u64 now = 5000000000, waited = 0;

    (void)state;
    assert_int_equal(rate_take(&none, now, 1 << 30), 0);
    assert_int_equal(rate_take(&r, now, 1), 0);
    assert_int_equal(rate_take(&r, now, 1), 0);
    assert_int_equal(rate_take(&r, now, 1), 1000000);
    for (unsigned i = 0; i < 1000; i++)
        waited = rate_take(&r, now, 1);
    assert_int_equal(waited, 1001000000);
    assert_int_equal(rate_take(&r, now + 10000000000, 1), 0);
}

static void typed(void **state)
{
    static const char *const bad[] = { "",
                                       ",ro",
                                       "a,size=3",
                                       "a,bps=x",
                                       "a,bps=0",
                                       "a,bps=1X",
                                       "a,engine=warp",
                                       "a,overlay=",
                                       "a,ro,overlay=tmp",
                                       "a,rw",
                                       "a,changed=no" };
    char good[] = "my,,disk.img,overlay=o,,1,serial=abc,bps=5M,iops=300,engine=threads";
    struct disk_config c;
    struct err e;

    (void)state;
    assert_int_equal(disk_parse(good, &c, &e), 0);
    assert_string_equal(c.path, "my,disk.img");
    assert_string_equal(c.overlay, "o,1");
    assert_string_equal(c.serial, "abc");
    assert_int_equal(c.bytes_per_s, 5 << 20);
    assert_int_equal(c.requests_per_s, 300);
    assert_int_equal(c.engine, DISK_THREADS);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        char text[64];

        snprintf(text, sizeof text, "%s", bad[i]);
        if (disk_parse(text, &c, &e) != -ERR_USAGE)
            fail_msg("'%s' was taken", bad[i]);
    }
}

static int open_dir(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(dir, sizeof dir, "%s/mews-disk-XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    return !mkdtemp(dir);
}

static int close_dir(void **state)
{
    (void)state;
    unlink(at("base.img"));
    unlink(at("odd.img"));
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_a_model),
        cmocka_unit_test(killed_after_a_flush),
        cmocka_unit_test(refused),
        cmocka_unit_test(limits),
        cmocka_unit_test(buckets),
        cmocka_unit_test(typed),
        cmocka_unit_test(changes_go_with_the_machine),
        cmocka_unit_test(another_disk_is_refused),
    };

    return cmocka_run_group_tests(tests, open_dir, close_dir);
}
