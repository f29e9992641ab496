/* ACPI's fixed hardware, driven as an operating system drives it. */
#include "dev/acpi_pm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct rig {
    struct acpi_pm pm;
    int sci, slept;
};

static void set_sci(void *owner, unsigned index, int level)
{
    (void)index;
    ((struct rig *)owner)->sci = level;
}

static void sleep_asked(void *owner, unsigned type)
{
    ((struct rig *)owner)->slept = (int)type;
}

static void rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    r->slept = -1;
    acpi_pm_init(&r->pm, (struct line) { set_sci, r, 0 }, sleep_asked, r);
}

static void the_timer_counts_guest_time(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    assert_int_equal(acpi_pm_read(&r.pm, ACPI_PM_TIMER, 4, 0), 0);
    assert_int_equal(acpi_pm_read(&r.pm, ACPI_PM_TIMER, 4, 1000000000), 3579545);
    assert_int_equal(acpi_pm_read(&r.pm, ACPI_PM_TIMER, 4, 10ull * 365 * 86400 * 1000000000),
                     (u32)(10ull * 365 * 86400 * 3579545));
    assert_int_equal(acpi_pm_read(&r.pm, ACPI_PM_TIMER + 1, 2, 1000000000), 3579545 >> 8 & 0xffff);
    assert_int_equal(acpi_pm_read(&r.pm, ACPI_PM_TIMER + 3, 4, 1000000000), 0);
}

static void its_carry_is_an_interrupt(void **state)
{
    const u64 half = 600000000000; /* ns in which it counts to 2^31 and a bit */
    struct rig r;

    (void)state;
    rig_init(&r);
    acpi_pm_write(&r.pm, ACPI_PM_EVENT + 2, 2, 1, 0);
    assert_int_equal(acpi_pm_read(&r.pm, ACPI_PM_EVENT, 2, half / 2), 0);
    assert_int_equal(acpi_pm_read(&r.pm, ACPI_PM_EVENT, 4, half), 0x10001);
    acpi_pm_write(&r.pm, ACPI_PM_EVENT, 2, 1, half);
    assert_int_equal(r.sci, 0);
    assert_int_equal(acpi_pm_read(&r.pm, ACPI_PM_EVENT, 2, half), 0);
    assert_int_equal(acpi_pm_read(&r.pm, ACPI_PM_EVENT, 2, 2 * half + half / 10), 1);
}

static void the_button_calls_until_it_is_answered(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    acpi_pm_button(&r.pm);
    assert_int_equal(r.sci, 0); /* not wanted yet */
    acpi_pm_write(&r.pm, ACPI_PM_EVENT + 2, 2, 0x100, 0);
    assert_int_equal(r.sci, 1);
    acpi_pm_write(&r.pm, ACPI_PM_EVENT, 2, 1, 0);
    assert_int_equal(r.sci, 1);
    acpi_pm_write(&r.pm, ACPI_PM_EVENT + 1, 1, 1, 0); /* a 1 clears, by the byte too */
    assert_int_equal(r.sci, 0);
    acpi_pm_button(&r.pm);
    assert_int_equal(r.sci, 1);
    acpi_pm_reset(&r.pm);
    assert_int_equal(r.sci, 0);
}

static void sleep_is_asked_for_once(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    assert_int_equal(acpi_pm_read(&r.pm, ACPI_PM_CONTROL, 2, 0), 1); /* in ACPI mode */
    acpi_pm_write(&r.pm, ACPI_PM_CONTROL, 2, ACPI_PM_OFF << 10, 0);
    assert_int_equal(r.slept, -1);
    assert_int_equal(acpi_pm_read(&r.pm, ACPI_PM_CONTROL, 2, 0), ACPI_PM_OFF << 10 | 1);
    acpi_pm_write(&r.pm, ACPI_PM_CONTROL, 2, ACPI_PM_OFF << 10 | 1 << 13, 0);
    assert_int_equal(r.slept, ACPI_PM_OFF);
    assert_int_equal(acpi_pm_read(&r.pm, ACPI_PM_CONTROL, 2, 0), ACPI_PM_OFF << 10 | 1);
    r.slept = -1;
    acpi_pm_write(&r.pm, ACPI_PM_CONTROL, 1, 0xff, 0); /* the lower byte has no SLP_EN */
    assert_int_equal(r.slept, -1);
    acpi_pm_write(&r.pm, ACPI_PM_BYTES, 4, 0xffffffff, 0); /* there is nothing */
    acpi_pm_write(&r.pm, ACPI_PM_TIMER, 4, 0xffffffff, 0);
    assert_int_equal(acpi_pm_read(&r.pm, ACPI_PM_TIMER, 4, 0), 0);
}

static void what_it_never_saved_is_refused(void **state)
{
    struct rig r;
    struct err e;

    (void)state;
    rig_init(&r);
    assert_int_equal(acpi_pm_loaded(&r.pm, &e), 0);
    r.pm.status = 2;
    assert_true(acpi_pm_loaded(&r.pm, &e) < 0);
    r.pm.status = 0;
    r.pm.control = 0;
    assert_true(acpi_pm_loaded(&r.pm, &e) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_timer_counts_guest_time),
        cmocka_unit_test(its_carry_is_an_interrupt),
        cmocka_unit_test(the_button_calls_until_it_is_answered),
        cmocka_unit_test(sleep_is_asked_for_once),
        cmocka_unit_test(what_it_never_saved_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
