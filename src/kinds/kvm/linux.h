/* How Linux, and what boots as it does, is put into a PC's memory: by the 64-bit boot protocol (a
 * bzImage; Documentation/arch/x86/boot.rst of Linux) or by PVH (an ELF file with the note
 * XEN_ELFNOTE_PHYS32_ENTRY; docs/misc/pvh.pandoc of Xen, and its public header start_info.h).
 * No firmware runs: what it would have told the kernel is in one page of memory.
 *
 *     0x00007000   boot_params, or PVH's start_info, its modules and its map of memory
 *     0x00020000   the command line
 *     0x000e0000   ACPI tables (acpi.h), to 0x000fffff
 *     0x00100000   the kernel, or where its header or its segments say
 *     below the end of low memory: the initrd
 */
#ifndef KINDS_KVM_LINUX_H
#define KINDS_KVM_LINUX_H

#include "base/err.h"
#include "base/types.h"

enum {
    LINUX_PARAMS = 0x7000,
    LINUX_COMMAND_LINE = 0x20000,
    LINUX_COMMAND_LINE_BYTES = 4096,
    LINUX_LOW_END = 0x9fc00, /* of memory below the BIOS's; from there on reserved */
    LINUX_BIOS = 0xe0000,
    LINUX_HIGH = 0x100000,
};

struct linux_memory { /* low memory begins at 0; high, if there is any, at 4 GiB */
    u8 *low;
    u64 low_bytes, high_bytes;
};

struct linux_image {
    const u8 *kernel, *initrd; /* initrd NULL: none */
    size_t kernel_bytes, initrd_bytes;
    const char *command_line;
    u64 rsdp; /* where ACPI's root is; 0: there is none */
};

struct linux_entry { /* what the first processor starts with */
    bool long_mode;  /* 64-bit, paged one to one; else 32-bit, flat, not paged */
    u64 rip, rsi, rbx;
    unsigned bits; /* how wide the program is, whatever it is entered by */
};

/* What the image is, for a person: "Linux bzImage 6.1.0-..."; NULL: neither of the two. */
const char *linux_accepts(const u8 *kernel, size_t bytes);
/* Whether the kernel's own console is a device whose name begins so: the last `console=` decides.
 */
bool linux_console_is(const char *command_line, const char *device);
/* Its facts for a person, "key: value" lines: version, how it is entered and compressed, what
 * memory it takes. Of a damaged one what can be told. */
void linux_describe(const u8 *kernel, size_t bytes, char *out, size_t room);
/* Where in a bzImage the compressed kernel is; what made it (xz, lz4 ...) its first bytes say.
 * ERR_FORMAT: there is none. */
int linux_payload(const u8 *kernel, size_t bytes, size_t *at, size_t *len, struct err *e);
/* Puts all in its place. ERR_FORMAT for a damaged image, ERR_NOTSUP for a kernel that has no 64-bit
 * entry, ERR_LIMIT for too little memory; the memory is then of no use. */
int linux_load(const struct linux_image *i, const struct linux_memory *m, struct linux_entry *out,
               struct err *e);

#endif
