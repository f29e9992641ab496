/* The table of mappers: a line each, in order of number, the general line of a number before those
 * of its submapper. A new one is a line here and, if its chip is new, a board in boards/
 * (docs/rooms/nes-mappers.md). */
#include "kinds/nes/boards/boards.h"
#include "kinds/nes/chips/n163_sound.h"

#define DIRECT   VRC_LINES(0x01, 0x02)
#define REVERSED VRC_LINES(0x02, 0x01)

/* clang-format off */
const struct mapper mapper_list[] = {
    /* number, submapper, name, board, wiring, bus conflicts */
    {   0, -1, "NROM",                       &board_nrom,        0, false },
    {   1, -1, "MMC1 (SxROM)",               &board_mmc1,        0, false },
    {   1,  5, "MMC1 (SEROM, SHROM)",        &board_mmc1,        MMC1_FIXED_PRG, false },
    {   2, -1, "UxROM",                      &board_uxrom,       0, false },
    {   2,  2, "UxROM",                      &board_uxrom,       0, true },
    {   3, -1, "CNROM",                      &board_cnrom,       0, true },
    {   3,  1, "CNROM",                      &board_cnrom,       0, false },
    {   4, -1, "MMC3 (TxROM)",               &board_mmc3,        0, false },
    {   4,  1, "MMC6 (HxROM)",               &board_mmc6,        0, false },
    {   4,  2, "MMC3, mirroring soldered",   &board_mmc3,        MMC3_HARD_MIRROR, false },
    {   4,  4, "MMC3 by NEC",                &board_mmc3,        MMC3_REVISION_A, false },
    {   5, -1, "MMC5 (ExROM)",               &board_mmc5,        0, false },
    {   7, -1, "AxROM",                      &board_axrom,       0, false },
    {   7,  2, "AxROM",                      &board_axrom,       0, true },
    {   9, -1, "MMC2 (PxROM)",               &board_mmc2,        0, false },
    {  10, -1, "MMC4 (FxROM)",               &board_mmc2,        MMC2_MMC4, false },
    {  11, -1, "Color Dreams",               &board_colordreams, 0, true },
    {  19, -1, "Namco 163",                  &board_namco163,    N163_UNIT_12_DB, false },
    {  19,  1, "Namco 163, silent",          &board_namco163,    N163_UNIT_NONE, false },
    {  19,  2, "Namco 163, silent",          &board_namco163,    N163_UNIT_NONE, false },
    {  19,  4, "Namco 163, louder",          &board_namco163,    N163_UNIT_16_DB, false },
    {  19,  5, "Namco 163, loudest",         &board_namco163,    N163_UNIT_19_DB, false },
    {  21, -1, "VRC4a, VRC4c",               &board_vrc24,       VRC_LINES(0x42, 0x84) | VRC_ANY, false },
    {  21,  1, "VRC4a",                      &board_vrc24,       VRC_LINES(0x02, 0x04), false },
    {  21,  2, "VRC4c",                      &board_vrc24,       VRC_LINES(0x40, 0x80), false },
    {  22, -1, "VRC2a",                      &board_vrc24,       REVERSED | VRC2 | VRC_CHR_HALVED, false },
    {  23, -1, "VRC2b, VRC4e, VRC4f",        &board_vrc24,       VRC_LINES(0x05, 0x0a) | VRC_ANY, false },
    {  23,  1, "VRC4f",                      &board_vrc24,       DIRECT, false },
    {  23,  2, "VRC4e",                      &board_vrc24,       VRC_LINES(0x04, 0x08), false },
    {  23,  3, "VRC2b",                      &board_vrc24,       DIRECT | VRC2, false },
    {  24, -1, "VRC6a",                      &board_vrc6,        0, false },
    {  25, -1, "VRC2c, VRC4b, VRC4d",        &board_vrc24,       VRC_LINES(0x0a, 0x05) | VRC_ANY, false },
    {  25,  1, "VRC4b",                      &board_vrc24,       REVERSED, false },
    {  25,  2, "VRC4d",                      &board_vrc24,       VRC_LINES(0x08, 0x04), false },
    {  25,  3, "VRC2c",                      &board_vrc24,       REVERSED | VRC2, false },
    {  26, -1, "VRC6b",                      &board_vrc6,        VRC6_SWAPPED, false },
    {  28, -1, "Action 53",                  &board_action53,    0, false },
    {  30, -1, "UNROM 512",                  &board_unrom512,    0, true },
    {  33, -1, "Taito TC0190",               &board_tc0190,      0, false },
    {  34, -1, "BNROM",                      &board_bnrom,       0, false },
    {  34,  1, "NINA-001",                   &board_nina001,     0, false },
    {  66, -1, "GxROM",                      &board_gxrom,       0, true },
    {  69, -1, "Sunsoft FME-7, 5A, 5B",      &board_fme7,        0, false },
    {  71, -1, "Codemasters BF909x",         &board_bf909x,      0, false },
    {  78, -1, "Irem / Jaleco JF-16",        &board_jf16,        0, true },
    {  79, -1, "NINA-003, NINA-006",         &board_nina003,     0, false },
    {  85, -1, "VRC7",                       &board_vrc7,        0x18, false },
    {  85,  1, "VRC7b",                      &board_vrc7,        0x08, false },
    {  85,  2, "VRC7a",                      &board_vrc7,        0x10, false },
    {  87, -1, "Jaleco JF-05..10, Konami",   &board_jf05,        0, false },
    {  93, -1, "Sunsoft-2 (Sunsoft-3R)",     &board_uxrom,       4 | UXROM_CHR_ENABLE, true },
    {  94, -1, "UN1ROM",                     &board_uxrom,       2, true },
    { 118, -1, "TxSROM (MMC3)",              &board_mmc3,        MMC3_TXSROM, false },
    { 119, -1, "TQROM (MMC3)",               &board_mmc3,        MMC3_TQROM, false },
    { 155, -1, "MMC1A (SxROM)",              &board_mmc1,        MMC1_A, false },
    { 180, -1, "UNROM, first bank fixed",    &board_uxrom,       UXROM_FIRST_FIXED, true },
    { 184, -1, "Sunsoft-1",                  &board_sunsoft1,    0, false },
    { 185, -1, "CNROM with a key",           &board_cnrom_key,   0, true },
    { 206, -1, "Namco 118 (DxROM)",          &board_namco118,    0, false },
    { 206,  1, "Namco 118, 32 KiB fixed",    &board_namco118,    NAMCO118_FIXED_PRG, false },
    { 210, -1, "Namco 175 or 340",           &board_namco340,    0, false },
    { 210,  1, "Namco 175",                  &board_namco340,    NAMCO_175, false },
    { 210,  2, "Namco 340",                  &board_namco340,    NAMCO_340, false },
};
/* clang-format on */
const unsigned mapper_count = ARRAY_SIZE(mapper_list);

const struct mapper *mapper_find(u16 number, u8 submapper)
{
    const struct mapper *any = NULL;

    for (unsigned i = 0; i < mapper_count; i++) {
        const struct mapper *m = &mapper_list[i];

        if (m->number == number && m->submapper == submapper)
            return m;
        if (m->number == number && m->submapper < 0)
            any = m;
    }
    return any;
}

struct name {
    u16 number;
    const char *name;
};

/* Boards that are not in the table above, for the sentence that says so. */
static const struct name unsupported[] = {
    { 6, "Front Fareast Magic Card" },
    { 8, "Front Fareast Magic Card" },
    { 12, "Supertone MMC3 clone" },
    { 13, "CPROM" },
    { 15, "K-1029 multicart" },
    { 16, "Bandai FCG" },
    { 17, "Front Fareast Super Magic Card" },
    { 18, "Jaleco SS 88006" },
    { 20, "Famicom Disk System" },
    { 29, "RET-CUFROM" },
    { 31, "NSF compilation" },
    { 32, "Irem G-101" },
    { 36, "TXC 01-22000" },
    { 37, "PAL-ZZ multicart" },
    { 38, "Bit Corp. UNL-PCI556" },
    { 41, "Caltron 6-in-1" },
    { 44, "Super Big 7-in-1" },
    { 45, "GA23C multicart" },
    { 46, "Rumble Station" },
    { 47, "NES-QJ multicart" },
    { 48, "Taito TC0690" },
    { 49, "Super HIK 4-in-1" },
    { 52, "Mario 7-in-1" },
    { 60, "reset-based multicart" },
    { 62, "Super 700-in-1" },
    { 64, "Tengen RAMBO-1" },
    { 65, "Irem H3001" },
    { 67, "Sunsoft-3" },
    { 68, "Sunsoft-4" },
    { 70, "Bandai 74*161/161/32" },
    { 72, "Jaleco JF-17" },
    { 73, "Konami VRC3" },
    { 74, "Waixing MMC3 clone" },
    { 75, "Konami VRC1" },
    { 76, "Namco 3446" },
    { 77, "Irem LROG017" },
    { 80, "Taito X1-005" },
    { 82, "Taito X1-017" },
    { 83, "Cony" },
    { 86, "Jaleco JF-13" },
    { 88, "Namco 3443" },
    { 89, "Sunsoft-2 (Sunsoft-3)" },
    { 90, "J.Y. Company" },
    { 91, "J.Y. Company clone" },
    { 92, "Jaleco JF-19" },
    { 95, "Namco 3425" },
    { 96, "Bandai Oeka Kids" },
    { 97, "Irem TAM-S1" },
    { 99, "Vs. System" },
    { 103, "Doki Doki Panic conversion" },
    { 105, "NES-EVENT" },
    { 111, "GTROM" },
    { 112, "Asder" },
    { 113, "NINA-003/006 multicart" },
    { 115, "Kasheng MMC3 clone" },
    { 116, "Someri Team" },
    { 140, "Jaleco JF-11, JF-14" },
    { 144, "Death Race" },
    { 146, "Sachen NINA-003" },
    { 150, "Sachen SA-015" },
    { 151, "Vs. System VRC1" },
    { 152, "Bandai 74*161/161/32, one screen" },
    { 153, "Bandai FCG with RAM" },
    { 154, "Namco 3453" },
    { 157, "Bandai Datach" },
    { 158, "Tengen 800037" },
    { 159, "Bandai FCG with EEPROM" },
    { 163, "Nanjing" },
    { 164, "Dongda" },
    { 165, "Fire Emblem MMC3 clone" },
    { 176, "Waixing FS005" },
    { 177, "Hengge Dianzi" },
    { 178, "Waixing Education Computer" },
    { 189, "Thunder Warrior" },
    { 190, "Magic Kid GooGoo" },
    { 192, "Waixing MMC3 clone" },
    { 193, "NTDEC TC-112" },
    { 200, "multicart" },
    { 202, "150-in-1" },
    { 203, "35-in-1" },
    { 207, "Taito X1-005, other mirroring" },
    { 209, "J.Y. Company" },
    { 211, "J.Y. Company" },
    { 212, "Super HIK 300-in-1" },
    { 218, "Magic Floor" },
    { 225, "ColorDreams 72-in-1" },
    { 226, "BMC 76-in-1" },
    { 227, "1200-in-1" },
    { 228, "Action 52" },
    { 229, "BMC 31-in-1" },
    { 230, "BMC 22-in-1" },
    { 231, "BMC 20-in-1" },
    { 232, "Codemasters Quattro" },
    { 233, "BMC 42-in-1" },
    { 234, "Maxi 15" },
    { 235, "Golden Game 150-in-1" },
    { 240, "Computer & Entertainment multicart" },
    { 241, "BxROM with RAM" },
    { 242, "Waixing" },
    { 243, "Sachen SA-020A" },
    { 245, "Waixing MMC3 with 1 MiB" },
    { 246, "Fong Shen Bang" },
    { 250, "Nitra" },
    { 252, "Waixing San Guo Zhi" },
    { 253, "Waixing Dragon Ball Z" },
    { 268, "Coolboy, Mindkids" },
};

const char *mapper_name(u16 number)
{
    const struct mapper *m = mapper_find(number, 0);

    for (unsigned i = 0; !m && i < ARRAY_SIZE(unsupported); i++)
        if (unsupported[i].number == number)
            return unsupported[i].name;
    return m ? m->name : NULL;
}
