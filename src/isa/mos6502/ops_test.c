/* The opcode list against facts written down by another key: the programming manual's, mnemonic by
 * mnemonic, and the timing rules by kind of access. */
#include "isa/mos6502/decode.h"
#include "isa/mos6502/disasm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const mode_names[] = {
#define X(name, length) #name,
    MOS6502_MODES(X)
#undef X
};

static const u8 mode_lengths[] = {
#define X(name, length) length,
    MOS6502_MODES(X)
#undef X
};

/* name, then its opcodes: MODE HEX. */
static const char *const official[] = {
    "ADC imm69 zp65 zpx75 abs6D abx7D aby79 izx61 izy71",
    "AND imm29 zp25 zpx35 abs2D abx3D aby39 izx21 izy31",
    "ASL acc0A zp06 zpx16 abs0E abx1E",
    "BCC rel90",
    "BCS relB0",
    "BEQ relF0",
    "BIT zp24 abs2C",
    "BMI rel30",
    "BNE relD0",
    "BPL rel10",
    "BRK imp00",
    "BVC rel50",
    "BVS rel70",
    "CLC imp18",
    "CLD impD8",
    "CLI imp58",
    "CLV impB8",
    "CMP immC9 zpC5 zpxD5 absCD abxDD abyD9 izxC1 izyD1",
    "CPX immE0 zpE4 absEC",
    "CPY immC0 zpC4 absCC",
    "DEC zpC6 zpxD6 absCE abxDE",
    "DEX impCA",
    "DEY imp88",
    "EOR imm49 zp45 zpx55 abs4D abx5D aby59 izx41 izy51",
    "INC zpE6 zpxF6 absEE abxFE",
    "INX impE8",
    "INY impC8",
    "JMP abs4C ind6C",
    "JSR abs20",
    "LDA immA9 zpA5 zpxB5 absAD abxBD abyB9 izxA1 izyB1",
    "LDX immA2 zpA6 zpyB6 absAE abyBE",
    "LDY immA0 zpA4 zpxB4 absAC abxBC",
    "LSR acc4A zp46 zpx56 abs4E abx5E",
    "NOP impEA",
    "ORA imm09 zp05 zpx15 abs0D abx1D aby19 izx01 izy11",
    "PHA imp48",
    "PHP imp08",
    "PLA imp68",
    "PLP imp28",
    "ROL acc2A zp26 zpx36 abs2E abx3E",
    "ROR acc6A zp66 zpx76 abs6E abx7E",
    "RTI imp40",
    "RTS imp60",
    "SBC immE9 zpE5 zpxF5 absED abxFD abyF9 izxE1 izyF1",
    "SEC imp38",
    "SED impF8",
    "SEI imp78",
    "STA zp85 zpx95 abs8D abx9D aby99 izx81 izy91",
    "STX zp86 zpy96 abs8E",
    "STY zp84 zpx94 abs8C",
    "TAX impAA",
    "TAY impA8",
    "TSX impBA",
    "TXA imp8A",
    "TXS imp9A",
    "TYA imp98",
};

static const char *const unofficial[] = {
    "ALR imm4B",
    "ANC imm0B imm2B",
    "ANE imm8B",
    "ARR imm6B",
    "DCP zpC7 zpxD7 absCF abxDF abyDB izxC3 izyD3",
    "ISC zpE7 zpxF7 absEF abxFF abyFB izxE3 izyF3",
    "JAM imp02 imp12 imp22 imp32 imp42 imp52 imp62 imp72 imp92 impB2 impD2 impF2",
    "LAS abyBB",
    "LAX zpA7 zpyB7 absAF abyBF izxA3 izyB3",
    "LXA immAB",
    ("NOP imp1A imp3A imp5A imp7A impDA impFA imm80 imm82 imm89 immC2 immE2 zp04 zp44 zp64 "
     "zpx14 zpx34 zpx54 zpx74 zpxD4 zpxF4 abs0C abx1C abx3C abx5C abx7C abxDC abxFC"),
    "RLA zp27 zpx37 abs2F abx3F aby3B izx23 izy33",
    "RRA zp67 zpx77 abs6F abx7F aby7B izx63 izy73",
    "SAX zp87 zpy97 abs8F izx83",
    "SBC immEB",
    "SBX immCB",
    "SHA aby9F izy93",
    "SHX aby9E",
    "SHY abx9C",
    "SLO zp07 zpx17 abs0F abx1F aby1B izx03 izy13",
    "SRE zp47 zpx57 abs4F abx5F aby5B izx43 izy53",
    "TAS aby9B",
};

static bool among(const char *name, const char *names)
{
    return strstr(names, name) != NULL;
}

/* Which cycles an opcode has, by what it does. */
static char access_of(const char *name, const char *mode)
{
    if (!strcmp(mode, "rel") || among(name, "BRK JSR RTS RTI JMP PHA PHP PLA PLP JAM CLI"))
        return 'J';
    if (!strcmp(mode, "imp") || !strcmp(mode, "acc"))
        return 'I';
    if (among(name, "STA STX STY SAX SHA SHX SHY TAS"))
        return 'W';
    return among(name, "ASL LSR ROL ROR INC DEC SLO RLA SRE RRA DCP ISC") ? 'M' : 'R';
}

struct timing {
    const char *what; /* mode of R W M, name of J */
    u8 cycles, page;
};

static struct timing timing_of(const char *name, const char *mode, char access)
{
    static const struct timing r[] = { { "imm", 2, 0 }, { "zp", 3, 0 },  { "zpx", 4, 0 },
                                       { "zpy", 4, 0 }, { "abs", 4, 0 }, { "abx", 4, 1 },
                                       { "aby", 4, 1 }, { "izx", 6, 0 }, { "izy", 5, 1 } };
    static const struct timing w[] = { { "zp", 3, 0 },  { "zpx", 4, 0 }, { "zpy", 4, 0 },
                                       { "abs", 4, 0 }, { "abx", 5, 0 }, { "aby", 5, 0 },
                                       { "izx", 6, 0 }, { "izy", 6, 0 } };
    static const struct timing m[] = { { "zp", 5, 0 },  { "zpx", 6, 0 }, { "abs", 6, 0 },
                                       { "abx", 7, 0 }, { "aby", 7, 0 }, { "izx", 8, 0 },
                                       { "izy", 8, 0 } };
    static const struct timing j[] = { { "BRK", 7, 0 }, { "JSR", 6, 0 }, { "RTS", 6, 0 },
                                       { "RTI", 6, 0 }, { "PHA", 3, 0 }, { "PHP", 3, 0 },
                                       { "PLA", 4, 0 }, { "PLP", 4, 0 }, { "CLI", 2, 0 },
                                       { "JAM", 0, 0 } };
    const struct timing *list = access == 'R' ? r : access == 'W' ? w : access == 'M' ? m : j;
    size_t count = access == 'R'   ? ARRAY_SIZE(r)
                   : access == 'W' ? ARRAY_SIZE(w)
                   : access == 'M' ? ARRAY_SIZE(m)
                                   : ARRAY_SIZE(j);

    if (access == 'I')
        return (struct timing) { "", 2, 0 };
    if (!strcmp(mode, "rel"))
        return (struct timing) { "", 2, 1 };
    if (!strcmp(name, "JMP"))
        return (struct timing) { "", !strcmp(mode, "abs") ? 3 : 5, 0 };
    for (size_t i = 0; i < count; i++)
        if (!strcmp(list[i].what, access == 'J' ? name : mode))
            return list[i];
    fail_msg("no timing for %s %s", name, mode);
    return *list;
}

static void check_one(unsigned code, const char *name, const char *mode, bool is_official)
{
    const struct mos6502_op *op = &mos6502_ops[code];
    char access = access_of(name, mode);
    struct timing t = timing_of(name, mode, access);

    assert_string_equal(op->name, name);
    assert_string_equal(mode_names[op->mode], mode);
    assert_int_equal(op->length, mode_lengths[op->mode]);
    assert_int_equal(op->access, access);
    assert_int_equal(op->cycles, t.cycles);
    assert_int_equal(op->page_cost, t.page);
    assert_int_equal(op->official, is_official);
}

static unsigned check_lines(const char *const *lines, size_t count, bool is_official, u8 *seen)
{
    unsigned total = 0;

    for (size_t i = 0; i < count; i++) {
        char line[256], *rest, *word;

        snprintf(line, sizeof line, "%s", lines[i]);
        strtok_r(line, " ", &rest);
        while ((word = strtok_r(NULL, " ", &rest))) {
            char *hex = word + strlen(word) - 2;
            unsigned code = (unsigned)strtoul(hex, NULL, 16);

            *hex = 0;
            check_one(code, line, word, is_official);
            seen[code]++;
            total++;
        }
    }
    return total;
}

static void agrees_with_the_manual(void **state)
{
    u8 seen[256] = { 0 };

    (void)state;
    assert_int_equal(check_lines(official, ARRAY_SIZE(official), true, seen), 151);
    assert_int_equal(check_lines(unofficial, ARRAY_SIZE(unofficial), false, seen), 105);
    for (unsigned i = 0; i < 256; i++)
        assert_int_equal(seen[i], 1);
}

static void is_whole(void **state)
{
    static const u16 order[] = {
#define X(code, name, mode, access, cycles, page, official) code,
#include "isa/mos6502/ops.h"
    };

    (void)state;
    assert_int_equal(ARRAY_SIZE(order), 256);
    for (unsigned i = 0; i < 256; i++) /* each once, in order */
        assert_int_equal(order[i], i);
}

/* The length can be told from the low five bits, but for JSR and the immediates of column 0. */
static void lengths_follow_the_encoding(void **state)
{
    static const u8 columns[32] = { 1, 2, 1, 2, 2, 2, 2, 2, 1, 2, 1, 2, 3, 3, 3, 3,
                                    2, 2, 1, 2, 2, 2, 2, 2, 1, 3, 1, 3, 3, 3, 3, 3 };

    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        u8 length = columns[i & 31];

        if (i == 0x20)
            length = 3;
        else if (((i & 0x1d) == 0 && i >= 0x80)) /* LDX # and its row's like */
            length = 2;
        assert_int_equal(mos6502_ops[i].length, length);
    }
}

static void disassembles(void **state)
{
    static const struct {
        u16 pc;
        u8 bytes[3];
        const char *text;
    } samples[] = {
        { 0, { 0x00, 1, 2 }, "BRK" },
        { 0, { 0x0a, 1, 2 }, "ASL A" },
        { 0, { 0xa9, 0x01, 2 }, "LDA #$01" },
        { 0, { 0x85, 0xfe, 2 }, "STA $FE" },
        { 0, { 0xb5, 0x0f, 2 }, "LDA $0F,X" },
        { 0, { 0x96, 0x0f, 2 }, "STX $0F,Y" },
        { 0, { 0x8d, 0x06, 0x20 }, "STA $2006" },
        { 0, { 0x9d, 0x00, 0x20 }, "STA $2000,X" },
        { 0, { 0xb9, 0x34, 0x12 }, "LDA $1234,Y" },
        { 0, { 0x6c, 0xff, 0x02 }, "JMP ($02FF)" },
        { 0, { 0xa1, 0x80, 0 }, "LDA ($80,X)" },
        { 0, { 0xb1, 0x80, 0 }, "LDA ($80),Y" },
        { 0xa000, { 0xd0, 0x10, 0 }, "BNE $A012" },
        { 0xa000, { 0xf0, 0xfe, 0 }, "BEQ $A000" },
        { 0x0000, { 0x90, 0x80, 0 }, "BCC $FF82" },
        { 0xfff0, { 0xb0, 0x7f, 0 }, "BCS $0071" },
        { 0, { 0x07, 0x12, 0 }, "*SLO $12" },
        { 0, { 0x80, 0x12, 0 }, "*NOP #$12" },
        { 0, { 0xeb, 0x40, 0 }, "*SBC #$40" },
        { 0, { 0x02, 0x40, 0 }, "*JAM" },
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        assert_int_equal(mos6502_disasm(samples[i].bytes, samples[i].pc, text, sizeof text),
                         mos6502_ops[samples[i].bytes[0]].length);
        assert_string_equal(text, samples[i].text);
    }
    memset(text, 'x', sizeof text);
    assert_int_equal(mos6502_disasm(samples[7].bytes, 0, text, 4), 3);
    assert_string_equal(text, "STA");
    assert_int_equal(text[4], 'x');
}

/* One line of the log: "C72F  F8        SED    A:40 ...", unofficial ones with '*' in column 15. */
static void check_log_line(const char *line)
{
    char ours[32], theirs[32], *end;
    u16 pc = (u16)strtoul(line, NULL, 16);
    u8 bytes[3] = { 0 };
    size_t count = 0, len;

    for (; count < 3 && line[6 + 3 * count] != ' '; count++)
        bytes[count] = (u8)strtoul(line + 6 + 3 * count, NULL, 16);
    len = mos6502_disasm(bytes, pc, ours, sizeof ours);
    assert_int_equal(len, count);
    snprintf(theirs, sizeof theirs, "%.31s", line + (line[15] == '*' ? 15 : 16));
    if ((end = strstr(theirs, " = "))) /* values of that moment follow */
        *end = 0;
    if ((end = strstr(theirs, " @ ")))
        *end = 0;
    for (end = theirs + strlen(theirs); end > theirs && end[-1] == ' ';)
        *--end = 0;
    if (!strncmp(theirs, "*ISB", 4)) /* its other name */
        theirs[3] = 'C';
    assert_string_equal(ours, theirs);
}

static void agrees_with_nestest_log(void **state)
{
    const char *data = getenv("MEWS_TESTDATA");
    char path[4096], line[256];
    unsigned lines = 0;
    FILE *f;

    (void)state;
    snprintf(path, sizeof path, "%s/nes/nestest/nestest.log", data ? data : "");
    f = data ? fopen(path, "r") : NULL;
    if (!f) {
        print_message("skipped: no nestest.log (MEWS_TESTDATA)\n");
        skip();
    }
    while (fgets(line, sizeof line, f)) {
        check_log_line(line);
        lines++;
    }
    fclose(f);
    assert_true(lines > 8000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_whole),
        cmocka_unit_test(agrees_with_the_manual),
        cmocka_unit_test(lengths_follow_the_encoding),
        cmocka_unit_test(disassembles),
        cmocka_unit_test(agrees_with_nestest_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
