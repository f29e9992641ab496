/* iNES and NES 2.0 headers (NESdev, "NES 2.0"). */
#ifndef NES_INES_H
#define NES_INES_H

#include "base/err.h"
#include "base/types.h"

struct ines {
    bool nes2, battery, trainer;
    u16 mapper;
    u8 submapper, mirroring, region; /* enum cart_mirroring, enum nes_region */
    u32 prg_rom, chr_rom, prg_ram, prg_nvram, chr_ram, chr_nvram; /* bytes */
    size_t prg_at; /* where the program ROM begins in the file */
};

bool ines_is(const u8 *image, size_t bytes);

/* Reads the header and checks that the file holds what it promises. */
int ines_parse(const u8 *image, size_t bytes, struct ines *out, struct err *e);

#endif
