#include "host/store.h"

#include "base/file.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/mews-store.XXXXXX";

static void paths(void **state)
{
    struct store s;
    struct err e;
    char path[PATH_MAX];

    (void)state;
    setenv("XDG_DATA_HOME", "/data", 1);
    assert_int_equal(store_init(&s, "game", &e), 0);
    assert_string_equal(s.path, "/data/mews/saves/game.sav");
    unsetenv("XDG_DATA_HOME");
    setenv("HOME", "/home/x", 1);
    assert_int_equal(data_path(path, "a/b", &e), 0);
    assert_string_equal(path, "/home/x/.local/share/mews/a/b");
    assert_int_equal(store_init(&s, "../x", &e), -ERR_USAGE);
    assert_int_equal(store_init(&s, "..", &e), -ERR_USAGE);
    assert_int_equal(store_init(&s, "", &e), -ERR_USAGE);
    unsetenv("HOME");
    assert_int_equal(store_init(&s, "game", &e), -ERR_STATE);
}

static void round_trip(void **state)
{
    u8 out[8192], in[8192];
    struct store s;
    struct err e;

    (void)state;
    setenv("XDG_DATA_HOME", dir, 1);
    assert_int_equal(store_init(&s, "My Game (1)", &e), 0);
    assert_int_equal(s.port.ops->load(&s.port, in, sizeof in), 0);
    assert_int_equal(s.failed.code, 0); /* no save yet is no failure */
    for (unsigned i = 0; i < sizeof out; i++)
        out[i] = (u8)(i * 13 >> 3);
    assert_true(s.port.ops->save(&s.port, out, sizeof out));
    assert_int_equal(s.port.ops->load(&s.port, in, sizeof in), sizeof in);
    assert_memory_equal(in, out, sizeof in);
    assert_int_equal(s.port.ops->load(&s.port, in, 5), 5); /* a larger file: what fits */
    unlink(s.path);
    store_fini(&s);
    assert_int_equal(store_init_at(&s, "/proc/no.sav", &e), 0);
    assert_false(s.port.ops->save(&s.port, out, 1));
    assert_int_equal(s.failed.code, ERR_SYS);
    assert_non_null(strstr(s.failed.text, "/proc/no.sav"));
    store_fini(&s);
}

struct writer {
    struct store s;
    atomic_bool stop;
};

/* Whole files of one letter each, and of different lengths. */
static void *write_saves(void *arg)
{
    struct writer *w = arg;
    static u8 bytes[3][8192];
    static const size_t lens[3] = { 8192, 2048, 4096 };

    for (unsigned i = 0; i < 3; i++)
        memset(bytes[i], 'a' + (int)i, sizeof bytes[i]);
    for (unsigned i = 0; !atomic_load(&w->stop); i++)
        if (!w->s.port.ops->save(&w->s.port, bytes[i % 3], lens[i % 3]))
            return "failed";
    return NULL;
}

static void atomic_while_read(void **state)
{
    struct writer w;
    pthread_t thread;
    void *result = NULL;
    char path[128];
    struct err e;

    (void)state;
    snprintf(path, sizeof path, "%s/race.sav", dir);
    assert_int_equal(store_init_at(&w.s, path, &e), 0);
    assert_true(w.s.port.ops->save(&w.s.port, "aaaa", 4));
    atomic_init(&w.stop, false);
    assert_int_equal(pthread_create(&thread, NULL, write_saves, &w), 0);
    for (int i = 0; i < 500; i++) {
        u8 *bytes = NULL;
        size_t len = 0;

        assert_int_equal(file_read(path, 1 << 20, &bytes, &len, &e), 0);
        assert_true(len == 4 || len == (bytes[0] == 'a' ? 8192 : bytes[0] == 'b' ? 2048 : 4096));
        for (size_t k = 1; k < len; k++)
            assert_int_equal(bytes[k], bytes[0]);
        free(bytes);
    }
    atomic_store(&w.stop, true);
    pthread_join(thread, &result);
    assert_null(result);
    unlink(path);
}

/* A disk that is full in the middle (a limit on file size stands in for it): the old save stays. */
static void full_disk(void **state)
{
    static u8 big[64 << 10];
    struct rlimit was, small;
    struct store s;
    char path[128], in[8];
    struct err e;
    bool saved;

    (void)state;
    snprintf(path, sizeof path, "%s/full.sav", dir);
    assert_int_equal(store_init_at(&s, path, &e), 0);
    assert_true(s.port.ops->save(&s.port, "precious", 8));
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    small = was;
    small.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    saved = s.port.ops->save(&s.port, big, sizeof big);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_false(saved);
    assert_int_equal(s.failed.code, ERR_SYS);
    assert_int_equal(s.port.ops->load(&s.port, in, sizeof in), 8);
    assert_memory_equal(in, "precious", 8);
    unlink(path);
    store_fini(&s);
}

/* From the load on; also of a machine in this process. */
static void one_machine_has_it(void **state)
{
    struct store a, b, next, other;
    char path[128], lock[128], in[8];
    struct err e;

    (void)state;
    snprintf(path, sizeof path, "%s/one.sav", dir);
    snprintf(lock, sizeof lock, "%s/.one.sav.lock", dir);
    assert_int_equal(store_init_at(&a, path, &e), 0);
    assert_int_equal(store_init_at(&b, path, &e), 0);
    assert_int_equal(a.port.ops->load(&a.port, in, sizeof in), 0);
    assert_int_equal(store_usable(&a, &e), 0);
    assert_true(a.port.ops->save(&a.port, "ours", 4));
    assert_int_equal(b.port.ops->load(&b.port, in, sizeof in), 0);
    assert_int_equal(store_usable(&b, &e), -ERR_STATE);
    assert_non_null(strstr(e.text, "one.sav: another machine keeps its battery RAM there"));
    store_fini(&b);
    assert_int_equal(access(lock, F_OK), 0);
    /* A machine that takes the place of its own; and another game's. */
    assert_int_equal(store_init_at(&next, path, &e), 0);
    store_follow(&next, &a);
    assert_int_equal(next.port.ops->load(&next.port, in, sizeof in), 4);
    assert_int_equal(store_usable(&next, &e), 0);
    snprintf(path, sizeof path, "%s/two.sav", dir);
    assert_int_equal(store_init_at(&other, path, &e), 0);
    store_follow(&other, &a);
    assert_null(other.lock);
    assert_int_equal(other.port.ops->load(&other.port, in, sizeof in), 0);
    assert_int_equal(store_usable(&other, &e), 0);
    store_fini(&other);
    store_fini(&a);
    assert_int_equal(b.port.ops->load(&b.port, in, sizeof in), 0); /* the follower still has it */
    assert_int_equal(store_usable(&b, &e), -ERR_STATE);
    store_fini(&next);
    assert_int_not_equal(access(lock, F_OK), 0);
    /* What a machine left that died is nobody's. */
    fclose(fopen(lock, "w"));
    assert_int_equal(b.port.ops->load(&b.port, in, sizeof in), 4);
    assert_int_equal(store_usable(&b, &e), 0);
    unlink(b.path);
    store_fini(&b);
    store_fini(NULL);
}

struct stead {
    struct store other;
    int told;
};

static int write_elsewhere(void *ctx, const void *bytes, size_t len, struct err *e)
{
    struct stead *w = ctx;
    char in[8];

    (void)len;
    (void)e;
    if (bytes)
        return 0;
    w->told++;
    /* still locked: nobody else has it yet */
    assert_int_equal(w->other.port.ops->load(&w->other.port, in, sizeof in), 0);
    assert_int_equal(store_usable(&w->other, &(struct err) { 0 }), -ERR_STATE);
    file_unlock_beside(w->other.path, -1);
    return 0;
}

/* One who writes in its stead removes the lock's name, once, while the lock is held. */
static void who_writes_removes_the_name(void **state)
{
    struct stead w = { 0 };
    struct store s;
    char path[128], lock[128], in[8];
    struct err e;

    (void)state;
    snprintf(path, sizeof path, "%s/jailed.sav", dir);
    snprintf(lock, sizeof lock, "%s/.jailed.sav.lock", dir);
    assert_int_equal(store_init_at(&s, path, &e), 0);
    assert_int_equal(store_init_at(&w.other, path, &e), 0);
    s.write = write_elsewhere;
    s.ctx = &w;
    assert_int_equal(s.port.ops->load(&s.port, in, sizeof in), 0);
    assert_true(s.port.ops->save(&s.port, "ours", 4));
    assert_int_equal(access(lock, F_OK), 0);
    store_fini(&s);
    store_fini(&s);
    assert_int_equal(w.told, 1);
    assert_int_not_equal(access(lock, F_OK), 0);
    assert_int_equal(w.other.port.ops->load(&w.other.port, in, sizeof in), 0);
    assert_int_equal(store_usable(&w.other, &e), 0);
    store_fini(&w.other);
}

static int setup(void **state)
{
    (void)state;
    return !mkdtemp(dir);
}

/* Fails when a test left a temporary file. */
static int teardown(void **state)
{
    char path[128];

    (void)state;
    snprintf(path, sizeof path, "%s/mews/saves", dir);
    if (rmdir(path))
        return 1;
    *strrchr(path, '/') = 0;
    return rmdir(path) || rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(atomic_while_read),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(one_machine_has_it),
        cmocka_unit_test(who_writes_removes_the_name),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
