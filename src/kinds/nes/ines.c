#include "kinds/nes/ines.h"

#include "kinds/nes/cart.h"

#include <string.h>

#define MAX_ROM_BYTES (64u << 20)

enum console { CONSOLE_NES, CONSOLE_VS, CONSOLE_PLAYCHOICE, CONSOLE_EXTENDED };

bool ines_is(const u8 *image, size_t bytes)
{
    return bytes >= 4 && !memcmp(image, "NES\x1a", 4);
}

/* A ROM size: units of `unit`, or with a high nibble of 15 an exponent and a multiplier. */
static u64 rom_bytes(u8 low, u8 high, u32 unit)
{
    if (high < 15)
        return (u64)(high << 8 | low) * unit;
    if (low >> 2 > 40)
        return UINT64_MAX;
    return (1ull << (low >> 2)) * ((low & 3) * 2 + 1);
}

static u32 ram_bytes(u8 shift)
{
    return shift ? 64u << shift : 0;
}

/* NES 2.0, byte 13: consoles that share the header with the NES. The second PlayChoice and the EPSM
 * sound module run as a plain console; others need hardware that is not there. */
static int check_console(const u8 *h, bool nes2, struct err *e)
{
    static const char *const others[16] = {
        [1] = "the Vs. System",
        [3] = "a famiclone with decimal mode",
        [5] = "a VT01 console with red/cyan picture",
        [6] = "a VT02 console",
        [7] = "a VT03 console",
        [8] = "a VT09 console",
        [9] = "a VT32 console",
        [10] = "a VT369 console",
        [11] = "a UM6578 console",
        [12] = "the Famicom Network System",
    };
    unsigned type = h[7] & 3;

    if (type == CONSOLE_EXTENDED)
        type = nes2 ? h[13] & 15 : CONSOLE_VS;
    if (type == CONSOLE_NES || type == CONSOLE_PLAYCHOICE || type == 4)
        return 0;
    return err_set(e, ERR_NOTSUP, "the cartridge is not for the NES but for %s",
                   others[type] ? others[type] : "a console of an unknown type");
}

static void parse_nes2(const u8 *h, struct ines *i)
{
    static const u8 regions[4] = { NES_NTSC, NES_PAL, NES_NTSC, NES_DENDY };

    i->mapper |= (u16)((h[8] & 15) << 8);
    i->submapper = h[8] >> 4;
    i->prg_ram = ram_bytes(h[10] & 15);
    i->prg_nvram = ram_bytes(h[10] >> 4);
    i->chr_ram = ram_bytes(h[11] & 15);
    i->chr_nvram = ram_bytes(h[11] >> 4);
    i->region = regions[h[12] & 3];
}

/* iNES says nothing reliable of RAM: 8 KiB at $6000 whatever the board (test programs count on it),
 * more where byte 8 asks, and what the biggest board had where games never say. */
static void parse_ines1(const u8 *h, struct ines *i)
{
    u32 units = i->archaic ? 0 : h[8], ram = units > 1 ? units * 8192 : 8192;

    if (i->mapper == 5)
        ram = 65536;
    if (i->mapper == 210) /* Family Circuit '91 expects its 2 KiB to repeat */
        ram = 2048;
    *(i->battery ? &i->prg_nvram : &i->prg_ram) = ram;
    if (!i->chr_rom)
        i->chr_ram = i->mapper == 28 || i->mapper == 30 ? 32768 : 8192;
    if (!i->archaic && (h[9] & 1))
        i->region = NES_PAL;
}

/* Numbers under which several boards go, told apart by what else the header says. */
static void settle(const u8 *h, struct ines *i)
{
    bool four = h[6] & 8;

    if (!i->chr_rom && !i->chr_ram && !i->chr_nvram)
        i->chr_ram = 8192;
    if (i->mapper == 119 && !i->chr_ram) /* TQROM has both */
        i->chr_ram = 8192;
    if (i->trainer_at && i->prg_ram + i->prg_nvram < 8192)
        i->prg_ram = 8192;
    if (i->mapper == 30 && four && !(h[6] & 1)) /* one screen, which the board selects */
        i->mirroring = CART_ONE_LOW;
    if (i->submapper)
        return;
    if (i->mapper == 34) /* NINA-001 banks its pattern ROM; BNROM has RAM */
        i->submapper = i->chr_rom > 8192 ? 1 : 2;
    if (i->mapper == 78) /* the bit once marked Holy Diver */
        i->submapper = four ? 3 : 1;
}

/* The three parts of the file, in order; each error names the first that is not all there. */
static int find_parts(size_t bytes, bool trainer, struct ines *i, struct err *e)
{
    struct part {
        const char *name;
        u32 bytes;
        u32 *at;
    } parts[] = { { "trainer", trainer ? INES_TRAINER_BYTES : 0, &i->trainer_at },
                  { "program ROM", i->prg_rom, &i->prg_at },
                  { "pattern ROM", i->chr_rom, &i->chr_at } };
    u64 at = INES_HEADER_BYTES;

    for (unsigned k = 0; k < ARRAY_SIZE(parts); k++) {
        struct part *p = &parts[k];
        u64 left = bytes - at;

        if (!p->bytes)
            continue;
        if (left < p->bytes)
            return err_set(e, ERR_FORMAT, "the file is cut short: of the %s's %u bytes it has %llu",
                           p->name, p->bytes, (unsigned long long)left);
        *p->at = (u32)at;
        at += p->bytes;
    }
    return 0;
}

static int take_size(const char *name, u64 bytes, u32 *out, struct err *e)
{
    if (bytes > MAX_ROM_BYTES)
        return err_set(e, ERR_LIMIT, "the header names a %s of more than %u MiB", name,
                       MAX_ROM_BYTES >> 20);
    *out = (u32)bytes;
    return 0;
}

int ines_parse(const u8 *h, size_t bytes, struct ines *out, struct err *e)
{
    struct ines i = { 0 };

    if (!ines_is(h, bytes))
        return err_set(e, ERR_FORMAT, "no iNES header");
    if (bytes < INES_HEADER_BYTES)
        return err_set(e, ERR_FORMAT, "the file is cut short: of the header's %u bytes it has %zu",
                       INES_HEADER_BYTES, bytes);
    i.nes2 = (h[7] & 12) == 8;
    i.archaic = !i.nes2 && ((h[7] & 12) || memcmp(h + 12, "\0\0\0\0", 4) != 0);
    i.battery = h[6] & 2;
    i.mapper = (u16)(h[6] >> 4 | (i.archaic ? 0 : h[7] & 0xf0));
    i.mirroring = h[6] & 8 ? CART_FOUR_SCREEN : h[6] & 1 ? CART_VERTICAL : CART_HORIZONTAL;
    if (!i.archaic && check_console(h, i.nes2, e))
        return -(int)e->code;
    if (take_size("program ROM", rom_bytes(h[4], i.nes2 ? h[9] & 15 : 0, 16384), &i.prg_rom, e) ||
        take_size("pattern ROM", rom_bytes(h[5], i.nes2 ? h[9] >> 4 : 0, 8192), &i.chr_rom, e))
        return -(int)e->code;
    if (!i.prg_rom)
        return err_set(e, ERR_FORMAT, "the header names no program ROM");
    if (find_parts(bytes, h[6] & 4, &i, e))
        return -(int)e->code;
    if (i.nes2)
        parse_nes2(h, &i);
    else
        parse_ines1(h, &i);
    settle(h, &i);
    *out = i;
    return 0;
}
