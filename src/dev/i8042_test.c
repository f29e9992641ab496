/* The keyboard controller, as a driver looks for it and as a kernel reboots by it. */
#include "dev/i8042.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void count(void *owner)
{
    ++*(unsigned *)owner;
}

static u8 ask(struct i8042 *k, u8 command)
{
    i8042_write(k, I8042_COMMAND, command);
    assert_int_equal(i8042_read(k, I8042_COMMAND) & 3, 1); /* an answer, and room for a command */
    return i8042_read(k, I8042_DATA);
}

static void a_driver_finds_it_and_nothing_behind(void **state)
{
    struct i8042 k;
    u8 config;

    (void)state;
    i8042_init(&k, NULL, NULL);
    assert_int_equal(i8042_read(&k, I8042_COMMAND), 4);
    assert_int_equal(ask(&k, 0xaa), 0x55);
    assert_int_equal(i8042_read(&k, I8042_COMMAND) & 1, 0);
    config = ask(&k, 0x20);
    assert_int_equal(config & 0x30, 0x30);
    i8042_write(&k, I8042_COMMAND, 0xae);
    assert_int_equal(ask(&k, 0x20), config & ~0x10);
    i8042_write(&k, I8042_COMMAND, 0x60);
    i8042_write(&k, I8042_DATA, 0x47);
    assert_int_equal(ask(&k, 0x20), 0x47);
    i8042_write(&k, I8042_DATA, 0xff); /* to a keyboard: nobody answers */
    assert_int_equal(i8042_read(&k, I8042_COMMAND) & 1, 0);
    i8042_write(&k, I8042_DATA, 0x11); /* and is no configuration */
    assert_int_equal(ask(&k, 0x20), 0x47);
}

static void a_kernel_reboots_by_it(void **state)
{
    unsigned resets = 0;
    struct i8042 k;

    (void)state;
    i8042_init(&k, count, &resets);
    i8042_write(&k, I8042_COMMAND, 0xff);
    assert_int_equal(resets, 0);
    i8042_write(&k, I8042_COMMAND, 0xfe);
    assert_int_equal(resets, 1);
    i8042_write(&k, I8042_COMMAND, 0xd1);
    i8042_write(&k, I8042_DATA, 3);
    assert_int_equal(resets, 1);
    i8042_write(&k, I8042_COMMAND, 0xd1);
    i8042_write(&k, I8042_DATA, 2);
    assert_int_equal(resets, 2);
    assert_int_equal(ask(&k, 0xd0), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_driver_finds_it_and_nothing_behind),
        cmocka_unit_test(a_kernel_reboots_by_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
