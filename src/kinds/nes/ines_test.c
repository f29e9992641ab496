/* Headers: what they are taken to mean, and the sentence for each that cannot be accepted. */
#include "kinds/nes/ines.h"

#include "kinds/nes/cart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KIB 1024u

/* Parses a header in front of `body` bytes, each of which must be reachable: the buffer is exact.
 */
static int parse(const char *header, size_t body, struct ines *out, struct err *e)
{
    size_t bytes = INES_HEADER_BYTES + body;
    u8 *file = calloc(1, bytes);
    int r;

    assert_non_null(file);
    memcpy(file, header, INES_HEADER_BYTES);
    *e = (struct err) { 0 };
    r = ines_parse(file, bytes, out, e);
    free(file);
    return r;
}

static struct ines good(const char *header, size_t body)
{
    struct ines i;
    struct err e;

    if (parse(header, body, &i, &e))
        fail_msg("%s", e.text);
    return i;
}

/* One line of text, the code, and the output as it was. */
static void bad(const char *header, size_t body, int code, const char *text)
{
    struct ines i, before;
    struct err e;

    memset(&i, 0x5a, sizeof i);
    before = i;
    assert_int_equal(parse(header, body, &i, &e), -code);
    assert_int_equal(e.code, code);
    assert_string_equal(e.text, text);
    assert_null(strchr(e.text, '\n'));
    assert_memory_equal(&i, &before, sizeof i);
}

#define H(rest) "NES\x1a" rest "\0\0\0\0\0\0\0\0\0\0\0\0"

/* ---- iNES ---- */

static void plain(void **state)
{
    struct ines i = good(H("\x02\x01\x11\x40"), 40 * KIB);

    (void)state;
    assert_false(i.nes2);
    assert_false(i.archaic);
    assert_int_equal(i.mapper, 0x41);
    assert_int_equal(i.submapper, 0);
    assert_int_equal(i.mirroring, CART_VERTICAL);
    assert_int_equal(i.region, NES_NTSC);
    assert_int_equal(i.prg_rom, 32 * KIB);
    assert_int_equal(i.chr_rom, 8 * KIB);
    assert_int_equal(i.prg_ram, 8 * KIB); /* no header says so, and many programs count on it */
    assert_int_equal(i.prg_nvram + i.chr_ram + i.chr_nvram, 0);
    assert_int_equal(i.prg_at, 16);
    assert_int_equal(i.chr_at, 16 + 32 * KIB);
    assert_int_equal(i.trainer_at, 0);
    assert_false(i.battery);
}

static void flags(void **state)
{
    struct ines i = good(H("\x01\x00\x02"), 16 * KIB);

    (void)state;
    assert_true(i.battery);
    assert_int_equal(i.prg_nvram, 8 * KIB);
    assert_int_equal(i.prg_ram, 0);
    assert_int_equal(i.chr_ram, 8 * KIB);
    assert_int_equal(i.mirroring, CART_HORIZONTAL);
    i = good(H("\x01\x01\x09"), 24 * KIB);
    assert_int_equal(i.mirroring, CART_FOUR_SCREEN);
    i = good(H("\x01\x01\x04"), 24 * KIB + 512);
    assert_int_equal(i.trainer_at, 16);
    assert_int_equal(i.prg_at, 16 + 512);
    assert_int_equal(i.chr_at, 16 + 512 + 16 * KIB);
    i = good(H("\x01\x01\x00\x00\x04\x01"), 24 * KIB);
    assert_int_equal(i.prg_ram, 32 * KIB);
    assert_int_equal(i.region, NES_PAL);
    i = good(H("\x01\x01\x00\x02"), 24 * KIB); /* PlayChoice: its NES half is one */
    assert_int_equal(i.mapper, 0);
}

/* What is known of boards that iNES cannot describe. */
static void boards(void **state)
{
    struct ines i = good(H("\x01\x00\x50"), 16 * KIB);

    (void)state;
    assert_int_equal(i.prg_ram, 64 * KIB); /* the largest MMC5 board's */
    i = good(H("\x01\x00\x20\xd0"), 16 * KIB);
    assert_int_equal(i.mapper, 210);
    assert_int_equal(i.prg_ram, 2 * KIB);
    i = good(H("\x01\x00\xe0\x10"), 16 * KIB);
    assert_int_equal(i.mapper, 30);
    assert_int_equal(i.chr_ram, 32 * KIB);
    i = good(H("\x01\x00\xe8\x10"), 16 * KIB);
    assert_int_equal(i.mirroring, CART_ONE_LOW);
    i = good(H("\x01\x00\xe9\x10"), 16 * KIB);
    assert_int_equal(i.mirroring, CART_FOUR_SCREEN);
    i = good(H("\x01\x01\x70\x70"), 24 * KIB);
    assert_int_equal(i.mapper, 119);
    assert_int_equal(i.chr_ram, 8 * KIB); /* beside its ROM */
    i = good(H("\x01\x01\x20\x20"), 24 * KIB);
    assert_int_equal(i.submapper, 2); /* 34: BNROM */
    i = good(H("\x01\x02\x20\x20"), 32 * KIB);
    assert_int_equal(i.submapper, 1); /* 34: NINA-001 */
    i = good(H("\x01\x01\xe0\x40"), 24 * KIB);
    assert_int_equal(i.submapper, 1); /* 78: one screen */
    i = good(H("\x01\x01\xe8\x40"), 24 * KIB);
    assert_int_equal(i.submapper, 3); /* 78: Holy Diver */
}

/* Tools of old wrote their names over bytes 7 to 15: then only the low half of the mapper is known.
 */
static void archaic(void **state)
{
    struct ines i = good("NES\x1a\x01\x01\x41"
                         "DiskDude!",
                         24 * KIB);

    (void)state;
    assert_true(i.archaic);
    assert_int_equal(i.mapper, 4);
    assert_int_equal(i.region, NES_NTSC);
    assert_int_equal(i.prg_ram, 8 * KIB);
    i = good("NES\x1a\x01\x01\x10\x00\xff\xff\0\0MJR\0", 24 * KIB);
    assert_true(i.archaic);
    assert_int_equal(i.prg_ram, 8 * KIB);
    assert_int_equal(i.mapper, 1);
    i = good("NES\x1a\x01\x01\x10\x44\0\0\0\0\0\0\0\0", 24 * KIB);
    assert_true(i.archaic);
    assert_int_equal(i.mapper, 1);
}

/* ---- NES 2.0 ---- */

static void nes2(void **state)
{
    struct ines i = good("NES\x1a\x02\x03\x12\x18\x31\x00\x97\x07\x01\0\0\x01", 56 * KIB);

    (void)state;
    assert_true(i.nes2);
    assert_int_equal(i.mapper, 0x111);
    assert_int_equal(i.submapper, 3);
    assert_int_equal(i.prg_ram, 8 * KIB);
    assert_int_equal(i.prg_nvram, 32 * KIB);
    assert_int_equal(i.chr_ram, 8 * KIB);
    assert_int_equal(i.chr_nvram, 0);
    assert_int_equal(i.region, NES_PAL);
    i = good("NES\x1a\x01\x01\x00\x08\0\0\0\0\x03\0\0\0", 24 * KIB);
    assert_int_equal(i.region, NES_DENDY);
    assert_int_equal(i.prg_ram + i.prg_nvram + i.chr_ram, 0); /* what is not named is not there */
    i = good("NES\x1a\x01\x01\x00\x08\0\0\0\0\x02\0\0\0", 24 * KIB);
    assert_int_equal(i.region, NES_NTSC); /* runs anywhere */
    i = good("NES\x1a\x01\x00\x00\x08\0\0\0\0\0\0\0\0", 16 * KIB);
    assert_int_equal(i.chr_ram, 8 * KIB); /* but no tiles at all cannot be meant */
    i = good("NES\x1a\x01\x01\x04\x08\0\0\0\0\0\0\0\0", 24 * KIB + 512);
    assert_int_equal(i.prg_ram, 8 * KIB); /* nor a trainer without RAM for it */
}

/* The high nibble 15 makes a size of an exponent and a multiplier. */
static void sizes(void **state)
{
    struct ines i = good("NES\x1a\x00\x01\x00\x08\0\x01\0\0\0\0\0\0", (4096 + 8) * KIB);

    (void)state;
    assert_int_equal(i.prg_rom, 4096 * KIB);
    assert_int_equal(i.chr_rom, 8 * KIB);
    i = good("NES\x1a\x35\x2b\x00\x08\0\xff\0\0\0\0\0\0", 24 * KIB + 7 * KIB);
    assert_int_equal(i.prg_rom, 24 * KIB); /* 2^13 x 3 */
    assert_int_equal(i.chr_rom, 7 * KIB);  /* 2^10 x 7 */
    i = good("NES\x1a\x00\x00\x00\x08\0\xff\0\0\0\0\0\0", 2);
    assert_int_equal(i.prg_rom, 1);
    assert_int_equal(i.chr_rom, 1);
}

/* ---- refusals ---- */

static void refusals(void **state)
{
    (void)state;
    bad("NES\x1b\x01\x01\0\0\0\0\0\0\0\0\0\0", 24 * KIB, ERR_FORMAT, "no iNES header");
    bad(H("\x00\x01"), 24 * KIB, ERR_FORMAT, "the header names no program ROM");
    bad(H("\x02\x01"), 24 * KIB, ERR_FORMAT,
        "the file is cut short: of the program ROM's 32768 bytes it has 24576");
    bad(H("\x01\x01"), 24 * KIB - 1, ERR_FORMAT,
        "the file is cut short: of the pattern ROM's 8192 bytes it has 8191");
    bad(H("\x01\x01"), 0, ERR_FORMAT,
        "the file is cut short: of the program ROM's 16384 bytes it has 0");
    bad(H("\x01\x01\x04"), 511, ERR_FORMAT,
        "the file is cut short: of the trainer's 512 bytes it has 511");
    bad("NES\x1a\xa0\x01\x00\x08\0\x0f\0\0\0\0\0\0", 64, ERR_LIMIT,
        "the header names a program ROM of more than 64 MiB");
    bad("NES\x1a\xff\x01\x00\x08\0\x0f\0\0\0\0\0\0", 64, ERR_LIMIT,
        "the header names a program ROM of more than 64 MiB");
    bad("NES\x1a\x01\xfc\x00\x08\0\xf0\0\0\0\0\0\0", 64, ERR_LIMIT,
        "the header names a pattern ROM of more than 64 MiB");
}

static void consoles(void **state)
{
    (void)state;
    bad(H("\x01\x01\x00\x01"), 24 * KIB, ERR_NOTSUP,
        "the cartridge is not for the NES but for the Vs. System");
    bad("NES\x1a\x01\x01\x00\x0b\0\0\0\0\0\x03\0\0", 24 * KIB, ERR_NOTSUP,
        "the cartridge is not for the NES but for a famiclone with decimal mode");
    bad("NES\x1a\x01\x01\x00\x0b\0\0\0\0\0\x0c\0\0", 24 * KIB, ERR_NOTSUP,
        "the cartridge is not for the NES but for the Famicom Network System");
    bad("NES\x1a\x01\x01\x00\x0b\0\0\0\0\0\x0f\0\0", 24 * KIB, ERR_NOTSUP,
        "the cartridge is not for the NES but for a console of an unknown type");
    good("NES\x1a\x01\x01\x00\x0b\0\0\0\0\0\x04\0\0", 24 * KIB); /* an NES with a sound module */
}

/* A file that ends within its header, by the length. */
static void short_headers(void **state)
{
    (void)state;
    for (size_t n = 0; n < INES_HEADER_BYTES; n++) {
        struct ines i;
        struct err e;
        char text[80];
        u8 *file = malloc(n + !n);

        assert_non_null(file);
        memcpy(file, H("\x01\x01"), n);
        assert_int_equal(ines_is(file, n), n >= 4);
        assert_int_equal(ines_parse(file, n, &i, &e), -ERR_FORMAT);
        snprintf(text, sizeof text, "the file is cut short: of the header's 16 bytes it has %zu",
                 n);
        assert_string_equal(e.text, n < 4 ? "no iNES header" : text);
        free(file);
    }
}

/* Bytes behind the ROMs (a title, a copier's padding) are not looked at. */
static void overlong(void **state)
{
    struct ines i = good(H("\x01\x01"), 24 * KIB + 128 + 8 * KIB);

    (void)state;
    assert_int_equal(i.prg_rom, 16 * KIB);
    assert_int_equal(i.chr_rom, 8 * KIB);
}

/* The sentence a person gets when the header is right but the board is not there. */
static void unsupported(void **state)
{
    struct cpu_pages pages = { 0 };
    static u8 file[16 + 24 * KIB];
    struct cart c;
    struct err e;

    (void)state;
    memcpy(file, "NES\x1a\x01\x01\x40\x40", 8);
    assert_int_equal(cart_init(&c, file, sizeof file, &pages, &e), -ERR_NOTSUP);
    assert_string_equal(e.text, "mapper 68 (Sunsoft-4) is not supported");
    cart_fini(&c);
    memcpy(file, "NES\x1a\x01\x01\xf0\xf8\x0f", 9);
    assert_int_equal(cart_init(&c, file, sizeof file, &pages, &e), -ERR_NOTSUP);
    assert_string_equal(e.text, "mapper 4095 is not supported");
    cart_fini(&c);
    memcpy(file, "NES\x1a\x01\x01\xe0\x18\x00", 9);
    assert_int_equal(cart_init(&c, file, sizeof file, &pages, &e), -ERR_FORMAT);
    assert_string_equal(e.text, "UNROM 512 has pattern RAM, the header names none");
    cart_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),    cmocka_unit_test(flags),       cmocka_unit_test(boards),
        cmocka_unit_test(archaic),  cmocka_unit_test(nes2),        cmocka_unit_test(sizes),
        cmocka_unit_test(refusals), cmocka_unit_test(consoles),    cmocka_unit_test(short_headers),
        cmocka_unit_test(overlong), cmocka_unit_test(unsupported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
