/* Programs: ELF files of both classes, byte by byte, and what is wrong with them. */
#include "kinds/kvm/program.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MIB = 1 << 20, FLOOR = 0x7000, BASE = 0x100000 };

struct elf64 {
    Elf64_Ehdr h;
    Elf64_Phdr p[2];
    u8 code[16];
};
struct elf32 {
    Elf32_Ehdr h;
    Elf32_Phdr p[1];
    u8 code[16];
};

static struct elf64 good64(void)
{
    struct elf64 f = {
        .h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
               .e_type = ET_EXEC,
               .e_machine = EM_X86_64,
               .e_entry = BASE + 2,
               .e_phoff = offsetof(struct elf64, p),
               .e_phentsize = sizeof(Elf64_Phdr),
               .e_phnum = 2 },
        .p = { { .p_type = PT_LOAD,
                 .p_offset = offsetof(struct elf64, code),
                 .p_vaddr = 0xffffffff80100000,
                 .p_paddr = BASE,
                 .p_filesz = 16,
                 .p_memsz = 0x1000 },
               { .p_type = PT_NOTE, .p_offset = ~0ull } },
        .code = "0123456789abcde",
    };
    return f;
}

static struct elf32 good32(void)
{
    struct elf32 f = {
        .h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
               .e_type = ET_EXEC,
               .e_machine = EM_386,
               .e_entry = BASE,
               .e_phoff = offsetof(struct elf32, p),
               .e_phentsize = sizeof(Elf32_Phdr),
               .e_phnum = 1 },
        .p = { { .p_type = PT_LOAD,
                 .p_offset = offsetof(struct elf32, code),
                 .p_paddr = BASE,
                 .p_filesz = 16,
                 .p_memsz = 16 } },
        .code = "0123456789abcde",
    };
    return f;
}

static int read_elf(const void *f, size_t bytes, struct program *p, struct err *e)
{
    return program_read_elf(p, f, bytes, 2 * MIB, FLOOR, e);
}

static void both_classes_are_read(void **state)
{
    static u8 memory[2 * MIB];
    struct elf64 l = good64();
    struct elf32 s = good32();
    struct program p;
    struct err e;

    (void)state;
    assert_int_equal(read_elf(&l, sizeof l, &p, &e), 0);
    assert_int_equal(p.mode, MODE_LONG);
    assert_int_equal(p.entry, BASE + 2);
    assert_int_equal(p.first, BASE);
    assert_int_equal(p.end, BASE + 0x1000);
    program_load(&p, memory);
    assert_memory_equal(memory + BASE, l.code, 16);
    assert_int_equal(memory[BASE + 16], 0);
    memset(memory, 0, sizeof memory);
    assert_int_equal(read_elf(&s, sizeof s, &p, &e), 0);
    assert_int_equal(p.mode, MODE_PROTECTED);
    p.mode = MODE_REAL; /* a person may enter it otherwise: it is read the same */
    program_load(&p, memory);
    assert_memory_equal(memory + BASE, s.code, 16);
}

static void refuse64(const struct elf64 *f, size_t bytes, enum err_code code, const char *text)
{
    struct program p = { .entry = 42 };
    struct err e;

    assert_int_equal(read_elf(f, bytes, &p, &e), -(int)code);
    if (!strstr(e.text, text))
        fail_msg("'%s', not '%s'", e.text, text);
    assert_int_equal(p.entry, 42); /* untouched */
}

#define BAD(change, code, text)                 \
    do {                                        \
        struct elf64 f = good64();              \
                                                \
        change;                                 \
        refuse64(&f, sizeof f, (code), (text)); \
    } while (0)

static void what_is_wrong_is_said(void **state)
{
    struct elf64 whole = good64();

    (void)state;
    BAD(f.h.e_machine = EM_RISCV, ERR_FORMAT, "another processor");
    BAD(f.h.e_ident[EI_DATA] = ELFDATA2MSB, ERR_FORMAT, "big-endian");
    BAD(f.h.e_ident[EI_CLASS] = 3, ERR_FORMAT, "neither 32 nor 64");
    BAD(f.h.e_type = ET_DYN, ERR_FORMAT, "fixed place");
    BAD(f.h.e_phentsize = 8, ERR_FORMAT, "segment headers");
    BAD(f.h.e_phnum = 0, ERR_FORMAT, "0 segments");
    BAD(f.h.e_phnum = 65, ERR_FORMAT, "65 segments");
    BAD(f.h.e_phnum = 64, ERR_FORMAT, "outside the file");
    BAD(f.h.e_phoff = ~0ull, ERR_FORMAT, "outside the file");
    BAD(f.p[0].p_offset = ~0ull, ERR_FORMAT, "outside the file");
    BAD(f.p[0].p_filesz = 17, ERR_FORMAT, "outside the file");
    BAD(f.p[0].p_memsz = 15, ERR_FORMAT, "larger in the file");
    BAD(f.p[0].p_paddr = 2 * MIB - 0xfff, ERR_LIMIT, "--set memory");
    BAD(f.p[0].p_paddr = ~0ull, ERR_LIMIT, "--set memory");
    BAD(f.p[0].p_memsz = ~0ull, ERR_LIMIT, "--set memory");
    BAD(f.p[0].p_paddr = FLOOR - 1, ERR_LIMIT, "tables");
    BAD(f.p[0].p_type = PT_NULL, ERR_FORMAT, "nothing to load");
    BAD(f.h.e_entry = BASE + 0x1000, ERR_FORMAT, "begins at 0x101000");
    BAD(f.h.e_entry = BASE - 1, ERR_FORMAT, "where it loads nothing");
    for (size_t bytes = 4; bytes < sizeof whole; bytes++)
        refuse64(&whole, bytes, ERR_FORMAT, "");
}

static void plain_bytes_are_put_where_one_wants(void **state)
{
    struct program p;
    struct err e;

    (void)state;
    assert_int_equal(program_read_raw(&p, (const u8 *)"abc", 3, 0x7c00, MIB, &e), 0);
    assert_int_equal(p.mode, MODE_REAL);
    assert_int_equal(p.entry, 0x7c00);
    assert_int_equal(p.end, 0x7c03);
    assert_int_equal(program_read_raw(&p, (const u8 *)"abc", 3, MIB - 3, MIB, &e), 0);
    assert_int_equal(program_read_raw(&p, (const u8 *)"abc", 3, MIB - 2, MIB, &e), -ERR_LIMIT);
    assert_int_equal(program_read_raw(&p, (const u8 *)"abc", 3, ~0ull, MIB, &e), -ERR_LIMIT);
    assert_int_equal(program_read_raw(&p, (const u8 *)"", 0, 0, MIB, &e), -ERR_FORMAT);
    assert_false(program_is_elf((const u8 *)"\x7f"
                                            "EL",
                                3));
    assert_true(program_is_elf((const u8 *)"\x7f"
                                           "ELF",
                               4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_classes_are_read),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(plain_bytes_are_put_where_one_wants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
