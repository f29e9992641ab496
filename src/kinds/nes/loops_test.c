/* The plain loop and the exact one run the same console: random programs, that also reach for the
 * registers of PPU and APU, leave the same memory, time and state by both, however the run is cut
 * into slices. */
#include "kinds/nes/nes.h"
#include "kinds/nes/nes_kind.h"

#include "isa/mos6502/decode.h"
#include "mach/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { IMAGE_BYTES = 16 + 0x8000 + 0x2000, PROGRAMS = 60, CYCLES = 150000 };

static u64 random_state;

static unsigned any(unsigned below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17; /* xorshift64 (Marsaglia) */
    return (unsigned)((random_state >> 32) % below);
}

static bool jams(u8 byte)
{
    return !strcmp(mos6502_ops[byte].name, "JAM");
}

/* A byte that does not stop the CPU if it comes to be executed. */
static u8 any_byte(void)
{
    u8 b;

    do
        b = (u8)any(256);
    while (jams(b));
    return b;
}

/* An address that something is at: RAM mostly, I/O now and then, ROM. */
static u16 any_address(bool io)
{
    switch (any(io ? 12 : 10)) {
    case 10: return (u16)(0x2000 + any(16));
    case 11: return (u16)(0x4000 + any(0x18));
    case 8:
    case 9: return (u16)(0x8000 + any(0x8000));
    case 7: return (u16)any(0x2000);
    default: return (u16)any(0x800);
    }
}

/* Instructions one behind the other, all but JAM. */
static void write_program(u8 *at, size_t bytes, bool io)
{
    size_t i = 0;

    while (i + 3 <= bytes) {
        u8 op = any_byte();
        const struct mos6502_op *facts = &mos6502_ops[op];
        u16 address = any_address(io);

        at[i] = op;
        at[i + 1] = any_byte();
        if (facts->length == 3) {
            at[i + 1] = (u8)address;
            at[i + 2] = (u8)(address >> 8);
            for (unsigned k = 1; k < 3; k++)
                if (jams(at[i + k]))
                    at[i + k] ^= 1;
        } else if (facts->mode == MOS6502_rel) {
            at[i + 1] = (u8)(any(24) + (any(4) ? 0 : 0xe8)); /* mostly forward */
            if (jams(at[i + 1]))
                at[i + 1] ^= 1;
        }
        i += facts->length;
    }
    memset(at + i, 0xea, bytes - i);
}

static struct nes *console(const u8 *image, bool exact, const u8 *ram)
{
    static const char *const values[] = { "false", "true" };
    const struct setting settings[] = { { "exact", values[exact] }, { "cpu.start", "0x0200" } };
    const struct config c = { .name = "random",
                              .image = image,
                              .image_bytes = IMAGE_BYTES,
                              .settings = settings,
                              .setting_count = 2 };
    struct machine *m;
    struct err e;

    assert_int_equal(nes_kind.create(&nes_kind, &c, NULL, &m, &e), 0);
    assert_string_equal(m->spaces->name, "ram");
    assert_true(space_write(m->spaces, 0, ram, 0x800));
    return container_of(m, struct nes, machine);
}

static void compare(struct nes *a, struct nes *b, u64 seed)
{
    char what[480];

    if (machine_differs(&a->machine, &b->machine, what, sizeof what))
        fail_msg("seed %llu: %s", (unsigned long long)seed, what);
}

/* Returns the instructions' worth of time that passed before the CPU got stuck, if it did. */
static u64 run_program(u64 seed, bool io)
{
    static u8 image[IMAGE_BYTES] = "NES\032\002\001", ram[0x800];
    struct nes *plain, *exact;
    struct stop_info info;
    u64 clk;

    random_state = seed * 0x9e3779b97f4a7c15u + 1;
    write_program(image + 16, 0x8000, io);
    for (size_t i = 0; i < sizeof ram; i++)
        ram[i] = any_byte();
    write_program(ram + 0x200, 0x600, io);
    plain = console(image, false, ram);
    exact = console(image, true, ram);
    nes_kind.run(&exact->machine, CYCLES, &info);
    while (plain->cpu.clk < CYCLES) {
        u64 until = plain->cpu.clk + 1 + any(any(2) ? 50 : 50000);

        nes_kind.run(&plain->machine, until < CYCLES ? until : CYCLES, &info);
    }
    clk = exact->cpu.jammed ? 0 : exact->cpu.clk;
    compare(plain, exact, seed);
    nes_kind.destroy(&plain->machine);
    nes_kind.destroy(&exact->machine);
    return clk;
}

static void run_all(bool io)
{
    unsigned to_the_end = 0;

    for (u64 seed = 1; seed <= PROGRAMS; seed++)
        to_the_end += run_program(seed + (io ? 1000 : 0), io) != 0;
    assert_true(to_the_end > PROGRAMS / 4); /* or little was tried */
}

static void same_in_memory(void **state)
{
    (void)state;
    run_all(false);
}

static void same_with_registers(void **state)
{
    (void)state;
    run_all(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_in_memory),
        cmocka_unit_test(same_with_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
