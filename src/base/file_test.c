#include "base/file.h"

#include "base/own.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static int count_files(const char *dir)
{
    DIR *d = opendir(dir);
    int n = 0;

    assert_non_null(d);
    for (struct dirent *f; (f = readdir(d));)
        n += f->d_name[0] != '.';
    closedir(d);
    return n;
}

static void round_trip(void **state)
{
    char dir[] = "/tmp/mews-file.XXXXXX", path[64], link[64];
    u8 *got = NULL;
    size_t len = 0;
    struct stat st;
    struct err e;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a/b/c", dir);
    assert_int_equal(file_write(path, "x", 1, &e), -ERR_SYS); /* no such directory */
    assert_int_equal(file_make_parents(path, &e), 0);
    assert_int_equal(file_make_parents(path, &e), 0);
    assert_int_equal(file_write(path, "first", 5, &e), 0);
    assert_int_equal(chmod(path, 0640), 0);
    snprintf(link, sizeof link, "%s/link", dir);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(file_write(link, "second", 6, &e), 0);
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(file_read(path, 6, &got, &len, &e), 0);
    assert_int_equal(len, 6);
    assert_string_equal((char *)got, "second");
    free(got);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(file_read(path, 5, &got, &len, &e), -ERR_LIMIT);
    *strrchr(path, '/') = 0;
    assert_int_equal(count_files(path), 1);                   /* no temporary file stays */
    assert_int_equal(file_write(path, "x", 1, &e), -ERR_SYS); /* a directory */
    assert_int_equal(count_files(path), 1);
    snprintf(path, sizeof path, "rm -rf %s", dir);
    assert_int_equal(system(path), 0); /* NOLINT: a test's own directory */
}

static void devices(void **state)
{
    u8 *got = NULL;
    size_t len = 1;
    struct err e;

    (void)state;
    assert_int_equal(file_write("/dev/null", "x", 1, &e), 0);
    assert_int_equal(file_read("/dev/null", 10, &got, &len, &e), 0);
    assert_int_equal(len, 0);
    free(got);
    assert_int_equal(file_read("/dev/zero", 1 << 20, &got, &len, &e), -ERR_LIMIT);
    assert_int_equal(file_read("/nowhere/at/all", 10, &got, &len, &e), -ERR_SYS);
    assert_string_equal(e.text, "/nowhere/at/all: No such file or directory");
}

/* One that dies between beginning and end. */
static void a_new_file_has_no_name_before_it_is_whole(void **state)
{
    char dir[] = "/tmp/mews-file-XXXXXX", path[64];
    int status, fd;
    pid_t child;

    (void)state;
    assert_non_null(mkdtemp(dir));
    fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        rmdir(dir);
        print_message("/tmp has no files without a name\n");
        skip();
    }
    close(fd);
    snprintf(path, sizeof path, "%s/new", dir);
    child = fork();
    if (!child) {
        struct file_new f;
        struct err e;

        _exit(file_begin(&f, path, &e) || write(f.fd, "half", 4) != 4);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(devices),
        cmocka_unit_test(a_new_file_has_no_name_before_it_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
