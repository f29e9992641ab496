/* Where a kernel is put, and what it is told; and what is refused. */
#include "kinds/kvm/linux.h"

#include <asm/bootparam.h>
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MIB = 1 << 20, SETUP = 5 * 512, CODE = 100000 };

struct rig {
    u8 kernel[SETUP + CODE];
    struct linux_memory memory;
    struct linux_image image;
    struct linux_entry entry;
};

static struct setup_header *header(struct rig *r)
{
    return (struct setup_header *)(r->kernel + 0x1f1);
}

static struct rig *rig_create(u64 memory_bytes)
{
    struct rig *r = calloc(1, sizeof *r);
    const struct setup_header h = { .setup_sects = 4,
                                    .boot_flag = 0xaa55,
                                    .jump = 0x6aeb, /* the header ends at 0x202 + 0x6a */
                                    .header = 0x53726448,
                                    .version = 0x20f,
                                    .relocatable_kernel = 1,
                                    .xloadflags = XLF_KERNEL_64,
                                    .kernel_alignment = 2 * MIB,
                                    .pref_address = 16 * MIB,
                                    .init_size = 8 * MIB,
                                    .cmdline_size = 2047,
                                    .initrd_addr_max = 0x7fffffff };

    assert_non_null(r);
    memcpy(header(r), &h, sizeof h);
    for (unsigned i = 0; i < CODE; i++)
        r->kernel[SETUP + i] = (u8)(i * 7);
    r->memory.low_bytes = memory_bytes;
    r->memory.low = calloc(1, memory_bytes);
    assert_non_null(r->memory.low);
    r->image = (struct linux_image) { .kernel = r->kernel,
                                      .kernel_bytes = sizeof r->kernel,
                                      .command_line = "quiet",
                                      .rsdp = 0xe0000 };
    return r;
}

static void rig_destroy(struct rig *r)
{
    free(r->memory.low);
    free(r);
}

static void load(struct rig *r)
{
    struct err e;

    if (linux_load(&r->image, &r->memory, &r->entry, &e))
        fail_msg("%s", e.text);
}

static void refused(struct rig *r, enum err_code code, const char *why)
{
    struct err e;

    assert_true(linux_load(&r->image, &r->memory, &r->entry, &e) < 0);
    assert_int_equal(e.code, code);
    assert_non_null(strstr(e.text, why));
}

static void the_kernel_in_a_bzimage(void **state)
{
    struct rig *r = rig_create(64 * MIB);
    size_t at = 1, len = 1;
    struct err e;

    (void)state;
    header(r)->payload_offset = 0x300;
    header(r)->payload_length = 5000;
    assert_int_equal(linux_payload(r->kernel, sizeof r->kernel, &at, &len, &e), 0);
    assert_int_equal(at, SETUP + 0x300);
    assert_int_equal(len, 4996); /* its size is behind it */
    r->kernel[at] = 0x1f;        /* gzip has it inside */
    r->kernel[at + 1] = 0x8b;
    assert_int_equal(linux_payload(r->kernel, sizeof r->kernel, &at, &len, &e), 0);
    assert_int_equal(len, 5000);

    header(r)->payload_length = CODE - 0x300 + 1;
    assert_int_equal(linux_payload(r->kernel, sizeof r->kernel, &at, &len, &e), -ERR_FORMAT);
    header(r)->payload_length = 4;
    assert_int_equal(linux_payload(r->kernel, sizeof r->kernel, &at, &len, &e), -ERR_FORMAT);
    header(r)->payload_length = 5000;
    header(r)->payload_offset = 0xffffff00;
    assert_int_equal(linux_payload(r->kernel, sizeof r->kernel, &at, &len, &e), -ERR_FORMAT);
    assert_int_equal(linux_payload(r->kernel, 1000, &at, &len, &e), -ERR_FORMAT);
    memset(r->kernel, 0, 0x300);
    assert_int_equal(linux_payload(r->kernel, sizeof r->kernel, &at, &len, &e), -ERR_FORMAT);
    assert_int_equal(len, 5000);
    rig_destroy(r);
}

static void a_bzimage_is_told_all(void **state)
{
    struct rig *r = rig_create(64 * MIB);
    u8 initrd[5000];
    struct boot_params p;

    (void)state;
    memset(initrd, 0x5a, sizeof initrd);
    r->image.initrd = initrd;
    r->image.initrd_bytes = sizeof initrd;
    r->memory.high_bytes = 3ull << 30;
    load(r);
    assert_true(r->entry.long_mode);
    assert_int_equal(r->entry.rip, 16 * MIB + 0x200);
    assert_int_equal(r->entry.rsi, LINUX_PARAMS);
    assert_memory_equal(r->memory.low + 16 * MIB, r->kernel + SETUP, CODE);
    memcpy(&p, r->memory.low + LINUX_PARAMS, sizeof p);
    assert_string_equal((char *)r->memory.low + p.hdr.cmd_line_ptr, "quiet");
    assert_int_equal(p.hdr.type_of_loader, 0xff);
    assert_int_equal(p.hdr.ramdisk_size, sizeof initrd);
    assert_int_equal(p.hdr.ramdisk_image % 4096, 0);
    assert_in_range(p.hdr.ramdisk_image, 16 * MIB + 8 * MIB, 64 * MIB - sizeof initrd);
    assert_memory_equal(r->memory.low + p.hdr.ramdisk_image, initrd, sizeof initrd);
    assert_int_equal(p.acpi_rsdp_addr, 0xe0000);
    assert_int_equal(p.e820_entries, 5);
    assert_int_equal(p.e820_table[3].addr + p.e820_table[3].size, 64 * MIB);
    assert_true(p.e820_table[4].addr == 1ull << 32 && p.e820_table[4].size == 3ull << 30);
    for (unsigned i = 1; i < p.e820_entries; i++)
        assert_true(p.e820_table[i - 1].addr + p.e820_table[i - 1].size <= p.e820_table[i].addr);
    rig_destroy(r);
}

static void a_bzimage_is_described(void **state)
{
    static const char version[] = "6.1.0-9 (somebody@somewhere) #1 SMP";
    struct rig *r = rig_create(64 * MIB);
    const u32 unpacked = 5 * MIB - 1;
    char text[512], little[56];

    (void)state;
    linux_describe(r->kernel, sizeof r->kernel, text, sizeof text);
    assert_string_equal(text, "bytes: 102560\nboot protocol: 2.15, 64-bit entry\n");
    header(r)->kernel_version = 0x300;
    memcpy(r->kernel + 0x500, version, sizeof version);
    header(r)->payload_offset = 0x300;
    header(r)->payload_length = 5000;
    memcpy(r->kernel + SETUP + 0x300, "\x02\x21\x4c\x18", 4);
    memcpy(r->kernel + SETUP + 0x300 + 4996, &unpacked, 4);
    linux_describe(r->kernel, sizeof r->kernel, text, sizeof text);
    assert_string_equal(text, "bytes: 102560\nversion: 6.1.0-9 (somebody@somewhere) #1 SMP\n"
                              "boot protocol: 2.15, 64-bit entry\n"
                              "compressed: by lz4, 1 MiB of 5 MiB\n"
                              "command line: 2047 bytes at most\nmemory: 24 MiB at least\n");
    linux_describe(r->kernel, sizeof r->kernel, little, sizeof little);
    assert_string_equal(little, "bytes: 102560\nboot protocol: 2.15, 64-bit entry\n");
    header(r)->kernel_version = 0xffff; /* behind the end, with what follows */
    header(r)->xloadflags = 0;
    linux_describe(r->kernel, 0x300, text, sizeof text);
    assert_string_equal(text,
                        "bytes: 768\nboot protocol: 2.15, no 64-bit entry: cannot run here\n");
    rig_destroy(r);
}

static void in_little_memory_it_goes_lower(void **state)
{
    struct rig *r = rig_create(12 * MIB);

    (void)state;
    load(r);
    assert_int_equal(r->entry.rip, 2 * MIB + 0x200);
    header(r)->relocatable_kernel = 0;
    refused(r, ERR_LIMIT, "the kernel wants 24 MiB");
    header(r)->relocatable_kernel = 1;
    header(r)->init_size = 11 * MIB;
    refused(r, ERR_LIMIT, "the kernel wants 13 MiB");
    header(r)->init_size = 0;
    header(r)->kernel_alignment = 1u << 31;
    load(r); /* nonsense, but it does no harm */
    assert_int_equal(r->entry.rip, 1 * MIB + 0x200);
    rig_destroy(r);
}

static void what_does_not_fit_is_refused(void **state)
{
    struct rig *r = rig_create(32 * MIB);
    u8 *initrd = calloc(1, 9 * MIB);
    char *line = calloc(1, 5000);

    (void)state;
    r->image.initrd = initrd;
    r->image.initrd_bytes = 9 * MIB;
    refused(r, ERR_LIMIT, "initrd of 9 MiB");
    r->image.initrd_bytes = 7 * MIB;
    load(r);
    header(r)->initrd_addr_max = 30 * MIB - 1;
    refused(r, ERR_LIMIT, "initrd of 7 MiB");
    r->image.initrd = NULL;
    memset(line, 'x', 4999);
    r->image.command_line = line;
    refused(r, ERR_LIMIT, "command line of 4999");
    line[2048] = 0;
    refused(r, ERR_LIMIT, "command line of 2048");
    line[2047] = 0;
    load(r);
    header(r)->xloadflags = 0;
    refused(r, ERR_NOTSUP, "no 64-bit entry (boot protocol 2.15)");
    header(r)->xloadflags = XLF_KERNEL_64;
    r->image.kernel_bytes = SETUP + 0x200;
    refused(r, ERR_FORMAT, "cut short");
    r->image.kernel_bytes = 600;
    refused(r, ERR_FORMAT, "neither");
    r->image.kernel_bytes = sizeof r->kernel;
    r->memory.low_bytes = MIB;
    refused(r, ERR_LIMIT, "1 MiB of memory");
    rig_destroy(r);
    free(initrd);
    free(line);
}

/* ---- PVH ---- */

struct pvh { /* an ELF file of two segments and a note */
    Elf64_Ehdr head;
    Elf64_Phdr load, bss, note;
    struct {
        Elf64_Nhdr other;
        char other_name[8];
        u32 other_desc;
        Elf64_Nhdr entry;
        char entry_name[4];
        u32 address;
    } notes;
    u8 code[64];
};

static void make_pvh(struct pvh *p)
{
    *p = (struct pvh) { .head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
                                  .e_phoff = offsetof(struct pvh, load),
                                  .e_phentsize = sizeof(Elf64_Phdr),
                                  .e_phnum = 3 },
                        .load = { .p_type = PT_LOAD,
                                  .p_offset = offsetof(struct pvh, code),
                                  .p_paddr = MIB,
                                  .p_filesz = 64,
                                  .p_memsz = 128 },
                        .bss = { .p_type = PT_LOAD, .p_paddr = 2 * MIB, .p_memsz = 4096 },
                        .note = { .p_type = PT_NOTE,
                                  .p_offset = offsetof(struct pvh, notes),
                                  .p_filesz = sizeof p->notes,
                                  .p_align = 4 },
                        .notes = { { 6, 4, 18 }, "Other", 1, { 4, 4, 18 }, "Xen", MIB + 16 } };
    memset(p->code, 0x90, sizeof p->code);
}

static void a_pvh_kernel_is_told_all(void **state)
{
    struct rig *r = rig_create(8 * MIB);
    struct pvh p;
    const u8 *info = r->memory.low + LINUX_PARAMS;
    u64 at;

    (void)state;
    make_pvh(&p);
    memset(r->memory.low + MIB, 0xee, 2 * MIB);
    r->image.kernel = (u8 *)&p;
    r->image.kernel_bytes = sizeof p;
    assert_string_equal(linux_accepts(r->image.kernel, sizeof p), "kernel (ELF with PVH entry)");
    r->image.initrd = (const u8 *)"initrd";
    r->image.initrd_bytes = 6;
    load(r);
    assert_false(r->entry.long_mode);
    assert_int_equal(r->entry.rip, MIB + 16);
    assert_int_equal(r->entry.rbx, LINUX_PARAMS);
    assert_int_equal(r->memory.low[MIB + 63], 0x90);
    assert_int_equal(r->memory.low[MIB + 64], 0);
    assert_int_equal(r->memory.low[2 * MIB + 4095], 0);
    assert_memory_equal(info, "\x78\xc5\x6e\x33\1\0\0\0\0\0\0\0\1\0\0\0", 16);
    memcpy(&at, info + 16, 8);
    memcpy(&at, r->memory.low + at, 8);
    assert_memory_equal(r->memory.low + at, "initrd", 6);
    rig_destroy(r);
}

static void a_pvh_kernel_is_described(void **state)
{
    struct pvh p;
    char text[512];

    (void)state;
    make_pvh(&p);
    linux_describe((u8 *)&p, sizeof p, text, sizeof text);
    assert_non_null(strstr(text, "\nboot protocol: PVH, entry 0x100010\ncompressed: no\n"
                                 "memory: 3 MiB at least\n"));
    assert_null(strstr(text, "version"));
    memcpy(p.code, "Linux version %s, Linux version 7.9-x\n", 38);
    linux_describe((u8 *)&p, sizeof p, text, sizeof text);
    assert_non_null(strstr(text, "\nversion: 7.9-x\n"));
}

static void damaged_pvh_is_refused(void **state)
{
    struct rig *r = rig_create(8 * MIB);
    struct pvh p;

    (void)state;
    r->image.kernel = (u8 *)&p;
    r->image.kernel_bytes = sizeof p;
    make_pvh(&p);
    p.load.p_paddr = 4096;
    refused(r, ERR_FORMAT, "below 1 MiB");
    make_pvh(&p);
    p.load.p_memsz = 8 * MIB;
    refused(r, ERR_LIMIT, "the kernel wants 9 MiB");
    p.load.p_memsz = UINT64_MAX;
    refused(r, ERR_FORMAT, "above 4 GiB");
    p.load.p_memsz = 63;
    refused(r, ERR_FORMAT, "larger in the file");
    make_pvh(&p);
    p.bss.p_offset = UINT64_MAX;
    refused(r, ERR_FORMAT, "segment 1 is not in it");
    make_pvh(&p);
    p.notes.address = 3 * MIB;
    refused(r, ERR_FORMAT, "entry 0x300000");
    make_pvh(&p);
    p.notes.entry.n_descsz = 5;
    assert_null(linux_accepts((u8 *)&p, sizeof p));
    make_pvh(&p);
    p.notes.other.n_namesz = UINT32_MAX;
    assert_null(linux_accepts((u8 *)&p, sizeof p));
    make_pvh(&p);
    p.head.e_phoff = UINT64_MAX;
    assert_null(linux_accepts((u8 *)&p, sizeof p));
    rig_destroy(r);
}

static void which_console(void **state)
{
    (void)state;
    assert_true(linux_console_is("console=hvc0", "hvc"));
    assert_true(linux_console_is("quiet console=hvc0,115200 ro", "hvc"));
    assert_true(linux_console_is("console=ttyS0 console=hvc0", "hvc"));
    assert_false(linux_console_is("console=hvc0 console=ttyS0", "hvc"));
    assert_false(linux_console_is("", "hvc"));
    assert_false(linux_console_is("netconsole=hvc0 console=", "hvc"));
    assert_false(linux_console_is("console=hv", "hvc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bzimage_is_told_all),
        cmocka_unit_test(a_bzimage_is_described),
        cmocka_unit_test(the_kernel_in_a_bzimage),
        cmocka_unit_test(in_little_memory_it_goes_lower),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_pvh_kernel_is_told_all),
        cmocka_unit_test(a_pvh_kernel_is_described),
        cmocka_unit_test(damaged_pvh_is_refused),
        cmocka_unit_test(which_console),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
