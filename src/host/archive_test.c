/* The module is opened as the program opens it; archives are made by python3, which
 * has zip, tar, xz and gzip. */
#include "host/archive.h"

#include "base/file.h"
#include "base/own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/mews-archive.XXXXXX";

static const char *in_dir(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static bool starts_with(void *context, const u8 *bytes, size_t len)
{
    return len >= strlen(context) && !memcmp(bytes, context, strlen(context));
}

static struct thing_test wants(char *magic)
{
    return (struct thing_test) { starts_with, magic };
}

static void assert_thing(const char *file, char *magic, const char *name, size_t len)
{
    struct thing_test test = wants(magic);
    struct thing t = { 0 };
    struct err e = { 0 };

    if (thing_read(&t, in_dir(file), 1 << 20, &test, &e))
        fail_msg("%s", e.text);
    assert_string_equal(t.name, name);
    assert_int_equal(t.len, len);
    thing_fini(&t);
}

static void found(void **state)
{
    (void)state;
    assert_thing("plain.v1.nes", "NES", "plain.v1", 103);
    assert_thing("game.zip", "NES", "Second", 103);
    assert_thing("game.zip", "text", "readme", 4);
    assert_thing("game.tar.xz", "NES", "Second", 103);
    assert_thing("packed.nes.gz", "NES", "packed", 103);
    assert_thing("other", "NES", "other", 7); /* unknown, and no archive: for others to judge */
}

/* What a compressor made of one file, from memory. */
static void unpacked(void **state)
{
    struct thing_test test = wants("NES");
    struct thing t = { 0 };
    OWN(buf) u8 *bytes = NULL;
    size_t len;
    struct err e;

    (void)state;
    assert_int_equal(file_read(in_dir("packed.nes.gz"), 1 << 20, &bytes, &len, &e), 0);
    assert_int_equal(thing_unpack(&t, "a kernel", bytes, len, 1 << 20, &test, &e), 0);
    assert_int_equal(t.len, 103);
    thing_fini(&t);
    assert_int_equal(thing_unpack(&t, "a kernel", bytes, len / 2, 1 << 20, &test, &e), -ERR_FORMAT);
    assert_non_null(strstr(e.text, "a kernel"));
}

static void refused(void **state)
{
    static const struct {
        const char *file, *why;
        size_t limit;
        int code;
    } bad[] = {
        { "game.zip", "nothing in this archive is a thing to run", 1 << 20, ERR_FORMAT },
        { "cut.zip", "", 1 << 20, ERR_FORMAT },
        { "bomb.zip", "nothing to run in its first 17000000 bytes", 1 << 20, ERR_LIMIT },
        { "plain.v1.nes", "larger than 100 bytes", 100, ERR_LIMIT },
    };
    struct thing_test test = wants("nothing");
    struct thing t;
    struct err e;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(thing_read(&t, in_dir(bad[i].file), bad[i].limit, &test, &e),
                         -bad[i].code);
        assert_non_null(strstr(e.text, bad[i].file));
        assert_non_null(strstr(e.text, bad[i].why));
    }
    test = wants("NES"); /* the member that would do is larger than the limit */
    assert_int_equal(thing_read(&t, in_dir("large.zip"), 4096, &test, &e), -ERR_FORMAT);
}

static int setup(void **state)
{
    static const char script[] =
        "import sys, zipfile, tarfile, gzip, io, os\n"
        "os.chdir(sys.argv[1])\n"
        "nes = b'NES' + bytes(100)\n"
        "members = [('docs/', b''), ('docs/readme.txt', b'text'), ('roms/Second.nes', nes),\n"
        "           ('roms/third.nes', nes + b'x')]\n"
        "open('plain.v1.nes', 'wb').write(nes)\n"
        "open('other', 'wb').write(b'unknown')\n"
        "with zipfile.ZipFile('game.zip', 'w', zipfile.ZIP_DEFLATED) as z:\n"
        "    for name, data in members: z.writestr(name, data)\n"
        "with tarfile.open('game.tar.xz', 'w:xz') as t:\n"
        "    for name, data in members[1:]:\n"
        "        i = tarfile.TarInfo(name); i.size = len(data); t.addfile(i, io.BytesIO(data))\n"
        "gzip.open('packed.nes.gz', 'wb').write(nes)\n"
        "open('cut.zip', 'wb').write(open('game.zip', 'rb').read()[:60])\n"
        "with zipfile.ZipFile('bomb.zip', 'w', zipfile.ZIP_DEFLATED) as z:\n"
        "    for i in range(20): z.writestr('f%d' % i, bytes(1000000))\n"
        "with zipfile.ZipFile('large.zip', 'w', zipfile.ZIP_DEFLATED) as z:\n"
        "    z.writestr('a.nes', nes + bytes(5000))\n";
    char command[2048];

    (void)state;
    if (!mkdtemp(dir))
        return 1;
    snprintf(command, sizeof command, "python3 -c \"%s\" %s", script, dir);
    return system(command); /* NOLINT: a fixed script on a directory of the test's own */
}

static int teardown(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command); /* NOLINT */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found),
        cmocka_unit_test(unpacked),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
