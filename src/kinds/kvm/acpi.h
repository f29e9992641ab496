/* The ACPI tables of the board microvm (ACPI specification 6.4, chapter 5): what Linux must know
 * of processors, interrupts and power, where no firmware is. The DSDT is dsdt.asl, compiled by
 * iasl; the others are made here, for they name what a machine may have more or less of: its
 * processors, and by an SSDT its virtio devices whose registers are in memory. */
#ifndef KINDS_KVM_ACPI_H
#define KINDS_KVM_ACPI_H

#include "base/types.h"

enum {                       /* where the board has what the tables name */
       ACPI_PM_PORT = 0x600, /* dev/acpi_pm.h */
       ACPI_SCI = 9,
       ACPI_RESET_PORT = 0xcf9,
       ACPI_RESET_VALUE = 6,
};
#define ACPI_IOAPIC 0xfec00000u
#define ACPI_LAPIC  0xfee00000u

enum { ACPI_VIRTIO_MAX = 32 };
struct acpi_virtio { /* registers in memory (virtio 1.2, 4.2) */
    u32 address, bytes;
    u8 wire; /* of the IOAPIC: level, active high, shared */
};

struct acpi_board {
    unsigned cpus;
    unsigned virtio_count;
    struct acpi_virtio virtio[ACPI_VIRTIO_MAX];
};

/* Writes the tables to `at`, which the guest sees at address `base`, 16-byte aligned; returns the
 * address of the RSDP, 0 when `room` is too little. */
u64 acpi_write(u8 *at, size_t room, u64 base, const struct acpi_board *b);

#endif
