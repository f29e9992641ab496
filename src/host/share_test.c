#include "host/share.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* DIR/secret lies outside, DIR/in is shared. */
struct fixture {
    char dir[64];
    struct share share;
};

static char *in(const struct fixture *f, const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    return path;
}

static void put(const struct fixture *f, const char *name, const char *text)
{
    FILE *file = fopen(in(f, name), "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void is(const struct fixture *f, const char *name, const char *text)
{
    char got[64] = "";
    FILE *file = fopen(in(f, name), "r");

    assert_non_null(file);
    (void)!fread(got, 1, sizeof got - 1, file);
    fclose(file);
    assert_string_equal(got, text);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct err e;

    assert_non_null(f);
    strcpy(f->dir, "/tmp/mews-share.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(mkdir(in(f, "in"), 0755), 0);
    assert_int_equal(mkdir(in(f, "in/sub"), 0755), 0);
    put(f, "secret", "secret");
    put(f, "in/a", "hello");
    assert_int_equal(share_init(&f->share, in(f, "in"), &e), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];

    share_fini(&f->share);
    share_fini(&f->share); /* twice does no harm */
    snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
    assert_int_equal(system(command), 0); /* NOLINT: a test's own directory */
    free(f);
    return 0;
}

static int try(struct fixture *f, const char *path, unsigned flags, struct err *why)
{
    return f->share.port.ops->open(&f->share.port, path, flags, why);
}

static void reads_and_writes(void **state)
{
    struct fixture *f = *state;
    struct files_port *p = &f->share.port;
    char got[16] = "";
    struct err why;
    int a, b;

    a = try(f, "a", FILE_READ, &why);
    assert_int_equal(a, 0);
    assert_int_equal(p->ops->read(p, a, got, 3), 3);
    assert_int_equal(p->ops->read(p, a, got + 3, 9), 2);
    assert_int_equal(p->ops->read(p, a, got, 9), 0);
    assert_string_equal(got, "hello");
    assert_int_equal(p->ops->write(p, a, "x", 1), -1); /* read only */
    b = try(f, "sub/new", FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &why);
    assert_int_equal(b, 1);
    assert_int_equal(p->ops->write(p, b, "fresh", 5), 5);
    assert_int_equal(p->ops->read(p, b, got, 1), -1);
    assert_int_equal(p->ops->close(p, a), 0);
    assert_int_equal(p->ops->close(p, a), -1);
    assert_int_equal(p->ops->read(p, a, got, 1), -1);
    assert_int_equal(p->ops->write(p, a, got, 1), -1);
    assert_int_equal(try(f, "sub/new", FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &why), -1);
    assert_string_equal(why.text, "the host says: File exists");
    assert_int_equal(try(f, "a", FILE_WRITE | FILE_APPEND, &why), 0); /* the lowest free one */
    assert_int_equal(p->ops->write(p, 0, "!", 1), 1);
    is(f, "in/a", "hello!");
    is(f, "in/sub/new", "fresh");
    assert_int_equal(try(f, "./sub/../a", FILE_READ | FILE_WRITE | FILE_TRUNCATE, &why), 2);
    is(f, "in/a", "");
}

static void bad_descriptors_are_refused(void **state)
{
    static const int bad[] = { -1, 0, SHARE_FILES - 1, SHARE_FILES, 65535 };
    struct fixture *f = *state;
    struct files_port *p = &f->share.port;
    char byte = 0;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(p->ops->close(p, bad[i]), -1);
        assert_int_equal(p->ops->read(p, bad[i], &byte, 1), -1);
        assert_int_equal(p->ops->write(p, bad[i], &byte, 1), -1);
    }
}

static void nothing_leads_out(void **state)
{
    static const char *const paths[] = {
        "../secret", "sub/../../secret", "/etc/passwd", "up/secret", "abs", "rel", "sub/deep", "..",
    };
    struct fixture *f = *state;
    char *secret = strdup(in(f, "secret"));
    struct err why;

    assert_int_equal(symlink("..", in(f, "in/up")), 0);
    assert_int_equal(symlink(secret, in(f, "in/abs")), 0);
    assert_int_equal(symlink("../secret", in(f, "in/rel")), 0);
    assert_int_equal(symlink("../../secret", in(f, "in/sub/deep")), 0);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        assert_int_equal(try(f, paths[i], FILE_READ, &why), -1);
        assert_string_equal(why.text, "refused: it leads out of the shared directory");
    }
    assert_int_equal(try(f, secret, FILE_READ, &why), -1);
    assert_int_equal(try(f, "../made", FILE_WRITE | FILE_CREATE, &why), -1);
    assert_int_equal(try(f, "rel", FILE_WRITE | FILE_TRUNCATE, &why), -1);
    assert_int_not_equal(access(in(f, "made"), F_OK), 0);
    is(f, "secret", "secret");
    assert_int_equal(symlink("sub/../a", in(f, "in/inside")), 0); /* this one stays inside */
    assert_int_equal(try(f, "inside", FILE_READ, &why), 0);
    free(secret);
}

static void only_regular_files(void **state)
{
    struct fixture *f = *state;
    struct err why;

    assert_int_equal(mkfifo(in(f, "in/pipe"), 0600), 0);
    assert_int_equal(try(f, "pipe", FILE_READ, &why), -1); /* and does not wait for a writer */
    assert_string_equal(why.text, "refused: not a regular file");
    assert_int_equal(try(f, "sub", FILE_READ, &why), -1);
    assert_string_equal(why.text, "refused: not a regular file");
    assert_int_equal(try(f, "", FILE_READ, &why), -1);
    assert_int_equal(try(f, "none", FILE_READ, &why), -1);
    assert_string_equal(why.text, "the host says: No such file or directory");
}

static void has_a_limit(void **state)
{
    struct fixture *f = *state;
    struct err why;

    for (int i = 0; i < SHARE_FILES; i++)
        assert_int_equal(try(f, "a", FILE_READ, &why), i);
    assert_int_equal(try(f, "a", FILE_READ, &why), -1);
    assert_string_equal(why.text, "64 files are open already");
    assert_int_equal(f->share.port.ops->close(&f->share.port, 5), 0);
    assert_int_equal(try(f, "a", FILE_READ, &why), 5);
}

/* What a snapshot does: the fields of one share go to another. */
static int move(struct share *from, struct share *to, struct err *e)
{
    const struct fields *fs = from->state.fields;

    component_saving(&from->state);
    if (field_take(fs, to, fs, from, e))
        return -(int)e->code;
    return component_loaded(&to->state, e);
}

static void open_files_are_opened_again(void **state)
{
    struct fixture *f = *state;
    struct files_port *p;
    struct share other;
    struct err e;
    char got[8] = "";

    assert_int_equal(try(f, "a", FILE_READ, &e), 0);
    assert_int_equal(try(f, "new", FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, &e), 1);
    assert_int_equal(try(f, "a", FILE_READ, &e), 2);
    assert_int_equal(try(f, "new", FILE_WRITE, &e), 3); /* twice: it is its own */
    flock(f->share.file[3].fd, LOCK_UN);
    p = &f->share.port;
    assert_int_equal(p->ops->read(p, 0, got, 2), 2);
    assert_int_equal(p->ops->write(p, 1, "abc", 3), 3);
    assert_int_equal(p->ops->close(p, 0), 0);
    assert_int_equal(p->ops->read(p, 2, got, 4), 4);
    assert_int_equal(share_init(&other, in(f, "in"), &e), 0);
    assert_int_equal(move(&f->share, &other, &e), -ERR_STATE); /* while the original writes */
    assert_string_equal(e.text, "files: the guest had new open for writing, as another machine has "
                                "it now (share a copy of the directory)");
    share_fini(&other);
    flock(f->share.file[1].fd, LOCK_UN); /* as if it had ended */
    assert_int_equal(share_init(&other, in(f, "in"), &e), 0);
    assert_int_equal(move(&f->share, &other, &e), 0);
    p = &other.port;
    assert_int_equal(p->ops->read(p, 0, got, 1), -1);
    assert_int_equal(p->ops->read(p, 2, got, 4), 1);
    assert_int_equal(got[0], 'o');
    assert_int_equal(p->ops->write(p, 1, "d", 1), 1);
    is(f, "in/new", "abcd"); /* it was not emptied again */
    share_fini(&other);

    assert_int_equal(unlink(in(f, "in/new")), 0);
    assert_int_equal(share_init(&other, in(f, "in"), &e), 0);
    assert_int_equal(move(&f->share, &other, &e), -ERR_STATE);
    assert_string_equal(e.text, "files: the guest had new open: the host says: No such file or "
                                "directory");
    share_fini(&other);

    strcpy((char *)f->share.file[2].path, "../secret");
    assert_int_equal(share_init(&other, in(f, "in"), &e), 0);
    f->share.file[1].open = false;
    close(f->share.file[1].fd);
    assert_int_equal(move(&f->share, &other, &e), -ERR_STATE);
    assert_non_null(strstr(e.text, "leads out of the shared directory"));
    share_fini(&other);
    memset(f->share.file[2].path, 'x', SHARE_PATH);
    assert_int_equal(share_init(&other, in(f, "in"), &e), 0);
    assert_int_equal(move(&f->share, &other, &e), -ERR_FORMAT);
    share_fini(&other);
}

static void needs_a_directory(void **state)
{
    struct fixture *f = *state;
    struct share s;
    struct err e;

    assert_int_equal(share_init(&s, in(f, "nothing"), &e), -ERR_SYS);
    assert_int_equal(share_init(&s, in(f, "secret"), &e), -ERR_SYS);
    assert_non_null(strstr(e.text, "cannot share /tmp/"));
    share_fini(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_and_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_descriptors_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_leads_out, setup, teardown),
        cmocka_unit_test_setup_teardown(only_regular_files, setup, teardown),
        cmocka_unit_test_setup_teardown(has_a_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(open_files_are_opened_again, setup, teardown),
        cmocka_unit_test_setup_teardown(needs_a_directory, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
