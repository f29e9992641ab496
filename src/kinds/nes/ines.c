#include "kinds/nes/ines.h"

#include "kinds/nes/cart.h"

#include <string.h>

#define MAX_ROM (64u << 20)

bool ines_is(const u8 *image, size_t bytes)
{
    return bytes >= 4 && !memcmp(image, "NES\x1a", 4);
}

/* A ROM size: units of `unit`, or with an upper nibble of 15 an exponent and a multiplier. */
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

/* iNES says nothing of RAM: 8 KiB at $6000, whatever the board; test programs count on it. */
static void parse_ines1(const u8 *h, struct ines *i)
{
    if (memcmp(h + 12, "\0\0\0\0", 4) != 0)
        i->mapper &= 15; /* text such as "DiskDude!" where the upper half should be */
    if (i->battery)
        i->prg_nvram = 8192;
    else
        i->prg_ram = 8192;
    if (!i->chr_rom)
        i->chr_ram = i->mapper == 13 ? 16384 : i->mapper == 28 || i->mapper == 30 ? 32768 : 8192;
}

int ines_parse(const u8 *h, size_t bytes, struct ines *out, struct err *e)
{
    struct ines i = { 0 };
    u64 prg, chr, need;

    if (bytes < 16)
        return err_set(e, ERR_FORMAT, "an iNES header has 16 bytes, the file %zu", bytes);
    i.nes2 = (h[7] & 12) == 8;
    i.battery = h[6] & 2;
    i.trainer = h[6] & 4;
    i.mapper = (u16)(h[6] >> 4 | (h[7] & 0xf0));
    i.mirroring = h[6] & 8 ? CART_FOUR_SCREEN : h[6] & 1 ? CART_VERTICAL : CART_HORIZONTAL;
    prg = rom_bytes(h[4], i.nes2 ? h[9] & 15 : 0, 16384);
    chr = rom_bytes(h[5], i.nes2 ? h[9] >> 4 : 0, 8192);
    if (i.nes2 && (h[7] & 3))
        return err_set(e, ERR_NOTSUP, "not for a home console but for %s",
                       (h[7] & 3) == 1   ? "the Vs. System"
                       : (h[7] & 3) == 2 ? "the PlayChoice-10"
                                         : "another kind of machine");
    if (!prg || prg > MAX_ROM || chr > MAX_ROM)
        return err_set(e, ERR_FORMAT, "the header names impossible ROM sizes");
    i.prg_rom = (u32)prg;
    i.chr_rom = (u32)chr;
    i.prg_at = 16 + (i.trainer ? 512 : 0);
    need = i.prg_at + prg + chr;
    if (bytes < need)
        return err_set(e, ERR_FORMAT, "cut short: the header promises %llu bytes, the file has %zu",
                       (unsigned long long)need, bytes);
    if (i.nes2)
        parse_nes2(h, &i);
    else
        parse_ines1(h, &i);
    if (!i.chr_rom && !i.chr_ram && !i.chr_nvram)
        i.chr_ram = 8192;
    *out = i;
    return 0;
}
