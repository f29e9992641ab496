/* Boards of a few logic chips: one latch, or two, and nothing that counts. */
#include "kinds/nes/boards/boards.h"

#define LATCH(F, A, E, G, H)                             \
    F(STATE, u8, value, "the latch")                     \
    F(STATE, u8, second, "a second one, where there is") \
    F(STATE, u8, third, "a third")

struct latch {
    FIELD_MEMBERS(LATCH)
};
static FIELD_TABLE(latch, 1, LATCH)

    static void latch_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct latch *l = c->board;

    (void)clk;
    if (addr >= 0x8000) {
        l->value = value;
        c->ops->sync(c);
    }
}

static void common(struct cart *c, int wram_bank)
{
    cart_wram_8k(c, 0x6000, wram_bank, true);
    cart_mirror(c, c->mirroring);
}

static void latch_power(struct cart *c)
{
    *(struct latch *)c->board = (struct latch) { 0 };
}

#define BOARD(id, num, sub, title, ...)                             \
    const struct mapper id = { .number = num,                       \
                               .submapper = sub,                    \
                               .name = title,                       \
                               .state_bytes = sizeof(struct latch), \
                               .fields = latch_fields,              \
                               .power = latch_power,                \
                               .write = latch_write,                \
                               __VA_ARGS__ }

static void nrom_sync(struct cart *c)
{
    common(c, 0);
    cart_prg_32k(c, 0);
    cart_chr_8k(c, 0);
}
BOARD(board_nrom, 0, -1, "NROM", .sync = nrom_sync);

static void uxrom_sync(struct cart *c)
{
    struct latch *l = c->board;

    common(c, 0);
    cart_prg_16k(c, 0x8000, l->value);
    cart_prg_16k(c, 0xc000, -1);
    cart_chr_8k(c, 0);
}
BOARD(board_uxrom, 2, -1, "UxROM", .sync = uxrom_sync);
BOARD(board_uxrom_conflicts, 2, 2, "UxROM", .sync = uxrom_sync, .bus_conflicts = true);

static void cnrom_sync(struct cart *c)
{
    struct latch *l = c->board;

    common(c, 0);
    cart_prg_32k(c, 0);
    cart_chr_8k(c, l->value);
}
BOARD(board_cnrom, 3, -1, "CNROM", .sync = cnrom_sync, .bus_conflicts = true);
BOARD(board_cnrom_plain, 3, 1, "CNROM", .sync = cnrom_sync);

static void axrom_sync(struct cart *c)
{
    struct latch *l = c->board;

    cart_wram_8k(c, 0x6000, 0, true);
    cart_prg_32k(c, l->value & 15);
    cart_chr_8k(c, 0);
    cart_mirror(c, l->value & 16 ? CART_ONE_HIGH : CART_ONE_LOW);
}
BOARD(board_axrom, 7, -1, "AxROM", .sync = axrom_sync);
BOARD(board_axrom_conflicts, 7, 2, "AxROM", .sync = axrom_sync, .bus_conflicts = true);

static void colordreams_sync(struct cart *c)
{
    struct latch *l = c->board;

    common(c, 0);
    cart_prg_32k(c, l->value & 3);
    cart_chr_8k(c, l->value >> 4);
}
BOARD(board_colordreams, 11, -1, "Color Dreams", .sync = colordreams_sync, .bus_conflicts = true);

static void gxrom_sync(struct cart *c)
{
    struct latch *l = c->board;

    common(c, 0);
    cart_prg_32k(c, l->value >> 4 & 3);
    cart_chr_8k(c, l->value & 3);
}
BOARD(board_gxrom, 66, -1, "GxROM", .sync = gxrom_sync, .bus_conflicts = true);

/* 28: four 8-bit registers behind an index at $5000; inner bank, mode and outer bank. */
#define ACTION53(F, A, E, G, H)              \
    F(STATE, u8, index, "register selected") \
    A(STATE, u8, reg, 4, "CHR, inner, mode, outer")

struct action53 {
    FIELD_MEMBERS(ACTION53)
};
static FIELD_TABLE(action53, 1, ACTION53)

    static void action53_sync(struct cart *c)
{
    struct action53 *a = c->board;
    u8 mode = a->reg[2], size = mode >> 4 & 3;
    int outer = a->reg[3] << 1, mask = (2 << size) - 1, bank[2];

    for (int half = 0; half < 2; half++) {
        if (!(mode & 8)) /* 32 KiB */
            bank[half] = (outer & ~mask) | ((a->reg[1] << 1 | half) & mask);
        else if (((mode & 4) != 0) == half) /* the switched half; the other is fixed */
            bank[half] = (outer & ~mask) | (a->reg[1] & mask);
        else
            bank[half] = outer | half;
    }
    cart_prg_16k(c, 0x8000, bank[0]);
    cart_prg_16k(c, 0xc000, bank[1]);
    cart_wram_8k(c, 0x6000, 0, true);
    cart_chr_8k(c, a->reg[0] & 3);
    cart_mirror(c, (mode & 3) == 0   ? CART_ONE_LOW
                   : (mode & 3) == 1 ? CART_ONE_HIGH
                   : (mode & 3) == 2 ? CART_VERTICAL
                                     : CART_HORIZONTAL);
}

static void action53_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct action53 *a = c->board;
    unsigned i = (a->index & 1) | (a->index >> 6 & 2);

    (void)clk;
    if (addr >= 0x8000) {
        a->reg[i] = value;
        if (i < 2 && !(a->reg[2] & 2)) /* one-screen: bit 4 selects the screen */
            a->reg[2] = (u8)((a->reg[2] & ~1) | (value >> 4 & 1));
    } else if (addr >= 0x5000 && addr < 0x6000) {
        a->index = value & 0x81;
    }
    c->ops->sync(c);
}

static void action53_power(struct cart *c)
{
    *(struct action53 *)c->board = (struct action53) { .reg = { 0, 0, 0, 0xff } };
}

const struct mapper board_action53 = { .number = 28,
                                       .submapper = -1,
                                       .name = "Action 53",
                                       .state_bytes = sizeof(struct action53),
                                       .fields = action53_fields,
                                       .power = action53_power,
                                       .sync = action53_sync,
                                       .write = action53_write };

static void unrom512_sync(struct cart *c)
{
    struct latch *l = c->board;

    cart_wram_8k(c, 0x6000, 0, true);
    cart_prg_16k(c, 0x8000, l->value & 31);
    cart_prg_16k(c, 0xc000, -1);
    cart_chr_8k(c, l->value >> 5 & 3);
    if (c->mirroring == CART_FOUR_SCREEN) /* the header's bit means: the latch decides */
        cart_mirror(c, l->value & 0x80 ? CART_ONE_HIGH : CART_ONE_LOW);
    else
        cart_mirror(c, c->mirroring);
}
BOARD(board_unrom512, 30, -1, "UNROM 512", .sync = unrom512_sync);

/* 33: PRG 8 KiB at $8000/$A000, CHR 2 x 2 KiB, 4 x 1 KiB. */
#define TC0190(F, A, E, G, H)                       \
    A(STATE, u8, prg, 2, "PRG banks and mirroring") \
    A(STATE, u8, chr, 6, "CHR banks")

struct tc0190 {
    FIELD_MEMBERS(TC0190)
};
static FIELD_TABLE(tc0190, 1, TC0190)

    static void taito_sync(struct cart *c)
{
    struct tc0190 *r = c->board;

    cart_wram_8k(c, 0x6000, 0, true);
    cart_prg_8k(c, 0x8000, r->prg[0] & 63);
    cart_prg_8k(c, 0xa000, r->prg[1] & 63);
    cart_prg_16k(c, 0xc000, -1);
    cart_chr_2k(c, 0, r->chr[0]);
    cart_chr_2k(c, 2, r->chr[1]);
    for (unsigned i = 0; i < 4; i++)
        cart_chr_1k(c, 4 + i, r->chr[2 + i]);
    cart_mirror(c, r->prg[0] & 64 ? CART_HORIZONTAL : CART_VERTICAL);
}

static void taito_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct tc0190 *r = c->board;

    (void)clk;
    switch (addr & 0xe003) {
    case 0x8000: r->prg[0] = value; break;
    case 0x8001: r->prg[1] = value; break;
    case 0x8002: r->chr[0] = value; break;
    case 0x8003: r->chr[1] = value; break;
    case 0xa000:
    case 0xa001:
    case 0xa002:
    case 0xa003: r->chr[2 + (addr & 3)] = value; break;
    default: return;
    }
    c->ops->sync(c);
}

const struct mapper board_tc0190 = { .number = 33,
                                     .submapper = -1,
                                     .name = "Taito TC0190",
                                     .state_bytes = sizeof(struct tc0190),
                                     .fields = tc0190_fields,
                                     .sync = taito_sync,
                                     .write = taito_write };

static void bnrom_sync(struct cart *c)
{
    struct latch *l = c->board;

    common(c, 0);
    cart_prg_32k(c, l->value);
    cart_chr_8k(c, 0);
}

static void nina001_sync(struct cart *c)
{
    struct latch *l = c->board;

    common(c, 0);
    c->cpu->write[15] = NULL; /* $7FFD-$7FFF are registers as well as RAM */
    cart_prg_32k(c, l->value & 1);
    cart_chr_4k(c, 0, l->second & 15);
    cart_chr_4k(c, 4, l->third & 15);
}

static void nina001_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct latch *l = c->board;

    (void)clk;
    if (addr >= 0x7800 && addr < 0x8000 && c->wram.size_bytes)
        c->wram.bytes[addr - 0x6000] = value;
    if (addr == 0x7ffd)
        l->value = value;
    else if (addr == 0x7ffe)
        l->second = value;
    else if (addr == 0x7fff)
        l->third = value;
    c->ops->sync(c);
}

/* 34 is two boards; a file without submapper is told by its CHR ROM. */
static int bnrom_init(struct cart *c, struct err *e)
{
    (void)e;
    if (c->chr_rom_bytes > 8192)
        c->ops = &board_nina001;
    return 0;
}
BOARD(board_bnrom, 34, -1, "BNROM", .sync = bnrom_sync, .init = bnrom_init);
const struct mapper board_nina001 = { .number = 34,
                                      .submapper = 1,
                                      .name = "NINA-001",
                                      .state_bytes = sizeof(struct latch),
                                      .fields = latch_fields,
                                      .power = latch_power,
                                      .sync = nina001_sync,
                                      .write = nina001_write };

/* 71: Codemasters; submapper 1 (Fire Hawk) has one-screen mirroring at $9000. */
static void bf909x_sync(struct cart *c)
{
    struct latch *l = c->board;

    uxrom_sync(c);
    if (c->submapper == 1)
        cart_mirror(c, l->second & 16 ? CART_ONE_HIGH : CART_ONE_LOW);
}

static void bf909x_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct latch *l = c->board;

    (void)clk;
    if (addr >= 0xc000)
        l->value = value;
    else if (addr >= 0x9000 && addr < 0xa000)
        l->second = value;
    c->ops->sync(c);
}
const struct mapper board_bf909x = { .number = 71,
                                     .submapper = -1,
                                     .name = "Codemasters BF909x",
                                     .state_bytes = sizeof(struct latch),
                                     .fields = latch_fields,
                                     .power = latch_power,
                                     .sync = bf909x_sync,
                                     .write = bf909x_write };
const struct mapper board_bf9097 = { .number = 71,
                                     .submapper = 1,
                                     .name = "Codemasters BF9097",
                                     .state_bytes = sizeof(struct latch),
                                     .fields = latch_fields,
                                     .power = latch_power,
                                     .sync = bf909x_sync,
                                     .write = bf909x_write };

/* 78: submapper 1 has one-screen mirroring, 3 horizontal or vertical. Without a submapper the
 * header's four-screen bit tells them apart. */
static void jf16_sync(struct cart *c)
{
    struct latch *l = c->board;
    bool high = l->value & 8;
    bool holy = c->submapper == 3 || (!c->submapper && c->mirroring == CART_FOUR_SCREEN);

    common(c, 0);
    cart_prg_16k(c, 0x8000, l->value & 7);
    cart_prg_16k(c, 0xc000, -1);
    cart_chr_8k(c, l->value >> 4);
    if (holy)
        cart_mirror(c, high ? CART_VERTICAL : CART_HORIZONTAL);
    else
        cart_mirror(c, high ? CART_ONE_HIGH : CART_ONE_LOW);
}
BOARD(board_cosmo, 78, -1, "Irem / Jaleco JF-16", .sync = jf16_sync, .bus_conflicts = true);
BOARD(board_holy_diver, 78, 3, "Irem (Holy Diver)", .sync = jf16_sync, .bus_conflicts = true);

static void low_write(struct cart *c, u16 addr, u8 value, u64 clk)
{
    struct latch *l = c->board;
    bool mine = c->mapper == 79 ? (addr & 0xe100) == 0x4100 : addr >= 0x6000 && addr < 0x8000;

    (void)clk;
    if (mine) {
        l->value = value;
        c->ops->sync(c);
    }
}

#define LOW_BOARD(id, num, title, sync_)                            \
    const struct mapper id = { .number = num,                       \
                               .submapper = -1,                     \
                               .name = title,                       \
                               .state_bytes = sizeof(struct latch), \
                               .fields = latch_fields,              \
                               .power = latch_power,                \
                               .sync = sync_,                       \
                               .write = low_write }

static void nina003_sync(struct cart *c)
{
    struct latch *l = c->board;

    common(c, 0);
    cart_prg_32k(c, l->value >> 3 & 1);
    cart_chr_8k(c, l->value & 7);
}
LOW_BOARD(board_nina003, 79, "NINA-003/006", nina003_sync);

static void no_ram(struct cart *c)
{
    cart_cpu_none(c, 0x6000, 0x2000);
    cart_mirror(c, c->mirroring);
    cart_prg_32k(c, 0);
}

static void jf05_sync(struct cart *c)
{
    struct latch *l = c->board;

    no_ram(c);
    cart_chr_8k(c, (l->value >> 1 & 1) | (l->value << 1 & 2));
}
LOW_BOARD(board_jf05, 87, "Jaleco / Konami JF-05", jf05_sync);

static void sunsoft1_sync(struct cart *c)
{
    struct latch *l = c->board;

    no_ram(c);
    cart_chr_4k(c, 0, l->value & 7);
    cart_chr_4k(c, 4, (l->value >> 4 & 7) | 4);
}
LOW_BOARD(board_sunsoft1, 184, "Sunsoft-1", sunsoft1_sync);

static void sunsoft2_sync(struct cart *c)
{
    struct latch *l = c->board;

    common(c, 0);
    cart_prg_16k(c, 0x8000, l->value >> 4 & 7);
    cart_prg_16k(c, 0xc000, -1);
    cart_chr_8k(c, 0);
}
BOARD(board_sunsoft2, 93, -1, "Sunsoft-2", .sync = sunsoft2_sync, .bus_conflicts = true);

static void un1rom_sync(struct cart *c)
{
    struct latch *l = c->board;

    common(c, 0);
    cart_prg_16k(c, 0x8000, l->value >> 2 & 15);
    cart_prg_16k(c, 0xc000, -1);
    cart_chr_8k(c, 0);
}
BOARD(board_un1rom, 94, -1, "UN1ROM", .sync = un1rom_sync, .bus_conflicts = true);

static void unrom_and_sync(struct cart *c)
{
    struct latch *l = c->board;

    common(c, 0);
    cart_prg_16k(c, 0x8000, 0);
    cart_prg_16k(c, 0xc000, l->value & 7);
    cart_chr_8k(c, 0);
}
BOARD(board_unrom_and, 180, -1, "UNROM, first bank fixed", .sync = unrom_and_sync,
      .bus_conflicts = true);

/* 185: CNROM whose latch must hold a key for its pattern ROM to answer (open bus otherwise). */
static void protect_sync(struct cart *c)
{
    struct latch *l = c->board;
    bool on = c->submapper >= 4 ? (l->value & 3) == (c->submapper & 3)
                                : (l->value & 15) && l->value != 0x13;

    common(c, 0);
    cart_prg_32k(c, 0);
    cart_chr_8k(c, 0);
    for (unsigned i = 0; i < 8 && !on; i++)
        c->ppu.chr[i] = c->ciram.bytes + 0xc00; /* a page of $FF, see protect_power */
}

static void protect_power(struct cart *c)
{
    latch_power(c);
    for (unsigned i = 0; i < 0x400; i++)
        c->ciram.bytes[0xc00 + i] = 0xff;
}
const struct mapper board_cnrom_protect = { .number = 185,
                                            .submapper = -1,
                                            .name = "CNROM with protection",
                                            .state_bytes = sizeof(struct latch),
                                            .fields = latch_fields,
                                            .power = protect_power,
                                            .sync = protect_sync,
                                            .write = latch_write,
                                            .bus_conflicts = true };
