/* The tables as a guest would look for them: every sum, every address, every processor and device.
 */
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
    const u8 *xsdt = root(acpi_write(memory, ROOM, BASE, &(struct acpi_board) { .cpus = 1 })),
             *fadt, *facs;

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
        const u8 *xsdt = root(
            acpi_write(memory, ROOM, BASE, &(struct acpi_board) { .cpus = cpus }));
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

/* A guest's reader of AML, as far as that is ours: what follows at *at, of `len` bytes, is `want`.
 */
static const u8 *follows(const u8 *at, const void *want, size_t len)
{
    assert_memory_equal(at, want, len);
    return at + len;
}

static void virtio_devices_are_named(void **state)
{
    struct acpi_board b = { .cpus = 2 };
    const u8 *xsdt, *ssdt, *at, *end;

    (void)state;
    for (unsigned i = 0; i < ACPI_VIRTIO_MAX; i++)
        b.virtio[i] = (struct acpi_virtio) { 0xfeb00000 + 0x200 * i, 0x200, (u8)(16 + i % 8) };
    for (b.virtio_count = 1; b.virtio_count <= ACPI_VIRTIO_MAX; b.virtio_count++) {
        xsdt = root(acpi_write(memory, ROOM, BASE, &b));
        assert_int_equal(le_get(xsdt + 4, 4), 36 + 3 * 8);
        ssdt = table(le_get(xsdt + 52, 8), "SSDT");
        end = ssdt + le_get(ssdt + 4, 4);
        at = follows(ssdt + 36, "\x10", 1);
        assert_int_equal(at[0] >> 6, 1); /* a length of two bytes, up to the end */
        assert_ptr_equal(at + ((at[0] & 15) | at[1] << 4), end);
        at = follows(at + 2, "\\_SB_", 5);
        for (unsigned i = 0; i < b.virtio_count; i++) {
            const u8 *next = at + 2 + at[2];
            char name[5] = { 'V', 'R', (char)('0' + i / 16), "0123456789ABCDEF"[i % 16] };

            at = follows(at, "\x5b\x82", 2) + 1;
            at = follows(at, name, 4);
            at = follows(at, "\x08_HID\x0dLNRO0005", 15);
            at = follows(at, "\x08_UID\x0a", 6);
            assert_int_equal(*at++, i);
            at = follows(at, "\x08_CRS\x11", 6);
            assert_ptr_equal(at + at[0], next); /* the buffer's length, and what it holds */
            assert_int_equal(at[1], 0x0a);
            assert_ptr_equal(at + 3 + at[2], next);
            at = follows(at + 3, "\x86\x09\0\x01", 4);
            assert_int_equal(le_get(at, 4), b.virtio[i].address);
            assert_int_equal(le_get(at + 4, 4), 0x200);
            at = follows(at + 8, "\x89\x06\0\x09\x01", 5);
            assert_int_equal(le_get(at, 4), b.virtio[i].wire);
            at = follows(at + 4, "\x79\0", 2);
            assert_ptr_equal(at, next);
        }
        assert_ptr_equal(at, end);
    }
}

static void too_little_room_is_told(void **state)
{
    struct acpi_board b = { .cpus = 16, .virtio_count = ACPI_VIRTIO_MAX };

    (void)state;
    for (size_t room = 0; room < 2600; room += 7) {
        memset(memory, 0xee, ROOM);
        assert_int_equal(acpi_write(memory, room, BASE, &b), 0);
        for (size_t i = room; i < ROOM; i++)
            assert_int_equal(memory[i], 0xee);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_is_found_and_adds_up),
        cmocka_unit_test(every_processor_is_named),
        cmocka_unit_test(virtio_devices_are_named),
        cmocka_unit_test(too_little_room_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
