/* What --host-cpus takes, and where a cgroup would be made, by texts of hosts of several sorts. */
#include "app/bounds.h"
#include "app/cgroup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void processors(void **state)
{
    static const struct {
        const char *text;
        uint64_t thousandths; /* 0: refused */
    } words[] = { { "1", 1000 },    { "0.5", 500 },   { "2.25", 2250 },
                  { "0.125", 125 }, { "16", 16000 },  { "4096", 4096000 },
                  { "0.01", 10 },   { "0.009", 0 },   { "0", 0 },
                  { "", 0 },        { ".5", 0 },      { "1.", 0 },
                  { "-1", 0 },      { "1.2345", 0 },  { "1x", 0 },
                  { "1.x", 0 },     { "5000000", 0 }, { "99999999999999999999999", 0 } };

    (void)state;
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        struct bounds b = { 0 };

        assert_int_equal(bounds_cpus(&b, words[i].text), words[i].thousandths != 0);
        assert_int_equal(b.thousandths, words[i].thousandths);
    }
}

static const char unified[] =
    "22 1 0:20 / /proc rw,nosuid - proc proc rw\n"
    "29 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw\n";
static const char hybrid[] =
    "30 23 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
    "31 30 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
    "32 30 0:29 / /sys/fs/cgroup/with\\040blank rw shared:2 master:1 - cgroup2 none rw\n";
static const char part[] = "40 1 0:26 /outer/inner /mnt rw - cgroup2 cgroup2 rw\n";

static void places(void **state)
{
    static const struct {
        const char *mounts, *self, *place; /* NULL: there is none */
    } hosts[] = {
        { unified, "0::/user.slice/session-1.scope\n", "/sys/fs/cgroup/user.slice" },
        { unified, "0::/a\n", "/sys/fs/cgroup" },
        { unified, "0::/\n", "/sys/fs/cgroup" }, /* below the root */
        { hybrid, "4:memory:/m\n1:cpu:/\n0::/b/c\n", "/sys/fs/cgroup/with blank/b" },
        { hybrid, "4:memory:/m\n1:cpu:/\n", NULL },
        { part, "0::/outer/inner/a/b\n", "/mnt/a" },
        { part, "0::/outer/inner/a\n", "/mnt" },
        { part, "0::/outer/innermost/a\n", NULL },
        { part, "0::/outer/inner\n", NULL }, /* beside it is not seen */
        { part, "0::/a\n", NULL },
        { "", "0::/a\n", NULL },
        { "x\n - cgroup2 \n1 2 3\n", "0::/a\n", NULL },
        { unified, "", NULL },
        { unified, "0::", NULL },
    };
    char out[PATH_MAX];

    (void)state;
    for (unsigned i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        assert_int_equal(cgroup_place(hosts[i].mounts, hosts[i].self, out), hosts[i].place != NULL);
        if (hosts[i].place)
            assert_string_equal(out, hosts[i].place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processors),
        cmocka_unit_test(places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
