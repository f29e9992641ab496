/* Snapshots of machines of memory of all sizes: what is saved is what is loaded, whole, chained,
 * while the guest runs, compressed; and what is damaged is refused. */
#include "mach/image.h"
#include "svc/snap/snap.h"
#include "tests/nes/program.h"
#include "tests/svc/ram.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- helpers ---- */

struct rig {
    struct machine *m;
    struct recipe recipe;
};

static void start(struct rig *r, u64 bytes)
{
    struct err e;

    *r = (struct rig) { 0 };
    if (ram_create(bytes, &r->m, &r->recipe, &e))
        fail_msg("%s", e.text);
}

static void stop(struct rig *r)
{
    r->m->kind->destroy(r->m);
    recipe_fini(&r->recipe);
}

static void ticks(struct machine *m, u64 n)
{
    m->kind->run(m, m->now + n, NULL);
}

static int new_file(void)
{
    int fd = memfd_create("snapshot", MFD_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static struct snap_result save(struct rig *r, int fd, const struct snap_options *o)
{
    struct snap_result result;
    struct err e;

    if (snap_save(r->m, &r->recipe, fd, o, &result, &e))
        fail_msg("%s", e.text);
    return result;
}

static struct snap_image *open_image(int fd)
{
    struct snap_image *i;
    struct err e;

    if (snap_open(fd, &i, &e))
        fail_msg("%s", e.text);
    if (snap_verify(i, &e))
        fail_msg("%s", e.text);
    return i;
}

/* A machine from an image. */
static struct machine *load(int fd)
{
    struct snap_image *i = open_image(fd);
    struct machine *m;
    struct err e;

    assert_non_null(snap_recipe(i));
    if (ram_again(snap_recipe(i), &m, &e) || snap_load(i, m, &e))
        fail_msg("%s", e.text);
    snap_close(i);
    return m;
}

static void same(struct machine *a, struct machine *b)
{
    char what[480];

    if (machine_differs(a, b, what, sizeof what))
        fail_msg("%s", what);
}

static void same_as_image(struct machine *m, int fd)
{
    struct machine *other = load(fd);

    same(m, other);
    other->kind->destroy(other);
}

/* The bytes of a file; the caller unmaps them. */
static u8 *contents(int fd, size_t *len)
{
    struct stat st;
    u8 *p;

    assert_int_equal(fstat(fd, &st), 0);
    *len = (size_t)st.st_size;
    p = mmap(NULL, *len, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(p != MAP_FAILED);
    return p;
}

/* What two headers say that they stand for may differ, and so may their checksums. */
enum { STANDS_FOR_AT = 72, HEADER_BYTES = 128 };

static void same_images(int a, int b)
{
    size_t la, lb;
    u8 *pa = contents(a, &la), *pb = contents(b, &lb);

    assert_int_equal(la, lb);
    assert_memory_equal(pa, pb, STANDS_FOR_AT);
    assert_memory_equal(pa + HEADER_BYTES, pb + HEADER_BYTES, la - HEADER_BYTES);
    munmap(pa, la);
    munmap(pb, lb);
}

static void same_files(int a, int b)
{
    size_t la, lb;
    u8 *pa = contents(a, &la), *pb = contents(b, &lb);

    assert_int_equal(la, lb);
    assert_memory_equal(pa, pb, la);
    munmap(pa, la);
    munmap(pb, lb);
}

static const u64 sizes[] = { 8, 2048, 4096, 100000, 1 << 20, (3 << 20) + 5, 33 << 20 };

/* ---- whole images ---- */

static void what_is_saved_is_loaded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct rig r;
        struct machine *other;
        int fd = new_file(), again = new_file();

        start(&r, sizes[i]);
        ticks(r.m, 500);
        save(&r, fd, NULL);
        other = load(fd);
        same(r.m, other);
        ticks(r.m, 2000000 / (i + 1)); /* the machines go on alike, past an event */
        ticks(other, 2000000 / (i + 1));
        same(r.m, other);
        save(&r, fd, NULL); /* what was in the file does no harm to what comes */
        save(&(struct rig) { other, r.recipe }, again, NULL);
        same_files(fd, again);
        other->kind->destroy(other);
        stop(&r);
        close(fd);
        close(again);
    }
}

static void zero_pages_are_holes(void **state)
{
    struct rig r;
    struct stat st;
    struct snap_result result;
    int fd = new_file();

    (void)state;
    start(&r, 1ull << 30);
    ram_of(r.m)->span = 100 * SPACE_PAGE_BYTES;
    ticks(r.m, 5000);
    result = save(&r, fd, NULL);
    assert_int_equal(fstat(fd, &st), 0);
    assert_true((u64)st.st_size >= 1ull << 30);
    assert_true(result.written_bytes <= 101ull * SPACE_PAGE_BYTES + 2048);
    assert_in_range(st.st_blocks * 512, 100 * SPACE_PAGE_BYTES, 1 << 20);
    stop(&r);
    close(fd);
}

static void a_restored_machine_never_writes_to_its_image(void **state)
{
    struct rig r;
    struct machine *other;
    int fd = new_file(), before = new_file();

    (void)state;
    start(&r, 5 << 20);
    ticks(r.m, 1000);
    save(&r, fd, NULL);
    save(&r, before, NULL);
    other = load(fd);
    ticks(other, 5000);
    same_files(fd, before);
    other->kind->destroy(other);
    stop(&r);
    close(fd);
    close(before);
}

/* While it goes on, a piece at a time: what it wrote since the pause is its own. */
static void a_machine_shares_its_pages_with_its_image(void **state)
{
    struct snap_options o = { .share = true };
    struct rig r, twin;
    struct snap_writer *w;
    struct err e;
    u64 left = 1;
    unsigned pieces = 0;
    int fd = new_file(), before = new_file();

    (void)state;
    start(&r, (5 << 20) + 12345);
    start(&twin, (5 << 20) + 12345);
    ticks(r.m, 1000);
    ticks(twin.m, 1000);
    save(&twin, before, NULL);
    assert_int_equal(snap_begin(r.m, &r.recipe, fd, &o, &w, &e), 0);
    assert_int_equal(snap_capture(w, &e), 0);
    for (; left; pieces++) {
        ticks(r.m, 100);
        assert_int_equal(snap_share(w, 1 << 20, &left, &e), 0);
    }
    assert_int_equal(pieces, 6);
    assert_int_equal(snap_share(w, 1 << 20, &left, &e), 0);
    ticks(r.m, 100);
    assert_int_equal(snap_finish(w, NULL, &e), 0);
    snap_end(w);
    assert_null(ram_of(r.m)->memory.trackers);
    ticks(twin.m, r.m->now - twin.m->now);
    same(r.m, twin.m);
    ticks(r.m, 1000);
    ticks(twin.m, 1000);
    same(r.m, twin.m);
    same_files(fd, before);
    stop(&r);
    stop(&twin);
    close(fd);
    close(before);
}

/* One that writes a little at the beginning of its memory, again and again. */
static void every_page_has_its_turn(void **state)
{
    struct rig r;
    struct snap_writer *w;
    struct err e;
    u64 left;
    int fd = new_file();

    (void)state;
    start(&r, 64 << 20);
    ram_of(r.m)->span = 1 << 20; /* it dirties more than a round's budget */
    assert_int_equal(snap_begin(r.m, &r.recipe, fd, NULL, &w, &e), 0);
    for (unsigned k = 0; k < 64; k++) {
        assert_int_equal(snap_round(w, 1 << 20, &left, &e), 0);
        ticks(r.m, 3000);
    }
    assert_in_range(left, 0, 2 << 20); /* of 64 MiB: what was written since its turn */
    snap_end(w);
    stop(&r);
    close(fd);
}

static void a_copy_can_be_told(void **state)
{
    static const u8 first[GENERATION_BYTES];
    struct rig r;
    struct machine *copies[2];
    struct err e;
    int fd = new_file();

    (void)state;
    start(&r, 4096);
    save(&r, fd, NULL);
    for (unsigned k = 0; k < 2; k++) {
        copies[k] = load(fd);
        same(r.m, copies[k]); /* it is the machine itself until somebody makes a copy of it */
        assert_int_equal(snap_announce(copies[k], &e), 0);
        assert_memory_not_equal(ram_of(copies[k])->generation, first, sizeof first);
    }
    assert_memory_not_equal(ram_of(copies[0])->generation, ram_of(copies[1])->generation,
                            GENERATION_BYTES);
    for (unsigned k = 0; k < 2; k++)
        copies[k]->kind->destroy(copies[k]);
    stop(&r);
    close(fd);
}

/* ---- chains ---- */

static void rewrite(const int *fds, unsigned count, int to, int level)
{
    struct snap_image *list[16] = { 0 };
    struct snap_result result;
    struct err e;

    for (unsigned k = 0; k < count; k++)
        list[k] = open_image(fds[k]);
    if (snap_rewrite(list, count, to, level, false, &result, &e))
        fail_msg("%s", e.text);
    for (unsigned k = 0; k < count; k++)
        snap_close(list[k]);
}

enum { LINKS = 5 };

static void a_chain_flattened_is_the_whole_image(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct rig r;
        struct snap_chain *chain;
        struct snap_options o = { 0 };
        struct err e;
        int fds[LINKS], whole = new_file(), flat = new_file(), packed = new_file();
        int order[LINKS];

        start(&r, sizes[i]);
        assert_int_equal(snap_chain_create(r.m, &chain, &e), 0);
        o.chain = chain;
        for (unsigned k = 0; k < LINKS; k++) {
            ticks(r.m, 300);
            fds[k] = order[LINKS - 1 - k] = new_file(); /* in any order */
            o.incremental = k > 0;
            save(&r, fds[k], &o);
        }
        save(&r, whole, NULL);
        rewrite(order, LINKS, flat, 0);
        same_images(whole, flat);
        same_as_image(r.m, flat);
        rewrite(order, LINKS, packed, 3);
        same_as_image(r.m, packed);
        rewrite(&packed, 1, flat, 0);
        same_images(whole, flat);
        snap_chain_destroy(chain);
        stop(&r);
        for (unsigned k = 0; k < LINKS; k++)
            close(fds[k]);
        close(whole);
        close(flat);
        close(packed);
    }
}

/* A chain need not end: its first images become one, and what is chained to the last of them goes
 * on from that one. */
static void a_squashed_image_stands_for_the_last_of_its_chain(void **state)
{
    struct rig r;
    struct snap_chain *chain;
    struct snap_options o = { 0 };
    struct snap_image *i;
    struct err e;
    int fds[6], a = new_file(), b = new_file(), flat = new_file();

    (void)state;
    start(&r, 3 << 20);
    assert_int_equal(snap_chain_create(r.m, &chain, &e), 0);
    o.chain = chain;
    for (unsigned k = 0; k < 6; k++) {
        ticks(r.m, 50);
        fds[k] = new_file();
        o.incremental = k > 0;
        save(&r, fds[k], &o);
    }
    rewrite(fds, 1, a, 3); /* compressed alone, and back: the very same */
    rewrite(&a, 1, flat, 0);
    same_files(fds[0], flat);
    rewrite((int[]) { a, fds[1], fds[2] }, 3, b, 0);
    i = open_image(b);
    assert_int_equal(strlen(snap_info(i)->also), SNAP_DIGEST_TEXT - 1);
    assert_string_not_equal(snap_info(i)->also, snap_info(i)->digest);
    snap_close(i);
    rewrite((int[]) { fds[3] }, 1, a, 3); /* a link, too */
    rewrite((int[]) { fds[4], b, fds[5], a }, 4, flat, 1);
    same_as_image(r.m, flat);
    snap_chain_destroy(chain);
    stop(&r);
    for (unsigned k = 0; k < 6; k++)
        close(fds[k]);
    close(a);
    close(b);
    close(flat);
}

static void a_link_has_changed_pages_only(void **state)
{
    struct rig r;
    struct snap_chain *chain;
    struct snap_options o = { 0 };
    struct snap_result result;
    struct err e;
    int fd = new_file(), packed = new_file();

    (void)state;
    start(&r, 64 << 20);
    ticks(r.m, 100000);
    assert_int_equal(snap_chain_create(r.m, &chain, &e), 0);
    o = (struct snap_options) { .chain = chain };
    assert_int_equal(save(&r, fd, &o).memory_bytes, (64 << 20) + 2048);
    o.incremental = true;
    result = save(&r, fd, &o); /* nothing has happened */
    assert_int_equal(result.written_bytes, 0);
    ram_of(r.m)->span = 7 * SPACE_PAGE_BYTES;
    ticks(r.m, 1000);
    result = save(&r, fd, &o);
    assert_int_equal(result.written_bytes, 7 * SPACE_PAGE_BYTES + 2048); /* and the registers */
    rewrite(&fd, 1, packed, 3);
    snap_chain_destroy(chain);
    stop(&r);
    close(fd);
    close(packed);
}

static void a_chain_with_a_hole_is_refused(void **state)
{
    struct rig r;
    struct snap_chain *chain;
    struct snap_options o = { 0 };
    struct snap_image *list[3];
    struct snap_result result;
    struct machine *other;
    struct err e;
    int fd[3], to = new_file();

    (void)state;
    start(&r, 1 << 20);
    assert_int_equal(snap_chain_create(r.m, &chain, &e), 0);
    o.chain = chain;
    o.incremental = true;
    assert_int_equal(snap_save(r.m, &r.recipe, to, &o, &result, &e), -ERR_STATE);
    for (unsigned k = 0; k < 3; k++) {
        ticks(r.m, 10);
        fd[k] = new_file();
        o.incremental = k > 0;
        save(&r, fd[k], &o);
        list[k] = open_image(fd[k]);
    }
    assert_true(snap_info(list[2])->chained);
    assert_string_equal(snap_info(list[2])->base, snap_info(list[1])->digest);
    assert_int_equal(
        snap_rewrite((struct snap_image *[]) { list[0], list[2] }, 2, to, 0, false, &result, &e),
        -ERR_MISMATCH);
    assert_int_equal(snap_rewrite(list + 1, 2, to, 0, false, &result, &e), -ERR_STATE);
    assert_int_equal(ram_again(&r.recipe, &other, &e), 0);
    assert_int_equal(snap_load(list[2], other, &e), -ERR_STATE);
    other->kind->destroy(other);
    for (unsigned k = 0; k < 3; k++) {
        snap_close(list[k]);
        close(fd[k]);
    }
    snap_chain_destroy(chain);
    stop(&r);
    close(to);
}

/* ---- while the guest runs ---- */

static void a_live_save_is_of_the_moment_of_capture(void **state)
{
    (void)state;
    for (unsigned incremental = 0; incremental < 2; incremental++)
        for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
            struct rig r, twin;
            struct snap_chain *chain;
            struct snap_options o = { 0 };
            struct snap_writer *w;
            struct snap_result result;
            struct err e;
            u64 left;
            int base = new_file(), fd = new_file(), flat = new_file();

            start(&r, sizes[i]);
            start(&twin, sizes[i]);
            assert_int_equal(snap_chain_create(r.m, &chain, &e), 0);
            o.chain = chain;
            save(&r, base, &o);
            ticks(r.m, 700);
            o.incremental = incremental;
            assert_int_equal(snap_begin(r.m, &r.recipe, fd, &o, &w, &e), 0);
            for (unsigned k = 0; k < 10; k++) {
                assert_int_equal(snap_round(w, 64 << 10, &left, &e), 0);
                ticks(r.m, 20);
            }
            assert_int_equal(snap_capture(w, &e), 0);
            ticks(twin.m, r.m->now);
            ticks(r.m, 500); /* the file is not done, the machine runs on */
            assert_int_equal(snap_finish(w, &result, &e), 0);
            snap_end(w);
            assert_true(result.paused_bytes <= result.written_bytes);
            if (incremental)
                rewrite((int[]) { base, fd }, 2, flat, 0);
            same_as_image(twin.m, incremental ? flat : fd);
            snap_chain_destroy(chain);
            stop(&r);
            stop(&twin);
            close(base);
            close(fd);
            close(flat);
        }
}

/* ---- failures ---- */

/* From this page on nobody has touched anything. */
static u64 touched_pages;

static bool says_untouched(const struct space *s, u64 page, u64 *run)
{
    bool is = page >= touched_pages;

    *run = is ? space_pages(s) - page : touched_pages - page;
    return is;
}

static struct space *large_space(const struct machine *m)
{
    struct space *s = m->spaces;

    while (!(s->flags & SPACE_LARGE))
        s = s->next;
    return s;
}

/* The first byte of a page, in the machine that the file makes. */
static u8 loaded_byte(int fd, u64 page)
{
    struct machine *m = load(fd);
    u8 byte = large_space(m)->bytes[page * SPACE_PAGE_BYTES];

    m->kind->destroy(m);
    return byte;
}

static void untouched_pages_are_not_read(void **state)
{
    struct snap_result result;
    struct snap_writer *w;
    struct rig r;
    struct space *s;
    struct err e;
    int fd = new_file();
    u64 left;

    (void)state;
    start(&r, 3 << 20);
    s = large_space(r.m);
    s->untouched = says_untouched;
    touched_pages = 300;
    s->bytes[10 * SPACE_PAGE_BYTES] = s->bytes[299 * SPACE_PAGE_BYTES] = 7;
    s->bytes[500 * SPACE_PAGE_BYTES] = 7; /* it would see this if it looked */
    assert_int_equal(snap_begin(r.m, &r.recipe, fd, NULL, &w, &e), 0);
    assert_int_equal(snap_round(w, UINT64_MAX / 2, &left, &e), 0);
    assert_int_equal(left, 0);

    touched_pages = 351; /* since the round */
    assert_true(space_write(s, 350 * SPACE_PAGE_BYTES, &(u8) { 9 }, 1));
    assert_true(space_write(s, 10 * SPACE_PAGE_BYTES, &(u8) { 0 }, 1));
    assert_int_equal(snap_capture(w, &e), 0);
    assert_int_equal(snap_finish(w, &result, &e), 0);
    snap_end(w);
    assert_int_equal(loaded_byte(fd, 299), 7);
    assert_int_equal(loaded_byte(fd, 350), 9);
    assert_int_equal(loaded_byte(fd, 10), 0);
    assert_int_equal(loaded_byte(fd, 500), 0);

    /* What was in the file and is now said to be untouched is written all the same. */
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(snap_begin(r.m, &r.recipe, fd, NULL, &w, &e), 0);
    assert_int_equal(snap_round(w, UINT64_MAX / 2, &left, &e), 0);
    assert_true(space_write(s, 299 * SPACE_PAGE_BYTES, &(u8) { 0 }, 1));
    touched_pages = 0;
    assert_int_equal(snap_capture(w, &e), 0);
    assert_int_equal(snap_finish(w, &result, &e), 0);
    snap_end(w);
    assert_int_equal(loaded_byte(fd, 299), 0);
    assert_int_equal(loaded_byte(fd, 350), 9);
    close(fd);
    stop(&r);
}

static void a_save_that_fails_costs_nothing(void **state)
{
    struct rig r;
    struct snap_chain *chain;
    struct snap_options o = { 0 };
    struct snap_result result;
    struct snap_image *i;
    struct err e;
    char name[] = "/tmp/snap-test-XXXXXX";
    int base = new_file(), fd = mkstemp(name), next = new_file(), flat = new_file();
    struct rlimit old, limit;

    (void)state;
    assert_true(fd >= 0);
    unlink(name);
    start(&r, 1 << 20);
    assert_int_equal(snap_chain_create(r.m, &chain, &e), 0);
    o.chain = chain;
    save(&r, base, &o);
    o.incremental = true;
    ticks(r.m, 100);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    for (rlim_t bytes = 0;; bytes += 20000) { /* the disk is full, everywhere */
        int status;

        limit = (struct rlimit) { bytes, old.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        status = snap_save(r.m, &r.recipe, fd, &o, &result, &e);
        setrlimit(RLIMIT_FSIZE, &old);
        if (!status)
            break;
        assert_int_equal(status, -ERR_SYS);
        assert_int_not_equal(snap_open(fd, &i, &e), 0);
        ticks(r.m, 3);
    }
    rewrite((int[]) { base, fd }, 2, flat, 0);
    same_as_image(r.m, flat);
    snap_chain_destroy(chain);
    stop(&r);
    close(base);
    close(fd);
    close(next);
    close(flat);
}

static void no_pipe_is_written_to(void **state)
{
    struct rig r;
    struct snap_result result;
    struct snap_image *i;
    struct err e;
    int fd[2];

    (void)state;
    assert_int_equal(pipe(fd), 0);
    start(&r, 4096);
    assert_int_equal(snap_save(r.m, &r.recipe, fd[1], NULL, &result, &e), -ERR_USAGE);
    assert_int_equal(snap_open(fd[0], &i, &e), -ERR_FORMAT);
    stop(&r);
    close(fd[0]);
    close(fd[1]);
}

/* Every byte of an image counts: whichever changes, verifying or opening says so, but for those
 * between the pieces. */
static void a_changed_byte_is_noticed(void **state)
{
    struct rig r;
    struct err e;
    size_t len;
    u64 seed = chance_from(7);
    u8 *bytes;
    int fd = new_file();

    (void)state;
    start(&r, 20000);
    ticks(r.m, 100);
    save(&r, fd, NULL);
    bytes = contents(fd, &len);
    for (unsigned k = 0; k < 3000; k++) {
        size_t at = k < SNAP_DIGEST_TEXT * 3 ? k : chance(&seed) % len;
        u8 was = bytes[at], now = was ^ (u8)(1 << k % 8);
        struct snap_image *i = NULL;
        /* What lies behind a memory's end in its last page is nobody's. */
        bool counts = !(at >= 128 && at < 4096) && !(at >= 4096 + 2048 && at < 8192) &&
                      !(at >= 8192 + 20000 && at < 8192 + 20480);

        assert_int_equal(pwrite(fd, &now, 1, (off_t)at), 1);
        if (!snap_open(fd, &i, &e) && !snap_verify(i, &e) && counts)
            fail_msg("byte %zu of %zu was changed", at, len);
        snap_close(i);
        assert_int_equal(pwrite(fd, &was, 1, (off_t)at), 1);
    }
    munmap(bytes, len);
    snap_close(open_image(fd));
    stop(&r);
    close(fd);
}

static void what_is_cut_short_is_refused(void **state)
{
    struct rig r;
    struct stat st;
    struct err e;
    int fd = new_file();

    (void)state;
    start(&r, 20000);
    save(&r, fd, NULL);
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t len = st.st_size - 1; len > 0; len -= 1 + len / 20) {
        struct snap_image *i;

        assert_int_equal(ftruncate(fd, len), 0);
        assert_int_equal(snap_open(fd, &i, &e), -ERR_FORMAT);
    }
    stop(&r);
    close(fd);
}

/* ---- differences ---- */

struct found {
    char text[4096];
    unsigned count;
};

static void note(void *ctx, const char *where, const char *a, const char *b)
{
    struct found *f = ctx;
    size_t at = strlen(f->text);

    f->count++;
    snprintf(f->text + at, sizeof f->text - at, "%s: %s | %s\n", where, a, b);
}

static struct found diff(int a, int b)
{
    struct found f = { 0 };
    struct snap_image *ia = open_image(a), *ib = open_image(b);
    struct err e;

    if (snap_diff(ia, ib, note, &f, &e))
        fail_msg("%s", e.text);
    snap_close(ia);
    snap_close(ib);
    return f;
}

static void differences_are_named(void **state)
{
    struct rig r;
    struct found f;
    static const u8 word[] = { 1, 2 };
    int a = new_file(), b = new_file();

    (void)state;
    start(&r, 1 << 20);
    save(&r, a, NULL);
    save(&r, b, NULL);
    assert_int_equal(diff(a, b).count, 0);
    ram_of(r.m)->span = 100;
    r.m->now = 5;
    space_write(&ram_of(r.m)->memory, 0x12fff, word, 2);
    space_write(&ram_of(r.m)->memory, 0x20000, word, 1);
    save(&r, b, NULL);
    f = diff(a, b);
    assert_string_equal(f.text, "machine.now: 0 | 5\n"
                                "span: 1048576 | 100\n"
                                "memory, pages 18-19: $12fff: 00 | $12fff: 01\n"
                                "memory, page 32: $20000: 00 00 00 00 00 00 00 00 | "
                                "$20000: 01 00 00 00 00 00 00 00\n");
    stop(&r);
    close(a);
    close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_saved_is_loaded),
        cmocka_unit_test(zero_pages_are_holes),
        cmocka_unit_test(a_restored_machine_never_writes_to_its_image),
        cmocka_unit_test(a_machine_shares_its_pages_with_its_image),
        cmocka_unit_test(every_page_has_its_turn),
        cmocka_unit_test(a_copy_can_be_told),
        cmocka_unit_test(a_chain_flattened_is_the_whole_image),
        cmocka_unit_test(a_squashed_image_stands_for_the_last_of_its_chain),
        cmocka_unit_test(a_link_has_changed_pages_only),
        cmocka_unit_test(a_chain_with_a_hole_is_refused),
        cmocka_unit_test(a_live_save_is_of_the_moment_of_capture),
        cmocka_unit_test(untouched_pages_are_not_read),
        cmocka_unit_test(a_save_that_fails_costs_nothing),
        cmocka_unit_test(no_pipe_is_written_to),
        cmocka_unit_test(a_changed_byte_is_noticed),
        cmocka_unit_test(what_is_cut_short_is_refused),
        cmocka_unit_test(differences_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
