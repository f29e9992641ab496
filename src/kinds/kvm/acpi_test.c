/* The tables as a guest would look for them: every sum, every address, every processor. */
#include "kinds/kvm/acpi.h"

#include "base/le.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BASE = 0xe0000, ROOM = 8192 };

static u8 memory[ROOM];

static const u8 *table(u64 address, const char *signature)
{
    const u8 *p = memory + (address - BASE);
    u8 sum = 0;
    u64 len;

    assert_true(address >= BASE && address + 36 <= BASE + ROOM);
    len = le_get(p + 4, 4);
    assert_memory_equal(p, signature, 4);
    assert_true(len >= 36 && address + len <= BASE + ROOM);
    for (u64 i = 0; i < len; i++)
        sum = (u8)(sum + p[i]);
    assert_int_equal(sum, 0);
    return p;
}

static const u8 *root(u64 rsdp)
{
    const u8 *p = memory + (rsdp - BASE);
    u8 first = 0, all = 0;

    assert_true(rsdp % 16 == 0);
    assert_memory_equal(p, "RSD PTR ", 8);
    for (unsigned i = 0; i < 36; i++) {
        first = (u8)(first + (i < 20 ? p[i] : 0));
        all = (u8)(all + p[i]);
    }
    assert_int_equal(first | all, 0);
    return table(le_get(p + 24, 8), "XSDT");
}

static void every_table_is_found_and_adds_up(void **state)
{
    const u8 *xsdt = root(acpi_write(memory, ROOM, BASE, 1)), *fadt, *facs;

    (void)state;
    assert_int_equal(le_get(xsdt + 4, 4), 36 + 2 * 8);
    fadt = table(le_get(xsdt + 36, 8), "FACP");
    table(le_get(xsdt + 44, 8), "APIC");
    table(le_get(fadt + 40, 4), "DSDT");
    assert_int_equal(le_get(fadt + 140, 8), le_get(fadt + 40, 4));
    facs = memory + (le_get(fadt + 36, 4) - BASE);
    assert_memory_equal(facs, "FACS", 4);
    assert_int_equal(le_get(fadt + 36, 4) % 64, 0);
    assert_int_equal(le_get(fadt + 56, 4), le_get(fadt + 152, 8)); /* as X_PM1a_EVT_BLK says */
    assert_int_equal(le_get(fadt + 64, 4), le_get(fadt + 176, 8));
    assert_int_equal(le_get(fadt + 76, 4), le_get(fadt + 212, 8));
}

static void every_processor_is_named(void **state)
{
    for (unsigned cpus = 1; cpus <= 16; cpus++) {
        const u8 *xsdt = root(acpi_write(memory, ROOM, BASE, cpus));
        const u8 *madt = table(le_get(xsdt + 44, 8), "APIC"), *end = madt + le_get(madt + 4, 4);
        unsigned seen = 0, ioapics = 0;

        for (const u8 *p = madt + 44; p < end; p += p[1]) {
            assert_true(p[1] > 1 && p + p[1] <= end);
            if (p[0] == 0)
                assert_int_equal(p[3], seen++);
            ioapics += p[0] == 1;
        }
        assert_int_equal(seen, cpus);
        assert_int_equal(ioapics, 1);
    }
    (void)state;
}

static void too_little_room_is_told(void **state)
{
    (void)state;
    for (size_t room = 0; room < 700; room += 7) {
        memset(memory, 0xee, ROOM);
        assert_int_equal(acpi_write(memory, room, BASE, 16), 0);
        for (size_t i = room; i < ROOM; i++)
            assert_int_equal(memory[i], 0xee);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_is_found_and_adds_up),
        cmocka_unit_test(every_processor_is_named),
        cmocka_unit_test(too_little_room_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
