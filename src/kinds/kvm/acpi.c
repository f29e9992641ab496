#include "kinds/kvm/acpi.h"

#include "base/le.h"
#include "dev/acpi_pm.h"
#include <dsdt.hex> /* dsdt_aml_code */

#include <assert.h>
#include <string.h>

enum { HEADER = 36, RSDP = 36, FADT = 276, FACS = 64 };

struct tables { /* written one behind the other */
    u8 *at;
    size_t room, used;
    u64 base;
};

static u8 sum(const u8 *p, size_t len)
{
    u8 s = 0;

    while (len--)
        s = (u8)(s + *p++);
    return s;
}

/* Room for a table; NULL when there is none left. */
static u8 *take(struct tables *t, size_t len)
{
    size_t at = (t->used + 15) & ~(size_t)15;

    if (at > t->room || t->room - at < len)
        return NULL;
    t->used = at + len;
    return memset(t->at + at, 0, len);
}

static u64 address(const struct tables *t, const u8 *p)
{
    return t->base + (u64)(p - t->at);
}

/* A table's head (5.2.6), once all the rest is in it. */
static void finish(u8 *p, const char *signature, u8 revision, size_t len)
{
    memcpy(p, signature, 4);
    le_put(p + 4, (u32)len, 4);
    p[8] = revision;
    p[9] = 0;
    memcpy(p + 10, "MEWS  ", 6);
    memcpy(p + 16, "MICROVM ", 8);
    le_put(p + 24, 1, 4);
    memcpy(p + 28, "MEWS", 4);
    le_put(p + 32, 1, 4);
    p[9] = (u8)-sum(p, len);
}

static u8 *write_dsdt(struct tables *t)
{
    u8 *p = take(t, sizeof dsdt_aml_code);

    return p ? memcpy(p, dsdt_aml_code, sizeof dsdt_aml_code) : NULL;
}

/* 5.2.10: with nothing in it, for there is no sleep from which a guest wakes. */
static u8 *write_facs(struct tables *t)
{
    u8 *p;

    t->used = (t->used + 63) & ~(size_t)63;
    p = take(t, FACS);
    if (!p)
        return NULL;
    memcpy(p, "FACS", 4);
    le_put(p + 4, FACS, 4);
    p[32] = 2;
    return p;
}

static void put_gas(u8 *p, u8 bits, u8 access, u64 port) /* 5.2.3.2: an I/O port */
{
    p[0] = 1;
    p[1] = bits;
    p[3] = access;
    le_put(p + 4, port, 8);
}

/* 5.2.9: not hardware-reduced; the buttons are fixed hardware, so their flags are 0. */
static u8 *write_fadt(struct tables *t, u64 facs, u64 dsdt)
{
    enum { WBINVD = 1, PROC_C1 = 4, SLP_BUTTON_NONE = 1 << 5, TMR_32 = 1 << 8, RESET = 1 << 10 };
    enum { LEGACY = 1, NO_VGA = 4 };
    u8 *p = take(t, FADT);

    if (!p)
        return NULL;
    le_put(p + 36, facs, 4);
    le_put(p + 40, dsdt, 4);
    le_put(p + 46, ACPI_SCI, 2);
    le_put(p + 56, ACPI_PM_PORT + ACPI_PM_EVENT, 4);
    le_put(p + 64, ACPI_PM_PORT + ACPI_PM_CONTROL, 4);
    le_put(p + 76, ACPI_PM_PORT + ACPI_PM_TIMER, 4);
    p[88] = 4; /* bytes of each block */
    p[89] = 2;
    p[91] = 4;
    le_put(p + 96, 0xffff, 2); /* no C2, no C3 */
    le_put(p + 98, 0xffff, 2);
    p[108] = 0x32; /* the RTC's register of the century */
    le_put(p + 109, LEGACY | NO_VGA, 2);
    le_put(p + 112, WBINVD | PROC_C1 | SLP_BUTTON_NONE | TMR_32 | RESET, 4);
    put_gas(p + 116, 8, 1, ACPI_RESET_PORT);
    p[128] = ACPI_RESET_VALUE;
    p[131] = 4; /* minor version */
    le_put(p + 140, dsdt, 8);
    put_gas(p + 148, 32, 2, ACPI_PM_PORT + ACPI_PM_EVENT);
    put_gas(p + 172, 16, 2, ACPI_PM_PORT + ACPI_PM_CONTROL);
    put_gas(p + 208, 32, 3, ACPI_PM_PORT + ACPI_PM_TIMER);
    finish(p, "FACP", 6, FADT);
    return p;
}

/* 5.2.12: the processors, the IOAPIC, and the two interrupts that are not what ISA has. */
static u8 *write_madt(struct tables *t, unsigned cpus)
{
    size_t len = HEADER + 8 + cpus * 8u + 12 + 2 * 10 + 6;
    u8 *p = take(t, len), *q;

    if (!p)
        return NULL;
    le_put(p + 36, ACPI_LAPIC, 4);
    le_put(p + 40, 1, 4); /* there is a pair of 8259s too */
    q = p + 44;
    for (unsigned i = 0; i < cpus; i++, q += 8) {
        q[0] = 0, q[1] = 8;
        q[2] = q[3] = (u8)i;
        le_put(q + 4, 1, 4);
    }
    q[0] = 1, q[1] = 12;
    q[2] = (u8)cpus; /* its own id */
    le_put(q + 4, ACPI_IOAPIC, 4);
    q += 12;
    q[0] = 2, q[1] = 10, q[3] = 0; /* the PIT's, at pin 2 of KVM's IOAPIC */
    le_put(q + 4, 2, 4);
    q += 10;
    q[0] = 2, q[1] = 10, q[3] = ACPI_SCI; /* level, active high */
    le_put(q + 4, ACPI_SCI, 4);
    le_put(q + 8, 0xd, 2);
    q += 10;
    q[0] = 4, q[1] = 6, q[2] = 0xff, q[5] = 1; /* NMI at LINT1 of all */
    finish(p, "APIC", 5, len);
    return p;
}

/* ---- the SSDT: AML, of which chapter 20 has the bytes ----
 *
 *     Scope (\_SB) {
 *         Device (VR00) {
 *             Name (_HID, "LNRO0005")      // a virtio device behind registers in memory
 *             Name (_UID, 0)
 *             Name (_CRS, ResourceTemplate () {
 *                 Memory32Fixed (ReadWrite, ADDRESS, BYTES)
 *                 Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { WIRE }
 *             })
 *         }
 *         ...
 */
enum { DEVICE_BYTES = 61, SCOPE_BYTES = 1 + 2 + 5 };
enum { NAME_AT = 3, UID_AT = 28, MEMORY_AT = 42, WIRE_AT = 55 };

static const u8 device_aml[DEVICE_BYTES] = {
    0x5b, 0x82, DEVICE_BYTES - 2,
    'V',  'R',  '0',
    '0', /* Device, its length */
    0x08, '_',  'H',
    'I',  'D',  0x0d, /* Name, a string */
    'L',  'N',  'R',
    'O',  '0',  '0',
    '0',  '5',  0,
    0x08, '_',  'U',
    'I',  'D',  0x0a,
    0, /* Name, a byte */
    0x08, '_',  'C',
    'R',  'S',  0x11,
    26,   0x0a, 23, /* Name, a Buffer: lengths */
    0x86, 9,    0,
    1,    0,    0,
    0,    0,    0,
    0,    0,    0, /* 6.4.3.4 */
    0x89, 6,    0,
    0x09, 1,    0,
    0,    0,    0, /* 6.4.3.6 */
    0x79, 0,       /* 6.4.2.9 */
};

static void put_device(u8 *p, unsigned number, const struct acpi_virtio *v)
{
    static const char digits[] = "0123456789ABCDEF";

    memcpy(p, device_aml, DEVICE_BYTES);
    p[NAME_AT + 2] = (u8)digits[number >> 4];
    p[NAME_AT + 3] = (u8)digits[number & 15];
    p[UID_AT] = (u8)number;
    le_put(p + MEMORY_AT, v->address, 4);
    le_put(p + MEMORY_AT + 4, v->bytes, 4);
    le_put(p + WIRE_AT, v->wire, 4);
}

static u8 *write_ssdt(struct tables *t, const struct acpi_board *b)
{
    size_t body = SCOPE_BYTES + (size_t)DEVICE_BYTES * b->virtio_count;
    u8 *p = take(t, HEADER + body), *q;

    assert(b->virtio_count <= ACPI_VIRTIO_MAX && body - 1 < 1 << 12);
    if (!p)
        return NULL;
    q = p + HEADER;
    *q++ = 0x10; /* Scope; a length of two bytes (20.2.4), itself included */
    *q++ = (u8)(0x40 | ((body - 1) & 15));
    *q++ = (u8)((body - 1) >> 4);
    memcpy(q, "\\_SB_", 5);
    q += 5;
    for (unsigned i = 0; i < b->virtio_count; i++, q += DEVICE_BYTES)
        put_device(q, i, &b->virtio[i]);
    finish(p, "SSDT", 2, HEADER + body);
    return p;
}

static u8 *write_xsdt(struct tables *t, const u8 *const *tables, unsigned count)
{
    size_t len = HEADER + 8 * count;
    u8 *p = take(t, len);

    if (!p)
        return NULL;
    for (unsigned i = 0; i < count; i++)
        le_put(p + HEADER + 8 * i, address(t, tables[i]), 8);
    finish(p, "XSDT", 1, len);
    return p;
}

u64 acpi_write(u8 *at, size_t room, u64 base, const struct acpi_board *b)
{
    struct tables t = { .at = at, .room = room, .base = base };
    u8 *rsdp = take(&t, RSDP), *facs = write_facs(&t), *dsdt = write_dsdt(&t);
    u8 *fadt, *madt, *ssdt, *xsdt;

    fadt = facs && dsdt ? write_fadt(&t, address(&t, facs), address(&t, dsdt)) : NULL;
    madt = fadt ? write_madt(&t, b->cpus) : NULL;
    ssdt = madt && b->virtio_count ? write_ssdt(&t, b) : NULL;
    if (!madt || (b->virtio_count && !ssdt))
        return 0;
    xsdt = write_xsdt(&t, (const u8 *const[]) { fadt, madt, ssdt }, ssdt ? 3 : 2);
    if (!xsdt)
        return 0;
    memcpy(rsdp, "RSD PTR ", 8); /* 5.2.5.3 */
    memcpy(rsdp + 9, "MEWS  ", 6);
    rsdp[15] = 2;
    le_put(rsdp + 20, RSDP, 4);
    le_put(rsdp + 24, address(&t, xsdt), 8);
    rsdp[8] = (u8)-sum(rsdp, 20);
    rsdp[32] = (u8)-sum(rsdp, RSDP);
    return address(&t, rsdp);
}
